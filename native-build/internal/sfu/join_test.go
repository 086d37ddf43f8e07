package sfu

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func withClaim(name string, value any) clientOption {
	return func(_ *testClient, _ *event.JoinRequest, claims map[string]any) { claims[name] = value }
}

func withSession(id string) clientOption {
	return func(_ *testClient, request *event.JoinRequest, _ map[string]any) { request.SessionId = id }
}

func withStrategy(strategy models.WebsocketReconnectStrategy, previous string) clientOption {
	return func(_ *testClient, request *event.JoinRequest, _ map[string]any) {
		request.ReconnectDetails = &event.ReconnectDetails{Strategy: strategy, PreviousSessionId: previous}
	}
}

func withToken(token string) clientOption {
	return func(_ *testClient, request *event.JoinRequest, _ map[string]any) { request.Token = token }
}

func left(userID string) func(*event.SfuEvent) *event.ParticipantLeft {
	return func(e *event.SfuEvent) *event.ParticipantLeft {
		if l := e.GetParticipantLeft(); l != nil && l.GetParticipant().GetUserId() == userID {
			return l
		}
		return nil
	}
}

func Test_A_join_answers_the_whole_call_and_announces_the_participant(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice", withClaim("custom", map[string]any{"color": "red"}))
	bob := newClient(t, s, "bob")

	state := bob.response.GetCallState()
	if len(state.GetParticipants()) != 2 || state.GetParticipantCount().GetTotal() != 2 {
		t.Errorf("bob sees %v", state)
	}
	if bob.response.GetReconnected() || bob.response.GetFastReconnectDeadlineSeconds() != 15 || state.GetStartedAt() == nil {
		t.Errorf("response is %v", bob.response)
	}
	kinds := map[models.TrackType]bool{}
	for _, option := range bob.response.GetPublishOptions() {
		kinds[option.GetTrackType()] = true
		if option.GetBitrate() == 0 || option.GetFps() == 0 || option.GetMaxSpatialLayers() == 0 || option.GetMaxTemporalLayers() == 0 {
			t.Errorf("publish option has a zero: %v", option)
		}
	}
	if len(kinds) != 4 {
		t.Errorf("publish options are for %v", kinds)
	}
	announced := await(alice, "bob joined", joined("bob"))
	if announced.GetCallCid() != testCall || announced.GetParticipant().GetName() != "BOB" || announced.GetParticipant().GetRoles()[0] != "user" {
		t.Errorf("announced as %v", announced)
	}
	for _, p := range state.GetParticipants() {
		if p.GetUserId() == "alice" && p.GetCustom().GetFields()["color"].GetStringValue() != "red" {
			t.Errorf("custom data is %v", p.GetCustom())
		}
		if p.GetTrackLookupPrefix() == "" || strings.Contains(p.GetTrackLookupPrefix(), ":") {
			t.Errorf("prefix is %q", p.GetTrackLookupPrefix())
		}
	}
}

func Test_A_refused_join_is_told_why_and_what_to_do(t *testing.T) {
	s := startServer(t)
	newClient(t, s, "first")
	signed := signToken(testClaims("eve"), testSecret)
	const unauthenticated = models.ErrorCode_ERROR_CODE_UNAUTHENTICATED
	cases := map[string]struct {
		option  clientOption
		code    models.ErrorCode
		mention string
	}{
		"expired token":     {withClaim("exp", time.Now().Unix()-1), unauthenticated, "expired"},
		"other signature":   {withToken(signToken(testClaims("eve"), "another secret")), unauthenticated, "signature"},
		"cut token":         {withToken(signed[:len(signed)-4]), unauthenticated, "signature"},
		"no token at all":   {withToken("none"), unauthenticated, "malformed"},
		"unsigned token":    {withToken("eyJhbGciOiJub25lIn0.e30."), unauthenticated, "HS256"},
		"other SFU":         {withClaim("sfu", "frankfurt-7"), unauthenticated, "frankfurt-7"},
		"no user":           {withClaim("user_id", ""), unauthenticated, "user_id"},
		"no call":           {withClaim("call_cid", "nowhere"), unauthenticated, "call_cid"},
		"custom is a list":  {withClaim("custom", []int{1}), unauthenticated, "custom"},
		"no session id":     {withSession(""), codeInvalid, "session_id"},
		"long session id":   {withSession(strings.Repeat("x", 10_001)), codeInvalid, "session_id"},
		"full call":         {withClaim("max_participants", 1), models.ErrorCode_ERROR_CODE_CALL_PARTICIPANT_LIMIT_REACHED, "1 participants"},
		"another's session": {withSession("session-first"), codePermissionDenied, "somebody else"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client, first := dial(t, s, "eve", c.option)
			refused := first.GetError()
			if refused.GetError().GetCode() != c.code || !strings.Contains(refused.GetError().GetMessage(), c.mention) {
				t.Errorf("refused with %v", first)
			}
			if refused.GetReconnectStrategy() != disconnect {
				t.Errorf("strategy is %v", refused.GetReconnectStrategy())
			}
			client.eventually("the socket is closed", func() bool { return client.readErr != nil })
		})
	}
}

