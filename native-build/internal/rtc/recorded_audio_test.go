package rtc

import (
	"path/filepath"
	"testing"
	"time"

	"streamgateway/native/internal/record"
	"streamgateway/native/internal/rtcproto"
)

// recordedTrackOfAlice is a track that is being recorded, without a call.
func recordedTrackOfAlice(t testing.TB) *recordedAudio {
	t.Helper()
	s := &Session{roster: newRoster(), emitter: func(*rtcproto.Event) {}}
	r := &recording{s: s}
	var err error
	r.disk, err = record.Start(record.Options{
		Store: record.Store{Directory: filepath.Join(t.TempDir(), "recordings")}, MaxBytes: 1 << 40, MaxDuration: time.Hour,
		BufferBytes: 1 << 30, Observer: r,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.disk.Finish(record.ReasonStopped, nil) })
	file := r.disk.Stream(record.File{Kind: "track", User: "alice", TrackType: "audio"}, nil)
	return newRecordedAudio(&output{s: s, port: &oggFile{Stream: file}, quiet: true}, file)
}

func TestRecordingAPacketAllocatesNothing(t *testing.T) {
	k := recordedTrackOfAlice(t)
	packet := orderedPacket{payload: append([]byte{0x78}, make([]byte, 120)...)}
	next := func() {
		packet.timestamp += 960
		k.ordered(packet)
	}
	next()
	if allocations := testing.AllocsPerRun(5000, next); allocations > 0 {
		t.Errorf("%v allocations a packet", allocations)
	}
}

func BenchmarkRecordedPacket(b *testing.B) {
	k := recordedTrackOfAlice(b)
	packet := orderedPacket{payload: append([]byte{0x78}, make([]byte, 120)...)}
	b.ReportAllocs()
	for range b.N {
		packet.timestamp += 960
		k.ordered(packet)
	}
}
