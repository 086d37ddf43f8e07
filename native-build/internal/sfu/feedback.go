package sfu

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// arrivals reports when packets came to a publisher's bandwidth estimation.
type arrivals struct {
	mu       sync.Mutex
	recorder *twcc.Recorder
	started  time.Time
	fresh    bool
}

// record notes a packet by its transport-wide number, the content of the header extension.
func (f *arrivals) record(ssrc uint32, extension []byte, now time.Time) {
	if len(extension) < 2 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.recorder == nil {
		f.recorder = twcc.NewRecorder(0)
		f.started = now
	}
	f.recorder.Record(ssrc, binary.BigEndian.Uint16(extension), now.Sub(f.started).Microseconds())
	f.fresh = true
}

// feedback answers the reports of what arrived since the last time.
func (f *arrivals) feedback() []rtcp.Packet {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.fresh {
		return nil
	}
	f.fresh = false
	return f.recorder.BuildFeedbackPacket()
}
