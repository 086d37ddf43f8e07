package sfumodule

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
)

type testHost struct {
	mu     sync.Mutex
	last   uint64
	events []*rtcproto.Event
}

func (h *testHost) Emit(_ uint64, e *rtcproto.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *testHost) Log() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func (h *testHost) NextID() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	return h.last
}

func newTestModule(t *testing.T) *Module {
	t.Helper()
	m := newModule(&testHost{})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if counts := m.Counts(); counts["sfus"] != 0 || counts["peer_connections"] != 0 {
			t.Errorf("left behind: %v", counts)
		}
	})
	return m
}

// call runs a command and reads its answer as JSON.
func call(t *testing.T, m *Module, tag, request string) (map[string]any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := m.Commands()[tag].Run(ctx, []byte(request))
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded, nil
}

func start(t *testing.T, m *Module, listen string) map[string]any {
	t.Helper()
	answer, err := call(t, m, "sfu.start",
		`{"listen":"`+listen+`","media_listen":"127.0.0.1:0","edge_name":"local-1","token_secret":"s","fast_reconnect_deadline_ms":1000}`)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func Test_An_SFU_starts_on_a_free_port_and_its_port_is_free_again_at_once_after_stop(t *testing.T) {
	m := newTestModule(t)
	first := start(t, m, "127.0.0.1:0")
	if first["edge_name"] != "local-1" || !strings.HasPrefix(first["ws_endpoint"].(string), "ws://127.0.0.1:") ||
		!strings.HasSuffix(first["url"].(string), "/twirp") {
		t.Errorf("answer is %v", first)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(first["url"].(string), "http://"), "/twirp")
	for range 3 {
		if _, err := call(t, m, "sfu.stop", `{"sfu":`+number(first)+`,"drain":true}`); err != nil {
			t.Fatal(err)
		}
		first = start(t, m, address)
	}
	response, err := http.Post("http://"+address+"/twirp/nothing", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown path answers %d", response.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

func number(answer map[string]any) string {
	raw, _ := json.Marshal(answer["sfu"])
	return string(raw)
}

func Test_Bad_requests_are_refused_with_the_name_of_the_field(t *testing.T) {
	m := newTestModule(t)
	running := number(start(t, m, "127.0.0.1:0"))
	cases := map[string]struct {
		tag, request string
		kind         failure.Kind
		mention      string
	}{
		"unknown field":    {"sfu.stats", `{"sfu":1,"x":1}`, failure.InvalidArgument, `"x"`},
		"no secret":        {"sfu.start", `{"listen":"127.0.0.1:0"}`, failure.InvalidArgument, "token_secret"},
		"bad address":      {"sfu.start", `{"listen":"nowhere","token_secret":"s"}`, failure.InvalidArgument, "listen"},
		"bad media":        {"sfu.start", `{"media_listen":"127.0.0.1:99999","token_secret":"s"}`, failure.InvalidArgument, "media_listen"},
		"bad relay":        {"sfu.start", `{"media_relay":"nowhere:1","token_secret":"s"}`, failure.InvalidArgument, "media_relay"},
		"long deadline":    {"sfu.start", `{"token_secret":"s","fast_reconnect_deadline_ms":3600000}`, failure.InvalidArgument, "fast_reconnect_deadline_ms"},
		"unknown SFU":      {"sfu.stats", `{"sfu":99}`, failure.SFUNotFound, "99"},
		"unknown reason":   {"sfu.call.end", `{"sfu":` + running + `,"call_cid":"a:b","reason":"bored"}`, failure.InvalidArgument, "reason"},
		"unknown away":     {"sfu.go_away", `{"sfu":` + running + `,"reason":"bored"}`, failure.InvalidArgument, "reason"},
		"no track types":   {"sfu.participant.mute", `{"sfu":` + running + `,"call_cid":"a:b","track_types":[]}`, failure.InvalidArgument, "track_types"},
		"bad track type":   {"sfu.participant.mute", `{"sfu":` + running + `,"call_cid":"a:b","track_types":["smell"]}`, failure.InvalidArgument, "smell"},
		"custom no object": {"sfu.participant.update", `{"sfu":` + running + `,"call_cid":"a:b","user_id":"u","custom":[1]}`, failure.InvalidArgument, "custom"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := call(t, m, c.tag, c.request)
			if failure.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.mention) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func Test_Commands_for_a_call_nobody_is_in_touch_nobody(t *testing.T) {
	m := newTestModule(t)
	running := number(start(t, m, "127.0.0.1:0"))
	for tag, rest := range map[string]string{
		"sfu.call.end":           `"reason":"ended"`,
		"sfu.go_away":            `"reason":"rebalance"`,
		"sfu.participant.kick":   `"user_id":"u"`,
		"sfu.participant.mute":   `"user_ids":null,"track_types":["audio"],"by_user_id":"m"`,
		"sfu.participant.grants": `"user_id":"u","can_publish_audio":true,"can_publish_video":false,"can_screenshare":false`,
		"sfu.participant.update": `"user_id":"u","name":"n","image":"","custom":{"a":1}`,
		"sfu.pins":               `"pins":[{"user_id":"u","session_id":""}]`,
	} {
		answer, err := call(t, m, tag, `{"sfu":`+running+`,"call_cid":"default:empty",`+rest+`}`)
		if err != nil {
			t.Errorf("%s: %v", tag, err)
		}
		for name, value := range answer {
			if value != 0.0 {
				t.Errorf("%s: %s is %v", tag, name, value)
			}
		}
	}
	answer, err := call(t, m, "sfu.stats", `{"sfu":`+running+`}`)
	if err != nil || len(answer["calls"].([]any)) != 0 {
		t.Errorf("stats: %v, %v", answer, err)
	}
}
