package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// trickler takes the candidates out of an SFU's descriptions, and sends them before these: to a client whose peer
// connection or remote description does not exist yet. The client's own candidates are held back, so that there is no
// path unless it uses those.
type trickler struct {
	*interposer
	early atomic.Int64 // candidates sent before their description
}

func (w *world) tricklingSFU() *trickler {
	w.t.Helper()
	p := new(trickler)
	p.interposer = w.interpose(interposerHooks{
		request: p.holdBack,
		answer:  p.onAnswer,
		event: func(sessionID string, e *event.SfuEvent) {
			if offer := e.GetSubscriberOffer(); offer != nil {
				offer.Sdp = p.trickle(sessionID, models.PeerType_PEER_TYPE_SUBSCRIBER, offer.GetSdp())
			}
		},
	})
	return p
}

// holdBack takes the client's candidates out of its descriptions, and keeps whose publisher is described for the answer.
func (p *trickler) holdBack(r *http.Request) (taken bool) {
	if strings.HasSuffix(r.URL.Path, "/IceTrickle") {
		return true
	}
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.HasSuffix(r.URL.Path, "/SetPublisher"):
		request := new(signal.SetPublisherRequest)
		_ = proto.Unmarshal(body, request)
		r.Header.Set("X-Session", request.GetSessionId())
		request.Sdp, _ = withoutCandidates(request.GetSdp())
		body, _ = proto.Marshal(request)
	case strings.HasSuffix(r.URL.Path, "/SendAnswer"):
		request := new(signal.SendAnswerRequest)
		_ = proto.Unmarshal(body, request)
		request.Sdp, _ = withoutCandidates(request.GetSdp())
		body, _ = proto.Marshal(request)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return false
}

func withoutCandidates(sdp string) (rest string, candidates []string) {
	for _, line := range strings.SplitAfter(sdp, "\r\n") {
		switch {
		case strings.HasPrefix(line, "a=candidate:"):
			candidates = append(candidates, strings.TrimSpace(strings.TrimPrefix(line, "a=")))
		case !strings.HasPrefix(line, "a=end-of-candidates"):
			rest += line
		}
	}
	return rest, candidates
}

func (p *trickler) onAnswer(response *http.Response) error {
	sessionID := response.Request.Header.Get("X-Session")
	if sessionID == "" || response.StatusCode != http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	answer := new(signal.SetPublisherResponse)
	if err := proto.Unmarshal(body, answer); err != nil {
		return err
	}
	answer.Sdp = p.trickle(sessionID, models.PeerType_PEER_TYPE_PUBLISHER_UNSPECIFIED, answer.GetSdp())
	if body, err = proto.Marshal(answer); err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// trickle sends the candidates of a description and answers the rest.
func (p *trickler) trickle(sessionID string, kind models.PeerType, sdp string) string {
	_, after, _ := strings.Cut(sdp, "a=ice-ufrag:")
	fragment, _, _ := strings.Cut(after, "\r\n")
	rest, candidates := withoutCandidates(sdp)
	for _, candidate := range candidates {
		text, _ := json.Marshal(map[string]any{
			"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": fragment,
		})
		p.tell(sessionID, &event.SfuEvent{EventPayload: &event.SfuEvent_IceTrickle{
			IceTrickle: &models.ICETrickle{PeerType: kind, IceCandidate: string(text), SessionId: sessionID},
		}})
	}
	p.early.Add(int64(len(candidates)))
	return rest
}

func TestCandidatesThatComeBeforeTheirPeerConnectionAreKept(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	p := w.tricklingSFU()
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	bob.listen("alice").await(t, 20)
	if early := p.early.Load(); early < 2 {
		t.Errorf("only %d candidates came early", early)
	}
}
