// Package rtcmodule serves the rtc.* commands of commands.md: the participants of one instance of the library.
package rtcmodule

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/headroom"
	"streamgateway/native/internal/mock"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

const (
	// maxSessions bounds the table.
	maxSessions = 10_000
	// filesPerSession is what a session opens: its sockets to the coordinator, to the SFU and for media.
	filesPerSession = 12
)

// Module holds the sessions of one instance. It is safe for concurrent use.
type Module struct {
	host     host
	engine   *rtc.Engine
	broken   error // why there is no engine
	settings settings

	mu       sync.Mutex
	sessions map[uint64]*rtc.Session
	mocks    map[uint64]*mock.Session
	joining  int
	sources  map[uint64]*rtc.Session
	sinks    map[uint64]*rtc.Session
	stopping bool
}

// New makes the module of an instance.
func New(instance *plugin.Instance) plugin.Module { return newModule(instanceHost{instance}) }

func newModule(h host) *Module {
	m := &Module{
		host: h, sessions: map[uint64]*rtc.Session{}, mocks: map[uint64]*mock.Session{},
		sources: map[uint64]*rtc.Session{}, sinks: map[uint64]*rtc.Session{},
	}
	m.engine, m.broken = rtc.NewEngine(h.Log().WithGroup("rtc"))
	if err := m.settings.read(h.Data()); err != nil {
		m.broken = err
	}
	return m
}

// Commands are the type tags served here.
func (m *Module) Commands() map[string]plugin.Command {
	return map[string]plugin.Command{
		"rtc.join":          plugin.Typed(m.join),
		"rtc.leave":         plugin.Typed(m.leave),
		"rtc.session":       plugin.Typed(m.session),
		"rtc.subscribe":     plugin.Typed(m.subscribe),
		"rtc.mute":          plugin.Typed(m.mute),
		"rtc.stats":         plugin.Typed(m.stats),
		"rtc.custom_event":  plugin.Typed(m.customEvent),
		"rtc.reaction":      plugin.Typed(m.reaction),
		"rtc.token":         plugin.Typed(m.token),
		"rtc.publish.open":  plugin.Typed(m.openPublication),
		"rtc.publish.close": plugin.Typed(m.closePublication),
		"rtc.publish.flush": plugin.Typed(m.flushPublication),
		"rtc.publish.mark":  plugin.Typed(m.markPublication),
		"rtc.publications":  plugin.Typed(m.publications),
		"rtc.sink.open":     plugin.Typed(m.openSink),
		"rtc.sink.close":    plugin.Typed(m.closeSink),
		"rtc.mix.open":      plugin.Typed(m.openMix),
		"rtc.record.start":  plugin.Typed(m.startRecording),
		"rtc.record.stop":   plugin.Typed(m.stopRecording),
		"rtc.record.remove": plugin.Typed(m.removeRecording),
		"rtc.recordings":    plugin.Typed(m.recordings),
	}
}

// Counts tells what is alive.
func (m *Module) Counts() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[string]int{"sessions": len(m.sessions) + len(m.mocks)}
	if m.engine != nil {
		counts["peer_connections"], counts["recordings"] = m.engine.PeerConnections(), m.engine.Recordings()
	}
	return counts
}

// Shutdown leaves every call, all at once.
func (m *Module) Shutdown(ctx context.Context) error {
	m.mu.Lock()
	m.stopping = true
	var left []interface{ Shutdown(context.Context) error }
	for _, session := range m.sessions {
		left = append(left, session)
	}
	for _, session := range m.mocks {
		left = append(left, session)
	}
	m.mu.Unlock()

	results := make(chan error, len(left))
	for _, session := range left {
		m.host.Go(func() { results <- session.Shutdown(ctx) })
	}
	failed := 0
	for range left {
		select {
		case err := <-results:
			if err != nil {
				failed++
			}
		case <-ctx.Done():
			return fmt.Errorf("sessions did not leave: %w", ctx.Err())
		}
	}
	if m.engine != nil {
		m.engine.Close()
	}
	if failed > 0 {
		return fmt.Errorf("%d sessions did not leave in time", failed)
	}
	return nil
}

// ticket is a session's place in the table, from before its join to its last event.
type ticket struct {
	id      uint64
	release func() // what the join has claimed
	left    bool   // guarded by the module's lock
}

// admit takes a place for a session that is going to join.
func (m *Module) admit() (*ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.broken != nil:
		return nil, failure.New(failure.Internal, failure.NoStage, m.broken)
	case m.stopping:
		return nil, errShuttingDown()
	case len(m.sessions)+len(m.mocks)+m.joining >= maxSessions:
		return nil, failure.Newf(failure.CapacityExceeded, failure.NoStage, "%d sessions are the limit", maxSessions)
	}
	release, err := headroom.Claim(filesPerSession)
	if err != nil {
		return nil, err
	}
	m.joining++
	return &ticket{id: m.host.NextID(), release: release}, nil
}

func errShuttingDown() error {
	return failure.New(failure.Cancelled, failure.NoStage, errors.New("the library is shutting down"))
}

// settle lists a session that has joined; nil gives the place back. It reports false when the session must leave
// because the library is shutting down.
func (m *Module) settle(t *ticket, session *rtc.Session) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.joining--
	t.release()
	if session != nil && !t.left {
		m.sessions[t.id] = session
	}
	return session == nil || !m.stopping
}

// emit passes an event on, and strikes from the tables what it says has ended.
func (m *Module) emit(t *ticket, e *rtcproto.Event) {
	m.host.Emit(t.id, e)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch payload := e.Payload.(type) {
	case *rtcproto.Event_PublicationEnded:
		delete(m.sources, payload.PublicationEnded.GetSourceId())
	case *rtcproto.Event_SinkEnded:
		delete(m.sinks, payload.SinkEnded.GetSinkId())
	case *rtcproto.Event_Left:
		t.left = true
		delete(m.sessions, t.id)
		delete(m.mocks, t.id)
	}
}

func (m *Module) find(id uint64) (*rtc.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if session := m.sessions[id]; session != nil {
		return session, nil
	}
	if m.mocks[id] != nil {
		return nil, failure.Invalid("session %d is a mock, which knows rtc.session and rtc.leave only", id)
	}
	return nil, failure.Newf(failure.SessionNotFound, failure.NoStage, "no session %d", id)
}

// bounded finds the session of a command and gives the command its deadline. Without an error the caller calls cancel.
func bounded(
	ctx context.Context, timeoutMs *int64, find func(uint64) (*rtc.Session, error), id uint64,
) (context.Context, *rtc.Session, context.CancelFunc, error) {
	ctx, cancel, err := deadline(ctx, timeoutMs)
	if err != nil {
		return nil, nil, nil, err
	}
	session, err := find(id)
	if err != nil {
		cancel()
		return nil, nil, nil, err
	}
	return ctx, session, cancel, nil
}
