package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

func told(eventType string) func(*rtcproto.Event) (*rtcproto.CoordinatorEvent, bool) {
	return func(e *rtcproto.Event) (*rtcproto.CoordinatorEvent, bool) {
		return e.GetCoordinatorEvent(), e.GetCoordinatorEvent().GetType() == eventType
	}
}

func fed(connected bool) func(*rtcproto.Event) (*rtcproto.CoordinatorConnectionChanged, bool) {
	return func(e *rtcproto.Event) (*rtcproto.CoordinatorConnectionChanged, bool) {
		change := e.GetCoordinatorConnectionChanged()
		return change, change != nil && change.GetConnected() == connected
	}
}

func asked(e *rtcproto.Event) (*rtcproto.TokenExpiring, bool) {
	return e.GetTokenExpiring(), e.GetTokenExpiring() != nil
}

func callEnded(e *rtcproto.Event) (*rtcproto.CallEnded, bool) {
	return e.GetCallEnded(), e.GetCallEnded() != nil
}

func ofCall(eventType string, fields map[string]any) map[string]any {
	event := map[string]any{"type": eventType, "call_cid": callCID, "created_at": 1}
	for name, value := range fields {
		event[name] = value
	}
	return event
}

func TestCoordinatorEventsAreToldAsTheyCome(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	await(alice, 0, fed(true))
	if seen := w.coordinator.feeds.seen(); !slices.Equal(seen, []string{"connection-1 GET default/demo"}) {
		t.Errorf("the call is watched by %v", seen)
	}
	w.coordinator.feeds.tell(t, ofCall("call.reaction_new", map[string]any{"reaction": map[string]any{"type": "wave", "n": 12345678901234567}}))
	w.coordinator.feeds.tell(t, map[string]any{"type": "call.ring", "call_cid": "default:other", "user": map[string]any{"id": "bob"}})
	w.coordinator.feeds.tell(t, map[string]any{"type": "bad\nname"})
	w.coordinator.feeds.tell(t, ofCall("custom", map[string]any{"custom": map[string]any{"text": "hällo"}}))
	reaction := await(alice, 0, told("call.reaction_new"))
	if !strings.Contains(reaction.GetPayloadJson(), `"n":12345678901234567`) {
		t.Errorf("the reaction is told as %s", reaction.GetPayloadJson())
	}
	await(alice, 0, told("call.ring"))
	custom := await(alice, 0, told("custom"))
	var payload map[string]any
	if err := json.Unmarshal([]byte(custom.GetPayloadJson()), &payload); err != nil || payload["call_cid"] != callCID {
		t.Errorf("the custom event is told as %s", custom.GetPayloadJson())
	}
	for _, e := range alice.all() {
		if name := e.GetCoordinatorEvent().GetType(); strings.ContainsAny(name, "\n") || name == "health.check" {
			t.Errorf("told: %v", e)
		}
	}
}

func TestUserWithANameIsKnownBeforeTheJoinWhichWatches(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice", func(o *rtc.JoinOptions) { o.User.Name = "Alice" })
	await(alice, 0, fed(true))
	if seen := w.coordinator.feeds.seen(); !slices.Equal(seen, []string{"connection-1 POST default/demo/join"}) {
		t.Errorf("the call is watched by %v", seen)
	}
}

func TestUserIsMadeKnownByALaterAttemptWhenTheFirstFails(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	failures := 2
	w.coordinator.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path != "/api/v2/connect" || failures == 0 {
			return false
		}
		failures--
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	alice := w.join("alice", func(o *rtc.JoinOptions) { o.User.Name = "Alice" })
	await(alice, 0, fed(true))
	if seen := w.coordinator.feeds.seen(); !slices.Equal(seen, []string{"connection-1 POST default/demo/join"}) {
		t.Errorf("the call is watched by %v", seen)
	}
}

func TestJoinDoesNotWaitForTheCoordinatorsSocket(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	w.coordinator.answerWith(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/api/v2/connect" {
			<-release
		}
		return false
	})
	alice := w.join("alice")
	close(release)
	await(alice, 0, fed(true))
}

