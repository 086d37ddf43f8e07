package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"streamgateway/native/internal/ivf"
	"streamgateway/native/internal/ogg"
	records "streamgateway/native/internal/record"
	"streamgateway/native/internal/rtc"
)

// toggleRecording begins to record, or ceases and looks at what there is.
func (u *soakUser) toggleRecording(d draw) error {
	if u.recording != "" {
		id := u.recording
		u.recording = ""
		m, err := limited(func(ctx context.Context) (records.Manifest, error) { return u.bot.StopRecording(ctx, id) })
		if err != nil {
			return err
		}
		return u.checkRecording(m, records.ReasonStopped)
	}
	m, err := limited(func(ctx context.Context) (records.Manifest, error) {
		return u.bot.Record(ctx, rtc.RecordOptions{
			Store: u.soak.records, Users: rtc.Selection{All: true}, TrackTypes: everyTrack, Mix: d.which%2 == 0,
		})
	})
	u.recording = m.ID
	return err
}

// endRecording looks at the recording that the end of the session has ended.
func (u *soakUser) endRecording() error {
	if u.recording == "" {
		return nil
	}
	m, err := u.soak.records.Read("", u.recording)
	if err != nil {
		return err
	}
	u.recording = ""
	return u.checkRecording(m, records.ReasonSession)
}

func (u *soakUser) checkRecording(m records.Manifest, reason string) error {
	if m.State != records.Stopped || m.Reason != reason || m.DroppedBytes != 0 {
		return fmt.Errorf("%s has recorded %+v", u.name, m)
	}
	for _, file := range m.Files {
		data, err := os.ReadFile(filepath.Join(m.Path, file.Name))
		if err == nil {
			err = readWhole(file.Format, data)
		}
		if err != nil || !file.Ended || int64(len(data)) != file.Bytes {
			return fmt.Errorf("%s: %d bytes of %+v: %w", u.name, len(data), file, err)
		}
	}
	u.soak.recordedFiles.Add(int64(len(m.Files)))
	return u.soak.records.Remove("", m.ID)
}

// readWhole reads a file to its end.
func readWhole(format string, data []byte) error {
	var next func() error
	if format == "ogg" {
		reader := ogg.NewReader(bytes.NewReader(data))
		next = func() error { _, _, err := reader.Next(); return err }
	} else {
		reader, err := ivf.NewReader(bytes.NewReader(data))
		if err != nil {
			return err
		}
		next = func() error { _, _, err := reader.Next(); return err }
	}
	for {
		if err := next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
