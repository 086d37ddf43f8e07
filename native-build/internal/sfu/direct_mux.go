package sfu

import (
	"net"
	"sync/atomic"

	"github.com/pion/ice/v4"
)

// directMux is the library's mux whose connections write to the socket themselves. The library's look the address up as text
// for each packet, under a lock.
type directMux struct {
	ice.UDPMux
	socket net.PacketConn
}

func newDirectMux(params ice.UDPMuxParams) directMux {
	return directMux{ice.NewUDPMuxDefault(params), params.UDPConn}
}

func (m directMux) GetConn(ufrag string, address net.Addr) (net.PacketConn, error) {
	conn, err := m.UDPMux.GetConn(ufrag, address)
	if err != nil {
		return nil, err
	}
	return &directConn{PacketConn: conn, socket: m.socket}, nil
}

// directConn writes to the address it wrote to last without asking the library, which knows that it does.
type directConn struct {
	net.PacketConn
	socket net.PacketConn
	last   atomic.Pointer[net.UDPAddr]
	closed atomic.Bool
}

func (c *directConn) WriteTo(packet []byte, to net.Addr) (int, error) {
	address, isUDP := to.(*net.UDPAddr)
	if isUDP && c.last.Load() == address && !c.closed.Load() {
		return c.socket.WriteTo(packet, address)
	}
	n, err := c.PacketConn.WriteTo(packet, to)
	if err == nil && isUDP {
		c.last.Store(address) // of a candidate, which never changes
	}
	return n, err
}

func (c *directConn) Close() error {
	c.closed.Store(true)
	return c.PacketConn.Close()
}
