// Package bandwidth estimates what a path carries, on the side that sends: from transport-wide feedback of when packets
// arrived, or else from receiver reports of how many were lost.
//
// It follows Google's congestion control (draft-ietf-rmcat-gcc-02): packets that take longer and longer fill a queue
// somewhere, and the rate is brought below what still got through before the queue overflows.
//
// pion/interceptor has such an estimator too. It keeps an allocated record of each packet in a list and a map, and runs
// several goroutines for each receiver, which forwarding to hundreds of receivers cannot afford.
package bandwidth

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

const (
	// history holds the packets of more than a second at 10 Mbit/s.
	history = 2048

	lossTolerable = 0.02 // below this share the rate may rise
	lossCongested = 0.10 // above this share it falls
	// lossWindow is how many packets make a share of losses trustworthy; fewer count for less.
	lossWindow   = 100
	lossInterval = time.Second
	// lateness is how much later than others a packet may come and still not count as lost.
	lateness = 300 * time.Millisecond

	backoff          = 0.85 // of what arrived while the path was overused
	decreaseInterval = 300 * time.Millisecond
	growth           = 0.08 // a second
	headroom         = 1.5  // above what arrives, the rate says nothing
)

// Bounds are limits of an estimate, in bits a second.
type Bounds struct {
	Start, Min, Max int
}

// Estimator is the estimate for one receiver. It is safe from any goroutine; Sent allocates nothing.
type Estimator struct {
	bounds Bounds

	mu        sync.Mutex
	next      uint16
	settled   uint16 // packets before this one are known to have arrived or to be lost
	sent      [history]sentPacket
	sending   rate
	arriving  rate
	delay     delayTrend
	clock     arrivalClock
	reported  bool // feedback came, so receiver reports add nothing
	target    float64
	grownAt   time.Time
	fellAt    time.Time
	congested time.Time
	expected  int // packets of the present window of losses
	lost      int
	countedAt time.Time
	share     float64 // of losses, smoothed
}

type sentPacket struct {
	at       time.Time
	size     int32
	sequence uint16
	arrived  bool
}

// New makes an estimator that begins with bounds.Start.
func New(bounds Bounds) *Estimator {
	return &Estimator{bounds: bounds, target: float64(bounds.Start)}
}

// Sent notes a packet of size bytes and answers its transport-wide sequence number.
func (e *Estimator) Sent(now time.Time, size int) uint16 {
	e.mu.Lock()
	defer e.mu.Unlock()
	sequence := e.next
	e.next++
	e.sent[int(sequence)%history] = sentPacket{at: now, size: int32(size), sequence: sequence}
	e.sending.add(now, size)
	return sequence
}

// Target is the estimate in bits a second.
func (e *Estimator) Target() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return int(e.target)
}

// CongestedSince tells whether the path was overused after a time.
func (e *Estimator) CongestedSince(at time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.congested.After(at)
}

// Raise lifts the estimate to a rate that was tried and found to get through.
func (e *Estimator) Raise(bitrate int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.target = max(e.target, e.bound(float64(bitrate)))
}

// Restart forgets losses and delays of what was sent so far: something new is tried.
func (e *Estimator) Restart() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settled, e.expected, e.lost, e.share = e.next, 0, 0, 0
	e.delay = delayTrend{threshold: e.delay.threshold}
}

// Feedback takes a report of arrivals.
func (e *Estimator) Feedback(now time.Time, report *rtcp.TransportLayerCC) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reported = true
	state := normal
	var latest time.Time
	eachArrival(report, func(sequence uint16, arrived bool, offset time.Duration) {
		packet := &e.sent[int(sequence)%history]
		if !arrived || packet.arrived || packet.sequence != sequence || packet.at.IsZero() {
			return // or reported before, or sent too long ago
		}
		packet.arrived = true
		latest = packet.at
		arrival := e.clock.extend(report.ReferenceTime, offset)
		e.arriving.add(arrival, int(packet.size))
		state = e.delay.arrived(packet.at, arrival)
	})
	if latest.IsZero() {
		return // nothing new
	}
	e.settle(now, latest.Add(-lateness))
	e.adjust(now, state, e.arriving.latestBits())
}

// Loss takes the share of packets lost since the last receiver report. It counts for receivers without feedback.
func (e *Estimator) Loss(now time.Time, share float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reported {
		return
	}
	e.share = share
	e.adjust(now, normal, e.sending.bits(now)*(1-share))
}

// settle counts the losses among what was sent before a time.
func (e *Estimator) settle(now, before time.Time) {
	if behind := e.next - e.settled; behind > history {
		e.settled = e.next - history
	}
	for ; e.settled != e.next; e.settled++ {
		packet := &e.sent[int(e.settled)%history]
		if !packet.at.Before(before) {
			break
		}
		e.expected++
		if !packet.arrived {
			e.lost++
		}
	}
	if e.expected >= lossWindow || e.expected > 0 && now.Sub(e.countedAt) >= lossInterval {
		weight := min(float64(e.expected)/lossWindow, 0.5)
		e.share += (float64(e.lost)/float64(e.expected) - e.share) * weight
		e.expected, e.lost, e.countedAt = 0, 0, now
	}
}

func (e *Estimator) adjust(now time.Time, state usage, throughput float64) {
	elapsed := min(now.Sub(e.grownAt), time.Second)
	e.grownAt = now
	switch {
	case state == overused:
		e.fall(now, backoff*throughput)
	case e.share > lossCongested:
		e.fall(now, min(e.target, throughput/(1-e.share))*(1-e.share/2))
	case state == normal && e.share < lossTolerable:
		grown := e.target * (1 + growth*elapsed.Seconds())
		// A path that is not filled says nothing about what it could carry.
		e.target = max(e.target, e.bound(min(grown, headroom*throughput)))
	}
}

// fall lowers the estimate, and leaves the effect of that time to show.
func (e *Estimator) fall(now time.Time, to float64) {
	e.congested = now
	if now.Sub(e.fellAt) < decreaseInterval {
		return
	}
	e.fellAt = now
	e.target = min(e.target, e.bound(to))
	e.share = 0
}

func (e *Estimator) bound(bitrate float64) float64 {
	return min(max(bitrate, float64(e.bounds.Min)), float64(e.bounds.Max))
}
