package pcm

import (
	"slices"
	"time"
)

// Converter turns a stream of one format into another: rate, channels, or both. It belongs to one goroutine at a time.
// Once its buffers have grown to the largest call it allocates nothing.
type Converter struct {
	from, to  Format
	channels  *channelMap // nil: the same
	rate      *resampler  // nil: the same
	mapFirst  bool        // fewer channels come out: map before the dearer step
	mapped    []int16
	resampled []int16
	closed    bool
}

// NewConverter makes a converter, which must be closed. It fails with ErrUnsupportedFormat.
func NewConverter(from, to Format) (*Converter, error) {
	if err := from.Validate(); err != nil {
		return nil, err
	}
	if err := to.Validate(); err != nil {
		return nil, err
	}
	converter := &Converter{from: from, to: to, mapFirst: to.Channels < from.Channels}
	if from.Channels != to.Channels {
		converter.channels = newChannelMap(from.Channels, to.Channels)
	}
	if from.Rate != to.Rate {
		var err error
		if converter.rate, err = newResampler(from.Rate, to.Rate, min(from.Channels, to.Channels)); err != nil {
			return nil, err
		}
	}
	return converter, nil
}

// Convert takes whole frames and returns what they became, which stays valid until the next call and may be samples
// itself. The output lags behind by Delay, and Flush brings the rest.
func (c *Converter) Convert(samples []int16) ([]int16, error) {
	if c.closed {
		return nil, ErrClosed
	}
	if len(samples)%c.from.Channels != 0 {
		return nil, ErrPartialFrame
	}
	if len(samples) == 0 {
		return nil, nil
	}
	if c.mapFirst {
		samples = c.mapChannels(samples)
	}
	if c.rate != nil {
		c.resampled = grow(c.resampled, c.rate.room(len(samples)))
		var err error
		if samples, err = c.rate.process(c.resampled, samples); err != nil {
			return nil, err
		}
	}
	if !c.mapFirst {
		samples = c.mapChannels(samples)
	}
	return samples, nil
}

// Prime begins a stream with as much silence as the output lags behind, so that all of each input comes out at once.
func (c *Converter) Prime() error {
	if c.rate == nil {
		return nil
	}
	_, err := c.Convert(make([]int16, c.rate.latency*c.from.Channels))
	return err
}

// Flush returns the end of the stream, so that in all as much came out as went in, and begins a new stream.
func (c *Converter) Flush() ([]int16, error) {
	if c.closed {
		return nil, ErrClosed
	}
	if c.rate == nil {
		return nil, nil
	}
	owed := c.rate.owed() * c.rate.channels
	silence := make([]int16, (2*c.rate.latency+2)*c.rate.channels)
	c.resampled = grow(c.resampled, c.rate.room(len(silence)))
	samples, err := c.rate.process(c.resampled, silence)
	c.rate.reset()
	if err != nil {
		return nil, err
	}
	samples = samples[:min(owed, len(samples))]
	if !c.mapFirst {
		samples = c.mapChannels(samples)
	}
	return samples, nil
}

// Delay is how far the output lags behind the input.
func (c *Converter) Delay() time.Duration {
	if c.rate == nil {
		return 0
	}
	return time.Duration(c.rate.latency) * time.Second / time.Duration(c.from.Rate)
}

// Close frees the converter. It may be called again.
func (c *Converter) Close() {
	c.closed = true
	if c.rate != nil {
		c.rate.close()
	}
}

func (c *Converter) mapChannels(samples []int16) []int16 {
	if c.channels == nil {
		return samples
	}
	c.mapped = grow(c.mapped, len(samples)/c.channels.from*c.channels.to)
	return c.channels.apply(c.mapped, samples)
}

// grow gives a buffer of a length without keeping its contents.
func grow(buffer []int16, length int) []int16 {
	return slices.Grow(buffer[:0], length)[:length]
}
