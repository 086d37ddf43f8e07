package rtc

import (
	"runtime/debug"
	"sync"

	"streamgateway/native/internal/guard"
)

// tasks owns the goroutines of one session: all of them are waited for, and a panic in one ends the session instead of
// the process.
type tasks struct {
	onPanic func(*guard.Panic)

	mu      sync.Mutex
	running int
	closed  bool
	idle    chan struct{}
}

func newTasks(onPanic func(*guard.Panic)) *tasks {
	return &tasks{onPanic: onPanic, idle: make(chan struct{})}
}

// spawn runs work on a goroutine of its own; false, without running it, once wait has been called.
func (t *tasks) spawn(work func()) bool {
	if !t.enter() {
		return false
	}
	go t.leaveAfter(work)
	return true
}

// guard runs a callback that came on a foreign goroutine.
func (t *tasks) guard(work func()) {
	if t.enter() {
		t.leaveAfter(work)
	}
}

// recover is deferred on a foreign goroutine, around each packet.
func (t *tasks) recover(string) {
	if cause := recover(); cause != nil {
		t.onPanic(&guard.Panic{Value: cause, Stack: debug.Stack()})
	}
}

func (t *tasks) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running++
	return true
}

func (t *tasks) leaveAfter(work func()) {
	defer t.leave()
	if panicked := guard.Run(work); panicked != nil {
		t.onPanic(panicked)
	}
}

func (t *tasks) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	if t.closed && t.running == 0 {
		close(t.idle)
	}
}

// close takes no more work and answers a channel that closes when the last task has ended.
func (t *tasks) close() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		if t.running == 0 {
			close(t.idle)
		}
	}
	return t.idle
}
