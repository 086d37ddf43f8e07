// Package annexb reads H.264 as a stream of bytes (ITU-T H.264, Annex B), access unit by access unit.
package annexb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Types of NAL units (table 7-1).
const (
	TypeSlice     = 1
	TypeIDR       = 5
	TypeSEI       = 6
	TypeSPS       = 7
	TypePPS       = 8
	TypeDelimiter = 9
	TypeFiller    = 12
)

const (
	// MaxUnit is the largest access unit read.
	MaxUnit = 8 << 20

	step = 64 << 10
)

var (
	// ErrMalformed says that bytes are no H.264 in Annex B form.
	ErrMalformed = errors.New("malformed H.264 stream")

	startCode = []byte{0, 0, 0, 1}
)

// AppendNAL appends a NAL unit with its start code.
func AppendNAL(data, nal []byte) []byte {
	return append(append(data, startCode...), nal...)
}

// Type is the type of a NAL unit; 0 when it is empty.
func Type(nal []byte) byte {
	if len(nal) == 0 {
		return 0
	}
	return nal[0] & 0x1F
}

// Next cuts the first NAL unit off data, which may begin with a start code. There is none left when nal is empty.
func Next(data []byte) (nal, rest []byte) {
	for len(data) > 0 {
		if start, length := findStart(data); start == 0 {
			data = data[length:]
			continue
		} else if start > 0 {
			nal, data = data[:start], data[start:]
		} else {
			nal, data = data, nil
		}
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) > 0 {
			return nal, data
		}
	}
	return nil, nil
}

// findStart is where a start code of three bytes begins, and its length; -1 without one.
func findStart(data []byte) (start, length int) {
	from := 0
	for {
		at := bytes.IndexByte(data[from:], 1)
		if at < 0 {
			return -1, 0
		}
		if at += from; at >= 2 && data[at-1] == 0 && data[at-2] == 0 {
			return at - 2, 3
		}
		from = at + 1
	}
}

// Unit is an access unit: a frame, with what belongs to it.
type Unit struct {
	Data     []byte // NAL units with start codes of four bytes
	Keyframe bool   // it has an IDR picture
}

// Reader reads a stream. It belongs to one goroutine at a time.
type Reader struct {
	source  io.Reader
	memory  []byte
	buffer  []byte // within memory: what is read and not yet cut into NAL units
	scanned int    // buffer up to here has no start code
	begun   bool   // the first start code was seen
	ended   error  // of the source
	pending []byte // the first NAL unit of the next access unit
	unit    []byte
	picture bool // unit has a slice
	key     bool
	sps     SPS
	hasSPS  bool
}

// NewReader reads from source.
func NewReader(source io.Reader) *Reader { return &Reader{source: source} }

// SPS is the newest sequence parameter set, once one was read.
func (r *Reader) SPS() (SPS, bool) { return r.sps, r.hasSPS }

// Next reads an access unit, whose data stays valid until the next call. An access unit ends where the next one begins,
// so a live stream runs one frame behind. It fails with io.EOF at the end, with ErrMalformed when there is no start code at the
// beginning, a parameter set makes no sense or a unit is larger than MaxUnit, and with the errors of the source.
func (r *Reader) Next() (Unit, error) {
	r.unit, r.picture, r.key = r.unit[:0], false, false
	if len(r.pending) > 0 {
		if err := r.add(r.pending); err != nil {
			return Unit{}, err
		}
		r.pending = r.pending[:0]
	}
	for {
		nal, err := r.nextNAL()
		if errors.Is(err, io.EOF) && len(r.unit) > 0 && r.picture {
			return r.finish(), nil
		}
		if err != nil {
			return Unit{}, err
		}
		if r.picture && beginsUnit(nal) {
			r.pending = append(r.pending[:0], nal...)
			return r.finish(), nil
		}
		if err := r.add(nal); err != nil {
			return Unit{}, err
		}
	}
}

func (r *Reader) finish() Unit { return Unit{Data: r.unit, Keyframe: r.key} }

// beginsUnit tells whether a NAL unit after a slice belongs to the next access unit (7.4.1.2.3). A slice does when it
// holds the first macroblock, whose number 0 is coded as a single bit 1.
func beginsUnit(nal []byte) bool {
	switch kind := Type(nal); {
	case kind >= TypeSlice && kind <= TypeIDR:
		return len(nal) > 1 && nal[1]&0x80 != 0
	case kind >= TypeSEI && kind <= TypeDelimiter, kind >= 14 && kind <= 18:
		return true
	}
	return false
}

func (r *Reader) add(nal []byte) error {
	if len(r.unit)+len(nal)+len(startCode) > MaxUnit {
		return fmt.Errorf("%w: an access unit of more than %d bytes", ErrMalformed, MaxUnit)
	}
	switch Type(nal) {
	case TypeIDR:
		r.key, r.picture = true, true
	case TypeSlice, 2, 3, 4:
		r.picture = true
	case TypeSPS:
		sps, err := ParseSPS(nal)
		if err != nil {
			return err
		}
		r.sps, r.hasSPS = sps, true
	}
	r.unit = AppendNAL(r.unit, nal)
	return nil
}

// nextNAL is valid until its next call.
func (r *Reader) nextNAL() ([]byte, error) {
	for {
		start, length := findStart(r.buffer[r.scanned:])
		if start >= 0 {
			start += r.scanned
			nal := bytes.TrimRight(r.buffer[:start], "\x00")
			r.buffer, r.scanned = r.buffer[start+length:], 0
			if !r.begun && len(nal) > 0 {
				return nil, fmt.Errorf("%w: it does not begin with a start code", ErrMalformed)
			}
			r.begun = true
			if len(nal) > 0 {
				return nal, nil
			}
			continue
		}
		if r.ended != nil {
			return r.lastNAL()
		}
		if len(r.buffer) > MaxUnit {
			return nil, fmt.Errorf("%w: a NAL unit of more than %d bytes", ErrMalformed, MaxUnit)
		}
		r.scanned = max(0, len(r.buffer)-2)
		r.fill()
	}
}

func (r *Reader) lastNAL() ([]byte, error) {
	nal := bytes.TrimRight(r.buffer, "\x00")
	r.buffer, r.scanned = nil, 0
	if len(nal) > 0 && errors.Is(r.ended, io.EOF) {
		if !r.begun {
			return nil, fmt.Errorf("%w: it has no start code", ErrMalformed)
		}
		return nal, nil
	}
	return nil, r.ended
}

// fill reads more. It moves the buffer, so NAL units cut from it are copied by then.
func (r *Reader) fill() {
	if cap(r.buffer)-len(r.buffer) < step/2 {
		if len(r.buffer)+step > len(r.memory) {
			r.memory = append(make([]byte, 0, 2*len(r.buffer)+2*step), r.buffer...)
			r.memory = r.memory[:cap(r.memory)]
			r.buffer = r.memory[:len(r.buffer)]
		} else {
			r.buffer = r.memory[:copy(r.memory, r.buffer)]
		}
	}
	for range 100 {
		count, err := r.source.Read(r.buffer[len(r.buffer):cap(r.buffer)])
		r.buffer = r.buffer[:len(r.buffer)+count]
		if err != nil {
			r.ended = err
			return
		}
		if count > 0 {
			return
		}
	}
	r.ended = io.ErrNoProgress
}
