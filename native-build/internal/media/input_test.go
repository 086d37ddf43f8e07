package media

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// drip brings pieces of a size, one each interval.
type drip struct {
	size     int
	interval time.Duration
}

func (d drip) Read(ctx context.Context, p []byte) (int, error) {
	select {
	case <-time.After(d.interval):
		return copy(p, make([]byte, d.size)), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func TestAByteNowAndThenIsAStall(t *testing.T) {
	const stall = 200 * time.Millisecond
	input := NewInput(context.Background(), drip{size: 1, interval: 50 * time.Millisecond}, stall)

	began := time.Now()
	var err error
	for err == nil && time.Since(began) < 5*time.Second {
		_, err = input.Read(make([]byte, 100))
	}

	require.ErrorIs(t, err, ErrStalled)
	require.GreaterOrEqual(t, time.Since(began), stall)
}

func TestWhatComesInSmallPiecesIsNoStall(t *testing.T) {
	const stall = 500 * time.Millisecond
	input := NewInput(context.Background(), drip{size: minProgress, interval: 20 * time.Millisecond}, stall)

	for began := time.Now(); time.Since(began) < 2*stall; {
		_, err := input.Read(make([]byte, 100))
		require.NoError(t, err)
	}
}
