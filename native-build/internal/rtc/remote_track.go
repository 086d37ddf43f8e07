package rtc

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/mixer"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/video"
)

const (
	// gapInterval is how often a gap is looked at when nothing else arrives.
	gapInterval = 20 * time.Millisecond
	// keyframeInterval is how often a keyframe is asked for at most.
	keyframeInterval = 500 * time.Millisecond
)

// remoteTrack receives one track and gives what it brings to the sinks and mixes that listen: audio as it arrives and
// in order, video in whole frames.
type remoteTrack struct {
	c         *connection
	ssrc      uint32
	prefix    string
	trackType rtcproto.TrackType
	codec     string
	clockRate uint32
	levelID   uint8       // of the header extension with the audio level, 0 when not negotiated
	repairs   bool        // the SFU sends packets again
	packets   *packetFeed // nil unless the host wants rtc_packet

	// receiving is held for each packet and guards what follows. It is taken before the session's lock and mu.
	receiving sync.Mutex
	packet    rtp.Packet
	jitter    jitterMeter
	sequences sequenceMeter
	sender    senderReport
	order     reorder          // of audio
	redundant redundancy       // of audio
	losses    losses           // while the SFU sends again
	frames    *video.Assembler // of video, while somebody watches
	asked     time.Time        // for a keyframe
	gap       *time.Timer      // looks at gaps
	watching  bool             // gap is set
	ended     bool

	owner string // participant session id, empty for an orphan; guarded by the session's lock

	// mu may be taken with the session's lock held, never the other way round.
	mu        sync.Mutex
	listeners []rendering
	outputs   []*output // of the listeners
	mixes     []*mixer.Input
	lead      leadIn

	stats trackStats
}

// trackStats are counted by the receiving goroutine and read by any.
type trackStats struct {
	packets, bytes, lost atomic.Uint64
	frames, keyframes    atomic.Uint64
	asked                atomic.Uint64 // keyframes
	width, height        atomic.Uint32
	jitter               atomic.Uint64 // RTP clock units × 16 (RFC 3550 A.8)
	rate                 bitrate
}

func newRemoteTrack(
	c *connection, track *webrtc.TrackRemote, parameters webrtc.RTPParameters, prefix string, t rtcproto.TrackType,
) *remoteTrack {
	r := &remoteTrack{c: c, ssrc: uint32(track.SSRC()), prefix: prefix, trackType: t}
	codec := r.negotiate(track.Codec(), parameters.Codecs)
	r.codec, r.clockRate, r.repairs = codecName(codec.MimeType), codec.ClockRate, sentAgain(codec)
	for _, extension := range parameters.HeaderExtensions {
		if extension.URI == sdp.AudioLevelURI {
			r.levelID = uint8(extension.ID)
		}
	}
	return r
}

// negotiate learns what may come of the track: redundant audio is Opus, in another packaging. The answer is the codec itself.
func (r *remoteTrack) negotiate(own webrtc.RTPCodecParameters, codecs []webrtc.RTPCodecParameters) webrtc.RTPCodecParameters {
	opus := own
	for _, codec := range codecs {
		switch {
		case isRedundant(codec):
			r.redundant.payloadType = uint8(codec.PayloadType)
		case strings.EqualFold(codec.MimeType, webrtc.MimeTypeOpus):
			opus = codec
		}
	}
	if isRedundant(own) {
		return opus
	}
	return own
}

// receive takes a packet on the goroutine that decrypted it.
func (r *remoteTrack) receive(raw []byte) { r.send(r.take(raw)) }

// take handles a packet and answers what the SFU is to be told.
func (r *remoteTrack) take(raw []byte) (feedback []rtcp.Packet) {
	r.receiving.Lock()
	defer r.receiving.Unlock()
	packet := &r.packet
	if packet.Unmarshal(raw) != nil {
		return nil
	}
	now := time.Now()
	r.c.s.timing.firstPacket(now)
	r.stats.packets.Add(1)
	r.stats.bytes.Add(uint64(len(raw)))
	r.stats.jitter.Store(r.jitter.note(now, packet.Timestamp, r.clockRate))
	r.stats.lost.Store(r.sequences.note(packet.SequenceNumber))
	if r.repairs {
		r.losses.note(now, packet.SequenceNumber)
		feedback = r.askFor(feedback, r.losses.due(now))
	}
	if isAudio(r.trackType) {
		r.receiveAudio(now, packet)
	} else if r.receiveVideo(now, packet) {
		r.stats.asked.Add(1)
		feedback = append(feedback, &rtcp.PictureLossIndication{MediaSSRC: r.ssrc})
	}
	r.watchGap()
	return feedback
}

// watchGap has a gap looked at when nothing else arrives; receiving must be held.
func (r *remoteTrack) watchGap() {
	switch {
	case r.watching || !r.order.waiting() && !r.losses.waiting():
		return
	case r.gap == nil:
		r.gap = time.AfterFunc(gapInterval, func() { r.c.s.tasks.guard(r.lookAtGap) })
	default:
		r.gap.Reset(gapInterval)
	}
	r.watching = true
}

func (r *remoteTrack) lookAtGap() { r.send(r.expireGap()) }

func (r *remoteTrack) expireGap() (feedback []rtcp.Packet) {
	r.receiving.Lock()
	defer r.receiving.Unlock()
	r.watching = false
	if r.ended {
		return nil
	}
	now := time.Now()
	r.deliver(r.order.expire(now))
	feedback = r.askFor(feedback, r.losses.due(now))
	r.watchGap()
	return feedback
}

