package rtc

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
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

const (
	// maxConcealed is the longest hole in a track's time that is filled. A longer one is a pause of the sender, after
	// which a live listener wants to go on at once.
	maxConcealed   = opus.Rate
	lagEventPeriod = time.Second
)

// sink writes one remote track as Ogg/Opus. It follows its user through rejoins and ends when the user is gone.
type sink struct {
	s         *Session
	port      PageSink
	userID    string
	trackType rtcproto.TrackType

	// Guarded by the session's lock.
	participantSessionID string
	grace                *time.Timer

	mu      sync.Mutex
	writer  *ogg.Writer
	page    []byte
	started bool
	ended   bool
	toc     byte // first byte of the last packet
	last    opus.Packet
	next    uint32 // the timestamp expected
	counts  sinkCounts
	lagging sinkCounts // dropped since the last sink_lagged
	told    time.Time
}

type sinkCounts struct {
	packets, bytes, droppedPackets, droppedBytes uint64
}

func newSink(s *Session, port PageSink, owner *participant, t rtcproto.TrackType) *sink {
	var serial [4]byte
	_, _ = rand.Read(serial[:])
	return &sink{
		s: s, port: port, userID: owner.userID, participantSessionID: owner.sessionID, trackType: t,
		writer: ogg.NewWriter(binary.LittleEndian.Uint32(serial[:])),
	}
}

// write writes one packet, after filling the time of those that are missing before it.
func (k *sink) write(p orderedPacket) {
	parsed, err := opus.ParsePacket(p.payload)
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return
	}
	if !k.started {
		k.started = true
		channels := 1
		if parsed.Stereo {
			channels = 2
		}
		k.port.WriteHeader(k.writer.AppendHeaders(nil, channels))
	} else {
		k.conceal(int(int32(p.timestamp - k.next)))
	}
	k.toc, k.last, k.next = p.payload[0], parsed, p.timestamp+uint32(parsed.Samples())
	k.put(p.payload, parsed.Samples())
}

// tellLag says what was dropped, at most once a second. The session's lock must not be held.
func (k *sink) tellLag(now time.Time) {
	k.mu.Lock()
	lag := k.lagDue(now)
	k.mu.Unlock()
	if lag != nil {
		lag.TrackId = k.s.sinkTrackID(k)
		k.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_SinkLagged{SinkLagged: lag}})
	}
}

func (k *sink) conceal(missing int) {
	if missing <= 0 || missing > maxConcealed {
		return
	}
	packets, lengths := ogg.Concealment(k.toc, k.last, missing)
	for i, packet := range packets {
		k.put(packet, lengths[i])
	}
}

func (k *sink) put(packet []byte, samples int) {
	k.page = k.writer.AppendPacket(k.page[:0], packet, samples)
	k.counts.packets++
	k.counts.bytes += uint64(len(k.page))
	packets, bytes := k.port.Write(k.page)
	k.lagging.droppedPackets += uint64(packets)
	k.lagging.droppedBytes += uint64(bytes)
	k.counts.droppedPackets += uint64(packets)
	k.counts.droppedBytes += uint64(bytes)
}

func (k *sink) lagDue(now time.Time) *rtcproto.SinkLagged {
	if k.lagging.droppedPackets == 0 || now.Sub(k.told) < lagEventPeriod {
		return nil
	}
	lag := &rtcproto.SinkLagged{
		SinkId: k.port.ID(), DroppedBytes: k.lagging.droppedBytes, DroppedPackets: k.lagging.droppedPackets,
	}
	k.told, k.lagging = now, sinkCounts{}
	return lag
}

// end finishes the stream; false when it had ended already. With discard nobody will read the rest.
func (k *sink) end(discard bool) (counts sinkCounts, ended bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return k.counts, false
	}
	k.ended = true
	if discard {
		k.port.Discard()
		return k.counts, true
	}
	if k.started {
		k.port.Write(k.writer.AppendEnd(k.page[:0]))
	}
	k.port.End()
	return k.counts, true
}

func (k *sink) count() sinkCounts {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.counts
}
