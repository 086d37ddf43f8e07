package sfu

import (
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

const keyframeInterval = 500 * time.Millisecond

// keyframeRequests throttles the requests for keyframes of one layer: one each interval, and a request that comes in
// between is made up for at its end.
type keyframeRequests struct {
	mu      sync.Mutex
	last    time.Time
	pending bool
}

// request answers whether to ask now.
func (k *keyframeRequests) request(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.last) < keyframeInterval {
		k.pending = true
		return false
	}
	k.last, k.pending = now, false
	return true
}

// due answers whether a request was put off and its time has come.
func (k *keyframeRequests) due(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.pending || now.Sub(k.last) < keyframeInterval {
		return false
	}
	k.last, k.pending = now, false
	return true
}

// startsKeyframe tells whether an RTP payload is the first of a keyframe.
func startsKeyframe(mime string, payload []byte) bool {
	switch {
	case strings.EqualFold(mime, webrtc.MimeTypeVP8):
		return vp8Keyframe(payload)
	case strings.EqualFold(mime, webrtc.MimeTypeVP9):
		return vp9Keyframe(payload)
	case strings.EqualFold(mime, webrtc.MimeTypeH264):
		return h264Keyframe(payload)
	case strings.EqualFold(mime, webrtc.MimeTypeAV1):
		return av1Keyframe(payload)
	}
	return false
}

// vp8Keyframe: RFC 7741, sections 4.2 and 4.3. The first partition of a frame begins with the inverse key frame bit.
func vp8Keyframe(payload []byte) bool {
	d, ok := parseVP8(payload)
	return ok && d.start && d.length < len(payload) && payload[d.length]&1 == 0
}

// vp9Keyframe: RFC 9628, section 4.2: a begin of frame that is not predicted, on the lowest spatial layer.
func vp9Keyframe(payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	const pictureID, predicted, layerIndices, begin = 0x80, 0x40, 0x20, 0x08
	first := payload[0]
	if first&predicted != 0 || first&begin == 0 {
		return false
	}
	if first&layerIndices == 0 {
		return true
	}
	at := 1
	if first&pictureID != 0 {
		if len(payload) > at && payload[at]&0x80 != 0 {
			at++
		}
		at++
	}
	return len(payload) > at && payload[at]>>1&7 == 0
}

// h264Keyframe: RFC 6184. A sequence parameter set or the first part of an IDR slice begins a keyframe.
func h264Keyframe(payload []byte) bool {
	const idr, sps, stapA, fuA = 5, 7, 24, 28
	if len(payload) < 2 {
		return false
	}
	switch unit := payload[0] & 0x1f; unit {
	case sps, idr:
		return true
	case fuA:
		return payload[1]&0x80 != 0 && payload[1]&0x1f == idr
	case stapA:
		for rest := payload[1:]; len(rest) > 2; {
			size := int(rest[0])<<8 | int(rest[1])
			if inner := rest[2] & 0x1f; inner == sps || inner == idr {
				return true
			}
			if size+2 > len(rest) {
				return false
			}
			rest = rest[size+2:]
		}
	}
	return false
}

// av1Keyframe: the N bit of the aggregation header marks the first packet of a coded video sequence.
func av1Keyframe(payload []byte) bool {
	return len(payload) > 0 && payload[0]&0x08 != 0
}
