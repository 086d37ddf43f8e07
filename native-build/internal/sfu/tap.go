package sfu

import (
	"io"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/transport/v2/packetio"
)

// tapBacklog bounds the packets kept per stream until its track is known: some five seconds of audio.
const tapBacklog = 256

// tap stands where the library keeps its receive buffers, so that packets are handled on the goroutine that decrypted
// them: no goroutine and no copy per stream. It also catches the writers of outgoing streams.
type tap struct {
	interceptor.NoOp

	onRTCP   func(ssrc uint32, packets []rtcp.Packet)
	onWriter func(ssrc uint32, writer interceptor.RTPWriter)
	guard    func(name string)

	mu      sync.Mutex
	streams map[uint32]*tapStream
}

// buffer is the library's buffer factory.
func (t *tap) buffer(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	if kind == packetio.RTCPBufferPacket {
		return newTapControl(t, ssrc)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	stream := newTapStream(t)
	if t.streams == nil {
		t.streams = map[uint32]*tapStream{}
	}
	t.streams[ssrc] = stream
	return stream
}

// attach lets a stream's packets go to receive, those that came before first.
func (t *tap) attach(ssrc uint32, receive func([]byte)) {
	t.mu.Lock()
	stream := t.streams[ssrc]
	t.mu.Unlock()
	if stream != nil {
		stream.attach(receive)
	}
}

// NewInterceptor makes the tap its own factory: there is one for each peer connection.
func (t *tap) NewInterceptor(string) (interceptor.Interceptor, error) { return t, nil }

// BindLocalStream hears of each outgoing stream when it may be written to.
func (t *tap) BindLocalStream(info *interceptor.StreamInfo, writer interceptor.RTPWriter) interceptor.RTPWriter {
	if t.onWriter != nil {
		t.onWriter(info.SSRC, writer)
	}
	return writer
}

// tapStream is the buffer of one incoming RTP stream. The library itself reads a few packets, to learn which track
// they belong to; they are kept for attach nevertheless.
type tapStream struct {
	tap     *tap
	mu      sync.Mutex
	changed sync.Cond
	receive func([]byte)
	backlog [][]byte
	read    int
	closed  bool
}

func newTapStream(t *tap) *tapStream {
	s := &tapStream{tap: t}
	s.changed.L = &s.mu
	return s
}

func (s *tapStream) Write(packet []byte) (int, error) {
	defer s.tap.guard("receive")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, io.ErrClosedPipe
	case s.receive != nil:
		s.receive(packet)
	case len(s.backlog) < tapBacklog:
		s.backlog = append(s.backlog, append([]byte(nil), packet...))
		s.changed.Signal()
	}
	return len(packet), nil
}

func (s *tapStream) Read(into []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.read >= len(s.backlog) {
		if s.closed {
			return 0, io.EOF
		}
		s.changed.Wait()
	}
	packet := s.backlog[s.read]
	s.read++
	if len(packet) > len(into) {
		return 0, io.ErrShortBuffer
	}
	return copy(into, packet), nil
}

func (s *tapStream) attach(receive func([]byte)) {
	defer s.tap.guard("attach")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, packet := range s.backlog {
		receive(packet)
	}
	s.receive, s.backlog, s.read = receive, nil, 0
}

func (s *tapStream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.changed.Broadcast()
	return nil
}

// tapControl is the buffer of the RTCP packets that concern one stream.
type tapControl struct {
	tap  *tap
	ssrc uint32
	done chan struct{}
	once sync.Once
}

func newTapControl(t *tap, ssrc uint32) *tapControl {
	return &tapControl{tap: t, ssrc: ssrc, done: make(chan struct{})}
}

func (c *tapControl) Write(compound []byte) (int, error) {
	defer c.tap.guard("receive control")
	packets, err := rtcp.Unmarshal(compound)
	if err != nil {
		return 0, err
	}
	c.tap.onRTCP(c.ssrc, packets)
	return len(compound), nil
}

func (c *tapControl) Read([]byte) (int, error) {
	<-c.done
	return 0, io.EOF
}

func (c *tapControl) Close() error {
	c.once.Do(func() { close(c.done) })
	return nil
}
