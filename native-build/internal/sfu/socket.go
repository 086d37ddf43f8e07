package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/event"
)

const (
	// socketQueue bounds the frames that wait for a slow client. A client that is further behind loses its socket and
	// may come back with a fast reconnect, which tells it the whole state anew.
	socketQueue      = 512
	maxFrame         = 1 << 20
	socketWriteLimit = 5 * time.Second
	closeGrace       = time.Second

	closeNormal     = websocket.CloseNormalClosure
	closeGoingAway  = websocket.CloseGoingAway
	closeTryAgain   = websocket.CloseTryAgainLater
	closeJoinFailed = 4101
)

// socket is one WebSocket of a client. Frames go out in the order of send; one goroutine writes.
type socket struct {
	conn  *websocket.Conn
	queue chan []byte

	closing     chan struct{}
	unread      chan struct{} // closed when nobody reads from the client any more
	dismissed   atomic.Bool
	once        sync.Once
	closeCode   int
	closeReason string
}

func newSocket(conn *websocket.Conn) *socket {
	conn.SetReadLimit(maxFrame)
	return &socket{conn: conn, queue: make(chan []byte, socketQueue), closing: make(chan struct{}), unread: make(chan struct{})}
}

func encode(e *event.SfuEvent) []byte {
	frame, err := proto.Marshal(e)
	if err != nil {
		panic(err) // only invalid UTF-8 can do this, and every string is checked where it enters
	}
	return frame
}

// send queues a frame and never blocks.
func (s *socket) send(frame []byte) {
	select {
	case <-s.closing:
	case s.queue <- frame:
	default:
		s.finish(closeTryAgain, "too slow")
	}
}

// sendDroppable queues a frame that a busy client can do without.
func (s *socket) sendDroppable(frame []byte) {
	if len(s.queue) < socketQueue/2 {
		s.send(frame)
	}
}

// dismiss queues the frame that ends the client's session. The client then has closeGrace to close the socket itself:
// Stream's browser client takes a socket that closes under it for an outage, even while it is leaving.
func (s *socket) dismiss(frame []byte) {
	s.dismissed.Store(true)
	s.send(frame)
}

// finish closes the socket once what is queued was written.
func (s *socket) finish(code int, reason string) {
	s.once.Do(func() {
		s.closeCode, s.closeReason = code, reason
		close(s.closing)
	})
}

// write is the writer's loop; it ends the connection.
func (s *socket) write() {
	defer s.conn.Close()
	for {
		select {
		case frame := <-s.queue:
			if !s.writeFrame(frame) {
				return
			}
		case <-s.closing:
			s.flush()
			return
		}
	}
}

func (s *socket) flush() {
	for len(s.queue) > 0 {
		if !s.writeFrame(<-s.queue) {
			return
		}
	}
	if s.dismissed.Load() {
		s.awaitClient()
	}
	message := websocket.FormatCloseMessage(s.closeCode, s.closeReason)
	_ = s.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(closeGrace))
}

func (s *socket) awaitClient() {
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-s.unread:
	case <-grace.C:
	}
}

func (s *socket) writeFrame(frame []byte) bool {
	_ = s.conn.SetWriteDeadline(time.Now().Add(socketWriteLimit))
	return s.conn.WriteMessage(websocket.BinaryMessage, frame) == nil
}

// read waits for the next request of the client, at most for the given time.
func (s *socket) read(within time.Duration) (*event.SfuRequest, error) {
	_ = s.conn.SetReadDeadline(time.Now().Add(within))
	_, frame, err := s.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	request := &event.SfuRequest{}
	if err := proto.Unmarshal(frame, request); err != nil {
		return nil, err
	}
	return request, nil
}
