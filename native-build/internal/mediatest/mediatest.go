// Package mediatest makes signals, measures them, and runs independent tools. Only tests use it.
package mediatest

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os/exec"
	"testing"
	"time"
)

// Tone is a sine on all channels. amplitude is a share of full scale.
func Tone(rate, channels int, frequency, amplitude float64, frames int) []int16 {
	samples := make([]int16, 0, frames*channels)
	for i := 0; i < frames; i++ {
		value := int16(math.Round(amplitude * 32767 * math.Sin(2*math.Pi*frequency*float64(i)/float64(rate))))
		for c := 0; c < channels; c++ {
			samples = append(samples, value)
		}
	}
	return samples
}

// Voice is one channel of something like speech: voiced syllables of changing pitch and colour, with a pause after
// every sixth. It is the same for the same arguments.
func Voice(rate, frames int) []int16 {
	const syllable = 0.22 // seconds
	samples := make([]int16, frames)
	phase := 0.0
	for i := range samples {
		at := float64(i) / float64(rate)
		number := int(at / syllable)
		within := at/syllable - float64(number)
		pitch := 110 + 35*math.Sin(2*math.Pi*0.7*at) + 12*math.Sin(2*math.Pi*2.3*at)
		phase += 2 * math.Pi * pitch / float64(rate)
		if number%7 == 6 {
			continue
		}
		first := 350 + 450*math.Abs(math.Sin(float64(number)*1.7)) // formants in Hz
		second := 1100 + 1000*math.Abs(math.Cos(float64(number)*2.3))
		sum := 0.0
		for harmonic := 1.0; harmonic*pitch < 3600; harmonic++ {
			frequency := harmonic * pitch
			sum += math.Sin(harmonic*phase) * (resonance(frequency, first, 90) + 0.5*resonance(frequency, second, 140) + 0.02)
		}
		envelope := math.Pow(math.Sin(math.Pi*within), 0.6)
		samples[i] = int16(math.Round(4500 * envelope * math.Tanh(sum)))
	}
	return samples
}

func resonance(frequency, centre, width float64) float64 {
	distance := (frequency - centre) / width
	return 1 / (1 + distance*distance)
}

// Power is the mean square of samples, of full scale.
func Power(samples []int16) float64 {
	sum := 0.0
	for _, sample := range samples {
		sum += float64(sample) * float64(sample)
	}
	return sum / float64(max(1, len(samples))) / (32768 * 32768)
}

// Correlation is how alike two signals of one channel are: 1 for the same but for their loudness.
func Correlation(a, b []int16) float64 {
	length := min(len(a), len(b))
	var cross, powerA, powerB float64
	for i := 0; i < length; i++ {
		x, y := float64(a[i]), float64(b[i])
		cross += x * y
		powerA += x * x
		powerB += y * y
	}
	if powerA == 0 || powerB == 0 {
		return 0
	}
	return cross / math.Sqrt(powerA*powerB)
}

// Align finds the shift of got, 0 to limit samples, at which it is most like want, and how alike it is then.
func Align(want, got []int16, limit int) (shift int, correlation float64) {
	best := math.Inf(-1)
	for candidate := 0; candidate <= limit && candidate < len(got); candidate++ {
		if c := Correlation(want, got[candidate:]); c > best {
			best, shift = c, candidate
		}
	}
	return shift, best
}

// ToneSNR is the power of the sine of a frequency in samples of one channel over that of all the rest, in decibels.
func ToneSNR(samples []int16, rate int, frequency float64) float64 {
	var re, im float64
	for i, sample := range samples {
		angle := 2 * math.Pi * frequency * float64(i) / float64(rate)
		re += float64(sample) * math.Cos(angle)
		im += float64(sample) * math.Sin(angle)
	}
	scale := 2 / float64(len(samples))
	re, im = re*scale, im*scale
	var signal, rest float64
	for i, sample := range samples {
		angle := 2 * math.Pi * frequency * float64(i) / float64(rate)
		fit := re*math.Cos(angle) + im*math.Sin(angle)
		signal += fit * fit
		rest += (float64(sample) - fit) * (float64(sample) - fit)
	}
	return 10 * math.Log10(signal/math.Max(rest, 1e-9))
}

// Run gives input to a program and returns its standard output. It fails the test when the program is missing, fails,
// or takes longer than a minute.
func Run(t testing.TB, input []byte, name string, arguments ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var output, errors bytes.Buffer
	command := exec.CommandContext(ctx, name, arguments...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &output, &errors
	if err := command.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, arguments, err, errors.Bytes())
	}
	return output.Bytes()
}

// Bytes writes samples as signed 16-bit little endian.
func Bytes(samples []int16) []byte {
	data := make([]byte, 0, 2*len(samples))
	for _, sample := range samples {
		data = binary.LittleEndian.AppendUint16(data, uint16(sample))
	}
	return data
}

// Samples reads signed 16-bit little endian.
func Samples(data []byte) []int16 {
	samples := make([]int16, len(data)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return samples
}
