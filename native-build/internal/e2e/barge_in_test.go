package e2e

import (
	"slices"
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtc"
)

// silentWithin is how soon a listener hears nothing more after a flush.
const silentWithin = 60 * time.Millisecond

// ear is a sink that notes when it last heard something.
type ear struct {
	*pages
	mu    sync.Mutex
	heard time.Time
	news  chan struct{}
}

func (e *ear) Write(page []byte) (int, int) {
	loud := mediatest.Power(mediatest.Samples(page)) > 1e-3
	e.mu.Lock()
	if loud {
		e.heard = time.Now()
	}
	close(e.news)
	e.news = make(chan struct{})
	e.mu.Unlock()
	return 0, 0
}

// await waits until something is heard, or until nothing has been for a time, and answers when it last was.
func (e *ear) await(t *testing.T, loud bool, quiet time.Duration) time.Time {
	t.Helper()
	deadline := time.After(patience)
	begun := time.Now()
	for {
		e.mu.Lock()
		heard, news := e.heard, e.news
		e.mu.Unlock()
		since := time.Since(heard)
		if loud && heard.After(begun) || !loud && since >= quiet {
			return heard
		}
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("loud %v: last heard %v ago", loud, since)
		}
	}
}

func TestAListenerHearsNothingMoreSixtyMillisecondsAfterAFlush(t *testing.T) {
	const rate, rounds = 16_000, 9
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	spec := media.Spec{Format: media.S16LE, PCM: pcm.Format{Rate: rate, Channels: 1}}
	source := alice.speak("voice", spec, func(o *rtc.PublishOptions) { o.Encoding.LowDelay = true })
	hearing := &ear{pages: newPages(), news: make(chan struct{})}
	options := rtc.MixOptions{Users: rtc.Selection{All: true}, Media: spec, Encoding: media.Encoding{LowDelay: true}}
	if _, err := bob.Mix(within(t), options, func() (rtc.PageSink, error) { return hearing, nil }); err != nil {
		t.Fatal(err)
	}
	speech := mediatest.Bytes(mediatest.Tone(rate, 1, 440, 0.4, 3*rate))
	var silences []time.Duration
	stalled := watchStalls(t)
	for range rounds {
		source.write(speech)
		hearing.await(t, true, 0)
		begun := time.Now()
		for time.Since(begun) < 300*time.Millisecond { // the delay has settled
			hearing.await(t, true, 0)
		}
		flushed := time.Now()
		if _, err := alice.FlushPublication(within(t), source.id); err != nil {
			t.Fatal(err)
		}
		silences = append(silences, hearing.await(t, false, 250*time.Millisecond).Sub(flushed))
	}
	slices.Sort(silences)
	t.Logf("silent after %v; the machine stalled for %v at most", silences, stalled())
	// A machine that stalls is a network with jitter, which the jitter buffer follows.
	if median := silences[rounds/2]; median > silentWithin+stalled() {
		t.Errorf("silent after %v, half of the time", median)
	}
}

func TestASinkTellsItsLatency(t *testing.T) {
	const rate = 16_000
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	spec := media.Spec{Format: media.S16LE, PCM: pcm.Format{Rate: rate, Channels: 1}}
	heard := bob.mix(rtc.MixOptions{Users: rtc.Selection{All: true}, Media: spec})
	source := alice.speak("voice", spec)
	source.write(mediatest.Bytes(mediatest.Tone(rate, 1, 440, 0.5, 10*rate)))
	await(bob, 0, published)
	bob.listen("alice").await(t, 50)
	heard.await(t, 100)
	for _, sink := range bob.Stats().Sinks {
		decoded := sink.TrackID == ""
		if known := sink.LatencyMs > 0 && sink.DelayMs > 0 && sink.LatencyMs > sink.DelayMs; known != decoded {
			t.Errorf("decoded %v: %+v", decoded, sink)
		}
	}
}
