package sfu

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

const (
	testDeadline = 30 * time.Second
	testSecret   = "a secret of the tests"
	testCall     = "default:test"
)

func startServer(t testing.TB, change ...func(*Options)) *Server {
	t.Helper()
	options := Options{EdgeName: "local-1", TokenSecret: []byte(testSecret), Logger: failOnError(t)}
	for _, c := range change {
		c(&options)
	}
	s, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopWithin(s, false); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

func testClaims(userID string) map[string]any {
	return map[string]any{
		"user_id": userID, "call_cid": testCall, "role": "user", "name": strings.ToUpper(userID),
		"can_publish_audio": true, "can_publish_video": true, "can_screenshare": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
}

func signToken(claims map[string]any, secret string) string {
	encodePart := func(v any) string {
		raw, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	body := encodePart(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + encodePart(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// testClient is a participant as the tests need it: events in a list to wait on, RPC in either encoding, and peer
// connections that answer by themselves.
type testClient struct {
	t         testing.TB
	server    *Server
	userID    string
	sessionID string
	token     string
	json      bool
	response  *event.JoinResponse

	api       *webrtc.API // of both peer connections
	conn      *websocket.Conn
	writeMu   sync.Mutex
	publisher *webrtc.PeerConnection

	mu         sync.Mutex
	changed    chan struct{}
	events     []*event.SfuEvent
	readErr    error
	subscriber *webrtc.PeerConnection
	tracks     map[string]*remoteTrack
	holdAnswer bool
	quiet      bool // keeps no packets
	offers     []*event.SubscriberOffer
	arrivals   *arrivals // reported to the SFU; nil for not at all
}

// remoteTrack collects what arrives on one track.
type remoteTrack struct {
	remote  *webrtc.TrackRemote
	packets []*rtp.Packet
	times   []time.Time
}

type clientOption func(*testClient, *event.JoinRequest, map[string]any)

// newClient joins a call and fails the test if that does not work.
func newClient(t testing.TB, s *Server, userID string, options ...clientOption) *testClient {
	t.Helper()
	c, first := dial(t, s, userID, options...)
	c.response = first.GetJoinResponse()
	if c.response == nil {
		t.Fatalf("%s: first frame is %v, not a join response", userID, first)
	}
	return c
}

// dial joins and answers the first frame, whatever it is.
func dial(t testing.TB, s *Server, userID string, options ...clientOption) (*testClient, *event.SfuEvent) {
	t.Helper()
	c := &testClient{
		t: t, server: s, userID: userID, sessionID: "session-" + userID,
		changed: make(chan struct{}), tracks: map[string]*remoteTrack{}, api: peerAPI(registerAll),
	}
	claims := testClaims(userID)
	request := &event.JoinRequest{SessionId: c.sessionID}
	for _, option := range options {
		option(c, request, claims)
	}
	if request.Token == "" {
		request.Token = signToken(claims, testSecret)
	}
	c.token, c.sessionID = request.Token, request.SessionId
	return c, c.connect(request)
}

func (c *testClient) connect(request *event.JoinRequest) *event.SfuEvent {
	c.t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: testDeadline}
	conn, _, err := dialer.Dial(c.server.WSEndpoint()+"?attempt=0", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.conn = conn
	c.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_JoinRequest{JoinRequest: request}})
	first, err := c.readFrame()
	if err != nil {
		c.t.Fatalf("%s: no first frame: %v", c.userID, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read(conn)
	}()
	c.t.Cleanup(func() {
		_ = conn.Close()
		<-done
		c.closePeers()
	})
	return first
}

func (c *testClient) closePeers() {
	c.mu.Lock()
	subscriber := c.subscriber
	c.mu.Unlock()
	if subscriber != nil {
		_ = subscriber.Close()
	}
	if c.publisher != nil {
		_ = c.publisher.Close()
	}
}

func (c *testClient) write(request *event.SfuRequest) {
	frame, err := proto.Marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	_ = c.conn.WriteMessage(websocket.BinaryMessage, frame)
}

func (c *testClient) readFrame() (*event.SfuEvent, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(testDeadline))
	_, frame, err := c.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	e := &event.SfuEvent{}
	return e, proto.Unmarshal(frame, e)
}

func (c *testClient) read(conn *websocket.Conn) {
	_ = conn.SetReadDeadline(time.Time{})
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			c.update(func() { c.readErr = err })
			return
		}
		e := &event.SfuEvent{}
		if err := proto.Unmarshal(frame, e); err != nil {
			panic(err)
		}
		if offer := e.GetSubscriberOffer(); offer != nil {
			c.takeOffer(offer)
		}
		c.update(func() { c.events = append(c.events, e) })
	}
}

// update changes the client's state and wakes those who wait for it.
func (c *testClient) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

// eventually waits until a condition on the client's state holds.
func (c *testClient) eventually(what string, holds func() bool) {
	c.t.Helper()
	deadline := time.NewTimer(testDeadline)
	defer deadline.Stop()
	for {
		c.mu.Lock()
		ok, changed := holds(), c.changed
		c.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			c.mu.Lock()
			defer c.mu.Unlock()
			c.t.Fatalf("%s: %s did not happen; events: %v, read error: %v", c.userID, what, c.eventNames(), c.readErr)
		}
	}
}

// await waits for an event, old or new, that select accepts.
func await[E any](c *testClient, what string, selected func(*event.SfuEvent) *E) *E {
	c.t.Helper()
	var found *E
	c.eventually(what, func() bool {
		for _, e := range c.events {
			if found = selected(e); found != nil {
				return true
			}
		}
		return false
	})
	return found
}

// eventNames tells what came, without the contents. Callers hold c.mu.
func (c *testClient) eventNames() []string {
	var names []string
	for _, e := range c.events {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", e.GetEventPayload()), "*event.SfuEvent_"))
	}
	return names
}

// forget drops the events so far.
func (c *testClient) forget() {
	c.update(func() { c.events = nil })
}

func peerAPI(register func(*webrtc.MediaEngine), parts ...interceptor.Factory) *webrtc.API {
	codecs := &webrtc.MediaEngine{}
	register(codecs)
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.DisableSRTPReplayProtection(true)
	registry := &interceptor.Registry{}
	for _, part := range parts {
		registry.Add(part)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(registry))
}

func registerAll(codecs *webrtc.MediaEngine) {
	_ = codecs.RegisterCodec(opus(), webrtc.RTPCodecTypeAudio)
	_ = codecs.RegisterCodec(video(webrtc.MimeTypeVP8, "", 96), webrtc.RTPCodecTypeVideo)
	_ = codecs.RegisterCodec(h264("42e01f", "1", 125), webrtc.RTPCodecTypeVideo)
	for _, uri := range []string{"urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"} {
		_ = codecs.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo)
	}
	_ = codecs.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: audioLevelURI}, webrtc.RTPCodecTypeAudio)
}

