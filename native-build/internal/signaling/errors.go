package signaling

import (
	"fmt"

	"streamgateway/native/internal/sfuproto/models"
)

// SFUError is a refusal by the SFU, over the WebSocket or inside the answer of a procedure.
type SFUError struct {
	Code        models.ErrorCode
	Message     string
	ShouldRetry bool
	// Strategy is what the SFU wants the client to do; unspecified in answers of procedures.
	Strategy models.WebsocketReconnectStrategy
}

func newSFUError(e *models.Error, strategy models.WebsocketReconnectStrategy) *SFUError {
	return &SFUError{Code: e.GetCode(), Message: e.GetMessage(), ShouldRetry: e.GetShouldRetry(), Strategy: strategy}
}

func (e *SFUError) Error() string {
	return fmt.Sprintf("the SFU refused: %s (%d)", e.Message, e.Code)
}

// TwirpError is an answer of the SFU's HTTP side other than success.
type TwirpError struct {
	Method string
	Status int
	Code   string
	Msg    string
}

func (e *TwirpError) Error() string {
	return fmt.Sprintf("%s: the SFU answered %d %s %s", e.Method, e.Status, e.Code, e.Msg)
}
