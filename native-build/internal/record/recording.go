// Package record writes recordings to a disk: files of media, a journal of what happened, and a manifest. It knows neither
// sessions nor RTP.
//
// Whoever brings media never waits for the disk: bytes wait in a bounded queue, from which one goroutine a recording takes
// them several times a second. What does not fit is dropped, counted and told.
package record

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"streamgateway/native/internal/failure"
)

// Limits and defaults of a recording.
const (
	DefaultMaxBytes    = 16 << 30
	DefaultMaxDuration = 24 * time.Hour
	DefaultBufferBytes = 8 << 20
	// FlushInterval is how long bytes wait in memory when the disk is quick, and so what a killed process loses.
	FlushInterval = 200 * time.Millisecond

	maxFiles = 4096
	// progressInterval is how often the journal is told how far each file is.
	progressInterval = time.Second
	// finishTimeout is how long the end of a recording waits for a disk that does not answer.
	finishTimeout = 10 * time.Second
	// journalReserve is kept free for the journal, so that a full disk can still be told of.
	journalReserve = 64 << 10
	// maxJournalPending bounds the lines that wait.
	maxJournalPending = 4 << 20
)

// Options describe a recording.
type Options struct {
	Store Store
	// Folder, within the store, holds recordings, each in a folder of its own; it is made if need be.
	Folder     string
	Call, User string
	// Owner is the host's own: it is kept, and lists can be of one owner.
	Owner       string
	Labels      map[string]string
	MaxBytes    int64
	MaxDuration time.Duration
	BufferBytes int64
	Observer    Observer
}

// Observer is told what happens on the disk, on the writer's goroutine, which it must not block. Ended comes at most once;
// somebody must call Finish then.
type Observer interface {
	FileStarted(File)
	FileEnded(File)
	Dropped(file File, packets, bytes int64)
	// Ending says that nothing more can be recorded: a limit is reached, or the disk has failed.
	Ending(reason string, err error)
}

// Recording is a recording that is being written. Its methods are safe from any goroutine.
type Recording struct {
	options   Options
	folder    string
	started   time.Time // monotonic
	startedAt time.Time
	journal   *os.File

	queued   atomic.Int64 // bytes that wait
	accepted atomic.Int64 // bytes of all files
	stopped  atomic.Bool
	over     sync.Once // Ending is told
	stop     chan struct{}
	done     chan struct{}

	mu      sync.Mutex
	ledger  *ledger
	lines   []byte // for the journal
	streams []*Stream
	files   int
	dropped lag
	failure error

	finish sync.Once
	final  Manifest
}

