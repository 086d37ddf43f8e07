package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// feeds are the WebSockets of the fake coordinator.
type feeds struct {
	tasks sync.WaitGroup

	mu      sync.Mutex
	open    []*feed
	count   int
	refusal string   // the connection.error that new connections get, if not empty
	watches []string // "connection id request", in order
	tokens  []string // shown when connecting
	closed  bool
	news    chan struct{}
}

// feed is one accepted connection.
type feed struct {
	id, user string
	conn     *websocket.Conn
	mu       sync.Mutex
}

func (f *feeds) serve(w http.ResponseWriter, r *http.Request) {
	f.tasks.Add(1)
	defer f.tasks.Done()
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	var auth struct {
		Token string `json:"token"`
		User  struct {
			ID string `json:"id"`
		} `json:"user_details"`
	}
	if conn.ReadJSON(&auth) != nil {
		return
	}
	accepted, refusal := f.admit(conn, auth.User.ID, auth.Token)
	if refusal != "" {
		_ = conn.WriteMessage(websocket.TextMessage, []byte(refusal))
		return
	}
	if accepted == nil {
		return
	}
	accepted.send(`{"type":"connection.ok","connection_id":"` + accepted.id + `","me":{}}`)
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			break
		}
		accepted.send(`{"type":"health.check","connection_id":"` + accepted.id + `"}`)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = slices.DeleteFunc(f.open, func(other *feed) bool { return other == accepted })
	f.announce()
}

func (f *feeds) admit(conn *websocket.Conn, user, token string) (*feed, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens = append(f.tokens, token)
	if f.closed || f.refusal != "" {
		f.announce()
		return nil, f.refusal
	}
	f.count++
	accepted := &feed{id: fmt.Sprintf("connection-%d", f.count), user: user, conn: conn}
	f.open = append(f.open, accepted)
	f.announce()
	return accepted, ""
}

func (f *feed) send(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.conn.SetWriteDeadline(time.Now().Add(patience))
	_ = f.conn.WriteMessage(websocket.TextMessage, []byte(text))
}

func (f *feeds) watch(connectionID, request string) {
	if connectionID == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watches = append(f.watches, connectionID+" "+request)
	f.announce()
}

// announce must be called with mu held.
func (f *feeds) announce() {
	if f.news != nil {
		close(f.news)
		f.news = nil
	}
}

// refuse makes new connections fail with an error of the API; code 0 takes them again.
func (f *feeds) refuse(code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusal = ""
	if code != 0 {
		f.refusal = fmt.Sprintf(`{"type":"connection.error","connection_id":"","error":{"code":%d,"StatusCode":401,"message":"refused"}}`, code)
	}
}

// cut drops every connection without a word.
func (f *feeds) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, open := range f.open {
		open.conn.Close()
	}
}

func (f *feeds) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.cut()
	f.tasks.Wait()
}

// tell sends an event to everybody connected.
func (f *feeds) tell(t *testing.T, event map[string]any) {
	t.Helper()
	data, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	open := slices.Clone(f.open)
	f.mu.Unlock()
	if len(open) == 0 {
		t.Fatal("nobody is connected to the coordinator")
	}
	for _, one := range open {
		one.send(string(data))
	}
}

// await waits until what the coordinator saw satisfies the test.
func (f *feeds) await(t *testing.T, what string, holds func(f *feeds) bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		f.mu.Lock()
		if holds(f) {
			f.mu.Unlock()
			return
		}
		if f.news == nil {
			f.news = make(chan struct{})
		}
		news := f.news
		f.mu.Unlock()
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("%s did not happen; the coordinator saw %v", what, f.seen())
		}
	}
}

func (f *feeds) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.watches)
}

func (f *feeds) shown() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.tokens)
}
