package sfu

import (
	"net"
	"sync/atomic"

	"github.com/pion/ice/v4"

	"streamgateway/native/internal/screen"
)

// directMux is the library's mux whose connections write to the socket themselves. The library's look the address up as text
// for each packet, under a lock. A screen looks at what comes.
type directMux struct {
	ice.UDPMux
	socket net.PacketConn
	screen *screen.Screen
}

func newDirectMux(params ice.UDPMuxParams) directMux {
	return directMux{UDPMux: ice.NewUDPMuxDefault(params), socket: params.UDPConn}
}

// behind is the same mux for a peer connection that has this screen.
func (m directMux) behind(s *screen.Screen) directMux {
	m.screen = s
	return m
}

func (m directMux) GetConn(ufrag string, address net.Addr) (net.PacketConn, error) {
	conn, err := m.UDPMux.GetConn(ufrag, address)
	if err != nil {
		return nil, err
	}
	return &directConn{PacketConn: conn, socket: m.socket, screen: m.screen}, nil
}

// directConn writes to the address it wrote to last without asking the library, which knows that it does.
type directConn struct {
	net.PacketConn
	socket net.PacketConn
	screen *screen.Screen
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

func (c *directConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(p)
		if err != nil || c.screen.Admits(p[:n]) {
			return n, from, err
		}
	}
}

func (c *directConn) Close() error {
	c.closed.Store(true)
	return c.PacketConn.Close()
}
