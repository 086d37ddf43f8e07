package plugin

import (
	"bytes"
	"encoding/json"
	"errors"

	"streamgateway/native/internal/border"
	"streamgateway/native/internal/failure"
)

type errorEnvelope struct {
	Status  string       `json:"status"`
	Code    border.Code  `json:"error_code"`
	Message string       `json:"error_message"`
	Details errorDetails `json:"error_details"`
}

type errorDetails struct {
	Kind   failure.Kind           `json:"kind"`
	Stage  failure.Stage          `json:"stage,omitempty"`
	Stream *failure.StreamDetails `json:"stream,omitempty"`
	SFU    *failure.SFUDetails    `json:"sfu,omitempty"`
}

var (
	successPrefix = []byte(`{"status":"success","payload":`)
	codeOfKind    = map[failure.Kind]border.Code{
		failure.Cancelled:        border.Cancelled,
		failure.DeadlineExceeded: border.Timeout,
		failure.Internal:         border.Internal,
	}
)

// envelope is the answer of a command in the plugin ABI's form.
func envelope(answer any, err error) (border.Code, []byte) {
	if err != nil {
		return failureAnswer(codeOf(err), err)
	}
	var buffer bytes.Buffer
	buffer.Write(successPrefix)
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		return failureAnswer(border.SerializationError, failure.New(failure.Internal, failure.NoStage, err))
	}
	text := buffer.Bytes()
	text[len(text)-1] = '}' // in place of the encoder's line end
	return border.Success, text
}

func codeOf(err error) border.Code {
	var malformed *malformedRequest
	if errors.As(err, &malformed) {
		return border.SerializationError
	}
	if code, known := codeOfKind[failure.KindOf(err)]; known {
		return code
	}
	return border.HandlerError
}

func failureAnswer(code border.Code, err error) (border.Code, []byte) {
	f := failure.Of(err)
	message := err.Error()
	if f.Err != nil {
		message = f.Err.Error() // without the kind, which stands beside it
	}
	text, marshalErr := json.Marshal(errorEnvelope{
		Status:  "error",
		Code:    code,
		Message: message,
		Details: errorDetails{Kind: f.Kind, Stage: f.Stage, Stream: f.Stream, SFU: f.SFU},
	})
	if marshalErr != nil {
		// Strings and integers always marshal.
		return border.Internal, []byte("internal error: " + marshalErr.Error())
	}
	return code, text
}
