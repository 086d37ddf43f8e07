package rtc

import (
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/ivf"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/record"
	"streamgateway/native/internal/video"
)

// h264FourCC is how ffmpeg calls H.264 within IVF.
const h264FourCC = "H264"

// recordedVideo writes whole frames into a file, each with its time. H.264 goes into IVF as well: by itself it has no times,
// and could not be put beside the sound.
type recordedVideo struct {
	deaf
	*output
	file  *record.Stream
	codec video.Codec

	// Guarded by the output's lock.
	page     []byte
	started  bool
	needsKey bool
	time     timeline
	source   int64 // timestamp of the last frame
}

func newRecordedVideo(out *output, file *record.Stream, codec string) (rendering, error) {
	known, err := video.CodecOfName(codec)
	if err != nil {
		return nil, failure.New(failure.UnsupportedFormat, failure.Media, err)
	}
	file.Describe(known.Name(), string(media.IVF))
	return &recordedVideo{output: out, file: file, codec: known, needsKey: true}, nil
}

func (v *recordedVideo) format() media.Format { return media.IVF }

func (v *recordedVideo) frame(frame video.Frame) {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended || v.needsKey && !frame.Keyframe {
		return
	}
	if !v.started {
		v.begin(now, frame)
	}
	v.place(now, frame.Timestamp)
	v.page = ivf.AppendFrame(v.page[:0], uint64(v.time.at*video.ClockRate/time.Second), frame.Data)
	v.needsKey = v.put(v.page)
	v.file.Place(v.time.began, v.time.at)
}

func (v *recordedVideo) begin(now time.Time, first video.Frame) {
	v.started, v.source = true, first.Timestamp
	v.time.begin(now)
	v.file.Place(now, 0)
	fourCC := v.codec.FourCC()
	if fourCC == "" {
		fourCC = h264FourCC
	}
	v.header(ivf.AppendHeader(nil, ivf.Header{
		FourCC: fourCC, Width: first.Width, Height: first.Height, Rate: video.ClockRate, Scale: 1,
	}))
}

// place moves the timeline on to a frame.
func (v *recordedVideo) place(now time.Time, timestamp int64) {
	step := time.Duration(timestamp-v.source) * time.Second / video.ClockRate
	v.source = timestamp
	if step < 0 || step-now.Sub(v.time.last) > maxDisagreement {
		step = max(v.time.behind(now), time.Second/video.ClockRate)
	}
	v.time.at += step
	v.time.at += v.time.overdue(now)
	v.time.learn(now, v.time.at)
}

func (v *recordedVideo) wantsKeyframe() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.needsKey && !v.ended
}

func (v *recordedVideo) end(discard bool) (sinkCounts, bool) {
	return v.finish(discard, func() {})
}
