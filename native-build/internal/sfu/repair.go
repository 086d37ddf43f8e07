package sfu

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

const (
	mimeRepair = "video/rtx"
	// repeatInterval is how soon a packet may be sent again: clients ask anew before an answer can have come.
	repeatInterval = 30 * time.Millisecond
)

// repairCodec is the format of retransmissions of a codec (RFC 4588).
func repairCodec(codec webrtc.RTPCodecParameters, payloadType webrtc.PayloadType) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mimeRepair, ClockRate: codec.ClockRate, SDPFmtpLine: fmt.Sprintf("apt=%d", codec.PayloadType),
		},
		PayloadType: payloadType,
	}
}

// formatOf reads what was negotiated for a codec.
func formatOf(codec webrtc.RTPCodecParameters, context webrtc.TrackLocalContext) outFormat {
	f := outFormat{payloadType: uint8(codec.PayloadType)}
	apt := fmt.Sprintf("apt=%d", codec.PayloadType)
	for _, other := range context.CodecParameters() {
		switch {
		case strings.EqualFold(other.MimeType, mimeRepair) && other.SDPFmtpLine == apt && context.SSRCRetransmission() != 0:
			f.repairType, f.repairSSRC = uint8(other.PayloadType), uint32(context.SSRCRetransmission())
		case strings.EqualFold(other.MimeType, mimeRedundant):
			f.redType = uint8(other.PayloadType)
		}
	}
	for _, extension := range context.HeaderExtensions() {
		switch extension.URI {
		case transportURI:
			f.transportID = uint8(extension.ID)
		case audioLevelURI:
			f.levelID = uint8(extension.ID)
		}
	}
	return f
}

// retransmit answers a request for lost packets as far as the cache goes.
func (d *downTrack) retransmit(lost []rtcp.NackPair) {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.flowing || d.track.blocked.Load() {
		return
	}
	for _, pair := range lost {
		pair.Range(func(outSeq uint16) bool {
			d.resend(outSeq, now)
			return true
		})
	}
}

func (d *downTrack) resend(outSeq uint16, now time.Time) {
	sent := d.remembered(outSeq)
	if sent == nil || now.Sub(sent.repeated) < repeatInterval {
		return
	}
	sent.repeated = now
	p, ok := sent.layer.recall(sent.seq, &d.recall)
	if !ok || p.stream != sent.stream {
		return
	}
	if d.format.repairType == 0 {
		d.write(&p, outSeq, sent.numbering)
		return
	}
	h := &d.repair
	h.SequenceNumber++
	h.Timestamp, h.Marker = p.timestamp+sent.numbering.timestamp, p.marker
	d.scratch = binary.BigEndian.AppendUint16(d.scratch[:0], outSeq)
	d.scratch = append(d.scratch, p.payload...)
	sent.numbering.vp8.apply(d.scratch[2:], p.vp8)
	d.transmit(h, d.scratch)
}

func (d *downTrack) remembered(outSeq uint16) *sentPacket {
	sent := &d.sent[int(outSeq)%len(d.sent)]
	if sent.layer == nil || sent.outSeq != outSeq {
		return nil
	}
	return sent
}
