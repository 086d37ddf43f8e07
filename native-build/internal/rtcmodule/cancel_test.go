package rtcmodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
)

// gate holds back the requests of one kind, as a server does that does not answer.
type gate struct {
	mu      sync.Mutex
	suffix  string // of their paths; empty for none
	arrived chan struct{}
	release chan struct{}
}

// hold closes the gate for paths that end so; the answer closes when the first request stands before it.
func (g *gate) hold(suffix string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.suffix, g.arrived, g.release = suffix, make(chan struct{}), make(chan struct{})
	return g.arrived
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.suffix = ""
	close(g.release)
}

func (g *gate) pass(r *http.Request) {
	g.mu.Lock()
	held := g.suffix != "" && strings.HasSuffix(r.URL.Path, g.suffix)
	arrived, release := g.arrived, g.release
	if held {
		select {
		case <-arrived:
		default:
			close(arrived)
		}
	}
	g.mu.Unlock()
	if !held {
		return
	}
	body, _ := io.ReadAll(r.Body) // only then does the server notice that the client is gone
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	select {
	case <-release:
	case <-r.Context().Done():
	}
}

func TestWhateverWaitsForAServerCanBeCancelled(t *testing.T) {
	s := newStage(t)
	alice := s.join("alice")
	source := uint64(s.must("rtc.publish.open", `{"session":%d,"name":"speech","track_type":"audio","format":"ogg"}`, alice)["source"].(float64))
	bob := s.join("bob")
	for _, test := range []struct{ tag, held, request string }{
		{"rtc.join", "/join", fmt.Sprintf(`{"coordinator_url":%q,"api_key":"k","token":"t","call_type":"default","call_id":"demo","user":{"id":"carol"}}`, s.coordinator)},
		{"rtc.subscribe", "/UpdateSubscriptions", fmt.Sprintf(`{"session":%d,"subscribe":{"audio":["alice"]}}`, bob)},
		{"rtc.publish.open", "/SetPublisher", fmt.Sprintf(`{"session":%d,"name":"speech","track_type":"audio","format":"ogg"}`, bob)},
		{"rtc.mute", "/UpdateMuteStates", fmt.Sprintf(`{"session":%d,"audio":true}`, alice)},
		{"rtc.custom_event", "/event", fmt.Sprintf(`{"session":%d,"custom":{"a":1}}`, alice)},
		{"rtc.reaction", "/reaction", fmt.Sprintf(`{"session":%d,"type":"like"}`, alice)},
		{"rtc.publish.close", "/UpdateMuteStates", fmt.Sprintf(`{"source":%d}`, source)},
	} {
		t.Run(test.tag, func(t *testing.T) {
			before := s.Counts()["sessions"]
			arrived := s.gate.hold(test.held)
			ctx, cancel := context.WithCancel(context.Background())
			answer := make(chan error, 1)
			go func() {
				_, err := s.Commands()[test.tag].Run(ctx, []byte(test.request))
				answer <- err
			}()
			select {
			case <-arrived:
			case err := <-answer:
				t.Fatalf("it did not wait: %v", err)
			}
			cancel()
			select {
			case err := <-answer:
				if failure.KindOf(err) != failure.Cancelled {
					t.Errorf("cancelled, it answers %v", err)
				}
			case <-time.After(patience):
				t.Error("cancelled, it goes on")
			}
			s.gate.open()
			if after := s.Counts()["sessions"]; after != before {
				t.Errorf("%d sessions before, %d after", before, after)
			}
			if test.tag == "rtc.publish.close" {
				// What was begun is finished: the publication ends all the same.
				s.await(alice, func(e *rtcproto.Event) bool { return e.GetPublicationEnded().GetReason() == "closed" })
			} else {
				s.must(test.tag, "%s", test.request) // nothing is in its way
			}
		})
	}
}

func TestWaitingForATrackCanBeCancelled(t *testing.T) {
	s := newStage(t)
	alice := s.join("alice")
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error, 1)
	go func() {
		_, err := s.Commands()["rtc.sink.open"].Run(ctx, []byte(fmt.Sprintf(`{"session":%d,"track":"bob:audio","wait_ms":60000}`, alice)))
		answer <- err
	}()
	cancel()
	if err := <-answer; failure.KindOf(err) != failure.Cancelled {
		t.Errorf("cancelled, it answers %v", err)
	}
	if stats := s.must("rtc.stats", `{"session":%d}`, alice); len(stats["sinks"].([]any)) != 0 {
		t.Errorf("stats: %v", stats)
	}
}

func TestALeaveThatIsCancelledLeavesAllTheSame(t *testing.T) {
	s := newStage(t)
	alice := s.join("alice")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Commands()["rtc.leave"].Run(ctx, []byte(fmt.Sprintf(`{"session":%d}`, alice))); failure.KindOf(err) != failure.Cancelled {
		t.Errorf("cancelled, it answers %v", err)
	}
	s.await(alice, func(e *rtcproto.Event) bool { return e.GetLeft() != nil })
}
