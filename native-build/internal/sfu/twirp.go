package sfu

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const maxBody = 1 << 20

// twirpCode is an error of the transport, by its Twirp name.
type twirpCode string

const (
	twirpMalformed       twirpCode = "malformed"
	twirpUnauthenticated twirpCode = "unauthenticated"
	twirpDenied          twirpCode = "permission_denied"
	twirpBadRoute        twirpCode = "bad_route"
	twirpTooLarge        twirpCode = "resource_exhausted"
	twirpInternal        twirpCode = "internal"
)

var twirpStatus = map[twirpCode]int{
	twirpMalformed:       http.StatusBadRequest,
	twirpUnauthenticated: http.StatusUnauthorized,
	twirpDenied:          http.StatusForbidden,
	twirpBadRoute:        http.StatusNotFound,
	twirpTooLarge:        http.StatusTooManyRequests,
	twirpInternal:        http.StatusInternalServerError,
}

func writeTwirpError(w http.ResponseWriter, code twirpCode, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(twirpStatus[code])
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "msg": message, "meta": map[string]string{}})
}

// codec is one of the two encodings of Twirp.
type codec struct {
	contentType string
	unmarshal   func([]byte, proto.Message) error
	marshal     func(proto.Message) ([]byte, error)
}

var codecs = []codec{
	{"application/protobuf", proto.Unmarshal, proto.Marshal},
	{
		"application/json",
		protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal,
		protojson.MarshalOptions{}.Marshal,
	},
}

func codecOf(r *http.Request) (codec, bool) {
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	for _, c := range codecs {
		if c.contentType == contentType {
			return c, true
		}
	}
	return codec{}, false
}

// serveTwirp runs one procedure. Errors of the transport are Twirp errors; those of the session travel in the answer.
func (s *Server) serveTwirp(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, servicePath)
	method, known := methods[name]
	if !known {
		writeTwirpError(w, twirpBadRoute, "no such method: "+name)
		return
	}
	if r.Method != http.MethodPost {
		writeTwirpError(w, twirpBadRoute, "only POST is allowed")
		return
	}
	encoding, ok := codecOf(r)
	if !ok {
		writeTwirpError(w, twirpBadRoute, "Content-Type must be application/protobuf or application/json")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			writeTwirpError(w, twirpTooLarge, "the body is larger than 1 MiB")
			return
		}
		writeTwirpError(w, twirpMalformed, "the body broke off")
		return
	}
	request := method.request()
	if err := encoding.unmarshal(body, request); err != nil {
		writeTwirpError(w, twirpMalformed, "the body is not a "+string(request.ProtoReflect().Descriptor().Name()))
		return
	}
	token, code, message := s.bearer(r)
	if code != "" {
		writeTwirpError(w, code, message)
		return
	}

	response, code, message := s.dispatch(r, method, request, token)
	if code != "" {
		writeTwirpError(w, code, message)
		return
	}
	encoded, err := encoding.marshal(response)
	if err != nil {
		writeTwirpError(w, twirpInternal, "the answer cannot be encoded")
		return
	}
	w.Header().Set("Content-Type", encoding.contentType)
	_, _ = w.Write(encoded)
}

// bearer checks the token of a request, with or without the word "Bearer". An expired one is good enough here: the
// session it opened outlives it.
func (s *Server) bearer(r *http.Request) (*claims, twirpCode, string) {
	token := strings.TrimSpace(r.Header.Get("Authorization"))
	if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return nil, twirpUnauthenticated, "the Authorization header is missing"
	}
	c, err := verifyToken(token, s.options.TokenSecret, time.Now())
	if err != nil && !errors.Is(err, errTokenExpired) {
		return nil, twirpUnauthenticated, err.Error()
	}
	return c, "", ""
}

func (s *Server) dispatch(r *http.Request, m method, request sessionRequest, token *claims) (proto.Message, twirpCode, string) {
	p := s.session(request.GetSessionId())
	if p == nil {
		return m.reject(fail(codeNotFound, "no session %q", request.GetSessionId()).model()), "", ""
	}
	if p.userID != token.UserID || p.cid != token.CallCID {
		return nil, twirpDenied, "the session is somebody else's"
	}
	response, failed := m.run(r.Context(), p, request)
	if failed != nil {
		return m.reject(failed.model()), "", ""
	}
	return response, "", ""
}
