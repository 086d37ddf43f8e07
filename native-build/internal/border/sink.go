package border

// #include "border.h"
import "C"

import (
	"sync"
	"unsafe"
)

// Sink is where bytes for the host leave, in whole pages. Writing never waits.
type Sink struct {
	id uint64

	mu     sync.Mutex
	opaque unsafe.Pointer // nil after End
}

// OpenSink makes a sink that holds capacity bytes of pages and their heads of up to 24 bytes.
func (i Instance) OpenSink(capacity int) (*Sink, error) {
	opaque := C.border_sink_open(C.uint64_t(i), C.size_t(capacity))
	if opaque == nil {
		return nil, ErrGone
	}
	return &Sink{id: uint64(C.border_sink_id(opaque)), opaque: opaque}, nil
}

// ID is the handle hosts read from.
func (s *Sink) ID() uint64 {
	return s.id
}

// WriteHeader gives bytes that come before all pages and are never dropped, such as the header pages of Ogg. It
// reports false after the first Write or after the end.
func (s *Sink) WriteHeader(p []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opaque == nil || len(p) == 0 {
		return s.opaque != nil
	}
	return bool(C.border_sink_preface(s.opaque, unsafe.Pointer(unsafe.SliceData(p)), C.size_t(len(p))))
}

// Write queues a page. When the host is slow, the oldest whole pages make room; these are counted in the results
// (one packet a page), as is the page itself when it is larger than the sink. After the end it does nothing.
func (s *Sink) Write(page []byte) (droppedPackets, droppedBytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opaque == nil || len(page) == 0 {
		return 0, 0
	}
	var packets, bytes C.size_t
	C.border_sink_write(s.opaque, unsafe.Pointer(unsafe.SliceData(page)), C.size_t(len(page)), &packets, &bytes)
	return int(packets), int(bytes)
}

// End says that no more pages come. The host reads the rest and then RTC_ENDED.
func (s *Sink) End() {
	s.finish(false)
}

// Discard ends the sink and throws away what the host has not read.
func (s *Sink) Discard() {
	if !s.finish(true) {
		C.border_sink_discard(C.uint64_t(s.id))
	}
}

func (s *Sink) finish(discard bool) bool {
	s.mu.Lock()
	opaque := s.opaque
	s.opaque = nil
	s.mu.Unlock()
	if opaque == nil {
		return false
	}
	C.border_sink_end(opaque, C.bool(discard))
	C.border_sink_release(opaque)
	return true
}

// DiscardSink throws away what the host has not read of a sink that has ended; false when there is none such.
func DiscardSink(id uint64) bool {
	return bool(C.border_sink_discard(C.uint64_t(id)))
}
