package mixer

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// Scheduler gives mixers their turn whenever a frame is due. A few goroutines serve any number of them: with a timer each, the
// process would wake up for every frame of every mixer. It is safe for concurrent use; its zero value has nobody to serve.
type Scheduler struct {
	mu    sync.Mutex
	lanes map[time.Duration][]*lane // by the time between turns
}

// Add has take called every period, on one goroutine at a time, until the answer is called. take gets the time for which its
// turn was planned, must not wait long, and must not end itself. Once end returns, take is not called.
func (s *Scheduler) Add(period time.Duration, take func(planned time.Time)) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lanes == nil {
		s.lanes = map[time.Duration][]*lane{}
	}
	if s.lanes[period] == nil {
		for range runtime.GOMAXPROCS(0) {
			s.lanes[period] = append(s.lanes[period], &lane{period: period})
		}
	}
	emptiest := slices.MinFunc(s.lanes[period], func(a, b *lane) int { return a.count() - b.count() })
	t := &turn{take: take}
	emptiest.add(t)
	return func() {
		emptiest.remove(t)
		t.end()
	}
}

// lane gives turns one after the other. It has a goroutine as long as there are any.
type lane struct {
	period time.Duration

	mu    sync.Mutex
	turns []*turn
	idle  chan struct{} // closed when the last turn is gone
}

func (l *lane) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.turns)
}

func (l *lane) add(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns = append(l.turns, t); len(l.turns) == 1 {
		l.idle = make(chan struct{})
		go l.run(l.idle)
	}
}

func (l *lane) remove(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.turns)
	if l.turns = without(l.turns, t); before > 0 && len(l.turns) == 0 {
		close(l.idle)
	}
}

func (l *lane) run(idle <-chan struct{}) {
	start := time.Now()
	ticker := time.NewTicker(l.period)
	defer ticker.Stop()
	var due []*turn
	for {
		select {
		case <-idle:
			return
		case now := <-ticker.C:
			l.mu.Lock()
			due = append(due[:0], l.turns...)
			l.mu.Unlock()
			// How late the tick came is no concern of those whose frames follow each other evenly.
			planned := start.Add(now.Sub(start) / l.period * l.period)
			for _, t := range due {
				t.give(planned)
			}
			clear(due)
		}
	}
}

// turn is somebody to be called.
type turn struct {
	mu    sync.Mutex // held while it is taken
	take  func(planned time.Time)
	ended bool
}

func (t *turn) give(planned time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.take(planned)
	}
}

func (t *turn) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}
