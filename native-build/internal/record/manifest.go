package record

import "time"

// State is where a recording is in its life: recording → stopped, failed or interrupted.
type State string

// The states of a recording. An interrupted one was being written by a process that is gone.
const (
	Running     State = "recording"
	Stopped     State = "stopped"
	Failed      State = "failed"
	Interrupted State = "interrupted"
)

// Why a recording is over.
const (
	ReasonStopped     = "stopped"
	ReasonMaxBytes    = "max_bytes"
	ReasonMaxDuration = "max_duration"
	ReasonMaxFiles    = "max_files"
	ReasonSession     = "session_ended"
	ReasonFailed      = "failed"
	ReasonInterrupted = "interrupted"
)

// Manifest tells what a recording holds. Times in milliseconds count from StartedAt, by a clock that never jumps.
type Manifest struct {
	ID     string            `json:"id"`
	State  State             `json:"state"`
	Reason string            `json:"reason,omitempty"`
	Error  *Problem          `json:"error,omitempty"`
	Call   string            `json:"call_cid"`
	User   string            `json:"user_id"`         // who recorded
	Owner  string            `json:"owner,omitempty"` // whom the host made it for
	Labels map[string]string `json:"labels"`
	// Folder is the one it was asked to be in; Path is that of the files on this machine.
	Folder     string `json:"folder"`
	Path       string `json:"path"`
	StartedAt  string `json:"started_at"` // RFC 3339
	EndedAt    string `json:"ended_at,omitempty"`
	DurationMs int64  `json:"duration_ms"`
	Bytes      int64  `json:"bytes"` // of the files
	// Dropped counts what a disk that was too slow, or failed, has lost.
	DroppedPackets int64 `json:"dropped_packets"`
	DroppedBytes   int64 `json:"dropped_bytes"`

	Files        []File        `json:"files"`
	Participants []Participant `json:"participants"`
	Speaking     []Interval    `json:"speaking"`
	// SpeakingOmitted counts intervals beyond those listed; the journal has them.
	SpeakingOmitted int64 `json:"speaking_omitted,omitempty"`
}

// Problem is a failure in the words of commands.md.
type Problem struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// File is one file of a recording.
type File struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"` // "track" or "mix"
	User      string `json:"user_id,omitempty"`
	Session   string `json:"participant_session_id,omitempty"`
	TrackType string `json:"track_type,omitempty"`
	Codec     string `json:"codec"`
	Format    string `json:"format"` // "ogg" or "ivf"
	// StartMs is where the file's first sample or frame belongs in the recording.
	StartMs    int64  `json:"start_ms"`
	StartedAt  string `json:"started_at"`
	DurationMs int64  `json:"duration_ms"`
	Packets    int64  `json:"packets"` // of audio; of video, frames
	Lost       int64  `json:"lost"`    // RTP packets that never came
	Bytes      int64  `json:"bytes"`
	Dropped    int64  `json:"dropped_packets"`
	Ended      bool   `json:"ended"`
}

// Participant is a connection of a user to the call, while it was recorded.
type Participant struct {
	User     string `json:"user_id"`
	Session  string `json:"participant_session_id"`
	Name     string `json:"name,omitempty"`
	JoinedMs int64  `json:"joined_ms"`
	LeftMs   *int64 `json:"left_ms,omitempty"` // nil: there until the end
}

// Interval is a time in which somebody spoke.
type Interval struct {
	User    string `json:"user_id"`
	Session string `json:"participant_session_id"`
	StartMs int64  `json:"start_ms"`
	EndMs   int64  `json:"end_ms"`
}

const (
	// maxIntervals and maxParticipants bound a manifest.
	maxIntervals    = 50_000
	maxParticipants = 20_000
)

// ledger is a manifest that grows entry by entry, in memory as from the journal.
type ledger struct {
	manifest Manifest
	speaking map[string]Interval // by participant session; EndMs is not known yet
	lastMs   int64
}

func newLedger() *ledger {
	return &ledger{
		manifest: Manifest{
			Labels: map[string]string{}, Files: []File{}, Participants: []Participant{}, Speaking: []Interval{},
		},
		speaking: map[string]Interval{},
	}
}

func (l *ledger) apply(e entry) {
	m := &l.manifest
	l.lastMs = max(l.lastMs, e.Ms)
	switch e.Type {
	case entryStart:
		m.ID, m.State, m.StartedAt = e.Start.ID, Running, e.Start.StartedAt
		m.Call, m.User, m.Owner = e.Start.Call, e.Start.User, e.Start.Owner
		if e.Start.Labels != nil {
			m.Labels = e.Start.Labels
		}
	case entryFile:
		l.file(*e.File)
	case entryJoined:
		if len(m.Participants) < maxParticipants {
			m.Participants = append(m.Participants, Participant{User: e.User, Session: e.Session, Name: e.Name, JoinedMs: e.Ms})
		}
	case entryLeft:
		l.silent(e.Session, e.Ms)
		for i := range m.Participants {
			if p := &m.Participants[i]; p.Session == e.Session && p.LeftMs == nil {
				p.LeftMs = &e.Ms
			}
		}
	case entrySpeaks:
		if _, already := l.speaking[e.Session]; !already && len(l.speaking) < maxParticipants {
			l.speaking[e.Session] = Interval{User: e.User, Session: e.Session, StartMs: e.Ms}
		}
	case entrySilent:
		l.silent(e.Session, e.Ms)
	case entryEnd:
		l.end(e.Ms, e.End.State, e.End.Reason, e.End.Error)
		m.DroppedPackets, m.DroppedBytes = e.End.DroppedPackets, e.End.DroppedBytes
	}
}

// file takes what is known of a file now in place of what was known before.
func (l *ledger) file(f File) {
	for i := range l.manifest.Files {
		if l.manifest.Files[i].Name == f.Name {
			l.manifest.Files[i] = f
			return
		}
	}
	l.manifest.Files = append(l.manifest.Files, f)
}

func (l *ledger) silent(session string, ms int64) {
	interval, speaks := l.speaking[session]
	if !speaks {
		return
	}
	delete(l.speaking, session)
	interval.EndMs = ms
	if len(l.manifest.Speaking) >= maxIntervals {
		l.manifest.SpeakingOmitted++
		return
	}
	l.manifest.Speaking = append(l.manifest.Speaking, interval)
}

func (l *ledger) end(ms int64, state State, reason string, problem *Problem) {
	for session := range l.speaking {
		l.silent(session, ms)
	}
	m := &l.manifest
	m.State, m.Reason, m.Error, m.DurationMs = state, reason, problem, ms
	if started, err := time.Parse(time.RFC3339Nano, m.StartedAt); err == nil {
		m.EndedAt = clockTime(started.Add(time.Duration(ms) * time.Millisecond))
	}
}

func clockTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
