package video

import (
	"encoding/binary"

	"streamgateway/native/internal/annexb"
)

const (
	h264STAPA = 24
	h264FUA   = 28
)

// h264Depacketizer reads RFC 6184 with packetization mode 0 or 1, and makes access units with start codes.
type h264Depacketizer struct {
	open bool // within a fragmented NAL unit
}

func (*h264Depacketizer) begins(payload []byte) bool {
	kind := annexb.Type(payload)
	if kind == h264STAPA && len(payload) > 3 {
		kind = annexb.Type(payload[3:])
	}
	return kind == annexb.TypeSPS || kind == annexb.TypeDelimiter
}

func (d *h264Depacketizer) reset() { d.open = false }

func (d *h264Depacketizer) add(frame, payload []byte) ([]byte, error) {
	kind := annexb.Type(payload)
	if kind != h264FUA && d.open {
		return frame, malformed("an H.264 fragment without its end")
	}
	switch {
	case kind >= 1 && kind < h264STAPA:
		return annexb.AppendNAL(frame, payload), nil
	case kind == h264STAPA:
		return addAggregate(frame, payload[1:])
	case kind == h264FUA:
		return d.addFragment(frame, payload)
	}
	return frame, malformed("an H.264 payload of type %d", kind)
}

// addAggregate appends the NAL units of one payload.
func addAggregate(frame, units []byte) ([]byte, error) {
	for len(units) > 0 {
		if len(units) < 2 {
			return frame, malformed("an H.264 aggregate that ends early")
		}
		size := int(binary.BigEndian.Uint16(units))
		if size == 0 || size > len(units)-2 {
			return frame, malformed("an H.264 aggregate of %d bytes with a unit of %d", len(units), size)
		}
		frame = annexb.AppendNAL(frame, units[2:2+size])
		units = units[2+size:]
	}
	return frame, nil
}

func (d *h264Depacketizer) addFragment(frame, payload []byte) ([]byte, error) {
	if len(payload) < 2 {
		return frame, malformed("an H.264 fragment of %d bytes", len(payload))
	}
	first, last := payload[1]&0x80 != 0, payload[1]&0x40 != 0
	if first == d.open {
		return frame, malformed("an H.264 fragment out of place")
	}
	if first {
		frame = annexb.AppendNAL(frame, nil)
		frame = append(frame, payload[0]&0xE0|payload[1]&0x1F)
	}
	d.open = !last
	return append(frame, payload[2:]...), nil
}

func (d *h264Depacketizer) finish(frame []byte) ([]byte, error) {
	if d.open {
		return frame, malformed("an H.264 fragment without its end")
	}
	return frame, nil
}

func inspectH264(frame []byte) (Info, error) {
	var info Info
	idr := false
	for nal, rest := annexb.Next(frame); len(nal) > 0; nal, rest = annexb.Next(rest) {
		switch annexb.Type(nal) {
		case annexb.TypeSPS:
			sps, err := annexb.ParseSPS(nal)
			if err != nil {
				return Info{}, malformed("%v", err)
			}
			info.Width, info.Height = sps.Width, sps.Height
		case annexb.TypeIDR:
			idr = true
		}
		if idr {
			break
		}
	}
	info.Keyframe = idr && info.Width > 0
	return info, nil
}

// h264Packetizer sends single NAL units and fragments. Delimiters and filler stay behind.
type h264Packetizer struct {
	payload []byte
}

func (p *h264Packetizer) packetize(frame []byte, limit int, emit func([]byte, bool)) error {
	nal, rest := nextSent(frame)
	if len(nal) == 0 {
		return malformed("an H.264 frame without NAL units")
	}
	for len(nal) > 0 {
		next, after := nextSent(rest)
		p.send(nal, limit, len(next) == 0, emit)
		nal, rest = next, after
	}
	return nil
}

// nextSent is the first NAL unit that is to be sent.
func nextSent(data []byte) (nal, rest []byte) {
	for {
		nal, rest = annexb.Next(data)
		if kind := annexb.Type(nal); len(nal) == 0 || kind != annexb.TypeDelimiter && kind != annexb.TypeFiller {
			return nal, rest
		}
		data = rest
	}
}

func (p *h264Packetizer) send(nal []byte, limit int, last bool, emit func([]byte, bool)) {
	if len(nal) <= limit {
		p.payload = append(p.payload[:0], nal...)
		emit(p.payload, last)
		return
	}
	indicator, kind := nal[0]&0xE0|h264FUA, nal[0]&0x1F
	flags := byte(0x80)
	for nal = nal[1:]; len(nal) > 0; {
		size := min(len(nal), limit-2)
		if size == len(nal) {
			flags |= 0x40
		}
		p.payload = append(p.payload[:0], indicator, flags|kind)
		p.payload = append(p.payload, nal[:size]...)
		nal, flags = nal[size:], 0
		emit(p.payload, last && len(nal) == 0)
	}
}
