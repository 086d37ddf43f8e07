package sfu

import (
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// call is a room: those who joined it and what they publish. It exists while anybody is in it.
type call struct {
	server    *Server
	cid       string
	startedAt time.Time
	stopped   chan struct{}

	// mu guards the roster, the control state of every participant in it, and the order of events.
	mu           sync.Mutex
	participants map[string]*participant
	pins         []*models.Pin
	activity     activity
}

func newCall(s *Server, cid string, pins []*models.Pin) *call {
	return &call{
		server:       s,
		cid:          cid,
		startedAt:    time.Now(),
		stopped:      make(chan struct{}),
		participants: map[string]*participant{},
		pins:         pins,
	}
}

func (c *call) stop() { close(c.stopped) }

func (c *call) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.participants)
}

// members answers everybody in the call, in no order.
func (c *call) members() []*participant {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*participant, 0, len(c.participants))
	for _, p := range c.participants {
		all = append(all, p)
	}
	return all
}

// join answers the join request of a new participant and announces it.
func (c *call) join(p *participant, socket *socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.participants[p.sessionID] = p
	p.socket = socket
	c.respond(p, false)
	if !p.anonymous && !c.isLarge() {
		p.announced = true
		c.broadcast(&event.SfuEvent{EventPayload: &event.SfuEvent_ParticipantJoined{ParticipantJoined: &event.ParticipantJoined{
			CallCid: c.cid, Participant: p.model(), IsPinned: isPinned(c.pins, p),
		}}}, p)
	}
	c.server.log.Info("participant joined", "cid", c.cid, "user", p.userID, "session", p.sessionID)
	c.server.options.Observer.ParticipantJoined(p.presence())
	p.subscriber.openSoon()
}

// respond sends the join response. Callers hold c.mu, so that no event overtakes it.
func (c *call) respond(p *participant, reconnected bool) {
	state := &models.CallState{
		Participants:     c.roster(p),
		StartedAt:        timestamppb.New(c.startedAt),
		ParticipantCount: c.count(),
		Pins:             c.pins,
	}
	p.socket.send(encode(&event.SfuEvent{EventPayload: &event.SfuEvent_JoinResponse{JoinResponse: &event.JoinResponse{
		CallState:                    state,
		Reconnected:                  reconnected,
		FastReconnectDeadlineSeconds: int32(c.server.options.FastReconnectDeadline / time.Second),
		PublishOptions:               p.publishOptions,
	}}}))
}

// leave takes a participant out of the call and tells the others. It answers false if it was out already.
func (c *call) leave(p *participant) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.participants[p.sessionID] != p {
		return false
	}
	delete(c.participants, p.sessionID)
	for _, t := range p.tracks {
		if t.live() {
			t.muted = true
			c.announceUnpublished(t, models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_UNSPECIFIED)
		}
	}
	if p.announced {
		c.broadcast(&event.SfuEvent{EventPayload: &event.SfuEvent_ParticipantLeft{ParticipantLeft: &event.ParticipantLeft{
			CallCid: c.cid, Participant: p.model(),
		}}}, p)
	}
	c.resubscribe(p)
	return true
}

// broadcast queues an event for everybody but one. Callers hold c.mu.
func (c *call) broadcast(e *event.SfuEvent, except *participant) {
	frame := encode(e)
	for _, p := range c.participants {
		if p != except && p.socket != nil {
			p.socket.send(frame)
		}
	}
}

// resubscribe lets everybody but one compare what they get with what they want. Callers hold c.mu.
func (c *call) resubscribe(except *participant) {
	for _, p := range c.participants {
		if p != except {
			p.subscriber.refresh()
		}
	}
}

func (c *call) count() *models.ParticipantCount {
	count := &models.ParticipantCount{Total: uint32(len(c.participants))}
	for _, p := range c.participants {
		if p.anonymous {
			count.Anonymous++
		}
	}
	return count
}

func isPinned(pins []*models.Pin, p *participant) bool {
	for _, pin := range pins {
		if pin.UserId == p.userID && (pin.SessionId == "" || pin.SessionId == p.sessionID) {
			return true
		}
	}
	return false
}

func (c *call) announcePublished(t *track) {
	t.owner.announced = true // the event carries all there is to know
	c.broadcast(&event.SfuEvent{EventPayload: &event.SfuEvent_TrackPublished{TrackPublished: &event.TrackPublished{
		UserId: t.owner.userID, SessionId: t.owner.sessionID, Type: t.kind, Participant: t.owner.model(),
	}}}, t.owner)
}

// announceUnpublished tells the others; the publisher hears only of what it did not do itself.
func (c *call) announceUnpublished(t *track, cause models.TrackUnpublishReason) {
	except := t.owner
	if isDecision(cause) {
		except = nil
	}
	c.broadcast(unpublishedEvent(t, cause), except)
}

// isDecision tells a moderator's doing from the publisher's own.
func isDecision(cause models.TrackUnpublishReason) bool {
	return cause > models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_USER_MUTED
}

func unpublishedEvent(t *track, cause models.TrackUnpublishReason) *event.SfuEvent {
	return &event.SfuEvent{EventPayload: &event.SfuEvent_TrackUnpublished{TrackUnpublished: &event.TrackUnpublished{
		UserId: t.owner.userID, SessionId: t.owner.sessionID, Type: t.kind, Cause: cause, Participant: t.owner.model(),
	}}}
}
