package sfu

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// fuzzed is a server for fuzz targets. It lives as long as its process, and counts the panics it contains.
type fuzzed struct {
	server *Server
	errors errorCount
}

type errorCount struct {
	count atomic.Int32
	last  atomic.Pointer[string]
}

func (e *errorCount) Write(line []byte) (int, error) {
	text := string(line)
	e.last.Store(&text)
	e.count.Add(1)
	return len(line), nil
}

func newFuzzed(f *testing.F) *fuzzed {
	f.Helper()
	z := &fuzzed{}
	log := slog.New(slog.NewTextHandler(&z.errors, &slog.HandlerOptions{Level: slog.LevelError}))
	server, err := Start(Options{EdgeName: "fuzzed", TokenSecret: []byte(testSecret), Logger: log})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := stopWithin(server, false); err != nil {
			f.Errorf("stop: %v", err)
		}
	})
	z.server = server
	return z
}

// check fails the test when the server contained a panic.
func (z *fuzzed) check(t *testing.T) {
	t.Helper()
	if z.errors.count.Swap(0) != 0 {
		t.Errorf("logged: %s", *z.errors.last.Load())
	}
}

// deafSocket takes frames that nobody reads.
func deafSocket() *socket {
	return &socket{queue: make(chan []byte, socketQueue), closing: make(chan struct{})}
}

// enter joins a participant without a network.
func (z *fuzzed) enter(t *testing.T, userID string) (*participant, *socket) {
	t.Helper()
	token, err := verifyToken(signToken(testClaims(userID), testSecret), z.server.options.TokenSecret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	socket := deafSocket()
	p, failed := z.server.enter(socket, &event.JoinRequest{SessionId: "session-" + userID}, token)
	if failed != nil {
		t.Fatal(failed.message)
	}
	t.Cleanup(func() { p.remove(LeaveLeft, closeNormal) })
	return p, socket
}

// awaitOffer reads what is queued on a socket up to an offer.
func awaitOffer(t *testing.T, s *socket) {
	t.Helper()
	deadline := time.After(testDeadline)
	for {
		select {
		case frame := <-s.queue:
			e := &event.SfuEvent{}
			if err := proto.Unmarshal(frame, e); err != nil {
				t.Fatal(err)
			}
			if e.GetSubscriberOffer() != nil {
				return
			}
		case <-deadline:
			t.Fatal("no offer came")
		}
	}
}

// exampleOffer is what a client with a microphone and a simulcast offers.
var exampleOffer = sync.OnceValues(func() (string, error) {
	peer, err := peerAPI(registerBrowser).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	defer peer.Close()
	sendonly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	if _, err := peer.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, sendonly); err != nil {
		return "", err
	}
	var sender *webrtc.RTPSender
	for _, rid := range rids {
		encoding, err := webrtc.NewTrackLocalStaticRTP(vp8().RTPCodecCapability, "camera", "stream", webrtc.WithRTPStreamID(rid))
		if err != nil {
			return "", err
		}
		if sender != nil {
			err = sender.AddEncoding(encoding)
		} else if sender, err = peer.AddTrack(encoding); err != nil {
			return "", err
		}
		if err != nil {
			return "", err
		}
	}
	offer, err := peer.CreateOffer(nil)
	return offer.SDP, err
})

func FuzzOffer(f *testing.F) {
	offer, err := exampleOffer()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(offer)
	f.Add(strings.ReplaceAll(offer, "a=mid:0", "a=mid:"))
	f.Add(strings.ReplaceAll(offer, "a=simulcast:send", "a=simulcast:recv"))
	f.Add("v=0\r\no=- 0 0 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n")
	f.Add("v=0\r\no=- 0 0 IN IP4 0\r\ns=-\r\nt=0 0\r\nr=\r\n")
	z := newFuzzed(f)
	f.Fuzz(func(t *testing.T, description string) {
		p, _ := z.enter(t, "offerer")
		response, failed := p.setPublisher(context.Background(), &signal.SetPublisherRequest{
			SessionId: p.sessionID, Sdp: description, Tracks: []*models.TrackInfo{
				{TrackId: "microphone", TrackType: audioTrack, Mid: "0", Red: true},
				{TrackId: "camera", TrackType: videoTrack, Mid: "1", Layers: []*models.VideoLayer{{Rid: "q"}, {Rid: "h"}, {Rid: "f"}}},
			},
		})
		if failed == nil && response.GetSdp() == "" {
			t.Error("neither an answer nor an error")
		}
		z.check(t)
	})
}

