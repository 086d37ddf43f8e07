package e2e

import (
	"bytes"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

func TestPublicationsInARowReuseTheTrack(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	file, sent, _ := speech(t, 500*time.Millisecond)

	var heard *pages
	for round := 1; round <= 3; round++ {
		after, seen := alice.mark(), bob.mark()
		s := alice.publish("speech", file)
		await(bob, seen, published)
		if heard == nil {
			heard = bob.listen("alice")
		}
		if end := await(alice, after, ended); end.GetReason() != "completed" || end.GetSourceId() != s.id {
			t.Fatalf("round %d ended so: %v", round, end)
		}
		<-s.closed
		await(bob, seen, func(e *rtcproto.Event) (bool, bool) { return true, e.GetTrackUnpublished() != nil })
		heard.await(t, round*len(sent))
	}
	if peers := w.engine.PeerConnections(); peers != 2 {
		t.Errorf("%d peer connections; one publishes and one subscribes", peers)
	}
	if tracks := bob.Stats().Tracks; len(tracks) != 1 || tracks[0].Packets != uint64(3*len(sent)) || tracks[0].Lost != 0 {
		t.Errorf("bob received %+v", tracks)
	}
	got := packetsOf(t, heard.bytes())
	for i := range got {
		if packet := got[i]; len(packet) > 2 && !bytes.Equal(packet, sent[i%len(sent)]) {
			t.Fatalf("packet %d differs", i)
		}
	}
}

func TestPublicationEndsWithAReason(t *testing.T) {
	file, _, _ := speech(t, 400*time.Millisecond)
	stream := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, test := range map[string]struct {
		media   []byte
		open    bool // the body never ends
		options func(*rtc.PublishOptions)
		reason  string
		kind    failure.Kind
	}{
		"garbage":               {media: []byte("this is not an Ogg file, and long enough to be none"), reason: "failed", kind: failure.MalformedMedia},
		"nothing":               {media: nil, reason: "failed", kind: failure.MalformedMedia},
		"cut off":               {media: file[:len(file)-10], reason: "failed", kind: failure.MalformedMedia},
		"garbage in the middle": {media: stream(file, []byte("garbage that goes on for more than a page's header")), reason: "failed", kind: failure.MalformedMedia},
		"another codec":         {media: vorbisHead(), reason: "failed", kind: failure.UnsupportedFormat},
		"chained":               {media: stream(file, file), reason: "completed"},
		"stalled": {media: file[:len(file)/2], open: true, reason: "failed", kind: failure.MediaStalled,
			options: func(o *rtc.PublishOptions) { o.StallTimeout = 200 * time.Millisecond }},
		"as fast as possible": {media: file, reason: "completed", options: func(o *rtc.PublishOptions) { o.AsFastAsPossible = true }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice := w.join("alice")
			change := test.options
			if change == nil {
				change = func(*rtc.PublishOptions) {}
			}
			s := alice.openPublication("x", change)
			go func() {
				_, _ = s.input.Write(test.media)
				if !test.open {
					s.input.Close()
				}
			}()
			end := await(alice, 0, ended)
			if end.GetReason() != test.reason || failure.Kind(end.GetError().GetKind()) != test.kind {
				t.Errorf("the publication ended so: %v", end)
			}
			<-s.closed
			if running := alice.Publications(); len(running) != 0 {
				t.Errorf("still there: %+v", running)
			}
		})
	}
}

// vorbisHead is the first page of an Ogg file with another codec.
func vorbisHead() []byte {
	page := []byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1e\x01vorbis")
	page = append(page, make([]byte, 0x1e-7)...)
	sum := uint32(0)
	for _, b := range page {
		sum ^= uint32(b) << 24
		for range 8 {
			if sum&0x80000000 != 0 {
				sum = sum<<1 ^ 0x04c11db7
			} else {
				sum <<= 1
			}
		}
	}
	page[22], page[23], page[24], page[25] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	return page
}

func TestSendersThatPaceThemselvesAreNotHeldBack(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	file, sent, _ := speech(t, 10*time.Second)
	start := time.Now()
	alice.publish("speech", file, func(o *rtc.PublishOptions) { o.AsFastAsPossible = true })
	end := await(alice, 0, ended)
	if end.GetReason() != "completed" || end.GetPackets() != uint64(len(sent)) || end.GetDurationMs() != 10_000 {
		t.Errorf("the publication ended so: %v", end)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("10 s of media took %v", took)
	}
}

func TestNamesAndTrackTypesAreUnique(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	alice.openPublication("speech")
	for name, options := range map[string]rtc.PublishOptions{
		"name":       {Name: "speech", TrackType: rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO},
		"track type": {Name: "other", TrackType: audio},
	} {
		_, err := alice.Publish(within(t), options, func() (rtc.ByteSource, error) { return newSource(), nil })
		if failure.KindOf(err) != failure.PublicationExists {
			t.Errorf("the same %s: %v", name, err)
		}
	}
}

func TestTwoTrackTypesAtOnce(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob", func(o *rtc.JoinOptions) { o.Subscriptions.Audio = rtc.Selection{Users: []string{"alice"}} })
	file, sent, _ := speech(t, 600*time.Millisecond)
	screenAudio := rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO

	alice.publish("voice", file)
	alice.publish("film", file, func(o *rtc.PublishOptions) { o.TrackType = screenAudio })
	voice := bob.listen("alice")
	film := newPages()
	if _, err := bob.Listen(within(t), rtc.ListenOptions{Owner: "alice", TrackType: screenAudio, Wait: patience},
		func() (rtc.PageSink, error) { return film, nil }); err != nil {
		t.Fatal(err)
	}
	voice.await(t, len(sent))
	film.await(t, len(sent))
}

