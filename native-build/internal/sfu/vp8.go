package sfu

// vp8Descriptor is the payload descriptor of VP8 (RFC 7741, section 4.2) as far as forwarding needs it.
type vp8Descriptor struct {
	start         bool // of the first partition of a frame
	length        int
	pictureAt     int // offsets in the payload, 0 when absent
	pictureIsLong bool
	picture       uint16
	levelZeroAt   int
	levelZero     uint8
	hasTemporal   bool
	temporal      uint8 // layer, 0 for the base
	sync          bool  // depends on nothing but the base layer
}

func parseVP8(payload []byte) (d vp8Descriptor, ok bool) {
	if len(payload) == 0 {
		return d, false
	}
	d.start = payload[0]&0x10 != 0 && payload[0]&0x07 == 0
	at := 1
	if payload[0]&0x80 == 0 {
		d.length = at
		return d, true
	}
	if len(payload) <= at {
		return d, false
	}
	extended := payload[at]
	at++
	if extended&0x80 != 0 { // picture id
		if len(payload) <= at {
			return d, false
		}
		d.pictureAt = at
		d.picture = uint16(payload[at] & 0x7f)
		if payload[at]&0x80 != 0 {
			if len(payload) <= at+1 {
				return d, false
			}
			d.pictureIsLong = true
			d.picture = d.picture<<8 | uint16(payload[at+1])
			at++
		}
		at++
	}
	if extended&0x40 != 0 { // index of the temporal base layer
		if len(payload) <= at {
			return d, false
		}
		d.levelZeroAt, d.levelZero = at, payload[at]
		at++
	}
	if extended&0x30 != 0 { // temporal layer, key index
		if len(payload) <= at {
			return d, false
		}
		if extended&0x20 != 0 {
			d.hasTemporal, d.temporal, d.sync = true, payload[at]>>6, payload[at]&0x20 != 0
		}
		at++
	}
	if at > len(payload) {
		return d, false
	}
	d.length = at
	return d, true
}

// vp8Shift continues picture ids and base layer indices over a change of layer.
type vp8Shift struct {
	picture   uint16
	levelZero uint8
}

// apply rewrites the numbers of a payload in place.
func (s vp8Shift) apply(payload []byte, d vp8Descriptor) {
	if d.pictureAt != 0 {
		id := d.picture + s.picture
		if d.pictureIsLong {
			payload[d.pictureAt] = 0x80 | byte(id>>8)&0x7f
			payload[d.pictureAt+1] = byte(id)
		} else {
			payload[d.pictureAt] = byte(id) & 0x7f
		}
	}
	if d.levelZeroAt != 0 {
		payload[d.levelZeroAt] = d.levelZero + s.levelZero
	}
}
