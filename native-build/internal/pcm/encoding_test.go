package pcm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"strconv"
	"testing"

	"streamgateway/native/internal/mediatest"
)

var encodings = map[Encoding][]string{ // as sox names them
	U8:    {"-e", "unsigned-integer", "-b", "8"},
	S16LE: {"-e", "signed-integer", "-b", "16", "-L"},
	S16BE: {"-e", "signed-integer", "-b", "16", "-B"},
	S24LE: {"-e", "signed-integer", "-b", "24", "-L"},
	S32LE: {"-e", "signed-integer", "-b", "32", "-L"},
	F32LE: {"-e", "floating-point", "-b", "32", "-L"},
	F64LE: {"-e", "floating-point", "-b", "64", "-L"},
	ALaw:  {"-e", "a-law", "-b", "8"},
	MuLaw: {"-e", "u-law", "-b", "8"},
}

// sox converts raw samples of one channel.
func sox(t testing.TB, input []byte, from, to []string, effects ...string) []byte {
	arguments := append([]string{"-D", "-V1", "-r", "16000", "-c", "1", "-t", "raw"}, from...)
	arguments = append(append(arguments, "-"), append([]string{"-t", "raw"}, to...)...)
	return mediatest.Run(t, input, "sox", append(append(arguments, "-"), effects...)...)
}

func TestEncodingsDecodeAsSoxDecodesThem(t *testing.T) {
	ramp := make([]int16, 0, 65536/8)
	for value := math.MinInt16; value <= math.MaxInt16; value += 8 {
		ramp = append(ramp, int16(value))
	}
	for encoding, name := range encodings {
		t.Run(fmt.Sprint(name), func(t *testing.T) {
			encoded := sox(t, mediatest.Bytes(ramp), encodings[S16LE], name)
			want := mediatest.Samples(sox(t, encoded, name, encodings[S16LE]))
			got := make([]int16, len(want)+1)
			if count := encoding.Decode(got, encoded); count != len(want) {
				t.Fatalf("%d samples, sox %d", count, len(want))
			}
			for i, sample := range want {
				if difference := int(sample) - int(got[i]); difference < -1 || difference > 1 {
					t.Fatalf("sample %d: %d, sox %d", i, got[i], sample)
				}
			}
		})
	}
}

func TestFloatsOutsideFullScaleAreClipped(t *testing.T) {
	data := make([]byte, 0, 20)
	for _, value := range []float32{2, -2, float32(math.NaN()), float32(math.Inf(1)), -0.5} {
		bits := math.Float32bits(value)
		data = append(data, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	got := make([]int16, 5)
	F32LE.Decode(got, data)
	if want := fmt.Sprint([]int16{32767, -32768, 0, 32767, -16384}); fmt.Sprint(got) != want {
		t.Errorf("%d, want %s", got, want)
	}
	extremes := make([]int16, 2)
	S24LE.Decode(extremes, []byte{0xFF, 0xFF, 0x7F, 0, 0, 0x80})
	if extremes[0] != math.MaxInt16 || extremes[1] != math.MinInt16 {
		t.Errorf("24 bits: %d", extremes)
	}
}

func TestWrittenBytesReadBack(t *testing.T) {
	samples := []int16{0, 1, -1, math.MaxInt16, math.MinInt16, 256, -256}
	for encoding, data := range map[Encoding][]byte{S16LE: AppendS16LE(nil, samples), S16BE: AppendS16BE(nil, samples)} {
		got := make([]int16, len(samples))
		encoding.Decode(got, data)
		if fmt.Sprint(got) != fmt.Sprint(samples) {
			t.Errorf("encoding %d: %d", encoding, got)
		}
	}
}

// chopped gives data in pieces of random length, some of them empty.
type chopped struct {
	data   []byte
	random *rand.Rand
}

func (c *chopped) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	count := copy(p, c.data[:min(len(c.data), c.random.Intn(70))])
	c.data = c.data[count:]
	return count, nil
}

func TestReaderGivesWholeFramesHoweverBytesAreCut(t *testing.T) {
	random := rand.New(rand.NewSource(7))
	for encoding := range encodings {
		for channels := 1; channels <= MaxChannels; channels++ {
			data := make([]byte, 400*channels*encoding.Size())
			random.Read(data)
			want := make([]int16, 400*channels)
			encoding.Decode(want, data)

			reader, err := NewReader(&chopped{data, random}, Format{16000, channels}, encoding)
			if err != nil {
				t.Fatal(err)
			}
			var got []int16
			for {
				samples := make([]int16, channels*(1+random.Intn(50))+random.Intn(channels))
				count, err := reader.Read(samples)
				if err != nil {
					if err != io.EOF {
						t.Fatal(err)
					}
					break
				}
				if count == 0 || count%channels != 0 {
					t.Fatalf("%d samples of %d channels", count, channels)
				}
				got = append(got, samples[:count]...)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("encoding %d, %d channels: other samples", encoding, channels)
			}
		}
	}
}

func TestReaderTellsAPartialFrame(t *testing.T) {
	reader, err := NewReader(bytes.NewReader(make([]byte, 7)), Format{8000, 2}, S16LE)
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]int16, 100)
	if _, err := reader.Read(samples[:1]); !errors.Is(err, ErrShortBuffer) {
		t.Error(err)
	}
	if count, err := reader.Read(samples); count != 2 || err != nil {
		t.Error(count, err)
	}
	if _, err := reader.Read(samples); !errors.Is(err, ErrPartialFrame) {
		t.Error(err)
	}
	if _, err := reader.Read(samples); err != io.EOF {
		t.Error(err)
	}
}

