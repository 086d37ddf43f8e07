package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"streamgateway/native/internal/sfuproto/event"
)

func joined(userID string) func(*event.SfuEvent) *event.ParticipantJoined {
	return func(e *event.SfuEvent) *event.ParticipantJoined {
		if j := e.GetParticipantJoined(); j.GetParticipant().GetUserId() == userID {
			return j
		}
		return nil
	}
}

func published(userID string) func(*event.SfuEvent) *event.TrackPublished {
	return func(e *event.SfuEvent) *event.TrackPublished {
		if p := e.GetTrackPublished(); p.GetUserId() == userID && p != nil {
			return p
		}
		return nil
	}
}

func Test_Audio_of_one_participant_reaches_the_others_from_its_first_packet(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	bob := newClient(t, s, "bob", func(c *testClient, _ *event.JoinRequest, _ map[string]any) { c.json = true })
	await(alice, "bob joined", joined("bob"))

	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	const count = 40
	for i := range count {
		track.sendAudio(t, []byte(fmt.Sprintf("packet %d", i)))
	}

	announced := await(bob, "alice published", published("alice"))
	if got := announced.GetParticipant().GetPublishedTracks(); len(got) != 1 || got[0] != audioTrack {
		t.Errorf("published tracks are %v", got)
	}
	stream := alice.streamOf(audioTrack)
	bob.eventually("all packets", func() bool { return bob.tracks[stream] != nil && len(bob.tracks[stream].packets) == count })
	for i, packet := range bob.received(stream) {
		checkPacket(t, i, packet)
	}
	if len(alice.received(stream)) != 0 {
		t.Error("alice hears herself")
	}
}

// firstForwarded is the number of the first packet of a test's track when it is forwarded: in the lower half.
const firstForwarded = firstNumber - 1<<15

func checkPacket(t *testing.T, i int, packet *rtp.Packet) {
	t.Helper()
	if want := fmt.Sprintf("packet %d", i); string(packet.Payload) != want {
		t.Errorf("packet %d carries %q", i, packet.Payload)
	}
	if want := uint16(firstForwarded + i); packet.SequenceNumber != want {
		t.Errorf("packet %d has number %d, not %d", i, packet.SequenceNumber, want)
	}
	if want := uint32(4294960000 + 960*i); packet.Timestamp != want {
		t.Errorf("packet %d has timestamp %d, not %d", i, packet.Timestamp, want)
	}
	if packet.PayloadType != 111 || packet.Extension {
		t.Errorf("packet %d has payload type %d, extension %v", i, packet.PayloadType, packet.Extension)
	}
}

func Test_Who_joins_later_hears_who_speaks_already_from_now_on(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	track.sendAudio(t, []byte("long ago"))
	l := onlyLayer(t, s, audioTrack)
	awaitReceived(t, l, 1)
	l.mu.Lock()
	l.startedAt = l.startedAt.Add(-time.Minute)
	l.mu.Unlock()

	bob := newClient(t, s, "bob")
	stream := alice.streamOf(audioTrack)
	stop := every(20*time.Millisecond, func() { track.sendAudio(t, []byte("now")) })
	defer stop()
	bob.eventually("alice is heard", func() bool { return bob.count2(stream) > 0 })
	if first := bob.received(stream)[0]; string(first.Payload) != "now" {
		t.Errorf("bob first hears %q", first.Payload)
	}
}

// every repeats something until the answered function is called, which waits for its end.
func every(interval time.Duration, act func()) (stop func()) {
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				act()
			case <-stopping:
				return
			}
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}
