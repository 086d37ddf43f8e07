package rtc

import (
	"slices"
	"sync"

	"streamgateway/native/internal/record"
)

// recordedSink is what a sink has that is recorded.
type recordedSink struct {
	recording *recording
	file      *record.Stream
	losses    *recordedLosses
}

// recordedLosses counts what was lost of a track since its file began, through reconnects.
type recordedLosses struct {
	mu     sync.Mutex
	tracks []*remoteTrack
	before []uint64 // lost when each was heard first
}

func (l *recordedLosses) hear(track *remoteTrack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.tracks, track) {
		l.tracks, l.before = append(l.tracks, track), append(l.before, track.stats.lost.Load())
	}
}

func (l *recordedLosses) count() (lost uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, track := range l.tracks {
		now := track.stats.lost.Load()
		lost += now - min(now, l.before[i])
	}
	return lost
}
