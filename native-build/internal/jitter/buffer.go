// Package jitter turns the Opus packets of one RTP stream, as the network brings them, into an even stream of samples.
//
// A Buffer holds packets back for as long as the measured jitter asks, so that most are there when their turn comes.
// Gaps are filled by in-band FEC, else by concealment, and silence where the sender sends none (DTX). The delay follows its
// target, and with it the sender's clock, by leaving out or repeating single periods of the voice. All sizes are bounded.
package jitter

import (
	"fmt"
	"sync"
	"time"

	"streamgateway/native/internal/opus"
)

const (
	// FrameSamples is the length of a pulled frame for each channel unless a Config asks for another: 20 ms at 48 kHz.
	FrameSamples = 960

	millisecond = opus.Rate / 1000
	unit        = 5 * millisecond / 2 // the grid of Opus: 2.5 ms

	// The delay is corrected when it is that far above or below its target: above by half of the target at most.
	above = 15 * millisecond
	below = 5 * millisecond
	// hurry is the distance from which corrections follow each other fast.
	hurry = 60 * millisecond
	// hurried and unhurried are the times from one correction to the next.
	hurried   = 20 * millisecond
	unhurried = 180 * millisecond
	// fadeLength smooths the start of a voice after silence.
	fadeLength = 5 * millisecond
	// concealLimit is for how long a voice is made up when packets fail to come; comfortLimit is the same for the noise
	// between words of a sender that has announced its silence.
	concealLimit = 120 * millisecond
	comfortLimit = 1000 * millisecond
	// farTransit is a change of transit time that no network explains: a new time base. pause is the time without packets
	// after which an earlier estimate of the transit time says nothing.
	farTransit = 10 * opus.Rate
	pause      = opus.Rate / 2
)

// Config is how a buffer works. Zero values are the defaults.
type Config struct {
	Channels int           // 1 (default) or 2, whatever the packets have
	Frame    time.Duration // how much is pulled at once: 10 ms or 20 ms (default)
	MinDelay time.Duration // least target delay, default a frame: less would be short of samples between two pulls
	MaxDelay time.Duration // greatest target delay, default 500 ms, at most 2 s
	Backlog  time.Duration // what waits beyond this is left out, default 2 s, at most 5 s
}

// Kind says what a pulled frame holds.
type Kind uint8

// The kinds of frames.
const (
	Silent    Kind = iota // zeros alone
	Concealed             // made up in place of packets that did not come
	Decoded
)

// Stats counts from the beginning. A packet that comes too late counts as lost and as late.
type Stats struct {
	Received, Lost, Late, Duplicate, Malformed, Skipped uint64 // packets
	Recovered                                           uint64 // packets made good by FEC
	Concealed                                           uint64 // samples made up, at 48 kHz
	Inserted, Removed                                   uint64 // samples by which time was stretched and shrunk
	Resets                                              uint64 // new time bases
	// Delay is how long after the fastest packet could have come a sample is played; 0 before the first, and in silence.
	Delay, Target time.Duration
}

// Buffer is safe for one goroutine that pushes and one that pulls.
type Buffer struct {
	mu      sync.Mutex
	config  Config
	frame   int // samples that are pulled at once, of each channel
	decoder *opus.Decoder
	packets packets
	transit transit
	stats   Stats
	epoch   time.Time // of the sample clock; zero: no packet yet
	arrival int64     // of the newest packet, in samples since epoch
	bad     int       // the sequence number that would confirm a jump, -1: none

	last      int64 // sequence number of the packet decoded last
	next      int64 // timestamp due next
	fifo      []int16
	loud      int // samples in fifo up to the last that is not silence
	closed    bool
	played    bool // something, in this time base
	silent    bool // fifo ends with silence
	waiting   bool // until the first packet is due
	comfort   bool // the sender announced silence
	held      int  // samples filled in since the last packet while time stood still
	filled    int  // samples filled in since the last packet
	cooldown  int  // pulls until the next correction
	phase     int  // samples that were ready when a pull needed the next packet
	resting   bool
	before    []byte // the last packet that went by without being decoded
	kind      Kind
	stretcher stretcher
}

