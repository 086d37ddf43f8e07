package sfu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/tap"
)

const (
	socketBuffer       = 4 << 20
	replayWindow       = 1024
	iceKeepalive       = 2 * time.Second
	dtlsRetransmission = 100 * time.Millisecond
)

// mediaPort is the UDP port that carries the media of all peer connections, and what they have in common.
type mediaPort struct {
	mux         directMux
	settings    webrtc.SettingEngine
	certificate webrtc.Certificate
	publishing  *webrtc.MediaEngine
	plain       *webrtc.MediaEngine // for subscribers
	redundant   *webrtc.MediaEngine // for subscribers that take redundant audio
	relay       mediaRelay
	address     *net.UDPAddr
}

func openMediaPort(options Options) (*mediaPort, error) {
	address, err := net.ResolveUDPAddr("udp", options.MediaListen)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	m := &mediaPort{certificate: *certificate}
	if m.relay, err = parseMediaRelay(options.MediaRelay); err != nil {
		return nil, err
	}
	if m.publishing, err = publishingEngine(); err != nil {
		return nil, err
	}
	if m.plain, err = subscribingEngine(opus()); err != nil {
		return nil, err
	}
	if m.redundant, err = subscribingEngine(opus(), redundantOpus()); err != nil {
		return nil, err
	}
	publicIP, err := resolvePublic(options.PublicAddress)
	if err != nil {
		return nil, err
	}

	conn, err := net.ListenUDP("udp", address)
	if err != nil {
		return nil, err
	}
	// The system may grant less; then bursts are lost earlier.
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	m.address = conn.LocalAddr().(*net.UDPAddr)
	logs := &pionLogs{log: options.Logger}
	m.mux = newDirectMux(ice.UDPMuxParams{UDPConn: conn, Logger: logs.NewLogger("mux")})

	m.settings.LoggerFactory = logs
	m.settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	m.settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	m.settings.SetICETimeouts(options.iceTimeout, options.iceTimeout, min(iceKeepalive, options.iceTimeout/2))
	// Clients are known by their checks alone; don't hold that against them.
	m.settings.SetPrflxAcceptanceMinWait(0)
	m.settings.SetDTLSRetransmissionInterval(dtlsRetransmission)
	// A client whose media says goodbye has lost its path like others: it is asked to come back.
	m.settings.DisableCloseByDTLS(true)
	m.settings.SetSRTPReplayProtectionWindow(replayWindow)
	if publicIP != "" {
		m.settings.SetNAT1To1IPs([]string{publicIP}, webrtc.ICECandidateTypeHost)
	}
	return m, nil
}

func resolvePublic(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	ip, err := net.ResolveIPAddr("ip", address)
	if err != nil {
		return "", fmt.Errorf("public_address: %w", err)
	}
	return ip.String(), nil
}

// subscribing knows what may be offered to a subscriber.
func (m *mediaPort) subscribing(redundant bool) *webrtc.MediaEngine {
	if redundant {
		return m.redundant
	}
	return m.plain
}

// newAPI prepares a peer connection whose packets pass through the tap and its screen.
func (m *mediaPort) newAPI(codecs *webrtc.MediaEngine, t *tap.Tap) *webrtc.API {
	settings := m.settings
	settings.SetICEUDPMux(m.mux.behind(t.Screen))
	settings.BufferFactory = t.Buffer
	registry := &interceptor.Registry{}
	registry.Add(t)
	return webrtc.NewAPI(
		webrtc.WithSettingEngine(settings),
		webrtc.WithMediaEngine(codecs),
		webrtc.WithInterceptorRegistry(registry),
	)
}

// configuration is that of every peer connection.
func (m *mediaPort) configuration() webrtc.Configuration {
	return webrtc.Configuration{Certificates: []webrtc.Certificate{m.certificate}}
}

// local corrects a description of ours for clients.
func (m *mediaPort) local(description string) string { return m.relay.advertise(tidy(description)) }

func (m *mediaPort) close() error { return m.mux.Close() }

// pionLogs hands the library's logs on. What it calls warnings and errors are events of networks and clients, so none
// is louder than debug.
type pionLogs struct{ log *slog.Logger }

func (p *pionLogs) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{p.log.With("scope", scope)}
}

type pionLog struct{ log *slog.Logger }

func (pionLog) Trace(string)                     {}
func (pionLog) Tracef(string, ...any)            {}
func (pionLog) Debug(string)                     {}
func (pionLog) Debugf(string, ...any)            {}
func (pionLog) Info(string)                      {}
func (pionLog) Infof(string, ...any)             {}
func (l pionLog) Warn(text string)               { l.log.Debug(text) }
func (l pionLog) Warnf(format string, a ...any)  { l.debugf(format, a) }
func (l pionLog) Error(text string)              { l.log.Debug(text) }
func (l pionLog) Errorf(format string, a ...any) { l.debugf(format, a) }

func (l pionLog) debugf(format string, a []any) {
	if l.log.Enabled(nil, slog.LevelDebug) { //nolint:staticcheck // handlers here need no context
		l.log.Debug(fmt.Sprintf(format, a...))
	}
}
