package rtc

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/guard"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/signal"
)

// State is where a session is in its life: joined ⇄ reconnecting → leaving.
type State string

// The states of a session that has joined.
const (
	Joined       State = "joined"
	Reconnecting State = "reconnecting"
	Leaving      State = "leaving"
)

// Session is one participant of one call. Its methods are safe for concurrent use.
//
// The supervising goroutine (supervise.go) alone replaces the connection and ends the session. Callbacks and commands
// change what mu guards, and report to it. mu is never held while waiting for the network.
type Session struct {
	engine      *Engine
	options     JoinOptions
	coordinator *coordinator.Client
	token       *userToken
	sfuReach    func() *reach // for the SFUs that the coordinator names
	feed        *callFeed
	log         *slog.Logger
	emitter     func(*rtcproto.Event)
	unifiedID   string
	sfuName     string
	created     bool
	rung        bool // a join at the coordinator has succeeded; used while joining only
	timing      joinTiming
	tasks       *tasks
	attempts    atomic.Int64 // SFU connections so far
	telemetry   atomic.Pointer[signal.Telemetry]
	mutes       mutes

	// ctx ends with the session; its cause is an *ending.
	ctx    context.Context
	cancel context.CancelCauseFunc
	done   chan struct{} // everything is gone and left is told

	mu            sync.Mutex
	open          bool // between joined and left: events are told
	state         State
	changed       chan struct{} // closed, and replaced, with each change of state or roster
	conn          *connection
	roster        *roster
	capabilities  []string
	subscriptions Subscriptions
	outages       int // fights for the connection so far
	reconnects    int
	reconnectedAt time.Time
	localTracks   []*localTrack  // the latest of each type
	publications  []*publication // in order of their start
	reserved      []PublishOptions
	tracks        []*remoteTrack
	sinks         []*sink
	mixes         []*mix
	recordings    []*recording
	alone         *time.Timer

	wishes subscriptionWishes
}

// ending is why a session is over.
type ending struct {
	reason string // as in Left
	text   string // for the SFU
	err    error
}

func (e *ending) Error() string { return "the session ended: " + e.reason }

// end makes the session end; only the first reason counts.
func (s *Session) end(reason, text string, err error) {
	s.cancel(&ending{reason, text, err})
}

func (s *Session) endedBy() *ending {
	var cause *ending
	if errors.As(context.Cause(s.ctx), &cause) {
		return cause
	}
	return &ending{reason: "failed", err: failure.New(failure.Internal, failure.NoStage, context.Cause(s.ctx))}
}

func (s *Session) onPanic(p *guard.Panic) {
	s.log.Error("a goroutine of the session panicked", "panic", p.Value, "stack", string(p.Stack))
	s.end("failed", "internal error", failure.New(failure.Internal, failure.NoStage, p))
}

// Leave ends the session and waits until everything of it is gone. Leaving twice is leaving once.
func (s *Session) Leave(ctx context.Context, reason string) error {
	s.end("left", reason, nil)
	return s.wait(ctx)
}

// Shutdown is Leave by the host's end.
func (s *Session) Shutdown(ctx context.Context) error {
	s.end("shutdown", "shutdown", nil)
	return s.wait(ctx)
}

func (s *Session) wait(ctx context.Context) error {
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done closes once the session is gone.
func (s *Session) Done() <-chan struct{} { return s.done }

// emit tells the host, unless the session has not joined yet or has left.
func (s *Session) emit(e *rtcproto.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(e)
}

// tell is emit with mu held.
func (s *Session) tell(events ...*rtcproto.Event) {
	for _, e := range events {
		for _, r := range s.recordings {
			r.observe(e)
		}
		if s.open {
			s.emitter(e)
		}
	}
}

// announce wakes everybody who waits for a change; mu must be held.
func (s *Session) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Session) setState(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	if state == Reconnecting {
		s.outages++
	}
	s.announce()
}

// current answers the connection once the session is joined, waiting through a reconnect, and after how many outages.
func (s *Session) current(ctx context.Context) (*connection, int, error) {
	for {
		s.mu.Lock()
		state, conn, outages, changed := s.state, s.conn, s.outages, s.changed
		s.mu.Unlock()
		if state == Joined {
			return conn, outages, nil
		}
		if state == Leaving {
			return nil, 0, errGone()
		}
		select {
		case <-changed:
		case <-s.ctx.Done():
			return nil, 0, errGone()
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

func errGone() error {
	return failure.Newf(failure.SessionNotFound, failure.NoStage, "the session is leaving")
}

// onCurrent runs work on the connection, and once more when the connection went away under it, or when an outage may be
// why it failed. So work must bear to be done twice.
func (s *Session) onCurrent(ctx context.Context, work func(context.Context, *connection) error) error {
	for {
		conn, outages, err := s.current(ctx)
		if err != nil {
			return err
		}
		limited, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(conn.ctx, cancel)
		err = work(limited, conn)
		stop()
		cancel()
		if err == nil || ctx.Err() != nil || conn.ctx.Err() == nil && !s.interrupted(ctx, outages, err) {
			return err
		}
	}
}

// outageNoticedWithin is how much later than a call to the SFU the watch may notice an outage that both suffer.
const outageNoticedWithin = time.Second

// interrupted tells that the SFU may have failed or refused because of an outage since there were so many. Who did not
// reach the SFU may be the first to know of it.
func (s *Session) interrupted(ctx context.Context, outages int, err error) bool {
	kind := failure.KindOf(fromSFU(err))
	if kind != failure.SFUUnreachable && kind != failure.SFURejected {
		return false
	}
	deadline := time.NewTimer(outageNoticedWithin)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		changed, state, now := s.changed, s.state, s.outages
		s.mu.Unlock()
		if now > outages {
			return true
		}
		if kind == failure.SFURejected || state == Leaving {
			return false
		}
		select {
		case <-changed:
		case <-deadline.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// CallCID is the call's full name.
func (s *Session) CallCID() string { return s.options.CallType + ":" + s.options.CallID }

// UserID is who joined.
func (s *Session) UserID() string { return s.options.User.ID }

// Created tells whether the join created the call.
func (s *Session) Created() bool { return s.created }

// SFU is the name of the SFU joined first.
func (s *Session) SFU() string { return s.sfuName }

// Timing is how long the phases of the join took, so far.
func (s *Session) Timing() *rtcproto.JoinTiming { return s.timing.message() }

// Info is a session at one moment.
type Info struct {
	State                State
	ParticipantSessionID string
	Participants         []*rtcproto.Participant
	ParticipantCount     int
	Subscriptions        Subscriptions
	Muted                Muted
	OwnCapabilities      []string
	Reconnects           int
}

// Info describes the session now.
func (s *Session) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{
		State: s.state, ParticipantSessionID: s.conn.sessionID, Participants: s.roster.messages(),
		ParticipantCount: s.roster.others() + 1, Subscriptions: s.subscriptions, Muted: s.mutes.now(),
		OwnCapabilities: slices.Clone(s.capabilities), Reconnects: s.reconnects,
	}
}

// SendEvent sends a custom event through the coordinator.
func (s *Session) SendEvent(ctx context.Context, custom []byte) error {
	return fromCoordinator(s.withToken(ctx, func() error { return s.coordinator.SendEvent(ctx, custom) }))
}

// SendReaction sends a reaction through the coordinator.
func (s *Session) SendReaction(ctx context.Context, reaction coordinator.Reaction) error {
	return fromCoordinator(s.withToken(ctx, func() error { return s.coordinator.SendReaction(ctx, reaction) }))
}

func (s *Session) nextAttempt() int { return int(s.attempts.Add(1)) - 1 }
