package nettest

import (
	"math/rand/v2"
	"time"
)

// Path is what one direction of a network does to packets. The zero value passes them on at once.
type Path struct {
	Loss    float64       // share of the packets that vanish, 0 to 1
	Delay   time.Duration // of each packet
	Jitter  time.Duration // the delay varies by up to this much either way, evenly
	Reorder bool          // lets jitter change the order; otherwise a late packet holds up those behind it
	Rate    int           // bits a second, 0 for no limit
	Queue   time.Duration // how long packets may wait for the rate before they are dropped; 0 means 300 ms
}

const (
	defaultQueue   = 300 * time.Millisecond
	headerOverhead = 28 // IPv4 and UDP, which a link carries too
)

// direction applies a path to packets, one after the other.
type direction struct {
	path   Path
	random *rand.Rand
	free   time.Time // when the link has sent what it was given
	last   time.Time // latest delivery so far
}

// schedule says when a packet that comes now arrives; false when it does not.
func (d *direction) schedule(now time.Time, size int) (time.Time, bool) {
	p := &d.path
	// The same numbers are drawn for every packet, so that a change of one value does not change the others' effects.
	chance, swing := d.random.Float64(), d.random.Float64()*2-1
	if chance < p.Loss {
		return now, false
	}
	sent := now
	if p.Rate > 0 {
		queue := p.Queue
		if queue == 0 {
			queue = defaultQueue
		}
		if d.free.Sub(now) > queue {
			return now, false
		}
		if d.free.Before(now) {
			d.free = now
		}
		d.free = d.free.Add(time.Duration(size+headerOverhead) * 8 * time.Second / time.Duration(p.Rate))
		sent = d.free
	}
	arrival := sent.Add(p.Delay + time.Duration(swing*float64(p.Jitter)))
	if arrival.Before(sent) {
		arrival = sent
	}
	if !p.Reorder && arrival.Before(d.last) {
		arrival = d.last
	}
	if arrival.After(d.last) {
		d.last = arrival
	}
	return arrival, true
}
