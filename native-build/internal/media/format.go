// Package media reads the formats that are published and writes those that are listened to. A Reader turns bytes into
// what a track sends: packets of Opus or frames of video, each with its time. The writers turn what a track brings into
// bytes. Nothing here knows sessions or RTP.
package media

import (
	"errors"
	"fmt"

	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/video"
)

// Format is a format of bytes, by the name hosts know.
type Format string

// The formats.
const (
	Ogg   Format = "ogg"   // Opus in Ogg
	WAV   Format = "wav"   // PCM with a header
	S16LE Format = "s16le" // bare samples, little endian
	S16BE Format = "s16be" // bare samples in network byte order, as audio/L16 (RFC 2586)
	IVF   Format = "ivf"   // VP8, VP9 or AV1
	H264  Format = "h264"  // Annex B
)

var (
	// ErrUnsupported says that a format cannot be what is asked of it.
	ErrUnsupported = errors.New("unsupported media")
	// ErrMalformed says that bytes are not what their format says.
	ErrMalformed = errors.New("malformed media")
)

// Known tells whether there is such a format.
func (f Format) Known() bool { return f.IsAudio() || f.IsVideo() }

// IsAudio tells whether the format carries sound.
func (f Format) IsAudio() bool { return f == Ogg || f == WAV || f.IsBare() }

// IsVideo tells whether the format carries pictures.
func (f Format) IsVideo() bool { return f == IVF || f == H264 }

// IsBare tells whether the bytes are samples alone, so that their rate and channels have to be said beside.
func (f Format) IsBare() bool { return f == S16LE || f == S16BE }

// IsDecoded tells whether the format carries samples instead of packets.
func (f Format) IsDecoded() bool { return f == WAV || f.IsBare() }

// Of is the format that carries a codec as it is.
func Of(codec video.Codec) Format {
	if codec == video.H264 {
		return H264
	}
	return IVF
}

// Spec is a format with what it does not say itself.
type Spec struct {
	Format Format
	// PCM is the shape of bare samples to read, and of all samples to write.
	PCM pcm.Format
	// FrameRate is that of H.264 which does not tell its own; 0 stands for 30.
	FrameRate float64
}

// DefaultPCM is the shape of samples when nobody says another.
var DefaultPCM = pcm.Format{Rate: opus.Rate, Channels: 1}

func (s Spec) unsupported(purpose string) error {
	return fmt.Errorf("%w: %s cannot be %s", ErrUnsupported, s.Format, purpose)
}
