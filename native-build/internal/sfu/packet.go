package sfu

import (
	"encoding/binary"
	"time"
)

// packet is a received RTP packet without its header extensions, but for the audio level. The payload belongs to the cache of the layer it
// came on and holds until that many packets later.
type packet struct {
	seq        uint64 // extended over wraps
	stream     uint32 // counts the streams a layer had
	timestamp  uint32
	receivedAt time.Time
	marker     bool
	keyframe   bool // first packet of a keyframe
	redundant  bool // audio with repetitions
	level      byte // how loud audio is, as its header extension says it
	levelKnown bool
	vp8        vp8Descriptor
	primary    []byte // of redundant audio: the payload without the repetitions
	payload    []byte
}

// rtpHeader is what we need of an RTP header.
type rtpHeader struct {
	payloadType uint8
	marker      bool
	sequence    uint16
	timestamp   uint32
	extensions  []byte // one-byte form only; nil otherwise
	payload     []byte
}

// parseRTP reads a packet without allocating. It answers false for anything malformed.
func parseRTP(raw []byte) (h rtpHeader, ok bool) {
	if len(raw) < 12 || raw[0]>>6 != 2 {
		return h, false
	}
	h.marker = raw[1]&0x80 != 0
	h.payloadType = raw[1] & 0x7f
	h.sequence = binary.BigEndian.Uint16(raw[2:])
	h.timestamp = binary.BigEndian.Uint32(raw[4:])

	end := len(raw)
	if raw[0]&0x20 != 0 { // padding
		padding := int(raw[end-1])
		if padding == 0 || padding > end-12 {
			return h, false
		}
		end -= padding
	}
	start := 12 + 4*int(raw[0]&0x0f)
	if raw[0]&0x10 != 0 { // header extensions
		if start+4 > end {
			return h, false
		}
		profile := binary.BigEndian.Uint16(raw[start:])
		length := 4 * int(binary.BigEndian.Uint16(raw[start+2:]))
		start += 4
		if start+length > end {
			return h, false
		}
		if profile == 0xbede {
			h.extensions = raw[start : start+length]
		}
		start += length
	}
	if start > end {
		return h, false
	}
	h.payload = raw[start:end]
	return h, true
}

// extension answers the content of a one-byte header extension, nil when it is absent.
func (h *rtpHeader) extension(id uint8) []byte {
	for rest := h.extensions; len(rest) > 0; {
		if rest[0] == 0 { // padding
			rest = rest[1:]
			continue
		}
		found, length := rest[0]>>4, int(rest[0]&0x0f)+1
		if found == 15 || 1+length > len(rest) {
			return nil
		}
		if found == id {
			return rest[1 : 1+length]
		}
		rest = rest[1+length:]
	}
	return nil
}

// extendSequence widens a 16-bit sequence number to the value nearest to the last one.
func extendSequence(last uint64, sequence uint16) uint64 {
	return last + uint64(int64(int16(sequence-uint16(last))))
}

// packetCache keeps the latest packets of one stream, for retransmission and for subscribers that are a moment late.
type packetCache struct {
	slots  []packet
	newest uint64 // 0 while empty; the first packet of a stream is numbered so that this cannot be taken for one
}

// The sizes hold more than a second: of Opus in packets of 10 ms, and of video at some 500 packets a second.
const (
	audioCacheSize = 128
	videoCacheSize = 512
)

func newPacketCache(size int) packetCache { return packetCache{slots: make([]packet, size)} }

// put stores a copy of the packet and answers it; false when the packet is a duplicate or too old to keep.
func (c *packetCache) put(p packet) (*packet, bool) {
	slot := &c.slots[p.seq%uint64(len(c.slots))]
	if slot.payload != nil && slot.seq >= p.seq {
		return nil, false
	}
	buffer := slot.payload[:0]
	if buffer == nil {
		buffer = make([]byte, 0, max(len(p.payload), 64))
	}
	*slot = p
	slot.payload = append(buffer, p.payload...)
	if p.redundant { // it is the end of the payload
		slot.primary = slot.payload[len(slot.payload)-len(p.primary):]
	}
	c.newest = max(c.newest, p.seq)
	return slot, true
}

func (c *packetCache) get(seq uint64) *packet {
	slot := &c.slots[seq%uint64(len(c.slots))]
	if slot.payload == nil || slot.seq != seq {
		return nil
	}
	return slot
}

// since answers the earliest number to resume from, not before `from` and with no more than span of media time
// between it and the newest packet.
func (c *packetCache) since(from uint64, span uint32) uint64 {
	last := c.get(c.newest)
	if last == nil {
		return c.newest + 1
	}
	if oldest := c.newest - min(c.newest, uint64(len(c.slots)-1)); from < oldest {
		from = oldest
	}
	for ; from <= c.newest; from++ {
		if p := c.get(from); p != nil && last.timestamp-p.timestamp <= span {
			break
		}
	}
	return from
}
