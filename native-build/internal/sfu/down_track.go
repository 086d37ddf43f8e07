package sfu

import (
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
)

const (
	// leadIn is how much media of a track that has just begun is kept for subscribers who are still connecting.
	leadIn = time.Second
	// overlap is how much is sent again after an interruption: what was on its way when the old path closed is lost.
	overlap = time.Second
)

// downTrack sends one track to one subscriber: one layer at a time, as one continuous RTP stream.
//
// It is a webrtc.TrackLocal; the subscriber's peer connection binds it once the client has answered.
type downTrack struct {
	subscriber *subscriber
	track      *track
	fromStart  bool // the track had just begun when the subscriber got it

	// mu guards the state of sending. The publisher's goroutine takes it for each packet, others now and then.
	mu      sync.Mutex
	writer  interceptor.RTPWriter
	plain   webrtc.TrackLocalWriter // the way for when no writer was handed out
	flowing bool                    // false until what was held back is sent
	format  outFormat
	header  rtp.Header
	repair  rtp.Header // of retransmissions, when they have a stream of their own
	number  [2]byte    // transport-wide, within the headers
	level   [1]byte    // within the header
	scratch []byte     // payloads as they are sent
	recall  []byte     // payloads out of the cache

	current     *layer // what is being sent; nil before the first packet
	stream      uint32
	resumed     uint32
	choice      choice
	temporal    uint8 // what is being sent of the current layer
	lastIn      uint64
	caughtUp    uint64 // everything up to here was sent from the cache
	numberings  numberings
	droppedTime uint32 // timestamp of the latest frame that was left out

	lastSeq     uint16
	lastTime    uint32
	lastPicture vp8Descriptor
	sentAt      time.Time
	packets     uint32
	octets      uint32
	sent        []sentPacket
	loss        uint8 // fraction lost, as the subscriber reported last
}

// outFormat is what was negotiated for the packets of one down track.
type outFormat struct {
	payloadType uint8
	redType     uint8 // of redundant audio, 0 when the client does not take it
	repairType  uint8 // of retransmissions, 0 when they go with the media
	repairSSRC  uint32
	transportID uint8 // header extension ids, 0 when not negotiated
	levelID     uint8
}

// sentPacket remembers where a sent sequence number came from.
type sentPacket struct {
	layer     *layer
	seq       uint64
	stream    uint32
	outSeq    uint16
	numbering numbering
	repeated  time.Time // when it was last sent again
}

func newDownTrack(s *subscriber, t *track, size *models.VideoDimension) *downTrack {
	history := audioCacheSize
	if isVideo(t.kind) {
		history = videoCacheSize
	}
	d := &downTrack{subscriber: s, track: t, sent: make([]sentPacket, history), fromStart: true}
	d.choice = choice{height: size.GetHeight(), temporal: maxTemporalLayers}
	d.header.Version, d.repair.Version = 2, 2
	for _, l := range t.layerList() {
		d.fromStart = d.fromStart && l.isFresh()
	}
	return d
}

// ID, RID, StreamID and Kind name the track in the SDP, in the form that clients map to participants.
func (d *downTrack) ID() string       { return d.StreamID() + ":" + d.track.owner.prefix }
func (d *downTrack) RID() string      { return "" }
func (d *downTrack) StreamID() string { return d.track.owner.prefix + ":" + d.track.kind.String() }
func (d *downTrack) Kind() webrtc.RTPCodecType {
	if isVideo(d.track.kind) {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}

// Bind chooses the payload type. It never fails, because that would fail the whole description: a track whose codec
// the client cannot receive stays silent instead.
func (d *downTrack) Bind(context webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	codec, found := matchCodec(d.track.codec, context.CodecParameters())
	if found {
		d.mu.Lock()
		d.bind(formatOf(codec, context), uint32(context.SSRC()))
		d.plain = context.WriteStream()
		d.mu.Unlock()
		d.subscriber.bound(d, uint32(context.SSRC()))
	}
	return codec, nil
}

// bind prepares the headers of packets. Callers hold d.mu.
func (d *downTrack) bind(format outFormat, ssrc uint32) {
	d.format = format
	d.header = rtp.Header{Version: 2, SSRC: ssrc, PayloadType: format.payloadType}
	d.repair = rtp.Header{Version: 2, SSRC: format.repairSSRC, PayloadType: format.repairType}
	if id := format.transportID; id != 0 {
		// The headers keep the slice, so that the number in it changes for both.
		_ = d.header.SetExtension(id, d.number[:])
		_ = d.repair.SetExtension(id, d.number[:])
	}
	if id := format.levelID; id != 0 {
		_ = d.header.SetExtension(id, d.level[:])
	}
}

// Unbind ends the sending.
func (d *downTrack) Unbind(webrtc.TrackLocalContext) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.subscriber.unbound(d.header.SSRC)
	d.writer, d.plain, d.flowing = nil, nil, false
	return nil
}

