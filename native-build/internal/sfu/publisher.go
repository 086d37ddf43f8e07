package sfu

import (
	"context"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/description"
	"streamgateway/native/internal/screen"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/tap"
)

const (
	gatherDeadline = 2 * time.Second
	// maxSections bounds the media sections of one peer connection.
	maxSections = 64
	// maxSources is how many streams a client may send in the life of a session.
	maxSources = 4096
)

// publisher is the peer connection that carries a participant's own media. The client offers.
type publisher struct {
	participant *participant
	tap         *tap.Tap
	arrivals    arrivals

	// mu makes one negotiation follow the other, and guards what they change.
	mu     sync.Mutex
	closed bool
	origin uint64 // of the client's peer connection
	byMid  map[string]*track
	idle   description.Idle

	// peerMu guards the following for those who must not wait for a negotiation.
	peerMu    sync.Mutex
	peer      *webrtc.PeerConnection
	transport *transport
	bySSRC    map[uint32]*layer
}

func newPublisher(p *participant) *publisher {
	b := &publisher{participant: p, byMid: map[string]*track{}}
	b.tap = &tap.Tap{Guard: p.server.recover, OnRTCP: b.receiveRTCP, Screen: screen.New(maxSources), OnExcess: p.exceed}
	return b
}

func (b *publisher) connection() *webrtc.PeerConnection {
	b.peerMu.Lock()
	defer b.peerMu.Unlock()
	return b.peer
}

// negotiate answers an offer that carries the announced tracks. Tracks announced earlier stay as they are.
func (b *publisher) negotiate(ctx context.Context, offer string, infos []*models.TrackInfo) (string, *failure) {
	sections, parsed, err := parseSections(offer)
	if err != nil {
		return "", fail(codeInvalid, "%v", err)
	}
	if failed := checkInfos(sections, infos); failed != nil {
		return "", failed
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	peer, failed := b.open(parsed.Origin.SessionID)
	if failed != nil {
		return "", failed
	}
	b.tap.Screen.Announce(description.SentStreams(parsed))
	applied, err := b.idle.Offer(withoutCandidates(offer))
	if err != nil {
		return "", fail(codeInvalid, "%v", err)
	}
	if err := peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: applied}); err != nil {
		return "", fail(codeInvalid, "sdp: %v", err)
	}
	published, failed := b.claim(peer, sections, infos)
	if failed != nil {
		b.abandon(failed)
		return "", failed
	}
	answer, err := b.answer(ctx, peer)
	if err != nil {
		failed := fail(codeInternal, "answer: %v", err)
		b.abandon(failed)
		return "", failed
	}
	b.participant.call.publish(b.participant, published)
	return answer, nil
}

func checkInfos(sections []section, infos []*models.TrackInfo) *failure {
	if len(infos) == 0 {
		return fail(codeInvalid, "tracks: at least one is needed")
	}
	if len(sections) > maxSections || len(infos) > maxSections {
		return fail(codeInvalid, "sdp: more than %d media sections", maxSections)
	}
	type option struct {
		kind models.TrackType
		id   int32
	}
	seen := map[option]bool{}
	for _, info := range infos {
		kind := info.GetTrackType()
		if !isTrackType(kind) {
			return fail(codeInvalid, "tracks: %q has an unknown type", info.GetTrackId())
		}
		if isVideo(kind) && len(info.GetLayers()) == 0 {
			return fail(codeInvalid, "tracks: %q needs a layer", info.GetTrackId())
		}
		if len(info.GetLayers()) > 3 {
			return fail(codeInvalid, "tracks: %q has more than 3 layers", info.GetTrackId())
		}
		key := option{kind, info.GetPublishOptionId()}
		if seen[key] {
			return fail(codeInvalid, "tracks: two of type %v and publish option %d", kind, key.id)
		}
		seen[key] = true
		s := sectionOf(sections, info)
		if s == nil {
			return fail(codeTracksMismatch, "tracks: %q has no media section", info.GetTrackId())
		}
		if isVideo(kind) != (s.kind == "video") {
			return fail(codeTracksMismatch, "tracks: %q of type %v lies in a section of kind %s", info.GetTrackId(), kind, s.kind)
		}
	}
	return nil
}

// open makes the peer connection with the first offer, and a new one when the client has: one that lost the answer to
// its first offer begins anew, with other streams (RFC 8829, 5.2.1: the origin is that of a connection). Callers hold b.mu.
func (b *publisher) open(origin uint64) (*webrtc.PeerConnection, *failure) {
	if b.closed {
		return nil, fail(codeNotFound, "the session is gone")
	}
	if peer := b.connection(); peer != nil {
		if origin == b.origin {
			return peer, nil
		}
		_ = peer.Close()
		b.byMid, b.idle = map[string]*track{}, description.Idle{}
	}
	b.origin = origin
	media := b.participant.server.media
	peer, err := media.newAPI(media.publishing, b.tap).NewPeerConnection(media.configuration())
	if err != nil {
		return nil, fail(codeInternal, "%v", err)
	}
	peer.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		defer b.participant.server.recover("track")
		b.receive(peer, remote, receiver)
	})
	followed := followTransport(peer, b.participant.run, func() {}, b.participant.peerFailed)
	b.peerMu.Lock()
	b.peer, b.transport, b.bySSRC = peer, followed, map[uint32]*layer{}
	b.peerMu.Unlock()
	return peer, nil
}

