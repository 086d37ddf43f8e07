package screen

import "encoding/binary"

// isDTLS tells whether a datagram is whole records (RFC 6347 §4.1) of the kinds that DTLS 1.2 has without extensions, none of
// which is negotiated.
func isDTLS(packet []byte) bool {
	const (
		header                            = 13
		changeCipherSpec, applicationData = 20, 23
		version1                          = 254 // of all versions
	)
	for len(packet) > 0 {
		if len(packet) < header || packet[0] < changeCipherSpec || packet[0] > applicationData || packet[1] != version1 {
			return false
		}
		end := header + int(binary.BigEndian.Uint16(packet[11:]))
		if end > len(packet) {
			return false
		}
		packet = packet[end:]
	}
	return true
}

const (
	stunHeader     = 20
	magicCookie    = 0x2112a442
	dataIndication = 0x0017
	dataAttribute  = 0x0013
)

// admitsSTUN tells whether a packet is a message whose attributes lie within it (RFC 8489 §5), and looks at the one that a
// TURN server's holds. It must be called with mu held.
func (s *Screen) admitsSTUN(packet []byte) bool {
	if len(packet) < stunHeader || binary.BigEndian.Uint32(packet[4:]) != magicCookie {
		return false
	}
	end := stunHeader + int(binary.BigEndian.Uint16(packet[2:]))
	if end > len(packet) {
		return false
	}
	relayed := binary.BigEndian.Uint16(packet) == dataIndication
	for rest := packet[stunHeader:end]; len(rest) > 0; {
		if len(rest) < 4 {
			return false
		}
		kind, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		padded := 4 + (size+3)&^3
		if padded > len(rest) {
			return false
		}
		if relayed && kind == dataAttribute && !s.admitsRelayed(rest[4:4+size]) {
			return false
		}
		rest = rest[padded:]
	}
	return true
}

// admitsChannel looks at what comes through a channel of a TURN server (RFC 8656 §12.4), which may be padded. It must be called with
// mu held.
func (s *Screen) admitsChannel(packet []byte) bool {
	const header = 4
	if len(packet) < header {
		return false
	}
	end := header + int(binary.BigEndian.Uint16(packet[2:]))
	return end <= len(packet) && s.admitsRelayed(packet[header:end])
}

// admitsRelayed looks at what a TURN server hands on, which is nothing of a TURN server again. It must be called with mu held.
func (s *Screen) admitsRelayed(packet []byte) bool {
	if len(packet) == 0 || packet[0] >= 64 && packet[0] <= 79 {
		return false
	}
	if packet[0] <= 3 && len(packet) >= 2 && binary.BigEndian.Uint16(packet) == dataIndication {
		return false
	}
	return s.admits(packet)
}
