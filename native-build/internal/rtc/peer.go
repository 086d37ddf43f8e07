package rtc

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/description"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/screen"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/udp"
)

const (
	// disconnectGrace is how long ICE may be disconnected before it is restarted; most losses heal by themselves.
	disconnectGrace    = 2500 * time.Millisecond
	maxEarlyCandidates = 64
	// maxSources is how many streams an SFU may send in the life of a connection.
	maxSources = 1 << 16
)

// peer is what both peer connections have in common: candidates in both directions, and the watch over their state.
// Callbacks of Pion take mu, so mu is never held over a call into Pion that may wait.
//
// Pion's own connection state is not used: it is computed from notices that may overtake each other.
type peer struct {
	c       *connection
	kind    models.PeerType
	network *udp.Net
	screen  *screen.Screen
	pc      *webrtc.PeerConnection
	// up is open while the connection is connected.
	up gate

	idle description.Idle // sections of the SFU's offers; one description is set at a time

	watch sync.Mutex // held while a change of state is taken in; taken before mu

	mu        sync.Mutex
	remote    string // the remote description in force
	early     []webrtc.ICECandidateInit
	described string // the last description we sent
	ice       webrtc.ICEConnectionState
	dtls      webrtc.DTLSTransportState
	state     webrtc.PeerConnectionState // what these two come to
	connected bool                       // it was once
	closed    bool
	grace     *time.Timer
	startedAt time.Time
	iceAt     time.Time
}

func newPeer(c *connection, kind models.PeerType, screen *screen.Screen, api func(*udp.Net) *webrtc.API) (*peer, error) {
	network := c.s.engine.sockets.Net(screen.Admits)
	pc, err := api(network).NewPeerConnection(webrtc.Configuration{
		ICEServers:         iceServers(c.s.log, c.credentials.ICEServers, c.s.sfuReach().publicOnly),
		ICETransportPolicy: c.s.engine.policy,
		BundlePolicy:       webrtc.BundlePolicyMaxBundle,
		Certificates:       c.certificates,
	})
	if err != nil {
		network.Close()
		return nil, failure.New(failure.Internal, failure.ICE, err)
	}
	p := &peer{c: c, kind: kind, network: network, screen: screen, pc: pc, state: webrtc.PeerConnectionStateNew}
	c.s.engine.peers.Add(1)
	tasks := c.s.tasks
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) { tasks.guard(func() { p.trickle(candidate) }) })
	pc.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) { tasks.guard(func() { p.onICEState(state) }) })
	dtls := pc.SCTP().Transport()
	dtls.ICETransport().OnSelectedCandidatePairChange(func(*webrtc.ICECandidatePair) {
		// ICE waits for this callback, and what it leads to may wait for ICE.
		tasks.spawn(func() { p.onICEState(webrtc.ICEConnectionStateConnected) })
	})
	dtls.OnStateChange(func(webrtc.DTLSTransportState) {
		tasks.spawn(func() { p.observe(func() {}) }) // Pion holds a lock here that observe takes
	})
	return p, nil
}

// close ends the connection; it is called once.
func (p *peer) close() {
	p.mu.Lock()
	p.closed = true // a late notice must not speak for the connection that comes next
	p.stopGrace()
	p.mu.Unlock()
	p.up.set(false)
	if err := p.pc.Close(); err != nil {
		p.c.s.log.Debug("closing a peer connection", "error", err)
	}
	p.network.Close()
	if refused := p.screen.Refused(); refused > 0 {
		p.c.s.log.Debug("packets were refused that no SFU sends", "packets", refused)
	}
	p.c.s.engine.peers.Add(-1)
	p.c.onPeerClosed(p)
}

// trickle sends a local candidate, unless the description that the SFU has already names it.
func (p *peer) trickle(candidate *webrtc.ICECandidate) {
	if candidate == nil {
		return
	}
	init := candidate.ToJSON()
	p.mu.Lock()
	known := strings.Contains(p.described, strings.TrimPrefix(init.Candidate, "candidate:"))
	p.mu.Unlock()
	if known {
		return
	}
	text, err := json.Marshal(init)
	if err != nil {
		return
	}
	p.c.s.tasks.spawn(func() {
		err := p.c.rpc.IceTrickle(p.c.ctx, &models.ICETrickle{PeerType: p.kind, IceCandidate: string(text), SessionId: p.c.sessionID})
		if err != nil && p.c.ctx.Err() == nil {
			p.c.s.log.Debug("a candidate was not taken", "error", err)
		}
	})
}

