package rtc

import "time"

const (
	// leadInLength is how much of the beginning of a track is kept for a listener who is still opening its sink.
	leadInLength = time.Second
	// leadInPause is a silence after which the next packet is a beginning again.
	leadInPause = 500 * time.Millisecond
	maxLeadIn   = 400 // packets
)

// leadIn keeps the beginning of what nobody listens to yet.
type leadIn struct {
	packets []orderedPacket
	began   time.Time
	last    time.Time
}

// keep takes a packet that nobody heard. Once the beginning is over, nothing is kept until the next one.
func (l *leadIn) keep(now time.Time, packet orderedPacket) {
	if l.last.IsZero() || now.Sub(l.last) > leadInPause {
		l.began, l.packets = now, nil
	}
	l.last = now
	if now.Sub(l.began) > leadInLength || len(l.packets) == maxLeadIn {
		l.packets = nil
		return
	}
	if now == l.began || len(l.packets) > 0 {
		packet.payload = append([]byte(nil), packet.payload...)
		l.packets = append(l.packets, packet)
	}
}

// take answers what was kept, if it is still worth hearing, and forgets it.
func (l *leadIn) take(now time.Time) []orderedPacket {
	packets := l.packets
	l.packets = nil
	if now.Sub(l.began) > leadInLength {
		return nil
	}
	return packets
}
