package media

import (
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/video"
)

// Unit is what goes out at one moment: a packet of Opus or a frame of video. Times are in ticks of the track's clock,
// 48 kHz for audio and 90 kHz for video, from the beginning of the media.
type Unit struct {
	Data       []byte // valid until the next call; empty in silence that need not be sent
	At, Length int64
	Keyframe   bool  // decoding can begin here
	Level      uint8 // of audio: 0 loudest, 127 silence
	// Fresh says that the sender had paused: the unit is due when it comes, not when it would follow the last.
	Fresh bool
	// Consumed is how many bytes of the source this unit and those before it took; of PCM only.
	Consumed int64
}

// Track is what a reader's units are.
type Track struct {
	Video         bool
	Codec         video.Codec // of video
	Width, Height int         // of video
}

// Clock is how many ticks a second has.
func (t Track) Clock() int64 {
	if t.Video {
		return video.ClockRate
	}
	return opus.Rate
}

// Name is the codec as hosts see it, such as "opus".
func (t Track) Name() string {
	if t.Video {
		return t.Codec.Name()
	}
	return "opus"
}

// Reader reads media. It belongs to one goroutine.
type Reader interface {
	// Track is known from the start.
	Track() Track
	// Next answers the next unit, io.EOF at the regular end, or an error that names what is wrong.
	Next() (Unit, error)
	Close()
}

// Flusher is a Reader that can forget what it was given and has not answered yet.
type Flusher interface {
	// Flush drops everything up to now and answers how many bytes of the source were dropped. held is the unit answered
	// last when it was not sent, whose place and time are free again; its own bytes are not counted.
	Flush(held Unit) (bytes int64, err error)
}

// Encoder is a Reader that makes its packets itself.
type Encoder interface {
	// SetBitrate changes the target for what follows, in bits per second.
	SetBitrate(bitrate int) error
	// ExpectLoss tells how many percent of the packets get lost now, for which those that follow are prepared.
	ExpectLoss(percent int)
}

// Open begins to read a format. For video it waits for the beginning, which tells the codec and the size.
func Open(spec Spec, input *Input, encoding Encoding) (Reader, error) {
	switch spec.Format {
	case Ogg:
		return newOggReader(input)
	case WAV:
		return newWAVReader(input, encoding)
	case S16LE, S16BE:
		return newBareReader(spec, input, encoding)
	case IVF:
		return newIVFReader(input)
	case H264:
		return newH264Reader(input, spec.FrameRate)
	}
	return nil, spec.unsupported("read")
}
