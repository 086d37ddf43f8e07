package e2e

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"streamgateway/native/internal/sfu"
)

// proxy stands in front of the SFU's signaling port, so that a test can cut it.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	open  map[net.Conn]bool
	shut  bool
	tasks sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, target: target, open: map[net.Conn]bool{}}
	p.tasks.Add(1)
	go p.accept()
	t.Cleanup(func() {
		listener.Close()
		p.cut(true)
		p.tasks.Wait()
	})
	return p
}

func (p *proxy) accept() {
	defer p.tasks.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || !p.admit(client, server) {
			client.Close()
			if server != nil {
				server.Close()
			}
			continue
		}
		p.tasks.Add(2)
		go p.copy(client, server)
		go p.copy(server, client)
	}
}

func (p *proxy) admit(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.open[conn] = !p.shut
	}
	return !p.shut
}

func (p *proxy) copy(from, to net.Conn) {
	defer p.tasks.Done()
	_, _ = io.Copy(to, from)
	from.Close()
	to.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, from)
}

// cut closes every connection; with shut, new ones as well.
func (p *proxy) cut(shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = shut
	for conn := range p.open {
		conn.Close()
	}
}

// letThrough ends a cut.
func (p *proxy) letThrough() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = false
}

// viaProxy makes the coordinator hand out the proxy's address for one user.
func (w *world) viaProxy(user string) *proxy {
	w.t.Helper()
	p := newProxy(w.t, signalingAddress(w.sfu))
	w.coordinator.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("user_id") != user || w.coordinator.current() != w.sfu {
			return false
		}
		address := p.listener.Addr().String()
		writeCredentials(rw, "http://"+address+"/twirp", "ws://"+address+"/ws", w.sfu.EdgeName(), sfuToken(user, callCID, 0))
		return true
	})
	return p
}

func signalingAddress(s *sfu.Server) string {
	const scheme, path = len("http://"), len("/twirp")
	return s.URL()[scheme : len(s.URL())-path]
}
