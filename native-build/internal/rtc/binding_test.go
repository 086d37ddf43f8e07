package rtc

import (
	"context"
	"fmt"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
)

// newBoundSession is a session that hears so many participants, each through a sink of its own.
func newBoundSession(t testing.TB, participants int) *Session {
	t.Helper()
	e, err := NewEngine(silent)
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{
		engine: e, log: silent, open: true, roster: newRoster(), changed: make(chan struct{}), state: Joined, tasks: newTasks(nil),
		emitter: func(*rtcproto.Event) {},
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.cancel(nil) // the SFU is not told of subscriptions
	t.Cleanup(func() {
		<-s.tasks.close()
		e.Close()
	})
	for i := range participants {
		p := &participant{
			userID: fmt.Sprint("u", i), sessionID: fmt.Sprint("s", i), prefix: fmt.Sprint("p", i),
			tracks: map[rtcproto.TrackType]*trackState{rtcproto.TrackType_TRACK_TYPE_AUDIO: {codec: "opus"}},
		}
		s.roster.members[p.sessionID] = p
		s.tracks = append(s.tracks, &remoteTrack{prefix: p.prefix, trackType: rtcproto.TrackType_TRACK_TYPE_AUDIO, codec: "opus"})
		s.sinks = append(s.sinks, newSink(s, new(pageBuffer), p, rtcproto.TrackType_TRACK_TYPE_AUDIO, media.Spec{Format: media.Ogg}))
	}
	return s
}

func TestEachSinkHearsTheTrackOfItsParticipant(t *testing.T) {
	s := newBoundSession(t, 20)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bindSinks()
	for i, track := range s.tracks {
		if len(track.outputs) != 1 || track.outputs[0] != s.sinks[i].output || track.owner != fmt.Sprint("s", i) {
			t.Errorf("the track of %q has %d listeners", track.owner, len(track.outputs))
		}
	}
	s.sinks[3].participantSessionID, s.sinks[3].userID = "s4", "u4"
	s.bindSinks()
	if len(s.tracks[3].outputs) != 0 || len(s.tracks[4].outputs) != 2 {
		t.Errorf("after a sink moved: %d and %d listeners", len(s.tracks[3].outputs), len(s.tracks[4].outputs))
	}
}

// Sixteen times as many participants are allowed to cost four times sixteen times as much: their square would be 256.
func TestAChangeOfTheRosterCostsNoMoreThanThereIsInTheCall(t *testing.T) {
	cost := func(participants int) time.Duration {
		s := newBoundSession(t, participants)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bindSinks()
		least := time.Hour
		for range 10 {
			begin := time.Now()
			s.bindSinks()
			s.subscriptionList("me", true)
			least = min(least, time.Since(begin))
		}
		return least
	}
	few, many := cost(100), cost(1600)
	if t.Logf("100 participants: %v, 1,600: %v", few, many); many > 64*few {
		t.Errorf("16 times the participants cost %d times as much", many/few)
	}
}

func TestASinkThatCouldNotBeOpenedIsNotToldOf(t *testing.T) {
	s := newBoundSession(t, 1)
	video := rtcproto.TrackType_TRACK_TYPE_VIDEO
	s.roster.members["s0"].tracks[video] = &trackState{} // announced, and never sent
	s.sinks = nil
	var told []*rtcproto.Event
	s.emitter = func(e *rtcproto.Event) { told = append(told, e) }
	port := new(pageBuffer)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := s.Listen(ctx, ListenOptions{Owner: "u0", TrackType: video}, func() (PageSink, error) { return port, nil })
	if err == nil || !port.discarded || len(s.sinks) != 0 {
		t.Errorf("%v; the sink was thrown away: %v", err, port.discarded)
	}
	if len(told) != 0 {
		t.Errorf("told: %v", told)
	}
}

func TestASinkWhoseTrackEndsBeforeItIsKnownIsRefused(t *testing.T) {
	s := newBoundSession(t, 1)
	video := rtcproto.TrackType_TRACK_TYPE_VIDEO
	s.roster.members["s0"].tracks[video] = &trackState{}
	s.sinks = nil
	var told []*rtcproto.Event
	s.emitter = func(e *rtcproto.Event) { told = append(told, e) }
	port := new(pageBuffer)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := s.Listen(ctx, ListenOptions{Owner: "u0", TrackType: video}, func() (PageSink, error) {
		s.tasks.spawn(func() {
			s.mu.Lock()
			k := s.sinks[0]
			s.mu.Unlock()
			s.endSink(k, "track_ended")
		})
		return port, nil
	})
	if failure.KindOf(err) != failure.TrackNotFound || len(told) != 0 {
		t.Errorf("%v; told: %v", err, told)
	}
}

func BenchmarkBindSinks(b *testing.B) {
	s := newBoundSession(b, 800)
	s.mu.Lock()
	defer s.mu.Unlock()
	for range b.N {
		s.bindSinks()
	}
}
