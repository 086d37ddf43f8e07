package e2e

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// TestJoiningAndLeavingLeavesNothing joins, speaks, listens and leaves again and again.
func TestJoiningAndLeavingLeavesNothing(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, 100*time.Millisecond)
	cycle := func() {
		alice, bob := w.join("alice"), w.join("bob")
		alice.publish("speech", file, looped)
		bob.listen("alice").await(t, 1)
		alice.leave()
		bob.leave()
	}
	for range 5 {
		cycle()
	}
	before := w.settled(0)
	for range 40 {
		cycle()
	}
	if after := w.settled(before); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
	if here, there := w.engine.PeerConnections(), w.sfu.PeerConnections(); here != 0 || there != 0 {
		t.Errorf("%d peer connections of participants and %d of the SFU are left", here, there)
	}
}

// settled counts goroutines once they are as few as wanted, or at the latest after some seconds. Idle connections that
// are kept for the next join do not count.
func (w *world) settled(wanted int) int {
	w.engine.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for runtime.NumGoroutine() > wanted && ctx.Err() == nil {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return runtime.NumGoroutine()
}