func TestCoordinatorsSocketComesBack(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	await(alice, 0, fed(true))
	mark := alice.mark()
	w.coordinator.feeds.cut()
	if change := await(alice, mark, fed(false)); change.GetError().GetKind() != string(failure.CoordinatorUnreachable) {
		t.Errorf("the loss is told as %v", change)
	}
	await(alice, mark, fed(true))
	w.coordinator.feeds.tell(t, ofCall("custom", nil))
	await(alice, mark, told("custom"))
	if seen := w.coordinator.feeds.seen(); !slices.Contains(seen, "connection-2 GET default/demo") {
		t.Errorf("the new connection does not watch: %v", seen)
	}
	if info := alice.Info(); info.State != rtc.Joined || info.Reconnects != 0 {
		t.Errorf("the session: %+v", info)
	}
}

func TestTokenIsAskedForBeforeItExpires(t *testing.T) {
	w := newWorld(t)
	expiry := time.Now().Add(2 * time.Second).Unix()
	alice := w.join("alice", func(o *rtc.JoinOptions) { o.Token = userToken("alice", expiry) })
	await(alice, 0, fed(true))
	if question := await(alice, 0, asked); question.GetExpiresAtUnixNs() != expiry*int64(time.Second) {
		t.Errorf("asked: %v", question)
	}
	if err := alice.SetToken(userToken("bob", expiry)); failure.KindOf(err) != failure.InvalidArgument {
		t.Errorf("the token of another user: %v", err)
	}
	fresh := userToken("alice", expiry+3600)
	if err := alice.SetToken(fresh); err != nil {
		t.Fatal(err)
	}
	w.coordinator.feeds.cut()
	w.coordinator.feeds.await(t, "connecting with the new token", func(f *feeds) bool { return slices.Contains(f.tokens, fresh) })
}

func TestExpiredTokenIsReplacedAndTheRequestRepeated(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	await(alice, 0, fed(true))
	w.coordinator.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "token" {
			return false
		}
		refuse(rw, http.StatusUnauthorized, 40, "expired")
		return true
	})
	sent := make(chan error, 1)
	go func() { sent <- alice.SendEvent(within(t), []byte(`{"n":1}`)) }()
	if question := await(alice, 0, asked); !question.GetExpired() {
		t.Errorf("asked: %v", question)
	}
	if err := alice.SetToken("another"); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Errorf("the repeated event: %v", err)
	}
}

func TestRefusedTokenIsNotShownAgain(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	await(alice, 0, fed(true))
	mark := alice.mark()
	w.coordinator.feeds.refuse(43)
	w.coordinator.feeds.cut()
	await(alice, mark, fed(false))
	w.coordinator.feeds.await(t, "the refusal", func(f *feeds) bool { return len(f.tokens) == 2 })
	w.coordinator.feeds.refuse(0)
	if err := alice.SetToken("another"); err != nil {
		t.Fatal(err)
	}
	await(alice, mark, fed(true))
	if shown := w.coordinator.feeds.shown(); !slices.Equal(shown, []string{"token", "token", "another"}) {
		t.Errorf("tokens shown: %v", shown)
	}
}

func TestCoordinatorsWordEndsTheSession(t *testing.T) {
	for _, c := range []struct{ event, user, reason, ended string }{
		{"call.ended", "host", "call_ended", "ended"},
		{"call.kicked_user", "alice", "kicked", "kicked"},
		{"call.blocked_user", "alice", "kicked", "kicked"},
	} {
		t.Run(c.event, func(t *testing.T) {
			w := newWorld(t)
			alice := w.join("alice")
			await(alice, 0, fed(true))
			w.coordinator.feeds.tell(t, map[string]any{"type": c.event, "call_cid": "default:other", "user": map[string]any{"id": c.user}})
			w.coordinator.feeds.tell(t, ofCall("call.kicked_user", map[string]any{"user": map[string]any{"id": "somebody"}}))
			w.coordinator.feeds.tell(t, ofCall(c.event, map[string]any{"user": map[string]any{"id": c.user}}))
			if over := await(alice, 0, callEnded); over.GetReason() != c.ended {
				t.Errorf("call ended: %v", over)
			}
			if last := await(alice, 0, left); last.GetReason() != c.reason {
				t.Errorf("left: %v", last)
			}
		})
	}
}

