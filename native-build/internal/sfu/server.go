package sfu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"streamgateway/native/internal/guard"
	"streamgateway/native/internal/headroom"
	"streamgateway/native/internal/sfuproto/models"
)

// ErrCallNotFound, ErrParticipantNotFound and ErrTooManyPins are answers to the host's moderation commands.
var (
	ErrTooManyPins         = errors.New("too many pins")
	ErrCallNotFound        = errors.New("call not found")
	ErrParticipantNotFound = errors.New("participant not found")
)

// Server is a running SFU. Its methods are safe from any goroutine.
type Server struct {
	options Options
	log     *slog.Logger
	media   *mediaPort
	http    *http.Server
	address *net.TCPAddr

	mu       sync.Mutex
	calls    map[string]*call
	sessions map[string]*participant
	sockets  map[*socket]struct{}
	pins     map[string][]*models.Pin // by cid, also of calls that nobody is in; lists are never changed
	stopping bool

	work tasks
}

// Start listens for signaling and media and serves until Stop.
func Start(options Options) (*Server, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", options.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for signaling: %w", err)
	}
	media, err := openMediaPort(options)
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("listen for media: %w", err)
	}
	s := &Server{
		options:  options,
		log:      options.Logger.With("edge", options.EdgeName),
		media:    media,
		address:  listener.Addr().(*net.TCPAddr),
		calls:    map[string]*call{},
		sessions: map[string]*participant{},
		sockets:  map[*socket]struct{}{},
		pins:     map[string][]*models.Pin{},
	}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	// More wait to be accepted. Short of open files Serve waits longer and longer between two looks.
	bounded := netutil.LimitListener(listener, headroom.MaxConnections(maxConnections))
	s.run("http", func() { _ = s.http.Serve(bounded) })
	return s, nil
}

// URL is the base address of the Twirp procedures.
func (s *Server) URL() string { return "http://" + s.host() + twirpPrefix }

// WSEndpoint is the address of the WebSocket.
func (s *Server) WSEndpoint() string { return "ws://" + s.host() + socketPath }

// MediaAddress is the address of the UDP port of all media.
func (s *Server) MediaAddress() string { return s.media.address.String() }

// EdgeName is the name the server was started with.
func (s *Server) EdgeName() string { return s.options.EdgeName }

func (s *Server) host() string {
	host := s.address.IP.String()
	switch {
	case s.options.PublicAddress != "":
		host = s.options.PublicAddress
	case s.address.IP.IsUnspecified():
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, fmt.Sprint(s.address.Port))
}

// Stop ends every session and frees both ports. With drain, participants are asked to move away first and get a few
// seconds to do so. It returns ctx's error when the work did not end in time.
func (s *Server) Stop(ctx context.Context, drain bool) error {
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		return s.work.wait(ctx)
	}
	s.stopping = true
	s.mu.Unlock()

	if drain {
		s.drain(ctx)
	}
	for _, p := range s.everyone() {
		p.remove(LeaveShutdown, closeGoingAway)
	}
	s.mu.Lock()
	for socket := range s.sockets {
		socket.finish(closeGoingAway, "shutting down")
	}
	s.mu.Unlock()
	s.endRequests(ctx)
	err := s.work.wait(ctx)
	if closeErr := s.media.close(); err == nil && closeErr != nil {
		s.log.Debug("media port closed", "error", closeErr)
	}
	return err
}

// endRequests frees the port at once and lets procedures that run finish, for a moment.
func (s *Server) endRequests(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, requestGrace)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

func (s *Server) drain(ctx context.Context) {
	shuttingDown := encode(fail(codeShuttingDown, "the server shuts down").event())
	for _, p := range s.everyone() {
		p.send(shuttingDown)
	}
	deadline := time.NewTimer(drainDeadline)
	defer deadline.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for len(s.everyone()) > 0 {
		select {
		case <-poll.C:
		case <-deadline.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// run starts a goroutine that the server owns: Stop waits for it, and a panic in it is logged and goes no further.
// After Stop it does nothing.
func (s *Server) run(name string, work func()) {
	if !s.work.begin() {
		return
	}
	go func() {
		defer s.work.end()
		if p := guard.Run(work); p != nil {
			s.panicked(name, p)
		}
	}()
}

func (s *Server) panicked(where string, p *guard.Panic) {
	s.log.Error("panic", "where", where, "cause", fmt.Sprint(p.Value), "stack", string(p.Stack))
}

// recover ends a panic on a goroutine of the library or of a timer; it is to be deferred.
func (s *Server) recover(where string) {
	if cause := recover(); cause != nil {
		s.panicked(where, &guard.Panic{Value: cause, Stack: debug.Stack()})
	}
}

func (s *Server) everyone() []*participant {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*participant, 0, len(s.sessions))
	for _, p := range s.sessions {
		all = append(all, p)
	}
	return all
}

func (s *Server) session(id string) *participant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

func (s *Server) call(cid string) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[cid]
}
