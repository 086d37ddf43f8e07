package signaling

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

const (
	rpcTimeout     = 5 * time.Second
	rpcAttempts    = 3
	rpcPause       = 200 * time.Millisecond
	maxAnswerBytes = 4 << 20
)

// RPC calls the SFU's procedures. It is safe for concurrent use.
type RPC struct {
	client *http.Client
	base   string
	token  string
}

// NewRPC calls the Twirp service below url with the SFU's token.
func NewRPC(client *http.Client, url, token string) *RPC {
	return &RPC{client: client, base: strings.TrimSuffix(url, "/") + "/stream.video.sfu.signal.SignalServer/", token: token}
}

// SetPublisher gives the publisher's offer and its tracks, and answers the SFU's description.
func (r *RPC) SetPublisher(ctx context.Context, request *signal.SetPublisherRequest) (sdp string, err error) {
	response := new(signal.SetPublisherResponse)
	err = r.call(ctx, "SetPublisher", request, response)
	return response.GetSdp(), err
}

// SendAnswer answers an offer of the SFU.
func (r *RPC) SendAnswer(ctx context.Context, request *signal.SendAnswerRequest) error {
	return r.call(ctx, "SendAnswer", request, new(signal.SendAnswerResponse))
}

// IceTrickle gives one local candidate.
func (r *RPC) IceTrickle(ctx context.Context, request *models.ICETrickle) error {
	return r.call(ctx, "IceTrickle", request, new(signal.ICETrickleResponse))
}

// UpdateSubscriptions replaces the whole set of wanted tracks.
func (r *RPC) UpdateSubscriptions(ctx context.Context, request *signal.UpdateSubscriptionsRequest) error {
	return r.call(ctx, "UpdateSubscriptions", request, new(signal.UpdateSubscriptionsResponse))
}

// UpdateMuteStates tells which tracks are silent.
func (r *RPC) UpdateMuteStates(ctx context.Context, request *signal.UpdateMuteStatesRequest) error {
	return r.call(ctx, "UpdateMuteStates", request, new(signal.UpdateMuteStatesResponse))
}

// IceRestart asks for a new offer with new ICE credentials.
func (r *RPC) IceRestart(ctx context.Context, request *signal.ICERestartRequest) error {
	return r.call(ctx, "IceRestart", request, new(signal.ICERestartResponse))
}

// SendStats tells a participant's counters. It is not repeated: a later report replaces one that was lost.
func (r *RPC) SendStats(ctx context.Context, request *signal.SendStatsRequest) error {
	return r.once(ctx, "SendStats", request, new(signal.SendStatsResponse))
}

type answer interface {
	proto.Message
	GetError() *models.Error
}

// call repeats what may succeed later: a lost connection, an overloaded server, a refusal that asks for it. Every
// procedure here sets a state, so repeating is harmless.
func (r *RPC) call(ctx context.Context, method string, request proto.Message, response answer) error {
	for attempt := 1; ; attempt++ {
		err := r.once(ctx, method, request, response)
		if err == nil || attempt == rpcAttempts || ctx.Err() != nil || !repeatable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rpcPause << (attempt - 1)):
		}
	}
}

func repeatable(err error) bool {
	var refusal *SFUError
	var failure *TwirpError
	switch {
	case errors.As(err, &refusal):
		return refusal.ShouldRetry
	case errors.As(err, &failure):
		return failure.Status >= 500 || failure.Status == http.StatusTooManyRequests
	}
	return true
}

func (r *RPC) once(ctx context.Context, method string, request proto.Message, response answer) error {
	body, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	post, err := http.NewRequestWithContext(limited, http.MethodPost, r.base+method, bytes.NewReader(body))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/protobuf")
	post.Header.Set("Authorization", "Bearer "+r.token)

	received, err := r.client.Do(post)
	if err != nil {
		return fmt.Errorf("%s: %w", method, withCause(ctx, err))
	}
	defer received.Body.Close()
	data, err := io.ReadAll(io.LimitReader(received.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("%s: %w", method, withCause(ctx, err))
	}
	if received.StatusCode != http.StatusOK {
		failure := &TwirpError{Method: method, Status: received.StatusCode}
		_ = json.Unmarshal(data, failure) // a front end may answer without Twirp's body
		return failure
	}
	if err := proto.Unmarshal(data, response); err != nil {
		return fmt.Errorf("%s: the answer is no %s: %w", method, response.ProtoReflect().Descriptor().Name(), err)
	}
	if e := response.GetError(); e.GetCode() != models.ErrorCode_ERROR_CODE_UNSPECIFIED {
		return newSFUError(e, models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_UNSPECIFIED)
	}
	return nil
}
