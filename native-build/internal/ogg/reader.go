package ogg

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"streamgateway/native/internal/opus"
)

// maxPacketBytes bounds one packet: comments with a cover picture fit, a stream that never ends its packet does not.
const maxPacketBytes = 1 << 20

// Reader yields the Opus packets of an Ogg stream. Streams in a row (chained) read as one; of streams side by side the
// first Opus stream is taken. It is not safe for concurrent use.
type Reader struct {
	r    *bufio.Reader
	page page

	chosen   bool // an Opus stream of this link was found
	serial   uint32
	inHeads  bool // pages that begin streams are still coming
	headers  int  // header packets of the chosen stream seen so far
	segment  int  // next entry of page.lacing
	offset   int  // next byte of page.body
	partial  []byte
	skipping bool // the rest of a packet whose start is missing

	head Head
}

// NewReader reads from r, which may block; its errors come back unchanged.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 4096)}
}

// Head is the identification header of the current stream; set once Next has answered a packet.
func (o *Reader) Head() Head { return o.head }

// Next answers the next audio packet and how many samples it lasts. The bytes are valid until the next call. At the
// regular end it answers io.EOF, else an error that wraps ErrMalformed or ErrUnsupported, or the reader's own.
func (o *Reader) Next() (packet []byte, samples int, err error) {
	for {
		packet, err = o.packet()
		if err != nil {
			return nil, 0, err
		}
		if o.headers < 2 {
			if err = o.header(packet); err != nil {
				return nil, 0, err
			}
			continue
		}
		if len(packet) == 0 {
			continue
		}
		parsed, err := opus.ParsePacket(packet)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return packet, parsed.Samples(), nil
	}
}

func (o *Reader) header(packet []byte) (err error) {
	o.headers++
	if o.headers == 1 {
		o.head, err = parseHead(packet)
	} else if !strings.HasPrefix(string(packet[:min(len(packet), 8)]), tagsMagic) {
		err = fmt.Errorf("%w: OpusTags should follow OpusHead", ErrMalformed)
	}
	return err
}

// packet puts the next packet of the chosen stream together from its segments.
func (o *Reader) packet() ([]byte, error) {
	o.partial = o.partial[:0]
	for {
		for o.segment < len(o.page.lacing) {
			length := int(o.page.lacing[o.segment])
			part := o.page.body[o.offset : o.offset+length]
			o.segment++
			o.offset += length
			ends := length < 255
			if o.skipping {
				o.skipping = !ends
				continue
			}
			if len(o.partial)+length > maxPacketBytes {
				return nil, fmt.Errorf("%w: a packet of more than %d bytes", ErrMalformed, maxPacketBytes)
			}
			o.partial = append(o.partial, part...)
			if ends {
				return o.partial, nil
			}
		}
		if err := o.nextPage(); err != nil {
			return nil, err
		}
	}
}

// nextPage moves to the next page of the chosen stream.
func (o *Reader) nextPage() error {
	for {
		if err := o.page.read(o.r); err != nil {
			if err == io.EOF {
				return o.atEnd()
			}
			return err
		}
		o.segment, o.offset = 0, 0
		if o.page.flags&flagFirst != 0 {
			o.begin()
		} else if !o.chosen {
			return fmt.Errorf("%w: no Opus stream in it", ErrUnsupported)
		} else {
			o.inHeads = false
		}
		if o.chosen && o.page.serial == o.serial {
			break
		}
		o.page.lacing = nil
	}
	// Only what continues can be joined: a fragment whose other half is missing is no packet.
	continued := o.page.flags&flagContinued != 0
	if continued && len(o.partial) == 0 {
		o.skipping = true
	}
	if !continued {
		o.partial, o.skipping = o.partial[:0], false
	}
	return nil
}

// begin handles a page that starts a stream: another link of the chain, or one more stream side by side.
func (o *Reader) begin() {
	if !o.inHeads {
		o.inHeads, o.chosen, o.headers = true, false, 0
		o.partial = o.partial[:0]
	}
	if !o.chosen && len(o.page.body) >= len(headMagic) && string(o.page.body[:len(headMagic)]) == headMagic {
		o.chosen, o.serial = true, o.page.serial
	}
}

func (o *Reader) atEnd() error {
	switch {
	case !o.inHeads && !o.chosen:
		return fmt.Errorf("%w: no page in it", ErrMalformed)
	case !o.chosen:
		return fmt.Errorf("%w: no Opus stream in it", ErrUnsupported)
	case o.headers < 2:
		return fmt.Errorf("%w: the stream ends before its first audio", ErrMalformed)
	case len(o.partial) > 0:
		return fmt.Errorf("%w: the stream ends inside a packet", ErrMalformed)
	}
	return io.EOF
}
