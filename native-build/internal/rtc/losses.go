package rtc

import (
	"slices"
	"time"
)

const (
	// askAfter is how late a packet may be before it is asked for: disorder is no loss.
	askAfter = 15 * time.Millisecond
	// askAgainAfter is how long the answer may take.
	askAgainAfter = 40 * time.Millisecond
	// giveUpAfter bounds for how long a packet is asked for: what is older cannot be played any more.
	giveUpAfter = time.Second
	// maxMissing bounds the packets that are asked for; of more, the newest are.
	maxMissing = 256
)

// losses are the packets of a track that are to be sent again (generic NACK, RFC 4585 6.2.1). The packets that come drive
// it, so that nothing runs in a track that misses nothing. It belongs to the goroutine that receives.
type losses struct {
	started bool
	newest  uint16
	missing []missingPacket // in sequence
	asks    []uint16
}

type missingPacket struct {
	sequence uint16
	since    time.Time
	next     time.Time // when to ask
}

func (l *losses) waiting() bool { return len(l.missing) > 0 }

// note takes a packet that came.
func (l *losses) note(now time.Time, sequence uint16) {
	step := int(int16(sequence - l.newest))
	switch {
	case !l.started || step > maxDisorder || step < -maxDisorder: // a new stream
		l.started, l.newest, l.missing = true, sequence, l.missing[:0]
	case step > 0:
		for skipped := min(step-1, maxMissing); skipped > 0; skipped-- {
			l.missing = append(l.missing, missingPacket{sequence - uint16(skipped), now, now.Add(askAfter)})
		}
		l.missing = slices.Delete(l.missing, 0, max(0, len(l.missing)-maxMissing))
		l.newest = sequence
	case l.waiting():
		l.missing = slices.DeleteFunc(l.missing, func(m missingPacket) bool { return m.sequence == sequence })
	}
}

// due answers the packets to ask for now, valid until the next call.
func (l *losses) due(now time.Time) []uint16 {
	if !l.waiting() {
		return nil
	}
	l.asks = l.asks[:0]
	l.missing = slices.DeleteFunc(l.missing, func(m missingPacket) bool { return now.Sub(m.since) >= giveUpAfter })
	for i := range l.missing {
		if m := &l.missing[i]; !now.Before(m.next) {
			m.next = now.Add(askAgainAfter)
			l.asks = append(l.asks, m.sequence)
		}
	}
	return l.asks
}
