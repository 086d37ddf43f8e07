package sfu

import (
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func vp8() webrtc.RTPCodecParameters { return video(webrtc.MimeTypeVP8, "", 96) }

// vp8Frame makes the only packet of a frame, with a long picture id.
func vp8Frame(keyframe bool, picture uint16, content string) []byte {
	header := byte(1) // not a key frame
	if keyframe {
		header = 0
	}
	return append([]byte{0x90, 0x80, 0x80 | byte(picture>>8), byte(picture), header}, content...)
}

func (l *localTrack) sendVideo(t *testing.T, payload []byte) {
	t.Helper()
	header := l.next
	header.Marker = true
	if err := l.WriteRTP(&rtp.Packet{Header: header, Payload: payload}); err != nil {
		t.Fatal(err)
	}
	l.next.SequenceNumber++
	l.next.Timestamp += 3000
}

func (c *testClient) subscribe(from *testClient, kind models.TrackType, height uint32) {
	c.t.Helper()
	response := &signal.UpdateSubscriptionsResponse{}
	c.rpc("UpdateSubscriptions", &signal.UpdateSubscriptionsRequest{
		SessionId: c.sessionID,
		Tracks: []*signal.TrackSubscriptionDetails{{
			UserId: from.userID, SessionId: from.sessionID, TrackType: kind,
			Dimension: &models.VideoDimension{Width: height * 16 / 9, Height: height},
		}},
	}, response)
	if response.GetError() != nil {
		c.t.Fatalf("%s: subscribe: %v", c.userID, response.GetError())
	}
}

// awaitControl waits for an RTCP packet that the SFU sends for a track.
func (l *localTrack) awaitControl(t *testing.T, what string, wanted func(rtcp.Packet) bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(testDeadline)
	for seen := 0; ; {
		l.mu.Lock()
		for ; seen < len(l.rtcp); seen++ {
			if wanted(l.rtcp[seen]) {
				l.rtcp = l.rtcp[seen+1:]
				l.mu.Unlock()
				return
			}
		}
		l.mu.Unlock()
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("no %s came", what)
		}
	}
}

func isPLI(p rtcp.Packet) bool { _, ok := p.(*rtcp.PictureLossIndication); return ok }

func nackOf(sequence uint16) func(rtcp.Packet) bool {
	return func(p rtcp.Packet) bool {
		nack, ok := p.(*rtcp.TransportLayerNack)
		if !ok {
			return false
		}
		for _, pair := range nack.Nacks {
			for _, lost := range pair.PacketList() {
				if lost == sequence {
					return true
				}
			}
		}
		return false
	}
}

// startVideo lets alice publish a video that bob subscribes to, up to its first keyframe.
func startVideo(t *testing.T, alice, bob *testClient) (*localTrack, string) {
	t.Helper()
	track := alice.newTrack(videoTrack, vp8())
	alice.publish(track)
	go track.readControl()
	track.sendVideo(t, vp8Frame(true, 100, "nobody listens yet"))
	bob.subscribe(alice, videoTrack, 360)
	track.awaitControl(t, "PLI for the new subscriber", isPLI)
	track.sendVideo(t, vp8Frame(true, 101, "frame 0"))
	stream := alice.streamOf(videoTrack)
	bob.eventually("the keyframe", func() bool { return bob.tracks[stream] != nil && len(bob.tracks[stream].packets) > 0 })
	return track, stream
}

func Test_Video_begins_with_a_keyframe_that_the_SFU_asks_for(t *testing.T) {
	s := startServer(t)
	alice, bob, carol := newClient(t, s, "alice"), newClient(t, s, "bob"), newClient(t, s, "carol")
	track, stream := startVideo(t, alice, bob)
	for i := 1; i < 10; i++ {
		track.sendVideo(t, vp8Frame(false, uint16(101+i), fmt.Sprintf("frame %d", i)))
	}
	bob.eventually("all frames", func() bool { return len(bob.tracks[stream].packets) == 10 })
	for i, packet := range bob.received(stream) {
		if string(packet.Payload) != string(vp8Frame(i == 0, uint16(101+i), fmt.Sprintf("frame %d", i))) || !packet.Marker {
			t.Errorf("packet %d is %v", i, packet)
		}
	}
	if len(carol.received(stream)) != 0 {
		t.Error("carol gets video she did not subscribe to")
	}
}

