// Package video carries encoded frames through RTP: it cuts frames into payloads, puts payloads together again with loss
// noticed, and reads from a frame what a container needs to know. It encodes and decodes nothing.
package video

import (
	"errors"
	"fmt"
	"strings"
)

// Codec is a video codec.
type Codec uint8

// The codecs.
const (
	VP8 Codec = iota
	VP9
	H264
	AV1
)

// ClockRate is that of RTP timestamps of video.
const ClockRate = 90000

// MaxFrame is the largest frame.
const MaxFrame = 8 << 20

var (
	// ErrMalformed says that a payload or a frame is not what its codec says.
	ErrMalformed = errors.New("malformed video")
	// ErrUnknownCodec says that a codec is none of this package's.
	ErrUnknownCodec = errors.New("unknown video codec")
)

// FourCC is how IVF calls the codec; empty for H.264, which IVF does not carry.
func (c Codec) FourCC() string {
	return [...]string{VP8: "VP80", VP9: "VP90", H264: "", AV1: "AV01"}[c]
}

// String is the codec's name in MIME types.
func (c Codec) String() string {
	return [...]string{VP8: "VP8", VP9: "VP9", H264: "H264", AV1: "AV1"}[c]
}

// Name is the codec in lower case, such as "vp8".
func (c Codec) Name() string { return strings.ToLower(c.String()) }

// CodecOfName finds a codec by its name in MIME types, in any case.
func CodecOfName(name string) (Codec, error) {
	for _, codec := range []Codec{VP8, VP9, H264, AV1} {
		if strings.EqualFold(codec.String(), name) {
			return codec, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrUnknownCodec, name)
}

// CodecOfFourCC finds the codec of an IVF file.
func CodecOfFourCC(fourCC string) (Codec, error) {
	for _, codec := range []Codec{VP8, VP9, AV1} {
		if codec.FourCC() == fourCC {
			return codec, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrUnknownCodec, fourCC)
}

// Info is what a frame tells of itself.
type Info struct {
	Keyframe      bool // decoding can begin here
	Width, Height int  // pixels; 0 in frames that do not tell, which are never keyframes
}

// Inspect reads the beginning of a frame: for H.264 an access unit with start codes, for AV1 a temporal unit with sizes, as
// IVF holds it. It fails with ErrMalformed.
func (c Codec) Inspect(frame []byte) (Info, error) {
	switch c {
	case VP8:
		return inspectVP8(frame)
	case VP9:
		return inspectVP9(frame)
	case H264:
		return inspectH264(frame)
	default:
		return inspectAV1(frame)
	}
}

func malformed(format string, arguments ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, arguments...)...)
}

// depacketizer turns the payloads of a frame into the frame.
type depacketizer interface {
	// begins tells whether a payload can be the first of a keyframe, after some were lost.
	begins(payload []byte) bool
	// reset begins a frame.
	reset()
	// add appends what a payload brings to the frame. It fails with ErrMalformed.
	add(frame, payload []byte) ([]byte, error)
	// finish appends what the container wants at the end.
	finish(frame []byte) ([]byte, error)
}

func (c Codec) depacketizer() depacketizer {
	switch c {
	case VP8:
		return vp8Depacketizer{}
	case VP9:
		return &vp9Depacketizer{}
	case H264:
		return &h264Depacketizer{}
	default:
		return &av1Depacketizer{}
	}
}
