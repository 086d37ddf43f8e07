package sfu

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
)

const (
	maxTokenLength = 16 << 10
	maxIDLength    = 255
)

var (
	errTokenMalformed = errors.New("token is malformed")
	errTokenSignature = errors.New("token signature is invalid")
	errTokenExpired   = errors.New("token is expired")
)

// claims are what the coordinator says of a participant in its token.
type claims struct {
	UserID          string          `json:"user_id"`
	CallCID         string          `json:"call_cid"`
	Role            string          `json:"role"`
	Name            string          `json:"name"`
	Image           string          `json:"image"`
	Custom          json.RawMessage `json:"custom"`
	Anonymous       bool            `json:"anonymous"`
	CanPublishAudio bool            `json:"can_publish_audio"`
	CanPublishVideo bool            `json:"can_publish_video"`
	CanScreenshare  bool            `json:"can_screenshare"`
	MaxParticipants int             `json:"max_participants"`
	SFU             string          `json:"sfu"`
	IssuedAt        float64         `json:"iat"`
	ExpiresAt       float64         `json:"exp"`

	custom *structpb.Struct
}

// verifyToken checks form, algorithm and signature (in constant time) of an HS256 JWT and reads its claims. An expired
// token answers its claims together with errTokenExpired.
func verifyToken(token string, secret []byte, now time.Time) (*claims, error) {
	if len(token) == 0 || len(token) > maxTokenLength {
		return nil, errTokenMalformed
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errTokenMalformed
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err := decodeSegment(parts[0], &header); err != nil {
		return nil, err
	}
	if header.Algorithm != "HS256" {
		return nil, fmt.Errorf("%w: algorithm %q is not HS256", errTokenMalformed, header.Algorithm)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errTokenMalformed
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(signature, mac.Sum(nil)) {
		return nil, errTokenSignature
	}

	c := &claims{}
	if err := decodeSegment(parts[1], c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.ExpiresAt != 0 && float64(now.UnixMilli())/1000 >= c.ExpiresAt {
		return c, errTokenExpired
	}
	return c, nil
}

func (c *claims) check() error {
	switch {
	case c.UserID == "" || len(c.UserID) > maxIDLength:
		return fmt.Errorf("%w: user_id is missing or too long", errTokenMalformed)
	case c.CallCID == "" || len(c.CallCID) > 2*maxIDLength || !strings.Contains(c.CallCID, ":"):
		return fmt.Errorf("%w: call_cid is missing or not \"type:id\"", errTokenMalformed)
	case len(c.Custom) == 0 || string(c.Custom) == "null":
		return nil
	}
	c.custom = &structpb.Struct{}
	if err := c.custom.UnmarshalJSON(c.Custom); err != nil {
		return fmt.Errorf("%w: custom is not an object", errTokenMalformed)
	}
	return nil
}

func decodeSegment(segment string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return errTokenMalformed
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%w: %v", errTokenMalformed, err)
	}
	return nil
}
