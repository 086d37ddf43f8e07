package rtc

import (
	"context"
	"slices"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
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
}

// Listen opens a sink on a remote track, waiting for the track as long as the options say.
func (s *Session) Listen(ctx context.Context, options ListenOptions, open func() (PageSink, error)) (Listening, error) {
	waiting, cancel := context.WithTimeout(ctx, options.Wait)
	defer cancel()
	for {
		s.mu.Lock()
		if s.state == Leaving {
			s.mu.Unlock()
			return Listening{}, errGone()
		}
		owner := s.roster.owner(options.Owner, options.TrackType)
		if owner != nil && owner.tracks[options.TrackType] != nil {
			defer s.mu.Unlock()
			return s.openSink(owner, options.TrackType, open)
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-waiting.Done():
			if ctx.Err() != nil {
				return Listening{}, ctx.Err()
			}
			return Listening{}, failure.Newf(failure.TrackNotFound, failure.NoStage, "%s publishes no %s",
				options.Owner, TrackTypeName(options.TrackType))
		}
	}
}

// openSink must be called with mu held.
func (s *Session) openSink(owner *participant, t rtcproto.TrackType, open func() (PageSink, error)) (Listening, error) {
	if !isAudio(t) {
		return Listening{}, failure.Newf(failure.UnsupportedFormat, failure.Media, "Ogg takes audio, not %s", TrackTypeName(t))
	}
	port, err := open()
	if err != nil {
		return Listening{}, err
	}
	k := newSink(s, port, owner, t)
	s.sinks = append(s.sinks, k)
	s.bindSinks()
	s.resubscribe()
	return Listening{
		SinkID: port.ID(), TrackID: trackID(owner.sessionID, t), UserID: owner.userID, Codec: "opus",
	}, nil
}

// sinkClosed is the end of a sink by its reader, who wants no more of it.
const sinkClosed = "closed"

// CloseSink ends a sink and throws away what its reader has not read.
func (s *Session) CloseSink(id uint64) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.sinks, func(k *sink) bool { return k.port.ID() == id })
	if i < 0 {
		s.mu.Unlock()
		return failure.Newf(failure.SinkNotFound, failure.NoStage, "no sink %d", id)
	}
	k := s.sinks[i]
	s.mu.Unlock()
	s.endSink(k, sinkClosed)
	return nil
}

func (s *Session) endSink(k *sink, reason string) {
	s.mu.Lock()
	s.sinks = slices.DeleteFunc(s.sinks, func(other *sink) bool { return other == k })
	k.stopGrace()
	s.bindSinks()
	id := trackID(k.participantSessionID, k.trackType)
	s.mu.Unlock()
	if counts, ended := k.end(reason == sinkClosed); ended {
		s.emit(&rtcproto.Event{Payload: &rtcproto.Event_SinkEnded{SinkEnded: &rtcproto.SinkEnded{
			SinkId: k.port.ID(), TrackId: id, Reason: reason, Packets: counts.packets, Bytes: counts.bytes,
		}}})
	}
	s.resubscribe()
}

// adopt lists a track that begins to arrive.
func (s *Session) adopt(track *remoteTrack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracks = append(s.tracks, track)
	s.bindSinks()
}

// abandon forgets a track that has ended.
func (s *Session) abandon(track *remoteTrack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracks = slices.DeleteFunc(s.tracks, func(other *remoteTrack) bool { return other == track })
}

// bindSinks brings tracks and sinks together after any change of tracks, sinks or roster; mu must be held.
func (s *Session) bindSinks() {
	for _, k := range s.sinks {
		s.followUser(k)
	}
	for _, track := range s.tracks {
		if p := s.roster.byPrefix(track.prefix); p != nil {
			track.owner = p.sessionID
			if state := p.tracks[track.trackType]; state != nil {
				state.codec = track.codec
			}
		}
		var listeners []*sink
		for _, k := range s.sinks {
			if track.owner != "" && k.participantSessionID == track.owner && k.trackType == track.trackType {
				listeners = append(listeners, k)
			}
		}
		track.setListeners(listeners)
	}
}

// followUser moves a sink to its user's present connection, or gives the user some time to come back.
func (s *Session) followUser(k *sink) {
	owner := s.roster.members[k.participantSessionID]
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
