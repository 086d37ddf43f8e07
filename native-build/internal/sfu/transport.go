package sfu

import (
	"sync/atomic"

	"github.com/pion/webrtc/v4"
)

// transport follows the way that media takes: ICE with DTLS on top.
//
// The library tells of each ICE state on a goroutine of its own, so "checking" may come after "connected", and what it
// says of the connection stays wrong for good. So this looks at what cannot be overtaken: the selected pair and DTLS.
type transport struct {
	dtls      *webrtc.DTLSTransport
	failed    atomic.Bool
	connected func()
}

// followTransport calls connected whenever packets can flow, again after each ICE restart, and failed when the peer
// connection has given up. The calls come on goroutines of run.
func followTransport(peer *webrtc.PeerConnection, run func(work func()), connected, failed func()) *transport {
	t := &transport{dtls: peer.SCTP().Transport(), connected: connected}
	fail := func() {
		t.failed.Store(true)
		failed()
	}
	t.dtls.OnStateChange(func(state webrtc.DTLSTransportState) {
		// The library holds the transport's lock here.
		switch state {
		case webrtc.DTLSTransportStateConnected:
			run(t.check)
		case webrtc.DTLSTransportStateFailed:
			run(fail)
		}
	})
	t.dtls.ICETransport().OnSelectedCandidatePairChange(func(*webrtc.ICECandidatePair) {
		t.failed.Store(false)
		run(t.check)
	})
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed {
			run(fail)
		}
	})
	return t
}

func (t *transport) check() {
	if t.isConnected() {
		t.connected()
	}
}

func (t *transport) isConnected() bool {
	// The pair may be asked for only after the start of ICE, which is surely over when DTLS is connected.
	if t.dtls.State() != webrtc.DTLSTransportStateConnected {
		return false
	}
	pair, err := t.dtls.ICETransport().GetSelectedCandidatePair()
	return err == nil && pair != nil
}
