package sfu

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/guard"
	"streamgateway/native/internal/screen"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/tap"
)

const (
	// firstOfferDelay gives a client time to make its peer connection after the join response, unless it shows earlier
	// that it has.
	firstOfferDelay = 100 * time.Millisecond
	answerDeadline  = 15 * time.Second
)

// subscriber is the peer connection that carries the others' media to a participant. We offer.
//
// Changes are gathered while an offer waits for its answer and go into the next one. One goroutine negotiates at a
// time, and only while there is something to do. Pion cannot roll an offer back: one that may be lost is sent again.
type subscriber struct {
	participant *participant
	tap         *tap.Tap

	// mu guards the course of negotiation; taken after call.mu.
	mu         sync.Mutex
	ready      bool
	offline    bool // the socket is lost: offers would be too
	closed     bool
	dirty      bool
	restart    bool
	working    bool
	offered    uint32    // id of the latest offer
	pending    []byte    // the event that carries the offer that waits for its answer; nil when none does
	answerBy   time.Time // until when that may come
	restarting bool      // the offer that waits is a restart
	opening    *time.Timer
	free       []*webrtc.RTPTransceiver // sections that were given up and may be used again
	noReuse    bool                     // the client cannot bring a section back
	parked     []parkedSection          // for such clients, in place of free

	downlink   *downlink
	allocation sync.Mutex // one at a time shares the downlink out

	// Used by the negotiating goroutine alone.
	api *webrtc.API

	// peerMu guards the following for those who must not wait for a negotiation.
	peerMu    sync.Mutex
	peer      *webrtc.PeerConnection
	transport *transport
	downs     map[*track]*outgoing
	bySSRC    map[uint32]*downTrack

	connected atomic.Bool // whether packets reach the client; only down tracks that hold their lock may act on it
}

// wish is a track that a participant is to get, in the size it wants.
type wish struct {
	track *track
	size  *models.VideoDimension
}

func newSubscriber(p *participant) *subscriber {
	s := &subscriber{
		participant: p, dirty: true, downs: map[*track]*outgoing{}, bySSRC: map[uint32]*downTrack{},
		downlink: newDownlink(p.server.options.trialPatience),
	}
	s.tap = &tap.Tap{Guard: p.server.recover, OnRTCP: s.receiveRTCP, OnWriter: s.opened, Screen: screen.New(maxSources), OnExcess: p.exceed}
	return s
}

// openSoon lets negotiation begin a moment after the join response.
func (s *subscriber) openSoon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening = time.AfterFunc(firstOfferDelay, s.openNow)
}

// openNow lets negotiation begin: the client is known to listen.
func (s *subscriber) openNow() {
	defer s.participant.server.recover("first offer")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready {
		s.ready = true
		s.opening.Stop()
		s.advance()
	}
}

// refresh compares what the participant gets with what it wants, as soon as that is possible. It never blocks.
func (s *subscriber) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = true
	s.advance()
}

// restartICE makes an offer with new ICE credentials. One that waits for its answer may have failed on the client's side,
// so it comes again before.
func (s *subscriber) restartICE() {
	s.participant.call.mu.Lock()
	defer s.participant.call.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendPending()
	s.restart = s.restart || !s.restarting
	s.advance()
}

// pause stops negotiation while the session has no socket. Callers hold call.mu.
func (s *subscriber) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offline = true
}

// resume goes on over a new socket. An offer that waits went over the former one, and may be lost with it. Callers
// hold call.mu.
func (s *subscriber) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offline = false
	s.answerBy = time.Now().Add(answerDeadline)
	s.sendPending()
	s.restart, s.dirty = true, true
	s.advance()
}

// sendPending sends the offer that waits, if one does and there is a socket. Callers hold call.mu and s.mu, so that no
// older offer can follow a newer one.
func (s *subscriber) sendPending() {
	if s.pending != nil && s.participant.socket != nil {
		s.participant.socket.send(s.pending)
	}
}

// advance starts the negotiating goroutine if there is work and none runs. Callers hold s.mu.
func (s *subscriber) advance() {
	if s.working || !s.mayOffer() {
		return
	}
	s.working = true
	s.participant.run(func() {
		if p := guard.Run(s.negotiate); p != nil {
			s.participant.server.panicked("subscriber negotiation", p)
			s.participant.mediaFailed()
		}
	})
}

// mayOffer tells whether there is something to offer and nothing in its way. Callers hold s.mu.
func (s *subscriber) mayOffer() bool {
	return s.ready && !s.offline && !s.closed && s.pending == nil && (s.dirty || s.restart)
}

func (s *subscriber) negotiate() {
	for {
		s.mu.Lock()
		if !s.mayOffer() {
			s.working = false
			s.mu.Unlock()
			return
		}
		restart := s.restart
		s.dirty, s.restart = false, false
		s.mu.Unlock()

		if err := s.offer(restart); err != nil {
			s.mu.Lock()
			s.working = false
			closed := s.closed
			s.mu.Unlock()
			if !closed {
				s.participant.server.log.Debug("subscriber offer failed", "cid", s.participant.cid, "error", err)
				s.participant.mediaFailed()
			}
			return
		}
	}
}

