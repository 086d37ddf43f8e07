package rtc

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/rtcproto"
)

// ByteSource gives the bytes of a publication. Read waits; io.EOF is the regular end.
type ByteSource interface {
	ID() uint64
	Read(ctx context.Context, p []byte) (int, error)
	Close()
}

const (
	// maxRTPPayload keeps a packet below any path's MTU.
	maxRTPPayload = 1200
	// maxLoopBytes bounds what a looping publication remembers.
	maxLoopBytes = 16 << 20
	muteTimeout  = 2 * time.Second
	// afterLastPacket lets the last packets reach the SFU, by their own way, before it hears that the track is silent.
	afterLastPacket = 100 * time.Millisecond
)

// Reasons why a publication is stopped before its media ends.
var (
	errPublicationClosed = errors.New("closed")
	errSessionEnded      = errors.New("the session ended")
)

// publication plays one source onto a local track.
type publication struct {
	s       *Session
	options PublishOptions
	source  ByteSource
	track   *localTrack
	ctx     context.Context
	stop    context.CancelCauseFunc
	done    chan struct{}

	packets atomic.Uint64
	bytes   atomic.Uint64
	samples atomic.Int64
}

// run plays until the media ends, fails or is stopped, and then tells so.
func (p *publication) run() {
	defer close(p.done)
	err := p.play()
	if p.ctx.Err() != nil {
		err = context.Cause(p.ctx)
	}
	p.track.pause(time.Now())
	p.source.Close()
	p.s.endPublication(p, err)
}

func (p *publication) play() error {
	meter, err := newLevelMeter()
	if err != nil {
		return failure.New(failure.Internal, failure.Media, err)
	}
	defer meter.Close()

	var media packetSource = ogg.NewReader(&stallReader{p.ctx, p.source, p.options.StallTimeout})
	if p.options.Loop {
		media = &loop{media: media}
	}
	pace := &pacer{clock: new(wallClock)}
	begin := true
	for {
		packet, samples, err := media.Next()
		if err == io.EOF {
			// The end is when the last packet has been heard, not when it was sent.
			_, err = pace.wait(p.ctx, ogg.Duration(p.samples.Load())+afterLastPacket)
			return err
		}
		if err != nil {
			return fromMedia(err)
		}
		if len(packet) > maxRTPPayload {
			return failure.Newf(failure.UnsupportedFormat, failure.Media, "an Opus packet of %d bytes does not fit into RTP", len(packet))
		}
		if err := p.track.ready.wait(p.ctx); err != nil {
			return err
		}
		late, err := p.wait(pace)
		if err != nil {
			return err
		}
		if begin {
			p.track.resume(time.Now())
		}
		p.track.advance(int(late * opus.Rate / time.Second))
		p.send(packet, samples, meter, begin || late > 0)
		begin = false
	}
}

func (p *publication) wait(pace *pacer) (time.Duration, error) {
	if p.options.AsFastAsPossible {
		return 0, p.ctx.Err()
	}
	return pace.wait(p.ctx, ogg.Duration(p.samples.Load()))
}

func (p *publication) send(packet []byte, samples int, meter *levelMeter, marker bool) {
	p.samples.Add(int64(samples))
	if p.s.audioMuted.Load() {
		p.track.advance(samples)
		return
	}
	// A failed write is a connection on its way out: its watch will say so, and the media's time goes on.
	if p.track.send(packet, samples, meter.measure(packet), marker) == nil {
		p.packets.Add(1)
		p.bytes.Add(uint64(len(packet)))
	}
}

// ended describes the end to the host.
func (p *publication) ended(cause error) *rtcproto.PublicationEnded {
	event := &rtcproto.PublicationEnded{
		Name: p.options.Name, SourceId: p.source.ID(), TrackType: p.options.TrackType,
		DurationMs: float64(p.samples.Load()) * 1000 / opus.Rate, Packets: p.packets.Load(), Bytes: p.bytes.Load(),
	}
	switch {
	case cause == nil:
		event.Reason = "completed"
	case errors.Is(cause, errPublicationClosed):
		event.Reason = "closed"
	case errors.Is(cause, errSessionEnded):
		event.Reason = "session_ended"
	default:
		event.Reason, event.Error = "failed", errorEvent(cause)
	}
	return event
}

// stallReader fails when no byte comes for too long.
type stallReader struct {
	ctx    context.Context
	source ByteSource
	limit  time.Duration
}

func (r *stallReader) Read(buffer []byte) (int, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.limit)
	defer cancel()
	n, err := r.source.Read(ctx, buffer)
	if errors.Is(err, context.DeadlineExceeded) && r.ctx.Err() == nil {
		return n, failure.Newf(failure.MediaStalled, failure.Media, "no bytes came for %v", r.limit)
	}
	return n, err
}

type packetSource interface {
	Next() (packet []byte, samples int, err error)
}

// loop remembers the packets of the first pass and begins again at the end.
type loop struct {
	media   packetSource
	packets [][]byte
	lengths []int
	bytes   int
	replay  bool
	next    int
}

func (l *loop) Next() ([]byte, int, error) {
	if !l.replay {
		packet, samples, err := l.media.Next()
		if err == nil {
			return packet, samples, l.remember(packet, samples)
		}
		if err != io.EOF || len(l.packets) == 0 {
			return nil, 0, err
		}
		l.replay = true
	}
	packet, samples := l.packets[l.next], l.lengths[l.next]
	l.next = (l.next + 1) % len(l.packets)
	return packet, samples, nil
}

func (l *loop) remember(packet []byte, samples int) error {
	if l.bytes += len(packet); l.bytes > maxLoopBytes {
		return failure.Newf(failure.CapacityExceeded, failure.Media, "media that loops may have %d bytes", maxLoopBytes)
	}
	l.packets, l.lengths = append(l.packets, append([]byte(nil), packet...)), append(l.lengths, samples)
	return nil
}
