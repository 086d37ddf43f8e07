package rtc

import (
	"context"
	"errors"
	"slices"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
)

const (
	// A participant's rejoin shows as a leave and a join in either order; a sink waits that long for the second.
	rejoinGrace = time.Second
	// After our own reconnect the others may still be on their way back.
	ownReconnectGrace = 15 * time.Second
)

// Listening is an open sink.
type Listening struct {
	SinkID  uint64
	TrackID string
	UserID  string
	Codec   string
	Format  media.Format
}

// codecWait is how long a sink waits for the codec of a track that is published.
const codecWait = 10 * time.Second

// Listen opens a sink on a remote track, waiting for the track as long as the options say.
func (s *Session) Listen(ctx context.Context, options ListenOptions, open func() (PageSink, error)) (Listening, error) {
	if format := options.Media.Format; format != "" && format.IsAudio() != isAudio(options.TrackType) {
		return Listening{}, failure.Newf(failure.UnsupportedFormat, failure.Media, "%s cannot be had as %s",
			TrackTypeName(options.TrackType), format)
	}
	var owner *participant
	err := s.await(ctx, options.Wait, func() bool {
		owner = s.roster.owner(options.Owner, options.TrackType)
		return owner != nil && owner.tracks[options.TrackType] != nil
	})
	if errors.Is(err, errAwaited) {
		err = failure.Newf(failure.TrackNotFound, failure.NoStage, "%s publishes no %s",
			options.Owner, TrackTypeName(options.TrackType))
	}
	if err != nil {
		return Listening{}, err
	}
	k, err := s.openSink(owner, options, open)
	if err != nil {
		return Listening{}, err
	}
	err = s.await(ctx, codecWait, func() bool { return k.rendering != nil || k.failure != nil || k.ended })
	if errors.Is(err, errAwaited) {
		err = failure.Newf(failure.DeadlineExceeded, failure.Media, "the SFU does not send %s", k.name())
	}
	listening := Listening{}
	if err == nil {
		listening, err = s.present(k)
	}
	if err != nil {
		s.endSink(k, sinkClosed)
	}
	return listening, err
}

// present makes a sink known to the host, unless nothing comes of it. From here on its end is told.
func (s *Session) present(k *sink) (Listening, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := trackID(k.participantSessionID, k.trackType)
	switch {
	case k.failure != nil:
		return Listening{}, k.failure
	case k.ended:
		return Listening{}, failure.Newf(failure.TrackNotFound, failure.NoStage, "%s has ended", id)
	}
	k.known = true
	return Listening{SinkID: k.port.ID(), TrackID: id, UserID: k.userID, Codec: k.codec, Format: k.rendering.format()}, nil
}

// errAwaited says that what was awaited did not come in time.
var errAwaited = errors.New("it did not come in time")

// await waits until a condition, which is looked at with mu held, holds.
func (s *Session) await(ctx context.Context, limit time.Duration, condition func() bool) error {
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		s.mu.Lock()
		state, holds, changed := s.state, condition(), s.changed
		s.mu.Unlock()
		switch {
		case state == Leaving:
			return errGone()
		case holds:
			return nil
		}
		select {
		case <-changed:
		case <-waiting.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errAwaited
		}
	}
}

func (s *Session) openSink(owner *participant, options ListenOptions, open func() (PageSink, error)) (*sink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Leaving {
		return nil, errGone()
	}
	port, err := open()
	if err != nil {
		return nil, err
	}
	k := newSink(s, port, owner, options.TrackType, options.Media)
	if isAudio(options.TrackType) {
		k.render("opus")
	}
	s.sinks = append(s.sinks, k)
	s.bindSinks()
	s.resubscribe()
	return k, nil
}

// sinkClosed is the end of a sink by its reader, who wants no more of it.
const sinkClosed = "closed"

// CloseSink ends a sink and throws away what its reader has not read.
func (s *Session) CloseSink(id uint64) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.sinks, func(k *sink) bool { return k.recorded == nil && k.port.ID() == id })
	if i < 0 {
		s.mu.Unlock()
		return s.closeMix(id)
	}
	k := s.sinks[i]
	s.mu.Unlock()
	s.endSink(k, sinkClosed)
	return nil
}

func (s *Session) endSink(k *sink, reason string) {
	s.mu.Lock()
	s.sinks = slices.DeleteFunc(s.sinks, func(other *sink) bool { return other == k })
	if k.recorded != nil {
		k.recorded.recording.forget(k)
	}
	k.stopGrace()
	k.ended = true
	s.bindSinks()
	s.announce()
	id, known := trackID(k.participantSessionID, k.trackType), k.known
	s.mu.Unlock()
	if counts, ended := k.end(reason == sinkClosed); ended && known {
		k.tellEnd(reason, id, counts)
	}
	s.resubscribe()
}

// adopt lists a track that begins to arrive.
func (s *Session) adopt(track *remoteTrack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracks = append(s.tracks, track)
	s.bindSinks()
	s.announce()
}

// abandon forgets a track that has ended.
func (s *Session) abandon(track *remoteTrack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracks = slices.DeleteFunc(s.tracks, func(other *remoteTrack) bool { return other == track })
	s.bindSinks()
}

// followUser moves a sink to its user's present connection, or gives the user some time to come back.
func (s *Session) followUser(k *sink) {
	owner := s.roster.members[k.participantSessionID]
	if owner == nil && k.recorded != nil {
		s.tasks.spawn(func() { s.endSink(k, "track_ended") }) // a recording has another file for each connection
		return
	}
	if owner == nil {
		owner = s.roster.owner(k.userID, k.trackType)
	}
	if owner != nil {
		k.participantSessionID = owner.sessionID
		k.stopGrace()
		return
	}
	if k.grace != nil {
		return
	}
	k.grace = time.AfterFunc(rejoinGrace, func() { s.tasks.guard(func() { s.endOrphan(k) }) })
}

// endOrphan ends a sink whose user has not come back, unless an outage of our own may be why.
func (s *Session) endOrphan(k *sink) {
	s.mu.Lock()
	orphan := k.grace != nil
	if orphan && (s.state == Reconnecting || time.Since(s.reconnectedAt) < ownReconnectGrace) {
		k.grace.Reset(rejoinGrace)
		orphan = false
	}
	s.mu.Unlock()
	if orphan {
		s.endSink(k, "track_ended")
	}
}

// stopGrace must be called with the session's lock held.
func (k *sink) stopGrace() {
	if k.grace != nil {
		k.grace.Stop()
		k.grace = nil
	}
}

func (s *Session) sinkTrackID(k *sink) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return trackID(k.participantSessionID, k.trackType)
}
