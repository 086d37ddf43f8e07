package rtc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/screen"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
	"streamgateway/native/internal/tap"
	"streamgateway/native/internal/udp"
)

const (
	maxNegotiationFailures = 3
	negotiationTimeout     = 15 * time.Second
	maxOfferQueue          = 16
)

// subscriber is the peer connection on which the SFU offers. It begins with the first offer.
type subscriber struct {
	*peer
	tap     *tap.Tap
	reports *reports

	offersMu sync.Mutex
	offers   []*event.SubscriberOffer
	busy     bool
	failures int
}

func newSubscriber(c *connection) (*subscriber, error) {
	s := &subscriber{reports: newReports()}
	s.tap = &tap.Tap{Guard: c.s.tasks.recover, OnRTCP: s.reports.receive, Screen: screen.New(maxSources)}
	s.tap.OnExcess = func() {
		c.report(strategyRejoin, "too_many_streams", failure.Newf(failure.SFURejected, failure.ICE, "the SFU reports on more than %d streams", maxSources))
	}
	var err error
	api := func(network *udp.Net) *webrtc.API { return c.apis.subscriber.with(network, s.tap) }
	if s.peer, err = newPeer(c, models.PeerType_PEER_TYPE_SUBSCRIBER, s.tap.Screen, api); err != nil {
		return nil, err
	}
	s.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		c.s.tasks.guard(func() { s.onTrack(track, receiver) })
	})
	c.s.tasks.spawn(func() { s.reports.run(c.ctx, s.pc) })
	return s, nil
}

func (s *subscriber) close() {
	s.peer.close()
	s.tap.End()
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
	restart := offer.GetIceRestart() || s.renewsICE(offer.GetSdp())
	if restart {
		if err := s.awaitGathered(ctx); err != nil {
			return err
		}
	}
	if err := s.setRemote(webrtc.SDPTypeOffer, offer.GetSdp()); err != nil {
		return fmt.Errorf("the SFU's offer: %w", err)
	}
	if restart {
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

// onFailure asks for another offer. When that goes on failing, or the description is stuck half way, which Pion cannot
// roll back, only a new session helps.
func (s *subscriber) onFailure(cause error) {
	s.c.s.log.Warn("a subscriber negotiation failed", "error", cause)
	s.failures++
	if s.failures >= maxNegotiationFailures || s.pc.SignalingState() != webrtc.SignalingStateStable {
		s.c.report(strategyRejoin, "subscriber_negotiation_failed", failure.New(failure.SFURejected, failure.Signaling, cause))
		return
	}
	if err := s.restartICE(s.c.ctx); err != nil && s.c.ctx.Err() == nil {
		s.c.report(strategyRejoin, "subscriber_negotiation_failed", fromSFU(err))
	}
}

// restartICE asks the SFU for an offer with new ICE credentials.
func (s *subscriber) restartICE(ctx context.Context) error {
	return s.c.rpc.IceRestart(ctx, &signal.ICERestartRequest{SessionId: s.c.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER})
}

// onTrack receives a track until it ends with its connection or its section of the description. It is kept as an orphan until
// its participant is known.
func (s *subscriber) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	c := s.c
	prefix, trackType, ok := parseStreamID(track.StreamID())
	if !ok {
		c.s.log.Warn("the SFU forwards a track with an unknown name", "stream", track.StreamID())
		return
	}
	remote := newRemoteTrack(c, track, receiver.GetParameters(), prefix, trackType)
	remote.packets = newPacketFeed(c.s, remote)
	defer remote.packets.close()
	c.s.adopt(remote)
	defer c.s.abandon(remote)
	s.reports.add(remote)
	defer s.reports.remove(remote)
	<-s.tap.Attach(remote.ssrc, remote.receive)
	remote.end()
}
