package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/event"
)

// interposer stands in front of an SFU, so that a test can change what passes, and speak in the SFU's name.
type interposer struct {
	w      *world
	server *httptest.Server
	sfu    string // host and port
	hooks  interposerHooks
	tasks  sync.WaitGroup

	mu      sync.Mutex
	sockets map[string]*interposedSocket // by session id
}

// interposerHooks are called for what passes; nil ones for nothing.
type interposerHooks struct {
	request func(*http.Request) (taken bool) // of a procedure; taken: it shall not reach the SFU, the answer is empty
	answer  func(*http.Response) error
	event   func(sessionID string, e *event.SfuEvent)
}

type interposedSocket struct {
	mu   sync.Mutex
	conn *websocket.Conn
}

func (s *interposedSocket) send(e *event.SfuEvent) {
	data, _ := proto.Marshal(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conn.WriteMessage(websocket.BinaryMessage, data)
}

// interpose makes whoever joins from now on reach the SFU through an interposer.
func (w *world) interpose(hooks interposerHooks) *interposer {
	w.t.Helper()
	p := &interposer{w: w, sfu: signalingAddress(w.sfu), hooks: hooks, sockets: map[string]*interposedSocket{}}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: p.sfu})
	forward.ModifyResponse = hooks.answer
	forward.ErrorHandler = func(rw http.ResponseWriter, _ *http.Request, _ error) { rw.WriteHeader(http.StatusBadGateway) }
	p.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/ws"):
			p.serveSocket(rw, r)
		case hooks.request != nil && hooks.request(r):
			rw.Header().Set("Content-Type", "application/protobuf")
		default:
			forward.ServeHTTP(rw, r)
		}
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

// tell sends an event to a session in the SFU's name.
func (p *interposer) tell(sessionID string, e *event.SfuEvent) {
	p.mu.Lock()
	socket := p.sockets[sessionID]
	p.mu.Unlock()
	socket.send(e)
}

// replaceAnswer puts another answer in the place of the SFU's.
func replaceAnswer(r *http.Response, answer proto.Message) {
	data, _ := proto.Marshal(answer)
	r.Body.Close()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	r.Header.Set("Content-Length", strconv.Itoa(len(data)))
}

// hangUp closes a session's socket.
func (p *interposer) hangUp(sessionID string) {
	p.mu.Lock()
	socket := p.sockets[sessionID]
	p.mu.Unlock()
	socket.conn.Close()
}

func (p *interposer) serveSocket(rw http.ResponseWriter, r *http.Request) {
	p.tasks.Add(1)
	defer p.tasks.Done()
	client, err := new(websocket.Upgrader).Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	defer client.Close()
	server, _, err := websocket.DefaultDialer.Dial("ws://"+p.sfu+r.URL.RequestURI(), nil)
	if err != nil {
		p.w.t.Errorf("the SFU: %v", err)
		return
	}
	defer server.Close()
	socket := &interposedSocket{conn: client}
	joining := make(chan string, 1)
	p.tasks.Add(1)
	go func() {
		defer p.tasks.Done()
		defer server.Close()
		p.carryUp(client, server, socket, joining)
	}()
	var sessionID string
	for {
		_, data, err := server.ReadMessage()
		if err != nil {
			return
		}
		if sessionID == "" {
			sessionID = <-joining
		}
		e := new(event.SfuEvent)
		if proto.Unmarshal(data, e) == nil && p.hooks.event != nil {
			p.hooks.event(sessionID, e)
		}
		socket.send(e)
	}
}

// carryUp carries the client's frames to the SFU, and notes whose socket it is.
func (p *interposer) carryUp(client, server *websocket.Conn, socket *interposedSocket, joining chan<- string) {
	for {
		kind, data, err := client.ReadMessage()
		if err != nil {
			return
		}
		request := new(event.SfuRequest)
		if proto.Unmarshal(data, request) == nil && request.GetJoinRequest() != nil {
			sessionID := request.GetJoinRequest().GetSessionId()
			p.mu.Lock()
			p.sockets[sessionID] = socket
			p.mu.Unlock()
			joining <- sessionID
		}
		if server.WriteMessage(kind, data) != nil {
			return
		}
	}
}
