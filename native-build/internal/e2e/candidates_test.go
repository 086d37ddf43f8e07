package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// trickler stands in front of an SFU, takes the candidates out of its descriptions, and sends them before these: to a
// client whose peer connection or remote description does not exist yet. The client's own candidates are held back, so
// that there is no path unless it uses those.
type trickler struct {
	t      *testing.T
	server *httptest.Server
	sfu    string // host and port
	tasks  sync.WaitGroup

	mu      sync.Mutex
	sockets map[string]*tricklerSocket // by session id
	early   int                        // candidates sent before their description
}

type tricklerSocket struct {
	mu   sync.Mutex
	conn *websocket.Conn
}

func (s *tricklerSocket) send(e *event.SfuEvent) {
	data, _ := proto.Marshal(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conn.WriteMessage(websocket.BinaryMessage, data)
}

func (w *world) tricklingSFU() *trickler {
	w.t.Helper()
	p := &trickler{t: w.t, sfu: signalingAddress(w.sfu), sockets: map[string]*tricklerSocket{}}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: p.sfu})
	forward.ModifyResponse = p.onAnswer
	p.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/ws") {
			p.serveSocket(rw, r)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/IceTrickle") {
			rw.Header().Set("Content-Type", "application/protobuf")
			return
		}
		p.holdBack(r)
		forward.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(func() {
		p.server.Close()
		p.tasks.Wait()
	})
	w.coordinator.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/join") {
			return false
		}
		writeCredentials(rw, p.server.URL+"/twirp", "ws"+strings.TrimPrefix(p.server.URL, "http")+"/ws", "sfu-1",
			sfuToken(r.URL.Query().Get("user_id"), callCID, 0))
		return true
	})
	return p
}

// holdBack takes the client's candidates out of its descriptions, and keeps whose publisher is described for the answer.
func (p *trickler) holdBack(r *http.Request) {
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

func (p *trickler) serveSocket(w http.ResponseWriter, r *http.Request) {
	p.tasks.Add(1)
	defer p.tasks.Done()
	client, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer client.Close()
	server, _, err := websocket.DefaultDialer.Dial("ws://"+p.sfu+r.URL.RequestURI(), nil)
	if err != nil {
		p.t.Errorf("the SFU: %v", err)
		return
	}
	defer server.Close()
	socket := &tricklerSocket{conn: client}
	sessionID := make(chan string, 1)
	p.tasks.Add(1)
	go func() {
		defer p.tasks.Done()
		defer server.Close()
		for {
			kind, data, err := client.ReadMessage()
			if err != nil {
				return
			}
			request := new(event.SfuRequest)
			if id := ""; proto.Unmarshal(data, request) == nil && request.GetJoinRequest() != nil {
				id = request.GetJoinRequest().GetSessionId()
				p.mu.Lock()
				p.sockets[id] = socket
				p.mu.Unlock()
				sessionID <- id
			}
			if server.WriteMessage(kind, data) != nil {
				return
			}
		}
	}()
	var id string
	for {
		_, data, err := server.ReadMessage()
		if err != nil {
			return
		}
		if id == "" {
			id = <-sessionID
		}
		received := new(event.SfuEvent)
		if proto.Unmarshal(data, received) == nil && received.GetSubscriberOffer() != nil {
			offer := received.GetSubscriberOffer()
			offer.Sdp = p.trickle(id, models.PeerType_PEER_TYPE_SUBSCRIBER, offer.GetSdp())
		}
		socket.send(received)
	}
}

// trickle sends the candidates of a description and answers the rest.
func (p *trickler) trickle(sessionID string, kind models.PeerType, sdp string) string {
	p.mu.Lock()
	socket := p.sockets[sessionID]
	p.mu.Unlock()
	_, after, _ := strings.Cut(sdp, "a=ice-ufrag:")
	fragment, _, _ := strings.Cut(after, "\r\n")
	rest, candidates := withoutCandidates(sdp)
	for _, candidate := range candidates {
		text, _ := json.Marshal(map[string]any{
			"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": fragment,
		})
		socket.send(&event.SfuEvent{EventPayload: &event.SfuEvent_IceTrickle{
			IceTrickle: &models.ICETrickle{PeerType: kind, IceCandidate: string(text), SessionId: sessionID},
		}})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.early += len(candidates)
	return rest
}

func TestCandidatesThatComeBeforeTheirPeerConnectionAreKept(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	p := w.tricklingSFU()
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	bob.listen("alice").await(t, 20)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.early < 2 {
		t.Errorf("only %d candidates came early", p.early)
	}
}
