// Package udp has sockets for many peer connections in one process. One goroutine reads them all, and under load it
// rests between two looks, so that packets that come close together wake the process once instead of once each: waking
// up costs several times what a packet of speech costs otherwise.
package udp

import (
	"net"

	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/stdnet"
)

// Net is the system's network as Pion sees it, with sockets of this package. It is safe for concurrent use.
type Net struct {
	*stdnet.Net
	reader reader
}

// NewNet makes a network without sockets. It owns nothing until something listens.
func NewNet() *Net { return &Net{Net: new(stdnet.Net)} }

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
	return n.reader.open(network, address)
}
