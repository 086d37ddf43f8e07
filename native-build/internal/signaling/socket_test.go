package signaling

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// fakeSFU serves one WebSocket with a script.
func fakeSFU(t *testing.T, script func(*peer)) Target {
	t.Helper()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		script(&peer{t, conn, r})
	}))
	t.Cleanup(func() {
		<-done
		server.Close()
	})
	return Target{
		WSEndpoint: "ws" + strings.TrimPrefix(server.URL, "http"), APIKey: "key", UserID: "alice", CallCID: "default:demo", UserSessionID: "s1", Attempt: 2,
	}
}

// peer is the SFU's end of the socket.
type peer struct {
	t       *testing.T
	conn    *websocket.Conn
	request *http.Request
}

func (p *peer) receive() *event.SfuRequest {
	_, data, err := p.conn.ReadMessage()
	if err != nil {
		p.t.Errorf("the SFU got no frame: %v", err)
		return nil
	}
	request := new(event.SfuRequest)
	if err := proto.Unmarshal(data, request); err != nil {
		p.t.Error(err)
	}
	return request
}

func (p *peer) send(e *event.SfuEvent) {
	data, err := proto.Marshal(e)
	if err != nil {
		p.t.Error(err)
	}
	if err := p.conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
		p.t.Error(err)
	}
}

func (p *peer) accept() {
	p.receive()
	p.send(&event.SfuEvent{EventPayload: &event.SfuEvent_JoinResponse{JoinResponse: &event.JoinResponse{Reconnected: true}}})
}

// closed reads until the client closes, and answers its close code.
func (p *peer) closed() int {
	for {
		if _, _, err := p.conn.ReadMessage(); err != nil {
			var closing *websocket.CloseError
			if errors.As(err, &closing) {
				return closing.Code
			}
			return -1
		}
	}
}

func left(user string) *event.SfuEvent {
	return &event.SfuEvent{EventPayload: &event.SfuEvent_ParticipantLeft{ParticipantLeft: &event.ParticipantLeft{
		Participant: &models.Participant{UserId: user},
	}}}
}

func join(ctx context.Context, t *testing.T, target Target) (*Socket, *event.JoinResponse, error) {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	return Join(limited, websocket.DefaultDialer, target, &event.JoinRequest{Token: "token", SessionId: "s1"})
}

func TestJoinSendsItsRequestAndKeepsEarlyEvents(t *testing.T) {
	target := fakeSFU(t, func(p *peer) {
		query := p.request.URL.Query()
		for key, want := range map[string]string{
			"attempt": "2", "user_id": "alice", "api_key": "key", "user_session_id": "s1", "cid": "default:demo",
		} {
			if query.Get(key) != want {
				t.Errorf("%s is %q", key, query.Get(key))
			}
		}
		if request := p.receive().GetJoinRequest(); request.GetToken() != "token" || request.GetSessionId() != "s1" {
			t.Errorf("the join request is %v", request)
		}
		p.send(left("early"))
		p.send(&event.SfuEvent{EventPayload: &event.SfuEvent_JoinResponse{JoinResponse: &event.JoinResponse{Reconnected: true}}})
		p.send(left("late"))
		if leave := p.receive().GetLeaveCallRequest(); leave.GetSessionId() != "s1" || leave.GetReason() != "bye" {
			t.Errorf("the leave is %v", leave)
		}
		if code := p.closed(); code != CloseNormal {
			t.Errorf("closed with %d", code)
		}
	})
	socket, answer, err := join(context.Background(), t, target)
	if err != nil || !answer.GetReconnected() {
		t.Fatal(answer, err)
	}
	seen := make(chan string, 2)
	ended := make(chan error, 1)
	go func() {
		ended <- socket.Listen(func(e *event.SfuEvent) { seen <- e.GetParticipantLeft().GetParticipant().GetUserId() })
	}()
	if first, second := <-seen, <-seen; first != "early" || second != "late" {
		t.Errorf("saw %s and %s", first, second)
	}
	socket.Leave("s1", "bye")
	if err := <-ended; err == nil {
		t.Error("the end has no reason")
	}
	socket.Close(CloseUnhealthy, "twice")
}

func TestJoinThatIsRefused(t *testing.T) {
	target := fakeSFU(t, func(p *peer) {
		p.receive()
		p.send(&event.SfuEvent{EventPayload: &event.SfuEvent_Error{Error: &event.Error{
			Error:             &models.Error{Code: models.ErrorCode_ERROR_CODE_SFU_FULL, Message: "full"},
			ReconnectStrategy: models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_MIGRATE,
		}}})
		if code := p.closed(); code != CloseJoinFailed {
			t.Errorf("closed with %d", code)
		}
	})
	_, _, err := join(context.Background(), t, target)
	var refusal *SFUError
	if !errors.As(err, &refusal) || refusal.Code != models.ErrorCode_ERROR_CODE_SFU_FULL || refusal.Message != "full" {
		t.Errorf("%v", err)
	}
}

func TestJoinEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	target := fakeSFU(t, func(p *peer) {
		p.receive()
		cancel()
		p.closed()
	})
	if _, _, err := join(ctx, t, target); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestJoinRefusesAFloodInsteadOfAnAnswer(t *testing.T) {
	target := fakeSFU(t, func(p *peer) {
		p.receive()
		for range maxEarlyEvents + 1 {
			p.send(left("x"))
		}
		p.closed()
	})
	if _, _, err := join(context.Background(), t, target); err == nil {
		t.Error("joined")
	}
}

func TestListenEndsWithTheSocket(t *testing.T) {
	for name, end := range map[string]func(*peer){
		"closed":   func(p *peer) { p.conn.Close() },
		"no event": func(p *peer) { _ = p.conn.WriteMessage(websocket.BinaryMessage, []byte{0xff}); p.closed() },
	} {
		t.Run(name, func(t *testing.T) {
			target := fakeSFU(t, func(p *peer) {
				p.accept()
				end(p)
			})
			socket, _, err := join(context.Background(), t, target)
			if err != nil {
				t.Fatal(err)
			}
			if err := socket.Listen(func(*event.SfuEvent) {}); err == nil {
				t.Error("the end has no reason")
			}
			socket.Close(CloseUnhealthy, "")
		})
	}
}

func TestListenKeepsTheSocketAlive(t *testing.T) {
	target := fakeSFU(t, func(p *peer) {
		p.accept()
		for range 2 {
			if p.receive().GetHealthCheckRequest() == nil {
				t.Error("no health check")
			}
			p.send(&event.SfuEvent{EventPayload: &event.SfuEvent_HealthCheckResponse{HealthCheckResponse: new(event.HealthCheckResponse)}})
		}
		p.conn.Close()
	})
	socket, _, err := join(context.Background(), t, target)
	if err != nil {
		t.Fatal(err)
	}
	socket.pingEvery = 10 * time.Millisecond
	_ = socket.Listen(func(*event.SfuEvent) {})
	if socket.RTT() <= 0 {
		t.Error("no round trip was measured")
	}
	socket.Close(CloseUnhealthy, "")
}

func TestSilenceEndsTheSocket(t *testing.T) {
	target := fakeSFU(t, func(p *peer) {
		p.accept()
		p.closed()
	})
	socket, _, err := join(context.Background(), t, target)
	if err != nil {
		t.Fatal(err)
	}
	socket.silence = 50 * time.Millisecond
	if err := socket.Listen(func(*event.SfuEvent) {}); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("%v", err)
	}
	socket.Close(CloseUnhealthy, "silent")
}
