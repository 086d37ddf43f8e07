package rtcmodule

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

const (
	defaultTimeout = 15 * time.Second
	maxTimeout     = 2 * time.Minute
	maxID          = 255
	maxText        = 2048
	maxToken       = 16 << 10
	maxObject      = 64 << 10
	maxDuration    = 365 * 24 * time.Hour
)

type joinRequest struct {
	CoordinatorURL   string            `json:"coordinator_url"`
	APIKey           string            `json:"api_key"`
	Token            string            `json:"token"`
	CallType         string            `json:"call_type"`
	CallID           string            `json:"call_id"`
	User             userRequest       `json:"user"`
	Create           *bool             `json:"create"`
	Data             json.RawMessage   `json:"data"`
	Ring             bool              `json:"ring"`
	Notify           bool              `json:"notify"`
	Subscribe        *subscribeRequest `json:"subscribe"`
	Reconnect        *reconnectRequest `json:"reconnect"`
	LeaveWhenAloneMs *int64            `json:"leave_when_alone_ms"`
	MaxDurationMs    *int64            `json:"max_duration_ms"`
	TimeoutMs        *int64            `json:"timeout_ms"`
	Mock             *mockRequest      `json:"mock"`
	Packets          bool              `json:"packets"`
}

type userRequest struct {
	ID     string          `json:"id"`
	Name   *string         `json:"name"`
	Image  *string         `json:"image"`
	Custom json.RawMessage `json:"custom"`
}

type reconnectRequest struct {
	Enabled    *bool  `json:"enabled"`
	DeadlineMs *int64 `json:"deadline_ms"`
}

type joinAnswer struct {
	Session              uint64          `json:"session"`
	CallCID              string          `json:"call_cid"`
	UserID               string          `json:"user_id"`
	ParticipantSessionID string          `json:"participant_session_id"`
	OwnCapabilities      []string        `json:"own_capabilities"`
	Created              bool            `json:"created"`
	SFU                  string          `json:"sfu"`
	Participants         json.RawMessage `json:"participants" schema:"Participant[]"`
	Timing               json.RawMessage `json:"timing" schema:"JoinTiming"`

	undo func()
}

// Undo ends a session of which nobody will ever hear, because the host stopped waiting for the join.
func (a joinAnswer) Undo() { a.undo() }

