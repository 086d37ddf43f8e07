package video

import "fmt"

// MinPayload is the least limit of a Packetizer.
const MinPayload = 100

// Packetizer cuts the frames of one stream into RTP payloads. It belongs to one goroutine at a time.
type Packetizer struct {
	limit int
	inner interface {
		packetize(frame []byte, limit int, emit func(payload []byte, last bool)) error
	}
}

// NewPacketizer makes a packetizer whose payloads are at most limit bytes: 100 to 65535, 1,200 for most paths.
func NewPacketizer(codec Codec, limit int) (*Packetizer, error) {
	if limit < MinPayload || limit > 65535 {
		return nil, fmt.Errorf("video payloads of %d bytes, not %d to 65535", limit, MinPayload)
	}
	packetizer := &Packetizer{limit: limit}
	switch codec {
	case VP8:
		packetizer.inner = &vp8Packetizer{}
	case VP9:
		packetizer.inner = &vp9Packetizer{}
	case H264:
		packetizer.inner = &h264Packetizer{}
	case AV1:
		packetizer.inner = &av1Packetizer{}
	default:
		return nil, fmt.Errorf("%w: %d", ErrUnknownCodec, codec)
	}
	return packetizer, nil
}

// Packetize gives the payloads of a frame to emit, each valid until it returns; last goes into the RTP marker. It fails with
// ErrMalformed, perhaps after some payloads.
func (p *Packetizer) Packetize(frame []byte, emit func(payload []byte, last bool)) error {
	if len(frame) == 0 || len(frame) > MaxFrame {
		return malformed("a frame of %d bytes", len(frame))
	}
	return p.inner.packetize(frame, p.limit, emit)
}
