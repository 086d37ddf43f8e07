// Package opus is a thin binding of libopus, and a reader of Opus packets in Go (RFC 6716, section 3).
//
// Samples are signed 16-bit, interleaved when there are two channels. An Encoder or Decoder belongs to one goroutine at
// a time. Encoding and decoding allocate nothing, and C keeps no pointer into Go memory.
package opus

/*
#cgo pkg-config: opus
#include <opus.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"sync/atomic"
)

const (
	// Rate is the rate of RTP timestamps of Opus, and of every sample count in this package that names no other.
	Rate = 48000
	// MaxPacketSamples is the longest packet, 120 ms, at Rate and for each channel.
	MaxPacketSamples = 5760
	// MaxFrameBytes is the largest frame of a packet.
	MaxFrameBytes = 1275
)

var (
	// ErrInvalidPacket says that bytes are no Opus packet.
	ErrInvalidPacket = errors.New("not an Opus packet")
	// ErrInvalidArgument says that a setting, or the length of a buffer, is outside what Opus knows.
	ErrInvalidArgument = errors.New("invalid Opus argument")
	// ErrShortBuffer says that the result does not fit.
	ErrShortBuffer = errors.New("the buffer is too short for the Opus result")
	// ErrClosed says that the encoder or decoder was closed.
	ErrClosed = errors.New("the Opus codec is closed")
)

// alive counts encoders and decoders that are not closed.
var alive atomic.Int64

// Alive counts the encoders and decoders of the process that are not closed.
func Alive() int { return int(alive.Load()) }

func codeError(code C.int) error {
	switch code {
	case C.OPUS_INVALID_PACKET:
		return ErrInvalidPacket
	case C.OPUS_BAD_ARG:
		return ErrInvalidArgument
	case C.OPUS_BUFFER_TOO_SMALL:
		return ErrShortBuffer
	default:
		return fmt.Errorf("libopus: %s", C.GoString(C.opus_strerror(code)))
	}
}

func checkFormat(rate, channels int) error {
	switch rate {
	case 8000, 12000, 16000, 24000, 48000:
	default:
		return fmt.Errorf("%w: rate %d, not 8000, 12000, 16000, 24000 or 48000", ErrInvalidArgument, rate)
	}
	if channels != 1 && channels != 2 {
		return fmt.Errorf("%w: %d channels, not 1 or 2", ErrInvalidArgument, channels)
	}
	return nil
}