// claim finds or makes the track of each announced section and limits the section to its codec. Callers hold b.mu.
func (b *publisher) claim(peer *webrtc.PeerConnection, sections []section, infos []*models.TrackInfo) ([]publication, *failure) {
	var published []publication
	for _, info := range infos {
		s := sectionOf(sections, info)
		transceiver := transceiverOf(peer, s.mid)
		if transceiver == nil || transceiver.Receiver() == nil {
			return nil, fail(codeTracksMismatch, "tracks: section %q is not sent by the client", s.mid)
		}
		codec, ok := announcedCodec(transceiver.Receiver().GetParameters().Codecs, info.GetCodec())
		if !ok {
			return nil, fail(codeTracksMismatch, "tracks: codec %q of %q is not offered or not supported", info.GetCodec().GetName(), info.GetTrackId())
		}
		accepted := []webrtc.RTPCodecParameters{codec}
		if redundant, offered := redundantAmong(transceiver.Receiver().GetParameters().Codecs); offered && info.GetRed() {
			accepted = []webrtc.RTPCodecParameters{redundant, codec}
		}
		if err := transceiver.SetCodecPreferences(accepted); err != nil {
			return nil, fail(codeTracksMismatch, "tracks: %v", err)
		}
		t := b.participant.call.trackFor(b.participant, info, codec)
		if t.mid != "" && t.mid != s.mid {
			delete(b.byMid, t.mid)
		}
		t.id, t.mid = info.GetTrackId(), s.mid
		t.simulcast.Store(s.simulcast)
		b.byMid[s.mid] = t
		published = append(published, publication{track: t, muted: info.GetMuted()})
	}
	return published, nil
}

func transceiverOf(peer *webrtc.PeerConnection, mid string) *webrtc.RTPTransceiver {
	for _, t := range peer.GetTransceivers() {
		if t.Mid() == mid {
			return t
		}
	}
	return nil
}

// answer makes an answer that holds all our candidates, because that is what every client understands.
func (b *publisher) answer(ctx context.Context, peer *webrtc.PeerConnection) (string, error) {
	answer, err := peer.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(answer); err != nil {
		return "", err
	}
	if err := waitGathered(ctx, gathered); err != nil {
		return "", err
	}
	return wantResends(b.participant.server.media.local(peer.LocalDescription().SDP)), nil
}

func waitGathered(ctx context.Context, gathered <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, gatherDeadline)
	defer cancel()
	select {
	case <-gathered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// abandon ends the session after a negotiation that broke half way: the peer connection cannot go back.
func (b *publisher) abandon(cause *failure) {
	b.participant.server.log.Debug("publisher negotiation failed", "cid", b.participant.cid, "message", cause.message)
	b.participant.server.run("abandon", b.participant.mediaFailed)
}

// receive connects an incoming stream with the layer it belongs to.
func (b *publisher) receive(peer *webrtc.PeerConnection, remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	ssrc := uint32(remote.SSRC())
	t := b.trackOf(peer, receiver)
	if t == nil {
		b.tap.Attach(ssrc, func([]byte) {}) // not announced: nobody may hear it
		return
	}
	parameters := receiver.GetParameters()
	redundant, _ := redundantAmong(parameters.Codecs)
	s := source{ssrc: ssrc, payloadType: uint8(t.codec.PayloadType), redType: uint8(redundant.PayloadType), nack: !isVideo(t.kind) || hasFeedback(t.codec, "nack", "")}
	for _, extension := range parameters.HeaderExtensions {
		switch extension.URI {
		case audioLevelURI:
			s.levelID = uint8(extension.ID)
		case transportURI:
			s.transportID = uint8(extension.ID)
		}
	}
	l := t.layer(remote.RID())
	receive := l.bind(s)
	b.peerMu.Lock()
	b.bySSRC[ssrc] = l
	b.peerMu.Unlock()
	b.tap.Attach(ssrc, receive)
	if isVideo(t.kind) {
		for _, d := range t.downList() {
			d.subscriber.participant.rechoose()
		}
	}
}

func (b *publisher) trackOf(peer *webrtc.PeerConnection, receiver *webrtc.RTPReceiver) *track {
	b.mu.Lock()
	defer b.mu.Unlock()
	if peer != b.connection() {
		return nil
	}
	for _, transceiver := range peer.GetTransceivers() {
		if transceiver.Receiver() == receiver {
			return b.byMid[transceiver.Mid()]
		}
	}
	return nil
}

func (b *publisher) receiveRTCP(ssrc uint32, packets []rtcp.Packet) {
	b.peerMu.Lock()
	l := b.bySSRC[ssrc]
	b.peerMu.Unlock()
	if l != nil {
		l.receiveRTCP(packets)
	}
}

func (b *publisher) writeRTCP(packets ...rtcp.Packet) {
	if peer := b.connection(); peer != nil && len(packets) > 0 {
		_ = peer.WriteRTCP(packets) // a failed write is a lost packet
	}
}

func (b *publisher) failed() bool {
	b.peerMu.Lock()
	defer b.peerMu.Unlock()
	return b.transport != nil && b.transport.failed.Load()
}

func (b *publisher) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	if peer := b.connection(); peer != nil {
		_ = peer.Close()
	}
	b.tap.End()
}
