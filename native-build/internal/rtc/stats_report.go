package rtc

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/signal"
)

const (
	sdkName       = "stream-gateway"
	sdkVersion    = "0.1.0"
	webrtcVersion = "pion-3.1.56"

	minStatsInterval = 500 * time.Millisecond
	lastStatsTimeout = time.Second
)

// reportStats tells the SFU the connection's counters at the interval that it wants, until the connection ends.
func (c *connection) reportStats() {
	if c.statsInterval <= 0 {
		return
	}
	c.s.tasks.spawn(func() {
		for sleep(c.ctx, max(c.statsInterval, minStatsInterval)) == nil {
			c.sendStats(c.ctx)
		}
	})
}

// lastStats is the report of a session that leaves; the SFU would not take it later.
func (c *connection) lastStats() {
	if c.statsInterval <= 0 || !c.signaled() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastStatsTimeout)
	defer cancel()
	c.sendStats(ctx)
}

// sendStats sends one report. One that fails is not repeated: the next is better.
func (c *connection) sendStats(ctx context.Context) {
	stats := c.s.Stats()
	publisher, subscriber := c.currentPublisher(), c.currentSubscriber()
	request := &signal.SendStatsRequest{
		SessionId: c.sessionID, UnifiedSessionId: c.s.unifiedID, Sdk: sdkName, SdkVersion: sdkVersion, WebrtcVersion: webrtcVersion,
		PublisherStats: "[]", SubscriberStats: "[]", RtcStats: "[]", Telemetry: c.s.telemetry.Swap(nil),
	}
	now := time.Now()
	if publisher != nil {
		request.PublisherStats = recordsJSON(publisher.peer, stats.Tracks, Send, now)
	}
	if subscriber != nil {
		request.SubscriberStats = recordsJSON(subscriber.peer, stats.Tracks, Receive, now)
	}
	if err := c.rpc.SendStats(ctx, request); err != nil && c.ctx.Err() == nil {
		c.s.log.Debug("the SFU did not take the stats", "error", err)
	}
}

// recordsJSON is what a browser's getStats would list, as far as it is known here.
func recordsJSON(p *peer, tracks []TrackStats, direction Direction, now time.Time) string {
	report := p.pc.GetStats()
	var records []any
	for _, id := range slices.Sorted(maps.Keys(report)) {
		switch report[id].(type) {
		case webrtc.ICECandidatePairStats, webrtc.ICECandidateStats, webrtc.TransportStats:
			records = append(records, report[id])
		}
	}
	for _, t := range tracks {
		if t.Direction == direction {
			records = append(records, t.records(now)...)
		}
	}
	data, err := json.Marshal(records)
	if err != nil || records == nil {
		return "[]"
	}
	return string(data)
}

// records are in the units of the W3C's statistics: seconds, and milliseconds for timestamps.
func (t TrackStats) records(now time.Time) []any {
	type record map[string]any
	base := func(kind string) record {
		return record{
			"id": kind + "-" + strconv.FormatUint(uint64(t.SSRC), 10), "type": kind, "timestamp": float64(now.UnixMicro()) / 1000,
			"ssrc": t.SSRC, "trackIdentifier": t.TrackID,
		}
	}
	if t.Direction == Receive {
		in := base("inbound-rtp")
		in["packetsReceived"], in["bytesReceived"], in["packetsLost"], in["jitter"] = t.Packets, t.Bytes, t.Lost, t.JitterMs/1000
		return []any{in}
	}
	out, remote := base("outbound-rtp"), base("remote-inbound-rtp")
	out["packetsSent"], out["bytesSent"] = t.Packets, t.Bytes
	remote["packetsLost"], remote["jitter"], remote["roundTripTime"] = t.Lost, t.JitterMs/1000, t.RTTMs/1000
	return []any{out, remote}
}

// tellReconnection keeps how long an outage was for the next report.
func (s *Session) tellReconnection(by rtcproto.ReconnectStrategy, took time.Duration) {
	s.telemetry.Store(&signal.Telemetry{Data: &signal.Telemetry_Reconnection{Reconnection: &signal.Reconnection{
		TimeSeconds: float32(took.Seconds()), Strategy: strategy(by),
	}}})
}

func (s *Session) tellJoin() {
	s.telemetry.Store(&signal.Telemetry{Data: &signal.Telemetry_ConnectionTimeSeconds{
		ConnectionTimeSeconds: float32(s.timing.message().GetTotalMs() / 1000),
	}})
}
