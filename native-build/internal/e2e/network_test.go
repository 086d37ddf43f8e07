package e2e

import (
	"bytes"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/nettest"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
)

var (
	noPath  = nettest.Path{Loss: 1}
	allWell = nettest.Path{}
)

// newWorldBehindRelay is a world whose media passes a relay, so that its path can be cut.
func newWorldBehindRelay(t *testing.T) (*world, *nettest.Relay) {
	t.Helper()
	relay := nettest.Start(t, 1)
	w := newWorld(t, func(o *sfu.Options) { o.MediaRelay = relay.Address() })
	relay.Forward(t, w.sfu.MediaAddress())
	return w, relay
}

func connection(peer rtcproto.PeerKind, state rtcproto.ConnectionState) func(*rtcproto.Event) (bool, bool) {
	return func(e *rtcproto.Event) (bool, bool) {
		change := e.GetConnectionStateChanged()
		return true, change.GetPeer() == peer && change.GetState() == state
	}
}

func TestLostPathOfMediaIsFoundAgainWhileTheSocketLives(t *testing.T) {
	w, relay := newWorldBehindRelay(t)
	file, _, _ := speech(t, time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 10)
	sessions := map[*bot]string{alice: alice.Info().ParticipantSessionID, bob: bob.Info().ParticipantSessionID}

	relay.SetBoth(noPath)
	for b, peer := range map[*bot]rtcproto.PeerKind{alice: rtcproto.PeerKind_PEER_KIND_PUBLISHER, bob: rtcproto.PeerKind_PEER_KIND_SUBSCRIBER} {
		await(b, 0, connection(peer, rtcproto.ConnectionState_CONNECTION_STATE_DISCONNECTED))
		begun := await(b, 0, reconnecting)
		if begun.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_FAST || begun.GetReason() != "ice_disconnected" {
			t.Errorf("%s reconnects: %v", b.name, begun)
		}
	}
	relay.SetBoth(allWell)
	for b, before := range sessions {
		back := await(b, 0, reconnected)
		if back.GetStrategy() != rtcproto.ReconnectStrategy_RECONNECT_STRATEGY_FAST || back.GetParticipantSessionId() != before {
			t.Errorf("%s reconnected: %v", b.name, back)
		}
	}
	heard.await(t, heard.count()+50)
	for _, e := range bob.all() {
		if e.GetParticipantLeft() != nil || e.GetTrackUnpublished() != nil {
			t.Errorf("bob saw %v", e)
		}
	}
}

func TestShortLossOfThePathIsNoOutage(t *testing.T) {
	w, relay := newWorldBehindRelay(t)
	file, _, _ := speech(t, time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 10)
	relay.SetBoth(noPath)
	await(bob, 0, connection(rtcproto.PeerKind_PEER_KIND_SUBSCRIBER, rtcproto.ConnectionState_CONNECTION_STATE_DISCONNECTED))
	mark := bob.mark()
	relay.SetBoth(allWell)
	await(bob, mark, connection(rtcproto.PeerKind_PEER_KIND_SUBSCRIBER, rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED))
	heard.await(t, heard.count()+25)
	for _, b := range []*bot{alice, bob} {
		if info := b.Info(); info.State != rtc.Joined || info.Reconnects != 0 {
			t.Errorf("%s: %+v", b.name, info)
		}
	}
}

func TestLostSocketAndPathComeBackTogether(t *testing.T) {
	w, relay := newWorldBehindRelay(t)
	file, _, _ := speech(t, time.Second)
	socket := w.viaProxy("alice")
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	heard := bob.listen("alice")
	heard.await(t, 10)

	socket.cut(true)
	relay.SetBoth(noPath)
	await(alice, 0, func(e *rtcproto.Event) (bool, bool) { return true, e.GetReconnecting().GetAttempt() == 2 })
	relay.SetBoth(allWell)
	socket.cut(false)
	await(alice, 0, reconnected)
	heard.await(t, heard.count()+50)
}

func TestSessionWithoutAnyPathForMediaGivesUp(t *testing.T) {
	w, relay := newWorldBehindRelay(t)
	file, _, _ := speech(t, time.Second)
	alice := w.join("alice", func(o *rtc.JoinOptions) { o.Reconnect.Deadline = 2 * time.Second })
	alice.publish("speech", file, looped)
	await(alice, 0, connection(rtcproto.PeerKind_PEER_KIND_PUBLISHER, rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED))
	relay.SetBoth(noPath)
	last := await(alice, 0, left)
	if last.GetReason() != "reconnect_failed" || last.GetError().GetKind() != string(failure.ReconnectFailed) {
		t.Errorf("left: %v", last)
	}
}

func TestPacketsLostOnTheWayFromTheSFUAreSentAgain(t *testing.T) {
	w, relay := newWorldBehindRelay(t)
	file, sent, _ := speech(t, 5*time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file)
	await(bob, 0, published)
	heard := bob.listen("alice")
	heard.await(t, 10)
	relay.SetDownlink(nettest.Path{Loss: 0.1, Delay: 10 * time.Millisecond})
	heard.await(t, len(sent)-50)
	relay.SetDownlink(allWell) // nobody could know that the last packet is missing
	heard.await(t, len(sent))
	bob.leave()
	heard.awaitEnd(t)

	got := packetsOf(t, heard.bytes())
	if len(got) != len(sent) {
		t.Fatalf("%d packets were sent and %d heard", len(sent), len(got))
	}
	differing := 0
	for i := range sent {
		if !bytes.Equal(got[i], sent[i]) {
			differing++
		}
	}
	if lost := relay.Counts().Dropped; lost < 5 || differing > len(sent)/50 {
		t.Errorf("%d datagrams were lost, and %d of %d packets were not heard", lost, differing, len(sent))
	}
}
