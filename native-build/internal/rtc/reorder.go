package rtc

import "time"

const (
	// maxHeld bounds the packets kept behind a gap.
	maxHeld = 32
	// holdTime is how long a gap may be filled by a late or retransmitted packet; without gaps nothing waits.
	holdTime = 100 * time.Millisecond
	// maxDisorder is the largest step in sequence numbers taken for disorder; more is a new stream.
	maxDisorder = 1000
)

// orderedPacket is a packet in its place. lost counts the packets that are missing right before it.
type orderedPacket struct {
	sequence  uint16
	timestamp uint32
	payload   []byte
	lost      int
	heldSince time.Time // of one that is held
}

// reorder puts packets into sequence. What comes in order passes at once; only a gap makes later packets wait, shortly.
type reorder struct {
	started bool
	next    uint16 // the sequence number expected
	held    []orderedPacket
	out     []orderedPacket
}

func (o *reorder) waiting() bool { return len(o.held) > 0 }

// push takes a packet and answers those whose turn it is. Their payloads are valid until the next call.
func (o *reorder) push(now time.Time, sequence uint16, timestamp uint32, payload []byte) []orderedPacket {
	o.out = o.out[:0]
	packet := orderedPacket{sequence: sequence, timestamp: timestamp, payload: payload}
	ahead := int(int16(sequence - o.next))
	switch {
	case !o.started || ahead > maxDisorder || ahead < -maxDisorder:
		o.release(len(o.held))
		o.started = true
		o.emit(packet, 0)
	case ahead < 0:
		return nil // too late, or twice
	case ahead == 0:
		o.emit(packet, 0)
		o.releaseRun()
	default:
		o.hold(now, packet)
		if len(o.held) > maxHeld {
			o.skipGap()
		}
		o.expireInto(now)
	}
	return o.out
}

// expire answers the packets that have waited long enough for what is missing.
func (o *reorder) expire(now time.Time) []orderedPacket {
	o.out = o.out[:0]
	o.expireInto(now)
	return o.out
}

func (o *reorder) expireInto(now time.Time) {
	for o.waiting() && now.Sub(o.gapSince()) >= holdTime {
		o.skipGap()
	}
}

// gapSince is when the first gap was seen: by the earliest of what is held behind it.
func (o *reorder) gapSince() time.Time {
	since := o.held[0].heldSince
	for _, packet := range o.held[1:] {
		if packet.heldSince.Before(since) {
			since = packet.heldSince
		}
	}
	return since
}

// hold keeps a copy in sequence.
func (o *reorder) hold(now time.Time, packet orderedPacket) {
	at := len(o.held)
	for at > 0 && int16(o.held[at-1].sequence-packet.sequence) >= 0 {
		if o.held[at-1].sequence == packet.sequence {
			return
		}
		at--
	}
	packet.payload, packet.heldSince = append([]byte(nil), packet.payload...), now
	o.held = append(o.held, orderedPacket{})
	copy(o.held[at+1:], o.held[at:])
	o.held[at] = packet
}

// skipGap gives up what is missing before the first held packet.
func (o *reorder) skipGap() {
	first := o.held[0]
	o.held = o.held[1:]
	o.emit(first, int(uint16(first.sequence-o.next)))
	o.releaseRun()
}

// releaseRun lets go what follows without a gap.
func (o *reorder) releaseRun() {
	run := 0
	for run < len(o.held) && o.held[run].sequence == o.next+uint16(run) {
		run++
	}
	o.release(run)
}

func (o *reorder) release(count int) {
	for _, packet := range o.held[:count] {
		o.emit(packet, int(uint16(packet.sequence-o.next)))
	}
	o.held = o.held[count:]
}

func (o *reorder) emit(packet orderedPacket, lost int) {
	packet.lost = lost
	o.out = append(o.out, packet)
	o.next = packet.sequence + 1
}
