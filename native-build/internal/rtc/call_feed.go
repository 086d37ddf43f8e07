package rtc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
)

const (
	watchAttempts = 3
	// farewellPatience is how long a session whose call has ended waits for what the coordinator says about it, which
	// comes a moment after the SFU's word.
	farewellPatience = 500 * time.Millisecond
	maxEventBytes    = 1 << 20
	maxEventType     = 100
)

// callFeed keeps the coordinator's WebSocket open from the join to the end of a session, and tells what comes over it.
// Media does not need it: while it is away the session goes on.
type callFeed struct {
	s      *Session
	ctx    context.Context
	cancel context.CancelFunc

	first    chan struct{} // closed once the first attempt to connect has its outcome, in connectionID or err
	begun    chan struct{} // closed when the session is live: from then on events are told
	farewell chan struct{} // closed when the coordinator has said that the call is over for us

	mu           sync.Mutex
	connectionID string
	err          error
	errTold      bool                // to whoever waited for the first attempt
	spare        *coordinator.Socket // opened instead of the first, which failed
	watching     string              // the connection that gets the call's events
	live         bool                // events come
	told         bool                // whether they do, at least once
	parted       bool
}

func newCallFeed(s *Session) *callFeed {
	f := &callFeed{s: s, first: make(chan struct{}), begun: make(chan struct{}), farewell: make(chan struct{})}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// start begins to connect.
func (f *callFeed) start() {
	f.s.tasks.spawn(f.run)
}

// connected waits for the first attempt to connect and answers its connection id. Once that has failed, each call is an
// attempt of its own: a join that is tried again needs the user to be known too.
func (f *callFeed) connected(ctx context.Context) (string, error) {
	select {
	case <-f.first:
	case <-f.ctx.Done():
		return "", f.ctx.Err()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	f.mu.Lock()
	id, err, again := f.connectionID, f.err, f.errTold
	f.errTold = true
	f.mu.Unlock()
	if err == nil || !again {
		return id, err
	}
	socket, err := f.s.coordinator.Connect(ctx, f.s.engine.anywhere.dialer, f.s.options.User)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	if err == nil {
		f.spare, f.connectionID = socket, socket.ConnectionID
	}
	return f.connectionID, err
}

// takeSpare answers the socket that a call of connected has opened, if there is one.
func (f *callFeed) takeSpare() *coordinator.Socket {
	f.mu.Lock()
	defer f.mu.Unlock()
	socket := f.spare
	f.spare = nil
	return socket
}

// joinedWith notes which connection the join made a watcher of the call.
func (f *callFeed) joinedWith(connectionID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watching = connectionID
}

// begin lets events through: the session has joined.
func (f *callFeed) begin() { close(f.begun) }

// end waits shortly for the coordinator's last word when the call has ended, and closes the connection.
func (f *callFeed) end(callOver bool) {
	f.mu.Lock()
	live := f.live
	f.mu.Unlock()
	if callOver && live {
		select {
		case <-f.farewell:
		case <-time.After(farewellPatience):
		}
	}
	f.cancel()
}

func (f *callFeed) run() {
	for attempt := 1; ; attempt++ {
		_, renewed := f.s.token.current()
		socket, err := f.connect()
		begun := f.awaitBegin()
		if spare := f.takeSpare(); spare != nil {
			socket, err = spare, nil
		}
		if !begun {
			if socket != nil {
				socket.Close()
			}
			return
		}
		if err == nil {
			attempt = 0
			stop := context.AfterFunc(f.ctx, socket.Close)
			err = f.follow(socket)
			stop()
			socket.Close()
		}
		if f.ctx.Err() != nil {
			return
		}
		f.tellState(false, err)
		f.awaitTurn(attempt+1, err, renewed)
	}
}

func (f *callFeed) connect() (socket *coordinator.Socket, err error) {
	attempt := func() (err error) {
		socket, err = f.s.coordinator.Connect(f.ctx, f.s.engine.anywhere.dialer, f.s.options.User)
		return err
	}
	if f.tried() {
		err = f.s.withToken(f.ctx, attempt)
		return socket, err
	}
	err = attempt() // no host can be asked yet
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	if err == nil {
		f.connectionID = socket.ConnectionID
	}
	close(f.first)
	return socket, err
}

func (f *callFeed) tried() bool {
	select {
	case <-f.first:
		return true
	default:
		return false
	}
}

// awaitBegin waits until the session is live; false when it never will be.
func (f *callFeed) awaitBegin() bool {
	select {
	case <-f.begun:
		return true
	case <-f.ctx.Done():
		return false
	}
}

// follow tells what comes over the socket until it ends.
func (f *callFeed) follow(socket *coordinator.Socket) error {
	f.mu.Lock()
	watching := f.watching == socket.ConnectionID
	f.mu.Unlock()
	if !watching {
		if err := f.watch(socket.ConnectionID); err != nil {
			return err
		}
	}
	f.tellState(true, nil)
	return socket.Listen(f.handle)
}

// watch makes the connection get the call's events.
func (f *callFeed) watch(connectionID string) error {
	for attempt := 1; ; attempt++ {
		var call *coordinator.Call
		err := f.s.withToken(f.ctx, func() (err error) {
			call, err = f.s.coordinator.Watch(f.ctx, connectionID)
			return err
		})
		if err == nil {
			f.joinedWith(connectionID)
			if slices.Contains(call.BlockedUserIDs, f.s.UserID()) {
				f.s.callOver("kicked")
			}
			return nil
		}
		if attempt == watchAttempts || permanent(fromCoordinator(err)) {
			return err
		}
		if sleep(f.ctx, coordinatorPause(attempt)) != nil {
			return f.ctx.Err()
		}
	}
}

// awaitTurn pauses before the next attempt. A token that the coordinator does not take is not shown again: only another
// one helps.
func (f *callFeed) awaitTurn(attempt int, err error, renewed <-chan struct{}) {
	switch failure.KindOf(fromCoordinator(err)) {
	case failure.TokenInvalid, failure.TokenExpired:
		select {
		case <-renewed:
		case <-f.ctx.Done():
		}
		return
	}
	_ = sleep(f.ctx, coordinatorPause(attempt))
}

// tellState tells whether events come, when that has changed.
func (f *callFeed) tellState(connected bool, err error) {
	f.mu.Lock()
	news := connected != f.live || !f.told
	f.live, f.told = connected, true
	f.mu.Unlock()
	if !news {
		return
	}
	f.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_CoordinatorConnectionChanged{
		CoordinatorConnectionChanged: &rtcproto.CoordinatorConnectionChanged{
			Connected: connected, Error: errorEvent(fromCoordinator(asUnreachable(err))),
		},
	}})
}

