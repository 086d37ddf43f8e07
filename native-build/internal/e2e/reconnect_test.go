package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func reconnecting(e *rtcproto.Event) (*rtcproto.Reconnecting, bool) {
	return e.GetReconnecting(), e.GetReconnecting() != nil
}

func looped(o *rtc.PublishOptions) { o.Loop = true }

func TestLostSocketIsReplacedWhileMediaFlows(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	p := w.viaProxy("alice")
	alice := w.join("alice")
	bob := w.join("bob")
	alice.publish("speech", file, looped)
	bob.publish("speech", file, looped)
	fromAlice, fromBob := bob.listen("alice"), alice.listen("bob")
	fromAlice.await(t, 10)
	fromBob.await(t, 10)
	before := alice.Info().ParticipantSessionID

	p.cut(false)
	if r := await(alice, 0, reconnecting); r.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_FAST || r.GetAttempt() != 1 {
		t.Errorf("reconnecting: %v", r)
	}
	back := await(alice, 0, reconnected)
	if back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_FAST || back.GetParticipantSessionId() != before {
		t.Errorf("reconnected: %v", back)
	}
	fromAlice.await(t, fromAlice.count()+25)
	fromBob.await(t, fromBob.count()+25)
	// The others do not notice.
	for _, e := range bob.all() {
		if e.GetParticipantLeft() != nil {
			t.Errorf("bob saw %v", e)
		}
	}
	if info := alice.Info(); info.State != rtc.Joined || info.Reconnects != 1 {
		t.Errorf("info: %+v", info)
	}
	// The session works on: a new participant is seen and heard.
	carol := w.join("carol")
	carol.publish("speech", file, looped)
	alice.listen("carol").await(t, 10)
}

func TestLostSFUIsJoinedAgain(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	bob.publish("speech", file, looped)
	fromAlice, fromBob := bob.listen("alice"), alice.listen("bob")
	fromAlice.await(t, 10)
	fromBob.await(t, 10)

	address := signalingAddress(w.sfu)
	w.stopSFU(w.sfu)
	for _, b := range []*bot{alice, bob} {
		await(b, 0, func(e *rtcproto.Event) (bool, bool) { return true, e.GetReconnecting().GetAttempt() >= 2 })
		if state := b.Info().State; state != rtc.Reconnecting {
			t.Errorf("%s is %s", b.name, state)
		}
	}
	w.sfu = w.startSFU(address, "127.0.0.1:0", "sfu-1")
	w.coordinator.use(w.sfu)
	for _, b := range []*bot{alice, bob} {
		if back := await(b, 0, reconnected); back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_REJOIN {
			t.Errorf("%s reconnected: %v", b.name, back)
		}
	}
	fromAlice.await(t, fromAlice.count()+50)
	fromBob.await(t, fromBob.count()+50)
	for _, b := range []*bot{alice, bob} {
		if running := b.Publications(); len(running) != 1 || running[0].TrackID != b.Info().ParticipantSessionID+":audio" {
			t.Errorf("%s publishes %+v", b.name, running)
		}
	}
	// A sink's stream is one stream still.
	packetsOf(t, fromAlice.bytes())
	for _, kind := range []rtcproto.PeerKind{rtcproto.PeerKind_PEER_KIND_PUBLISHER, rtcproto.PeerKind_PEER_KIND_SUBSCRIBER} {
		if last, ends := alice.peerStates(kind); last != rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED || ends != 1 {
			t.Errorf("%s is %s in the end, and was closed %d times", kind, last, ends)
		}
	}
}

// peerStates are the last state of a peer connection, and how often one of its kind was closed.
func (b *bot) peerStates(kind rtcproto.PeerKind) (last rtcproto.ConnectionState, ends int) {
	for _, e := range b.all() {
		if change := e.GetConnectionStateChanged(); change.GetPeer() == kind {
			if last = change.GetState(); last == rtcproto.ConnectionState_CONNECTION_STATE_CLOSED {
				ends++
			}
		}
	}
	return last, ends
}

// loseSession has the SFU forget a session while its socket is cut, as if it had timed out, and answers how it came back.
func (w *world) loseSession(b *bot, p *proxy) *rtcproto.Reconnected {
	w.t.Helper()
	p.cut(true)
	await(b, 0, reconnecting)
	if n, err := w.sfu.Kick(callCID, b.name); err != nil || n != 1 {
		w.t.Fatalf("%d sessions: %v", n, err)
	}
	p.cut(false)
	return await(b, 0, reconnected)
}

