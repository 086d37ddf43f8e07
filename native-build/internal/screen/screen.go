// Package screen looks at what comes for a peer connection before Pion does. Pion takes packets apart on goroutines of its own,
// where a panic would end the process, and keeps something for each source that a packet names before it knows who sent it.
//
// What a TURN server hands on over TCP or TLS passes by: nobody but the SFU can send there.
package screen

import (
	"encoding/binary"
	"sync"
)

// maxUnproven bounds the sources that nobody announced and none of whose packets was genuine yet. Pion looks into 25 such
// streams at a time and leaves further ones alone for good.
const maxUnproven = 20

// Screen stands before one peer connection. It is safe for concurrent use.
type Screen struct {
	sources int

	mu        sync.Mutex
	announced map[uint32]bool
	known     map[uint32]bool // those that came, and whether they are announced or proven
	unproven  int
	refused   uint64
}

// New makes a screen for a connection on which so many sources may come in its life.
func New(sources int) *Screen { return &Screen{sources: sources, known: map[uint32]bool{}} }

// Sources is how many may come in the life of the connection.
func (s *Screen) Sources() int { return s.sources }

// Announce lets the streams of the other side's latest description come, in place of those of the one before.
func (s *Screen) Announce(streams map[uint32]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced = streams
}

// Prove notes that a packet of a source was genuine.
func (s *Screen) Prove(source uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if proven, known := s.known[source]; known && !proven {
		s.known[source] = true
		s.unproven--
	}
}

// Refused is how many packets were not let through.
func (s *Screen) Refused() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Admits tells whether Pion may see a packet.
func (s *Screen) Admits(packet []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admits(packet) {
		return true
	}
	s.refused++
	return false
}

// admits tells the kinds of packets apart by their first byte (RFC 7983 §7).
func (s *Screen) admits(packet []byte) bool {
	if len(packet) == 0 {
		return false
	}
	switch first := packet[0]; {
	case first <= 3:
		return s.admitsSTUN(packet)
	case first >= 20 && first <= 63:
		return isDTLS(packet)
	case first >= 64 && first <= 79:
		return s.admitsChannel(packet)
	case first >= 128 && first <= 191:
		return s.admitsMedia(packet)
	}
	return false
}

// admitsMedia must be called with mu held.
func (s *Screen) admitsMedia(packet []byte) bool {
	const smallest = 12 // header of RTP; of SRTCP with what authenticates it
	if len(packet) < smallest {
		return false
	}
	if packet[1] >= 192 && packet[1] <= 223 { // RTCP (RFC 5761 §4)
		return true
	}
	source := binary.BigEndian.Uint32(packet[8:])
	if _, known := s.known[source]; known {
		return true
	}
	announced := s.announced[source]
	if len(s.known) == s.sources || !announced && s.unproven == maxUnproven {
		return false
	}
	if !announced {
		s.unproven++
	}
	s.known[source] = announced
	return true
}
