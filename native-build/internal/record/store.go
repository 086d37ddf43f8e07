package record

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"streamgateway/native/internal/failure"
)

// maxManifest bounds what is read of a manifest.
const maxManifest = 64 << 20

// Store is a directory that holds folders, which hold recordings. Nothing outside of it is ever touched.
type Store struct{ Directory string }

// Folder is the path of a folder. It fails with recording_off without a directory, with path_refused when the path leads
// out of it.
func (s Store) Folder(folder string) (string, error) {
	switch {
	case s.Directory == "":
		return "", failure.Newf(failure.RecordingOff, failure.NoStage, "no directory for recordings is set")
	case folder == "":
		return s.Directory, nil
	case !filepath.IsLocal(folder):
		return "", refused(folder)
	}
	path := filepath.Join(s.Directory, folder)
	root, err := filepath.EvalSymlinks(s.Directory)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil // and so is everything in it
	}
	if err != nil {
		return "", storageError(err)
	}
	// Of the path, what exists already must not lead elsewhere.
	for existing := path; existing != s.Directory && len(existing) > len(s.Directory); existing = filepath.Dir(existing) {
		real, err := filepath.EvalSymlinks(existing)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", storageError(err)
		}
		if within, err := filepath.Rel(root, real); err != nil || !filepath.IsLocal(within) {
			return "", refused(folder)
		}
		break
	}
	return path, nil
}

func refused(folder string) error {
	return failure.Newf(failure.PathRefused, failure.NoStage, "%q leads out of the directory for recordings", folder)
}

// Read tells one recording as the disk has it. One whose process is gone is interrupted; its manifest is made now.
func (s Store) Read(folder, id string) (Manifest, error) {
	base, err := s.Folder(folder)
	if err != nil {
		return Manifest{}, err
	}
	if !ValidID(id) {
		return Manifest{}, notFound(id)
	}
	path := filepath.Join(base, id)
	m, err := readManifest(path)
	if errors.Is(err, fs.ErrNotExist) {
		m, err = restore(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNoJournal):
		return Manifest{}, notFound(id)
	case err != nil:
		return Manifest{}, storageError(err)
	}
	m.ID, m.Folder, m.Path = id, folder, path
	return m, nil
}

func readManifest(path string) (m Manifest, err error) {
	file, err := os.Open(filepath.Join(path, manifestName))
	if err != nil {
		return m, err
	}
	defer file.Close()
	return m, json.NewDecoder(io.LimitReader(file, maxManifest)).Decode(&m)
}

// restore makes the manifest of a recording from its journal.
func restore(path string) (Manifest, error) {
	journal, err := os.Open(filepath.Join(path, journalName))
	if err != nil {
		return Manifest{}, err
	}
	defer journal.Close()
	alive := syscall.Flock(int(journal.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
	l, err := replay(journal)
	if err != nil {
		return Manifest{}, err
	}
	if l.manifest.State == Running && !alive {
		l.end(l.lastMs, Interrupted, ReasonInterrupted, nil)
	}
	m := l.manifest
	for i := range m.Files {
		file := &m.Files[i]
		if info, err := os.Stat(filepath.Join(path, file.Name)); err == nil {
			file.Bytes = info.Size()
		}
		file.Ended = file.Ended || !alive
		m.Bytes += file.Bytes
	}
	if alive {
		m.DurationMs = l.lastMs
	} else {
		_ = writeManifest(path, m) // only so that the next reader is quicker
	}
	return m, nil
}

// Remove deletes a recording that is over, with all its files.
func (s Store) Remove(folder, id string) error {
	m, err := s.Read(folder, id)
	if err != nil {
		return err
	}
	if m.State == Running {
		return failure.Newf(failure.RecordingRunning, failure.NoStage, "the recording %q is running", id)
	}
	if err := os.RemoveAll(m.Path); err != nil {
		return storageError(err)
	}
	if folder != "" {
		_ = os.Remove(filepath.Dir(m.Path)) // succeeds when this was the last
	}
	return nil
}
