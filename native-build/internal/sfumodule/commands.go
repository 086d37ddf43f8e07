package sfumodule

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/headroom"
	"streamgateway/native/internal/sfu"
	"streamgateway/native/internal/sfuproto/models"
)

// filesPerSFU is what an SFU opens before anybody comes.
const filesPerSFU = 4

type nothing struct{}

type participantCount struct {
	Participants int `json:"participants"`
}

type startRequest struct {
	Listen                  string  `json:"listen"`
	MediaListen             string  `json:"media_listen"`
	PublicAddress           *string `json:"public_address"`
	MediaRelay              string  `json:"media_relay"`
	EdgeName                string  `json:"edge_name"`
	TokenSecret             string  `json:"token_secret"`
	FastReconnectDeadlineMS *int64  `json:"fast_reconnect_deadline_ms"`
}

type startAnswer struct {
	SFU          uint64 `json:"sfu"`
	URL          string `json:"url"`
	WSEndpoint   string `json:"ws_endpoint"`
	MediaAddress string `json:"media_address"`
	EdgeName     string `json:"edge_name"`
}

func (m *Module) start(ctx context.Context, q startRequest) (*startAnswer, error) {
	options, err := q.options()
	if err != nil {
		return nil, err
	}
	release, err := headroom.Claim(filesPerSFU)
	if err != nil {
		return nil, err
	}
	defer release()
	id := m.host.NextID()
	options.Logger = m.host.Log().WithGroup("sfu")
	options.Observer = observer{host: m.host, id: id}
	options.Migrated = m.migrated
	server, err := sfu.Start(options)
	switch {
	case failure.IsExhaustion(err):
		return nil, failure.New(failure.ResourcesExhausted, failure.NoStage, err)
	case err != nil:
		return nil, failure.Invalid("%w", err)
	}
	if err := m.keep(ctx, id, server); err != nil {
		return nil, errors.Join(err, server.Stop(context.WithoutCancel(ctx), false))
	}
	return &startAnswer{
		SFU: id, URL: server.URL(), WSEndpoint: server.WSEndpoint(), MediaAddress: server.MediaAddress(), EdgeName: server.EdgeName(),
	}, nil
}

func (q startRequest) options() (sfu.Options, error) {
	options := sfu.Options{
		Listen: q.Listen, MediaListen: q.MediaListen, MediaRelay: q.MediaRelay, EdgeName: q.EdgeName, TokenSecret: []byte(q.TokenSecret),
	}
	if q.EdgeName == "" {
		options.EdgeName = "local-1"
	}
	if q.PublicAddress != nil {
		options.PublicAddress = *q.PublicAddress
	}
	if q.FastReconnectDeadlineMS != nil {
		if *q.FastReconnectDeadlineMS <= 0 || *q.FastReconnectDeadlineMS > sfu.MaxFastReconnectDeadline.Milliseconds() {
			return options, failure.Invalid("fast_reconnect_deadline_ms: must be 1 to %d", sfu.MaxFastReconnectDeadline.Milliseconds())
		}
		options.FastReconnectDeadline = time.Duration(*q.FastReconnectDeadlineMS) * time.Millisecond
	}
	return options, nil
}

func (m *Module) keep(ctx context.Context, id uint64, server *sfu.Server) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return failure.New(failure.Cancelled, failure.NoStage, ctx.Err())
	case m.closed:
		return failure.New(failure.Cancelled, failure.NoStage, errors.New("the instance stops"))
	case len(m.servers) >= maxServers:
		return failure.Newf(failure.CapacityExceeded, failure.NoStage, "%d SFUs run already", maxServers)
	}
	m.servers[id] = server
	return nil
}

type stopRequest struct {
	SFU   uint64 `json:"sfu"`
	Drain bool   `json:"drain"`
}

func (m *Module) stop(ctx context.Context, q stopRequest) (*nothing, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	return &nothing{}, m.end(ctx, q.SFU, server, q.Drain)
}

var goAwayReasons = map[string]models.GoAwayReason{
	"":              models.GoAwayReason_GO_AWAY_REASON_REBALANCE,
	"rebalance":     models.GoAwayReason_GO_AWAY_REASON_REBALANCE,
	"shutting_down": models.GoAwayReason_GO_AWAY_REASON_SHUTTING_DOWN,
}

type goAwayRequest struct {
	SFU     uint64 `json:"sfu"`
	CallCID string `json:"call_cid"`
	Reason  string `json:"reason"`
}

func (m *Module) goAway(_ context.Context, q goAwayRequest) (*participantCount, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	reason, known := goAwayReasons[q.Reason]
	if !known {
		return nil, failure.Invalid("reason: %q is none of rebalance, shutting_down", q.Reason)
	}
	return counted(server.GoAway(q.CallCID, reason))
}

var endReasons = map[string]models.CallEndedReason{
	"":              models.CallEndedReason_CALL_ENDED_REASON_ENDED,
	"ended":         models.CallEndedReason_CALL_ENDED_REASON_ENDED,
	"kicked":        models.CallEndedReason_CALL_ENDED_REASON_KICKED,
	"session_ended": models.CallEndedReason_CALL_ENDED_REASON_SESSION_ENDED,
	"live_ended":    models.CallEndedReason_CALL_ENDED_REASON_LIVE_ENDED,
}

type endCallRequest struct {
	SFU     uint64 `json:"sfu"`
	CallCID string `json:"call_cid"`
	Reason  string `json:"reason"`
}

