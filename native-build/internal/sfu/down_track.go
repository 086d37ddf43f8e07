package sfu

import (
	"strings"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"

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
	header  rtp.Header
	scratch []byte

	current   *layer // what is being sent; nil before the first packet
	stream    uint32
	resumed   uint32
	target    *layer // what shall be sent from its next keyframe on; video only
	height    uint32 // wanted by the subscriber, 0 for the best
	lastIn    uint64 // highest number received of the current stream
	caughtUp  uint64 // everything up to here was sent from the cache
	seqOffset uint16
	tsOffset  uint32
	shift     vp8Shift

	lastSeq     uint16
	lastTime    uint32
	lastPicture vp8Descriptor
	sentAt      time.Time
	packets     uint32
	octets      uint32
	sent        []sentPacket
	loss        uint8 // fraction lost, as the subscriber reported last
}

// sentPacket remembers where a sent sequence number came from.
type sentPacket struct {
	layer    *layer
	seq      uint64
	stream   uint32
	outSeq   uint16
	tsOffset uint32
	shift    vp8Shift
}

func newDownTrack(s *subscriber, t *track, size *models.VideoDimension) *downTrack {
	history := audioCacheSize
	if isVideo(t.kind) {
		history = videoCacheSize
	}
	d := &downTrack{subscriber: s, track: t, sent: make([]sentPacket, history), height: size.GetHeight(), fromStart: true}
	d.header.Version = 2
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
		d.header.PayloadType = uint8(codec.PayloadType)
		d.header.SSRC = uint32(context.SSRC())
		d.plain = context.WriteStream()
		d.mu.Unlock()
		d.subscriber.bound(d, uint32(context.SSRC()))
	}
	return codec, nil
}

// Unbind ends the sending.
func (d *downTrack) Unbind(webrtc.TrackLocalContext) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.subscriber.unbound(d.header.SSRC)
	d.writer, d.plain, d.flowing = nil, nil, false
	return nil
}

// matchCodec finds the negotiated codec that carries the same media.
func matchCodec(codec webrtc.RTPCodecParameters, negotiated []webrtc.RTPCodecParameters) (webrtc.RTPCodecParameters, bool) {
	for _, candidate := range negotiated {
		if strings.EqualFold(candidate.MimeType, codec.MimeType) {
			return candidate, true
		}
	}
	return codec, false
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
	if due {
		d.choose()
	}
}

func (d *downTrack) flushLayer(l *layer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := uint64(0)
	if d.current == l && d.stream == l.stream {
		from = d.lastIn + 1
		d.repeat(l)
	} else if !d.fromStart {
		return
	}
	if l.cache.newest == 0 {
		return
	}
	for from = l.cache.since(from, ticks(l, leadIn)); from <= l.cache.newest; from++ {
		if p := l.cache.get(from); p != nil {
			d.advance(l, p)
		}
	}
	d.caughtUp = l.cache.newest
}

// repeat sends the latest packets again. Callers hold d.mu and l.mu.
func (d *downTrack) repeat(l *layer) {
	last := l.cache.get(d.lastIn)
	if last == nil {
		return
	}
	for seq := d.lastIn - min(d.lastIn, uint64(len(l.cache.slots)-1)); seq <= d.lastIn; seq++ {
		p := l.cache.get(seq)
		if p == nil || last.timestamp-p.timestamp > ticks(l, overlap) {
			continue
		}
		if sent := d.remembered(uint16(seq) + d.seqOffset); sent != nil && sent.layer == l && sent.seq == seq {
			d.write(p, sent.outSeq, sent.tsOffset, sent.shift)
		}
	}
}

func ticks(l *layer, span time.Duration) uint32 {
	return uint32(int64(span) * int64(l.clock) / int64(time.Second))
}

// forward sends a packet of a layer if that is the one this subscriber gets.
func (d *downTrack) forward(l *layer, p *packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.flowing {
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
		d.seqOffset, d.caughtUp = d.lastSeq+1-uint16(p.seq), p.seq-1
	}
	d.lastIn = max(d.lastIn, p.seq)
	d.send(l, p)
}

