package rtc

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v3"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	// disconnectGrace is how long ICE may be disconnected before it is restarted; most losses heal by themselves.
	disconnectGrace    = 2500 * time.Millisecond
	maxEarlyCandidates = 64
)

// peer is what both peer connections have in common: candidates in both directions, and the watch over their state.
// Callbacks of Pion take mu, so mu is never held over a call into Pion that may wait.
type peer struct {
	c    *connection
	kind models.PeerType
	pc   *webrtc.PeerConnection
	// up is open while the connection is connected.
	up gate

	mu         sync.Mutex
	remote     string // the remote description in force
	early      []webrtc.ICECandidateInit
	described  string // the last description we sent
	state      webrtc.PeerConnectionState
	connected  bool // it was once
	closed     bool
	grace      *time.Timer
	checkingAt time.Time
	iceAt      time.Time
}

func newPeer(c *connection, kind models.PeerType, api *webrtc.API) (*peer, error) {
	pc, err := api.NewPeerConnection(webrtc.Configuration{
		ICEServers:   iceServers(c.credentials.ICEServers),
		BundlePolicy: webrtc.BundlePolicyMaxBundle,
		Certificates: c.certificates,
	})
	if err != nil {
		return nil, failure.New(failure.Internal, failure.ICE, err)
	}
	p := &peer{c: c, kind: kind, pc: pc, state: webrtc.PeerConnectionStateNew}
	c.s.engine.peers.Add(1)
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) { c.s.tasks.guard(func() { p.trickle(candidate) }) })
	pc.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) { c.s.tasks.guard(func() { p.onICEState(state) }) })
	pc.OnConnectionStateChange(func(webrtc.PeerConnectionState) { c.s.tasks.guard(p.onState) })
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
	p.c.s.engine.peers.Add(-1)
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
	description := p.pc.LocalDescription().SDP
	p.mu.Lock()
	defer p.mu.Unlock()
	p.described = description
	return description
}

// setRemote applies a description of the SFU and then the candidates that came before it.
func (p *peer) setRemote(kind webrtc.SDPType, sdp string) error {
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
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

func (p *peer) onICEState(state webrtc.ICEConnectionState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case webrtc.ICEConnectionStateChecking:
		if p.checkingAt.IsZero() {
			p.checkingAt = time.Now()
		}
	case webrtc.ICEConnectionStateConnected:
		p.stopGrace()
		if p.iceAt.IsZero() && !p.checkingAt.IsZero() {
			p.iceAt = time.Now()
			p.c.s.timing.ice(p.iceAt.Sub(p.checkingAt))
		}
	case webrtc.ICEConnectionStateDisconnected:
		if p.connected && p.grace == nil && !p.closed {
			p.grace = time.AfterFunc(disconnectGrace, func() {
				p.c.s.tasks.guard(func() { p.c.report(strategyFast, "ice_disconnected", nil) })
			})
		}
	}
}

// stopGrace must be called with mu held.
func (p *peer) stopGrace() {
	if p.grace != nil {
		p.grace.Stop()
		p.grace = nil
	}
}

// onState looks at the state instead of taking it as an argument: Pion's notices may overtake each other.
func (p *peer) onState() {
	p.mu.Lock()
	state := p.pc.ConnectionState()
	if state == p.state || p.closed {
		p.mu.Unlock()
		return
	}
	p.state = state
	connected := state == webrtc.PeerConnectionStateConnected
	first := connected && !p.connected
	p.connected = p.connected || connected
	if first && !p.iceAt.IsZero() {
		p.c.s.timing.dtls(time.Since(p.iceAt))
	}
	never, iceDone := !p.connected, !p.iceAt.IsZero()
	p.mu.Unlock()

	p.up.set(connected)
	p.c.onPeerState(p.kind, state)
	if state != webrtc.PeerConnectionStateFailed {
		return
	}
	switch {
	case never && iceDone:
		p.c.report(strategyRejoin, "dtls_failed", failure.Newf(failure.DTLSFailed, failure.DTLS, "the DTLS handshake failed"))
	case never:
		p.c.report(strategyRejoin, "ice_never_connected", failure.Newf(failure.ICEFailed, failure.ICE, "no path for media was found"))
	default:
		p.c.report(strategyRejoin, "connection_failed", failure.Newf(failure.ICEFailed, failure.ICE, "the path for media was lost"))
	}
}

// healthy tells whether the peer connection may go on as it is.
func (p *peer) healthy() bool {
	state := p.pc.ConnectionState()
	return state != webrtc.PeerConnectionStateFailed && state != webrtc.PeerConnectionStateClosed
}

func (p *peer) isConnected() bool {
	return p.pc.ConnectionState() == webrtc.PeerConnectionStateConnected &&
		p.pc.ICEConnectionState() != webrtc.ICEConnectionStateDisconnected
}

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