func Test_A_socket_that_does_not_begin_with_a_join_request_is_refused(t *testing.T) {
	s := startServer(t)
	conn, _, err := websocket.DefaultDialer.Dial(s.WSEndpoint(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &testClient{t: t, server: s, conn: conn, changed: make(chan struct{})}
	defer conn.Close()
	c.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_HealthCheckRequest{HealthCheckRequest: &event.HealthCheckRequest{}}})
	first, err := c.readFrame()
	if err != nil || first.GetError().GetError().GetCode() != codeInvalid {
		t.Errorf("answer is %v, %v", first, err)
	}
}

func Test_Health_checks_are_answered_with_the_number_of_participants(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	newClient(t, s, "viewer", withClaim("anonymous", true))
	alice.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_HealthCheckRequest{HealthCheckRequest: &event.HealthCheckRequest{}}})
	check := await(alice, "health check", (*event.SfuEvent).GetHealthCheckResponse)
	if count := check.GetParticipantCount(); count.GetTotal() != 2 || count.GetAnonymous() != 1 {
		t.Errorf("count is %v", count)
	}
}

func Test_Anonymous_participants_are_counted_but_neither_listed_nor_announced(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	viewer := newClient(t, s, "viewer", withClaim("anonymous", true))
	bob := newClient(t, s, "bob")
	await(alice, "bob joined", joined("bob"))
	alice.mu.Lock()
	for _, e := range alice.events {
		if joined("viewer")(e) != nil {
			t.Error("the viewer was announced")
		}
	}
	alice.mu.Unlock()
	if got := len(bob.response.GetCallState().GetParticipants()); got != 2 {
		t.Errorf("bob sees %d participants", got)
	}
	if got := len(viewer.response.GetCallState().GetParticipants()); got != 2 {
		t.Errorf("the viewer sees %d participants, not alice and itself", got)
	}
	track := viewer.newTrack(audioTrack, opus())
	if response := viewer.setPublisher(track); response.GetError().GetCode() != codePermissionDenied {
		t.Errorf("a viewer publishes: %v", response)
	}
}

func Test_Leaving_and_closing_with_1000_or_1001_remove_at_once(t *testing.T) {
	leave := map[string]func(*testClient){
		"leave request": func(c *testClient) {
			c.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_LeaveCallRequest{
				LeaveCallRequest: &event.LeaveCallRequest{SessionId: c.sessionID},
			}})
		},
		"close 1000": func(c *testClient) { c.closeWith(1000) },
		"close 1001": func(c *testClient) { c.closeWith(1001) },
	}
	for name, act := range leave {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
			act(bob)
			await(alice, "bob left", left("bob"))
		})
	}
}

func (c *testClient) closeWith(code int) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, "bye"), time.Now().Add(time.Second))
}

func Test_A_lost_session_is_kept_until_the_deadline_and_then_removed(t *testing.T) {
	s := startServer(t, func(o *Options) { o.FastReconnectDeadline = 300 * time.Millisecond })
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	lost := time.Now()
	_ = bob.conn.Close()
	await(alice, "bob left", left("bob"))
	if kept := time.Since(lost); kept < 300*time.Millisecond {
		t.Errorf("the session was kept for %v only", kept)
	}
}

func Test_A_silent_socket_is_dropped_and_its_session_kept_for_a_while(t *testing.T) {
	observer := newTestObserver()
	s := startServer(t, func(o *Options) {
		o.silence = 100 * time.Millisecond
		o.FastReconnectDeadline = 100 * time.Millisecond
		o.Observer = observer
	})
	alice := newClient(t, s, "alice")
	alice.eventually("the silent socket is closed", func() bool { return alice.readErr != nil })
	if reason := observer.awaitLeft(t, "alice"); reason != LeaveTimeout {
		t.Errorf("left because of %q", reason)
	}
}

