// Package sfumodule runs local SFUs for hosts: the sfu.* commands, and the events of who joins and leaves.
package sfumodule

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
)

// maxServers bounds the SFUs of one instance.
const maxServers = 16

// host is what the module needs of its instance.
type host interface {
	Emit(session uint64, payload *rtcproto.Event)
	Log() *slog.Logger
	NextID() uint64
}

// Module owns the SFUs of one instance.
type Module struct {
	host host

	mu      sync.Mutex
	closed  bool
	servers map[uint64]*sfu.Server
}

// New makes the module of an instance.
func New(in *plugin.Instance) plugin.Module { return newModule(in) }

func newModule(h host) *Module {
	return &Module{host: h, servers: map[uint64]*sfu.Server{}}
}

// Commands answers the sfu.* commands.
func (m *Module) Commands() map[string]plugin.Command {
	return map[string]plugin.Command{
		"sfu.start":              plugin.Typed(m.start),
		"sfu.stop":               plugin.Typed(m.stop),
		"sfu.go_away":            plugin.Typed(m.goAway),
		"sfu.call.end":           plugin.Typed(m.endCall),
		"sfu.participant.kick":   plugin.Typed(m.kick),
		"sfu.participant.mute":   plugin.Typed(m.mute),
		"sfu.participant.grants": plugin.Typed(m.updateGrants),
		"sfu.participant.update": plugin.Typed(m.updateParticipant),
		"sfu.pins":               plugin.Typed(m.setPins),
		"sfu.stats":              plugin.Typed(m.stats),
	}
}

// Counts tells how many SFUs and peer connections of theirs are alive.
func (m *Module) Counts() map[string]int {
	counts := map[string]int{"sfus": 0, "peer_connections": 0}
	for _, server := range m.all() {
		counts["sfus"]++
		counts["peer_connections"] += server.PeerConnections()
	}
	return counts
}

// Shutdown stops every SFU.
func (m *Module) Shutdown(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	var errs []error
	for id, server := range m.all() {
		errs = append(errs, m.end(ctx, id, server, false))
	}
	return errors.Join(errs...)
}

func (m *Module) all() map[uint64]*sfu.Server {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[uint64]*sfu.Server, len(m.servers))
	for id, server := range m.servers {
		all[id] = server
	}
	return all
}

func (m *Module) find(id uint64) (*sfu.Server, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if server := m.servers[id]; server != nil {
		return server, nil
	}
	return nil, failure.Newf(failure.SFUNotFound, failure.NoStage, "no SFU %d", id)
}

// migrated tells the SFU that a participant came from, if it is one of ours.
func (m *Module) migrated(arrival sfu.Migration) {
	for _, server := range m.all() {
		if server.EdgeName() == arrival.FromEdge {
			server.CompleteMigration(arrival.CallCID, arrival.SessionID)
		}
	}
}

// end stops a server and forgets it; until it has ended it stays in the table.
func (m *Module) end(ctx context.Context, id uint64, server *sfu.Server, drain bool) error {
	err := server.Stop(ctx, drain)
	if err != nil {
		return failure.Newf(failure.DeadlineExceeded, failure.NoStage, "the SFU did not end in time: %w", err)
	}
	m.mu.Lock()
	delete(m.servers, id)
	m.mu.Unlock()
	return nil
}

// observer turns what an SFU hears into events.
type observer struct {
	host host
	id   uint64
}

func (o observer) ParticipantJoined(p sfu.Presence) {
	o.host.Emit(0, &rtcproto.Event{Payload: &rtcproto.Event_SfuParticipantJoined{SfuParticipantJoined: &rtcproto.SfuParticipantJoined{
		SfuId: o.id, CallCid: p.CallCID, UserId: p.UserID, ParticipantSessionId: p.SessionID, Anonymous: p.Anonymous,
	}}})
}

func (o observer) ParticipantLeft(p sfu.Presence, reason sfu.LeaveReason, stayed time.Duration) {
	o.host.Emit(0, &rtcproto.Event{Payload: &rtcproto.Event_SfuParticipantLeft{SfuParticipantLeft: &rtcproto.SfuParticipantLeft{
		SfuId: o.id, CallCid: p.CallCID, UserId: p.UserID, ParticipantSessionId: p.SessionID, Anonymous: p.Anonymous,
		Reason: string(reason), DurationMs: float64(stayed) / float64(time.Millisecond),
	}}})
}
