package plugin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"streamgateway/native/internal/border"
	"streamgateway/native/internal/failure"
)

func TestEnvelope(t *testing.T) {
	rejected := failure.Newf(failure.CallNotFound, failure.Coordinator, "no call %s", "x").
		WithStream(failure.StreamDetails{Status: 404, Code: 16, Message: "not there"})
	for _, c := range []struct {
		answer any
		err    error
		code   border.Code
		text   string
	}{
		{nil, nil, 0, `{"status":"success","payload":null}`},
		{struct{}{}, nil, 0, `{"status":"success","payload":{}}`},
		{"<a&b>", nil, 0, `{"status":"success","payload":"<a&b>"}`},
		{nil, failure.Invalid("ms is too large"), border.HandlerError,
			`{"status":"error","error_code":7,"error_message":"ms is too large","error_details":{"kind":"invalid_argument"}}`},
		{nil, fmt.Errorf("joining: %w", rejected), border.HandlerError,
			`{"status":"error","error_code":7,"error_message":"no call x","error_details":{"kind":"call_not_found","stage":"coordinator",` +
				`"stream":{"status":404,"code":16,"message":"not there"}}}`},
		{nil, context.Canceled, border.Cancelled,
			`{"status":"error","error_code":9,"error_message":"context canceled","error_details":{"kind":"cancelled"}}`},
		{nil, context.DeadlineExceeded, border.Timeout,
			`{"status":"error","error_code":10,"error_message":"context deadline exceeded","error_details":{"kind":"deadline_exceeded"}}`},
		{nil, errors.New("oops"), border.Internal,
			`{"status":"error","error_code":11,"error_message":"oops","error_details":{"kind":"internal"}}`},
		{nil, failure.New(failure.SinkNotFound, failure.NoStage, nil), border.HandlerError,
			`{"status":"error","error_code":7,"error_message":"sink_not_found","error_details":{"kind":"sink_not_found"}}`},
		{math.NaN(), nil, border.SerializationError,
			`{"status":"error","error_code":5,"error_message":"json: unsupported value: NaN","error_details":{"kind":"internal"}}`},
	} {
		code, text := envelope(c.answer, c.err)
		if code != c.code || string(text) != c.text {
			t.Errorf("%v, %v: %d %s, want %d %s", c.answer, c.err, code, text, c.code, c.text)
		}
	}
}
