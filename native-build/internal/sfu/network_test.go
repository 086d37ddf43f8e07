package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/nack"

	"streamgateway/native/internal/nettest"
	"streamgateway/native/internal/sfuproto/event"
)

// startBehindRelay starts a server whose media passes a relay.
func startBehindRelay(t *testing.T, change ...func(*Options)) (*Server, *nettest.Relay) {
	t.Helper()
	relay := nettest.Start(t, 7)
	s := startServer(t, append(change, func(o *Options) { o.MediaRelay = relay.Address() })...)
	relay.Forward(t, s.MediaAddress())
	return s, relay
}

// withRecovery lets a client ask for lost packets and answer such requests.
func withRecovery(t *testing.T) clientOption {
	t.Helper()
	generator, err := nack.NewGeneratorInterceptor(nack.GeneratorInterval(40 * time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	responder, err := nack.NewResponderInterceptor()
	if err != nil {
		t.Fatal(err)
	}
	return func(c *testClient, _ *event.JoinRequest, _ map[string]any) {
		c.api = peerAPI(registerAll, generator, responder)
	}
}

func Test_All_audio_arrives_through_loss_and_delay(t *testing.T) {
	s, relay := startBehindRelay(t)
	alice, bob := newClient(t, s, "alice", withRecovery(t)), newClient(t, s, "bob", withRecovery(t))
	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	go track.readControl()
	stream := alice.streamOf(audioTrack)
	track.sendAudio(t, []byte("packet 0"))
	bob.eventually("the first packet", func() bool { return bob.count2(stream) == 1 })

	relay.SetBoth(nettest.Path{Loss: 0.05, Delay: 100 * time.Millisecond, Jitter: 30 * time.Millisecond, Reorder: true})
	before := relay.Counts()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	const packets = 150
	for i := 1; i < packets; i++ {
		<-ticker.C
		track.sendAudio(t, []byte(fmt.Sprintf("packet %d", i)))
	}
	for range 3 { // so that the end is missed as well, when it is lost
		<-ticker.C
		track.sendAudio(t, []byte("end"))
	}
	bob.eventually("all packets", func() bool {
		got := bob.distinct(stream)
		return len(got) >= packets && got[packets-1].SequenceNumber-got[0].SequenceNumber == packets-1
	})
	bob.mu.Lock()
	defer bob.mu.Unlock()
	for i, packet := range bob.distinct(stream)[:packets] {
		checkPacket(t, i, packet)
	}
	if lost := relay.Counts().Dropped - before.Dropped; lost < 8 {
		t.Errorf("only %d packets were lost on the way", lost)
	}
}
