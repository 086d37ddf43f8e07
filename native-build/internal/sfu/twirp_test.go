package sfu

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"streamgateway/native/internal/description"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func inJSON(c *testClient, _ *event.JoinRequest, _ map[string]any) { c.json = true }

// errorOf answers the error that a response carries, whatever its type.
func errorOf(response proto.Message) *models.Error {
	if r, ok := response.(interface{ GetError() *models.Error }); ok {
		return r.GetError()
	}
	return nil
}

func Test_Every_procedure_answers_in_both_encodings(t *testing.T) {
	for name, encoding := range map[string]clientOption{
		"protobuf": func(*testClient, *event.JoinRequest, map[string]any) {}, "json": inJSON,
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			c := newClient(t, s, "alice", encoding)
			track := c.newTrack(audioTrack, opus())
			c.publish(track) // SetPublisher; SendAnswer is called whenever somebody listens

			candidate := `{"candidate":"candidate:1 1 udp 2130706431 127.0.0.1 9 typ host","sdpMid":"0","sdpMLineIndex":0}`
			calls := map[string]struct{ request, response proto.Message }{
				"IceTrickle": {&models.ICETrickle{SessionId: c.sessionID, IceCandidate: candidate}, &signal.ICETrickleResponse{}},
				"UpdateSubscriptions": {&signal.UpdateSubscriptionsRequest{SessionId: c.sessionID, Tracks: []*signal.TrackSubscriptionDetails{
					{UserId: "bob", SessionId: "x", TrackType: videoTrack, Dimension: &models.VideoDimension{Width: 1, Height: 1}},
				}}, &signal.UpdateSubscriptionsResponse{}},
				"UpdateMuteStates": {&signal.UpdateMuteStatesRequest{SessionId: c.sessionID, MuteStates: []*signal.TrackMuteState{
					{TrackType: audioTrack, Muted: true},
				}}, &signal.UpdateMuteStatesResponse{}},
				"IceRestart": {&signal.ICERestartRequest{SessionId: c.sessionID, PeerType: models.PeerType_PEER_TYPE_SUBSCRIBER}, &signal.ICERestartResponse{}},
				"SendStats":  {&signal.SendStatsRequest{SessionId: c.sessionID, SubscriberStats: "[]"}, &signal.SendStatsResponse{}},
				"SendMetrics": {&signal.SendMetricsRequest{SessionId: c.sessionID, Inbounds: []*models.InboundRtp{{PacketsReceived: 1 << 40}}},
					&signal.SendMetricsResponse{}},
				"StartNoiseCancellation": {&signal.StartNoiseCancellationRequest{SessionId: c.sessionID}, &signal.StartNoiseCancellationResponse{}},
				"StopNoiseCancellation":  {&signal.StopNoiseCancellationRequest{SessionId: c.sessionID}, &signal.StopNoiseCancellationResponse{}},
			}
			for method, call := range calls {
				c.rpc(method, call.request, call.response)
				if failed := errorOf(call.response); failed != nil {
					t.Errorf("%s: %v", method, failed)
				}
			}
			if len(calls)+2 != len(methods) {
				t.Errorf("%d of %d methods are called", len(calls)+2, len(methods))
			}
		})
	}
}

func Test_Unknown_sessions_are_told_inside_the_answer(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s, "alice")
	for name, m := range methods {
		request := m.request()
		field := request.ProtoReflect().Descriptor().Fields().ByName("session_id")
		request.ProtoReflect().Set(field, protoreflect.ValueOfString("nobody"))
		status, body := c.post(name, request, c.token) // without the word Bearer
		if status != http.StatusOK {
			t.Errorf("%s: status %d: %s", name, status, body)
			continue
		}
		response := m.reject(nil)
		if err := proto.Unmarshal(body, response); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, carries := response.(interface{ GetError() *models.Error }); carries && errorOf(response).GetCode() != codeNotFound {
			t.Errorf("%s: answer is %v", name, response)
		}
	}
}

