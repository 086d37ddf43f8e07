package rtc

import (
	"sync"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/rtcproto"
)

// joinTiming measures the phases of the first join. A phase counts once.
type joinTiming struct {
	start       time.Time
	packetKnown atomic.Bool

	mu     sync.Mutex
	phases rtcproto.JoinTiming
}

func (t *joinTiming) joined(coordinator, signaling time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.phases.CoordinatorMs, t.phases.SignalingMs = milliseconds(coordinator), milliseconds(signaling)
	t.phases.TotalMs = milliseconds(time.Since(t.start))
}

func (t *joinTiming) ice(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phases.IceMs == 0 {
		t.phases.IceMs = milliseconds(took)
	}
}

func (t *joinTiming) dtls(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phases.DtlsMs == 0 {
		t.phases.DtlsMs = milliseconds(took)
	}
}

// firstPacket is called for every packet and costs nothing after the first.
func (t *joinTiming) firstPacket(at time.Time) {
	if t.packetKnown.Load() || !t.packetKnown.CompareAndSwap(false, true) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.phases.FirstPacketMs = milliseconds(at.Sub(t.start))
}

func (t *joinTiming) message() *rtcproto.JoinTiming {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &rtcproto.JoinTiming{
		CoordinatorMs: t.phases.CoordinatorMs, SignalingMs: t.phases.SignalingMs, TotalMs: t.phases.TotalMs,
		IceMs: t.phases.IceMs, DtlsMs: t.phases.DtlsMs, FirstPacketMs: t.phases.FirstPacketMs,
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
