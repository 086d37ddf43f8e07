package media

import (
	"fmt"
	"io"

	"streamgateway/native/internal/annexb"
	"streamgateway/native/internal/ivf"
	"streamgateway/native/internal/video"
)

const (
	defaultFrameRate = 30
	// maxStep is the longest time from one frame to the next. More is taken for garbage: nobody waits for minutes.
	maxStep = 60 * video.ClockRate
)

// ivfReader reads VP8, VP9 and AV1.
type ivfReader struct {
	frames *ivf.Reader
	track  Track
	first  int64 // timestamp of the first frame; -1 before it
	at     int64
	length int64
}

func newIVFReader(input *Input) (*ivfReader, error) {
	frames, err := ivf.NewReader(input)
	if err != nil {
		return nil, err
	}
	header := frames.Header()
	codec, err := video.CodecOfFourCC(header.FourCC)
	if err != nil {
		return nil, err
	}
	track := Track{Video: true, Codec: codec, Width: header.Width, Height: header.Height}
	return &ivfReader{frames: frames, track: track, first: -1, length: video.ClockRate / defaultFrameRate}, nil
}

func (v *ivfReader) Track() Track { return v.track }
func (v *ivfReader) Close()       {}

func (v *ivfReader) Next() (Unit, error) {
	frame, timestamp, err := v.frames.Next()
	if err != nil {
		return Unit{}, err
	}
	info, err := v.track.Codec.Inspect(frame)
	if err != nil {
		return Unit{}, err
	}
	ticks := int64(v.frames.Header().Time(timestamp).Seconds()*video.ClockRate + 0.5)
	if v.first < 0 {
		if !info.Keyframe {
			return Unit{}, fmt.Errorf("%w: it does not begin with a keyframe", ErrMalformed)
		}
		v.first = ticks
	} else if err := v.step(ticks - v.first); err != nil {
		return Unit{}, err
	}
	v.at = ticks - v.first
	return Unit{Data: frame, At: v.at, Length: v.length, Keyframe: info.Keyframe}, nil
}

// step checks the time of a frame against that of the one before.
func (v *ivfReader) step(at int64) error {
	length := at - v.at
	if length < 0 || length > maxStep {
		return fmt.Errorf("%w: a frame %d ms after the one before", ErrMalformed, length*1000/video.ClockRate)
	}
	if length > 0 {
		v.length = length
	}
	return nil
}

// h264Reader reads a stream whose frames come in the order in which they are shown.
type h264Reader struct {
	units  *annexb.Reader
	track  Track
	ahead  *annexb.Unit // the first, read for its parameters
	at     float64
	length float64
}

func newH264Reader(input *Input, frameRate float64) (*h264Reader, error) {
	reader := &h264Reader{units: annexb.NewReader(input), length: video.ClockRate / defaultFrameRate}
	first, err := reader.units.Next()
	if err == io.EOF {
		return nil, fmt.Errorf("%w: no H.264 in it", ErrMalformed)
	}
	if err != nil {
		return nil, err
	}
	sps, known := reader.units.SPS()
	if !first.Keyframe || !known {
		return nil, fmt.Errorf("%w: it does not begin with a keyframe and its parameter sets", ErrMalformed)
	}
	reader.ahead = &first
	reader.track = Track{Video: true, Codec: video.H264, Width: sps.Width, Height: sps.Height}
	switch {
	case frameRate > 0:
		reader.length = video.ClockRate / frameRate
	case sps.FrameTime > 0:
		reader.length = sps.FrameTime.Seconds() * video.ClockRate
	}
	return reader, nil
}

func (v *h264Reader) Track() Track { return v.track }
func (v *h264Reader) Close()       {}

func (v *h264Reader) Next() (Unit, error) {
	var frame annexb.Unit
	if v.ahead != nil {
		frame, v.ahead = *v.ahead, nil
	} else {
		var err error
		if frame, err = v.units.Next(); err != nil {
			return Unit{}, err
		}
	}
	at := int64(v.at + 0.5)
	v.at += v.length
	return Unit{Data: frame.Data, At: at, Length: int64(v.at+0.5) - at, Keyframe: frame.Keyframe}, nil
}
