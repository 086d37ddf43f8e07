package mixer

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"streamgateway/native/internal/jitter"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func newMixer(t testing.TB, config jitter.Config) *Mixer {
	t.Helper()
	mixer, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mixer.Close)
	return mixer
}

func add(t testing.TB, mixer *Mixer, id string) *Input {
	t.Helper()
	input, err := mixer.Add(id)
	if err != nil {
		t.Fatal(err)
	}
	return input
}

// encode makes packets of 20 ms.
func encode(t testing.TB, samples []int16) [][]byte {
	t.Helper()
	encoder, err := opus.NewEncoder(opus.EncoderConfig{SampleRate: opus.Rate, Channels: 1, Application: opus.Audio, Bitrate: 64000})
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	var packets [][]byte
	for ; len(samples) >= jitter.FrameSamples; samples = samples[jitter.FrameSamples:] {
		packet := make([]byte, opus.MaxFrameBytes)
		size, err := encoder.Encode(samples[:jitter.FrameSamples], packet)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet[:size])
	}
	return packets
}

// conversation pushes one packet into each input and makes a frame, for each packet.
func conversation(mixer *Mixer, packets map[*Input][][]byte, frames int) {
	for i := range frames {
		now := start.Add(time.Duration(i) * FrameTime)
		for input, list := range packets {
			input.Push(uint16(i), uint32(i*jitter.FrameSamples), list[i%len(list)], now)
		}
		mixer.Step(now)
	}
}

// strength is how loud a tone is within samples of one channel, of full scale.
func strength(samples []int16, rate int, frequency float64) float64 {
	var re, im float64
	for i, sample := range samples {
		angle := 2 * math.Pi * frequency * float64(i) / float64(rate)
		re += float64(sample) * math.Cos(angle)
		im += float64(sample) * math.Sin(angle)
	}
	return 2 * math.Hypot(re, im) / float64(len(samples)) / 32767
}

func TestEveryVoiceIsInEveryOutput(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	frequencies := []float64{300, 700, 1100}
	packets := map[*Input][][]byte{}
	for _, frequency := range frequencies {
		packets[add(t, mixer, fmt.Sprint(frequency))] = encode(t, mediatest.Tone(opus.Rate, 1, frequency, 0.2, opus.Rate))
	}
	add(t, mixer, "silent")
	formats := []pcm.Format{{Rate: 48000, Channels: 1}, {Rate: 16000, Channels: 1}, {Rate: 44100, Channels: 2}, {Rate: 8000, Channels: 1}}
	results := make([][]int16, len(formats))
	for i, format := range formats {
		if _, err := mixer.AddOutput(format, func(samples []int16) { results[i] = append(results[i], samples...) }); err != nil {
			t.Fatal(err)
		}
	}
	conversation(mixer, packets, 100)
	for i, format := range formats {
		if expected, got := 2*format.Rate*format.Channels, len(results[i]); got < expected*99/100 || got > expected {
			t.Errorf("%v: %d samples in 2 s", format, got)
		}
		mono := make([]int16, 0, len(results[i]))
		for at := 0; at < len(results[i]); at += format.Channels {
			mono = append(mono, results[i][at])
		}
		for _, frequency := range frequencies {
			if loud := strength(mono[format.Rate/2:format.Rate*3/2], format.Rate, frequency); math.Abs(loud-0.2) > 0.03 {
				t.Errorf("%v: %.0f Hz has an amplitude of %.3f, sent with 0.2", format, frequency, loud)
			}
		}
	}
	for _, level := range mixer.Levels(nil) {
		if want := 17; level.ID == "silent" && level.Level != pcm.SilentLevel || level.ID != "silent" && math.Abs(float64(int(level.Level)-want)) > 1 {
			t.Errorf("level %+v", level)
		}
	}
}

