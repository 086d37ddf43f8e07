package e2e

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

func TestJoinTellsWhoIsThereAndHowLongItTook(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	bob := w.join("bob")

	joined := await(bob, 0, func(e *rtcproto.Event) (*rtcproto.Joined, bool) { return e.GetJoined(), true })
	if joined.GetCallCid() != callCID || joined.GetUserId() != "bob" || joined.GetSfu() != "sfu-1" || len(joined.GetParticipants()) != 2 {
		t.Errorf("joined: %v", joined)
	}
	if timing := joined.GetTiming(); timing.GetCoordinatorMs() <= 0 || timing.GetSignalingMs() <= 0 ||
		timing.GetTotalMs() < timing.GetCoordinatorMs()+timing.GetSignalingMs() {
		t.Errorf("timing: %v", timing)
	}
	seen := await(alice, 0, func(e *rtcproto.Event) (*rtcproto.Participant, bool) {
		return e.GetParticipantJoined().GetParticipant(), e.GetParticipantJoined() != nil
	})
	if seen.GetUserId() != "bob" || seen.GetName() != "BOB" || seen.GetIsLocal() {
		t.Errorf("alice sees %v", seen)
	}
	if info := alice.Info(); info.State != rtc.Joined || info.ParticipantCount != 2 || !info.Participants[0].IsLocal {
		t.Errorf("info: %+v", info)
	}

	bob.leave()
	if last := await(bob, 0, left); last.GetReason() != "left" || last.GetError() != nil {
		t.Errorf("left: %v", last)
	}
	await(alice, 0, func(e *rtcproto.Event) (bool, bool) { return true, e.GetParticipantLeft().GetUserId() == "bob" })
	if _, err := bob.Publish(within(t), rtc.PublishOptions{Name: "late", TrackType: audio}, nil); failure.KindOf(err) != failure.SessionNotFound {
		t.Errorf("publishing after leaving: %v", err)
	}
}

func TestFailedJoinSaysWhyAndEmitsNothing(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deadAddress := dead.Addr().String()
	dead.Close()

	refusing := func(status, code int) func(*world) {
		return func(w *world) {
			w.coordinator.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
				refuse(rw, status, code, "no")
				return true
			})
		}
	}
	credentials := func(url, ws, token string) func(*world) {
		return func(w *world) {
			w.coordinator.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
				rw.WriteHeader(http.StatusCreated)
				_, _ = rw.Write([]byte(`{"own_capabilities":[],"credentials":{"server":{"url":"` + url + `","ws_endpoint":"` + ws +
					`","edge_name":"x"},"token":"` + token + `","ice_servers":[]}}`))
				return true
			})
		}
	}
	for name, test := range map[string]struct {
		prepare func(*world)
		kind    failure.Kind
		stage   failure.Stage
	}{
		"the coordinator is down": {
			func(w *world) { w.coordinator.server.Close() }, failure.CoordinatorUnreachable, failure.Coordinator},
		"the call is unknown":    {refusing(404, 16), failure.CallNotFound, failure.Coordinator},
		"not allowed":            {refusing(403, 17), failure.PermissionDenied, failure.Coordinator},
		"the token has expired":  {refusing(401, 40), failure.TokenExpired, failure.Coordinator},
		"the token is not valid": {refusing(401, 43), failure.TokenInvalid, failure.Coordinator},
		"bad input":              {refusing(400, 4), failure.CoordinatorRejected, failure.Coordinator},
		"no SFU":                 {refusing(500, 101), failure.CoordinatorRejected, failure.Coordinator},
		"the answer is no JSON": {func(w *world) {
			w.coordinator.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
				_, _ = rw.Write([]byte("<html>"))
				return true
			})
		}, failure.CoordinatorRejected, failure.Coordinator},
		"no credentials":            {credentials("", "", ""), failure.CoordinatorRejected, failure.Coordinator},
		"the SFU is down":           {credentials("http://"+deadAddress, "ws://"+deadAddress+"/ws", "t"), failure.SFUUnreachable, failure.Signaling},
		"the SFU's token is forged": {func(w *world) { credentials(w.sfu.URL(), w.sfu.WSEndpoint(), "a.b.c")(w) }, failure.PermissionDenied, failure.Signaling},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.prepare(w)
			b, err := w.tryJoin("alice", func(o *rtc.JoinOptions) { o.Create = false })
			if failure.KindOf(err) != test.kind || failure.StageOf(err) != test.stage {
				t.Errorf("the join failed with %v at %q: %v", failure.KindOf(err), failure.StageOf(err), err)
			}
			if len(b.all()) != 0 {
				t.Errorf("events: %v", b.all())
			}
		})
	}
}

