package sfu

import "time"

// layerRate measures the bits a second of a layer, for each temporal layer in it.
type layerRate struct {
	bytes [maxTemporalLayers + 1]int
	bits  [maxTemporalLayers + 1]float64
	since time.Time
	known bool
}

func (r *layerRate) add(p *packet) { r.bytes[p.vp8.temporal] += len(p.payload) }

// measure takes what came since the last time. A layer that is not being sent keeps its last rate.
func (r *layerRate) measure(now time.Time) {
	elapsed := now.Sub(r.since).Seconds()
	total := 0
	for _, bytes := range r.bytes {
		total += bytes
	}
	if r.since.IsZero() || total == 0 || elapsed <= 0 {
		r.since, r.bytes = now, [len(r.bytes)]int{}
		return
	}
	for i, bytes := range r.bytes {
		bits := float64(bytes*8) / elapsed
		if r.known {
			bits = r.bits[i] + (bits-r.bits[i])/3
		}
		r.bits[i] = bits
	}
	r.since, r.bytes, r.known = now, [len(r.bytes)]int{}, true
}

// measureRate brings the layer's rate up to date.
func (l *layer) measureRate(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate.measure(now)
}

// bitrate is that of the whole layer: measured, or as announced before it was ever sent.
func (l *layer) bitrate() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rate.known {
		return int(l.announcedBits.Load())
	}
	sum := 0.0
	for _, bits := range l.rate.bits {
		sum += bits
	}
	return int(sum)
}

// appendSteps lists what can be had of the layer, the least first: all of it, or its temporal layers one by one.
func (l *layer) appendSteps(steps []step) []step {
	l.mu.Lock()
	rate := l.rate
	l.mu.Unlock()
	highest := 0
	for i, bits := range rate.bits {
		if bits > 0 {
			highest = i
		}
	}
	if !rate.known || highest == 0 {
		return append(steps, step{l, maxTemporalLayers, l.bitrate()})
	}
	sum := 0.0
	for i, bits := range rate.bits[:highest+1] {
		sum += bits
		steps = append(steps, step{l, uint8(i), int(sum)})
	}
	steps[len(steps)-1].temporal = maxTemporalLayers
	return steps
}
