package sfu

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/description"
	"streamgateway/native/internal/sfuproto/event"
)

// testClient is a participant as the tests need it: events in a list to wait on, RPC in either encoding, and peer
// connections that answer by themselves.
type testClient struct {
	t         testing.TB
	server    *Server
	userID    string
	sessionID string
	token     string
	json      bool
	response  *event.JoinResponse

	api       *webrtc.API // of both peer connections
	conn      *websocket.Conn
	writeMu   sync.Mutex
	publisher *webrtc.PeerConnection

	mu         sync.Mutex
	changed    chan struct{}
	events     []*event.SfuEvent
	readErr    error
	subscriber *webrtc.PeerConnection
	tracks     map[string]*remoteTrack
	holdAnswer bool
	idle       map[string]bool // sections that cannot be brought back; nil for a client that can
	rest       description.Idle
	quiet      bool // keeps no packets
	offers     []*event.SubscriberOffer
	arrivals   *arrivals // reported to the SFU; nil for not at all
}

type clientOption func(*testClient, *event.JoinRequest, map[string]any)

// newClient joins a call and fails the test if that does not work.
func newClient(t testing.TB, s *Server, userID string, options ...clientOption) *testClient {
	t.Helper()
	c, first := dial(t, s, userID, options...)
	c.response = first.GetJoinResponse()
	if c.response == nil {
		t.Fatalf("%s: first frame is %v, not a join response", userID, first)
	}
	return c
}

// dial joins and answers the first frame, whatever it is.
func dial(t testing.TB, s *Server, userID string, options ...clientOption) (*testClient, *event.SfuEvent) {
	t.Helper()
	c := &testClient{
		t: t, server: s, userID: userID, sessionID: "session-" + userID,
		changed: make(chan struct{}), tracks: map[string]*remoteTrack{}, api: peerAPI(registerAll),
	}
	claims := testClaims(userID)
	request := &event.JoinRequest{SessionId: c.sessionID}
	for _, option := range options {
		option(c, request, claims)
	}
	if request.Token == "" {
		request.Token = signToken(claims, testSecret)
	}
	c.token, c.sessionID = request.Token, request.SessionId
	return c, c.connect(request)
}

func (c *testClient) connect(request *event.JoinRequest) *event.SfuEvent {
	c.t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: testDeadline}
	conn, _, err := dialer.Dial(c.server.WSEndpoint()+"?attempt=0", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.conn = conn
	c.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_JoinRequest{JoinRequest: request}})
	first, err := c.readFrame()
	if err != nil {
		c.t.Fatalf("%s: no first frame: %v", c.userID, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read(conn)
	}()
	c.t.Cleanup(func() {
		_ = conn.Close()
		<-done
		c.closePeers()
	})
	return first
}

func (c *testClient) closePeers() {
	c.mu.Lock()
	subscriber := c.subscriber
	c.mu.Unlock()
	if subscriber != nil {
		_ = subscriber.Close()
	}
	if c.publisher != nil {
		_ = c.publisher.Close()
	}
}

func (c *testClient) write(request *event.SfuRequest) {
	frame, err := proto.Marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	_ = c.conn.WriteMessage(websocket.BinaryMessage, frame)
}

func (c *testClient) readFrame() (*event.SfuEvent, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(testDeadline))
	_, frame, err := c.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	e := &event.SfuEvent{}
	return e, proto.Unmarshal(frame, e)
}

func (c *testClient) read(conn *websocket.Conn) {
	_ = conn.SetReadDeadline(time.Time{})
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			c.update(func() { c.readErr = err })
			return
		}
		e := &event.SfuEvent{}
		if err := proto.Unmarshal(frame, e); err != nil {
			panic(err)
		}
		if offer := e.GetSubscriberOffer(); offer != nil {
			c.takeOffer(offer)
		}
		c.update(func() { c.events = append(c.events, e) })
	}
}

// update changes the client's state and wakes those who wait for it.
func (c *testClient) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

// eventually waits until a condition on the client's state holds.
func (c *testClient) eventually(what string, holds func() bool) {
	c.t.Helper()
	deadline := time.NewTimer(testDeadline)
	defer deadline.Stop()
	for {
		c.mu.Lock()
		ok, changed := holds(), c.changed
		c.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			c.mu.Lock()
			defer c.mu.Unlock()
			c.t.Fatalf("%s: %s did not happen; events: %v, read error: %v", c.userID, what, c.eventNames(), c.readErr)
		}
	}
}

// await waits for an event, old or new, that select accepts.
func await[E any](c *testClient, what string, selected func(*event.SfuEvent) *E) *E {
	c.t.Helper()
	var found *E
	c.eventually(what, func() bool {
		for _, e := range c.events {
			if found = selected(e); found != nil {
				return true
			}
		}
		return false
	})
	return found
}

// eventNames tells what came, without the contents. Callers hold c.mu.
func (c *testClient) eventNames() []string {
	var names []string
	for _, e := range c.events {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", e.GetEventPayload()), "*event.SfuEvent_"))
	}
	return names
}

// forget drops the events so far.
func (c *testClient) forget() {
	c.update(func() { c.events = nil })
}
