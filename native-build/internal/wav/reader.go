// Package wav reads and writes WAVE files as streams: nothing is sought, and lengths may be unknown.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"streamgateway/native/internal/pcm"
)

var (
	// ErrMalformed says that bytes are no WAVE file.
	ErrMalformed = errors.New("malformed WAVE file")
	// ErrTruncated says that a file ended before the length that it told.
	ErrTruncated = errors.New("truncated WAVE file")
	// ErrUnsupported says that a WAVE file holds something else than PCM of 8, 16, 24 or 32 bits, float, A-law or mu-law.
	ErrUnsupported = errors.New("unsupported WAVE format")
)

const (
	// maxSkipped bounds the chunks before the audio, such as pictures and texts.
	maxSkipped = 64 << 20
	// maxFormat bounds the format chunk; 40 bytes are in use.
	maxFormat = 1 << 10

	// Programs that write to pipes cannot know the length, and put a very large one: ffmpeg all ones, others a little
	// below 2^31 or 2^32.
	unknownSize = 0x7FFF0000
)

// Format tags (RFC 2361).
const (
	tagPCM        = 1
	tagFloat      = 3
	tagALaw       = 6
	tagMuLaw      = 7
	tagExtensible = 0xFFFE
)

// Reader reads a WAVE file. It belongs to one goroutine at a time.
type Reader struct {
	source   io.Reader
	format   pcm.Format
	encoding pcm.Encoding
	samples  *pcm.Reader
	left     int64 // bytes of audio to come; MaxInt64: until the end
	frames   int64 // -1: unknown
	wide     uint64
}

// NewReader reads up to the first sample. It fails with ErrMalformed, ErrUnsupported, ErrTruncated or the errors of the source.
func NewReader(source io.Reader) (*Reader, error) {
	reader := &Reader{source: source}
	if err := reader.readHeader(); err != nil {
		return nil, err
	}
	samples, err := pcm.NewReader((*audio)(reader), reader.format, reader.encoding)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	reader.samples = samples
	return reader, nil
}

// Format is the rate and the channels.
func (r *Reader) Format() pcm.Format { return r.format }

// Frames is the length that the file told; unknown for streams that are still being made.
func (r *Reader) Frames() (frames int64, known bool) { return max(0, r.frames), r.frames >= 0 }

// Read fills samples with whole frames, as 16-bit, and returns how many samples these are. It fails with io.EOF after
// the last one, and with ErrTruncated when the source ends before the length that was told.
func (r *Reader) Read(samples []int16) (int, error) {
	count, err := r.samples.Read(samples)
	if errors.Is(err, pcm.ErrPartialFrame) {
		return count, fmt.Errorf("%w: %w", ErrTruncated, err)
	}
	return count, err
}

// audio is the bytes of the data chunk.
type audio Reader

func (a *audio) Read(data []byte) (int, error) {
	if a.left == 0 {
		return 0, io.EOF
	}
	count, err := a.source.Read(data[:min(int64(len(data)), a.left)])
	if a.left == math.MaxInt64 {
		return count, err
	}
	a.left -= int64(count)
	if a.left > 0 && errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %d bytes of audio are missing", ErrTruncated, a.left)
	}
	return count, err
}

func (r *Reader) readHeader() error {
	var head [12]byte
	if err := r.fill(head[:], "header"); err != nil {
		return err
	}
	kind := string(head[:4])
	if kind != "RIFF" && kind != "RF64" && kind != "BW64" || string(head[8:]) != "WAVE" {
		return fmt.Errorf("%w: it begins with %q", ErrMalformed, head)
	}
	formatSeen, skipped := false, int64(0)
	for {
		var chunk [8]byte
		if err := r.fill(chunk[:], "chunk"); err != nil {
			return err
		}
		name, size := string(chunk[:4]), int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch name {
		case "fmt ":
			if err := r.readFormat(size); err != nil {
				return err
			}
			formatSeen = true
		case "ds64":
			if err := r.readWideSizes(size); err != nil {
				return err
			}
		case "data":
			if !formatSeen {
				return fmt.Errorf("%w: the audio comes before its format", ErrMalformed)
			}
			r.setLength(size, binary.LittleEndian.Uint32(head[4:]), kind != "RIFF")
			return nil
		default:
			if skipped += size; skipped > maxSkipped {
				return fmt.Errorf("%w: more than %d bytes before the audio", ErrMalformed, maxSkipped)
			}
			if err := r.skip(size + size&1); err != nil {
				return err
			}
		}
	}
}

