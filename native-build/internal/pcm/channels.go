package pcm

import "math"

// channelMap turns frames of one channel count into another.
type channelMap struct {
	from, to int
	gains    []float32 // gains[out*from+in]
}

// The places of channels in a frame, by channel count, in the order of WAVE files: l, r, c(entre), b(ack or side left),
// B(ack or side right), m(iddle back), and x for low frequencies, which small loudspeakers lose anyway.
var places = [MaxChannels + 1]string{1: "c", 2: "lr", 3: "lrc", 4: "lrbB", 5: "lrcbB", 6: "lrcxbB", 7: "lrcxmbB", 8: "lrcxbBbB"}

func newChannelMap(from, to int) *channelMap {
	m := &channelMap{from: from, to: to, gains: make([]float32, from*to)}
	switch {
	case from == to || from == 2 && to > 2:
		for i := 0; i < from; i++ {
			m.gains[i*from+i] = 1
		}
	case from == 1:
		for i := 0; i < min(to, 2); i++ {
			m.gains[i] = 1
		}
	default:
		left, right := stereoGains(from)
		switch to {
		case 1:
			for i := range left {
				m.gains[i] = (left[i] + right[i]) / 2
			}
		default:
			copy(m.gains, left)
			copy(m.gains[from:], right)
		}
	}
	return m
}

// stereoGains is the downmix of ITU-R BS.775, scaled so that it cannot clip.
func stereoGains(from int) (left, right []float32) {
	left, right = make([]float32, from), make([]float32, from)
	sum := float32(0)
	for i, place := range places[from] {
		switch place {
		case 'l':
			left[i] = 1
		case 'r':
			right[i] = 1
		case 'c', 'm':
			left[i], right[i] = math.Sqrt2/2, math.Sqrt2/2
		case 'b':
			left[i] = math.Sqrt2 / 2
		case 'B':
			right[i] = math.Sqrt2 / 2
		}
		sum += left[i]
	}
	for i := range left {
		left[i] /= sum
		right[i] /= sum
	}
	return left, right
}

// apply writes the frames of in to out, which has room for them, and returns what it wrote.
func (m *channelMap) apply(out, in []int16) []int16 {
	frames := len(in) / m.from
	out = out[:frames*m.to]
	switch {
	case m.from == 1 && m.to == 2:
		for i, sample := range in {
			out[2*i], out[2*i+1] = sample, sample
		}
	case m.from == 2 && m.to == 1:
		for i := range out {
			out[i] = int16((int32(in[2*i]) + int32(in[2*i+1])) / 2)
		}
	default:
		for i := 0; i < frames; i++ {
			frame := in[i*m.from : (i+1)*m.from]
			for o := 0; o < m.to; o++ {
				sum := float32(0)
				for c, gain := range m.gains[o*m.from : (o+1)*m.from] {
					sum += gain * float32(frame[c])
				}
				out[i*m.to+o] = clip(sum)
			}
		}
	}
	return out
}
