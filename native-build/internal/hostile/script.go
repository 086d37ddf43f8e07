package hostile

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/rtp"
	"github.com/pion/stun/v3"
	"github.com/pion/webrtc/v4"
)

// Kind is how a step of a script is sent.
type Kind byte

const (
	Raw    Kind = iota // as it is
	Record             // in a DTLS record with the connection's keys; the first byte is its kind
	RTP                // with the keys: a byte each of marker and payload type, source and profile, the length of the extension, it, and the payload
	RTCP               // with the keys
	Check              // an ICE message with the connection's credentials: two bytes of kind, then attributes, each with a byte of length
	kinds
)

const (
	maxSteps = 16
	maxStep  = 1200
)

// Step is a part of a script that sends data.
func Step(kind Kind, data ...byte) []byte {
	return append([]byte{byte(kind), byte(len(data) >> 8), byte(len(data))}, data...)
}

// EmptyFragment is a part of a handshake message that has no length, and does not begin where the message does.
func EmptyFragment(message byte) []byte { return []byte{1, 0, 0, 0, 0, message, 0, 0, 5, 0, 0, 0} }

// steps are those of a script, which any bytes are.
func steps(script []byte) iter.Seq2[Kind, []byte] {
	return func(yield func(Kind, []byte) bool) {
		for range maxSteps {
			if len(script) < 3 {
				return
			}
			size := min(int(binary.BigEndian.Uint16(script[1:])), len(script)-3, maxStep)
			if !yield(Kind(script[0])%kinds, slices.Clone(script[3:3+size])) {
				return
			}
			script = script[3+size:]
		}
	}
}

// Play sends what a script says over a connection that is up. What cannot be sent is left out.
func (s *Socket) Play(peer *webrtc.PeerConnection, script []byte) {
	for kind, data := range steps(script) {
		switch kind {
		case Raw:
			_ = s.Send(peer, data)
		case Record:
			if len(data) > 0 {
				_ = s.SendRecord(peer, protocol.ContentType(data[0]), data[1:])
			}
		case RTP:
			sendRTP(peer, data)
		case RTCP:
			_ = SendRTCP(peer, data)
		case Check:
			s.sendCheck(peer, data)
		}
	}
}

func sendRTP(peer *webrtc.PeerConnection, data []byte) {
	if len(data) < 4 || len(data) < 4+int(data[3]) {
		return
	}
	header := rtp.Header{
		Version: 2, Marker: data[0]&0x80 != 0, PayloadType: data[0] & 0x7f, SSRC: uint32(data[1]), SequenceNumber: uint16(data[2]) << 8,
	}
	if extension := data[4 : 4+int(data[3])]; len(extension) > 0 {
		header.Extension, header.ExtensionProfile = true, 0x9999
		if header.SetExtension(0, append(extension, make([]byte, (4-len(extension)%4)%4)...)) != nil {
			return
		}
		header.ExtensionProfile = []uint16{0xbede, 0x1000, 0x9999}[data[2]%3]
	}
	_ = SendRTP(peer, &header, data[4+int(data[3]):])
}

func (s *Socket) sendCheck(peer *webrtc.PeerConnection, data []byte) {
	local, remote := credentials(peer.LocalDescription()), credentials(peer.RemoteDescription())
	if len(data) < 2 {
		return
	}
	message := stun.New()
	message.Type.ReadValue(binary.BigEndian.Uint16(data) & 0x3fff)
	message.TransactionID = stun.NewTransactionID()
	message.WriteHeader()
	message.Add(stun.AttrUsername, []byte(remote[0]+":"+local[0]))
	for rest := data[2:]; len(rest) >= 3; {
		size := min(int(rest[2]), len(rest)-3)
		message.Add(stun.AttrType(binary.BigEndian.Uint16(rest)), rest[3:3+size])
		rest = rest[3+size:]
	}
	if stun.NewShortTermIntegrity(remote[1]).AddTo(message) == nil && stun.Fingerprint.AddTo(message) == nil {
		_ = s.Send(peer, message.Raw)
	}
}

// credentials are the ICE user fragment and password of a description.
func credentials(description *webrtc.SessionDescription) (pair [2]string) {
	if description == nil {
		return pair
	}
	parsed, err := description.Unmarshal()
	if err != nil {
		return pair
	}
	for _, section := range parsed.MediaDescriptions {
		for i, name := range []string{"ice-ufrag", "ice-pwd"} {
			if value, found := section.Attribute(name); found {
				pair[i] = value
			}
		}
	}
	return pair
}

// Seeds are scripts to begin with: what connections say to each other, and what has ended a process before.
func Seeds() [][]byte {
	record := func(kind byte, epoch byte, content ...byte) []byte {
		return append([]byte{kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 9, byte(len(content) >> 8), byte(len(content))}, content...)
	}
	hello := append([]byte{1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, 254, 253}, make([]byte, 40)...)
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("a:b"), stun.NewShortTermIntegrity("c"), stun.Fingerprint)
	overrun := []byte{0x90, 111, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 0, 0, 0, 0x1f}
	return [][]byte{
		Step(Raw, overrun...),
		Step(Raw, record(22, 0, hello...)...),
		Step(Raw, append(record(22, 0, hello...), record(20, 0, 1)...)...),
		Step(Raw, record(25, 1, make([]byte, 28)...)...),
		Step(Raw, record(21, 0, 1, 0)...),
		Step(Raw, request.Raw...),
		Step(Raw, 0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		Step(Record, append([]byte{22}, hello...)...),
		Step(Record, 21, 1, 90),
		Step(Record, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		Step(Record, append([]byte{22}, EmptyFragment(0)...)...),
		Step(Raw, record(22, 0, EmptyFragment(0)...)...),
		Step(Record, 23, 0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 8, 0, 12, 0, 0),
		Step(Record, 25, 0, 0, 0, 0),
		Step(RTP, 96, 1, 0, 4, 0, 0, 0, 0x1f, 1, 2, 3),
		Step(RTP, 63, 2, 1, 0, 0xef, 0, 4, 1, 111, 1, 2),
		Step(RTP, 111, 3, 2, 4, 0x10, 0xff, 0x30, 0, 0xfc),
		Step(RTCP, 0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0),
		Step(RTCP, 0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		Step(RTCP, 0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 0, 0, 0x20, 1, 0, 0),
		Step(RTCP, 0x81, 202, 0, 3, 0, 0, 0, 1, 1, 4, 'n', 'a', 'm', 'e', 0, 0),
		Step(RTCP, 0x81, 207, 0, 2, 0, 0, 0, 1, 4, 0, 0, 0),
		Step(Check, 0, 1, 0, 0x24, 4, 0x6e, 0, 1, 0xff),
		Step(Check, 1, 1, 0, 0x20, 8, 0, 1, 0x21, 0x12, 0x21, 0x12, 0xa4, 0x42),
		Step(Check, 0, 0x11),
		slices.Concat(Step(Raw, overrun...), Step(Record, 25, 0, 0, 0, 0), Step(RTCP, 0x84, 206, 0, 3)),
	}
}
