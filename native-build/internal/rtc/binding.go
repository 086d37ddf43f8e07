package rtc

import (
	"streamgateway/native/internal/mixer"
	"streamgateway/native/internal/rtcproto"
)

// trackKey names a track of the call: one of each type a connection of a user.
type trackKey struct {
	participantSessionID string
	trackType            rtcproto.TrackType
}

func (r *remoteTrack) key() trackKey { return trackKey{r.owner, r.trackType} }

// bindSinks brings tracks and sinks together after any change of tracks, sinks or roster; mu must be held. It looks at
// each of them once: a call has hundreds, and everybody who comes or goes is a change.
func (s *Session) bindSinks() {
	for _, k := range s.sinks {
		s.followUser(k)
	}
	for _, r := range s.recordings {
		r.bind()
	}
	s.nameOwners()
	for _, m := range s.mixes {
		s.bindMix(m)
	}
	sinks, newest := s.sinksByTrack(), s.newestTracks()
	for _, track := range s.tracks {
		var mixes []*mixer.Input
		for _, m := range s.mixes {
			if known := m.inputs[track]; known != nil {
				mixes = append(mixes, known.Input)
			}
		}
		var hearing []*sink
		if track.owner != "" {
			hearing = s.hearing(track, sinks[track.key()], newest[track.key()] == track)
		}
		track.setListeners(hearing, mixes)
	}
}

// nameOwners tells whose the tracks are; mu must be held.
func (s *Session) nameOwners() {
	owners := s.roster.byPrefix()
	for _, track := range s.tracks {
		if p := owners[track.prefix]; p != nil {
			track.owner = p.sessionID
			if state := p.tracks[track.trackType]; state != nil {
				state.codec = track.codec
			}
		}
	}
}

func (s *Session) sinksByTrack() map[trackKey][]*sink {
	sinks := make(map[trackKey][]*sink, len(s.sinks))
	for _, k := range s.sinks {
		key := trackKey{k.participantSessionID, k.trackType}
		sinks[key] = append(sinks[key], k)
	}
	return sinks
}

// newestTracks are the latest that came of each type from each owner: the one before may still be there, in another codec.
func (s *Session) newestTracks() map[trackKey]*remoteTrack {
	newest := make(map[trackKey]*remoteTrack, len(s.tracks))
	for _, track := range s.tracks {
		newest[track.key()] = track
	}
	return newest
}

// hearing lists those of a track's sinks that hear it. A sink whose bytes cannot go on with the codec of the newest track
// ends.
func (s *Session) hearing(track *remoteTrack, sinks []*sink, newest bool) (list []*sink) {
	for _, k := range sinks {
		if newest {
			k.render(track.codec)
		}
		switch {
		case k.rendering == nil:
		case k.codec == track.codec:
			list = append(list, k)
			if k.recorded != nil {
				k.recorded.losses.hear(track)
			}
		case newest:
			s.tasks.spawn(func() { s.endSink(k, "codec_changed") })
		}
	}
	return list
}
