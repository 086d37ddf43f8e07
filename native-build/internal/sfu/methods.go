package sfu

import (
	"context"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// maxSubscriptions bounds one participant's list.
const maxSubscriptions = 4096

// sessionRequest is any request of the service: all name the session they are for.
type sessionRequest interface {
	proto.Message
	GetSessionId() string
}

// method is one procedure: its request type, what it does, and its answer when it fails.
type method struct {
	request func() sessionRequest
	run     func(ctx context.Context, p *participant, request sessionRequest) (proto.Message, *failure)
	reject  func(*models.Error) proto.Message
}

func procedure[Q any, R proto.Message, PQ interface {
	*Q
	sessionRequest
}](run func(*participant, context.Context, PQ) (R, *failure), reject func(*models.Error) R) method {
	return method{
		request: func() sessionRequest { return PQ(new(Q)) },
		run: func(ctx context.Context, p *participant, request sessionRequest) (proto.Message, *failure) {
			return run(p, ctx, request.(PQ))
		},
		reject: func(e *models.Error) proto.Message { return reject(e) },
	}
}

var methods = map[string]method{
	"SetPublisher": procedure((*participant).setPublisher, func(e *models.Error) *signal.SetPublisherResponse {
		return &signal.SetPublisherResponse{Error: e}
	}),
	"SendAnswer": procedure((*participant).sendAnswer, func(e *models.Error) *signal.SendAnswerResponse {
		return &signal.SendAnswerResponse{Error: e}
	}),
	"IceTrickle": procedure((*participant).iceTrickle, func(e *models.Error) *signal.ICETrickleResponse {
		return &signal.ICETrickleResponse{Error: e}
	}),
	"UpdateSubscriptions": procedure((*participant).updateSubscriptions, func(e *models.Error) *signal.UpdateSubscriptionsResponse {
		return &signal.UpdateSubscriptionsResponse{Error: e}
	}),
	"UpdateMuteStates": procedure((*participant).updateMuteStates, func(e *models.Error) *signal.UpdateMuteStatesResponse {
		return &signal.UpdateMuteStatesResponse{Error: e}
	}),
	"IceRestart": procedure((*participant).iceRestart, func(e *models.Error) *signal.ICERestartResponse {
		return &signal.ICERestartResponse{Error: e}
	}),
	"SendStats": procedure((*participant).sendStats, func(e *models.Error) *signal.SendStatsResponse {
		return &signal.SendStatsResponse{Error: e}
	}),
	"SendMetrics": procedure((*participant).sendMetrics, func(*models.Error) *signal.SendMetricsResponse {
		return &signal.SendMetricsResponse{}
	}),
	"StartNoiseCancellation": procedure((*participant).startNoiseCancellation, func(e *models.Error) *signal.StartNoiseCancellationResponse {
		return &signal.StartNoiseCancellationResponse{Error: e}
	}),
	"StopNoiseCancellation": procedure((*participant).stopNoiseCancellation, func(e *models.Error) *signal.StopNoiseCancellationResponse {
		return &signal.StopNoiseCancellationResponse{Error: e}
	}),
}

func (p *participant) setPublisher(ctx context.Context, q *signal.SetPublisherRequest) (*signal.SetPublisherResponse, *failure) {
	if !p.hasSocket() {
		return nil, fail(codeSignalLost, "the session has no socket")
	}
	if failed := p.call.permit(p, q.GetTracks()); failed != nil {
		return nil, failed
	}
	answer, failed := p.publisher.negotiate(ctx, q.GetSdp(), q.GetTracks())
	if failed != nil {
		return nil, failed
	}
	return &signal.SetPublisherResponse{Sdp: answer, SessionId: p.sessionID}, nil
}

func (p *participant) sendAnswer(_ context.Context, q *signal.SendAnswerRequest) (*signal.SendAnswerResponse, *failure) {
	if q.GetPeerType() != models.PeerType_PEER_TYPE_SUBSCRIBER {
		return nil, fail(codeInvalid, "peer_type: only the subscriber is answered")
	}
	return &signal.SendAnswerResponse{}, p.subscriber.answer(q.GetNegotiationId(), q.GetSdp())
}

// iceTrickle wants candidates to be well formed, and uses none: see withoutCandidates.
func (p *participant) iceTrickle(_ context.Context, q *models.ICETrickle) (*signal.ICETrickleResponse, *failure) {
	return &signal.ICETrickleResponse{}, checkCandidate(q.GetIceCandidate())
}

func (p *participant) updateSubscriptions(_ context.Context, q *signal.UpdateSubscriptionsRequest) (*signal.UpdateSubscriptionsResponse, *failure) {
	if len(q.GetTracks()) > maxSubscriptions {
		return nil, fail(codeInvalid, "tracks: more than %d", maxSubscriptions)
	}
	p.call.subscribe(p, q.GetTracks())
	p.subscriber.openNow()
	return &signal.UpdateSubscriptionsResponse{}, nil
}

func (p *participant) updateMuteStates(_ context.Context, q *signal.UpdateMuteStatesRequest) (*signal.UpdateMuteStatesResponse, *failure) {
	return &signal.UpdateMuteStatesResponse{}, p.call.setMuted(p, q.GetMuteStates())
}

func (p *participant) iceRestart(_ context.Context, q *signal.ICERestartRequest) (*signal.ICERestartResponse, *failure) {
	if !p.hasSocket() {
		return nil, fail(codeSignalLost, "the session has no socket")
	}
	if q.GetPeerType() == models.PeerType_PEER_TYPE_SUBSCRIBER {
		p.subscriber.restartICE()
	} else {
		p.requestPublisherRestart()
	}
	return &signal.ICERestartResponse{}, nil
}

func (p *participant) sendStats(context.Context, *signal.SendStatsRequest) (*signal.SendStatsResponse, *failure) {
	return &signal.SendStatsResponse{}, nil
}

func (p *participant) sendMetrics(context.Context, *signal.SendMetricsRequest) (*signal.SendMetricsResponse, *failure) {
	return &signal.SendMetricsResponse{}, nil
}

func (p *participant) startNoiseCancellation(context.Context, *signal.StartNoiseCancellationRequest) (*signal.StartNoiseCancellationResponse, *failure) {
	return &signal.StartNoiseCancellationResponse{}, nil
}

func (p *participant) stopNoiseCancellation(context.Context, *signal.StopNoiseCancellationRequest) (*signal.StopNoiseCancellationResponse, *failure) {
	return &signal.StopNoiseCancellationResponse{}, nil
}
