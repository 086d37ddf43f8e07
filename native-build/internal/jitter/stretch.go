package jitter

import (
	"math"
	"slices"
)

const (
	// Periods of voices: 400 Hz down to 67 Hz.
	minPeriod = 5 * millisecond / 2
	maxPeriod = 15 * millisecond
	// window is the length over which two places are compared.
	window = 10 * millisecond
	// quiet is the mean square below which nobody hears a change: -60 dBov.
	quiet = 32768 * 32768 * 1e-6
	// coarse is the factor by which the rate is reduced for the first search.
	coarse = 4
)

// stretcher changes the length of a signal by one of its own periods, found by correlation, with a cross-fade (as WSOLA
// does), so that its pitch stays.
type stretcher struct {
	mono    [2*maxPeriod + window]float32
	reduced [(2*maxPeriod + window) / coarse]float32
}

// shorten leaves out one period at the front of the interleaved pcm. It leaves pcm alone when no two are alike enough.
func (s *stretcher) shorten(pcm []int16, channels int, likeness float32) []int16 {
	period := s.period(pcm, channels, likeness)
	if period == 0 {
		return pcm
	}
	size := period * channels
	crossfade(pcm[:size], pcm[:size], pcm[size:2*size], channels)
	return slices.Delete(pcm, size, 2*size)
}

// lengthen repeats one period at the front of the interleaved pcm. It leaves pcm alone when no two are alike enough.
func (s *stretcher) lengthen(pcm []int16, channels int, likeness float32) []int16 {
	period := s.period(pcm, channels, likeness)
	if period == 0 {
		return pcm
	}
	size, length := period*channels, len(pcm)
	pcm = grow(pcm, length+size)
	copy(pcm[2*size:], pcm[size:length])
	// The second period leads back to the start of the first, after which it comes once more.
	crossfade(pcm[size:2*size], pcm[2*size:3*size], pcm[:size], channels)
	return pcm
}

// period is the length in samples after which the front of pcm repeats best, or 0 if that is not alike enough.
func (s *stretcher) period(pcm []int16, channels int, likeness float32) int {
	length := min(len(pcm)/channels, len(s.mono))
	longest := min(maxPeriod, length/2, length-window)
	if longest < minPeriod {
		return 0
	}
	power := float32(0)
	for i := range s.mono[:length] {
		sum := float32(0)
		for _, sample := range pcm[i*channels : (i+1)*channels] {
			sum += float32(sample)
		}
		s.mono[i] = sum / float32(channels)
		power += s.mono[i] * s.mono[i]
	}
	if power < quiet*float32(length) {
		return longest
	}
	for i := range s.reduced[:length/coarse] {
		s.reduced[i] = s.mono[coarse*i] + s.mono[coarse*i+1] + s.mono[coarse*i+2] + s.mono[coarse*i+3]
	}
	rough, _ := best(s.reduced[:length/coarse], window/coarse, minPeriod/coarse, longest/coarse)
	if rough == 0 {
		return 0
	}
	fine, correlation := best(s.mono[:length], window, max(minPeriod, (rough-1)*coarse), min(longest, (rough+1)*coarse))
	if correlation < likeness {
		return 0
	}
	return fine
}

// best is the lag at which the window at the front of a signal is most like a later one.
func best(signal []float32, window, from, to int) (lag int, correlation float32) {
	front := energy(signal[:window])
	for candidate := from; candidate <= to && candidate+window <= len(signal); candidate++ {
		other := signal[candidate : candidate+window]
		var cross float32
		for i, value := range signal[:window] {
			cross += value * other[i]
		}
		product := front * energy(other)
		if cross <= 0 || product <= 0 {
			continue
		}
		if c := cross / float32(math.Sqrt(float64(product))); c > correlation {
			lag, correlation = candidate, c
		}
	}
	return lag, correlation
}

func energy(signal []float32) (sum float32) {
	for _, value := range signal {
		sum += value * value
	}
	return sum
}

// crossfade writes a mixture that begins as from and ends as to.
func crossfade(out, from, to []int16, channels int) {
	frames := len(out) / channels
	for i := 0; i < frames; i++ {
		for c := i * channels; c < (i+1)*channels; c++ {
			out[c] = int16((int(from[c])*(frames-i) + int(to[c])*i) / frames)
		}
	}
}

// grow changes the length and keeps the contents.
func grow(pcm []int16, length int) []int16 {
	return slices.Grow(pcm, max(0, length-len(pcm)))[:length]
}
