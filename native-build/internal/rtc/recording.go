package rtc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/record"
	"streamgateway/native/internal/rtcproto"
)

// RecordOptions say what is recorded, where, and how much of it. Zero limits are the defaults of package record.
type RecordOptions struct {
	// Store and Folder are where the recording gets a folder of its own.
	Store  record.Store
	Folder string
	Owner  string // the host's own
	Users  Selection
	// TrackTypes are those recorded, each track into a file of its own; none is possible when there is a mix.
	TrackTypes []rtcproto.TrackType
	// Mix records all sound of the users as one as well.
	Mix      bool
	Encoding media.Encoding
	Labels   map[string]string

	MaxBytes    int64
	MaxDuration time.Duration
	BufferBytes int64
	// MaxRecordings is how many of a session may run at once; zero is the default.
	MaxRecordings int
}

// DefaultMaxRecordings is how many recordings of a session may run at once.
const DefaultMaxRecordings = 4

// recording is a set of sinks whose bytes go to files. A file is one track of one connection of a participant.
type recording struct {
	s       *Session
	options RecordOptions
	disk    *record.Recording
	done    chan struct{}

	// Guarded by the session's lock.
	mix    *mix
	tracks map[trackKey]*sink
	ended  bool
	tell   bool // started is told, ended not yet
}

// Record begins a recording. It ends by StopRecording, at its limits, with the disk, or with the session.
func (s *Session) Record(ctx context.Context, options RecordOptions) (record.Manifest, error) {
	s.mu.Lock()
	err := s.mayRecord(options)
	s.mu.Unlock()
	if err != nil {
		return record.Manifest{}, err
	}
	r := &recording{s: s, options: options, done: make(chan struct{}), tracks: map[trackKey]*sink{}}
	disk, err := record.Start(record.Options{
		Store: options.Store, Folder: options.Folder, Call: s.CallCID(), User: s.UserID(), Owner: options.Owner,
		Labels:      options.Labels,
		MaxBytes:    cmp.Or(options.MaxBytes, record.DefaultMaxBytes),
		MaxDuration: cmp.Or(options.MaxDuration, record.DefaultMaxDuration),
		BufferBytes: cmp.Or(options.BufferBytes, record.DefaultBufferBytes),
		Observer:    r,
	})
	if err != nil {
		return record.Manifest{}, err
	}
	r.disk = disk
	if err := s.beginRecording(ctx, r); err != nil {
		disk.Finish(record.ReasonFailed, err)
		_ = options.Store.Remove(options.Folder, disk.ID())
		return record.Manifest{}, err
	}
	return disk.Manifest(), nil
}

// mayRecord must be called with mu held.
func (s *Session) mayRecord(options RecordOptions) error {
	limit := cmp.Or(options.MaxRecordings, DefaultMaxRecordings)
	switch {
	case s.state == Leaving:
		return errGone()
	case len(s.recordings) >= limit:
		return failure.Newf(failure.CapacityExceeded, failure.NoStage, "%d recordings of a session are the limit", limit)
	}
	return nil
}

func (s *Session) beginRecording(ctx context.Context, r *recording) error {
	s.mu.Lock()
	if err := s.mayRecord(r.options); err != nil {
		s.mu.Unlock()
		return err
	}
	r.tell = true
	s.recordings = append(s.recordings, r)
	s.engine.recordings.Add(1)
	for _, id := range s.roster.sessionIDs() {
		if p := s.roster.members[id]; id != s.roster.localSessionID {
			r.disk.Joined(p.userID, p.sessionID, p.name)
			if p.speaking && !r.options.Mix && r.options.Users.includes(p.userID) {
				r.disk.Speaks(p.userID, p.sessionID)
			}
		}
	}
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_RecordingStarted{RecordingStarted: &rtcproto.RecordingStarted{
		RecordingId: r.disk.ID(), Mix: r.options.Mix,
	}}})
	s.bindSinks()
	s.mu.Unlock()
	s.resubscribe()
	if !r.options.Mix {
		return nil
	}
	err := s.recordMix(ctx, r)
	if err != nil {
		s.endRecording(r, record.ReasonFailed, err)
	}
	return err
}

// mixPage is how much of the mix a page of its file holds.
const mixPage = 20 * time.Millisecond

func (s *Session) recordMix(ctx context.Context, r *recording) error {
	file := r.disk.Stream(record.File{Kind: "mix"}, nil)
	file.Describe("opus", string(media.Ogg))
	_, err := s.Mix(ctx, MixOptions{
		Users: r.options.Users, Media: media.Spec{Format: media.Ogg, PCM: media.DefaultPCM}, Encoding: r.options.Encoding,
		recording: r,
	}, func() (PageSink, error) {
		// It begins with the recording.
		began, length := time.Now(), time.Duration(0)
		return &oggFile{Stream: file, each: func() {
			length += mixPage
			file.Place(began, length)
		}}, nil
	})
	return err
}

