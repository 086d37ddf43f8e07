package mixer

import (
	"math"
	"math/rand"
	"sort"
	"testing"
	"time"

	"streamgateway/native/internal/jitter"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
)

// TestTenMinutesOfClocksThatDiffer mixes two people for ten minutes whose clocks are 200 ppm fast and slow, through a
// network that loses, delays and swaps packets.
func TestTenMinutesOfClocksThatDiffer(t *testing.T) {
	const length = 10 * time.Minute
	for name, frame := range map[string]time.Duration{"20 ms": FrameTime, "10 ms": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mixer := newMixer(t, jitter.Config{Frame: frame})
			longest, run, begun := time.Duration(0), time.Duration(0), false
			if _, err := mixer.AddOutput(mixer.Format(), func(samples []int16) {
				for ; len(samples) > 0; samples = samples[240:] {
					if mediatest.Power(samples[:240]) > 1e-5 {
						begun, run = true, 0
					} else if begun {
						run += 5 * time.Millisecond
						longest = max(longest, run)
					}
				}
			}); err != nil {
				t.Fatal(err)
			}
			drifts := map[*Input]float64{add(t, mixer, "fast"): 200e-6, add(t, mixer, "slow"): -200e-6}
			var arrivals []arrival
			for input, drift := range drifts {
				tone := encode(t, mediatest.Tone(opus.Rate, 1, 300+1e6*math.Max(0, drift), 0.2, opus.Rate))
				arrivals = append(arrivals, sendDrifting(input, tone, length, drift)...)
			}
			sort.SliceStable(arrivals, func(i, j int) bool { return arrivals[i].at < arrivals[j].at })
			worst := map[*Input]time.Duration{}
			for now := time.Duration(0); now < length; now += frame {
				for ; len(arrivals) > 0 && arrivals[0].at <= now; arrivals = arrivals[1:] {
					a := arrivals[0]
					a.input.Push(a.sequence, uint32(a.number)*jitter.FrameSamples, a.payload, start.Add(a.at))
				}
				mixer.Step(start.Add(now))
				for input := range drifts {
					if now > 10*time.Second {
						worst[input] = max(worst[input], input.Stats(start.Add(now)).Delay)
					}
				}
			}
			for input, drift := range drifts {
				stats := input.Stats(start.Add(length))
				t.Logf("%+.0f ppm: greatest delay %v, %+v", drift*1e6, worst[input], stats)
				if stats.Skipped+stats.Resets > 0 || worst[input] > 200*time.Millisecond {
					t.Errorf("%+.0f ppm: greatest delay %v, %+v", drift*1e6, worst[input], stats)
				}
				shift := float64(stats.Removed) - float64(stats.Inserted)
				if want := drift * length.Seconds() * opus.Rate; math.Abs(shift-want) > opus.Rate {
					t.Errorf("%+.0f ppm: %.0f samples removed, want %.0f", drift*1e6, shift, want)
				}
			}
			t.Logf("longest gap %v", longest)
			if longest > 120*time.Millisecond {
				t.Errorf("a gap of %v", longest)
			}
		})
	}
}

// arrival is a packet on its way to an input.
type arrival struct {
	input    *Input
	at       time.Duration
	sequence uint16
	number   int
	payload  []byte
}

// sendDrifting sends by a clock that is fast by a share: 5 % get lost, the others take 100 ms ± 30 ms.
func sendDrifting(input *Input, packets [][]byte, length time.Duration, drift float64) []arrival {
	random := rand.New(rand.NewSource(1))
	var arrivals []arrival
	for i := 0; ; i++ {
		sent := time.Duration(float64(i) * float64(FrameTime) / (1 + drift))
		transit := 100*time.Millisecond + time.Duration((2*random.Float64()-1)*float64(30*time.Millisecond))
		switch {
		case sent+transit > length:
			return arrivals
		case random.Float64() >= 0.05:
			arrivals = append(arrivals, arrival{input, sent + transit, uint16(i), i, packets[i%len(packets)]})
		}
	}
}
