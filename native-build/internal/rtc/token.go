package rtc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
)

const (
	// tokenPatience is how long a request that was refused for an expired token waits for the host to bring another.
	tokenPatience = 10 * time.Second
	// maxTokenLead bounds how early a new token is asked for.
	maxTokenLead = 5 * time.Minute
)

// userToken is the session's token at the coordinator. The host is asked for another before it expires; what was
// refused meanwhile is repeated with that.
type userToken struct {
	ask func(expiresAt time.Time, expired bool)

	mu      sync.Mutex
	text    string
	changed chan struct{} // closed, and replaced, with each new token
	timer   *time.Timer
	stopped bool
}

func newUserToken(text string, ask func(time.Time, bool)) *userToken {
	return &userToken{ask: ask, text: text, changed: make(chan struct{})}
}

// current answers the token and a channel that closes when it is replaced.
func (t *userToken) current() (string, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text, t.changed
}

func (t *userToken) replace(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = text
	close(t.changed)
	t.changed = make(chan struct{})
	t.schedule()
}

// start begins to watch the expiry.
func (t *userToken) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.schedule()
}

func (t *userToken) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.timer != nil {
		t.timer.Stop()
	}
}

// schedule must be called with mu held. It asks when a fifth of the token's time is left.
func (t *userToken) schedule() {
	if t.timer != nil {
		t.timer.Stop()
	}
	expiresAt, expires := readToken(t.text).expiry()
	if t.stopped || !expires {
		return
	}
	left := time.Until(expiresAt)
	t.timer = time.AfterFunc(left-min(left/5, maxTokenLead), func() { t.ask(expiresAt, left <= 0) })
}

// tokenClaims is what a host's token says of itself; nothing for a token that is no JWT.
type tokenClaims struct {
	UserID string  `json:"user_id"`
	Expiry float64 `json:"exp"` // Unix seconds
}

func readToken(text string) (claims tokenClaims) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return claims
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(data, &claims) != nil {
		return tokenClaims{}
	}
	return claims
}

func (c tokenClaims) expiry() (time.Time, bool) {
	return time.UnixMilli(int64(c.Expiry * 1000)), c.Expiry > 0
}

// SetToken replaces the user token, for every request from now on.
func (s *Session) SetToken(text string) error {
	if owner := readToken(text).UserID; owner != "" && owner != s.UserID() {
		return failure.Invalid("the token is of the user %q, not of %q", owner, s.UserID())
	}
	s.token.replace(text)
	return nil
}

func (s *Session) tellTokenExpiring(expiresAt time.Time, expired bool) {
	message := &rtcproto.TokenExpiring{Expired: expired}
	if !expiresAt.IsZero() {
		message.ExpiresAtUnixNs = expiresAt.UnixNano()
	}
	s.emit(&rtcproto.Event{Payload: &rtcproto.Event_TokenExpiring{TokenExpiring: message}})
}

// withToken makes a request of the coordinator. When the token has expired it asks the host for another and repeats the
// request once with that.
func (s *Session) withToken(ctx context.Context, request func() error) error {
	text, changed := s.token.current()
	err := request()
	if !tokenExpired(err) {
		return err
	}
	expiresAt, _ := readToken(text).expiry()
	select {
	case <-changed: // already
	default:
		s.tellTokenExpiring(expiresAt, true)
	}
	patience := time.NewTimer(tokenPatience)
	defer patience.Stop()
	select {
	case <-changed:
		return request()
	case <-patience.C:
	case <-ctx.Done():
	}
	return err
}

func tokenExpired(err error) bool {
	var refusal *coordinator.APIError
	return errors.As(err, &refusal) && refusal.Code == coordinator.CodeTokenExpired
}
