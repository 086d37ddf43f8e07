package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/red"
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
	announcedBits atomic.Uint32 // bits a second
	keyframes     keyframeRequests

	// mu guards what follows. It is never held while packets are forwarded.
	mu        sync.Mutex
	source    source
	stream    uint32 // counts the sources
	cache     packetCache
	reception reception
	losses    lossList
	rate      layerRate
	report    senderReport
	startedAt time.Time
}

// source says how packets of a stream are to be read; it changes when the publisher renews its stream.
type source struct {
	ssrc        uint32
	payloadType uint8
	redType     uint8 // of redundant audio, 0 when not negotiated
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

func newLayer(t *track, rid string, index int, announced *models.VideoLayer) *layer {
	cacheSize := audioCacheSize
	if isVideo(t.kind) {
		cacheSize = videoCacheSize
	}
	l := &layer{track: t, rid: rid, index: index, clock: t.codec.ClockRate, cache: newPacketCache(cacheSize)}
	l.describe(announced)
	return l
}

// describe takes over what the publisher announces of the layer; nil for nothing.
func (l *layer) describe(announced *models.VideoLayer) {
	l.width.Store(announced.GetVideoDimension().GetWidth())
	l.height.Store(announced.GetVideoDimension().GetHeight())
	bits := announced.GetBitrate()
	if bits < 10_000 { // some clients count in thousands
		bits *= 1000
	}
	l.announcedBits.Store(bits)
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
	if stream != l.stream || !l.source.accepts(h.payloadType) {
		l.mu.Unlock()
		return
	}
	if l.source.transportID != 0 {
		publisher.arrivals.record(l.source.ssrc, h.extension(l.source.transportID), now)
	}
	if l.startedAt.IsZero() {
		l.startedAt = now
	}
	p := packet{ // also one of nothing but padding: it has a number that would be missing
		seq:        l.reception.add(h, now),
		stream:     l.stream,
		timestamp:  h.timestamp,
		receivedAt: now,
		marker:     h.marker,
		payload:    h.payload,
	}
	var room [red.MaxBlocks]*packet
	stored := l.store(room[:0], &p, h)
	var lost []rtcp.NackPair
	if l.source.nack {
		lost = l.losses.arrived(p.seq, now)
	}
	for _, recovered := range stored {
		l.losses.found(recovered.seq, now)
	}
	ssrc := l.source.ssrc
	l.mu.Unlock()

	for _, fresh := range stored {
		l.track.forward(l, fresh)
	}
	if len(lost) > 0 {
		publisher.writeRTCP(&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: lost})
	}
}

// store keeps a packet, and before it those inside that got lost, and answers what is to be forwarded. Callers hold l.mu.
func (l *layer) store(stored []*packet, p *packet, h rtpHeader) []*packet {
	var room [red.MaxBlocks]red.Block
	blocks := l.inspect(room[:0], p, h)
	if l.track.blocked.Load() { // what is held back must not come out of the cache later
		return stored
	}
	for i, block := range blocks {
		seq := p.seq - uint64(len(blocks)-i)
		if seq < l.reception.base || len(block.Data) == 0 {
			continue
		}
		lost := packet{
			seq: seq, stream: p.stream, timestamp: p.timestamp - block.Offset, receivedAt: p.receivedAt, payload: block.Data,
		}
		if recovered, missing := l.cache.put(lost); missing {
			stored = append(stored, recovered)
		}
	}
	if fresh, ok := l.cache.put(*p); ok {
		l.rate.add(fresh)
		stored = append(stored, fresh)
	}
	return stored
}

// inspect notes what forwarding needs to know of a payload, and answers the payloads of earlier packets that are repeated
// in it. Callers hold l.mu.
func (l *layer) inspect(room []red.Block, p *packet, h rtpHeader) (repeated []red.Block) {
	switch {
	case isVideo(l.track.kind):
		p.keyframe = startsKeyframe(l.track.codec.MimeType, h.payload)
		if isVP8(l.track.codec) {
			if d, ok := parseVP8(h.payload); ok {
				p.vp8 = d
			}
		}
		return nil
	case h.payloadType == l.source.redType && len(h.payload) > 0:
		p.redundant = true
		if blocks, err := red.Decode(room, h.payload); err == nil {
			last := len(blocks) - 1
			p.primary, repeated = blocks[last].Data, blocks[:last]
		}
	}
	if l.source.levelID != 0 {
		extension := h.extension(l.source.levelID)
		l.track.owner.heard(extension)
		if len(extension) > 0 {
			p.level, p.levelKnown = extension[0], true
		}
	}
	return repeated
}

func (s *source) accepts(payloadType uint8) bool {
	return payloadType == s.payloadType || s.redType != 0 && payloadType == s.redType
}

// recall copies a packet out of the cache, so that nobody else waits while it is sent. The copy's payload lies in buffer.
func (l *layer) recall(seq uint64, buffer *[]byte) (packet, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.cache.get(seq)
	if p == nil {
		return packet{}, false
	}
	copied := *p
	*buffer = append((*buffer)[:0], p.payload...)
	copied.payload = *buffer
	if p.redundant {
		copied.primary = copied.payload[len(copied.payload)-len(p.primary):]
	}
	return copied, true
}

// newest is the highest number in the cache, 0 when it is empty.
func (l *layer) newest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cache.newest
}

// since answers the earliest number to resume from: not before `from`, and no more than span before the newest.
func (l *layer) since(from uint64, span time.Duration) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cache.since(from, ticks(l, span))
}

func (l *layer) streamNumber() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stream
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
	return base + ticks(l, at.Sub(since)), true
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

// maxReportDelay is what a reception report can tell as the time since the sender's; what is older counts as none.
const maxReportDelay = (1 << 16) * time.Second

// receptionReport answers the block for the next receiver report; false before the first packet.
func (l *layer) receptionReport(now time.Time) (rtcp.ReceptionReport, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reception.lastArrival.IsZero() {
		return rtcp.ReceptionReport{}, false
	}
	block := l.reception.report()
	block.SSRC = l.source.ssrc
	if delay := now.Sub(l.report.receivedAt); delay < maxReportDelay { // also there is none yet
		block.LastSenderReport = uint32(l.report.ntp >> 16)
		block.Delay = uint32(delay * 65536 / time.Second)
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