// describe answers the local description with the candidates known so far, and remembers it. Pion is asked without mu:
// its agent may be waiting in one of our callbacks.
func (p *peer) describe() string {
	local := p.pc.LocalDescription().SDP
	p.mu.Lock()
	defer p.mu.Unlock()
	p.described = local
	return local
}

// awaitGathered waits until Pion has gathered candidates: it refuses to restart ICE before.
func (p *peer) awaitGathered(ctx context.Context) error {
	if p.pc.ICEGatheringState() == webrtc.ICEGatheringStateNew {
		return nil
	}
	select {
	case <-webrtc.GatheringCompletePromise(p.pc):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// renewsICE tells whether a description of the SFU has other ICE credentials than the one in force: a restart, whatever else
// the SFU says (RFC 8839 §4.4.1.1.1).
func (p *peer) renewsICE(sdp string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.remote != "" && description.ICEFragment(sdp) != description.ICEFragment(p.remote)
}

// setRemote applies a description of the SFU and then the candidates that came before it.
func (p *peer) setRemote(kind webrtc.SDPType, sdp string) error {
	p.mu.Lock()
	if p.startedAt.IsZero() {
		p.startedAt = time.Now()
	}
	p.mu.Unlock()
	parsed, err := description.Parse(sdp)
	if err != nil {
		return err
	}
	p.screen.Announce(description.SentStreams(parsed))
	applied := sdp
	if kind == webrtc.SDPTypeOffer {
		if applied, err = p.idle.Offer(sdp); err != nil {
			return err
		}
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: applied}); err != nil {
		return err
	}
	p.mu.Lock()
	p.remote = sdp
	early := p.early
	p.early = nil
	p.mu.Unlock()
	for _, candidate := range early {
		p.apply(candidate)
	}
	return nil
}

// addCandidate takes a candidate of the SFU, or keeps it until there is a description.
func (p *peer) addCandidate(candidate webrtc.ICECandidateInit) {
	p.mu.Lock()
	if p.remote == "" {
		if len(p.early) < maxEarlyCandidates {
			p.early = append(p.early, candidate)
		}
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.apply(candidate)
}

func (p *peer) apply(candidate webrtc.ICECandidateInit) {
	p.mu.Lock()
	remote := p.remote
	p.mu.Unlock()
	// One of an earlier ICE generation would only cost checks that cannot succeed.
	if fragment := candidate.UsernameFragment; fragment != nil && *fragment != "" && !strings.Contains(remote, "a=ice-ufrag:"+*fragment) {
		return
	}
	if err := p.pc.AddICECandidate(candidate); err != nil {
		p.c.s.log.Debug("a candidate of the SFU is unusable", "error", err)
	}
}

// onICEState takes note of a state of ICE. Pion tells them on a goroutine each, so that "checking" may come after
// "connected"; whether there is a path is therefore looked up, and only losses are believed.
func (p *peer) onICEState(state webrtc.ICEConnectionState) {
	p.observe(func() { p.ice = state })
}

// observe takes note of a change and draws its consequences. Changes are taken one at a time, each with a look at path
// and DTLS that is newer than the one before. The look waits while Pion closes, which waits for trickle, or while it starts
// SRTP: hence not with mu.
func (p *peer) observe(note func()) {
	p.watch.Lock()
	defer p.watch.Unlock()
	if p.isClosed() {
		return
	}
	transport := p.pc.SCTP().Transport()
	dtls := transport.State()
	path, err := transport.ICETransport().GetSelectedCandidatePair()
	p.mu.Lock()
	p.dtls = dtls
	note()
	p.settle(err == nil && path != nil)
}

func (p *peer) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// judge must be called with mu held.
func (p *peer) judge(reachable bool) webrtc.PeerConnectionState {
	if reachable && p.iceAt.IsZero() {
		p.iceAt = time.Now()
		p.c.s.timing.ice(p.iceAt.Sub(p.startedAt))
	}
	switch {
	case p.ice == webrtc.ICEConnectionStateFailed, p.dtls == webrtc.DTLSTransportStateFailed:
		return webrtc.PeerConnectionStateFailed
	case p.ice == webrtc.ICEConnectionStateDisconnected:
		return webrtc.PeerConnectionStateDisconnected
	case reachable && p.dtls == webrtc.DTLSTransportStateConnected:
		return webrtc.PeerConnectionStateConnected
	}
	return webrtc.PeerConnectionStateConnecting
}

// settle must be called with mu held, and gives it back. It draws the consequences of a new state.
func (p *peer) settle(reachable bool) {
	state := p.judge(reachable)
	if state == p.state || p.closed {
		p.mu.Unlock()
		return
	}
	p.state = state
	up := state == webrtc.PeerConnectionStateConnected
	if up && !p.connected {
		p.connected = true
		p.c.s.timing.dtls(time.Since(p.iceAt))
	}
	p.stopGrace()
	if state == webrtc.PeerConnectionStateDisconnected && p.connected {
		p.grace = time.AfterFunc(disconnectGrace, func() {
			p.c.s.tasks.guard(func() { p.c.report(strategyFast, "ice_disconnected", nil) })
		})
	}
	never, handshook := !p.connected, p.dtls != webrtc.DTLSTransportStateFailed
	p.mu.Unlock()

	p.up.set(up)
	p.c.onPeerState(p.kind, state)
	if state != webrtc.PeerConnectionStateFailed {
		return
	}
	switch {
	case never && !handshook:
		p.c.report(strategyRejoin, "dtls_failed", failure.Newf(failure.DTLSFailed, failure.DTLS, "the DTLS handshake failed"))
	case never:
		p.c.report(strategyRejoin, "ice_never_connected", failure.Newf(failure.ICEFailed, failure.ICE, "no path for media was found"))
	default:
		p.c.report(strategyRejoin, "connection_failed", failure.Newf(failure.ICEFailed, failure.ICE, "the path for media was lost"))
	}
}

// stopGrace must be called with mu held.
func (p *peer) stopGrace() {
	if p.grace != nil {
		p.grace.Stop()
		p.grace = nil
	}
}

// restarted takes note that ICE has begun anew: there is no path until it has found one. It is not looked up: Pion may be
// starting its first transport at this moment, and a look at it would race with that.
func (p *peer) restarted() {
	p.watch.Lock()
	defer p.watch.Unlock()
	p.mu.Lock()
	p.ice = webrtc.ICEConnectionStateChecking
	p.settle(false)
}

func (p *peer) current() webrtc.PeerConnectionState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *peer) wasConnected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connected
}