func TestReaderGivesUpOnASourceThatGivesNothing(t *testing.T) {
	reader, err := NewReader(readerFunc(func([]byte) (int, error) { return 0, nil }), Format{8000, 1}, S16LE)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Read(make([]int16, 10)); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestLevelIsThatOfFFmpeg(t *testing.T) {
	for _, amplitude := range []float64{1, 0.5, 0.1, 0.003} {
		samples := mediatest.Tone(16000, 1, 440, amplitude, 16000)
		want := -20 * math.Log10(amplitude/math.Sqrt2)
		if got := float64(Level(samples)); math.Abs(got-want) > 0.6 {
			t.Errorf("amplitude %v: %v dB below full scale, want %.1f", amplitude, got, want)
		}
	}
	voice := mediatest.Voice(16000, 16000)
	stats := mediatest.Run(t, mediatest.Bytes(voice), "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "16000", "-i", "-",
		"-af", "astats=reset=0:metadata=1,ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-", "-f", "null", "/dev/null")
	last := stats[bytes.LastIndexByte(stats, '=')+1:]
	if want, err := strconv.ParseFloat(string(bytes.TrimSpace(last)), 64); err != nil || math.Abs(float64(Level(voice))+want) > 0.6 {
		t.Errorf("level %d, ffmpeg %f (%v)", Level(voice), want, err)
	}
	if Level(nil) != SilentLevel || Level(make([]int16, 10)) != SilentLevel || Level([]int16{-32768, -32768}) != 0 {
		t.Error("levels of silence and of full scale")
	}
}

func TestScaleClips(t *testing.T) {
	samples := []int16{20000, -20000, 3, -3}
	Scale(samples, 2)
	if fmt.Sprint(samples) != fmt.Sprint([]int16{32767, -32768, 6, -6}) {
		t.Error(samples)
	}
}

// FuzzReader holds the reader against decoding in one go, for any encoding, channels, and cuts.
func FuzzReader(f *testing.F) {
	f.Add(byte(S16LE), byte(2), int64(1), []byte("12345678901"))
	f.Add(byte(S24LE), byte(7), int64(2), make([]byte, 100))
	f.Add(byte(F64LE), byte(1), int64(3), []byte{0, 0, 0, 0, 0, 0, 0xF0, 0x7F, 1, 0, 0, 0, 0, 0, 0xF8, 0x7F})
	f.Fuzz(func(t *testing.T, kind, channels byte, seed int64, data []byte) {
		encoding, format := Encoding(kind%byte(MuLaw+1)), Format{8000, 1 + int(channels)%MaxChannels}
		frames := len(data) / (encoding.Size() * format.Channels)
		want := make([]int16, frames*format.Channels)
		encoding.Decode(want, data)

		reader, err := NewReader(&chopped{data, rand.New(rand.NewSource(seed))}, format, encoding)
		if err != nil {
			t.Fatal(err)
		}
		var got []int16
		samples := make([]int16, 3*format.Channels)
		for err == nil {
			var count int
			count, err = reader.Read(samples)
			got = append(got, samples[:count]...)
		}
		if partial := len(data)%(encoding.Size()*format.Channels) != 0; partial != errors.Is(err, ErrPartialFrame) || !partial && err != io.EOF {
			t.Fatalf("%d bytes: %v", len(data), err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatal("other samples")
		}
	})
}
