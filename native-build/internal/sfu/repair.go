package sfu

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"
)

const (
	mimeRepair = "video/rtx"
	// repeatInterval is how soon a packet may be sent again: clients ask anew before an answer can have come.
	repeatInterval = 30 * time.Millisecond
)

// repairSSRC is the source of the retransmissions of a stream. Both are random, so no two streams meet.
func repairSSRC(ssrc uint32) uint32 { return ^ssrc }

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
		case strings.EqualFold(other.MimeType, mimeRepair) && other.SDPFmtpLine == apt:
			f.repairType = uint8(other.PayloadType)
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

// groupRepairs tells in an offer which source carries the retransmissions of which. The library knows of none.
func groupRepairs(offer string) string {
	parts := strings.Split(offer, "\r\nm=")
	for i, part := range parts {
		if strings.Contains(part, " rtx/90000") {
			parts[i] = groupSources(part)
		}
	}
	return strings.Join(parts, "\r\nm=")
}

func groupSources(section string) string {
	var lines, repairs []string
	for _, line := range strings.Split(section, "\r\n") {
		source, isSource := strings.CutPrefix(line, "a=ssrc:")
		number, attribute, _ := strings.Cut(source, " ")
		ssrc, err := strconv.ParseUint(number, 10, 32)
		if !isSource || err != nil {
			lines = append(lines, line)
			continue
		}
		repair := repairSSRC(uint32(ssrc))
		if len(repairs) == 0 {
			lines = append(lines, fmt.Sprintf("a=ssrc-group:FID %d %d", ssrc, repair))
		}
		lines = append(lines, line)
		repairs = append(repairs, fmt.Sprintf("a=ssrc:%d %s", repair, attribute))
	}
	// A section that ends the description ends with an empty line.
	if last := len(lines) - 1; lines[last] == "" {
		return strings.Join(append(append(lines[:last], repairs...), ""), "\r\n")
	}
	return strings.Join(append(lines, repairs...), "\r\n")
}
