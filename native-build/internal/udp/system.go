package udp

import (
	"encoding/binary"
	"net"
	"syscall"
	"unsafe"
)

// The calls below do not block, so they go without the runtime's preparations for calls that may: those wake its
// monitor thread, which then looks around 50,000 times a second until all is idle again.

// address is that of a socket as the system has it. Two of the same socket are equal.
type address struct {
	raw  syscall.RawSockaddrInet6 // or a RawSockaddrInet4, which is shorter, and zeros
	size uint32
}

// receive takes a packet that is there; EAGAIN when none is.
func receive(fd int, p []byte) (size int, from address, err syscall.Errno) {
	from.size = syscall.SizeofSockaddrInet6
	n, _, err := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
		syscall.MSG_DONTWAIT, uintptr(unsafe.Pointer(&from.raw)), uintptr(unsafe.Pointer(&from.size)))
	return int(n), from, err
}

// send gives a packet to the system; EAGAIN when it has no room.
func send(fd int, p []byte, to *address) syscall.Errno {
	var data unsafe.Pointer
	if len(p) > 0 {
		data = unsafe.Pointer(&p[0])
	}
	_, _, err := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(data), uintptr(len(p)), syscall.MSG_DONTWAIT,
		uintptr(unsafe.Pointer(&to.raw)), uintptr(to.size))
	return err
}

// ready lists the sockets with something to read, without waiting.
func ready(epoll int, events []syscall.EpollEvent) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		0, 0, 0)
	return int(n), err
}

// udp translates an address.
func (a *address) udp() *net.UDPAddr {
	if a.raw.Family == syscall.AF_INET {
		four := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
		return &net.UDPAddr{IP: append(net.IP(nil), four.Addr[:]...), Port: port(&four.Port)}
	}
	address := &net.UDPAddr{IP: append(net.IP(nil), a.raw.Addr[:]...), Port: port(&a.raw.Port)}
	if a.raw.Scope_id != 0 {
		if i, err := net.InterfaceByIndex(int(a.raw.Scope_id)); err == nil {
			address.Zone = i.Name
		}
	}
	return address
}

// systemAddress translates an address for a socket of IPv4 or of IPv6.
func systemAddress(to *net.UDPAddr, ipv4 bool) (a address, err error) {
	if ipv4 {
		ip := to.IP.To4()
		if ip == nil {
			return a, &net.AddrError{Err: "not an IPv4 address", Addr: to.String()}
		}
		four := (*syscall.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
		four.Family, four.Addr, a.size = syscall.AF_INET, [4]byte(ip), syscall.SizeofSockaddrInet4
		setPort(&four.Port, to.Port)
		return a, nil
	}
	ip := to.IP.To16()
	if ip == nil {
		return a, &net.AddrError{Err: "not an address", Addr: to.String()}
	}
	a.raw.Family, a.raw.Addr, a.size = syscall.AF_INET6, [16]byte(ip), syscall.SizeofSockaddrInet6
	setPort(&a.raw.Port, to.Port)
	if to.Zone != "" {
		i, err := net.InterfaceByName(to.Zone)
		if err != nil {
			return a, err
		}
		a.raw.Scope_id = uint32(i.Index)
	}
	return a, nil
}

// Ports are in network byte order.

func port(field *uint16) int {
	return int(binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(field))[:]))
}

func setPort(field *uint16, port int) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(field))[:], uint16(port))
}
