package bandwidth

import "time"

const (
	slot  = 50 * time.Millisecond
	slots = 10 // half a second
)

// rate measures bits a second over the last half second.
type rate struct {
	bytes  [slots]int
	newest int64 // number of the latest slot
	oldest int64 // of the first packet
}

func (r *rate) add(at time.Time, size int) {
	r.turn(at)
	if number := at.UnixNano() / int64(slot); number > r.newest-slots {
		r.bytes[number%slots] += size
	}
}

// turn empties the slots that time has passed over.
func (r *rate) turn(at time.Time) {
	number := at.UnixNano() / int64(slot)
	if r.newest == 0 || number-r.newest >= slots {
		*r = rate{newest: number, oldest: number}
		return
	}
	for ; r.newest < number; r.newest++ {
		r.bytes[(r.newest+1)%slots] = 0
	}
}

// bits is the rate at a time.
func (r *rate) bits(at time.Time) float64 {
	if r.newest == 0 {
		return 0
	}
	r.turn(at)
	return r.latestBits()
}

// latestBits is the rate when the latest packet came.
func (r *rate) latestBits() float64 {
	sum := 0
	for _, bytes := range r.bytes {
		sum += bytes
	}
	span := min(r.newest-r.oldest+1, slots)
	return float64(sum*8) / (time.Duration(span) * slot).Seconds()
}
