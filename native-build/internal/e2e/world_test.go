// Package e2e tests participants against the SFU: both in one process, over real sockets and real WebRTC on loopback.
package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
)

const (
	patience  = 20 * time.Second
	sfuSecret = "secret of the SFU"
	callCID   = "default:demo"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// world is a coordinator, an SFU and an engine.
type world struct {
	t           *testing.T
	engine      *rtc.Engine
	coordinator *fakeCoordinator
	sfu         *sfu.Server
	log         *slog.Logger
}

func newWorld(t *testing.T, changes ...func(*sfu.Options)) *world {
	t.Helper()
	level := slog.LevelError
	if os.Getenv("E2E_LOG") != "" {
		level = slog.LevelDebug
	}
	w := &world{t: t, log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))}
	w.sfu = w.startSFU("127.0.0.1:0", "127.0.0.1:0", "sfu-1", changes...)
	w.coordinator = newFakeCoordinator(w.sfu)
	engine, err := rtc.NewEngine(w.log)
	if err != nil {
		t.Fatal(err)
	}
	w.engine = engine
	t.Cleanup(func() {
		engine.Close()
		w.coordinator.feeds.close()
		w.coordinator.server.Close()
		w.stopSFU(w.sfu)
		if alive := engine.PeerConnections(); alive != 0 {
			t.Errorf("%d peer connections are left", alive)
		}
	})
	return w
}

func (w *world) startSFU(listen, media, name string, changes ...func(*sfu.Options)) *sfu.Server {
	w.t.Helper()
	options := sfu.Options{Listen: listen, MediaListen: media, EdgeName: name, TokenSecret: []byte(sfuSecret), Logger: w.log}
	for _, change := range changes {
		change(&options)
	}
	server, err := sfu.Start(options)
	if err != nil {
		w.t.Fatal(err)
	}
	return server
}

func (w *world) stopSFU(server *sfu.Server) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Stop(ctx, false); err != nil {
		w.t.Errorf("the SFU did not stop: %v", err)
	}
}

// ---- The coordinator

// fakeCoordinator answers joins with the SFU's credentials, or with what a test puts in their place.
type fakeCoordinator struct {
	server *httptest.Server

	mu     sync.Mutex
	sfus   []*sfu.Server
	answer func(w http.ResponseWriter, r *http.Request) bool // true: the test has answered
	limits map[string]int                                    // participants an SFU takes
	joins  []coordinator.JoinRequest
	events []string // bodies of custom events and reactions
	red    bool     // the call wants redundant audio
	feeds  feeds
}

func newFakeCoordinator(server *sfu.Server) *fakeCoordinator {
	c := &fakeCoordinator{sfus: []*sfu.Server{server}, limits: map[string]int{}}
	c.server = httptest.NewServer(http.HandlerFunc(c.serve))
	return c
}

