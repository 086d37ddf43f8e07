package coordinator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/websocket"
)

// User is how the joining user is shown to others.
type User struct {
	ID     string          `json:"id"`
	Name   string          `json:"name,omitempty"`
	Image  string          `json:"image,omitempty"`
	Custom json.RawMessage `json:"custom,omitempty"`
}

// Connect opens the coordinator's WebSocket, which creates or updates the user there: a call can only be joined by a
// user that exists. Refusals are *APIError, failures on the way *UnreachableError.
func (c *Client) Connect(ctx context.Context, dialer *websocket.Dialer, user User) (*Socket, error) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	conn, response, err := dialer.DialContext(limited, c.connectURL(), http.Header{"X-Stream-Client": {clientName}})
	if err != nil {
		switch {
		case response == nil:
		case response.StatusCode >= http.StatusBadRequest:
			return nil, &APIError{Status: response.StatusCode, Message: "the coordinator's WebSocket is refused"}
		case response.StatusCode >= http.StatusMultipleChoices:
			return nil, redirected(response.StatusCode)
		}
		return nil, unreachable(ctx, err)
	}
	conn.SetReadLimit(maxAnswerBytes)
	s := newSocket(conn)
	// Reading has no context of its own, so a cancelled attempt closes the connection under it.
	stop := context.AfterFunc(limited, func() { conn.Close() })
	err = s.authenticate(c.Token(), user)
	if !stop() && err == nil {
		err = limited.Err()
	}
	if err != nil {
		conn.Close()
		if _, refused := err.(*APIError); refused {
			return nil, err
		}
		return nil, unreachable(ctx, err)
	}
	return s, nil
}

func (s *Socket) authenticate(token string, user User) error {
	auth := map[string]any{"token": token, "products": []string{"video"}, "user_details": user}
	if err := s.conn.WriteJSON(auth); err != nil {
		return err
	}
	for {
		_, data, err := s.conn.ReadMessage()
		if err != nil {
			return err
		}
		var answer struct {
			Type         string `json:"type"`
			ConnectionID string `json:"connection_id"`
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			return fmt.Errorf("the first frame is no event: %w", err)
		}
		switch answer.Type {
		case typeConnected:
			s.ConnectionID = answer.ConnectionID
			return nil
		case typeRefused:
			return refusal(data)
		}
	}
}

// refusal reads the error out of a connection.error.
func refusal(data []byte) *APIError {
	var frame struct {
		Error json.RawMessage `json:"error"`
	}
	_ = json.Unmarshal(data, &frame)
	return newAPIError(http.StatusUnauthorized, frame.Error)
}

func (c *Client) connectURL() string {
	base := strings.TrimSuffix(c.BaseURL, "/")
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		base = fmt.Sprintf("%s://%s", strings.Replace(scheme, "http", "ws", 1), rest)
	}
	query := url.Values{"api_key": {c.APIKey}, "user_id": {c.UserID}, "stream-auth-type": {"jwt"}, "X-Stream-Client": {clientName}}
	return base + "/api/v2/connect?" + query.Encode()
}
