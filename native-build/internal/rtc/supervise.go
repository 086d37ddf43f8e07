package rtc

import (
	"context"
	"errors"
	"slices"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/guard"
	"streamgateway/native/internal/record"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/signaling"
)

const (
	maxFastAttempts = 3
	// maxRejoins within rejoinWindow keeps a session that cannot hold from hammering the servers.
	maxRejoins       = 10
	rejoinWindow     = 2 * time.Minute
	attemptTimeout   = 12 * time.Second
	mediaBackWithin  = 8 * time.Second
	migrationTimeout = 7 * time.Second
	maxICEFailures   = 2
)

// outage is one fight for the connection, from the first trouble to success or giving up.
type outage struct {
	started  time.Time
	deadline time.Time
	strategy strategy
	reason   string
	cause    error
	blamed   blame
}

// history is what earlier outages left behind.
type history struct {
	rejoins     []time.Time
	iceFailures int // peer connections that never connected, in a row
}

// supervise owns the session until it is over.
func (s *Session) supervise(conn *connection) {
	if panicked := guard.Run(func() { s.watch(conn) }); panicked != nil {
		s.onPanic(panicked)
	}
	s.teardown()
}

func (s *Session) watch(conn *connection) {
	var past history
	for {
		select {
		case <-s.ctx.Done():
			return
		case t := <-conn.trouble:
			next, err := s.reconnect(conn, t, &past)
			if err != nil {
				s.giveUp(err)
				return
			}
			conn = next
		}
	}
}

func (s *Session) giveUp(err error) {
	var known *ending
	switch {
	case errors.As(err, &known):
		s.end(known.reason, known.text, known.err)
	case failure.KindOf(err) == failure.CallEnded:
		s.end("call_ended", "call ended", err)
	case failure.KindOf(err) == failure.ReconnectFailed:
		s.end("reconnect_failed", "reconnect failed", err)
	default:
		s.end("failed", "failed", err)
	}
}

// reconnect brings the session back, or says why that is given up.
func (s *Session) reconnect(conn *connection, t trouble, past *history) (*connection, error) {
	if t.strategy == strategyDisconnect {
		return nil, orElse(t.err, failure.Newf(failure.SFURejected, failure.Signaling, "the SFU asked to disconnect"))
	}
	if kind := failure.KindOf(t.err); kind == failure.ICEFailed || kind == failure.DTLSFailed {
		if past.iceFailures++; past.iceFailures >= maxICEFailures && t.reason != "connection_failed" {
			return nil, t.err
		}
	}
	if !s.options.Reconnect.Enabled {
		return nil, reconnectFailed(t.err, "reconnecting is off")
	}
	now := time.Now()
	o := &outage{started: now, deadline: now.Add(s.options.Reconnect.Deadline), strategy: t.strategy, reason: t.reason, cause: t.err}
	if o.strategy == strategyFast && !conn.healthy() {
		o.strategy = strategyRejoin
	}
	s.setState(Reconnecting)
	for attempt := 1; ; attempt++ {
		s.emit(&rtcproto.Event{Payload: &rtcproto.Event_Reconnecting{Reconnecting: &rtcproto.Reconnecting{
			Strategy: rtcproto.ReconnectStrategy(o.strategy), Attempt: uint32(attempt), Reason: o.reason,
		}}})
		next, err := s.attempt(conn, o, past)
		if err == nil {
			s.recovered(next, o, past)
			return next, nil
		}
		s.log.Info("a reconnect attempt failed", "strategy", o.strategy, "attempt", attempt, "error", err)
		if s.ctx.Err() != nil {
			return nil, s.endedBy()
		}
		if permanent(err) {
			return nil, err
		}
		o.cause = err
		pause := retryPause(attempt)
		if time.Now().Add(pause).After(o.deadline) {
			return nil, reconnectFailed(err, "no way back within "+s.options.Reconnect.Deadline.String())
		}
		o.strategy = o.next(conn, attempt, err)
		if sleep(s.ctx, pause) != nil {
			return nil, s.endedBy()
		}
	}
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func reconnectFailed(cause error, text string) error {
	return failure.Newf(failure.ReconnectFailed, failure.StageOf(cause), "%s: %w", text, orElse(cause, errors.New("the connection was lost")))
}

// next picks the strategy after a failed attempt: fast only while the SFU still holds the session.
func (o *outage) next(conn *connection, attempt int, err error) strategy {
	var refusal *signaling.SFUError
	refused := errors.As(err, &refusal)
	if refused && refusal.Code == models.ErrorCode_ERROR_CODE_PARTICIPANT_SIGNAL_LOST {
		conn.dropSocket() // the SFU has lost it, even if we have not noticed yet
		refused = false
	}
	if o.strategy == strategyFast && !refused && attempt < maxFastAttempts && conn.healthy() &&
		time.Since(o.started) < conn.fastDeadline {
		return strategyFast
	}
	return strategyRejoin
}

func (s *Session) attempt(conn *connection, o *outage, past *history) (*connection, error) {
	ctx, cancel := context.WithDeadline(s.ctx, o.deadline)
	defer cancel()
	ctx, cancelAttempt := context.WithTimeout(ctx, attemptTimeout)
	defer cancelAttempt()
	if o.strategy == strategyFast {
		return conn, s.fast(ctx, conn, o)
	}
	now := time.Now()
	past.rejoins = slices.DeleteFunc(past.rejoins, func(at time.Time) bool { return now.Sub(at) > rejoinWindow })
	if len(past.rejoins) >= maxRejoins {
		return nil, &ending{"reconnect_failed", "too many rejoins", reconnectFailed(o.cause, "too many rejoins")}
	}
	past.rejoins = append(past.rejoins, now)
	return s.replace(ctx, conn, o)
}

// recovered makes the new state public.
func (s *Session) recovered(conn *connection, o *outage, past *history) {
	s.mu.Lock()
	s.state = Joined
	s.reconnects++
	s.reconnectedAt = time.Now()
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_Reconnected{Reconnected: &rtcproto.Reconnected{
		Strategy: rtcproto.ReconnectStrategy(o.strategy), OutageMs: milliseconds(time.Since(o.started)),
		ParticipantSessionId: conn.sessionID,
	}}})
	s.announce()
	s.mu.Unlock()
	s.tellReconnection(rtcproto.ReconnectStrategy(o.strategy), time.Since(o.started))
	if slices.ContainsFunc(conn.peers(), func(p *peer) bool { return p.isConnected() }) {
		past.iceFailures = 0
	}
	s.resubscribe()
}

