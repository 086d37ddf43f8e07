package border

// #include "border.h"
import "C"

import (
	"errors"
	"time"
	"unsafe"
)

// ErrGone says that an instance has ended, or that no more handles are left.
var ErrGone = errors.New("the instance has ended, or the table of handles is full")

// Instance is the C side of a plugin instance. Its methods are safe from any goroutine, also after the instance ended.
type Instance uint64

// Limits is what the configuration of an instance decides for the C side.
type Limits struct {
	MaxConcurrentOps uint64 // 0: no limit
	EventBufferBytes uint64
	CallTimeout      time.Duration
	ShutdownTimeout  time.Duration
}

// Counts is what is alive in the C side of an instance.
type Counts struct {
	EventsDropped    uint64
	EventBytesQueued uint64
	Requests         uint64
	Sources          int
	Sinks            int
}

// Configure sets the limits, once, before Init is answered. It reports false without memory.
func (i Instance) Configure(limits Limits, logLevel uint8) bool {
	c := C.border_limits{
		max_concurrent_ops:  C.uint64_t(limits.MaxConcurrentOps),
		event_buffer_bytes:  C.uint64_t(limits.EventBufferBytes),
		call_timeout_ms:     C.uint32_t(limits.CallTimeout.Milliseconds()),
		shutdown_timeout_ms: C.uint32_t(limits.ShutdownTimeout.Milliseconds()),
	}
	return bool(C.border_configure(C.uint64_t(i), &c, C.uint32_t(logLevel)))
}

// Fail puts an active instance into the Failed state: it serves no more requests.
func (i Instance) Fail() {
	C.border_fail(C.uint64_t(i))
}

// LogLevel is the level from which on lines are wanted; 5 when none are.
func (i Instance) LogLevel() uint8 {
	return uint8(C.border_log_level(C.uint64_t(i)))
}

// Log queues a line for the host. It never waits; too many lines are dropped and counted.
func (i Instance) Log(level uint8, target, message string) {
	C.border_log(C.uint64_t(i), C.uint32_t(level),
		(*C.char)(unsafe.Pointer(unsafe.StringData(target))), C.size_t(len(target)),
		(*C.char)(unsafe.Pointer(unsafe.StringData(message))), C.size_t(len(message)))
}

// Event queues an event record. It never waits; the oldest events make room. It reports false when the instance has
// ended or the event is larger than the buffer.
func (i Instance) Event(session uint64, payload []byte) bool {
	return bool(C.border_event(C.uint64_t(i), C.uint64_t(session),
		unsafe.Pointer(unsafe.SliceData(payload)), C.size_t(len(payload))))
}

// Counts returns what is alive now.
func (i Instance) Counts() Counts {
	var c C.border_counts
	C.border_count(C.uint64_t(i), &c)
	return Counts{
		EventsDropped:    uint64(c.events_dropped),
		EventBytesQueued: uint64(c.event_bytes_queued),
		Requests:         uint64(c.requests),
		Sources:          int(c.sources),
		Sinks:            int(c.sinks),
	}
}
