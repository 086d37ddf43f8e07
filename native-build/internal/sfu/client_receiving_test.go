package sfu

import (
	"net"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// remoteTrack collects what arrives on one track.
type remoteTrack struct {
	remote  *webrtc.TrackRemote
	packets []*rtp.Packet
	times   []time.Time
}

func peerAPI(register func(*webrtc.MediaEngine), parts ...interceptor.Factory) *webrtc.API {
	codecs := &webrtc.MediaEngine{}
	register(codecs)
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.DisableSRTPReplayProtection(true)
	registry := &interceptor.Registry{}
	for _, part := range parts {
		registry.Add(part)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(registry))
}

func registerAll(codecs *webrtc.MediaEngine) {
	_ = codecs.RegisterCodec(opus(), webrtc.RTPCodecTypeAudio)
	_ = codecs.RegisterCodec(video(webrtc.MimeTypeVP8, "", 96), webrtc.RTPCodecTypeVideo)
	_ = codecs.RegisterCodec(h264("42e01f", "1", 125), webrtc.RTPCodecTypeVideo)
	for _, uri := range []string{"urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"} {
		_ = codecs.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo)
	}
	_ = codecs.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: audioLevelURI}, webrtc.RTPCodecTypeAudio)
}

// takeOffer answers a subscriber offer, unless the test holds answers back.
func (c *testClient) takeOffer(offer *event.SubscriberOffer) {
	c.mu.Lock()
	hold := c.holdAnswer
	c.mu.Unlock()
	c.update(func() { c.offers = append(c.offers, offer) })
	if !hold {
		c.answer(offer)
	}
}

func (c *testClient) answer(offer *event.SubscriberOffer) {
	peer := c.subscriberPeer()
	understood, err := c.rest.Offer(c.understand(offer.GetSdp())) // as every Pion needs it
	if err == nil {
		err = peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: understood})
	}
	if err != nil {
		c.t.Errorf("%s: offer: %v", c.userID, err)
		return
	}
	description, err := completeAnswer(peer)
	if err != nil {
		c.t.Errorf("%s: answer: %v", c.userID, err)
		return
	}
	response := &signal.SendAnswerResponse{}
	c.rpc("SendAnswer", &signal.SendAnswerRequest{
		SessionId: c.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER,
		Sdp: description, NegotiationId: offer.GetNegotiationId(),
	}, response)
	if response.GetError() != nil {
		c.t.Logf("%s: answer refused: %v", c.userID, response.GetError())
	}
}

// cannotBringBack makes a client that takes a section which was idle for one that stays so, as some libraries do.
func cannotBringBack(c *testClient, _ *event.JoinRequest, _ map[string]any) {
	c.idle = map[string]bool{}
}

// understand is an offer as the client takes it. It is called for one offer at a time.
func (c *testClient) understand(offer string) string {
	if c.idle == nil {
		return offer
	}
	sections := strings.Split(offer, "\r\nm=")
	for i, section := range sections {
		_, mid, _ := strings.Cut(section, "\r\na=mid:")
		mid, _, _ = strings.Cut(mid, "\r\n")
		if c.idle[mid] {
			sections[i] = strings.Replace(section, "\r\na=sendonly\r\n", "\r\na=inactive\r\n", 1)
		}
		c.idle[mid] = c.idle[mid] || strings.Contains(section, "\r\na=inactive\r\n")
	}
	return strings.Join(sections, "\r\nm=")
}

func completeAnswer(peer *webrtc.PeerConnection) (string, error) {
	answer, err := peer.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return peer.LocalDescription().SDP, nil
}

func (c *testClient) subscriberPeer() *webrtc.PeerConnection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subscriber != nil {
		return c.subscriber
	}
	peer, err := c.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		panic(err)
	}
	peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.collect(remote) })
	c.subscriber = peer
	return peer
}

func (c *testClient) collect(remote *webrtc.TrackRemote) {
	track := &remoteTrack{remote: remote}
	c.update(func() { c.tracks[remote.StreamID()] = track })
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		if c.arrivals != nil && len(packet.GetExtensionIDs()) > 0 {
			c.arrivals.record(packet.SSRC, packet.GetExtension(packet.GetExtensionIDs()[0]), time.Now())
		}
		if c.quiet {
			continue
		}
		c.update(func() {
			track.packets = append(track.packets, packet)
			track.times = append(track.times, time.Now())
		})
	}
}

func (c *testClient) received(streamID string) []*rtp.Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	track := c.tracks[streamID]
	if track == nil {
		return nil
	}
	return append([]*rtp.Packet(nil), track.packets...)
}