// healthy tells whether the peer connection may go on as it is.
func (p *peer) healthy() bool { return p.current() != webrtc.PeerConnectionStateFailed }

func (p *peer) isConnected() bool { return p.current() == webrtc.PeerConnectionStateConnected }

var peerKinds = map[models.PeerType]rtcproto.PeerKind{
	models.PeerType_PEER_TYPE_PUBLISHER_UNSPECIFIED: rtcproto.PeerKind_PEER_KIND_PUBLISHER,
	models.PeerType_PEER_TYPE_SUBSCRIBER:            rtcproto.PeerKind_PEER_KIND_SUBSCRIBER,
}

var connectionStates = map[webrtc.PeerConnectionState]rtcproto.ConnectionState{
	webrtc.PeerConnectionStateNew:          rtcproto.ConnectionState_CONNECTION_STATE_NEW,
	webrtc.PeerConnectionStateConnecting:   rtcproto.ConnectionState_CONNECTION_STATE_CONNECTING,
	webrtc.PeerConnectionStateConnected:    rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED,
	webrtc.PeerConnectionStateDisconnected: rtcproto.ConnectionState_CONNECTION_STATE_DISCONNECTED,
	webrtc.PeerConnectionStateFailed:       rtcproto.ConnectionState_CONNECTION_STATE_FAILED,
	webrtc.PeerConnectionStateClosed:       rtcproto.ConnectionState_CONNECTION_STATE_CLOSED,
}
