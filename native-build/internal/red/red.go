// Package red reads and writes redundant audio (RFC 2198): each RTP payload repeats the payloads before it, so that the
// loss of a packet is made good by the next one.
package red

import (
	"errors"
	"fmt"
)

const (
	// MaxBlocks bounds the blocks of a payload, the newest among them.
	MaxBlocks = 8
	// MaxDistance is the most payloads that an Encoder repeats.
	MaxDistance = 4

	maxOffset = 1<<14 - 1 // of timestamps
	maxLength = 1<<10 - 1 // of a repeated block
)

// ErrMalformed says that bytes are no redundant payload.
var ErrMalformed = errors.New("malformed redundant audio")

// Block is one payload within another.
type Block struct {
	PayloadType byte
	Offset      uint32 // how much older than the RTP timestamp
	Data        []byte // within the payload; may be empty
}

// Decode appends the blocks of a payload, the oldest first and the newest, with offset 0, last. A sender that repeats
// its packets one by one gave the block i places before the last the sequence number of the packet less i. It fails with
// ErrMalformed.
func Decode(blocks []Block, payload []byte) ([]Block, error) {
	first, size := len(blocks), 0
	var lengths [MaxBlocks]int
	for {
		if len(payload) == 0 {
			return blocks[:first], fmt.Errorf("%w: it ends in its headers", ErrMalformed)
		}
		if len(blocks)-first == MaxBlocks {
			return blocks[:first], fmt.Errorf("%w: more than %d blocks", ErrMalformed, MaxBlocks)
		}
		kind, more := payload[0]&0x7F, payload[0]&0x80 != 0
		if !more {
			blocks, payload = append(blocks, Block{PayloadType: kind}), payload[1:]
			break
		}
		if len(payload) < 4 {
			return blocks[:first], fmt.Errorf("%w: it ends in its headers", ErrMalformed)
		}
		header := uint32(payload[1])<<16 | uint32(payload[2])<<8 | uint32(payload[3])
		lengths[len(blocks)-first] = int(header & maxLength)
		size += int(header & maxLength)
		blocks, payload = append(blocks, Block{PayloadType: kind, Offset: header >> 10}), payload[4:]
	}
	if size > len(payload) {
		return blocks[:first], fmt.Errorf("%w: blocks of %d bytes in %d", ErrMalformed, size, len(payload))
	}
	for i := range blocks[first : len(blocks)-1] {
		blocks[first+i].Data, payload = payload[:lengths[i]], payload[lengths[i]:]
	}
	blocks[len(blocks)-1].Data = payload
	return blocks, nil
}

// Encoder repeats the payloads of one stream. It belongs to one goroutine at a time, and allocates nothing once its
// buffers have grown.
type Encoder struct {
	payloadType byte
	distance    int
	limit       int
	past        [MaxDistance]block // the newest first
	known       int
}

type block struct {
	timestamp uint32
	data      []byte
}

// NewEncoder makes an encoder that repeats the last payloads, 1 to 4 of them, as far as a payload of limit bytes has room.
// payloadType is that of the payloads inside, 0 to 127.
func NewEncoder(payloadType byte, distance, limit int) (*Encoder, error) {
	if payloadType > 127 || distance < 1 || distance > MaxDistance || limit < 100 {
		return nil, fmt.Errorf("redundant audio of type %d, distance %d, %d bytes", payloadType, distance, limit)
	}
	return &Encoder{payloadType: payloadType, distance: distance, limit: limit}, nil
}

// Encode appends the payload of a packet, with earlier ones, to out, and remembers it. It must be given every packet of the
// stream, in order, as receivers count sequence numbers.
func (e *Encoder) Encode(out []byte, timestamp uint32, payload []byte) []byte {
	repeated := e.repeated(timestamp, len(payload))
	for i := repeated - 1; i >= 0; i-- {
		past := &e.past[i]
		header := (timestamp-past.timestamp)<<10 | uint32(len(past.data))
		out = append(out, 0x80|e.payloadType, byte(header>>16), byte(header>>8), byte(header))
	}
	out = append(out, e.payloadType)
	for i := repeated - 1; i >= 0; i-- {
		out = append(out, e.past[i].data...)
	}
	e.remember(timestamp, payload)
	return append(out, payload...)
}

// Reset forgets the earlier payloads.
func (e *Encoder) Reset() { e.known = 0 }

// repeated is how many earlier payloads fit, the newest ones.
func (e *Encoder) repeated(timestamp uint32, size int) int {
	size++
	for i := 0; i < e.known; i++ {
		past := &e.past[i]
		size += 4 + len(past.data)
		if timestamp-past.timestamp > maxOffset || len(past.data) > maxLength || size > e.limit {
			return i
		}
	}
	return e.known
}

func (e *Encoder) remember(timestamp uint32, payload []byte) {
	oldest := e.past[e.distance-1].data
	copy(e.past[1:e.distance], e.past[:e.distance-1])
	e.past[0] = block{timestamp, append(oldest[:0], payload...)}
	e.known = min(e.known+1, e.distance)
}
