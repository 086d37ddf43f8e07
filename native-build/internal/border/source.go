package border

// #include "border.h"
import "C"

import (
	"context"
	"io"
	"sync"
	"unsafe"
)

// Source is where bytes of the host arrive. One goroutine reads.
type Source struct {
	id    uint64
	ready chan struct{} // there may be something to read

	mu     sync.Mutex
	opaque unsafe.Pointer // nil after Close
}

// The sources a notice from C may be for.
var sources struct {
	sync.Mutex
	byID map[uint64]*Source
}

// OpenSource makes a source of capacity bytes.
func (i Instance) OpenSource(capacity int) (*Source, error) {
	opaque := C.border_source_open(C.uint64_t(i), C.size_t(capacity))
	if opaque == nil {
		return nil, ErrGone
	}
	s := &Source{id: uint64(C.border_source_id(opaque)), ready: make(chan struct{}, 1), opaque: opaque}
	sources.Lock()
	defer sources.Unlock()
	if sources.byID == nil {
		sources.byID = make(map[uint64]*Source)
	}
	sources.byID[s.id] = s
	return s, nil
}

// ID is the handle hosts write to.
func (s *Source) ID() uint64 {
	return s.id
}

// Read waits for bytes. It returns io.EOF once the host has ended the source and all was read, and io.ErrClosedPipe
// after Close.
func (s *Source) Read(ctx context.Context, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := s.tryRead(p)
		if n > 0 || err != nil {
			return n, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (s *Source) tryRead(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opaque == nil {
		return 0, io.ErrClosedPipe
	}
	n := int(C.border_source_read(s.opaque, unsafe.Pointer(unsafe.SliceData(p)), C.size_t(len(p))))
	if n < 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close ends the source from this side: the host's writes answer RTC_ENDED and it is told so. Reads end.
func (s *Source) Close() {
	s.mu.Lock()
	opaque := s.opaque
	s.opaque = nil
	s.mu.Unlock()
	if opaque == nil {
		return
	}
	sources.Lock()
	delete(sources.byID, s.id)
	sources.Unlock()
	C.border_source_release(opaque)
	s.wake()
}

func (s *Source) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

func wakeSource(id uint64) {
	sources.Lock()
	s := sources.byID[id]
	sources.Unlock()
	if s != nil {
		s.wake()
	}
}