func TestUserWhoWasBlockedMeanwhileLeaves(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	await(alice, 0, fed(true))
	w.coordinator.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.URL.Query().Get("connection_id") == "" {
			return false
		}
		_, _ = rw.Write([]byte(`{"call":{"blocked_user_ids":["bob","alice"]}}`))
		return true
	})
	w.coordinator.feeds.cut() // and its word on that is missed
	if last := await(alice, 0, left); last.GetReason() != "kicked" {
		t.Errorf("left: %v", last)
	}
}

func TestTheSFUAndTheCoordinatorEndACallOnce(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	await(alice, 0, fed(true))
	if _, err := w.sfu.EndCall(callCID, models.CallEndedReason_CALL_ENDED_REASON_ENDED); err != nil {
		t.Fatal(err)
	}
	await(alice, 0, callEnded)
	w.coordinator.feeds.tell(t, ofCall("call.ended", map[string]any{"user": map[string]any{"id": "host"}}))
	await(alice, 0, left)
	var ends, words int
	for _, e := range alice.all() {
		if e.GetCallEnded() != nil {
			ends++
		}
		if e.GetCoordinatorEvent().GetType() == "call.ended" {
			words++
		}
	}
	if ends != 1 || words != 1 {
		t.Errorf("call_ended was told %d times, the coordinator's word %d times", ends, words)
	}
}

func TestCoordinatorRevokesAndGrantsCapabilities(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	alice := w.join("alice")
	await(alice, 0, fed(true))
	alice.publish("speech", file, looped)
	permissions := func(capabilities ...string) {
		w.coordinator.feeds.tell(t, ofCall("call.permissions_updated", map[string]any{
			"user": map[string]any{"id": "alice"}, "own_capabilities": capabilities,
		}))
	}
	permissions("join-call")
	changed := func(e *rtcproto.Event) (*rtcproto.PermissionsUpdated, bool) {
		return e.GetPermissionsUpdated(), e.GetPermissionsUpdated() != nil
	}
	if update := await(alice, 0, changed); update.GetCanPublishAudio() || !slices.Equal(update.GetOwnCapabilities(), []string{"join-call"}) {
		t.Errorf("permissions: %v", update)
	}
	if end := await(alice, 0, ended); end.GetError().GetKind() != string(failure.PermissionDenied) {
		t.Errorf("the publication ended so: %v", end)
	}
	mark := alice.mark()
	permissions("join-call", "send-audio")
	if update := await(alice, mark, changed); !update.GetCanPublishAudio() {
		t.Errorf("permissions: %v", update)
	}
	alice.publish("speech", file, looped)
}

func TestACallIsRungOnce(t *testing.T) {
	w := newWorld(t)
	second := w.startSFU("127.0.0.1:0", "127.0.0.1:0", "sfu-2")
	t.Cleanup(func() { w.stopSFU(second) })
	w.coordinator.use(w.sfu, second)
	w.coordinator.limit("sfu-1", 1)
	w.join("alice")
	w.join("bob", func(o *rtc.JoinOptions) { o.Ring, o.Notify = true, true })
	requests := w.coordinator.requests()
	if len(requests) != 3 || !requests[1].Ring || !requests[1].Notify || requests[2].Ring || requests[2].Notify {
		t.Errorf("the joins: %+v", requests)
	}
}

func userToken(user string, expiry int64) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		encode([]byte(`{"user_id":"`+user+`","exp":`+strconv.FormatInt(expiry, 10)+`}`)) + ".c2lnbmF0dXJl"
}
