package pcm

import (
	"encoding/binary"
	"math"
)

// Encoding is how a sample lies in bytes.
type Encoding uint8

// The encodings read by a Reader. Only the 16-bit ones are written.
const (
	U8 Encoding = iota
	S16LE
	S16BE // audio/l16 as RFC 3551 has it
	S24LE
	S32LE
	F32LE
	F64LE
	ALaw
	MuLaw
)

// Size is the bytes of a sample.
func (e Encoding) Size() int {
	switch e {
	case U8, ALaw, MuLaw:
		return 1
	case S16LE, S16BE:
		return 2
	case S24LE:
		return 3
	case F64LE:
		return 8
	default:
		return 4
	}
}

// Decode turns whole samples at the front of data into as many as fit, and returns how many. What is louder than full
// scale is clipped, and what is no number is silence.
func (e Encoding) Decode(samples []int16, data []byte) int {
	count := min(len(samples), len(data)/e.Size())
	samples, data = samples[:count], data[:count*e.Size()]
	switch e {
	case U8:
		for i, value := range data {
			samples[i] = int16(value^0x80) << 8
		}
	case S16LE:
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
	case S16BE:
		for i := range samples {
			samples[i] = int16(binary.BigEndian.Uint16(data[2*i:]))
		}
	case S24LE:
		for i := range samples {
			value := int32(data[3*i])<<8 | int32(data[3*i+1])<<16 | int32(data[3*i+2])<<24
			samples[i] = round32(value)
		}
	case S32LE:
		for i := range samples {
			samples[i] = round32(int32(binary.LittleEndian.Uint32(data[4*i:])))
		}
	case F32LE:
		for i := range samples {
			samples[i] = fromFloat(float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))))
		}
	case F64LE:
		for i := range samples {
			samples[i] = fromFloat(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		}
	case ALaw:
		for i, value := range data {
			samples[i] = aLaw(value)
		}
	case MuLaw:
		for i, value := range data {
			samples[i] = muLaw(value)
		}
	}
	return count
}

// AppendS16LE appends samples as little endian.
func AppendS16LE(data []byte, samples []int16) []byte {
	for _, sample := range samples {
		data = append(data, byte(sample), byte(sample>>8))
	}
	return data
}

// AppendS16BE appends samples as big endian.
func AppendS16BE(data []byte, samples []int16) []byte {
	for _, sample := range samples {
		data = append(data, byte(sample>>8), byte(sample))
	}
	return data
}

func round32(value int32) int16 {
	if value > math.MaxInt32-1<<15 {
		return math.MaxInt16
	}
	return int16((value + 1<<15) >> 16)
}

func fromFloat(value float64) int16 {
	scaled := math.RoundToEven(value * 32768)
	switch {
	case scaled >= math.MaxInt16:
		return math.MaxInt16
	case scaled <= math.MinInt16:
		return math.MinInt16
	case scaled != scaled:
		return 0
	}
	return int16(scaled)
}

// aLaw expands a sample of ITU-T G.711's A-law.
func aLaw(value byte) int16 {
	value ^= 0x55
	exponent, mantissa := value>>4&7, int16(value&0x0F)<<4|8
	if exponent > 0 {
		mantissa = (mantissa | 0x100) << (exponent - 1)
	}
	if value&0x80 == 0 {
		return -mantissa
	}
	return mantissa
}

// muLaw expands a sample of ITU-T G.711's mu-law.
func muLaw(value byte) int16 {
	value = ^value
	magnitude := (int16(value&0x0F)<<3|0x84)<<(value>>4&7) - 0x84
	if value&0x80 != 0 {
		return -magnitude
	}
	return magnitude
}
