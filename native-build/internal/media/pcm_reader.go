package media

import (
	"errors"
	"io"
	"time"

	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/wav"
)

// Encoding is how samples become Opus. Zero values are the defaults.
type Encoding struct {
	Bitrate    int  // bits per second; zero: libopus decides
	Music      bool // tuned for music instead of voices
	DTX        bool // in silence send hardly anything
	PacketLoss int  // percent that the network is expected to lose: how much is sent twice
	// LowDelay makes packets, and frames of a mix, half as long, for talk in which 10 ms count.
	LowDelay bool
}

const (
	frameSamples = opus.Rate / 50  // of each channel
	shortSamples = opus.Rate / 100 // with low delay
	// idleAfter is the silence of a source after which its words are taken for complete: what is held is sent.
	idleAfter = 60 * time.Millisecond
	// tailSamples of silence end a stretch of sound, so that a decoder does not go on with its last vowel.
	tailSamples = 3 * frameSamples
	readSize    = 2048 // samples
)

// pcmReader encodes samples. A source may pause: then what is left of a frame is filled up with silence and sent.
type pcmReader struct {
	input   *Input
	samples interface {
		Read(samples []int16) (int, error)
	}
	from      pcm.Format
	byteRate  int64 // of the source
	converter *pcm.Converter
	encoder   *opus.Encoder
	channels  int
	frame     int // samples of a packet, of each channel
	leastLoss int // percent that is expected at least; 0 prepares for none
	loss      int
	lowDelay  bool

	scratch [readSize]int16
	queue   []int16 // converted
	encoded int     // of queue
	packet  [opus.MaxFrameBytes]byte
	at      int64
	active  bool // there were samples since the last tail
	fresh   bool
	ended   bool
}

func newWAVReader(input *Input, encoding Encoding) (*pcmReader, error) {
	file, err := wav.NewReader(input)
	if err != nil {
		return nil, err
	}
	return newPCMReader(input, file, file.Format(), encoding, 2)
}

func newBareReader(spec Spec, input *Input, encoding Encoding) (*pcmReader, error) {
	order := pcm.S16LE
	if spec.Format == S16BE {
		order = pcm.S16BE
	}
	samples, err := pcm.NewReader(input, spec.PCM, order)
	if err != nil {
		return nil, err
	}
	return newPCMReader(input, samples, spec.PCM, encoding, order.Size())
}

func newPCMReader(input *Input, samples interface{ Read([]int16) (int, error) }, from pcm.Format, encoding Encoding, sampleSize int) (*pcmReader, error) {
	channels := min(from.Channels, 2)
	reader := &pcmReader{
		input: input, samples: samples, from: from, channels: channels, fresh: true,
		byteRate: int64(from.Rate * from.Channels * sampleSize),
		frame:    frameSamples, lowDelay: encoding.LowDelay, leastLoss: encoding.PacketLoss, loss: encoding.PacketLoss,
	}
	if encoding.LowDelay {
		reader.frame = shortSamples
	}
	var err error
	if reader.converter, err = pcm.NewConverter(from, pcm.Format{Rate: opus.Rate, Channels: channels}); err != nil {
		return nil, err
	}
	application := opus.Voice
	if encoding.Music {
		application = opus.Audio
	}
	reader.encoder, err = opus.NewEncoder(opus.EncoderConfig{
		SampleRate: opus.Rate, Channels: channels, Application: application, Bitrate: encoding.Bitrate,
		DTX: encoding.DTX, FEC: encoding.PacketLoss > 0, PacketLoss: encoding.PacketLoss,
	})
	if err != nil {
		reader.converter.Close()
		return nil, err
	}
	return reader, nil
}

func (r *pcmReader) Track() Track { return Track{} }

func (r *pcmReader) Close() {
	r.converter.Close()
	r.encoder.Close()
}

func (r *pcmReader) SetBitrate(bitrate int) error { return r.encoder.SetBitrate(bitrate) }

// maxExpectedLoss bounds what the copies may take of the bitrate.
const maxExpectedLoss = 30

