package wav

import (
	"encoding/binary"
	"math"

	"streamgateway/native/internal/pcm"
)

// HeaderSize is the length of what AppendHeader appends.
const HeaderSize = 44

// Unknown is the length of a stream that is still being made.
const Unknown = -1

// AppendHeader appends the header of a file of 16-bit samples; after it come the samples as pcm.AppendS16LE writes them. frames is
// the length, or Unknown: then, and beyond 4 GiB, readers are told to read until the end.
func AppendHeader(data []byte, format pcm.Format, frames int64) []byte {
	frame := int64(2 * format.Channels)
	whole, audio := uint32(math.MaxUint32), uint32(math.MaxUint32)
	if frames >= 0 && frames <= (math.MaxUint32-HeaderSize)/frame {
		audio = uint32(frames * frame)
		whole = audio + HeaderSize - 8
	}
	data = append(data, "RIFF"...)
	data = binary.LittleEndian.AppendUint32(data, whole)
	data = append(data, "WAVEfmt \x10\x00\x00\x00"...)
	data = binary.LittleEndian.AppendUint16(data, tagPCM)
	data = binary.LittleEndian.AppendUint16(data, uint16(format.Channels))
	data = binary.LittleEndian.AppendUint32(data, uint32(format.Rate))
	data = binary.LittleEndian.AppendUint32(data, uint32(int64(format.Rate)*frame))
	data = binary.LittleEndian.AppendUint16(data, uint16(frame))
	data = binary.LittleEndian.AppendUint16(data, 16)
	data = append(data, "data"...)
	return binary.LittleEndian.AppendUint32(data, audio)
}
