package rtc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v3"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

const (
	maxNegotiationFailures = 3
	negotiationTimeout     = 15 * time.Second
	maxOfferQueue          = 16
)

// subscriber is the peer connection on which the SFU offers. It begins with the first offer.
type subscriber struct {
	*peer

	offersMu sync.Mutex
	offers   []*event.SubscriberOffer
	busy     bool
	failures int
}

func newSubscriber(c *connection) (*subscriber, error) {
	p, err := newPeer(c, models.PeerType_PEER_TYPE_SUBSCRIBER, c.apis.subscriber)
	if err != nil {
		return nil, err
	}
	s := &subscriber{peer: p}
	p.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		c.s.tasks.guard(func() { c.onTrack(track, receiver) })
	})
	return s, nil
}

// offer queues an offer; they are answered one after the other.
func (s *subscriber) offer(offer *event.SubscriberOffer) {
	s.offersMu.Lock()
	defer s.offersMu.Unlock()
	if len(s.offers) == maxOfferQueue {
		s.offers = s.offers[1:] // a newer offer describes everything the older did
	}
	s.offers = append(s.offers, offer)
	if !s.busy {
		s.busy = s.c.s.tasks.spawn(s.answerAll)
	}
}

func (s *subscriber) next() *event.SubscriberOffer {
	s.offersMu.Lock()
	defer s.offersMu.Unlock()
	if len(s.offers) == 0 || s.c.ctx.Err() != nil {
		s.busy = false
		return nil
	}
	offer := s.offers[0]
	s.offers = s.offers[1:]
	return offer
}

func (s *subscriber) answerAll() {
	for offer := s.next(); offer != nil; offer = s.next() {
		ctx, cancel := context.WithTimeout(s.c.ctx, negotiationTimeout)
		err := s.answer(ctx, offer)
		cancel()
		switch {
		case err == nil:
			s.failures = 0
		case s.c.ctx.Err() == nil:
			s.onFailure(err)
		}
	}
}

func (s *subscriber) answer(ctx context.Context, offer *event.SubscriberOffer) error {
	if offer.GetIceRestart() {
		// Pion cannot restart ICE while it gathers.
		select {
		case <-webrtc.GatheringCompletePromise(s.pc):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.setRemote(webrtc.SDPTypeOffer, offer.GetSdp()); err != nil {
		return fmt.Errorf("the SFU's offer: %w", err)
	}
	if offer.GetIceRestart() {
		s.restarted()
	}
	answer, err := s.pc.CreateAnswer(nil)
	if err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	if err := s.pc.SetLocalDescription(answer); err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	return s.c.rpc.SendAnswer(ctx, &signal.SendAnswerRequest{
		PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER, Sdp: s.describe(), SessionId: s.c.sessionID,
		NegotiationId: offer.GetNegotiationId(),
	})
}

// onFailure asks for a fresh offer; when that goes on failing only a new session helps.
func (s *subscriber) onFailure(cause error) {
	s.c.s.log.Warn("a subscriber negotiation failed", "error", cause)
	s.failures++
	if s.failures >= maxNegotiationFailures {
		s.c.report(strategyRejoin, "subscriber_negotiation_failed", failure.New(failure.SFURejected, failure.Signaling, cause))
		return
	}
	if s.pc.SignalingState() == webrtc.SignalingStateHaveRemoteOffer {
		_ = s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeRollback})
	}
	if err := s.restartICE(s.c.ctx); err != nil && s.c.ctx.Err() == nil {
		s.c.report(strategyRejoin, "subscriber_negotiation_failed", fromSFU(err))
	}
}

// restartICE asks the SFU for an offer with new ICE credentials.
func (s *subscriber) restartICE(ctx context.Context) error {
	return s.c.rpc.IceRestart(ctx, &signal.ICERestartRequest{SessionId: s.c.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER})
}

// onTrack begins to receive a track. It is kept as an orphan until its participant is known.
func (c *connection) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	prefix, trackType, ok := parseStreamID(track.StreamID())
	if !ok {
		c.s.log.Warn("the SFU forwards a track with an unknown name", "stream", track.StreamID())
		return
	}
	remote := newRemoteTrack(c, track, prefix, trackType)
	codec := remote.negotiate(receiver.GetParameters().Codecs)
	remote.packets = newPacketFeed(c.s, remote)
	defer remote.packets.close()
	c.s.adopt(remote)
	c.s.tasks.spawn(func() { drainReports(receiver) })
	defer c.s.abandon(remote)
	remote.receive(codec)
}

// drainReports drives the interceptors, which see the SFU's RTCP only when somebody reads it.
func drainReports(receiver *webrtc.RTPReceiver) {
	buffer := make([]byte, 1500)
	for {
		if _, _, err := receiver.Read(buffer); err != nil {
			return
		}
	}
}