func (c *fakeCoordinator) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	instead := c.answer
	c.mu.Unlock()
	if instead != nil && instead(w, r) {
		return
	}
	if r.URL.Path == "/api/v2/connect" {
		c.feeds.serve(w, r)
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v2/video/call/"), "/")
	c.feeds.watch(r.URL.Query().Get("connection_id"), r.Method+" "+strings.Join(parts, "/"))
	if len(parts) == 2 && r.Method == http.MethodGet {
		_, _ = w.Write([]byte(`{"call":{"blocked_user_ids":[]},"members":[],"own_capabilities":[]}`))
		return
	}
	if len(parts) != 3 || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	if parts[2] != "join" {
		var body json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&body)
		c.mu.Lock()
		c.events = append(c.events, parts[2]+" "+string(body))
		c.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"duration":"1ms"}`))
		return
	}
	var request coordinator.JoinRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.joins = append(c.joins, request)
	server := c.pick(request.MigratingFromList)
	if server == nil {
		c.mu.Unlock()
		refuse(w, http.StatusInternalServerError, 101, "no SFU available")
		return
	}
	limit, redundant := c.limits[server.EdgeName()], c.red
	c.mu.Unlock()
	user := r.URL.Query().Get("user_id")
	answer := credentials(server.URL(), server.WSEndpoint(), server.EdgeName(), sfuToken(user, parts[0]+":"+parts[1], limit))
	answer["call"] = map[string]any{"settings": map[string]any{"audio": map[string]any{"redundant_coding_enabled": redundant}}}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(answer)
}

func writeCredentials(w http.ResponseWriter, url, wsEndpoint, name, token string) {
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(credentials(url, wsEndpoint, name, token))
}

func credentials(url, wsEndpoint, name, token string) map[string]any {
	return map[string]any{
		"created":          true,
		"own_capabilities": []string{"join-call", "send-audio", "send-video", "screenshare"},
		"credentials": map[string]any{
			"server":      map[string]any{"url": url, "ws_endpoint": wsEndpoint, "edge_name": name},
			"token":       token,
			"ice_servers": []any{},
		},
	}
}

// current is the SFU that joins get.
func (c *fakeCoordinator) current() *sfu.Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pick(nil)
}

func (c *fakeCoordinator) pick(avoid []string) *sfu.Server {
	for _, server := range c.sfus {
		avoided := false
		for _, name := range avoid {
			avoided = avoided || name == server.EdgeName()
		}
		if !avoided {
			return server
		}
	}
	return nil
}

func (c *fakeCoordinator) use(servers ...*sfu.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sfus = servers
}

func (c *fakeCoordinator) limit(name string, participants int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits[name] = participants
}

func (c *fakeCoordinator) wantRedundantAudio() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.red = true
}

func (c *fakeCoordinator) requests() []coordinator.JoinRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.joins)
}

func (c *fakeCoordinator) answerWith(answer func(http.ResponseWriter, *http.Request) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"StatusCode": status, "code": code, "message": message, "more_info": "https://example.com"})
}

func sfuToken(user, cid string, maxParticipants int) string {
	encode := func(v any) string {
		data, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := encode(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + encode(map[string]any{
		"user_id": user, "call_cid": cid, "role": "user", "name": strings.ToUpper(user),
		"can_publish_audio": true, "can_publish_video": true, "can_screenshare": true,
		"max_participants": maxParticipants, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	mac := hmac.New(sha256.New, []byte(sfuSecret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ---- Participants

// bot is a session with everything it was told.
type bot struct {
	*rtc.Session
	t    *testing.T
	name string

	mu     sync.Mutex
	events []*rtcproto.Event
	news   chan struct{}
}

func (w *world) options(user string) rtc.JoinOptions {
	callType, callID, _ := strings.Cut(callCID, ":")
	return rtc.JoinOptions{
		CoordinatorURL: w.coordinator.server.URL, APIKey: "key", Token: "token", CallType: callType, CallID: callID,
		User: coordinator.User{ID: user}, Create: true,
		Subscriptions: rtc.Subscriptions{Audio: rtc.Selection{All: true}, MaxVideoHeight: 720},
		Reconnect:     rtc.ReconnectOptions{Enabled: true, Deadline: 30 * time.Second},
	}
}

func (w *world) join(user string, changes ...func(*rtc.JoinOptions)) *bot {
	w.t.Helper()
	b, err := w.tryJoin(user, changes...)
	if err != nil {
		w.t.Fatalf("%s does not join: %v", user, err)
	}
	w.t.Cleanup(func() { b.leave() })
	return b
}

func (w *world) tryJoin(user string, changes ...func(*rtc.JoinOptions)) (*bot, error) {
	w.t.Helper()
	options := w.options(user)
	for _, change := range changes {
		change(&options)
	}
	b := &bot{t: w.t, name: user, news: make(chan struct{})}
	session, err := w.engine.Join(within(w.t), options, b.note)
	b.Session = session
	return b, err
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func (b *bot) note(e *rtcproto.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
	close(b.news)
	b.news = make(chan struct{})
}

func (b *bot) leave() {
	b.t.Helper()
	if err := b.Leave(within(b.t), "test over"); err != nil {
		b.t.Errorf("%s does not leave: %v", b.name, err)
	}
}

// mark is a place among the events, to wait for what comes after it.
func (b *bot) mark() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.events)
}

// await answers the first event after a mark that pick takes.
func await[P any](b *bot, after int, pick func(*rtcproto.Event) (P, bool)) P {
	b.t.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		for ; after < len(b.events); after++ {
			if found, ok := pick(b.events[after]); ok {
				b.mu.Unlock()
				return found
			}
		}
		news := b.news
		b.mu.Unlock()
		select {
		case <-news:
		case <-deadline:
			b.t.Fatalf("%s: the event awaited (%T) did not come; there were:\n%s", b.name, *new(P), b.history())
		}
	}
}

func (b *bot) all() []*rtcproto.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.events)
}

func (b *bot) history() string {
	var lines []string
	for _, e := range b.all() {
		if e.GetAudioLevels() == nil {
			lines = append(lines, "  "+e.String())
		}
	}
	return strings.Join(lines, "\n")
}

func published(e *rtcproto.Event) (*rtcproto.Track, bool) {
	return e.GetTrackPublished().GetTrack(), e.GetTrackPublished() != nil
}

func ended(e *rtcproto.Event) (*rtcproto.PublicationEnded, bool) {
	return e.GetPublicationEnded(), e.GetPublicationEnded() != nil
}

func left(e *rtcproto.Event) (*rtcproto.Left, bool) { return e.GetLeft(), e.GetLeft() != nil }

func reconnected(e *rtcproto.Event) (*rtcproto.Reconnected, bool) {
	return e.GetReconnected(), e.GetReconnected() != nil
}