// takeOffer answers a subscriber offer, unless the test holds answers back.
func (c *testClient) takeOffer(offer *event.SubscriberOffer) {
	c.mu.Lock()
	hold := c.holdAnswer
	c.mu.Unlock()
	c.update(func() { c.offers = append(c.offers, offer) })
	if !hold {
		c.answer(offer)
	}
}

func (c *testClient) answer(offer *event.SubscriberOffer) {
	peer := c.subscriberPeer()
	err := peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.GetSdp()})
	if err != nil {
		c.t.Errorf("%s: offer: %v", c.userID, err)
		return
	}
	description, err := completeAnswer(peer)
	if err != nil {
		c.t.Errorf("%s: answer: %v", c.userID, err)
		return
	}
	response := &signal.SendAnswerResponse{}
	c.rpc("SendAnswer", &signal.SendAnswerRequest{
		SessionId: c.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER,
		Sdp: description, NegotiationId: offer.GetNegotiationId(),
	}, response)
	if response.GetError() != nil {
		c.t.Logf("%s: answer refused: %v", c.userID, response.GetError())
	}
}

func completeAnswer(peer *webrtc.PeerConnection) (string, error) {
	answer, err := peer.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return peer.LocalDescription().SDP, nil
}

func (c *testClient) subscriberPeer() *webrtc.PeerConnection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subscriber != nil {
		return c.subscriber
	}
	peer, err := c.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		panic(err)
	}
	peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.collect(remote) })
	c.subscriber = peer
	return peer
}

