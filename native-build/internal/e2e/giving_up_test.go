package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// heldOffers is an SFU that takes its time with the offers that announce a type of track.
type heldOffers struct {
	arrived chan struct{}
	release chan struct{}
}

func (w *world) hesitatingSFU(kind models.TrackType) *heldOffers {
	w.t.Helper()
	h := &heldOffers{arrived: make(chan struct{}, 10), release: make(chan struct{})}
	w.interpose(interposerHooks{request: func(r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/SetPublisher") {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		request := new(signal.SetPublisherRequest)
		_ = proto.Unmarshal(body, request)
		for _, track := range request.GetTracks() {
			if track.GetTrackType() == kind {
				h.arrived <- struct{}{}
				<-h.release
			}
		}
		return false
	}})
	return h
}

// liveAtTheSFU are the tracks that the SFU takes a user to publish.
func (w *world) liveAtTheSFU(user string) (live []models.TrackType) {
	for _, p := range w.sfu.Participants(callCID) {
		if p.GetUserId() == user {
			live = p.GetPublishedTracks()
		}
	}
	return live
}

func (b *bot) checkNoOutage() {
	b.t.Helper()
	for _, e := range b.all() {
		if e.GetReconnecting() != nil {
			b.t.Errorf("%s: %v", b.name, e)
		}
	}
}

func TestAVideoThatIsGivenUpWhileItIsMadeKnownDisturbsNothingElse(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	film := mediatest.Film(t, "vp8", 30, 15)
	held := w.hesitatingSFU(models.TrackType_TRACK_TYPE_VIDEO)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 10)

	s := alice.publish("camera", film, asVideo(camera, media.IVF), looped)
	<-held.arrived
	if err := alice.ClosePublication(within(t), s.id); err != nil {
		t.Fatal(err)
	}
	if end := await(alice, 0, ended); end.GetReason() != "closed" {
		t.Errorf("ended: %v", end)
	}
	close(held.release)
	heard.await(t, heard.count()+25)
	alice.publish("again", film, asVideo(camera, media.IVF), looped)
	seen, _ := bob.open("alice", camera, media.Spec{})
	seen.await(t, 10)
	alice.checkNoOutage()
}

func TestAudioThatIsGivenUpWhileItIsMadeKnownIsSilent(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	held := w.hesitatingSFU(models.TrackType_TRACK_TYPE_AUDIO)
	alice, bob := w.join("alice"), w.join("bob")
	ctx, giveUp := context.WithCancel(within(t))
	answer := make(chan error, 1)
	go func() {
		_, err := alice.Publish(ctx, rtc.PublishOptions{Name: "speech", TrackType: audio, Media: media.Spec{Format: media.Ogg}},
			func() (rtc.ByteSource, error) { return newSource(), nil })
		answer <- err
	}()
	<-held.arrived
	giveUp()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	close(held.release)
	alice.publish("again", file, looped) // waits for the end of the first
	bob.listen("alice").await(t, 10)
	if running := alice.Publications(); len(running) != 1 {
		t.Errorf("publications: %+v", running)
	}
	if err := alice.ClosePublication(within(t), alice.Publications()[0].SourceID); err != nil {
		t.Fatal(err)
	}
	if live := w.liveAtTheSFU("alice"); len(live) != 0 {
		t.Errorf("live: %v", live)
	}
	alice.checkNoOutage()
}
