package sfu

import (
	"google.golang.org/protobuf/types/known/structpb"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// Pin keeps a user, or one session of it, in front of everybody.
type Pin struct {
	UserID    string
	SessionID string // empty for every session of the user
}

// Profile is what is shown of a user.
type Profile struct {
	Name   string
	Image  string
	Custom *structpb.Struct
}

// EndCall tells everybody that the call is over and ends their sessions. It answers how many there were.
func (s *Server) EndCall(cid string, reason models.CallEndedReason) (int, error) {
	s.mu.Lock()
	delete(s.pins, cid)
	s.mu.Unlock()
	return s.expel(cid, func(*participant) bool { return true }, reason, LeaveCallEnded)
}

// Kick ends all sessions of a user in a call and answers how many there were.
func (s *Server) Kick(cid, userID string) (int, error) {
	return s.expel(cid, func(p *participant) bool { return p.userID == userID },
		models.CallEndedReason_CALL_ENDED_REASON_KICKED, LeaveKicked)
}

func (s *Server) expel(cid string, chosen func(*participant) bool, reason models.CallEndedReason, leave LeaveReason) (int, error) {
	c := s.call(cid)
	if c == nil {
		return 0, ErrCallNotFound
	}
	ended := encode(&event.SfuEvent{EventPayload: &event.SfuEvent_CallEnded{CallEnded: &event.CallEnded{Reason: reason}}})
	expelled := c.choose(chosen)
	for _, p := range expelled {
		p.dismiss(ended)
	}
	for _, p := range expelled {
		p.remove(leave, closeNormal)
	}
	return len(expelled), nil
}

func (c *call) choose(chosen func(*participant) bool) []*participant {
	var found []*participant
	for _, p := range c.members() {
		if chosen(p) {
			found = append(found, p)
		}
	}
	return found
}

// Mute mutes tracks of the given types, of the given users or of everybody but the moderator, and answers how many
// were live.
func (s *Server) Mute(cid string, userIDs []string, everybody bool, kinds []models.TrackType, byUserID string) (int, error) {
	c := s.call(cid)
	if c == nil {
		return 0, ErrCallNotFound
	}
	named := map[string]bool{}
	for _, id := range userIDs {
		named[id] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	muted := 0
	for _, p := range c.participants {
		if !named[p.userID] && !(everybody && p.userID != byUserID) {
			continue
		}
		for _, kind := range kinds {
			t := p.tracks[kind]
			if t != nil && c.mute(t, models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_MODERATION) {
				muted++
			}
		}
	}
	return muted, nil
}

// UpdateGrants changes what a user may publish; what it may not any more ends at once.
func (s *Server) UpdateGrants(cid, userID string, grants *models.CallGrants) (int, error) {
	return s.eachSession(cid, userID, func(c *call, p *participant) {
		p.grants, p.regranted = grants, true
		p.tellGrants()
		for kind, t := range p.tracks {
			if !mayPublish(grants, kind) {
				c.mute(t, models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_PERMISSION_REVOKED)
			}
		}
	})
}

// UpdateParticipant changes what is shown of a user and tells everybody.
func (s *Server) UpdateParticipant(cid, userID string, profile Profile) (int, error) {
	return s.eachSession(cid, userID, func(c *call, p *participant) {
		p.name, p.image, p.custom = profile.Name, profile.Image, profile.Custom
		updated := &event.SfuEvent{EventPayload: &event.SfuEvent_ParticipantUpdated{
			ParticipantUpdated: &event.ParticipantUpdated{CallCid: c.cid, Participant: p.model()},
		}}
		switch {
		case p.announced:
			c.broadcast(updated, nil)
		case p.socket != nil:
			p.socket.send(encode(updated))
		}
	})
}

func (s *Server) eachSession(cid, userID string, change func(*call, *participant)) (int, error) {
	c := s.call(cid)
	if c == nil {
		return 0, ErrCallNotFound
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := 0
	for _, p := range c.participants {
		if p.userID == userID {
			change(c, p)
			changed++
		}
	}
	if changed == 0 {
		return 0, ErrParticipantNotFound
	}
	return changed, nil
}

const (
	maxPins        = 100
	maxPinnedCalls = 10_000
)

// SetPins replaces the pins of a call, most important first, and tells everybody in it. A call that nobody is in keeps
// them for those who come, until it is ended.
func (s *Server) SetPins(cid string, pins []Pin) error {
	list := make([]*models.Pin, 0, len(pins))
	for _, pin := range pins {
		list = append(list, &models.Pin{UserId: pin.UserID, SessionId: pin.SessionID})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(list) > maxPins || len(s.pins) >= maxPinnedCalls && s.pins[cid] == nil:
		return ErrTooManyPins
	case len(list) == 0:
		delete(s.pins, cid)
	default:
		s.pins[cid] = list
	}
	if c := s.calls[cid]; c != nil {
		c.setPins(list)
	}
	return nil
}

func (c *call) setPins(pins []*models.Pin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pins = pins
	c.broadcast(&event.SfuEvent{EventPayload: &event.SfuEvent_PinsUpdated{PinsUpdated: &event.PinsChanged{Pins: pins}}}, nil)
}
