// Package hostile is the other side of a peer connection in tests: an ordinary one that can also send what none does, with the
// keys of the connection and without.
package hostile

import (
	"errors"
	"net"
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/dtls/v3/pkg/protocol/recordlayer"
	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/webrtc/v4"
)

// Socket carries the peer connections of one side, on loopback.
type Socket struct {
	conn    *net.UDPConn
	mux     *ice.UDPMuxDefault
	records atomic.Uint64
}

// Listen opens a socket, which must be closed after its connections.
func Listen() (*Socket, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	s := &Socket{conn: conn, mux: ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn})}
	s.records.Store(1 << 20) // far behind those of the connections themselves
	return s, nil
}

func (s *Socket) Close() error { return s.mux.Close() }

// API makes peer connections on the socket.
func (s *Socket) API(codecs *webrtc.MediaEngine) *webrtc.API {
	var settings webrtc.SettingEngine
	settings.SetICEUDPMux(s.mux)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(net.IP.IsLoopback)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.DisableCloseByDTLS(true)
	return webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(settings))
}

var errNotConnected = errors.New("not connected")

// Send sends a packet as it is to where a connection sends its own.
func (s *Socket) Send(peer *webrtc.PeerConnection, packet []byte) error {
	pair, err := peer.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return errNotConnected
	}
	return s.SendTo(&net.UDPAddr{IP: net.ParseIP(pair.Remote.Address), Port: int(pair.Remote.Port)}, packet)
}

// SendTo sends a packet as it is.
func (s *Socket) SendTo(address net.Addr, packet []byte) error {
	_, err := s.conn.WriteTo(packet, address)
	return err
}

// SendRecord sends a DTLS record that is sealed with a connection's keys.
func (s *Socket) SendRecord(peer *webrtc.PeerConnection, kind protocol.ContentType, content []byte) error {
	conn := *field[*dtls.Conn](peer.SCTP().Transport(), "conn")
	if conn == nil {
		return errNotConnected
	}
	suite := *field[dtls.CipherSuite](conn, "state", "cipherSuite")
	record := &recordlayer.RecordLayer{Header: recordlayer.Header{
		ContentType: kind, Version: protocol.Version1_2, Epoch: 1, SequenceNumber: s.records.Add(1), ContentLen: uint16(len(content)),
	}}
	header, err := record.Header.Marshal()
	if err != nil {
		return err
	}
	sealed, err := suite.Encrypt(record, append(header, content...))
	if err != nil {
		return err
	}
	return s.Send(peer, sealed)
}

// SendEmptyFragments sends parts of messages that have no length, of all numbers that the handshake may have come to.
func SendEmptyFragments(s *Socket, peer *webrtc.PeerConnection) error {
	for message := range byte(16) {
		if err := s.SendRecord(peer, protocol.ContentTypeHandshake, EmptyFragment(message)); err != nil {
			return err
		}
	}
	return nil
}

// SendRTP sends a packet that is sealed with a connection's keys, whatever the header is.
func SendRTP(peer *webrtc.PeerConnection, header *rtp.Header, payload []byte) error {
	session, _ := field[atomic.Value](peer.SCTP().Transport(), "srtpSession").Load().(*srtp.SessionSRTP)
	if session == nil {
		return errNotConnected
	}
	stream, err := session.OpenWriteStream()
	if err == nil {
		_, err = stream.WriteRTP(header, payload)
	}
	return err
}

// SendRTCP sends a packet that is sealed with a connection's keys, whatever it holds.
func SendRTCP(peer *webrtc.PeerConnection, packet []byte) error {
	raw := rtcp.RawPacket(packet)
	return peer.WriteRTCP([]rtcp.Packet{&raw})
}

// field is one that Pion keeps to itself: nothing else gives a connection's keys.
func field[T any](of any, names ...string) *T {
	value := reflect.ValueOf(of).Elem()
	for _, name := range names {
		value = value.FieldByName(name)
	}
	return (*T)(unsafe.Pointer(value.UnsafeAddr()))
}
