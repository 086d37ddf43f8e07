package rtcmodule

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
)

const patience = 20 * time.Second

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// testHost is an instance whose sources are empty and whose sinks count.
type testHost struct {
	mu     sync.Mutex
	last   uint64
	events map[uint64][]*rtcproto.Event
	news   chan struct{}
	sinks  map[uint64]*countingSink
	data   string
	opened func() // a sink, if not nil
}

func (h *testHost) Emit(session uint64, e *rtcproto.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events[session] = append(h.events[session], e)
	h.announce()
}

func (h *testHost) announce() {
	close(h.news)
	h.news = make(chan struct{})
}

func (h *testHost) Log() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
func (h *testHost) Go(work func())    { go work() }

func (h *testHost) NextID() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	return h.last
}

func (h *testHost) OpenSource(int) (rtc.ByteSource, error) {
	return &emptySource{id: h.NextID(), closed: make(chan struct{})}, nil
}

func (h *testHost) OpenSink(int) (rtc.PageSink, error) {
	s := &countingSink{id: h.NextID(), host: h}
	if h.opened != nil {
		h.opened()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sinks[s.id] = s
	return s, nil
}

func (h *testHost) DiscardSink(uint64) bool  { return false }
func (h *testHost) EventBytesQueued() uint64 { return 0 }
func (h *testHost) Data() []byte             { return []byte(h.data) }

// emptySource has no bytes until it is closed.
type emptySource struct {
	id     uint64
	once   sync.Once
	closed chan struct{}
}

func (s *emptySource) ID() uint64 { return s.id }
func (s *emptySource) Close()     { s.once.Do(func() { close(s.closed) }) }
func (s *emptySource) Read(ctx context.Context, _ []byte) (int, error) {
	select {
	case <-s.closed:
		return 0, io.ErrClosedPipe
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

type countingSink struct {
	id        uint64
	host      *testHost
	discarded bool
}

func (s *countingSink) ID() uint64              { return s.id }
func (s *countingSink) WriteHeader([]byte) bool { return true }
func (s *countingSink) Write([]byte) (int, int) { return 0, 0 }
func (s *countingSink) End()                    {}
func (s *countingSink) Discard()                { s.discarded = true }

// stage is a module with a coordinator and an SFU to join; the requests to both pass a gate.
type stage struct {
	*Module
	t           *testing.T
	host        *testHost
	coordinator string
	gate        gate
}

func newStage(t *testing.T) *stage {
	t.Helper()
	h := &testHost{events: map[uint64][]*rtcproto.Event{}, news: make(chan struct{}), sinks: map[uint64]*countingSink{}}
	server, err := sfu.Start(sfu.Options{EdgeName: "sfu-1", TokenSecret: []byte("secret"), Logger: h.Log()})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{Module: newModule(h), t: t, host: h}
	procedures := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: strings.TrimSuffix(strings.TrimPrefix(server.URL(), "http://"), "/twirp")})
	procedures.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.gate.pass(r)
		switch {
		case strings.HasPrefix(r.URL.Path, "/twirp/"):
			procedures.ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/join"):
			fmt.Fprintf(w, `{"created":true,"own_capabilities":["send-audio"],"credentials":{"server":{"url":%q,"ws_endpoint":%q,"edge_name":"sfu-1"},"token":%q}}`,
				"http://"+r.Host+"/twirp", server.WSEndpoint(), token(r.URL.Query().Get("user_id")))
		default:
			w.WriteHeader(http.StatusCreated)
		}
	}))
	s.coordinator = web.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if counts := s.Counts(); counts["sessions"] != 0 || counts["peer_connections"] != 0 || counts["recordings"] != 0 || len(s.sources) != 0 || len(s.sinks) != 0 {
			t.Errorf("left behind: %v, %d sources, %d sinks", counts, len(s.sources), len(s.sinks))
		}
		web.Close()
		if err := server.Stop(ctx, false); err != nil {
			t.Errorf("the SFU: %v", err)
		}
	})
	return s
}

