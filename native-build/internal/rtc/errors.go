package rtc

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"streamgateway/native/internal/annexb"
	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/ivf"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/signaling"
	"streamgateway/native/internal/video"
	"streamgateway/native/internal/wav"
)

// fromCoordinator is the table from the coordinator's refusals to our kinds.
func fromCoordinator(err error) error {
	var refusal *coordinator.APIError
	var unreachable *coordinator.UnreachableError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return failure.New(coordinatorKind(refusal), failure.Coordinator, err).WithStream(failure.StreamDetails{
			Status: refusal.Status, Code: refusal.Code, Message: refusal.Message, MoreInfo: refusal.MoreInfo,
		})
	case failure.IsExhaustion(err):
		return failure.New(failure.ResourcesExhausted, failure.Coordinator, err)
	case errors.As(err, &unreachable):
		return failure.New(failure.CoordinatorUnreachable, failure.Coordinator, err)
	}
	return atStage(failure.Coordinator, err)
}

func coordinatorKind(e *coordinator.APIError) failure.Kind {
	switch e.Code {
	case coordinator.CodeDoesNotExist:
		return failure.CallNotFound
	case coordinator.CodeNotAllowed:
		return failure.PermissionDenied
	case coordinator.CodeTokenExpired:
		return failure.TokenExpired
	case coordinator.CodeAccessKey, coordinator.CodeAuthFailed, coordinator.CodeAuthentication,
		coordinator.CodeTokenNotYet, coordinator.CodeTokenBeforeIAT, coordinator.CodeTokenSignature:
		return failure.TokenInvalid
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return failure.TokenInvalid
	case http.StatusForbidden:
		return failure.PermissionDenied
	}
	return failure.CoordinatorRejected
}

// fromSFU is the table from the SFU's refusals to our kinds. What has its kind keeps it.
func fromSFU(err error) error {
	var known *failure.Error
	var refusal *signaling.SFUError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &refusal):
		return failure.New(sfuKind(refusal.Code), failure.Signaling, err).WithSFU(failure.SFUDetails{
			Code: int(refusal.Code), Message: refusal.Message,
		})
	case failure.IsExhaustion(err):
		return failure.New(failure.ResourcesExhausted, failure.Signaling, err)
	case errors.Is(err, errPrivateAddress):
		return failure.New(failure.CoordinatorRejected, failure.Coordinator, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return atStage(failure.Signaling, err)
	}
	return failure.New(failure.SFUUnreachable, failure.Signaling, err)
}

func sfuKind(code models.ErrorCode) failure.Kind {
	switch code {
	case models.ErrorCode_ERROR_CODE_SFU_FULL, models.ErrorCode_ERROR_CODE_CALL_PARTICIPANT_LIMIT_REACHED:
		return failure.SFUFull
	case models.ErrorCode_ERROR_CODE_UNAUTHENTICATED, models.ErrorCode_ERROR_CODE_PERMISSION_DENIED:
		return failure.PermissionDenied
	case models.ErrorCode_ERROR_CODE_LIVE_ENDED:
		return failure.CallEnded
	case models.ErrorCode_ERROR_CODE_PARTICIPANT_SIGNAL_LOST: // the socket is lost, and a reconnect under way
		return failure.SFUUnreachable
	}
	return failure.SFURejected
}

// atStage gives a context's error its kind and the stage that was reached; failures stay as they are.
func atStage(stage failure.Stage, err error) error {
	var known *failure.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return failure.New(failure.KindOf(err), stage, err)
}

// fromMedia names what is wrong with a publication's bytes.
func fromMedia(err error) error {
	is := func(kinds ...error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	}
	switch {
	case err == nil:
		return nil
	case is(media.ErrStalled):
		return failure.New(failure.MediaStalled, failure.Media, err)
	case is(media.ErrLoopTooLong):
		return failure.New(failure.CapacityExceeded, failure.Media, err)
	case is(media.ErrUnsupported, ogg.ErrUnsupported, wav.ErrUnsupported, pcm.ErrUnsupportedFormat, video.ErrUnknownCodec):
		return failure.New(failure.UnsupportedFormat, failure.Media, err)
	case is(media.ErrMalformed, ogg.ErrMalformed, wav.ErrMalformed, wav.ErrTruncated, pcm.ErrPartialFrame,
		ivf.ErrMalformed, ivf.ErrTruncated, annexb.ErrMalformed, video.ErrMalformed):
		return failure.New(failure.MalformedMedia, failure.Media, err)
	}
	return atStage(failure.Media, err)
}

// otherSFU tells whether the refusal means that another SFU may take us.
func otherSFU(err error) bool {
	var refusal *signaling.SFUError
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Code {
	case models.ErrorCode_ERROR_CODE_SFU_FULL, models.ErrorCode_ERROR_CODE_SFU_SHUTTING_DOWN,
		models.ErrorCode_ERROR_CODE_CALL_PARTICIPANT_LIMIT_REACHED:
		return true
	}
	return false
}

// permanent tells whether asking again is pointless.
func permanent(err error) bool {
	var refusal *coordinator.APIError
	if errors.As(err, &refusal) && refusal.Unrecoverable {
		return true
	}
	var sfu *signaling.SFUError
	if errors.As(err, &sfu) && sfu.Strategy == models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_DISCONNECT && !otherSFU(err) {
		return true
	}
	if errors.Is(err, errPrivateAddress) {
		return true
	}
	switch failure.KindOf(err) {
	case failure.InvalidArgument, failure.TokenInvalid, failure.TokenExpired, failure.CallNotFound,
		failure.PermissionDenied, failure.CallEnded:
		return true
	case failure.CoordinatorRejected:
		return refusal != nil && refusal.Status < http.StatusInternalServerError && refusal.Status != http.StatusTooManyRequests
	}
	return false
}

// errorEvent is how an event tells a failure.
func errorEvent(err error) *rtcproto.Error {
	if err == nil {
		return nil
	}
	f := failure.Of(err)
	return &rtcproto.Error{Code: errorCode(f), Message: f.Error(), Kind: string(f.Kind), Stage: string(f.Stage)}
}

// errorCode is the coarse code that readers of the early binding know.
func errorCode(f *failure.Error) rtcproto.ErrorCode {
	switch f.Kind {
	case failure.TokenInvalid, failure.TokenExpired, failure.PermissionDenied:
		return rtcproto.ErrorCode_ERROR_CODE_AUTHENTICATION_ERROR
	case failure.CoordinatorUnreachable, failure.SFUUnreachable, failure.ICEFailed, failure.DTLSFailed,
		failure.ReconnectFailed, failure.DeadlineExceeded:
		return rtcproto.ErrorCode_ERROR_CODE_NETWORK_ERROR
	case failure.CoordinatorRejected, failure.SFURejected, failure.SFUFull, failure.CallNotFound, failure.CallEnded:
		return rtcproto.ErrorCode_ERROR_CODE_SERVER_ERROR
	case failure.StorageFull, failure.StorageDenied, failure.StorageFailed:
		return rtcproto.ErrorCode_ERROR_CODE_STORAGE_ERROR
	case failure.ResourcesExhausted, failure.CapacityExceeded:
		return rtcproto.ErrorCode_ERROR_CODE_RESOURCE_ERROR
	}
	return rtcproto.ErrorCode_ERROR_CODE_UNKNOWN_ERROR
}
