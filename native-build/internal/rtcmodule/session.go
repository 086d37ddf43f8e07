package rtcmodule

import (
	"context"
	"encoding/json"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtc"
)

const (
	maxSelected    = 1000
	maxVideoHeight = 4320
)

type nothing struct{}

type sessionRequest struct {
	Session uint64 `json:"session"`
}

type leaveRequest struct {
	Session   uint64  `json:"session"`
	Reason    *string `json:"reason"`
	TimeoutMs *int64  `json:"timeout_ms"`
}

func (m *Module) leave(ctx context.Context, r leaveRequest) (*nothing, error) {
	v := new(validation)
	v.optionalText("reason", r.Reason, maxID)
	if v.err != nil {
		return nil, v.err
	}
	ctx, cancel, err := deadline(ctx, r.TimeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	if played := m.findMock(r.Session); played != nil {
		return &nothing{}, played.Leave(ctx)
	}
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	return &nothing{}, session.Leave(ctx, valueOf(r.Reason, "left"))
}

func (m *Module) session(_ context.Context, r sessionRequest) (*sessionAnswer, error) {
	if played := m.findMock(r.Session); played != nil {
		return describeMock(played), nil
	}
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	return describeSession(session.Info()), nil
}

type sessionAnswer struct {
	State                rtc.State       `json:"state"`
	Participants         json.RawMessage `json:"participants" schema:"Participant[]"`
	ParticipantCount     int             `json:"participant_count"`
	Subscribe            subscribeAnswer `json:"subscribe"`
	Muted                rtc.Muted       `json:"muted"`
	OwnCapabilities      []string        `json:"own_capabilities"`
	ParticipantSessionID string          `json:"participant_session_id"`
	Reconnects           int             `json:"reconnects"`
}

func describeSession(info rtc.Info) *sessionAnswer {
	return &sessionAnswer{
		info.State, messages(info.Participants), info.ParticipantCount, describe(info.Subscriptions), info.Muted,
		notNil(info.OwnCapabilities), info.ParticipantSessionID, info.Reconnects,
	}
}

// subscribeRequest is what a session wants to receive; absent fields keep what was.
type subscribeRequest struct {
	Audio          *selection `json:"audio"`
	Video          *selection `json:"video"`
	MaxVideoHeight *int       `json:"max_video_height"`
}

type subscribeAnswer struct {
	Audio          selection `json:"audio"`
	Video          selection `json:"video"`
	MaxVideoHeight int       `json:"max_video_height"`
}

func describe(s rtc.Subscriptions) subscribeAnswer {
	return subscribeAnswer{selection(s.Audio), selection(s.Video), s.MaxVideoHeight}
}

// selection is "all", "none" or a list of user ids.
type selection rtc.Selection

func (s *selection) UnmarshalJSON(data []byte) error {
	var word string
	if json.Unmarshal(data, &word) == nil {
		if word != "all" && word != "none" {
			return failure.Invalid(`a selection must be "all", "none" or a list of user ids, not %q`, word)
		}
		*s = selection{All: word == "all"}
		return nil
	}
	var users []string
	if json.Unmarshal(data, &users) != nil {
		return failure.Invalid(`a selection must be "all", "none" or a list of user ids`)
	}
	*s = selection{Users: users}
	return nil
}

func (selection) JSONSchema() plugin.Schema {
	return plugin.Schema{"anyOf": []plugin.Schema{{"enum": []string{"all", "none"}}, {"type": "array", "items": plugin.Schema{"type": "string"}}}}
}

func (s selection) MarshalJSON() ([]byte, error) {
	switch {
	case s.All:
		return []byte(`"all"`), nil
	case len(s.Users) == 0:
		return []byte(`"none"`), nil
	}
	return json.Marshal(s.Users)
}

// subscriptions fills what is absent with the defaults: all audio, no video.
func (r *subscribeRequest) subscriptions(v *validation) rtc.Subscriptions {
	return r.over(rtc.Subscriptions{Audio: rtc.Selection{All: true}, MaxVideoHeight: rtc.DefaultMaxVideoHeight}, v)
}

func (r *subscribeRequest) over(s rtc.Subscriptions, v *validation) rtc.Subscriptions {
	if r == nil {
		return s
	}
	if r.Audio != nil {
		s.Audio = r.Audio.checked("subscribe.audio", v)
	}
	if r.Video != nil {
		s.Video = r.Video.checked("subscribe.video", v)
	}
	if r.MaxVideoHeight != nil {
		if *r.MaxVideoHeight < 1 || *r.MaxVideoHeight > maxVideoHeight {
			v.fail("subscribe.max_video_height must be from 1 to %d", maxVideoHeight)
		}
		s.MaxVideoHeight = *r.MaxVideoHeight
	}
	return s
}

func (s *selection) checked(name string, v *validation) rtc.Selection {
	if len(s.Users) > maxSelected {
		v.fail("%s lists %d users; %d are the limit", name, len(s.Users), maxSelected)
	}
	for _, user := range s.Users {
		v.text(name, user, maxID)
	}
	return rtc.Selection(*s)
}

type sessionSubscribeRequest struct {
	Session   uint64           `json:"session"`
	Subscribe subscribeRequest `json:"subscribe"`
	TimeoutMs *int64           `json:"timeout_ms"`
}

type sessionSubscribeAnswer struct {
	Subscribe subscribeAnswer `json:"subscribe"`
}

func (m *Module) subscribe(ctx context.Context, r sessionSubscribeRequest) (*sessionSubscribeAnswer, error) {
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	v := new(validation)
	wanted := r.Subscribe.over(session.Info().Subscriptions, v)
	if v.err != nil {
		return nil, v.err
	}
	inForce, err := session.Subscribe(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return &sessionSubscribeAnswer{describe(inForce)}, nil
}

type muteRequest struct {
	Session   uint64 `json:"session"`
	Audio     *bool  `json:"audio"`
	Video     *bool  `json:"video"`
	TimeoutMs *int64 `json:"timeout_ms"`
}

type muteAnswer struct {
	Muted rtc.Muted `json:"muted"`
}

func (m *Module) mute(ctx context.Context, r muteRequest) (*muteAnswer, error) {
	if r.Audio == nil && r.Video == nil {
		return nil, failure.Invalid("audio or video is missing")
	}
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	muted, err := session.Mute(ctx, r.Audio, r.Video)
	if err != nil {
		return nil, err
	}
	return &muteAnswer{muted}, nil
}

type statsAnswer struct {
	Timing     json.RawMessage    `json:"timing" schema:"JoinTiming"`
	Reconnects int                `json:"reconnects"`
	Signaling  rtc.SignalingStats `json:"signaling"`
	Publisher  *rtc.PeerStats     `json:"publisher"`
	Subscriber *rtc.PeerStats     `json:"subscriber"`
	Tracks     []rtc.TrackStats   `json:"tracks"`
	Sinks      []rtc.SinkStats    `json:"sinks"`
}

func (m *Module) stats(_ context.Context, r sessionRequest) (*statsAnswer, error) {
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	stats := session.Stats()
	return &statsAnswer{message(stats.Timing), stats.Reconnects, stats.Signaling, stats.Publisher, stats.Subscriber, notNil(stats.Tracks), notNil(stats.Sinks)}, nil
}

type customEventRequest struct {
	Session   uint64          `json:"session"`
	Custom    json.RawMessage `json:"custom"`
	TimeoutMs *int64          `json:"timeout_ms"`
}

func (m *Module) customEvent(ctx context.Context, r customEventRequest) (*nothing, error) {
	v := new(validation)
	v.object("custom", r.Custom)
	if len(present(r.Custom)) == 0 {
		v.fail("custom is missing")
	}
	if v.err != nil {
		return nil, v.err
	}
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return &nothing{}, session.SendEvent(ctx, r.Custom)
}

type reactionRequest struct {
	Session   uint64          `json:"session"`
	Type      string          `json:"type"`
	EmojiCode *string         `json:"emoji_code"`
	Custom    json.RawMessage `json:"custom"`
	TimeoutMs *int64          `json:"timeout_ms"`
}

func (m *Module) reaction(ctx context.Context, r reactionRequest) (*nothing, error) {
	v := new(validation)
	v.text("type", r.Type, maxID)
	v.optionalText("emoji_code", r.EmojiCode, maxID)
	v.object("custom", r.Custom)
	if v.err != nil {
		return nil, v.err
	}
	ctx, session, cancel, err := bounded(ctx, r.TimeoutMs, m.find, r.Session)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return &nothing{}, session.SendReaction(ctx, coordinator.Reaction{
		Type: r.Type, EmojiCode: valueOf(r.EmojiCode, ""), Custom: present(r.Custom),
	})
}

type tokenRequest struct {
	Session uint64 `json:"session"`
	Token   string `json:"token"`
}

func (m *Module) token(_ context.Context, r tokenRequest) (*nothing, error) {
	v := new(validation)
	v.text("token", r.Token, maxToken)
	if v.err != nil {
		return nil, v.err
	}
	session, err := m.find(r.Session)
	if err != nil {
		return nil, err
	}
	return &nothing{}, session.SetToken(r.Token)
}