// ExpectLoss has the encoder put copies of packets into those after them, the more the more get lost.
func (r *pcmReader) ExpectLoss(percent int) {
	if expected := min(max(r.leastLoss, 2*percent), maxExpectedLoss); r.leastLoss > 0 && expected != r.loss {
		r.loss = expected
		_ = r.encoder.SetPacketLoss(expected) // within the range that libopus takes
	}
}

func (r *pcmReader) Next() (Unit, error) {
	frame := r.frame * r.channels
	for len(r.queue)-r.encoded < frame {
		if r.ended {
			return Unit{}, io.EOF
		}
		if err := r.fill(); err != nil {
			return Unit{}, err
		}
	}
	unit, err := r.encode(r.queue[r.encoded : r.encoded+frame])
	r.encoded += frame
	unit.Consumed = r.input.total - r.waiting()
	return unit, err
}

// waiting is how many bytes of the source lie in the queue; none of them in its tail.
func (r *pcmReader) waiting() int64 {
	if !r.active {
		return 0
	}
	return int64((len(r.queue)-r.encoded)/r.channels) * r.byteRate / opus.Rate
}

// fill adds what comes next to the queue, or the tail when nothing does.
func (r *pcmReader) fill() error {
	r.input.idle = 0
	if r.active {
		r.input.idle = idleAfter
	}
	count, err := r.samples.Read(r.scratch[:readSize/r.from.Channels*r.from.Channels])
	if count > 0 {
		return r.take(r.scratch[:count])
	}
	switch {
	case errors.Is(err, errIdle):
		return r.rest()
	case errors.Is(err, io.EOF):
		r.ended = true
		return r.rest()
	}
	return err
}

// take queues samples. With low delay a stretch of sound begins with what the converter would hold back otherwise, or else
// the last packet of each piece that comes would wait for the next piece.
func (r *pcmReader) take(samples []int16) error {
	if !r.active && r.lowDelay {
		if err := r.converter.Prime(); err != nil {
			return err
		}
	}
	converted, err := r.converter.Convert(samples)
	r.active = true
	r.append(converted)
	return err
}

// rest ends a stretch of sound.
func (r *pcmReader) rest() error {
	if !r.active {
		return nil
	}
	r.active, r.fresh = false, true
	converted, err := r.converter.Flush()
	if err != nil {
		return err
	}
	r.append(converted)
	frame := r.frame * r.channels
	held := len(r.queue) - r.encoded
	r.append(make([]int16, (frame-held%frame)%frame+tailSamples*r.channels))
	return nil
}

// Flush drops what came and was not sent. Silence follows at once, for what listeners still hold would go on otherwise;
// the encoder begins anew, for it holds the end of what was sent.
func (r *pcmReader) Flush(held Unit) (int64, error) {
	dropped := r.waiting()
	r.at -= held.Length
	before := r.input.total
	r.input.draining = true
	defer func() { r.input.draining = false }()
	for {
		_, err := r.samples.Read(r.scratch[:readSize/r.from.Channels*r.from.Channels])
		if errors.Is(err, io.EOF) {
			r.ended = true
			break
		}
		if errors.Is(err, errIdle) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if _, err := r.converter.Flush(); err != nil {
		return 0, err
	}
	if err := r.encoder.Reset(); err != nil {
		return 0, err
	}
	r.queue, r.encoded = r.queue[:0], 0
	r.append(make([]int16, tailSamples*r.channels))
	r.active, r.fresh = false, true
	return dropped + r.input.total - before, nil
}

func (r *pcmReader) append(samples []int16) {
	r.queue = r.queue[:copy(r.queue, r.queue[r.encoded:])]
	r.encoded = 0
	r.queue = append(r.queue, samples...)
}

func (r *pcmReader) encode(frame []int16) (Unit, error) {
	size, err := r.encoder.Encode(frame, r.packet[:MaxPacket])
	if err != nil {
		return Unit{}, err
	}
	unit := Unit{At: r.at, Length: int64(r.frame), Level: pcm.Level(frame), Keyframe: true, Fresh: r.fresh && r.active}
	if unit.Fresh {
		r.fresh = false
	}
	if size > 2 { // less is silence that need not be sent
		unit.Data = r.packet[:size]
	}
	r.at += int64(r.frame)
	return unit, nil
}
