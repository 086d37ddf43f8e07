package rtc

import (
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"

	"streamgateway/native/internal/rtcproto"
)

const (
	maxRTPBytes = 1500
	// flushInterval bounds how long packets behind a gap wait when nothing else arrives.
	flushInterval = 100 * time.Millisecond
)

// remoteTrack receives one track and gives its packets, in order, to the sinks that listen.
type remoteTrack struct {
	c         *connection
	track     *webrtc.TrackRemote
	prefix    string
	trackType rtcproto.TrackType
	codec     string
	order     reorder

	owner string // participant session id, empty for an orphan; guarded by the session's lock

	// mu may be taken with the session's lock held, never the other way round.
	mu        sync.Mutex
	listeners []*sink
	lead      leadIn

	stats trackStats
}

// trackStats are counted by the receiving goroutine and read by any.
type trackStats struct {
	packets, bytes, lost atomic.Uint64
	jitter               atomic.Uint64 // RTP clock units × 16 (RFC 3550 A.8)
	rate                 bitrate
}

func newRemoteTrack(c *connection, track *webrtc.TrackRemote, prefix string, t rtcproto.TrackType) *remoteTrack {
	return &remoteTrack{c: c, track: track, prefix: prefix, trackType: t, codec: codecName(track.Codec().MimeType)}
}

// receive runs until the track ends with its connection or its section of the description.
func (r *remoteTrack) receive() {
	buffer := make([]byte, maxRTPBytes)
	var jitter jitterMeter
	for {
		if r.order.waiting() {
			_ = r.track.SetReadDeadline(time.Now().Add(flushInterval))
		}
		n, _, err := r.track.Read(buffer)
		if err != nil {
			if !r.order.waiting() || !isTimeout(err) {
				return
			}
			_ = r.track.SetReadDeadline(time.Time{})
			r.deliver(r.order.expire(time.Now()))
			continue
		}
		if r.order.waiting() {
			_ = r.track.SetReadDeadline(time.Time{})
		}
		var packet rtp.Packet
		if packet.Unmarshal(buffer[:n]) != nil || len(packet.Payload) == 0 {
			continue
		}
		now := time.Now()
		r.c.s.timing.firstPacket(now)
		r.stats.packets.Add(1)
		r.stats.bytes.Add(uint64(n))
		r.stats.jitter.Store(jitter.note(now, packet.Timestamp, r.track.Codec().ClockRate))
		r.deliver(r.order.push(now, packet.SequenceNumber, packet.Timestamp, packet.Payload))
	}
}

func (r *remoteTrack) deliver(packets []orderedPacket) {
	now := time.Now()
	r.mu.Lock()
	listeners := r.listeners
	for _, packet := range packets {
		r.stats.lost.Add(uint64(packet.lost))
		if len(listeners) == 0 {
			r.lead.keep(now, packet)
		}
		for _, listener := range listeners {
			listener.write(packet)
		}
	}
	r.mu.Unlock()
	for _, listener := range listeners {
		listener.tellLag(now)
	}
}

// setListeners replaces those who hear the track. The first to come gets the track's beginning, when that is recent.
func (r *remoteTrack) setListeners(listeners []*sink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.listeners) == 0 && len(listeners) > 0 {
		for _, packet := range r.lead.take(time.Now()) {
			for _, listener := range listeners {
				listener.write(packet)
			}
		}
	}
	r.listeners = listeners
}

// codecName is the codec as hosts see it, such as "opus".
func codecName(mimeType string) string {
	_, name, _ := strings.Cut(mimeType, "/")
	return strings.ToLower(name)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// jitterMeter estimates the variation of arrival (RFC 3550 A.8).
type jitterMeter struct {
	transit  int64
	estimate uint64
	started  bool
}

func (j *jitterMeter) note(arrival time.Time, timestamp, clockRate uint32) uint64 {
	if clockRate == 0 {
		return 0
	}
	units := arrival.UnixNano() / 1000 * int64(clockRate) / 1_000_000
	transit := int64(int32(uint32(units) - timestamp))
	if j.started {
		difference := transit - j.transit
		if difference < 0 {
			difference = -difference
		}
		j.estimate += uint64(difference) - (j.estimate+8)>>4
	}
	j.transit, j.started = transit, true
	return j.estimate
}
