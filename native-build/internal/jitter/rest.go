package jitter

// Rest lets a voice go unheard that others drown: its time goes on with its packets, but they are not decoded. It fades with
// its next packet. When it is heard again, the decoder begins with the packet before, so that it has a past to go on from.
func (b *Buffer) Rest(resting bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resting = resting
}

// unheard tells that nothing is decoded: the voice rests and has faded.
func (b *Buffer) unheard() bool { return b.resting && b.silent }

// pass lets a packet go by.
func (b *Buffer) pass(payload []byte, tail []int16) {
	b.before = append(b.before[:0], payload...)
	clear(tail)
}

// render decodes a packet into as many samples as it has.
func (b *Buffer) render(payload []byte, tail []int16) {
	if len(b.before) > 0 {
		_, _ = b.decoder.Decode(b.before, tail) // a longer one does not fit, and is done without
		b.before = b.before[:0]
	}
	if _, err := b.decoder.Decode(payload, tail); err != nil {
		b.stats.Malformed++
		clear(tail)
	}
	length := len(tail) / b.config.Channels
	if b.silent {
		fade(tail, b.config.Channels, min(fadeLength, length), true)
	}
	if b.resting {
		fade(tail, b.config.Channels, length, false)
	}
	b.loud, b.kind, b.silent = len(b.fifo), Decoded, b.resting
}