func (m *Module) join(ctx context.Context, r joinRequest) (*joinAnswer, error) {
	if r.Mock != nil {
		return m.joinMock(&r)
	}
	options, err := r.options()
	if err != nil {
		return nil, err
	}
	ctx, cancel, err := deadline(ctx, r.TimeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	options.AllowPrivateSFU = m.settings.allowPrivateSFU
	t, err := m.admit()
	if err != nil {
		return nil, err
	}
	session, err := m.engine.Join(ctx, options, func(e *rtcproto.Event) { m.emit(t, e) })
	stays := m.settle(t, session)
	if err != nil {
		return nil, err
	}
	if !stays {
		if err := session.Shutdown(context.WithoutCancel(ctx)); err != nil {
			return nil, err
		}
		return nil, errShuttingDown()
	}
	info := session.Info()
	return &joinAnswer{
		Session: t.id, CallCID: session.CallCID(), UserID: session.UserID(), ParticipantSessionID: info.ParticipantSessionID,
		OwnCapabilities: notNil(info.OwnCapabilities), Created: session.Created(), SFU: session.SFU(),
		Participants: messages(info.Participants), Timing: message(session.Timing()),
		undo: func() { m.host.Go(func() { _ = session.Shutdown(context.Background()) }) },
	}, nil
}

func (r *joinRequest) options() (rtc.JoinOptions, error) {
	v := new(validation)
	v.text("api_key", r.APIKey, maxID)
	v.text("token", r.Token, maxToken)
	v.call(r)
	v.optionalText("user.image", r.User.Image, maxText)
	v.object("user.custom", r.User.Custom)
	v.object("data", r.Data)
	v.httpURL("coordinator_url", r.CoordinatorURL)
	options := rtc.JoinOptions{
		CoordinatorURL: r.CoordinatorURL, APIKey: r.APIKey, Token: r.Token, CallType: r.CallType, CallID: r.CallID,
		User:   coordinator.User{ID: r.User.ID, Name: valueOf(r.User.Name, ""), Image: valueOf(r.User.Image, ""), Custom: present(r.User.Custom)},
		Create: valueOf(r.Create, true), CallData: present(r.Data), Ring: r.Ring, Notify: r.Notify,
		Subscriptions:  r.Subscribe.subscriptions(v),
		Packets:        r.Packets,
		Reconnect:      rtc.ReconnectOptions{Enabled: true, Deadline: rtc.DefaultReconnectDeadline},
		LeaveWhenAlone: v.duration("leave_when_alone_ms", r.LeaveWhenAloneMs, 0, maxDuration),
		MaxDuration:    v.duration("max_duration_ms", r.MaxDurationMs, 0, maxDuration),
	}
	if r.Reconnect != nil {
		options.Reconnect.Enabled = valueOf(r.Reconnect.Enabled, true)
		options.Reconnect.Deadline = v.duration("reconnect.deadline_ms", r.Reconnect.DeadlineMs, rtc.DefaultReconnectDeadline, time.Hour)
	}
	return options, v.err
}

// deadline gives a waiting command its time.
func deadline(ctx context.Context, milliseconds *int64) (context.Context, context.CancelFunc, error) {
	v := new(validation)
	timeout := v.duration("timeout_ms", milliseconds, defaultTimeout, maxTimeout)
	if v.err != nil {
		return nil, nil, v.err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, nil
}

func message(m proto.Message) json.RawMessage {
	data, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}

func messages[M proto.Message](list []M) json.RawMessage {
	parts := make([]json.RawMessage, 0, len(list))
	for _, m := range list {
		parts = append(parts, message(m))
	}
	data, err := json.Marshal(parts)
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func valueOf[T any](pointer *T, absent T) T {
	if pointer == nil {
		return absent
	}
	return *pointer
}

// present drops an explicit null.
func present(object json.RawMessage) json.RawMessage {
	if string(object) == "null" {
		return nil
	}
	return object
}

// validation collects the first thing that is wrong with a request.
type validation struct{ err error }

func (v *validation) fail(format string, values ...any) {
	if v.err == nil {
		v.err = failure.Invalid(format, values...)
	}
}

// call checks who joins which call.
func (v *validation) call(r *joinRequest) {
	v.text("call_type", r.CallType, maxID)
	v.text("call_id", r.CallID, maxID)
	v.text("user.id", r.User.ID, maxID)
	v.optionalText("user.name", r.User.Name, maxText)
	if strings.ContainsAny(r.CallType, ":/") || strings.ContainsAny(r.CallID, ":/") {
		v.fail("call_type and call_id must not contain ':' or '/'")
	}
}

func (v *validation) text(name, value string, limit int) {
	if value == "" {
		v.fail("%s is missing", name)
	}
	v.optionalText(name, &value, limit)
}

func (v *validation) optionalText(name string, value *string, limit int) {
	if value != nil && len(*value) > limit {
		v.fail("%s has %d bytes; %d are the limit", name, len(*value), limit)
	}
}

func (v *validation) object(name string, value json.RawMessage) {
	value = present(value)
	if len(value) == 0 {
		return
	}
	if value[0] != '{' {
		v.fail("%s must be an object", name)
	}
	if len(value) > maxObject {
		v.fail("%s has %d bytes; %d are the limit", name, len(value), maxObject)
	}
}

func (v *validation) httpURL(name, value string) {
	if value == "" {
		v.fail("%s is missing", name)
		return
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(value) > maxText {
		v.fail("%s is no http or https URL", name)
	}
}

// duration reads milliseconds from 1 to limit.
func (v *validation) duration(name string, milliseconds *int64, absent, limit time.Duration) time.Duration {
	if milliseconds == nil {
		return absent
	}
	if *milliseconds < 1 || *milliseconds > limit.Milliseconds() {
		v.fail("%s must be from 1 to %d", name, limit.Milliseconds())
		return absent
	}
	return time.Duration(*milliseconds) * time.Millisecond
}