// fast keeps the session and its peer connections: a new WebSocket if the old one is lost, new ICE where the media's
// path is lost.
func (s *Session) fast(ctx context.Context, conn *connection, o *outage) error {
	select { // what was reported meanwhile is part of this outage
	case <-conn.trouble:
	default:
	}
	if !conn.signaled() {
		answer, err := conn.open(ctx, s.reconnectDetails(conn, o))
		if err != nil {
			return err
		}
		if !answer.GetReconnected() {
			conn.dropSocket()
			return fromSFU(&signaling.SFUError{
				Code: models.ErrorCode_ERROR_CODE_PARTICIPANT_RECONNECT_FAILED, Message: "the SFU does not hold the session any more",
			})
		}
		s.mu.Lock()
		s.tell(s.roster.reconcile(conn.sessionID, answer.GetCallState())...)
		s.afterRosterChange()
		s.mu.Unlock()
		conn.listen()
		s.followPublishOptions(conn)
		s.silenceEnded(ctx, conn, answer.GetCallState())
	}
	return conn.restoreMedia(ctx)
}

// silenceEnded tells the SFU of publications that ended while it could not be told.
func (s *Session) silenceEnded(ctx context.Context, conn *connection, state *models.CallState) {
	for _, p := range state.GetParticipants() {
		if p.GetSessionId() != conn.sessionID {
			continue
		}
		for _, t := range p.GetPublishedTracks() {
			if s.publishes(trackTypeOf(t)) {
				continue
			}
			if err := conn.setMuted(ctx, t, true); err != nil {
				s.log.Warn("the SFU was not told that a track fell silent", "error", err)
			}
		}
	}
}

// publishes tells whether a publication of a type runs or begins.
func (s *Session) publishes(t rtcproto.TrackType) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.publications, func(p *publication) bool { return p.options.TrackType == t }) ||
		slices.ContainsFunc(s.reserved, func(o PublishOptions) bool { return o.TrackType == t })
}

// restoreMedia restarts ICE where it is not connected, and waits until it is.
func (c *connection) restoreMedia(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mediaBackWithin)
	defer cancel()
	if p := c.currentPublisher(); p != nil && !p.isConnected() {
		if err := p.restartICE(ctx); err != nil {
			return err
		}
	}
	if p := c.currentSubscriber(); p != nil && !p.isConnected() {
		if err := p.restartICE(ctx); err != nil {
			return fromSFU(err)
		}
	}
	for _, p := range c.peers() {
		if err := p.up.wait(ctx); err != nil {
			return failure.Newf(failure.ICEFailed, failure.ICE, "no path for media after an ICE restart")
		}
	}
	return nil
}

