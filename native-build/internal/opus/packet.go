package opus

import "time"

// Mode is the coding inside a packet.
type Mode uint8

// The modes of RFC 6716, section 3.1.
const (
	SILK Mode = iota
	Hybrid
	CELT
)

// Packet is what the first bytes of an Opus packet tell. It keeps no reference to them.
type Packet struct {
	Mode         Mode
	Stereo       bool
	Frames       int // 1 to 48
	FrameSamples int // of each frame and channel, at 48 kHz
	// FEC says that a copy of the preceding packet at a lower rate is inside (in-band FEC).
	FEC bool
	// Empty says that no frame has data: the encoder had nothing to send (DTX), or a loss is marked.
	Empty bool
}

// Samples is the length of the packet for each channel at 48 kHz: 120 to 5760.
func (p Packet) Samples() int { return p.Frames * p.FrameSamples }

// Duration is the length of the packet: 2.5 ms to 120 ms.
func (p Packet) Duration() time.Duration {
	return time.Duration(p.Samples()) * time.Second / Rate
}

// ParsePacket reads and checks the framing of a packet. It fails with ErrInvalidPacket where a decoder would.
func ParsePacket(data []byte) (Packet, error) {
	if len(data) == 0 {
		return Packet{}, ErrInvalidPacket
	}
	toc := data[0]
	packet := Packet{Stereo: toc&4 != 0}
	packet.Mode, packet.FrameSamples = configuration(toc >> 3)

	var first []byte // the data of the first frame
	var valid bool
	body := data[1:]
	switch toc & 3 {
	case 0:
		packet.Frames, first, valid = 1, body, len(body) <= MaxFrameBytes
		packet.Empty = len(body) == 0
	case 1:
		packet.Frames, first = 2, body[:len(body)/2]
		valid = len(body)%2 == 0 && len(first) <= MaxFrameBytes
		packet.Empty = len(body) == 0
	case 2:
		packet.Frames = 2
		first, packet.Empty, valid = twoFrames(body)
	case 3:
		packet.Frames, first, packet.Empty, valid = manyFrames(body)
	}
	if !valid || packet.Samples() > MaxPacketSamples {
		return Packet{}, ErrInvalidPacket
	}
	packet.FEC = packet.Mode != CELT && hasFEC(first, packet)
	return packet, nil
}

// configuration reads the upper five bits of the first byte.
func configuration(config byte) (Mode, int) {
	switch {
	case config < 12:
		return SILK, [...]int{480, 960, 1920, 2880}[config%4]
	case config < 16:
		return Hybrid, [...]int{480, 960}[config%2]
	default:
		return CELT, [...]int{120, 240, 480, 960}[config%4]
	}
}

// twoFrames reads two frames of different lengths (code 2).
func twoFrames(body []byte) (first []byte, empty, valid bool) {
	size, rest, ok := frameLength(body)
	if !ok || size > len(rest) || len(rest)-size > MaxFrameBytes {
		return nil, false, false
	}
	return rest[:size], len(rest) == 0, true
}

// manyFrames reads any number of frames, with padding (code 3).
func manyFrames(body []byte) (frames int, first []byte, empty, valid bool) {
	if len(body) == 0 {
		return 0, nil, false, false
	}
	flags := body[0]
	variable, padded := flags&0x80 != 0, flags&0x40 != 0
	frames = int(flags & 0x3F)
	body = body[1:]
	if frames == 0 {
		return 0, nil, false, false
	}
	if padded {
		if body, valid = unpad(body); !valid {
			return 0, nil, false, false
		}
	}
	if !variable {
		size := len(body) / frames
		return frames, body[:size], len(body) == 0, len(body)%frames == 0 && size <= MaxFrameBytes
	}

	size, sum := 0, 0
	for i := 0; i < frames-1; i++ {
		length, rest, ok := frameLength(body)
		if !ok {
			return 0, nil, false, false
		}
		if i == 0 {
			size = length
		}
		sum += length
		body = rest
	}
	last := len(body) - sum
	if last < 0 || last > MaxFrameBytes {
		return 0, nil, false, false
	}
	if frames == 1 {
		size = last
	}
	return frames, body[:size], len(body) == 0, true
}

// unpad takes the padding's length from the front and the padding from the end.
func unpad(body []byte) ([]byte, bool) {
	padding := 0
	for {
		if len(body) == 0 {
			return nil, false
		}
		count := int(body[0])
		body = body[1:]
		if count < 255 {
			padding += count
			break
		}
		padding += 254
	}
	if padding > len(body) {
		return nil, false
	}
	return body[:len(body)-padding], true
}

// frameLength reads a length of one or two bytes.
func frameLength(body []byte) (int, []byte, bool) {
	if len(body) == 0 {
		return 0, nil, false
	}
	first := int(body[0])
	if first < 252 {
		return first, body[1:], true
	}
	if len(body) < 2 {
		return 0, nil, false
	}
	return int(body[1])*4 + first, body[2:], true
}

// hasFEC reads the flags in front of the first SILK frame: for each channel one bit of voice activity for every 20 ms,
// then one that says whether redundancy follows (RFC 6716, section 4.2.3).
func hasFEC(frame []byte, packet Packet) bool {
	if len(frame) == 0 {
		return false
	}
	parts := max(1, packet.FrameSamples/960)
	fec := frame[0]>>(7-parts)&1 != 0
	if packet.Stereo {
		fec = fec || frame[0]>>(6-2*parts)&1 != 0
	}
	return fec
}
