// Package mixer mixes the voices of participants into one signal, for listeners in any rate and channel count.
//
// Each participant is an Input with its own jitter buffer, into which packets are pushed as they come. Every 20 ms, or 10,
// one frame of all is mixed, limited so that it never clips, and given to each Output.
package mixer

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/jitter"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
)

// FrameTime is the length of a mixed frame, unless the configuration of a mix names another.
const FrameTime = 20 * time.Millisecond

const (
	// maxInputs and maxOutputs bound a mix.
	maxInputs  = 1000
	maxOutputs = 1000
	// catchUp is how much is made at once after a delay of the machine. Beyond it time is left out.
	catchUp = time.Second
)

var (
	// ErrClosed says that the mixer was closed.
	ErrClosed = errors.New("the mixer is closed")
	// ErrFull says that a mix has as many inputs or outputs as it may.
	ErrFull = errors.New("the mix is full")
)

// Level is how loud an input was in the frame mixed last.
type Level struct {
	ID    string
	Level uint8 // decibels below full scale: 0 (loudest) to 127 (silence)
}

// Mixer mixes inputs into outputs. Its methods are safe from any goroutine; frames are made by one at a time.
type Mixer struct {
	config  jitter.Config
	time    time.Duration // of a frame
	mu      sync.Mutex    // guards the fields up to step
	inputs  []*Input
	outputs []*Output
	closed  bool

	step    sync.Mutex // held while a frame is made
	active  []*Input   // copies of the above
	targets []*Output
	frame   []int16
	sum     []int32
	mixed   []int16
	floor   floor
	limiter limiter
	next    time.Time // when a frame is due; zero before the first turn
	skipped atomic.Uint64
}

// New makes a mixer, which must be closed. config is that of each input's jitter buffer; its channels are those of the
// mix. It fails with pcm.ErrUnsupportedFormat for other than 1 or 2 channels.
func New(config jitter.Config) (*Mixer, error) {
	if config.Channels == 0 {
		config.Channels = 1
	}
	if config.Channels < 0 || config.Channels > 2 {
		return nil, fmt.Errorf("%w: %d channels, not 1 or 2", pcm.ErrUnsupportedFormat, config.Channels)
	}
	if config.Frame == 0 {
		config.Frame = FrameTime
	}
	length := int(config.Frame/time.Millisecond) * (opus.Rate / 1000) * config.Channels
	return &Mixer{
		config:  config,
		time:    config.Frame,
		frame:   make([]int16, length),
		sum:     make([]int32, length),
		mixed:   make([]int16, length),
		limiter: newLimiter(config.Channels),
	}, nil
}

// Format is that of the mix before it is converted for an output.
func (m *Mixer) Format() pcm.Format { return pcm.Format{Rate: opus.Rate, Channels: m.config.Channels} }

// FrameTime is how much is mixed at once.
func (m *Mixer) FrameTime() time.Duration { return m.time }

// Add makes an input, which should be closed when its participant leaves. It fails with ErrClosed or ErrFull.
func (m *Mixer) Add(id string) (*Input, error) {
	buffer, err := jitter.New(m.config)
	if err != nil {
		return nil, err
	}
	input := &Input{id: id, mixer: m, buffer: buffer}
	input.level.Store(pcm.SilentLevel)
	input.SetGain(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || len(m.inputs) >= maxInputs {
		buffer.Close()
		return nil, m.refusal()
	}
	m.inputs = append(m.inputs, input)
	return input, nil
}

// AddOutput makes an output, which should be closed when its listener leaves. write gets each frame in the format; the
// samples are valid until it returns. It runs on the mixer's goroutine, so it must not wait, nor close the output. It fails
// with pcm.ErrUnsupportedFormat, ErrClosed or ErrFull.
func (m *Mixer) AddOutput(format pcm.Format, write func(samples []int16)) (*Output, error) {
	converter, err := pcm.NewConverter(m.Format(), format)
	if err != nil {
		return nil, err
	}
	output := &Output{mixer: m, converter: converter, write: write}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || len(m.outputs) >= maxOutputs {
		converter.Close()
		return nil, m.refusal()
	}
	m.outputs = append(m.outputs, output)
	return output, nil
}

// refusal needs mu.
func (m *Mixer) refusal() error {
	if m.closed {
		return ErrClosed
	}
	return ErrFull
}

// CatchUp makes the frames that are due by a time, beginning with the first such time. It is to be called every FrameTime, by one
// at a time.
func (m *Mixer) CatchUp(now time.Time) {
	if m.next.IsZero() {
		m.next = now
	}
	if late := (now.Sub(m.next) - catchUp) / m.time; late > 0 {
		m.skipped.Add(uint64(late))
		m.next = m.next.Add(late * m.time)
	}
	for ; !m.next.After(now); m.next = m.next.Add(m.time) {
		m.Step(m.next)
	}
}

// Step makes the frame that is due at a time. CatchUp does this by itself.
func (m *Mixer) Step(now time.Time) {
	m.step.Lock()
	defer m.step.Unlock()
	m.mu.Lock()
	m.active = append(m.active[:0], m.inputs...)
	m.targets = append(m.targets[:0], m.outputs...)
	m.mu.Unlock()

	m.floor.give(m.active)
	clear(m.sum)
	for _, input := range m.active {
		input.mix(now, m.frame, m.sum)
	}
	m.limiter.apply(m.mixed, m.sum)
	for _, output := range m.targets {
		output.put(m.mixed)
	}
	clear(m.active)
	clear(m.targets)
}

// Levels appends the levels of all inputs in the frame made last.
func (m *Mixer) Levels(levels []Level) []Level {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, input := range m.inputs {
		levels = append(levels, Level{ID: input.id, Level: input.Level()})
	}
	return levels
}

// Stats sums up those of all inputs; the delays are the greatest.
func (m *Mixer) Stats(now time.Time) (sum jitter.Stats) {
	m.mu.Lock()
	inputs := slices.Clone(m.inputs)
	m.mu.Unlock()
	for _, input := range inputs {
		stats := input.Stats(now)
		sum.Lost += stats.Lost
		sum.Late += stats.Late
		sum.Recovered += stats.Recovered
		sum.Concealed += stats.Concealed
		sum.Delay, sum.Target = max(sum.Delay, stats.Delay), max(sum.Target, stats.Target)
	}
	return sum
}

// Skipped counts frames that were left out because the machine was more than a second late.
func (m *Mixer) Skipped() uint64 { return m.skipped.Load() }

// Close closes all inputs and outputs. It may be called again.
func (m *Mixer) Close() {
	m.mu.Lock()
	m.closed = true
	inputs, outputs := slices.Clone(m.inputs), slices.Clone(m.outputs)
	m.mu.Unlock()
	for _, input := range inputs {
		input.Close()
	}
	for _, output := range outputs {
		output.Close()
	}
}

// without is a list less one of its members.
func without[T comparable](list []T, member T) []T {
	if at := slices.Index(list, member); at >= 0 {
		return slices.Delete(list, at, at+1)
	}
	return list
}
