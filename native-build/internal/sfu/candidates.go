package sfu

import (
	"encoding/json"
	"sync"

	"github.com/pion/webrtc/v3"
)

// maxPendingCandidates bounds the candidates kept for one peer connection; more are dropped.
const maxPendingCandidates = 64

// candidates keeps a client's ICE candidates until there is a description they belong to.
type candidates struct {
	mu      sync.Mutex
	pending []webrtc.ICECandidateInit
}

// add hands a candidate to the peer connection, or keeps it when that is nil or has no description yet.
func (c *candidates) add(peer *webrtc.PeerConnection, candidate webrtc.ICECandidateInit) *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	if peer == nil || peer.RemoteDescription() == nil {
		if len(c.pending) < maxPendingCandidates {
			c.pending = append(c.pending, candidate)
		}
		return nil
	}
	if err := peer.AddICECandidate(candidate); err != nil {
		return fail(codeInvalid, "ice_candidate: %v", err)
	}
	return nil
}

// release hands over what was kept. The peer connection has a remote description now.
func (c *candidates) release(peer *webrtc.PeerConnection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, candidate := range c.pending {
		_ = peer.AddICECandidate(candidate) // one that does not parse helps nobody
	}
	c.pending = nil
}

// parseCandidate reads the JSON of an RTCIceCandidateInit.
func parseCandidate(text string) (webrtc.ICECandidateInit, *failure) {
	var candidate webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(text), &candidate); err != nil {
		return candidate, fail(codeInvalid, "ice_candidate: %v", err)
	}
	return candidate, nil
}
