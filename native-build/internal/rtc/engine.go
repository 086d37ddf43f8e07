// Package rtc is a participant of a call without a screen: it joins through a coordinator, sends and receives media
// through an SFU, survives outages, and tells what happens as events. It knows nothing of who hosts it.
package rtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/mixer"
	"streamgateway/native/internal/udp"
)

// Engine holds what sessions share: HTTP connections, WebRTC settings, and the beat of mixes. It is safe for concurrent use.
type Engine struct {
	log      *slog.Logger
	anywhere *reach // for coordinators, and the SFUs of those within
	internet *reach // for the SFUs of coordinators on the Internet

	loopback peerAPIs // for an SFU on this machine
	network  peerAPIs

	capabilities capabilities
	// policy says which candidates are used; tests allow relays only.
	policy webrtc.ICETransportPolicy
	// isPublic tells whether a server is on the Internet; tests have none there.
	isPublic   func(ctx context.Context, url string) bool
	peers      atomic.Int64 // peer connections alive
	recordings atomic.Int64 // that have not ended
	mixers     mixer.Scheduler
	sockets    udp.Reader
}

// NewEngine prepares an engine; Close gives its connections back.
func NewEngine(log *slog.Logger) (*Engine, error) {
	e := &Engine{log: log, anywhere: newReach(false), internet: newReach(true), isPublic: isPublicURL}
	var err error
	if e.loopback, err = newPeerAPIs(true, log); err != nil {
		return nil, fmt.Errorf("WebRTC settings: %w", err)
	}
	if e.network, err = newPeerAPIs(false, log); err != nil {
		return nil, fmt.Errorf("WebRTC settings: %w", err)
	}
	if e.capabilities, err = newCapabilities(e.network); err != nil {
		return nil, fmt.Errorf("WebRTC capabilities: %w", err)
	}
	return e, nil
}

// Close drops idle connections. Sessions must have left before.
func (e *Engine) Close() {
	e.anywhere.transport.CloseIdleConnections()
	e.internet.transport.CloseIdleConnections()
}

// PeerConnections counts the peer connections that are alive.
func (e *Engine) PeerConnections() int { return int(e.peers.Load()) }

// Recordings counts the recordings that have not ended.
func (e *Engine) Recordings() int { return int(e.recordings.Load()) }

// apis picks the settings for an SFU by where it is: the loopback address must be a candidate for an SFU on this
// machine, and is useless for any other.
func (e *Engine) apis(wsEndpoint string) peerAPIs {
	u, err := url.Parse(wsEndpoint)
	if err != nil {
		return e.network
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return e.loopback
	}
	return e.network
}

// iceServers translates the coordinator's list. Addresses that WebRTC would refuse are left out, and those that a coordinator
// must not name: one bad entry must not take the others away.
func iceServers(log *slog.Logger, servers []coordinator.ICEServer, publicOnly bool) []webrtc.ICEServer {
	var list []webrtc.ICEServer
	for _, server := range servers {
		usable := slices.DeleteFunc(slices.Clone(server.URLs), func(address string) bool {
			parsed, err := ice.ParseURL(address)
			if err == nil && (parsed.Scheme == ice.SchemeTypeTURN || parsed.Scheme == ice.SchemeTypeTURNS) &&
				(server.Username == "" || server.Password == "") {
				err = errNoCredentials
			}
			if literal, notLiteral := netip.ParseAddr(hostOf(parsed)); publicOnly && notLiteral == nil && !isPublic(literal) {
				err = errPrivateAddress
			}
			if err != nil {
				log.Warn("an ICE server is left out", "url", address, "error", err)
			}
			return err != nil
		})
		if len(usable) > 0 {
			list = append(list, webrtc.ICEServer{URLs: usable, Username: server.Username, Credential: server.Password})
		}
	}
	return list
}

func hostOf(address *ice.URL) string {
	if address == nil {
		return ""
	}
	return address.Host
}

var errNoCredentials = errors.New("a TURN server needs a username and a password")
