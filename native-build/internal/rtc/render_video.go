package rtc

import (
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/video"
)

// videoRendering writes whole frames. It begins with a keyframe, and begins anew when its reader was too slow.
type videoRendering struct {
	deaf
	*output

	// Guarded by the output's lock.
	writer   *media.FrameWriter
	started  bool
	needsKey bool
}

func newVideoRendering(out *output, format media.Format, codec string) (rendering, error) {
	known, err := video.CodecOfName(codec)
	if err != nil {
		return nil, failure.New(failure.UnsupportedFormat, failure.Media, err)
	}
	writer, err := media.NewFrameWriter(format, known)
	if err != nil {
		return nil, fromMedia(err)
	}
	return &videoRendering{output: out, writer: writer, needsKey: true}, nil
}

func (v *videoRendering) format() media.Format { return v.writer.Format() }

func (v *videoRendering) frame(frame video.Frame) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended || v.needsKey && !frame.Keyframe {
		return
	}
	if !v.started {
		v.started = true
		v.header(v.writer.Header(frame))
	}
	v.needsKey = v.put(v.writer.Page(frame)) && !frame.Keyframe
}

func (v *videoRendering) wantsKeyframe() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.needsKey && !v.ended
}

func (v *videoRendering) end(discard bool) (sinkCounts, bool) {
	return v.finish(discard, func() {})
}