func TestRejoinWhenTheSFUForgotTheSession(t *testing.T) {
	w := newWorld(t)
	p := w.viaProxy("alice")
	alice := w.join("alice")
	bob := w.join("bob")
	before := alice.Info().ParticipantSessionID
	back := w.loseSession(alice, p)
	if back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_REJOIN || back.GetParticipantSessionId() == before {
		t.Errorf("reconnected: %v", back)
	}
	await(bob, 0, func(e *rtcproto.Event) (bool, bool) {
		return true, e.GetParticipantJoined().GetParticipant().GetParticipantSessionId() == back.GetParticipantSessionId()
	})
}

// Who has once said whose audio it wants says so with each join; then nobody's comes by itself.
func TestEverybodyIsHeardAfterARejoinThoughNobodyWasWantedBefore(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	p := w.viaProxy("alice")
	alice, bob := w.join("alice"), w.join("bob")
	bob.publish("speech", file, looped)
	for _, audio := range []rtc.Selection{{}, {All: true}} {
		if _, err := alice.Subscribe(within(t), rtc.Subscriptions{Audio: audio}); err != nil {
			t.Fatal(err)
		}
	}
	alice.listen("bob").await(t, 10)
	w.loseSession(alice, p)
	alice.listen("bob").await(t, 10)
}

func TestReconnectGivesUpAtItsDeadline(t *testing.T) {
	w := newWorld(t)
	p := w.viaProxy("alice")
	alice := w.join("alice", func(o *rtc.JoinOptions) { o.Reconnect.Deadline = time.Second })
	p.cut(true)
	last := await(alice, 0, left)
	if last.GetReason() != "reconnect_failed" || last.GetError().GetKind() != string(failure.ReconnectFailed) {
		t.Errorf("left: %v", last)
	}
	attempts := 0
	for _, e := range alice.all() {
		if e.GetReconnecting() != nil {
			attempts++
		}
	}
	if attempts > 6 {
		t.Errorf("%d attempts within a second", attempts)
	}
}

func TestReconnectCanBeOff(t *testing.T) {
	w := newWorld(t)
	p := w.viaProxy("alice")
	alice := w.join("alice", func(o *rtc.JoinOptions) { o.Reconnect.Enabled = false })
	p.cut(false)
	if last := await(alice, 0, left); last.GetReason() != "reconnect_failed" {
		t.Errorf("left: %v", last)
	}
}

func TestReconnectStopsWhenTheCallIsForbidden(t *testing.T) {
	w := newWorld(t)
	p := w.viaProxy("alice")
	alice := w.join("alice")
	w.coordinator.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
		refuse(rw, http.StatusForbidden, 17, "blocked")
		return true
	})
	p.cut(true)
	last := await(alice, 0, left)
	if last.GetReason() != "failed" || last.GetError().GetKind() != string(failure.PermissionDenied) {
		t.Errorf("left: %v", last)
	}
}

func TestLeavingDuringAnOutage(t *testing.T) {
	w := newWorld(t)
	p := w.viaProxy("alice")
	alice := w.join("alice")
	p.cut(true)
	await(alice, 0, reconnecting)
	alice.leave()
	if last := await(alice, 0, left); last.GetReason() != "left" {
		t.Errorf("left: %v", last)
	}
}

func TestPublishingWaitsForTheReconnect(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, 300*time.Millisecond)
	p := w.viaProxy("alice")
	alice := w.join("alice")
	p.cut(true)
	await(alice, 0, reconnecting)
	time.AfterFunc(100*time.Millisecond, func() { p.cut(false) })
	alice.publish("speech", file)
	if end := await(alice, 0, ended); end.GetReason() != "completed" {
		t.Errorf("the publication ended so: %v", end)
	}
}

// loseAnswer puts the loss of the SFU's socket in the place of the answer to an offer, counted from 1.
func loseAnswer(number int64) (hooks interposerHooks, lost <-chan struct{}) {
	done := make(chan struct{})
	var offers atomic.Int64
	hooks.answer = func(r *http.Response) error {
		if strings.HasSuffix(r.Request.URL.Path, "/SetPublisher") && offers.Add(1) == number {
			replaceAnswer(r, &signal.SetPublisherResponse{Error: &models.Error{Code: models.ErrorCode_ERROR_CODE_PARTICIPANT_SIGNAL_LOST}})
			close(done)
		}
		return nil
	}
	return hooks, done
}