func Test_A_packet_lost_on_the_way_to_the_SFU_is_asked_for_and_forwarded(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track, stream := startVideo(t, alice, bob)

	lost := track.next
	lost.Marker = true
	track.next.SequenceNumber++
	track.next.Timestamp += 3000
	track.sendVideo(t, vp8Frame(false, 103, "after the gap"))
	track.awaitControl(t, "NACK", nackOf(lost.SequenceNumber))
	if err := track.WriteRTP(&rtp.Packet{Header: lost, Payload: vp8Frame(false, 102, "in the gap")}); err != nil {
		t.Fatal(err)
	}
	bob.eventually("the lost packet", func() bool { return len(bob.tracks[stream].packets) == 3 })
	got := bob.received(stream)
	if got[2].SequenceNumber != got[0].SequenceNumber+1 || got[1].SequenceNumber != got[0].SequenceNumber+2 {
		t.Errorf("numbers are %d, %d, %d", got[0].SequenceNumber, got[1].SequenceNumber, got[2].SequenceNumber)
	}
}

func Test_A_packet_lost_on_the_way_to_a_subscriber_is_sent_again(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track, stream := startVideo(t, alice, bob)
	for i := 1; i < 20; i++ {
		track.sendVideo(t, vp8Frame(false, uint16(101+i), fmt.Sprintf("frame %d", i)))
	}
	bob.eventually("all frames", func() bool { return len(bob.tracks[stream].packets) == 20 })
	original := bob.received(stream)[7]
	nack := &rtcp.TransportLayerNack{MediaSSRC: original.SSRC, Nacks: rtcp.NackPairsFromSequenceNumbers([]uint16{original.SequenceNumber})}
	if err := bob.subscriberPeer().WriteRTCP([]rtcp.Packet{nack}); err != nil {
		t.Fatal(err)
	}
	bob.eventually("the retransmission", func() bool { return len(bob.tracks[stream].packets) == 21 })
	again := bob.received(stream)[20]
	if again.SequenceNumber != original.SequenceNumber || again.Timestamp != original.Timestamp || string(again.Payload) != string(original.Payload) {
		t.Errorf("sent again: %v, not %v", again, original)
	}
}

func Test_Keyframe_requests_of_subscribers_are_relayed_but_not_each_of_them(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track, stream := startVideo(t, alice, bob)
	ssrc := bob.received(stream)[0].SSRC
	began := time.Now()
	for range 50 {
		if err := bob.subscriberPeer().WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}); err != nil {
			t.Fatal(err)
		}
	}
	track.awaitControl(t, "PLI for all of them, put off after the one before", isPLI)
	if err := bob.subscriberPeer().WriteRTCP([]rtcp.Packet{&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: 1}}, MediaSSRC: ssrc}}); err != nil {
		t.Fatal(err)
	}
	track.awaitControl(t, "PLI for a full intra request", isPLI)
	if elapsed := time.Since(began); elapsed < keyframeInterval {
		t.Errorf("both went out within %v", elapsed)
	}
	track.mu.Lock()
	defer track.mu.Unlock()
	for _, p := range track.rtcp {
		if isPLI(p) {
			t.Error("more requests than needed")
		}
	}
}

func Test_Reports_flow_in_both_directions(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track, stream := startVideo(t, alice, bob)
	track.awaitControl(t, "receiver report", func(p rtcp.Packet) bool {
		report, ok := p.(*rtcp.ReceiverReport)
		return ok && len(report.Reports) == 1 && report.Reports[0].TotalLost == 0 &&
			uint16(report.Reports[0].LastSequenceNumber) == track.next.SequenceNumber-1
	})
	reports := make(chan *rtcp.SenderReport, 1)
	go func() {
		for _, receiver := range bob.subscriberPeer().GetReceivers() {
			for {
				packets, _, err := receiver.ReadRTCP()
				if err != nil {
					return
				}
				for _, p := range packets {
					if report, ok := p.(*rtcp.SenderReport); ok {
						select {
						case reports <- report:
						default:
						}
					}
				}
			}
		}
	}()
	select {
	case report := <-reports:
		if report.SSRC != bob.received(stream)[0].SSRC || report.PacketCount != 1 || report.NTPTime == 0 {
			t.Errorf("sender report is %v", report)
		}
	case <-time.After(testDeadline):
		t.Fatal("no sender report came")
	}
}

