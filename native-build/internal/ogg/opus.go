package ogg

import (
	"encoding/binary"
	"fmt"
	"time"

	"streamgateway/native/internal/opus"
)

const (
	headMagic = "OpusHead"
	tagsMagic = "OpusTags"
)

// Head is the identification header of an Opus stream (RFC 7845 §5.1).
type Head struct {
	Channels int
	// PreSkip is how many samples a decoder throws away at the start.
	PreSkip int
}

func parseHead(packet []byte) (Head, error) {
	if len(packet) < 19 {
		return Head{}, fmt.Errorf("%w: OpusHead is too short", ErrMalformed)
	}
	if packet[8]&0xf0 != 0 {
		return Head{}, fmt.Errorf("%w: OpusHead version %d", ErrUnsupported, packet[8])
	}
	channels, family := int(packet[9]), packet[18]
	if channels == 0 {
		return Head{}, fmt.Errorf("%w: OpusHead without channels", ErrMalformed)
	}
	if family != 0 || channels > 2 {
		return Head{}, fmt.Errorf("%w: %d channels with mapping family %d; mono and stereo of family 0 are taken", ErrUnsupported, channels, family)
	}
	return Head{Channels: channels, PreSkip: int(binary.LittleEndian.Uint16(packet[10:]))}, nil
}

// Concealment makes packets that hold no audio and last about samples together, in the configuration of like, a packet
// of the same stream. A decoder fills them by concealment. What is less than one frame is left out; lengths tells how
// many samples each packet lasts.
func Concealment(toc byte, like opus.Packet, samples int) (packets [][]byte, lengths []int) {
	for frames := samples / like.FrameSamples; frames > 0; {
		count := min(frames, opus.MaxPacketSamples/like.FrameSamples)
		packet := []byte{toc &^ 3}
		if count > 1 {
			packet = []byte{toc | 3, byte(count)} // code 3, constant size: all frames are empty
		}
		packets, lengths = append(packets, packet), append(lengths, count*like.FrameSamples)
		frames -= count
	}
	return packets, lengths
}

// Duration turns samples of 48 kHz into time.
func Duration(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / opus.Rate
}
