package rtcmodule

import (
	"context"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtc"
)

const (
	// audioSourceBytes holds some ten seconds of speech, videoSourceBytes a few large frames; a host that gives more
	// waits.
	audioSourceBytes = 64 << 10
	videoSourceBytes = 1 << 20
	minSourceBytes   = 4 << 10
	maxSourceBytes   = 64 << 20
	maxStallTimeout  = 10 * time.Minute
	maxOffset        = 1 << 53
)

type openPublicationRequest struct {
	formatFields
	encodingFields
	Session        uint64  `json:"session"`
	Name           string  `json:"name"`
	TrackType      *string `json:"track_type"`
	Pace           *string `json:"pace"`
	Loop           bool    `json:"loop"`
	StallTimeoutMs *int64  `json:"stall_timeout_ms"`
	BufferBytes    *int    `json:"buffer_bytes"`
	TimeoutMs      *int64  `json:"timeout_ms"`
}

type openPublicationAnswer struct {
	Source  uint64 `json:"source"`
	TrackID string `json:"track_id"`

	undo func()
}

// Undo ends a publication of which nobody has heard, because the host stopped waiting for it.
func (a openPublicationAnswer) Undo() { a.undo() }

func (m *Module) openPublication(ctx context.Context, r openPublicationRequest) (*openPublicationAnswer, error) {
	v := new(validation)
	v.text("name", r.Name, maxID)
	options := rtc.PublishOptions{Name: r.Name, Loop: r.Loop, Media: r.spec(v, media.Ogg), Encoding: r.encoding(v)}
	if valueOf(r.StallTimeoutMs, 1) != 0 {
		options.StallTimeout = v.duration("stall_timeout_ms", r.StallTimeoutMs, rtc.DefaultStallTimeout, maxStallTimeout)
	}
	word := "audio"
	if options.Media.Format.IsVideo() {
		word = "video"
	}
	word = valueOf(r.TrackType, word)
	var known bool
	if options.TrackType, known = rtc.ParseTrackType(word); !known {
		v.fail("track_type must be audio, video, screen_share or screen_share_audio, not %q", word)
	}
	switch pace := valueOf(r.Pace, "realtime"); pace {
	case "realtime":
	case "asap":
		options.AsFastAsPossible = true
	default:
		v.fail("pace must be realtime or asap, not %q", pace)
	}
	size := audioSourceBytes
	if options.Media.Format.IsVideo() {
		size = videoSourceBytes
	}
	if size = valueOf(r.BufferBytes, size); size < minSourceBytes || size > maxSourceBytes {
		v.fail("buffer_bytes must be from %d to %d", minSourceBytes, maxSourceBytes)
	}
	if v.err != nil {
		return nil, v.err
	}
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	var source rtc.ByteSource
	trackID, err := session.Publish(ctx, options, func() (rtc.ByteSource, error) {
		var err error
		source, err = m.openSource(session, size)
		return source, err
	})
	if err != nil {
		m.forgetSource(source)
		return nil, err
	}
	return &openPublicationAnswer{source.ID(), trackID, func() {
		m.host.Go(func() { _ = session.ClosePublication(context.Background(), source.ID()) }) // ends with the session at the latest
	}}, nil
}

func (m *Module) openSource(session *rtc.Session, size int) (rtc.ByteSource, error) {
	source, err := m.host.OpenSource(size)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources[source.ID()] = session
	return source, nil
}

// forgetSource strikes a source whose publication did not begin after all, so that no event will.
func (m *Module) forgetSource(source rtc.ByteSource) {
	if source == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sources, source.ID())
}

type closePublicationRequest struct {
	Source    uint64 `json:"source"`
	TimeoutMs *int64 `json:"timeout_ms"`
}

func (m *Module) closePublication(ctx context.Context, r closePublicationRequest) (*nothing, error) {
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.publisher, r.Source)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return &nothing{}, session.ClosePublication(ctx, r.Source)
}

// publisher finds whose publication reads from a source.
func (m *Module) publisher(source uint64) (*rtc.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if session := m.sources[source]; session != nil {
		return session, nil
	}
	return nil, failure.Newf(failure.SourceNotFound, failure.NoStage, "no source %d", source)
}

type flushPublicationRequest struct {
	Source    uint64 `json:"source"`
	TimeoutMs *int64 `json:"timeout_ms"`
}

type flushPublicationAnswer struct {
	DroppedBytes int64 `json:"dropped_bytes"`
}

func (m *Module) flushPublication(ctx context.Context, r flushPublicationRequest) (*flushPublicationAnswer, error) {
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.publisher, r.Source)
	if err != nil {
		return nil, err
	}
	defer cancel()
	dropped, err := session.FlushPublication(ctx, r.Source)
	if err != nil {
		return nil, err
	}
	return &flushPublicationAnswer{dropped}, nil
}

type markPublicationRequest struct {
	Source uint64 `json:"source"`
	Mark   string `json:"mark"`
	Offset int64  `json:"offset"`
}

func (m *Module) markPublication(_ context.Context, r markPublicationRequest) (*nothing, error) {
	v := new(validation)
	v.text("mark", r.Mark, maxID)
	if r.Offset < 0 || r.Offset > maxOffset {
		v.fail("offset must be from 0 to %d", maxOffset)
	}
	if v.err != nil {
		return nil, v.err
	}
	session, err := m.publisher(r.Source)
	if err != nil {
		return nil, err
	}
	return &nothing{}, session.MarkPublication(r.Source, r.Mark, r.Offset)
}

type publicationAnswer struct {
	Name       string  `json:"name"`
	Source     uint64  `json:"source"`
	TrackType  string  `json:"track_type"`
	Format     string  `json:"format"`
	Codec      string  `json:"codec"`
	TrackID    string  `json:"track_id"`
	Packets    uint64  `json:"packets"`
	Bytes      uint64  `json:"bytes"`
	DurationMs float64 `json:"duration_ms"`
	// KeyframeRequests are the SFU's.
	KeyframeRequests uint64 `json:"keyframe_requests"`
}

type publicationsAnswer struct {
	Publications []publicationAnswer `json:"publications"`
}

func (m *Module) publications(_ context.Context, r sessionRequest) (*publicationsAnswer, error) {
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	list := []publicationAnswer{}
	for _, p := range session.Publications() {
		list = append(list, publicationAnswer{
			Name: p.Name, Source: p.SourceID, TrackType: rtc.TrackTypeName(p.TrackType), Format: string(p.Format), TrackID: p.TrackID,
			Codec: p.Codec, KeyframeRequests: p.KeyframeRequests,
			Packets: p.Packets, Bytes: p.Bytes, DurationMs: float64(p.Duration) / float64(time.Millisecond),
		})
	}
	return &publicationsAnswer{list}, nil
}