func (d *downTrack) mayChangeTo(l *layer, p *packet) bool {
	if !isVideo(d.track.kind) {
		return true
	}
	return p.keyframe && (d.target == nil || d.target == l)
}

// changeTo continues sequence numbers, media time and picture ids from another stream.
func (d *downTrack) changeTo(l *layer, p *packet) {
	if d.current != nil {
		elapsed := ticks(l, time.Since(d.sentAt))
		d.seqOffset = d.lastSeq + 1 - uint16(p.seq)
		d.tsOffset = d.lastTime + max(elapsed, 1) - p.timestamp
		d.shift = vp8Shift{}
		if next, ok := d.vp8(p); ok && d.lastPicture.pictureAt != 0 {
			d.shift.picture = d.lastPicture.picture + 1 - next.picture
			d.shift.levelZero = d.lastPicture.levelZero + 1 - next.levelZero
		}
	}
	d.current, d.stream, d.lastIn, d.caughtUp = l, p.stream, 0, 0
	d.resumed = d.track.resumed.Load()
}

func (d *downTrack) vp8(p *packet) (vp8Descriptor, bool) {
	if !strings.EqualFold(d.track.codec.MimeType, webrtc.MimeTypeVP8) {
		return vp8Descriptor{}, false
	}
	return parseVP8(p.payload)
}

func (d *downTrack) send(l *layer, p *packet) {
	outSeq := uint16(p.seq) + d.seqOffset
	d.sent[int(outSeq)%len(d.sent)] = sentPacket{
		layer: l, seq: p.seq, stream: p.stream, outSeq: outSeq, tsOffset: d.tsOffset, shift: d.shift,
	}
	if d.packets == 0 || int16(outSeq-d.lastSeq) > 0 {
		d.lastSeq, d.lastTime, d.sentAt = outSeq, p.timestamp+d.tsOffset, time.Now()
		if picture, ok := d.vp8(p); ok {
			d.lastPicture = picture
			d.lastPicture.picture += d.shift.picture
			d.lastPicture.levelZero += d.shift.levelZero
		}
	}
	d.packets++
	d.octets += uint32(len(p.payload))
	d.write(p, outSeq, d.tsOffset, d.shift)
}

func (d *downTrack) write(p *packet, outSeq uint16, tsOffset uint32, shift vp8Shift) {
	d.header.SequenceNumber = outSeq
	d.header.Timestamp = p.timestamp + tsOffset
	d.header.Marker = p.marker
	payload := p.payload
	if shift != (vp8Shift{}) {
		d.scratch = append(d.scratch[:0], payload...)
		shift.apply(d.scratch)
		payload = d.scratch
	}
	// A failed write is a lost packet; the transport's state is watched elsewhere.
	_, _ = d.writer.Write(&d.header, payload, nil)
}

// want follows the size the subscriber shows the video in.
func (d *downTrack) want(size *models.VideoDimension) {
	d.mu.Lock()
	d.height = size.GetHeight()
	d.mu.Unlock()
	d.choose()
}

// choose picks the smallest layer that fills the wanted height, of those that are being sent, and asks for the keyframe
// to change to it.
func (d *downTrack) choose() {
	if !isVideo(d.track.kind) {
		return
	}
	target := pickLayer(d.track.layerList(), d.wantedHeight(), time.Now())
	d.mu.Lock()
	d.target = target
	due := d.flowing && target != nil && target != d.current
	d.mu.Unlock()
	if due {
		target.requestKeyframe()
	}
}

func (d *downTrack) wantedHeight() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.height
}

// pickLayer answers nil while nothing is being sent: then the first layer that comes will do.
func pickLayer(layers []*layer, height uint32, now time.Time) *layer {
	var best *layer
	for _, l := range layers {
		if !l.isActive(now) {
			continue
		}
		if best = l; height > 0 && l.height.Load() >= height {
			break
		}
	}
	return best
}
