package rtc

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
	"streamgateway/native/internal/signaling"
)

type strategy = models.WebsocketReconnectStrategy

const (
	strategyNone       = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_UNSPECIFIED
	strategyDisconnect = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_DISCONNECT
	strategyFast       = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_FAST
	strategyRejoin     = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_REJOIN
	strategyMigrate    = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_MIGRATE
)

// socketTimeout bounds opening the SFU's WebSocket and its answer to the join.
const socketTimeout = 5 * time.Second

// trouble is why a connection needs help.
type trouble struct {
	strategy strategy
	reason   string
	err      error
}

// connection is one participant at one SFU: its WebSocket, its procedures and its two peer connections. A fast
// reconnect replaces the WebSocket only; anything stronger replaces the connection.
type connection struct {
	s            *Session
	ctx          context.Context
	cancel       context.CancelFunc
	sessionID    string
	credentials  coordinator.Credentials
	apis         peerAPIs
	certificates []webrtc.Certificate
	rpc          *signaling.RPC
	// trouble holds the first one; what follows from it is dropped.
	trouble chan trouble
	// statsInterval is how often the SFU wants to hear of our counters; 0 never.
	statsInterval time.Duration
	// redundant tells that the call wants redundant audio.
	redundant    bool
	migrated     chan struct{}
	migratedOnce sync.Once

	mu             sync.Mutex
	socket         *signaling.Socket
	unheard        chan struct{} // closed when the socket has ended
	fastDeadline   time.Duration
	publishOptions sfuPublishOptions
	publisher      *publisher
	subscriber     *subscriber
	early          []webrtc.ICECandidateInit // of the subscriber, before it exists
	closed         bool
}

func newConnection(s *Session, sessionID string, joined *coordinator.JoinResponse, certificates []webrtc.Certificate) *connection {
	ctx, cancel := context.WithCancel(s.ctx)
	server := joined.Credentials.Server
	return &connection{
		s: s, ctx: ctx, cancel: cancel, sessionID: sessionID, credentials: joined.Credentials,
		apis: s.engine.apis(server.WSEndpoint), certificates: certificates,
		rpc:     signaling.NewRPC(s.sfuReach().http, server.URL, joined.Credentials.Token),
		trouble: make(chan trouble, 1), migrated: make(chan struct{}),
		statsInterval: time.Duration(joined.StatsOptions.ReportingIntervalMs) * time.Millisecond,
		redundant:     joined.Call.Settings.Audio.RedundantCodingEnabled,
	}
}

// open connects the WebSocket and joins. details is nil for the first join.
func (c *connection) open(ctx context.Context, details *event.ReconnectDetails) (*event.JoinResponse, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, socketTimeout, errSFUSilent)
	defer cancel()
	target := signaling.Target{
		WSEndpoint: c.credentials.Server.WSEndpoint, APIKey: c.s.options.APIKey, UserID: c.s.options.User.ID,
		CallCID: c.s.CallCID(), UserSessionID: c.sessionID, Attempt: c.s.nextAttempt(),
	}
	socket, joined, err := signaling.Join(ctx, c.s.sfuReach().dialer, target, c.joinRequest(details))
	if err != nil {
		if context.Cause(ctx) == errSFUSilent {
			return nil, failure.New(failure.SFUUnreachable, failure.Signaling, errSFUSilent)
		}
		return nil, fromSFU(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket, c.unheard = socket, make(chan struct{})
	c.fastDeadline = time.Duration(joined.GetFastReconnectDeadlineSeconds()) * time.Second
	if options := joined.GetPublishOptions(); len(options) > 0 {
		c.publishOptions = sfuPublishOptions{options, true}
	}
	return joined, nil
}

var errSFUSilent = fmt.Errorf("the SFU did not answer within %v", socketTimeout)

func (c *connection) joinRequest(details *event.ReconnectDetails) *event.JoinRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &event.JoinRequest{
		Token: c.credentials.Token, SessionId: c.sessionID, UnifiedSessionId: c.s.unifiedID,
		PublisherSdp: c.s.engine.capabilities.publisherSDP, SubscriberSdp: c.s.engine.capabilities.subscriberSDP,
		ClientDetails: &models.ClientDetails{
			// The SDK type stays unspecified: for Go, production ignores the decoders we list.
			Sdk:    &models.Sdk{Major: "0", Minor: "1", Patch: "0"},
			Os:     &models.OS{Name: runtime.GOOS, Architecture: runtime.GOARCH},
			Device: &models.Device{Name: "stream-gateway"},
		},
		FastReconnect:           details.GetStrategy() == strategyFast,
		ReconnectDetails:        details,
		PreferredPublishOptions: c.publishOptions.list,
	}
}

