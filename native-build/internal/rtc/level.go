package rtc

import (
	"math"

	"streamgateway/native/internal/opus"
)

const (
	// silentLevel is the audio level of digital silence, in −dBov (RFC 6464).
	silentLevel = 127
	// levelRate: decoding at the lowest rate is cheap, and loudness survives it.
	levelRate = 8000
)

// levelMeter decodes Opus only to know how loud it is.
type levelMeter struct {
	decoder *opus.Decoder
	samples [levelRate * 120 / 1000]int16
}

func newLevelMeter() (*levelMeter, error) {
	decoder, err := opus.NewDecoder(levelRate, 1)
	if err != nil {
		return nil, err
	}
	return &levelMeter{decoder: decoder}, nil
}

// measure answers the level of a packet: 0 loudest, 127 silence. What cannot be decoded is silent.
func (m *levelMeter) measure(packet []byte) uint8 {
	count, err := m.decoder.Decode(packet, m.samples[:])
	if err != nil || count == 0 {
		return silentLevel
	}
	var sum float64
	for _, sample := range m.samples[:count] {
		sum += float64(sample) * float64(sample)
	}
	if sum == 0 {
		return silentLevel
	}
	rms := math.Sqrt(sum/float64(count)) / 32768
	return uint8(math.Max(0, math.Min(silentLevel, math.Round(-20*math.Log10(rms)))))
}

func (m *levelMeter) Close() { m.decoder.Close() }
