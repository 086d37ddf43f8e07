package mediatest

import "encoding/binary"

// OggOpus puts Opus packets of 20 ms into an Ogg file, one packet a page. preSkip is in samples at 48 kHz.
func OggOpus(channels, preSkip int, packets [][]byte) []byte {
	head := append([]byte("OpusHead\x01"), byte(channels))
	head = binary.LittleEndian.AppendUint16(head, uint16(preSkip))
	head = binary.LittleEndian.AppendUint32(head, 48000)
	head = append(head, 0, 0, 0)
	tags := append(append([]byte("OpusTags"), 4, 0, 0, 0), "test\x00\x00\x00\x00"...)

	file := oggPage(nil, 2, 0, 0, head)
	file = oggPage(file, 0, 0, 1, tags)
	for i, packet := range packets {
		kind := byte(0)
		if i == len(packets)-1 {
			kind = 4
		}
		file = oggPage(file, kind, uint64(960*(i+1)), uint32(i+2), packet)
	}
	return file
}

func oggPage(file []byte, kind byte, granule uint64, number uint32, packet []byte) []byte {
	start := len(file)
	file = append(file, "OggS\x00"...)
	file = append(file, kind)
	file = binary.LittleEndian.AppendUint64(file, granule)
	file = binary.LittleEndian.AppendUint32(file, 0x5347)
	file = binary.LittleEndian.AppendUint32(file, number)
	file = append(file, 0, 0, 0, 0, byte(len(packet)/255+1))
	for left := len(packet); left >= 0; left -= 255 {
		file = append(file, byte(min(left, 255)))
	}
	file = append(file, packet...)

	checksum := uint32(0)
	for _, b := range file[start:] {
		checksum ^= uint32(b) << 24
		for range 8 {
			if checksum&0x80000000 != 0 {
				checksum = checksum<<1 ^ 0x04C11DB7
			} else {
				checksum <<= 1
			}
		}
	}
	binary.LittleEndian.PutUint32(file[start+22:], checksum)
	return file
}
