package sfu

import (
	"testing"
	"time"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// startPair starts two servers that tell each other of arrivals.
func startPair(t *testing.T) (from, to *Server) {
	t.Helper()
	from = startServer(t)
	to = startServer(t, func(o *Options) {
		o.EdgeName = "local-2"
		o.Migrated = func(m Migration) {
			if m.FromEdge == from.EdgeName() && !from.CompleteMigration(m.CallCID, m.SessionID) {
				t.Errorf("%s is not at home any more", m.SessionID)
			}
		}
	})
	return from, to
}

func fromSFU(name string, tracks ...*localTrack) clientOption {
	return func(_ *testClient, q *event.JoinRequest, _ map[string]any) {
		q.ReconnectDetails = &event.ReconnectDetails{Strategy: migrate, FromSfuId: name}
		for _, track := range tracks {
			q.ReconnectDetails.AnnouncedTracks = append(q.ReconnectDetails.AnnouncedTracks, track.info)
		}
	}
}

func Test_Participants_move_to_another_server_and_their_old_sockets_learn_when_they_have_arrived(t *testing.T) {
	from, to := startPair(t)
	alice, bob := newClient(t, from, "alice"), newClient(t, from, "bob")
	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	track.sendAudio(t, []byte("packet 0"))
	bob.eventually("the first packet", func() bool { return bob.count2(alice.streamOf(audioTrack)) == 1 })

	if asked, err := from.GoAway(testCall, models.GoAwayReason_GO_AWAY_REASON_REBALANCE); asked != 2 || err != nil {
		t.Fatalf("asked %d, %v", asked, err)
	}
	for _, c := range []*testClient{alice, bob} {
		if away := await(c, "the request to go", (*event.SfuEvent).GetGoAway); away.GetReason() != models.GoAwayReason_GO_AWAY_REASON_REBALANCE {
			t.Errorf("%s: %v", c.userID, away)
		}
	}
	bobThere := newClient(t, to, "bob", fromSFU("local-1"))
	await(bob, "the arrival of one who brings nothing", (*event.SfuEvent).GetParticipantMigrationComplete)
	aliceThere := newClient(t, to, "alice", fromSFU("local-1", track))
	trackThere := aliceThere.newTrack(audioTrack, opus())
	alice.mu.Lock()
	for _, e := range alice.events {
		if e.GetParticipantMigrationComplete() != nil {
			t.Error("the arrival is told before the tracks are there")
		}
	}
	alice.mu.Unlock()
	began := time.Now()
	aliceThere.publish(trackThere)
	await(alice, "the arrival of a publisher", (*event.SfuEvent).GetParticipantMigrationComplete)
	if waited := time.Since(began); waited > arrivalDeadline {
		t.Errorf("the arrival was told after %v only", waited)
	}
	trackThere.sendAudio(t, []byte("packet 1"))
	bobThere.eventually("audio on the other side", func() bool { return bobThere.count2(aliceThere.streamOf(audioTrack)) == 1 })

	alice.closeWith(1000)
	await(bob, "alice left the old server", left("alice"))
	if len(to.Stats()) != 1 || to.Stats()[0].Participants != 2 {
		t.Errorf("there: %+v", to.Stats())
	}
}

func Test_A_migration_of_nobody_is_no_migration(t *testing.T) {
	s := startServer(t)
	if s.CompleteMigration(testCall, "nobody") {
		t.Error("somebody unknown was told")
	}
	if _, err := s.GoAway("default:nowhere", models.GoAwayReason_GO_AWAY_REASON_SHUTTING_DOWN); err != ErrCallNotFound {
		t.Errorf("error is %v", err)
	}
	told := make(chan Migration, 1)
	here := startServer(t, func(o *Options) { o.Migrated = func(m Migration) { told <- m } })
	newClient(t, here, "alice", fromSFU(here.EdgeName())) // a single server hands out itself again
	newClient(t, here, "bob", fromSFU("gone"))
	select {
	case m := <-told:
		if m != (Migration{FromEdge: "gone", CallCID: testCall, SessionID: "session-bob"}) {
			t.Errorf("told %+v", m)
		}
	case <-time.After(testDeadline):
		t.Fatal("no arrival was told")
	}
}
