package rtcmodule

import (
	"context"
	"encoding/json"
	"time"

	"streamgateway/native/internal/mock"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

const (
	maxMockParticipants = 100
	maxPath             = 4096
	// mockRoom is how much of the event buffer a mock fills at most when it plays as fast as it can.
	mockRoom  = 256 << 10
	mockPause = 2 * time.Millisecond
)

// mockRequest asks for a call without any server.
type mockRequest struct {
	Participants []struct {
		UserID string  `json:"user_id"`
		Name   *string `json:"name"`
		Audio  *struct {
			Path     string `json:"audio_file_path"`
			Realtime *bool  `json:"realtime_clock"`
		} `json:"audio"`
	} `json:"participants"`
}

func (m *Module) joinMock(r *joinRequest) (*joinAnswer, error) {
	options, err := r.mockOptions()
	if err != nil {
		return nil, err
	}
	t, err := m.admit()
	if err != nil {
		return nil, err
	}
	session := mock.Start(options, mockHost{m, t})
	m.mu.Lock()
	m.joining--
	t.release()
	if !t.left {
		m.mocks[t.id] = session
	}
	stopping := m.stopping
	m.mu.Unlock()
	if stopping {
		_ = session.Shutdown(context.Background()) // it ends at once
		return nil, errShuttingDown()
	}
	return &joinAnswer{
		Session: t.id, CallCID: options.CallCID, UserID: options.UserID, ParticipantSessionID: session.ID(),
		OwnCapabilities: []string{}, Participants: messages(session.Participants()[:1]), Timing: json.RawMessage("{}"),
		undo: func() { m.host.Go(func() { _ = session.Shutdown(context.Background()) }) },
	}, nil
}

func (r *joinRequest) mockOptions() (mock.Options, error) {
	v := new(validation)
	v.call(r)
	if n := len(r.Mock.Participants); n > maxMockParticipants {
		v.fail("mock.participants lists %d; %d are the limit", n, maxMockParticipants)
	}
	options := mock.Options{CallCID: r.CallType + ":" + r.CallID, UserID: r.User.ID, Name: valueOf(r.User.Name, "")}
	for _, p := range r.Mock.Participants {
		v.text("mock.participants.user_id", p.UserID, maxID)
		v.optionalText("mock.participants.name", p.Name, maxText)
		participant := mock.Participant{UserID: p.UserID, Name: valueOf(p.Name, "")}
		if p.Audio != nil {
			v.text("mock.participants.audio.audio_file_path", p.Audio.Path, maxPath)
			participant.Audio = &mock.Audio{Path: p.Audio.Path, Realtime: valueOf(p.Audio.Realtime, true)}
		}
		options.Participants = append(options.Participants, participant)
	}
	return options, v.err
}

func (m *Module) findMock(id uint64) *mock.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mocks[id]
}

func describeMock(session *mock.Session) *sessionAnswer {
	people := session.Participants()
	return describeSession(rtc.Info{
		State: rtc.Joined, ParticipantSessionID: session.ID(), Participants: people, ParticipantCount: len(people),
		Subscriptions: rtc.Subscriptions{Audio: rtc.Selection{All: true}, MaxVideoHeight: rtc.DefaultMaxVideoHeight},
	})
}

// mockHost passes a mock's events on.
type mockHost struct {
	m *Module
	t *ticket
}

func (h mockHost) Emit(e *rtcproto.Event) { h.m.emit(h.t, e) }

func (h mockHost) Room(ctx context.Context) error {
	for h.m.host.EventBytesQueued() > mockRoom {
		select {
		case <-time.After(mockPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}
