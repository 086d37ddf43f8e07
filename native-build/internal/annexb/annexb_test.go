package annexb

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"streamgateway/native/internal/mediatest"
)

// film makes a short H.264 stream with x264.
func film(t testing.TB, size string, rate, frames int, arguments ...string) []byte {
	command := []string{"-v", "error", "-f", "lavfi", "-i", "testsrc=size=" + size + ":rate=" + strconv.Itoa(rate), "-frames:v", strconv.Itoa(frames),
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "10"}
	return mediatest.Run(t, nil, "ffmpeg", append(append(command, arguments...), "-f", "h264", "-")...)
}

type unit struct {
	data []byte
	key  bool
}

func readAll(source io.Reader) (*Reader, []unit, error) {
	reader := NewReader(source)
	var units []unit
	for {
		next, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return reader, units, nil
		}
		if err != nil {
			return reader, units, err
		}
		units = append(units, unit{bytes.Clone(next.Data), next.Keyframe})
	}
}

func TestEveryFrameOfX264IsAnAccessUnit(t *testing.T) {
	for name, test := range map[string]struct {
		size          string
		width, height int
		rate          int
		arguments     []string
	}{
		"baseline, 4 slices": {"320x180", 320, 180, 25, []string{"-profile:v", "baseline", "-pix_fmt", "yuv420p", "-slices", "4"}},
		"high, delimiters":   {"322x182", 322, 182, 30, []string{"-pix_fmt", "yuv420p", "-x264-params", "aud=1:bframes=2"}},
		"4:4:4, odd size":    {"101x57", 101, 57, 10, []string{"-pix_fmt", "yuv444p"}},
		"interlaced":         {"320x176", 320, 176, 25, []string{"-pix_fmt", "yuv420p", "-x264-params", "interlaced=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			stream := film(t, test.size, test.rate, 25, test.arguments...)
			for cut, source := range map[string]io.Reader{"whole": bytes.NewReader(stream), "by bytes": iotest.OneByteReader(bytes.NewReader(stream)),
				"with the end": iotest.DataErrReader(bytes.NewReader(stream))} {
				reader, units, err := readAll(source)
				if err != nil {
					t.Fatal(err)
				}
				if len(units) != 25 {
					t.Errorf("%s: %d access units", cut, len(units))
				}
				var joined []byte
				for i, unit := range units {
					if unit.key != (i%10 == 0) {
						t.Errorf("%s: unit %d, keyframe %v", cut, i, unit.key)
					}
					joined = append(joined, unit.data...)
				}
				if !sameNALs(joined, stream) {
					t.Errorf("%s: other NAL units", cut)
				}
				sps, ok := reader.SPS()
				if !ok || sps.Width != test.width || sps.Height != test.height || sps.FrameTime != time.Second/time.Duration(test.rate) {
					t.Errorf("%s: %+v", cut, sps)
				}
			}
		})
	}
}

func sameNALs(a, b []byte) bool {
	for {
		first, restA := Next(a)
		second, restB := Next(b)
		if !bytes.Equal(first, second) {
			return false
		}
		if len(first) == 0 {
			return true
		}
		a, b = restA, restB
	}
}

func TestSizesAgreeWithFFprobe(t *testing.T) {
	stream := film(t, "126x94", 15, 2, "-pix_fmt", "yuv420p")
	command := exec.Command("ffprobe", "-v", "error", "-show_entries", "stream=width,height,r_frame_rate", "-of", "csv=p=0", "-")
	command.Stdin = bytes.NewReader(stream)
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	reader, _, err := readAll(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	sps, _ := reader.SPS()
	if want := strconv.Itoa(sps.Width) + "," + strconv.Itoa(sps.Height) + "," + "15/1"; strings.TrimSpace(string(output)) != want {
		t.Errorf("ffprobe %s, we %s", output, want)
	}
}

func TestNextCutsAtStartCodesOfBothLengths(t *testing.T) {
	data := []byte{0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 0, 0, 3, 0, 0, 0, 0, 1, 0x65, 9, 0, 0}
	var nals [][]byte
	for nal, rest := Next(data); len(nal) > 0; nal, rest = Next(rest) {
		nals = append(nals, nal)
	}
	if len(nals) != 3 || !bytes.Equal(nals[0], []byte{0x67, 1, 2}) || !bytes.Equal(nals[1], []byte{0x68, 0, 0, 3}) || !bytes.Equal(nals[2], []byte{0x65, 9}) {
		t.Errorf("% x", nals)
	}
}

func TestWhatIsNoH264IsRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"text":          []byte("this is no video at all"),
		"text and code": append([]byte("text"), 0, 0, 1, 0x65, 0x80),
		"bad SPS":       {0, 0, 1, 0x67, 1},
		"endless SPS":   {0, 0, 1, 0x67, 100, 0, 40, 0, 0, 1, 0x65, 0x80},
	} {
		if _, units, err := readAll(bytes.NewReader(data)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %d units, %v", name, len(units), err)
		}
	}
	if _, units, err := readAll(bytes.NewReader(nil)); err != nil || len(units) != 0 {
		t.Errorf("nothing: %v", err)
	}
	failure := errors.New("source")
	if _, _, err := readAll(iotest.ErrReader(failure)); !errors.Is(err, failure) {
		t.Error(err)
	}
	endless := io.MultiReader(bytes.NewReader([]byte{0, 0, 1, 0x65, 0x80}), zeros{})
	if _, _, err := readAll(endless); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
}

// zeros is an endless NAL unit.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0xFF
	}
	return len(p), nil
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0x67, 66, 0xC0, 30, 0xDA, 1, 0x40, 0x16, 0xE8, 0, 0, 1, 0x68, 0xCE, 0, 0, 1, 0x65, 0x88, 1, 0, 0, 1, 0x41, 0x9A})
	f.Add([]byte{0, 0, 1, 9, 0xF0, 0, 0, 1, 0x67, 100, 0, 40, 0xAC, 0x2B, 0x40, 0x3C, 1, 0x13, 0xF2, 0xE0, 0x22})
	f.Fuzz(func(t *testing.T, data []byte) {
		reader, units, err := readAll(bytes.NewReader(data))
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
		total := 0
		for _, unit := range units {
			total += len(unit.data)
			if nal, _ := Next(unit.data); len(nal) == 0 {
				t.Fatal("an empty unit")
			}
		}
		if total > 2*len(data)+8 {
			t.Fatalf("%d bytes became %d", len(data), total)
		}
		if sps, ok := reader.SPS(); ok && (sps.Width <= 0 || sps.Height <= 0) {
			t.Fatalf("%+v", sps)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	stream := bytes.Repeat(film(b, "320x180", 25, 25, "-pix_fmt", "yuv420p"), 4)
	reader := NewReader(bytes.NewReader(stream))
	b.SetBytes(int64(len(stream) / 100))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := reader.Next(); err == io.EOF {
			reader.source, reader.ended = bytes.NewReader(stream), nil
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
