package pcm

import (
	"errors"
	"io"
)

// Reader turns a stream of bytes, cut anywhere, into whole frames.
type Reader struct {
	source   io.Reader
	encoding Encoding
	frame    int // bytes
	channels int
	buffer   []byte
	held     int // bytes in buffer
}

const readerBuffer = 8192

// NewReader reads samples of an encoding from source. It fails with ErrUnsupportedFormat.
func NewReader(source io.Reader, format Format, encoding Encoding) (*Reader, error) {
	if err := format.Validate(); err != nil {
		return nil, err
	}
	return &Reader{
		source:   source,
		encoding: encoding,
		frame:    encoding.Size() * format.Channels,
		channels: format.Channels,
		buffer:   make([]byte, readerBuffer),
	}, nil
}

// Read fills samples with whole frames, as many as the next read of the source gives and fit, and returns how many
// samples these are. It fails with io.EOF at the end, with ErrPartialFrame if the end is within a frame, with
// ErrShortBuffer if no frame fits, and with the errors of the source.
func (r *Reader) Read(samples []int16) (int, error) {
	room := len(samples) / r.channels * r.frame
	if room == 0 {
		return 0, ErrShortBuffer
	}
	want := min(room, len(r.buffer)/r.frame*r.frame)
	for empty := 0; r.held < r.frame; {
		count, err := r.source.Read(r.buffer[r.held:want])
		r.held += count
		if r.held >= r.frame {
			break // an error comes again with the next read
		}
		if err != nil {
			if errors.Is(err, io.EOF) && r.held > 0 {
				r.held = 0
				return 0, ErrPartialFrame
			}
			return 0, err
		}
		if empty++; count == 0 && empty > 100 {
			return 0, io.ErrNoProgress
		}
	}
	whole := min(r.held/r.frame*r.frame, room)
	count := r.encoding.Decode(samples, r.buffer[:whole])
	r.held = copy(r.buffer, r.buffer[whole:r.held])
	return count, nil
}
