package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"streamgateway/native/internal/sfu"
)

var sfuSecret = []byte("secret of the measurement")

// standIn is as much of a coordinator as participants need: it sends everybody to one SFU, and keeps their sockets.
type standIn struct {
	server *httptest.Server
	sfu    *sfu.Server
}

func newStandIn(server *sfu.Server) *standIn {
	c := &standIn{sfu: server}
	c.server = httptest.NewServer(c)
	return c
}

func (c *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := strings.TrimPrefix(r.URL.Path, "/api/v2/video/call/")
	if joined, joins := strings.CutSuffix(call, "/join"); joins {
		c.join(w, strings.Replace(joined, "/", ":", 1), r.URL.Query().Get("user_id"))
		return
	}
	if r.URL.Path == "/api/v2/connect" {
		c.connect(w, r)
		return
	}
	_, _ = w.Write([]byte(`{"call":{"blocked_user_ids":[]},"members":[],"own_capabilities":[]}`))
}

func (c *standIn) close() {
	c.server.CloseClientConnections()
	c.server.Close()
}

func (c *standIn) join(w http.ResponseWriter, cid, user string) {
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"created": true, "own_capabilities": []string{"join-call", "send-audio"},
		"credentials": map[string]any{
			"server":      map[string]any{"url": c.sfu.URL(), "ws_endpoint": c.sfu.WSEndpoint(), "edge_name": c.sfu.EdgeName()},
			"token":       sfuToken(user, cid),
			"ice_servers": []any{},
		},
	})
}

// connect answers pings until the participant goes.
func (c *standIn) connect(w http.ResponseWriter, r *http.Request) {
	var upgrader websocket.Upgrader
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	answer := map[string]string{"type": "connection.ok", "connection_id": "connection"}
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
		if err := conn.WriteJSON(answer); err != nil {
			return
		}
		answer = map[string]string{"type": "health.check"}
	}
}

func sfuToken(user, cid string) string {
	encode := func(v any) string {
		data, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := encode(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + encode(map[string]any{
		"user_id": user, "call_cid": cid, "role": "user", "name": strings.ToUpper(user), "can_publish_audio": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	mac := hmac.New(sha256.New, sfuSecret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
