// Package coordinator asks Stream's REST API on behalf of one user of one call.
package coordinator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	requestTimeout = 10 * time.Second
	maxAnswerBytes = 8 << 20
	clientName     = "stream-gateway-native"
)

// Client is one user in one call. It is safe for concurrent use.
type Client struct {
	// HTTP follows no redirects: only the coordinator itself gets the token.
	HTTP    *http.Client
	BaseURL string
	APIKey  string
	// Token answers the user token to show; it may be another one each time.
	Token    func() string
	UserID   string
	CallType string
	CallID   string
}

// JoinRequest is the body of a join.
type JoinRequest struct {
	Location          string          `json:"location"`
	Create            bool            `json:"create"`
	Data              json.RawMessage `json:"data,omitempty"`
	Ring              bool            `json:"ring,omitempty"`
	Notify            bool            `json:"notify,omitempty"`
	MigratingFrom     string          `json:"migrating_from,omitempty"`
	MigratingFromList []string        `json:"migrating_from_list,omitempty"`
}

// JoinResponse is what a participant needs of the answer.
type JoinResponse struct {
	Created         bool         `json:"created"`
	OwnCapabilities []string     `json:"own_capabilities"`
	Credentials     Credentials  `json:"credentials"`
	StatsOptions    StatsOptions `json:"stats_options"`
	Call            JoinedCall   `json:"call"`
}

// JoinedCall is what a participant needs of the call that it joined.
type JoinedCall struct {
	Settings struct {
		Audio struct {
			// RedundantCodingEnabled asks for audio whose packets repeat those before them.
			RedundantCodingEnabled bool `json:"redundant_coding_enabled"`
		} `json:"audio"`
	} `json:"settings"`
}

// StatsOptions say how often the SFU wants to hear of a participant's counters.
type StatsOptions struct {
	// ReportingIntervalMs is 0 when it does not want to.
	ReportingIntervalMs int64 `json:"reporting_interval_ms"`
}

// Credentials open the way to one SFU.
type Credentials struct {
	Server struct {
		URL        string `json:"url"`
		WSEndpoint string `json:"ws_endpoint"`
		EdgeName   string `json:"edge_name"`
	} `json:"server"`
	Token      string      `json:"token"`
	ICEServers []ICEServer `json:"ice_servers"`
}

// ICEServer is a STUN or TURN server.
type ICEServer struct {
	URLs     []string `json:"urls"`
	Username string   `json:"username"`
	Password string   `json:"password"`
}

// Join asks for an SFU. Refusals are *APIError, failures on the way *UnreachableError. With a connection id, the
// connection gets the call's events from now on.
func (c *Client) Join(ctx context.Context, request JoinRequest, connectionID string) (*JoinResponse, error) {
	request.Location = "auto"
	response := new(JoinResponse)
	if err := c.request(ctx, http.MethodPost, "/join", watching(connectionID), request, response); err != nil {
		return nil, err
	}
	server := response.Credentials.Server
	switch {
	case server.URL == "" || server.WSEndpoint == "" || response.Credentials.Token == "":
		return nil, &APIError{Status: http.StatusOK, Message: "the answer to the join has no SFU credentials"}
	case !isAddress(server.URL, "http", "https") || !isAddress(server.WSEndpoint, "ws", "wss"):
		return nil, &APIError{Status: http.StatusOK, Message: "the answer to the join has no addresses of an SFU", Unrecoverable: true}
	}
	return response, nil
}

func isAddress(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Hostname() != ""
}

// Call is what a participant needs of a call that it looks at.
type Call struct {
	BlockedUserIDs []string `json:"blocked_user_ids"`
}

// Watch makes a connection get the call's events from now on.
func (c *Client) Watch(ctx context.Context, connectionID string) (*Call, error) {
	var response struct {
		Call Call `json:"call"`
	}
	query := watching(connectionID)
	query.Set("members_limit", "0")
	err := c.request(ctx, http.MethodGet, "", query, nil, &response)
	return &response.Call, err
}

func watching(connectionID string) url.Values {
	if connectionID == "" {
		return url.Values{}
	}
	return url.Values{"connection_id": {connectionID}}
}

// SendEvent sends a custom event to everybody who watches the call.
func (c *Client) SendEvent(ctx context.Context, custom json.RawMessage) error {
	return c.post(ctx, "/event", map[string]any{"custom": custom}, nil)
}

// Reaction is the body of a reaction.
type Reaction struct {
	Type      string          `json:"type"`
	EmojiCode string          `json:"emoji_code,omitempty"`
	Custom    json.RawMessage `json:"custom,omitempty"`
}

// SendReaction shows a reaction to everybody who watches the call.
func (c *Client) SendReaction(ctx context.Context, reaction Reaction) error {
	return c.post(ctx, "/reaction", reaction, nil)
}

func (c *Client) post(ctx context.Context, path string, body, answer any) error {
	return c.request(ctx, http.MethodPost, path, url.Values{}, body, answer)
}

func (c *Client) request(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	encoded, err := encode(body)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, method, c.url(path, query), encoded)
	if err != nil {
		return &UnreachableError{err}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", c.Token())
	request.Header.Set("stream-auth-type", "jwt")
	request.Header.Set("X-Stream-Client", clientName)

	response, err := c.HTTP.Do(request)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return unreachable(ctx, err)
	}
	switch {
	case response.StatusCode >= http.StatusBadRequest:
		return newAPIError(response.StatusCode, data)
	case response.StatusCode >= http.StatusMultipleChoices:
		return redirected(response.StatusCode)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return &APIError{Status: response.StatusCode, Message: fmt.Sprintf("the answer is not what a coordinator says: %v", err)}
	}
	return nil
}

func encode(body any) (io.Reader, error) {
	if body == nil {
		return http.NoBody, nil
	}
	encoded, err := json.Marshal(body)
	return bytes.NewReader(encoded), err
}

func (c *Client) url(path string, query url.Values) string {
	query.Set("api_key", c.APIKey)
	query.Set("user_id", c.UserID)
	return strings.TrimSuffix(c.BaseURL, "/") + "/api/v2/video/call/" + url.PathEscape(c.CallType) + "/" +
		url.PathEscape(c.CallID) + path + "?" + query.Encode()
}

// unreachable keeps the caller's own deadline or cancellation apart from a server that does not answer.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the URL in it carries the API key
	}
	return &UnreachableError{err}
}
