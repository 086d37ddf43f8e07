package sfu

import (
	"fmt"
	"strings"
	"testing"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func Test_An_offer_whose_socket_is_lost_comes_again_over_the_next_one(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	first := publishTo(alice, bob)
	bob.answer(first)
	bob.update(func() { bob.holdAnswer = true })
	carol := newClient(t, s, "carol")
	carol.publish(carol.newTrack(audioTrack, opus()))
	bob.eventually("an offer that waits", func() bool { return len(bob.offers) == 2 })
	_ = bob.conn.Close()

	again := newClient(t, s, "bob", withStrategy(fast, ""), takingOver(bob))
	again.eventually("the lost offer and another", func() bool { return len(again.offers) >= 2 })
	again.mu.Lock()
	lost, restart := again.offers[0], again.offers[1]
	again.mu.Unlock()
	if bob.offers[1].GetSdp() != lost.GetSdp() || bob.offers[1].GetNegotiationId() != lost.GetNegotiationId() {
		t.Errorf("the first offer is %d, the lost one was %d", lost.GetNegotiationId(), bob.offers[1].GetNegotiationId())
	}
	if !restart.GetIceRestart() {
		t.Error("ICE is not restarted")
	}
}

func Test_An_offer_that_waits_comes_again_for_those_who_ask_for_a_restart(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	first := publishTo(alice, bob)
	if failed := bob.restartSubscriber(); failed != nil {
		t.Fatal(failed)
	}
	bob.eventually("the offer again", func() bool { return len(bob.offers) == 2 })
	bob.mu.Lock()
	second := bob.offers[1]
	bob.mu.Unlock()
	if second.GetNegotiationId() != first.GetNegotiationId() || second.GetSdp() != first.GetSdp() {
		t.Errorf("the offer %d, not %d", second.GetNegotiationId(), first.GetNegotiationId())
	}
	bob.update(func() { bob.holdAnswer = false })
	bob.answer(second)
	bob.eventually("a restart", func() bool { return len(bob.offers) == 3 && bob.offers[2].GetIceRestart() })
}

func Test_An_answer_that_comes_twice_changes_nothing(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	first := publishTo(alice, bob)
	bob.answer(first)
	again := &signal.SendAnswerResponse{}
	bob.rpc("SendAnswer", &signal.SendAnswerRequest{SessionId: bob.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER,
		Sdp: bob.subscriber.LocalDescription().SDP, NegotiationId: first.GetNegotiationId()}, again)
	if again.GetError() != nil {
		t.Errorf("the second answer: %v", again.GetError())
	}
}

// The library under the tests' clients cannot bring a section back, so that sections are parked.
func Test_A_track_that_comes_again_is_in_one_section_only(t *testing.T) {
	s := startServer(t)
	bob := newClient(t, s, "bob")
	guests := map[string]*testClient{}
	for _, name := range []string{"first", "second", "third"} {
		guests[name] = newClient(t, s, name)
		guests[name].publish(guests[name].newTrack(audioTrack, opus()))
	}
	hears := func(names ...string) {
		t.Helper()
		var wanted []*signal.TrackSubscriptionDetails
		for _, name := range names {
			wanted = append(wanted, &signal.TrackSubscriptionDetails{
				UserId: name, SessionId: guests[name].sessionID, TrackType: audioTrack,
			})
		}
		bob.rpc("UpdateSubscriptions", &signal.UpdateSubscriptionsRequest{SessionId: bob.sessionID, Tracks: wanted}, &signal.UpdateSubscriptionsResponse{})
		subscriber := s.session(bob.sessionID).subscriber
		awaitSent(t, subscriber, len(names))
		offered := subscriber.connection().LocalDescription().SDP
		for _, name := range names {
			if count := strings.Count(offered, "a=msid:"+guests[name].streamOf(audioTrack)+" "); count != 1 {
				t.Errorf("%s is in %d sections", name, count)
			}
		}
	}
	hears("first", "second", "third")
	hears("third")
	hears("first", "second", "third") // in new sections: from now on they are parked
	for range 3 {
		hears()
		hears("third")
		hears("second", "third")
		hears("first", "second", "third")
	}
}

func Test_A_client_that_lost_its_answer_may_publish_from_a_new_peer_connection(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	if response := alice.offerTracks(alice.newTrack(audioTrack, opus())); response.GetError() != nil {
		t.Fatal(response.GetError())
	}
	_ = alice.publisher.Close()
	alice.publisher = nil
	again := alice.newTrack(audioTrack, opus())
	alice.publish(again)
	stream := alice.streamOf(audioTrack)
	again.sendAudio(t, []byte("heard"))
	bob.eventually("the packet", func() bool { return bob.count2(stream) == 1 })
}

// awaitSent waits until the SFU sends so many tracks and the description is settled.
func awaitSent(t *testing.T, s *subscriber, count int) {
	t.Helper()
	until(t, fmt.Sprintf("sending %d tracks", count), func() bool {
		s.mu.Lock()
		settled := s.pending == nil && !s.working && !s.dirty
		s.mu.Unlock()
		return settled && len(s.current()) == count
	})
}

// publishTo lets alice publish and answers the offer that bob gets; he answers none by himself any more.
func publishTo(alice, bob *testClient) *event.SubscriberOffer {
	alice.t.Helper()
	bob.update(func() { bob.holdAnswer = true })
	alice.publish(alice.newTrack(audioTrack, opus()))
	bob.eventually("an offer", func() bool { return len(bob.offers) == 1 })
	bob.mu.Lock()
	defer bob.mu.Unlock()
	return bob.offers[0]
}

func (c *testClient) restartSubscriber() error {
	response := &signal.ICERestartResponse{}
	c.rpc("IceRestart", &signal.ICERestartRequest{SessionId: c.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER}, response)
	if response.GetError() != nil {
		return fmt.Errorf("restart: %v", response.GetError())
	}
	return nil
}

// takingOver gives a client the peer connection that its former self received on.
func takingOver(former *testClient) clientOption {
	return func(c *testClient, _ *event.JoinRequest, _ map[string]any) {
		former.mu.Lock()
		defer former.mu.Unlock()
		c.subscriber, former.subscriber = former.subscriber, nil
	}
}
