package rtc

import (
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/red"
)

const (
	mimeRedundant        = "audio/red"
	redundantPayloadType = 63
	// repeated is how many packets each one repeats: with one, only two losses in a row need another repair.
	repeated = 1
)

// redundantOpus is Opus whose packets repeat those before them (RFC 2198).
var redundantOpus = webrtc.RTPCodecParameters{
	RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: mimeRedundant, ClockRate: 48000, Channels: 2, SDPFmtpLine: "111/111",
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}},
	},
	PayloadType: redundantPayloadType,
}

func isRedundant(codec webrtc.RTPCodecParameters) bool {
	return strings.EqualFold(codec.MimeType, mimeRedundant)
}

// repetition makes redundant audio of what a track sends. A nil one changes nothing.
type repetition struct {
	payloadType uint8
	encoder     *red.Encoder
	payload     []byte
}

// newRepetition is nil unless the SFU wants redundant audio: then it answers with it in front, as it does to browsers.
func newRepetition(negotiated []webrtc.RTPCodecParameters, opus webrtc.RTPCodecParameters) *repetition {
	if len(negotiated) == 0 || !isRedundant(negotiated[0]) {
		return nil
	}
	encoder, err := red.NewEncoder(byte(opus.PayloadType), repeated, media.MaxPacket)
	if err != nil {
		return nil
	}
	return &repetition{payloadType: uint8(negotiated[0].PayloadType), encoder: encoder}
}

// apply changes a packet that is about to be sent. The payload is valid until the next call.
func (r *repetition) apply(header *rtp.Header, payload []byte) []byte {
	if r == nil {
		return payload
	}
	header.PayloadType = r.payloadType
	r.payload = r.encoder.Encode(r.payload[:0], header.Timestamp, payload)
	return r.payload
}

// redundancy takes redundant audio apart. It belongs to the goroutine that receives.
type redundancy struct {
	payloadType uint8 // 0 when not negotiated
	seen        window
	blocks      [red.MaxBlocks]red.Block
	out         []orderedPacket
}

// unwrap answers the packets within one: itself, and before it those it repeats that have not come. They are valid until
// the next call; there are none in a malformed one.
func (r *redundancy) unwrap(packet *rtp.Packet) []orderedPacket {
	r.out = r.out[:0]
	r.seen.add(packet.SequenceNumber)
	arrived := orderedPacket{sequence: packet.SequenceNumber, timestamp: packet.Timestamp, payload: packet.Payload}
	if packet.PayloadType == r.payloadType && r.payloadType != 0 {
		blocks, err := red.Decode(r.blocks[:0], packet.Payload)
		if err != nil {
			return nil
		}
		last := len(blocks) - 1
		arrived.payload = blocks[last].Data
		for i, block := range blocks[:last] {
			sequence := packet.SequenceNumber - uint16(last-i)
			if len(block.Data) > 0 && r.seen.add(sequence) {
				r.out = append(r.out, orderedPacket{sequence: sequence, timestamp: packet.Timestamp - block.Offset, payload: block.Data})
			}
		}
	}
	if len(arrived.payload) > 0 {
		r.out = append(r.out, arrived)
	}
	return r.out
}

// window knows which of the last 64 sequence numbers came.
type window struct {
	started bool
	newest  uint16
	came    uint64 // a bit each, the lowest is the newest
}

// add takes a number, and tells whether it is new and not too old to be known.
func (w *window) add(sequence uint16) bool {
	step := int(int16(sequence - w.newest))
	switch {
	case !w.started || step > maxDisorder || step < -maxDisorder:
		*w = window{started: true, newest: sequence, came: ^uint64(0)} // nothing before it is missed
	case step > 0:
		w.newest, w.came = sequence, w.came<<step|1
	case step <= -64 || w.came>>-step&1 != 0:
		return false
	default:
		w.came |= 1 << -step
	}
	return true
}
