package udp

import "time"

const (
	// quiet is how many packets may come at once, as in a handshake, before the reader rests; forgotten is by how many more
	// it goes on resting.
	quiet, forgotten = 16, 16
)

// load tells from the packets that come whether there are many: more than one in each rest, for a while. It is a bucket
// that leaks one packet a rest.
type load struct {
	level float64
	last  time.Time
}

// add counts packets that came until now and tells whether they are many.
func (l *load) add(packets int, now time.Time) bool {
	leaked := float64(now.Sub(l.last)) / float64(rest)
	l.last = now
	l.level = min(max(0, l.level-leaked)+float64(packets), quiet+forgotten)
	return l.level > quiet
}
