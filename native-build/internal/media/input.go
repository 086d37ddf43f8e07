package media

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Source gives bytes. Read waits for some, and answers io.EOF at the regular end.
type Source interface {
	Read(ctx context.Context, p []byte) (int, error)
}

var (
	// ErrStalled says that no bytes came for too long.
	ErrStalled = errors.New("the media stalled")
	// ErrInterrupted answers Interrupt.
	ErrInterrupted = errors.New("interrupted")

	errIdle = errors.New("nothing comes for now")
)

const inputBuffer = 16 << 10

// minProgress is what must come for patience to begin anew: less than the smallest piece that any format brings sound or
// pictures in, so that a byte now and then keeps nothing alive.
const minProgress = 32

// Input reads a source with limited patience. One goroutine reads; Interrupt may be called by any.
type Input struct {
	ctx    context.Context
	source Source
	stall  time.Duration
	// stalled is what a read answers then.
	stalled error
	// buffer has an allocation of its own: C may write into it, which it may not into what lies beside Go's pointers.
	buffer []byte
	have   []byte // of buffer, not yet read
	total  int64
	// waited is how long reads waited while progress bytes came, less than minProgress.
	waited   time.Duration
	progress int
	// idle, when not 0, is the time after which a read answers errIdle.
	idle time.Duration
	// draining makes reads answer only what is there.
	draining bool

	mu        sync.Mutex
	interrupt context.CancelCauseFunc // of the read that waits
	pending   bool                    // an interruption that no read has answered yet
}

// NewInput reads from source until ctx ends. stall is how long it may bring nothing, or hardly anything; 0 is for ever.
func NewInput(ctx context.Context, source Source, stall time.Duration) *Input {
	stalled := fmt.Errorf("%w: no bytes came for %v", ErrStalled, stall)
	return &Input{ctx: ctx, source: source, stall: stall, stalled: stalled, buffer: make([]byte, inputBuffer)}
}

// Interrupt makes the read that waits, or else the next one, answer at once.
func (i *Input) Interrupt() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.pending = true
	if i.interrupt != nil {
		i.interrupt(ErrInterrupted)
	}
}

// Total is how many bytes were read; for the goroutine that reads.
func (i *Input) Total() int64 { return i.total }

// Calm forgets an interruption that no read has answered.
func (i *Input) Calm() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.pending = false
}

// Read waits for bytes. It answers ErrStalled after too long a silence, and the error of ctx when that ends.
func (i *Input) Read(p []byte) (int, error) {
	var err error
	if len(i.have) == 0 {
		var n int
		n, err = i.fill()
		i.have = i.buffer[:n]
	}
	n := copy(p, i.have)
	i.have = i.have[n:]
	i.total += int64(n)
	if n > 0 {
		err = nil // it comes again
	}
	return n, err
}

func (i *Input) fill() (int, error) {
	ctx, cancel := context.WithCancelCause(i.ctx)
	defer cancel(nil)
	i.mu.Lock()
	switch {
	case i.draining:
		cancel(errIdle)
	case i.pending:
		cancel(ErrInterrupted)
	}
	i.interrupt = cancel
	i.mu.Unlock()
	if limit, impatience := i.limit(); impatience != nil {
		timer := time.AfterFunc(limit, func() { cancel(impatience) }) // it may run late, during the next read
		defer timer.Stop()
	}
	began := time.Now()
	n, err := i.source.Read(ctx, i.buffer)
	i.note(n, time.Since(began))
	i.mu.Lock()
	i.interrupt = nil
	i.mu.Unlock()
	if err != nil && i.ctx.Err() == nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = context.Cause(ctx)
	}
	return n, err
}

// limit is how long a read waits, and what it answers then; nil when it waits for ever.
func (i *Input) limit() (time.Duration, error) {
	switch {
	case i.idle > 0:
		return i.idle, errIdle
	case i.stall > 0:
		return i.stall - i.waited, i.stalled
	}
	return 0, nil
}

// note keeps account of what has come in how much waiting. What the source holds back, because it has more than it can send,
// is no waiting of ours.
func (i *Input) note(n int, waited time.Duration) {
	i.progress += n
	i.waited += waited
	if i.progress >= minProgress {
		i.progress, i.waited = 0, 0
	}
}
