package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// reception keeps the statistics of a received stream that receiver reports carry (RFC 3550, appendix A).
type reception struct {
	clock uint32

	base, highest uint64 // extended sequence numbers
	received      uint64
	lastExpected  uint64
	lastReceived  uint64
	fraction      uint8
	lastTimestamp uint32
	lastArrival   time.Time
	lastTransit   uint32
	jitter        float64
	haveTransit   bool
}

// add counts a packet and answers its extended sequence number.
func (r *reception) add(h rtpHeader, now time.Time) uint64 {
	var seq uint64
	if r.received == 0 {
		seq = firstCycle + uint64(h.sequence)
		r.base, r.highest = seq, seq
	} else {
		seq = extendSequence(r.highest, h.sequence)
	}
	r.received++
	if seq < r.highest {
		return seq // late: it says nothing about the present
	}
	r.highest = seq
	r.lastTimestamp, r.lastArrival = h.timestamp, now

	transit := mediaClock(now, r.clock) - h.timestamp
	if r.haveTransit {
		difference := int32(transit - r.lastTransit)
		r.jitter += (abs(float64(difference)) - r.jitter) / 16
	}
	r.lastTransit, r.haveTransit = transit, true
	return seq
}

// mediaClock is a time in ticks of a media clock, which begin anew as its timestamps do.
func mediaClock(t time.Time, clock uint32) uint32 {
	return uint32(t.Unix()*int64(clock) + int64(t.Nanosecond())*int64(clock)/int64(time.Second))
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}

// report makes the block and starts the next interval.
func (r *reception) report() rtcp.ReceptionReport {
	expected := r.highest - r.base + 1
	lost := int64(expected) - int64(r.received)
	intervalExpected := expected - r.lastExpected
	intervalLost := int64(intervalExpected) - int64(r.received-r.lastReceived)
	r.lastExpected, r.lastReceived = expected, r.received
	r.fraction = 0
	if intervalExpected > 0 && intervalLost > 0 {
		r.fraction = uint8(min(255, intervalLost*256/int64(intervalExpected)))
	}
	return rtcp.ReceptionReport{
		FractionLost:       r.fraction,
		TotalLost:          uint32(min(max(lost, 0), 0x7fffff)),
		LastSequenceNumber: uint32(r.highest),
		Jitter:             uint32(r.jitter),
	}
}

const (
	maxLosses    = 128
	maxLossTries = 5
	lossGiveUp   = time.Second
	// reorderGrace lets packets that merely overtook each other arrive before a gap is taken for a loss.
	reorderGrace   = 5 * time.Millisecond
	lossRetryAfter = 60 * time.Millisecond
	// maxLossRetryAfter leaves room for several requests before giving up.
	maxLossRetryAfter = 250 * time.Millisecond
)

// lossList holds the sequence numbers that are missing, to ask the publisher for them a few times.
type lossList struct {
	started bool
	highest uint64
	missing []loss
	answer  time.Duration // how long it takes from asking to getting, smoothed; 0 while unknown
}

type loss struct {
	seq     uint64
	since   time.Time
	askedAt time.Time
	tries   int
}

// arrived notes a packet and answers what is to be asked for now.
func (l *lossList) arrived(seq uint64, now time.Time) []rtcp.NackPair {
	switch {
	case !l.started:
		l.started, l.highest = true, seq
		return nil
	case seq <= l.highest:
		l.found(seq, now)
	default:
		for gap := max(l.highest+1, seq-min(seq, maxLosses)); gap < seq; gap++ {
			if len(l.missing) == maxLosses {
				l.missing = append(l.missing[:0], l.missing[1:]...)
			}
			l.missing = append(l.missing, loss{seq: gap, since: now})
		}
		l.highest = seq
	}
	if len(l.missing) == 0 {
		return nil
	}
	return l.due(now)
}

func (l *lossList) found(seq uint64, now time.Time) {
	for i := range l.missing {
		if m := l.missing[i]; m.seq == seq {
			if m.tries == 1 { // else it is not known which request was answered
				l.measure(now.Sub(m.askedAt))
			}
			l.missing = append(l.missing[:i], l.missing[i+1:]...)
			return
		}
	}
}

func (l *lossList) measure(answer time.Duration) {
	if l.answer == 0 {
		l.answer = answer
	}
	l.answer += (answer - l.answer) / 8
}

// retryAfter leaves a request the time to be answered.
func (l *lossList) retryAfter() time.Duration {
	return min(max(l.answer*3/2, lossRetryAfter), maxLossRetryAfter)
}

// due answers the pairs to ask for now and forgets what will not come any more.
func (l *lossList) due(now time.Time) []rtcp.NackPair {
	kept := l.missing[:0]
	var ask []uint16
	retryAfter := l.retryAfter()
	for _, m := range l.missing {
		if m.tries >= maxLossTries || now.Sub(m.since) > lossGiveUp {
			continue
		}
		if now.Sub(m.since) >= reorderGrace && now.Sub(m.askedAt) >= retryAfter {
			m.tries++
			m.askedAt = now
			ask = append(ask, uint16(m.seq))
		}
		kept = append(kept, m)
	}
	l.missing = kept
	if len(ask) == 0 {
		return nil
	}
	return rtcp.NackPairsFromSequenceNumbers(ask)
}
