package coordinator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// User is how the joining user is shown to others.
type User struct {
	ID     string          `json:"id"`
	Name   string          `json:"name,omitempty"`
	Image  string          `json:"image,omitempty"`
	Custom json.RawMessage `json:"custom,omitempty"`
}

// Connect opens the coordinator's WebSocket until it has accepted the user, which creates or updates the user there,
// and closes it again. A call can only be joined by a user that exists.
func (c *Client) Connect(ctx context.Context, dialer *websocket.Dialer, user User) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	conn, response, err := dialer.DialContext(ctx, c.connectURL(), http.Header{"X-Stream-Client": {clientName}})
	if err != nil {
		if response != nil && response.StatusCode >= http.StatusBadRequest {
			return &APIError{Status: response.StatusCode, Message: "the coordinator's WebSocket is refused"}
		}
		return unreachable(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetReadLimit(maxAnswerBytes)

	auth := map[string]any{"token": c.Token, "products": []string{"video"}, "user_details": user}
	if err := conn.WriteJSON(auth); err != nil {
		return unreachable(ctx, err)
	}
	for {
		var event struct {
			Type  string   `json:"type"`
			Error APIError `json:"error"`
		}
		if err := conn.ReadJSON(&event); err != nil {
			return unreachable(ctx, err)
		}
		switch event.Type {
		case "connection.ok":
			goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			_ = conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(time.Second))
			return nil
		case "connection.error":
			event.Error.Status = http.StatusUnauthorized
			return &event.Error
		}
	}
}

func (c *Client) connectURL() string {
	base := strings.TrimSuffix(c.BaseURL, "/")
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		base = fmt.Sprintf("%s://%s", strings.Replace(scheme, "http", "ws", 1), rest)
	}
	query := url.Values{"api_key": {c.APIKey}, "user_id": {c.UserID}, "stream-auth-type": {"jwt"}, "X-Stream-Client": {clientName}}
	return base + "/api/v2/connect?" + query.Encode()
}
