package sfu

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/nettest"
	"streamgateway/native/internal/red"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// registerBrowser adds what browsers take beyond registerAll.
func registerBrowser(codecs *webrtc.MediaEngine) {
	_ = codecs.RegisterCodec(redundantOpus(), webrtc.RTPCodecTypeAudio)
	_ = codecs.RegisterCodec(repairCodec(vp8(), 97), webrtc.RTPCodecTypeVideo)
	_ = codecs.RegisterCodec(vp9(), webrtc.RTPCodecTypeVideo)
	_ = codecs.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: transportURI}, webrtc.RTPCodecTypeVideo)
	registerAll(codecs)
}

// likeBrowser lets a client report arrivals, take retransmissions on a stream of their own and redundant audio.
func likeBrowser(t *testing.T) clientOption {
	t.Helper()
	reports, err := report.NewReceiverInterceptor()
	if err != nil {
		t.Fatal(err)
	}
	return func(c *testClient, q *event.JoinRequest, _ map[string]any) {
		c.api = peerAPI(registerBrowser, reports)
		c.reportArrivals()
		q.Capabilities = []models.ClientCapability{models.ClientCapability_CLIENT_CAPABILITY_SUBSCRIBER_VIDEO_PAUSE}
		q.SubscriberSdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n" +
			"a=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n"
	}
}

// reportArrivals sends feedback until the test ends.
func (c *testClient) reportArrivals() {
	c.arrivals = &arrivals{}
	done, ended := make(chan struct{}), make(chan struct{})
	c.t.Cleanup(func() {
		close(done)
		<-ended
	})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if feedback := c.arrivals.feedback(); len(feedback) > 0 {
					_ = c.subscriberPeer().WriteRTCP(feedback) // the connection may be closed by now
				}
			case <-done:
				return
			}
		}
	}()
}

// play sends frames of all layers, some 100, 300 and 900 kbit/s, with a keyframe each half second, until the test ends.
func (s *simulcast) play(t *testing.T) {
	t.Helper()
	sizes := []int{500, 1500, 4500}
	done, ended := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() {
		close(done)
		<-ended
	})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(40 * time.Millisecond)
		defer ticker.Stop()
		for frame := 0; ; frame++ {
			for i := range s.tracks {
				s.sendLarge(i, frame%12 == 0, frame, sizes[i])
			}
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	}()
}

// sendLarge sends a frame of several packets.
func (s *simulcast) sendLarge(i int, keyframe bool, frame, size int) {
	track := s.tracks[i]
	rest := vp8Frame(keyframe, uint16(5000*i+frame), rids[i]+strings.Repeat(".", size))
	for first := true; len(rest) > 0; first = false {
		packet := rest[:min(len(rest), 1100)]
		rest = rest[len(packet):]
		if !first {
			packet = append([]byte{0x80, 0x80, 0x80 | byte((5000*i+frame)>>8), byte(5000*i + frame)}, packet...)
		}
		header := track.next
		header.Marker = len(rest) == 0
		s.identify(&header, i)
		_ = track.WriteRTP(&rtp.Packet{Header: header, Payload: packet}) // the connection may be closed by now
		track.next.SequenceNumber++
	}
	track.next.Timestamp += 3600
}

// layerOf answers the rid of the latest beginning of a frame. Callers hold c.mu.
func (c *testClient) layerOf(stream string) string {
	if track := c.tracks[stream]; track != nil {
		for i := len(track.packets) - 1; i >= 0; i-- {
			if d, ok := parseVP8(track.packets[i].Payload); ok && d.start && len(track.packets[i].Payload) > 5 {
				return string(track.packets[i].Payload[5:6])
			}
		}
	}
	return ""
}