func (m *Module) endCall(_ context.Context, q endCallRequest) (*participantCount, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	reason, known := endReasons[q.Reason]
	if !known {
		return nil, failure.Invalid("reason: %q is none of ended, kicked, session_ended, live_ended", q.Reason)
	}
	return counted(server.EndCall(q.CallCID, reason))
}

type kickRequest struct {
	SFU     uint64 `json:"sfu"`
	CallCID string `json:"call_cid"`
	UserID  string `json:"user_id"`
}

func (m *Module) kick(_ context.Context, q kickRequest) (*participantCount, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	return counted(server.Kick(q.CallCID, q.UserID))
}

// counted answers how many were touched. A call or user nobody is in is no error: the coordinator commands by its own
// books, and whoever just left is done with.
func counted(participants int, err error) (*participantCount, error) {
	if errors.Is(err, sfu.ErrCallNotFound) || errors.Is(err, sfu.ErrParticipantNotFound) {
		err = nil
	}
	return &participantCount{participants}, err
}

type muteRequest struct {
	SFU        uint64    `json:"sfu"`
	CallCID    string    `json:"call_cid"`
	UserIDs    *[]string `json:"user_ids"`
	TrackTypes []string  `json:"track_types"`
	ByUserID   string    `json:"by_user_id"`
}

type muteAnswer struct {
	Tracks int `json:"tracks"`
}

func (m *Module) mute(_ context.Context, q muteRequest) (*muteAnswer, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	kinds, err := trackTypes(q.TrackTypes)
	if err != nil {
		return nil, err
	}
	var users []string
	if q.UserIDs != nil {
		users = *q.UserIDs
	}
	muted, err := server.Mute(q.CallCID, users, q.UserIDs == nil, kinds, q.ByUserID)
	if errors.Is(err, sfu.ErrCallNotFound) {
		err = nil
	}
	return &muteAnswer{muted}, err
}

func trackTypes(names []string) ([]models.TrackType, error) {
	if len(names) == 0 {
		return nil, failure.Invalid("track_types: must not be empty")
	}
	var kinds []models.TrackType
	for _, name := range names {
		kind, known := models.TrackType_value["TRACK_TYPE_"+strings.ToUpper(name)]
		if !known || kind == 0 || name != strings.ToLower(name) {
			return nil, failure.Invalid("track_types: %q is none of audio, video, screen_share, screen_share_audio", name)
		}
		kinds = append(kinds, models.TrackType(kind))
	}
	return kinds, nil
}

type updateGrantsRequest struct {
	SFU             uint64 `json:"sfu"`
	CallCID         string `json:"call_cid"`
	UserID          string `json:"user_id"`
	CanPublishAudio bool   `json:"can_publish_audio"`
	CanPublishVideo bool   `json:"can_publish_video"`
	CanScreenshare  bool   `json:"can_screenshare"`
}

func (m *Module) updateGrants(_ context.Context, q updateGrantsRequest) (*participantCount, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	return counted(server.UpdateGrants(q.CallCID, q.UserID, &models.CallGrants{
		CanPublishAudio: q.CanPublishAudio, CanPublishVideo: q.CanPublishVideo, CanScreenshare: q.CanScreenshare,
	}))
}

type updateParticipantRequest struct {
	SFU     uint64          `json:"sfu"`
	CallCID string          `json:"call_cid"`
	UserID  string          `json:"user_id"`
	Name    string          `json:"name"`
	Image   string          `json:"image"`
	Custom  json.RawMessage `json:"custom"`
}

func (m *Module) updateParticipant(_ context.Context, q updateParticipantRequest) (*participantCount, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	profile := sfu.Profile{Name: q.Name, Image: q.Image}
	if len(q.Custom) > 0 && string(q.Custom) != "null" {
		profile.Custom = &structpb.Struct{}
		if err := profile.Custom.UnmarshalJSON(q.Custom); err != nil {
			return nil, failure.Invalid("custom: must be an object")
		}
	}
	return counted(server.UpdateParticipant(q.CallCID, q.UserID, profile))
}

type setPinsRequest struct {
	SFU     uint64 `json:"sfu"`
	CallCID string `json:"call_cid"`
	Pins    []struct {
		UserID    string `json:"user_id"`
		SessionID string `json:"session_id"`
	} `json:"pins"`
}

func (m *Module) setPins(_ context.Context, q setPinsRequest) (*nothing, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	var pins []sfu.Pin
	for _, pin := range q.Pins {
		pins = append(pins, sfu.Pin(pin))
	}
	if err := server.SetPins(q.CallCID, pins); err != nil {
		return nil, failure.New(failure.CapacityExceeded, failure.NoStage, err)
	}
	return &nothing{}, nil
}

type callStats struct {
	CallCID         string `json:"call_cid"`
	Participants    int    `json:"participants"`
	Anonymous       int    `json:"anonymous"`
	PublishedTracks int    `json:"published_tracks"`
	ForwardedTracks int    `json:"forwarded_tracks"`
}

type statsRequest struct {
	SFU uint64 `json:"sfu"`
}

type statsAnswer struct {
	Calls []callStats `json:"calls"`
}

func (m *Module) stats(_ context.Context, q statsRequest) (*statsAnswer, error) {
	server, err := m.find(q.SFU)
	if err != nil {
		return nil, err
	}
	calls := []callStats{}
	for _, c := range server.Stats() {
		calls = append(calls, callStats(c))
	}
	return &statsAnswer{calls}, nil
}
