package rtc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/event"
)

const joinAttempts = 3

// Join asks the coordinator for an SFU and joins there. emit gets the session's events, in order, the first of them
// joined and the last left; it must neither wait nor call back. A failed join emits nothing and leaves nothing behind.
func (e *Engine) Join(ctx context.Context, options JoinOptions, emit func(*rtcproto.Event)) (*Session, error) {
	s := newSession(e, options, emit)
	s.feed.start()
	conn, answer, err := s.firstConnection(ctx)
	if err == nil && ctx.Err() != nil {
		conn.close(true, "cancelled")
		err = atStage(failure.Signaling, ctx.Err())
	}
	if err != nil {
		s.cancel(err)
		s.feed.cancel()
		<-s.tasks.close()
		return nil, err
	}
	s.begin(conn, answer)
	return s, nil
}

func newSession(e *Engine, options JoinOptions, emit func(*rtcproto.Event)) *Session {
	s := &Session{
		engine: e, options: options, log: e.log.With("call_cid", options.CallType+":"+options.CallID, "user_id", options.User.ID),
		emitter: emit, unifiedID: uuid.NewString(), timing: joinTiming{start: time.Now()},
		done: make(chan struct{}), changed: make(chan struct{}), state: Joined, roster: newRoster(),
		wishes:        subscriptionWishes{turn: make(chan struct{}, 1)},
		subscriptions: options.Subscriptions,
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.tasks = newTasks(s.onPanic)
	s.token = newUserToken(options.Token, s.tellTokenExpiring)
	s.coordinator = &coordinator.Client{
		HTTP: e.anywhere.http, BaseURL: options.CoordinatorURL, APIKey: options.APIKey,
		Token:  func() string { text, _ := s.token.current(); return text },
		UserID: options.User.ID, CallType: options.CallType, CallID: options.CallID,
	}
	s.sfuReach = sync.OnceValue(func() *reach { return e.reachFor(s.ctx, options) })
	s.tasks.spawn(func() { s.sfuReach() }) // it may ask the name server, while the coordinator is asked
	s.feed = newCallFeed(s)
	return s
}

// begin makes the session live: from here on it ends only through its supervisor.
func (s *Session) begin(conn *connection, answer *event.JoinResponse) {
	s.mu.Lock()
	s.conn, s.open = conn, true
	s.roster.reconcile(conn.sessionID, answer.GetCallState())
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_Joined{Joined: &rtcproto.Joined{
		CallCid: s.CallCID(), UserId: s.UserID(), ParticipantSessionId: conn.sessionID,
		Participants: s.roster.messages(), OwnCapabilities: s.capabilities, Sfu: s.sfuName, Timing: s.timing.message(),
	}}})
	s.watchAlone()
	s.mu.Unlock()

	if limit := s.options.MaxDuration; limit > 0 {
		timer := time.AfterFunc(limit, func() { s.end("max_duration", "max duration", nil) })
		context.AfterFunc(s.ctx, func() { timer.Stop() })
	}
	s.tellJoin()
	conn.listen()
	conn.reportStats()
	s.resubscribe()
	s.feed.begin()
	s.token.start()
	go s.supervise(conn)
}

// firstConnection joins, elsewhere when an SFU is full or fails again, and again when the failure may pass.
func (s *Session) firstConnection(ctx context.Context) (*connection, *event.JoinResponse, error) {
	var blamed blame
	var refusal error // of an SFU; says more than the coordinator's having no other
	for attempt := 1; ; attempt++ {
		conn, answer, err := s.connect(ctx, connectPlan{first: true, rung: s.rung, avoid: blamed.avoid})
		if err == nil {
			return conn, answer, nil
		}
		if ctx.Err() != nil {
			return nil, nil, failure.New(failure.KindOf(ctx.Err()), failure.StageOf(err), err)
		}
		if len(blamed.avoid) > 0 && failure.StageOf(err) == failure.Coordinator {
			return nil, nil, refusal
		}
		if attempt == joinAttempts || permanent(err) {
			return nil, nil, err
		}
		if blamed.note(conn, err); conn != nil {
			refusal = err
		}
		if otherSFU(err) {
			continue
		}
		if ended := sleep(ctx, retryPause(attempt)); ended != nil {
			return nil, nil, failure.New(failure.KindOf(ended), failure.StageOf(err), err)
		}
	}
}

