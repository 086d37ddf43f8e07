package mixer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"streamgateway/native/internal/jitter"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
)

// tones are voices of one frequency each, with as many more than may be heard.
func tones(t *testing.T, mixer *Mixer, more int) (inputs []*Input, packets map[*Input][][]byte) {
	t.Helper()
	packets = map[*Input][][]byte{}
	for i := range MaxSpeakers + more {
		input := add(t, mixer, fmt.Sprint(i))
		inputs, packets[input] = append(inputs, input), encode(t, mediatest.Tone(opus.Rate, 1, frequencyOf(i), 0.05, opus.Rate))
	}
	return inputs, packets
}

func frequencyOf(i int) float64 { return float64(300 + 150*i) }

func hears(samples []int16, i int) bool { return strength(samples, opus.Rate, frequencyOf(i)) > 0.03 }

func TestOfManyTheLoudestAreHeard(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	inputs, packets := tones(t, mixer, 4)
	var heard []int16
	if _, err := mixer.AddOutput(mixer.Format(), func(samples []int16) { heard = append(heard, samples...) }); err != nil {
		t.Fatal(err)
	}
	level := func(i int) uint8 { return uint8(20 + i) } // the first is the loudest
	frame := 0
	talk := func(length time.Duration) []int16 {
		from := len(heard)
		for range int(length / FrameTime) {
			now := start.Add(time.Duration(frame) * FrameTime)
			for i, input := range inputs {
				input.Heard(level(i))
				input.Push(uint16(frame), uint32(frame*jitter.FrameSamples), packets[input][frame%50], now)
			}
			mixer.Step(now)
			frame++
		}
		return heard[from:]
	}
	expect := func(samples []int16, silent ...int) {
		t.Helper()
		for i := range inputs {
			if hears(samples, i) == slices.Contains(silent, i) {
				t.Errorf("number %d is heard: %v", i, hears(samples, i))
			}
		}
	}
	talk(time.Second)
	expect(talk(time.Second), 8, 9, 10, 11)

	// Somebody a little louder takes nobody's place, somebody much louder does, before the next word.
	level = func(i int) uint8 { return []uint8{20, 20, 20, 20, 20, 20, 20, 24, 21, 26, 26, 26}[i] }
	talk(time.Second)
	expect(talk(time.Second), 8, 9, 10, 11)
	level = func(i int) uint8 { return []uint8{20, 20, 20, 20, 20, 20, 20, 40, 10, 40, 40, 40}[i] }
	talk(100 * time.Millisecond)
	expect(talk(time.Second), 7, 9, 10, 11)
}

func TestWhoTellsNoLevelIsAlwaysHeard(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	inputs, packets := tones(t, mixer, 3)
	var heard []int16
	if _, err := mixer.AddOutput(mixer.Format(), func(samples []int16) { heard = append(heard, samples...) }); err != nil {
		t.Fatal(err)
	}
	conversation(mixer, packets, 100)
	for i := range inputs {
		if !hears(heard[opus.Rate:], i) {
			t.Errorf("number %d is not heard", i)
		}
	}
}

func TestOneWhoPausesKeepsThePlaceForAMoment(t *testing.T) {
	mixer := newMixer(t, jitter.Config{})
	inputs, _ := tones(t, mixer, 1)
	step := func(levels func(i int) uint8) {
		for i, input := range inputs {
			input.Heard(levels(i))
		}
		mixer.Step(start)
	}
	last := len(inputs) - 1
	quiet := func(i int) uint8 {
		if i == last {
			return 30
		}
		return 20
	}
	for range 10 {
		step(quiet)
	}
	if !inputs[last].resting {
		t.Fatal("the quietest is heard")
	}
	frames := 0
	for ; inputs[last].resting; frames++ {
		step(func(i int) uint8 {
			if i == 0 {
				return 127
			}
			return quiet(i)
		})
		if frames > 200 {
			t.Fatal("a place that is given up stays empty")
		}
	}
	if pause := time.Duration(frames) * FrameTime; pause < 300*time.Millisecond || pause > time.Second {
		t.Errorf("the place was given up after %v", pause)
	}
	if !inputs[0].resting {
		t.Error("both are heard")
	}
}
