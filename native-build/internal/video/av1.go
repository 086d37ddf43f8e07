package video

// Types of OBUs (AV1 bitstream, section 6.2.2).
const (
	obuSequence  = 1
	obuDelimiter = 2
	obuHeader    = 3
	obuFrame     = 6
	obuTileList  = 8
	obuPadding   = 15

	obuExtension = 0x04
	obuHasSize   = 0x02
)

// av1Depacketizer reads the RTP payload format of AV1, and makes temporal units in which every OBU has its size.
type av1Depacketizer struct {
	part []byte // an OBU whose rest is in the next payload
	open bool
}

const (
	av1Continues = 0x80 // Z
	av1Open      = 0x40 // Y
	av1Sequence  = 0x08 // N
)

func (*av1Depacketizer) begins(payload []byte) bool {
	return len(payload) > 0 && payload[0]&(av1Continues|av1Sequence) == av1Sequence
}

func (d *av1Depacketizer) reset() { d.part, d.open = d.part[:0], false }

func (d *av1Depacketizer) add(frame, payload []byte) ([]byte, error) {
	if len(payload) < 2 {
		return frame, malformed("an AV1 payload of %d bytes", len(payload))
	}
	if len(frame) == 0 {
		frame = append(frame, obuDelimiter<<3|obuHasSize, 0)
	}
	head, count := payload[0], int(payload[0]>>4&3)
	if continues := head&av1Continues != 0; continues != d.open {
		return frame, malformed("an AV1 fragment out of place")
	}
	payload = payload[1:]
	for element := 1; len(payload) > 0; element++ {
		size := uint64(len(payload))
		if element != count {
			var length int
			if size, length = leb128(payload); length == 0 || size > uint64(len(payload)-length) {
				return frame, malformed("an AV1 element of %d bytes", size)
			}
			payload = payload[length:]
		}
		if len(d.part)+int(size) > MaxFrame {
			return frame, malformed("an AV1 unit of more than %d bytes", MaxFrame)
		}
		d.part = append(d.part, payload[:size]...)
		payload = payload[size:]
		if d.open = len(payload) == 0 && head&av1Open != 0; d.open {
			break
		}
		var err error
		if frame, err = d.addOBU(frame); err != nil {
			return frame, err
		}
	}
	return frame, nil
}

// addOBU appends the OBU that is whole now.
func (d *av1Depacketizer) addOBU(frame []byte) ([]byte, error) {
	obu := d.part
	d.part = d.part[:0]
	if len(obu) == 0 {
		return frame, nil
	}
	header, body, err := splitOBU(obu)
	if err != nil {
		return frame, err
	}
	switch obu[0] >> 3 & 15 {
	case obuDelimiter, obuTileList, obuPadding:
		return frame, nil
	}
	frame = append(frame, obu[0]|obuHasSize)
	frame = append(frame, obu[1:header]...)
	frame = appendLEB128(frame, len(body))
	return append(frame, body...), nil
}

func (d *av1Depacketizer) finish(frame []byte) ([]byte, error) {
	if d.open {
		return frame, malformed("an AV1 fragment without its end")
	}
	return frame, nil
}

// splitOBU is the length of an OBU's header without its size, and the body. The OBU takes all bytes, unless it says less.
func splitOBU(obu []byte) (header int, body []byte, err error) {
	if len(obu) == 0 || obu[0]&0x80 != 0 {
		return 0, nil, malformed("an AV1 unit without a header")
	}
	header = 1
	if obu[0]&obuExtension != 0 {
		header = 2
	}
	if len(obu) < header {
		return 0, nil, malformed("an AV1 unit of %d bytes", len(obu))
	}
	body = obu[header:]
	if obu[0]&obuHasSize != 0 {
		size, length := leb128(body)
		if length == 0 || size > uint64(len(body)-length) {
			return 0, nil, malformed("an AV1 unit of %d bytes, with %d to come", size, len(body))
		}
		body = body[length : length+int(size)]
	}
	return header, body, nil
}

// nextOBU cuts the first OBU off a temporal unit.
func nextOBU(data []byte) (obu []byte, header int, body, rest []byte, err error) {
	header, body, err = splitOBU(data)
	if err != nil {
		return nil, 0, nil, nil, err
	}
	size := header + len(body)
	if data[0]&obuHasSize != 0 {
		_, length := leb128(data[header:])
		size += length
	}
	return data[:size], header, body, data[size:], nil
}

