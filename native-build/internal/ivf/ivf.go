// Package ivf reads and writes IVF, the plain container of VP8, VP9 and AV1, as a stream.
package ivf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// HeaderSize is the length of the file header that AppendHeader appends.
	HeaderSize = 32
	// FrameHeaderSize is what AppendFrame puts before each frame.
	FrameHeaderSize = 12
	// MaxFrame is the largest frame read.
	MaxFrame = 8 << 20

	maxHeader = 1 << 10
	step      = 64 << 10
)

var (
	// ErrMalformed says that bytes are no IVF file.
	ErrMalformed = errors.New("malformed IVF file")
	// ErrTruncated says that a file ends within a header or a frame.
	ErrTruncated = errors.New("truncated IVF file")
)

// Header is that of a file.
type Header struct {
	FourCC        string // "VP80", "VP90" or "AV01", but any four bytes are read
	Width, Height int    // pixels, 0 to 65535
	// A timestamp counts in units of Scale/Rate seconds. Both are above 0.
	Rate, Scale uint32
	Frames      uint32 // as told by the file: 0 when it was made as a stream
}

// Time is a timestamp as a duration; what does not fit is the longest.
func (h Header) Time(timestamp uint64) time.Duration {
	seconds := float64(timestamp) * float64(h.Scale) / float64(h.Rate)
	if seconds > 9e9 {
		return 1<<63 - 1
	}
	return time.Duration(seconds*1e9 + 0.5)
}

// Reader reads a file. It belongs to one goroutine at a time.
type Reader struct {
	source io.Reader
	header Header
	frame  []byte
	head   [FrameHeaderSize]byte
}

// NewReader reads the header. It fails with ErrMalformed, ErrTruncated or the errors of the source.
func NewReader(source io.Reader) (*Reader, error) {
	var head [HeaderSize]byte
	if _, err := io.ReadFull(source, head[:]); err != nil {
		return nil, ended(err, "header")
	}
	reader := &Reader{source: source, header: Header{
		FourCC: string(head[8:12]),
		Width:  int(binary.LittleEndian.Uint16(head[12:])),
		Height: int(binary.LittleEndian.Uint16(head[14:])),
		Rate:   binary.LittleEndian.Uint32(head[16:]),
		Scale:  binary.LittleEndian.Uint32(head[20:]),
		Frames: binary.LittleEndian.Uint32(head[24:]),
	}}
	length := binary.LittleEndian.Uint16(head[6:])
	switch {
	case string(head[:4]) != "DKIF":
		return nil, fmt.Errorf("%w: it begins with %q", ErrMalformed, head[:4])
	case length < HeaderSize || length > maxHeader:
		return nil, fmt.Errorf("%w: a header of %d bytes", ErrMalformed, length)
	case reader.header.Rate == 0 || reader.header.Scale == 0:
		return nil, fmt.Errorf("%w: time in units of %d/%d s", ErrMalformed, reader.header.Scale, reader.header.Rate)
	}
	if _, err := io.CopyN(io.Discard, source, int64(length)-HeaderSize); err != nil {
		return nil, ended(err, "header")
	}
	return reader, nil
}

// Header is the file's.
func (r *Reader) Header() Header { return r.header }

// Next reads a frame, which stays valid until the next call, and its timestamp. It fails with io.EOF at the end, with
// ErrMalformed when a frame is larger than MaxFrame or empty, with ErrTruncated, or with the errors of the source.
func (r *Reader) Next() (frame []byte, timestamp uint64, err error) {
	if _, err := io.ReadFull(r.source, r.head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, 0, io.EOF
		}
		return nil, 0, ended(err, "frame's header")
	}
	size := int(binary.LittleEndian.Uint32(r.head[:]))
	if size == 0 || size > MaxFrame {
		return nil, 0, fmt.Errorf("%w: a frame of %d bytes", ErrMalformed, size)
	}
	// Memory grows as bytes come: a size alone costs nothing.
	r.frame = r.frame[:0]
	for len(r.frame) < size {
		have := len(r.frame)
		want := min(size, max(cap(r.frame), have+step))
		if want > cap(r.frame) {
			r.frame = append(r.frame, make([]byte, want-have)...)
		}
		r.frame = r.frame[:want]
		if _, err := io.ReadFull(r.source, r.frame[have:]); err != nil {
			return nil, 0, ended(err, "frame")
		}
	}
	return r.frame, binary.LittleEndian.Uint64(r.head[4:]), nil
}

func ended(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends in the %s", ErrTruncated, what)
	}
	return err
}

// AppendHeader appends the header of a file. FourCC must have four bytes.
func AppendHeader(data []byte, header Header) []byte {
	data = append(data, "DKIF\x00\x00\x20\x00"...)
	data = append(data, header.FourCC[:4]...)
	data = binary.LittleEndian.AppendUint16(data, uint16(header.Width))
	data = binary.LittleEndian.AppendUint16(data, uint16(header.Height))
	data = binary.LittleEndian.AppendUint32(data, header.Rate)
	data = binary.LittleEndian.AppendUint32(data, header.Scale)
	data = binary.LittleEndian.AppendUint32(data, header.Frames)
	return append(data, 0, 0, 0, 0)
}

// AppendFrame appends a frame.
func AppendFrame(data []byte, timestamp uint64, frame []byte) []byte {
	data = binary.LittleEndian.AppendUint32(data, uint32(len(frame)))
	data = binary.LittleEndian.AppendUint64(data, timestamp)
	return append(data, frame...)
}
