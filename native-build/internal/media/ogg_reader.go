package media

import (
	"fmt"

	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
)

// MaxPacket keeps an RTP packet below any path's MTU.
const MaxPacket = 1200

// levelRate: decoding at the lowest rate is cheap, and loudness survives it.
const levelRate = 8000

// oggReader passes packets through. They are decoded only to know how loud they are.
type oggReader struct {
	packets *ogg.Reader
	meter   *opus.Decoder
	samples [levelRate * 120 / 1000]int16
	at      int64
}

func newOggReader(input *Input) (*oggReader, error) {
	meter, err := opus.NewDecoder(levelRate, 1)
	if err != nil {
		return nil, err
	}
	return &oggReader{packets: ogg.NewReader(input), meter: meter}, nil
}

func (o *oggReader) Track() Track { return Track{} }
func (o *oggReader) Close()       { o.meter.Close() }

func (o *oggReader) Next() (Unit, error) {
	packet, samples, err := o.packets.Next()
	if err != nil {
		return Unit{}, err
	}
	if len(packet) > MaxPacket {
		return Unit{}, fmt.Errorf("%w: an Opus packet of %d bytes does not fit into RTP", ErrUnsupported, len(packet))
	}
	unit := Unit{Data: packet, At: o.at, Length: int64(samples), Level: o.level(packet), Keyframe: true}
	o.at += unit.Length
	return unit, nil
}

// level is silence for what cannot be decoded.
func (o *oggReader) level(packet []byte) uint8 {
	count, err := o.meter.Decode(packet, o.samples[:])
	if err != nil || count == 0 {
		return pcm.SilentLevel
	}
	return pcm.Level(o.samples[:count])
}
