// Package border is the C core of the library and its end in Go.
//
// Hosts call the C functions of rtc.h, which put requests into a queue and never run Go. One goroutine takes them out
// here and hands them to a Handler; answers, events and media go back through C memory. See docs/abi.md.
package border

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra -O2 -fvisibility=hidden -I${SRCDIR}/../../include
#cgo LDFLAGS: -lpthread
#include "border.h"
#include "rtc.h"
*/
import "C"

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"streamgateway/native/internal/guard"
)

// Handler is what the requests of hosts are for. Its methods are called one after the other on the goroutine of the
// queue: they must not wait.
type Handler interface {
	// Check answers whether the payload is a configuration.
	Check(request *Request)
	// Init starts an instance.
	Init(request *Request)
	// Call runs a command.
	Call(request *Request)
	// Cancel asks a running command of an instance to stop.
	Cancel(instance, request uint64)
	// Shutdown stops an instance.
	Shutdown(request *Request)
}

type consumer struct {
	handler Handler
	wakeups *os.File
}

// Serve starts the goroutine that takes requests out of the queue and gives them to handler, for the life of the
// process. It is called once, from an init function, so that a host never has to enter Go.
func Serve(handler Handler) error {
	descriptor := C.border_open()
	if descriptor < 0 {
		return fmt.Errorf("eventfd: errno %d", -descriptor)
	}
	c := &consumer{
		handler: handler,
		wakeups: os.NewFile(uintptr(descriptor), "librtc queue"),
	}
	go c.run()
	return nil
}

// NextID returns a number below 2^53 that no other call in this process returns.
func NextID() uint64 {
	return uint64(C.border_next_id())
}

// Version is the version of the library.
func Version() string {
	return C.GoString(C.rtc_version())
}

func (c *consumer) run() {
	for {
		var work *C.border_work
		n := int(C.border_take(&work))
		for _, w := range unsafe.Slice(work, n) {
			if p := guard.Run(func() { c.dispatch(&w) }); p != nil {
				fmt.Fprintf(os.Stderr, "librtc: %v\n%s", p, p.Stack)
			}
		}
		if n == 0 && bool(C.border_sleep()) {
			c.wait()
		}
	}
}

func (c *consumer) dispatch(work *C.border_work) {
	switch work.kind {
	case C.BORDER_NODE_SOURCE:
		wakeSource(uint64(work.id))
		return
	case C.BORDER_NODE_CANCEL:
		c.handler.Cancel(uint64(work.instance), uint64(work.id))
		return
	}
	request := newRequest(work)
	// Whatever happens, somebody waits for the answer.
	defer request.answerAfterPanic()
	switch work.kind {
	case C.BORDER_NODE_CALL:
		c.handler.Call(request)
	case C.BORDER_NODE_INIT:
		c.handler.Init(request)
	case C.BORDER_NODE_SHUTDOWN:
		c.handler.Shutdown(request)
	case C.BORDER_NODE_CHECK:
		c.handler.Check(request)
	}
}

func (c *consumer) wait() {
	var counter [8]byte
	if _, err := c.wakeups.Read(counter[:]); err != nil {
		// Cannot happen while the descriptor is ours; without the queue nothing works, so look again and again.
		time.Sleep(time.Millisecond)
	}
}
