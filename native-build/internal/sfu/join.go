package sfu

import (
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"streamgateway/native/internal/headroom"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 5 * time.Second,
	CheckOrigin:      func(*http.Request) bool { return true }, // tokens authenticate; there are no cookies
}

// serveSocket runs one WebSocket from its join request to its end.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	socket := newSocket(conn)
	if !s.register(socket) {
		socket.send(encode(fail(codeShuttingDown, "the server shuts down").event()))
		socket.finish(closeGoingAway, "shutting down")
		socket.write()
		return
	}
	defer s.unregister(socket)

	p, failed := s.admit(socket)
	if failed != nil {
		s.log.Debug("join refused", "code", failed.code, "message", failed.message)
		socket.send(encode(failed.event()))
		socket.finish(closeNormal, "join refused")
		return
	}
	p.socketClosed(socket, p.listen(socket))
}

// register makes the server own a socket and starts its writer; it answers false once the server stops.
func (s *Server) register(socket *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.sockets[socket] = struct{}{}
	s.work.begin() // for the handler, which a hijacked connection hides from the HTTP server
	s.run("socket writer", socket.write)
	return true
}

func (s *Server) unregister(socket *socket) {
	close(socket.unread)
	socket.finish(closeNormal, "")
	s.mu.Lock()
	delete(s.sockets, socket)
	s.mu.Unlock()
	s.work.end()
}

// admit reads the join request and gives the socket to its participant.
func (s *Server) admit(socket *socket) (*participant, *failure) {
	request, err := socket.read(joinDeadline)
	if err != nil {
		return nil, fail(codeInvalid, "a join request must come within %v: %v", joinDeadline, err)
	}
	join := request.GetJoinRequest()
	if join == nil {
		return nil, fail(codeInvalid, "the first request must be a join request")
	}
	return s.join(socket, join)
}

// join gives the socket to a new participant, or to the one that comes back.
func (s *Server) join(socket *socket, join *event.JoinRequest) (*participant, *failure) {
	token, failed := s.authenticate(join.GetToken())
	if failed != nil {
		return nil, failed
	}
	if id := join.GetSessionId(); id == "" || len(id) > maxIDLength || !utf8.ValidString(id) {
		return nil, fail(codeInvalid, "session_id: must have 1 to %d bytes", maxIDLength)
	}
	if isFast(join) {
		return s.resume(socket, join, token)
	}
	return s.enter(socket, join, token)
}

func (s *Server) authenticate(token string) (*claims, *failure) {
	c, err := verifyToken(token, s.options.TokenSecret, time.Now())
	if err != nil {
		return nil, fail(codeUnauthenticated, "%v", err)
	}
	if c.SFU != "" && c.SFU != s.options.EdgeName {
		return nil, fail(codeUnauthenticated, "token is for SFU %q, this is %q", c.SFU, s.options.EdgeName)
	}
	return c, nil
}

func isFast(join *event.JoinRequest) bool {
	strategy := join.GetReconnectDetails().GetStrategy()
	return strategy == fast || strategy == models.WebsocketReconnectStrategy(0) && join.GetFastReconnect() // which clients still send
}

// resume gives a kept session a new socket.
func (s *Server) resume(socket *socket, join *event.JoinRequest, token *claims) (*participant, *failure) {
	p := s.session(join.GetSessionId())
	if p == nil || p.userID != token.UserID || p.call.cid != token.CallCID {
		return nil, fail(models.ErrorCode_ERROR_CODE_PARTICIPANT_RECONNECT_FAILED, "the session is gone")
	}
	if !p.resume(socket) {
		return nil, fail(models.ErrorCode_ERROR_CODE_PARTICIPANT_RECONNECT_FAILED, "the session is gone")
	}
	p.subscriber.retellStates()
	for _, t := range p.call.tracksOf(p) {
		t.retellDemand()
	}
	return p, nil
}

// enter joins a new session, in place of the one it names as its former self.
func (s *Server) enter(socket *socket, join *event.JoinRequest, token *claims) (*participant, *failure) {
	former := []string{join.GetSessionId()}
	if previous := join.GetReconnectDetails().GetPreviousSessionId(); previous != "" {
		former = append(former, previous)
	}
	for _, id := range former {
		old := s.session(id)
		if old == nil {
			continue
		}
		if old.userID != token.UserID || old.call.cid != token.CallCID {
			return nil, fail(codePermissionDenied, "the session %q is somebody else's", id)
		}
		old.remove(LeaveReplaced, closeNormal)
	}

	if err := headroom.Check(); err != nil {
		return nil, fail(models.ErrorCode_ERROR_CODE_SFU_FULL, "%v", err)
	}
	p, err := newParticipant(s, join, token)
	if err != nil {
		return nil, fail(codeInternal, "%v", err)
	}
	p.subscribe(join.GetReconnectDetails().GetSubscriptions())
	if failed := s.add(p, socket, token.MaxParticipants); failed != nil {
		p.release()
		return nil, failed
	}
	return p, nil
}

// add puts a participant into its call, which comes into being with its first one.
func (s *Server) add(p *participant, socket *socket, limit int) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopping:
		return fail(codeShuttingDown, "the server shuts down")
	case len(s.sessions) >= maxParticipants:
		return fail(models.ErrorCode_ERROR_CODE_SFU_FULL, "the server holds %d participants already", maxParticipants)
	case s.sessions[p.sessionID] != nil:
		return fail(codeInvalid, "session_id: is joining twice at once")
	}
	c := s.calls[p.cid]
	if c == nil {
		c = newCall(s, p.cid, s.pins[p.cid])
	}
	if limit > 0 && c.size() >= limit {
		return fail(models.ErrorCode_ERROR_CODE_CALL_PARTICIPANT_LIMIT_REACHED, "the call has its %d participants", limit)
	}
	if s.calls[p.cid] == nil {
		s.calls[p.cid] = c
		s.run("call", c.loop)
	}
	s.sessions[p.sessionID] = p
	p.call = c
	c.join(p, socket)
	return nil
}

// discard forgets a participant that left its call, and the call with its last one.
func (s *Server) discard(p *participant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[p.sessionID] == p {
		delete(s.sessions, p.sessionID)
	}
	if c := p.call; c.size() == 0 && s.calls[c.cid] == c {
		delete(s.calls, c.cid)
		c.stop()
	}
}

// closeCodeOf reads how a socket ended: the client's code, or 0 when it broke or went silent.
func closeCodeOf(err error) int {
	var closed *websocket.CloseError
	if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
		return closed.Code
	}
	return 0
}
