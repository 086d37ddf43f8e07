package rtc

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/rtcproto"
)

// Publish starts a publication once the SFU knows the track. open makes the source then; it is closed when the
// publication ends.
func (s *Session) Publish(ctx context.Context, options PublishOptions, open func() (ByteSource, error)) (string, error) {
	track, err := s.reserve(options)
	if err != nil {
		return "", err
	}
	defer s.unreserve(options.Name)
	conn, err := s.announceTrack(ctx, track, options.TrackType)
	if err != nil {
		return "", err
	}
	source, err := open()
	if err != nil {
		s.silence(track)
		return "", err
	}
	p := &publication{s: s, options: options, source: source, track: track, done: make(chan struct{})}
	p.ctx, p.stop = context.WithCancelCause(context.Background())
	for {
		switch err = s.start(p, conn); {
		case err == nil:
			return trackID(conn.sessionID, options.TrackType), nil
		case errors.Is(err, errReplaced):
			if conn, err = s.announceTrack(ctx, track, options.TrackType); err == nil {
				continue
			}
		}
		p.stop(err)
		source.Close()
		return "", err
	}
}

// announceTrack makes the SFU know the track, and answers on which connection it does.
func (s *Session) announceTrack(ctx context.Context, track *localTrack, t rtcproto.TrackType) (conn *connection, err error) {
	err = s.onCurrent(ctx, func(ctx context.Context, current *connection) error {
		conn = current
		return current.publish(ctx, track, s.mutes(t))
	})
	return conn, fromSFU(err)
}

// reserve takes the name and the track type, and answers the track to publish on.
func (s *Session) reserve(options PublishOptions) (*localTrack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Leaving {
		return nil, errGone()
	}
	if capability := capabilityFor(options.TrackType); !slices.Contains(s.capabilities, capability) {
		return nil, failure.Newf(failure.PermissionDenied, failure.NoStage, "the user lacks the capability %s", capability)
	}
	taken := slices.Clone(s.reserved)
	for _, p := range s.publications {
		taken = append(taken, p.options)
	}
	for _, other := range taken {
		if other.Name == options.Name {
			return nil, failure.Newf(failure.PublicationExists, failure.NoStage, "%q is already publishing", options.Name)
		}
		if other.TrackType == options.TrackType {
			return nil, failure.Newf(failure.PublicationExists, failure.NoStage, "%q already publishes %s", other.Name, TrackTypeName(other.TrackType))
		}
	}
	s.reserved = append(s.reserved, options)
	track := s.localTracks[options.TrackType]
	if track == nil {
		track = newLocalTrack(sfuTrackType(options.TrackType), uuid.NewString(), s.unifiedID, uint16(rand.Uint32()), rand.Uint32())
		s.localTracks[options.TrackType] = track
	}
	return track, nil
}

func (s *Session) unreserve(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved = slices.DeleteFunc(s.reserved, func(o PublishOptions) bool { return o.Name == name })
}

// errReplaced says that the connection on which a track was announced is not the session's any more.
var errReplaced = errors.New("the connection was replaced")

// start lists the publication and lets it play. From here on a reconnect takes it along.
func (s *Session) start(p *publication, announced *connection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Leaving {
		return errGone()
	}
	if s.conn != announced {
		return errReplaced
	}
	if !s.tasks.spawn(p.run) {
		return errGone()
	}
	s.publications = append(s.publications, p)
	s.roster.publish(s.roster.localSessionID, p.options.TrackType)
	return nil
}

// endPublication tells the SFU that the track is silent, and then the host that the name is free again.
func (s *Session) endPublication(p *publication, cause error) {
	s.silence(p.track)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publications = slices.DeleteFunc(s.publications, func(other *publication) bool { return other == p })
	s.roster.unpublish(s.roster.localSessionID, p.options.TrackType, "")
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_PublicationEnded{PublicationEnded: p.ended(cause)}})
}

func (s *Session) silence(track *localTrack) {
	s.mu.Lock()
	conn, state := s.conn, s.state
	s.mu.Unlock()
	if state != Joined {
		return // leaving says it all; a reconnect brings back only what is still playing
	}
	ctx, cancel := context.WithTimeout(conn.ctx, muteTimeout)
	defer cancel()
	if err := conn.setMuted(ctx, track.trackType, true); err != nil && conn.ctx.Err() == nil {
		s.log.Warn("the SFU was not told that a track fell silent", "error", err)
	}
}

// ClosePublication stops the publication that reads from a source and waits for its end.
func (s *Session) ClosePublication(ctx context.Context, sourceID uint64) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.publications, func(p *publication) bool { return p.source.ID() == sourceID })
	if i < 0 {
		s.mu.Unlock()
		return failure.Newf(failure.SourceNotFound, failure.NoStage, "no publication has the source %d", sourceID)
	}
	p := s.publications[i]
	s.mu.Unlock()
	p.stop(errPublicationClosed)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Mute silences or restores kinds of the session's media; nil leaves a kind as it is. Publications go on in their own
// time.
func (s *Session) Mute(ctx context.Context, audio, video *bool) (Muted, error) {
	s.mu.Lock()
	if audio != nil {
		s.muted.Audio = *audio
		s.audioMuted.Store(*audio)
	}
	if video != nil {
		s.muted.Video = *video
	}
	muted, running := s.muted, slices.Clone(s.publications)
	s.mu.Unlock()
	for _, p := range running {
		t := p.options.TrackType
		if isAudio(t) && audio == nil || !isAudio(t) && video == nil {
			continue
		}
		err := s.onCurrent(ctx, func(ctx context.Context, conn *connection) error {
			return conn.setMuted(ctx, p.track.trackType, s.mutes(t))
		})
		if err != nil {
			return muted, err
		}
	}
	return muted, nil
}

func (s *Session) mutes(t rtcproto.TrackType) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isAudio(t) {
		return s.muted.Audio
	}
	return s.muted.Video
}

// Publication is a running publication at one moment.
type Publication struct {
	Name           string
	SourceID       uint64
	TrackType      rtcproto.TrackType
	TrackID        string
	Packets, Bytes uint64
	Duration       time.Duration
}

// Publications lists what is playing, oldest first.
func (s *Session) Publications() []Publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Publication, 0, len(s.publications))
	for _, p := range s.publications {
		list = append(list, Publication{
			Name: p.options.Name, SourceID: p.source.ID(), TrackType: p.options.TrackType,
			TrackID: trackID(s.conn.sessionID, p.options.TrackType), Packets: p.packets.Load(), Bytes: p.bytes.Load(),
			Duration: ogg.Duration(p.samples.Load()),
		})
	}
	return list
}
