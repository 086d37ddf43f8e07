// Package bordertest is a module whose commands exercise the border: they wait, hang, panic, flood and stream on
// request. It is part of librtctest only.
package bordertest

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"log/slog"
	"sync"
	"time"

	"streamgateway/native/internal/border"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtcproto"
)

type module struct {
	in *plugin.Instance

	mu      sync.Mutex
	sources map[uint64]*border.Source
	sinks   map[uint64]*border.Sink
}

// New makes the module of an instance.
func New(in *plugin.Instance) plugin.Module {
	return &module{in: in, sources: make(map[uint64]*border.Source), sinks: make(map[uint64]*border.Sink)}
}

func (m *module) Counts() map[string]int { return nil }

func (m *module) Shutdown(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, source := range m.sources {
		source.Close()
	}
	for _, sink := range m.sinks {
		sink.End()
	}
	return nil
}

// arguments holds what any of the commands may be given.
type arguments struct {
	MS       int64  `json:"ms"`
	Count    int    `json:"count"`
	Size     int    `json:"size"`
	Capacity int    `json:"capacity"`
	Session  uint64 `json:"session"`
	Source   uint64 `json:"source"`
	Sink     uint64 `json:"sink"`
	Discard  bool   `json:"discard"`
}

func (m *module) Commands() map[string]plugin.Command {
	commands := make(map[string]plugin.Command)
	for tag, run := range map[string]func(context.Context, arguments) (any, error){
		"test.sleep":        m.sleep,
		"test.stubborn":     m.stubborn,
		"test.undoable":     m.undoable,
		"test.panic":        m.panic,
		"test.panic_later":  m.panicLater,
		"test.log":          m.log,
		"test.emit":         m.emit,
		"test.source.open":  m.openSource,
		"test.source.read":  m.readSource,
		"test.source.close": m.closeSource,
		"test.sink.open":    m.openSink,
		"test.sink.preface": m.prefaceSink,
		"test.sink.write":   m.writeSink,
		"test.sink.end":     m.endSink,
	} {
		commands[tag] = plugin.Typed(run)
	}
	return commands
}

type nothing struct{}

func (m *module) sleep(ctx context.Context, a arguments) (any, error) {
	select {
	case <-time.After(time.Duration(a.MS) * time.Millisecond):
		return nothing{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stubborn waits without listening to ctx.
func (m *module) stubborn(_ context.Context, a arguments) (any, error) {
	time.Sleep(time.Duration(a.MS) * time.Millisecond)
	return nothing{}, nil
}

// undoable is stubborn, and says so when it is undone.
func (m *module) undoable(ctx context.Context, a arguments) (any, error) {
	_, err := m.stubborn(ctx, a)
	return undoable{m.in, a.Session}, err
}

type undoable struct {
	in      *plugin.Instance
	session uint64
}

func (u undoable) Undo() {
	u.in.Emit(u.session, &rtcproto.Event{Payload: &rtcproto.Event_Left{Left: &rtcproto.Left{Reason: "undone"}}})
}

func (m *module) panic(context.Context, arguments) (any, error) {
	var none *module
	return none.in, nil
}

func (m *module) panicLater(context.Context, arguments) (any, error) {
	m.in.Go(func() { panic("on purpose") })
	return nothing{}, nil
}

func (m *module) log(_ context.Context, a arguments) (any, error) {
	log := m.in.Log().WithGroup("test").With("size", a.Size)
	for i := range a.Count {
		log.Info("line of the test", "number", i, "quoted", "two words")
		log.Log(context.Background(), slog.LevelDebug-4, "trace of the test")
	}
	return nothing{}, nil
}

func (m *module) emit(_ context.Context, a arguments) (any, error) {
	message := string(make([]byte, a.Size))
	for range a.Count {
		m.in.Emit(a.Session, &rtcproto.Event{Payload: &rtcproto.Event_Error{Error: &rtcproto.Error{Message: message}}})
	}
	return nothing{}, nil
}

func (m *module) openSource(_ context.Context, a arguments) (any, error) {
	source, err := m.in.OpenSource(a.Capacity)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources[source.ID()] = source
	return map[string]uint64{"source": source.ID()}, nil
}

func (m *module) source(id uint64) (*border.Source, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if source := m.sources[id]; source != nil {
		return source, nil
	}
	return nil, failure.New(failure.SourceNotFound, failure.NoStage, nil)
}

// readSource reads size bytes, fewer at the end only, and answers their number and FNV-1a hash.
func (m *module) readSource(ctx context.Context, a arguments) (any, error) {
	source, err := m.source(a.Source)
	if err != nil {
		return nil, err
	}
	hash := fnv.New32a()
	buffer := make([]byte, 4096)
	total := 0
	for total < a.Size {
		n, err := source.Read(ctx, buffer[:min(len(buffer), a.Size-total)])
		hash.Write(buffer[:n])
		total += n
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return map[string]uint64{"bytes": uint64(total), "hash": uint64(hash.Sum32())}, nil
}

func (m *module) closeSource(_ context.Context, a arguments) (any, error) {
	source, err := m.source(a.Source)
	if err != nil {
		return nil, err
	}
	source.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sources, a.Source)
	return nothing{}, nil
}

func (m *module) openSink(_ context.Context, a arguments) (any, error) {
	sink, err := m.in.OpenSink(a.Capacity)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sinks[sink.ID()] = sink
	return map[string]uint64{"sink": sink.ID()}, nil
}

func (m *module) sink(id uint64) (*border.Sink, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sink := m.sinks[id]; sink != nil {
		return sink, nil
	}
	return nil, failure.New(failure.SinkNotFound, failure.NoStage, nil)
}

func (m *module) prefaceSink(_ context.Context, a arguments) (any, error) {
	sink, err := m.sink(a.Sink)
	if err != nil {
		return nil, err
	}
	return map[string]bool{"taken": sink.WriteHeader(page(a.Size, 'H'))}, nil
}

// writeSink writes count pages of size bytes, filled with their number.
func (m *module) writeSink(_ context.Context, a arguments) (any, error) {
	sink, err := m.sink(a.Sink)
	if err != nil {
		return nil, err
	}
	packets, bytes := 0, 0
	for i := range a.Count {
		p, b := sink.Write(page(a.Size, byte(i)))
		packets += p
		bytes += b
	}
	return map[string]int{"dropped": packets, "dropped_bytes": bytes}, nil
}

func (m *module) endSink(_ context.Context, a arguments) (any, error) {
	sink, err := m.sink(a.Sink)
	if err != nil {
		return nil, err
	}
	if a.Discard {
		sink.Discard()
	} else {
		sink.End()
	}
	return nothing{}, nil
}

func page(size int, fill byte) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = fill
	}
	return p
}
