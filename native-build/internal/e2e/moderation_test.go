package e2e

import (
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

func TestModeratorMutes(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	file, _, _ := speech(t, time.Second)
	alice.publish("speech", file, func(o *rtc.PublishOptions) { o.Loop = true })
	if n, err := w.sfu.Mute(callCID, []string{"alice"}, false, []models.TrackType{models.TrackType_TRACK_TYPE_AUDIO}, "host"); err != nil || n != 1 {
		t.Fatalf("%d tracks muted, %v", n, err)
	}
	muted := await(alice, 0, func(e *rtcproto.Event) (*rtcproto.MutedByModerator, bool) {
		return e.GetMutedByModerator(), e.GetMutedByModerator() != nil
	})
	if types := muted.GetTrackTypes(); len(types) != 1 || types[0] != audio {
		t.Errorf("muted: %v", muted)
	}
	if !alice.Info().Muted.Audio {
		t.Error("the session does not know that it is muted")
	}
	no := false
	if _, err := alice.Mute(within(t), &no, nil); err != nil {
		t.Errorf("unmuting: %v", err)
	}
}

func TestModeratorMutesAllOfAKind(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	file, _, _ := speech(t, time.Second)
	const screenAudio = rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO
	alice.publish("speech", file, looped)
	alice.publish("film", file, looped, func(o *rtc.PublishOptions) { o.TrackType = screenAudio })
	if n, err := w.sfu.Mute(callCID, []string{"alice"}, false, []models.TrackType{models.TrackType_TRACK_TYPE_AUDIO}, "host"); err != nil || n != 1 {
		t.Fatalf("%d tracks muted, %v", n, err)
	}
	silent := func(e *rtcproto.Event) (bool, bool) {
		return true, e.GetTrackUnpublished().GetTrack().GetTrackType() == screenAudio
	}
	await(bob, 0, silent)
	if live := w.liveAtTheSFU("alice"); len(live) != 0 {
		t.Errorf("live: %v", live)
	}
	no, after := false, bob.mark()
	if _, err := alice.Mute(within(t), &no, nil); err != nil {
		t.Fatal(err)
	}
	await(bob, after, func(e *rtcproto.Event) (bool, bool) {
		return true, e.GetTrackPublished().GetTrack().GetTrackType() == screenAudio
	})
	if live := w.liveAtTheSFU("alice"); len(live) != 2 {
		t.Errorf("live: %v", live)
	}
}

func TestModeratorMutesDuringAnOutage(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	p := w.viaProxy("alice")
	alice := w.join("alice")
	alice.publish("speech", file, looped)
	p.cut(true)
	await(alice, 0, reconnecting)
	if n, err := w.sfu.Mute(callCID, []string{"alice"}, false, []models.TrackType{models.TrackType_TRACK_TYPE_AUDIO}, "host"); err != nil || n != 1 {
		t.Fatalf("%d tracks muted, %v", n, err)
	}
	p.letThrough()
	back := await(alice, 0, reconnected)
	if back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_FAST {
		t.Errorf("reconnected: %v", back)
	}
	await(alice, 0, func(e *rtcproto.Event) (bool, bool) { return true, e.GetMutedByModerator() != nil })
	if !alice.Info().Muted.Audio {
		t.Error("the session does not know that it is muted")
	}
}

func TestRevokedPermissionEndsThePublication(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	file, _, _ := speech(t, time.Second)
	alice.publish("speech", file, func(o *rtc.PublishOptions) { o.Loop = true })
	if _, err := w.sfu.UpdateGrants(callCID, "alice", &models.CallGrants{CanPublishVideo: true}); err != nil {
		t.Fatal(err)
	}
	if end := await(alice, 0, ended); end.GetReason() != "failed" || end.GetError().GetKind() != string(failure.PermissionDenied) {
		t.Errorf("the publication ended so: %v", end)
	}
	updated := await(alice, 0, func(e *rtcproto.Event) (*rtcproto.PermissionsUpdated, bool) {
		return e.GetPermissionsUpdated(), e.GetPermissionsUpdated() != nil
	})
	if updated.GetCanPublishAudio() || !updated.GetCanPublishVideo() {
		t.Errorf("updated: %v", updated)
	}
	_, err := alice.Publish(within(t), rtc.PublishOptions{Name: "again", TrackType: audio}, nil)
	if failure.KindOf(err) != failure.PermissionDenied {
		t.Errorf("publishing without permission: %v", err)
	}
	if _, err := w.sfu.UpdateGrants(callCID, "alice", &models.CallGrants{CanPublishAudio: true}); err != nil {
		t.Fatal(err)
	}
	await(alice, 0, func(e *rtcproto.Event) (bool, bool) { return true, e.GetPermissionsUpdated().GetCanPublishAudio() })
	alice.publish("again", file)
}

func TestCallThatEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end        func(*world) (int, error)
		why, leave string
	}{
		"ended": {func(w *world) (int, error) {
			return w.sfu.EndCall(callCID, models.CallEndedReason_CALL_ENDED_REASON_ENDED)
		}, "ended", "call_ended"},
		"kicked": {func(w *world) (int, error) { return w.sfu.Kick(callCID, "alice") }, "kicked", "kicked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice := w.join("alice")
			if n, err := test.end(w); err != nil || n != 1 {
				t.Fatalf("%d participants, %v", n, err)
			}
			told := await(alice, 0, func(e *rtcproto.Event) (*rtcproto.CallEnded, bool) { return e.GetCallEnded(), e.GetCallEnded() != nil })
			if told.GetReason() != test.why {
				t.Errorf("call_ended: %v", told)
			}
			if last := await(alice, 0, left); last.GetReason() != test.leave {
				t.Errorf("left: %v", last)
			}
			for _, e := range alice.all() {
				if e.GetReconnecting() != nil {
					t.Error("it tried to come back")
				}
			}
		})
	}
}

func TestCustomEventsGoThroughTheCoordinator(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	if err := alice.SendEvent(within(t), []byte(`{"hello":"world"}`)); err != nil {
		t.Fatal(err)
	}
	w.coordinator.mu.Lock()
	defer w.coordinator.mu.Unlock()
	if got := w.coordinator.events; len(got) != 1 || got[0] != `event {"custom":{"hello":"world"}}` {
		t.Errorf("the coordinator got %q", got)
	}
}
