package rtc

import (
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
)

// levelRate: decoding at the lowest rate is cheap, and loudness survives it.
const levelRate = 8000

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
		return pcm.SilentLevel
	}
	return pcm.Level(m.samples[:count])
}

func (m *levelMeter) Close() { m.decoder.Close() }
