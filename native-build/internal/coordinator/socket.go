package coordinator

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// pingInterval and silenceLimit are what the coordinator expects: it drops connections silent for 35 s, and answers
	// every ping.
	pingInterval = 20 * time.Second
	silenceLimit = 35 * time.Second
	writeTimeout = 5 * time.Second
	closeTimeout = time.Second

	typeConnected = "connection.ok"
	typeRefused   = "connection.error"
	typeHealth    = "health.check"
)

// Event is something that happened in a call or to the user.
type Event struct {
	Type string
	JSON []byte // the whole event, one object
}

// Socket is an accepted connection to the coordinator's WebSocket. Listen has one caller; Close is safe at any time.
type Socket struct {
	ConnectionID string

	conn    *websocket.Conn
	writeMu sync.Mutex
	ping    *time.Timer
	closing sync.Once
	// What the coordinator expects, shortened in tests.
	pingEvery, silence time.Duration
}

func newSocket(conn *websocket.Conn) *Socket {
	return &Socket{conn: conn, pingEvery: pingInterval, silence: silenceLimit}
}

// Listen hands over every event, in order, until the socket ends, and answers why: with an *APIError when the
// coordinator said so. It keeps the connection alive.
func (s *Socket) Listen(handle func(Event)) error {
	s.startPings()
	defer s.stopPings()
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(s.silence)); err != nil {
			return err
		}
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			return err
		}
		if kind != websocket.TextMessage {
			continue
		}
		var head struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(data, &head); err != nil {
			return fmt.Errorf("a frame of the coordinator is no event: %w", err)
		}
		switch head.Type {
		case typeHealth, typeConnected:
		case typeRefused:
			return refusal(data)
		default:
			handle(Event{Type: head.Type, JSON: data})
		}
	}
}

func (s *Socket) startPings() {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	s.ping = time.AfterFunc(s.pingEvery, func() {
		s.writeMu.Lock()
		defer s.writeMu.Unlock()
		if s.ping == nil {
			return
		}
		_ = s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if s.conn.WriteJSON(map[string]string{"type": typeHealth, "client_id": s.ConnectionID}) == nil {
			s.ping.Reset(s.pingEvery) // else Listen sees the same error
		}
	})
}

func (s *Socket) stopPings() {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	s.ping.Stop()
	s.ping = nil
}

// Close ends the socket; Listen returns. Only the first call counts.
func (s *Socket) Close() {
	s.closing.Do(func() {
		goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = s.conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(closeTimeout))
		_ = s.conn.Close()
	})
}
