// Package mock is a call without any network: participants that play files into the events of a session, for trying out
// a host and everything behind it.
package mock

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/guard"
	"streamgateway/native/internal/rtcproto"
)

// Options describe the call.
type Options struct {
	CallCID      string
	UserID, Name string
	Participants []Participant
}

// Participant is somebody in the call besides the session itself.
type Participant struct {
	UserID, Name string
	Audio        *Audio // nil is silent
}

// Audio is a file that a participant plays, once.
type Audio struct {
	Path string
	// Realtime plays as fast as a speaker speaks; otherwise as fast as the host takes the events.
	Realtime bool
}

// Host is who gets the events.
type Host interface {
	// Emit must neither wait nor call back.
	Emit(e *rtcproto.Event)
	// Room waits until the host has taken most of the events so far.
	Room(ctx context.Context) error
}

// Session is one mock. It is safe for concurrent use.
//
// Its events are joined, then participant_joined for each participant, then their audio as rtc_packet of 20 ms, 48 kHz,
// mono, 16 bits. When all files have been played the call ends; without any that can be played it goes on.
type Session struct {
	options   Options
	host      Host
	sessionID string
	people    []*rtcproto.Participant
	ctx       context.Context
	cancel    context.CancelCauseFunc
	done      chan struct{}
}

var errOver = errors.New("every file was played")

// Start begins a call.
func Start(options Options, host Host) *Session {
	s := &Session{options: options, host: host, sessionID: uuid.NewString(), done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	now := time.Now().UnixNano()
	s.people = append(s.people, &rtcproto.Participant{
		UserId: options.UserID, ParticipantSessionId: s.sessionID, Name: options.Name, JoinedAtUnixNs: now, IsLocal: true,
	})
	for _, p := range options.Participants {
		s.people = append(s.people, describe(p, now))
	}
	go s.run()
	return s
}

func describe(p Participant, at int64) *rtcproto.Participant {
	person := &rtcproto.Participant{UserId: p.UserID, ParticipantSessionId: uuid.NewString(), Name: p.Name, JoinedAtUnixNs: at}
	if p.Audio != nil {
		person.Tracks = []*rtcproto.Track{{
			TrackId: person.ParticipantSessionId + ":audio", UserId: p.UserID, ParticipantSessionId: person.ParticipantSessionId,
			TrackType: rtcproto.TrackType_TRACK_TYPE_AUDIO, Codec: "pcm",
		}}
	}
	return person
}

func (s *Session) run() {
	defer close(s.done)
	if panicked := guard.Run(s.play); panicked != nil {
		s.cancel(failure.New(failure.Internal, failure.NoStage, panicked))
	}
	s.host.Emit(&rtcproto.Event{Payload: &rtcproto.Event_Left{Left: s.left()}})
}

func (s *Session) play() {
	s.host.Emit(&rtcproto.Event{Payload: &rtcproto.Event_Joined{Joined: &rtcproto.Joined{
		CallCid: s.options.CallCID, UserId: s.options.UserID, ParticipantSessionId: s.sessionID,
		Participants: s.people[:1], Timing: new(rtcproto.JoinTiming),
	}}})
	for _, person := range s.people[1:] {
		s.host.Emit(&rtcproto.Event{Payload: &rtcproto.Event_ParticipantJoined{
			ParticipantJoined: &rtcproto.ParticipantJoined{UserId: person.UserId, Participant: person},
		}})
	}
	if s.playAll() > 0 && s.ctx.Err() == nil {
		s.host.Emit(&rtcproto.Event{Payload: &rtcproto.Event_CallEnded{CallEnded: &rtcproto.CallEnded{Reason: "ended"}}})
		s.cancel(errOver)
	}
	<-s.ctx.Done()
}

// playAll plays every file at once, and answers how many could be played to their ends.
func (s *Session) playAll() int {
	var players sync.WaitGroup
	var played atomic.Int32
	for _, p := range s.options.Participants {
		if p.Audio == nil {
			continue
		}
		players.Add(1)
		go func() {
			defer players.Done()
			var err error
			if panicked := guard.Run(func() { err = s.playOne(p) }); panicked != nil {
				err = failure.New(failure.Internal, failure.Media, panicked)
			}
			if err == nil {
				played.Add(1)
			} else if s.ctx.Err() == nil {
				s.tellFailure(err)
			}
		}()
	}
	players.Wait()
	return int(played.Load())
}

func (s *Session) tellFailure(err error) {
	f := failure.Of(err)
	s.host.Emit(&rtcproto.Event{Payload: &rtcproto.Event_Error{Error: &rtcproto.Error{
		Message: f.Error(), Kind: string(f.Kind), Stage: string(f.Stage),
	}}})
}

func (s *Session) left() *rtcproto.Left {
	cause := context.Cause(s.ctx)
	var known *ending
	switch {
	case errors.As(cause, &known):
		return &rtcproto.Left{Reason: known.reason}
	case errors.Is(cause, errOver):
		return &rtcproto.Left{Reason: "call_ended"}
	}
	f := failure.Of(cause)
	return &rtcproto.Left{Reason: "failed", Error: &rtcproto.Error{Message: f.Error(), Kind: string(f.Kind)}}
}

// ending is why a session that did not end by itself is over.
type ending struct{ reason string }

func (e *ending) Error() string { return "the session ended: " + e.reason }

// Leave ends the session and waits until it has told its last event. Leaving twice is leaving once.
func (s *Session) Leave(ctx context.Context) error { return s.end(ctx, "left") }

// Shutdown is Leave by the host's end.
func (s *Session) Shutdown(ctx context.Context) error { return s.end(ctx, "shutdown") }

func (s *Session) end(ctx context.Context, reason string) error {
	s.cancel(&ending{reason})
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ID is the participant session id.
func (s *Session) ID() string { return s.sessionID }

// Participants are everybody in the call, the session itself first.
func (s *Session) Participants() []*rtcproto.Participant { return s.people }
