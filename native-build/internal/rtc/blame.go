package rtc

import "slices"

// failuresToAvoid is how often an SFU may fail before the coordinator is asked for another.
const failuresToAvoid = 2

// blame remembers which SFUs did not take us.
type blame struct {
	failures map[string]int
	avoid    []string // the latest last
}

// note blames the SFU of a connection that failed, unless the connection did not come that far.
func (b *blame) note(conn *connection, err error) {
	if conn == nil || err == nil {
		return
	}
	name := conn.credentials.Server.EdgeName
	if b.failures == nil {
		b.failures = map[string]int{}
	}
	b.failures[name]++
	if name != "" && (otherSFU(err) || b.failures[name] >= failuresToAvoid) && !slices.Contains(b.avoid, name) {
		b.avoid = append(b.avoid, name)
	}
}

// forgive takes every SFU again: there is no other.
func (b *blame) forgive() { b.failures, b.avoid = nil, nil }
