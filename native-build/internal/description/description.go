// Package description reads the session descriptions (RFC 8866) of others.
package description

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"streamgateway/native/internal/guard"
)

// MaxBytes bounds a description; those of large calls have some ten thousand bytes.
const MaxBytes = 256 << 10

var (
	// ErrMalformed is wrapped by every error of Parse.
	ErrMalformed = errors.New("sdp")
	// ErrUnsupported is wrapped besides when a section carries neither audio nor video. Pion would start SCTP for one that
	// carries data, which nobody here speaks.
	ErrUnsupported = errors.New("only sections of audio and video are taken")
)

// Parse reads a description. What it accepts, Pion's peer connections can read as well: they use the same parser, which
// ends some malformed lines, such as an empty repeat time, with a panic instead of an error.
func Parse(text string) (*sdp.SessionDescription, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxBytes)
	}
	parsed := new(sdp.SessionDescription)
	var err error
	if panicked := guard.Run(func() { err = parsed.Unmarshal([]byte(text)) }); panicked != nil {
		return nil, fmt.Errorf("%w: a line cannot be read", ErrMalformed)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	for _, section := range parsed.MediaDescriptions {
		if kind := section.MediaName.Media; kind != "audio" && kind != "video" {
			return nil, fmt.Errorf("%w: a section is of kind %q: %w", ErrMalformed, kind, ErrUnsupported)
		}
	}
	return parsed, nil
}

// SentStreams are the SSRCs of what the description's author sends.
func SentStreams(parsed *sdp.SessionDescription) map[uint32]bool {
	streams := map[uint32]bool{}
	for _, section := range parsed.MediaDescriptions {
		if _, idle := section.Attribute(sdp.AttrKeyInactive); idle {
			continue
		}
		if _, receives := section.Attribute(sdp.AttrKeyRecvOnly); receives {
			continue
		}
		for _, attribute := range section.Attributes {
			if attribute.Key != sdp.AttrKeySSRC {
				continue
			}
			number, _, _ := strings.Cut(attribute.Value, " ")
			if ssrc, err := strconv.ParseUint(number, 10, 32); err == nil {
				streams[uint32(ssrc)] = true
			}
		}
	}
	return streams
}

// ICEFragment is the first ICE user fragment of a description (RFC 8839 §5.4), or empty.
func ICEFragment(text string) string {
	_, rest, found := strings.Cut(text, "\na=ice-ufrag:")
	if !found {
		return ""
	}
	fragment, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(fragment)
}
