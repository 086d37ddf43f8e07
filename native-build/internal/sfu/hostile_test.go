package sfu

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/hostile"
)

// mallory is a participant who publishes audio and can send anything.
type mallory struct {
	*testClient
	track  *localTrack
	socket *hostile.Socket
}

func newMallory(t testing.TB, s *Server) *mallory {
	t.Helper()
	socket, err := hostile.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	codecs := &webrtc.MediaEngine{}
	registerAll(codecs)
	m := &mallory{testClient: newClient(t, s, "mallory"), socket: socket}
	m.api = socket.API(codecs)
	m.track = m.newTrack(audioTrack, opus())
	m.publish(m.track)
	return m
}

// isHeard fails the test unless media of mallory still reaches another: what was sent before has been taken apart by then.
func (m *mallory) isHeard(listener *testClient) {
	m.t.Helper()
	stream := m.streamOf(audioTrack)
	had := listener.count(stream)
	deadline, tick := time.After(testDeadline), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for listener.count(stream) == had {
		select {
		case <-tick.C:
			m.track.sendAudio(m.t, []byte("still here"))
		case <-deadline:
			m.t.Fatal("mallory is not heard")
		}
	}
}

// overrun is a header of RTP whose only extension has elements, the last of which claims to end 15 bytes behind the packet.
func overrun(source uint32) []byte {
	packet := []byte{0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 0, 0, 0, 0x1f}
	binary.BigEndian.PutUint32(packet[8:], source)
	return packet
}

func Test_Nothing_that_a_participant_sends_ends_the_process(t *testing.T) {
	s := startServer(t)
	listener, m := newClient(t, s, "listener"), newMallory(t, s)
	m.isHeard(listener)
	own := uint32(m.track.sender.GetParameters().Encodings[0].SSRC)
	elements := make([]byte, 1428)
	elements[len(elements)-1] = 0x1f // the last element claims 16 bytes behind the end
	for name, send := range map[string]func() error{
		"RTP without a key whose extension runs over the end": func() error { return m.socket.Send(m.publisher, overrun(own)) },
		"the same of another source":                          func() error { return m.socket.Send(m.publisher, overrun(own+1)) },
		"RTP whose extension runs over the end": func() error {
			header := rtp.Header{Version: 2, SSRC: own + 2, PayloadType: 96, SequenceNumber: 1, Extension: true, ExtensionProfile: 0x9999}
			if err := header.SetExtension(0, elements); err != nil {
				return err
			}
			header.ExtensionProfile = 0xbede // from here on its content counts as elements
			return hostile.SendRTP(m.publisher, &header, nil)
		},
		"a full intra request of half an entry": func() error {
			return hostile.SendRTCP(m.publisher, []byte{0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0})
		},
		"a record with a connection id that nobody negotiated": func() error {
			return m.socket.SendRecord(m.publisher, protocol.ContentTypeConnectionID, make([]byte, 4))
		},
		"a message of no length with a fragment behind it": func() error {
			return hostile.SendEmptyFragments(m.socket, m.publisher)
		},
		"a goodbye and an alert of no kind": func() error {
			return m.socket.SendRecord(m.publisher, protocol.ContentTypeAlert, []byte{99, 99})
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				if err := send(); err != nil {
					t.Fatal(err)
				}
			}
			m.isHeard(listener)
		})
	}
}

func Test_Made_up_sources_take_no_memory(t *testing.T) {
	const packets = 20_000
	s := startServer(t)
	listener, m := newClient(t, s, "listener"), newMallory(t, s)
	m.isHeard(listener)
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		return int64(memory.HeapAlloc)
	}
	before := heap()
	packet := make([]byte, 40)
	packet[0], packet[1] = 0x80, 111
	screen := s.session(m.sessionID).publisher.tap.Screen
	for i := range uint32(packets) {
		binary.BigEndian.PutUint32(packet[8:], 0x10000000+i)
		if err := m.socket.Send(m.publisher, packet); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			m.isHeard(listener) // no more at once than sockets hold
		}
	}
	m.isHeard(listener)
	if refused := screen.Refused(); refused < packets*9/10 {
		t.Errorf("%d of %d packets were refused", refused, packets)
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("%d KiB were taken", grown>>10)
	}
}

func Test_Sections_of_data_are_refused(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice")
	track := alice.newTrack(audioTrack, opus())
	if _, err := alice.publisher.CreateDataChannel("data", nil); err != nil {
		t.Fatal(err)
	}
	refused := alice.offerTracks(track).GetError()
	if refused.GetCode() != codeInvalid || !strings.Contains(refused.GetMessage(), `of kind "application"`) {
		t.Errorf("answered %v", refused)
	}
}

func Test_Media_finds_its_way_whatever_addresses_the_server_listens_on(t *testing.T) {
	for name, option := range map[string]func(*Options){
		"all interfaces":                       func(o *Options) { o.MediaListen = "0.0.0.0:0" },
		"one interface with a public address":  func(o *Options) { o.PublicAddress = "127.0.0.1" },
		"all interfaces with a public address": func(o *Options) { o.MediaListen, o.PublicAddress = "0.0.0.0:0", "127.0.0.1" },
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, option)
			alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
			track := alice.newTrack(audioTrack, opus())
			alice.publish(track)
			track.sendAudio(t, []byte("hello"))
			bob.eventually("alice is heard", func() bool { return bob.count2(alice.streamOf(audioTrack)) == 1 })
		})
	}
}

func Test_A_new_subscriber_gets_numbers_from_the_lower_half(t *testing.T) {
	for _, first := range []uint16{100, 32767, 32768, 65000, 65535} {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			s := startServer(t)
			alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
			track := alice.newTrack(audioTrack, opus())
			track.next.SequenceNumber = first
			alice.publish(track)
			for range 3 {
				track.sendAudio(t, []byte{0xfc, 1, 2})
			}
			stream := alice.streamOf(audioTrack)
			bob.eventually("all packets", func() bool { return bob.count2(stream) == 3 })
			for i, packet := range bob.received(stream) {
				if packet.SequenceNumber != first&0x7fff+uint16(i) {
					t.Errorf("packet %d has number %d", i, packet.SequenceNumber)
				}
			}
		})
	}
}

func Test_A_participant_that_reports_on_streams_without_end_is_sent_away(t *testing.T) {
	observer := newTestObserver()
	s := startServer(t, func(o *Options) { o.Observer = observer })
	m := newMallory(t, s)
	const atOnce = 31
	for first := uint32(0); first < 2*maxSources; first += atOnce {
		report := &rtcp.ReceiverReport{SSRC: 1}
		for source := range uint32(atOnce) {
			report.Reports = append(report.Reports, rtcp.ReceptionReport{SSRC: 1000 + first + source})
		}
		if err := m.publisher.WriteRTCP([]rtcp.Packet{report}); err != nil {
			break // it is gone
		}
	}
	if reason := observer.awaitLeft(t, "mallory"); reason != LeaveMediaFailed {
		t.Errorf("left because of %q", reason)
	}
}
