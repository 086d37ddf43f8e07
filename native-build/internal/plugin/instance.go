package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"streamgateway/native/internal/border"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/guard"
	"streamgateway/native/internal/headroom"
)

var errStopping = failure.New(failure.Kind("invalid_state"), failure.NoStage,
	errors.New("invalid lifecycle state: expected Active, got Stopping"))

// Instance is one plugin_init: its modules, its running requests, its events and logs. Safe from any goroutine.
type Instance struct {
	border   border.Instance
	config   config
	log      *slog.Logger
	emitter  emitter
	modules  []Module
	commands map[string]Command
	ctx      context.Context // done when the instance stops
	cancel   context.CancelFunc

	mu       sync.Mutex
	stopping bool
	running  map[uint64]*running
	idle     chan struct{} // closed when stopping and nothing runs any more
}

// running is a command that has not answered yet.
type running struct {
	request *border.Request
	cancel  context.CancelFunc
}

func newInstance(b border.Instance, config config) *Instance {
	in := &Instance{
		border:  b,
		config:  config,
		log:     slog.New(&logHandler{border: b, target: "librtc"}),
		emitter: newEmitter(b),
		running: make(map[uint64]*running),
		idle:    make(chan struct{}),
	}
	in.ctx, in.cancel = context.WithCancel(context.Background())
	return in
}

func (in *Instance) start(factories []ModuleFactory) (err error) {
	if p := guard.Run(func() {
		for _, factory := range factories {
			in.modules = append(in.modules, factory(in))
		}
		in.commands, err = in.collectCommands()
	}); p != nil {
		return p
	}
	if err == nil {
		in.log.Info("started", "version", Version)
	}
	if !headroom.Reserve() {
		in.log.Warn("hardly any threads can be started: sessions will be refused")
	}
	return err
}

func (in *Instance) collectCommands() (map[string]Command, error) {
	commands := in.builtin()
	for _, module := range in.modules {
		for tag, command := range module.Commands() {
			if _, taken := commands[tag]; taken {
				return nil, fmt.Errorf("two modules serve %q", tag)
			}
			commands[tag] = command
		}
	}
	return commands, nil
}

// discard ends an instance that did not start.
func (in *Instance) discard() {
	ctx, cancel := context.WithTimeout(context.Background(), in.config.ShutdownTimeout)
	defer cancel()
	if err := in.shutdown(ctx); err != nil {
		in.log.Error("instance that failed to start did not end", "error", err)
	}
}

// Log is the instance's logger: WithGroup("rtc") makes the target "librtc.rtc". Lines reach the host's callback on the
// library's own thread; logging never waits.
func (in *Instance) Log() *slog.Logger {
	return in.log
}

// Context is done when the instance stops.
func (in *Instance) Context() context.Context {
	return in.ctx
}

// Data is the configuration's data, JSON, or nil.
func (in *Instance) Data() []byte {
	return in.config.Data
}

// OpenSource makes a source whose handle the host writes to.
func (in *Instance) OpenSource(capacity int) (*border.Source, error) {
	source, err := in.border.OpenSource(capacity)
	if err != nil {
		return nil, failure.New(failure.CapacityExceeded, failure.NoStage, err)
	}
	return source, nil
}

// OpenSink makes a sink whose handle the host reads from.
func (in *Instance) OpenSink(capacity int) (*border.Sink, error) {
	sink, err := in.border.OpenSink(capacity)
	if err != nil {
		return nil, failure.New(failure.CapacityExceeded, failure.NoStage, err)
	}
	return sink, nil
}

// NextID returns a handle for something of a module: below 2^53, never used before in this process.
func (in *Instance) NextID() uint64 {
	return border.NextID()
}

// EventBytesQueued is how much of the event buffer the host has not taken yet.
func (in *Instance) EventBytesQueued() uint64 { return in.border.Counts().EventBytesQueued }

// Go runs work on a goroutine whose panic does not end the process, only this instance.
func (in *Instance) Go(work func()) {
	guard.Go(in.Panicked, work)
}

// Panicked takes note of a panic recovered somewhere in the instance: it is logged and the instance fails.
func (in *Instance) Panicked(p *guard.Panic) {
	in.log.Error("panic", "value", fmt.Sprint(p.Value), "stack", string(p.Stack))
	in.border.Fail()
}

// ---- Requests

func (in *Instance) call(request *border.Request) {
	command := in.commands[request.Tag]
	switch {
	case request.Tag == tagEcho && request.Size() <= maxQuick:
		in.run(in.ctx, request, command)
		return
	case command.run == nil:
		request.Answer(failureAnswer(border.UnknownMessageType,
			failure.Invalid("unknown message type: %s", request.Tag)))
		return
	}
	ctx, ok := in.begin(request)
	if !ok {
		request.Answer(failureAnswer(border.InvalidState, errStopping))
		return
	}
	in.Go(func() {
		defer in.end(request)
		in.run(ctx, request, command)
	})
}

// run runs a command and answers. A panic answers too.
func (in *Instance) run(ctx context.Context, request *border.Request, command Command) {
	var answer any
	var err error
	if p := guard.Run(func() { answer, err = command.run(ctx, request.Payload()) }); p != nil {
		in.Panicked(p)
		request.Answer(border.Internal, []byte(fmt.Sprintf("Plugin panicked: %v", p.Value)))
		return
	}
	if delivered := request.Answer(envelope(answer, err)); !delivered && err == nil {
		if begun, ok := answer.(Undoable); ok {
			begun.Undo()
		}
	}
}

func (in *Instance) begin(request *border.Request) (context.Context, bool) {
	ctx, cancel := context.WithCancel(in.ctx)
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.stopping {
		cancel()
		return nil, false
	}
	in.running[request.ID] = &running{request: request, cancel: cancel}
	return ctx, true
}

func (in *Instance) end(request *border.Request) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if r := in.running[request.ID]; r != nil {
		r.cancel()
		delete(in.running, request.ID)
	}
	if in.stopping && len(in.running) == 0 {
		in.closeIdle()
	}
}

// closeIdle needs mu.
func (in *Instance) closeIdle() {
	select {
	case <-in.idle:
	default:
		close(in.idle)
	}
}

func (in *Instance) cancelRequest(id uint64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if r := in.running[id]; r != nil {
		r.cancel()
	}
}

// ---- Shutdown

// shutdown cancels what runs, ends the modules, the last one first, and waits for the commands.
func (in *Instance) shutdown(ctx context.Context) error {
	in.mu.Lock()
	in.stopping = true
	if len(in.running) == 0 {
		in.closeIdle()
	}
	in.mu.Unlock()
	in.log.Info("stopping")
	in.cancel()

	var errs []error
	for i := len(in.modules) - 1; i >= 0; i-- {
		errs = append(errs, in.shutdownModule(ctx, in.modules[i]))
	}
	select {
	case <-in.idle:
	case <-ctx.Done():
		errs = append(errs, fmt.Errorf("%d requests did not stop", in.answerRest()))
	}
	return errors.Join(errs...)
}

func (in *Instance) shutdownModule(ctx context.Context, module Module) error {
	done := make(chan error, 1)
	guard.Go(func(p *guard.Panic) { in.Panicked(p); done <- p }, func() { done <- module.Shutdown(ctx) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%T did not stop: %w", module, ctx.Err())
	}
}

// answerRest answers what still runs, so that no host waits for commands that hang.
func (in *Instance) answerRest() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, r := range in.running {
		r.request.Answer(failureAnswer(border.Cancelled,
			failure.Newf(failure.Cancelled, failure.NoStage, "the library was shut down")))
	}
	return len(in.running)
}
