package media

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"streamgateway/native/internal/ivf"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/video"
	"streamgateway/native/internal/wav"
)

// NewSerial is a number for a new Ogg stream.
func NewSerial() uint32 {
	var serial [4]byte
	_, _ = rand.Read(serial[:])
	return binary.LittleEndian.Uint32(serial[:])
}

// SampleWriter turns samples into bytes, in pages that can be lost one by one. It belongs to one goroutine at a time.
type SampleWriter struct {
	format Format
	pcm    pcm.Format
	page   []byte

	// Of Ogg.
	framer  *pcm.Framer
	encoder *opus.Encoder
	ogg     *ogg.Writer
	packet  [opus.MaxFrameBytes]byte
}

// NewSampleWriter makes a writer, which must be closed. Ogg is written at 48 kHz, whatever the rate asked for.
func NewSampleWriter(spec Spec, encoding Encoding) (*SampleWriter, error) {
	if err := spec.PCM.Validate(); err != nil {
		return nil, err
	}
	writer := &SampleWriter{format: spec.Format, pcm: spec.PCM}
	switch {
	case spec.Format.IsDecoded():
		return writer, nil
	case spec.Format != Ogg:
		return nil, spec.unsupported("made of samples")
	}
	writer.pcm = pcm.Format{Rate: opus.Rate, Channels: min(spec.PCM.Channels, 2)}
	config := opus.EncoderConfig{SampleRate: opus.Rate, Channels: writer.pcm.Channels, Bitrate: encoding.Bitrate}
	if encoding.Music {
		config.Application = opus.Audio
	}
	var err error
	if writer.encoder, err = opus.NewEncoder(config); err != nil {
		return nil, err
	}
	writer.framer = pcm.NewFramer(frameSamples * writer.pcm.Channels)
	writer.ogg = ogg.NewWriter(NewSerial())
	return writer, nil
}

// PCM is the shape of the samples to write.
func (w *SampleWriter) PCM() pcm.Format { return w.pcm }

// Header is what comes before all pages.
func (w *SampleWriter) Header() []byte {
	switch w.format {
	case WAV:
		return wav.AppendHeader(nil, w.pcm, wav.Unknown)
	case Ogg:
		return w.ogg.AppendHeaders(nil, w.pcm.Channels)
	}
	return nil
}

// Write gives the pages that samples fill to emit; they are valid until it returns.
func (w *SampleWriter) Write(samples []int16, emit func(page []byte)) error {
	switch w.format {
	case S16BE:
		w.page = pcm.AppendS16BE(w.page[:0], samples)
	case Ogg:
		return w.framer.Write(samples, func(frame []int16) error { return w.encode(frame, emit) })
	default:
		w.page = pcm.AppendS16LE(w.page[:0], samples)
	}
	emit(w.page)
	return nil
}

func (w *SampleWriter) encode(frame []int16, emit func(page []byte)) error {
	size, err := w.encoder.Encode(frame, w.packet[:])
	if err != nil {
		return err
	}
	w.page = w.ogg.AppendPacket(w.page[:0], w.packet[:size], frameSamples)
	emit(w.page)
	return nil
}

// End gives emit what closes the stream, if anything does.
func (w *SampleWriter) End(emit func(page []byte)) {
	if w.ogg != nil {
		w.page = w.ogg.AppendEnd(w.page[:0])
		emit(w.page)
	}
}

// Close frees the encoder.
func (w *SampleWriter) Close() {
	if w.encoder != nil {
		w.encoder.Close()
	}
}

// FrameWriter turns frames of video into bytes, a page a frame.
type FrameWriter struct {
	format Format
	codec  video.Codec
	first  int64
	page   []byte
}

// NewFrameWriter makes a writer of a codec in a format; an empty format is the one that carries the codec. It fails with
// ErrUnsupported.
func NewFrameWriter(format Format, codec video.Codec) (*FrameWriter, error) {
	if format == "" {
		format = Of(codec)
	}
	if format != Of(codec) {
		return nil, fmt.Errorf("%w: %s cannot be had as %s, but as %s", ErrUnsupported, codec.Name(), format, Of(codec))
	}
	return &FrameWriter{format: format, codec: codec}, nil
}

// Format is what is written.
func (w *FrameWriter) Format() Format { return w.format }

// Header is what comes before all pages; frame is the first, a keyframe.
func (w *FrameWriter) Header(frame video.Frame) []byte {
	w.first = frame.Timestamp
	if w.format != IVF {
		return nil
	}
	return ivf.AppendHeader(nil, ivf.Header{
		FourCC: w.codec.FourCC(), Width: frame.Width, Height: frame.Height, Rate: video.ClockRate, Scale: 1,
	})
}

// Page is a frame's; it is valid until the next call.
func (w *FrameWriter) Page(frame video.Frame) []byte {
	if w.format != IVF {
		return frame.Data
	}
	w.page = ivf.AppendFrame(w.page[:0], uint64(max(0, frame.Timestamp-w.first)), frame.Data)
	return w.page
}