func TestGainAndLeavingAreHeard(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	packets := encode(t, mediatest.Tone(opus.Rate, 1, 500, 0.2, opus.Rate))
	left, half, muted := add(t, mixer, "left"), add(t, mixer, "half"), add(t, mixer, "muted")
	half.SetGain(0.5)
	muted.SetGain(float32(math.NaN()))
	left.Close()
	left.Close()
	var result []int16
	output, err := mixer.AddOutput(mixer.Format(), func(samples []int16) { result = append(result, samples...) })
	if err != nil {
		t.Fatal(err)
	}
	conversation(mixer, map[*Input][][]byte{left: packets, half: packets, muted: packets}, 50)
	if loud := strength(result[24000:], opus.Rate, 500); math.Abs(loud-0.1) > 0.02 {
		t.Errorf("amplitude %.3f, want 0.1", loud)
	}
	length := len(result)
	output.Close()
	output.Close()
	mixer.Step(start.Add(time.Minute))
	if len(result) != length {
		t.Error("a closed output is written")
	}
}

func TestTheLimiterNeverClips(t *testing.T) {
	random := rand.New(rand.NewSource(5))
	for _, channels := range []int{1, 2} {
		limiter := newLimiter(channels)
		in, out := make([]int32, 960*channels), make([]int16, 960*channels)
		for range 500 {
			scale := math.Pow(10, random.Float64()*3)
			for i := range in {
				in[i] = int32(32767 * scale * (2*random.Float64() - 1))
				if random.Intn(10) == 0 {
					in[i] = 0
				}
			}
			delayed := append(slices.Clone(limiter.held), in...)
			limiter.apply(out, in)
			for i, sample := range out {
				source := delayed[i]
				if sample > ceiling || sample < -ceiling {
					t.Fatalf("%d", sample)
				}
				if source > 0 && sample < 0 || source < 0 && sample > 0 {
					t.Fatalf("%d became %d", source, sample)
				}
			}
		}
	}
}

func TestTheLimiterLeavesQuietSumsAlone(t *testing.T) {
	limiter := newLimiter(1)
	in, out := make([]int32, 960), make([]int16, 960)
	for i := range in {
		in[i] = int32(i * 30)
	}
	limiter.apply(out, in)
	for i, sample := range out {
		if i >= blockFrames && int32(sample) != in[i-blockFrames] || i < blockFrames && sample != 0 {
			t.Fatalf("sample %d is %d", i, sample)
		}
	}
}

func TestALoudMixIsLimitedWithoutDistortion(t *testing.T) {
	tone := encode(t, mediatest.Tone(opus.Rate, 1, 400, 0.9, opus.Rate))
	snr := func(speakers int) float64 {
		mixer := newMixer(t, jitter.Config{})
		packets := map[*Input][][]byte{}
		for i := range speakers {
			packets[add(t, mixer, fmt.Sprint(i))] = tone
		}
		var result []int16
		if _, err := mixer.AddOutput(mixer.Format(), func(samples []int16) { result = append(result, samples...) }); err != nil {
			t.Fatal(err)
		}
		conversation(mixer, packets, 40)
		middle := result[opus.Rate/4 : opus.Rate/2]
		if loud := strength(middle, opus.Rate, 400); loud < 0.85 {
			t.Errorf("%d speakers: amplitude %.2f", speakers, loud)
		}
		return mediatest.ToneSNR(middle, opus.Rate, 400)
	}
	if one, six := snr(1), snr(6); six < one-3 || six < 20 {
		t.Errorf("SNR %.1f dB for six, %.1f dB for one", six, one)
	}
}

func TestLateTicksAreMadeUpForOrSkipped(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	frames := 0
	if _, err := mixer.AddOutput(mixer.Format(), func([]int16) { frames++ }); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Duration{0, 20, 45, 60, 500} { // ms
		mixer.CatchUp(start.Add(at * time.Millisecond))
	}
	mixer.CatchUp(start.Add(10 * time.Second))
	// 0 to 500 ms are 26 frames; of the 475 after them 51 are made.
	if frames != 26+51 || mixer.Skipped() != 475-51 {
		t.Errorf("%d frames, %d skipped", frames, mixer.Skipped())
	}
}

func TestAScheduledMixerFollowsTheClock(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	frames := make(chan time.Time, 100)
	if _, err := mixer.AddOutput(mixer.Format(), func([]int16) {
		select {
		case frames <- time.Now():
		default:
		}
	}); err != nil {
		t.Fatal(err)
	}
	var scheduler Scheduler
	end := scheduler.Add(FrameTime, mixer.CatchUp)
	defer end()
	began := time.Now()
	for range 25 {
		select {
		case <-frames:
		case <-time.After(10 * time.Second):
			t.Fatal("no frame in 10 s")
		}
	}
	if passed := time.Since(began); passed < 24*FrameTime-FrameTime {
		t.Errorf("25 frames in %v", passed)
	}
}

