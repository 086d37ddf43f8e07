package sfu

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/sfuproto/models"
)

const (
	testDeadline = 30 * time.Second
	testSecret   = "a secret of the tests"
	testCall     = "default:test"
)

func startServer(t testing.TB, change ...func(*Options)) *Server {
	t.Helper()
	options := Options{EdgeName: "local-1", TokenSecret: []byte(testSecret), Logger: failOnError(t)}
	for _, c := range change {
		c(&options)
	}
	s, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopWithin(s, false); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

func testClaims(userID string) map[string]any {
	return map[string]any{
		"user_id": userID, "call_cid": testCall, "role": "user", "name": strings.ToUpper(userID),
		"can_publish_audio": true, "can_publish_video": true, "can_screenshare": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
}

func signToken(claims map[string]any, secret string) string {
	encodePart := func(v any) string {
		raw, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	body := encodePart(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + encodePart(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func stopWithin(s *Server, drain bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), testDeadline)
	defer cancel()
	return s.Stop(ctx, drain)
}

// failOnError makes every error the server logs, such as a recovered panic, fail the test.
func failOnError(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(errorWriter{t}, &slog.HandlerOptions{Level: slog.LevelError}))
}

type errorWriter struct{ t testing.TB }

func (w errorWriter) Write(line []byte) (int, error) {
	w.t.Errorf("logged: %s", line)
	return len(line), nil
}

// testObserver notes who joined and why they left.
type testObserver struct {
	mu     sync.Mutex
	joined []Presence
	left   chan departure
}

type departure struct {
	Presence
	reason LeaveReason
}

func newTestObserver() *testObserver { return &testObserver{left: make(chan departure, 100)} }

func (o *testObserver) ParticipantJoined(p Presence) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.joined = append(o.joined, p)
}

func (o *testObserver) ParticipantLeft(p Presence, reason LeaveReason, _ time.Duration) {
	o.left <- departure{p, reason}
}

func (o *testObserver) awaitLeft(t *testing.T, userID string) LeaveReason {
	t.Helper()
	deadline := time.After(testDeadline)
	for {
		select {
		case d := <-o.left:
			if d.UserID == userID {
				return d.reason
			}
		case <-deadline:
			t.Fatalf("%s did not leave", userID)
		}
	}
}

// onlyLayer waits for the layer of the only track of a kind in the test's call.
func onlyLayer(t testing.TB, s *Server, kind models.TrackType) (only *layer) {
	t.Helper()
	until(t, fmt.Sprintf("a packet of %v", kind), func() bool {
		for _, p := range s.call(testCall).members() {
			for _, track := range s.call(testCall).tracksOf(p) {
				if track.kind == kind && len(track.layerList()) > 0 {
					only = track.layerList()[0]
				}
			}
		}
		return only != nil
	})
	return only
}

// awaitReceived waits until the SFU has got a number of packets on a layer.
func awaitReceived(t *testing.T, l *layer, count uint64) {
	t.Helper()
	until(t, fmt.Sprintf("receiving %d packets", count), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.reception.received >= count
	})
}

// until looks every millisecond for what no event tells.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.After(testDeadline); !holds(); {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("%s did not come", what)
		}
	}
}
