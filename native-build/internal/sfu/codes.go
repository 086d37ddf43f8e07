package sfu

import "streamgateway/native/internal/sfuproto/models"

// Short names of the codes and types that several files use.
const (
	codeInvalid          = models.ErrorCode_ERROR_CODE_REQUEST_VALIDATION_FAILED
	codeUnauthenticated  = models.ErrorCode_ERROR_CODE_UNAUTHENTICATED
	codePermissionDenied = models.ErrorCode_ERROR_CODE_PERMISSION_DENIED
	codeInternal         = models.ErrorCode_ERROR_CODE_INTERNAL_SERVER_ERROR
	codeNotFound         = models.ErrorCode_ERROR_CODE_PARTICIPANT_NOT_FOUND
	codeSignalLost       = models.ErrorCode_ERROR_CODE_PARTICIPANT_SIGNAL_LOST
	codeMediaFailed      = models.ErrorCode_ERROR_CODE_PARTICIPANT_MEDIA_TRANSPORT_FAILURE
	codeTrackNotFound    = models.ErrorCode_ERROR_CODE_PUBLISH_TRACK_NOT_FOUND
	codeTracksMismatch   = models.ErrorCode_ERROR_CODE_PUBLISH_TRACKS_MISMATCH
	codeShuttingDown     = models.ErrorCode_ERROR_CODE_SFU_SHUTTING_DOWN

	audioTrack       = models.TrackType_TRACK_TYPE_AUDIO
	videoTrack       = models.TrackType_TRACK_TYPE_VIDEO
	screenTrack      = models.TrackType_TRACK_TYPE_SCREEN_SHARE
	screenAudioTrack = models.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO
)

func isVideo(t models.TrackType) bool { return t == videoTrack || t == screenTrack }

func isTrackType(t models.TrackType) bool { return t >= audioTrack && t <= screenAudioTrack }
