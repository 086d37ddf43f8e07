package sfu

import (
	"fmt"
	"slices"
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
	s, visit := startServer(f), &stay{TB: f}
	f.Cleanup(visit.end)
	m, came := newMallory(visit, s), make(chan struct{}, 1)
	m.sendAudioUntil(f, came, m.watch)
	f.Fuzz(func(t *testing.T, script []byte) {
		m.socket.Play(m.publisher, script)
		for !m.sendAudioUntil(t, came, nil) { // it reported on too many streams, over many scripts
			visit.end()
			m = newMallory(visit, s)
			m.sendAudioUntil(t, came, m.watch)
		}
	})
}

// stay is the test of a client that outlives several scripts, and may come anew.
type stay struct {
	testing.TB
	cleanups []func()
}

func (s *stay) Helper() {}

func (s *stay) Cleanup(cleanup func()) { s.cleanups = append(s.cleanups, cleanup) }

func (s *stay) Fatal(what ...any) { panic(fmt.Sprint(what...)) }

func (s *stay) Fatalf(format string, what ...any) { panic(fmt.Sprintf(format, what...)) }

func (s *stay) Errorf(format string, what ...any) { panic(fmt.Sprintf(format, what...)) }

func (s *stay) end() {
	for _, cleanup := range slices.Backward(s.cleanups) {
		cleanup()
	}
	s.cleanups = nil
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

// sendAudioUntil sends media until it comes, or the SFU has sent mallory away: what was sent before it has been taken apart then.
func (m *mallory) sendAudioUntil(t testing.TB, came chan struct{}, watch func(chan<- struct{})) bool {
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
			return true
		case <-again.C:
			if m.server.session(m.sessionID) == nil {
				return false
			}
		case <-deadline:
			t.Fatal("no media gets through any more")
		}
	}
}