// end is called once nothing comes any more.
func (r *remoteTrack) end() {
	r.receiving.Lock()
	defer r.receiving.Unlock()
	r.ended = true
	if r.gap != nil {
		r.gap.Stop()
	}
}

func (r *remoteTrack) receiveAudio(now time.Time, packet *rtp.Packet) {
	level, told := r.level(packet)
	for _, arrived := range r.redundant.unwrap(packet) {
		if arrived.sequence != packet.SequenceNumber {
			r.losses.note(now, arrived.sequence)
		}
		r.packets.put(now, arrived)
		r.arrive(now, arrived, level, told)
	}
}

func (r *remoteTrack) arrive(now time.Time, arrived orderedPacket, level uint8, told bool) {
	r.mu.Lock()
	for _, listener := range r.listeners {
		listener.arrived(arrived, now)
	}
	for _, mix := range r.mixes {
		if told {
			mix.Heard(level)
		}
		mix.Push(arrived.sequence, arrived.timestamp, arrived.payload, now)
	}
	r.mu.Unlock()
	r.deliver(r.order.push(now, arrived.sequence, arrived.timestamp, arrived.payload))
}

// level is how loud the sender says a packet is.
func (r *remoteTrack) level(packet *rtp.Packet) (level uint8, told bool) {
	if r.levelID == 0 {
		return 0, false
	}
	extension := packet.GetExtension(r.levelID)
	if len(extension) == 0 {
		return 0, false
	}
	return extension[0] & 0x7f, true
}

func (r *remoteTrack) deliver(packets []orderedPacket) {
	now := time.Now()
	r.mu.Lock()
	outputs := r.outputs
	for _, packet := range packets {
		if len(r.listeners) == 0 && len(r.mixes) == 0 {
			r.lead.keep(now, packet)
		}
		for _, listener := range r.listeners {
			listener.ordered(packet)
		}
	}
	r.mu.Unlock()
	for _, out := range outputs {
		out.tellLag(now)
	}
}

// receiveVideo puts frames together while somebody watches, and answers whether to ask for a keyframe, because somebody
// cannot go on without.
func (r *remoteTrack) receiveVideo(now time.Time, packet *rtp.Packet) (ask bool) {
	r.mu.Lock()
	outputs, wanted := r.outputs, false
	if len(r.listeners) == 0 {
		r.frames = nil
	} else {
		wanted = r.assemble(packet)
	}
	r.mu.Unlock()
	for _, out := range outputs {
		out.tellLag(now)
	}
	if ask = wanted && now.Sub(r.asked) >= keyframeInterval; ask { // again while the need lasts: a request may get lost
		r.asked = now
	}
	return ask
}

// assemble must be called with mu held. It answers whether a keyframe is wanted.
func (r *remoteTrack) assemble(packet *rtp.Packet) (wanted bool) {
	if r.frames == nil {
		codec, err := video.CodecOfName(r.codec)
		if err != nil {
			return false
		}
		r.frames = video.NewAssembler(codec)
	}
	r.frames.Push(packet.SequenceNumber, packet.Timestamp, packet.Marker, packet.Payload)
	for frame, ok := r.frames.Next(); ok; frame, ok = r.frames.Next() {
		r.stats.note(frame)
		for _, listener := range r.listeners {
			listener.frame(frame)
		}
	}
	wanted = r.frames.NeedsKeyframe()
	for _, listener := range r.listeners {
		wanted = wanted || listener.wantsKeyframe()
	}
	return wanted
}

func (s *trackStats) note(frame video.Frame) {
	s.frames.Add(1)
	if frame.Keyframe {
		s.keyframes.Add(1)
		s.width.Store(uint32(frame.Width))
		s.height.Store(uint32(frame.Height))
	}
}

// askFor adds the request to send packets again.
func (r *remoteTrack) askFor(feedback []rtcp.Packet, sequences []uint16) []rtcp.Packet {
	if len(sequences) == 0 {
		return feedback
	}
	return append(feedback, &rtcp.TransportLayerNack{MediaSSRC: r.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(sequences)})
}

// send tells the SFU. It may wait for the socket, so receiving is not held.
func (r *remoteTrack) send(feedback []rtcp.Packet) {
	if len(feedback) == 0 {
		return
	}
	if subscriber := r.c.currentSubscriber(); subscriber != nil {
		_ = subscriber.pc.WriteRTCP(feedback) // a failed write is a lost packet
	}
}

// sentAgain tells whether packets of a codec may be asked for again, as negotiated.
func sentAgain(codec webrtc.RTPCodecParameters) bool {
	return slices.Contains(codec.RTCPFeedback, webrtc.RTCPFeedback{Type: "nack"})
}

// setListeners replaces those who hear the track. The first to come gets the track's beginning, when that is recent.
func (r *remoteTrack) setListeners(sinks []*sink, mixes []*mixer.Input) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := len(r.listeners) == 0 && len(r.mixes) == 0
	r.listeners, r.outputs, r.mixes = nil, nil, mixes
	for _, k := range sinks {
		r.listeners, r.outputs = append(r.listeners, k.rendering), append(r.outputs, k.output)
	}
	if !first || len(sinks) == 0 && len(mixes) == 0 {
		return
	}
	now := time.Now()
	for _, packet := range r.lead.take(now) {
		for _, listener := range r.listeners {
			listener.arrived(packet, now)
			listener.ordered(packet)
		}
		for _, mix := range r.mixes {
			mix.Push(packet.sequence, packet.timestamp, packet.payload, now)
		}
	}
}

// codecName is the codec as hosts see it, such as "opus".
func codecName(mimeType string) string {
	_, name, _ := strings.Cut(mimeType, "/")
	return strings.ToLower(name)
}
