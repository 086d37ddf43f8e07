package rtc

import (
	"context"
	"sync"
)

// gate lets waiters through while it is open. The zero value is shut.
type gate struct {
	mu     sync.Mutex
	opened bool
	change chan struct{} // closed when the gate opens; nil while nobody waits
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = open
	if open && g.change != nil {
		close(g.change)
		g.change = nil
	}
}

func (g *gate) isOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// wait answers once the gate is open, or with the error of ctx.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		if g.opened {
			g.mu.Unlock()
			return nil
		}
		if g.change == nil {
			g.change = make(chan struct{})
		}
		change := g.change
		g.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