func TestJoinEndsWithItsDeadline(t *testing.T) {
	silent := func(w *world) chan struct{} {
		release := make(chan struct{})
		w.coordinator.answerWith(func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return true
		})
		return release
	}
	t.Run("deadline", func(t *testing.T) {
		w := newWorld(t)
		defer close(silent(w))
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		_, err := w.engine.Join(ctx, w.options("alice"), func(*rtcproto.Event) { t.Error("an event") })
		if failure.KindOf(err) != failure.DeadlineExceeded || failure.StageOf(err) != failure.Coordinator {
			t.Errorf("the join failed with %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		w := newWorld(t)
		defer close(silent(w))
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := w.engine.Join(ctx, w.options("alice"), func(*rtcproto.Event) { t.Error("an event") })
		if failure.KindOf(err) != failure.Cancelled {
			t.Errorf("the join failed with %v", err)
		}
	})
	t.Run("the SFU is silent", func(t *testing.T) {
		w := newWorld(t)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close() // accepts in the kernel, never answers
		w.coordinator.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
			_, _ = rw.Write([]byte(`{"credentials":{"server":{"url":"http://x","ws_endpoint":"ws://` + listener.Addr().String() +
				`","edge_name":"x"},"token":"t"}}`))
			return true
		})
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		_, err = w.engine.Join(ctx, w.options("alice"), func(*rtcproto.Event) { t.Error("an event") })
		if failure.KindOf(err) != failure.DeadlineExceeded || failure.StageOf(err) != failure.Signaling {
			t.Errorf("the join failed with %v at %q", err, failure.StageOf(err))
		}
	})
}

func TestJoinGoesElsewhereWhenTheSFUIsFull(t *testing.T) {
	w := newWorld(t)
	w.join("alice")
	second := w.startSFU("127.0.0.1:0", "127.0.0.1:0", "sfu-2")
	t.Cleanup(func() { w.stopSFU(second) })
	w.coordinator.use(w.sfu, second)
	w.coordinator.limit("sfu-1", 1)

	bob := w.join("bob")
	if bob.SFU() != "sfu-2" {
		t.Errorf("bob is at %s", bob.SFU())
	}
	joins := w.coordinator.requests()
	if last := joins[len(joins)-1]; last.MigratingFrom != "sfu-1" {
		t.Errorf("the coordinator was asked %+v", last)
	}

	w.coordinator.use(w.sfu)
	_, err := w.tryJoin("carol")
	if failure.KindOf(err) != failure.SFUFull {
		t.Errorf("with one full SFU the join failed with %v", err)
	}
}

func TestUnknownUserIsRegisteredFirst(t *testing.T) {
	w := newWorld(t)
	users := newUserRegistry(t)
	w.coordinator.answerWith(users.answer)

	w.join("alice")
	w.join("bob", func(o *rtc.JoinOptions) { o.User.Name, o.User.Custom = "Bob", []byte(`{"team":"red"}`) })
	if registered := strings.Join(users.registered(), " "); registered != `alice: bob:Bob{"team":"red"}` {
		t.Errorf("registered: %s", registered)
	}
}

func TestSessionEndsByItself(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		w := newWorld(t)
		alice := w.join("alice")
		bob := w.join("bob", func(o *rtc.JoinOptions) { o.LeaveWhenAlone = 200 * time.Millisecond })
		alice.leave()
		if last := await(bob, 0, left); last.GetReason() != "alone" {
			t.Errorf("left: %v", last)
		}
	})
	t.Run("max duration", func(t *testing.T) {
		w := newWorld(t)
		alice := w.join("alice", func(o *rtc.JoinOptions) { o.MaxDuration = 200 * time.Millisecond })
		if last := await(alice, 0, left); last.GetReason() != "max_duration" {
			t.Errorf("left: %v", last)
		}
	})
	t.Run("shutdown", func(t *testing.T) {
		w := newWorld(t)
		alice := w.join("alice")
		if err := alice.Shutdown(within(t)); err != nil {
			t.Fatal(err)
		}
		if last := await(alice, 0, left); last.GetReason() != "shutdown" {
			t.Errorf("left: %v", last)
		}
	})
}