// listen hands the WebSocket's events over until it ends.
func (c *connection) listen() {
	c.mu.Lock()
	socket, unheard := c.socket, c.unheard
	c.mu.Unlock()
	c.s.tasks.spawn(func() {
		defer close(unheard)
		err := socket.Listen(c.handle)
		socket.Close(signaling.CloseUnhealthy, "unhealthy")
		c.mu.Lock()
		current := c.socket == socket
		if current {
			c.socket = nil
		}
		c.mu.Unlock()
		if current && c.ctx.Err() == nil {
			c.report(strategyFast, "signal_lost", failure.New(failure.SFUUnreachable, failure.Signaling, err))
		}
	})
}

// socketEnd answers a channel that closes when the present socket ends.
func (c *connection) socketEnd() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unheard
}

// report asks the session for help.
func (c *connection) report(s strategy, reason string, err error) {
	select {
	case c.trouble <- trouble{s, reason, err}:
	default:
	}
}

// handle runs on the WebSocket's goroutine, so it must not wait for the network.
func (c *connection) handle(e *event.SfuEvent) {
	switch payload := e.EventPayload.(type) {
	case *event.SfuEvent_SubscriberOffer:
		if s, err := c.openSubscriber(); err != nil {
			c.report(strategyRejoin, "subscriber_failed", err)
		} else if s != nil {
			s.offer(payload.SubscriberOffer)
		}
	case *event.SfuEvent_IceTrickle:
		c.onTrickle(payload.IceTrickle)
	case *event.SfuEvent_IceRestart:
		c.onRestartWish(payload.IceRestart.GetPeerType())
	case *event.SfuEvent_ParticipantMigrationComplete:
		c.migratedOnce.Do(func() { close(c.migrated) })
	case *event.SfuEvent_ChangePublishOptions:
		c.onPublishOptions(payload.ChangePublishOptions.GetPublishOptions())
	case *event.SfuEvent_ChangePublishQuality:
		c.onPublishQuality(payload.ChangePublishQuality)
	default:
		c.s.onEvent(c, e)
	}
}

func (c *connection) onTrickle(trickle *models.ICETrickle) {
	var candidate webrtc.ICECandidateInit
	if json.Unmarshal([]byte(trickle.GetIceCandidate()), &candidate) != nil || candidate.Candidate == "" {
		return
	}
	c.mu.Lock()
	publisher, subscriber := c.publisher, c.subscriber
	forSubscriber := trickle.GetPeerType() == models.PeerType_PEER_TYPE_SUBSCRIBER
	if forSubscriber && subscriber == nil && len(c.early) < maxEarlyCandidates {
		c.early = append(c.early, candidate)
	}
	c.mu.Unlock()
	switch {
	case forSubscriber && subscriber != nil:
		subscriber.addCandidate(candidate)
	case !forSubscriber && publisher != nil:
		publisher.addCandidate(candidate)
	}
}

func (c *connection) onRestartWish(kind models.PeerType) {
	if p := c.currentPublisher(); p != nil && kind == models.PeerType_PEER_TYPE_PUBLISHER_UNSPECIFIED {
		c.s.tasks.spawn(func() {
			if err := p.restartICE(c.ctx); err != nil && c.ctx.Err() == nil {
				c.report(strategyRejoin, "restart_ice_failed", err)
			}
		})
	}
}

// openSubscriber answers the subscriber, made with the first offer; nil when the connection is closed.
func (c *connection) openSubscriber() (*subscriber, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subscriber != nil || c.closed {
		return c.subscriber, nil
	}
	s, err := newSubscriber(c)
	if err != nil {
		return nil, err
	}
	c.subscriber = s
	for _, candidate := range c.early {
		s.addCandidate(candidate)
	}
	c.early = nil
	return s, nil
}

func (c *connection) openPublisher() (*publisher, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, failure.New(failure.SFUUnreachable, failure.Signaling, context.Canceled)
	}
	if c.publisher == nil {
		p, err := newPublisher(c)
		if err != nil {
			return nil, err
		}
		c.publisher = p
	}
	return c.publisher, nil
}

func (c *connection) currentPublisher() *publisher {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.publisher
}

