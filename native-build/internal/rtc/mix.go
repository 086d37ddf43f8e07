package rtc

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mixer"
	"streamgateway/native/internal/rtcproto"
)

const (
	// Somebody begins to speak after so long a time as loud as a voice, and has ceased after so long a time that is not.
	speakingAfter = 60 * time.Millisecond
	silentAfter   = 500 * time.Millisecond
)

// MixOptions describe a sink that hears several participants as one.
type MixOptions struct {
	Users Selection
	// Media is what the sink's bytes shall be: Ogg, WAV or bare samples.
	Media media.Spec
	// Encoding is that of Ogg.
	Encoding media.Encoding
	// Speakers has the host told who speaks, by what is heard.
	Speakers bool

	recording *recording // which it belongs to
}

// mix is a sink of several participants.
type mix struct {
	*player
	recording *recording // nil when the host reads it
	users     Selection
	inputs    map[*remoteTrack]*voice // guarded by the session's lock
	voices    atomic.Pointer[[]*voice]
}

// voice is a participant of a mix.
type voice struct {
	*mixer.Input
	userID, participantSessionID string

	// For the mixer's goroutine.
	loud, quiet time.Duration
	speaking    bool
}

// Mix opens a sink that hears participants together, now and as they come and go.
func (s *Session) Mix(_ context.Context, options MixOptions, open func() (PageSink, error)) (Listening, error) {
	port, err := open()
	if err != nil {
		return Listening{}, err
	}
	m := &mix{recording: options.recording, users: options.Users, inputs: map[*remoteTrack]*voice{}}
	m.voices.Store(new([]*voice))
	out := &output{s: s, port: port, name: func() string { return "" }, quiet: m.recording != nil}
	var each func()
	if options.Speakers || m.recording != nil {
		each = m.watchSpeakers
	}
	if m.player, err = newPlayer(out, options.Media, options.Encoding, each); err != nil {
		port.Discard()
		return Listening{}, err
	}
	m.begin()
	s.mu.Lock()
	if s.state == Leaving {
		s.mu.Unlock()
		m.end(true)
		return Listening{}, errGone()
	}
	s.mixes = append(s.mixes, m)
	if m.recording != nil {
		m.recording.mix = m
	}
	s.bindSinks()
	s.mu.Unlock()
	s.resubscribe()
	return Listening{SinkID: port.ID(), Codec: "opus", Format: m.format()}, nil
}

// endMix ends a mix; the session's lock must not be held.
func (s *Session) endMix(m *mix, reason string) {
	s.mu.Lock()
	s.mixes = slices.DeleteFunc(s.mixes, func(other *mix) bool { return other == m })
	s.bindSinks()
	s.mu.Unlock()
	if counts, ended := m.end(reason == sinkClosed); ended && m.recording == nil {
		m.tellEnd(reason, "", counts)
	}
	s.resubscribe()
}

// bindMix gives a mix an input for each track that it hears; the session's lock must be held.
func (s *Session) bindMix(m *mix) {
	gone := maps.Clone(m.inputs)
	for _, track := range s.tracks {
		if known := gone[track]; known != nil && known.participantSessionID == track.owner {
			delete(gone, track)
		}
	}
	for track, known := range gone {
		known.Close()
		delete(m.inputs, track)
	}
	for _, track := range s.tracks {
		owner := s.roster.members[track.owner]
		if owner == nil || m.inputs[track] != nil || !isAudio(track.trackType) || !m.users.includes(owner.userID) {
			continue
		}
		input, err := m.mixer.Add(owner.sessionID)
		if err != nil {
			s.log.Warn("a participant does not fit into a mix", "error", err)
			continue
		}
		m.inputs[track] = &voice{Input: input, userID: owner.userID, participantSessionID: owner.sessionID}
	}
	voices := make([]*voice, 0, len(m.inputs))
	for _, known := range m.inputs {
		voices = append(voices, known)
	}
	m.voices.Store(&voices)
}

// watchSpeakers runs on the mixer's goroutine after each frame.
func (m *mix) watchSpeakers() {
	frame := m.mixer.FrameTime()
	for _, v := range *m.voices.Load() {
		level := v.Level()
		if level < voiceThreshold {
			v.loud, v.quiet = v.loud+frame, 0
		} else {
			v.loud, v.quiet = 0, v.quiet+frame
		}
		if changed := !v.speaking && v.loud >= speakingAfter || v.speaking && v.quiet >= silentAfter; !changed {
			continue
		}
		v.speaking = !v.speaking
		if m.recording != nil {
			m.recording.spoke(v.userID, v.participantSessionID, v.speaking)
			continue
		}
		m.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_SpeakerChanged{SpeakerChanged: &rtcproto.SpeakerChanged{
			SinkId: m.port.ID(), UserId: v.userID, ParticipantSessionId: v.participantSessionID, Speaking: v.speaking,
			Level: float32(127-level) / 127,
		}}})
	}
}

// closeMix ends the mix of a sink, if it is one.
func (s *Session) closeMix(id uint64) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.mixes, func(m *mix) bool { return m.recording == nil && m.port.ID() == id })
	if i < 0 {
		s.mu.Unlock()
		return failure.Newf(failure.SinkNotFound, failure.NoStage, "no sink %d", id)
	}
	m := s.mixes[i]
	s.mu.Unlock()
	s.endMix(m, sinkClosed)
	return nil
}
