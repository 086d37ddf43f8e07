// Package plugin runs commands for hosts: instances and their lifecycle, configuration, answers, events and logs.
//
// What a command does is the business of the modules; how it travels is the business of package border.
package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"streamgateway/native/internal/border"
)

// Version is that of the library, as rtc_version tells it.
var Version = border.Version()

// Undoable is an answer whose effects can be taken back: Undo is called when the host
// had stopped waiting before the answer came. It must not wait.
type Undoable interface{ Undo() }

// Module is a part of an instance: a set of commands and what they keep alive.
type Module interface {
	Commands() map[string]Command
	// Counts tells how much is alive, for rtc.tables, such as "sessions".
	Counts() map[string]int
	// Shutdown ends everything of the module before ctx is done.
	Shutdown(ctx context.Context) error
}

// ModuleFactory makes the module of an instance.
type ModuleFactory func(in *Instance) Module

// Serve answers the hosts of this process from now on, with one module of each factory an instance.
func Serve(factories ...ModuleFactory) error {
	return border.Serve(&server{factories: factories, instances: make(map[uint64]*Instance)})
}

// server is the border.Handler: it finds the instance a request is for.
type server struct {
	factories []ModuleFactory

	mu        sync.RWMutex
	instances map[uint64]*Instance
}

func (s *server) find(id uint64) *Instance {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.instances[id]
}

func (s *server) Check(request *border.Request) {
	if json.Valid(request.Payload()) {
		request.Answer(border.Success, nil)
		return
	}
	request.Answer(border.ConfigError, []byte("configuration error: not valid JSON"))
}

func (s *server) Init(request *border.Request) {
	config, err := parseConfig(request.Payload())
	if err != nil {
		request.Answer(border.ConfigError, []byte("configuration error: "+err.Error()))
		return
	}
	if !border.Instance(request.Instance).Configure(config.limits(), config.logLevel) {
		request.Answer(border.InitializationFailed, []byte("initialization failed: no memory for the event buffer"))
		return
	}
	in := newInstance(border.Instance(request.Instance), config)
	in.Go(func() {
		if err := in.start(s.factories); err != nil {
			in.discard()
			request.Answer(border.InitializationFailed, []byte("initialization failed: "+err.Error()))
			return
		}
		s.mu.Lock()
		s.instances[request.Instance] = in
		s.mu.Unlock()
		if !request.Answer(border.Success, nil) {
			// The host has given up; nobody else would ever stop this instance.
			s.stop(in, config.ShutdownTimeout)
		}
	})
}

func (s *server) Call(request *border.Request) {
	in := s.find(request.Instance)
	if in == nil {
		request.Answer(failureAnswer(border.InvalidState, errStopping))
		return
	}
	in.call(request)
}

func (s *server) Cancel(instance, request uint64) {
	if in := s.find(instance); in != nil {
		in.cancelRequest(request)
	}
}

func (s *server) Shutdown(request *border.Request) {
	in := s.find(request.Instance)
	milliseconds, err := strconv.Atoi(string(request.Payload()))
	if in == nil || err != nil {
		request.Answer(border.ShutdownFailed, []byte("shutdown failed: no such instance"))
		return
	}
	in.Go(func() {
		if err := s.stop(in, time.Duration(milliseconds)*time.Millisecond); err != nil {
			request.Answer(border.ShutdownFailed, []byte("shutdown failed: "+err.Error()))
			return
		}
		request.Answer(border.Success, nil)
	})
}

func (s *server) stop(in *Instance, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := in.shutdown(ctx)
	s.mu.Lock()
	delete(s.instances, uint64(in.border))
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("within %v: %w", timeout, err)
	}
	return nil
}
