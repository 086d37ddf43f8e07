package sfu

import (
	"sync"
	"time"

	"streamgateway/native/internal/bandwidth"
)

const (
	// downlinkStart is generous, because most paths carry a video call, and those that do not show it within a second.
	downlinkStart = 2_500_000
	downlinkMin   = 50_000
	downlinkMax   = 50_000_000

	trialTime   = 3 * time.Second
	maxPatience = time.Minute
)

// downlink is what the path to a subscriber is believed to carry.
//
// We forward layers that are as large as they are, so the estimate cannot grow step by step. Once a subscriber gets less
// than it asks for and nothing was congested for a while, the next step is tried. A trial that fails makes the pause
// before the next one longer.
type downlink struct {
	estimator    *bandwidth.Estimator
	restPatience time.Duration // the shortest pause

	mu         sync.Mutex
	trial      int // bits a second, 0 while nothing is tried
	trialSince time.Time
	patience   time.Duration
	restSince  time.Time
}

func newDownlink(patience time.Duration) *downlink {
	return &downlink{
		estimator:    bandwidth.New(bandwidth.Bounds{Start: downlinkStart, Min: downlinkMin, Max: downlinkMax}),
		restPatience: patience,
		patience:     patience,
	}
}

// sent notes a packet and answers its transport-wide number.
func (d *downlink) sent(size int) uint16 { return d.estimator.Sent(time.Now(), size) }

// lost takes the share of packets that a receiver report calls lost.
func (d *downlink) lost(share float64) { d.estimator.Loss(time.Now(), share) }

// available answers how many bits a second may be sent.
func (d *downlink) available(now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trial == 0 {
		return d.estimator.Target()
	}
	switch {
	case d.estimator.CongestedSince(d.trialSince):
		d.trial, d.restSince = 0, now
		d.patience = min(2*d.patience, maxPatience)
	case now.Sub(d.trialSince) > trialTime:
		d.estimator.Raise(d.trial)
		d.trial, d.restSince = 0, now
		d.patience = d.restPatience
	}
	return max(d.estimator.Target(), d.trial)
}

// isStrained tells that the path was congested a moment ago.
func (d *downlink) isStrained(now time.Time) bool {
	return d.estimator.CongestedSince(now.Add(-2 * time.Second))
}

// try begins a trial of a rate, if it is time for one.
func (d *downlink) try(bits int, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trial > 0 || now.Sub(d.restSince) < d.patience || d.estimator.CongestedSince(now.Add(-d.patience)) {
		return false
	}
	d.trial, d.trialSince = bits, now
	d.estimator.Restart()
	return true
}