func (c *testClient) collect(remote *webrtc.TrackRemote) {
	track := &remoteTrack{remote: remote}
	c.update(func() { c.tracks[remote.StreamID()] = track })
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		if c.arrivals != nil && len(packet.GetExtensionIDs()) > 0 {
			c.arrivals.record(packet.SSRC, packet.GetExtension(packet.GetExtensionIDs()[0]), time.Now())
		}
		if c.quiet {
			continue
		}
		c.update(func() {
			track.packets = append(track.packets, packet)
			track.times = append(track.times, time.Now())
		})
	}
}

// rpc calls a procedure and fails the test on an error of the transport.
func (c *testClient) rpc(method string, request, response proto.Message) {
	c.t.Helper()
	status, body := c.post(method, request, "Bearer "+c.token)
	if status != http.StatusOK {
		c.t.Errorf("%s: %s answered %d: %s", c.userID, method, status, body)
		return
	}
	unmarshal := proto.Unmarshal
	if c.json {
		unmarshal = protojson.Unmarshal
	}
	if err := unmarshal(body, response); err != nil {
		c.t.Errorf("%s: %s: %v", c.userID, method, err)
	}
}

func (c *testClient) post(method string, request proto.Message, authorization string) (int, []byte) {
	c.t.Helper()
	contentType, marshal := "application/protobuf", proto.Marshal
	if c.json {
		contentType, marshal = "application/json", protojson.Marshal
	}
	body, err := marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	return postRaw(c.t, c.server.URL()+"/stream.video.sfu.signal.SignalServer/"+method, contentType, authorization, body)
}

var testHTTP = &http.Client{Timeout: testDeadline, Transport: &http.Transport{DisableKeepAlives: true}}

func postRaw(t testing.TB, url, contentType, authorization string, body []byte) (int, []byte) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := testHTTP.Do(request)
	if err != nil {
		t.Errorf("%s: %v", url, err)
		return 0, nil
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: %v", url, err)
	}
	return response.StatusCode, answered
}

// localTrack is a track the client publishes, fed by the test packet by packet.
type localTrack struct {
	*webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	info   *models.TrackInfo
	next   rtp.Header

	mu   sync.Mutex
	rtcp []rtcp.Packet
}

func (c *testClient) newTrack(kind models.TrackType, codec webrtc.RTPCodecParameters) *localTrack {
	c.t.Helper()
	if c.publisher == nil {
		peer, err := c.api.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			c.t.Fatal(err)
		}
		c.publisher = peer
	}
	id := fmt.Sprintf("%s-%d", c.userID, kind)
	static, err := webrtc.NewTrackLocalStaticRTP(codec.RTPCodecCapability, id, "stream-"+id)
	if err != nil {
		c.t.Fatal(err)
	}
	transceiver, err := c.publisher.AddTransceiverFromTrack(static, webrtc.RTPTransceiverInit{
		Direction: webrtc.RTPTransceiverDirectionSendonly,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	_, name, _ := strings.Cut(codec.MimeType, "/")
	info := &models.TrackInfo{TrackId: id, TrackType: kind, Codec: &models.Codec{Name: strings.ToLower(name)}}
	if isVideo(kind) {
		info.Layers = []*models.VideoLayer{{Rid: "f", VideoDimension: &models.VideoDimension{Width: 640, Height: 360}, Fps: 30, Bitrate: 500_000}}
	}
	track := &localTrack{TrackLocalStaticRTP: static, sender: transceiver.Sender(), info: info}
	track.next = rtp.Header{Version: 2, SequenceNumber: 65530, Timestamp: 4294960000}
	return track
}

// readControl collects the RTCP packets the SFU sends for the track.
func (l *localTrack) readControl() {
	for {
		packets, _, err := l.sender.ReadRTCP()
		if err != nil {
			return
		}
		l.mu.Lock()
		l.rtcp = append(l.rtcp, packets...)
		l.mu.Unlock()
	}
}

// publish negotiates the tracks and waits until the publisher is connected.
func (c *testClient) publish(tracks ...*localTrack) {
	c.t.Helper()
	connected := make(chan struct{})
	var once sync.Once
	followed := followTransport(c.publisher, func(work func()) { go work() },
		func() { once.Do(func() { close(connected) }) }, func() {})
	response := c.setPublisher(tracks...)
	if response.GetError() != nil {
		c.t.Fatalf("%s: publish: %v", c.userID, response.GetError())
	}
	if followed.isConnected() {
		return
	}
	select {
	case <-connected:
	case <-time.After(testDeadline):
		c.t.Fatalf("%s: the publisher did not connect", c.userID)
	}
}

func (c *testClient) setPublisher(tracks ...*localTrack) *signal.SetPublisherResponse {
	c.t.Helper()
	offer, err := c.publisher.CreateOffer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.publisher)
	if err := c.publisher.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	<-gathered
	request := &signal.SetPublisherRequest{SessionId: c.sessionID, Sdp: c.publisher.LocalDescription().SDP}
	for _, track := range tracks {
		for _, transceiver := range c.publisher.GetTransceivers() {
			if transceiver.Sender() == track.sender {
				track.info.Mid = transceiver.Mid()
			}
		}
		request.Tracks = append(request.Tracks, track.info)
	}
	response := &signal.SetPublisherResponse{}
	c.rpc("SetPublisher", request, response)
	if response.GetError() == nil {
		err := c.publisher.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: response.GetSdp()})
		if err != nil {
			c.t.Fatalf("%s: answer: %v\n%s", c.userID, err, response.GetSdp())
		}
	}
	return response
}

