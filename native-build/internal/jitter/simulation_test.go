package jitter

import (
	"math"
	"math/rand"
	"sort"
	"testing"
	"time"

	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
)

const frameTime = 20 * time.Millisecond

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// network is what happens between a sender and a buffer.
type network struct {
	delay, jitter time.Duration // delay ± jitter, evenly spread
	loss, double  float64       // shares
	drift         float64       // of the sender's clock; positive: fast
}

// arrival is a packet on its way.
type arrival struct {
	at        time.Time
	sequence  uint16
	timestamp uint32
	payload   []byte
}

// stream is a sender.
type stream struct {
	sequence  uint16
	timestamp uint32
	random    *rand.Rand
}

// send puts packets of 20 ms on their way, sent from a time on, and sorts them by arrival. nil is silence: nothing is sent.
func (s *stream) send(from time.Time, packets [][]byte, net network) []arrival {
	var arrivals []arrival
	for i, payload := range packets {
		s.timestamp += FrameSamples
		if payload == nil {
			continue
		}
		s.sequence++
		if s.random.Float64() < net.loss {
			continue
		}
		sent := from.Add(time.Duration(float64(frameTime) * float64(i+1) / (1 + net.drift)))
		for {
			transit := net.delay + time.Duration((2*s.random.Float64()-1)*float64(net.jitter))
			arrivals = append(arrivals, arrival{sent.Add(transit), s.sequence, s.timestamp, payload})
			if s.random.Float64() >= net.double {
				break
			}
		}
	}
	sort.SliceStable(arrivals, func(i, j int) bool { return arrivals[i].at.Before(arrivals[j].at) })
	return arrivals
}

// play pulls a frame every 20 ms while packets arrive, and hands each to use.
func play(buffer *Buffer, from time.Time, length time.Duration, arrivals []arrival, use func(now time.Time, kind Kind, pcm []int16)) {
	pcm := make([]int16, FrameSamples*buffer.config.Channels)
	for now := from; now.Before(from.Add(length)); now = now.Add(frameTime) {
		for len(arrivals) > 0 && !arrivals[0].at.After(now) {
			buffer.Push(arrivals[0].sequence, arrivals[0].timestamp, arrivals[0].payload, arrivals[0].at)
			arrivals = arrivals[1:]
		}
		kind := buffer.Pull(now, pcm)
		if use != nil {
			use(now, kind, pcm)
		}
	}
}

func newBuffer(t testing.TB, config Config) *Buffer {
	t.Helper()
	buffer, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(buffer.Close)
	return buffer
}

// encode makes packets of 20 ms.
func encode(t testing.TB, pcm []int16, config opus.EncoderConfig) [][]byte {
	t.Helper()
	config.SampleRate, config.Channels = opus.Rate, 1
	encoder, err := opus.NewEncoder(config)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	var packets [][]byte
	for ; len(pcm) >= FrameSamples; pcm = pcm[FrameSamples:] {
		packet := make([]byte, opus.MaxFrameBytes)
		size, err := encoder.Encode(pcm[:FrameSamples], packet)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet[:size])
	}
	return packets
}

// hum is a voice that never pauses.
func hum(frames int) []int16 {
	samples, phase := make([]int16, frames), 0.0
	for i := range samples {
		phase += 2 * math.Pi * (140 + 30*math.Sin(2*math.Pi*float64(i)/float64(2*opus.Rate))) / opus.Rate
		samples[i] = int16(6000 * (math.Sin(phase) + 0.5*math.Sin(2*phase) + 0.3*math.Sin(5*phase)))
	}
	return samples
}

// repeat gives n packets of a signal that is as long as given.
func repeat(packets [][]byte, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = packets[i%len(packets)]
	}
	return all
}

// gaps measures silence of at least 5 ms within a signal.
type gaps struct {
	run, longest int // samples
	begun        bool
}

func (g *gaps) add(pcm []int16) {
	for ; len(pcm) > 0; pcm = pcm[5*millisecond:] {
		if mediatest.Power(pcm[:5*millisecond]) > 1e-5 {
			g.begun, g.run = true, 0
		} else if g.begun {
			g.run += 5 * millisecond
			g.longest = max(g.longest, g.run)
		}
	}
}