func Test_A_subscriber_gets_the_layer_that_fits_its_size_and_changes_at_a_keyframe(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	camera := alice.newSimulcast()
	alice.publish(camera.tracks[0])
	go camera.tracks[0].readControl()

	bob.subscribe(alice, videoTrack, 180) // fits the lowest
	stream := alice.streamOf(videoTrack)
	sequence := 0
	send := func(keyframes bool, until func() bool) {
		t.Helper()
		for began := time.Now(); !until(); sequence++ {
			if time.Since(began) > testDeadline {
				t.Fatalf("nothing changed within %v; got %d packets", testDeadline, bob.count(stream))
			}
			camera.sendAll(t, keyframes, sequence)
			bob.pause()
		}
	}
	send(true, func() bool { return bob.count(stream) > 0 })
	if got := bob.received(stream); !strings.HasPrefix(string(got[0].Payload[5:]), "q") {
		t.Errorf("began with %q", got[0].Payload[5:])
	}
	if layers := alice.track(s, videoTrack).layerList(); len(layers) != 3 {
		t.Fatalf("%d layers", len(layers))
	}

	// Packets of one connection are handled in their order: with the next q frame, all former f frames are done with.
	had := bob.count(stream)
	send(false, func() bool { return bob.count(stream) > had+2 })
	bob.subscribe(alice, videoTrack, 720)
	had = bob.count(stream)
	send(false, func() bool { return bob.count(stream) > had+5 })
	if !strings.HasPrefix(bob.lastContent(stream), "q") {
		t.Errorf("changed without a keyframe to %q", bob.lastContent(stream))
	}
	send(true, func() bool { return strings.HasPrefix(bob.lastContent(stream), "f") })
	checkContinuous(t, bob.received(stream))
}

// checkContinuous verifies that numbers and picture ids rise by one over changes of layer, and that time moves on.
func checkContinuous(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		before, after := packets[i-1], packets[i]
		if after.SequenceNumber != before.SequenceNumber+1 {
			t.Errorf("packet %d: number %d follows %d", i, after.SequenceNumber, before.SequenceNumber)
		}
		if int32(after.Timestamp-before.Timestamp) <= 0 {
			t.Errorf("packet %d: time %d follows %d", i, after.Timestamp, before.Timestamp)
		}
		was, _ := parseVP8(before.Payload)
		is, _ := parseVP8(after.Payload)
		if is.picture != (was.picture+1)&0x7fff {
			t.Errorf("packet %d: picture %d follows %d", i, is.picture, was.picture)
		}
	}
}

func Test_Tracks_come_and_go_with_a_client_that_cannot_bring_sections_back(t *testing.T) {
	s := startServer(t)
	bob := newClient(t, s, "bob", cannotBringBack)
	for round := range 5 {
		name := fmt.Sprintf("guest-%d", round)
		guest := newClient(t, s, name)
		track := guest.newTrack(audioTrack, opus())
		guest.publish(track)
		stream := guest.streamOf(audioTrack)
		track.sendAudio(t, []byte(name))
		bob.eventually(name+" is heard", func() bool { return bob.tracks[stream] != nil && len(bob.tracks[stream].packets) == 1 })
		guest.closeWith(1000)
		await(bob, name+" left", left(name))
		if round == 0 {
			bob.eventually("the section is given up", func() bool {
				return strings.Contains(bob.offers[len(bob.offers)-1].GetSdp(), "a=inactive") && bob.subscriber.SignalingState() == webrtc.SignalingStateStable
			})
		}
	}
	bob.mu.Lock()
	defer bob.mu.Unlock()
	// The client answers "inactive" to the section that comes back first. From then on one other section passes from
	// track to track.
	if sections := strings.Count(bob.offers[len(bob.offers)-1].GetSdp(), "m=audio"); sections != 2 {
		t.Errorf("%d sections", sections)
	}
	ids := map[uint32]bool{}
	for _, offer := range bob.offers {
		if ids[offer.GetNegotiationId()] {
			t.Errorf("negotiation id %d twice", offer.GetNegotiationId())
		}
		ids[offer.GetNegotiationId()] = true
	}
}