// New makes a buffer, which must be closed.
func New(config Config) (*Buffer, error) {
	setDefault(&config.Channels, 1)
	setDefault(&config.Frame, 20*time.Millisecond)
	setDefault(&config.MinDelay, config.Frame)
	setDefault(&config.MaxDelay, 500*time.Millisecond)
	setDefault(&config.Backlog, 2*time.Second)
	if config.Frame != 10*time.Millisecond && config.Frame != 20*time.Millisecond {
		return nil, fmt.Errorf("jitter buffer: frames of %v", config.Frame)
	}
	if config.MinDelay < 0 || config.MaxDelay < config.MinDelay || config.MaxDelay > 2*time.Second ||
		config.Backlog < config.MaxDelay || config.Backlog > 5*time.Second {
		return nil, fmt.Errorf("jitter buffer: delays of %v to %v, backlog of %v", config.MinDelay, config.MaxDelay, config.Backlog)
	}
	decoder, err := opus.NewDecoder(opus.Rate, config.Channels)
	if err != nil {
		return nil, err
	}
	buffer := &Buffer{config: config, frame: int(samples(config.Frame)), decoder: decoder, bad: -1, silent: true}
	buffer.transit.minimum, buffer.transit.maximum = samples(config.MinDelay), samples(config.MaxDelay)
	return buffer, nil
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

// Push takes a packet: its sequence number, its RTP timestamp at 48 kHz, its payload (which is copied), and when it came.
func (b *Buffer) Push(sequence uint16, timestamp uint32, payload []byte, arrival time.Time) {
	packet, err := opus.ParsePacket(payload)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	if err != nil || len(payload) > maxPayload {
		b.stats.Malformed++
		return
	}
	if b.epoch.IsZero() {
		b.epoch = arrival
		b.begin(sequence, timestamp, 0)
	}
	clock := b.clock(arrival)
	ext, ts, ok := b.unwrap(sequence, timestamp, clock)
	if !ok {
		b.stats.Malformed++
		return
	}
	state := b.packets.state(ext, b.last)
	if state == fresh && b.played && ts < b.next {
		state = past // others were put in its place
	}
	switch state {
	case fresh:
	case duplicate:
		b.stats.Duplicate++
		return
	case past:
		if b.played || b.packets.newest-ext >= capacity {
			b.stats.Late++
			b.transit.add(clock-ts, clock-b.arrival > pause)
			return
		}
		b.last = ext - 1 // reordered before anything was played
	}
	b.stats.Received++
	b.transit.add(clock-ts, clock-b.arrival > pause)
	if packet.FEC && ext > b.packets.newest+1 {
		// The packet that is missing is in this one: it has come as well, and as late.
		b.transit.add(clock-ts+int64(packet.Samples()), false)
	}
	b.arrival = max(b.arrival, clock)
	b.stats.Skipped += uint64(b.packets.insert(ext, ts, packet, payload, &b.last))
}

// begin starts a time base with a packet.
func (b *Buffer) begin(sequence uint16, timestamp uint32, clock int64) {
	b.packets.clear(int64(sequence), int64(timestamp))
	b.transit.reset(clock - int64(timestamp))
	b.last, b.next = int64(sequence)-1, int64(timestamp)
	b.arrival, b.bad = clock, -1
	b.waiting, b.played, b.held = true, false, 0
}

// unwrap extends the numbers of a packet. It begins a new time base after a jump that no network explains, which a second
// packet has to confirm when the sequence numbers jump too.
func (b *Buffer) unwrap(sequence uint16, timestamp uint32, clock int64) (ext, ts int64, ok bool) {
	ext, ts = b.packets.unwrap(sequence, timestamp)
	if step := ext - b.packets.newest; step > capacity*4 || step < -capacity*4 {
		if b.bad != int(sequence) {
			b.bad = int(sequence + 1)
			return 0, 0, false
		}
	} else if change := clock - ts - b.transit.base; change <= farTransit && change >= -farTransit {
		b.bad = -1
		return ext, ts, true
	}
	b.stats.Resets++
	b.begin(sequence, timestamp, clock)
	return int64(sequence), int64(timestamp), true
}

// Pull fills pcm, a frame, with what is due at a time. Times should be a frame apart on average. It never waits and never fails.
func (b *Buffer) Pull(now time.Time, pcm []int16) Kind {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.epoch.IsZero() || len(pcm) != b.frame*b.config.Channels {
		clear(pcm)
		return Silent
	}
	clock := b.clock(now)
	b.dropBacklog()
	b.correct(clock)
	if b.ready() < b.frame {
		b.phase = b.ready()
	}
	for b.ready() < b.frame {
		b.produce(clock)
	}
	kind := b.kind
	if b.loud == 0 {
		kind = Silent
	}
	copy(pcm, b.fifo)
	b.fifo = b.fifo[:copy(b.fifo, b.fifo[len(pcm):])]
	b.loud = max(0, b.loud-len(pcm))
	return kind
}

// Stats is a snapshot.
func (b *Buffer) Stats(now time.Time) Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	stats := b.stats
	if !b.epoch.IsZero() {
		stats.Target = duration(b.target())
		if !b.waiting {
			stats.Delay = duration(b.delay(b.clock(now)))
		}
	}
	return stats
}

// Close frees the decoder. Afterwards frames are silent. It may be called again.
func (b *Buffer) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.decoder.Close()
	b.closed, b.epoch = true, time.Time{}
	b.packets.clear(0, 0)
	b.fifo, b.loud = nil, 0
}

// clock is a time in samples since the first packet.
func (b *Buffer) clock(at time.Time) int64 { return samples(at.Sub(b.epoch)) }

// ready is how many samples of each channel wait to be pulled.
func (b *Buffer) ready() int { return len(b.fifo) / b.config.Channels }

// delay is how long after the fastest packet could have come the next sample is played.
func (b *Buffer) delay(clock int64) int64 {
	return clock + int64(b.ready()) - b.transit.base - b.next
}

// target is the delay that is aimed at: what covers the network, and what a pull needs of a packet before its first sample is
// due, since it takes a frame as a whole.
func (b *Buffer) target() int64 {
	target := b.transit.target
	if target > max(b.transit.minimum, bucket) {
		target += int64(b.phase)
	}
	if b.transit.packets < known {
		target = max(target, startTarget)
	}
	return min(target, b.transit.maximum)
}

func samples(d time.Duration) int64 { return int64(d) * (opus.Rate / 1000) / int64(time.Millisecond) }

func duration(samples int64) time.Duration {
	return time.Duration(samples) * time.Millisecond / (opus.Rate / 1000)
}
