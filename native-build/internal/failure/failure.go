// Package failure names what can go wrong, in words that stay the same: the kinds and stages of commands.md.
package failure

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// Kind is the stable name of a failure.
type Kind string

// The kinds of commands.md.
const (
	InvalidArgument        Kind = "invalid_argument"
	SessionNotFound        Kind = "session_not_found"
	SourceNotFound         Kind = "source_not_found"
	SinkNotFound           Kind = "sink_not_found"
	SFUNotFound            Kind = "sfu_not_found"
	TrackNotFound          Kind = "track_not_found"
	PublicationExists      Kind = "publication_exists"
	UnsupportedFormat      Kind = "unsupported_format"
	MalformedMedia         Kind = "malformed_media"
	MediaStalled           Kind = "media_stalled"
	CoordinatorUnreachable Kind = "coordinator_unreachable"
	CoordinatorRejected    Kind = "coordinator_rejected"
	TokenInvalid           Kind = "token_invalid"
	TokenExpired           Kind = "token_expired"
	CallNotFound           Kind = "call_not_found"
	PermissionDenied       Kind = "permission_denied"
	SFUUnreachable         Kind = "sfu_unreachable"
	SFURejected            Kind = "sfu_rejected"
	SFUFull                Kind = "sfu_full"
	ICEFailed              Kind = "ice_failed"
	DTLSFailed             Kind = "dtls_failed"
	DeadlineExceeded       Kind = "deadline_exceeded"
	CallEnded              Kind = "call_ended"
	ReconnectFailed        Kind = "reconnect_failed"
	Cancelled              Kind = "cancelled"
	CapacityExceeded       Kind = "capacity_exceeded"
	ResourcesExhausted     Kind = "resources_exhausted"
	RecordingNotFound      Kind = "recording_not_found"
	RecordingRunning       Kind = "recording_running"
	RecordingOff           Kind = "recording_off"
	PathRefused            Kind = "path_refused"
	StorageFull            Kind = "storage_full"
	StorageDenied          Kind = "storage_denied"
	StorageFailed          Kind = "storage_failed"
	Internal               Kind = "internal"
)

// Stage is where a failure happened; empty when it belongs to none.
type Stage string

// The stages of commands.md.
const (
	NoStage     Stage = ""
	Coordinator Stage = "coordinator"
	Signaling   Stage = "signaling"
	ICE         Stage = "ice"
	DTLS        Stage = "dtls"
	Media       Stage = "media"
)

// StreamDetails is what Stream's coordinator said.
type StreamDetails struct {
	Status   int    `json:"status"`
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info,omitempty"`
}

// SFUDetails is what the SFU said.
type SFUDetails struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error is a failure with its kind. Err, when there is one, is the cause and can be unwrapped.
type Error struct {
	Kind   Kind
	Stage  Stage
	Err    error
	Stream *StreamDetails
	SFU    *SFUDetails
}

func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Kind)
	}
	return fmt.Sprintf("%s: %v", e.Kind, e.Err)
}

// Message is what went wrong, without the kind before it.
func (e *Error) Message() string {
	if e.Err == nil {
		return string(e.Kind)
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error {
	return e.Err
}

// Is reports whether target is an Error of the same kind, and of the same stage when target has one.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Err == nil && other.Kind == e.Kind && (other.Stage == NoStage || other.Stage == e.Stage)
}

// New wraps err, which may be nil, as a failure.
func New(kind Kind, stage Stage, err error) *Error {
	return &Error{Kind: kind, Stage: stage, Err: err}
}

// Newf makes a failure with a message; %w works as in fmt.Errorf.
func Newf(kind Kind, stage Stage, format string, args ...any) *Error {
	return New(kind, stage, fmt.Errorf(format, args...))
}

// Invalid is an invalid_argument with a message.
func Invalid(format string, args ...any) *Error {
	return Newf(InvalidArgument, NoStage, format, args...)
}

// WithStream adds what the coordinator answered.
func (e *Error) WithStream(details StreamDetails) *Error {
	e.Stream = &details
	return e
}

// WithSFU adds what the SFU answered.
func (e *Error) WithSFU(details SFUDetails) *Error {
	e.SFU = &details
	return e
}

// IsExhaustion tells whether something failed because the process, or the machine, is out of open files, threads or memory.
func IsExhaustion(err error) bool {
	for _, cause := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// Of returns the outermost failure in err's chain. Any other error becomes cancelled, deadline_exceeded, resources_exhausted or
// internal.
// It returns nil for nil.
func Of(err error) *Error {
	var failure *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure):
		return failure
	case errors.Is(err, context.Canceled):
		return New(Cancelled, NoStage, err)
	case errors.Is(err, context.DeadlineExceeded):
		return New(DeadlineExceeded, NoStage, err)
	case IsExhaustion(err):
		return New(ResourcesExhausted, NoStage, err)
	default:
		return New(Internal, NoStage, err)
	}
}

// KindOf returns the kind Of finds, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return Of(err).Kind
}

// StageOf returns the stage Of finds, and "" for nil.
func StageOf(err error) Stage {
	if err == nil {
		return NoStage
	}
	return Of(err).Stage
}