func Test_Errors_of_the_transport_are_Twirp_errors(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s, "alice")
	service := s.URL() + "/stream.video.sfu.signal.SignalServer/"
	valid, err := proto.Marshal(&signal.SendStatsRequest{SessionId: c.sessionID})
	if err != nil {
		t.Fatal(err)
	}
	others := signToken(testClaims("eve"), testSecret)
	expired := testClaims("alice")
	expired["exp"] = time.Now().Unix() - 10
	const protobuf, jsonType = "application/protobuf", "application/json"
	cases := map[string]struct {
		url, contentType, token string
		body                    []byte
		status                  int
		code                    string
	}{
		"unknown method":        {service + "Nothing", protobuf, c.token, valid, 404, "bad_route"},
		"unknown path":          {s.URL() + "/other", protobuf, c.token, valid, 404, "bad_route"},
		"unknown content":       {service + "SendStats", "text/plain", c.token, valid, 404, "bad_route"},
		"broken protobuf":       {service + "SendStats", protobuf, c.token, []byte{0xff}, 400, "malformed"},
		"broken JSON":           {service + "SendStats", jsonType, c.token, []byte(`{"sessionId":`), 400, "malformed"},
		"wrong type":            {service + "SendStats", jsonType, c.token, []byte(`{"sessionId":7}`), 400, "malformed"},
		"too large":             {service + "SendStats", jsonType, c.token, bytes.Repeat([]byte(" "), maxBody+1), 429, "resource_exhausted"},
		"no token":              {service + "SendStats", protobuf, "", valid, 401, "unauthenticated"},
		"bad token":             {service + "SendStats", protobuf, "Bearer x.y.z", valid, 401, "unauthenticated"},
		"another user's token":  {service + "SendStats", protobuf, "Bearer " + others, valid, 403, "permission_denied"},
		"expired but good":      {service + "SendStats", protobuf, "Bearer " + signToken(expired, testSecret), valid, 200, ""},
		"charset and camelCase": {service + "SendStats", jsonType + "; charset=utf-8", "bearer " + c.token, []byte(`{"sessionId":"session-alice","unknown":1}`), 200, ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			status, body := postRaw(t, test.url, test.contentType, test.token, test.body)
			var answer struct{ Code, Msg string }
			if test.code != "" {
				if err := json.Unmarshal(body, &answer); err != nil {
					t.Errorf("body %q: %v", body, err)
				}
			}
			if status != test.status || answer.Code != test.code || test.code != "" && answer.Msg == "" {
				t.Errorf("answer is %d %s", status, body)
			}
		})
	}
}

func Test_An_empty_JSON_answer_is_an_empty_object(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s, "alice", inJSON)
	_, body := c.post("SendStats", &signal.SendStatsRequest{SessionId: c.sessionID}, "Bearer "+c.token)
	if strings.TrimSpace(string(body)) != "{}" {
		t.Errorf("body is %q", body)
	}
}

func Test_Pages_of_any_origin_may_call(t *testing.T) {
	s := startServer(t)
	request, err := http.NewRequest(http.MethodOptions, s.URL()+"/stream.video.sfu.signal.SignalServer/SendStats", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "http://localhost:3000")
	request.Header.Set("Access-Control-Request-Headers", "authorization,content-type,x-other")
	response, err := testHTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	header := response.Header
	if response.StatusCode != http.StatusNoContent || header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(header.Get("Access-Control-Allow-Headers"), "x-other") ||
		!strings.Contains(header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("%d %v", response.StatusCode, header)
	}
}

func Test_SetPublisher_names_what_is_wrong(t *testing.T) {
	s := startServer(t)
	cases := map[string]struct {
		change  func(*signal.SetPublisherRequest)
		code    models.ErrorCode
		mention string
	}{
		"no tracks":       {func(q *signal.SetPublisherRequest) { q.Tracks = nil }, codeInvalid, "at least one"},
		"unknown type":    {func(q *signal.SetPublisherRequest) { q.Tracks[0].TrackType = 99 }, codeInvalid, "unknown type"},
		"video, no layer": {func(q *signal.SetPublisherRequest) { q.Tracks[0].TrackType = videoTrack }, codeInvalid, "layer"},
		"broken sdp":      {func(q *signal.SetPublisherRequest) { q.Sdp = "v=0\r\nnonsense" }, codeInvalid, "sdp"},
		"empty sdp":       {func(q *signal.SetPublisherRequest) { q.Sdp = "" }, codeInvalid, "sdp"},
		"huge sdp":        {func(q *signal.SetPublisherRequest) { q.Sdp = strings.Repeat("a", description.MaxBytes+1) }, codeInvalid, "longer"},
		"no such section": {func(q *signal.SetPublisherRequest) { q.Tracks[0].TrackId, q.Tracks[0].Mid = "x", "9" }, codeTracksMismatch, "no media section"},
		"twice":           {func(q *signal.SetPublisherRequest) { q.Tracks = append(q.Tracks, q.Tracks[0]) }, codeInvalid, "two of type"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, s, "alice", withSession("session-"+name))
			track := c.newTrack(audioTrack, opus())
			offer, err := c.publisher.CreateOffer(nil)
			if err != nil {
				t.Fatal(err)
			}
			request := &signal.SetPublisherRequest{SessionId: c.sessionID, Sdp: offer.SDP, Tracks: []*models.TrackInfo{track.info}}
			test.change(request)
			response := &signal.SetPublisherResponse{}
			c.rpc("SetPublisher", request, response)
			if response.GetError().GetCode() != test.code || !strings.Contains(response.GetError().GetMessage(), test.mention) {
				t.Errorf("answer is %v", response)
			}
		})
	}
}

func Test_Publishing_needs_the_grant(t *testing.T) {
	s := startServer(t)
	c := newClient(t, s, "alice", withClaim("can_publish_audio", false))
	response := c.setPublisher(c.newTrack(audioTrack, opus()))
	if response.GetError().GetCode() != codePermissionDenied {
		t.Errorf("answer is %v", response)
	}
}