func Test_A_narrow_way_gets_a_lower_layer_and_the_upper_one_again_when_it_widens(t *testing.T) {
	s, relay := startBehindRelay(t, func(o *Options) { o.trialPatience = time.Second })
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob", likeBrowser(t))
	camera := alice.newSimulcast()
	alice.publish(camera.tracks[0])
	camera.play(t)
	stream := alice.streamOf(videoTrack)
	bob.subscribe(alice, videoTrack, 720)
	bob.eventually("the upper layer", func() bool { return bob.layerOf(stream) == "f" })

	relay.SetDownlink(nettest.Path{Rate: 600_000, Delay: 10 * time.Millisecond})
	bob.eventually("a lower layer on the narrow way", func() bool {
		layer := bob.layerOf(stream)
		return layer == "h" || layer == "q"
	})
	relay.SetDownlink(nettest.Path{})
	bob.eventually("the upper layer on the wide way", func() bool { return bob.layerOf(stream) == "f" })
}

func Test_What_does_not_fit_at_all_is_paused_and_the_client_told(t *testing.T) {
	s, relay := startBehindRelay(t, func(o *Options) { o.trialPatience = time.Second })
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob", likeBrowser(t))
	camera := alice.newSimulcast()
	alice.publish(camera.tracks[0])
	camera.play(t)
	stream := alice.streamOf(videoTrack)
	bob.subscribe(alice, videoTrack, 180)
	bob.eventually("the lowest layer", func() bool { return bob.layerOf(stream) == "q" })

	relay.SetDownlink(nettest.Path{Rate: 60_000})
	paused := func(is bool) func(*event.SfuEvent) *event.InboundVideoState {
		return func(e *event.SfuEvent) *event.InboundVideoState {
			for _, state := range e.GetInboundStateNotification().GetInboundVideoStates() {
				if state.GetPaused() == is && state.GetSessionId() == alice.sessionID && state.GetTrackType() == videoTrack {
					return state
				}
			}
			return nil
		}
	}
	await(bob, "the pause", paused(true))
	relay.SetDownlink(nettest.Path{})
	await(bob, "the end of the pause", paused(false))
	had := bob.count(stream)
	bob.eventually("more video", func() bool { return bob.count2(stream) > had+10 })
}

func Test_A_publisher_is_told_to_save_the_layers_that_nobody_wants(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	camera := alice.newSimulcast()
	camera.tracks[0].info.PublishOptionId = 2
	alice.publish(camera.tracks[0])
	camera.play(t)
	active := func(wanted string) func(*event.SfuEvent) *event.VideoSender {
		return func(e *event.SfuEvent) *event.VideoSender {
			for _, sender := range e.GetChangePublishQuality().GetVideoSenders() {
				names := ""
				for _, layer := range sender.GetLayers() {
					if layer.GetActive() {
						names += layer.GetName()
					}
				}
				if names == wanted {
					return sender
				}
			}
			return nil
		}
	}
	bob.subscribe(alice, videoTrack, 180)
	sender := await(alice, "only the lowest layer is wanted", active("q"))
	if sender.GetTrackType() != videoTrack || sender.GetPublishOptionId() != 2 || len(sender.GetLayers()) != 3 || sender.GetCodec().GetName() != "VP8" {
		t.Errorf("sender is %v", sender)
	}
	alice.forget()
	began := time.Now()
	bob.subscribe(alice, videoTrack, 360)
	await(alice, "the middle layer is wanted too", active("qh"))
	if waited := time.Since(began); waited > layerIdle {
		t.Errorf("it took %v to ask for a layer", waited)
	}
}

func Test_Retransmissions_have_a_stream_of_their_own_for_clients_that_know_it(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob", likeBrowser(t))
	track, stream := startVideo(t, alice, bob)
	for i := 1; i < 20; i++ {
		track.sendVideo(t, vp8Frame(false, uint16(101+i), fmt.Sprintf("frame %d", i)))
	}
	bob.eventually("all frames", func() bool { return len(bob.tracks[stream].packets) == 20 })
	original := bob.received(stream)[7]
	bob.mu.Lock()
	offer := bob.offers[len(bob.offers)-1].GetSdp()
	bob.mu.Unlock()
	_, group, _ := strings.Cut(offer, fmt.Sprintf("a=ssrc-group:FID %d ", original.SSRC))
	number, _, _ := strings.Cut(group, "\r\n")
	repairSSRC, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		t.Errorf("the offer does not name the stream:\n%s", offer)
	}

	// The library of the client drops what comes on the second stream, so the writer is watched instead.
	d := alice.track(s, videoTrack).downList()[0]
	d.mu.Lock()
	watched := &watchedWriter{RTPWriter: d.writer}
	d.writer = watched
	for range 3 { // asked for again at once: once is enough
		d.resend(original.SequenceNumber, time.Now())
	}
	d.mu.Unlock()
	if len(watched.packets) != 1 {
		t.Fatalf("%d packets were sent", len(watched.packets))
	}
	again := watched.packets[0]
	if again.SSRC != uint32(repairSSRC) || again.PayloadType != 97 || again.Timestamp != original.Timestamp {
		t.Errorf("sent %v", again.Header)
	}
	if number := binary.BigEndian.Uint16(again.Payload); number != original.SequenceNumber || string(again.Payload[2:]) != string(original.Payload) {
		t.Errorf("it carries %d and %q", number, again.Payload[2:])
	}
}

