package sfu

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/hostile"
)

// FuzzHandshake sends anything where the handshake of a participant's connection is due, to the SFU as client and as server.
func FuzzHandshake(f *testing.F) {
	client, server, err := hostile.Handshake()
	if err != nil {
		f.Fatal(err)
	}
	for _, datagrams := range [][][]byte{client, server} {
		var script []byte
		for _, datagram := range datagrams {
			script = append(script, hostile.Step(hostile.Raw, datagram...)...)
			f.Add(true, hostile.Step(hostile.Raw, datagram...))
			f.Add(false, hostile.Step(hostile.Raw, datagram...))
		}
		f.Add(true, script)
		f.Add(false, script)
	}
	for _, script := range hostile.Seeds() {
		f.Add(false, script)
	}
	s := startServer(f)
	template, err := newClient(f, s, "template").api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = template.Close() })
	if _, err := template.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio); err != nil {
		f.Fatal(err)
	}
	offer, err := template.CreateOffer(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, serves bool, script []byte) {
		sdp := offer.SDP
		if serves {
			sdp = strings.ReplaceAll(sdp, "a=setup:actpass", "a=setup:active")
		}
		b := newPublisher(&participant{server: s})
		peer, err := s.media.newAPI(s.media.publishing, b.tap).NewPeerConnection(s.media.configuration())
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		ended := make(chan struct{})
		peer.SCTP().Transport().OnStateChange(func(state webrtc.DTLSTransportState) {
			if state == webrtc.DTLSTransportStateFailed || state == webrtc.DTLSTransportStateConnected {
				close(ended)
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), testDeadline)
		defer cancel()
		path, err := hostile.Connect(ctx, sdp, func(offer string) (*webrtc.SessionDescription, error) {
			if err := peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
				return nil, err
			}
			_, err := completeAnswer(peer)
			return peer.LocalDescription(), err
		})
		if err != nil {
			t.Fatal(err)
		}
		defer path.Close()
		path.Play(script)
		select {
		case <-ended:
		case <-time.After(5 * time.Millisecond): // most scripts end nothing; what they are taken for shows by then
		}
	})
}
