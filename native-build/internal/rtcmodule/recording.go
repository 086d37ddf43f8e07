package rtcmodule

import (
	"context"

	"streamgateway/native/internal/record"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

const (
	maxLabels          = 64
	minRecordingBytes  = 64 << 10
	maxRecordingBytes  = 1 << 50
	minRecordingBuffer = 64 << 10
	maxRecordingBuffer = 1 << 30
	maxRecordings      = 100
	maxListed          = 1000
)

type startRecordingRequest struct {
	Session       uint64            `json:"session"`
	Folder        *string           `json:"folder"`
	Owner         *string           `json:"owner"`
	Users         *selection        `json:"users"`
	TrackTypes    *[]string         `json:"track_types"`
	Mix           bool              `json:"mix"`
	Bitrate       *int              `json:"bitrate_bps"`
	Labels        map[string]string `json:"labels"`
	MaxBytes      *int64            `json:"max_bytes"`
	MaxDurationMs *int64            `json:"max_duration_ms"`
	BufferBytes   *int64            `json:"buffer_bytes"`
	TimeoutMs     *int64            `json:"timeout_ms"`
}

type recordingAnswer struct {
	Recording record.Manifest `json:"recording"`
}

type startedRecordingAnswer struct {
	Recording record.Manifest `json:"recording"`

	undo func()
}

// Undo ends a recording of which nobody has heard, because the host stopped waiting for it.
func (a startedRecordingAnswer) Undo() { a.undo() }

func (m *Module) startRecording(ctx context.Context, r startRecordingRequest) (*startedRecordingAnswer, error) {
	v := new(validation)
	options := m.recordOptions(v, r)
	if v.err != nil {
		return nil, v.err
	}
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	begun, err := session.Record(ctx, options)
	if err != nil {
		return nil, err
	}
	return &startedRecordingAnswer{begun, func() {
		m.host.Go(func() { _, _ = session.StopRecording(context.Background(), begun.ID) })
	}}, nil
}

func (m *Module) recordOptions(v *validation, r startRecordingRequest) rtc.RecordOptions {
	encoding := encodingFields{Bitrate: r.Bitrate}
	options := rtc.RecordOptions{
		Store: m.settings.store, Folder: v.folder(r.Folder), Owner: v.owner(r.Owner), Users: rtc.Selection{All: true}, Mix: r.Mix,
		Encoding: encoding.encoding(v), Labels: v.labels(r.Labels), MaxRecordings: m.settings.maxPerSession,
		MaxBytes:    v.bytes("max_bytes", r.MaxBytes, record.DefaultMaxBytes, minRecordingBytes, maxRecordingBytes),
		MaxDuration: v.duration("max_duration_ms", r.MaxDurationMs, record.DefaultMaxDuration, maxDuration),
		BufferBytes: v.bytes("buffer_bytes", r.BufferBytes, record.DefaultBufferBytes, minRecordingBuffer, maxRecordingBuffer),
	}
	if r.Users != nil {
		options.Users = r.Users.checked("users", v)
	}
	options.TrackTypes = []rtcproto.TrackType{
		rtcproto.TrackType_TRACK_TYPE_AUDIO, rtcproto.TrackType_TRACK_TYPE_VIDEO,
		rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE, rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO,
	}
	if r.TrackTypes != nil {
		options.TrackTypes = nil
		for _, word := range *r.TrackTypes {
			t, known := rtc.ParseTrackType(word)
			if !known {
				v.fail("track_types may hold audio, video, screen_share and screen_share_audio, not %q", word)
			}
			options.TrackTypes = append(options.TrackTypes, t)
		}
	}
	if len(options.TrackTypes) == 0 && !r.Mix {
		v.fail("track_types is empty and there is no mix: nothing would be recorded")
	}
	return options
}

func (v *validation) folder(folder *string) string {
	v.optionalText("folder", folder, maxID)
	return valueOf(folder, "")
}

func (v *validation) owner(owner *string) string {
	v.optionalText("owner", owner, maxID)
	return valueOf(owner, "")
}

func (v *validation) labels(labels map[string]string) map[string]string {
	if len(labels) > maxLabels {
		v.fail("labels has %d entries; %d are the limit", len(labels), maxLabels)
	}
	for name, value := range labels {
		if len(name) > maxID || len(value) > maxText {
			v.fail("a label may have %d bytes and its value %d", maxID, maxText)
		}
	}
	return labels
}

func (v *validation) bytes(name string, given *int64, absent, least, most int64) int64 {
	value := valueOf(given, absent)
	if value < least || value > most {
		v.fail("%s must be from %d to %d", name, least, most)
	}
	return value
}

type stopRecordingRequest struct {
	Session   uint64 `json:"session"`
	Recording string `json:"recording"`
	TimeoutMs *int64 `json:"timeout_ms"`
}

func (m *Module) stopRecording(ctx context.Context, r stopRecordingRequest) (*recordingAnswer, error) {
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	stopped, err := session.StopRecording(ctx, r.Recording)
	if err != nil {
		return nil, err
	}
	return &recordingAnswer{stopped}, nil
}

type removeRecordingRequest struct {
	Folder    *string `json:"folder"`
	Recording string  `json:"recording"`
}

func (m *Module) removeRecording(_ context.Context, r removeRecordingRequest) (*nothing, error) {
	v := new(validation)
	folder := v.folder(r.Folder)
	if v.err != nil {
		return nil, v.err
	}
	return &nothing{}, m.settings.store.Remove(folder, r.Recording)
}

type recordingsRequest struct {
	Session   *uint64 `json:"session"`
	Folder    *string `json:"folder"`
	All       bool    `json:"all"`
	Owner     *string `json:"owner"`
	Recording *string `json:"recording"`
	Before    *string `json:"before"`
	After     *string `json:"after"`
	Limit     *int    `json:"limit"`
}

type recordingsAnswer struct {
	Recordings []record.Manifest `json:"recordings"`
	More       bool              `json:"more"`
}

// recordings tells those that a session makes now, or those on the disk.
func (m *Module) recordings(_ context.Context, r recordingsRequest) (*recordingsAnswer, error) {
	v := new(validation)
	query := record.Query{
		Folder: v.folder(r.Folder), All: r.All, Owner: v.owner(r.Owner), Before: valueOf(r.Before, ""), After: valueOf(r.After, ""),
		Limit: valueOf(r.Limit, maxListed),
	}
	if query.Limit < 1 || query.Limit > maxListed {
		v.fail("limit must be from 1 to %d", maxListed)
	}
	if query.Before != "" && query.After != "" {
		v.fail("before and after exclude each other")
	}
	if v.err != nil {
		return nil, v.err
	}
	switch {
	case r.Session != nil:
		session, err := m.find(*r.Session)
		if err != nil {
			return nil, err
		}
		return &recordingsAnswer{Recordings: session.Recordings()}, nil
	case r.Recording != nil:
		one, err := m.settings.store.Read(query.Folder, *r.Recording)
		if err != nil {
			return nil, err
		}
		return &recordingsAnswer{Recordings: []record.Manifest{one}}, nil
	}
	list, more, err := m.settings.store.List(query)
	if err != nil {
		return nil, err
	}
	return &recordingsAnswer{list, more}, nil
}
