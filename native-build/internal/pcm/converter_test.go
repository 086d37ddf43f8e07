package pcm

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"strconv"
	"testing"
	"time"

	"streamgateway/native/internal/mediatest"
)

func newConverter(t testing.TB, from, to Format) *Converter {
	t.Helper()
	converter, err := NewConverter(from, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(converter.Close)
	return converter
}

// convert converts all of samples, in pieces of a length in frames.
func convert(t testing.TB, from, to Format, samples []int16, piece func() int) []int16 {
	t.Helper()
	converter := newConverter(t, from, to)
	var result []int16
	for len(samples) > 0 {
		length := min(piece()*from.Channels, len(samples))
		converted, err := converter.Convert(samples[:length])
		if err != nil {
			t.Fatal(err)
		}
		result = append(result, converted...)
		samples = samples[length:]
	}
	rest, err := converter.Flush()
	if err != nil {
		t.Fatal(err)
	}
	return append(result, rest...)
}

func always(length int) func() int { return func() int { return length } }

var rates = []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000}

func TestConvertedLengthAndSamplesDoNotDependOnTheCuts(t *testing.T) {
	random := rand.New(rand.NewSource(3))
	for range 40 {
		from := Format{rates[random.Intn(len(rates))], 1 + random.Intn(3)}
		to := Format{MinRate + random.Intn(MaxRate-MinRate), 1 + random.Intn(3)}
		frames := 1 + random.Intn(from.Rate/8)
		samples := mediatest.Tone(from.Rate, from.Channels, 300, 0.5, frames)

		whole := convert(t, from, to, samples, always(frames))
		pieces := convert(t, from, to, samples, func() int { return 1 + random.Intn(500) })
		want := int(math.Round(float64(frames)*float64(to.Rate)/float64(from.Rate))) * to.Channels
		if len(whole) != want {
			t.Errorf("%v to %v: %d frames became %d samples, want %d", from, to, frames, len(whole), want)
		}
		if fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Errorf("%v to %v: other samples when cut", from, to)
		}
	}
}

// TestResampledTonesAreAsCleanAsSoxMakesThem covers the speech band, and the edge of what the lower rate can carry.
func TestResampledTonesAreAsCleanAsSoxMakesThem(t *testing.T) {
	for _, pair := range [][2]int{{8000, 48000}, {11025, 48000}, {16000, 48000}, {22050, 48000}, {44100, 48000}, {96000, 48000}, {192000, 16000},
		{48000, 8000}, {48000, 16000}, {48000, 24000}, {48000, 44100}, {44100, 16000}} {
		from, to := pair[0], pair[1]
		lower := float64(min(from, to))
		for _, frequency := range []float64{440, lower * 0.4} {
			tone := mediatest.Tone(from, 1, frequency, 0.7, from/2)
			got := convert(t, Format{from, 1}, Format{to, 1}, tone, always(from/50))
			reference := mediatest.Samples(mediatest.Run(t, mediatest.Bytes(tone), "sox", "-D", "-V1", "-t", "raw", "-r", strconv.Itoa(from),
				"-e", "signed", "-b", "16", "-c", "1", "-", "-t", "raw", "-", "rate", "-h", strconv.Itoa(to)))
			middle := func(samples []int16) []int16 { return samples[to/20 : to*9/20] }
			snr, best := mediatest.ToneSNR(middle(got), to, frequency), mediatest.ToneSNR(middle(reference), to, frequency)
			t.Logf("%6d to %6d, %5.0f Hz: SNR %.1f dB, sox %.1f dB", from, to, frequency, snr, best)
			if snr < 75 || snr < best-15 {
				t.Errorf("%d to %d, %.0f Hz: SNR %.1f dB, sox %.1f dB", from, to, frequency, snr, best)
			}
			if loss := 10 * math.Log10(mediatest.Power(middle(reference))/mediatest.Power(middle(got))); math.Abs(loss) > 0.2 {
				t.Errorf("%d to %d, %.0f Hz: %.2f dB quieter than sox", from, to, frequency, loss)
			}
			if similar := mediatest.Correlation(middle(got), middle(reference)); similar < 0.999 {
				t.Errorf("%d to %d, %.0f Hz: correlation %.4f with sox, so the delay differs", from, to, frequency, similar)
			}
		}
	}
}

func TestTonesAboveTheNewRateVanish(t *testing.T) {
	for _, to := range []int{8000, 16000, 24000} {
		tone := mediatest.Tone(48000, 1, float64(to)*0.62, 0.7, 48000)
		got := convert(t, Format{48000, 1}, Format{to, 1}, tone, always(960))
		if rest := 10 * math.Log10(mediatest.Power(got[to/10:to*9/10])/mediatest.Power(tone)+1e-12); rest > -75 {
			t.Errorf("48000 to %d: %.0f dB are left", to, rest)
		}
	}
}

