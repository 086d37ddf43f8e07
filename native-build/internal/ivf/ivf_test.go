package ivf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"streamgateway/native/internal/mediatest"
)

type frame struct {
	data      []byte
	timestamp uint64
}

func readAll(source io.Reader) (Header, []frame, error) {
	reader, err := NewReader(source)
	if err != nil {
		return Header{}, nil, err
	}
	var frames []frame
	for {
		data, timestamp, err := reader.Next()
		if err == io.EOF {
			return reader.Header(), frames, nil
		}
		if err != nil {
			return reader.Header(), frames, err
		}
		frames = append(frames, frame{bytes.Clone(data), timestamp})
	}
}

func write(header Header, frames []frame) []byte {
	file := AppendHeader(nil, header)
	for _, frame := range frames {
		file = AppendFrame(file, frame.timestamp, frame.data)
	}
	return file
}

// film makes a file with ffmpeg, with two frames left out of every second.
func film(t testing.TB) []byte {
	return mediatest.Run(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=25", "-vf", "select='gt(mod(n,25),1)'", "-fps_mode",
		"passthrough", "-frames:v", "46", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-f", "ivf", "-")
}

func TestFilesOfFFmpegAreReadAndWrittenTheSame(t *testing.T) {
	file := film(t)
	header, frames, err := readAll(iotest.HalfReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	if header.FourCC != "VP80" || header.Width != 160 || header.Height != 90 || len(frames) != 46 {
		t.Errorf("%+v, %d frames", header, len(frames))
	}
	if last := header.Time(frames[45].timestamp - frames[0].timestamp); last != 47*40*time.Millisecond {
		t.Errorf("the last frame is at %v", last)
	}
	decode := func(file []byte) []byte {
		return mediatest.Run(t, file, "ffmpeg", "-v", "error", "-i", "-", "-fps_mode", "passthrough", "-f", "framecrc", "-")
	}
	if ours := decode(write(header, frames)); !bytes.Equal(ours, decode(file)) {
		t.Error("ffmpeg decodes our file differently")
	}
}

func TestWhatIsNoIVFIsRefused(t *testing.T) {
	valid := write(Header{FourCC: "VP80", Width: 1, Height: 1, Rate: 30, Scale: 1}, []frame{{[]byte{1, 2, 3}, 0}})
	patched := func(at int, bytes ...byte) []byte {
		file := append([]byte(nil), valid...)
		copy(file[at:], bytes)
		return file
	}
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"empty":        {nil, ErrTruncated},
		"a header":     {valid[:20], ErrTruncated},
		"a WAVE file":  {patched(0, 'R', 'I', 'F', 'F'), ErrMalformed},
		"short header": {patched(6, 8), ErrMalformed},
		"long header":  {patched(6, 0xFF, 0xFF), ErrMalformed},
		"no rate":      {patched(16, 0), ErrMalformed},
		"no scale":     {patched(20, 0), ErrMalformed},
		"empty frame":  {patched(32, 0), ErrMalformed},
		"giant frame":  {patched(32, 0xFF, 0xFF, 0xFF, 0xFF), ErrMalformed},
		"half a frame": {valid[:len(valid)-1], ErrTruncated},
		"half a head":  {valid[:40], ErrTruncated},
		"large claim":  {patched(32, 0, 0, 0x7F, 0), ErrTruncated},
	} {
		if _, _, err := readAll(bytes.NewReader(test.data)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if reader, err := NewReader(bytes.NewReader(patched(32, 0, 0, 0x7F, 0))); err != nil {
		t.Error(err)
	} else if reader.Next(); cap(reader.frame) > 1<<20 {
		t.Errorf("a size of 8 MB cost %d bytes", cap(reader.frame))
	}
}

func TestLongerHeadersAreSkipped(t *testing.T) {
	file := AppendHeader(nil, Header{FourCC: "AV01", Rate: 90000, Scale: 1})
	binary.LittleEndian.PutUint16(file[6:], 40)
	file = AppendFrame(append(file, make([]byte, 8)...), 90000, []byte("frame"))
	header, frames, err := readAll(bytes.NewReader(file))
	if err != nil || len(frames) != 1 || string(frames[0].data) != "frame" || header.Time(frames[0].timestamp) != time.Second {
		t.Errorf("%+v, %v, %v", header, frames, err)
	}
	if (Header{Rate: 1, Scale: 1}).Time(1<<63) != 1<<63-1 {
		t.Error("a time beyond all durations")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(Header{FourCC: "VP90", Width: 640, Height: 480, Rate: 30, Scale: 1}, []frame{{[]byte{1, 2, 3}, 0}, {[]byte{4}, 1}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		header, frames, err := readAll(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTruncated) {
				t.Fatal(err)
			}
			return
		}
		again, same, err := readAll(bytes.NewReader(write(header, frames)))
		if err != nil || again != header || len(same) != len(frames) {
			t.Fatalf("%+v became %+v, %v", header, again, err)
		}
		for _, frame := range frames {
			if header.Time(frame.timestamp) < 0 {
				t.Fatal("a negative time")
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	file := film(b)
	reader, err := NewReader(bytes.NewReader(file))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, _, err = reader.Next(); err == io.EOF {
			reader.source = bytes.NewReader(file[HeaderSize:])
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
