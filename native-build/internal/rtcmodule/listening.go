package rtcmodule

import (
	"context"
	"strings"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtc"
)

const (
	audioSinkBytes = 128 << 10
	videoSinkBytes = 2 << 20
	minSinkBytes   = 4 << 10
	maxSinkBytes   = 16 << 20
)

type listeningAnswer struct {
	Sink    uint64       `json:"sink"`
	TrackID string       `json:"track_id"`
	UserID  string       `json:"user_id"`
	Codec   string       `json:"codec"`
	Format  media.Format `json:"format"`

	undo func()
}

// Undo ends a sink of which nobody has heard, because the host stopped waiting for it.
func (a listeningAnswer) Undo() { a.undo() }

type openSinkRequest struct {
	formatFields
	Session     uint64 `json:"session"`
	Track       string `json:"track"`
	WaitMs      *int64 `json:"wait_ms"`
	BufferBytes *int   `json:"buffer_bytes"`
	TimeoutMs   *int64 `json:"timeout_ms"`
}

func (m *Module) openSink(ctx context.Context, r openSinkRequest) (*listeningAnswer, error) {
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
	options.Media = r.spec(v, "")
	size := audioSinkBytes
	if word == "video" || word == "screen_share" {
		size = videoSinkBytes
	}
	size = v.sinkSize(r.BufferBytes, size)
	if v.err != nil {
		return nil, v.err
	}
	if r.TimeoutMs == nil && options.Wait > 0 {
		milliseconds := min(options.Wait+defaultTimeout, maxTimeout).Milliseconds()
		r.TimeoutMs = &milliseconds
	}
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return m.listen(session, size, func(open func() (rtc.PageSink, error)) (rtc.Listening, error) {
		return session.Listen(ctx, options, open)
	})
}

func (v *validation) sinkSize(wanted *int, absent int) int {
	size := valueOf(wanted, absent)
	if size < minSinkBytes || size > maxSinkBytes {
		v.fail("buffer_bytes must be from %d to %d", minSinkBytes, maxSinkBytes)
	}
	return size
}

type openMixRequest struct {
	formatFields
	encodingFields
	Session     uint64     `json:"session"`
	Users       *selection `json:"users"`
	Speakers    bool       `json:"speakers"`
	BufferBytes *int       `json:"buffer_bytes"`
}

// openMix opens a sink that hears several participants together.
func (m *Module) openMix(ctx context.Context, r openMixRequest) (*listeningAnswer, error) {
	v := new(validation)
	options := rtc.MixOptions{
		Users: rtc.Selection{All: true}, Media: r.spec(v, media.Ogg), Encoding: r.encoding(v), Speakers: r.Speakers,
	}
	if r.Users != nil {
		options.Users = r.Users.checked("users", v)
	}
	if !options.Media.Format.IsAudio() {
		v.unsupported("a mix cannot be had as %s", options.Media.Format)
	}
	size := v.sinkSize(r.BufferBytes, audioSinkBytes)
	if v.err != nil {
		return nil, v.err
	}
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	return m.listen(session, size, func(open func() (rtc.PageSink, error)) (rtc.Listening, error) {
		return session.Mix(ctx, options, open)
	})
}

// listen begins to listen with a sink that open makes. When nothing comes of it the sink is forgotten, because no event
// will tell its end.
func (m *Module) listen(
	session *rtc.Session, size int, begin func(open func() (rtc.PageSink, error)) (rtc.Listening, error),
) (*listeningAnswer, error) {
	var sink rtc.PageSink
	l, err := begin(func() (rtc.PageSink, error) {
		var err error
		sink, err = m.newSink(session, size)
		return sink, err
	})
	if err != nil {
		m.forgetSink(sink)
		return nil, err
	}
	return &listeningAnswer{
		l.SinkID, l.TrackID, l.UserID, l.Codec, l.Format, func() { _ = session.CloseSink(l.SinkID) },
	}, nil
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

func (m *Module) forgetSink(sink rtc.PageSink) {
	if sink == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sinks, sink.ID())
}

type closeSinkRequest struct {
	Sink uint64 `json:"sink"`
}

// closeSink ends a sink that is open, or throws away what is left of one that has ended.
func (m *Module) closeSink(_ context.Context, r closeSinkRequest) (*nothing, error) {
	m.mu.Lock()
	session := m.sinks[r.Sink]
	m.mu.Unlock()
	if session != nil && session.CloseSink(r.Sink) == nil {
		return &nothing{}, nil
	}
	if m.host.DiscardSink(r.Sink) {
		return &nothing{}, nil
	}
	return nil, failure.Newf(failure.SinkNotFound, failure.NoStage, "no sink %d", r.Sink)
}
