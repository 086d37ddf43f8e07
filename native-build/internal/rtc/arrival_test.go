package rtc

import (
	"testing"
	"time"
)

func TestReportsTellTheLossSinceTheLastOne(t *testing.T) {
	var m sequenceMeter
	for sequence := uint16(65436); sequence != 100; sequence++ { // 200 packets, over the wrap
		if sequence%4 != 0 {
			m.note(sequence)
		}
	}
	block := m.report()
	if block.TotalLost != 49 || block.FractionLost != uint8(49*256/199) || block.LastSequenceNumber != 1<<16|99 {
		t.Errorf("after a quarter was lost: %+v", block)
	}
	for sequence := uint16(100); sequence < 200; sequence++ {
		m.note(sequence)
	}
	if block = m.report(); block.TotalLost != 49 || block.FractionLost != 0 || block.LastSequenceNumber != 1<<16|199 {
		t.Errorf("after nothing was lost: %+v", block)
	}
	if block = m.report(); block.FractionLost != 0 {
		t.Errorf("after nothing came: %+v", block)
	}
	m.note(98) // late, but not lost
	if block = m.report(); block.TotalLost != 48 {
		t.Errorf("after a late one: %+v", block)
	}
}

func TestJitterIsSmallWhateverTheTimestampsBeginWith(t *testing.T) {
	const clock = 48000
	arrival := time.Unix(1_800_000_000, 0)
	wallClock := uint32(arrival.Unix() * clock)
	for _, offset := range []uint32{0, 1 << 30, 1<<31 - 20, 1 << 31, 1<<31 + 20, 1<<32 - 20} {
		var meter jitterMeter
		var estimate uint64
		for i := range 100 {
			late := time.Duration(i%3) * 500 * time.Microsecond
			estimate = meter.note(arrival.Add(time.Duration(i)*20*time.Millisecond+late), wallClock-offset+uint32(i)*960, clock)
		}
		if jitter := float64(estimate>>4) / clock; jitter > 0.001 {
			t.Errorf("transit %d: a jitter of %.4f s of packets that come within a millisecond", offset, jitter)
		}
	}
}

func TestTheSendersReportOfADayAgoIsNotTold(t *testing.T) {
	now := time.Now()
	r := &remoteTrack{sender: senderReport{ntp: 1 << 40, at: now.Add(-2 * time.Second)}}
	r.sequences.note(1)
	if block, _ := r.report(now); block.Delay != 2*65536 || block.LastSenderReport == 0 {
		t.Errorf("after two seconds: %+v", block)
	}
	if block, _ := r.report(now.Add(24 * time.Hour)); block.Delay != 0 || block.LastSenderReport != 0 {
		t.Errorf("after a day: %+v", block)
	}
}
