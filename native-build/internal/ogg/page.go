// Package ogg reads and writes Ogg streams that carry Opus (RFC 3533, RFC 6716, RFC 7845).
package ogg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrMalformed says that the bytes break the format.
	ErrMalformed = errors.New("malformed Ogg")
	// ErrUnsupported says that the stream is sound but holds something else than mono or stereo Opus.
	ErrUnsupported = errors.New("unsupported Ogg stream")
)

const (
	capturePattern = "OggS"
	headerSize     = 27
	maxSegments    = 255
	flagsOffset    = 5
	numberOffset   = 18
	crcOffset      = 22

	flagContinued = 1 << 0
	flagFirst     = 1 << 1
	flagLast      = 1 << 2
)

// page is one Ogg page. Its slices are reused by the next read.
type page struct {
	flags   byte
	serial  uint32
	lacing  []byte
	body    []byte
	scratch [headerSize + maxSegments]byte
}

// read fills p with the next page. It answers io.EOF only at a page border.
func (p *page) read(r io.Reader) error {
	header := p.scratch[:headerSize]
	if n, err := io.ReadFull(r, header); err != nil {
		if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: the stream ends inside a page", ErrMalformed)
		}
		return err
	}
	if string(header[:4]) != capturePattern || header[4] != 0 {
		return fmt.Errorf("%w: a page should begin here", ErrMalformed)
	}
	p.flags = header[5]
	p.serial = binary.LittleEndian.Uint32(header[14:])
	sum := binary.LittleEndian.Uint32(header[crcOffset:])
	binary.LittleEndian.PutUint32(header[crcOffset:], 0)

	p.lacing = p.scratch[headerSize : headerSize+int(header[26])]
	if err := readRest(r, p.lacing); err != nil {
		return err
	}
	size := 0
	for _, length := range p.lacing {
		size += int(length)
	}
	if cap(p.body) < size {
		p.body = make([]byte, size)
	}
	p.body = p.body[:size]
	if err := readRest(r, p.body); err != nil {
		return err
	}
	if checksum(checksum(0, p.scratch[:headerSize+len(p.lacing)]), p.body) != sum {
		return fmt.Errorf("%w: a page fails its checksum", ErrMalformed)
	}
	return nil
}

func readRest(r io.Reader, into []byte) error {
	_, err := io.ReadFull(r, into)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && len(into) > 0 {
		return fmt.Errorf("%w: the stream ends inside a page", ErrMalformed)
	}
	return err
}

// crcTable is for the checksum of RFC 3533: polynomial 0x04c11db7, most significant bit first, which hash/crc32 lacks.
var crcTable = func() (table [256]uint32) {
	for i := range table {
		sum := uint32(i) << 24
		for range 8 {
			if sum&0x80000000 != 0 {
				sum = sum<<1 ^ 0x04c11db7
			} else {
				sum <<= 1
			}
		}
		table[i] = sum
	}
	return table
}()

func checksum(sum uint32, data []byte) uint32 {
	for _, b := range data {
		sum = sum<<8 ^ crcTable[byte(sum>>24)^b]
	}
	return sum
}
