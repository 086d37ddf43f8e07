package ogg

import (
	"encoding/binary"

	"streamgateway/native/internal/opus"
)

// EncoderDelay is the pre-skip written into streams of unknown origin: the look-ahead of the usual encoder, 6.5 ms.
const EncoderDelay = 312

// noGranule is the position of a page on which no packet ends.
const noGranule = ^uint64(0)

// Writer makes the pages of one Opus stream, a page a packet, so that a listener has each packet at once. It is not
// safe for concurrent use.
type Writer struct {
	serial   uint32
	sequence uint32
	granule  uint64
}

// NewWriter begins a stream. Streams that may be joined should differ in serial.
func NewWriter(serial uint32) *Writer {
	return &Writer{serial: serial}
}

// AppendHeaders appends the two header pages and returns the extended slice.
func (w *Writer) AppendHeaders(dst []byte, channels int) []byte {
	head := make([]byte, 0, 19)
	head = append(head, headMagic...)
	head = append(head, 1, byte(channels))
	head = binary.LittleEndian.AppendUint16(head, EncoderDelay)
	head = binary.LittleEndian.AppendUint32(head, opus.Rate)
	head = append(head, 0, 0, 0) // output gain, mapping family
	dst = w.appendPage(dst, head, flagFirst)

	const vendor = "streamgateway"
	tags := append(make([]byte, 0, 64), tagsMagic...)
	tags = binary.LittleEndian.AppendUint32(tags, uint32(len(vendor)))
	tags = append(tags, vendor...)
	tags = binary.LittleEndian.AppendUint32(tags, 0)
	return w.appendPage(dst, tags, 0)
}

// AppendPacket appends a page with one packet that lasts samples and returns the extended slice.
func (w *Writer) AppendPacket(dst, packet []byte, samples int) []byte {
	w.granule += uint64(samples)
	return w.appendPage(dst, packet, 0)
}

// AppendEnd appends the empty page that ends the stream and returns the extended slice.
func (w *Writer) AppendEnd(dst []byte) []byte {
	w.granule = noGranule
	return w.appendPage(dst, nil, flagLast)
}

// EndsStream tells whether a page is one that AppendEnd has made.
func EndsStream(page []byte) bool { return len(page) > flagsOffset && page[flagsOffset]&flagLast != 0 }

// Number is the number of a page in its stream.
func Number(page []byte) uint32 { return binary.LittleEndian.Uint32(page[numberOffset:]) }

// Renumber gives a page another number.
func Renumber(page []byte, number uint32) {
	binary.LittleEndian.PutUint32(page[numberOffset:], number)
	binary.LittleEndian.PutUint32(page[crcOffset:], 0)
	binary.LittleEndian.PutUint32(page[crcOffset:], checksum(0, page))
}

func (w *Writer) appendPage(dst, packet []byte, flags byte) []byte {
	start := len(dst)
	dst = append(dst, capturePattern...)
	dst = append(dst, 0, flags)
	dst = binary.LittleEndian.AppendUint64(dst, w.granule)
	dst = binary.LittleEndian.AppendUint32(dst, w.serial)
	dst = binary.LittleEndian.AppendUint32(dst, w.sequence)
	dst = append(dst, 0, 0, 0, 0) // checksum, below
	w.sequence++

	if packet == nil {
		dst = append(dst, 0)
	} else {
		dst = append(dst, byte(len(packet)/255+1))
		for length := len(packet); length >= 0; length -= 255 {
			dst = append(dst, byte(min(length, 255)))
		}
		dst = append(dst, packet...)
	}
	binary.LittleEndian.PutUint32(dst[start+crcOffset:], checksum(0, dst[start:]))
	return dst
}