func leb128(data []byte) (value uint64, length int) {
	for i := 0; i < len(data) && i < 5; i++ {
		value |= uint64(data[i]&0x7F) << (7 * i)
		if data[i]&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}

func appendLEB128(data []byte, value int) []byte {
	for ; value >= 0x80; value >>= 7 {
		data = append(data, byte(value)|0x80)
	}
	return append(data, byte(value))
}

// inspectAV1 looks for a sequence header and a keyframe after it.
func inspectAV1(frame []byte) (Info, error) {
	var info Info
	seen, reduced := false, false
	for len(frame) > 0 {
		obu, _, body, rest, err := nextOBU(frame)
		if err != nil {
			return Info{}, err
		}
		switch obu[0] >> 3 & 15 {
		case obuSequence:
			if info.Width, info.Height, reduced, err = av1Size(body); err != nil {
				return Info{}, err
			}
			seen = true
		case obuFrame, obuHeader:
			// A bit for "shows an existing frame", then two for the type of frame, 0 for a key.
			info.Keyframe = seen && len(body) > 0 && (reduced || body[0]&0xE0 == 0)
			return info, nil
		}
		frame = rest
	}
	return info, nil
}

// av1Size reads a sequence header (section 5.5).
func av1Size(body []byte) (width, height int, reduced bool, err error) {
	bits := &bitReader{data: body}
	bits.bits(4) // profile, still picture
	if reduced = bits.flag(); reduced {
		bits.bits(5)
	} else {
		skipOperatingPoints(bits)
	}
	widthBits, heightBits := int(bits.bits(4))+1, int(bits.bits(4))+1
	width, height = int(bits.bits(widthBits))+1, int(bits.bits(heightBits))+1
	if bits.overrun {
		return 0, 0, false, malformed("an AV1 sequence header of %d bytes", len(body))
	}
	return width, height, reduced, nil
}

func skipOperatingPoints(bits *bitReader) {
	delayBits, model := 0, false
	if bits.flag() { // timing
		bits.bits(32)
		bits.bits(32)
		if bits.flag() { // a number of ticks, as many bits as there are zeros before it
			zeros := 0
			for !bits.flag() && !bits.overrun && zeros < 32 {
				zeros++
			}
			bits.bits(zeros)
		}
		if model = bits.flag(); model {
			delayBits = int(bits.bits(5)) + 1
			bits.bits(32)
			bits.bits(10)
		}
	}
	display := bits.flag()
	for points := bits.bits(5) + 1; points > 0; points-- {
		bits.bits(12)
		if bits.bits(5) > 7 { // level
			bits.bits(1)
		}
		if model && bits.flag() {
			bits.bits(delayBits)
			bits.bits(delayBits)
			bits.bits(1)
		}
		if display && bits.flag() {
			bits.bits(4)
		}
	}
}

// av1Packetizer sends every OBU with its length in front, as many in a payload as fit.
type av1Packetizer struct {
	payload []byte
}

// elementLength bounds the length in front of an element.
const elementLength = 3

func (p *av1Packetizer) packetize(frame []byte, limit int, emit func([]byte, bool)) error {
	info, err := inspectAV1(frame)
	if err != nil {
		return err
	}
	p.payload = append(p.payload[:0], 0)
	if info.Keyframe {
		p.payload[0] = av1Sequence
	}
	for len(frame) > 0 {
		obu, header, body, rest, err := nextOBU(frame)
		if err != nil {
			return err
		}
		frame = rest
		switch obu[0] >> 3 & 15 {
		case obuDelimiter, obuTileList, obuPadding:
		default:
			p.send(obu[:header], body, limit, emit)
		}
	}
	if len(p.payload) < 2 {
		return malformed("an AV1 frame without content")
	}
	emit(p.payload, true)
	return nil
}

// send adds an OBU without its size, in as many payloads as it takes. The last of them stays open for what follows.
func (p *av1Packetizer) send(header, body []byte, limit int, emit func([]byte, bool)) {
	head := [2]byte{header[0] &^ obuHasSize}
	copy(head[1:], header[1:])
	front := head[:len(header)]
	if len(p.payload)+elementLength+len(front)+1 > limit {
		p.flush(0, emit)
	}
	for {
		room := limit - len(p.payload) - elementLength
		size := min(room-len(front), len(body))
		p.payload = appendLEB128(p.payload, len(front)+size)
		p.payload = append(append(p.payload, front...), body[:size]...)
		front, body = nil, body[size:]
		if len(body) == 0 {
			return
		}
		p.payload[0] |= av1Open
		p.flush(av1Continues, emit)
	}
}

// flush sends a payload and begins the next.
func (p *av1Packetizer) flush(head byte, emit func([]byte, bool)) {
	emit(p.payload, false)
	p.payload = append(p.payload[:0], head)
}
