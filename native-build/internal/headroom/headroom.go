// Package headroom tells how much is left of what a process cannot do without: open files, threads and memory. Whoever
// begins something large asks first, because where one of them runs out, nothing can be told or ended in order any more:
// Go and .NET end the process when they cannot have a thread.
package headroom

// #include "threads.h"
import "C"

import (
	"sync"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/failure"
)

const (
	// A share of the open files is left to what runs already, and to the host.
	minFileReserve = 16
	maxFileReserve = 256
	fileShare      = 8
	// memoryReserve is what is left alone.
	memoryReserve = 32 << 20
	// threadsKnownFor is how long the answer about threads counts: it is found by making some.
	threadsKnownFor = 50 * time.Millisecond
)

// Resource is how much of something is used, and how much may be. A limit of 0 is none, or none that is known.
type Resource struct{ Used, Limit uint64 }

func (r Resource) left() uint64 { return r.Limit - min(r.Used, r.Limit) }

// Figures are those of the process now, as far as the system tells. Threads in reserve count as used.
type Figures struct {
	Files   Resource
	Threads Resource // the limit may be shared with other processes
	Memory  Resource // bytes, of the narrowest control group, or of the machine
}

// Read asks the system.
func Read() Figures { return Figures{Files: files(), Threads: threads(), Memory: memory()} }

// Reserve keeps some threads for when no more can be had; false when not even these can.
func Reserve() bool { return C.headroom_reserve() == C.HEADROOM_RESERVE }

// claimed are the files of those who have asked and not opened them yet.
var claimed atomic.Int64

// Claim asks whether there is enough of everything for something new that needs so many open files. They count as used until
// release is called, when they are open or no longer needed. Without enough it fails with resources_exhausted.
func Claim(files int) (release func(), err error) {
	waiting := claimed.Add(int64(files))
	release = sync.OnceFunc(func() { claimed.Add(-int64(files)) })
	if err := Read().enough(uint64(waiting)); err != nil {
		release()
		return nil, err
	}
	if !threadsLeft() {
		release()
		return nil, errFewThreads
	}
	return release, nil
}

// Check asks whether there is enough of everything for something new whose files are open already. What others have claimed
// does not count: it may be for the other end of the same.
func Check() error {
	if err := Read().enough(0); err != nil {
		return err
	}
	if !threadsLeft() {
		return errFewThreads
	}
	return nil
}

func (f Figures) enough(wanted uint64) error {
	if limit := f.Files.Limit; limit > 0 && f.Files.left() < wanted+fileReserve(limit) {
		return exhausted("of %d files that may be open, %d are", limit, f.Files.Used)
	}
	if f.Memory.Limit > 0 && f.Memory.left() < memoryReserve {
		return exhausted("of %d MiB of memory, %d MiB are used", f.Memory.Limit>>20, f.Memory.Used>>20)
	}
	return nil
}

func fileReserve(limit uint64) uint64 {
	return max(minFileReserve, min(limit/fileShare, maxFileReserve))
}

// MaxConnections is how many connections a server may hold, so that the rest of the process has files left: half of what
// may be open, and no more than wanted.
func MaxConnections(wanted int) int {
	if limit := files().Limit; limit > 0 {
		return max(1, min(wanted, int(min(limit/2, 1<<30))))
	}
	return wanted
}

var errFewThreads = exhausted("no more than a few threads can be started")

func exhausted(format string, values ...any) error {
	return failure.Newf(failure.ResourcesExhausted, failure.NoStage, format, values...)
}

var known struct {
	sync.Mutex
	at time.Time
}

func threadsLeft() bool {
	known.Lock()
	defer known.Unlock()
	if time.Since(known.at) < threadsKnownFor {
		return true
	}
	left := bool(C.headroom_threads_left())
	if left {
		known.at = time.Now()
	}
	return left
}
