package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

const healthCheckInterval = 5 * time.Second

// pionReceivers are peer connections as Pion makes them by default, with the little signaling that the SFU wants.
type pionReceivers struct {
	*task
	api    *webrtc.API
	decode bool

	mu    sync.Mutex
	peers []*pionPeer
}

func newPionReceivers(t *task, decode bool) (*pionReceivers, error) {
	codecs, registry := new(webrtc.MediaEngine), new(interceptor.Registry)
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	if err := webrtc.RegisterDefaultInterceptors(codecs, registry); err != nil {
		return nil, err
	}
	var settings webrtc.SettingEngine // only what loopback needs
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(net.IP.IsLoopback)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings))
	return &pionReceivers{task: t, api: api, decode: decode}, nil
}

func (r *pionReceivers) start(ctx context.Context, i int) error {
	peer, err := r.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { r.read(i, track) })
	p := &pionPeer{PeerConnection: peer, sessionID: fmt.Sprintf("session-%d", i)}
	r.mu.Lock()
	r.peers = append(r.peers, p)
	r.mu.Unlock()
	return p.join(ctx, r.url, r.call(i), fmt.Sprintf("listener-%d", i))
}

// read does the least that can be done with a track.
func (r *pionReceivers) read(i int, track *webrtc.TrackRemote) {
	decoder, err := opus.NewDecoder(opus.Rate, 1)
	if err != nil {
		return
	}
	defer decoder.Close()
	buffer, samples := make([]byte, 1500), make([]int16, opus.Rate*120/1000)
	for {
		n, _, err := track.Read(buffer)
		if err != nil {
			return
		}
		var packet rtp.Packet
		if packet.Unmarshal(buffer[:n]) != nil {
			continue
		}
		if r.decode {
			if _, err := decoder.Decode(packet.Payload, samples); err != nil {
				continue
			}
		}
		r.note(i)
	}
}

func (r *pionReceivers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.peers {
		p.leave()
	}
	return nil
}

// pionPeer is a subscriber.
type pionPeer struct {
	*webrtc.PeerConnection
	sessionID   string
	credentials struct {
		Token  string `json:"token"`
		Server struct {
			URL        string `json:"url"`
			WSEndpoint string `json:"ws_endpoint"`
		} `json:"server"`
	}
	writing sync.Mutex
	socket  *websocket.Conn
}

func (p *pionPeer) join(ctx context.Context, coordinatorURL, call, user string) error {
	query := url.Values{"api_key": {"key"}, "user_id": {user}}
	body, err := post(ctx, coordinatorURL+"/api/v2/video/call/default/"+call+"/join?"+query.Encode(), "application/json", "token", []byte("{}"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &struct{ Credentials any }{&p.credentials}); err != nil {
		return err
	}
	if p.socket, _, err = websocket.DefaultDialer.DialContext(ctx, p.credentials.Server.WSEndpoint, nil); err != nil {
		return err
	}
	err = p.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_JoinRequest{
		JoinRequest: &event.JoinRequest{Token: p.credentials.Token, SessionId: p.sessionID},
	}})
	if err != nil {
		return err
	}
	go p.listen()
	go p.stay()
	return nil
}

func (p *pionPeer) listen() {
	for {
		_, frame, err := p.socket.ReadMessage()
		if err != nil {
			return
		}
		e := new(event.SfuEvent)
		if proto.Unmarshal(frame, e) != nil {
			continue
		}
		if offer := e.GetSubscriberOffer(); offer != nil {
			if err := p.answer(offer); err != nil {
				newLog().Error("an offer is not answered", "error", err)
			}
		}
	}
}

// stay keeps the socket open, until it is closed.
func (p *pionPeer) stay() {
	check := &event.SfuRequest{RequestPayload: &event.SfuRequest_HealthCheckRequest{HealthCheckRequest: new(event.HealthCheckRequest)}}
	for p.write(check) == nil {
		time.Sleep(healthCheckInterval)
	}
}

func (p *pionPeer) write(request *event.SfuRequest) error {
	frame, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.socket.WriteMessage(websocket.BinaryMessage, frame)
}

func (p *pionPeer) answer(offer *event.SubscriberOffer) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := p.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.GetSdp()})
	if err != nil {
		return err
	}
	answer, err := p.CreateAnswer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(p.PeerConnection)
	if err := p.SetLocalDescription(answer); err != nil {
		return err
	}
	<-gathered
	request, err := proto.Marshal(&signal.SendAnswerRequest{
		SessionId: p.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER,
		Sdp: p.LocalDescription().SDP, NegotiationId: offer.GetNegotiationId(),
	})
	if err != nil {
		return err
	}
	body, err := post(ctx, p.credentials.Server.URL+"/stream.video.sfu.signal.SignalServer/SendAnswer",
		"application/protobuf", p.credentials.Token, request)
	if err != nil {
		return err
	}
	response := new(signal.SendAnswerResponse)
	if err := proto.Unmarshal(body, response); err != nil {
		return err
	}
	if response.GetError() != nil {
		return fmt.Errorf("refused: %v", response.GetError())
	}
	return nil
}

func (p *pionPeer) leave() {
	if p.socket != nil {
		_ = p.write(&event.SfuRequest{RequestPayload: &event.SfuRequest_LeaveCallRequest{
			LeaveCallRequest: &event.LeaveCallRequest{SessionId: p.sessionID},
		}})
		_ = p.socket.Close()
	}
	_ = p.Close()
}

func post(ctx context.Context, address, contentType, token string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, err
}
