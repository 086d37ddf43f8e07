package rtc

import (
	"sync"
	"time"
)

// bitrate turns a byte counter into a rate between two looks at it.
type bitrate struct {
	mu    sync.Mutex
	at    time.Time
	bytes uint64
}

// since answers bits per second since the last call; 0 at the first.
func (b *bitrate) since(bytes uint64) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	rate := 0.0
	if elapsed := now.Sub(b.at).Seconds(); !b.at.IsZero() && elapsed > 0 {
		rate = float64(bytes-b.bytes) * 8 / elapsed
	}
	b.at, b.bytes = now, bytes
	return rate
}
