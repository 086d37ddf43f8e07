package video

import "encoding/binary"

// vp8Depacketizer reads RFC 7741.
type vp8Depacketizer struct{}

func (vp8Depacketizer) begins(payload []byte) bool {
	return len(payload) > 0 && payload[0]&0x17 == 0x10 // the start of partition 0
}

func (vp8Depacketizer) reset() {}

func (d vp8Depacketizer) add(frame, payload []byte) ([]byte, error) {
	size, ok := vp8Descriptor(payload)
	if !ok {
		return frame, malformed("a VP8 payload of %d bytes", len(payload))
	}
	if len(frame) == 0 && !d.begins(payload) {
		return frame, malformed("a VP8 frame without its beginning")
	}
	return append(frame, payload[size:]...), nil
}

func (vp8Depacketizer) finish(frame []byte) ([]byte, error) { return frame, nil }

// vp8Descriptor is the length of the payload descriptor, after which at least one byte follows.
func vp8Descriptor(payload []byte) (size int, ok bool) {
	if len(payload) < 2 {
		return 0, false
	}
	size = 1
	if payload[0]&0x80 != 0 {
		extension := payload[1]
		size = 2
		if extension&0x80 != 0 { // picture id
			if len(payload) <= size {
				return 0, false
			}
			if payload[size]&0x80 != 0 {
				size++
			}
			size++
		}
		if extension&0x40 != 0 { // index of temporal layer 0
			size++
		}
		if extension&0x30 != 0 { // temporal layer, key index
			size++
		}
	}
	return size, size < len(payload)
}

// inspectVP8 reads the frame header (RFC 6386, section 9.1).
func inspectVP8(frame []byte) (Info, error) {
	if len(frame) < 3 {
		return Info{}, malformed("a VP8 frame of %d bytes", len(frame))
	}
	if frame[0]&1 != 0 {
		return Info{}, nil
	}
	if len(frame) < 10 || frame[3] != 0x9D || frame[4] != 0x01 || frame[5] != 0x2A {
		return Info{}, malformed("a VP8 keyframe without its start code")
	}
	width, height := binary.LittleEndian.Uint16(frame[6:])&0x3FFF, binary.LittleEndian.Uint16(frame[8:])&0x3FFF
	if width == 0 || height == 0 {
		return Info{}, malformed("a VP8 keyframe of %d x %d", width, height)
	}
	return Info{Keyframe: true, Width: int(width), Height: int(height)}, nil
}

// vp8Packetizer writes a descriptor with a picture id of 15 bits.
type vp8Packetizer struct {
	picture uint16
	payload []byte
}

func (p *vp8Packetizer) packetize(frame []byte, limit int, emit func([]byte, bool)) error {
	start := byte(0x10)
	for len(frame) > 0 {
		size := min(len(frame), limit-4)
		p.payload = append(p.payload[:0], 0x80|start, 0x80, 0x80|byte(p.picture>>8), byte(p.picture))
		p.payload = append(p.payload, frame[:size]...)
		frame, start = frame[size:], 0
		emit(p.payload, len(frame) == 0)
	}
	p.picture = (p.picture + 1) & 0x7FFF
	return nil
}
