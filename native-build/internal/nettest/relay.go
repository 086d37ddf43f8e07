// Package nettest puts a bad network between two UDP ends on loopback: loss, delay, jitter, reordering and a limited
// rate, the same for the same seed and packets. It needs no rights and no kernel module. Only tests use it.
package nettest

import (
	"container/heap"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

const (
	maxClients   = 1024
	maxWaiting   = 1 << 16 // packets on their way; more are dropped
	maxDatagram  = 64 << 10
	socketBuffer = 4 << 20
)

// Relay passes UDP packets between any number of clients and one target, with a path in either direction. Each client
// is seen by the target under a port of its own.
type Relay struct {
	front *net.UDPConn

	mu       sync.Mutex
	target   *net.UDPAddr
	clients  map[netip.AddrPort]*net.UDPConn
	uplink   direction // from the clients to the target
	downlink direction
	waiting  deliveries
	order    uint64
	counts   Counts
	closed   bool

	wake    chan struct{}
	done    chan struct{}
	readers sync.WaitGroup
}

// Counts tells what became of the packets, of both directions.
type Counts struct {
	Passed, Dropped int
}

// Start opens a relay on a free port of 127.0.0.1, with nothing wrong yet; it ends with the test.
func Start(t testing.TB, seed uint64) *Relay {
	t.Helper()
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = front.SetReadBuffer(socketBuffer)
	r := &Relay{
		front:    front,
		clients:  map[netip.AddrPort]*net.UDPConn{},
		uplink:   direction{random: rand.New(rand.NewPCG(seed, 1))},
		downlink: direction{random: rand.New(rand.NewPCG(seed, 2))},
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	r.readers.Add(2)
	go r.readFront()
	go r.deliver()
	t.Cleanup(r.close)
	return r
}

// Address is where clients are to send to, as host:port.
func (r *Relay) Address() string { return r.front.LocalAddr().String() }

// Forward sets the target. Packets that come before are dropped.
func (r *Relay) Forward(t testing.TB, target string) {
	t.Helper()
	address, err := net.ResolveUDPAddr("udp4", target)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = address
}

// SetUplink changes what happens from the clients to the target, for packets yet to come.
func (r *Relay) SetUplink(p Path) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uplink.path = p
}

// SetDownlink changes what happens from the target to the clients, for packets yet to come.
func (r *Relay) SetDownlink(p Path) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.downlink.path = p
}

// SetBoth changes both directions.
func (r *Relay) SetBoth(p Path) {
	r.SetUplink(p)
	r.SetDownlink(p)
}

// Counts tells what became of the packets so far.
func (r *Relay) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// Forget closes the ports of all clients, of which there can be so many only. Whoever sends again gets a new one.
func (r *Relay) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for from, back := range r.clients {
		_ = back.Close()
		delete(r.clients, from)
	}
}

func (r *Relay) readFront() {
	defer r.readers.Done()
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := r.front.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // a port that is closed on the other side
		}
		if back := r.client(from); back != nil {
			r.pass(&r.uplink, buffer[:n], func(packet []byte) { _, _ = back.Write(packet) })
		}
	}
}

// client answers the socket that a client has towards the target; nil when there is none to be had.
func (r *Relay) client(from netip.AddrPort) *net.UDPConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if back := r.clients[from]; back != nil || r.closed || r.target == nil || len(r.clients) >= maxClients {
		return back
	}
	back, err := net.DialUDP("udp4", nil, r.target)
	if err != nil {
		return nil
	}
	_ = back.SetReadBuffer(socketBuffer)
	r.clients[from] = back
	r.readers.Add(1)
	go r.readBack(back, from)
	return back
}

func (r *Relay) readBack(back *net.UDPConn, to netip.AddrPort) {
	defer r.readers.Done()
	buffer := make([]byte, maxDatagram)
	for {
		n, err := back.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			r.pass(&r.downlink, buffer[:n], func(packet []byte) { _, _ = r.front.WriteToUDPAddrPort(packet, to) })
		}
	}
}

func (r *Relay) pass(d *direction, packet []byte, send func([]byte)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	arrival, arrives := d.schedule(time.Now(), len(packet))
	if !arrives || len(r.waiting) >= maxWaiting {
		r.counts.Dropped++
		return
	}
	r.counts.Passed++
	r.order++
	heap.Push(&r.waiting, delivery{at: arrival, order: r.order, packet: append([]byte(nil), packet...), send: send})
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// deliver sends what is due, until the relay closes.
func (r *Relay) deliver() {
	defer r.readers.Done()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(r.sendDue())
		select {
		case <-timer.C:
		case <-r.wake:
		case <-r.done:
			return
		}
	}
}

// sendDue answers how long nothing is to be done.
func (r *Relay) sendDue() time.Duration {
	for {
		r.mu.Lock()
		if len(r.waiting) == 0 {
			r.mu.Unlock()
			return time.Hour
		}
		if wait := time.Until(r.waiting[0].at); wait > 0 {
			r.mu.Unlock()
			return wait
		}
		due := heap.Pop(&r.waiting).(delivery)
		r.mu.Unlock()
		due.send(due.packet)
	}
}

func (r *Relay) close() {
	r.mu.Lock()
	r.closed = true
	_ = r.front.Close()
	for _, back := range r.clients {
		_ = back.Close()
	}
	r.mu.Unlock()
	close(r.done)
	r.readers.Wait()
}

// delivery is a packet on its way.
type delivery struct {
	at     time.Time
	order  uint64 // keeps packets of the same time in order
	packet []byte
	send   func([]byte)
}

// deliveries is a heap, the next one first.
type deliveries []delivery

func (d deliveries) Len() int { return len(d) }
func (d deliveries) Less(i, j int) bool {
	if d[i].at.Equal(d[j].at) {
		return d[i].order < d[j].order
	}
	return d[i].at.Before(d[j].at)
}
func (d deliveries) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deliveries) Push(x any)   { *d = append(*d, x.(delivery)) }
func (d *deliveries) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	(*d)[last] = delivery{}
	*d = (*d)[:last]
	return x
}
