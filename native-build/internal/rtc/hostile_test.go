package rtc

import (
	"errors"
	"testing"
	"time"

	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/description"
	"streamgateway/native/internal/hostile"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
)

// hostileSFU is the other side of one peer connection of a session, and can send anything.
type hostileSFU struct {
	socket *hostile.Socket
	peer   *webrtc.PeerConnection
	// ping sends something that is answered by a value in came, once the session's side has it.
	ping func() error
	came chan struct{}

	subscriber *subscriber // the session's side, where it is one
}

func newHostileSFU(t testing.TB) *hostileSFU {
	t.Helper()
	socket, err := hostile.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	codecs := new(webrtc.MediaEngine)
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	peer, err := socket.API(codecs).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	return &hostileSFU{socket: socket, peer: peer, came: make(chan struct{}, 1)}
}

func (h *hostileSFU) hasCome() {
	select {
	case h.came <- struct{}{}:
	default:
	}
}

// isHeard waits until something gets through: what was sent before has been taken apart then.
func (h *hostileSFU) isHeard(t testing.TB) {
	t.Helper()
	select {
	case <-h.came: // of an earlier turn
	default:
	}
	deadline, again := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for {
		err := h.ping() // fails until both sides are up
		select {
		case <-h.came:
			return
		case <-again.C:
		case <-deadline:
			t.Fatal("nothing gets through", err)
		}
	}
}

// described makes a description of the hostile side with all its candidates.
func (h *hostileSFU) described(t testing.TB, make func() (webrtc.SessionDescription, error)) string {
	t.Helper()
	made, err := make()
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(h.peer)
	if err := h.peer.SetLocalDescription(made); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return h.peer.LocalDescription().SDP
}

// settle gives the hostile side what the session's side says.
func (h *hostileSFU) settle(t testing.TB, p *peer, kind webrtc.SDPType) {
	t.Helper()
	if err := p.awaitGathered(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := h.peer.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: p.describe()}); err != nil {
		t.Fatal(err)
	}
}

// hostileToSubscriber connects with a subscriber: there the SFU offers and sends media.
func hostileToSubscriber(t testing.TB) *hostileSFU {
	h := newHostileSFU(t)
	subscriber, err := newSubscriber(joinAs(t, startEngine(t), coordinatorWith(t, startServer(t), nil), "alice").conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(subscriber.close)
	h.subscriber = subscriber
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "id", "of nobody")
	if err != nil {
		t.Fatal(err)
	}
	sender, err := h.peer.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	if err := subscriber.setRemote(webrtc.SDPTypeOffer, h.described(t, func() (webrtc.SessionDescription, error) { return h.peer.CreateOffer(nil) })); err != nil {
		t.Fatal(err)
	}
	answer, err := subscriber.pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := subscriber.pc.SetLocalDescription(answer); err != nil {
		t.Fatal(err)
	}
	h.settle(t, subscriber.peer, webrtc.SDPTypeAnswer)
	if err := subscriber.up.wait(within(t)); err != nil {
		t.Fatal(err)
	}
	packet := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: []byte{0xf8, 0xff, 0xfe}}
	h.ping = func() error {
		packet.SequenceNumber++
		subscriber.tap.Attach(uint32(sender.GetParameters().Encodings[0].SSRC), func([]byte) { h.hasCome() })
		return track.WriteRTP(packet)
	}
	h.isHeard(t)
	return h
}

// hostileToPublisher connects with a publisher: there the session offers, and the SFU sends nothing but reports.
func hostileToPublisher(t testing.TB) *hostileSFU {
	h := newHostileSFU(t)
	publisher, err := newPublisher(joinAs(t, startEngine(t), coordinatorWith(t, startServer(t), nil), "alice").conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(publisher.close)
	track := newLocalTrack(sfuTrackType(rtcproto.TrackType_TRACK_TYPE_AUDIO), media.Track{}, "id", "stream", 0)
	track.sequence = 65000 // as after another connection
	told := h.hasCome
	track.onKeyframeRequest.Store(&told)
	if _, err := publisher.senderOf(track); err != nil {
		t.Fatal(err)
	}
	offer, err := publisher.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	h.settle(t, publisher.peer, webrtc.SDPTypeOffer)
	if err := publisher.setRemote(webrtc.SDPTypeAnswer, h.described(t, func() (webrtc.SessionDescription, error) { return h.peer.CreateAnswer(nil) })); err != nil {
		t.Fatal(err)
	}
	if err := publisher.up.wait(within(t)); err != nil {
		t.Fatal(err)
	}
	if track.sequence >= 1<<15 {
		t.Errorf("the first number is %d", track.sequence)
	}
	h.ping = func() error {
		return h.peer.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: track.ssrc}})
	}
	h.isHeard(t)
	return h
}

