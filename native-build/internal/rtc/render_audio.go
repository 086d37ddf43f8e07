package rtc

import (
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/jitter"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mixer"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
)

func newAudioRendering(out *output, spec media.Spec) (rendering, error) {
	switch {
	case spec.Format == media.Ogg || spec.Format == "":
		return &oggRendering{output: out, writer: ogg.NewWriter(media.NewSerial())}, nil
	case spec.Format.IsDecoded():
		return newSampleRendering(out, spec)
	}
	return nil, failure.Newf(failure.UnsupportedFormat, failure.Media, "audio cannot be heard as %s", spec.Format)
}

// maxConcealed is the longest hole in a track's time that is filled. A longer one is a pause of the sender, after which
// a live listener wants to go on at once.
const maxConcealed = opus.Rate

// oggRendering passes the packets of Opus on.
type oggRendering struct {
	deaf
	*output

	// Guarded by the output's lock.
	writer  *ogg.Writer
	page    []byte
	started bool
	toc     byte // first byte of the last packet
	last    opus.Packet
	next    uint32 // the timestamp expected
}

func (*oggRendering) format() media.Format { return media.Ogg }

// ordered writes one packet, after filling the time of those that are missing before it.
func (k *oggRendering) ordered(p orderedPacket) {
	parsed, err := opus.ParsePacket(p.payload)
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return
	}
	if !k.started {
		k.started = true
		channels := 1
		if parsed.Stereo {
			channels = 2
		}
		k.header(k.writer.AppendHeaders(nil, channels))
	} else {
		k.conceal(int(int32(p.timestamp - k.next)))
	}
	k.toc, k.last, k.next = p.payload[0], parsed, p.timestamp+uint32(parsed.Samples())
	k.write(p.payload, parsed.Samples())
}

func (k *oggRendering) conceal(missing int) {
	if missing <= 0 || missing > maxConcealed {
		return
	}
	packets, lengths := ogg.Concealment(k.toc, k.last, missing)
	for i, packet := range packets {
		k.write(packet, lengths[i])
	}
}

func (k *oggRendering) write(packet []byte, samples int) {
	k.page = k.writer.AppendPacket(k.page[:0], packet, samples)
	k.put(k.page)
}

func (k *oggRendering) end(discard bool) (sinkCounts, bool) {
	return k.finish(discard, func() {
		if k.started {
			k.port.Write(k.writer.AppendEnd(k.page[:0]))
		}
	})
}

// sampleRendering decodes one track.
type sampleRendering struct {
	deaf
	*player
	input *mixer.Input
}

func newSampleRendering(out *output, spec media.Spec) (rendering, error) {
	player, err := newPlayer(out, spec, media.Encoding{}, nil)
	if err != nil {
		return nil, err
	}
	input, err := player.mixer.Add("")
	if err != nil {
		player.end(true)
		return nil, failure.New(failure.Internal, failure.Media, err)
	}
	player.begin()
	return &sampleRendering{player: player, input: input}, nil
}

func (r *sampleRendering) arrived(p orderedPacket, at time.Time) {
	r.input.Push(p.sequence, p.timestamp, p.payload, at)
}

// shortFrame is what is mixed at once where 10 ms count.
const shortFrame = 10 * time.Millisecond

// player makes one signal of all that comes, by its own clock, and writes it.
type player struct {
	*output
	spec   media.Spec
	mixer  *mixer.Mixer
	writer *media.SampleWriter
	signal *mixer.Output
	stop   func() // ends its turns
}

// newPlayer makes a player that waits for begin. each, if any, is called after each frame.
func newPlayer(out *output, spec media.Spec, encoding media.Encoding, each func()) (*player, error) {
	writer, err := media.NewSampleWriter(spec, encoding)
	if err != nil {
		return nil, fromMedia(err)
	}
	p := &player{output: out, spec: spec, writer: writer, stop: func() {}}
	config := jitter.Config{Channels: min(writer.PCM().Channels, 2)}
	if encoding.LowDelay {
		config.Frame = shortFrame
	}
	if p.mixer, err = mixer.New(config); err == nil {
		p.signal, err = p.mixer.AddOutput(writer.PCM(), func(samples []int16) {
			p.play(samples)
			if each != nil {
				each()
			}
		})
	}
	if err != nil {
		writer.Close()
		return nil, fromMedia(err)
	}
	out.mu.Lock()
	out.header(writer.Header())
	out.mu.Unlock()
	return p, nil
}

// begin lets it play. Once only, and before end may be called by others.
func (p *player) begin() {
	p.stop = p.s.engine.mixers.Add(p.mixer.FrameTime(), func(planned time.Time) {
		p.s.tasks.guard(func() { p.mixer.CatchUp(planned) })
	})
}

func (p *player) format() media.Format { return p.spec.Format }

// play runs on the mixer's goroutine.
func (p *player) play(samples []int16) {
	p.mu.Lock()
	if !p.ended {
		// Samples of a fixed format: an encoder that fails would do so always, and its sink is silent then.
		_ = p.writer.Write(samples, func(page []byte) { p.put(page) })
	}
	p.mu.Unlock()
	p.tellLag(time.Now())
}

// end must not be called on the mixer's goroutine, nor with the session's lock held.
func (p *player) end(discard bool) (sinkCounts, bool) {
	counts, ended := p.finish(discard, func() {
		p.writer.End(func(page []byte) { p.port.Write(page) })
	})
	if ended {
		p.stop()
		p.mixer.Close()
		p.writer.Close()
	}
	return counts, ended
}
