package sfu

import (
	"time"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	// arrivalDeadline is how long a participant may take to bring its media here before its move counts as complete.
	arrivalDeadline = 3 * time.Second
	// farewell is how long a participant that has moved away may take to close its session here.
	farewell = 10 * time.Second
)

// Migration is a participant's move from another SFU to this one.
type Migration struct {
	FromEdge  string
	CallCID   string
	SessionID string // the same on both
}

// GoAway asks the participants of a call, or of all calls when cid is empty, to move to another SFU. It answers how many
// were asked. Each keeps its session here until it has arrived there.
func (s *Server) GoAway(cid string, reason models.GoAwayReason) (int, error) {
	if cid != "" && s.call(cid) == nil {
		return 0, ErrCallNotFound
	}
	frame := encode(&event.SfuEvent{EventPayload: &event.SfuEvent_GoAway{GoAway: &event.GoAway{Reason: reason}}})
	asked := 0
	for _, p := range s.everyone() {
		if cid == "" || p.cid == cid {
			p.send(frame)
			asked++
		}
	}
	return asked, nil
}

// CompleteMigration tells a participant on its old socket here that it has arrived on another SFU, and ends its session
// if it does not do so itself. It answers false when there is no such session.
func (s *Server) CompleteMigration(cid, sessionID string) bool {
	p := s.session(sessionID)
	if p == nil || p.cid != cid {
		return false
	}
	p.send(encode(&event.SfuEvent{EventPayload: &event.SfuEvent_ParticipantMigrationComplete{
		ParticipantMigrationComplete: &event.ParticipantMigrationComplete{},
	}}))
	time.AfterFunc(farewell, func() {
		defer s.recover("farewell")
		p.remove(LeaveMigrated, closeNormal)
	})
	return true
}

// migration is what is left to do of a participant's arrival from another SFU.
type migration struct {
	fromEdge  string
	publishes bool // it has tracks to bring
}

func migrationOf(join *event.JoinRequest, edge string) *migration {
	details := join.GetReconnectDetails()
	if details.GetStrategy() != migrate || details.GetFromSfuId() == "" || details.GetFromSfuId() == edge {
		return nil
	}
	return &migration{fromEdge: details.GetFromSfuId(), publishes: len(details.GetAnnouncedTracks()) > 0}
}

// checkArrival tells the former SFU once that the participant's media is here, or that no more of it is to be waited for.
func (p *participant) checkArrival(now time.Time) {
	p.call.mu.Lock()
	m := p.migration
	p.call.mu.Unlock()
	if m == nil || now.Sub(p.joinedAt) < arrivalDeadline && !p.hasArrived(m) {
		return
	}
	p.call.mu.Lock()
	p.migration = nil
	p.call.mu.Unlock()
	p.server.options.Migrated(Migration{FromEdge: m.fromEdge, CallCID: p.cid, SessionID: p.sessionID})
}

func (p *participant) hasArrived(m *migration) bool {
	if m.publishes && !p.publisher.isConnected() {
		return false
	}
	return p.subscriber.connected.Load() || len(p.call.wishes(p)) == 0
}

func (b *publisher) isConnected() bool {
	b.peerMu.Lock()
	followed := b.transport
	b.peerMu.Unlock()
	return followed != nil && followed.isConnected()
}
