package rtc

import (
	"sync"
	"time"

	"streamgateway/native/internal/rtcproto"
)

// PageSink takes what a listener will read. Write never waits: it drops the oldest pages and says how many.
type PageSink interface {
	ID() uint64
	WriteHeader(header []byte) bool
	Write(page []byte) (droppedPackets, droppedBytes int)
	// End lets the host read what is there; Discard throws it away.
	End()
	Discard()
}

const lagEventPeriod = time.Second

// output is the end of a sink to which bytes go. It counts them, and tells of a reader that is too slow.
type output struct {
	s    *Session
	port PageSink
	name func() string // the id of the track; empty for a mix
	// quiet says that somebody else tells what was dropped.
	quiet bool

	mu      sync.Mutex
	ended   bool
	counts  sinkCounts
	lagging sinkCounts // dropped since the last sink_lagged
	told    time.Time
}

type sinkCounts struct {
	packets, bytes, droppedPackets, droppedBytes uint64
}

// header must be called with mu held.
func (o *output) header(data []byte) {
	if len(data) > 0 {
		o.port.WriteHeader(data)
	}
}

// put writes a page and answers whether others had to be dropped; mu must be held.
func (o *output) put(page []byte) (dropped bool) {
	o.counts.packets++
	o.counts.bytes += uint64(len(page))
	packets, bytes := o.port.Write(page)
	o.lagging.droppedPackets += uint64(packets)
	o.lagging.droppedBytes += uint64(bytes)
	o.counts.droppedPackets += uint64(packets)
	o.counts.droppedBytes += uint64(bytes)
	return packets > 0
}

// tellLag says what was dropped, at most once a second. The session's lock must not be held.
func (o *output) tellLag(now time.Time) {
	o.mu.Lock()
	lag := o.lagDue(now)
	o.mu.Unlock()
	if lag != nil {
		lag.TrackId = o.name()
		o.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_SinkLagged{SinkLagged: lag}})
	}
}

func (o *output) lagDue(now time.Time) *rtcproto.SinkLagged {
	if o.quiet || o.lagging.droppedPackets == 0 || now.Sub(o.told) < lagEventPeriod {
		return nil
	}
	lag := &rtcproto.SinkLagged{
		SinkId: o.port.ID(), DroppedBytes: o.lagging.droppedBytes, DroppedPackets: o.lagging.droppedPackets,
	}
	o.told, o.lagging = now, sinkCounts{}
	return lag
}

// finish ends the stream after its last page; false when it had ended already. With discard nobody will read the rest.
func (o *output) finish(discard bool, last func()) (counts sinkCounts, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return o.counts, false
	}
	o.ended = true
	if discard {
		o.port.Discard()
		return o.counts, true
	}
	last()
	o.port.End()
	return o.counts, true
}

func (o *output) count() sinkCounts {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts
}

// tellEnd tells the host that a sink is over.
func (o *output) tellEnd(reason, trackID string, counts sinkCounts) {
	o.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_SinkEnded{SinkEnded: &rtcproto.SinkEnded{
		SinkId: o.port.ID(), TrackId: trackID, Reason: reason, Packets: counts.packets, Bytes: counts.bytes,
	}}})
}
