package sfu

import (
	"fmt"
	"testing"
	"time"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

func Test_A_large_call_lists_some_counts_all_and_tells_of_publishers(t *testing.T) {
	const limit = 5
	s := startServer(t, func(o *Options) { o.rosterLimit = limit })
	host := newClient(t, s, "host")
	var guests []*testClient
	for i := range 8 {
		guests = append(guests, newClient(t, s, fmt.Sprintf("guest-%d", i)))
	}
	speaker := guests[7]
	await(host, "a guest within the limit", joined("guest-3"))
	track := speaker.newTrack(audioTrack, opus())
	speaker.publish(track)
	published := await(host, "the speaker publishes", (*event.SfuEvent).GetTrackPublished)
	if published.GetParticipant().GetSessionId() != speaker.sessionID {
		t.Errorf("who publishes is not described: %v", published)
	}

	late := newClient(t, s, "late")
	state := late.response.GetCallState()
	if got := len(state.GetParticipants()); got != limit {
		t.Errorf("%d participants are listed", got)
	}
	if total := state.GetParticipantCount().GetTotal(); total != 10 {
		t.Errorf("%d participants are counted", total)
	}
	listed := map[string]bool{}
	for _, p := range state.GetParticipants() {
		listed[p.GetUserId()] = true
	}
	for _, userID := range []string{"late", "guest-7", "host"} {
		if !listed[userID] {
			t.Errorf("%s is not among %v", userID, listed)
		}
	}
	guests[6].closeWith(1000) // never told of
	speaker.closeWith(1000)
	await(host, "the speaker left", left("guest-7"))
	host.mu.Lock()
	defer host.mu.Unlock()
	for _, e := range host.events {
		if userID := e.GetParticipantJoined().GetParticipant().GetUserId(); userID >= "guest-4" && userID <= "guest-9" {
			t.Errorf("the host was told of %s", userID)
		}
	}
}

func Test_Pins_of_an_empty_call_wait_for_those_who_come(t *testing.T) {
	s := startServer(t)
	if err := s.SetPins(testCall, []Pin{{UserID: "alice"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // also after everybody left
		alice := newClient(t, s, "alice")
		if pins := alice.response.GetCallState().GetPins(); len(pins) != 1 || pins[0].GetUserId() != "alice" {
			t.Errorf("pins are %v", pins)
		}
		alice.closeWith(1000)
		for began := time.Now(); len(s.Stats()) > 0; alice.pause() {
			if time.Since(began) > testDeadline {
				t.Fatal("the call does not end")
			}
		}
	}
	if _, err := s.EndCall(testCall, models.CallEndedReason_CALL_ENDED_REASON_ENDED); err != ErrCallNotFound {
		t.Errorf("end: %v", err)
	}
	if pins := newClient(t, s, "bob").response.GetCallState().GetPins(); len(pins) != 0 {
		t.Errorf("an ended call keeps pins %v", pins)
	}
	if err := s.SetPins(testCall, make([]Pin, maxPins+1)); err != ErrTooManyPins {
		t.Errorf("too many pins: %v", err)
	}
}
