package udp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheReaderRestsWhenPacketsAreManyForAWhile(t *testing.T) {
	second := func(l *load, from time.Time, packets int) (busy bool) {
		for i := 1; i <= packets; i++ {
			busy = l.add(1, from.Add(time.Second*time.Duration(i)/time.Duration(packets)))
		}
		return busy
	}
	now := time.Unix(1000, 0)
	var l load
	require.False(t, second(&l, now, 100), "two speakers")
	require.False(t, l.add(quiet, now.Add(2*time.Second)), "a handshake")
	require.True(t, second(&l, now.Add(3*time.Second), 2000), "forty speakers")
	require.False(t, l.add(1, now.Add(4*time.Second+forgotten*rest+rest)), "they fell silent")
}