func token(user string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(`{"user_id":"`+user+`","call_cid":"default:demo","can_publish_audio":true}`))
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// call runs a command and reads its answer as a host would.
func (s *stage) call(tag string, request string, values ...any) (map[string]any, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := s.Commands()[tag].Run(ctx, []byte(fmt.Sprintf(request, values...)))
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		s.t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		s.t.Fatalf("%s answers %s: %v", tag, text, err)
	}
	return fields, nil
}

func (s *stage) must(tag string, request string, values ...any) map[string]any {
	s.t.Helper()
	answer, err := s.call(tag, request, values...)
	if err != nil {
		s.t.Fatalf("%s: %v", tag, err)
	}
	return answer
}

func (s *stage) join(user string) uint64 {
	s.t.Helper()
	answer := s.must("rtc.join", `{"coordinator_url":%q,"api_key":"k","token":"t","call_type":"default","call_id":"demo","user":{"id":%q}}`, s.coordinator, user)
	return uint64(answer["session"].(float64))
}

// await waits for an event of a session.
func (s *stage) await(session uint64, holds func(*rtcproto.Event) bool) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		s.host.mu.Lock()
		events, news := s.host.events[session], s.host.news
		s.host.mu.Unlock()
		for _, e := range events {
			if holds(e) {
				return
			}
		}
		select {
		case <-news:
		case <-deadline:
			s.t.Fatalf("the event did not come; there were %v", events)
		}
	}
}

