package e2e

import (
	"context"
	"fmt"
	"slices"
	"time"

	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

// verify waits until everybody sees the same, and checks that media flows.
func (s *soak) verify() {
	s.t.Helper()
	s.settle(s.disagreement)
	s.settle(s.leftovers)
	s.flows()
	for _, u := range s.users {
		u.sinks = slices.DeleteFunc(u.sinks, func(m *meter) bool { return m.ended.Load() })
	}
}

// settle looks until nothing is wrong any more.
func (s *soak) settle(wrong func() string) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for what := wrong(); what != ""; what = wrong() {
		select {
		case <-tick.C:
		case <-deadline:
			s.fatalf("%s", what)
		}
	}
}

// disagreement compares what the users do, what the SFU knows of it, and what each of them sees.
func (s *soak) disagreement() string {
	calls := map[string]participants{}
	tracks := 0
	for _, u := range s.users {
		if u.bot == nil {
			continue
		}
		if u.bot.Info().State != rtc.Joined {
			return fmt.Sprintf("%s is %s", u.name, u.bot.Info().State)
		}
		if calls[u.cid] == nil {
			calls[u.cid] = participants{}
		}
		live, wrong := u.live()
		if wrong != "" {
			return wrong
		}
		calls[u.cid][u.bot.Info().ParticipantSessionID] = live
		tracks += len(live)
	}
	stats := s.sfu.Stats()
	for _, call := range stats {
		tracks -= call.PublishedTracks
	}
	if len(stats) != len(calls) || tracks != 0 {
		return fmt.Sprintf("the SFU has %+v, not %v", stats, calls)
	}
	for cid, there := range calls {
		if known := s.known(cid); !known.equal(there) {
			return fmt.Sprintf("%s: the SFU knows %v, not %v", cid, known, there)
		}
		for _, u := range s.members(cid) {
			if wrong := u.sees(there); wrong != "" {
				return fmt.Sprintf("%s in %s: %s", u.name, cid, wrong)
			}
		}
	}
	return ""
}

// known is the SFU's own list.
func (s *soak) known(cid string) participants {
	known := participants{}
	for _, p := range s.sfu.Participants(cid) {
		known.add(p.GetSessionId(), nil)
		for _, t := range p.GetPublishedTracks() {
			known[p.GetSessionId()][rtcproto.TrackType(t)] = true
		}
	}
	return known
}

// live are the tracks that the user publishes and has not muted.
func (u *soakUser) live() (live map[rtcproto.TrackType]bool, wrong string) {
	live = map[rtcproto.TrackType]bool{}
	muted, running := u.bot.Info().Muted, u.bot.Publications()
	for _, p := range running {
		isVideo := p.TrackType == camera || p.TrackType == screen
		if source := u.playing[p.TrackType]; source == nil || source.id != p.SourceID {
			return nil, fmt.Sprintf("%s publishes %+v", u.name, p)
		}
		if isVideo && !muted.Video || !isVideo && !muted.Audio {
			live[p.TrackType] = true
		}
	}
	if len(running) != len(u.playing) {
		return nil, fmt.Sprintf("%s publishes %+v instead of %d tracks", u.name, running, len(u.playing))
	}
	for _, source := range u.sources {
		if playing := slices.ContainsFunc(running, func(p rtc.Publication) bool { return p.SourceID == source.id }); playing == source.isClosed() {
			return nil, fmt.Sprintf("%s: the source %d is played: %t", u.name, source.id, playing)
		}
	}
	return live, ""
}

// sees compares a user's picture of the call, and that of its events, with who is there.
func (u *soakUser) sees(there participants) string {
	info := u.bot.Info()
	seen, others := participants{}, participants{}
	for sessionID, tracks := range there {
		if sessionID != info.ParticipantSessionID {
			others[sessionID] = tracks
		}
	}
	own := 0
	for _, p := range info.Participants {
		if p.GetIsLocal() {
			own++
			continue
		}
		if seen[p.GetParticipantSessionId()] != nil {
			return "there twice: " + p.String()
		}
		seen.add(p.GetParticipantSessionId(), p.GetTracks())
	}
	if own != 1 || info.ParticipantCount != len(there) || !seen.equal(others) {
		return fmt.Sprintf("sees itself %d times, counts %d and sees %v, not %v", own, info.ParticipantCount, seen, others)
	}
	u.bot.mu.Lock()
	defer u.bot.mu.Unlock()
	if len(u.bot.wrong) > 0 {
		return u.bot.wrong[0]
	}
	if !u.bot.others.equal(others) {
		return fmt.Sprintf("was told of %v, not of %v", u.bot.others, others)
	}
	return ""
}

