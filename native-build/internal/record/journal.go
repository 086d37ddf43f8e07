package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The journal is what makes a recording outlive its process: one JSON object a line, only ever appended. The manifest is
// made of it. A line that was cut off is not counted.
const (
	journalName  = "journal.jsonl"
	manifestName = "manifest.json"
	// maxLine is more than any entry is long.
	maxLine = 256 << 10
)

const (
	entryStart  = "start"
	entryFile   = "file"
	entryJoined = "joined"
	entryLeft   = "left"
	entrySpeaks = "speaking"
	entrySilent = "silent"
	entryEnd    = "end"
)

// entry is one line of the journal.
type entry struct {
	Type    string      `json:"type"`
	Ms      int64       `json:"ms"`
	User    string      `json:"user_id,omitempty"`
	Session string      `json:"participant_session_id,omitempty"`
	Name    string      `json:"name,omitempty"`
	Start   *startEntry `json:"start,omitempty"`
	File    *File       `json:"file,omitempty"`
	End     *endEntry   `json:"end,omitempty"`
}

type startEntry struct {
	ID        string            `json:"id"`
	StartedAt string            `json:"started_at"`
	Call      string            `json:"call_cid"`
	User      string            `json:"user_id"`
	Owner     string            `json:"owner,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

type endEntry struct {
	State          State    `json:"state"`
	Reason         string   `json:"reason"`
	Error          *Problem `json:"error,omitempty"`
	DroppedPackets int64    `json:"dropped_packets"`
	DroppedBytes   int64    `json:"dropped_bytes"`
}

func (e entry) appendTo(lines []byte) []byte {
	line, err := json.Marshal(e)
	if err != nil {
		return lines // cannot be: an entry holds texts and numbers
	}
	return append(append(lines, line...), '\n')
}

// replay reads a journal as far as it is whole.
func replay(source io.Reader) (*ledger, error) {
	l := newLedger()
	reader := bufio.NewReaderSize(source, maxLine)
	for {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		var e entry
		if json.Unmarshal(bytes.TrimSpace(line), &e) != nil || !e.whole() {
			break
		}
		l.apply(e)
	}
	if l.manifest.ID == "" {
		return nil, errNoJournal
	}
	return l, nil
}

func (e entry) whole() bool {
	switch e.Type {
	case entryStart:
		return e.Start != nil
	case entryFile:
		return e.File != nil
	case entryEnd:
		return e.End != nil
	}
	return true
}

var errNoJournal = errors.New("no recording has begun here")

// writeManifest puts the manifest in its place, whole or not at all.
func writeManifest(folder string, m Manifest) error {
	m.Folder, m.Path = "", "" // it may be moved
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	temporary := filepath.Join(folder, manifestName+".new")
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(temporary, filepath.Join(folder, manifestName))
	}
	if err != nil {
		_ = os.Remove(temporary)
	}
	return err
}

func sinceMs(start, at time.Time) int64 { return at.Sub(start).Milliseconds() }