// open gives the down track the way to its subscriber.
func (d *downTrack) open(writer interceptor.RTPWriter) {
	d.mu.Lock()
	d.writer = writer
	d.mu.Unlock()
	d.flush()
}

// openPlain opens a bound down track that was not handed a writer: one whose sender took over another's section.
func (d *downTrack) openPlain() {
	d.mu.Lock()
	plain, open := d.plain, d.writer != nil
	d.mu.Unlock()
	if plain != nil && !open {
		d.open(plainWriter{plain})
	}
}

type plainWriter struct{ webrtc.TrackLocalWriter }

func (w plainWriter) Write(header *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) {
	return w.WriteRTP(header, payload)
}

// hold stops the flow while the subscriber's transport is interrupted.
func (d *downTrack) hold() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flowing = false
}

// flush lets packets flow once there is a way, after what was kept for this subscriber: the beginning of a new track,
// or what an interruption held back.
func (d *downTrack) flush() {
	d.mu.Lock()
	due := !d.flowing && d.writer != nil && d.subscriber.connected.Load()
	if due {
		if !isVideo(d.track.kind) && !d.track.blocked.Load() {
			for _, l := range d.track.layerList() {
				d.flushLayer(l)
			}
		}
		d.flowing = true
	}
	d.mu.Unlock()
	if due && isVideo(d.track.kind) {
		d.subscriber.participant.run(d.subscriber.participant.rechoose) // the caller may hold locks
	}
}

// flushLayer takes one packet after the other out of the cache, so that the publisher never waits for more than a copy.
func (d *downTrack) flushLayer(l *layer) {
	from := uint64(0)
	if d.current == l && d.stream == l.streamNumber() {
		d.repeat(l)
		from = d.lastIn + 1
	} else if !d.fromStart {
		return
	}
	for from = l.since(from, leadIn); ; from++ {
		newest := l.newest()
		if newest == 0 || from > newest {
			d.caughtUp = newest
			return
		}
		if p, ok := l.recall(from, &d.recall); ok {
			d.advance(l, &p)
		}
	}
}

// repeat sends the latest packets again. Callers hold d.mu.
func (d *downTrack) repeat(l *layer) {
	for seq := l.since(0, overlap); seq <= d.lastIn; seq++ {
		n, known := d.numberings.at(seq)
		if !known {
			continue
		}
		sent := d.remembered(uint16(seq) + n.sequence)
		if sent == nil || sent.layer != l || sent.seq != seq {
			continue
		}
		if p, ok := l.recall(seq, &d.recall); ok && p.stream == sent.stream {
			d.write(&p, sent.outSeq, sent.numbering)
		}
	}
}

// ticks counts a layer's media clock, whose numbers begin anew after half a day.
func ticks(l *layer, span time.Duration) uint32 {
	seconds, rest := span/time.Second, span%time.Second // as a whole they would not fit after a day
	return uint32(int64(seconds)*int64(l.clock) + int64(rest)*int64(l.clock)/int64(time.Second))
}

// forward sends a packet of a layer if that is the one this subscriber gets.
func (d *downTrack) forward(l *layer, p *packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.flowing || d.choice.paused {
		return
	}
	if d.current == l && d.stream == p.stream && p.seq <= d.caughtUp {
		return
	}
	d.advance(l, p)
}

