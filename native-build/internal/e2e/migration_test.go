package e2e

import (
	"testing"
	"time"

	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
	"streamgateway/native/internal/sfuproto/models"
)

func (p *pages) longestPause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pause
}

// TestGoAwayMovesEverybodyToAnotherSFU moves a call while somebody speaks: sessions, publications and sinks go along.
func TestGoAwayMovesEverybodyToAnotherSFU(t *testing.T) {
	w := newWorld(t)
	second := w.startSFU("127.0.0.1:0", "127.0.0.1:0", "sfu-2", func(o *sfu.Options) {
		o.Migrated = func(m sfu.Migration) { w.sfu.CompleteMigration(m.CallCID, m.SessionID) }
	})
	t.Cleanup(func() { w.stopSFU(second) })
	w.coordinator.use(w.sfu, second)
	file, _, _ := speech(t, time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 50)
	sessions := map[*bot]string{alice: alice.Info().ParticipantSessionID, bob: bob.Info().ParticipantSessionID}

	if asked, err := w.sfu.GoAway(callCID, models.GoAwayReason_GO_AWAY_REASON_REBALANCE); asked != 2 || err != nil {
		t.Fatalf("asked %d: %v", asked, err)
	}
	for b, before := range sessions {
		away := await(b, 0, func(e *rtcproto.Event) (*rtcproto.GoAway, bool) { return e.GetGoAway(), e.GetGoAway() != nil })
		if away.GetReason() != "rebalance" {
			t.Errorf("%s was sent away: %v", b.name, away)
		}
		begun := await(b, 0, reconnecting)
		back := await(b, 0, reconnected)
		if begun.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_MIGRATE || begun.GetReason() != "go_away" ||
			back.GetStrategy() != begun.GetStrategy() || back.GetParticipantSessionId() != before {
			t.Errorf("%s moved: %v, %v", b.name, begun, back)
		}
		if info := b.Info(); info.State != rtc.Joined || info.ParticipantCount != 2 {
			t.Errorf("%s: %+v", b.name, info)
		}
	}
	heard.await(t, heard.count()+50)
	t.Logf("the longest pause was %v", heard.longestPause())
	if pause := heard.longestPause(); pause > 3*time.Second {
		t.Errorf("nothing was heard for %v", pause)
	}
	packetsOf(t, heard.bytes()) // one stream still
	if last, ends := bob.peerStates(rtcproto.PeerKind_PEER_KIND_SUBSCRIBER); last != rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED || ends != 0 {
		t.Errorf("bob's subscriber is %s in the end, and was closed %d times", last, ends)
	}
	w.eventually("the first SFU is empty", func() bool { return w.sfu.PeerConnections() == 0 })
}

func TestGoAwayWithoutAnotherSFUGoesOnHere(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 10)
	if _, err := w.sfu.GoAway(callCID, models.GoAwayReason_GO_AWAY_REASON_REBALANCE); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*bot{alice, bob} {
		if back := await(b, 0, reconnected); back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_REJOIN {
			t.Errorf("%s: %v", b.name, back)
		}
	}
	heard.await(t, heard.count()+50)
}
