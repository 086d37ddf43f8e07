package rtc

import (
	"testing"
	"time"
)

func TestTimelineKnowsWhenTheFirstPacketWasDueOnceOthersHaveCome(t *testing.T) {
	var line timeline
	start := time.Unix(1000, 0)
	line.begin(start)
	for i := range 40 { // a beginning that was kept comes all at once
		line.learn(start, time.Duration(i)*20*time.Millisecond)
	}
	if early := start.Sub(line.began); early != 780*time.Millisecond {
		t.Errorf("the beginning was due %v before it came", early)
	}
	line.learn(start.Add(6*time.Second), time.Second) // settled: what comes late changes nothing
	line.learn(start.Add(7*time.Second), time.Minute)
	if early := start.Sub(line.began); early != 780*time.Millisecond {
		t.Errorf("afterwards %v", early)
	}
}

func TestTimelineBearsAJamButNotASenderWhoseClockStandsStill(t *testing.T) {
	start := time.Unix(1000, 0)
	jam := timeline{began: start, last: start}
	for now := start.Add(1500 * time.Millisecond); jam.at < 3*time.Second; jam.at += 20 * time.Millisecond {
		if overdue := jam.overdue(now); overdue != 0 {
			t.Fatalf("at %v of a jam %v are overdue", jam.at, overdue)
		}
		now = now.Add(10 * time.Millisecond) // it clears
	}
	still := timeline{began: start, last: start}
	filled := time.Duration(0)
	for now := start.Add(10 * time.Second); now.Sub(start) < 15*time.Second; now = now.Add(20 * time.Millisecond) {
		overdue := still.overdue(now)
		filled += overdue
		still.at += overdue + 20*time.Millisecond
	}
	if filled < 9900*time.Millisecond || filled > 10100*time.Millisecond {
		t.Errorf("%v of 10 s were filled", filled)
	}
}
