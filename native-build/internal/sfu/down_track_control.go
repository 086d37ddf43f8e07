package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// senderReport ties the stream's media time to the wall clock; nil before the first packet.
func (d *downTrack) senderReport(now time.Time, ntp uint64) rtcp.Packet {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil || d.packets == 0 || !d.flowing || d.choice.paused {
		return nil
	}
	timestamp, ok := d.current.mediaTime(now)
	if !ok {
		return nil
	}
	return &rtcp.SenderReport{
		SSRC: d.header.SSRC, NTPTime: ntp, RTPTime: timestamp + d.numberings.latest().timestamp,
		PacketCount: d.packets, OctetCount: d.octets,
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
	mine := block.SSRC == d.header.SSRC
	if mine {
		d.loss = block.FractionLost
	}
	d.mu.Unlock()
	if mine && isVideo(d.track.kind) {
		d.subscriber.downlink.lost(float64(block.FractionLost) / 256)
	}
}

// keyframeWanted relays the subscriber's request for a picture it can start from.
func (d *downTrack) keyframeWanted() {
	d.mu.Lock()
	wanted := d.current
	if d.choice.target != nil {
		wanted = d.choice.target
	}
	d.mu.Unlock()
	if wanted != nil {
		wanted.requestKeyframe()
	}
}
