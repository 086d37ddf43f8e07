// Package udp has sockets for many peer connections in one process. One goroutine reads them all, and under load it
// rests between two looks, so that packets that come close together wake the process once instead of once each: waking
// up costs several times what a packet of speech costs otherwise.
package udp

import (
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/pion/transport/v3"
	"github.com/pion/transport/v3/stdnet"
)

// Net is the system's network as one peer connection sees it, with sockets of this package. It owns them: Pion forgets
// some of those that it opened just before it was closed. It is safe for concurrent use.
type Net struct {
	*stdnet.Net
	reader *Reader
	admits func(packet []byte) bool

	mu     sync.Mutex
	open   map[*conn]bool
	closed bool
}

// Net makes a network without sockets, which must be closed. Of what comes it drops the packets that admits refuses, which must
// not wait: the goroutine that reads calls it.
func (r *Reader) Net(admits func(packet []byte) bool) *Net {
	return &Net{Net: new(stdnet.Net), reader: r, admits: admits, open: map[*conn]bool{}}
}

// Interfaces lists those that there are now, as they come and go in the life of a process.
func (n *Net) Interfaces() ([]*transport.Interface, error) {
	now, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	return now.Interfaces()
}

// ListenUDP opens a socket. Its packets wait for their reader in the system's buffer and, some of them, here.
func (n *Net) ListenUDP(network string, address *net.UDPAddr) (transport.UDPConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, net.ErrClosed
	}
	c, err := n.reader.open(n, network, address)
	if err != nil {
		return nil, err
	}
	n.open[c] = true
	return c, nil
}

// ListenPacket opens a socket like ListenUDP: Pion reaches TURN servers through it.
func (n *Net) ListenPacket(network, address string) (net.PacketConn, error) {
	resolved, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return nil, err
	}
	return n.ListenUDP(network, resolved)
}

// Close closes the sockets that are still open. Nothing listens afterwards.
func (n *Net) Close() {
	n.mu.Lock()
	n.closed = true
	left := slices.Collect(maps.Keys(n.open))
	n.mu.Unlock()
	for _, c := range left {
		_ = c.Close() // it may have been at the same time
	}
}

func (n *Net) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.open, c)
}