// StopRecording ends a recording and answers what it holds.
func (s *Session) StopRecording(ctx context.Context, id string) (record.Manifest, error) {
	r := s.recording(id)
	if r == nil {
		return record.Manifest{}, failure.Newf(failure.RecordingNotFound, failure.NoStage, "the session has no recording %q", id)
	}
	s.tasks.spawn(func() { s.endRecording(r, record.ReasonStopped, nil) })
	select {
	case <-r.done:
		return r.disk.Manifest(), nil
	case <-ctx.Done():
		return record.Manifest{}, ctx.Err()
	}
}

// Recordings are those that run.
func (s *Session) Recordings() []record.Manifest {
	s.mu.Lock()
	running := slices.Clone(s.recordings)
	s.mu.Unlock()
	list := make([]record.Manifest, len(running))
	for i, r := range running {
		list[i] = r.disk.Manifest()
	}
	return list
}

func (s *Session) recording(id string) *recording {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.recordings {
		if r.disk.ID() == id {
			return r
		}
	}
	return nil
}

// endRecording ends what a recording listens to, and its files. Only the first reason counts. It waits for the disk.
func (s *Session) endRecording(r *recording, reason string, cause error) {
	s.mu.Lock()
	if r.ended {
		s.mu.Unlock()
		<-r.done
		return
	}
	r.ended = true
	sinks := make([]*sink, 0, len(r.tracks))
	for _, k := range r.tracks {
		sinks = append(sinks, k)
	}
	m := r.mix
	s.mu.Unlock()
	for _, k := range sinks {
		s.endSink(k, reason)
	}
	if m != nil {
		s.endMix(m, reason)
	}
	final := r.disk.Finish(reason, cause)
	s.mu.Lock()
	s.recordings = slices.DeleteFunc(s.recordings, func(other *recording) bool { return other == r })
	s.engine.recordings.Add(-1)
	if r.tell {
		s.tell(r.ending(final))
	}
	s.mu.Unlock()
	close(r.done)
}

func (r *recording) ending(m record.Manifest) *rtcproto.Event {
	if m.State != record.Failed {
		return &rtcproto.Event{Payload: &rtcproto.Event_RecordingStopped{RecordingStopped: &rtcproto.RecordingStopped{
			RecordingId: m.ID, Reason: m.Reason, DurationMs: float64(m.DurationMs), Bytes: uint64(m.Bytes), Files: uint32(len(m.Files)),
			DroppedPackets: uint64(m.DroppedPackets), DroppedBytes: uint64(m.DroppedBytes),
		}}}
	}
	failed := &rtcproto.RecordingFailed{
		RecordingId: m.ID, DurationMs: float64(m.DurationMs), Bytes: uint64(m.Bytes), Files: uint32(len(m.Files)),
		DroppedPackets: uint64(m.DroppedPackets), DroppedBytes: uint64(m.DroppedBytes),
	}
	if m.Error != nil {
		failed.Error = errorEvent(failure.Newf(failure.Kind(m.Error.Kind), failure.NoStage, "%s", m.Error.Message))
	}
	return &rtcproto.Event{Payload: &rtcproto.Event_RecordingFailed{RecordingFailed: failed}}
}

// bind listens to every track that is to be recorded and is not yet; the session's lock must be held.
func (r *recording) bind() {
	s := r.s
	if r.ended || s.state == Leaving {
		return
	}
	for _, id := range s.roster.sessionIDs() {
		p := s.roster.members[id]
		if id == s.roster.localSessionID || !r.options.Users.includes(p.userID) {
			continue
		}
		for _, t := range p.trackTypes() {
			key := trackKey{id, t}
			if r.tracks[key] == nil && slices.Contains(r.options.TrackTypes, t) {
				r.tracks[key] = r.newSink(p, t)
				s.sinks = append(s.sinks, r.tracks[key])
				s.resubscribe()
			}
		}
	}
}

func (r *recording) newSink(p *participant, t rtcproto.TrackType) *sink {
	losses := new(recordedLosses)
	file := r.disk.Stream(record.File{
		Kind: "track", User: p.userID, Session: p.sessionID, TrackType: TrackTypeName(t),
	}, losses.count)
	var port PageSink = file
	if isAudio(t) {
		port = &oggFile{Stream: file}
	}
	k := newSink(r.s, port, p, t, media.Spec{})
	k.quiet = true
	k.recorded = &recordedSink{recording: r, file: file, losses: losses}
	if isAudio(t) {
		k.render("opus")
	}
	return k
}

// forget lets a track that goes on, in another codec, have another file; the session's lock must be held.
func (r *recording) forget(k *sink) {
	for key, known := range r.tracks {
		if known == k {
			delete(r.tracks, key)
		}
	}
}
