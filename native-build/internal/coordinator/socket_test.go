package coordinator

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const patience = 10 * time.Second

// serve answers one connection with script, and gives a client of it.
func serve(t *testing.T, script func(conn *websocket.Conn)) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		script(conn)
	}))
	t.Cleanup(server.Close)
	return &Client{
		HTTP: server.Client(), BaseURL: server.URL, APIKey: "key", UserID: "alice", CallType: "default", CallID: "demo",
		Token: func() string { return "token" },
	}
}

func connect(t *testing.T, c *Client) (*Socket, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	socket, err := c.Connect(ctx, websocket.DefaultDialer, User{ID: "alice"})
	if err == nil {
		t.Cleanup(socket.Close)
	}
	return socket, err
}

func accept(conn *websocket.Conn) {
	_, _, _ = conn.ReadMessage()
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection.ok","connection_id":"c-1","me":{}}`))
}

func TestSocketPingsAndStaysAliveByAnswers(t *testing.T) {
	pings := make(chan map[string]string, 16)
	client := serve(t, func(conn *websocket.Conn) {
		accept(conn)
		for range 4 {
			var ping map[string]string
			if conn.ReadJSON(&ping) != nil {
				return
			}
			pings <- ping
			_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"health.check","connection_id":"c-1"}`))
		}
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"custom","n":1}`))
		_, _, _ = conn.ReadMessage()
	})
	socket, err := connect(t, client)
	if err != nil {
		t.Fatal(err)
	}
	socket.pingEvery, socket.silence = 50*time.Millisecond, 150*time.Millisecond
	events := make(chan Event, 1)
	ended := make(chan error, 1)
	go func() { ended <- socket.Listen(func(e Event) { events <- e }) }()
	select {
	case e := <-events:
		if e.Type != "custom" || string(e.JSON) != `{"type":"custom","n":1}` {
			t.Errorf("event: %s %s", e.Type, e.JSON)
		}
	case err := <-ended:
		t.Fatalf("the socket ended: %v", err)
	}
	if ping := <-pings; ping["type"] != "health.check" || ping["client_id"] != "c-1" {
		t.Errorf("ping: %v", ping)
	}
	socket.Close()
	<-ended
}

func TestSilentSocketIsDead(t *testing.T) {
	client := serve(t, func(conn *websocket.Conn) {
		accept(conn)
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	})
	socket, err := connect(t, client)
	if err != nil {
		t.Fatal(err)
	}
	socket.pingEvery, socket.silence = 20*time.Millisecond, 100*time.Millisecond
	err = socket.Listen(func(Event) {})
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("the socket ended with %v", err)
	}
}

func TestRefusalsOfTheCoordinatorKeepTheirCode(t *testing.T) {
	refusal, _ := json.Marshal(map[string]any{
		"type": "connection.error", "error": map[string]any{"code": 40, "StatusCode": 401, "message": "token expired"},
	})
	var known *APIError
	atOnce := serve(t, func(conn *websocket.Conn) {
		_, _, _ = conn.ReadMessage()
		_ = conn.WriteMessage(websocket.TextMessage, refusal)
	})
	if _, err := connect(t, atOnce); !errors.As(err, &known) || known.Code != CodeTokenExpired {
		t.Errorf("at once: %v", err)
	}
	later := serve(t, func(conn *websocket.Conn) {
		accept(conn)
		_ = conn.WriteMessage(websocket.TextMessage, refusal)
	})
	socket, err := connect(t, later)
	if err != nil {
		t.Fatal(err)
	}
	if err := socket.Listen(func(Event) {}); !errors.As(err, &known) || known.Code != CodeTokenExpired {
		t.Errorf("later: %v", err)
	}
}

func TestConnectingCanBeCancelled(t *testing.T) {
	client := serve(t, func(conn *websocket.Conn) {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Connect(ctx, websocket.DefaultDialer, User{ID: "alice"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("connecting ended with %v", err)
	}
}
