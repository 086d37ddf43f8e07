package rtc

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v3"

	"streamgateway/native/internal/sfuproto/models"
)

// localTrack sends what we publish as one track type. It outlives publications and peer connections, so sequence
// numbers and timestamps run on through both.
type localTrack struct {
	id        string
	streamID  string
	trackType models.TrackType

	// ready is open while packets reach the SFU: bound to a peer connection that is connected.
	ready gate

	mu          sync.Mutex
	bindingID   string
	writer      webrtc.TrackLocalWriter
	connected   bool
	ssrc        uint32
	payloadType uint8
	levelID     uint8
	sequence    uint16
	timestamp   uint32
	pausedAt    time.Time

	packets atomic.Uint64
	bytes   atomic.Uint64
	remote  atomic.Pointer[receptionReport]
	rate    bitrate
}

// receptionReport is what the SFU last told of our packets.
type receptionReport struct {
	lost     uint32
	jitterMs float64
	rttMs    float64
}

func newLocalTrack(trackType models.TrackType, id, streamID string, sequence uint16, timestamp uint32) *localTrack {
	return &localTrack{trackType: trackType, id: id, streamID: streamID, sequence: sequence, timestamp: timestamp}
}

// Bind is called by the peer connection once the codec is negotiated.
func (t *localTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, codec := range c.CodecParameters() {
		if codec.MimeType != webrtc.MimeTypeOpus {
			continue
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.bindingID, t.writer = c.ID(), c.WriteStream()
		t.ssrc, t.payloadType, t.levelID = uint32(c.SSRC()), uint8(codec.PayloadType), 0
		for _, extension := range c.HeaderExtensions() {
			if extension.URI == sdp.AudioLevelURI {
				t.levelID = uint8(extension.ID)
			}
		}
		t.connected = false // until this connection says so
		t.ready.set(false)
		return codec, nil
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

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

// advance moves the media clock without sending.
func (t *localTrack) advance(samples int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timestamp += uint32(samples)
}

// pause notes when a publication ended.
func (t *localTrack) pause(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pausedAt = now
}

// resume moves the media clock by the time since the last publication.
func (t *localTrack) resume(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.pausedAt.IsZero() {
		t.timestamp += uint32(now.Sub(t.pausedAt) * 48 / time.Millisecond)
	}
}

// send writes one packet that lasts samples. marker begins a stretch of speech after a pause.
func (t *localTrack) send(payload []byte, samples int, level uint8, marker bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	header := rtp.Header{
		Version: 2, Marker: marker, PayloadType: t.payloadType,
		SequenceNumber: t.sequence, Timestamp: t.timestamp, SSRC: t.ssrc,
	}
	t.timestamp += uint32(samples)
	if t.writer == nil {
		return nil // between two connections; time goes on
	}
	if t.levelID != 0 {
		if err := setAudioLevel(&header, t.levelID, level); err != nil {
			return err
		}
	}
	t.sequence++
	n, err := t.writer.WriteRTP(&header, payload)
	if err == nil {
		t.packets.Add(1)
		t.bytes.Add(uint64(n))
	}
	return err
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

func (t *localTrack) ID() string                { return t.id }
func (t *localTrack) RID() string               { return "" }
func (t *localTrack) StreamID() string          { return t.streamID }
func (t *localTrack) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
