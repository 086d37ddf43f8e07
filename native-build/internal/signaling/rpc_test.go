package signaling

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// answers serves one answer after the other, the last for ever, and counts.
func answers(t *testing.T, list ...func(http.ResponseWriter)) (*RPC, *int) {
	t.Helper()
	count := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/twirp/stream.video.sfu.signal.SignalServer/SetPublisher" || r.Header.Get("Authorization") != "Bearer token" ||
			r.Header.Get("Content-Type") != "application/protobuf" {
			t.Errorf("%s %v", r.URL.Path, r.Header)
		}
		body, _ := io.ReadAll(r.Body)
		request := new(signal.SetPublisherRequest)
		if err := proto.Unmarshal(body, request); err != nil || request.GetSdp() != "offer" {
			t.Errorf("%v, %v", request, err)
		}
		answer := list[min(count, len(list)-1)]
		count++
		answer(w)
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	t.Cleanup(client.CloseIdleConnections)
	return NewRPC(client, server.URL+"/twirp", "token"), &count
}

func message(m *signal.SetPublisherResponse) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		data, _ := proto.Marshal(m)
		_, _ = w.Write(data)
	}
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func refused(code models.ErrorCode, again bool) func(http.ResponseWriter) {
	return message(&signal.SetPublisherResponse{Error: &models.Error{Code: code, Message: "no", ShouldRetry: again}})
}

func TestRPC(t *testing.T) {
	sound := message(&signal.SetPublisherResponse{Sdp: "answer"})
	invalid := models.ErrorCode_ERROR_CODE_REQUEST_VALIDATION_FAILED
	for name, test := range map[string]struct {
		answers []func(http.ResponseWriter)
		calls   int
		fails   func(error) bool
	}{
		"answered":              {[]func(http.ResponseWriter){sound}, 1, nil},
		"overloaded, then not":  {[]func(http.ResponseWriter){status(503, ""), sound}, 2, nil},
		"refused, to try again": {[]func(http.ResponseWriter){refused(invalid, true), sound}, 2, nil},
		"always overloaded": {[]func(http.ResponseWriter){status(503, `{"code":"unavailable","msg":"later"}`)}, rpcAttempts, func(err error) bool {
			var failure *TwirpError
			return errors.As(err, &failure) && failure.Status == 503 && failure.Code == "unavailable" && failure.Msg == "later"
		}},
		"refused": {[]func(http.ResponseWriter){refused(invalid, false)}, 1, func(err error) bool {
			var refusal *SFUError
			return errors.As(err, &refusal) && refusal.Code == invalid
		}},
		"not found":  {[]func(http.ResponseWriter){status(404, "no such page")}, 1, func(err error) bool { return err != nil }},
		"no message": {[]func(http.ResponseWriter){status(200, "\xff")}, rpcAttempts, func(err error) bool { return err != nil }},
	} {
		t.Run(name, func(t *testing.T) {
			rpc, calls := answers(t, test.answers...)
			sdp, err := rpc.SetPublisher(context.Background(), &signal.SetPublisherRequest{Sdp: "offer"})
			switch {
			case *calls != test.calls:
				t.Errorf("%d calls", *calls)
			case test.fails == nil && (err != nil || sdp != "answer"):
				t.Errorf("%q, %v", sdp, err)
			case test.fails != nil && !test.fails(err):
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRPCEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rpc, calls := answers(t, func(w http.ResponseWriter) {
		cancel()
		status(503, "")(w)
	})
	if _, err := rpc.SetPublisher(ctx, &signal.SetPublisherRequest{Sdp: "offer"}); err == nil || *calls != 1 {
		t.Errorf("%d calls, %v", *calls, err)
	}
}