// offer brings the peer connection in line with the wishes and offers the result, if anything changed.
func (s *subscriber) offer(restart bool) error {
	changed, err := s.reconcile(s.participant.call.wishes(s.participant))
	if err != nil {
		return err
	}
	peer := s.connection()
	restart = restart && peer != nil && peer.RemoteDescription() != nil
	if peer == nil || !changed && !restart {
		return nil
	}
	if restart {
		s.setConnected(false)
	}
	offer, err := peer.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(offer); err != nil {
		return err
	}
	if err := waitGathered(context.Background(), gathered); err != nil {
		return err
	}

	sdp := s.participant.server.media.local(peer.LocalDescription().SDP)
	s.participant.call.mu.Lock()
	defer s.participant.call.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered++
	s.pending = encode(&event.SfuEvent{EventPayload: &event.SfuEvent_SubscriberOffer{SubscriberOffer: &event.SubscriberOffer{
		IceRestart: restart, Sdp: sdp, NegotiationId: s.offered,
	}}})
	s.answerBy = time.Now().Add(answerDeadline)
	s.restarting = restart
	s.sendPending()
	return nil
}

func (s *subscriber) connection() *webrtc.PeerConnection {
	s.peerMu.Lock()
	defer s.peerMu.Unlock()
	return s.peer
}

// open makes the peer connection with the first track.
func (s *subscriber) open() (*webrtc.PeerConnection, error) {
	if peer := s.connection(); peer != nil {
		return peer, nil
	}
	media := s.participant.server.media
	s.api = media.newAPI(media.subscribing(s.participant.takesRedundant), s.tap)
	peer, err := s.api.NewPeerConnection(media.configuration())
	if err != nil {
		return nil, err
	}
	followed := followTransport(peer, s.participant.run, s.renewed, s.participant.peerFailed)
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.peerMu.Lock()
		s.peer, s.transport = peer, followed
		s.peerMu.Unlock()
	}
	s.mu.Unlock()
	if closed {
		_ = peer.Close()
		return nil, context.Canceled
	}
	return peer, nil
}

// renewed lets media flow over a new path, and again what may have been lost on a former one.
func (s *subscriber) renewed() {
	s.setConnected(false)
	s.setConnected(true)
}

// setConnected follows the transport. Packets that an interruption held back are sent after it.
func (s *subscriber) setConnected(connected bool) {
	s.connected.Store(connected)
	for _, out := range s.current() {
		if connected {
			out.down.flush()
		} else {
			out.down.hold()
		}
	}
}

// bound notes the SSRC of a down track whose section was answered.
func (s *subscriber) bound(d *downTrack, ssrc uint32) {
	s.peerMu.Lock()
	s.bySSRC[ssrc] = d
	s.peerMu.Unlock()
}

func (s *subscriber) unbound(ssrc uint32) {
	s.peerMu.Lock()
	delete(s.bySSRC, ssrc)
	s.peerMu.Unlock()
}

// opened hands a down track its writer; the library calls it right after bound.
func (s *subscriber) opened(ssrc uint32, writer interceptor.RTPWriter) {
	s.peerMu.Lock()
	d := s.bySSRC[ssrc]
	s.peerMu.Unlock()
	if d != nil { // else its codec was refused
		d.open(writer)
	}
}

func (s *subscriber) receiveRTCP(ssrc uint32, packets []rtcp.Packet) {
	now := time.Now()
	for _, p := range packets {
		// A compound comes once for each source it names; the feedback counts with the one it belongs to.
		if feedback, ok := p.(*rtcp.TransportLayerCC); ok && feedback.MediaSSRC == ssrc {
			s.downlink.estimator.Feedback(now, feedback)
		}
	}
	s.peerMu.Lock()
	d := s.bySSRC[ssrc]
	s.peerMu.Unlock()
	if d != nil {
		d.receiveRTCP(packets)
	}
}

// answer takes the client's answer to the latest offer; those to one that was answered before change nothing, as an offer
// may come twice. Clients that know no ids send 0.
func (s *subscriber) answer(id uint32, description string) *failure {
	sections, _, err := parseSections(description)
	if err != nil {
		return fail(codeInvalid, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case id > s.offered:
		return fail(codeInvalid, "negotiation_id: %d is not an offer, the latest is %d", id, s.offered)
	case id != 0 && (id < s.offered || s.pending == nil):
		return nil
	case s.pending == nil:
		return fail(codeInvalid, "negotiation_id: no offer waits for an answer")
	}
	peer := s.connection()
	if err := peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: withoutCandidates(description)}); err != nil {
		return fail(codeInvalid, "sdp: %v", err)
	}
	s.pending, s.restarting = nil, false
	s.review(peer, sections)
	s.advance()
	return nil
}

// overdue gives up a session whose client does not answer.
func (s *subscriber) overdue(now time.Time) {
	if s.answerLost(now) {
		s.participant.mediaFailed()
	}
}

func (s *subscriber) answerLost(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && !s.offline && s.pending != nil && now.After(s.answerBy)
}

func (s *subscriber) failed() bool {
	s.peerMu.Lock()
	defer s.peerMu.Unlock()
	return s.transport != nil && s.transport.failed.Load()
}

func (s *subscriber) close() {
	s.mu.Lock()
	s.closed = true
	if s.opening != nil {
		s.opening.Stop()
	}
	s.mu.Unlock()
	for t, out := range s.current() {
		t.detach(out.down)
	}
	if peer := s.connection(); peer != nil {
		_ = peer.Close()
	}
}
