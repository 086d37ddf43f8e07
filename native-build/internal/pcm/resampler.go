package pcm

/*
#cgo pkg-config: speexdsp
#include <speex/speex_resampler.h>
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// quality is libspeexdsp's, 0 to 10.
const quality = 8

// resampler changes the rate of a stream, frame by frame, through libspeexdsp.
type resampler struct {
	state    *C.SpeexResamplerState
	from, to int
	channels int
	latency  int // frames at the rate of origin
	in, out  uint64
	// Arguments of a call; on the stack they would be allocated for each one.
	consumed, produced C.uint
}

func newResampler(from, to, channels int) (*resampler, error) {
	var code C.int
	state := C.speex_resampler_init(C.uint(channels), C.uint(from), C.uint(to), quality, &code)
	if state == nil {
		return nil, fmt.Errorf("libspeexdsp: %s", C.GoString(C.speex_resampler_strerror(code)))
	}
	C.speex_resampler_skip_zeros(state)
	return &resampler{state: state, from: from, to: to, channels: channels, latency: int(C.speex_resampler_get_input_latency(state))}, nil
}

// room is how many samples can come out when so many go in.
func (r *resampler) room(samples int) int {
	frames := uint64(samples / r.channels)
	return int((frames*uint64(r.to)+uint64(r.from)-1)/uint64(r.from)+1) * r.channels
}

// process consumes all of in, whole frames, and writes what comes out, for which out has room.
func (r *resampler) process(out, in []int16) ([]int16, error) {
	frames := len(in) / r.channels
	r.consumed, r.produced = C.uint(frames), C.uint(len(out)/r.channels)
	code := C.speex_resampler_process_interleaved_int(r.state, sample(in), &r.consumed, sample(out), &r.produced)
	if code != C.RESAMPLER_ERR_SUCCESS {
		return nil, fmt.Errorf("libspeexdsp: %s", C.GoString(C.speex_resampler_strerror(code)))
	}
	if int(r.consumed) != frames {
		return nil, fmt.Errorf("libspeexdsp took %d of %d frames", r.consumed, frames)
	}
	r.in += uint64(r.consumed)
	r.out += uint64(r.produced)
	return out[:int(r.produced)*r.channels], nil
}

// owed is how many frames are still to come out for those that went in.
func (r *resampler) owed() int {
	due := (r.in*uint64(r.to) + uint64(r.from)/2) / uint64(r.from)
	return int(max(due, r.out) - r.out)
}

// reset begins a new stream.
func (r *resampler) reset() {
	C.speex_resampler_reset_mem(r.state)
	C.speex_resampler_skip_zeros(r.state)
	r.in, r.out = 0, 0
}

func (r *resampler) close() {
	if r.state != nil {
		C.speex_resampler_destroy(r.state)
		r.state = nil
	}
}

func sample(samples []int16) *C.spx_int16_t {
	return (*C.spx_int16_t)(unsafe.Pointer(unsafe.SliceData(samples)))
}