// Start makes the folder and begins the journal. Its failures are those of a disk: storage_full, storage_denied and
// storage_failed.
func Start(options Options) (*Recording, error) {
	now := time.Now()
	r := &Recording{
		options: options, started: now, startedAt: now, ledger: newLedger(),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	id := newID(now)
	folder, err := options.Store.Folder(options.Folder)
	if err != nil {
		return nil, err
	}
	r.folder = filepath.Join(folder, id)
	if err := r.open(); err != nil {
		return nil, storageError(err)
	}
	r.note(entry{Type: entryStart, Start: &startEntry{
		ID: id, StartedAt: clockTime(now), Call: options.Call, User: options.User, Owner: options.Owner, Labels: options.Labels,
	}})
	if err := r.writeJournal(); err != nil {
		_ = r.journal.Close()
		_ = os.RemoveAll(r.folder)
		return nil, storageError(err)
	}
	go r.write()
	return r, nil
}

func (r *Recording) open() error {
	if err := os.MkdirAll(r.folder, folderMode); err != nil {
		return err
	}
	journal, err := os.OpenFile(filepath.Join(r.folder, journalName), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
	if err != nil {
		_ = os.Remove(r.folder)
		return err
	}
	// While it is locked, others see that the recording goes on; the lock ends with the process, however that ends.
	if err := syscall.Flock(int(journal.Fd()), syscall.LOCK_EX); err != nil {
		_ = journal.Close()
		return err
	}
	reserveSpace(journal, journalReserve)
	r.journal = journal
	return nil
}

// reserveSpace is tried only: not every file system can.
func reserveSpace(file *os.File, size int64) {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE
	_ = syscall.Fallocate(int(file.Fd()), keepSize, 0, size)
}

// ID is the recording's, and the name of its folder.
func (r *Recording) ID() string { return filepath.Base(r.folder) }

// Started is the moment from which all times of the recording count.
func (r *Recording) Started() time.Time { return r.started }

// Stream begins a file, which exists once it has bytes. lost, which may be nil, counts packets that never came.
func (r *Recording) Stream(file File, lost func() uint64) *Stream {
	s := &Stream{recording: r, info: file, lost: lost}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams = append(r.streams, s)
	return s
}

// Joined, Left, Speaks and Silent note who was there and who spoke.
func (r *Recording) Joined(user, session, name string) {
	r.note(entry{Type: entryJoined, User: user, Session: session, Name: name})
}

// Left notes that a participant is gone.
func (r *Recording) Left(user, session string) {
	r.note(entry{Type: entryLeft, User: user, Session: session})
}

// Speaks notes that a participant begins to speak.
func (r *Recording) Speaks(user, session string) {
	r.note(entry{Type: entrySpeaks, User: user, Session: session})
}

// Silent notes that a participant has ceased to speak.
func (r *Recording) Silent(user, session string) {
	r.note(entry{Type: entrySilent, User: user, Session: session})
}

func (r *Recording) note(e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLocked(e)
}

func (r *Recording) noteLocked(e entry) {
	if e.Type != entryStart {
		e.Ms = sinceMs(r.started, time.Now())
	}
	r.ledger.apply(e)
	if len(r.lines) < maxJournalPending {
		r.lines = e.appendTo(r.lines)
	}
}

// Manifest is what is known now.
func (r *Recording) Manifest() Manifest {
	select {
	case <-r.done:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.final
	default:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.manifestLocked()
}

func (r *Recording) manifestLocked() Manifest {
	m := r.ledger.manifest
	m.Folder, m.Path = r.options.Folder, r.folder
	m.Files = append([]File{}, m.Files...)
	m.Participants = append([]Participant{}, m.Participants...)
	m.Speaking = append([]Interval{}, m.Speaking...)
	if m.State == Running {
		m.DurationMs = sinceMs(r.started, time.Now())
		m.DroppedPackets, m.DroppedBytes = r.dropped.packets, r.dropped.bytes
	}
	m.Bytes = 0
	for _, file := range m.Files {
		m.Bytes += file.Bytes
	}
	return m
}

// reserve takes room in what the recording may hold.
func (r *Recording) reserve(size int) bool {
	if r.stopped.Load() {
		return false
	}
	if r.accepted.Add(int64(size)) > r.options.MaxBytes {
		r.release(size)
		r.ending(ReasonMaxBytes, nil)
		return false
	}
	return true
}

func (r *Recording) release(size int) { r.accepted.Add(-int64(size)) }

// enqueueIfRoom takes room in the queue.
func (r *Recording) enqueueIfRoom(size int) bool {
	if r.queued.Add(int64(size)) > r.options.BufferBytes {
		r.queued.Add(-int64(size))
		return false
	}
	return true
}

func (r *Recording) enqueue(size int) { r.queued.Add(int64(size)) }

// ending has the owner told, on a goroutine of its own: this may be called where media is received.
func (r *Recording) ending(reason string, err error) {
	r.over.Do(func() {
		r.stopped.Store(true)
		go r.options.Observer.Ending(reason, err)
	})
}

// Finish writes what waits and closes everything; all streams should have ended. It returns the final manifest, and waits
// no longer than some seconds for a disk that hangs.
func (r *Recording) Finish(reason string, cause error) Manifest {
	r.finish.Do(func() {
		r.over.Do(func() {}) // nobody needs to be told any more
		r.stopped.Store(true)
		r.mu.Lock()
		r.failure = cause
		for _, s := range r.streams {
			s.End()
		}
		r.ledger.manifest.Reason = reason // for the writer
		r.mu.Unlock()
		close(r.stop)
	})
	select {
	case <-r.done:
		return r.Manifest()
	case <-time.After(finishTimeout):
		m := r.Manifest()
		m.State, m.Reason = Failed, ReasonFailed
		m.Error = problemOf(failure.Newf(failure.StorageFailed, failure.NoStage, "the disk has not answered for %v", finishTimeout))
		return m
	}
}
