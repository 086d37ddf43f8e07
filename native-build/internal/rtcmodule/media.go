package rtcmodule

import (
	"context"
	"strings"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtc"
)

const (
	// sourceBytes holds some ten seconds of speech; a host that gives more waits.
	sourceBytes      = 64 << 10
	defaultSinkBytes = 128 << 10
	minSinkBytes     = 4 << 10
	maxSinkBytes     = 16 << 20
	maxStallTimeout  = 10 * time.Minute
)

func (m *Module) openPublication(ctx context.Context, request []byte) (any, error) {
	var r struct {
		Session        uint64  `json:"session"`
		Name           string  `json:"name"`
		TrackType      *string `json:"track_type"`
		Format         *string `json:"format"`
		Pace           *string `json:"pace"`
		Loop           bool    `json:"loop"`
		StallTimeoutMs *int64  `json:"stall_timeout_ms"`
		TimeoutMs      *int64  `json:"timeout_ms"`
	}
	if err := plugin.Decode(request, &r); err != nil {
		return nil, err
	}
	v := new(validation)
	v.text("name", r.Name, maxID)
	options := rtc.PublishOptions{
		Name: r.Name, Loop: r.Loop,
		StallTimeout: v.duration("stall_timeout_ms", r.StallTimeoutMs, rtc.DefaultStallTimeout, maxStallTimeout),
	}
	word := valueOf(r.TrackType, "audio")
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
	if v.err != nil {
		return nil, v.err
	}
	if format := valueOf(r.Format, "ogg"); format != "ogg" || word == "video" || word == "screen_share" {
		return nil, failure.Newf(failure.UnsupportedFormat, failure.Media, "%s cannot be published as %s", format, word)
	}
	ctx, cancel, err := deadline(ctx, r.TimeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	var source rtc.ByteSource
	trackID, err := session.Publish(ctx, options, func() (rtc.ByteSource, error) {
		var err error
		source, err = m.openSource(session)
		return source, err
	})
	if err != nil {
		m.forgetSource(source)
		return nil, err
	}
	return struct {
		Source  uint64 `json:"source"`
		TrackID string `json:"track_id"`
	}{source.ID(), trackID}, nil
}

func (m *Module) openSource(session *rtc.Session) (rtc.ByteSource, error) {
	source, err := m.host.OpenSource(sourceBytes)
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

func (m *Module) closePublication(ctx context.Context, request []byte) (any, error) {
	var r struct {
		Source    uint64 `json:"source"`
		TimeoutMs *int64 `json:"timeout_ms"`
	}
	if err := plugin.Decode(request, &r); err != nil {
		return nil, err
	}
	ctx, cancel, err := deadline(ctx, r.TimeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	m.mu.Lock()
	session := m.sources[r.Source]
	m.mu.Unlock()
	if session == nil {
		return nil, failure.Newf(failure.SourceNotFound, failure.NoStage, "no source %d", r.Source)
	}
	return nothing{}, session.ClosePublication(ctx, r.Source)
}

type publicationAnswer struct {
	Name       string  `json:"name"`
	Source     uint64  `json:"source"`
	TrackType  string  `json:"track_type"`
	Format     string  `json:"format"`
	TrackID    string  `json:"track_id"`
	Packets    uint64  `json:"packets"`
	Bytes      uint64  `json:"bytes"`
	DurationMs float64 `json:"duration_ms"`
}

func (m *Module) publications(_ context.Context, request []byte) (any, error) {
	var r sessionRequest
	if err := plugin.Decode(request, &r); err != nil {
		return nil, err
	}
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	list := []publicationAnswer{}
	for _, p := range session.Publications() {
		list = append(list, publicationAnswer{
			Name: p.Name, Source: p.SourceID, TrackType: rtc.TrackTypeName(p.TrackType), Format: "ogg", TrackID: p.TrackID,
			Packets: p.Packets, Bytes: p.Bytes, DurationMs: float64(p.Duration) / float64(time.Millisecond),
		})
	}
	return struct {
		Publications []publicationAnswer `json:"publications"`
	}{list}, nil
}

func (m *Module) openSink(ctx context.Context, request []byte) (any, error) {
	var r struct {
		Session     uint64  `json:"session"`
		Track       string  `json:"track"`
		Format      *string `json:"format"`
		WaitMs      *int64  `json:"wait_ms"`
		BufferBytes *int    `json:"buffer_bytes"`
		TimeoutMs   *int64  `json:"timeout_ms"`
	}
	if err := plugin.Decode(request, &r); err != nil {
		return nil, err
	}
	v := new(validation)
	v.text("track", r.Track, 2*maxID)
	var options rtc.ListenOptions
	var word string
	if at := strings.LastIndexByte(r.Track, ':'); at > 0 {
		options.Owner, word = r.Track[:at], r.Track[at+1:]
	}
	var known bool
	if options.TrackType, known = rtc.ParseTrackType(word); !known {
		v.fail("track must be a participant session id or a user id, ':' and a track type")
	}
	if wait := valueOf(r.WaitMs, 0); wait != 0 {
		options.Wait = v.duration("wait_ms", &wait, 0, maxTimeout)
	}
	size := valueOf(r.BufferBytes, defaultSinkBytes)
	if size < minSinkBytes || size > maxSinkBytes {
		v.fail("buffer_bytes must be from %d to %d", minSinkBytes, maxSinkBytes)
	}
	if v.err != nil {
		return nil, v.err
	}
	if format := valueOf(r.Format, "ogg"); format != "ogg" {
		return nil, failure.Newf(failure.UnsupportedFormat, failure.Media, "a track cannot be heard as %s", format)
	}
	if r.TimeoutMs == nil && options.Wait > 0 {
		milliseconds := min(options.Wait+defaultTimeout, maxTimeout).Milliseconds()
		r.TimeoutMs = &milliseconds
	}
	ctx, cancel, err := deadline(ctx, r.TimeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	listening, err := session.Listen(ctx, options, func() (rtc.PageSink, error) { return m.newSink(session, size) })
	if err != nil {
		return nil, err
	}
	return struct {
		Sink    uint64 `json:"sink"`
		TrackID string `json:"track_id"`
		UserID  string `json:"user_id"`
		Codec   string `json:"codec"`
	}{listening.SinkID, listening.TrackID, listening.UserID, listening.Codec}, nil
}

func (m *Module) newSink(session *rtc.Session, size int) (rtc.PageSink, error) {
	sink, err := m.host.OpenSink(size)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sinks[sink.ID()] = session
	return sink, nil
}

// closeSink ends a sink that is open, or throws away what is left of one that has ended.
func (m *Module) closeSink(_ context.Context, request []byte) (any, error) {
	var r struct {
		Sink uint64 `json:"sink"`
	}
	if err := plugin.Decode(request, &r); err != nil {
		return nil, err
	}
	m.mu.Lock()
	session := m.sinks[r.Sink]
	m.mu.Unlock()
	if session != nil && session.CloseSink(r.Sink) == nil {
		return nothing{}, nil
	}
	if m.host.DiscardSink(r.Sink) {
		return nothing{}, nil
	}
	return nil, failure.Newf(failure.SinkNotFound, failure.NoStage, "no sink %d", r.Sink)
}
