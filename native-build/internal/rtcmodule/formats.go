package rtcmodule

import (
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/pcm"
)

const (
	maxFrameRate = 240
	minBitrate   = 6_000
	maxBitrate   = 510_000
	// expectedLoss is for what the encoder prepares: copies of packets that a receiver can fall back on.
	expectedLoss = 10
)

// formatFields describe a format of media in a request.
type formatFields struct {
	Format    *string  `json:"format"`
	Rate      *int     `json:"rate"`
	Channels  *int     `json:"channels"`
	FrameRate *float64 `json:"frame_rate"`
}

// spec reads them; absent stands for a format that is not named.
func (f *formatFields) spec(v *validation, absent media.Format) media.Spec {
	spec := media.Spec{Format: absent, PCM: media.DefaultPCM}
	if f.Format != nil {
		if spec.Format = media.Format(*f.Format); !spec.Format.Known() {
			v.unsupported("there is no format %q", *f.Format)
		}
	}
	spec.PCM.Rate = valueOf(f.Rate, spec.PCM.Rate)
	spec.PCM.Channels = valueOf(f.Channels, spec.PCM.Channels)
	spec.FrameRate = valueOf(f.FrameRate, 0)
	if f.Rate != nil && (*f.Rate < pcm.MinRate || *f.Rate > pcm.MaxRate) {
		v.fail("rate must be from %d to %d", pcm.MinRate, pcm.MaxRate)
	}
	if f.Channels != nil && (*f.Channels < 1 || *f.Channels > pcm.MaxChannels) {
		v.fail("channels must be from 1 to %d", pcm.MaxChannels)
	}
	if f.FrameRate != nil && (*f.FrameRate < 1 || *f.FrameRate > maxFrameRate) {
		v.fail("frame_rate must be from 1 to %d", maxFrameRate)
	}
	return spec
}

// encodingFields say how samples become Opus.
type encodingFields struct {
	Bitrate *int    `json:"bitrate_bps"`
	Profile *string `json:"profile"`
	DTX     *bool   `json:"dtx"`
	// LowDelay halves the length of packets and of mixed frames.
	LowDelay *bool `json:"low_delay"`
}

func (f *encodingFields) encoding(v *validation) media.Encoding {
	encoding := media.Encoding{Bitrate: valueOf(f.Bitrate, 0), DTX: valueOf(f.DTX, false), PacketLoss: expectedLoss, LowDelay: valueOf(f.LowDelay, false)}
	if f.Bitrate != nil && (*f.Bitrate < minBitrate || *f.Bitrate > maxBitrate) {
		v.fail("bitrate_bps must be from %d to %d", minBitrate, maxBitrate)
	}
	switch profile := valueOf(f.Profile, "voice"); profile {
	case "voice":
	case "music":
		encoding.Music, encoding.PacketLoss = true, 0
	default:
		v.fail("profile must be voice or music, not %q", profile)
	}
	return encoding
}

func (v *validation) unsupported(format string, values ...any) {
	if v.err == nil {
		v.err = failure.Newf(failure.UnsupportedFormat, failure.Media, format, values...)
	}
}
