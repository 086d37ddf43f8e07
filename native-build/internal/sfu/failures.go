package sfu

import (
	"fmt"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// failure is an error as the protocol tells it: a code, what the client shall do next, and a text for people.
type failure struct {
	code     models.ErrorCode
	strategy models.WebsocketReconnectStrategy
	message  string
}

const (
	disconnect = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_DISCONNECT
	fast       = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_FAST
	rejoin     = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_REJOIN
	migrate    = models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_MIGRATE
)

// strategies are the reactions the protocol suggests for each code we send.
var strategies = map[models.ErrorCode]models.WebsocketReconnectStrategy{
	models.ErrorCode_ERROR_CODE_PUBLISH_TRACK_NOT_FOUND:             rejoin,
	models.ErrorCode_ERROR_CODE_PUBLISH_TRACKS_MISMATCH:             rejoin,
	models.ErrorCode_ERROR_CODE_PARTICIPANT_NOT_FOUND:               rejoin,
	models.ErrorCode_ERROR_CODE_PARTICIPANT_RECONNECT_FAILED:        rejoin,
	models.ErrorCode_ERROR_CODE_PARTICIPANT_MEDIA_TRANSPORT_FAILURE: rejoin,
	models.ErrorCode_ERROR_CODE_PARTICIPANT_SIGNAL_LOST:             fast,
	models.ErrorCode_ERROR_CODE_CALL_PARTICIPANT_LIMIT_REACHED:      disconnect,
	models.ErrorCode_ERROR_CODE_REQUEST_VALIDATION_FAILED:           disconnect,
	models.ErrorCode_ERROR_CODE_UNAUTHENTICATED:                     disconnect,
	models.ErrorCode_ERROR_CODE_PERMISSION_DENIED:                   disconnect,
	models.ErrorCode_ERROR_CODE_INTERNAL_SERVER_ERROR:               rejoin,
	models.ErrorCode_ERROR_CODE_SFU_SHUTTING_DOWN:                   migrate,
	models.ErrorCode_ERROR_CODE_SFU_FULL:                            migrate,
}

func fail(code models.ErrorCode, format string, arguments ...any) *failure {
	return &failure{code: code, strategy: strategies[code], message: fmt.Sprintf(format, arguments...)}
}

func (f *failure) model() *models.Error {
	return &models.Error{Code: f.code, Message: f.message}
}

// event always fills the nested error: some clients take an event without it for the end of a livestream.
func (f *failure) event() *event.SfuEvent {
	return &event.SfuEvent{EventPayload: &event.SfuEvent_Error{
		Error: &event.Error{Error: f.model(), ReconnectStrategy: f.strategy},
	}}
}