// replace makes a new connection, by rejoin or migration, and moves everything onto it.
func (s *Session) replace(ctx context.Context, old *connection, o *outage) (*connection, error) {
	migrating := o.strategy == strategyMigrate
	plan := connectPlan{details: s.reconnectDetails(old, o)}
	if migrating {
		plan.sessionID, plan.avoid = old.sessionID, []string{old.credentials.Server.EdgeName}
	} else {
		plan.avoid = o.blamed.avoid
		// Old media would only disturb: whatever the SFU still forwards ends here.
		old.close(old.signaled(), o.reason)
	}
	conn, answer, err := s.connect(ctx, plan)
	if err != nil {
		if o.blamed.note(conn, err); conn == nil {
			o.blamed.forgive()
		}
		return nil, err
	}
	if err := s.adoptConnection(ctx, conn, answer); err != nil {
		conn.close(true, "reconnect failed")
		s.mu.Lock()
		s.conn = old // which is still to be closed when this was a migration
		s.mu.Unlock()
		return nil, err
	}
	if migrating {
		select {
		case <-old.migrated:
		case <-old.socketEnd(): // an SFU that is gone says nothing more
		case <-time.After(migrationTimeout):
		case <-ctx.Done():
		}
		old.close(true, "migrated")
	}
	return conn, nil
}

// adoptConnection makes conn the session's and brings the running publications onto it, in their order.
func (s *Session) adoptConnection(ctx context.Context, conn *connection, answer *event.JoinResponse) error {
	s.mu.Lock()
	s.conn = conn
	s.reconnectedAt = time.Now()
	s.tell(s.roster.reconcile(conn.sessionID, answer.GetCallState())...)
	s.afterRosterChange()
	running := slices.Clone(s.publications)
	tracks := make([]*localTrack, len(running)) // nil: its media has not begun, and announces itself
	for i, p := range running {
		tracks[i] = p.track
	}
	s.mu.Unlock()
	conn.listen()
	conn.reportStats()
	s.wishes.forget()
	s.followPublishOptions(conn)
	for i, p := range running {
		if tracks[i] == nil || p.ctx.Err() != nil {
			continue
		}
		p.paused.Store(false) // the new SFU has not said so
		if err := conn.publish(ctx, tracks[i], s.mutes.of(p.options.TrackType).Load()); err != nil {
			if failure.KindOf(err) == failure.PermissionDenied {
				p.stop(err)
				continue
			}
			return err
		}
	}
	return nil
}

func (s *Session) reconnectDetails(conn *connection, o *outage) *event.ReconnectDetails {
	details := &event.ReconnectDetails{
		Strategy: o.strategy, FromSfuId: conn.credentials.Server.EdgeName, Reason: o.reason,
		Subscriptions: s.wishes.current(),
	}
	if o.strategy == strategyRejoin {
		details.PreviousSessionId = conn.sessionID
	}
	if o.strategy != strategyFast {
		details.ReconnectAttempt = uint32(s.attempts.Load())
	}
	if p := conn.currentPublisher(); p != nil {
		details.AnnouncedTracks = p.announced()
	}
	return details
}

// teardown ends everything the session owns, in the order in which things depend on each other, and says so.
func (s *Session) teardown() {
	s.mu.Lock()
	s.state = Leaving
	s.announce()
	conn := s.conn
	publications, sinks, mixes := slices.Clone(s.publications), slices.Clone(s.sinks), slices.Clone(s.mixes)
	recordings := slices.Clone(s.recordings)
	if s.alone != nil {
		s.alone.Stop()
	}
	s.mu.Unlock()

	cause := s.endedBy()
	for _, p := range publications {
		p.stop(errSessionEnded)
	}
	for _, p := range publications {
		<-p.done
	}
	for _, r := range recordings {
		s.endRecording(r, record.ReasonSession, nil)
	}
	for _, k := range sinks {
		s.endSink(k, "session_ended")
	}
	for _, m := range mixes {
		s.endMix(m, "session_ended")
	}
	conn.lastStats()
	conn.close(true, cause.text)
	s.token.stop()
	s.feed.end(cause.reason == "call_ended" || cause.reason == "kicked")
	<-s.tasks.close()

	s.mu.Lock()
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_Left{Left: &rtcproto.Left{Reason: cause.reason, Error: errorEvent(cause.err)}}})
	s.open = false
	s.mu.Unlock()
	close(s.done)
}