func TestCommandsOfASession(t *testing.T) {
	s := newStage(t)
	answer := s.must("rtc.join", `{"coordinator_url":%q,"api_key":"k","token":"t","call_type":"default","call_id":"demo","user":{"id":"alice"},
		"create":true,"data":{"custom":{}},"ring":false,"notify":false,"subscribe":{"audio":["bob"],"video":"none","max_video_height":360},
		"reconnect":{"enabled":true,"deadline_ms":5000},"leave_when_alone_ms":null,"max_duration_ms":null,"timeout_ms":5000}`, s.coordinator)
	if answer["call_cid"] != "default:demo" || answer["user_id"] != "alice" || answer["sfu"] != "sfu-1" || answer["created"] != true ||
		len(answer["participants"].([]any)) != 1 || answer["timing"].(map[string]any)["coordinator_ms"] == nil {
		t.Errorf("join: %v", answer)
	}
	alice := uint64(answer["session"].(float64))
	bob := s.join("bob")
	if counts := s.Counts(); counts["sessions"] != 2 {
		t.Errorf("counts: %v", counts)
	}

	info := s.must("rtc.session", `{"session":%d}`, alice)
	if info["state"] != "joined" || info["muted"].(map[string]any)["audio"] != false || fmt.Sprint(info["subscribe"]) != "map[audio:[bob] max_video_height:360 video:none]" {
		t.Errorf("session: %v", info)
	}
	changed := s.must("rtc.subscribe", `{"session":%d,"subscribe":{"audio":"all"}}`, alice)
	if fmt.Sprint(changed["subscribe"]) != "map[audio:all max_video_height:360 video:none]" {
		t.Errorf("subscribe: %v", changed)
	}

	published := s.must("rtc.publish.open", `{"session":%d,"name":"speech","track_type":"audio","format":"ogg","pace":"realtime","loop":false}`, alice)
	source := uint64(published["source"].(float64))
	if published["track_id"] != info["participant_session_id"].(string)+":audio" {
		t.Errorf("publish: %v", published)
	}
	if list := s.must("rtc.publications", `{"session":%d}`, alice)["publications"].([]any); len(list) != 1 || list[0].(map[string]any)["name"] != "speech" {
		t.Errorf("publications: %v", list)
	}
	muted := s.must("rtc.mute", `{"session":%d,"audio":true}`, alice)
	if fmt.Sprint(muted["muted"]) != "map[audio:true video:false]" {
		t.Errorf("mute: %v", muted)
	}
	heard := s.must("rtc.sink.open", `{"session":%d,"track":"alice:audio","wait_ms":5000}`, bob)
	if heard["user_id"] != "alice" || heard["codec"] != "opus" || heard["track_id"] != published["track_id"] {
		t.Errorf("sink: %v", heard)
	}
	stats := s.must("rtc.stats", `{"session":%d}`, bob)
	if len(stats["sinks"].([]any)) != 1 || stats["publisher"] != nil || stats["timing"] == nil {
		t.Errorf("stats: %v", stats)
	}
	s.must("rtc.custom_event", `{"session":%d,"custom":{"a":1}}`, alice)
	s.must("rtc.reaction", `{"session":%d,"type":"like"}`, alice)

	sink := uint64(heard["sink"].(float64))
	s.must("rtc.sink.close", `{"sink":%d}`, sink)
	if !s.host.sinks[sink].discarded {
		t.Error("what a closed sink holds should be thrown away")
	}
	s.must("rtc.publish.close", `{"source":%d}`, source)
	s.await(alice, func(e *rtcproto.Event) bool { return e.GetPublicationEnded().GetReason() == "closed" })
	s.must("rtc.leave", `{"session":%d,"reason":"done"}`, alice)
	s.await(alice, func(e *rtcproto.Event) bool { return e.GetLeft().GetReason() == "left" })

	for tag, handle := range map[string]struct {
		request string
		kind    failure.Kind
	}{
		"rtc.leave":         {fmt.Sprintf(`{"session":%d}`, alice), failure.SessionNotFound},
		"rtc.sink.close":    {fmt.Sprintf(`{"sink":%d}`, sink), failure.SinkNotFound},
		"rtc.publish.close": {fmt.Sprintf(`{"source":%d}`, source), failure.SourceNotFound},
	} {
		if _, err := s.call(tag, "%s", handle.request); failure.KindOf(err) != handle.kind {
			t.Errorf("%s of what is gone: %v", tag, err)
		}
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := newStage(t)
	alice := s.join("alice")
	joinWith := func(field string) string {
		return `{"coordinator_url":"http://127.0.0.1:1","api_key":"k","token":"t","call_type":"default","call_id":"demo","user":{"id":"alice"},` + field + `}`
	}
	inSession := func(fields string) string { return fmt.Sprintf(`{"session":%d,%s}`, alice, fields) }
	long := strings.Repeat("x", 10_001)
	for name, test := range map[string]struct {
		tag, request, names string
		kind                failure.Kind
	}{
		"an unknown field":        {"rtc.join", joinWith(`"colour":"red"`), "colour", failure.InvalidArgument},
		"no user":                 {"rtc.join", `{"coordinator_url":"http://x","api_key":"k","token":"t","call_type":"a","call_id":"b","user":{}}`, "user.id", failure.InvalidArgument},
		"a long call id":          {"rtc.join", `{"coordinator_url":"http://x","api_key":"k","token":"t","call_type":"a","call_id":"` + long + `","user":{"id":"u"}}`, "call_id", failure.InvalidArgument},
		"a call id with a slash":  {"rtc.join", `{"coordinator_url":"http://x","api_key":"k","token":"t","call_type":"a","call_id":"b/c","user":{"id":"u"}}`, "call_id", failure.InvalidArgument},
		"a URL that is none":      {"rtc.join", `{"coordinator_url":"ftp://x","api_key":"k","token":"t","call_type":"a","call_id":"b","user":{"id":"u"}}`, "coordinator_url", failure.InvalidArgument},
		"a timeout of nothing":    {"rtc.join", joinWith(`"timeout_ms":0`), "timeout_ms", failure.InvalidArgument},
		"a selection of anything": {"rtc.join", joinWith(`"subscribe":{"audio":"some"}`), "selection", failure.InvalidArgument},
		"data that is no object":  {"rtc.join", joinWith(`"data":[1]`), "data", failure.InvalidArgument},
		"nobody answers":          {"rtc.join", joinWith(`"timeout_ms":3000`), "", failure.CoordinatorUnreachable},
		"an unknown session":      {"rtc.session", `{"session":99999}`, "99999", failure.SessionNotFound},
		"nothing to mute":         {"rtc.mute", fmt.Sprintf(`{"session":%d}`, alice), "audio", failure.InvalidArgument},
		"no name":                 {"rtc.publish.open", inSession(`"track_type":"audio"`), "name", failure.InvalidArgument},
		"an unknown track type":   {"rtc.publish.open", inSession(`"name":"x","track_type":"smell"`), "smell", failure.InvalidArgument},
		"an unknown pace":         {"rtc.publish.open", inSession(`"name":"x","pace":"slow"`), "slow", failure.InvalidArgument},
		"an unknown format":       {"rtc.publish.open", inSession(`"name":"x","format":"flac"`), "flac", failure.UnsupportedFormat},
		"video in Ogg":            {"rtc.publish.open", inSession(`"name":"x","track_type":"video"`), "video", failure.UnsupportedFormat},
		"a track without type":    {"rtc.sink.open", inSession(`"track":"alice"`), "track", failure.InvalidArgument},
		"a track of nobody":       {"rtc.sink.open", inSession(`"track":"nobody:audio"`), "nobody", failure.TrackNotFound},
		"a sink without room":     {"rtc.sink.open", inSession(`"track":"x:audio","buffer_bytes":1`), "buffer_bytes", failure.InvalidArgument},
		"an event of nothing":     {"rtc.custom_event", inSession(`"custom":null`), "custom", failure.InvalidArgument},
		"a reaction of no type":   {"rtc.reaction", inSession(`"emoji_code":":)"`), "type", failure.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.call(test.tag, "%s", test.request)
			if failure.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.names) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAMixWhoseSessionEndsMeanwhileLeavesNoSinkBehind(t *testing.T) {
	s := newStage(t)
	alice := s.join("alice")
	s.host.opened = func() { s.must("rtc.leave", `{"session":%d}`, alice) }
	if _, err := s.call("rtc.mix.open", `{"session":%d}`, alice); failure.KindOf(err) != failure.SessionNotFound {
		t.Errorf("a mix of a session that has left: %v", err)
	}
	if len(s.sinks) != 0 {
		t.Errorf("%d sinks are known", len(s.sinks))
	}
	for _, sink := range s.host.sinks {
		if !sink.discarded {
			t.Error("the sink is still open")
		}
	}
}

func TestWhatNobodyHeardOfIsUndone(t *testing.T) {
	s := newStage(t)
	alice, bob := s.join("alice"), s.join("bob")
	undo := func(tag, request string, values ...any) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		answer, err := s.Commands()[tag].Run(ctx, []byte(fmt.Sprintf(request, values...)))
		if err != nil {
			t.Fatalf("%s: %v", tag, err)
		}
		answer.(plugin.Undoable).Undo()
	}
	undo("rtc.publish.open", `{"session":%d,"name":"speech"}`, alice)
	s.await(alice, func(e *rtcproto.Event) bool { return e.GetPublicationEnded().GetName() == "speech" })
	s.must("rtc.publish.open", `{"session":%d,"name":"speech"}`, alice)
	undo("rtc.sink.open", `{"session":%d,"track":"alice:audio","wait_ms":5000}`, bob)
	undo("rtc.mix.open", `{"session":%d}`, bob)
	s.Module.mu.Lock()
	defer s.Module.mu.Unlock()
	if len(s.sinks) != 0 {
		t.Errorf("%d sinks are known", len(s.sinks))
	}
}

func TestShutdownLeavesEveryCall(t *testing.T) {
	s := newStage(t)
	sessions := []uint64{s.join("alice"), s.join("bob"), s.join("carol")}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	for _, session := range sessions {
		s.await(session, func(e *rtcproto.Event) bool { return e.GetLeft().GetReason() == "shutdown" })
	}
	if _, err := s.call("rtc.join", `{"coordinator_url":%q,"api_key":"k","token":"t","call_type":"a","call_id":"b","user":{"id":"u"}}`, s.coordinator); failure.KindOf(err) != failure.Cancelled {
		t.Errorf("joining afterwards: %v", err)
	}
}
