package sfu

import (
	"context"
	"sync"
)

// tasks counts goroutines so that a stop can wait for them. Unlike a wait group it may be asked to start one at any
// time, and refuses once the wait is over.
type tasks struct {
	mu      sync.Mutex
	running int
	over    bool
	idle    chan struct{} // closed when a wait is over
}

func (t *tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return false
	}
	t.running++
	return true
}

func (t *tasks) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.settle()
}

// settle ends a wait when nothing runs. Callers hold t.mu.
func (t *tasks) settle() {
	if t.running == 0 && t.idle != nil && !t.over {
		t.over = true
		close(t.idle)
	}
}

// wait returns when nothing runs any more; from then on nothing begins.
func (t *tasks) wait(ctx context.Context) error {
	t.mu.Lock()
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	t.settle()
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
