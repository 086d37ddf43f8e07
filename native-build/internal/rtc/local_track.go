package rtc

import (
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/sfuproto/models"
)

// localTrack sends what we publish as one track type in one codec. It outlives publications and peer connections: timestamps
// run on through both, sequence numbers through publications.
type localTrack struct {
	id        string
	streamID  string
	trackType models.TrackType
	media     media.Track // what is sent; the size is that of the latest publication

	// ready is open while packets reach the SFU: bound to a peer connection that is connected.
	ready gate
	// onKeyframeRequest is called when the SFU asks for a keyframe; nil does nothing.
	onKeyframeRequest atomic.Pointer[func()]

	mu          sync.Mutex
	bindingID   string
	writer      webrtc.TrackLocalWriter
	connected   bool
	ssrc        uint32
	payloadType uint8
	levelID     uint8
	sequence    uint16
	origin      uint32 // the timestamp of the beginning of the publication's media
	end         uint32 // the timestamp at which the last publication ended
	pausedAt    time.Time
	sent        resendCache
	repetition  *repetition // nil unless the SFU wants redundant audio

	packets atomic.Uint64
	bytes   atomic.Uint64
	resent  atomic.Uint64
	remote  atomic.Pointer[receptionReport]
	loss    lossEstimate
	rate    bitrate
}

// receptionReport is what the SFU last told of our packets.
type receptionReport struct {
	lost     uint32
	jitterMs float64
	rttMs    float64
}

// lossEstimate is the share of packets that get lost, as the SFU reports: it rises at once and falls slowly.
type lossEstimate struct{ share atomic.Uint32 } // in 1/256

func (l *lossEstimate) note(fraction uint8) {
	current := l.share.Load()
	l.share.Store(max(uint32(fraction), current-(current+7)/8))
}

func (l *lossEstimate) percent() int { return int(l.share.Load() * 100 / 256) }

func newLocalTrack(trackType models.TrackType, track media.Track, id, streamID string, timestamp uint32) *localTrack {
	return &localTrack{
		trackType: trackType, media: track, id: id, streamID: streamID, end: timestamp,
		sent: newResendCache(track.Video),
	}
}

// Bind is called by the peer connection once the codec is negotiated.
func (t *localTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, codec := range c.CodecParameters() {
		if !strings.EqualFold(codecName(codec.MimeType), t.media.Name()) {
			continue
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.bindingID, t.writer = c.ID(), c.WriteStream()
		if t.ssrc != uint32(c.SSRC()) { // another stream begins, under other keys
			t.sequence = firstSequenceNumber()
		}
		t.ssrc, t.payloadType, t.levelID = uint32(c.SSRC()), uint8(codec.PayloadType), 0
		for _, extension := range c.HeaderExtensions() {
			if extension.URI == sdp.AudioLevelURI && !t.media.Video {
				t.levelID = uint8(extension.ID)
			}
		}
		if !t.media.Video {
			t.repetition = newRepetition(c.CodecParameters(), codec)
		}
		t.connected = false // until this connection says so
		t.ready.set(false)
		return codec, nil
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// firstSequenceNumber lies in the lower half: SRTP's receiver counts the rounds of the numbers from the first packet that it
// gets, and could decrypt nothing any more had it missed the end of the first round (RFC 3711 §3.3.1).
func firstSequenceNumber() uint16 { return uint16(rand.Uint32N(1 << 15)) }

// Unbind is called when the peer connection ends; a newer binding stays.
func (t *localTrack) Unbind(c webrtc.TrackLocalContext) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bindingID == c.ID() {
		t.bindingID, t.writer = "", nil
		t.ready.set(false)
	}
	return nil
}

// setConnected tells whether the peer connection is up.
func (t *localTrack) setConnected(connected bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connected = connected
	t.ready.set(connected && t.writer != nil)
}

// begin takes up a publication whose media begins now: timestamps go on by the time since the last one ended.
func (t *localTrack) begin(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.origin = t.end
	if !t.pausedAt.IsZero() {
		t.origin += t.ticks(now.Sub(t.pausedAt))
	}
}

// shift moves what is to come to a later time.
func (t *localTrack) shift(late time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.origin += t.ticks(late)
}

// pause notes when and where in its media a publication ended.
func (t *localTrack) pause(now time.Time, position int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pausedAt, t.end = now, t.origin+uint32(position)
}

func (t *localTrack) ticks(d time.Duration) uint32 {
	return uint32(int64(d) / int64(time.Microsecond) * t.media.Clock() / 1_000_000)
}

// send writes one packet of the media at a position. For audio, marker begins a stretch of speech after a pause; for
// video it ends a frame.
func (t *localTrack) send(payload []byte, at int64, level uint8, marker bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.writer == nil {
		return nil // between two connections; time goes on
	}
	header := rtp.Header{
		Version: 2, Marker: marker, PayloadType: t.payloadType,
		SequenceNumber: t.sequence, Timestamp: t.origin + uint32(at), SSRC: t.ssrc,
	}
	if t.levelID != 0 {
		if err := setAudioLevel(&header, t.levelID, level); err != nil {
			return err
		}
	}
	payload = t.repetition.apply(&header, payload)
	t.sequence++
	t.sent.keep(&header, payload)
	n, err := t.writer.WriteRTP(&header, payload)
	if err == nil {
		t.packets.Add(1)
		t.bytes.Add(uint64(n))
	}
	return err
}

// resend sends packets again that the SFU misses, as far as they are still kept.
func (t *localTrack) resend(sequences []uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, sequence := range sequences {
		packet := t.sent.find(sequence)
		if packet == nil || t.writer == nil || packet.header.SSRC != t.ssrc {
			continue
		}
		if _, err := t.writer.WriteRTP(&packet.header, packet.payload); err == nil {
			t.resent.Add(1)
		}
	}
}

// voiceThreshold tells voice from room noise, in −dBov.
const voiceThreshold = 50

func setAudioLevel(header *rtp.Header, id, level uint8) error {
	data, err := rtp.AudioLevelExtension{Level: level, Voice: level < voiceThreshold}.Marshal()
	if err != nil {
		return err
	}
	return header.SetExtension(id, data)
}

func (t *localTrack) ID() string       { return t.id }
func (t *localTrack) RID() string      { return "" }
func (t *localTrack) StreamID() string { return t.streamID }
func (t *localTrack) Kind() webrtc.RTPCodecType {
	if t.media.Video {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}
