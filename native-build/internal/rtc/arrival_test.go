package rtc

import "testing"

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
