package plugin

import (
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/border"
	"streamgateway/native/internal/rtcproto"
)

// The numbers of events.proto's own fields.
const (
	fieldSessionID  = 100
	fieldSeq        = 101
	fieldTimeUnixNS = 102
)

// emitter numbers the events of each session and queues them in that order.
type emitter struct {
	border border.Instance

	mu   sync.Mutex
	next map[uint64]uint64 // the last number of each live session
}

func newEmitter(b border.Instance) emitter {
	return emitter{border: b, next: make(map[uint64]uint64)}
}

// Emit queues an event for the host, with session_id, seq and time_unix_ns filled in. It is safe from any goroutine,
// never waits, and keeps the order of each session. A session's `left` ends its numbering.
func (in *Instance) Emit(session uint64, payload *rtcproto.Event) {
	e := &in.emitter
	encoded, err := proto.Marshal(payload)
	if err != nil {
		in.log.Error("event could not be encoded", "error", err)
		return
	}
	_, last := payload.Payload.(*rtcproto.Event_Left)

	e.mu.Lock()
	defer e.mu.Unlock()
	e.next[session]++
	// The fields come last, so that only they need the lock.
	encoded = appendVarint(encoded, fieldSessionID, session)
	encoded = appendVarint(encoded, fieldSeq, e.next[session])
	encoded = appendVarint(encoded, fieldTimeUnixNS, uint64(time.Now().UnixNano()))
	if last {
		delete(e.next, session)
	}
	e.border.Event(session, encoded)
}

func appendVarint(b []byte, field protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), value)
}
