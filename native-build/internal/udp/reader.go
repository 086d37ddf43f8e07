package udp

import (
	"fmt"
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	// rest is the time between two looks under load, and the most by which that delays a packet.
	rest = 5 * time.Millisecond
	// handshake is for how long after a socket was opened nothing rests: what is negotiated first goes back and forth.
	handshake = 250 * time.Millisecond
	// readAtOnce is how many sockets are asked about in one system call.
	readAtOnce = 128
)

// Reader reads the sockets of many networks. It runs while there are any; its zero value is ready.
//
// The sockets are not in the Go runtime's own poller, which would wake a thread for each packet whether or not anybody
// waits for it.
type Reader struct {
	mu     sync.Mutex
	conns  map[int32]*conn // by descriptor; nil while nothing is open
	epoll  int
	wake   int       // an eventfd that ends a wait
	opened time.Time // when the latest socket was
}

func (r *Reader) open(owner *Net, network string, address *net.UDPAddr) (*conn, error) {
	fd, local, err := listen(network, address)
	if err != nil {
		return nil, err
	}
	c := newConn(owner, fd, local)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.add(c); err != nil {
		syscall.Close(fd)
		return nil, &net.OpError{Op: "listen", Net: network, Addr: address, Err: err}
	}
	return c, nil
}

// listen opens a socket that does not block and is in no poller.
func listen(network string, address *net.UDPAddr) (fd int, local *net.UDPAddr, err error) {
	socket, err := net.ListenUDP(network, address)
	if err != nil {
		return 0, nil, err
	}
	defer socket.Close()
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, nil, err
	}
	var failure error
	err = raw.Control(func(original uintptr) {
		number, _, errno := syscall.Syscall(syscall.SYS_FCNTL, original, syscall.F_DUPFD_CLOEXEC, 0)
		if fd = int(number); errno != 0 {
			failure = errno
		}
	})
	if err == nil {
		err = failure
	}
	return fd, socket.LocalAddr().(*net.UDPAddr), err
}

// add must be called with mu held.
func (r *Reader) add(c *conn) error {
	if r.conns == nil {
		if err := r.start(); err != nil {
			return err
		}
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.fd)}
	if err := syscall.EpollCtl(r.epoll, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
		r.stopIfIdle()
		return fmt.Errorf("epoll: %w", err)
	}
	r.conns[int32(c.fd)], r.opened = c, time.Now()
	return nil
}

// remove takes a socket out that is about to be closed.
func (r *Reader) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, int32(c.fd))
	_ = syscall.EpollCtl(r.epoll, syscall.EPOLL_CTL_DEL, c.fd, nil)
	r.stopIfIdle()
}

// start must be called with mu held.
func (r *Reader) start() error {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	wake, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		syscall.Close(epoll)
		return fmt.Errorf("eventfd: %w", errno)
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(wake)}
	if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, int(wake), &event); err != nil {
		syscall.Close(int(wake))
		syscall.Close(epoll)
		return fmt.Errorf("epoll: %w", err)
	}
	r.epoll, r.wake, r.conns = epoll, int(wake), map[int32]*conn{}
	go r.run(r.epoll, r.wake)
	return nil
}

// stopIfIdle must be called with mu held. The goroutine closes what it waits on.
func (r *Reader) stopIfIdle() {
	if len(r.conns) > 0 {
		return
	}
	r.conns = nil
	one := [8]byte{1}
	_, _ = syscall.Write(r.wake, one[:])
}

// run reads until nothing is open any more. When packets are many and nobody is new, it rests after each look.
func (r *Reader) run(epoll, wake int) {
	defer syscall.Close(wake)
	defer syscall.Close(epoll)
	events := make([]syscall.EpollEvent, readAtOnce)
	var load load
	for busy := false; ; {
		packets, left, open := r.look(epoll, wake, events, !busy)
		if !open {
			return
		}
		now := time.Now()
		busy = load.add(packets, now) && !r.negotiates(now)
		if busy || left {
			time.Sleep(rest)
		}
	}
}

// look takes all that has come, and waits for something when it is to. It answers how many packets that were, whether
// some are left whose reader must take others first, and whether anything is open.
func (r *Reader) look(epoll, wake int, events []syscall.EpollEvent, wait bool) (packets int, left, open bool) {
	if wait {
		// One event is enough to know of; the others follow below.
		if _, err := syscall.EpollWait(epoll, events[:1], -1); err != nil && err != syscall.EINTR {
			return 0, false, false
		}
	}
	for {
		n, err := ready(epoll, events)
		if err != 0 && err != syscall.EINTR {
			return packets, false, false
		}
		taken := 0
		for _, event := range events[:max(n, 0)] {
			if int(event.Fd) == wake {
				return packets, false, false
			}
			if c := r.conn(event.Fd); c != nil && c.take() {
				taken++
			}
		}
		if packets += taken; taken == 0 {
			return packets, n > 0, true
		}
		runtime.Gosched() // who reads goes first
	}
}

func (r *Reader) negotiates(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Sub(r.opened) < handshake
}

func (r *Reader) conn(fd int32) *conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns[fd]
}
