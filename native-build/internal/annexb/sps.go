package annexb

import (
	"fmt"
	"time"
)

// SPS is what a sequence parameter set tells (7.3.2.1.1).
type SPS struct {
	Profile, Constraints, Level byte
	Width, Height               int // pixels that are shown
	// FrameTime is how long a frame lasts, when the stream says so; else 0.
	FrameTime time.Duration
}

// ParseSPS reads a NAL unit of type 7. It fails with ErrMalformed.
func ParseSPS(nal []byte) (SPS, error) {
	if Type(nal) != TypeSPS || len(nal) < 4 {
		return SPS{}, fmt.Errorf("%w: a parameter set of %d bytes", ErrMalformed, len(nal))
	}
	sps := SPS{Profile: nal[1], Constraints: nal[2], Level: nal[3]}
	bits := &bitReader{data: nal[4:]}
	bits.ue() // its id
	chroma := uint32(1)
	separate := false
	if hasChroma(sps.Profile) {
		chroma = bits.ue()
		if chroma == 3 {
			separate = bits.flag()
		}
		bits.ue() // bit depths
		bits.ue()
		bits.flag()
		if bits.flag() {
			skipScaling(bits, chroma)
		}
	}
	bits.ue() // size of frame numbers
	skipOrder(bits)
	bits.ue() // reference frames
	bits.flag()
	columns, rows := bits.ue()+1, bits.ue()+1
	frames := bits.flag()
	if !frames {
		bits.flag()
		rows *= 2
	}
	bits.flag()
	if columns > 1024 || rows > 1024 || chroma > 3 {
		return SPS{}, fmt.Errorf("%w: a picture of %d x %d macroblocks", ErrMalformed, columns, rows)
	}
	sps.Width, sps.Height = int(columns)*16, int(rows)*16
	if bits.flag() {
		crop(&sps, bits, chroma, separate, frames)
	}
	if bits.flag() {
		sps.FrameTime = frameTime(bits)
	}
	if bits.overrun || sps.Width <= 0 || sps.Height <= 0 {
		return SPS{}, fmt.Errorf("%w: a parameter set that makes no sense", ErrMalformed)
	}
	return sps, nil
}

func hasChroma(profile byte) bool {
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

func skipScaling(bits *bitReader, chroma uint32) {
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for list := 0; list < lists; list++ {
		if !bits.flag() {
			continue
		}
		size := 16
		if list >= 6 {
			size = 64
		}
		last, next := int32(8), int32(8)
		for i := 0; i < size && next != 0; i++ {
			next = (last + bits.se()) & 0xFF
			if next != 0 {
				last = next
			}
		}
	}
}

// skipOrder skips the picture order count.
func skipOrder(bits *bitReader) {
	switch bits.ue() {
	case 0:
		bits.ue()
	case 1:
		bits.flag()
		bits.ue()
		bits.ue()
		for count := bits.ue(); count > 0 && !bits.overrun; count-- {
			bits.ue()
		}
	}
}

func crop(sps *SPS, bits *bitReader, chroma uint32, separate, frames bool) {
	left, right, top, bottom := bits.ue(), bits.ue(), bits.ue(), bits.ue()
	x, y := 1, 1
	if !separate && (chroma == 1 || chroma == 2) {
		x = 2
	}
	if !separate && chroma == 1 {
		y = 2
	}
	if !frames {
		y *= 2
	}
	const most = 1 << 16
	if left > most || right > most || top > most || bottom > most {
		sps.Width = 0
		return
	}
	sps.Width -= x * int(left+right)
	sps.Height -= y * int(top+bottom)
}

// frameTime reads the usability information (annex E) up to its timing.
func frameTime(bits *bitReader) time.Duration {
	if bits.flag() && bits.bits(8) == 255 { // aspect ratio
		bits.bits(32)
	}
	if bits.flag() {
		bits.flag()
	}
	if bits.flag() { // video signal
		bits.bits(4)
		if bits.flag() {
			bits.bits(24)
		}
	}
	if bits.flag() {
		bits.ue()
		bits.ue()
	}
	if !bits.flag() {
		return 0
	}
	tick, scale := bits.bits(32), bits.bits(32)
	if scale == 0 || tick == 0 || bits.overrun {
		return 0
	}
	// A tick is a field: a frame has two.
	length := 2 * float64(tick) / float64(scale)
	if length < 0.001 || length > 10 {
		return 0
	}
	return time.Duration(length * float64(time.Second))
}
