package rtc

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
)

const patience = 20 * time.Second

// TestICERestartKeepsTheConnections restarts ICE of both peer connections of live sessions, as a lost path would.
func TestICERestartKeepsTheConnections(t *testing.T) {
	engine, coordinator := startEngine(t), coordinatorWith(t, startServer(t), nil)
	alice, bob := joinAs(t, engine, coordinator, "alice"), joinAs(t, engine, coordinator, "bob")
	track := publishedBy(t, alice)
	hears(t, track, bob)

	publisher := alice.conn.currentPublisher()
	if err := publisher.restartICE(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := publisher.up.wait(within(t)); err != nil {
		t.Fatalf("the publisher is %s", publisher.current())
	}
	hears(t, track, bob)

	subscriber := bob.conn.currentSubscriber()
	before := subscriber.remoteDescription()
	if err := subscriber.restartICE(within(t)); err != nil {
		t.Fatal(err)
	}
	until(t, "a new offer", func() bool { return subscriber.remoteDescription() != before && subscriber.isConnected() })
	hears(t, track, bob)
}

// TestRestartsThatFollowEachOtherAtOnce gives goroutines that Pion starts no time to begin: the process would die.
func TestRestartsThatFollowEachOtherAtOnce(t *testing.T) {
	engine, coordinator := startEngine(t), coordinatorWith(t, startServer(t), nil)
	alice, bob := joinAs(t, engine, coordinator, "alice"), joinAs(t, engine, coordinator, "bob")
	track := publishedBy(t, alice)
	publisher := alice.conn.currentPublisher()
	given, giveUp := context.WithCancel(context.Background())
	giveUp()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 500 {
		if err := publisher.restartICE(given); err == nil {
			t.Fatal("nobody was asked")
		}
	}
	if err := publisher.restartICE(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := publisher.up.wait(within(t)); err != nil {
		t.Fatalf("the publisher is %s", publisher.current())
	}
	hears(t, track, bob)
}

func (p *peer) remoteDescription() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.remote
}

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

func startServer(t testing.TB) *sfu.Server {
	t.Helper()
	server, err := sfu.Start(sfu.Options{EdgeName: "sfu-1", TokenSecret: []byte("secret"), Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(within(t), false) })
	return server
}

func startEngine(t testing.TB) *Engine {
	t.Helper()
	engine, err := NewEngine(silent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	return engine
}

func joinAs(t testing.TB, engine *Engine, url, user string) *Session {
	t.Helper()
	s, err := engine.Join(within(t), JoinOptions{
		CoordinatorURL: url, APIKey: "key", Token: "token", CallType: "default", CallID: "demo",
		User: coordinator.User{ID: user}, Subscriptions: Subscriptions{Audio: Selection{All: true}},
	}, func(*rtcproto.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Leave(within(t), "test over") })
	return s
}

// hears sends until the listener gets some of it.
func hears(t testing.TB, track *localTrack, listener *Session) {
	t.Helper()
	received := func() (packets uint64) {
		for _, stats := range listener.Stats().Tracks {
			packets += stats.Packets
		}
		return packets
	}
	before := received()
	until(t, "media", func() bool {
		if err := track.send([]byte{0xf8, 0xff, 0xfe}, 960, pcm.SilentLevel, false); err != nil {
			t.Log(err)
		}
		return received() >= before+10
	})
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until looks every 10 ms.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not come", what)
		}
	}
}

func sfuToken(user, secret string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(`{"user_id":"`+user+`","call_cid":"default:demo","can_publish_audio":true}`))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}
