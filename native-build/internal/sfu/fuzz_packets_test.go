package sfu

import (
	"testing"
	"time"

	"streamgateway/native/internal/hostile"
)

// FuzzPackets sends anything to the SFU over a participant's connection that is up, with its keys and without. Media must get
// through afterwards.
func FuzzPackets(f *testing.F) {
	for _, script := range hostile.Seeds() {
		f.Add(script)
	}
	s := startServer(f)
	m := newMallory(f, s)
	came := make(chan struct{}, 1)
	m.sendAudioUntil(f, came, m.watch)
	f.Fuzz(func(t *testing.T, script []byte) {
		m.socket.Play(m.publisher, script)
		m.sendAudioUntil(t, came, nil)
	})
}

// watch tells of each packet of mallory's track that the SFU gets, in place of forwarding it.
func (m *mallory) watch(came chan<- struct{}) {
	ssrc := uint32(m.track.sender.GetParameters().Encodings[0].SSRC)
	m.server.session(m.sessionID).publisher.tap.Attach(ssrc, func([]byte) {
		select {
		case came <- struct{}{}:
		default:
		}
	})
}

// sendAudioUntil sends media until it comes: what was sent before it has been taken apart then.
func (m *mallory) sendAudioUntil(t testing.TB, came chan struct{}, watch func(chan<- struct{})) {
	t.Helper()
	select {
	case <-came: // of an earlier turn
	default:
	}
	deadline, again := time.After(testDeadline), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for {
		if watch != nil {
			watch(came) // again until the SFU has the stream
		}
		m.track.sendAudio(t, []byte("media"))
		select {
		case <-came:
			return
		case <-again.C:
		case <-deadline:
			t.Fatal("no media gets through any more")
		}
	}
}
