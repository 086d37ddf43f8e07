package rtc

import (
	"time"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/video"
)

// sink writes one remote track in one format. It follows its user through rejoins and ends when the user is gone.
type sink struct {
	*output
	userID    string
	trackType rtcproto.TrackType
	media     media.Spec
	recorded  *recordedSink // nil when the host reads it

	// Guarded by the session's lock.
	participantSessionID string
	grace                *time.Timer
	rendering            rendering // nil until the codec of a video is known
	codec                string
	failure              error // why there will be no rendering
	known                bool  // to the host, so that its end is told
	ended                bool  // may be before the host knows it
}

// rendering turns what a track brings into the bytes of a sink. The goroutine that receives the track calls it, with
// the track's lock held.
type rendering interface {
	format() media.Format
	// arrived takes a packet of audio as the network brings it, ordered in its turn.
	arrived(packet orderedPacket, at time.Time)
	ordered(packet orderedPacket)
	frame(frame video.Frame)
	// wantsKeyframe tells that nothing can be shown before one.
	wantsKeyframe() bool
	// end writes what closes the stream, or nothing when that is thrown away, and frees what is held.
	end(discard bool) (counts sinkCounts, ended bool)
}

// deaf ignores everything.
type deaf struct{}

func (deaf) arrived(orderedPacket, time.Time) {}
func (deaf) ordered(orderedPacket)            {}
func (deaf) frame(video.Frame)                {}
func (deaf) wantsKeyframe() bool              { return false }

func newSink(s *Session, port PageSink, owner *participant, t rtcproto.TrackType, spec media.Spec) *sink {
	k := &sink{userID: owner.userID, participantSessionID: owner.sessionID, trackType: t, media: spec}
	k.output = &output{s: s, port: port, name: func() string { return s.sinkTrackID(k) }}
	return k
}

// render decides how the sink is written, now that the codec is known; the session's lock must be held.
func (k *sink) render(codec string) {
	switch {
	case k.failure != nil || k.rendering != nil:
		return
	case k.recorded != nil && isAudio(k.trackType):
		k.rendering = newRecordedAudio(k.output, k.recorded.file)
	case k.recorded != nil:
		k.rendering, k.failure = newRecordedVideo(k.output, k.recorded.file, codec)
	case isAudio(k.trackType):
		k.rendering, k.failure = newAudioRendering(k.output, k.media)
	default:
		k.rendering, k.failure = newVideoRendering(k.output, k.media.Format, codec)
	}
	if k.failure == nil {
		k.codec = codec
	}
}

// end finishes the stream; false when it had ended already. With discard nobody will read the rest.
func (k *sink) end(discard bool) (counts sinkCounts, ended bool) {
	if k.rendering == nil {
		return k.finish(true, func() {})
	}
	return k.rendering.end(discard)
}
