package rtc

import (
	"time"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/rtcproto"
)

// Stats are the counters of a session at one moment.
type Stats struct {
	Timing     *rtcproto.JoinTiming
	Reconnects int
	Signaling  SignalingStats
	Publisher  *PeerStats
	Subscriber *PeerStats
	Tracks     []TrackStats
	Sinks      []SinkStats
}

// SignalingStats is the SFU's WebSocket.
type SignalingStats struct {
	Connected bool `json:"connected"`
	// RTTMs is that of the last health check; 0 before the first, which comes after five seconds.
	RTTMs float64 `json:"rtt_ms"`
}

// PeerStats is one peer connection; nil pointers stand for one that does not exist.
type PeerStats struct {
	State    string `json:"state"`
	ICEState string `json:"ice_state"`
	// RTTMs is the longest of its tracks.
	RTTMs float64 `json:"rtt_ms"`
	// The selected pair of ICE candidates, "type address" each; empty before there is one.
	LocalCandidate  string `json:"local_candidate"`
	RemoteCandidate string `json:"remote_candidate"`
	BytesSent       uint64 `json:"bytes_sent"`
	BytesReceived   uint64 `json:"bytes_received"`
}

// Direction is where a track goes, seen from the session.
type Direction string

// The directions of a track.
const (
	Send    Direction = "send"
	Receive Direction = "receive"
)

// TrackStats is one track in one direction.
type TrackStats struct {
	TrackID   string    `json:"track_id"`
	Codec     string    `json:"codec"`
	Direction Direction `json:"direction"`
	SSRC      uint32    `json:"ssrc"`
	Packets   uint64    `json:"packets"`
	Bytes     uint64    `json:"bytes"`
	Lost      uint64    `json:"lost"`
	JitterMs  float64   `json:"jitter_ms"`
	// RTTMs is what the SFU's reports tell of a track that is sent. RTP does not tell it to receivers: theirs is that of
	// the SFU's WebSocket.
	RTTMs float64 `json:"rtt_ms"`
	// BitrateBps is over the last second at least.
	BitrateBps float64 `json:"bitrate_bps"`
	// Resent counts packets that were sent again because the SFU missed them.
	Resent uint64 `json:"resent"`
	// Of video that is received and watched: whole frames, keyframes among them, keyframes asked for, the size now.
	Frames           uint64 `json:"frames"`
	Keyframes        uint64 `json:"keyframes"`
	KeyframeRequests uint64 `json:"keyframe_requests"`
	Width            uint32 `json:"width"`
	Height           uint32 `json:"height"`
}

// SinkStats is one sink.
type SinkStats struct {
	SinkID         uint64 `json:"sink"`
	TrackID        string `json:"track_id"`
	Packets        uint64 `json:"packets"`
	Bytes          uint64 `json:"bytes"`
	DroppedPackets uint64 `json:"dropped_packets"`
	DroppedBytes   uint64 `json:"dropped_bytes"`
	// Of decoded sound: for how long it waits to be played after the fastest packet could have come, the longest of all
	// who are heard, and how much was made up in place of what did not come in time.
	DelayMs     float64 `json:"delay_ms"`
	ConcealedMs float64 `json:"concealed_ms"`
	// LatencyMs is from the SFU to the sink, as far as this end can know it: half the round trip, the delay, and the length
	// of a mixed frame; 0 while nothing is heard.
	LatencyMs float64 `json:"latency_ms"`
}

