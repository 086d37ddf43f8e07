package opus

/*
#include <opus.h>

static int decoder_reset(OpusDecoder *d) { return opus_decoder_ctl(d, OPUS_RESET_STATE); }
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Decoder turns Opus packets into samples.
type Decoder struct {
	state    *C.OpusDecoder
	rate     int
	channels int
}

// NewDecoder makes a decoder, which must be closed. The rate is 8000, 12000, 16000, 24000 or 48000 and there are 1 or 2
// channels, whatever the packets have.
func NewDecoder(rate, channels int) (*Decoder, error) {
	if err := checkFormat(rate, channels); err != nil {
		return nil, err
	}
	var code C.int
	state := C.opus_decoder_create(C.opus_int32(rate), C.int(channels), &code)
	if state == nil {
		return nil, codeError(code)
	}
	alive.Add(1)
	return &Decoder{state: state, rate: rate, channels: channels}, nil
}

// Decode writes the samples of a packet, and returns how many there are for each channel. pcm should hold 120 ms; if the
// packet does not fit, ErrShortBuffer.
func (d *Decoder) Decode(packet []byte, pcm []int16) (int, error) {
	if len(packet) == 0 {
		return 0, ErrInvalidPacket
	}
	return d.decode(packet, pcm, 0)
}

// Conceal invents all of pcm in place of a lost packet. pcm holds a multiple of 2.5 ms, up to 120 ms.
func (d *Decoder) Conceal(pcm []int16) (int, error) {
	if err := d.checkLength(pcm); err != nil {
		return 0, err
	}
	return d.decode(nil, pcm, 0)
}

// DecodeFEC fills all of pcm with the lost packet just before next, from the copy inside next if there is one, else as
// Conceal does. pcm must be as long as the lost packet was. Afterwards next itself is to be decoded.
func (d *Decoder) DecodeFEC(next []byte, pcm []int16) (int, error) {
	if len(next) == 0 {
		return 0, ErrInvalidPacket
	}
	if err := d.checkLength(pcm); err != nil {
		return 0, err
	}
	return d.decode(next, pcm, 1)
}

// Reset forgets the signal.
func (d *Decoder) Reset() error {
	if d.state == nil {
		return ErrClosed
	}
	if code := C.decoder_reset(d.state); code != C.OPUS_OK {
		return codeError(code)
	}
	return nil
}

// Close frees the decoder. It may be called again.
func (d *Decoder) Close() {
	if d.state == nil {
		return
	}
	C.opus_decoder_destroy(d.state)
	d.state = nil
	alive.Add(-1)
}

func (d *Decoder) decode(packet []byte, pcm []int16, fec C.int) (int, error) {
	if d.state == nil {
		return 0, ErrClosed
	}
	if len(pcm) < d.channels {
		return 0, ErrShortBuffer
	}
	// libopus takes a null pointer, or no bytes, for a lost packet.
	samples := C.opus_decode(d.state, (*C.uchar)(unsafe.Pointer(unsafe.SliceData(packet))), C.opus_int32(len(packet)),
		(*C.opus_int16)(unsafe.Pointer(unsafe.SliceData(pcm))), C.int(len(pcm)/d.channels), fec)
	if samples < 0 {
		return 0, codeError(C.int(samples))
	}
	return int(samples), nil
}

// checkLength checks a length that libopus cannot take from a packet.
func (d *Decoder) checkLength(pcm []int16) error {
	unit := d.rate / 400 * d.channels
	if len(pcm) == 0 || len(pcm)%unit != 0 || len(pcm)/unit > 48 {
		return fmt.Errorf("%w: %d samples are not a multiple of 2.5 ms up to 120 ms", ErrInvalidArgument, len(pcm))
	}
	return nil
}
