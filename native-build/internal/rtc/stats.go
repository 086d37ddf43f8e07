package rtc

import (
	"maps"
	"slices"

	"github.com/pion/webrtc/v3"

	"streamgateway/native/internal/rtcproto"
)

// Stats are the counters of a session at one moment.
type Stats struct {
	Timing     *rtcproto.JoinTiming
	Reconnects int
	Publisher  *PeerStats
	Subscriber *PeerStats
	Tracks     []TrackStats
	Sinks      []SinkStats
}

// PeerStats is one peer connection; nil pointers stand for one that does not exist.
type PeerStats struct {
	State    string  `json:"state"`
	ICEState string  `json:"ice_state"`
	RTTMs    float64 `json:"rtt_ms"`
	// The selected pair of ICE candidates, "type address" each; empty before there is one.
	LocalCandidate  string `json:"local_candidate"`
	RemoteCandidate string `json:"remote_candidate"`
	BytesSent       uint64 `json:"bytes_sent"`
	BytesReceived   uint64 `json:"bytes_received"`
}

// TrackStats is one track in one direction.
type TrackStats struct {
	TrackID   string  `json:"track_id"`
	Direction string  `json:"direction"` // "send" or "receive"
	Packets   uint64  `json:"packets"`
	Bytes     uint64  `json:"bytes"`
	Lost      uint64  `json:"lost"`
	JitterMs  float64 `json:"jitter_ms"`
	RTTMs     float64 `json:"rtt_ms"`
	// BitrateBps is over the time since the last look at these counters.
	BitrateBps float64 `json:"bitrate_bps"`
}

// SinkStats is one sink.
type SinkStats struct {
	SinkID         uint64 `json:"sink"`
	TrackID        string `json:"track_id"`
	Packets        uint64 `json:"packets"`
	Bytes          uint64 `json:"bytes"`
	DroppedPackets uint64 `json:"dropped_packets"`
	DroppedBytes   uint64 `json:"dropped_bytes"`
}

// Stats reads the counters now.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	conn := s.conn
	stats := Stats{Timing: s.timing.message(), Reconnects: s.reconnects}
	for _, t := range slices.Sorted(maps.Keys(s.localTracks)) {
		stats.Tracks = append(stats.Tracks, s.localTracks[t].stats(trackID(conn.sessionID, t)))
	}
	for _, r := range s.tracks {
		stats.Tracks = append(stats.Tracks, r.statistics())
	}
	sinks := slices.Clone(s.sinks)
	for _, k := range sinks {
		stats.Sinks = append(stats.Sinks, SinkStats{SinkID: k.port.ID(), TrackID: trackID(k.participantSessionID, k.trackType)})
	}
	s.mu.Unlock()
	for i, k := range sinks {
		counts := k.count()
		stats.Sinks[i].Packets, stats.Sinks[i].Bytes = counts.packets, counts.bytes
		stats.Sinks[i].DroppedPackets, stats.Sinks[i].DroppedBytes = counts.droppedPackets, counts.droppedBytes
	}
	if p := conn.currentPublisher(); p != nil {
		stats.Publisher = p.stats()
	}
	if p := conn.currentSubscriber(); p != nil {
		stats.Subscriber = p.stats()
	}
	return stats
}

func (p *peer) stats() *PeerStats {
	stats := &PeerStats{State: p.current().String(), ICEState: p.pc.ICEConnectionState().String()}
	report := p.pc.GetStats()
	for _, entry := range report {
		pair, ok := entry.(webrtc.ICECandidatePairStats)
		if !ok || !pair.Nominated {
			continue
		}
		stats.RTTMs = pair.CurrentRoundTripTime * 1000
		stats.LocalCandidate = candidateText(report[pair.LocalCandidateID])
		stats.RemoteCandidate = candidateText(report[pair.RemoteCandidateID])
	}
	for _, entry := range report {
		if transport, ok := entry.(webrtc.TransportStats); ok && transport.ID == "iceTransport" {
			stats.BytesSent, stats.BytesReceived = transport.BytesSent, transport.BytesReceived
		}
	}
	return stats
}

func candidateText(entry webrtc.Stats) string {
	if candidate, ok := entry.(webrtc.ICECandidateStats); ok {
		return candidate.CandidateType.String() + " " + candidate.IP
	}
	return ""
}

func (t *localTrack) stats(id string) TrackStats {
	stats := TrackStats{TrackID: id, Direction: "send", Packets: t.packets.Load(), Bytes: t.bytes.Load()}
	stats.BitrateBps = t.rate.since(stats.Bytes)
	if remote := t.remote.Load(); remote != nil {
		stats.Lost, stats.JitterMs, stats.RTTMs = uint64(remote.lost), remote.jitterMs, remote.rttMs
	}
	return stats
}

// statistics must be called with the session's lock held.
func (r *remoteTrack) statistics() TrackStats {
	stats := TrackStats{
		TrackID: trackID(r.owner, r.trackType), Direction: "receive",
		Packets: r.stats.packets.Load(), Bytes: r.stats.bytes.Load(), Lost: r.stats.lost.Load(),
	}
	if clock := r.track.Codec().ClockRate; clock > 0 {
		stats.JitterMs = float64(r.stats.jitter.Load()) / 16 / float64(clock) * 1000
	}
	stats.BitrateBps = r.stats.rate.since(stats.Bytes)
	return stats
}
