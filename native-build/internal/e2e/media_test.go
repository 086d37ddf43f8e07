package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

const audio = rtcproto.TrackType_TRACK_TYPE_AUDIO

var handles atomic.Uint64

// source is a publication's bytes in memory.
type source struct {
	id     uint64
	pipe   *io.PipeReader
	input  *io.PipeWriter
	closed chan struct{}
	once   sync.Once
}

func newSource() *source {
	r, w := io.Pipe()
	return &source{id: handles.Add(1), pipe: r, input: w, closed: make(chan struct{})}
}

func (s *source) ID() uint64 { return s.id }

func (s *source) Read(ctx context.Context, p []byte) (int, error) {
	stop := context.AfterFunc(ctx, func() { s.pipe.CloseWithError(ctx.Err()) })
	defer stop()
	n, err := s.pipe.Read(p)
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	return n, err
}

func (s *source) Close() {
	s.once.Do(func() { close(s.closed) })
	s.pipe.CloseWithError(errors.New("closed"))
}

// publish starts a publication of the whole media.
func (b *bot) publish(name string, media []byte, changes ...func(*rtc.PublishOptions)) *source {
	b.t.Helper()
	s := b.openPublication(name, changes...)
	go func() {
		_, _ = s.input.Write(media)
		s.input.Close()
	}()
	return s
}

func (b *bot) openPublication(name string, changes ...func(*rtc.PublishOptions)) *source {
	b.t.Helper()
	options := rtc.PublishOptions{
		Name: name, TrackType: audio, Media: media.Spec{Format: media.Ogg}, StallTimeout: rtc.DefaultStallTimeout,
	}
	for _, change := range changes {
		change(&options)
	}
	s := newSource()
	if _, err := b.Publish(within(b.t), options, func() (rtc.ByteSource, error) { return s, nil }); err != nil {
		b.t.Fatalf("%s does not publish: %v", b.name, err)
	}
	return s
}

// pages is a sink in memory.
type pages struct {
	id uint64

	mu      sync.Mutex
	data    []byte
	packets int
	last    time.Time     // when the last page came
	pause   time.Duration // the longest time between two of them
	news    chan struct{}
	ended   bool
}

func newPages() *pages { return &pages{id: handles.Add(1), news: make(chan struct{})} }

func (p *pages) ID() uint64 { return p.id }

func (p *pages) WriteHeader(header []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data = append(p.data, header...)
	return true
}

func (p *pages) Write(page []byte) (int, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data = append(p.data, page...)
	p.packets++
	now := time.Now()
	if !p.last.IsZero() {
		p.pause = max(p.pause, now.Sub(p.last))
	}
	p.last = now
	p.announce()
	return 0, 0
}

func (p *pages) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.announce()
}

func (p *pages) Discard() { p.End() }

func (p *pages) announce() {
	close(p.news)
	p.news = make(chan struct{})
}

func (p *pages) bytes() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.data)
}

// await waits until the sink has at least that many packets.
func (p *pages) await(t *testing.T, packets int) {
	t.Helper()
	p.awaitThat(t, func() bool { return p.packets >= packets })
}

// awaitFor is await with another patience.
func (p *pages) awaitFor(t *testing.T, packets int, patience time.Duration) {
	t.Helper()
	p.awaitWithin(t, patience, func() bool { return p.packets >= packets })
}

func (p *pages) awaitEnd(t *testing.T) {
	t.Helper()
	p.awaitThat(t, func() bool { return p.ended })
}

func (p *pages) awaitThat(t *testing.T, condition func() bool) {
	t.Helper()
	p.awaitWithin(t, patience, condition)
}

func (p *pages) awaitWithin(t *testing.T, patience time.Duration, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		p.mu.Lock()
		holds, news, packets := condition(), p.news, p.packets
		p.mu.Unlock()
		if holds {
			return
		}
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("the sink got %d packets", packets)
		}
	}
}

func (p *pages) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.packets
}

func (b *bot) listen(owner string) *pages {
	b.t.Helper()
	p := newPages()
	options := rtc.ListenOptions{Owner: owner, TrackType: audio, Wait: patience}
	if _, err := b.Listen(within(b.t), options, func() (rtc.PageSink, error) { return p, nil }); err != nil {
		b.t.Fatalf("%s does not hear %s: %v", b.name, owner, err)
	}
	return p
}

// speech is an Ogg file of something like speech, and its packets.
func speech(t *testing.T, length time.Duration) (file []byte, packets [][]byte, pcm []int16) {
	t.Helper()
	pcm = mediatest.Voice(opus.Rate, int(length*opus.Rate/time.Second))
	encoder, err := opus.NewEncoder(opus.EncoderConfig{SampleRate: opus.Rate, Channels: 1, Bitrate: 48000})
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	for rest := pcm; len(rest) >= 960; rest = rest[960:] {
		packet := make([]byte, opus.MaxFrameBytes)
		n, err := encoder.Encode(rest[:960], packet)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet[:n])
	}
	return mediatest.OggOpus(1, ogg.EncoderDelay, packets), packets, pcm
}

// packetsOf reads the packets of an Ogg stream that may still be growing.
func packetsOf(t *testing.T, data []byte) (packets [][]byte) {
	t.Helper()
	reader := ogg.NewReader(bytes.NewReader(data))
	for {
		packet, _, err := reader.Next()
		if err == io.EOF {
			return packets
		}
		if err != nil {
			t.Fatalf("after %d packets: %v", len(packets), err)
		}
		packets = append(packets, bytes.Clone(packet))
	}
}
