package video

// bitReader reads bits, the highest first.
type bitReader struct {
	data    []byte
	at      int  // bits
	overrun bool // more was read than there is
}

func (b *bitReader) bits(count int) (value uint32) {
	for range count {
		value <<= 1
		if b.at/8 >= len(b.data) {
			b.overrun = true
			continue
		}
		value |= uint32(b.data[b.at/8]>>(7-b.at%8)) & 1
		b.at++
	}
	return value
}

func (b *bitReader) flag() bool { return b.bits(1) == 1 }
