package sfu

import (
	"net/http"

	"streamgateway/native/internal/guard"
)

const (
	socketPath  = "/ws"
	twirpPrefix = "/twirp"
	servicePath = twirpPrefix + "/stream.video.sfu.signal.SignalServer/"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(socketPath, s.guarded(s.serveSocket))
	mux.HandleFunc(servicePath, s.guarded(s.serveTwirp))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeTwirpError(w, twirpBadRoute, "no such path: "+r.URL.Path)
	})
	return allowAllOrigins(mux)
}

// guarded keeps a panic from ending anything but its request.
func (s *Server) guarded(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p := guard.Run(func() { handler(w, r) }); p != nil {
			s.panicked("http handler", p)
			writeTwirpError(w, twirpInternal, "internal error") // does nothing to a hijacked connection
		}
	}
}

// allowAllOrigins lets pages of any origin call: tokens authenticate, there are no cookies.
func allowAllOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		header.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			header.Set("Access-Control-Allow-Headers", asked)
		}
		header.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	})
}
