package mixer

import (
	"cmp"
	"slices"
)

const (
	// MaxSpeakers is how many are heard at once, of those whose packets tell how loud they are: the loudest. In a mix of more
	// nobody is understood, and those that nobody would hear need not be decoded.
	MaxSpeakers = 8

	// Loudness is counted in half decibels. It falls by one with each frame, so that a voice keeps its place between words.
	// held is by how much another must be louder to take somebody's place.
	held = 12
)

// floor gives the word to the loudest.
type floor struct {
	ranked []*Input
}

// give decides who is heard in the next frame. Who tells no level always is.
func (f *floor) give(inputs []*Input) {
	f.ranked = f.ranked[:0]
	for _, input := range inputs {
		if input.follow() {
			f.ranked = append(f.ranked, input)
		}
	}
	if len(f.ranked) > MaxSpeakers {
		slices.SortStableFunc(f.ranked, func(a, b *Input) int { return cmp.Compare(b.claim(), a.claim()) })
	}
	for place, input := range f.ranked {
		input.rest(place >= MaxSpeakers)
	}
	clear(f.ranked)
}

// Heard notes how loud the sender says a packet is that is about to be pushed, in decibels below full scale (RFC 6464).
func (i *Input) Heard(level uint8) {
	loudest := uint32(128 - min(level, 127))
	for {
		known := i.heard.Load()
		if known >= loudest || i.heard.CompareAndSwap(known, loudest) {
			return
		}
	}
}

// follow brings the loudness up to the present, and answers whether the sender tells any.
func (i *Input) follow() bool {
	if heard := int(i.heard.Swap(0)); heard > 0 {
		i.tells = true
		i.loudness = max(i.loudness, 2*heard)
	}
	i.loudness = max(i.loudness-1, 0)
	return i.tells
}

func (i *Input) claim() int {
	if i.resting {
		return i.loudness
	}
	return i.loudness + held
}

func (i *Input) rest(resting bool) {
	if i.resting != resting {
		i.resting = resting
		i.buffer.Rest(resting)
	}
}
