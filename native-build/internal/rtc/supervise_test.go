package rtc

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/signaling"
)

func TestTooManyRejoinsEndTheSession(t *testing.T) {
	engine, err := NewEngine(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	s := newSession(engine, JoinOptions{CoordinatorURL: "http://127.0.0.1:1"}, func(*rtcproto.Event) {})
	conn := newConnection(s, "session", new(coordinator.JoinResponse), nil)
	past := history{}
	for range maxRejoins {
		past.rejoins = append(past.rejoins, time.Now())
	}
	o := &outage{deadline: time.Now().Add(time.Minute), strategy: strategyRejoin}
	_, err = s.attempt(conn, o, &past)
	var end *ending
	if !errors.As(err, &end) || end.reason != "reconnect_failed" || failure.KindOf(end.err) != failure.ReconnectFailed {
		t.Errorf("the attempt ended with %v", err)
	}
	// Those of long ago do not count.
	past.rejoins[0] = time.Now().Add(-rejoinWindow - time.Second)
	if _, err = s.attempt(conn, o, &past); failure.KindOf(err) != failure.CoordinatorUnreachable {
		t.Errorf("the attempt ended with %v", err)
	}
	s.cancel(nil)
	<-s.tasks.close()
}

func TestSFUsThatFailAreAvoided(t *testing.T) {
	at := func(name string) *connection {
		c := new(connection)
		c.credentials.Server.EdgeName = name
		return c
	}
	silent := failure.New(failure.SFUUnreachable, failure.Signaling, nil)
	full := fromSFU(&signaling.SFUError{Code: models.ErrorCode_ERROR_CODE_SFU_FULL})
	var b blame
	b.note(nil, silent)
	b.note(at("a"), silent)
	if len(b.avoid) != 0 {
		t.Errorf("after one failure %v are avoided", b.avoid)
	}
	b.note(at("a"), silent)
	b.note(at("b"), full)
	b.note(at("b"), full)
	if len(b.avoid) != 2 || b.avoid[0] != "a" || b.avoid[1] != "b" {
		t.Errorf("%v are avoided", b.avoid)
	}
	if b.forgive(); len(b.avoid) != 0 {
		t.Errorf("%v are avoided still", b.avoid)
	}
}
