package e2e

import (
	"bytes"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/nettest"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtc"
)

const (
	badRate = 16_000
	// longestGap is how long a mix may be silent where everybody speaks on.
	longestGap = 120 * time.Millisecond
)

// badNetwork loses 5 % of the packets, and those that come take 100 ms ± 30 ms, so that they overtake each other.
var badNetwork = nettest.Path{Loss: 0.05, Delay: 100 * time.Millisecond, Jitter: 30 * time.Millisecond, Reorder: true}

// hum is a voice that never pauses.
func hum(pitch float64, frames int) []int16 {
	samples, phase := make([]int16, frames), 0.0
	for i := range samples {
		phase += 2 * math.Pi * (pitch + 30*math.Sin(2*math.Pi*float64(i)/float64(2*badRate))) / badRate
		samples[i] = int16(6000 * (math.Sin(phase) + 0.5*math.Sin(2*phase) + 0.3*math.Sin(5*phase)))
	}
	return samples
}

// live speaks by a clock of its own, that is fast by a share, until it is told to stop.
func (b *bot) live(pitch, drift float64) (stop func()) {
	const chunk = 20 * time.Millisecond
	source := b.speak("live", media.Spec{Format: media.S16LE, PCM: pcm.Format{Rate: badRate, Channels: 1}}, func(o *rtc.PublishOptions) {
		o.AsFastAsPossible, o.Encoding.PacketLoss = true, 10
	})
	voice := mediatest.Bytes(hum(pitch, 4*badRate)) // whole periods, so that it can be repeated
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		size := 2 * badRate / 50
		for begun, i := time.Now(), 0; ; i++ {
			due := begun.Add(time.Duration(float64(i) * float64(chunk) / (1 + drift)))
			select {
			case <-stopping:
				return
			case <-time.After(time.Until(due)):
				at := i * size % len(voice)
				source.write(voice[at : at+size])
			}
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}

// silences measures, in steps of 5 ms, the longest silence in samples after their first sound, where it ends, and for how
// long they go on from there.
func silences(samples []int16) (longest, at, length time.Duration) {
	const step = 5 * time.Millisecond
	size, run, begun := int(badRate*step/time.Second), time.Duration(0), false
	for ; len(samples) >= size; samples = samples[size:] {
		loud := mediatest.Power(samples[:size]) > 1e-5
		begun = begun || loud
		switch {
		case loud:
			run = 0
		case begun:
			if run += step; run > longest {
				longest, at = run, length
			}
		}
		if begun {
			length += step
		}
	}
	return longest, at, length
}

// watchStalls answers how long the machine kept this process waiting at most: that is no silence of the network's.
func watchStalls(t *testing.T) (worst func() time.Duration) {
	var longest atomic.Int64
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		const nap = 10 * time.Millisecond
		for last := time.Now(); ; last = time.Now() {
			select {
			case <-done:
				return
			case <-time.After(nap):
				longest.Store(max(longest.Load(), int64(time.Since(last)-nap)))
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		<-stopped
	})
	return func() time.Duration { return time.Duration(longest.Load()) }
}

// listenThrough hears two people with clocks that differ by 400 ppm, each alone, for a time through a path.
func listenThrough(t *testing.T, duration time.Duration, up, down nettest.Path) {
	w, relay := newWorldBehindRelay(t)
	w.coordinator.wantRedundantAudio()
	relay.SetUplink(up)
	relay.SetDownlink(down)
	bob, stalled := w.join("bob"), watchStalls(t)
	heard := map[string]*pages{}
	for user, drift := range map[string]float64{"alice": 200e-6, "carol": -200e-6} {
		defer w.join(user).live(map[string]float64{"alice": 140, "carol": 190}[user], drift)()
		spec := media.Spec{Format: media.S16LE, PCM: pcm.Format{Rate: badRate, Channels: 1}}
		heard[user] = bob.mix(rtc.MixOptions{Users: rtc.Selection{Users: []string{user}}, Media: spec})
	}
	for range heard {
		await(bob, 0, published)
	}
	frames := int(duration / (20 * time.Millisecond))
	for user, p := range heard {
		p.awaitFor(t, frames, duration+patience)
		longest, at, length := silences(mediatest.Samples(bob.closeSink(p)))
		t.Logf("%s: %v heard, longest gap %v, at %v; the machine stalled for %v at most", user, length, longest, at, stalled())
		if longest > longestGap+stalled() {
			t.Errorf("%s was silent for %v", user, longest)
		}
		if length < duration-5*time.Second {
			t.Errorf("%s was heard for %v of %v", user, length, duration)
		}
	}
	t.Logf("the network: %+v", relay.Counts())
}

func TestNobodyIsInterruptedThroughLossDelayAndDisorder(t *testing.T) {
	t.Parallel()
	listenThrough(t, 30*time.Second, allWell, badNetwork)
}

func TestNobodyIsInterruptedWhereBothEndsHaveABadNetwork(t *testing.T) {
	t.Parallel()
	listenThrough(t, 30*time.Second, badNetwork, badNetwork)
}

func TestAudioThatRepeatsItselfNeedsNoResends(t *testing.T) {
	w, relay := newWorldBehindRelay(t)
	w.coordinator.wantRedundantAudio()
	file, sent, _ := speech(t, 5*time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file)
	await(bob, 0, published)
	heard := bob.listen("alice")
	heard.await(t, 10)
	relay.SetUplink(nettest.Path{Loss: 0.1, Delay: 10 * time.Millisecond})
	heard.await(t, len(sent)-10)
	relay.SetUplink(allWell)
	end := await(alice, 0, ended)
	var resent uint64
	var received rtc.TrackStats
	for _, track := range append(alice.Stats().Tracks, bob.Stats().Tracks...) {
		if track.Direction == rtc.Send {
			resent = track.Resent
		} else {
			received = track
		}
	}
	bob.leave()
	heard.awaitEnd(t)

	differing := 0
	for _, packet := range packetsOf(t, heard.bytes()) {
		if !containsPacket(sent, packet) {
			differing++
		}
	}
	lost := relay.Counts().Dropped
	t.Logf("%d datagrams lost, %d sent again, %d packets concealed, %d bytes for %d of Opus", lost, resent, differing, received.Bytes, end.Bytes)
	if lost < 10 || int(resent) > lost/2 || differing > len(sent)/50 {
		t.Errorf("%d datagrams were lost, %d sent again, %d packets not heard", lost, resent, differing)
	}
	if received.Codec != "opus" || received.Bytes < 3*end.Bytes/2 {
		t.Errorf("%s came in %d bytes, of %d of Opus: nothing is repeated", received.Codec, received.Bytes, end.Bytes)
	}
}

func containsPacket(packets [][]byte, wanted []byte) bool {
	for _, packet := range packets {
		if bytes.Equal(packet, wanted) {
			return true
		}
	}
	return false
}
