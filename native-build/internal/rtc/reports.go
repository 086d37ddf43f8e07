package rtc

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

const (
	reportInterval = time.Second
	// maxReportBlocks is what one packet holds (RFC 3550, 6.4.2).
	maxReportBlocks = 31
	// maxReportDelay is what a block can tell as the time since the sender's report; what is older counts as none.
	maxReportDelay = (1 << 16) * time.Second
)

// reports tell the SFU how the tracks of a subscriber arrive: one receiver report for all of them.
type reports struct {
	ssrc uint32

	mu     sync.Mutex
	tracks map[uint32]*remoteTrack
}

func newReports() *reports {
	return &reports{ssrc: rand.Uint32(), tracks: map[uint32]*remoteTrack{}}
}

func (r *reports) add(track *remoteTrack) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tracks[track.ssrc] = track
}

func (r *reports) remove(track *remoteTrack) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tracks[track.ssrc] == track {
		delete(r.tracks, track.ssrc)
	}
}

// receive takes what the SFU reports of a stream.
func (r *reports) receive(ssrc uint32, packets []rtcp.Packet) {
	r.mu.Lock()
	track := r.tracks[ssrc]
	r.mu.Unlock()
	if track == nil {
		return
	}
	now := time.Now()
	for _, packet := range packets {
		if report, ok := packet.(*rtcp.SenderReport); ok && report.SSRC == ssrc {
			track.noteSenderReport(senderReport{ntp: report.NTPTime, at: now})
		}
	}
}

// run reports until the context ends.
func (r *reports) run(ctx context.Context, pc *webrtc.PeerConnection) {
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			blocks := r.blocks(now)
			for len(blocks) > 0 {
				count := min(len(blocks), maxReportBlocks)
				// One that cannot be sent is lost like any other packet.
				_ = pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: r.ssrc, Reports: blocks[:count]}})
				blocks = blocks[count:]
			}
		}
	}
}

func (r *reports) blocks(now time.Time) (blocks []rtcp.ReceptionReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, track := range r.tracks {
		if block, ok := track.report(now); ok {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// senderReport is the last that came of a stream.
type senderReport struct {
	ntp uint64
	at  time.Time
}

func (r *remoteTrack) noteSenderReport(report senderReport) {
	r.receiving.Lock()
	defer r.receiving.Unlock()
	r.sender = report
}

// report tells how the track has arrived since the last time; false before it has.
func (r *remoteTrack) report(now time.Time) (block rtcp.ReceptionReport, ok bool) {
	r.receiving.Lock()
	defer r.receiving.Unlock()
	if !r.sequences.started {
		return block, false
	}
	block = r.sequences.report()
	block.SSRC, block.Jitter = r.ssrc, uint32(r.jitter.estimate>>4)
	if delay := now.Sub(r.sender.at); delay < maxReportDelay { // also there is none yet
		block.LastSenderReport = uint32(r.sender.ntp >> 16)
		block.Delay = uint32(delay.Seconds() * 65536)
	}
	return block, true
}
