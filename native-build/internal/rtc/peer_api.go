package rtc

import (
	"log/slog"
	"net"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/tap"
	"streamgateway/native/internal/udp"
)

const (
	iceDisconnectedAfter = 4 * time.Second
	iceFailedAfter       = 8 * time.Second
	iceKeepAlive         = 1500 * time.Millisecond
	dtlsRetransmission   = 100 * time.Millisecond
	// replayWindow is how many packets late one may come for the first time, as those do that are sent again.
	replayWindow = 1024

	opusPayloadType = 111
)

var opusCapability = webrtc.RTPCodecCapability{
	MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
}

// peerAPIs make the two kinds of peer connections. Each kind has only the codecs and the interceptors it needs, as
// every interceptor costs a goroutine in every connection.
type peerAPIs struct {
	publisher  publisherAPI
	subscriber subscriberAPI
}

// publisherAPI makes publishers, each with a network of its own.
type publisherAPI struct {
	settings webrtc.SettingEngine
	media    *webrtc.MediaEngine
	reports  interceptor.Factory
}

func (a publisherAPI) with(network *udp.Net) *webrtc.API {
	settings := a.settings
	settings.SetNet(network)
	return newAPI(settings, a.media, a.reports)
}

// subscriberAPI makes subscribers, each with a network and a tap of its own for the packets that come.
type subscriberAPI struct {
	settings webrtc.SettingEngine
	media    *webrtc.MediaEngine
}

func (a subscriberAPI) with(network *udp.Net, t *tap.Tap) *webrtc.API {
	settings := a.settings
	settings.SetNet(network)
	settings.BufferFactory = t.Buffer
	return newAPI(settings, a.media, t)
}

func newPeerAPIs(loopback bool, log *slog.Logger) (peerAPIs, error) {
	settings := newSettings(loopback, log)
	publisher, err := newPublisherAPI(settings)
	if err != nil {
		return peerAPIs{}, err
	}
	subscriber, err := newSubscriberAPI(settings)
	return peerAPIs{publisher, subscriber}, err
}

func newSettings(loopback bool, log *slog.Logger) webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.LoggerFactory = pionLogs{log}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(iceDisconnectedAfter, iceFailedAfter, iceKeepAlive)
	// An SFU whose checks come before its candidates is known by these alone; don't hold that against it.
	s.SetPrflxAcceptanceMinWait(0)
	s.SetDTLSRetransmissionInterval(dtlsRetransmission)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.DisableCloseByDTLS(true) // what closed is replaced by the session
	if loopback {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
		s.SetIncludeLoopbackCandidate(true)
		s.SetIPFilter(net.IP.IsLoopback)
	}
	s.SetSRTPReplayProtectionWindow(replayWindow)
	return s
}

func newPublisherAPI(settings webrtc.SettingEngine) (publisherAPI, error) {
	codecs := new(webrtc.MediaEngine)
	if err := registerCodecs(codecs); err != nil {
		return publisherAPI{}, err
	}
	// Without the audio level in the offer the SFU never takes the participant for speaking.
	for _, uri := range []string{sdp.SDESMidURI, sdp.AudioLevelURI} {
		if err := codecs.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeAudio); err != nil {
			return publisherAPI{}, err
		}
	}
	mid := webrtc.RTPHeaderExtensionCapability{URI: sdp.SDESMidURI}
	if err := codecs.RegisterHeaderExtension(mid, webrtc.RTPCodecTypeVideo); err != nil {
		return publisherAPI{}, err
	}
	// Tracks answer requests to send packets again by themselves: video needs to keep far more of them than audio.
	reports, err := report.NewSenderInterceptor()
	if err != nil {
		return publisherAPI{}, err
	}
	return publisherAPI{settings, codecs, reports}, nil
}

// newSubscriberAPI has no interceptors: tracks ask for lost packets by themselves, and subscribers report.
func newSubscriberAPI(settings webrtc.SettingEngine) (subscriberAPI, error) {
	media := new(webrtc.MediaEngine)
	if err := registerCodecs(media); err != nil {
		return subscriberAPI{}, err
	}
	level := webrtc.RTPHeaderExtensionCapability{URI: sdp.AudioLevelURI}
	if err := media.RegisterHeaderExtension(level, webrtc.RTPCodecTypeAudio); err != nil {
		return subscriberAPI{}, err
	}
	return subscriberAPI{settings, media}, nil
}

// registerCodecs lists what may be sent, in either direction.
func registerCodecs(media *webrtc.MediaEngine) error {
	video := []webrtc.RTCPFeedback{{Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	const h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	codec := func(mime string, clock uint32, fmtp string, payload webrtc.PayloadType, feedback []webrtc.RTCPFeedback) webrtc.RTPCodecParameters {
		return webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: clock, SDPFmtpLine: fmtp, RTCPFeedback: feedback},
			PayloadType:        payload,
		}
	}
	opus := webrtc.RTPCodecParameters{RTPCodecCapability: opusCapability, PayloadType: opusPayloadType}
	opus.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "nack"}}
	for _, c := range []webrtc.RTPCodecParameters{opus, redundantOpus} {
		if err := media.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return err
		}
	}
	for _, c := range []webrtc.RTPCodecParameters{
		codec(webrtc.MimeTypeVP8, 90000, "", 96, video),
		codec(webrtc.MimeTypeVP9, 90000, "profile-id=0", 98, video),
		codec(webrtc.MimeTypeH264, 90000, h264, 125, video),
		codec(webrtc.MimeTypeAV1, 90000, "", 35, video),
	} {
		if err := media.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			return err
		}
	}
	return nil
}

func newAPI(settings webrtc.SettingEngine, media *webrtc.MediaEngine, parts ...interceptor.Factory) *webrtc.API {
	registry := new(interceptor.Registry)
	for _, part := range parts {
		registry.Add(part)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry))
}

// capabilities are the throw-away offers that tell the SFU our codecs when joining.
type capabilities struct {
	publisherSDP  string
	subscriberSDP string
}

func newCapabilities(apis peerAPIs) (c capabilities, err error) {
	network := new(udp.Reader).Net(func([]byte) bool { return false })
	defer network.Close()
	c.publisherSDP, err = capabilityOffer(apis.publisher.with(network), webrtc.RTPTransceiverDirectionSendonly,
		webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return c, err
	}
	c.subscriberSDP, err = capabilityOffer(apis.subscriber.with(network, new(tap.Tap)), webrtc.RTPTransceiverDirectionRecvonly,
		webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio)
	return c, err
}

func capabilityOffer(api *webrtc.API, direction webrtc.RTPTransceiverDirection, kinds ...webrtc.RTPCodecType) (string, error) {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	defer pc.Close()
	for _, kind := range kinds {
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: direction}); err != nil {
			return "", err
		}
	}
	offer, err := pc.CreateOffer(nil)
	return offer.SDP, err
}
