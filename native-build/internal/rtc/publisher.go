package rtc

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/screen"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
	"streamgateway/native/internal/video"
)

// publisher is the peer connection on which we offer. It begins with the first publication.
type publisher struct {
	*peer
	turn    chan struct{} // held while negotiating: one offer at a time
	senders []*sender     // changed with turn and mu held
}

// sender is a track with its place in the description. The place is kept when the track falls silent.
type sender struct {
	track       *localTrack
	transceiver *webrtc.RTPTransceiver
	negotiated  bool
	current     bool // what is sent as its type; others of the type have another codec
	// option is the publish option that it is announced for, also when the SFU has others later.
	option *models.PublishOption
}

func newPublisher(c *connection) (*publisher, error) {
	p, err := newPeer(c, models.PeerType_PEER_TYPE_PUBLISHER_UNSPECIFIED, screen.New(maxSources), c.apis.publisher.with)
	if err != nil {
		return nil, err
	}
	return &publisher{peer: p, turn: make(chan struct{}, 1)}, nil
}

func (p *publisher) lock(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *publisher) unlock() { <-p.turn }

// publish makes the track known to the SFU as that of its type, once; a track that is known already only needs to be
// unmuted. A negotiation that has begun is finished even when the caller gives up, for half of one is of no use to the
// other tracks; then the track is known, and silent.
func (p *publisher) publish(ctx context.Context, track *localTrack) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	added, err := p.senderOf(track)
	if err != nil || added == nil {
		p.unlock()
		return err
	}
	outcome := make(chan error)
	begun := p.c.s.tasks.spawn(func() {
		defer p.unlock()
		err := p.introduce(added)
		select {
		case outcome <- err:
		case <-ctx.Done():
			if err == nil {
				_ = p.c.setMuted(p.c.ctx, track.trackType, true) // fails only with the connection
			}
		}
	})
	if !begun {
		p.unlock()
		return errGone()
	}
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// introduce negotiates a new sender. The turn must be held.
func (p *publisher) introduce(added *sender) error {
	err := p.negotiate(p.c.ctx, nil)
	p.mu.Lock()
	added.negotiated, added.current = err == nil, err == nil
	if err == nil {
		added.track.setConnected(p.up.isOpen()) // with mu, so that no later state is overwritten
	}
	p.mu.Unlock()
	if err != nil && !p.settled() {
		p.c.discard(p, err)
	}
	return err
}

// senderOf makes a track the one of its type and answers its sender; nil when the SFU knows that already. The turn must
// be held.
func (p *publisher) senderOf(track *localTrack) (*sender, error) {
	var known *sender
	p.mu.Lock()
	for _, s := range p.senders {
		if s.track == track {
			known = s
		}
	}
	settled := known != nil && known.negotiated && known.current
	p.mu.Unlock()
	if settled {
		return nil, nil
	}
	if known == nil {
		transceiver, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return nil, failure.New(failure.Internal, failure.ICE, err)
		}
		known = &sender{track: track, transceiver: transceiver, option: p.c.publishOption(track.trackType)}
		p.c.s.tasks.spawn(func() { readReports(transceiver.Sender(), track) })
		p.mu.Lock()
		p.senders = append(p.senders, known)
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.senders {
		if s.track.trackType == track.trackType {
			s.current = s == known
		}
	}
	return known, nil
}

// restartICE offers anew with fresh ICE credentials.
func (p *publisher) restartICE(ctx context.Context) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer p.unlock()
	if len(p.senders) == 0 {
		return nil
	}
	if err := p.awaitGathered(ctx); err != nil {
		return err
	}
	return p.negotiate(ctx, &webrtc.OfferOptions{ICERestart: true})
}

// negotiate must be called with the turn held. An offer that nobody answered, because the SFU was out of reach, goes before
// the new one: Pion cannot take it back.
func (p *publisher) negotiate(ctx context.Context, options *webrtc.OfferOptions) error {
	if p.pc.SignalingState() == webrtc.SignalingStateHaveLocalOffer {
		if err := p.exchange(ctx); err != nil {
			return err
		}
	}
	offer, err := p.pc.CreateOffer(options)
	if err != nil {
		return failure.New(failure.Internal, failure.ICE, err)
	}
	if err := p.pc.SetLocalDescription(offer); err != nil {
		return failure.New(failure.Internal, failure.ICE, err)
	}
	if options != nil && options.ICERestart {
		p.restarted()
	}
	return p.exchange(ctx)
}

// exchange sends the offer in force and takes its answer. The turn must be held.
func (p *publisher) exchange(ctx context.Context) error {
	offer := p.describe()
	answer, err := p.c.rpc.SetPublisher(ctx, &signal.SetPublisherRequest{
		Sdp: offer, SessionId: p.c.sessionID, Tracks: p.trackInfos(),
	})
	if err != nil {
		return fromSFU(err)
	}
	wide, err := widenAnswer(offer, answer)
	if err == nil {
		err = p.setRemote(webrtc.SDPTypeAnswer, wide)
	}
	if err != nil {
		return failure.Newf(failure.SFURejected, failure.Signaling, "the SFU's answer is unusable: %w", err)
	}
	return p.checkAnswer(answer)
}