// advance sends a packet, changing over to its stream where that is due. Callers hold d.mu.
func (d *downTrack) advance(l *layer, p *packet) {
	if d.current != l || d.stream != p.stream {
		if !d.mayChangeTo(l, p) {
			return
		}
		d.changeTo(l, p)
	} else if resumed := d.track.resumed.Load(); resumed != d.resumed && p.seq > d.lastIn {
		d.resumed = resumed
		n := d.numberings.latest()
		n.sequence = d.lastSeq + 1 - uint16(p.seq)
		d.numberings.change(p.seq, n)
		d.caughtUp = p.seq - 1
	}
	leaveOut := d.leavesOut(p)
	inOrder := p.seq > d.lastIn
	d.lastIn = max(d.lastIn, p.seq)
	n, known := d.numberings.at(p.seq)
	switch {
	case !known:
	case !leaveOut:
		d.send(l, p, n)
	case inOrder:
		d.omit(p, n)
	default:
		d.fill(p, n) // those behind it have their numbers already
	}
}

func (d *downTrack) mayChangeTo(l *layer, p *packet) bool {
	if !isVideo(d.track.kind) {
		return true
	}
	return p.keyframe && (d.choice.target == nil || d.choice.target == l)
}

// changeTo continues sequence numbers, media time and picture ids from another stream.
func (d *downTrack) changeTo(l *layer, p *packet) {
	var n numbering
	if d.packets == 0 {
		// The first number lies in the lower half: SRTP's receiver counts the rounds of the numbers from the first packet
		// that it gets, and could decrypt nothing any more had it missed the end of the first round (RFC 3711 §3.3.1).
		n.sequence = uint16(p.seq) & 0x8000
	} else {
		n.sequence = d.lastSeq + 1 - uint16(p.seq)
		n.timestamp = d.lastTime + max(ticks(l, time.Since(d.sentAt)), 1) - p.timestamp
		if d.lastPicture.pictureAt != 0 {
			n.vp8.picture = d.lastPicture.picture + 1 - p.vp8.picture
			n.vp8.levelZero = d.lastPicture.levelZero + 1 - p.vp8.levelZero
		}
	}
	d.numberings.begin(n)
	d.current, d.stream, d.lastIn, d.caughtUp = l, p.stream, 0, 0
	d.temporal = d.choice.temporal
	d.resumed = d.track.resumed.Load()
}

func (d *downTrack) send(l *layer, p *packet, n numbering) {
	outSeq := uint16(p.seq) + n.sequence
	d.sent[int(outSeq)%len(d.sent)] = sentPacket{layer: l, seq: p.seq, stream: p.stream, outSeq: outSeq, numbering: n}
	if d.packets == 0 || int16(outSeq-d.lastSeq) > 0 {
		d.lastSeq, d.lastTime, d.sentAt = outSeq, p.timestamp+n.timestamp, p.receivedAt
		if p.vp8.pictureAt != 0 {
			d.lastPicture = p.vp8
			d.lastPicture.picture += n.vp8.picture
			d.lastPicture.levelZero += n.vp8.levelZero
		}
	}
	d.packets++
	d.octets += uint32(len(p.payload))
	d.write(p, outSeq, n)
}

// write sends a packet with the media. Callers hold d.mu.
func (d *downTrack) write(p *packet, outSeq uint16, n numbering) {
	h := &d.header
	h.SequenceNumber, h.Timestamp, h.Marker = outSeq, p.timestamp+n.timestamp, p.marker
	payload := p.payload
	h.PayloadType = d.format.payloadType
	if d.format.levelID != 0 {
		h.Extension, d.level[0] = p.levelKnown, p.level
	}
	switch {
	case p.redundant && d.format.redType != 0:
		h.PayloadType = d.format.redType
	case p.redundant:
		payload = p.primary
	case n.vp8 != vp8Shift{}:
		d.scratch = append(d.scratch[:0], payload...)
		n.vp8.apply(d.scratch, p.vp8)
		payload = d.scratch
	}
	d.transmit(h, payload)
}

// transmit hands a packet over. A failed write is a lost packet; the transport's state is watched elsewhere.
func (d *downTrack) transmit(h *rtp.Header, payload []byte) {
	if d.format.transportID != 0 {
		size := h.MarshalSize() + len(payload)
		binary.BigEndian.PutUint16(d.number[:], d.subscriber.downlink.sent(size))
	}
	_, _ = d.writer.Write(h, payload, nil)
}

func isVP8(codec webrtc.RTPCodecParameters) bool {
	return strings.EqualFold(codec.MimeType, webrtc.MimeTypeVP8)
}
