package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"

	"streamgateway/native/internal/sfuproto/models"
)

// firstCycle is where the extended numbers of a stream begin, so that packets before the first one have a number too.
const firstCycle = 1 << 16

// layer receives one RTP stream of a track: the only one, or one encoding of a simulcast.
type layer struct {
	track *track
	rid   string
	index int
	clock uint32 // ticks of the media clock a second

	width, height atomic.Uint32
	keyframes     keyframeRequests

	// mu guards what follows. It is never held while packets are forwarded.
	mu        sync.Mutex
	source    source
	stream    uint32 // counts the sources
	cache     packetCache
	reception reception
	losses    lossList
	report    senderReport
	startedAt time.Time
}

// source says how packets of a stream are to be read; it changes when the publisher renews its stream.
type source struct {
	ssrc        uint32
	payloadType uint8
	levelID     uint8 // header extension ids, 0 when not negotiated
	transportID uint8
	nack        bool
}

// senderReport is the latest of the publisher's, which ties the media clock to the wall clock.
type senderReport struct {
	ntp        uint64
	timestamp  uint32
	receivedAt time.Time
}

func newLayer(t *track, rid string, index int, size *models.VideoDimension) *layer {
	cacheSize := audioCacheSize
	if isVideo(t.kind) {
		cacheSize = videoCacheSize
	}
	l := &layer{track: t, rid: rid, index: index, clock: t.codec.ClockRate, cache: newPacketCache(cacheSize)}
	l.setSize(size)
	return l
}

func (l *layer) setSize(size *models.VideoDimension) {
	l.width.Store(size.GetWidth())
	l.height.Store(size.GetHeight())
}

// bind takes over a stream and answers what its packets go to. A renewed stream starts its numbers anew, so the cache
// of the former one is dropped, and what still comes of it goes nowhere.
func (l *layer) bind(s source) (receive func(raw []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.source = s
	l.stream++
	l.cache = newPacketCache(len(l.cache.slots))
	l.reception = reception{clock: l.clock}
	l.losses = lossList{}
	l.report = senderReport{}
	l.startedAt = time.Time{}
	stream := l.stream
	return func(raw []byte) { l.receive(stream, raw) }
}

// receive handles one packet. The publisher's SRTP session calls it, one packet at a time.
func (l *layer) receive(stream uint32, raw []byte) {
	h, ok := parseRTP(raw)
	if !ok {
		return
	}
	now := time.Now()
	publisher := l.track.owner.publisher

	l.mu.Lock()
	if stream != l.stream || h.payloadType != l.source.payloadType {
		l.mu.Unlock()
		return
	}
	if l.source.transportID != 0 {
		publisher.recordTransport(l.source.ssrc, h.extension(l.source.transportID), now)
	}
	if l.startedAt.IsZero() {
		l.startedAt = now
	}
	p := packet{ // also one of nothing but padding: it has a number that would be missing
		seq:       l.reception.add(h, now),
		stream:    l.stream,
		timestamp: h.timestamp,
		marker:    h.marker,
		payload:   h.payload,
	}
	if isVideo(l.track.kind) {
		p.keyframe = startsKeyframe(l.track.codec.MimeType, h.payload)
	} else if l.source.levelID != 0 {
		l.track.owner.heard(h.extension(l.source.levelID))
	}
	var stored *packet
	fresh := false
	if !l.track.blocked.Load() { // what is held back must not come out of the cache later
		stored, fresh = l.cache.put(p)
	}
	var lost []rtcp.NackPair
	if l.source.nack {
		lost = l.losses.arrived(p.seq, now)
	}
	ssrc := l.source.ssrc
	l.mu.Unlock()

	if fresh {
		l.track.forward(l, stored)
	}
	if len(lost) > 0 {
		publisher.writeRTCP(&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: lost})
	}
}

// receiveRTCP takes the publisher's sender reports.
func (l *layer) receiveRTCP(packets []rtcp.Packet) {
	for _, p := range packets {
		report, ok := p.(*rtcp.SenderReport)
		if !ok {
			continue
		}
		l.mu.Lock()
		if report.SSRC == l.source.ssrc {
			l.report = senderReport{ntp: report.NTPTime, timestamp: report.RTPTime, receivedAt: time.Now()}
		}
		l.mu.Unlock()
	}
}

// isFresh tells that the stream began less than a second ago, or has not begun.
func (l *layer) isFresh() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.startedAt.IsZero() || time.Since(l.startedAt) < time.Second
}

// mediaTime answers the media clock's value at a time, from the publisher's reports or else from the latest packet.
func (l *layer) mediaTime(at time.Time) (timestamp uint32, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	base, since := l.report.timestamp, l.report.receivedAt
	if since.IsZero() {
		base, since = l.reception.lastTimestamp, l.reception.lastArrival
	}
	if since.IsZero() {
		return 0, false
	}
	return base + uint32(int64(at.Sub(since))*int64(l.clock)/int64(time.Second)), true
}

// lossReports asks again for what is still missing.
func (l *layer) lossReports(now time.Time) rtcp.Packet {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.source.nack {
		return nil
	}
	if lost := l.losses.due(now); len(lost) > 0 {
		return &rtcp.TransportLayerNack{MediaSSRC: l.source.ssrc, Nacks: lost}
	}
	return nil
}

// receptionReport answers the block for the next receiver report; false before the first packet.
func (l *layer) receptionReport(now time.Time) (rtcp.ReceptionReport, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reception.lastArrival.IsZero() {
		return rtcp.ReceptionReport{}, false
	}
	block := l.reception.report()
	block.SSRC = l.source.ssrc
	if !l.report.receivedAt.IsZero() {
		block.LastSenderReport = uint32(l.report.ntp >> 16)
		block.Delay = uint32(now.Sub(l.report.receivedAt) * 65536 / time.Second)
	}
	return block, true
}

// activeWithin is how lately a packet of an encoding must have come for it to count as being sent.
const activeWithin = 2 * time.Second

// isActive tells that the publisher sends this layer now. Publishers leave out encodings they lack the means for.
func (l *layer) isActive(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.reception.lastArrival.IsZero() && now.Sub(l.reception.lastArrival) < activeWithin
}

// requestKeyframe asks the publisher for a keyframe, throttled.
func (l *layer) requestKeyframe() {
	l.mu.Lock()
	bound := l.source.ssrc != 0
	l.mu.Unlock()
	if bound && l.keyframes.request(time.Now()) {
		l.sendPLI()
	}
}

func (l *layer) sendPLI() {
	l.mu.Lock()
	ssrc := l.source.ssrc
	l.mu.Unlock()
	if ssrc != 0 {
		l.track.owner.publisher.writeRTCP(&rtcp.PictureLossIndication{MediaSSRC: ssrc})
	}
}

func hasFeedback(codec webrtc.RTPCodecParameters, kind, parameter string) bool {
	for _, feedback := range codec.RTCPFeedback {
		if feedback.Type == kind && feedback.Parameter == parameter {
			return true
		}
	}
	return false
}
