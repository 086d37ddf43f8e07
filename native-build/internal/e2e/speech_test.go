package e2e

import (
	"bytes"
	"testing"
	"time"

	"streamgateway/native/internal/mediatest"
)

func TestSpeechOutIsSpeechInPacketByPacket(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	file, sent, pcm := speech(t, 3*time.Second)

	alice.publish("speech", file)
	track := await(bob, 0, published)
	if track.UserId != "alice" || track.TrackType != audio {
		t.Errorf("published: %v", track)
	}
	heard := bob.listen("alice")
	end := await(alice, 0, ended)
	if end.Reason != "completed" || end.Packets != uint64(len(sent)) || end.DurationMs != 3000 {
		t.Errorf("the publication ended so: %v", end)
	}
	heard.await(t, len(sent))
	bob.leave()
	heard.awaitEnd(t)

	got := packetsOf(t, heard.bytes())
	if len(got) != len(sent) {
		t.Fatalf("%d packets were sent and %d heard", len(sent), len(got))
	}
	for i := range sent {
		if !bytes.Equal(got[i], sent[i]) {
			t.Fatalf("packet %d differs", i)
		}
	}
	decoded := mediatest.Samples(mediatest.Run(t, heard.bytes(), "opusdec", "--quiet", "--force-wav", "-", "-"))
	if _, likeness := mediatest.Align(pcm, decoded, 2000); likeness < 0.95 {
		t.Errorf("the speech heard is only %.3f like that sent", likeness)
	}
}
