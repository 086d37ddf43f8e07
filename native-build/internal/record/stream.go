package record

import (
	"os"
	"sync"
	"time"
)

// Stream is a file that is being recorded: what is written waits in memory until the recording's writer takes it to the
// disk. Its methods are safe from any goroutine and never wait for the disk.
type Stream struct {
	recording *Recording
	lost      func() uint64 // RTP packets that never came; may be nil

	mu       sync.Mutex
	info     File
	began    time.Time     // where the first sample or frame belongs
	length   time.Duration // media written so far
	begun    bool          // it has bytes, and so a file
	ended    bool
	pending  []byte
	spare    []byte
	packets  int64 // within pending
	unlisted lag   // dropped since it was told last

	// The writer's.
	file   *os.File
	listed File
}

// lag is what was dropped.
type lag struct{ packets, bytes int64 }

// ID makes a Stream a sink; those of recordings have no number.
func (s *Stream) ID() uint64 { return 0 }

// Describe says what the bytes will be; before the first of them.
func (s *Stream) Describe(codec, format string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.Codec, s.info.Format = codec, format
}

// Place says where the beginning belongs, as well as it is known now, and how long the media is so far.
func (s *Stream) Place(began time.Time, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began, s.length = began, length
}

// trailerRoom is kept of what a recording may hold for what ends a stream.
const trailerRoom = 32

// WriteHeader takes what comes before all pages. It is small, and taken even when the queue is full.
func (s *Stream) WriteHeader(header []byte) bool {
	if !s.recording.reserve(len(header) + trailerRoom) {
		return false
	}
	s.recording.enqueue(len(header))
	s.put(header, 0)
	return true
}

// WriteTrailer takes what comes after all pages, at most trailerRoom bytes, in any case.
func (s *Stream) WriteTrailer(trailer []byte) {
	s.recording.enqueue(len(trailer))
	s.put(trailer, 0)
}

// Write takes a page, whole or not at all.
func (s *Stream) Write(page []byte) (droppedPackets, droppedBytes int) {
	switch {
	case !s.recording.reserve(len(page)):
	case !s.recording.enqueueIfRoom(len(page)):
		s.recording.release(len(page))
	default:
		s.put(page, 1)
		return 0, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlisted.packets++
	s.unlisted.bytes += int64(len(page))
	s.info.Dropped++
	return 1, len(page)
}

func (s *Stream) put(data []byte, packets int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		s.begun = true
		if s.began.IsZero() {
			s.began = time.Now()
		}
	}
	s.pending = append(s.pending, data...)
	s.packets += packets
	s.info.Packets += packets
	s.info.Bytes += int64(len(data))
}

// End says that nothing more comes. What was written still reaches the disk.
func (s *Stream) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// Discard is End: what was recorded is kept.
func (s *Stream) Discard() { s.End() }

// batch is what the writer takes at once.
type batch struct {
	data         []byte
	packets      int64
	info         File
	begun, ended bool
	dropped      lag
}

// take gives the writer what waits.
func (s *Stream) take() batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := batch{s.pending, s.packets, s.describe(), s.begun, s.ended, s.unlisted}
	s.pending, s.spare, s.packets, s.unlisted = s.spare[:0], nil, 0, lag{}
	return taken
}

// lose takes back what did not reach the disk.
func (s *Stream) lose(b batch) File {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info.Bytes -= int64(len(b.data))
	s.info.Packets -= b.packets
	s.info.Dropped += b.packets
	return s.describe()
}

// giveBack lets a buffer be used again.
func (s *Stream) giveBack(data []byte) {
	const keep = 256 << 10 // a burst need not be held for ever
	if cap(data) > keep {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = data[:0]
}

// describe needs mu.
func (s *Stream) describe() File {
	info := s.info
	info.StartMs = sinceMs(s.recording.started, s.began)
	info.StartedAt = clockTime(s.recording.startedAt.Add(s.began.Sub(s.recording.started)))
	info.DurationMs = s.length.Milliseconds()
	info.Ended = s.ended
	if s.lost != nil {
		info.Lost = int64(s.lost())
	}
	return info
}
