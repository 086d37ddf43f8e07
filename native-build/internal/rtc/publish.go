package rtc

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

// Publish starts a publication. Audio is made known to the SFU first, so that no word is lost; video makes itself known
// when its first bytes have told the codec. open makes the source then; it is closed when the publication ends.
func (s *Session) Publish(ctx context.Context, options PublishOptions, open func() (ByteSource, error)) (string, error) {
	if err := s.reserve(options); err != nil {
		return "", err
	}
	defer s.unreserve(options.Name)
	conn, _, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	if err := conn.checkWanted(sfuTrackType(options.TrackType)); err != nil {
		return "", err
	}
	var track *localTrack
	if !options.Media.Format.IsVideo() {
		track = s.localTrack(options.TrackType, media.Track{})
		if conn, err = s.announceTrack(ctx, track); err != nil {
			s.silence(track) // in case the SFU knows it
			return "", err
		}
	}
	source, err := open()
	if err != nil {
		s.silence(track)
		return "", err
	}
	p := newPublication(s, options, source)
	p.setTrack(track)
	for {
		switch err = s.start(p, conn); {
		case err == nil:
			return trackID(conn.sessionID, options.TrackType), nil
		case errors.Is(err, errReplaced):
			if conn, err = s.announceTrack(ctx, track); err == nil {
				continue
			}
		}
		p.stop(err)
		source.Close()
		return "", err
	}
}

// announceMedia makes the SFU know what a running publication has turned out to be.
func (s *Session) announceMedia(p *publication, described media.Track) error {
	track := s.localTrack(p.options.TrackType, described)
	s.mu.Lock()
	p.setTrack(track) // from here on a reconnect takes it along
	s.roster.describeOwn(p.options.TrackType, described.Name())
	s.mu.Unlock()
	_, err := s.announceTrack(p.ctx, track)
	if err != nil && p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return err
}

// announceTrack makes the SFU know the track, and answers on which connection it does.
func (s *Session) announceTrack(ctx context.Context, track *localTrack) (conn *connection, err error) {
	err = s.onCurrent(ctx, func(ctx context.Context, current *connection) error {
		conn = current
		return current.publish(ctx, track, s.mutes.of(trackTypeOf(track.trackType)).Load())
	})
	return conn, fromSFU(err)
}

func (p *publication) setTrack(track *localTrack) {
	if track == nil {
		return
	}
	p.track = track
	tell := p.onKeyframeRequest
	track.onKeyframeRequest.Store(&tell)
}

// localTrack answers the track to publish something of a type and a codec on: the one there was, or a new one when that
// had another codec.
func (s *Session) localTrack(t rtcproto.TrackType, described media.Track) *localTrack {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.localTracks, func(track *localTrack) bool { return track.trackType == sfuTrackType(t) })
	if at >= 0 && s.localTracks[at].media.Name() == described.Name() {
		return s.localTracks[at]
	}
	track := newLocalTrack(sfuTrackType(t), described, uuid.NewString(), s.unifiedID, rand.Uint32())
	if at >= 0 {
		s.localTracks[at] = track
	} else {
		s.localTracks = append(s.localTracks, track)
	}
	return track
}

// reserve takes the name and the track type.
func (s *Session) reserve(options PublishOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Leaving {
		return errGone()
	}
	if options.Media.Format.IsVideo() == isAudio(options.TrackType) {
		return failure.Newf(failure.UnsupportedFormat, failure.Media, "%s cannot be published as %s",
			options.Media.Format, TrackTypeName(options.TrackType))
	}
	if capability := capabilityFor(options.TrackType); !slices.Contains(s.capabilities, capability) {
		return failure.Newf(failure.PermissionDenied, failure.NoStage, "the user lacks the capability %s", capability)
	}
	taken := slices.Clone(s.reserved)
	for _, p := range s.publications {
		taken = append(taken, p.options)
	}
	for _, other := range taken {
		if other.Name == options.Name {
			return failure.Newf(failure.PublicationExists, failure.NoStage, "%q is already publishing", options.Name)
		}
		if other.TrackType == options.TrackType {
			return failure.Newf(failure.PublicationExists, failure.NoStage, "%q already publishes %s", other.Name, TrackTypeName(other.TrackType))
		}
	}
	s.reserved = append(s.reserved, options)
	return nil
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
	if p.track != nil && s.conn != announced {
		return errReplaced
	}
	if !s.tasks.spawn(p.run) {
		return errGone()
	}
	s.publications = append(s.publications, p)
	s.roster.publish(s.roster.localSessionID, p.options.TrackType)
	if p.track != nil {
		s.roster.describeOwn(p.options.TrackType, p.track.media.Name())
	}
	return nil
}