func Test_There_is_one_offer_at_a_time_and_changes_meanwhile_go_into_the_next(t *testing.T) {
	s := startServer(t)
	bob := newClient(t, s, "bob")
	bob.update(func() { bob.holdAnswer = true })
	var guests []*testClient
	for i := range 3 {
		guest := newClient(t, s, fmt.Sprintf("guest-%d", i))
		guest.publish(guest.newTrack(audioTrack, opus()))
		guests = append(guests, guest)
		bob.eventually("the first offer", func() bool { return len(bob.offers) > 0 })
	}
	bob.mu.Lock()
	first := bob.offers[0]
	if len(bob.offers) != 1 || strings.Count(first.GetSdp(), "m=audio") != 1 {
		t.Errorf("%d offers", len(bob.offers))
	}
	bob.mu.Unlock()
	stale := &signal.SendAnswerResponse{}
	bob.rpc("SendAnswer", &signal.SendAnswerRequest{SessionId: bob.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER,
		Sdp: first.GetSdp(), NegotiationId: first.GetNegotiationId() + 7}, stale)
	if stale.GetError().GetCode() != codeInvalid {
		t.Errorf("an answer to another offer: %v", stale)
	}
	bob.update(func() { bob.holdAnswer = false })
	bob.answer(first)
	bob.eventually("the second offer", func() bool { return len(bob.offers) == 2 })
	bob.mu.Lock()
	second := bob.offers[1].GetSdp()
	bob.mu.Unlock()
	if strings.Count(second, "m=audio") != 3 {
		t.Errorf("second offer has %d sections", strings.Count(second, "m=audio"))
	}
	for _, guest := range guests {
		if !strings.Contains(second, guest.streamOf(audioTrack)+" ") {
			t.Errorf("%s is not in the second offer", guest.userID)
		}
	}
}

func Test_Audio_goes_on_through_a_fast_reconnect(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	track.sendAudio(t, []byte("packet 0"))
	stream := alice.streamOf(audioTrack)
	bob.eventually("the first packet", func() bool { return bob.count2(stream) == 1 })

	_ = bob.conn.Close()
	again := newClient(t, s, "bob", withStrategy(fast, ""), takingOver(bob))
	for i := 1; i < 30; i++ { // some of them while ICE restarts
		track.sendAudio(t, []byte(fmt.Sprintf("packet %d", i)))
	}
	again.eventually("a restart offer", func() bool { return len(again.offers) > 0 && again.offers[0].GetIceRestart() })
	bob.eventually("all packets on the old track", func() bool { return len(bob.distinct(stream)) == 30 })
	bob.mu.Lock()
	defer bob.mu.Unlock()
	for i, packet := range bob.distinct(stream) {
		checkPacket(t, i, packet)
	}
}

// distinct answers what was received in order of numbers, each packet once. Callers hold c.mu.
func (c *testClient) distinct(streamID string) []*rtp.Packet {
	var packets []*rtp.Packet
	seen := map[uint16]bool{}
	if track := c.tracks[streamID]; track != nil {
		for _, packet := range track.packets {
			if !seen[packet.SequenceNumber] {
				seen[packet.SequenceNumber] = true
				packets = append(packets, packet)
			}
		}
	}
	sort.Slice(packets, func(i, j int) bool { return int16(packets[i].SequenceNumber-packets[j].SequenceNumber) < 0 })
	return packets
}

func Test_A_section_that_was_idle_in_two_offers_carries_a_track_again(t *testing.T) {
	s := startServer(t)
	bob := newClient(t, s, "bob")
	hear := func(name string) *testClient {
		guest := newClient(t, s, name)
		track := guest.newTrack(audioTrack, opus())
		guest.publish(track)
		track.sendAudio(t, []byte(name))
		stream := guest.streamOf(audioTrack)
		bob.eventually(name+" is heard", func() bool { return bob.count2(stream) == 1 })
		return guest
	}
	idleOffers := func() (count int) {
		for _, offer := range bob.offers {
			if strings.Contains(offer.GetSdp(), "a=inactive") {
				count++
			}
		}
		return count
	}
	hear("first").closeWith(1000)
	for offers := 1; offers <= 2; offers++ {
		bob.eventually("an offer with an idle section", func() bool {
			return idleOffers() >= offers && bob.subscriber.SignalingState() == webrtc.SignalingStateStable
		})
		if offers == 1 {
			s.session(bob.sessionID).subscriber.restartICE()
		}
	}
	hear("second")
	bob.mu.Lock()
	defer bob.mu.Unlock()
	if sections := strings.Count(bob.offers[len(bob.offers)-1].GetSdp(), "m=audio"); sections != 1 {
		t.Errorf("%d sections", sections)
	}
}