// leftovers looks for sinks, tracks and peer connections that should not be there.
func (s *soak) leftovers() string {
	for _, u := range s.users {
		if u.bot == nil {
			continue
		}
		stats := u.bot.Stats()
		open := map[uint64]bool{}
		for _, sink := range append(slices.Clone(u.sinks), u.mixes...) {
			if !sink.ended.Load() {
				open[sink.id] = true
			}
		}
		for _, sink := range stats.Sinks {
			if !open[sink.SinkID] {
				return fmt.Sprintf("%s has the sink %+v", u.name, sink)
			}
			delete(open, sink.SinkID)
		}
		if len(open) > 0 {
			return fmt.Sprintf("%s has lost the sinks %v", u.name, open)
		}
		received := map[string]bool{}
		for _, track := range stats.Tracks {
			if track.Direction == rtc.Receive && track.TrackID != "" {
				if received[track.TrackID] {
					return fmt.Sprintf("%s receives %s twice", u.name, track.TrackID)
				}
				received[track.TrackID] = true
			}
		}
		for _, peer := range []*rtc.PeerStats{stats.Publisher, stats.Subscriber} {
			if peer != nil && peer.State != "connected" {
				return fmt.Sprintf("%s has a peer connection that is %s", u.name, peer.State)
			}
		}
	}
	if here, there := s.engine.PeerConnections(), s.sfu.PeerConnections(); here != there {
		return fmt.Sprintf("%d peer connections of participants and %d of the SFU", here, there)
	}
	return ""
}

// flows checks that every open sink goes on, and in each call that somebody hears somebody, whether or not it did.
func (s *soak) flows() {
	s.t.Helper()
	wanted := map[*meter]int64{}
	for _, u := range s.users {
		if u.bot == nil {
			continue
		}
		for _, track := range u.bot.heard() {
			for _, sink := range u.sinksOf(track.GetTrackId()) {
				wanted[sink] = sink.writes.Load() + 3
			}
		}
		for _, mix := range u.mixes {
			wanted[mix] = mix.writes.Load() + 3
		}
	}
	for i := range soakCalls {
		who, whom := s.random.IntN(1<<20), s.random.IntN(1<<20)
		members := s.members(fmt.Sprintf("default:soak-%d", i))
		if len(members) < 2 {
			continue
		}
		listener := members[who%len(members)]
		if tracks := listener.bot.heard(); len(tracks) > 0 {
			s.hears(listener, tracks[whom%len(tracks)])
		}
	}
	s.settle(func() string {
		for sink, count := range wanted {
			if now := sink.writes.Load(); now < count {
				return fmt.Sprintf("the sink %d of %s stands still at %d", sink.id, s.ownerOf(sink), now)
			}
		}
		return ""
	})
}

func (u *soakUser) sinksOf(trackID string) (list []*meter) {
	for _, stats := range u.bot.Stats().Sinks {
		for _, sink := range u.sinks {
			if sink.id == stats.SinkID && stats.TrackID == trackID {
				list = append(list, sink)
			}
		}
	}
	return list
}

func (s *soak) ownerOf(sink *meter) string {
	for _, u := range s.users {
		if slices.Contains(u.sinks, sink) || slices.Contains(u.mixes, sink) {
			return u.name
		}
	}
	return "nobody"
}

// hears opens a sink on a live track, and closes it once something has come.
func (s *soak) hears(u *soakUser, track *rtcproto.Track) {
	s.t.Helper()
	sink := newMeter()
	_, err := limited(func(ctx context.Context) (rtc.Listening, error) {
		return u.bot.Listen(ctx, rtc.ListenOptions{Owner: track.GetParticipantSessionId(), TrackType: track.GetTrackType(), Wait: patience},
			func() (rtc.PageSink, error) { return sink, nil })
	})
	if err != nil {
		s.fatalf("%s does not hear %s: %v", u.name, track.GetTrackId(), err)
	}
	s.settle(func() string {
		if count := sink.writes.Load(); count < 5 {
			return fmt.Sprintf("%s gets %d writes of %s", u.name, count, track.GetTrackId())
		}
		return ""
	})
	if err := u.bot.CloseSink(sink.id); err != nil {
		s.fatalf("%s: %v", u.name, err)
	}
	s.counts["heard"]++
}