// checkAnswer must be called with the turn held.
func (p *publisher) checkAnswer(answer string) error {
	for _, s := range p.senders {
		if s.isOffered() && s.track.media.Video {
			if err := checkAccepted(answer, s.transceiver.Mid(), s.track.media.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// sends tells whether a type of track is announced for a publish option.
func (p *publisher) sends(t models.TrackType, optionID int32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.senders, func(s *sender) bool {
		return s.current && s.track.trackType == t && s.option.GetId() == optionID
	})
}

// announced lists the tracks that the SFU knows.
func (p *publisher) announced() []*models.TrackInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trackInfos()
}

// isOffered tells that the description in force, which gives the mid, has a place for what is sent.
func (s *sender) isOffered() bool { return s.current && s.transceiver.Mid() != "" }

// trackInfos must be called with the turn or mu held.
func (p *publisher) trackInfos() []*models.TrackInfo {
	var list []*models.TrackInfo
	for _, s := range p.senders {
		if !s.isOffered() {
			continue
		}
		info := &models.TrackInfo{TrackId: s.track.id, TrackType: s.track.trackType, Mid: s.transceiver.Mid()}
		info.Codec, info.PublishOptionId = s.option.GetCodec(), s.option.GetId()
		info.Red = p.c.redundant && !s.track.media.Video
		if s.track.media.Video {
			describeVideo(info, s.track.media, s.option)
		}
		list = append(list, info)
	}
	return list
}

// soleLayer is the rid under which a single encoding is announced.
const soleLayer = "f"

// describeVideo names the codec, whatever the option asks for: media that is encoded already cannot follow it.
func describeVideo(info *models.TrackInfo, track media.Track, option *models.PublishOption) {
	if !strings.EqualFold(option.GetCodec().GetName(), track.Codec.String()) {
		info.Codec = &models.Codec{Name: track.Codec.String(), ClockRate: video.ClockRate}
	}
	info.Layers = []*models.VideoLayer{{
		Rid: soleLayer, Quality: models.VideoQuality_VIDEO_QUALITY_HIGH,
		VideoDimension: &models.VideoDimension{Width: uint32(track.Width), Height: uint32(track.Height)},
		Bitrate:        uint32(option.GetBitrate()), Fps: uint32(option.GetFps()),
	}}
}

// setConnected passes the connection's state on to the tracks, which hold packets back until it is up.
func (p *publisher) setConnected(connected bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.senders {
		s.track.setConnected(connected)
	}
}

// settled tells that no negotiation got stuck half way.
func (p *publisher) settled() bool { return p.pc.SignalingState() == webrtc.SignalingStateStable }

// used tells whether a track is known to the SFU.
func (p *publisher) used() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.senders, func(s *sender) bool { return s.negotiated })
}

// readReports drives the interceptors, which see incoming RTCP only when somebody reads it, and keeps what the SFU
// tells of our packets. It ends with the connection.
func readReports(from *webrtc.RTPSender, track *localTrack) {
	for {
		packets, _, err := from.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			track.feedback(packet)
		}
	}
}

// feedback takes what the SFU says about the packets it gets.
func (t *localTrack) feedback(packet rtcp.Packet) {
	switch report := packet.(type) {
	case *rtcp.ReceiverReport:
		t.note(report.Reports, time.Now())
	case *rtcp.TransportLayerNack:
		for _, pair := range report.Nacks {
			t.resend(pair.PacketList())
		}
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		if tell := t.onKeyframeRequest.Load(); tell != nil {
			(*tell)()
		}
	}
}

func (t *localTrack) note(reports []rtcp.ReceptionReport, now time.Time) {
	t.mu.Lock()
	ssrc := t.ssrc
	t.mu.Unlock()
	for _, r := range reports {
		if r.SSRC != ssrc {
			continue
		}
		t.loss.note(r.FractionLost)
		note := &receptionReport{lost: r.TotalLost, jitterMs: float64(r.Jitter) * 1000 / float64(t.media.Clock())}
		if r.LastSenderReport != 0 {
			elapsed := ntpMiddle(now) - r.LastSenderReport - r.Delay
			note.rttMs = float64(elapsed) / 65.536
		}
		t.remote.Store(note)
	}
}

// ntpMiddle is the middle 32 bits of an NTP time, in units of 1/65536 s (RFC 3550 §4).
func ntpMiddle(t time.Time) uint32 {
	const unixEpoch = 2208988800 // in NTP seconds
	seconds := uint64(t.Unix()) + unixEpoch
	fraction := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return uint32((seconds<<32 | fraction) >> 16)
}
