package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// speak sends one packet of 20 ms with a level in -dBov.
func (l *localTrack) speak(t *testing.T, level uint8) {
	t.Helper()
	header := l.next
	for _, extension := range l.sender.GetParameters().HeaderExtensions {
		if extension.URI == audioLevelURI {
			if err := header.SetExtension(uint8(extension.ID), []byte{0x80 | level}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.WriteRTP(&rtp.Packet{Header: header, Payload: []byte("speech")}); err != nil {
		t.Fatal(err)
	}
	l.next.SequenceNumber++
	l.next.Timestamp += 960
}

func Test_Who_speaks_and_who_dominates_is_told_and_silence_is_not(t *testing.T) {
	s := startServer(t)
	alice, bob, carol := newClient(t, s, "alice"), newClient(t, s, "bob"), newClient(t, s, "carol")
	loud, soft := alice.newTrack(audioTrack, opus()), bob.newTrack(audioTrack, opus())
	alice.publish(loud)
	bob.publish(soft)

	stop := every(20*time.Millisecond, func() {
		loud.speak(t, 15)
		soft.speak(t, 110)
	})
	speaking := await(carol, "alice speaks", func(e *event.SfuEvent) *event.AudioLevel {
		for _, level := range e.GetAudioLevelChanged().GetAudioLevels() {
			if level.GetSessionId() == alice.sessionID && level.GetIsSpeaking() {
				return level
			}
		}
		return nil
	})
	if speaking.GetLevel() < 0.3 || speaking.GetLevel() > 1 || speaking.GetUserId() != "alice" {
		t.Errorf("level is %v", speaking)
	}
	dominant := await(carol, "alice dominates", (*event.SfuEvent).GetDominantSpeakerChanged)
	if dominant.GetSessionId() != alice.sessionID || dominant.GetUserId() != "alice" {
		t.Errorf("told %v", dominant)
	}
	joiner := newClient(t, s, "dave")
	for _, p := range joiner.response.GetCallState().GetParticipants() {
		if p.GetUserId() == "alice" && (!p.GetIsSpeaking() || !p.GetIsDominantSpeaker()) {
			t.Errorf("dave finds alice as %v", p)
		}
		if p.GetUserId() == "bob" && p.GetIsSpeaking() {
			t.Errorf("dave finds bob as %v", p)
		}
	}
	stop()
	await(carol, "alice is silent", func(e *event.SfuEvent) *event.AudioLevel {
		for _, level := range e.GetAudioLevelChanged().GetAudioLevels() {
			if level.GetSessionId() == alice.sessionID && !level.GetIsSpeaking() {
				return level
			}
		}
		return nil
	})
	carol.mu.Lock()
	defer carol.mu.Unlock()
	for _, e := range carol.events {
		for _, level := range e.GetAudioLevelChanged().GetAudioLevels() {
			if level.GetSessionId() == carol.sessionID {
				t.Errorf("told of the silence of carol: %v", level)
			}
		}
	}
}

func Test_A_client_that_lists_audio_gets_what_it_lists(t *testing.T) {
	s := startServer(t)
	alice, bob, carol := newClient(t, s, "alice"), newClient(t, s, "bob"), newClient(t, s, "carol")
	response := &signal.UpdateSubscriptionsResponse{}
	carol.rpc("UpdateSubscriptions", &signal.UpdateSubscriptionsRequest{SessionId: carol.sessionID, Tracks: []*signal.TrackSubscriptionDetails{
		{UserId: "alice", SessionId: alice.sessionID, TrackType: audioTrack},
		{UserId: "alice", SessionId: alice.sessionID, TrackType: audioTrack}, // twice is once
	}}, response)
	first, second := alice.newTrack(audioTrack, opus()), bob.newTrack(audioTrack, opus())
	bob.publish(second)
	second.sendAudio(t, []byte("bob"))
	alice.publish(first)
	first.sendAudio(t, []byte("alice"))
	carol.eventually("alice is heard", func() bool { return carol.count2(alice.streamOf(audioTrack)) == 1 })
	alice.eventually("bob is heard by alice", func() bool { return alice.count2(bob.streamOf(audioTrack)) == 1 })
	if carol.count(bob.streamOf(audioTrack)) != 0 {
		t.Error("carol hears bob, whom she did not list")
	}
	if stats := s.Stats(); len(stats) != 1 || stats[0] != (CallStats{CallCID: testCall, Participants: 3, PublishedTracks: 2, ForwardedTracks: 3}) {
		t.Errorf("stats are %+v", stats)
	}
}

func Test_A_hundred_sessions_come_and_go_and_leave_nothing(t *testing.T) {
	observer := newTestObserver()
	s := startServer(t, func(o *Options) { o.Observer = observer })
	listener := newClient(t, s, "listener")
	for i := range 100 {
		guest := newClient(t, s, fmt.Sprintf("guest-%d", i))
		track := guest.newTrack(audioTrack, opus())
		guest.publish(track)
		track.sendAudio(t, []byte("hello"))
		stream := guest.streamOf(audioTrack)
		listener.eventually("the guest is heard", func() bool { return listener.count2(stream) > 0 })
		if i%2 == 0 {
			guest.closeWith(1000)
		} else if _, err := s.Kick(testCall, guest.userID); err != nil {
			t.Fatal(err)
		}
		observer.awaitLeft(t, guest.userID)
		guest.closePeers()
	}
	if got := s.PeerConnections(); got != 1 {
		t.Errorf("%d peer connections, not the listener's alone", got)
	}
	listener.eventually("the last guest's track is gone", func() bool {
		stats := s.Stats()
		return len(stats) == 1 && stats[0].Participants == 1 && stats[0].ForwardedTracks == 0
	})
	listener.mu.Lock()
	defer listener.mu.Unlock()
	if last := listener.offers[len(listener.offers)-1]; len(last.GetSdp()) > 8000 {
		t.Errorf("the description has grown to %d bytes", len(last.GetSdp()))
	}
}

func Test_The_first_words_wait_for_a_subscriber_that_is_slow_to_answer(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	bob.update(func() { bob.holdAnswer = true })
	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	for i := range 30 {
		track.sendAudio(t, []byte(fmt.Sprintf("packet %d", i)))
	}
	awaitReceived(t, onlyLayer(t, s, audioTrack), 30)
	bob.eventually("an offer", func() bool { return len(bob.offers) == 1 })
	bob.mu.Lock()
	offer := bob.offers[0]
	bob.mu.Unlock()
	bob.answer(offer)
	stream := alice.streamOf(audioTrack)
	bob.eventually("all packets", func() bool { return bob.count2(stream) == 30 })
	for i, packet := range bob.received(stream) {
		checkPacket(t, i, packet)
	}
}

func Test_A_participant_whose_media_fails_is_asked_to_rejoin(t *testing.T) {
	observer := newTestObserver()
	s := startServer(t, func(o *Options) {
		o.Observer = observer
		o.iceTimeout = 300 * time.Millisecond
		o.restartGrace = 50 * time.Millisecond
	})
	alice := newClient(t, s, "alice")
	alice.publish(alice.newTrack(audioTrack, opus()))
	_ = alice.publisher.Close() // the socket lives on, the media path does not
	failed := await(alice, "failure", (*event.SfuEvent).GetError)
	if failed.GetError().GetCode() != models.ErrorCode_ERROR_CODE_PARTICIPANT_MEDIA_TRANSPORT_FAILURE || failed.GetReconnectStrategy() != rejoin {
		t.Errorf("told %v", failed)
	}
	if reason := observer.awaitLeft(t, "alice"); reason != LeaveMediaFailed {
		t.Errorf("left because of %q", reason)
	}
}

func Test_Who_leaves_while_its_media_may_be_restarted_is_not_waited_for(t *testing.T) {
	s := startServer(t, func(o *Options) {
		o.iceTimeout = 300 * time.Millisecond
		o.restartGrace = time.Hour
	})
	alice := newClient(t, s, "alice")
	alice.publish(alice.newTrack(audioTrack, opus()))
	p := s.session(alice.sessionID)
	_ = alice.publisher.Close()
	grace := func() *time.Timer {
		p.call.mu.Lock()
		defer p.call.mu.Unlock()
		return p.restart
	}
	alice.eventually("a failure of the connection", func() bool { return grace() != nil })
	p.remove(LeaveKicked, closeNormal)
	if grace().Stop() {
		t.Error("the timer still holds the participant")
	}
}
