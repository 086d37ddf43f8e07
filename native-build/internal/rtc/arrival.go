package rtc

import (
	"time"

	"github.com/pion/rtcp"
)

// maxTotalLost is what a reception report can tell.
const maxTotalLost = 1<<23 - 1

// sequenceMeter counts packets that never came (RFC 3550 A.3).
type sequenceMeter struct {
	started  bool
	highest  uint16
	cycles   uint16 // how often the numbers began anew
	expected uint64
	received uint64

	expectedBefore, receivedBefore uint64 // at the last report
}

// note takes a packet and answers how many are missing so far.
func (m *sequenceMeter) note(sequence uint16) (lost uint64) {
	m.received++
	step := int16(sequence - m.highest)
	switch {
	case !m.started || step > maxDisorder || step < -maxDisorder:
		m.started, m.highest = true, sequence
		m.expected++
	case step > 0:
		if sequence < m.highest {
			m.cycles++
		}
		m.highest = sequence
		m.expected += uint64(step)
	}
	return m.lost()
}

func (m *sequenceMeter) lost() uint64 { return m.expected - min(m.expected, m.received) }

// report ends an interval.
func (m *sequenceMeter) report() (block rtcp.ReceptionReport) {
	expected, received := m.expected-m.expectedBefore, m.received-m.receivedBefore
	m.expectedBefore, m.receivedBefore = m.expected, m.received
	if received < expected {
		block.FractionLost = uint8(min((expected-received)*256/expected, 255))
	}
	block.TotalLost = uint32(min(m.lost(), maxTotalLost))
	block.LastSequenceNumber = uint32(m.cycles)<<16 | uint32(m.highest)
	return block
}

// jitterMeter estimates the variation of arrival (RFC 3550 A.8).
type jitterMeter struct {
	transit  uint32
	estimate uint64
	started  bool
}

func (j *jitterMeter) note(arrival time.Time, timestamp, clockRate uint32) uint64 {
	if clockRate == 0 {
		return 0
	}
	clock := int64(clockRate)
	transit := uint32(arrival.Unix()*clock+int64(arrival.Nanosecond())*clock/int64(time.Second)) - timestamp
	if j.started {
		difference := int64(int32(transit - j.transit)) // both begin anew now and then
		j.estimate += uint64(max(difference, -difference)) - (j.estimate+8)>>4
	}
	j.transit, j.started = transit, true
	return j.estimate
}