// readFormat reads the body of the format chunk.
func (r *Reader) readFormat(size int64) error {
	if size < 16 || size > maxFormat {
		return fmt.Errorf("%w: a format chunk of %d bytes", ErrMalformed, size)
	}
	body := make([]byte, size+size&1)
	if err := r.fill(body, "format"); err != nil {
		return err
	}
	tag := binary.LittleEndian.Uint16(body)
	bits := binary.LittleEndian.Uint16(body[14:])
	if tag == tagExtensible {
		if size < 40 {
			return fmt.Errorf("%w: an extensible format chunk of %d bytes", ErrMalformed, size)
		}
		tag = binary.LittleEndian.Uint16(body[24:]) // the first bytes of the sub-format's GUID
	}
	encoding, ok := encodingOf(tag, bits)
	if !ok {
		return fmt.Errorf("%w: format tag %d with %d bits", ErrUnsupported, tag, bits)
	}
	r.encoding = encoding
	r.format = pcm.Format{
		Channels: int(binary.LittleEndian.Uint16(body[2:])),
		Rate:     int(binary.LittleEndian.Uint32(body[4:])),
	}
	if err := r.format.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if align := int(binary.LittleEndian.Uint16(body[12:])); align != encoding.Size()*r.format.Channels {
		return fmt.Errorf("%w: frames of %d bytes for %d channels of %d bits", ErrMalformed, align, r.format.Channels, bits)
	}
	return nil
}

func encodingOf(tag, bits uint16) (pcm.Encoding, bool) {
	switch {
	case tag == tagPCM && bits == 8:
		return pcm.U8, true
	case tag == tagPCM && bits == 16:
		return pcm.S16LE, true
	case tag == tagPCM && bits == 24:
		return pcm.S24LE, true
	case tag == tagPCM && bits == 32:
		return pcm.S32LE, true
	case tag == tagFloat && bits == 32:
		return pcm.F32LE, true
	case tag == tagFloat && bits == 64:
		return pcm.F64LE, true
	case tag == tagALaw && bits == 8:
		return pcm.ALaw, true
	case tag == tagMuLaw && bits == 8:
		return pcm.MuLaw, true
	}
	return 0, false
}

// readWideSizes reads the 64-bit lengths of RF64 (EBU Tech 3306).
func (r *Reader) readWideSizes(size int64) error {
	if size < 24 || size > maxFormat {
		return fmt.Errorf("%w: a ds64 chunk of %d bytes", ErrMalformed, size)
	}
	body := make([]byte, size+size&1)
	if err := r.fill(body, "ds64"); err != nil {
		return err
	}
	r.wide = binary.LittleEndian.Uint64(body[8:])
	return nil
}

func (r *Reader) setLength(size int64, riff uint32, wide bool) {
	switch {
	case wide && size == math.MaxUint32 && r.wide > 0 && r.wide < math.MaxInt64:
		r.left = int64(r.wide)
	case size >= unknownSize && size <= math.MaxInt32 || size >= 2*unknownSize,
		size == 0 && (riff == 0 || riff >= unknownSize):
		r.left, r.frames = math.MaxInt64, -1
		return
	default:
		r.left = size
	}
	r.frames = r.left / int64(r.encoding.Size()*r.format.Channels)
}

// fill reads all of data.
func (r *Reader) fill(data []byte, what string) error {
	_, err := io.ReadFull(r.source, data)
	return ended(err, what)
}

func (r *Reader) skip(size int64) error {
	_, err := io.CopyN(io.Discard, r.source, size)
	return ended(err, "chunk")
}

func ended(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends in the %s", ErrTruncated, what)
	}
	return err
}
