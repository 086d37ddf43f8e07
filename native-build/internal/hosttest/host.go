// Package hosttest drives the C functions of rtc.h from Go, so that Go tests can be the host, with the race detector
// on both sides of the border's Go end.
package hosttest

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #include <stdlib.h>
// #include "rtc.h"
//
// // Handles are numbers in pointer slots, which Go must not see as pointers.
// static uintptr_t host_init(const void *config, size_t size) {
//     return (uintptr_t)plugin_init(plugin_create(), config, size, NULL);
// }
// static FfiBuffer host_call(uintptr_t handle, const char *tag, const void *request, size_t size) {
//     return plugin_call((void *)handle, tag, request, size);
// }
// static uint64_t host_call_async(uintptr_t handle, const char *tag, const void *request, size_t size) {
//     return plugin_call_async((void *)handle, tag, request, size, NULL, NULL);
// }
// static bool host_cancel(uintptr_t handle, uint64_t id) { return plugin_cancel_async((void *)handle, id); }
// static bool host_shutdown(uintptr_t handle) { return plugin_shutdown((void *)handle); }
// static uint8_t host_state(uintptr_t handle) { return plugin_get_state((void *)handle); }
// static int32_t host_poll(uintptr_t handle, void *buffer, size_t size, int32_t timeout, size_t *got) {
//     return rtc_poll((void *)handle, buffer, size, timeout, got);
// }
import "C"

import (
	"encoding/binary"
	"errors"
	"time"
	"unsafe"

	// The functions live there.
	_ "streamgateway/native/internal/border"
)

// Host is an instance as its host sees it.
type Host struct {
	handle C.uintptr_t
	buffer []byte
}

// Kinds of records.
const (
	Event          = C.RTC_RECORD_EVENT
	Completion     = C.RTC_RECORD_COMPLETION
	SinkReady      = C.RTC_RECORD_SINK_READY
	SourceWritable = C.RTC_RECORD_SOURCE_WRITABLE
	SourceEnded    = C.RTC_RECORD_SOURCE_ENDED
)

// Results of Write, End and Read.
const (
	OK        = C.RTC_OK
	Ended     = C.RTC_ENDED
	BadHandle = C.RTC_BAD_HANDLE
)

// Failed is the state after a panic.
const Failed = C.RTC_STATE_FAILED

// Record is one record of rtc_poll.
type Record struct {
	Kind    int
	ID      uint64
	Payload []byte
}

// Start makes an instance.
func Start(config string) (*Host, error) {
	handle := C.host_init(unsafe.Pointer(unsafe.StringData(config)), C.size_t(len(config)))
	if handle == 0 {
		return nil, errors.New(C.GoString(C.rtc_last_error()))
	}
	return &Host{handle: handle, buffer: make([]byte, 1<<18)}, nil
}

// Call runs a command and waits.
func (h *Host) Call(tag, request string) (code int, answer string) {
	name := C.CString(tag)
	defer C.free(unsafe.Pointer(name))
	buffer := C.host_call(h.handle, name, unsafe.Pointer(unsafe.StringData(request)), C.size_t(len(request)))
	defer C.plugin_free_buffer(&buffer)
	return int(buffer.error_code), C.GoStringN((*C.char)(unsafe.Pointer(buffer.data)), C.int(buffer.len))
}

// Begin starts a command; its answer comes as a Completion record. It returns 0 when it could not be queued.
func (h *Host) Begin(tag, request string) uint64 {
	name := C.CString(tag)
	defer C.free(unsafe.Pointer(name))
	return uint64(C.host_call_async(h.handle, name, unsafe.Pointer(unsafe.StringData(request)), C.size_t(len(request))))
}

// Cancel asks a command to stop.
func (h *Host) Cancel(id uint64) bool {
	return bool(C.host_cancel(h.handle, C.uint64_t(id)))
}

// Poll waits for records. It reports true once no more will come.
func (h *Host) Poll(timeout time.Duration) (records []Record, ended bool) {
	var got C.size_t
	result := C.host_poll(h.handle, unsafe.Pointer(&h.buffer[0]), C.size_t(len(h.buffer)),
		C.int32_t(timeout.Milliseconds()), &got)
	if result == C.RTC_ENDED {
		return nil, true
	}
	for rest := h.buffer[:got]; len(rest) > 0; {
		size := int(binary.LittleEndian.Uint32(rest))
		records = append(records, Record{
			Kind:    int(rest[4]),
			ID:      binary.LittleEndian.Uint64(rest[8:]),
			Payload: append([]byte(nil), rest[16:16+size]...),
		})
		rest = rest[16+(size+7)/8*8:]
	}
	return records, false
}

// Write gives bytes to a source.
func Write(source uint64, p []byte) int {
	return int(C.rtc_source_write(C.uint64_t(source), (*C.uint8_t)(unsafe.SliceData(p)), C.size_t(len(p))))
}

// End ends a source.
func End(source uint64) int {
	return int(C.rtc_source_end(C.uint64_t(source)))
}

// Read takes bytes of a sink.
func Read(sink uint64, p []byte) int {
	return int(C.rtc_sink_read(C.uint64_t(sink), (*C.uint8_t)(unsafe.SliceData(p)), C.size_t(len(p))))
}

// State is the lifecycle state.
func (h *Host) State() int {
	return int(C.host_state(h.handle))
}

// Shutdown stops the instance.
func (h *Host) Shutdown() bool {
	return bool(C.host_shutdown(h.handle))
}

// LiveAllocations counts answers not yet freed.
func LiveAllocations() uint64 {
	return uint64(C.rtc_live_allocations())
}
