package rtc

import (
	"slices"
	"testing"
	"time"
)

func TestLossesAreAskedForUntilTheyComeOrAreTooOld(t *testing.T) {
	var l losses
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	expect := func(ms int, want ...uint16) {
		t.Helper()
		if got := l.due(at(ms)); !slices.Equal(got, want) {
			t.Errorf("after %d ms %v is asked for, not %v", ms, got, want)
		}
	}
	l.note(at(0), 65534)
	l.note(at(20), 2) // 65535, 0 and 1 are missing
	expect(20)
	l.note(at(25), 0) // was only late
	l.note(at(40), 3)
	expect(40, 65535, 1)
	expect(60)
	l.note(at(70), 65535)
	expect(80, 1)
	expect(120, 1)
	expect(1020)
	if l.waiting() {
		t.Error("what is too old is still awaited")
	}
}

func TestLossesOfANewStreamAreNotAskedFor(t *testing.T) {
	var l losses
	now := time.Now()
	l.note(now, 10)
	l.note(now, 12)
	l.note(now, 12+maxDisorder+1)
	if asked := l.due(now.Add(askAfter)); len(asked) > 0 || l.waiting() {
		t.Errorf("%v is asked for", asked)
	}
}

func TestLossesAreBounded(t *testing.T) {
	var l losses
	now := time.Now()
	l.note(now, 0)
	for sequence := uint16(maxDisorder); sequence < 20*maxDisorder; sequence += maxDisorder {
		l.note(now, sequence)
	}
	asked := l.due(now.Add(askAfter))
	if len(asked) != maxMissing || asked[0] != 19*maxDisorder-maxMissing || asked[maxMissing-1] != 19*maxDisorder-1 {
		t.Errorf("%d are asked for: %v", len(asked), asked)
	}
}
