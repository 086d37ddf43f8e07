package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// senderReport ties the stream's media time to the wall clock; nil before the first packet.
func (d *downTrack) senderReport(now time.Time, ntp uint64) rtcp.Packet {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil || d.packets == 0 || !d.flowing {
		return nil
	}
	timestamp, ok := d.current.mediaTime(now)
	if !ok {
		return nil
	}
	return &rtcp.SenderReport{
		SSRC: d.header.SSRC, NTPTime: ntp, RTPTime: timestamp + d.tsOffset, PacketCount: d.packets, OctetCount: d.octets,
	}
}

// receiveRTCP handles what the subscriber says about this stream.
func (d *downTrack) receiveRTCP(packets []rtcp.Packet) {
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.TransportLayerNack:
			if p.MediaSSRC == d.ssrc() {
				d.retransmit(p.Nacks)
			}
		case *rtcp.PictureLossIndication:
			if p.MediaSSRC == d.ssrc() {
				d.keyframeWanted()
			}
		case *rtcp.FullIntraRequest:
			for _, entry := range p.FIR {
				if entry.SSRC == d.ssrc() {
					d.keyframeWanted()
				}
			}
		case *rtcp.ReceiverReport:
			for _, block := range p.Reports {
				d.reported(block)
			}
		}
	}
}

func (d *downTrack) ssrc() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.header.SSRC
}

func (d *downTrack) reported(block rtcp.ReceptionReport) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if block.SSRC == d.header.SSRC {
		d.loss = block.FractionLost
	}
}

// retransmit answers a request for lost packets as far as the cache goes.
func (d *downTrack) retransmit(lost []rtcp.NackPair) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.flowing || d.track.blocked.Load() {
		return
	}
	for _, pair := range lost {
		pair.Range(func(outSeq uint16) bool {
			d.resend(outSeq)
			return true
		})
	}
}

func (d *downTrack) resend(outSeq uint16) {
	sent := d.remembered(outSeq)
	if sent == nil {
		return
	}
	sent.layer.mu.Lock()
	defer sent.layer.mu.Unlock()
	if p := sent.layer.cache.get(sent.seq); p != nil && p.stream == sent.stream {
		d.write(p, outSeq, sent.tsOffset, sent.shift)
	}
}

func (d *downTrack) remembered(outSeq uint16) *sentPacket {
	sent := &d.sent[int(outSeq)%len(d.sent)]
	if sent.layer == nil || sent.outSeq != outSeq {
		return nil
	}
	return sent
}

// keyframeWanted relays the subscriber's request for a picture it can start from.
func (d *downTrack) keyframeWanted() {
	d.mu.Lock()
	wanted := d.current
	if d.target != nil {
		wanted = d.target
	}
	d.mu.Unlock()
	if wanted != nil {
		wanted.requestKeyframe()
	}
}
