package record

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// write is the goroutine that alone touches the disk.
func (r *Recording) write() {
	ticker := time.NewTicker(FlushInterval)
	defer ticker.Stop()
	limit := time.NewTimer(r.options.MaxDuration)
	defer limit.Stop()
	progress := time.Now()
	for {
		stopping := false
		select {
		case <-r.stop:
			stopping = true
		case <-limit.C:
			r.ending(ReasonMaxDuration, nil)
			continue
		case <-ticker.C:
		}
		now := time.Now()
		tell := now.Sub(progress) >= progressInterval
		if tell {
			progress = now
		}
		err := r.flush(tell)
		if stopping {
			r.close(err)
			return
		}
		if err != nil {
			r.ending(ReasonFailed, storageError(err))
		}
	}
}

// flush writes what waits, of all files and of the journal. It goes on after a failure, so that nothing waits for ever.
func (r *Recording) flush(progress bool) error {
	r.mu.Lock()
	streams := append([]*Stream(nil), r.streams...)
	r.mu.Unlock()
	var first error
	var gone []*Stream
	for _, s := range streams {
		ended, err := r.flushStream(s, progress)
		if err != nil && first == nil {
			first = err
		}
		if ended {
			gone = append(gone, s)
		}
	}
	if len(gone) > 0 {
		r.mu.Lock()
		r.streams = without(r.streams, gone)
		r.mu.Unlock()
	}
	if err := r.writeJournal(); err != nil && first == nil {
		first = err
	}
	return first
}

func without(streams, gone []*Stream) (kept []*Stream) {
	for _, s := range streams {
		found := false
		for _, other := range gone {
			found = found || s == other
		}
		if !found {
			kept = append(kept, s)
		}
	}
	return kept
}

func (r *Recording) flushStream(s *Stream, progress bool) (ended bool, err error) {
	taken := s.take()
	info := taken.info
	if taken.begun && s.listed.Name == "" {
		err = r.create(s, info)
	}
	if len(taken.data) > 0 {
		if err == nil {
			err = appendWhole(s.file, taken.data)
		}
		r.queued.Add(-int64(len(taken.data)))
		if err != nil {
			info = s.lose(taken)
			taken.dropped.packets += taken.packets
			taken.dropped.bytes += int64(len(taken.data))
		}
		s.giveBack(taken.data)
	}
	info.Name = s.listed.Name
	r.tellDropped(info, taken.dropped)
	if progress && s.file != nil {
		startWriting(s.file)
	}
	if taken.ended && s.file != nil {
		if closed := errors.Join(s.file.Sync(), s.file.Close()); err == nil {
			err = closed
		}
		s.file = nil
	}
	if info.Name != "" && (taken.ended || progress && info != s.listed) {
		s.listed = info
		r.noteFile(info)
		if taken.ended {
			r.options.Observer.FileEnded(info)
		}
	}
	return taken.ended, err
}

func (r *Recording) tellDropped(info File, dropped lag) {
	if dropped.bytes == 0 {
		return
	}
	r.mu.Lock()
	r.dropped.packets += dropped.packets
	r.dropped.bytes += dropped.bytes
	r.mu.Unlock()
	r.options.Observer.Dropped(info, dropped.packets, dropped.bytes)
}

// create opens the file of a stream that has its first bytes.
func (r *Recording) create(s *Stream, info File) error {
	r.mu.Lock()
	r.files++
	number := r.files
	r.mu.Unlock()
	if number > maxFiles {
		r.ending(ReasonMaxFiles, nil)
	}
	info.Name = fileName(number, info)
	s.listed = info
	file, err := os.OpenFile(filepath.Join(r.folder, info.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	s.file = file
	r.noteFile(info)
	r.options.Observer.FileStarted(info)
	return nil
}

func (r *Recording) noteFile(info File) { r.note(entry{Type: entryFile, File: &info}) }

// appendWhole writes all of data; when the disk takes only a part, the file is cut back to where it was.
func appendWhole(file *os.File, data []byte) error {
	if file == nil {
		return os.ErrClosed
	}
	written, err := file.Write(data)
	if err != nil && written > 0 {
		if end, seekErr := file.Seek(-int64(written), 1); seekErr == nil {
			_ = file.Truncate(end)
		}
	}
	return err
}

// startWriting has the kernel begin to write what it holds, so that there is little to wait for at the end.
func startWriting(file *os.File) {
	const write = 2 // SYNC_FILE_RANGE_WRITE
	_ = syscall.SyncFileRange(int(file.Fd()), 0, 0, write)
}

func (r *Recording) writeJournal() error {
	r.mu.Lock()
	lines := r.lines
	r.lines = nil
	r.mu.Unlock()
	if len(lines) == 0 {
		return nil
	}
	_, err := r.journal.Write(lines)
	return err
}

// close ends the journal and puts the manifest beside it.
func (r *Recording) close(err error) {
	r.mu.Lock()
	reason, cause := r.ledger.manifest.Reason, r.failure
	if cause == nil {
		cause = err
	}
	state := Stopped
	if cause != nil {
		state, reason = Failed, ReasonFailed
		cause = storageError(cause)
	}
	r.noteLocked(entry{Type: entryEnd, End: &endEntry{
		State: state, Reason: reason, Error: problemOf(cause),
		DroppedPackets: r.dropped.packets, DroppedBytes: r.dropped.bytes,
	}})
	r.mu.Unlock()
	journalErr := r.writeJournal()
	if journalErr == nil {
		_ = r.journal.Sync()
	}
	r.mu.Lock()
	final := r.manifestLocked()
	r.mu.Unlock()
	// A manifest that could not be written is made from the journal when somebody looks.
	_ = writeManifest(r.folder, final)
	_ = r.journal.Truncate(size(r.journal)) // gives back what was reserved
	_ = r.journal.Close()
	r.mu.Lock()
	r.final = final
	r.mu.Unlock()
	close(r.done)
}

func size(file *os.File) int64 {
	info, err := file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
