package rtc

import (
	"context"
	"errors"
	"slices"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mixer"
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
	err = s.await(ctx, codecWait, func() bool { return k.rendering != nil || k.failure != nil })
	if errors.Is(err, errAwaited) {
		err = failure.Newf(failure.DeadlineExceeded, failure.Media, "the SFU does not send %s", k.name())
	}
	s.mu.Lock()
	listening := Listening{
		SinkID: k.port.ID(), TrackID: trackID(k.participantSessionID, k.trackType), UserID: k.userID, Codec: k.codec,
	}
	if err == nil && k.failure != nil {
		err = k.failure
	}
	if err == nil {
		listening.Format = k.rendering.format()
	}
	s.mu.Unlock()
	if err != nil {
		s.endSink(k, sinkClosed)
		return Listening{}, err
	}
	return listening, nil
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
	s.bindSinks()
	id := trackID(k.participantSessionID, k.trackType)
	s.mu.Unlock()
	if counts, ended := k.end(reason == sinkClosed); ended && k.recorded == nil {
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

// bindSinks brings tracks and sinks together after any change of tracks, sinks or roster; mu must be held.
func (s *Session) bindSinks() {
	for _, k := range s.sinks {
		s.followUser(k)
	}
	for _, r := range s.recordings {
		r.bind()
	}
	for _, track := range s.tracks {
		if p := s.roster.byPrefix(track.prefix); p != nil {
			track.owner = p.sessionID
			if state := p.tracks[track.trackType]; state != nil {
				state.codec = track.codec
			}
		}
	}
	for _, m := range s.mixes {
		s.bindMix(m)
	}
	for _, track := range s.tracks {
		var mixes []*mixer.Input
		for _, m := range s.mixes {
			if known := m.inputs[track]; known != nil {
				mixes = append(mixes, known.Input)
			}
		}
		track.setListeners(s.sinksOf(track), mixes)
	}
}

// sinksOf lists the sinks that hear a track. A sink whose bytes cannot go on with the track's codec ends.
func (s *Session) sinksOf(track *remoteTrack) (list []*sink) {
	for _, k := range s.sinks {
		if track.owner == "" || k.participantSessionID != track.owner || k.trackType != track.trackType {
			continue
		}
		if s.newest(track) {
			k.render(track.codec) // the one before it may still be there, in another codec
		}
		switch {
		case k.rendering == nil:
		case k.codec == track.codec:
			list = append(list, k)
			if k.recorded != nil {
				k.recorded.losses.hear(track)
			}
		case s.newest(track):
			s.tasks.spawn(func() { s.endSink(k, "codec_changed") })
		}
	}
	return list
}

// newest tells that no later track of the same type has come from the owner.
func (s *Session) newest(track *remoteTrack) bool {
	for _, other := range slices.Backward(s.tracks) {
		if other.owner == track.owner && other.trackType == track.trackType {
			return other == track
		}
	}
	return false
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
