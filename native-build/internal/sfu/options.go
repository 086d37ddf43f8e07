package sfu

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"
)

const (
	// MaxFastReconnectDeadline is how long the session of a lost socket may be kept at most.
	MaxFastReconnectDeadline     = 5 * time.Minute
	defaultFastReconnectDeadline = 15 * time.Second

	// joinDeadline bounds the time between the opening of a socket and its join request.
	joinDeadline = 10 * time.Second
	// silenceDeadline is how long a socket may send nothing; clients send a health check every 5 to 10 seconds.
	silenceDeadline = 30 * time.Second
	// iceTimeout is how long no packet may come until ICE counts as disconnected, and twice as long until it has failed.
	iceTimeout = 5 * time.Second
	// restartGrace is how long a failed peer connection may be restarted by its client.
	restartGrace = 5 * time.Second
	// trialPatience is how long nothing is congested until a subscriber may get more than its way is known to carry.
	trialPatience = 5 * time.Second
	// drainDeadline is how long a draining server waits for participants to leave by themselves.
	drainDeadline = 3 * time.Second
	// requestGrace is how long procedures may go on when the server stops.
	requestGrace = time.Second
	// maxParticipants bounds all sessions of a server; more are told that it is full.
	maxParticipants = 5000
	// maxConnections bounds sockets and the procedures beside them, of participants and of those who are not yet.
	maxConnections = 2*maxParticipants + 1000
)

// Options configure a Server. TokenSecret and EdgeName are required.
type Options struct {
	// Listen is the TCP address of signaling, such as "127.0.0.1:8091"; port 0 takes a free one.
	Listen string
	// MediaListen is the UDP address of all media; port 0 takes a free one.
	MediaListen string
	// PublicAddress is the host name or IP that clients are told instead of the listening one; empty for none.
	PublicAddress string
	// MediaRelay is the IP address and port of a UDP relay that all media passes, told to clients in place of the media
	// port; empty for none.
	MediaRelay string
	// EdgeName is the name of this server, as tokens and clients call it.
	EdgeName string
	// TokenSecret is the key that participants' tokens are signed with.
	TokenSecret []byte
	// FastReconnectDeadline is how long the session of a lost socket is kept; 0 means 15 s, at most 5 minutes.
	FastReconnectDeadline time.Duration
	Logger                *slog.Logger
	// Observer hears who joins and leaves; it may be nil. Its methods must not block.
	Observer Observer
	// Migrated hears that a participant has come over from another SFU, which is to be told by CompleteMigration; it may
	// be nil, and must not block.
	Migrated func(Migration)

	// Less in tests.
	silence       time.Duration
	iceTimeout    time.Duration
	restartGrace  time.Duration
	trialPatience time.Duration
	rosterLimit   int
}

// Observer hears of participants. Calls for one participant come in order.
type Observer interface {
	ParticipantJoined(Presence)
	ParticipantLeft(presence Presence, reason LeaveReason, stayed time.Duration)
}

// Presence names one session of a user in a call.
type Presence struct {
	CallCID   string
	UserID    string
	SessionID string
	Anonymous bool
}

// LeaveReason says why a session ended.
type LeaveReason string

// The reasons an Observer hears.
const (
	LeaveLeft        LeaveReason = "left"
	LeaveReplaced    LeaveReason = "replaced"
	LeaveKicked      LeaveReason = "kicked"
	LeaveCallEnded   LeaveReason = "call_ended"
	LeaveTimeout     LeaveReason = "timeout"
	LeaveMediaFailed LeaveReason = "media_failed"
	LeaveShutdown    LeaveReason = "shutdown"
	LeaveMigrated    LeaveReason = "migrated"
)

func (o *Options) complete() error {
	if len(o.TokenSecret) == 0 {
		return fmt.Errorf("token_secret: must not be empty")
	}
	if o.EdgeName == "" {
		return fmt.Errorf("edge_name: must not be empty")
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.MediaListen == "" {
		o.MediaListen = "127.0.0.1:0"
	}
	if _, err := net.ResolveTCPAddr("tcp", o.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if _, err := net.ResolveUDPAddr("udp", o.MediaListen); err != nil {
		return fmt.Errorf("media_listen: %w", err)
	}
	if _, err := parseMediaRelay(o.MediaRelay); err != nil {
		return err
	}
	switch {
	case o.FastReconnectDeadline == 0:
		o.FastReconnectDeadline = defaultFastReconnectDeadline
	case o.FastReconnectDeadline < 0 || o.FastReconnectDeadline > MaxFastReconnectDeadline:
		return fmt.Errorf("fast_reconnect_deadline_ms: must be between 0 and %d", MaxFastReconnectDeadline.Milliseconds())
	}
	o.silence = cmp.Or(o.silence, silenceDeadline)
	o.iceTimeout = cmp.Or(o.iceTimeout, iceTimeout)
	o.rosterLimit = cmp.Or(o.rosterLimit, rosterLimit)
	o.trialPatience = cmp.Or(o.trialPatience, trialPatience)
	o.restartGrace = cmp.Or(o.restartGrace, restartGrace)
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Migrated == nil {
		o.Migrated = func(Migration) {}
	}
	if o.Observer == nil {
		o.Observer = noObserver{}
	}
	return nil
}

type noObserver struct{}

func (noObserver) ParticipantJoined(Presence)                           {}
func (noObserver) ParticipantLeft(Presence, LeaveReason, time.Duration) {}