func TestAClosedMixerRefuses(t *testing.T) {
	alive := opus.Alive()
	mixer := newMixer(t, jitter.Config{Channels: 2})
	add(t, mixer, "one")
	for range 2 {
		mixer.Close()
	}
	if opus.Alive() != alive {
		t.Error("a decoder is left")
	}
	if _, err := mixer.Add("two"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := mixer.AddOutput(mixer.Format(), func([]int16) {}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	mixer.Step(start)
	if _, err := New(jitter.Config{Channels: 6}); !errors.Is(err, pcm.ErrUnsupportedFormat) {
		t.Error(err)
	}
	open := newMixer(t, jitter.Config{})
	if _, err := open.AddOutput(pcm.Format{Rate: 4000, Channels: 1}, nil); !errors.Is(err, pcm.ErrUnsupportedFormat) {
		t.Error(err)
	}
}

func TestInputsAndOutputsMayComeAndGoDuringTheMix(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	packets := encode(t, mediatest.Voice(opus.Rate, opus.Rate/2))
	var all sync.WaitGroup
	for worker := range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range 50 {
				input, err := mixer.Add(fmt.Sprint(worker))
				if err != nil {
					t.Error(err)
					return
				}
				output, err := mixer.AddOutput(pcm.Format{Rate: 16000, Channels: 1}, func([]int16) {})
				if err != nil {
					t.Error(err)
					return
				}
				input.Push(uint16(i), uint32(i), packets[i%len(packets)], start)
				mixer.Levels(nil)
				input.Stats(start)
				input.Close()
				output.Close()
			}
		}()
	}
	for i := range 200 {
		mixer.Step(start.Add(time.Duration(i) * FrameTime))
	}
	all.Wait()
}

func TestMixesAreBounded(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	for range maxOutputs {
		if _, err := mixer.AddOutput(mixer.Format(), func([]int16) {}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mixer.AddOutput(mixer.Format(), func([]int16) {}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	packets := encode(t, mediatest.Voice(opus.Rate, opus.Rate/2))
	inputs := []*Input{add(t, mixer, "a"), add(t, mixer, "b")}
	if _, err := mixer.AddOutput(pcm.Format{Rate: 16000, Channels: 1}, func([]int16) {}); err != nil {
		t.Fatal(err)
	}
	i, now := 0, start
	once := func() {
		for _, input := range inputs {
			input.Push(uint16(i), uint32(i*jitter.FrameSamples), packets[i%len(packets)], now)
		}
		mixer.Step(now)
		i, now = i+1, now.Add(FrameTime)
	}
	for range 200 {
		once()
	}
	if allocations := testing.AllocsPerRun(200, once); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// BenchmarkMixer is the cost of 20 ms: pushes, decoding, mixing, one output of 16 kHz.
func BenchmarkMixer(b *testing.B) {
	for _, speakers := range []int{1, 30} {
		for _, silent := range []int{0, 270} {
			b.Run(fmt.Sprintf("speakers=%d/silent=%d", speakers, silent), func(b *testing.B) {
				mixer := newMixer(b, jitter.Config{})
				packets := encode(b, mediatest.Voice(opus.Rate, opus.Rate))
				inputs := make([]*Input, speakers)
				for i := range inputs {
					inputs[i] = add(b, mixer, fmt.Sprint(i))
				}
				for range silent {
					add(b, mixer, "silent").Push(0, 0, []byte{0x78, 0}, start)
				}
				if _, err := mixer.AddOutput(pcm.Format{Rate: 16000, Channels: 1}, func([]int16) {}); err != nil {
					b.Fatal(err)
				}
				now := start
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					now = now.Add(FrameTime)
					for _, input := range inputs {
						input.Push(uint16(i), uint32(i*jitter.FrameSamples), packets[i%len(packets)], now)
					}
					mixer.Step(now)
				}
			})
		}
	}
}