// connectPlan is how to connect: which SFUs to avoid and what to tell the new one about the old.
type connectPlan struct {
	first     bool
	rung      bool     // an attempt before has rung and notified the others
	avoid     []string // names of SFUs, the latest last
	sessionID string   // empty: a new one
	details   *event.ReconnectDetails
}

// connect asks the coordinator and opens a connection. On an SFU's refusal the connection is answered too, closed, for
// its credentials.
func (s *Session) connect(ctx context.Context, plan connectPlan) (*connection, *event.JoinResponse, error) {
	certificates := make(chan []webrtc.Certificate, 1)
	if !s.tasks.spawn(func() { certificates <- newCertificates() }) {
		return nil, nil, errGone()
	}
	start := time.Now()
	joined, err := s.askCoordinator(ctx, plan)
	if err != nil {
		return nil, nil, fromCoordinator(err)
	}
	coordinated := time.Now()
	sessionID := plan.sessionID
	if sessionID == "" {
		sessionID = uuid.NewString()
	}
	conn := newConnection(s, sessionID, joined, <-certificates)
	answer, err := conn.open(ctx, plan.details)
	if err != nil {
		conn.close(false, "join failed")
		return conn, nil, err
	}
	if plan.first {
		s.timing.joined(coordinated.Sub(start), time.Since(coordinated))
		s.created, s.sfuName = joined.Created, joined.Credentials.Server.EdgeName
	}
	s.mu.Lock()
	s.permit(joined.OwnCapabilities)
	s.mu.Unlock()
	return conn, answer, nil
}

// askCoordinator joins at the coordinator. The feed connects meanwhile; it is waited for only where the coordinator must
// know the user first: for a name or the like to show, or because it said that it does not know the user.
func (s *Session) askCoordinator(ctx context.Context, plan connectPlan) (*coordinator.JoinResponse, error) {
	if !plan.first {
		return s.rejoinCall(ctx, plan)
	}
	user := s.options.User
	var connectionID string
	if user.Name != "" || user.Image != "" || len(user.Custom) > 0 {
		var err error
		if connectionID, err = s.feed.connected(ctx); err != nil {
			return nil, err
		}
	}
	request := joinRequest(s.options, plan)
	joined, err := s.coordinator.Join(ctx, request, connectionID)
	var refusal *coordinator.APIError
	if connectionID == "" && s.options.Create && errors.As(err, &refusal) && refusal.Code == coordinator.CodeDoesNotExist {
		// The call would be created, so it is the user who does not exist.
		if connectionID, err = s.feed.connected(ctx); err != nil {
			return nil, err
		}
		joined, err = s.coordinator.Join(ctx, request, connectionID)
	}
	if err == nil {
		s.rung = true
		s.feed.joinedWith(connectionID)
	}
	return joined, err
}

func (s *Session) rejoinCall(ctx context.Context, plan connectPlan) (joined *coordinator.JoinResponse, err error) {
	err = s.withToken(ctx, func() error {
		joined, err = s.coordinator.Join(ctx, joinRequest(s.options, plan), "")
		return err
	})
	return joined, err
}

// joinRequest asks to ring or notify only until a join has succeeded, so that nobody is rung twice.
func joinRequest(options JoinOptions, plan connectPlan) coordinator.JoinRequest {
	request := coordinator.JoinRequest{Create: options.Create, MigratingFromList: plan.avoid}
	if len(plan.avoid) > 0 {
		request.MigratingFrom = plan.avoid[len(plan.avoid)-1]
	}
	if plan.first {
		request.Data, request.Ring, request.Notify = options.CallData, options.Ring && !plan.rung, options.Notify && !plan.rung
	}
	return request
}

// newCertificates makes the certificate that both peer connections of a connection share; none lets Pion make its own.
func newCertificates() []webrtc.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil
	}
	return []webrtc.Certificate{*certificate}
}

// retryPause grows from a quarter of a second to four seconds, and varies so that many sessions do not come at once.
func retryPause(attempt int) time.Duration {
	const first, limit = 250 * time.Millisecond, 4 * time.Second
	pause := min(first<<min(attempt-1, 8), limit)
	return pause/2 + mathrand.N(pause)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
