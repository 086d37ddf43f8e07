package border

// #include <stdlib.h>
// #include "border.h"
import "C"

import (
	"bytes"
	"sync"
	"unsafe"
)

// Code is an error code of rtc.h.
type Code uint32

// The codes Go answers with.
const (
	Success              Code = 0
	InvalidState         Code = 1
	InitializationFailed Code = 2
	ShutdownFailed       Code = 3
	ConfigError          Code = 4
	SerializationError   Code = 5
	UnknownMessageType   Code = 6
	HandlerError         Code = 7
	Cancelled            Code = 9
	Timeout              Code = 10
	Internal             Code = 11
	TooManyRequests      Code = 13
)

// Request is something a host waits for. It must be answered exactly once; later answers are ignored.
type Request struct {
	Instance uint64
	ID       uint64
	Tag      string

	mu       sync.Mutex
	opaque   unsafe.Pointer
	payload  []byte // C memory, until the answer
	answered bool
}

func newRequest(work *C.border_work) *Request {
	r := &Request{
		Instance: uint64(work.instance), ID: uint64(work.id), opaque: work.request,
		payload: unsafe.Slice((*byte)(work.payload), int(work.payload_size)),
	}
	if work.tag_size > 0 {
		r.Tag = C.GoStringN(work.tag, C.int(work.tag_size))
	}
	return r
}

// Size is that of the payload.
func (r *Request) Size() int { return len(r.payload) }

// Payload copies what the host gave, which may take a while: it can be large. It is nil once the request was answered.
func (r *Request) Payload() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered {
		return nil
	}
	return bytes.Clone(r.payload)
}

// Answer gives the answer to whoever waits. It reports false when nobody does any more.
func (r *Request) Answer(code Code, data []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered {
		return false
	}
	r.answered = true
	return bool(C.border_answer(r.opaque, C.uint32_t(code), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data))))
}

func (r *Request) answerAfterPanic() {
	if value := recover(); value != nil {
		r.Answer(Internal, []byte("internal error: the library panicked"))
		panic(value)
	}
}