// Stats reads the counters now.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	conn := s.conn
	stats := Stats{Timing: s.timing.message(), Reconnects: s.reconnects, Signaling: conn.signalingStats()}
	for _, t := range s.localTracks {
		stats.Tracks = append(stats.Tracks, t.stats(trackID(conn.sessionID, trackTypeOf(t.trackType))))
	}
	for _, r := range s.tracks {
		received := r.statistics()
		received.RTTMs = stats.Signaling.RTTMs
		stats.Tracks = append(stats.Tracks, received)
	}
	var outputs []*output
	var players []*player
	for _, k := range s.sinks {
		if k.recorded != nil {
			continue
		}
		outputs, players = append(outputs, k.output), append(players, playerOf(k.rendering))
		stats.Sinks = append(stats.Sinks, SinkStats{SinkID: k.port.ID(), TrackID: trackID(k.participantSessionID, k.trackType)})
	}
	for _, m := range s.mixes {
		if m.recording != nil {
			continue
		}
		outputs, players = append(outputs, m.output), append(players, m.player)
		stats.Sinks = append(stats.Sinks, SinkStats{SinkID: m.port.ID()})
	}
	s.mu.Unlock()
	for i, out := range outputs {
		counts := out.count()
		stats.Sinks[i].Packets, stats.Sinks[i].Bytes = counts.packets, counts.bytes
		stats.Sinks[i].DroppedPackets, stats.Sinks[i].DroppedBytes = counts.droppedPackets, counts.droppedBytes
		stats.Sinks[i].played(players[i], stats.Signaling.RTTMs)
	}
	if p := conn.currentPublisher(); p != nil {
		stats.Publisher = p.stats(stats.Tracks, Send)
	}
	if p := conn.currentSubscriber(); p != nil {
		stats.Subscriber = p.stats(stats.Tracks, Receive)
	}
	return stats
}

func playerOf(r rendering) *player {
	if decoded, ok := r.(*sampleRendering); ok {
		return decoded.player
	}
	return nil
}

// played adds what a player knows of its delay; nil is a sink that passes packets on.
func (k *SinkStats) played(p *player, rttMs float64) {
	if p == nil {
		return
	}
	stats := p.mixer.Stats(time.Now())
	k.DelayMs, k.ConcealedMs = milliseconds(stats.Delay), float64(stats.Concealed)*1000/opus.Rate
	if stats.Delay > 0 {
		k.LatencyMs = rttMs/2 + k.DelayMs + milliseconds(p.mixer.FrameTime())
	}
}

func (c *connection) signalingStats() SignalingStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket == nil {
		return SignalingStats{}
	}
	return SignalingStats{Connected: true, RTTMs: milliseconds(c.socket.RTT())}
}

func (p *peer) stats(tracks []TrackStats, direction Direction) *PeerStats {
	stats := &PeerStats{State: p.current().String(), ICEState: p.pc.ICEConnectionState().String()}
	for _, t := range tracks {
		if t.Direction == direction {
			stats.RTTMs = max(stats.RTTMs, t.RTTMs)
		}
	}
	report := p.pc.GetStats()
	for _, entry := range report {
		pair, ok := entry.(webrtc.ICECandidatePairStats)
		if !ok || !pair.Nominated {
			continue
		}
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
	stats := TrackStats{TrackID: id, Codec: t.media.Name(), Direction: Send, Packets: t.packets.Load(), Bytes: t.bytes.Load()}
	stats.Resent, stats.Width, stats.Height = t.resent.Load(), uint32(t.media.Width), uint32(t.media.Height)
	stats.BitrateBps = t.rate.since(stats.Bytes)
	t.mu.Lock()
	stats.SSRC = t.ssrc
	t.mu.Unlock()
	if remote := t.remote.Load(); remote != nil {
		stats.Lost, stats.JitterMs, stats.RTTMs = uint64(remote.lost), remote.jitterMs, remote.rttMs
	}
	return stats
}

// statistics must be called with the session's lock held.
func (r *remoteTrack) statistics() TrackStats {
	stats := TrackStats{
		TrackID: trackID(r.owner, r.trackType), Codec: r.codec, Direction: Receive, SSRC: r.ssrc,
		Packets: r.stats.packets.Load(), Bytes: r.stats.bytes.Load(), Lost: r.stats.lost.Load(),
		Frames: r.stats.frames.Load(), Keyframes: r.stats.keyframes.Load(), KeyframeRequests: r.stats.asked.Load(),
		Width: r.stats.width.Load(), Height: r.stats.height.Load(),
	}
	if clock := r.clockRate; clock > 0 {
		stats.JitterMs = float64(r.stats.jitter.Load()) / 16 / float64(clock) * 1000
	}
	stats.BitrateBps = r.stats.rate.since(stats.Bytes)
	return stats
}
