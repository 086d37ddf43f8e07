package pcm

import "math"

// SilentLevel is the level of digital silence in dBov below full scale.
const SilentLevel = 127

// Level is the loudness of samples in decibels below full scale (-dBov), 0 (loudest) to 127 (silence), as the header
// extension ssrc-audio-level carries it (RFC 6464).
func Level(samples []int16) uint8 {
	var sum uint64
	for _, sample := range samples {
		sum += uint64(int64(sample) * int64(sample))
	}
	if sum == 0 {
		return SilentLevel
	}
	power := float64(sum) / float64(len(samples)) / (32768 * 32768)
	return uint8(math.Min(math.Round(-10*math.Log10(power)), SilentLevel))
}

// Scale multiplies samples in place, and clips.
func Scale(samples []int16, gain float32) {
	for i, sample := range samples {
		samples[i] = clip(float32(sample) * gain)
	}
}

func clip(value float32) int16 {
	switch {
	case value >= math.MaxInt16:
		return math.MaxInt16
	case value <= math.MinInt16:
		return math.MinInt16
	case value >= 0:
		return int16(value + 0.5)
	default:
		return int16(value - 0.5)
	}
}
