package rtc

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"

	"streamgateway/native/internal/mixer"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/video"
)

const (
	maxRTPBytes = 1500
	// gapInterval is how often a gap is looked at when nothing else arrives.
	gapInterval = 20 * time.Millisecond
	// keyframeInterval is how often a keyframe is asked for at most.
	keyframeInterval = 500 * time.Millisecond
)

// remoteTrack receives one track and gives what it brings to the sinks and mixes that listen: audio as it arrives and
// in order, video in whole frames.
type remoteTrack struct {
	c         *connection
	track     *webrtc.TrackRemote
	packets   *packetFeed // nil unless the host wants rtc_packet
	prefix    string
	trackType rtcproto.TrackType
	codec     string
	order     reorder          // of audio
	redundant redundancy       // of audio
	losses    losses           // while the SFU sends again
	frames    *video.Assembler // of video, while somebody watches
	asked     time.Time        // for a keyframe

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

func newRemoteTrack(c *connection, track *webrtc.TrackRemote, prefix string, t rtcproto.TrackType) *remoteTrack {
	return &remoteTrack{c: c, track: track, prefix: prefix, trackType: t, codec: codecName(track.Codec().MimeType)}
}

// negotiate learns what may come of the track: redundant audio is Opus, in another packaging. The answer is the codec itself.
func (r *remoteTrack) negotiate(codecs []webrtc.RTPCodecParameters) webrtc.RTPCodecParameters {
	own, opus := r.track.Codec(), r.track.Codec()
	for _, codec := range codecs {
		switch {
		case isRedundant(codec):
			r.redundant.payloadType = uint8(codec.PayloadType)
		case strings.EqualFold(codec.MimeType, webrtc.MimeTypeOpus):
			opus = codec
		}
	}
	if isRedundant(own) {
		own = opus
	}
	r.codec = codecName(own.MimeType)
	return own
}

// receive runs until the track ends with its connection or its section of the description.
func (r *remoteTrack) receive(codec webrtc.RTPCodecParameters) {
	buffer := make([]byte, maxRTPBytes)
	var jitter jitterMeter
	var sequences sequenceMeter
	repairs := sentAgain(codec)
	for {
		gap := r.order.waiting() || r.losses.waiting()
		if gap {
			_ = r.track.SetReadDeadline(time.Now().Add(gapInterval))
		}
		n, _, err := r.track.Read(buffer)
		if err != nil && (!gap || !isTimeout(err)) {
			return
		}
		if gap {
			_ = r.track.SetReadDeadline(time.Time{})
		}
		if err != nil {
			now := time.Now()
			r.deliver(r.order.expire(now))
			r.requestPackets(r.losses.due(now))
			continue
		}
		var packet rtp.Packet
		if packet.Unmarshal(buffer[:n]) != nil {
			continue
		}
		now := time.Now()
		r.c.s.timing.firstPacket(now)
		r.stats.packets.Add(1)
		r.stats.bytes.Add(uint64(n))
		r.stats.jitter.Store(jitter.note(now, packet.Timestamp, codec.ClockRate))
		r.stats.lost.Store(sequences.note(packet.SequenceNumber))
		if repairs {
			r.losses.note(now, packet.SequenceNumber)
			r.requestPackets(r.losses.due(now))
		}
		if isAudio(r.trackType) {
			r.receiveAudio(now, &packet)
		} else {
			r.receiveVideo(now, &packet)
		}
	}
}

func (r *remoteTrack) receiveAudio(now time.Time, packet *rtp.Packet) {
	for _, arrived := range r.redundant.unwrap(packet) {
		if arrived.sequence != packet.SequenceNumber {
			r.losses.note(now, arrived.sequence)
		}
		r.packets.put(now, arrived)
		r.arrive(now, arrived)
	}
}

func (r *remoteTrack) arrive(now time.Time, arrived orderedPacket) {
	r.mu.Lock()
	for _, listener := range r.listeners {
		listener.arrived(arrived, now)
	}
	for _, mix := range r.mixes {
		mix.Push(arrived.sequence, arrived.timestamp, arrived.payload, now)
	}
	r.mu.Unlock()
	r.deliver(r.order.push(now, arrived.sequence, arrived.timestamp, arrived.payload))
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

// receiveVideo puts frames together while somebody watches, and asks for a keyframe when somebody cannot go on without.
func (r *remoteTrack) receiveVideo(now time.Time, packet *rtp.Packet) {
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
	if wanted && now.Sub(r.asked) >= keyframeInterval {
		r.asked = now
		r.requestKeyframe()
	}
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

// requestKeyframe asks the SFU, which asks the sender. A request that gets lost is repeated while the need lasts.
func (r *remoteTrack) requestKeyframe() {
	if subscriber := r.c.currentSubscriber(); subscriber != nil {
		r.stats.asked.Add(1)
		_ = subscriber.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(r.track.SSRC())}})
	}
}

// requestPackets asks the SFU to send packets again.
func (r *remoteTrack) requestPackets(sequences []uint16) {
	if len(sequences) == 0 {
		return
	}
	if subscriber := r.c.currentSubscriber(); subscriber != nil {
		_ = subscriber.pc.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
			MediaSSRC: uint32(r.track.SSRC()), Nacks: rtcp.NackPairsFromSequenceNumbers(sequences),
		}})
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

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// sequenceMeter counts packets that never came (RFC 3550 A.3).
type sequenceMeter struct {
	started  bool
	highest  uint16
	expected uint64
	received uint64
}

// note takes a packet and answers how many are missing so far.
func (m *sequenceMeter) note(sequence uint16) (lost uint64) {
	m.received++
	step := int16(sequence - m.highest)
	switch {
	case !m.started || step > maxDisorder || step < -maxDisorder:
		m.started, m.highest = true, sequence
		m.expected++
	case step > 0:
		m.highest = sequence
		m.expected += uint64(step)
	}
	return m.expected - min(m.expected, m.received)
}

// jitterMeter estimates the variation of arrival (RFC 3550 A.8).
type jitterMeter struct {
	transit  int64
	estimate uint64
	started  bool
}

func (j *jitterMeter) note(arrival time.Time, timestamp, clockRate uint32) uint64 {
	if clockRate == 0 {
		return 0
	}
	units := arrival.UnixNano() / 1000 * int64(clockRate) / 1_000_000
	transit := int64(int32(uint32(units) - timestamp))
	if j.started {
		difference := transit - j.transit
		if difference < 0 {
			difference = -difference
		}
		j.estimate += uint64(difference) - (j.estimate+8)>>4
	}
	j.transit, j.started = transit, true
	return j.estimate
}