func TestDownmixIsThatOfFFmpeg(t *testing.T) {
	for channels, layout := range map[int]string{2: "stereo", 4: "quad", 6: "5.1", 8: "7.1"} {
		var samples []int16
		for i := range 2000 {
			for c := range channels {
				samples = append(samples, int16(20000*math.Sin(float64(i)*0.01*float64(c+1))))
			}
		}
		for to := 1; to <= 2; to++ {
			if channels == to {
				continue
			}
			got := convert(t, Format{48000, channels}, Format{48000, to}, samples, always(100))
			want := mediatest.Samples(mediatest.Run(t, mediatest.Bytes(samples), "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "48000",
				"-channel_layout", layout, "-i", "-", "-ac", strconv.Itoa(to), "-f", "s16le", "-"))
			if similar := mediatest.Correlation(got, want); len(got) != len(want) || similar < 0.999 {
				t.Errorf("%s to %d: %d samples, ffmpeg %d, correlation %.4f", layout, to, len(got), len(want), similar)
			}
		}
	}
}

func TestNoDownmixClips(t *testing.T) {
	for from := 1; from <= MaxChannels; from++ {
		for to := 1; to <= MaxChannels; to++ {
			loud := make([]int16, 10*from)
			for i := range loud {
				loud[i] = math.MinInt16
			}
			result := newChannelMap(from, to).apply(make([]int16, 10*to), loud)
			if len(result) != 10*to || result[0] > -23000 {
				t.Errorf("%d to %d: %d", from, to, result)
			}
			for output, gains := 0, newChannelMap(from, to).gains; output < to; output++ {
				sum := float32(0)
				for _, gain := range gains[output*from : (output+1)*from] {
					sum += gain
				}
				if sum > 1.0001 {
					t.Errorf("%d to %d: output %d has a gain of %f", from, to, output, sum)
				}
			}
		}
	}
}

func TestConverterRefusesWhatItCannotDo(t *testing.T) {
	for _, format := range []Format{{7999, 1}, {192001, 1}, {48000, 0}, {48000, 9}} {
		if _, err := NewConverter(format, Format{48000, 1}); !errors.Is(err, ErrUnsupportedFormat) {
			t.Errorf("%v: %v", format, err)
		}
		if _, err := NewConverter(Format{48000, 1}, format); !errors.Is(err, ErrUnsupportedFormat) {
			t.Errorf("%v: %v", format, err)
		}
	}
	converter := newConverter(t, Format{16000, 2}, Format{48000, 1})
	if _, err := converter.Convert(make([]int16, 3)); !errors.Is(err, ErrPartialFrame) {
		t.Error(err)
	}
	if samples, err := converter.Convert(nil); len(samples) != 0 || err != nil {
		t.Error(samples, err)
	}
	converter.Close()
	converter.Close()
	if _, err := converter.Convert(make([]int16, 2)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := converter.Flush(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestConverterDelayIsShort(t *testing.T) {
	for _, rate := range rates {
		if rate == 48000 {
			continue
		}
		up, down := newConverter(t, Format{rate, 1}, Format{48000, 1}), newConverter(t, Format{48000, 1}, Format{rate, 1})
		if up.Delay() > 11*time.Millisecond || down.Delay() > 11*time.Millisecond {
			t.Errorf("%d: %v to 48000, %v from it", rate, up.Delay(), down.Delay())
		}
	}
}

func TestConverterAllocatesNothing(t *testing.T) {
	converter := newConverter(t, Format{44100, 2}, Format{48000, 1})
	samples := make([]int16, 882*2)
	if allocations := testing.AllocsPerRun(100, func() { converter.Convert(samples) }); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestFormatArithmetic(t *testing.T) {
	format := Format{44100, 2}
	if got := format.Samples(20 * time.Millisecond); got != 1764 {
		t.Error(got)
	}
	if got := format.Duration(88200); got != time.Second {
		t.Error(got)
	}
}

func BenchmarkConvert(b *testing.B) {
	for _, test := range []struct{ from, to Format }{{Format{48000, 1}, Format{16000, 1}}, {Format{16000, 1}, Format{48000, 1}},
		{Format{44100, 2}, Format{48000, 2}}, {Format{48000, 2}, Format{48000, 1}}} {
		b.Run(fmt.Sprintf("%dx%d-%dx%d", test.from.Rate, test.from.Channels, test.to.Rate, test.to.Channels), func(b *testing.B) {
			converter := newConverter(b, test.from, test.to)
			samples := mediatest.Tone(test.from.Rate, test.from.Channels, 440, 0.5, test.from.Rate/50)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := converter.Convert(samples); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
