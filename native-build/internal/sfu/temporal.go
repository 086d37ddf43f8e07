package sfu

// maxTemporalLayers is what VP8 can number: 0 is the base, 3 the highest.
const maxTemporalLayers = 3

// leavesOut tells whether a packet belongs to a temporal layer above the chosen one. More layers begin where a frame
// depends on the base alone; fewer begin with any frame. Callers hold d.mu.
func (d *downTrack) leavesOut(p *packet) bool {
	if !p.vp8.hasTemporal {
		return false
	}
	switch wanted := d.choice.temporal; {
	case wanted < d.temporal && p.vp8.start:
		d.temporal = wanted
	case wanted > d.temporal && p.vp8.start && p.vp8.temporal > d.temporal && p.vp8.sync:
		d.temporal = min(wanted, p.vp8.temporal)
	case wanted > d.temporal && p.keyframe:
		d.temporal = wanted
	}
	return p.vp8.temporal > d.temporal
}

// omit leaves a packet out: those behind it move up by one number, and pictures by one for each frame.
func (d *downTrack) omit(p *packet, n numbering) {
	n.sequence--
	if d.droppedTime != p.timestamp || p.vp8.start {
		d.droppedTime = p.timestamp
		n.vp8.picture--
	}
	d.numberings.change(p.seq+1, n)
}

// fill sends nothing but padding under the number of a packet, so that nobody takes it for lost.
func (d *downTrack) fill(p *packet, n numbering) {
	h := d.header
	h.SequenceNumber, h.Timestamp, h.Marker = uint16(p.seq)+n.sequence, p.timestamp+n.timestamp, false
	h.PayloadType = d.format.payloadType
	h.Padding = true
	d.scratch = append(d.scratch[:0], 1)
	d.transmit(&h, d.scratch)
}
