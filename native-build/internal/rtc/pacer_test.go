package rtc

import (
	"context"
	"errors"
	"testing"
	"time"

	"streamgateway/native/internal/media"
)

// fakeClock stands still but for Sleep and what a test adds.
type fakeClock struct {
	now    time.Time
	sleeps []time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, until time.Time) error {
	c.sleeps = append(c.sleeps, until.Sub(c.now))
	c.now = until
	return ctx.Err()
}

func TestPacerNeverDrifts(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1, 0)}
	start := clock.now
	pace := &pacer{clock: clock}
	const packet = 20 * time.Millisecond
	for i := range 3000 {
		late, err := pace.wait(context.Background(), time.Duration(i)*packet)
		if err != nil || late != 0 {
			t.Fatalf("packet %d: late %v, %v", i, late, err)
		}
		if due := start.Add(time.Duration(i) * packet); !clock.now.Equal(due) {
			t.Fatalf("packet %d went %v off its time", i, clock.now.Sub(due))
		}
		clock.now = clock.now.Add(time.Duration(i%7) * time.Millisecond) // the work of sending
	}
}

func TestPacerCatchesUpWhatIsLittleAndSkipsWhatIsMuch(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1, 0)}
	pace := &pacer{clock: clock}
	at := func(position time.Duration) time.Duration {
		late, err := pace.wait(context.Background(), position)
		if err != nil {
			t.Fatal(err)
		}
		return late
	}
	at(0)
	clock.now = clock.now.Add(maxLag)
	if late := at(0); late != 0 || len(clock.sleeps) != 0 {
		t.Errorf("%v behind: late %v, slept %v", maxLag, late, clock.sleeps)
	}
	clock.now = clock.now.Add(time.Second)
	if late := at(0); late != time.Second+maxLag {
		t.Errorf("late %v after a stall", late)
	}
	// From here on the clock runs from the moment of going on.
	before := clock.now
	at(20 * time.Millisecond)
	if waited := clock.now.Sub(before); waited != 20*time.Millisecond {
		t.Errorf("waited %v for the next packet", waited)
	}
}

func TestPacerStartsWhereTheMediaIs(t *testing.T) {
	clock := &fakeClock{now: time.Unix(1, 0)}
	pace := &pacer{clock: clock}
	if late, err := pace.wait(context.Background(), time.Hour); err != nil || late != 0 || len(clock.sleeps) != 0 {
		t.Errorf("late %v, slept %v, %v", late, clock.sleeps, err)
	}
}

func TestWallClockEndsWithItsContext(t *testing.T) {
	clock := new(wallClock)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := clock.Sleep(ctx, time.Now().Add(time.Hour)); err != context.Canceled {
		t.Errorf("%v", err)
	}
	if err := clock.Sleep(context.Background(), time.Now().Add(time.Millisecond)); err != nil {
		t.Errorf("%v", err)
	}
}

func TestWallClockCanBeWoken(t *testing.T) {
	wake := make(chan struct{}, 1)
	clock := &wallClock{wake: wake}
	wake <- struct{}{}
	if err := clock.Sleep(context.Background(), time.Now().Add(time.Hour)); !errors.Is(err, media.ErrInterrupted) {
		t.Errorf("%v", err)
	}
	if err := clock.Sleep(context.Background(), time.Now().Add(time.Millisecond)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
