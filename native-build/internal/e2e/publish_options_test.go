package e2e

import (
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// optionsKept notes the publish options that an SFU gives to whoever joins.
type optionsKept struct {
	*interposer
	mu    sync.Mutex
	given []*models.PublishOption
}

func (w *world) changingSFU() *optionsKept {
	w.t.Helper()
	p := new(optionsKept)
	p.interposer = w.interpose(interposerHooks{event: func(_ string, e *event.SfuEvent) {
		if joined := e.GetJoinResponse(); joined != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.given = joined.GetPublishOptions()
		}
	}})
	return p
}

func (p *optionsKept) options() []*models.PublishOption {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.given
}

// change tells a bot other options: those that pick takes, which may change them.
func (p *optionsKept) change(b *bot, pick func(*models.PublishOption) bool) {
	changed := new(event.ChangePublishOptions)
	for _, option := range p.options() {
		if pick(option) {
			changed.PublishOptions = append(changed.PublishOptions, option)
		}
	}
	p.tell(b.Info().ParticipantSessionID, &event.SfuEvent{
		EventPayload: &event.SfuEvent_ChangePublishOptions{ChangePublishOptions: changed},
	})
}

// quality tells a bot whether the layers of its camera are wanted.
func (p *optionsKept) quality(b *bot, optionID int32, active bool) {
	p.tell(b.Info().ParticipantSessionID, &event.SfuEvent{EventPayload: &event.SfuEvent_ChangePublishQuality{
		ChangePublishQuality: &event.ChangePublishQuality{VideoSenders: []*event.VideoSender{{
			TrackType: models.TrackType_TRACK_TYPE_VIDEO, PublishOptionId: optionID,
			Layers: []*event.VideoLayerSetting{{Name: "f", Active: active}},
		}}},
	}})
}

func (p *optionsKept) cameraOption() int32 {
	for _, option := range p.options() {
		if option.GetTrackType() == models.TrackType_TRACK_TYPE_VIDEO {
			return option.GetId()
		}
	}
	return -1
}

func TestAPublicationEndsWhenTheSFUWantsNoneOfItsKind(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	p := w.changingSFU()
	alice := w.join("alice")
	film := mediatest.Film(t, "vp8", 30, 15)
	alice.publish("speech", file, looped)
	alice.publish("camera", film, asVideo(camera, media.IVF), looped)

	p.change(alice, func(o *models.PublishOption) bool { return o.GetTrackType() != models.TrackType_TRACK_TYPE_VIDEO })

	end := await(alice, 0, ended)
	if end.GetName() != "camera" || end.GetReason() != "failed" || end.GetError().GetKind() != string(failure.SFURejected) {
		t.Errorf("ended: %v", end)
	}
	if running := alice.Publications(); len(running) != 1 || running[0].Name != "speech" {
		t.Errorf("publications: %+v", running)
	}
	_, err := alice.Publish(within(t), rtc.PublishOptions{Name: "again", TrackType: camera, Media: media.Spec{Format: media.IVF}},
		func() (rtc.ByteSource, error) { return newSource(), nil })
	if failure.KindOf(err) != failure.SFURejected {
		t.Errorf("publishing what is not wanted: %v", err)
	}
	p.change(alice, func(*models.PublishOption) bool { return true })
	again := newSource()
	options := rtc.PublishOptions{Name: "again", TrackType: camera, Media: media.Spec{Format: media.IVF}, Loop: true}
	for deadline := time.Now().Add(patience); ; {
		_, err = alice.Publish(within(t), options, func() (rtc.ByteSource, error) { return again, nil })
		if err == nil {
			break
		}
		if failure.KindOf(err) != failure.SFURejected || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	go func() {
		_, _ = again.input.Write(film)
		again.input.Close()
	}()
	seen, _ := w.join("bob").open("alice", camera, media.Spec{})
	seen.await(t, 10)
}

func TestSamplesFollowTheBitrateThatTheSFUAsksFor(t *testing.T) {
	const rate = 48_000
	w := newWorld(t)
	p := w.changingSFU()
	alice, bob := w.join("alice"), w.join("bob")
	format := pcm.Format{Rate: rate, Channels: 1}
	voice := pcm.AppendS16LE(nil, mediatest.Voice(rate, 30*rate))
	alice.speak("voice", media.Spec{Format: media.S16LE, PCM: format}).write(voice)
	heard := bob.listen("alice")
	heard.await(t, 1)
	size := func(packets int) int {
		from := len(packetsOf(t, heard.bytes()))
		heard.await(t, from+packets)
		total := 0
		for _, packet := range packetsOf(t, heard.bytes())[from:] {
			total += len(packet)
		}
		return total * 8 * 50 / packets
	}
	if before := size(50); before < 40_000 {
		t.Errorf("%d bits a second of voice before", before)
	}
	p.change(alice, func(o *models.PublishOption) bool {
		if o.GetTrackType() == models.TrackType_TRACK_TYPE_AUDIO {
			o.Bitrate = 12_000
		}
		return true
	})
	for deadline := time.Now().Add(patience); ; {
		after := size(25)
		if after < 20_000 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bits a second of voice after", after)
		}
	}
}

func TestVideoThatNobodyNeedsIsNotSentUntilItIsWantedAgain(t *testing.T) {
	const frames = 30
	w := newWorld(t)
	p := w.changingSFU()
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("camera", mediatest.Film(t, "vp8", frames, 10), asVideo(camera, media.IVF), looped)
	seen, _ := bob.open("alice", camera, media.Spec{})
	seen.await(t, 10)
	sent := func() uint64 { return alice.Publications()[0].Packets }
	position := func() time.Duration { return alice.Publications()[0].Duration }

	p.quality(alice, p.cameraOption()+100, false) // of something else
	seen.await(t, seen.count()+10)
	p.quality(alice, p.cameraOption(), false)
	atRest := func() (still bool) {
		before, at := sent(), position()
		w.eventually("its time goes on", func() bool { return position() >= at+500*time.Millisecond })
		return sent() == before
	}
	for deadline := time.Now().Add(patience); !atRest(); {
		if time.Now().After(deadline) {
			t.Fatal("it is still sent")
		}
	}
	before := seen.count()
	p.quality(alice, p.cameraOption(), true)
	seen.await(t, before+20)
	eachOfTheFilm(t, bob.closeSink(seen), mediatest.FilmPictures(t, frames))
}
