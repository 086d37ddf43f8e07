// Package signaling speaks with an SFU: its WebSocket of events and its Twirp procedures.
package signaling

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/event"
)

const (
	// healthCheckInterval and silenceLimit are what the SFU expects: a ping every 5 s, dead after 12 s without any frame.
	healthCheckInterval = 5 * time.Second
	silenceLimit        = 12 * time.Second
	writeTimeout        = 5 * time.Second
	closeTimeout        = time.Second
	maxFrameBytes       = 4 << 20
	maxEarlyEvents      = 64
)

// Close codes of the SFU's WebSocket.
const (
	// CloseNormal ends the participant.
	CloseNormal = websocket.CloseNormalClosure
	// CloseUnhealthy keeps the participant for a fast reconnect.
	CloseUnhealthy = 4001
	// CloseReplaced is for the old socket after a reconnect.
	CloseReplaced = 4100
	// CloseJoinFailed tells the SFU to forget the attempt.
	CloseJoinFailed = 4101
)

// Target is where to connect and what the query tells the SFU's front end.
type Target struct {
	WSEndpoint    string
	APIKey        string
	UserID        string
	CallCID       string
	UserSessionID string
	// Attempt counts the connections of one participant, from 0.
	Attempt int
}

func (t Target) url() (string, error) {
	u, err := url.Parse(t.WSEndpoint)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("attempt", strconv.Itoa(t.Attempt))
	query.Set("user_id", t.UserID)
	query.Set("api_key", t.APIKey)
	query.Set("user_session_id", t.UserSessionID)
	query.Set("cid", t.CallCID)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// Socket is a joined WebSocket. Listen has one caller; everything else is safe for concurrent use.
type Socket struct {
	conn    *websocket.Conn
	early   []*event.SfuEvent
	writeMu sync.Mutex
	ping    *time.Timer
	pinged  time.Time // when the ping that is not answered yet was sent; guarded by writeMu
	rtt     atomic.Int64
	closing sync.Once
	readMu  sync.Mutex // held by who reads
	// What the SFU expects, shortened in tests.
	pingEvery, silence time.Duration
	drained            chan struct{} // Listen has returned
}

// Join connects, asks to join and waits for the SFU's answer until ctx is done. A refusal is an *SFUError.
func Join(ctx context.Context, dialer *websocket.Dialer, target Target, request *event.JoinRequest) (*Socket, *event.JoinResponse, error) {
	address, err := target.url()
	if err != nil {
		return nil, nil, fmt.Errorf("the SFU's address: %w", err)
	}
	conn, response, err := dialer.DialContext(ctx, address, http.Header{})
	if err != nil {
		if response != nil {
			err = fmt.Errorf("the SFU answered %s: %w", response.Status, err)
		}
		return nil, nil, withCause(ctx, err)
	}
	conn.SetReadLimit(maxFrameBytes)
	s := &Socket{conn: conn, drained: make(chan struct{}), pingEvery: healthCheckInterval, silence: silenceLimit}

	// Reading has no context of its own, so a cancelled join closes the connection under it.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	joined, err := s.handshake(ctx, request)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.Close(CloseJoinFailed, "join failed")
		return nil, nil, withCause(ctx, err)
	}
	return s, joined, nil
}

// withCause prefers the reason why ctx ended over the network error that followed from it.
func withCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (s *Socket) handshake(ctx context.Context, request *event.JoinRequest) (*event.JoinResponse, error) {
	frame := &event.SfuRequest{RequestPayload: &event.SfuRequest_JoinRequest{JoinRequest: request}}
	if err := s.write(frame); err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	for {
		received, err := s.read()
		if err != nil {
			return nil, err
		}
		switch payload := received.EventPayload.(type) {
		case *event.SfuEvent_JoinResponse:
			return payload.JoinResponse, nil
		case *event.SfuEvent_Error:
			return nil, newSFUError(payload.Error.GetError(), payload.Error.GetReconnectStrategy())
		default:
			if len(s.early) == maxEarlyEvents {
				return nil, errors.New("the SFU sends events but does not answer the join")
			}
			s.early = append(s.early, received)
		}
	}
}

// Listen hands over every event, in order, until the socket ends, and answers why. It keeps the connection alive.
func (s *Socket) Listen(handle func(*event.SfuEvent)) error {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	defer close(s.drained)
	s.startPings()
	defer s.stopPings()
	for _, received := range s.early {
		handle(received)
	}
	s.early = nil
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(s.silence)); err != nil {
			return err
		}
		received, err := s.read()
		if err != nil {
			return err
		}
		if received.GetHealthCheckResponse() != nil {
			s.notePong(time.Now())
		}
		handle(received)
	}
}

// RTT is the round trip of the last answered health check; 0 before the first.
func (s *Socket) RTT() time.Duration { return time.Duration(s.rtt.Load()) }

func (s *Socket) notePong(now time.Time) {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	if !s.pinged.IsZero() {
		s.rtt.Store(int64(now.Sub(s.pinged)))
		s.pinged = time.Time{}
	}
}

// read skips frames that are not events: a newer SFU may send what we do not know.
func (s *Socket) read() (*event.SfuEvent, error) {
	for {
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			return nil, err
		}
		if kind != websocket.BinaryMessage {
			continue
		}
		received := new(event.SfuEvent)
		if err := proto.Unmarshal(data, received); err != nil {
			return nil, fmt.Errorf("a frame of the SFU is no event: %w", err)
		}
		return received, nil
	}
}

func (s *Socket) startPings() {
	request := &event.SfuRequest{RequestPayload: &event.SfuRequest_HealthCheckRequest{
		HealthCheckRequest: new(event.HealthCheckRequest),
	}}
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	s.ping = time.AfterFunc(s.pingEvery, func() {
		s.writeMu.Lock()
		s.pinged = time.Now()
		s.writeMu.Unlock()
		if s.write(request) != nil {
			return // Listen sees the same error
		}
		s.writeMu.Lock()
		defer s.writeMu.Unlock()
		if s.ping != nil {
			s.ping.Reset(s.pingEvery)
		}
	})
}

func (s *Socket) stopPings() {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	s.ping.Stop()
	s.ping = nil
}

func (s *Socket) write(request *event.SfuRequest) error {
	data, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return s.conn.WriteMessage(websocket.BinaryMessage, data)
}

// Leave tells the SFU that the participant goes, and closes.
func (s *Socket) Leave(sessionID, reason string) {
	_ = s.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_LeaveCallRequest{
		LeaveCallRequest: &event.LeaveCallRequest{SessionId: sessionID, Reason: reason},
	}})
	s.Close(CloseNormal, reason)
}

// Close ends the socket with a close code; Listen returns. Only the first call counts.
//
// It waits shortly for the SFU to close as well: a TCP connection that is dropped with unread bytes is reset, and what
// was written last, such as the leave, might never be read.
func (s *Socket) Close(code int, reason string) {
	s.closing.Do(func() {
		const maxReason = 120 // a control frame carries 125 bytes, two of them the code
		message := websocket.FormatCloseMessage(code, reason[:min(len(reason), maxReason)])
		if s.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(closeTimeout)) == nil {
			s.drain()
		}
		_ = s.conn.Close()
	})
}

func (s *Socket) drain() {
	if !s.readMu.TryLock() {
		select {
		case <-s.drained:
		case <-time.After(closeTimeout):
		}
		return
	}
	defer s.readMu.Unlock()
	_ = s.conn.SetReadDeadline(time.Now().Add(closeTimeout))
	for {
		if _, _, err := s.conn.NextReader(); err != nil {
			return
		}
	}
}
