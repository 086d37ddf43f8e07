package rtc

import (
	"context"
	"errors"
	"io"
	"testing"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/record"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/signaling"
)

func TestErrorsGetTheirKinds(t *testing.T) {
	api := func(status, code int) error { return &coordinator.APIError{Status: status, Code: code} }
	sfu := func(code models.ErrorCode) error { return &signaling.SFUError{Code: code} }
	for name, test := range map[string]struct {
		err       error
		kind      failure.Kind
		stage     failure.Stage
		permanent bool
	}{
		"unknown call":       {fromCoordinator(api(404, 16)), failure.CallNotFound, failure.Coordinator, true},
		"forbidden":          {fromCoordinator(api(403, 0)), failure.PermissionDenied, failure.Coordinator, true},
		"unauthorized":       {fromCoordinator(api(401, 0)), failure.TokenInvalid, failure.Coordinator, true},
		"expired":            {fromCoordinator(api(401, 40)), failure.TokenExpired, failure.Coordinator, true},
		"bad input":          {fromCoordinator(api(400, 4)), failure.CoordinatorRejected, failure.Coordinator, true},
		"too often":          {fromCoordinator(api(429, 9)), failure.CoordinatorRejected, failure.Coordinator, false},
		"broken":             {fromCoordinator(api(500, -1)), failure.CoordinatorRejected, failure.Coordinator, false},
		"unrecoverable":      {fromCoordinator(&coordinator.APIError{Status: 500, Unrecoverable: true}), failure.CoordinatorRejected, failure.Coordinator, true},
		"no coordinator":     {fromCoordinator(&coordinator.UnreachableError{Err: io.EOF}), failure.CoordinatorUnreachable, failure.Coordinator, false},
		"cancelled":          {fromCoordinator(context.Canceled), failure.Cancelled, failure.Coordinator, false},
		"out of time":        {fromSFU(context.DeadlineExceeded), failure.DeadlineExceeded, failure.Signaling, false},
		"no SFU":             {fromSFU(io.EOF), failure.SFUUnreachable, failure.Signaling, false},
		"full":               {fromSFU(sfu(models.ErrorCode_ERROR_CODE_SFU_FULL)), failure.SFUFull, failure.Signaling, false},
		"too many":           {fromSFU(sfu(models.ErrorCode_ERROR_CODE_CALL_PARTICIPANT_LIMIT_REACHED)), failure.SFUFull, failure.Signaling, false},
		"not allowed":        {fromSFU(sfu(models.ErrorCode_ERROR_CODE_PERMISSION_DENIED)), failure.PermissionDenied, failure.Signaling, true},
		"live ended":         {fromSFU(sfu(models.ErrorCode_ERROR_CODE_LIVE_ENDED)), failure.CallEnded, failure.Signaling, true},
		"no socket":          {fromSFU(sfu(models.ErrorCode_ERROR_CODE_PARTICIPANT_SIGNAL_LOST)), failure.SFUUnreachable, failure.Signaling, false},
		"another refusal":    {fromSFU(sfu(models.ErrorCode_ERROR_CODE_INTERNAL_SERVER_ERROR)), failure.SFURejected, failure.Signaling, false},
		"asked to go":        {fromSFU(&signaling.SFUError{Strategy: strategyDisconnect}), failure.SFURejected, failure.Signaling, true},
		"a known failure":    {fromSFU(errGone()), failure.SessionNotFound, failure.NoStage, false},
		"malformed media":    {fromMedia(ogg.ErrMalformed), failure.MalformedMedia, failure.Media, false},
		"unsupported media":  {fromMedia(ogg.ErrUnsupported), failure.UnsupportedFormat, failure.Media, false},
		"something else":     {fromMedia(errors.New("x")), failure.Internal, failure.Media, false},
		"given up reconnect": {reconnectFailed(fromSFU(io.EOF), "late"), failure.ReconnectFailed, failure.Signaling, false},
	} {
		t.Run(name, func(t *testing.T) {
			if kind, stage := failure.KindOf(test.err), failure.StageOf(test.err); kind != test.kind || stage != test.stage {
				t.Errorf("%s at %q", kind, stage)
			}
			if permanent(test.err) != test.permanent {
				t.Errorf("permanent: %v", permanent(test.err))
			}
			if event := errorEvent(test.err); event.GetKind() != string(test.kind) || event.GetStage() != string(test.stage) || event.GetMessage() == "" {
				t.Errorf("event: %v", event)
			}
		})
	}
}

func TestAFailedRecordingIsToldWithItsCodeAndItsKindOnce(t *testing.T) {
	r := &recording{}
	told := r.ending(record.Manifest{
		State: record.Failed, Error: &record.Problem{Kind: "storage_full", Message: "write 0001.ogg: no space left on device"},
	}).GetRecordingFailed().GetError()
	if told.GetCode() != rtcproto.ErrorCode_ERROR_CODE_STORAGE_ERROR || told.GetKind() != "storage_full" ||
		told.GetMessage() != "storage_full: write 0001.ogg: no space left on device" {
		t.Errorf("%v", told)
	}
}
