package rtc

import (
	"sync"
	"time"
)

// rateWindow is the shortest time over which a rate is measured, so that looks in quick succession do not make it jump.
const rateWindow = time.Second

// bitrate turns a byte counter into a rate between two looks at it.
type bitrate struct {
	mu    sync.Mutex
	at    time.Time
	bytes uint64
	rate  float64
	known bool
}

// since answers bits per second over at least the last window; 0 at the first look, and less exact in the first window.
func (b *bitrate) since(bytes uint64) float64 { return b.look(time.Now(), bytes) }

func (b *bitrate) look(now time.Time, bytes uint64) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	elapsed := now.Sub(b.at)
	switch {
	case b.at.IsZero():
		b.at, b.bytes = now, bytes
		return 0
	case elapsed >= rateWindow:
		b.rate, b.known = float64(bytes-b.bytes)*8/elapsed.Seconds(), true
		b.at, b.bytes = now, bytes
	case !b.known && elapsed > 0:
		return float64(bytes-b.bytes) * 8 / elapsed.Seconds()
	}
	return b.rate
}
