package rtc

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/video"
)

// ByteSource gives the bytes of a publication. Read waits; io.EOF is the regular end.
type ByteSource interface {
	ID() uint64
	Read(ctx context.Context, p []byte) (int, error)
	Close()
}

const (
	muteTimeout = 2 * time.Second
	// afterLastPacket lets the last packets reach the SFU, by their own way, before it hears that the track is silent.
	afterLastPacket = 100 * time.Millisecond
	// burst is how many packets of a frame leave at once; the next follow after burstPause. A keyframe in one burst
	// would overrun the buffers on its way.
	burst      = 24
	burstPause = 2 * time.Millisecond
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
	input   *media.Input
	ctx     context.Context
	stop    context.CancelCauseFunc
	done    chan struct{}

	// track is nil until the media has told what it is; guarded by the session's lock, but for the playing goroutine.
	track *localTrack

	clock    atomic.Int64 // ticks a second
	position atomic.Int64 // ticks of media that were sent
	packets  atomic.Uint64
	bytes    atomic.Uint64

	paused    atomic.Bool  // the SFU needs none of it for now
	bitrate   atomic.Int64 // that samples are to be encoded with; 0: as they are
	keyframes keyframeTold
	queue     queueControl
}

func newPublication(s *Session, options PublishOptions, source ByteSource) *publication {
	p := &publication{s: s, options: options, source: source, done: make(chan struct{})}
	p.ctx, p.stop = context.WithCancelCause(context.Background())
	p.input = media.NewInput(p.ctx, source, options.StallTimeout)
	p.queue.wake, p.queue.due = p.input.Interrupt, make(chan struct{}, 1)
	p.clock.Store(media.Track{Video: options.Media.Format.IsVideo()}.Clock())
	return p
}

// run plays until the media ends, fails or is stopped, and then tells so.
func (p *publication) run() {
	defer close(p.done)
	err := p.play()
	if p.ctx.Err() != nil {
		err = context.Cause(p.ctx)
	}
	if p.track != nil {
		p.track.onKeyframeRequest.Store(nil)
		p.track.pause(time.Now(), p.position.Load())
	}
	p.queue.close(p)
	p.source.Close()
	p.s.endPublication(p, err)
}

func (p *publication) play() error {
	reader, err := media.Open(p.options.Media, p.input, p.encoding())
	if err != nil {
		return fromMedia(err)
	}
	defer reader.Close()
	if p.track == nil {
		if err := p.s.announceMedia(p, reader.Track()); err != nil {
			return err
		}
	}
	sender, err := newUnitSender(p)
	if err != nil {
		return err
	}
	flusher, _ := reader.(media.Flusher)
	encoder, _ := reader.(media.Encoder)
	if p.options.Loop {
		reader = media.Loop(reader)
	}
	for {
		p.queue.flush(p, flusher, media.Unit{})
		if encoder != nil {
			p.tune(encoder)
		}
		unit, err := reader.Next()
		switch {
		case errors.Is(err, media.ErrInterrupted):
			continue
		case err == io.EOF:
			// The end is when the last packet has been heard, not when it was sent.
			return sender.finish()
		case err != nil:
			return fromMedia(err)
		}
		sent, err := p.send(sender, unit, flusher)
		if err != nil {
			return err
		}
		if sent {
			p.queue.passed(p, unit.Consumed)
		}
	}
}

// tune has the encoder follow what the SFU asks for and what it reports.
func (p *publication) tune(encoder media.Encoder) {
	if bitrate := p.bitrate.Swap(0); bitrate != 0 {
		if err := encoder.SetBitrate(int(bitrate)); err != nil {
			p.s.log.Warn("the SFU asks for an impossible bitrate", "error", err)
		}
	}
	encoder.ExpectLoss(p.track.loss.percent())
}

// send sends a unit when it is due, unless it is flushed until then.
func (p *publication) send(sender *unitSender, unit media.Unit, flusher media.Flusher) (sent bool, err error) {
	for {
		err := sender.send(unit)
		if !errors.Is(err, media.ErrInterrupted) {
			return err == nil, err
		}
		if p.queue.flush(p, flusher, unit) {
			return false, nil
		}
	}
}

// encoding fills in the bitrate that the SFU asks for.
func (p *publication) encoding() media.Encoding {
	encoding := p.options.Encoding
	if encoding.Bitrate == 0 {
		encoding.Bitrate = p.s.audioBitrate(sfuTrackType(p.options.TrackType), encoding.Music)
	}
	return encoding
}

// duration turns ticks of the media's clock into time.
func (p *publication) duration(ticks int64) time.Duration {
	clock := p.clock.Load()
	return time.Duration(ticks/clock)*time.Second + time.Duration(ticks%clock)*time.Second/time.Duration(clock)
}

