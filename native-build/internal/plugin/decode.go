package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"streamgateway/native/internal/failure"
)

// malformedRequest marks a request that is not the JSON its command takes.
type malformedRequest struct{ cause *failure.Error }

func (m *malformedRequest) Error() string { return m.cause.Error() }
func (m *malformedRequest) Unwrap() error { return m.cause }

func malformed(format string, args ...any) error {
	return &malformedRequest{failure.Invalid(format, args...)}
}

// Decode reads a command's request into v, a pointer to a struct. An empty request counts as {}. Unknown fields, wrong
// types and anything after the object are an invalid_argument that names them.
func Decode(request []byte, v any) error {
	if len(request) == 0 {
		request = []byte("{}")
	}
	if !utf8.Valid(request) {
		return malformed("the request is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(request))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return decodeError(err)
	}
	if rest := request[decoder.InputOffset():]; len(bytes.TrimLeft(rest, " \t\r\n")) > 0 {
		return malformed("the request goes on after its JSON object")
	}
	return nil
}

func decodeError(err error) error {
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch) && mismatch.Field == "":
		return malformed("the request must be a JSON object, not %s", mismatch.Value)
	case errors.As(err, &mismatch):
		return malformed("%s must be %s, not %s", mismatch.Field, mismatch.Type, mismatch.Value)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return malformed("unknown field %s", strings.TrimPrefix(err.Error(), "json: unknown field "))
	default:
		return malformed("the request is not valid JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
}