// The SFU may have lost a session's socket before the session knows: then what is published tells of the outage first.
func TestPublicationMeetsAnOutageFirst(t *testing.T) {
	w := newWorld(t)
	hooks, lost := loseAnswer(1)
	p := w.interpose(hooks)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("camera", mediatest.Film(t, "vp8", 15, 5), asVideo(camera, media.IVF), looped)
	<-lost
	time.AfterFunc(100*time.Millisecond, func() { p.hangUp(alice.Info().ParticipantSessionID) })
	await(alice, 0, reconnected)
	seen, _ := bob.open("alice", camera, media.Spec{})
	seen.await(t, 10)
	for _, e := range alice.all() {
		if e.GetPublicationEnded() != nil {
			t.Errorf("it ended: %v", e)
		}
	}
}

// An offer whose answer is lost with the SFU's socket is sent once more: the other publications never notice.
func TestAnOfferWithoutAnAnswerIsSentAgainAfterTheReconnect(t *testing.T) {
	w := newWorld(t)
	film := mediatest.Film(t, "vp8", 15, 5)
	file, _, _ := speech(t, time.Second)
	hooks, lost := loseAnswer(2)
	p := w.interpose(hooks)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 10)
	alice.publish("camera", film, asVideo(camera, media.IVF), looped)
	<-lost
	p.hangUp(alice.Info().ParticipantSessionID)
	if back := await(alice, 0, reconnected); back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_FAST {
		t.Errorf("reconnected: %v", back)
	}
	seen, _ := bob.open("alice", camera, media.Spec{})
	seen.await(t, 10)
	heard.await(t, heard.count()+25)
	if info := alice.Info(); info.Reconnects != 1 || len(alice.Publications()) != 2 {
		t.Errorf("%+v publishes %+v", info, alice.Publications())
	}
}

func TestDrainingSFUIsLeftForAnother(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	second := w.startSFU("127.0.0.1:0", "127.0.0.1:0", "sfu-2")
	t.Cleanup(func() { w.stopSFU(second) })
	w.coordinator.use(w.sfu, second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 10)

	sessions := map[*bot]string{alice: alice.Info().ParticipantSessionID, bob: bob.Info().ParticipantSessionID}
	if err := w.sfu.Stop(within(t), true); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*bot{alice, bob} {
		back := await(b, 0, reconnected)
		if back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_MIGRATE || back.GetParticipantSessionId() != sessions[b] {
			t.Errorf("%s reconnected: %v", b.name, back)
		}
		if back.GetOutageMs() > 5000 {
			t.Errorf("%s waited %.0f ms for an SFU that is gone", b.name, back.GetOutageMs())
		}
	}
	heard.await(t, heard.count()+50)
}

// deadSFU makes the coordinator hand out an SFU that does not answer, to whoever does not avoid it.
func (w *world) deadSFU() {
	w.coordinator.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/join") {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(string(body), `"migrating_from":"dead"`) {
			return false
		}
		writeCredentials(rw, "http://127.0.0.1:1/twirp", "ws://127.0.0.1:1/ws", "dead", "token")
		return true
	})
}

func TestSFUThatDoesNotAnswerIsLeftForAnother(t *testing.T) {
	w := newWorld(t)
	w.deadSFU()
	alice := w.join("alice") // the third attempt is elsewhere
	if alice.SFU() != "sfu-1" {
		t.Errorf("joined at %s", alice.SFU())
	}
	address := signalingAddress(w.sfu)
	w.stopSFU(w.sfu) // whoever rejoins is sent to the dead one first
	w.sfu = w.startSFU(address, "127.0.0.1:0", "sfu-1")
	w.coordinator.use(w.sfu)
	await(alice, 0, reconnected)
	var avoided bool
	for _, request := range w.coordinator.requests()[1:] {
		avoided = avoided || request.MigratingFrom == "dead"
	}
	if !avoided {
		t.Errorf("joins: %+v", w.coordinator.requests())
	}
}