func (c *connection) currentSubscriber() *subscriber {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscriber
}

// publish makes a track live at the SFU, or known but silent when muted.
func (c *connection) publish(ctx context.Context, track *localTrack, muted bool) error {
	if err := c.checkWanted(track.trackType); err != nil {
		return err
	}
	p, err := c.openPublisher()
	if err != nil {
		return err
	}
	if err := p.publish(ctx, track); err != nil {
		return err
	}
	// Not given up with ctx: a request that is on its way could reach the SFU after the one that silences the track.
	if err := c.setMuted(c.ctx, track.trackType, muted); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		_ = c.setMuted(c.ctx, track.trackType, true) // fails only with the connection
		return err
	}
	return nil
}

// discard drops a publisher whose description got stuck half way: without other tracks the next publication begins
// with a new one. Else an offer that did not reach the SFU goes with the next one, and what the SFU refused it would refuse
// again: then only a new session helps.
func (c *connection) discard(p *publisher, cause error) {
	if p.used() {
		if failure.KindOf(cause) != failure.SFUUnreachable {
			c.report(strategyRejoin, "publisher_negotiation_failed", nil)
		}
		return
	}
	c.mu.Lock()
	current := c.publisher == p && !c.closed // closing closes it
	if current {
		c.publisher = nil
	}
	c.mu.Unlock()
	if current {
		p.close()
	}
}

func (c *connection) setMuted(ctx context.Context, t models.TrackType, muted bool) error {
	return fromSFU(c.rpc.UpdateMuteStates(ctx, &signal.UpdateMuteStatesRequest{
		SessionId: c.sessionID, MuteStates: []*signal.TrackMuteState{{TrackType: t, Muted: muted}},
	}))
}

func (c *connection) onPeerState(kind models.PeerType, state webrtc.PeerConnectionState) {
	if p := c.currentPublisher(); p != nil && kind == models.PeerType_PEER_TYPE_PUBLISHER_UNSPECIFIED {
		p.setConnected(state == webrtc.PeerConnectionStateConnected)
	}
	if c.ctx.Err() == nil {
		c.s.emit(stateEvent(kind, state))
	}
}

func stateEvent(kind models.PeerType, state webrtc.PeerConnectionState) *rtcproto.Event {
	return &rtcproto.Event{Payload: &rtcproto.Event_ConnectionStateChanged{
		ConnectionStateChanged: &rtcproto.ConnectionStateChanged{Peer: peerKinds[kind], State: connectionStates[state]},
	}}
}

// onPeerClosed tells that a peer connection is gone, unless the session ends or has another of its kind by now.
func (c *connection) onPeerClosed(p *peer) {
	if p.current() == webrtc.PeerConnectionStateNew {
		return // nobody knows of it
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open || s.state == Leaving || s.conn != c && s.conn.has(p.kind) {
		return
	}
	s.tell(stateEvent(p.kind, webrtc.PeerConnectionStateClosed))
}

func (c *connection) has(kind models.PeerType) bool {
	return slices.ContainsFunc(c.peers(), func(p *peer) bool { return p.kind == kind })
}

// peers are the peer connections that exist.
func (c *connection) peers() (list []*peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.publisher != nil {
		list = append(list, c.publisher.peer)
	}
	if c.subscriber != nil {
		list = append(list, c.subscriber.peer)
	}
	return list
}

func (c *connection) healthy() bool {
	return !slices.ContainsFunc(c.peers(), func(p *peer) bool { return !p.healthy() })
}

func (c *connection) signaled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.socket != nil
}

// dropSocket closes a WebSocket that turned out to be of no use.
func (c *connection) dropSocket() {
	c.mu.Lock()
	socket := c.socket
	c.socket = nil
	c.mu.Unlock()
	if socket != nil {
		socket.Close(signaling.CloseJoinFailed, "not resumed")
	}
}

// close ends the connection. With leave the SFU is told that the participant goes; otherwise it finds the socket
// replaced.
func (c *connection) close(leave bool, reason string) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	socket := c.socket
	c.socket = nil
	publisher, subscriber := c.publisher, c.subscriber
	c.mu.Unlock()
	c.cancel()
	if socket != nil && leave {
		socket.Leave(c.sessionID, reason)
	} else if socket != nil {
		socket.Close(signaling.CloseReplaced, reason)
	}
	if publisher != nil {
		publisher.close()
	}
	if subscriber != nil {
		subscriber.close()
	}
}
