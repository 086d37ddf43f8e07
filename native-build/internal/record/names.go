package record

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

const (
	folderMode = 0o750
	fileMode   = 0o640
	// maxName is how much of a user's id a file's name shows.
	maxName = 40
)

// newID begins with the time, so that names sort as recordings began, and cannot be guessed.
func newID(at time.Time) string {
	var random [8]byte
	_, _ = rand.Read(random[:])
	return at.UTC().Format("20060102T150405.000Z") + "-" + hex.EncodeToString(random[:])
}

var idPattern = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{16}$`)

// ValidID tells whether a name can be that of a recording. Nothing else is ever looked for on the disk.
func ValidID(id string) bool { return idPattern.MatchString(id) }

// fileName is unique by its number; what users call themselves is shown as far as it is harmless.
func fileName(number int, f File) string {
	if f.Kind == "mix" {
		return "mix." + f.Format
	}
	return fmt.Sprintf("%03d-%s-%s.%s", number, harmless(f.User), f.TrackType, f.Format)
}

func harmless(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, text)
	if len(text) > maxName {
		text = text[:maxName]
	}
	return text
}
