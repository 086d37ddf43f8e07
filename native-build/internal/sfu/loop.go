package sfu

import (
	"time"

	"github.com/pion/rtcp"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	// loopInterval is the pace of everything periodic in a call: what is overdue is noticed that much later at most.
	loopInterval    = 50 * time.Millisecond
	feedbackEvery   = 2  // rounds: transport-wide feedback, 100 ms
	chooseEvery     = 4  // rounds: choice of layers, 200 ms
	reportEvery     = 20 // rounds: sender and receiver reports, 1 s
	qualityEvery    = 40 // rounds: connection quality, 2 s
	maxControlBatch = 16 // RTCP packets in one compound, well below any MTU
)

// loop is the call's own goroutine, for as long as the call exists.
func (c *call) loop() {
	ticker := time.NewTicker(loopInterval)
	defer ticker.Stop()
	levelRounds := int(levelInterval / loopInterval)
	for round := 1; ; round++ {
		select {
		case <-c.stopped:
			return
		case now := <-ticker.C:
			members := c.members()
			c.requestMissing(members, now)
			if round%feedbackEvery == 0 {
				sendFeedback(members)
			}
			if round%chooseEvery == 0 {
				c.chooseLayers(members, now)
			}
			if round%reportEvery == 0 {
				sendReports(members, now)
			}
			if round%levelRounds == 0 {
				c.tellLevels()
			}
			if round%qualityEvery == 0 {
				c.tellQuality()
			}
		}
	}
}

// requestMissing asks publishers for lost packets and for keyframes that were put off, and clients for their answers.
func (c *call) requestMissing(members []*participant, now time.Time) {
	for _, p := range members {
		for _, t := range c.tracksOf(p) {
			for _, l := range t.layerList() {
				if lost := l.lossReports(now); lost != nil {
					p.publisher.writeRTCP(lost)
				}
				if l.keyframes.due(now) {
					l.sendPLI()
				}
			}
		}
		p.subscriber.overdue(now)
		p.checkArrival(now)
	}
}

// chooseLayers follows what publishers send and what the ways to subscribers carry.
func (c *call) chooseLayers(members []*participant, now time.Time) {
	var videos []*track
	for _, p := range members {
		for _, t := range c.tracksOf(p) {
			if isVideo(t.kind) {
				videos = append(videos, t)
			}
		}
	}
	for _, t := range videos {
		for _, l := range t.layerList() {
			l.measureRate(now)
		}
	}
	for _, p := range members {
		p.subscriber.allocate(now)
	}
	for _, t := range videos {
		t.tellDemand(now)
	}
}

func (c *call) tracksOf(p *participant) []*track {
	c.mu.Lock()
	defer c.mu.Unlock()
	tracks := make([]*track, 0, len(p.tracks))
	for _, t := range p.tracks {
		tracks = append(tracks, t)
	}
	return tracks
}

func sendFeedback(members []*participant) {
	for _, p := range members {
		p.publisher.writeRTCP(p.publisher.arrivals.feedback()...)
	}
}

// sendReports sends receiver reports to publishers and sender reports to subscribers.
func sendReports(members []*participant, now time.Time) {
	ntp := ntpTime(now)
	for _, p := range members {
		var blocks []rtcp.ReceptionReport
		for _, t := range p.call.tracksOf(p) {
			for _, l := range t.layerList() {
				if block, ok := l.receptionReport(now); ok && len(blocks) < 31 {
					blocks = append(blocks, block)
				}
			}
		}
		if len(blocks) > 0 {
			p.publisher.writeRTCP(&rtcp.ReceiverReport{Reports: blocks})
		}
		p.subscriber.sendReports(now, ntp)
	}
}

func (s *subscriber) sendReports(now time.Time, ntp uint64) {
	peer := s.connection()
	if peer == nil {
		return
	}
	var reports []rtcp.Packet
	flush := func() {
		if len(reports) > 0 {
			_ = peer.WriteRTCP(reports) // a failed write is a lost packet
		}
		reports = reports[:0]
	}
	for _, out := range s.current() {
		if report := out.down.senderReport(now, ntp); report != nil {
			reports = append(reports, report)
		}
		if len(reports) == maxControlBatch {
			flush()
		}
	}
	flush()
}

// ntpTime is the 64-bit form of RFC 3550: seconds since 1900 and their fraction.
func ntpTime(t time.Time) uint64 {
	const sinceEpoch = 2208988800
	nanos := uint64(t.UnixNano())
	return (nanos/1e9+sinceEpoch)<<32 | (nanos%1e9)<<32/1e9
}

// tellQuality announces whose connection changed.
func (c *call) tellQuality() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var updates []*event.ConnectionQualityInfo
	for _, p := range c.participants {
		quality := p.measureQuality()
		if quality == p.quality || !p.announced {
			continue
		}
		p.quality = quality
		updates = append(updates, &event.ConnectionQualityInfo{
			UserId: p.userID, SessionId: p.sessionID, ConnectionQuality: quality,
		})
	}
	if len(updates) > 0 {
		c.broadcastDroppable(&event.SfuEvent{EventPayload: &event.SfuEvent_ConnectionQualityChanged{
			ConnectionQualityChanged: &event.ConnectionQualityChanged{ConnectionQualityUpdates: updates},
		}})
	}
}

// measureQuality judges by the share of lost packets in either direction, the worse one.
func (p *participant) measureQuality() models.ConnectionQuality {
	var worst uint8
	for _, t := range p.tracks {
		for _, l := range t.layerList() {
			l.mu.Lock()
			worst = max(worst, l.reception.fraction)
			l.mu.Unlock()
		}
	}
	for _, out := range p.subscriber.current() {
		out.down.mu.Lock()
		worst = max(worst, out.down.loss)
		out.down.mu.Unlock()
	}
	switch lost := float64(worst) / 256; {
	case p.socket == nil || p.mediaLost() || lost > 0.10:
		return models.ConnectionQuality_CONNECTION_QUALITY_POOR
	case lost > 0.03:
		return models.ConnectionQuality_CONNECTION_QUALITY_GOOD
	}
	return models.ConnectionQuality_CONNECTION_QUALITY_EXCELLENT
}
