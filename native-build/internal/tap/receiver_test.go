package tap

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const patience = 20 * time.Second

// TestAStreamThatIsReplacedBeforeThereIsAPathIsReceived has another stream take over a media section whose receiver has not
// started, because there is no path yet.
func TestAStreamThatIsReplacedBeforeThereIsAPathIsReceived(t *testing.T) {
	tap := newTap()
	sending := loopbackAPI(nil)
	sender, receiver := connection(t, sending), connection(t, loopbackAPI(tap))
	tracks := make(chan *webrtc.TrackRemote, 1)
	receiver.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { tracks <- track })

	section, err := sender.AddTransceiverFromTrack(audio(t, "first"), webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		t.Fatal(err)
	}
	negotiate(t, sender, receiver)
	second := audio(t, "second")
	replaced, err := sending.NewRTPSender(second, sender.SCTP().Transport())
	if err != nil {
		t.Fatal(err)
	}
	if err := section.SetSender(replaced, second); err != nil {
		t.Fatal(err)
	}
	exchangeCandidates(t, sender, receiver)
	negotiate(t, sender, receiver)
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for packet := (&rtp.Packet{Header: rtp.Header{Version: 2}, Payload: []byte{0xf8}}); ; packet.SequenceNumber++ {
		select {
		case <-tick.C:
			_ = second.WriteRTP(packet) // lost until it is connected
		case track := <-tracks:
			if track.ID() == "second" {
				return
			}
		case <-deadline:
			t.Fatal("nothing is received")
		}
	}
}

// loopbackAPI makes peer connections on loopback; their packets pass through the tap unless that is nil.
func loopbackAPI(tap *Tap) *webrtc.API {
	codecs := &webrtc.MediaEngine{}
	_ = codecs.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, PayloadType: 111,
	}, webrtc.RTPCodecTypeAudio)
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(net.IP.IsLoopback)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	registry := &interceptor.Registry{}
	if tap != nil {
		settings.BufferFactory = tap.Buffer
		registry.Add(tap)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(registry))
}

func connection(t *testing.T, api *webrtc.API) *webrtc.PeerConnection {
	t.Helper()
	peer, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	return peer
}

func audio(t *testing.T, name string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, name, "stream-"+name)
	if err != nil {
		t.Fatal(err)
	}
	return track
}

// negotiate leaves candidates out: they are exchanged later.
func negotiate(t *testing.T, offering, answering *webrtc.PeerConnection) {
	t.Helper()
	offer, err := offering.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	succeed(t, offering.SetLocalDescription(offer), answering.SetRemoteDescription(offer))
	answer, err := answering.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	succeed(t, answering.SetLocalDescription(answer), offering.SetRemoteDescription(answer))
}

func succeed(t *testing.T, failures ...error) {
	t.Helper()
	for _, err := range failures {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func exchangeCandidates(t *testing.T, one, other *webrtc.PeerConnection) {
	t.Helper()
	<-webrtc.GatheringCompletePromise(one)
	<-webrtc.GatheringCompletePromise(other)
	for from, to := range map[*webrtc.PeerConnection]*webrtc.PeerConnection{one: other, other: one} {
		for _, line := range strings.Split(from.LocalDescription().SDP, "\r\n") {
			if candidate, found := strings.CutPrefix(line, "a=candidate:"); found {
				succeed(t, to.AddICECandidate(webrtc.ICECandidateInit{Candidate: candidate}))
			}
		}
	}
}
