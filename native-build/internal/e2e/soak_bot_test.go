package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

const keptEvents = 60

// soakBot is a session and the picture of the call that its events alone give.
type soakBot struct {
	*rtc.Session
	name string

	mu             sync.Mutex
	news           chan struct{}
	others         participants
	wrong          []string // events that do not fit those before
	back           []*rtcproto.Reconnected
	reconnecting   bool
	ending         bool // it is meant to
	left           *rtcproto.Left
	connected      map[rtcproto.PeerKind]bool
	disconnections int
	moderated      bool
	recent         []string
}

// participants are the live tracks of each, by participant session id.
type participants map[string]map[rtcproto.TrackType]bool

func (p participants) add(sessionID string, tracks []*rtcproto.Track) {
	p[sessionID] = map[rtcproto.TrackType]bool{}
	for _, t := range tracks {
		if !t.GetMuted() {
			p[sessionID][t.GetTrackType()] = true
		}
	}
}

func (p participants) equal(other participants) bool {
	return maps.EqualFunc(p, other, func(a, b map[rtcproto.TrackType]bool) bool { return maps.Equal(a, b) })
}

func (p participants) String() string {
	var lines []string
	for _, sessionID := range slices.Sorted(maps.Keys(p)) {
		lines = append(lines, fmt.Sprintf("%.8s %v", sessionID, slices.Sorted(maps.Keys(p[sessionID]))))
	}
	return "[" + strings.Join(lines, ", ") + "]"
}

func newSoakBot(name string) *soakBot {
	return &soakBot{name: name, news: make(chan struct{}), others: participants{}, connected: map[rtcproto.PeerKind]bool{}}
}

func (b *soakBot) note(e *rtcproto.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.GetAudioLevels() == nil {
		b.recent = append(b.recent, time.Now().Format("15:04:05.000 ")+e.String())
		b.recent = b.recent[max(0, len(b.recent)-keptEvents):]
	}
	b.follow(e)
	close(b.news)
	b.news = make(chan struct{})
}

// follow must be called with mu held.
func (b *soakBot) follow(e *rtcproto.Event) {
	if b.left != nil {
		b.wrong = append(b.wrong, "after left: "+e.String())
	}
	switch payload := e.Payload.(type) {
	case *rtcproto.Event_Joined:
		for _, p := range payload.Joined.GetParticipants() {
			if !p.GetIsLocal() {
				b.others.add(p.GetParticipantSessionId(), p.GetTracks())
			}
		}
	case *rtcproto.Event_ParticipantJoined:
		p := payload.ParticipantJoined.GetParticipant()
		b.expect(b.others[p.GetParticipantSessionId()] == nil, e)
		b.others.add(p.GetParticipantSessionId(), nil)
	case *rtcproto.Event_ParticipantLeft:
		p := payload.ParticipantLeft.GetParticipant()
		tracks, known := b.others[p.GetParticipantSessionId()]
		b.expect(known && len(tracks) == 0, e)
		delete(b.others, p.GetParticipantSessionId())
	case *rtcproto.Event_TrackPublished:
		t := payload.TrackPublished.GetTrack()
		tracks := b.others[t.GetParticipantSessionId()]
		if b.expect(tracks != nil && !tracks[t.GetTrackType()], e); tracks != nil {
			tracks[t.GetTrackType()] = true
		}
	case *rtcproto.Event_TrackUnpublished:
		t := payload.TrackUnpublished.GetTrack()
		tracks := b.others[t.GetParticipantSessionId()]
		b.expect(tracks[t.GetTrackType()], e)
		delete(tracks, t.GetTrackType())
	case *rtcproto.Event_Reconnecting:
		b.reconnecting = true
	case *rtcproto.Event_Reconnected:
		b.reconnecting = false
		b.back = append(b.back, payload.Reconnected)
	case *rtcproto.Event_Left:
		b.left = payload.Left
		if !b.ending && b.left.GetReason() != "call_ended" {
			b.wrong = append(b.wrong, "left unasked: "+e.String())
		}
	case *rtcproto.Event_ConnectionStateChanged:
		change := payload.ConnectionStateChanged
		b.connected[change.GetPeer()] = change.GetState() == rtcproto.ConnectionState_CONNECTION_STATE_CONNECTED
		switch change.GetState() {
		case rtcproto.ConnectionState_CONNECTION_STATE_DISCONNECTED, rtcproto.ConnectionState_CONNECTION_STATE_FAILED:
			b.disconnections++
		}
	case *rtcproto.Event_MutedByModerator:
		b.moderated = true
	}
}

func (b *soakBot) expect(holds bool, e *rtcproto.Event) {
	if !holds {
		b.wrong = append(b.wrong, fmt.Sprintf("%v does not fit %v", e, b.others))
	}
}

// expectEnd says that the session is about to end.
func (b *soakBot) expectEnd() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ending = true
}

func (b *soakBot) reconnects() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.back)
}

func (b *soakBot) awaitReconnect(after int) error {
	return b.await(func() bool { return len(b.back) > after && !b.reconnecting })
}

// isConnected tells whether media flows over one of the peer connections.
func (b *soakBot) isConnected() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.connected[rtcproto.PeerKind_PEER_KIND_PUBLISHER] || b.connected[rtcproto.PeerKind_PEER_KIND_SUBSCRIBER]
}

// forget makes the next loss of a path and the next word of a moderator news again.
func (b *soakBot) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disconnections, b.moderated = 0, false
}

// await waits until the events so far fulfil a condition, which is looked at with mu held.
func (b *soakBot) await(condition func() bool) error { return b.awaitFor(patience, condition) }

func (b *soakBot) awaitFor(limit time.Duration, condition func() bool) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		b.mu.Lock()
		holds, news, left := condition(), b.news, b.left
		b.mu.Unlock()
		switch {
		case holds:
			return nil
		case left != nil:
			return fmt.Errorf("%s left: %v", b.name, left)
		}
		select {
		case <-news:
		case <-deadline.C:
			return errors.New(b.name + ": what was awaited did not happen")
		}
	}
}

// heard lists the tracks of others that are live.
func (b *soakBot) heard() (list []*rtcproto.Track) {
	for _, p := range b.Info().Participants {
		for _, t := range p.GetTracks() {
			if !p.GetIsLocal() && !t.GetMuted() {
				list = append(list, t)
			}
		}
	}
	return list
}

func (b *soakBot) history() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return "  " + strings.Join(b.recent, "\n  ")
}
