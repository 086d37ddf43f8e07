package mixer

import "math"

const (
	// blockFrames is how far the limiter looks ahead, and by which it delays: 2.5 ms.
	blockFrames = 120
	// ceiling is the greatest output.
	ceiling = 32000
	// release is by how much the gain recovers with each block: from a half in about 60 ms.
	release = 1.03
)

// limiter turns sums into 16-bit samples that never clip. It lowers the gain ahead of a peak, and raises it slowly
// after. Each block's gain moves in a straight line between two ends, neither of which is above what the block's peak
// allows: so no sample in between is either.
type limiter struct {
	channels int
	held     []int32 // the block that comes out next
	allowed  float32 // the greatest gain for it
	gain     float32 // at its start
}

func newLimiter(channels int) limiter {
	return limiter{channels: channels, held: make([]int32, blockFrames*channels), allowed: 1, gain: 1}
}

// apply writes as many samples as it takes, whole blocks.
func (l *limiter) apply(out []int16, in []int32) {
	size := blockFrames * l.channels
	for ; len(in) >= size; in, out = in[size:], out[size:] {
		allowed := float32(1)
		if peak := peak(in[:size]); peak > ceiling {
			allowed = ceiling / float32(peak)
		}
		end := min(l.allowed, allowed, l.gain*release)
		l.ramp(out[:size], l.gain, end)
		copy(l.held, in)
		l.gain, l.allowed = end, allowed
	}
}

// ramp writes the held block with a gain that goes from start to end.
func (l *limiter) ramp(out []int16, start, end float32) {
	if start == 1 && end == 1 {
		for i, value := range l.held {
			out[i] = int16(value)
		}
		return
	}
	step := (end - start) / blockFrames
	for i := 0; i < blockFrames; i++ {
		gain := start + float32(i)*step
		for c := i * l.channels; c < (i+1)*l.channels; c++ {
			out[c] = int16(math.Round(float64(float32(l.held[c]) * gain)))
		}
	}
}

func peak(block []int32) int32 {
	highest, lowest := int32(0), int32(0)
	for _, value := range block {
		highest, lowest = max(highest, value), min(lowest, value)
	}
	return max(highest, -lowest)
}
