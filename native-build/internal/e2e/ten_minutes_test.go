//go:build ten_minutes

package e2e

import (
	"testing"
	"time"
)

func TestTenMinutesThroughABadNetwork(t *testing.T) {
	listenThrough(t, 10*time.Minute, badNetwork, badNetwork)
}
