package hostile

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// Path is a way for packets to a peer connection that has not begun its handshake.
type Path struct {
	*ice.Conn
	agent *ice.Agent
}

// Connect finds a path to a peer connection that answers an offer. answer is asked for a description with all candidates.
func Connect(ctx context.Context, offer string, answer func(offer string) (*webrtc.SessionDescription, error)) (*Path, error) {
	agent, err := ice.NewAgent(&ice.AgentConfig{
		NetworkTypes: []ice.NetworkType{ice.NetworkTypeUDP4}, CandidateTypes: []ice.CandidateType{ice.CandidateTypeHost},
		MulticastDNSMode: ice.MulticastDNSModeDisabled, IncludeLoopback: true, IPFilter: net.IP.IsLoopback,
	})
	if err != nil {
		return nil, err
	}
	conn, err := dial(ctx, agent, offer, answer)
	if err != nil {
		return nil, errors.Join(err, agent.Close())
	}
	return &Path{conn, agent}, nil
}

func dial(ctx context.Context, agent *ice.Agent, offer string, answer func(string) (*webrtc.SessionDescription, error)) (*ice.Conn, error) {
	fragment, password, err := agent.GetLocalUserCredentials()
	if err != nil {
		return nil, err
	}
	lines := strings.Split(offer, "\r\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "a=ice-ufrag:"):
			lines[i] = "a=ice-ufrag:" + fragment
		case strings.HasPrefix(line, "a=ice-pwd:"):
			lines[i] = "a=ice-pwd:" + password
		}
	}
	if err := agent.OnCandidate(func(ice.Candidate) {}); err != nil {
		return nil, err
	}
	if err := agent.GatherCandidates(); err != nil {
		return nil, err
	}
	described, err := answer(strings.Join(lines, "\r\n"))
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(described.SDP, "\r\n") {
		text, found := strings.CutPrefix(line, "a=candidate:")
		if !found {
			continue
		}
		candidate, err := ice.UnmarshalCandidate(text)
		if err != nil {
			return nil, err
		}
		if err := agent.AddRemoteCandidate(candidate); err != nil {
			return nil, err
		}
	}
	theirs := credentials(described)
	return agent.Dial(ctx, theirs[0], theirs[1])
}

// Close gives the path up.
func (p *Path) Close() error { return p.agent.Close() }

// Handshake answers the datagrams of each side of a whole one, the client's first.
func Handshake() (client, server [][]byte, err error) {
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, nil, err
	}
	config := &dtls.Config{
		Certificates: []tls.Certificate{certificate}, InsecureSkipVerify: true, ClientAuth: dtls.RequireAnyClientCert,
		ExtendedMasterSecret:   dtls.RequireExtendedMasterSecret,
		SRTPProtectionProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80},
	}
	sockets := [2]*recorder{}
	for i := range sockets {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		defer conn.Close()
		sockets[i] = &recorder{PacketConn: conn}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	accepted := make(chan error, 1)
	go func() {
		conn, err := dtls.Server(sockets[1], sockets[0].LocalAddr(), config)
		if err == nil {
			err = conn.HandshakeContext(ctx)
		}
		accepted <- err
	}()
	conn, err := dtls.Client(sockets[0], sockets[1].LocalAddr(), config)
	if err == nil {
		err = conn.HandshakeContext(ctx)
	}
	return sockets[0].taken(), sockets[1].taken(), errors.Join(err, <-accepted)
}

// recorder keeps what is written.
type recorder struct {
	net.PacketConn
	mu   sync.Mutex
	sent [][]byte
}

func (r *recorder) WriteTo(packet []byte, to net.Addr) (int, error) {
	r.mu.Lock()
	r.sent = append(r.sent, slices.Clone(packet))
	r.mu.Unlock()
	return r.PacketConn.WriteTo(packet, to)
}

func (r *recorder) taken() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent
}

// Play sends the raw steps of a script; there are no keys for others yet.
func (p *Path) Play(script []byte) {
	for kind, data := range steps(script) {
		if kind == Raw {
			_, _ = p.Write(data)
		}
	}
}
