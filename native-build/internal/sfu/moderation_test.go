package sfu

import (
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func unpublished(userID string) func(*event.SfuEvent) *event.TrackUnpublished {
	return func(e *event.SfuEvent) *event.TrackUnpublished {
		if u := e.GetTrackUnpublished(); u != nil && u.GetUserId() == userID {
			return u
		}
		return nil
	}
}

func (c *testClient) setMuted(kind models.TrackType, muted bool) *models.Error {
	c.t.Helper()
	response := &signal.UpdateMuteStatesResponse{}
	c.rpc("UpdateMuteStates", &signal.UpdateMuteStatesRequest{SessionId: c.sessionID, MuteStates: []*signal.TrackMuteState{
		{TrackType: kind, Muted: muted},
	}}, response)
	return response.GetError()
}

func Test_A_muted_track_is_not_forwarded_and_its_numbers_go_on_after_unmute(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	track.sendAudio(t, []byte("before"))
	stream := alice.streamOf(audioTrack)
	bob.eventually("the first packet", func() bool { return bob.tracks[stream] != nil && len(bob.tracks[stream].packets) == 1 })

	if failed := alice.setMuted(audioTrack, true); failed != nil {
		t.Fatal(failed)
	}
	muted := await(bob, "alice muted", unpublished("alice"))
	if muted.GetCause() != models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_USER_MUTED || len(muted.GetParticipant().GetPublishedTracks()) != 0 {
		t.Errorf("told %v", muted)
	}
	l := onlyLayer(t, s, audioTrack)
	for range 5 {
		track.sendAudio(t, []byte("muted"))
	}
	awaitReceived(t, l, 6)
	bob.forget()
	if failed := alice.setMuted(audioTrack, false); failed != nil {
		t.Fatal(failed)
	}
	await(bob, "alice unmuted", published("alice"))
	track.sendAudio(t, []byte("after"))
	bob.eventually("the packet after", func() bool { return len(bob.tracks[stream].packets) == 2 })
	got := bob.received(stream)
	if string(got[1].Payload) != "after" || got[1].SequenceNumber != got[0].SequenceNumber+1 || got[1].Timestamp != got[0].Timestamp+6*960 {
		t.Errorf("after the mute came %v", got[1])
	}
}

func Test_Unmuting_what_is_not_published_is_an_error(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	if failed := alice.setMuted(videoTrack, false); failed.GetCode() != codeTrackNotFound {
		t.Errorf("answer is %v", failed)
	}
	if failed := alice.setMuted(videoTrack, true); failed != nil {
		t.Errorf("answer is %v", failed)
	}
}

func Test_A_moderator_mutes_and_the_publisher_hears_of_it(t *testing.T) {
	s := startServer(t)
	host, alice, bob := newClient(t, s, "host"), newClient(t, s, "alice"), newClient(t, s, "bob")
	for _, c := range []*testClient{host, alice, bob} {
		c.publish(c.newTrack(audioTrack, opus()))
	}
	if muted, err := s.Mute(testCall, []string{"alice"}, false, []models.TrackType{audioTrack}, "host"); muted != 1 || err != nil {
		t.Errorf("muted %d, %v", muted, err)
	}
	for _, c := range []*testClient{host, alice, bob} {
		told := await(c, "alice muted", unpublished("alice"))
		if told.GetCause() != models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_MODERATION {
			t.Errorf("%s is told %v", c.userID, told)
		}
	}
	// Everybody but the host; alice is muted already.
	if muted, err := s.Mute(testCall, nil, true, []models.TrackType{audioTrack, videoTrack}, "host"); muted != 1 || err != nil {
		t.Errorf("muted %d, %v", muted, err)
	}
	await(bob, "bob muted", unpublished("bob"))
	alice.forget()
	if failed := bob.setMuted(audioTrack, false); failed != nil {
		t.Errorf("bob may not unmute: %v", failed)
	}
	await(alice, "bob unmuted", published("bob"))
}

func Test_A_kicked_user_is_told_and_the_others_see_it_leave(t *testing.T) {
	observer := newTestObserver()
	s := startServer(t, func(o *Options) { o.Observer = observer })
	alice := newClient(t, s, "alice")
	bob := newClient(t, s, "bob")
	second := newClient(t, s, "bob", withSession("session-bob-2"))
	if kicked, err := s.Kick(testCall, "bob"); kicked != 2 || err != nil {
		t.Errorf("kicked %d, %v", kicked, err)
	}
	for _, c := range []*testClient{bob, second} {
		ended := await(c, "call ended", (*event.SfuEvent).GetCallEnded)
		if ended.GetReason() != models.CallEndedReason_CALL_ENDED_REASON_KICKED {
			t.Errorf("reason is %v", ended)
		}
		c.eventually("the socket is closed", func() bool { return c.readErr != nil })
	}
	await(alice, "bob left", left("bob"))
	if reason := observer.awaitLeft(t, "bob"); reason != LeaveKicked {
		t.Errorf("left because of %q", reason)
	}
	if kicked, err := s.Kick(testCall, "bob"); kicked != 0 || err != nil {
		t.Errorf("kicked %d again, %v", kicked, err)
	}
}

func Test_An_ended_call_is_over_for_everybody(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	alice.publish(alice.newTrack(audioTrack, opus()))
	if ended, err := s.EndCall(testCall, models.CallEndedReason_CALL_ENDED_REASON_ENDED); ended != 2 || err != nil {
		t.Errorf("ended %d, %v", ended, err)
	}
	for _, c := range []*testClient{alice, bob} {
		await(c, "call ended", (*event.SfuEvent).GetCallEnded)
	}
	if stats := s.Stats(); len(stats) != 0 {
		t.Errorf("calls: %v", stats)
	}
	if _, err := s.EndCall(testCall, models.CallEndedReason_CALL_ENDED_REASON_ENDED); err != ErrCallNotFound {
		t.Errorf("ending again: %v", err)
	}
}

func Test_Revoked_grants_stop_a_track_and_keep_it_from_coming_back(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	alice.publish(alice.newTrack(audioTrack, opus()))
	if changed, err := s.UpdateGrants(testCall, "alice", &models.CallGrants{CanPublishVideo: true}); changed != 1 || err != nil {
		t.Errorf("changed %d, %v", changed, err)
	}
	granted := await(alice, "grants", (*event.SfuEvent).GetCallGrantsUpdated)
	if g := granted.GetCurrentGrants(); g.GetCanPublishAudio() || !g.GetCanPublishVideo() {
		t.Errorf("grants are %v", g)
	}
	for _, c := range []*testClient{alice, bob} {
		told := await(c, "alice stopped", unpublished("alice"))
		if told.GetCause() != models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_PERMISSION_REVOKED {
			t.Errorf("%s is told %v", c.userID, told)
		}
	}
	if failed := alice.setMuted(audioTrack, false); failed.GetCode() != codePermissionDenied {
		t.Errorf("unmute answers %v", failed)
	}
	if _, err := s.UpdateGrants(testCall, "nobody", &models.CallGrants{}); err != ErrParticipantNotFound {
		t.Errorf("unknown user: %v", err)
	}
}

func Test_What_moderators_decide_while_a_socket_is_lost_is_told_when_it_is_back(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	alice.publish(alice.newTrack(audioTrack, opus()), alice.newTrack(videoTrack, vp8()))
	_ = alice.conn.Close()
	if muted, err := s.Mute(testCall, []string{"alice"}, false, []models.TrackType{audioTrack}, "host"); muted != 1 || err != nil {
		t.Errorf("muted %d, %v", muted, err)
	}
	if _, err := s.UpdateGrants(testCall, "alice", &models.CallGrants{CanPublishAudio: true}); err != nil {
		t.Error(err)
	}
	again := newClient(t, s, "alice", withStrategy(fast, ""))
	if granted := await(again, "grants", (*event.SfuEvent).GetCallGrantsUpdated).GetCurrentGrants(); !granted.GetCanPublishAudio() || granted.GetCanPublishVideo() {
		t.Errorf("grants are %v", granted)
	}
	for kind, cause := range map[models.TrackType]models.TrackUnpublishReason{
		audioTrack: models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_MODERATION,
		videoTrack: models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_PERMISSION_REVOKED,
	} {
		told := await(again, "a track stopped", func(e *event.SfuEvent) *event.TrackUnpublished {
			if stopped := e.GetTrackUnpublished(); stopped.GetType() == kind {
				return stopped
			}
			return nil
		})
		if told.GetCause() != cause {
			t.Errorf("told: %v", told)
		}
	}

	// What is done with is not told again.
	if failed := again.setMuted(audioTrack, false); failed != nil {
		t.Errorf("unmute answers %v", failed)
	}
	_ = again.conn.Close()
	once := newClient(t, s, "alice", withStrategy(fast, ""))
	await(once, "grants", (*event.SfuEvent).GetCallGrantsUpdated)
	await(once, "video stopped", unpublished("alice"))
	once.mu.Lock()
	defer once.mu.Unlock()
	for _, e := range once.events {
		if e.GetTrackUnpublished().GetType() == audioTrack {
			t.Error("audio is told to have stopped")
		}
	}
}

func Test_Updates_of_a_participant_and_pins_reach_everybody(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	custom, err := structpb.NewStruct(map[string]any{"mood": "good"})
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := s.UpdateParticipant(testCall, "bob", Profile{Name: "Robert", Custom: custom}); changed != 1 || err != nil {
		t.Errorf("changed %d, %v", changed, err)
	}
	if err := s.SetPins(testCall, []Pin{{UserID: "bob"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*testClient{alice, bob} {
		updated := await(c, "bob updated", (*event.SfuEvent).GetParticipantUpdated)
		if p := updated.GetParticipant(); p.GetName() != "Robert" || p.GetCustom().GetFields()["mood"].GetStringValue() != "good" {
			t.Errorf("%s is told %v", c.userID, updated)
		}
		pinned := await(c, "pins", (*event.SfuEvent).GetPinsUpdated)
		if len(pinned.GetPins()) != 1 || pinned.GetPins()[0].GetUserId() != "bob" {
			t.Errorf("%s is told %v", c.userID, pinned)
		}
	}
	carol := newClient(t, s, "carol")
	if pins := carol.response.GetCallState().GetPins(); len(pins) != 1 {
		t.Errorf("carol finds pins %v", pins)
	}
}
