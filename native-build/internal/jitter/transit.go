package jitter

const (
	// The histogram of delays: buckets of 5 ms up to 2 s.
	bucket  = 5 * millisecond
	buckets = 400
	// Weights fade with every packet, so that the last 10 s or so count.
	memory = 0.998
	// covered is the share of packets for which the target suffices.
	covered = 0.985
	// The fastest transit is that of the last 200 packets, kept in groups.
	groups    = 4
	groupSize = 50
	// startTarget is the least target until so many packets are known.
	startTarget = 40 * millisecond
	known       = 50
)

// transit measures how long packets take. Transit times contain the unknown difference between the clocks at both ends,
// so only their differences mean something: base is the fastest of late, and a packet's delay is what it took longer.
type transit struct {
	minimum, maximum int64 // of target
	base             int64
	target           int64
	minima           [groups]int64
	group, inGroup   int
	weights          [buckets]float32
	total            float32
	packets          int
}

// reset begins with the transit time of a first packet.
func (t *transit) reset(value int64) {
	*t = transit{minimum: t.minimum, maximum: t.maximum}
	t.rebase(value)
	t.target = t.minimum
}

// rebase takes a transit time as the fastest.
func (t *transit) rebase(value int64) {
	for i := range t.minima {
		t.minima[i] = value
	}
	t.base, t.inGroup = value, 0
}

// add takes the transit time of a packet. After a pause it says what is fast now.
func (t *transit) add(value int64, paused bool) {
	if paused {
		t.rebase(value)
	}
	if t.inGroup++; t.inGroup > groupSize {
		t.inGroup = 1
		t.group = (t.group + 1) % groups
		t.minima[t.group] = value
	}
	t.minima[t.group] = min(t.minima[t.group], value)
	base := t.minima[0]
	for _, minimum := range t.minima[1:] {
		base = min(base, minimum)
	}
	if base > t.base {
		t.shift(int((base - t.base) / bucket))
	}
	t.base = base
	t.count(min(int((value-base)/bucket), buckets-1))
	t.packets++
	t.retarget()
}

// count puts a delay into the histogram. The first packets count alike, as an average.
func (t *transit) count(index int) {
	fade := float32(memory)
	if t.packets < 500 {
		fade = float32(t.packets) / float32(t.packets+1)
	}
	for i := range t.weights {
		t.weights[i] *= fade
	}
	t.weights[index] += 1 - fade
	t.total = t.total*fade + 1 - fade
}

// shift follows a base that moved up: all delays were that much shorter.
func (t *transit) shift(distance int) {
	if distance == 0 {
		return
	}
	var folded float32
	for i := 0; i <= min(distance, buckets-1); i++ {
		folded += t.weights[i]
	}
	if distance < buckets {
		copy(t.weights[:], t.weights[distance:])
	}
	clear(t.weights[max(0, buckets-distance):])
	t.weights[0] = folded
}

// retarget sets the delay that suffices for nearly all packets.
func (t *transit) retarget() {
	var sum float32
	index := 0
	for ; index < buckets-1; index++ {
		if sum += t.weights[index]; sum >= covered*t.total {
			break
		}
	}
	t.target = min(max(int64(index+1)*bucket, t.minimum), t.maximum)
}
