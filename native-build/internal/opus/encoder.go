package opus

/*
#include <opus.h>

static int set_application(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_APPLICATION(v)); }
static int set_bitrate(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_BITRATE(v)); }
static int set_complexity(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(v)); }
static int set_dtx(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_DTX(v)); }
static int set_fec(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(v)); }
static int set_packet_loss(OpusEncoder *e, opus_int32 v) { return opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(v)); }
static int encoder_lookahead(OpusEncoder *e) { opus_int32 v = 0; opus_encoder_ctl(e, OPUS_GET_LOOKAHEAD(&v)); return v; }
static int encoder_reset(OpusEncoder *e) { return opus_encoder_ctl(e, OPUS_RESET_STATE); }
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Application is what an encoder is tuned for.
type Application int

// The applications of libopus.
const (
	Voice    Application = C.OPUS_APPLICATION_VOIP
	Audio    Application = C.OPUS_APPLICATION_AUDIO
	LowDelay Application = C.OPUS_APPLICATION_RESTRICTED_LOWDELAY
)

// EncoderConfig is how an encoder begins.
type EncoderConfig struct {
	SampleRate  int         // 8000, 12000, 16000, 24000 or 48000
	Channels    int         // 1 or 2
	Application Application // zero: Voice
	Bitrate     int         // bits per second, 500 to 512000; zero: libopus decides
	Complexity  int         // 1 (cheap) to 10 (best); zero: 5
	DTX         bool        // in silence send hardly anything
	FEC         bool        // carry a copy of the preceding packet, as far as PacketLoss asks for it
	PacketLoss  int         // percent that the network is expected to lose, 0 to 100
}

// Encoder turns samples into Opus packets.
type Encoder struct {
	state    *C.OpusEncoder
	channels int
}

// NewEncoder makes an encoder, which must be closed.
func NewEncoder(config EncoderConfig) (*Encoder, error) {
	if err := checkFormat(config.SampleRate, config.Channels); err != nil {
		return nil, err
	}
	if config.Application == 0 {
		config.Application = Voice
	}
	if config.Complexity == 0 {
		config.Complexity = 5
	}
	var code C.int
	state := C.opus_encoder_create(C.opus_int32(config.SampleRate), C.int(config.Channels), C.int(config.Application), &code)
	if state == nil {
		return nil, codeError(code)
	}
	alive.Add(1)
	encoder := &Encoder{state: state, channels: config.Channels}
	if err := encoder.configure(config); err != nil {
		encoder.Close()
		return nil, err
	}
	return encoder, nil
}

func (e *Encoder) configure(config EncoderConfig) error {
	if code := C.set_complexity(e.state, C.opus_int32(config.Complexity)); code != C.OPUS_OK {
		return fmt.Errorf("%w: complexity %d, not 1 to 10", ErrInvalidArgument, config.Complexity)
	}
	if config.Bitrate != 0 {
		if err := e.SetBitrate(config.Bitrate); err != nil {
			return err
		}
	}
	if err := e.SetDTX(config.DTX); err != nil {
		return err
	}
	if err := e.SetFEC(config.FEC); err != nil {
		return err
	}
	return e.SetPacketLoss(config.PacketLoss)
}

// Encode writes one packet and returns its length. pcm holds 2.5, 5, 10, 20, 40 or 60 ms (ErrInvalidArgument
// otherwise). A packet buffer of 1,275 bytes fits every result of up to 20 ms; a shorter one lowers the bitrate. With
// DTX, a length of 2 or less says that the packet need not be sent.
func (e *Encoder) Encode(pcm []int16, packet []byte) (int, error) {
	if e.state == nil {
		return 0, ErrClosed
	}
	if len(pcm) == 0 || len(pcm)%e.channels != 0 {
		return 0, fmt.Errorf("%w: %d samples for %d channels", ErrInvalidArgument, len(pcm), e.channels)
	}
	if len(packet) == 0 {
		return 0, ErrShortBuffer
	}
	size := C.opus_encode(e.state, (*C.opus_int16)(unsafe.Pointer(unsafe.SliceData(pcm))), C.int(len(pcm)/e.channels),
		(*C.uchar)(unsafe.Pointer(unsafe.SliceData(packet))), C.opus_int32(len(packet)))
	if size < 0 {
		return 0, codeError(C.int(size))
	}
	return int(size), nil
}

// SetBitrate changes the target, in bits per second, 500 to 512000.
func (e *Encoder) SetBitrate(bitrate int) error {
	if bitrate < 500 || bitrate > 512000 {
		return fmt.Errorf("%w: bitrate %d, not 500 to 512000", ErrInvalidArgument, bitrate)
	}
	return e.set(func(state *C.OpusEncoder) C.int { return C.set_bitrate(state, C.opus_int32(bitrate)) })
}

// SetDTX turns discontinuous transmission on or off.
func (e *Encoder) SetDTX(on bool) error {
	return e.set(func(state *C.OpusEncoder) C.int { return C.set_dtx(state, flag(on)) })
}

// SetFEC turns in-band FEC on or off. It takes effect in SILK and hybrid modes while some packet loss is expected.
func (e *Encoder) SetFEC(on bool) error {
	return e.set(func(state *C.OpusEncoder) C.int { return C.set_fec(state, flag(on)) })
}

// SetPacketLoss tells the expected loss, 0 to 100 percent.
func (e *Encoder) SetPacketLoss(percent int) error {
	if percent < 0 || percent > 100 {
		return fmt.Errorf("%w: packet loss of %d percent", ErrInvalidArgument, percent)
	}
	return e.set(func(state *C.OpusEncoder) C.int { return C.set_packet_loss(state, C.opus_int32(percent)) })
}

// SetApplication changes the tuning. libopus refuses it after the first packet, until Reset.
func (e *Encoder) SetApplication(application Application) error {
	return e.set(func(state *C.OpusEncoder) C.int { return C.set_application(state, C.opus_int32(application)) })
}

// Lookahead is the encoder's own delay in samples per channel at its rate: what a decoder should skip at the start.
func (e *Encoder) Lookahead() int {
	if e.state == nil {
		return 0
	}
	return int(C.encoder_lookahead(e.state))
}

// Reset forgets the signal, and keeps the settings.
func (e *Encoder) Reset() error {
	return e.set(func(state *C.OpusEncoder) C.int { return C.encoder_reset(state) })
}

// Close frees the encoder. It may be called again.
func (e *Encoder) Close() {
	if e.state == nil {
		return
	}
	C.opus_encoder_destroy(e.state)
	e.state = nil
	alive.Add(-1)
}

func (e *Encoder) set(change func(*C.OpusEncoder) C.int) error {
	if e.state == nil {
		return ErrClosed
	}
	if code := change(e.state); code != C.OPUS_OK {
		return codeError(code)
	}
	return nil
}

func flag(on bool) C.opus_int32 {
	if on {
		return 1
	}
	return 0
}
