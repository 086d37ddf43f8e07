package sfu

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// firstNumber is that of the first packet of a track: the numbers begin anew soon.
const firstNumber = 65530

// localTrack is a track the client publishes, fed by the test packet by packet.
type localTrack struct {
	*webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	info   *models.TrackInfo
	next   rtp.Header

	mu   sync.Mutex
	rtcp []rtcp.Packet
}

func (c *testClient) newTrack(kind models.TrackType, codec webrtc.RTPCodecParameters) *localTrack {
	c.t.Helper()
	if c.publisher == nil {
		peer, err := c.api.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			c.t.Fatal(err)
		}
		c.publisher = peer
	}
	id := fmt.Sprintf("%s-%d", c.userID, kind)
	static, err := webrtc.NewTrackLocalStaticRTP(codec.RTPCodecCapability, id, "stream-"+id)
	if err != nil {
		c.t.Fatal(err)
	}
	transceiver, err := c.publisher.AddTransceiverFromTrack(static, webrtc.RTPTransceiverInit{
		Direction: webrtc.RTPTransceiverDirectionSendonly,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	_, name, _ := strings.Cut(codec.MimeType, "/")
	info := &models.TrackInfo{TrackId: id, TrackType: kind, Codec: &models.Codec{Name: strings.ToLower(name)}}
	if isVideo(kind) {
		info.Layers = []*models.VideoLayer{{Rid: "f", VideoDimension: &models.VideoDimension{Width: 640, Height: 360}, Fps: 30, Bitrate: 500_000}}
	}
	track := &localTrack{TrackLocalStaticRTP: static, sender: transceiver.Sender(), info: info}
	track.next = rtp.Header{Version: 2, SequenceNumber: firstNumber, Timestamp: 4294960000}
	return track
}

// readControl collects the RTCP packets the SFU sends for the track.
func (l *localTrack) readControl() {
	for {
		packets, _, err := l.sender.ReadRTCP()
		if err != nil {
			return
		}
		l.mu.Lock()
		l.rtcp = append(l.rtcp, packets...)
		l.mu.Unlock()
	}
}

// publish negotiates the tracks and waits until the publisher is connected.
func (c *testClient) publish(tracks ...*localTrack) {
	c.t.Helper()
	connected := make(chan struct{})
	var once sync.Once
	followed := followTransport(c.publisher, func(work func()) { go work() },
		func() { once.Do(func() { close(connected) }) }, func() {})
	response := c.setPublisher(tracks...)
	if response.GetError() != nil {
		c.t.Fatalf("%s: publish: %v", c.userID, response.GetError())
	}
	if followed.isConnected() {
		return
	}
	select {
	case <-connected:
	case <-time.After(testDeadline):
		c.t.Fatalf("%s: the publisher did not connect", c.userID)
	}
}

func (c *testClient) setPublisher(tracks ...*localTrack) *signal.SetPublisherResponse {
	c.t.Helper()
	response := c.offerTracks(tracks...)
	if response.GetError() == nil {
		err := c.publisher.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: response.GetSdp()})
		if err != nil {
			c.t.Fatalf("%s: answer: %v\n%s", c.userID, err, response.GetSdp())
		}
	}
	return response
}

// offerTracks offers the tracks and leaves the answer to the caller.
func (c *testClient) offerTracks(tracks ...*localTrack) *signal.SetPublisherResponse {
	c.t.Helper()
	offer, err := c.publisher.CreateOffer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.publisher)
	if err := c.publisher.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	<-gathered
	request := &signal.SetPublisherRequest{SessionId: c.sessionID, Sdp: c.publisher.LocalDescription().SDP}
	for _, track := range tracks {
		for _, transceiver := range c.publisher.GetTransceivers() {
			if transceiver.Sender() == track.sender {
				track.info.Mid = transceiver.Mid()
			}
		}
		request.Tracks = append(request.Tracks, track.info)
	}
	response := &signal.SetPublisherResponse{}
	c.rpc("SetPublisher", request, response)
	return response
}

// sendAudio sends one packet of 20 ms.
func (l *localTrack) sendAudio(t testing.TB, payload []byte) {
	t.Helper()
	if err := l.WriteRTP(&rtp.Packet{Header: l.next, Payload: payload}); err != nil {
		t.Fatal(err)
	}
	l.next.SequenceNumber++
	l.next.Timestamp += 960
}

// streamOf names the stream that carries a participant's track to the others.
func (c *testClient) streamOf(kind models.TrackType) string {
	for _, p := range c.response.GetCallState().GetParticipants() {
		if p.GetSessionId() == c.sessionID {
			return p.GetTrackLookupPrefix() + ":" + kind.String()
		}
	}
	c.t.Fatalf("%s: not in its own roster", c.userID)
	return ""
}
