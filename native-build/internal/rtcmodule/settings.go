package rtcmodule

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"streamgateway/native/internal/record"
	"streamgateway/native/internal/rtc"
)

// settings are those of an instance, in its configuration's data: {"recordings": {"directory", "max_per_session"},
// "allow_private_sfu"}.
type settings struct {
	store           record.Store
	maxPerSession   int
	allowPrivateSFU bool
}

func (s *settings) read(data []byte) error {
	var wire struct {
		Recordings struct {
			Directory     string `json:"directory"`
			MaxPerSession *int   `json:"max_per_session"`
		} `json:"recordings"`
		AllowPrivateSFU bool `json:"allow_private_sfu"`
	}
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	s.allowPrivateSFU = wire.AllowPrivateSFU
	s.maxPerSession = valueOf(wire.Recordings.MaxPerSession, rtc.DefaultMaxRecordings)
	if s.maxPerSession < 1 || s.maxPerSession > maxRecordings {
		return fmt.Errorf("data.recordings.max_per_session must be from 1 to %d", maxRecordings)
	}
	if directory := wire.Recordings.Directory; directory != "" {
		if !filepath.IsAbs(directory) {
			return fmt.Errorf("data.recordings.directory must be an absolute path, not %q", directory)
		}
		s.store.Directory = filepath.Clean(directory)
	}
	return nil
}
