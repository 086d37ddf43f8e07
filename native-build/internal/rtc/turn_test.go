package rtc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v4"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
)

const (
	turnUser     = "user-of-the-join"
	turnPassword = "password of the join"
)

// TestMediaPassesTURNServersOfTheJoin lets sessions use nothing but a TURN server, over each way to reach one.
func TestMediaPassesTURNServersOfTheJoin(t *testing.T) {
	certificate := trustedCertificate(t)
	servers := startTURN(t, certificate)
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			front := coordinatorWith(t, startServer(t), []coordinator.ICEServer{
				{URLs: []string{"turn:without.credentials.invalid:3478"}},
				{URLs: []string{"nonsense", servers[transport]}, Username: turnUser, Password: turnPassword},
			})
			engine := startEngine(t)
			engine.policy = webrtc.ICETransportPolicyRelay

			alice, bob := joinAs(t, engine, front, "alice"), joinAs(t, engine, front, "bob")
			track := publishedBy(t, alice)
			hears(t, track, bob)
			sent, received := alice.Stats().Publisher, bob.Stats().Subscriber
			if !strings.HasPrefix(sent.LocalCandidate, "relay ") || !strings.HasPrefix(received.LocalCandidate, "relay ") {
				t.Errorf("media passes %q and %q", sent.LocalCandidate, received.LocalCandidate)
			}
		})
	}
}

// startTURN serves TURN on loopback, and answers how to reach it over each transport.
func startTURN(t *testing.T, certificate tls.Certificate) map[string]string {
	t.Helper()
	datagrams, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	relays := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: "test", LoggerFactory: pionLogs{slog.New(slog.NewTextHandler(io.Discard, nil))},
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return turn.GenerateAuthKey(user, realm, turnPassword), user == turnUser
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: datagrams, RelayAddressGenerator: relays}},
		ListenerConfigs: []turn.ListenerConfig{
			{Listener: streams, RelayAddressGenerator: relays}, {Listener: secure, RelayAddressGenerator: relays},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return map[string]string{
		"udp": fmt.Sprintf("turn:%s?transport=udp", datagrams.LocalAddr()),
		"tcp": fmt.Sprintf("turn:%s?transport=tcp", streams.Addr()),
		"tls": fmt.Sprintf("turns:%s?transport=tcp", secure.Addr()),
	}
}

// trusted is made once: a process reads whom it trusts with the first certificate that it checks.
var trusted struct {
	once        sync.Once
	certificate tls.Certificate
}

// trustedCertificate is one for 127.0.0.1 that this process trusts.
func trustedCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	trusted.once.Do(func() { trusted.certificate = newTrustedCertificate(t) })
	return trusted.certificate
}

func newTrustedCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func coordinatorWith(t testing.TB, server *sfu.Server, servers []coordinator.ICEServer) string {
	t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"own_capabilities": []string{"send-audio"},
			"credentials": map[string]any{
				"server": map[string]string{"url": server.URL(), "ws_endpoint": server.WSEndpoint(), "edge_name": "sfu-1"},
				"token":  sfuToken(r.URL.Query().Get("user_id"), "secret"), "ice_servers": servers,
			},
		})
	}))
	t.Cleanup(front.Close)
	return front.URL
}

func publishedBy(t testing.TB, s *Session) *localTrack {
	t.Helper()
	track := newLocalTrack(sfuTrackType(rtcproto.TrackType_TRACK_TYPE_AUDIO), media.Track{}, "track", "stream", 0)
	if err := s.conn.publish(within(t), track, false); err != nil {
		t.Fatal(err)
	}
	if err := track.ready.wait(within(t)); err != nil {
		t.Fatal(err)
	}
	return track
}
