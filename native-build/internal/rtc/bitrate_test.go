package rtc

import (
	"testing"
	"time"
)

func TestBitrateIsMeasuredOverWholeWindows(t *testing.T) {
	start := time.Unix(1000, 0)
	var b bitrate
	for _, look := range []struct {
		after time.Duration
		bytes uint64
		want  float64
	}{
		{0, 1000, 0},
		{100 * time.Millisecond, 2000, 80_000},
		{2 * time.Second, 5000, 16_000},
		{2001 * time.Millisecond, 5000, 16_000},
		{4 * time.Second, 5000, 0},
	} {
		if got := b.look(start.Add(look.after), look.bytes); got != look.want {
			t.Errorf("after %v: %v bit/s, not %v", look.after, got, look.want)
		}
	}
}