// sendAudio sends one packet of 20 ms.
func (l *localTrack) sendAudio(t testing.TB, payload []byte) {
	t.Helper()
	if err := l.WriteRTP(&rtp.Packet{Header: l.next, Payload: payload}); err != nil {
		t.Fatal(err)
	}
	l.next.SequenceNumber++
	l.next.Timestamp += 960
}

func (c *testClient) received(streamID string) []*rtp.Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	track := c.tracks[streamID]
	if track == nil {
		return nil
	}
	return append([]*rtp.Packet(nil), track.packets...)
}

// streamOf names the stream that carries a participant's track to the others.
func (c *testClient) streamOf(kind models.TrackType) string {
	for _, p := range c.response.GetCallState().GetParticipants() {
		if p.GetSessionId() == c.sessionID {
			return p.GetTrackLookupPrefix() + ":" + kind.String()
		}
	}
	c.t.Fatalf("%s: not in its own roster", c.userID)
	return ""
}

func stopWithin(s *Server, drain bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), testDeadline)
	defer cancel()
	return s.Stop(ctx, drain)
}

// failOnError makes every error the server logs, such as a recovered panic, fail the test.
func failOnError(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(errorWriter{t}, &slog.HandlerOptions{Level: slog.LevelError}))
}

type errorWriter struct{ t testing.TB }

func (w errorWriter) Write(line []byte) (int, error) {
	w.t.Errorf("logged: %s", line)
	return len(line), nil
}

// testObserver notes who joined and why they left.
type testObserver struct {
	mu     sync.Mutex
	joined []Presence
	left   chan departure
}

type departure struct {
	Presence
	reason LeaveReason
}

func newTestObserver() *testObserver { return &testObserver{left: make(chan departure, 100)} }

func (o *testObserver) ParticipantJoined(p Presence) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.joined = append(o.joined, p)
}

func (o *testObserver) ParticipantLeft(p Presence, reason LeaveReason, _ time.Duration) {
	o.left <- departure{p, reason}
}

func (o *testObserver) awaitLeft(t *testing.T, userID string) LeaveReason {
	t.Helper()
	deadline := time.After(testDeadline)
	for {
		select {
		case d := <-o.left:
			if d.UserID == userID {
				return d.reason
			}
		case <-deadline:
			t.Fatalf("%s did not leave", userID)
		}
	}
}

func protoString(s string) protoreflect.Value { return protoreflect.ValueOfString(s) }

// onlyLayer waits for the layer of the only track of a kind in the test's call.
func onlyLayer(t testing.TB, s *Server, kind models.TrackType) *layer {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(testDeadline)
	for {
		for _, p := range s.call(testCall).members() {
			for _, track := range s.call(testCall).tracksOf(p) {
				if track.kind == kind && len(track.layerList()) > 0 {
					return track.layerList()[0]
				}
			}
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("no packet of %v came", kind)
		}
	}
}

// awaitReceived waits until the SFU has got a number of packets on a layer.
func awaitReceived(t *testing.T, l *layer, count uint64) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(testDeadline)
	for {
		l.mu.Lock()
		received := l.reception.received
		l.mu.Unlock()
		if received >= count {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("the SFU received %d packets, not %d", received, count)
		}
	}
}
