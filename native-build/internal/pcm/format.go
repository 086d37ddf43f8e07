// Package pcm handles linear audio: its formats, channels, rates and levels. Everywhere inside, samples are signed
// 16-bit and interleaved; a frame is one sample for each channel.
package pcm

import (
	"errors"
	"fmt"
	"time"
)

// The bounds of a format.
const (
	MinRate     = 8000
	MaxRate     = 192000
	MaxChannels = 8
)

var (
	// ErrUnsupportedFormat says that a rate, a channel count or an encoding is outside what this package handles.
	ErrUnsupportedFormat = errors.New("unsupported PCM format")
	// ErrPartialFrame says that samples or bytes end within a frame.
	ErrPartialFrame = errors.New("PCM ends within a frame")
	// ErrShortBuffer says that not even one frame fits.
	ErrShortBuffer = errors.New("the buffer is shorter than a PCM frame")
	// ErrClosed says that a converter was closed.
	ErrClosed = errors.New("the PCM converter is closed")
)

// Format is the shape of a stream of samples. The order of channels is that of WAVE files: front left, front right,
// front centre, low frequencies, back left, back right, side left, side right.
type Format struct {
	Rate     int // frames per second, 8000 to 192000
	Channels int // 1 to 8
}

// Validate fails with ErrUnsupportedFormat outside the bounds.
func (f Format) Validate() error {
	if f.Rate < MinRate || f.Rate > MaxRate {
		return fmt.Errorf("%w: rate %d, not %d to %d", ErrUnsupportedFormat, f.Rate, MinRate, MaxRate)
	}
	if f.Channels < 1 || f.Channels > MaxChannels {
		return fmt.Errorf("%w: %d channels, not 1 to %d", ErrUnsupportedFormat, f.Channels, MaxChannels)
	}
	return nil
}

// Samples is how many samples, over all channels, last so long (rounded down to whole frames).
func (f Format) Samples(duration time.Duration) int {
	return int(duration*time.Duration(f.Rate)/time.Second) * f.Channels
}

// Duration is how long so many samples, over all channels, last.
func (f Format) Duration(samples int) time.Duration {
	return time.Duration(samples/f.Channels) * time.Second / time.Duration(f.Rate)
}
