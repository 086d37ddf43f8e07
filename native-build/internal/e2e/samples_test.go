package e2e

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/wav"
)

// queue is a source that holds any number of bytes, as those of hosts do.
type queue struct {
	id     uint64
	mu     sync.Mutex
	data   []byte
	ended  bool
	closed bool
	news   chan struct{}
}

func newQueue() *queue { return &queue{id: handles.Add(1), news: make(chan struct{}, 1)} }

func (q *queue) ID() uint64 { return q.id }

func (q *queue) Read(ctx context.Context, p []byte) (int, error) {
	for {
		q.mu.Lock()
		n := copy(p, q.data)
		q.data = q.data[n:]
		ended, closed := q.ended, q.closed
		q.mu.Unlock()
		switch {
		case closed:
			return 0, io.ErrClosedPipe
		case n > 0:
			return n, nil
		case ended:
			return 0, io.EOF
		}
		select {
		case <-q.news:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (q *queue) Close() { q.change(func() { q.closed = true }) }
func (q *queue) end()   { q.change(func() { q.ended = true }) }

func (q *queue) write(data []byte) { q.change(func() { q.data = append(q.data, data...) }) }

func (q *queue) change(how func()) {
	q.mu.Lock()
	how()
	q.mu.Unlock()
	select {
	case q.news <- struct{}{}:
	default:
	}
}

// speak publishes bytes of samples.
func (b *bot) speak(name string, spec media.Spec, changes ...func(*rtc.PublishOptions)) *queue {
	b.t.Helper()
	q := newQueue()
	options := rtc.PublishOptions{Name: name, TrackType: audio, Media: spec}
	for _, change := range changes {
		change(&options)
	}
	if _, err := b.Publish(within(b.t), options, func() (rtc.ByteSource, error) { return q, nil }); err != nil {
		b.t.Fatalf("%s does not publish: %v", b.name, err)
	}
	return q
}

// mix opens a mix.
func (b *bot) mix(options rtc.MixOptions) *pages {
	b.t.Helper()
	p := newPages()
	if _, err := b.Mix(within(b.t), options, func() (rtc.PageSink, error) { return p, nil }); err != nil {
		b.t.Fatalf("%s does not hear the mix: %v", b.name, err)
	}
	return p
}

// likeness is how much of a voice is in what was heard, piece by piece, for a jitter buffer moves time a little.
func likeness(voice, heard []int16, rate int) float64 {
	piece := rate / 10
	alike, total := 0.0, 0.0
	for start := 0; start+piece <= len(voice); start += piece {
		part := voice[start : start+piece]
		power := mediatest.Power(part)
		best := 0.0
		for at := 0; power > 0 && at+piece <= len(heard); at++ {
			best = max(best, mediatest.Correlation(part, heard[at:at+piece]))
		}
		alike, total = alike+best*power, total+power
	}
	return alike / total
}

func networkOrder(samples []int16) []byte { return pcm.AppendS16BE(nil, samples) }

func connected(e *rtcproto.Event) (bool, bool) {
	change := e.GetConnectionStateChanged()
	return true, change.GetPeer() == rtcproto.PeerKind_PEER_KIND_SUBSCRIBER &&
		change.GetState() == rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED
}

func TestSamplesAreHeardAsSamples(t *testing.T) {
	const rate = 8000
	format := pcm.Format{Rate: rate, Channels: 1}
	voice := mediatest.Voice(rate, 2*rate)
	for name, test := range map[string]struct {
		spec    media.Spec
		encode  func([]int16) []byte // the beginning of the source
		samples func([]int16) []byte // what comes later
		decode  func([]byte) []int16
	}{
		"little endian": {
			media.Spec{Format: media.S16LE, PCM: format}, mediatest.Bytes, mediatest.Bytes,
			func(data []byte) []int16 { return mediatest.Samples(data) },
		},
		"network order": {
			media.Spec{Format: media.S16BE, PCM: format},
			networkOrder, networkOrder,
			func(data []byte) []int16 {
				samples := make([]int16, len(data)/2)
				pcm.S16BE.Decode(samples, data)
				return samples
			},
		},
		"wav": {
			media.Spec{Format: media.WAV, PCM: format},
			func(samples []int16) []byte {
				return pcm.AppendS16LE(wav.AppendHeader(nil, format, wav.Unknown), samples)
			},
			mediatest.Bytes,
			func(data []byte) []int16 { return mediatest.Samples(data[wav.HeaderSize:]) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice, bob := w.join("alice"), w.join("bob")
			voices := alice.speak("voice", test.spec)
			heard, listening := bob.open("alice", audio, test.spec)
			if listening.Format != test.spec.Format || listening.Codec != "opus" {
				t.Errorf("listening: %+v", listening)
			}
			voices.write(test.encode(make([]int16, rate/5))) // while the connections are made, beginnings are hurried
			await(bob, 0, connected)
			heard.await(t, heard.count()+25)
			voices.write(test.samples(voice))
			voices.end()
			if end := await(alice, 0, ended); end.GetReason() != "completed" || end.GetDurationMs() < 2200 || end.GetDurationMs() > 2400 {
				t.Errorf("the publication ended so: %v", end)
			}
			heard.await(t, heard.count()+25) // half a second more for what is on its way
			if alike := likeness(voice, test.decode(bob.closeSink(heard)), rate); alike < 0.9 {
				t.Errorf("likeness %.3f", alike)
			}
		})
	}
}

func TestMixHoldsEverybodyAsked(t *testing.T) {
	const rate = 8000
	w := newWorld(t)
	bob := w.join("bob")
	format := pcm.Format{Rate: rate, Channels: 1}
	spec := media.Spec{Format: media.S16LE, PCM: format}
	frequencies := map[string]float64{"alice": 500, "carol": 900, "dave": 1300}
	for name, frequency := range frequencies {
		source := w.join(name).speak("tone", spec, func(o *rtc.PublishOptions) { o.Loop = true; o.Encoding.Music = true })
		source.write(mediatest.Bytes(mediatest.Tone(rate, 1, frequency, 0.2, rate)))
		source.end()
	}
	everybody := bob.mix(rtc.MixOptions{Users: rtc.Selection{All: true}, Media: spec, Speakers: true})
	some := bob.mix(rtc.MixOptions{Users: rtc.Selection{Users: []string{"alice", "dave"}}, Media: spec})
	coded := bob.mix(rtc.MixOptions{Users: rtc.Selection{All: true}, Media: media.Spec{Format: media.Ogg, PCM: media.DefaultPCM}})
	for name := range frequencies {
		await(bob, 0, func(e *rtcproto.Event) (bool, bool) {
			change := e.GetSpeakerChanged()
			return true, change.GetUserId() == name && change.GetSpeaking() && change.GetSinkId() == everybody.id
		})
	}
	everybody.await(t, everybody.count()+60)
	// A stall of the machine may cost a voice its place for a moment: together they have to be heard somewhere, and who was
	// not asked for nowhere.
	check := func(what string, samples []int16, present map[string]bool) {
		t.Helper()
		together := false
		for at := 0; at+rate/2 <= len(samples); at += rate / 10 {
			all := true
			for name, frequency := range frequencies {
				snr := mediatest.ToneSNR(samples[at:at+rate/2], rate, frequency)
				all = all && (!present[name] || snr >= -8)
				if !present[name] && snr > -25 {
					t.Errorf("%s: the tone of %s has %.1f dB", what, name, snr)
				}
			}
			together = together || all
		}
		if !together {
			t.Errorf("%s: %v were never heard together", what, present)
		}
	}
	heard := func(p *pages) []int16 { return mediatest.Samples(bob.closeSink(p)) }
	check("everybody", heard(everybody), map[string]bool{"alice": true, "carol": true, "dave": true})
	check("some", heard(some), map[string]bool{"alice": true, "dave": true})
	decoded := mediatest.Run(t, bob.closeSink(coded), "ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ar", fmt.Sprint(rate), "-ac", "1", "-")
	check("Ogg", mediatest.Samples(decoded), map[string]bool{"alice": true, "carol": true, "dave": true})
	if sinks := bob.Stats().Sinks; len(sinks) != 0 {
		t.Errorf("sinks are left: %+v", sinks)
	}
}

func TestFlushDropsWhatIsQueued(t *testing.T) {
	const rate = 16000
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	spec := media.Spec{Format: media.S16LE, PCM: pcm.Format{Rate: rate, Channels: 1}}
	source := alice.speak("voice", spec)
	heard := bob.mix(rtc.MixOptions{Users: rtc.Selection{All: true}, Media: spec, Speakers: true})
	const seconds = 10
	source.write(mediatest.Bytes(mediatest.Tone(rate, 1, 440, 0.5, seconds*rate)))
	if err := alice.MarkPublication(source.id, "early", 2*rate/5); err != nil { // 200 ms
		t.Fatal(err)
	}
	if err := alice.MarkPublication(source.id, "late", 2*seconds*rate); err != nil {
		t.Fatal(err)
	}
	speaking := func(wanted bool) func(e *rtcproto.Event) (bool, bool) {
		return func(e *rtcproto.Event) (bool, bool) {
			change := e.GetSpeakerChanged()
			return true, change != nil && change.GetSpeaking() == wanted
		}
	}
	await(bob, 0, speaking(true))
	reached := func(name string) *rtcproto.MarkReached {
		return await(alice, 0, func(e *rtcproto.Event) (*rtcproto.MarkReached, bool) {
			return e.GetMarkReached(), e.GetMarkReached().GetMark() == name
		})
	}
	if mark := reached("early"); mark.GetDropped() || mark.GetPositionMs() < 200 || mark.GetPositionMs() > 240 {
		t.Errorf("early: %v", mark)
	}
	before := time.Now()
	dropped, err := alice.FlushPublication(within(t), source.id)
	if took := time.Since(before); err != nil || took > 500*time.Millisecond {
		t.Errorf("flushed %d bytes in %v: %v", dropped, took, err)
	}
	if dropped < rate || dropped > 2*seconds*rate {
		t.Errorf("%d of %d bytes were dropped", dropped, 2*seconds*rate)
	}
	if mark := reached("late"); !mark.GetDropped() {
		t.Errorf("late: %v", mark)
	}
	seen := bob.mark()
	await(bob, 0, speaking(false))

	// What comes after the flush is heard.
	source.write(mediatest.Bytes(mediatest.Tone(rate, 1, 440, 0.5, rate/2)))
	if err := alice.MarkPublication(source.id, "again", 2*rate/2+1<<40); err != nil {
		t.Fatal(err)
	}
	await(bob, seen, speaking(true))
	source.end()
	if end := await(alice, 0, ended); end.GetReason() != "completed" {
		t.Errorf("the publication ended so: %v", end)
	}
	heard.await(t, 10)
	if _, err := alice.FlushPublication(within(t), source.id); failure.KindOf(err) != failure.SourceNotFound {
		t.Errorf("flushing what has ended: %v", err)
	}
}

func TestOnlySamplesCanBeFlushed(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	s := alice.openPublication("speech")
	if _, err := alice.FlushPublication(within(t), s.id); failure.KindOf(err) != failure.UnsupportedFormat {
		t.Errorf("flushing Ogg: %v", err)
	}
	if err := alice.MarkPublication(s.id, "x", 1); failure.KindOf(err) != failure.UnsupportedFormat {
		t.Errorf("marking Ogg: %v", err)
	}
}
