package mixer

import (
	"math"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/jitter"
	"streamgateway/native/internal/pcm"
)

// Input is a participant of a mix. Its methods are safe from any goroutine, but for Push, which one at a time may call.
type Input struct {
	id     string
	mixer  *Mixer
	buffer *jitter.Buffer
	gain   atomic.Uint32 // bits of a float32
	level  atomic.Uint32
	heard  atomic.Uint32 // 128 less the level of the loudest packet since the last frame, 0: none told it

	// For the mixer's goroutine.
	tells    bool
	loudness int
	resting  bool
}

// Push takes a packet of Opus: its sequence number, its RTP timestamp, its payload (which is copied), and when it came.
func (i *Input) Push(sequence uint16, timestamp uint32, payload []byte, arrival time.Time) {
	i.buffer.Push(sequence, timestamp, payload, arrival)
}

// SetGain sets the factor with which the input is mixed, 0 to 16. 0 mutes it.
func (i *Input) SetGain(gain float32) {
	if !(gain > 0) {
		gain = 0
	}
	i.gain.Store(math.Float32bits(min(gain, 16)))
}

// Level is how loud the input was in the last frame, in decibels below full scale: 0 (loudest) to 127 (silence).
func (i *Input) Level() uint8 { return uint8(i.level.Load()) }

// Stats is a snapshot of the jitter buffer.
func (i *Input) Stats(now time.Time) jitter.Stats { return i.buffer.Stats(now) }

// Close takes the input out of the mix. It may be called again.
func (i *Input) Close() {
	i.mixer.mu.Lock()
	i.mixer.inputs = without(i.mixer.inputs, i)
	i.mixer.mu.Unlock()
	i.buffer.Close()
}

// mix adds the frame that is due to sum. frame is scratch.
func (i *Input) mix(now time.Time, frame []int16, sum []int32) {
	if i.buffer.Pull(now, frame) == jitter.Silent {
		i.level.Store(pcm.SilentLevel)
		return
	}
	gain := math.Float32frombits(i.gain.Load())
	switch gain {
	case 0:
		i.level.Store(pcm.SilentLevel)
		return
	case 1:
	default:
		pcm.Scale(frame, gain)
	}
	i.level.Store(uint32(pcm.Level(frame)))
	for s, sample := range frame {
		sum[s] += int32(sample)
	}
}
