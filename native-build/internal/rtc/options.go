package rtc

import (
	"encoding/json"
	"slices"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
)

// Defaults of what a host leaves open.
const (
	DefaultReconnectDeadline = 30 * time.Second
	DefaultStallTimeout      = 10 * time.Second
	DefaultMaxVideoHeight    = 720
)

// JoinOptions say who joins which call, and how. All durations are positive; zero means what the field says.
type JoinOptions struct {
	CoordinatorURL string
	APIKey         string
	Token          string
	CallType       string
	CallID         string
	User           coordinator.User

	Create       bool
	CallData     json.RawMessage
	Ring, Notify bool

	Subscriptions Subscriptions
	Reconnect     ReconnectOptions
	// Packets tells the audio of others as rtc_packet events too.
	Packets bool
	// LeaveWhenAlone ends the session after that long without other participants; zero never does.
	LeaveWhenAlone time.Duration
	// MaxDuration ends the session after that long; zero never does.
	MaxDuration time.Duration
	// AllowPrivateSFU lets a coordinator on the Internet name an SFU at a private address.
	AllowPrivateSFU bool
}

// ReconnectOptions say whether and for how long an outage is fought.
type ReconnectOptions struct {
	Enabled  bool
	Deadline time.Duration
}

// Selection is a set of users: everybody, nobody or those named.
type Selection struct {
	All   bool
	Users []string
}

func (s Selection) includes(userID string) bool {
	return s.All || slices.Contains(s.Users, userID)
}

func (s Selection) word() string {
	switch {
	case s.All:
		return "all"
	case len(s.Users) == 0:
		return "none"
	}
	return "some"
}

// Subscriptions is what a session wants to receive.
type Subscriptions struct {
	Audio          Selection
	Video          Selection
	MaxVideoHeight int
}

func (s Subscriptions) event() *rtcproto.SubscriptionsChanged {
	return &rtcproto.SubscriptionsChanged{
		Audio: s.Audio.word(), AudioUserIds: s.Audio.Users,
		Video: s.Video.word(), VideoUserIds: s.Video.Users,
		MaxVideoHeight: uint32(s.MaxVideoHeight),
	}
}

// Muted says which kinds of the session's own media are silent.
type Muted struct {
	Audio bool `json:"audio"`
	Video bool `json:"video"`
}

// PublishOptions describe a publication.
type PublishOptions struct {
	Name      string
	TrackType rtcproto.TrackType
	Media     media.Spec
	// Encoding is how samples become Opus. A zero bitrate is what the SFU asks for.
	Encoding media.Encoding
	// AsFastAsPossible sends as the bytes come, for live senders that pace themselves.
	AsFastAsPossible bool
	// Loop begins again at the end until the publication is closed.
	Loop bool
	// StallTimeout ends the publication when no bytes come for that long; 0 never does.
	StallTimeout time.Duration
}

// ListenOptions describe a sink.
type ListenOptions struct {
	// Owner is a participant session id or a user id.
	Owner     string
	TrackType rtcproto.TrackType
	// Media is what the sink's bytes shall be; an empty format is the one that carries the track's codec as it is.
	Media media.Spec
	// Wait is how long the track may take to be published.
	Wait time.Duration
}
