package rtc

import (
	"context"
	"time"

	"streamgateway/native/internal/media"
)

// maxLag is how far sending may fall behind before the clock moves with it: less is caught up, so that a short stall
// of the machine costs nothing; more would come as a burst.
const maxLag = 200 * time.Millisecond

// clock is time, replaced in tests.
type clock interface {
	Now() time.Time
	// Sleep waits until the moment, or answers the error of ctx.
	Sleep(ctx context.Context, until time.Time) error
}

// pacer says when media is due. Every moment is counted from one start, so rounding never adds up.
type pacer struct {
	clock   clock
	start   time.Time
	started bool
}

// wait returns when what lies at position in the media is due. late is how much the clock was moved because it was
// more than maxLag overdue: the listeners' time that passed without media.
func (p *pacer) wait(ctx context.Context, position time.Duration) (late time.Duration, err error) {
	now := p.clock.Now()
	if !p.started {
		p.started, p.start = true, now.Add(-position)
		return 0, nil
	}
	due := p.start.Add(position)
	if overdue := now.Sub(due); overdue > maxLag {
		p.start = p.start.Add(overdue)
		return overdue, nil
	}
	if due.After(now) {
		return 0, p.clock.Sleep(ctx, due)
	}
	return 0, nil
}

// resume makes what lies at position due now, if it should have come before; late is by how much.
func (p *pacer) resume(position time.Duration) (late time.Duration) {
	if !p.started {
		return 0
	}
	if late = p.clock.Now().Sub(p.start.Add(position)); late <= 0 {
		return 0
	}
	p.start = p.start.Add(late)
	return late
}

// wallClock is the real time. It has one timer and therefore one user.
type wallClock struct {
	timer *time.Timer
	// wake ends a wait with media.ErrInterrupted.
	wake <-chan struct{}
}

func (w *wallClock) Now() time.Time { return time.Now() }

func (w *wallClock) Sleep(ctx context.Context, until time.Time) error {
	duration := time.Until(until)
	if w.timer == nil {
		w.timer = time.NewTimer(duration)
	} else {
		w.timer.Reset(duration)
	}
	var err error
	select {
	case <-w.timer.C:
		return nil
	case <-w.wake:
		err = media.ErrInterrupted
	case <-ctx.Done():
		err = ctx.Err()
	}
	if !w.timer.Stop() {
		<-w.timer.C
	}
	return err
}
