package jitter

// produce adds at least one sample to the queue: the next packet, or what stands in for it.
func (b *Buffer) produce(clock int64) {
	packet := b.packets.first(b.last)
	if packet == nil {
		b.hold()
		return
	}
	lost, missing := packet.ext-b.last-1, packet.timestamp-b.next
	early := b.target() - (clock + int64(b.ready()) - b.transit.base - packet.timestamp)
	switch {
	case b.waiting || lost == 0 && missing > 0 || missing > concealLimit:
		// Silence stretches and shrinks for free: the packet begins when it is due.
		b.waiting = early >= unit
		if b.waiting {
			b.fill(min(int(early/unit*unit), b.frame))
		} else {
			b.decode(packet)
		}
	case lost == 0 || missing < unit:
		b.decode(packet)
	default:
		b.bridge(packet, int(missing), b.delay(clock)-b.target())
	}
}

// bridge fills the gap of lost packets before one that is there. excess is the delay above the target.
func (b *Buffer) bridge(packet *packet, missing int, excess int64) {
	switch {
	case b.held > 0 && excess > 0:
		skipped := min(b.held, missing) // it was filled in before the packet came
		b.next += int64(skipped)
		b.held -= skipped
	case excess < -below:
		b.hold() // the missing packet may still come
	case missing == packet.info.Samples():
		b.recover(packet)
	default:
		length := min(missing, b.frame)
		if missing > packet.info.Samples() {
			length = min(missing-packet.info.Samples(), b.frame)
		}
		length = max(length/unit*unit, unit)
		b.fill(length)
		b.next += int64(length)
	}
}

// hold lets time stand still: what is missing may come late, and is then played late.
func (b *Buffer) hold() {
	b.fill(b.frame)
	b.held += b.frame
	if b.filled >= b.fillLimit() {
		b.waiting = true
	}
}

// decode adds a packet.
func (b *Buffer) decode(packet *packet) {
	length := packet.info.Samples()
	tail := b.extend(length)
	if b.unheard() {
		b.pass(packet.payload, tail)
	} else {
		b.render(packet.payload, tail)
	}
	if b.played {
		b.stats.Lost += uint64(packet.ext - b.last - 1)
	}
	b.comfort = len(packet.payload) <= 2
	if !b.waiting {
		b.stats.Inserted += uint64(b.held) // the gap was filled, and yet what belongs there came
	}
	b.last, b.next = packet.ext, packet.timestamp+int64(length)
	b.played, b.waiting, b.held, b.filled = true, false, 0, 0
	b.packets.release(packet)
}

// recover adds the packet lost just before one that is there, from the copy inside it.
func (b *Buffer) recover(packet *packet) {
	length := packet.info.Samples()
	if b.unheard() {
		b.fill(length)
		b.next += int64(length)
		return
	}
	tail := b.extend(length)
	if _, err := b.decoder.DecodeFEC(packet.payload, tail); err != nil {
		clear(tail)
	}
	b.loud, b.kind = len(b.fifo), Concealed
	if packet.info.FEC {
		b.stats.Recovered++
	} else {
		b.stats.Concealed += uint64(length)
	}
	b.filled += length
	b.next += int64(length)
}

// fill adds a multiple of 2.5 ms, up to a frame: concealment for a while, then silence.
func (b *Buffer) fill(length int) {
	tail := b.extend(length)
	left := b.fillLimit() - b.filled
	b.filled += length
	if !b.played || left <= 0 || b.unheard() {
		clear(tail)
		b.silent = true
		return
	}
	if _, err := b.decoder.Conceal(tail); err != nil {
		clear(tail)
	}
	if left <= length {
		fade(tail, b.config.Channels, length, false)
	}
	b.loud, b.kind = len(b.fifo), Concealed
	b.stats.Concealed += uint64(length)
}

func (b *Buffer) fillLimit() int {
	if b.comfort {
		return comfortLimit
	}
	return concealLimit
}

// dropBacklog leaves out the oldest packets when more waits than the configuration allows.
func (b *Buffer) dropBacklog() {
	packet := b.packets.first(b.last)
	if packet == nil || b.packets.stamp-packet.timestamp <= samples(b.config.Backlog) {
		return
	}
	for ; packet != nil && b.packets.stamp-packet.timestamp > b.target(); packet = b.packets.first(b.last) {
		b.last, b.next = packet.ext, packet.timestamp+int64(packet.info.Samples())
		b.packets.release(packet)
		b.stats.Skipped++
	}
}

// correct moves the delay towards its target by a period of the voice, when it is off by more than the tolerance.
func (b *Buffer) correct(clock int64) {
	if b.cooldown > 0 {
		b.cooldown--
		return
	}
	if b.waiting || b.filled > 0 || !b.played {
		return
	}
	excess := b.delay(clock) - b.target()
	if excess <= min(above, b.target()/2) && excess >= -below {
		return
	}
	b.decodeAhead()
	before, likeness := b.ready(), likenessFor(max(excess, -excess))
	if excess > 0 {
		b.fifo = b.stretcher.shorten(b.fifo, b.config.Channels, likeness)
		b.stats.Removed += uint64(before - b.ready())
	} else {
		b.fifo = b.stretcher.lengthen(b.fifo, b.config.Channels, likeness)
		b.stats.Inserted += uint64(b.ready() - before)
	}
	if b.loud > 0 {
		b.loud = len(b.fifo)
	}
	if excess > hurry || before == b.ready() {
		b.cooldown = hurried / b.frame
	} else {
		b.cooldown = unhurried / b.frame
	}
}

// likenessFor is how alike two periods must be to leave one out or repeat it: less so when the delay is far off.
func likenessFor(distance int64) float32 {
	if distance > 2*hurry {
		return 0.2
	}
	return 0.85 - 0.55*float32(distance)/(2*hurry)
}

// decodeAhead queues two periods of a low voice, as far as packets are there.
func (b *Buffer) decodeAhead() {
	for b.ready() < 2*maxPeriod {
		packet := b.packets.first(b.last)
		if packet == nil || packet.ext != b.last+1 || packet.timestamp != b.next {
			return
		}
		b.decode(packet)
	}
}

// extend makes room for samples of each channel at the end of the queue.
func (b *Buffer) extend(length int) []int16 {
	size := len(b.fifo)
	b.fifo = grow(b.fifo, size+length*b.config.Channels)
	return b.fifo[size:]
}

// fade ramps the first samples up, or down.
func fade(pcm []int16, channels, length int, up bool) {
	for i := 0; i < length; i++ {
		gain := int32(i)
		if !up {
			gain = int32(length - i)
		}
		for c := i * channels; c < (i+1)*channels; c++ {
			pcm[c] = int16(int32(pcm[c]) * gain / int32(length))
		}
	}
}