func TestClosedPublicationStops(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	file, _, _ := speech(t, 300*time.Millisecond)
	s := alice.publish("hum", file, func(o *rtc.PublishOptions) { o.Loop = true })
	await(alice, 0, func(e *rtcproto.Event) (bool, bool) {
		return true, e.GetConnectionStateChanged().GetState() == rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED
	})
	heard := w.join("bob").listen("alice")
	heard.await(t, 30) // twice as long as the file
	if err := alice.ClosePublication(within(t), s.id); err != nil {
		t.Fatal(err)
	}
	if end := await(alice, 0, ended); end.GetReason() != "closed" || end.GetDurationMs() < 300 {
		t.Errorf("the publication ended so: %v", end)
	}
	if err := alice.ClosePublication(within(t), s.id); failure.KindOf(err) != failure.SourceNotFound {
		t.Errorf("closing twice: %v", err)
	}
}

func TestMutedPublicationGoesOnInItsOwnTime(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	file, sent, _ := speech(t, 1500*time.Millisecond)
	alice.publish("speech", file)
	heard := bob.listen("alice")
	heard.await(t, 15)

	yes, no := true, false
	if muted, err := alice.Mute(within(t), &yes, nil); err != nil || !muted.Audio {
		t.Fatalf("muted: %+v, %v", muted, err)
	}
	await(bob, 0, func(e *rtcproto.Event) (bool, bool) { return true, e.GetTrackUnpublished() != nil })
	seen := bob.mark()
	if muted, err := alice.Mute(within(t), &no, nil); err != nil || muted.Audio {
		t.Fatalf("muted: %+v, %v", muted, err)
	}
	if track := await(bob, seen, published); track.GetMuted() {
		t.Errorf("published: %v", track)
	}
	end := await(alice, 0, ended)
	if end.GetReason() != "completed" || end.GetDurationMs() != 1500 || end.GetPackets() > uint64(len(sent)) {
		t.Errorf("the publication ended so: %v", end)
	}
	heard.await(t, 40)
}

func TestSessionEndsItsPublicationsAndSinks(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	file, _, _ := speech(t, 5*time.Second)
	s := alice.publish("speech", file)
	heard, again := bob.listen("alice"), bob.listen("alice")
	heard.await(t, 5)
	alice.leave()
	<-s.closed
	if end := await(alice, 0, ended); end.GetReason() != "session_ended" {
		t.Errorf("the publication ended so: %v", end)
	}
	heard.awaitEnd(t)
	again.awaitEnd(t)
	gone := await(bob, 0, func(e *rtcproto.Event) (*rtcproto.SinkEnded, bool) { return e.GetSinkEnded(), e.GetSinkEnded() != nil })
	if gone.GetReason() != "track_ended" || gone.GetPackets() == 0 {
		t.Errorf("the sink ended so: %v", gone)
	}
}

func TestListeningToNobody(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	for _, wait := range []time.Duration{0, 50 * time.Millisecond} {
		_, err := alice.Listen(within(t), rtc.ListenOptions{Owner: "nobody", TrackType: audio, Wait: wait}, nil)
		if failure.KindOf(err) != failure.TrackNotFound {
			t.Errorf("after %v: %v", wait, err)
		}
	}
}

func TestSubscriptionsFollowThePolicy(t *testing.T) {
	w := newWorld(t)
	alice, carol := w.join("alice"), w.join("carol")
	bob := w.join("bob", func(o *rtc.JoinOptions) { o.Subscriptions.Audio = rtc.Selection{} })
	file, sent, _ := speech(t, time.Second)

	alice.publish("speech", file, func(o *rtc.PublishOptions) { o.Loop = true })
	carol.publish("speech", file, func(o *rtc.PublishOptions) { o.Loop = true })
	// A sink hears what the policy leaves out, and only that.
	heard := bob.listen("alice")
	heard.await(t, len(sent))
	if tracks := bob.Stats().Tracks; len(tracks) != 1 {
		t.Errorf("bob receives %+v", tracks)
	}
	wanted := rtc.Subscriptions{Audio: rtc.Selection{Users: []string{"carol"}}, MaxVideoHeight: 360}
	if _, err := bob.Subscribe(within(t), wanted); err != nil {
		t.Fatal(err)
	}
	changed := await(bob, 0, func(e *rtcproto.Event) (*rtcproto.SubscriptionsChanged, bool) {
		return e.GetSubscriptionsChanged(), e.GetSubscriptionsChanged() != nil
	})
	if changed.GetAudio() != "some" || changed.GetAudioUserIds()[0] != "carol" || changed.GetMaxVideoHeight() != 360 {
		t.Errorf("changed: %v", changed)
	}
	bob.listen("carol").await(t, 10)
}

func TestSpeakingIsSeenByTheOthers(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	file, _, _ := speech(t, time.Second)
	alice.publish("speech", file, func(o *rtc.PublishOptions) { o.Loop = true })
	level := await(bob, 0, func(e *rtcproto.Event) (*rtcproto.AudioLevel, bool) {
		for _, level := range e.GetAudioLevels().GetLevels() {
			if level.GetUserId() == "alice" && level.GetIsSpeaking() {
				return level, true
			}
		}
		return nil, false
	})
	if level.GetLevel() <= 0 || level.GetLevel() > 1 {
		t.Errorf("level: %v", level)
	}
	await(bob, 0, func(e *rtcproto.Event) (bool, bool) {
		return true, e.GetDominantSpeakerChanged().GetUserId() == "alice"
	})
}
