package screen

import (
	"encoding/binary"
	"slices"
	"testing"
)

func media(source uint32) []byte {
	packet := make([]byte, 40)
	packet[0], packet[1] = 0x80, 111
	binary.BigEndian.PutUint32(packet[8:], source)
	return packet
}

func record(kind, version byte, claimed, size int) []byte {
	packet := make([]byte, 13+size)
	packet[0], packet[1] = kind, version
	binary.BigEndian.PutUint16(packet[11:], uint16(claimed))
	return packet
}

func stun(kind uint16, attributes ...byte) []byte {
	packet := make([]byte, stunHeader, stunHeader+len(attributes))
	binary.BigEndian.PutUint16(packet, kind)
	binary.BigEndian.PutUint16(packet[2:], uint16(len(attributes)))
	binary.BigEndian.PutUint32(packet[4:], magicCookie)
	return append(packet, attributes...)
}

func channel(claimed int, packet ...byte) []byte {
	header := []byte{0x40, 0}
	return append(binary.BigEndian.AppendUint16(header, uint16(claimed)), packet...)
}

func attribute(kind uint16, value []byte) []byte {
	packet := binary.BigEndian.AppendUint16(nil, kind)
	packet = append(binary.BigEndian.AppendUint16(packet, uint16(len(value))), value...)
	return append(packet, make([]byte, (4-len(value)%4)%4)...)
}

func TestOnlyWholePacketsOfKnownKindsAreAdmitted(t *testing.T) {
	const handshake, heartbeat, connectionID = 22, 24, 25
	short := stun(1, attribute(6, []byte("user"))...)
	for name, test := range map[string]struct {
		packet []byte
		admits bool
	}{
		"nothing":                            {nil, false},
		"a binding request":                  {stun(1, attribute(6, []byte("user:name"))...), true},
		"a message without attributes":       {stun(0x0101), true},
		"a message that is cut":              {short[:len(short)-1], false},
		"a message without the magic cookie": {make([]byte, stunHeader), false},
		"an attribute over the end":          {stun(1, 0, 6, 0, 9, 1, 2, 3, 4), false},
		"half an attribute":                  {stun(1, 0, 6), false},
		"ZRTP":                               {make([]byte, 16), false},
		"a DTLS record":                      {record(handshake, 254, 5, 5), true},
		"two of them":                        {slices.Concat(record(handshake, 254, 5, 5), record(20, 254, 1, 1)), true},
		"a record that is cut":               {record(handshake, 254, 6, 5), false},
		"a record with something behind":     {record(handshake, 254, 5, 6), false},
		"a second record of another kind":    {slices.Concat(record(handshake, 254, 5, 5), record(connectionID, 254, 5, 5)), false},
		"a record with a connection id":      {record(connectionID, 254, 5, 5), false},
		"a heartbeat":                        {record(heartbeat, 254, 5, 5), false},
		"a record of TLS":                    {record(handshake, 3, 5, 5), false},
		"half a header":                      {record(handshake, 254, 0, 0)[:12], false},
		"RTP":                                {media(1), true},
		"half a header of RTP":               {media(1)[:11], false},
		"RTCP":                               {[]byte{0x80, 200, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}, true},
		"RTP of another version":             {append([]byte{0xc0}, media(1)[1:]...), false},
		"media through a channel":            {channel(40, media(1)...), true},
		"padded media through a channel":     {channel(18, append(record(handshake, 254, 5, 5), 0, 0)...), true},
		"half a header of a channel":         {channel(0)[:3], false},
		"a channel that is cut":              {channel(41, media(1)...), false},
		"a record through a channel":         {channel(18, record(connectionID, 254, 5, 5)...), false},
		"a channel through a channel":        {channel(8, channel(4, 0, 0, 0, 0)...), false},
		"relayed media":                      {stun(dataIndication, attribute(dataAttribute, media(1))...), true},
		"a relayed record":                   {stun(dataIndication, attribute(dataAttribute, record(connectionID, 254, 5, 5))...), false},
		"relayed again":                      {stun(dataIndication, attribute(dataAttribute, stun(dataIndication))...), false},
		"relayed nothing":                    {stun(dataIndication, attribute(dataAttribute, nil)...), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(10)
			if got := s.Admits(test.packet); got != test.admits {
				t.Errorf("admitted: %v", got)
			}
			if refused := s.Refused(); (refused == 0) != test.admits {
				t.Errorf("%d were refused", refused)
			}
		})
	}
}

func TestSourcesThatNobodyAnnouncedAndProvedAreBounded(t *testing.T) {
	s := New(1000)
	s.Announce(map[uint32]bool{1_000_000: true})
	admitted := func(from, to uint32) (count int) {
		for source := from; source < to; source++ {
			if s.Admits(media(source)) {
				count++
			}
		}
		return count
	}
	if got := admitted(0, 500); got != maxUnproven {
		t.Errorf("%d sources were admitted", got)
	}
	if got := admitted(0, 500); got != maxUnproven {
		t.Errorf("%d were admitted again", got)
	}
	if !s.Admits(media(1_000_000)) {
		t.Error("the announced one was not")
	}
	s.Prove(3)
	s.Prove(3)
	s.Prove(400) // was never admitted
	if got := admitted(500, 600); got != 1 {
		t.Errorf("a genuine source made room for %d", got)
	}
	s.Announce(nil)
	if !s.Admits(media(1_000_000)) {
		t.Error("what has come once comes no more")
	}
}

func TestSourcesOfAConnectionAreBoundedWhateverIsAnnounced(t *testing.T) {
	const sources = 100
	s, admitted := New(sources), 0
	for source := range uint32(2 * sources) {
		s.Announce(map[uint32]bool{source: true})
		if s.Admits(media(source)) {
			admitted++
		}
	}
	if admitted != sources {
		t.Errorf("%d were admitted", admitted)
	}
}

func FuzzScreen(f *testing.F) {
	for _, seed := range [][]byte{
		stun(1, attribute(6, []byte("user:name"))...), stun(dataIndication, attribute(dataAttribute, media(1))...),
		record(22, 254, 5, 5), media(1), channel(40, media(1)...),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		s := New(1)
		if s.Admits(packet) != s.Admits(packet) {
			t.Error("admitted once")
		}
	})
}

func BenchmarkScreen(b *testing.B) {
	s, packet := New(100), media(1)
	for b.Loop() {
		s.Admits(packet)
	}
}
