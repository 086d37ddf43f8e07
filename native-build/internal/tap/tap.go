// Package tap takes the packets of a peer connection where the library would queue them: on the goroutine that decrypted
// them, with no other goroutine and no copy for each stream.
package tap

import (
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/transport/v3/packetio"

	"streamgateway/native/internal/screen"
)

// backlog bounds the packets kept for each stream until its track is known: some five seconds of audio.
const backlog = 256

// Tap stands where the library keeps its receive buffers. It also catches the writers of outgoing streams. There is one for
// each peer connection. Its functions must not wait, nor close what they are called from.
type Tap struct {
	interceptor.NoOp

	OnRTCP   func(ssrc uint32, packets []rtcp.Packet)
	OnWriter func(ssrc uint32, writer interceptor.RTPWriter) // nil for nobody
	Guard    func(name string)                               // deferred around everything, to recover
	Screen   *screen.Screen                                  // told which sources are genuine
	// OnExcess is called when reports name more streams than the screen lets come: the library keeps something for each until
	// the connection ends, which it should then.
	OnExcess func()

	mu      sync.Mutex
	over    bool // the connection has ended
	streams map[uint32]*stream
	named   int // streams that reports name
}

// Buffer is the library's buffer factory.
func (t *Tap) Buffer(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	if kind == packetio.RTCPBufferPacket {
		if t.name(+1) == t.Screen.Sources()+1 {
			t.OnExcess()
		}
		return newControl(t, ssrc)
	}
	s := newStream(t, ssrc)
	if !t.list(s) {
		_ = s.Close()
	}
	return s
}

// name counts the streams that reports name.
func (t *Tap) name(more int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.named += more
	return t.named
}

func (t *Tap) list(s *stream) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return false
	}
	if t.streams == nil {
		t.streams = map[uint32]*stream{}
	}
	t.streams[s.ssrc] = s
	return true
}

// End ends every stream. The library forgets those that it opens while it closes their connection, and what waits to read
// them would wait for ever; so this comes after the connection's own end.
func (t *Tap) End() {
	t.mu.Lock()
	t.over = true
	streams := slices.Collect(maps.Values(t.streams))
	t.mu.Unlock()
	for _, s := range streams {
		_ = s.Close()
	}
}

// Attach lets a stream's packets go to receive, those that came before first. A packet is valid until receive returns.
// The answer is closed when the stream has ended.
func (t *Tap) Attach(ssrc uint32, receive func([]byte)) (ended <-chan struct{}) {
	t.mu.Lock()
	s := t.streams[ssrc]
	t.mu.Unlock()
	if s == nil {
		return noStream
	}
	s.attach(receive)
	return s.ended
}

// noStream is the end of a stream that is gone, or never was.
var noStream = func() chan struct{} { ended := make(chan struct{}); close(ended); return ended }()

// forget drops a stream, unless another has its number by now.
func (t *Tap) forget(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.streams[s.ssrc] == s {
		delete(t.streams, s.ssrc)
	}
}

// NewInterceptor makes the tap its own factory.
func (t *Tap) NewInterceptor(string) (interceptor.Interceptor, error) { return t, nil }

// BindLocalStream hears of each outgoing stream when it may be written to.
func (t *Tap) BindLocalStream(info *interceptor.StreamInfo, writer interceptor.RTPWriter) interceptor.RTPWriter {
	if t.OnWriter != nil {
		t.OnWriter(info.SSRC, writer)
	}
	return writer
}

// stream is the buffer of one incoming RTP stream. The library itself reads a few packets, to learn which track they
// belong to; they are kept for attach nevertheless.
type stream struct {
	tap     *Tap
	ssrc    uint32
	ended   chan struct{}
	mu      sync.Mutex
	changed sync.Cond
	receive func([]byte)
	backlog [][]byte
	read    int
	genuine bool // a packet came, and only those whose authentication was checked do
	closed  bool
}

func newStream(t *Tap, ssrc uint32) *stream {
	s := &stream{tap: t, ssrc: ssrc, ended: make(chan struct{})}
	s.changed.L = &s.mu
	return s
}

func (s *stream) Write(packet []byte) (int, error) {
	defer s.tap.Guard("receive")
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.genuine {
		s.genuine = true
		s.tap.Screen.Prove(s.ssrc)
	}
	switch {
	case s.closed:
		return 0, io.ErrClosedPipe
	case s.receive != nil:
		s.receive(packet)
	case len(s.backlog) < backlog:
		s.backlog = append(s.backlog, append([]byte(nil), packet...))
		s.changed.Signal()
	}
	return len(packet), nil
}

func (s *stream) Read(into []byte) (int, error) {
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

func (s *stream) attach(receive func([]byte)) {
	defer s.tap.Guard("attach")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, packet := range s.backlog {
		receive(packet)
	}
	s.receive, s.backlog, s.read = receive, nil, 0
}

func (s *stream) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.ended)
	}
	s.changed.Broadcast()
	s.mu.Unlock()
	s.tap.forget(s)
	return nil
}

// control is the buffer of the RTCP packets that concern one stream.
type control struct {
	tap  *Tap
	ssrc uint32
	done chan struct{}
	once sync.Once
}

func newControl(t *Tap, ssrc uint32) *control {
	return &control{tap: t, ssrc: ssrc, done: make(chan struct{})}
}

func (c *control) Write(compound []byte) (int, error) {
	defer c.tap.Guard("receive control")
	packets, err := rtcp.Unmarshal(compound)
	if err != nil {
		return 0, err
	}
	c.tap.OnRTCP(c.ssrc, packets)
	return len(compound), nil
}

func (c *control) Read([]byte) (int, error) {
	<-c.done
	return 0, io.EOF
}

func (c *control) Close() error {
	c.once.Do(func() {
		close(c.done)
		c.tap.name(-1)
	})
	return nil
}
