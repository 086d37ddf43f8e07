package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
)

// simulcast publishes one video in three encodings.
type simulcast struct {
	tracks []*localTrack // q, h, f; the first holds sender and announcement
}

var rids = []string{"q", "h", "f"}

func (c *testClient) newSimulcast() *simulcast {
	c.t.Helper()
	peer, err := c.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		c.t.Fatal(err)
	}
	c.publisher = peer
	id := c.userID + "-camera"
	camera := &simulcast{}
	info := &models.TrackInfo{TrackId: id, TrackType: videoTrack, Codec: &models.Codec{Name: "VP8"}}
	var sender *webrtc.RTPSender
	for i, rid := range rids {
		static, err := webrtc.NewTrackLocalStaticRTP(vp8().RTPCodecCapability, id, "stream-"+id, webrtc.WithRTPStreamID(rid))
		if err != nil {
			c.t.Fatal(err)
		}
		if sender == nil {
			transceiver, err := peer.AddTransceiverFromTrack(static, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
			if err != nil {
				c.t.Fatal(err)
			}
			sender = transceiver.Sender()
		} else if err := sender.AddEncoding(static); err != nil {
			c.t.Fatal(err)
		}
		height := uint32(180) << i
		info.Layers = append(info.Layers, &models.VideoLayer{Rid: rid, VideoDimension: &models.VideoDimension{Width: height * 16 / 9, Height: height}})
		camera.tracks = append(camera.tracks, &localTrack{
			TrackLocalStaticRTP: static, sender: sender, info: info,
			next: rtp.Header{Version: 2, SequenceNumber: uint16(1000 * (i + 1)), Timestamp: uint32(50_000 * (i + 1))},
		})
	}
	return camera
}

// sendAll sends one frame on each encoding, with the extensions that tell them apart.
func (s *simulcast) sendAll(t *testing.T, keyframe bool, frame int) {
	t.Helper()
	for i, track := range s.tracks {
		header := track.next
		header.Marker = true
		s.identify(&header, i)
		payload := vp8Frame(keyframe, uint16(5000*i+frame), fmt.Sprintf("%s%d", rids[i], frame))
		if err := track.WriteRTP(&rtp.Packet{Header: header, Payload: payload}); err != nil {
			t.Fatal(err)
		}
		track.next.SequenceNumber++
		track.next.Timestamp += 3000
	}
}

// identify adds the extensions that tell the encodings apart.
func (s *simulcast) identify(header *rtp.Header, i int) {
	for _, extension := range s.tracks[0].sender.GetParameters().HeaderExtensions {
		switch extension.URI {
		case "urn:ietf:params:rtp-hdrext:sdes:mid":
			_ = header.SetExtension(uint8(extension.ID), []byte("0"))
		case "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id":
			_ = header.SetExtension(uint8(extension.ID), []byte(rids[i]))
		}
	}
}

// track finds what the client publishes.
func (c *testClient) track(s *Server, kind models.TrackType) *track {
	for _, t := range s.call(testCall).tracksOf(s.session(c.sessionID)) {
		if t.kind == kind {
			return t
		}
	}
	c.t.Fatalf("%s does not publish %v", c.userID, kind)
	return nil
}

func (c *testClient) count(streamID string) int { return len(c.received(streamID)) }

// count2 is count for those who hold c.mu.
func (c *testClient) count2(streamID string) int {
	if track := c.tracks[streamID]; track != nil {
		return len(track.packets)
	}
	return 0
}

func (c *testClient) lastContent(streamID string) string {
	packets := c.received(streamID)
	return string(packets[len(packets)-1].Payload[5:])
}

// pause waits for the next change of the client's state, one frame's time at most.
func (c *testClient) pause() {
	c.mu.Lock()
	changed := c.changed
	c.mu.Unlock()
	select {
	case <-changed:
	case <-time.After(33 * time.Millisecond):
	}
}
