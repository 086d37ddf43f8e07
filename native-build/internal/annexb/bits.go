package annexb

// bitReader reads bits of a NAL unit, less the bytes that keep start codes from appearing in it (7.4.1).
type bitReader struct {
	data    []byte
	zeros   int
	current byte
	left    int
	overrun bool // more was read than there is
}

func (b *bitReader) bit() uint32 {
	if b.left == 0 {
		if b.zeros >= 2 && len(b.data) > 0 && b.data[0] == 3 {
			b.data, b.zeros = b.data[1:], 0
		}
		if len(b.data) == 0 {
			b.overrun = true
			return 0
		}
		b.current, b.data, b.left = b.data[0], b.data[1:], 8
		if b.current == 0 {
			b.zeros++
		} else {
			b.zeros = 0
		}
	}
	b.left--
	return uint32(b.current>>b.left) & 1
}

func (b *bitReader) flag() bool { return b.bit() == 1 }

// bits reads up to 32 bits.
func (b *bitReader) bits(count int) (value uint32) {
	for range count {
		value = value<<1 | b.bit()
	}
	return value
}

// ue reads an unsigned Exp-Golomb code.
func (b *bitReader) ue() uint32 {
	zeros := 0
	for b.bit() == 0 {
		if zeros++; zeros > 31 || b.overrun {
			b.overrun = true
			return 0
		}
	}
	return 1<<zeros - 1 + b.bits(zeros)
}

// se reads a signed Exp-Golomb code.
func (b *bitReader) se() int32 {
	value := int64(b.ue())
	if value&1 == 1 {
		return int32((value + 1) / 2)
	}
	return int32(-value / 2)
}
