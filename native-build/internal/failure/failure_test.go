package failure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestOf(t *testing.T) {
	inner := New(ICEFailed, ICE, io.EOF)
	for _, c := range []struct {
		err   error
		kind  Kind
		stage Stage
	}{
		{nil, "", NoStage},
		{inner, ICEFailed, ICE},
		{fmt.Errorf("join: %w", inner), ICEFailed, ICE},
		{New(ReconnectFailed, ICE, inner), ReconnectFailed, ICE},
		{fmt.Errorf("join: %w", context.Canceled), Cancelled, NoStage},
		{context.DeadlineExceeded, DeadlineExceeded, NoStage},
		{io.EOF, Internal, NoStage},
	} {
		if KindOf(c.err) != c.kind || StageOf(c.err) != c.stage {
			t.Errorf("%v: %s at %q", c.err, KindOf(c.err), StageOf(c.err))
		}
	}
	if Of(nil) != nil {
		t.Error("no error is no failure")
	}
}

func TestIs(t *testing.T) {
	err := fmt.Errorf("join: %w", New(CallNotFound, Coordinator, io.EOF))
	for target, want := range map[error]bool{
		New(CallNotFound, NoStage, nil):        true,
		New(CallNotFound, Coordinator, nil):    true,
		New(CallNotFound, Signaling, nil):      false,
		New(CallEnded, NoStage, nil):           false,
		New(CallNotFound, Coordinator, io.EOF): false, // another failure, not a kind to compare with
		io.EOF:                                 true,
	} {
		if errors.Is(err, target) != want {
			t.Errorf("%v is %v: not %t", err, target, want)
		}
	}
}
