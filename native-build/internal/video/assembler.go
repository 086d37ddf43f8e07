package video

const (
	// window is the span of sequence numbers held, a power of two.
	window = 1024
	// patience is how far newer packets may be ahead of a missing one, in time and number, before it counts as lost.
	patience        = ClockRate / 2
	patiencePackets = 512
	// maxPayload is above every path's packet size.
	maxPayload = 8192
	// spares bounds the payload buffers kept for reuse.
	spares = 128
)

// Frame is a whole frame.
type Frame struct {
	Info
	Data      []byte // valid until the next call of Next
	Timestamp int64  // at 90 kHz, without wrapping
}

// Stats counts from the beginning.
type Stats struct {
	Packets, Lost, Late, Duplicate, Malformed uint64 // packets
	Frames, Dropped                           uint64 // whole frames; those given up for a loss, or before the first keyframe
	Resets                                    uint64 // jumps of the sequence numbers
}

// Assembler puts the frames of one RTP stream together. What it gives can be decoded from the first frame on: it begins
// with a keyframe, and after a loss it goes on with the next one. It belongs to one goroutine at a time.
type Assembler struct {
	codec        Codec
	depacketizer depacketizer
	stats        Stats

	slots    [window]slot
	spare    [][]byte
	started  bool
	expected int64 // sequence number due next
	newest   int64
	stamp    int64 // timestamp of newest
	passed   int64 // timestamp of the packet before expected, unless that was lost
	unbroken bool  // it was not
	aligned  bool  // the packet at expected begins a frame

	frame     []byte
	timestamp int64
	open      bool // frame has a beginning
	intact    bool
	needsKey  bool
}

type slot struct {
	ext, timestamp int64
	payload        []byte
	marker, held   bool
}

// NewAssembler makes an assembler.
func NewAssembler(codec Codec) *Assembler {
	return &Assembler{codec: codec, depacketizer: codec.depacketizer(), needsKey: true}
}

// NeedsKeyframe tells that nothing comes until there is a keyframe: the sender should be asked for one.
func (a *Assembler) NeedsKeyframe() bool { return a.started && a.needsKey }

// Stats is a snapshot.
func (a *Assembler) Stats() Stats { return a.stats }

// Push takes a packet, whose payload is copied. Packets without payload, which probe the path, should be pushed too. Next
// should be called until it has no frame.
func (a *Assembler) Push(sequence uint16, timestamp uint32, marker bool, payload []byte) {
	if len(payload) > maxPayload {
		a.stats.Malformed++
		return
	}
	if !a.started {
		a.begin(sequence, timestamp)
	}
	ext := a.newest + int64(int16(sequence-uint16(a.newest)))
	ts := a.stamp + int64(int32(timestamp-uint32(a.stamp)))
	if ext >= a.expected+4*window || ext < a.expected-4*window {
		a.stats.Resets++
		a.begin(sequence, timestamp)
		ext, ts = int64(sequence), int64(timestamp)
	}
	place := &a.slots[ext&(window-1)]
	switch {
	case place.held && place.ext == ext:
		a.stats.Duplicate++
		return
	case ext < a.expected:
		a.stats.Late++
		return
	}
	for ext >= a.expected+window {
		a.skip() // a span that nobody took: the oldest give way
	}
	a.stats.Packets++
	*place = slot{ext: ext, timestamp: ts, marker: marker, held: true, payload: append(a.buffer(), payload...)}
	if ext >= a.newest {
		a.newest, a.stamp = ext, ts
	}
}

// begin takes a packet as the first.
func (a *Assembler) begin(sequence uint16, timestamp uint32) {
	for i := range a.slots {
		a.release(&a.slots[i])
	}
	a.started = true
	a.expected, a.newest = int64(sequence), int64(sequence)
	a.stamp = int64(timestamp)
	a.lose()
}

// Next gives the next whole frame.
func (a *Assembler) Next() (Frame, bool) {
	for a.started {
		place := &a.slots[a.expected&(window-1)]
		if !place.held || place.ext != a.expected {
			if a.expected > a.newest || !a.impatient() {
				break
			}
			a.skip()
			continue
		}
		if a.take(place) {
			if frame, ok := a.finish(); ok {
				return frame, true
			}
		}
	}
	return Frame{}, false
}

// impatient tells whether the packet due next, behind which others wait, counts as lost.
func (a *Assembler) impatient() bool {
	if a.newest-a.expected >= patiencePackets {
		return true
	}
	for ext := a.expected + 1; ext <= a.newest; ext++ {
		if place := &a.slots[ext&(window-1)]; place.held && place.ext == ext {
			return a.stamp-place.timestamp > patience
		}
	}
	return false
}

// skip gives up the packet due next, and the frame it belongs to.
func (a *Assembler) skip() {
	if place := &a.slots[a.expected&(window-1)]; place.held && place.ext == a.expected {
		a.release(place)
	} else {
		a.stats.Lost++
	}
	a.expected++
	a.lose()
}

// lose drops the frame under way.
func (a *Assembler) lose() {
	if a.open {
		a.stats.Dropped++
	}
	a.open, a.aligned, a.unbroken, a.needsKey = false, false, false, true
}

// take moves on by a packet, and tells whether a frame has ended.
func (a *Assembler) take(place *slot) bool {
	if a.open && place.timestamp != a.timestamp {
		a.aligned = true // the end had no marker; the packet is taken next time
		return true
	}
	ended := false
	if len(place.payload) > 0 {
		a.add(place)
		ended = a.open && place.marker
	}
	a.passed, a.unbroken = place.timestamp, true
	a.expected++
	a.release(place)
	return ended
}

// add adds a packet to the frame under way, or begins one with it, if it can.
func (a *Assembler) add(place *slot) {
	begins := a.aligned || a.unbroken && place.timestamp != a.passed
	a.aligned = place.marker
	if !a.open {
		if !begins && !a.depacketizer.begins(place.payload) {
			return
		}
		a.open, a.intact, a.timestamp, a.frame = true, true, place.timestamp, a.frame[:0]
		a.depacketizer.reset()
	}
	if !a.intact {
		return
	}
	var err error
	if a.frame, err = a.depacketizer.add(a.frame, place.payload); err != nil || len(a.frame) > MaxFrame {
		a.stats.Malformed++
		a.intact = false
	}
}

// finish ends the frame under way.
func (a *Assembler) finish() (Frame, bool) {
	a.open = false
	var info Info
	if a.intact {
		var err error
		if a.frame, err = a.depacketizer.finish(a.frame); err == nil {
			info, err = a.codec.Inspect(a.frame)
		}
		if err != nil {
			a.stats.Malformed++
			a.intact = false
		}
	}
	if !a.intact {
		a.needsKey = true
	}
	if a.needsKey && !(a.intact && info.Keyframe) {
		a.stats.Dropped++
		return Frame{}, false
	}
	a.needsKey = false
	a.stats.Frames++
	return Frame{Info: info, Data: a.frame, Timestamp: a.timestamp}, true
}

func (a *Assembler) release(place *slot) {
	if place.held && len(a.spare) < spares {
		a.spare = append(a.spare, place.payload[:0])
	}
	place.payload, place.held = nil, false
}

func (a *Assembler) buffer() []byte {
	if len(a.spare) == 0 {
		return nil
	}
	buffer := a.spare[len(a.spare)-1]
	a.spare = a.spare[:len(a.spare)-1]
	return buffer
}