func Test_Temporal_layers_above_the_chosen_one_are_left_out_without_a_gap(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track, stream := startVideo(t, alice, bob)
	frame := func(picture uint16, temporal byte, sync bool) []byte {
		last := temporal << 6
		if sync {
			last |= 0x20
		}
		return append([]byte{0x90, 0xe0, 0x80 | byte(picture>>8), byte(picture), byte(picture / 4), last, 1}, fmt.Sprint(temporal)...)
	}
	pattern := []byte{0, 2, 1, 2}
	send := func(from, count int) {
		for i := from; i < from+count; i++ {
			track.sendVideo(t, frame(uint16(102+i), pattern[i%4], i%4 == 1 || i%4 == 2))
		}
	}
	d := alice.track(s, videoTrack).downList()[0]
	set := func(temporal uint8) {
		d.mu.Lock()
		d.choice.temporal, d.temporal = temporal, temporal
		d.mu.Unlock()
	}
	l := onlyLayer(t, s, videoTrack)
	send(0, 16)
	bob.eventually("every frame", func() bool { return len(bob.tracks[stream].packets) == 17 })
	set(1)
	send(16, 16)
	awaitReceived(t, l, 34)
	bob.eventually("half of the frames", func() bool { return len(bob.tracks[stream].packets) == 17+8 })
	set(0)
	send(32, 16)
	awaitReceived(t, l, 50)
	bob.eventually("a quarter of the frames", func() bool { return len(bob.tracks[stream].packets) == 17+8+4 })
	checkContinuous(t, bob.received(stream))
	for i, packet := range bob.received(stream)[17:] {
		if temporal := packet.Payload[7] - '0'; i < 8 && temporal > 1 || i >= 8 && temporal > 0 {
			t.Errorf("frame %d of temporal layer %d", i, temporal)
		}
	}
}

func Test_Redundant_audio_goes_to_those_who_take_it_and_plain_audio_to_the_others(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice", likeBrowser(t))
	bob, carol := newClient(t, s, "bob", likeBrowser(t)), newClient(t, s, "carol")
	track := alice.newTrack(audioTrack, redundantOpus())
	track.info.Red, track.info.Codec = true, &models.Codec{Name: "opus"}
	alice.publish(track)
	if answer := alice.publisher.RemoteDescription().SDP; !strings.Contains(answer, "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n") {
		t.Errorf("the answer does not put redundant audio first:\n%s", answer)
	}
	const content = "an Opus packet"
	redundant := append([]byte{0x80 | 111, 960 >> 6, 960 << 2 & 0xff, 3, 111, 'o', 'l', 'd'}, content...)
	track.sendAudio(t, redundant)
	stream := alice.streamOf(audioTrack)
	for _, listener := range []struct {
		*testClient
		payloadType uint8
		payload     string
	}{{bob, redundantPayloadType, string(redundant)}, {carol, 111, content}} {
		listener.eventually("the packet", func() bool { return listener.count2(stream) > 0 })
		if got := listener.received(stream)[0]; got.PayloadType != listener.payloadType || string(got.Payload) != listener.payload {
			t.Errorf("%s got %v", listener.userID, got)
		}
	}
}