// asUnreachable takes the end of a socket for what it is.
func asUnreachable(err error) error {
	var refusal *coordinator.APIError
	var known *coordinator.UnreachableError
	if err == nil || errors.As(err, &refusal) || errors.As(err, &known) {
		return err
	}
	return &coordinator.UnreachableError{Err: err}
}

// coordinatorPause is what Stream's clients wait before the given attempt to connect.
func coordinatorPause(attempt int) time.Duration {
	const step, limit = 2 * time.Second, 5 * time.Second
	shortest := min(max(250*time.Millisecond, time.Duration(attempt-1)*step), limit)
	longest := min(500*time.Millisecond+time.Duration(attempt)*step, limit)
	return shortest + mathrand.N(longest-shortest+1)
}

// callEvent is what a participant must obey in the coordinator's events.
type callEvent struct {
	CallCID         string   `json:"call_cid"`
	OwnCapabilities []string `json:"own_capabilities"`
	User            struct {
		ID string `json:"id"`
	} `json:"user"`
}

// handle runs on the feed's goroutine, for one event after the other.
func (f *callFeed) handle(e coordinator.Event) {
	if len(e.JSON) > maxEventBytes || !wellNamed(e.Type) {
		f.s.log.Warn("an event of the coordinator was dropped", "bytes", len(e.JSON))
		return
	}
	var compact bytes.Buffer
	if json.Compact(&compact, e.JSON) != nil {
		return
	}
	f.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_CoordinatorEvent{
		CoordinatorEvent: &rtcproto.CoordinatorEvent{Type: e.Type, PayloadJson: compact.String()},
	}})
	var event callEvent
	if json.Unmarshal(e.JSON, &event) != nil || event.CallCID != f.s.CallCID() {
		return
	}
	forUs := event.User.ID == f.s.UserID()
	switch {
	case e.Type == "call.ended":
		f.part("ended")
	case forUs && (e.Type == "call.kicked_user" || e.Type == "call.blocked_user"):
		f.part("kicked")
	case e.Type == "call.session_ended":
		f.sayFarewell() // the SFU says whether it is our session
	case forUs && e.Type == "call.permissions_updated":
		f.s.onCapabilities(event.OwnCapabilities)
	}
}

// wellNamed keeps names out that no reader of events could tell from something else.
func wellNamed(eventType string) bool {
	return eventType != "" && len(eventType) <= maxEventType && !slices.ContainsFunc([]byte(eventType), func(c byte) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-')
	})
}

func (f *callFeed) part(reason string) {
	f.sayFarewell()
	f.s.callOver(reason)
}

func (f *callFeed) sayFarewell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.parted {
		f.parted = true
		close(f.farewell)
	}
}
