package jitter

import "streamgateway/native/internal/opus"

const (
	// capacity is the span of sequence numbers held: 5 s of packets of 20 ms. A power of two.
	capacity = 256
	// maxPayload is above every path's packet size.
	maxPayload = 8192
	// spares bounds the payload buffers kept for reuse.
	spares = 64
)

// packet is one that waits.
type packet struct {
	ext       int64 // sequence number without wrapping
	timestamp int64 // without wrapping
	info      opus.Packet
	payload   []byte
	held      bool
}

// packets is the store, by sequence number.
type packets struct {
	slots  [capacity]packet
	spare  [][]byte
	newest int64 // highest sequence number
	stamp  int64 // its timestamp
	count  int
}

type arrivalState uint8

const (
	fresh     arrivalState = iota
	duplicate              // came before
	past                   // its turn is over
)

// unwrap extends numbers that wrap around, from those of the newest packet.
func (p *packets) unwrap(sequence uint16, timestamp uint32) (ext, ts int64) {
	return p.newest + int64(int16(sequence-uint16(p.newest))), p.stamp + int64(int32(timestamp-uint32(p.stamp)))
}

func (p *packets) state(ext, last int64) arrivalState {
	slot := p.slot(ext)
	switch {
	case slot.ext == ext && (slot.held || slot.payload == nil && slot.info.Frames > 0):
		return duplicate
	case ext <= last:
		return past
	}
	return fresh
}

// insert stores a packet. When its number is further ahead than the store reaches, the oldest give way: last moves up, and
// their number is returned.
func (p *packets) insert(ext, timestamp int64, info opus.Packet, payload []byte, last *int64) (dropped int) {
	for *last < ext-capacity {
		dropped += p.dropFirst(last, ext-capacity)
	}
	slot := p.slot(ext)
	if slot.held {
		p.release(slot) // of a number before last
	}
	*slot = packet{ext: ext, timestamp: timestamp, info: info, payload: append(p.buffer(), payload...), held: true}
	p.count++
	if ext > p.newest {
		p.newest, p.stamp = ext, timestamp
	}
	return dropped
}

// dropFirst moves last to the next packet that is held, at most to limit, and drops it.
func (p *packets) dropFirst(last *int64, limit int64) int {
	for *last < limit {
		*last++
		if slot := p.slot(*last); slot.held && slot.ext == *last {
			p.release(slot)
			return 1
		}
		if p.count == 0 {
			*last = limit
		}
	}
	return 0
}

// first is the earliest packet after last, or nil.
func (p *packets) first(last int64) *packet {
	if p.count == 0 {
		return nil
	}
	for ext := last + 1; ext <= p.newest; ext++ {
		if slot := p.slot(ext); slot.held && slot.ext == ext {
			return slot
		}
	}
	return nil
}

// release lets go of a packet whose turn came. Its slot remembers the number, to know duplicates.
func (p *packets) release(slot *packet) {
	if len(p.spare) < spares {
		p.spare = append(p.spare, slot.payload[:0])
	}
	slot.payload, slot.held = nil, false
	p.count--
}

// clear forgets all, and takes a packet's numbers as the newest.
func (p *packets) clear(sequence, timestamp int64) {
	for i := range p.slots {
		if slot := &p.slots[i]; slot.held {
			p.release(slot)
		}
		p.slots[i] = packet{}
	}
	p.newest, p.stamp = sequence, timestamp
}

func (p *packets) slot(ext int64) *packet { return &p.slots[ext&(capacity-1)] }

func (p *packets) buffer() []byte {
	if len(p.spare) == 0 {
		return nil
	}
	buffer := p.spare[len(p.spare)-1]
	p.spare = p.spare[:len(p.spare)-1]
	return buffer
}