func Test_Fast_reconnect_resumes_the_session_without_telling_the_others(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	_ = bob.conn.Close()
	again := newClient(t, s, "bob", withStrategy(fast, ""))
	if !again.response.GetReconnected() || len(again.response.GetCallState().GetParticipants()) != 2 {
		t.Errorf("response is %v", again.response)
	}
	carol := newClient(t, s, "carol")
	await(alice, "carol joined", joined("carol"))
	alice.mu.Lock()
	defer alice.mu.Unlock()
	count := 0
	for _, e := range alice.events {
		if joined("bob")(e) != nil {
			count++
		}
		if left("bob")(e) != nil {
			t.Error("bob left")
		}
	}
	if count != 1 {
		t.Errorf("bob joined %d times", count)
	}
	if got := carol.response.GetCallState().GetParticipantCount().GetTotal(); got != 3 {
		t.Errorf("%d participants", got)
	}
}

func Test_Fast_reconnect_replaces_a_socket_that_still_lives(t *testing.T) {
	s := startServer(t)
	bob := newClient(t, s, "bob")
	again := newClient(t, s, "bob", withStrategy(fast, ""))
	bob.eventually("the former socket is closed", func() bool { return bob.readErr != nil })
	again.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_HealthCheckRequest{HealthCheckRequest: &event.HealthCheckRequest{}}})
	check := await(again, "health check", (*event.SfuEvent).GetHealthCheckResponse)
	if check.GetParticipantCount().GetTotal() != 1 {
		t.Errorf("count is %v", check)
	}
}

func Test_Fast_reconnect_to_a_session_that_is_gone_asks_for_a_rejoin(t *testing.T) {
	s := startServer(t)
	_, first := dial(t, s, "bob", withStrategy(fast, ""))
	if first.GetError().GetError().GetCode() != models.ErrorCode_ERROR_CODE_PARTICIPANT_RECONNECT_FAILED ||
		first.GetError().GetReconnectStrategy() != rejoin {
		t.Errorf("answer is %v", first)
	}
}

func Test_A_rejoin_drops_the_previous_session_even_in_a_full_call(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	newClient(t, s, "bob")
	again := newClient(t, s, "bob", withSession("session-bob-2"), withStrategy(rejoin, "session-bob"), withClaim("max_participants", 2))
	gone := await(alice, "bob's old session left", left("bob"))
	if gone.GetParticipant().GetSessionId() != "session-bob" {
		t.Errorf("left: %v", gone)
	}
	if got := again.response.GetCallState().GetParticipantCount().GetTotal(); got != 2 {
		t.Errorf("%d participants", got)
	}
}

func Test_A_fresh_join_with_the_same_session_id_replaces_the_former_one(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	bob := newClient(t, s, "bob")
	again := newClient(t, s, "bob")
	await(alice, "the former bob left", left("bob"))
	bob.eventually("the former socket is closed", func() bool { return bob.readErr != nil })
	if again.response.GetReconnected() {
		t.Error("a fresh join is answered as a reconnect")
	}
	if got := again.response.GetCallState().GetParticipantCount().GetTotal(); got != 2 {
		t.Errorf("%d participants", got)
	}
}

func Test_Stop_with_drain_asks_participants_to_move_away(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	stopped := make(chan error, 1)
	go func() { stopped <- stopWithin(s, true) }()
	failed := await(alice, "shutdown", (*event.SfuEvent).GetError)
	if failed.GetError().GetCode() != codeShuttingDown || failed.GetReconnectStrategy() != migrate {
		t.Errorf("told %v", failed)
	}
	alice.closeWith(1000)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + s.host() + "/"); err == nil {
		t.Error("the server still answers")
	}
}

func Test_Procedures_for_a_session_without_a_socket_ask_for_a_fast_reconnect(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	_ = bob.conn.Close()
	response := &signal.ICERestartResponse{}
	deadline := time.Now().Add(testDeadline)
	for response.GetError() == nil && time.Now().Before(deadline) {
		bob.rpc("IceRestart", &signal.ICERestartRequest{SessionId: bob.sessionID}, response)
	}
	if response.GetError().GetCode() != codeSignalLost {
		t.Errorf("answer is %v", response)
	}
	_ = alice
}
