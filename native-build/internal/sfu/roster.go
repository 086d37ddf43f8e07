package sfu

import (
	"cmp"
	"slices"

	"streamgateway/native/internal/sfuproto/models"
)

// rosterLimit is the size from which on a call is large: newcomers are told of that many participants, and others hear of
// somebody only once it publishes. The counts stay complete.
const rosterLimit = 250

// roster lists the participants that one of them is told of when it joins: itself, then who publishes or is pinned, then
// those who have been there longest. Callers hold c.mu.
func (c *call) roster(reader *participant) []*models.Participant {
	visible := make([]*participant, 0, len(c.participants))
	for _, p := range c.participants {
		// An anonymous participant finds itself in the list, but nobody else does.
		if !p.anonymous || p == reader {
			visible = append(visible, p)
		}
	}
	if len(visible) > c.server.options.rosterLimit {
		slices.SortFunc(visible, func(a, b *participant) int {
			return cmp.Or(cmp.Compare(c.standing(a, reader), c.standing(b, reader)), a.joinedAt.Compare(b.joinedAt))
		})
		visible = visible[:c.server.options.rosterLimit]
	}
	listed := make([]*models.Participant, 0, len(visible))
	for _, p := range visible {
		p.announced = !p.anonymous
		listed = append(listed, p.model())
	}
	return listed
}

func (c *call) standing(p, reader *participant) int {
	switch {
	case p == reader:
		return 0
	case len(p.tracks) > 0 || isPinned(c.pins, p):
		return 1
	}
	return 2
}

// isLarge tells that the call has more participants than are announced. Callers hold c.mu.
func (c *call) isLarge() bool { return len(c.participants) > c.server.options.rosterLimit }

// Participants lists who is in a call, as a newcomer to a small call would be told; nobody when there is no such call.
func (s *Server) Participants(cid string) []*models.Participant {
	c := s.call(cid)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var listed []*models.Participant
	for _, p := range c.participants {
		if !p.anonymous {
			listed = append(listed, p.model())
		}
	}
	return listed
}
