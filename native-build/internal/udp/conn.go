package udp

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/pion/transport/v3/deadline"
)

const (
	// maxPacket is more than what a path without fragments carries.
	maxPacket = 2048
	// held is how many packets wait here for who reads them; more wait in the system's buffer.
	held = 32
)

var buffers = sync.Pool{New: func() any { return new([maxPacket]byte) }}

// packet is one that came.
type packet struct {
	data *[maxPacket]byte
	size int
	from *net.UDPAddr
}

// conn is a socket whose packets the reader brings. It is safe for concurrent use.
type conn struct {
	reader   *Reader
	owner    *Net
	local    *net.UDPAddr
	came     chan packet // closed with the socket
	deadline *deadline.Deadline

	// open is held while the descriptor or the channel is used, and written to close them: a number that is free again
	// may be another socket's at once.
	open sync.RWMutex
	fd   int // negative once closed

	peer known // who sent the last packet; for the reader alone

	mu   sync.Mutex
	dest known // where the last packet went
}

// known is an address in both forms, so that what is the same for each packet is translated once.
type known struct {
	system address
	udp    *net.UDPAddr
}

func newConn(owner *Net, fd int, local *net.UDPAddr) *conn {
	return &conn{reader: owner.reader, owner: owner, fd: fd, local: local, came: make(chan packet, held), deadline: deadline.New()}
}

// take brings one packet from the system; false when there is none, or no room for it.
func (c *conn) take() bool {
	if len(c.came) == held {
		return false
	}
	c.open.RLock()
	defer c.open.RUnlock()
	if c.fd < 0 {
		return false
	}
	data := buffers.Get().(*[maxPacket]byte)
	size, from, err := receive(c.fd, data[:])
	if err != 0 {
		buffers.Put(data)
		return err != syscall.EAGAIN // word of something sent in vain is taken too
	}
	if !c.owner.admits(data[:size]) {
		buffers.Put(data)
		return true
	}
	if c.peer.udp == nil || c.peer.system != from {
		c.peer = known{from, from.udp()}
	}
	c.came <- packet{data, size, c.peer.udp}
	return true
}

func (c *conn) ReadFromUDP(p []byte) (int, *net.UDPAddr, error) {
	select {
	case got, open := <-c.came:
		if !open {
			return 0, nil, net.ErrClosed
		}
		n := copy(p, got.data[:got.size])
		buffers.Put(got.data)
		return n, got.from, nil
	case <-c.deadline.Done():
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (c *conn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDP(p)
	if err != nil {
		return 0, nil, err
	}
	return n, from, nil
}

func (c *conn) Read(p []byte) (int, error) {
	n, _, err := c.ReadFromUDP(p)
	return n, err
}

func (c *conn) WriteTo(p []byte, to net.Addr) (int, error) {
	address, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return c.WriteToUDP(p, address)
}

// WriteToUDP sends a packet, or drops it when the system has no room for it, as a network may.
func (c *conn) WriteToUDP(p []byte, to *net.UDPAddr) (int, error) {
	system, err := c.destination(to)
	if err != nil {
		return 0, err
	}
	c.open.RLock()
	defer c.open.RUnlock()
	if c.fd < 0 {
		return 0, net.ErrClosed
	}
	if errno := send(c.fd, p, &system); errno != 0 && errno != syscall.EAGAIN {
		return 0, os.NewSyscallError("sendto", errno)
	}
	return len(p), nil
}

func (c *conn) destination(to *net.UDPAddr) (address, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := c.dest.udp; last != nil && last.Port == to.Port && last.IP.Equal(to.IP) && last.Zone == to.Zone {
		return c.dest.system, nil
	}
	system, err := systemAddress(to, c.local.IP.To4() != nil)
	if err == nil {
		c.dest = known{system, &net.UDPAddr{IP: append(net.IP(nil), to.IP...), Port: to.Port, Zone: to.Zone}}
	}
	return system, err
}

// Close ends reading and gives the socket back.
func (c *conn) Close() error {
	c.open.Lock()
	defer c.open.Unlock()
	if c.fd < 0 {
		return net.ErrClosed
	}
	c.reader.remove(c)
	err := syscall.Close(c.fd)
	c.fd = -1
	close(c.came)
	c.owner.forget(c)
	return os.NewSyscallError("close", err)
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return nil }

func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *conn) SetReadDeadline(t time.Time) error {
	c.deadline.Set(t)
	return nil
}

// SetWriteDeadline has nothing to do: no write waits.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

func (c *conn) SetReadBuffer(bytes int) error  { return c.setBuffer(syscall.SO_RCVBUF, bytes) }
func (c *conn) SetWriteBuffer(bytes int) error { return c.setBuffer(syscall.SO_SNDBUF, bytes) }

func (c *conn) setBuffer(option, bytes int) error {
	c.open.RLock()
	defer c.open.RUnlock()
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(c.fd, syscall.SOL_SOCKET, option, bytes))
}

// What needs a connected socket or control messages is for nobody here.

func (c *conn) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (c *conn) ReadMsgUDP([]byte, []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	return 0, 0, 0, nil, errors.ErrUnsupported
}

func (c *conn) WriteMsgUDP([]byte, []byte, *net.UDPAddr) (n, oobn int, err error) {
	return 0, 0, errors.ErrUnsupported
}
