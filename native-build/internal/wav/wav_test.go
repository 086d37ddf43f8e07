package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/pcm"
)

// readAll reads a file whole.
func readAll(source io.Reader) (*Reader, []int16, error) {
	reader, err := NewReader(source)
	if err != nil {
		return nil, nil, err
	}
	var all []int16
	samples := make([]int16, 480*pcm.MaxChannels)
	for {
		count, err := reader.Read(samples)
		all = append(all, samples[:count]...)
		if errors.Is(err, io.EOF) {
			return reader, all, nil
		}
		if err != nil {
			return reader, all, err
		}
	}
}

// sox makes a WAVE file, on its standard output unless the last argument is a path.
func sox(t testing.TB, samples []int16, format pcm.Format, arguments ...string) []byte {
	raw := []string{"-D", "-V1", "-t", "raw", "-r", fmt.Sprint(format.Rate), "-c", fmt.Sprint(format.Channels), "-e", "signed", "-b", "16", "-L", "-"}
	return mediatest.Run(t, mediatest.Bytes(samples), "sox", append(raw, arguments...)...)
}

func alike(got, want []int16, tolerance int) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d samples, want %d", len(got), len(want))
	}
	for i := range want {
		if difference := int(got[i]) - int(want[i]); difference > tolerance || difference < -tolerance {
			return fmt.Errorf("sample %d: %d, want %d", i, got[i], want[i])
		}
	}
	return nil
}

