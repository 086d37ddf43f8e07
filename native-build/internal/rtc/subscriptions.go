package rtc

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// subscriptionDebounce gathers changes that come together, such as many participants joining.
const subscriptionDebounce = 20 * time.Millisecond

// subscriptionWishes is what the SFU was last told that we want to receive.
type subscriptionWishes struct {
	mu       sync.Mutex
	conn     *connection // who was told; nil: nobody
	sent     []*signal.TrackSubscriptionDetails
	explicit bool // an SFU was told whose audio we want, and each to come is told so with the join
	dirty    bool
	busy     bool
	turn     chan struct{}
}

// forget makes the next update tell everything again.
func (w *subscriptionWishes) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn, w.sent = nil, nil
}

func (w *subscriptionWishes) current() []*signal.TrackSubscriptionDetails {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent
}

// Subscribe changes what the session receives, and waits until the SFU knows.
func (s *Session) Subscribe(ctx context.Context, wanted Subscriptions) (Subscriptions, error) {
	s.mu.Lock()
	s.subscriptions = wanted
	s.mu.Unlock()
	if err := s.onCurrent(ctx, s.tellSubscriptions); err != nil {
		return Subscriptions{}, err
	}
	s.emit(&rtcproto.Event{Payload: &rtcproto.Event_SubscriptionsChanged{SubscriptionsChanged: wanted.event()}})
	return wanted, nil
}

// resubscribe tells the SFU soon, if anything changed; it does not wait.
func (s *Session) resubscribe() {
	s.wishes.mu.Lock()
	defer s.wishes.mu.Unlock()
	s.wishes.dirty = true
	if !s.wishes.busy {
		s.wishes.busy = s.tasks.spawn(s.resubscribeLoop)
	}
}

func (s *Session) resubscribeLoop() {
	for first := true; ; first = false {
		if !first {
			_ = sleep(s.ctx, subscriptionDebounce)
		}
		s.wishes.mu.Lock()
		if !s.wishes.dirty || s.ctx.Err() != nil {
			s.wishes.busy = false
			s.wishes.mu.Unlock()
			return
		}
		s.wishes.dirty = false
		s.wishes.mu.Unlock()
		if err := s.onCurrent(s.ctx, s.tellSubscriptions); err != nil && s.ctx.Err() == nil {
			s.log.Warn("the SFU did not take the subscriptions", "error", err)
			s.emit(&rtcproto.Event{Payload: &rtcproto.Event_Error{Error: errorEvent(fromSFU(err))}})
		}
	}
}

// tellSubscriptions sends the whole list, unless the SFU has it already.
func (s *Session) tellSubscriptions(ctx context.Context, conn *connection) error {
	select {
	case s.wishes.turn <- struct{}{}:
		defer func() { <-s.wishes.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s.wishes.mu.Lock()
	known, sent, explicit := s.wishes.conn == conn, s.wishes.sent, s.wishes.explicit
	s.wishes.mu.Unlock()

	s.mu.Lock()
	explicit = explicit || !s.subscriptions.Audio.All
	list := s.subscriptionList(conn.sessionID, explicit)
	s.mu.Unlock()
	if known && slices.EqualFunc(list, sent, func(a, b *signal.TrackSubscriptionDetails) bool { return proto.Equal(a, b) }) {
		return nil
	}
	err := conn.rpc.UpdateSubscriptions(ctx, &signal.UpdateSubscriptionsRequest{SessionId: conn.sessionID, Tracks: list})
	if err != nil {
		return fromSFU(err)
	}
	s.wishes.mu.Lock()
	defer s.wishes.mu.Unlock()
	s.wishes.conn, s.wishes.sent, s.wishes.explicit = conn, list, explicit
	return nil
}

// subscriptionList must be called with mu held. An SFU sends everybody's audio until a list names audio; then it sends
// the audio of those listed. Naming ourselves says "nobody's": own media is never sent back.
func (s *Session) subscriptionList(self string, explicit bool) (list []*signal.TrackSubscriptionDetails) {
	if explicit {
		list = append(list, &signal.TrackSubscriptionDetails{
			UserId: s.UserID(), SessionId: self, TrackType: models.TrackType_TRACK_TYPE_AUDIO,
		})
	}
	sinks := s.sinksByTrack()
	for _, sessionID := range s.roster.sessionIDs() {
		p := s.roster.members[sessionID]
		if sessionID == self {
			continue
		}
		for _, t := range p.trackTypes() {
			wanted := len(sinks[trackKey{sessionID, t}]) > 0 || s.wants(p, t)
			if !wanted || t == rtcproto.TrackType_TRACK_TYPE_AUDIO && !explicit {
				continue
			}
			entry := &signal.TrackSubscriptionDetails{UserId: p.userID, SessionId: sessionID, TrackType: sfuTrackType(t)}
			if !isAudio(t) {
				height := uint32(s.subscriptions.MaxVideoHeight)
				entry.Dimension = &models.VideoDimension{Width: height * 16 / 9, Height: height}
			}
			list = append(list, entry)
		}
	}
	return list
}

// wants must be called with mu held. Mixes subscribe their tracks, as sinks do, whatever the policy says.
func (s *Session) wants(p *participant, t rtcproto.TrackType) bool {
	selection := s.subscriptions.Video
	if isAudio(t) {
		selection = s.subscriptions.Audio
	}
	if selection.includes(p.userID) {
		return true
	}
	return isAudio(t) && slices.ContainsFunc(s.mixes, func(m *mix) bool { return m.users.includes(p.userID) })
}
