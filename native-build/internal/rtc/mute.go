package rtc

import (
	"context"
	"slices"
	"sync/atomic"

	"streamgateway/native/internal/rtcproto"
)

// mutes are the kinds of media that a session keeps silent, by its host's wish or a moderator's.
type mutes struct{ audio, video atomic.Bool }

func (m *mutes) of(t rtcproto.TrackType) *atomic.Bool {
	if isAudio(t) {
		return &m.audio
	}
	return &m.video
}

func (m *mutes) now() Muted { return Muted{Audio: m.audio.Load(), Video: m.video.Load()} }

// Mute silences or restores kinds of the session's media; nil leaves a kind as it is. Publications go on in their own
// time.
func (s *Session) Mute(ctx context.Context, audio, video *bool) (Muted, error) {
	if audio != nil {
		s.mutes.audio.Store(*audio)
	}
	if video != nil {
		s.mutes.video.Store(*video)
	}
	return s.mutes.now(), s.tellMutes(ctx, func(t rtcproto.TrackType) bool {
		return isAudio(t) && audio != nil || !isAudio(t) && video != nil
	})
}

// tellMutes tells the SFU whether the running publications of some types are silent.
func (s *Session) tellMutes(ctx context.Context, affected func(rtcproto.TrackType) bool) error {
	s.mu.Lock()
	running := slices.Clone(s.publications)
	s.mu.Unlock()
	for _, p := range running {
		t := p.options.TrackType
		if !affected(t) || !s.announced(p) {
			continue
		}
		err := s.onCurrent(ctx, func(ctx context.Context, conn *connection) error {
			return conn.setMuted(ctx, sfuTrackType(t), s.mutes.of(t).Load())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// announced tells whether the SFU may know the track of a publication; one that it does not know yet is muted with its
// announcement.
func (s *Session) announced(p *publication) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.track != nil
}
