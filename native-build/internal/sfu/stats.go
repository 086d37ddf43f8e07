package sfu

import "sort"

// CallStats counts what a call holds now.
type CallStats struct {
	CallCID         string
	Participants    int // all, anonymous ones included
	Anonymous       int
	PublishedTracks int // live ones
	ForwardedTracks int // one for each track and subscriber
}

// Stats counts what each call holds, ordered by cid.
func (s *Server) Stats() []CallStats {
	s.mu.Lock()
	calls := make([]*call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	s.mu.Unlock()
	stats := make([]CallStats, 0, len(calls))
	for _, c := range calls {
		stats = append(stats, c.stats())
	}
	sort.Slice(stats, func(i, j int) bool { return stats[i].CallCID < stats[j].CallCID })
	return stats
}

func (c *call) stats() CallStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	stats := CallStats{CallCID: c.cid, Participants: len(c.participants)}
	for _, p := range c.participants {
		if p.anonymous {
			stats.Anonymous++
		}
		for _, t := range p.tracks {
			if t.live() {
				stats.PublishedTracks++
			}
			stats.ForwardedTracks += len(t.downList())
		}
	}
	return stats
}

// PeerConnections counts the open peer connections of all participants.
func (s *Server) PeerConnections() int {
	count := 0
	for _, p := range s.everyone() {
		if p.publisher.connection() != nil {
			count++
		}
		if p.subscriber.connection() != nil {
			count++
		}
	}
	return count
}
