package e2e

import (
	"encoding/binary"
	"testing"
	"time"

	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

func TestAudioIsToldAsPacketsToHostsThatWantThem(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	alice := w.join("alice")
	bob := w.join("bob", func(o *rtc.JoinOptions) { o.Packets = true })
	carol := w.join("carol")
	alice.publish("speech", file, looped)
	carol.listen("alice").await(t, 75)
	var samples []int16
	mark := 0
	for range 75 {
		packet := await(bob, mark, func(e *rtcproto.Event) (*rtcproto.RtcPacket, bool) {
			mark++
			return e.GetRtcPacket(), e.GetRtcPacket() != nil
		})
		pcm := packet.GetAudio().GetPcm()
		if packet.GetUserId() != "alice" || len(pcm.GetPayload()) != 2*960 || pcm.GetSampleRate() != 48000 || pcm.GetChannels() != 1 ||
			pcm.GetFormat() != rtcproto.AudioFormat_AUDIO_FORMAT_INT16 {
			t.Fatalf("a packet of %q: %d bytes, %d Hz, %d channels", packet.GetUserId(), len(pcm.GetPayload()), pcm.GetSampleRate(), pcm.GetChannels())
		}
		for at := 0; at < len(pcm.GetPayload()); at += 2 {
			samples = append(samples, int16(binary.LittleEndian.Uint16(pcm.GetPayload()[at:])))
		}
	}
	if mediatest.Power(samples) < 1e-5 {
		t.Error("the packets are silent")
	}
	for _, e := range carol.all() {
		if e.GetRtcPacket() != nil {
			t.Fatal("carol is told packets that she did not ask for")
		}
	}
}