// endPublication tells the SFU that the track is silent, and then the host that the name is free again.
func (s *Session) endPublication(p *publication, cause error) {
	s.mu.Lock()
	track := p.track
	s.mu.Unlock()
	s.silence(track)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publications = slices.DeleteFunc(s.publications, func(other *publication) bool { return other == p })
	s.roster.unpublish(s.roster.localSessionID, p.options.TrackType, "")
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_PublicationEnded{PublicationEnded: p.ended(cause)}})
}

func (s *Session) silence(track *localTrack) {
	if track == nil {
		return
	}
	s.mu.Lock()
	conn, state := s.conn, s.state
	s.mu.Unlock()
	if state != Joined {
		return // leaving says it all, and a reconnect tells what is still playing
	}
	ctx, cancel := context.WithTimeout(conn.ctx, muteTimeout)
	defer cancel()
	if err := conn.setMuted(ctx, track.trackType, true); err != nil && conn.ctx.Err() == nil {
		s.log.Warn("the SFU was not told that a track fell silent", "error", err)
	}
}

// ClosePublication stops the publication that reads from a source and waits for its end.
func (s *Session) ClosePublication(ctx context.Context, sourceID uint64) error {
	p, err := s.publication(sourceID)
	if err != nil {
		return err
	}
	p.stop(errPublicationClosed)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publication finds what reads from a source.
func (s *Session) publication(sourceID uint64) (*publication, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.publications, func(p *publication) bool { return p.source.ID() == sourceID })
	if i < 0 {
		return nil, failure.Newf(failure.SourceNotFound, failure.NoStage, "no publication has the source %d", sourceID)
	}
	return s.publications[i], nil
}

// Publication is a running publication at one moment.
type Publication struct {
	Name           string
	SourceID       uint64
	TrackType      rtcproto.TrackType
	Format         media.Format
	Codec          string // empty until the media has told
	TrackID        string
	Packets, Bytes uint64
	Duration       time.Duration
	// KeyframeRequests counts the SFU's; those to media that is encoded already wait for its next keyframe.
	KeyframeRequests uint64
}

// Publications lists what is playing, oldest first.
func (s *Session) Publications() []Publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Publication, 0, len(s.publications))
	for _, p := range s.publications {
		entry := Publication{
			Name: p.options.Name, SourceID: p.source.ID(), TrackType: p.options.TrackType, Format: p.options.Media.Format,
			TrackID: trackID(s.conn.sessionID, p.options.TrackType), Packets: p.packets.Load(), Bytes: p.bytes.Load(),
			Duration: p.duration(p.position.Load()), KeyframeRequests: p.keyframes.asks.Load(),
		}
		if p.track != nil {
			entry.Codec = p.track.media.Name()
		}
		list = append(list, entry)
	}
	return list
}

// Bitrates of audio when the SFU asks for none.
const (
	voiceBitrate = 64_000
	musicBitrate = 128_000
)

// audioBitrate is what the SFU wants a type of audio to have.
func (s *Session) audioBitrate(t models.TrackType, music bool) int {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	profile, bitrate := models.AudioBitrateProfile_AUDIO_BITRATE_PROFILE_VOICE_STANDARD_UNSPECIFIED, voiceBitrate
	if music {
		profile, bitrate = models.AudioBitrateProfile_AUDIO_BITRATE_PROFILE_MUSIC_HIGH_QUALITY, musicBitrate
	}
	option := conn.publishOption(t)
	for _, entry := range option.GetAudioBitrateProfiles() {
		if entry.GetProfile() == profile && entry.GetBitrate() > 0 {
			return int(entry.GetBitrate())
		}
	}
	if wanted := int(option.GetBitrate()); wanted > 0 && !music {
		bitrate = wanted
	}
	return bitrate
}
