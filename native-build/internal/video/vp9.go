package video

// vp9Depacketizer reads RFC 9628. The layers of a frame become one superframe, as decoders and containers want it.
type vp9Depacketizer struct {
	layers []int // where each begins in the frame
}

const (
	vp9PictureID  = 0x80
	vp9Predicted  = 0x40
	vp9Layers     = 0x20
	vp9Flexible   = 0x10
	vp9Begin      = 0x08
	vp9End        = 0x04
	vp9Structure  = 0x02
	vp9MaxLayers  = 8
	vp9References = 3
)

func (*vp9Depacketizer) begins(payload []byte) bool {
	if len(payload) < 4 || payload[0]&(vp9Begin|vp9Predicted) != vp9Begin {
		return false
	}
	if payload[0]&vp9Layers == 0 {
		return true
	}
	at := 1
	if payload[0]&vp9PictureID != 0 {
		at += 1 + int(payload[1]>>7)
	}
	return payload[at]>>1&7 == 0 // the lowest spatial layer
}

func (d *vp9Depacketizer) reset() { d.layers = d.layers[:0] }

func (d *vp9Depacketizer) add(frame, payload []byte) ([]byte, error) {
	size, ok := vp9Descriptor(payload)
	if !ok {
		return frame, malformed("a VP9 payload of %d bytes", len(payload))
	}
	switch {
	case payload[0]&vp9Begin == 0 && len(frame) == 0:
		return frame, malformed("a VP9 frame without its beginning")
	case payload[0]&vp9Begin != 0:
		if len(d.layers) == vp9MaxLayers {
			return frame, malformed("a VP9 frame of more than %d layers", vp9MaxLayers)
		}
		d.layers = append(d.layers, len(frame))
	}
	return append(frame, payload[size:]...), nil
}

// finish appends the index of a superframe (VP9 bitstream, annex B).
func (d *vp9Depacketizer) finish(frame []byte) ([]byte, error) {
	if len(d.layers) < 2 {
		return frame, nil
	}
	marker := byte(0xC0 | 3<<3 | len(d.layers) - 1) // sizes of four bytes
	end := len(frame)
	frame = append(frame, marker)
	for i, start := range d.layers {
		next := end
		if i+1 < len(d.layers) {
			next = d.layers[i+1]
		}
		size := next - start
		frame = append(frame, byte(size), byte(size>>8), byte(size>>16), byte(size>>24))
	}
	return append(frame, marker), nil
}

// vp9Descriptor is the length of the payload descriptor, after which at least one byte follows.
func vp9Descriptor(payload []byte) (size int, ok bool) {
	if len(payload) < 2 {
		return 0, false
	}
	flags := payload[0]
	size = 1
	if flags&vp9PictureID != 0 {
		if payload[size]&0x80 != 0 {
			size++
		}
		size++
	}
	if flags&vp9Layers != 0 {
		size++
		if flags&vp9Flexible == 0 {
			size++ // index of temporal layer 0
		}
	}
	if flags&vp9Flexible != 0 && flags&vp9Predicted != 0 {
		for count := 1; ; count++ {
			if size >= len(payload) || count > vp9References {
				return 0, false
			}
			size++
			if payload[size-1]&1 == 0 {
				break
			}
		}
	}
	if flags&vp9Structure != 0 {
		if size, ok = vp9ScalabilityStructure(payload, size); !ok {
			return 0, false
		}
	}
	return size, size < len(payload)
}

func vp9ScalabilityStructure(payload []byte, size int) (int, bool) {
	if size >= len(payload) {
		return 0, false
	}
	head := payload[size]
	size++
	if head&0x10 != 0 {
		size += 4 * (int(head>>5) + 1) // a size in pixels for each layer
	}
	if head&0x08 == 0 {
		return size, true
	}
	if size >= len(payload) {
		return 0, false
	}
	pictures := int(payload[size])
	size++
	for range pictures {
		if size >= len(payload) {
			return 0, false
		}
		size += 1 + int(payload[size]>>2&3)
	}
	return size, true
}

// inspectVP9 reads the uncompressed header (VP9 bitstream, section 6.2).
func inspectVP9(frame []byte) (Info, error) {
	bits := &bitReader{data: frame}
	if bits.bits(2) != 2 {
		return Info{}, malformed("a VP9 frame without its marker")
	}
	profile := bits.bits(1) | bits.bits(1)<<1
	if profile == 3 {
		bits.bits(1)
	}
	if bits.flag() || bits.flag() { // shows an existing frame, or is no keyframe
		return Info{}, nil
	}
	bits.bits(2)
	if bits.bits(24) != 0x498342 {
		return Info{}, malformed("a VP9 keyframe without its start code")
	}
	if profile >= 2 {
		bits.bits(1) // 10 or 12 bits
	}
	const rgb = 7
	if bits.bits(3) != rgb {
		bits.bits(1)
		if profile&1 == 1 {
			bits.bits(3)
		}
	} else if profile&1 == 1 {
		bits.bits(1)
	}
	width, height := int(bits.bits(16))+1, int(bits.bits(16))+1
	if bits.overrun {
		return Info{}, malformed("a VP9 keyframe of %d bytes", len(frame))
	}
	return Info{Keyframe: true, Width: width, Height: height}, nil
}

// vp9Packetizer writes one layer, with a picture id of 15 bits.
type vp9Packetizer struct {
	picture uint16
	payload []byte
}

func (p *vp9Packetizer) packetize(frame []byte, limit int, emit func([]byte, bool)) error {
	info, err := inspectVP9(frame)
	if err != nil {
		return err
	}
	flags := byte(vp9PictureID | vp9Begin)
	if !info.Keyframe {
		flags |= vp9Predicted
	}
	for len(frame) > 0 {
		size := min(len(frame), limit-3)
		if size == len(frame) {
			flags |= vp9End
		}
		p.payload = append(p.payload[:0], flags, 0x80|byte(p.picture>>8), byte(p.picture))
		p.payload = append(p.payload, frame[:size]...)
		frame, flags = frame[size:], flags&^vp9Begin
		emit(p.payload, len(frame) == 0)
	}
	p.picture = (p.picture + 1) & 0x7FFF
	return nil
}