func vp9() webrtc.RTPCodecParameters { return video(webrtc.MimeTypeVP9, "profile-id=0", 98) }

func Test_Layers_within_one_stream_pass_as_a_whole(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice", likeBrowser(t)), newClient(t, s, "bob", likeBrowser(t))
	track := alice.newTrack(videoTrack, vp9())
	track.info.Layers = nil
	for i, rid := range rids {
		height := uint32(180) << i
		track.info.Layers = append(track.info.Layers, &models.VideoLayer{Rid: rid, VideoDimension: &models.VideoDimension{Width: 320 << i, Height: height}})
	}
	alice.publish(track)
	bob.subscribe(alice, videoTrack, 180)
	stream := alice.streamOf(videoTrack)
	go track.readControl()
	track.sendVideo(t, []byte{0xa8, 1, 0, 0, 'k'})
	track.awaitControl(t, "PLI for the new subscriber", isPLI)
	// With layer indices: temporal 0, spatial 0 to 2. The first is a keyframe, the others depend on it.
	sent := [][]byte{{0xa8, 2, 0x00, 0, 'q'}, {0xe8, 2, 0x03, 0, 'h'}, {0xec, 2, 0x05, 0, 'f'}}
	for _, payload := range sent {
		track.sendVideo(t, payload)
	}
	bob.eventually("all layers", func() bool { return bob.count2(stream) >= len(sent) })
	got := bob.received(stream)
	for i, payload := range sent {
		if packet := got[len(got)-len(sent)+i]; string(packet.Payload) != string(payload) {
			t.Errorf("layer %d is %v", i, packet.Payload)
		}
	}
	alice.mu.Lock()
	defer alice.mu.Unlock()
	for _, e := range alice.events {
		if e.GetChangePublishQuality() != nil {
			t.Error("the publisher is told to save layers that cannot be had one by one")
		}
	}
}

// watchedWriter keeps what is sent, and sends it.
type watchedWriter struct {
	interceptor.RTPWriter
	packets []*rtp.Packet
}

func (w *watchedWriter) Write(header *rtp.Header, payload []byte, attributes interceptor.Attributes) (int, error) {
	w.packets = append(w.packets, &rtp.Packet{Header: *header, Payload: append([]byte(nil), payload...)})
	return w.RTPWriter.Write(header, payload, attributes)
}

func Test_What_gets_lost_of_redundant_audio_is_taken_from_the_next_packet(t *testing.T) {
	s := startServer(t)
	alice := newClient(t, s, "alice", likeBrowser(t))
	bob, carol := newClient(t, s, "bob", likeBrowser(t)), newClient(t, s, "carol")
	track := alice.newTrack(audioTrack, redundantOpus())
	track.info.Red, track.info.Codec = true, &models.Codec{Name: "opus"}
	alice.publish(track)
	if answer := alice.publisher.RemoteDescription().SDP; !strings.Contains(answer, "a=rtcp-fb:111 nack\r\n") {
		t.Errorf("the answer does not ask for lost audio:\n%s", answer)
	}
	encoder, err := red.NewEncoder(111, 1, 1200)
	if err != nil {
		t.Fatal(err)
	}
	const count = 40
	for i := range count {
		payload := encoder.Encode(nil, track.next.Timestamp, fmt.Appendf(nil, "packet %d", i))
		if i%5 == 3 {
			track.next.SequenceNumber++ // it is lost
			track.next.Timestamp += 960
			continue
		}
		track.sendAudio(t, payload)
	}
	stream := alice.streamOf(audioTrack)
	carol.eventually("all packets", func() bool { return carol.count2(stream) >= count })
	for i, packet := range carol.received(stream) {
		checkPacket(t, i, packet)
	}
	bob.eventually("all packets", func() bool { return bob.count2(stream) >= count })
	for i, packet := range bob.received(stream) {
		lost := i%5 == 3
		if plain := packet.PayloadType == 111; plain != lost || packet.SequenceNumber != uint16(firstForwarded+i) {
			t.Errorf("packet %d: number %d, payload type %d", i, packet.SequenceNumber, packet.PayloadType)
		}
	}
}