func TestFilesOfSoxReadBack(t *testing.T) {
	path := t.TempDir() + "/sox.wav"
	for _, test := range []struct {
		encoding  string
		format    pcm.Format
		tolerance int
	}{
		{"-e unsigned -b 8", pcm.Format{Rate: 8000, Channels: 1}, 256},
		{"-e signed -b 16", pcm.Format{Rate: 44100, Channels: 2}, 0},
		{"-e signed -b 24", pcm.Format{Rate: 48000, Channels: 3}, 0}, // extensible
		{"-e signed -b 32", pcm.Format{Rate: 96000, Channels: 6}, 0},
		{"-e float -b 32", pcm.Format{Rate: 16000, Channels: 1}, 0},
		{"-e float -b 64", pcm.Format{Rate: 192000, Channels: 2}, 0},
		{"-e a-law -b 8", pcm.Format{Rate: 8000, Channels: 2}, 600},
		{"-e u-law -b 8", pcm.Format{Rate: 8000, Channels: 1}, 600},
	} {
		t.Run(test.encoding, func(t *testing.T) {
			want := mediatest.Tone(test.format.Rate, test.format.Channels, 440, 0.5, 999)
			arguments := append(strings.Fields(test.encoding), "-t", "wav", path)
			sox(t, want, test.format, arguments...)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			reader, got, err := readAll(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if err := alike(got, want, test.tolerance); err != nil {
				t.Error(err)
			}
			frames, known := reader.Frames()
			if reader.Format() != test.format || frames != 999 || !known {
				t.Errorf("%v, %d frames (%v)", reader.Format(), frames, known)
			}
		})
	}
}

func TestPipedFilesOfUnknownLengthReadUntilTheirEnd(t *testing.T) {
	format := pcm.Format{Rate: 24000, Channels: 1}
	want := mediatest.Tone(24000, 1, 300, 0.5, 24000)
	for name, data := range map[string][]byte{
		"sox": sox(t, want, format, "-t", "wav", "-"),
		"ffmpeg": mediatest.Run(t, mediatest.Bytes(want), "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "24000", "-ac", "1", "-i", "-",
			"-metadata", "title=odd", "-f", "wav", "-"),
		"ours":  append(AppendHeader(nil, format, Unknown), mediatest.Bytes(want)...),
		"zeros": zeroLengths(append(AppendHeader(nil, format, Unknown), mediatest.Bytes(want)...)),
	} {
		reader, got, err := readAll(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := alike(got, want, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, known := reader.Frames(); known {
			t.Errorf("%s: the length is said to be known", name)
		}
	}
}

func zeroLengths(data []byte) []byte {
	binary.LittleEndian.PutUint32(data[4:], 0)
	binary.LittleEndian.PutUint32(data[40:], 0)
	return data
}

func TestWideFilesAreRead(t *testing.T) {
	want := mediatest.Tone(48000, 2, 300, 0.5, 4800)
	path := t.TempDir() + "/wide.wav"
	mediatest.Run(t, mediatest.Bytes(want), "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "48000", "-ac", "2", "-i", "-", "-rf64", "always", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(data[:4]) != "RF64" {
		t.Fatalf("ffmpeg wrote %q", data[:4])
	}
	reader, got, err := readAll(bytes.NewReader(append(data, "LIST\x04\x00\x00\x00text"...)))
	if err != nil {
		t.Fatal(err)
	}
	if err := alike(got, want, 0); err != nil {
		t.Error(err)
	}
	if frames, known := reader.Frames(); frames != 4800 || !known {
		t.Errorf("%d frames (%v)", frames, known)
	}
}

func TestIndependentToolsReadOurFiles(t *testing.T) {
	for _, frames := range []int64{4800, Unknown} {
		for _, format := range []pcm.Format{{Rate: 16000, Channels: 1}, {Rate: 48000, Channels: 2}} {
			want := mediatest.Tone(format.Rate, format.Channels, 500, 0.5, 4800)
			file := append(AppendHeader(nil, format, frames), pcm.AppendS16LE(nil, want)...)
			got := mediatest.Samples(mediatest.Run(t, file, "ffmpeg", "-v", "error", "-f", "wav", "-i", "-", "-f", "s16le", "-"))
			if err := alike(got, want, 0); err != nil {
				t.Errorf("ffmpeg, %v, %d frames: %v", format, frames, err)
			}
			got = mediatest.Samples(mediatest.Run(t, file, "sox", "-V1", "--ignore-length", "-t", "wav", "-", "-t", "raw", "-"))
			if err := alike(got, want, 0); err != nil {
				t.Errorf("sox, %v, %d frames: %v", format, frames, err)
			}
		}
	}
}

func TestChunksOfOddLengthAreSkipped(t *testing.T) {
	file := AppendHeader(nil, pcm.Format{Rate: 8000, Channels: 1}, 2)
	odd := append([]byte("junk\x03\x00\x00\x00abc\x00"), file[12:]...)
	_, got, err := readAll(bytes.NewReader(append(append(file[:12:12], odd...), 1, 0, 2, 0, 'x', 'y', 'z')))
	if err != nil || fmt.Sprint(got) != "[1 2]" {
		t.Errorf("%d, %v", got, err)
	}
}

func TestWhatIsNoWaveFileIsRefusedWithAReason(t *testing.T) {
	valid := AppendHeader(nil, pcm.Format{Rate: 8000, Channels: 1}, 100)
	patched := func(at int, bytes ...byte) []byte {
		file := append([]byte(nil), valid...)
		copy(file[at:], bytes)
		return file
	}
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"empty":              {nil, ErrTruncated},
		"short":              {valid[:30], ErrTruncated},
		"an Ogg file":        {[]byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00"), ErrMalformed},
		"an AVI file":        {patched(8, 'A', 'V', 'I', ' '), ErrMalformed},
		"no format":          {patched(12, 'j', 'u', 'n', 'k'), ErrMalformed},
		"long format":        {patched(16, 0, 0, 1, 0), ErrMalformed},
		"short format":       {patched(16, 2, 0, 0, 0), ErrMalformed},
		"MP3":                {patched(20, 0x55), ErrUnsupported},
		"12 bits":            {patched(34, 12), ErrUnsupported},
		"no channels":        {patched(22, 0), ErrUnsupported},
		"256 channels":       {patched(22, 0, 1), ErrUnsupported},
		"4 kHz":              {patched(24, 0xA0, 0x0F), ErrUnsupported},
		"odd frames":         {patched(32, 3), ErrMalformed},
		"half an extensible": {patched(20, 0xFE, 0xFF), ErrMalformed},
		"ends early":         {append(patched(0), 1, 2, 3, 4), ErrTruncated},
		"ends in a sample":   {append(AppendHeader(nil, pcm.Format{Rate: 8000, Channels: 1}, Unknown), 1, 2, 3), ErrTruncated},
		"giant chunk":        {append(valid[:12:12], "junk\xff\xff\xff\x7f"...), ErrMalformed},
	} {
		if _, _, err := readAll(bytes.NewReader(test.data)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadersBeyondFourGigabytesAreOpen(t *testing.T) {
	header := AppendHeader(nil, pcm.Format{Rate: 48000, Channels: 2}, 1<<31)
	if len(header) != HeaderSize || binary.LittleEndian.Uint32(header[40:]) != math.MaxUint32 {
		t.Errorf("% x", header)
	}
}

func FuzzReader(f *testing.F) {
	for _, format := range []pcm.Format{{Rate: 8000, Channels: 1}, {Rate: 48000, Channels: 8}} {
		file := append(AppendHeader(nil, format, 8), make([]byte, 16*format.Channels)...)
		f.Add(file)
		f.Add(zeroLengths(append([]byte(nil), file...)))
		f.Add(append(append(file[:12:12], "ds64\x1c\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...), file[12:]...))
	}
	extensible := AppendHeader(nil, pcm.Format{Rate: 44100, Channels: 2}, 4)
	extensible = append(extensible[:36:36], "\x16\x00\x18\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71data\xff\xff\xff\xff12345678901"...)
	extensible[16], extensible[20], extensible[21] = 40, 0xFE, 0xFF
	f.Add(extensible)

	f.Fuzz(func(t *testing.T, data []byte) {
		reader, samples, err := readAll(bytes.NewReader(data))
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrTruncated) {
			t.Fatalf("error %v", err)
		}
		if len(samples) > len(data) || reader != nil && len(samples)%reader.Format().Channels != 0 {
			t.Fatalf("%d samples of %d bytes", len(samples), len(data))
		}
	})
}

func BenchmarkReader(b *testing.B) {
	file := append(AppendHeader(nil, pcm.Format{Rate: 48000, Channels: 2}, Unknown), make([]byte, 1<<20)...)
	samples := make([]int16, 1920)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for range b.N {
		reader, err := NewReader(bytes.NewReader(file))
		for err == nil {
			_, err = reader.Read(samples)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
}