var peersOfASession = map[string]func(testing.TB) *hostileSFU{"subscriber": hostileToSubscriber, "publisher": hostileToPublisher}

func TestNothingThatAnSFUSendsEndsTheProcess(t *testing.T) {
	for kind, connect := range peersOfASession {
		t.Run(kind, func(t *testing.T) {
			h := connect(t)
			for name, send := range map[string]func() error{
				"RTP without a key whose extension runs over the end": func() error {
					return h.socket.Send(h.peer, []byte{0x90, 111, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 0, 0, 0, 0x1f})
				},
				"a full intra request of half an entry": func() error {
					return hostile.SendRTCP(h.peer, []byte{0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0})
				},
				"an SCTP abort with a cause of no length": func() error {
					return h.socket.SendRecord(h.peer, protocol.ContentTypeApplicationData,
						[]byte{0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 8, 0, 12, 0, 0})
				},
				"a message of no length with a fragment behind it": func() error {
					return hostile.SendEmptyFragments(h.socket, h.peer)
				},
				"a record with a connection id that nobody negotiated": func() error {
					return h.socket.SendRecord(h.peer, protocol.ContentTypeConnectionID, make([]byte, 4))
				},
			} {
				t.Run(name, func(t *testing.T) {
					for range 3 {
						if err := send(); err != nil {
							t.Fatal(err)
						}
					}
					h.isHeard(t)
				})
			}
		})
	}
}

func TestSectionsOfDataAreRefused(t *testing.T) {
	h := newHostileSFU(t)
	subscriber, err := newSubscriber(joinAs(t, startEngine(t), coordinatorWith(t, startServer(t), nil), "alice").conn)
	if err != nil {
		t.Fatal(err)
	}
	defer subscriber.close()
	if _, err := h.peer.CreateDataChannel("data", nil); err != nil {
		t.Fatal(err)
	}
	offer := h.described(t, func() (webrtc.SessionDescription, error) { return h.peer.CreateOffer(nil) })
	if err := subscriber.setRemote(webrtc.SDPTypeOffer, offer); !errors.Is(err, description.ErrUnsupported) {
		t.Errorf("taken, %v", err)
	}
}

// FuzzPacketsToSubscriber sends anything to a session over a connection that is up, with its keys and without. Media must get
// through afterwards.
func FuzzPacketsToSubscriber(f *testing.F) { fuzzPackets(f, hostileToSubscriber(f)) }

// FuzzPacketsToPublisher does so where the session sends, and its SFU reports.
func FuzzPacketsToPublisher(f *testing.F) { fuzzPackets(f, hostileToPublisher(f)) }

func fuzzPackets(f *testing.F, h *hostileSFU) {
	for _, script := range hostile.Seeds() {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		h.socket.Play(h.peer, script)
		h.isHeard(t)
	})
}

func TestAPacketThatComesTwiceIsTakenOnceAndALateOneStill(t *testing.T) {
	h := hostileToSubscriber(t)
	source := uint32(h.peer.GetSenders()[0].GetParameters().Encodings[0].SSRC)
	got := make(chan uint16, 10)
	h.subscriber.tap.Attach(source, func(packet []byte) {
		var header rtp.Header
		if _, err := header.Unmarshal(packet); err == nil {
			got <- header.SequenceNumber
		}
	})
	for _, number := range []uint16{2000, 2000, 1100, 1100, 2001} {
		header := rtp.Header{Version: 2, PayloadType: 111, SSRC: source, SequenceNumber: number}
		if err := hostile.SendRTP(h.peer, &header, []byte{0xf8, 0xff, 0xfe}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []uint16{2000, 1100, 2001} {
		select {
		case number := <-got:
			if number != want {
				t.Errorf("%d came, not %d", number, want)
			}
		case <-time.After(patience):
			t.Fatalf("%d did not come", want)
		}
	}
}
