package mixer

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestEverybodyGetsTurnsThatAreEven(t *testing.T) {
	var scheduler Scheduler
	const many = 50
	turns := make(chan [2]int64, 10*many) // who, and when
	var ends []func()
	for i := range many {
		ends = append(ends, scheduler.Add(5*time.Millisecond, func(planned time.Time) {
			select {
			case turns <- [2]int64{int64(i), planned.UnixNano()}:
			default:
			}
		}))
	}
	last := map[int64]int64{}
	for range 10 * many {
		select {
		case turn := <-turns:
			if before, again := last[turn[0]]; again && (turn[1]-before)%int64(5*time.Millisecond) != 0 {
				t.Errorf("number %d: %v after the last turn", turn[0], time.Duration(turn[1]-before))
			}
			last[turn[0]] = turn[1]
		case <-time.After(10 * time.Second):
			t.Fatal("nobody gets a turn")
		}
	}
	if len(last) != many {
		t.Errorf("%d of %d got a turn", len(last), many)
	}
	for _, end := range ends {
		end()
	}
}

func TestNobodyIsCalledAfterTheEnd(t *testing.T) {
	var scheduler Scheduler
	for range 100 {
		var over atomic.Bool
		called := make(chan struct{}, 1)
		end := scheduler.Add(time.Millisecond, func(time.Time) {
			if over.Load() {
				t.Error("called after the end")
			}
			select {
			case called <- struct{}{}:
			default:
			}
		})
		<-called
		end()
		over.Store(true)
		end() // which changes nothing
	}
}
