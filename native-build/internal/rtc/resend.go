package rtc

import "github.com/pion/rtp"

const (
	// resendableAudio and resendableVideo are how many sent packets are kept for requests to send them again: a second
	// of audio, and two large keyframes of video.
	resendableAudio = 64
	resendableVideo = 1024
)

// resendCache keeps the packets sent last, by sequence number.
type resendCache struct {
	limit   int
	packets []sentPacket // made with the first packet
}

type sentPacket struct {
	header  rtp.Header
	payload []byte
}

func newResendCache(video bool) resendCache {
	if video {
		return resendCache{limit: resendableVideo}
	}
	return resendCache{limit: resendableAudio}
}

func (c *resendCache) keep(header *rtp.Header, payload []byte) {
	if c.packets == nil {
		c.packets = make([]sentPacket, c.limit)
	}
	slot := &c.packets[int(header.SequenceNumber)%c.limit]
	slot.header = *header
	slot.payload = append(slot.payload[:0], payload...)
}

func (c *resendCache) find(sequence uint16) *sentPacket {
	if c.packets == nil {
		return nil
	}
	if slot := &c.packets[int(sequence)%c.limit]; len(slot.payload) > 0 && slot.header.SequenceNumber == sequence {
		return slot
	}
	return nil
}