// ended describes the end to the host.
func (p *publication) ended(cause error) *rtcproto.PublicationEnded {
	event := &rtcproto.PublicationEnded{
		Name: p.options.Name, SourceId: p.source.ID(), TrackType: p.options.TrackType,
		DurationMs: milliseconds(p.duration(p.position.Load())), Packets: p.packets.Load(), Bytes: p.bytes.Load(),
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

// unitSender sends the units of a publication when they are due.
type unitSender struct {
	p          *publication
	pace       *pacer
	packetizer *video.Packetizer // of video
	begun      bool
	needsKey   bool // what was left out makes the next frames useless up to a keyframe
}

func newUnitSender(p *publication) (*unitSender, error) {
	sender := &unitSender{p: p, pace: &pacer{clock: &wallClock{wake: p.queue.due}}}
	if p.track.media.Video {
		var err error
		if sender.packetizer, err = video.NewPacketizer(p.track.media.Codec, media.MaxPacket); err != nil {
			return nil, failure.New(failure.Internal, failure.Media, err)
		}
	}
	return sender, nil
}

func (u *unitSender) send(unit media.Unit) error {
	p := u.p
	if err := p.track.ready.wait(p.ctx); err != nil {
		return err
	}
	late, err := u.wait(unit)
	if err != nil {
		return err
	}
	marker := late > 0
	if !u.begun {
		p.track.begin(time.Now())
		u.begun, marker = true, true
	}
	if late > 0 {
		p.track.shift(late)
	}
	p.position.Store(max(p.position.Load(), unit.At+unit.Length))
	if u.packetizer != nil {
		return u.sendFrame(unit)
	}
	if len(unit.Data) > 0 && !p.s.mutes.audio.Load() {
		u.write(unit.Data, unit, marker)
	}
	return nil
}

// wait returns when a unit is due, and by how much the clock was moved because it came late.
func (u *unitSender) wait(unit media.Unit) (late time.Duration, err error) {
	position := u.p.duration(unit.At)
	if u.p.options.AsFastAsPossible {
		return u.follow(position), u.p.ctx.Err()
	}
	if unit.Fresh {
		late = u.pace.resume(position)
	}
	more, err := u.pace.wait(u.p.ctx, position)
	return late + more, err
}

// follow keeps the timestamps of a live sender, who paces itself, from falling behind the time.
func (u *unitSender) follow(position time.Duration) time.Duration {
	if !u.pace.started {
		u.pace.started, u.pace.start = true, u.pace.clock.Now().Add(-position)
	}
	if late := u.pace.resume(position); late > maxLag {
		return late
	} else if late > 0 {
		u.pace.start = u.pace.start.Add(-late)
	}
	return 0
}

// sendFrame cuts a frame into packets. A frame that is left out takes those after it along, up to a keyframe.
func (u *unitSender) sendFrame(unit media.Unit) error {
	p := u.p
	if p.s.mutes.video.Load() || p.paused.Load() {
		u.needsKey = true
		return nil
	}
	if u.needsKey && !unit.Keyframe {
		return nil
	}
	u.needsKey = false
	sent := 0
	err := u.packetizer.Packetize(unit.Data, func(payload []byte, last bool) {
		if sent++; sent%burst == 0 && p.ctx.Err() == nil {
			time.Sleep(burstPause)
		}
		u.write(payload, unit, last)
	})
	if err != nil {
		return fromMedia(err)
	}
	return nil
}

// write sends one packet. A failed write is a connection on its way out: its watch will say so, and the media's time
// goes on.
func (u *unitSender) write(payload []byte, unit media.Unit, marker bool) {
	if u.p.track.send(payload, unit.At, unit.Level, marker) == nil {
		u.p.packets.Add(1)
		u.p.bytes.Add(uint64(len(payload)))
	}
}

// finish waits until the last unit has been heard.
func (u *unitSender) finish() error {
	for {
		err := u.lastHeard()
		if !errors.Is(err, media.ErrInterrupted) { // there is nothing left to flush
			return err
		}
	}
}

func (u *unitSender) lastHeard() error {
	if u.p.options.AsFastAsPossible {
		return u.pace.clock.Sleep(u.p.ctx, u.pace.clock.Now().Add(afterLastPacket))
	}
	_, err := u.pace.wait(u.p.ctx, u.p.duration(u.p.position.Load())+afterLastPacket)
	return err
}

// keyframeTold bounds how often the host hears that the SFU wants a keyframe.
type keyframeTold struct {
	mu   sync.Mutex
	at   time.Time
	asks atomic.Uint64
}

// due counts a request and answers whether to tell now: once a second.
func (k *keyframeTold) due(now time.Time) bool {
	k.asks.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.at) < time.Second {
		return false
	}
	k.at = now
	return true
}

// onKeyframeRequest tells the host. What is encoded already has its keyframes where it has them; a live encoder at the
// other end of the source can make one.
func (p *publication) onKeyframeRequest() {
	if p.keyframes.due(time.Now()) {
		p.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_KeyframeRequested{KeyframeRequested: &rtcproto.KeyframeRequested{
			Name: p.options.Name, SourceId: p.source.ID(), TrackType: p.options.TrackType, Requests: p.keyframes.asks.Load(),
		}}})
	}
}