func FuzzAnswer(f *testing.F) {
	offer, err := exampleOffer()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(strings.ReplaceAll(offer, "a=setup:actpass", "a=setup:active"))
	f.Add(offer)
	z := newFuzzed(f)
	f.Fuzz(func(t *testing.T, description string) {
		speaker, _ := z.enter(t, "speaker")
		listener, socket := z.enter(t, "listener")
		c := speaker.call
		c.publish(speaker, []publication{{track: newTrack(speaker, &models.TrackInfo{TrackType: audioTrack}, opus())}})
		listener.subscriber.openNow()
		awaitOffer(t, socket)
		_, failed := listener.sendAnswer(context.Background(), &signal.SendAnswerRequest{
			PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER, Sdp: description,
		})
		if failed != nil && failed.message == "" {
			t.Error("an error without words")
		}
		z.check(t)
	})
}

func FuzzRequests(f *testing.F) {
	offer, err := exampleOffer()
	if err != nil {
		f.Fatal(err)
	}
	const session = "session-caller"
	for name, request := range map[string]proto.Message{
		"SetPublisher":        &signal.SetPublisherRequest{SessionId: session, Sdp: offer, Tracks: []*models.TrackInfo{{TrackType: audioTrack, Mid: "0"}}},
		"SendAnswer":          &signal.SendAnswerRequest{SessionId: session, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER, Sdp: offer},
		"IceTrickle":          &models.ICETrickle{SessionId: session, IceCandidate: `{"candidate":"candidate:1 1 udp 1 127.0.0.1 9 typ host","sdpMid":"0"}`},
		"UpdateSubscriptions": &signal.UpdateSubscriptionsRequest{SessionId: session, Tracks: []*signal.TrackSubscriptionDetails{{SessionId: session, TrackType: videoTrack}}},
		"UpdateMuteStates":    &signal.UpdateMuteStatesRequest{SessionId: session, MuteStates: []*signal.TrackMuteState{{TrackType: audioTrack, Muted: true}}},
		"IceRestart":          &signal.ICERestartRequest{SessionId: session, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER},
		"SendStats":           &signal.SendStatsRequest{SessionId: session},
	} {
		binary, err := proto.Marshal(request)
		if err != nil {
			f.Fatal(err)
		}
		text, err := protojson.Marshal(request)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, false, binary)
		f.Add(name, true, text)
	}
	z := newFuzzed(f)
	token := signToken(testClaims("caller"), testSecret)
	handler := z.server.routes()
	f.Fuzz(func(t *testing.T, method string, text bool, body []byte) {
		z.enter(t, "caller")
		q := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		q.URL.Path = servicePath + method
		q.Header.Set("Authorization", token)
		q.Header.Set("Content-Type", "application/protobuf")
		if text {
			q.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, q)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s answered %d: %s", method, w.Code, w.Body)
		}
		z.check(t)
	})
}

func FuzzJoin(f *testing.F) {
	offer, err := exampleOffer()
	if err != nil {
		f.Fatal(err)
	}
	for _, request := range []*event.JoinRequest{
		{SessionId: "s", SubscriberSdp: offer, PublisherSdp: offer},
		{SessionId: "s", ReconnectDetails: &event.ReconnectDetails{Strategy: rejoin, PreviousSessionId: "session-other"}},
		{SessionId: "session-other", ReconnectDetails: &event.ReconnectDetails{Strategy: fast}},
		{SessionId: "s", ReconnectDetails: &event.ReconnectDetails{Strategy: migrate, FromSfuId: "elsewhere",
			AnnouncedTracks: []*models.TrackInfo{{}}, Subscriptions: []*signal.TrackSubscriptionDetails{{SessionId: "x"}}}},
		{SessionId: "s", PreferredPublishOptions: []*models.PublishOption{{TrackType: videoTrack, Bitrate: -1, Fps: 1000, Codec: &models.Codec{Name: "av1"}}}},
	} {
		raw, err := proto.Marshal(request)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	z := newFuzzed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		z.enter(t, "other")
		join := &event.JoinRequest{}
		if proto.Unmarshal(raw, join) != nil {
			return
		}
		join.Token = signToken(testClaims("joiner"), testSecret)
		if p, failed := z.server.join(deafSocket(), join); failed == nil {
			p.remove(LeaveLeft, closeNormal)
		}
		z.check(t)
	})
}
