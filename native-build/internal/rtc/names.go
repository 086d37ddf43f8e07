package rtc

import (
	"strings"

	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

// The SFU's track types and ours have the same numbers.
func trackTypeOf(t models.TrackType) rtcproto.TrackType  { return rtcproto.TrackType(t) }
func sfuTrackType(t rtcproto.TrackType) models.TrackType { return models.TrackType(t) }

var trackTypeNames = map[rtcproto.TrackType]string{
	rtcproto.TrackType_TRACK_TYPE_AUDIO:              "audio",
	rtcproto.TrackType_TRACK_TYPE_VIDEO:              "video",
	rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE:       "screen_share",
	rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO: "screen_share_audio",
}

// TrackTypeName is the type as hosts write it; empty for unknown types.
func TrackTypeName(t rtcproto.TrackType) string { return trackTypeNames[t] }

// ParseTrackType is the reverse of TrackTypeName.
func ParseTrackType(name string) (rtcproto.TrackType, bool) {
	for t, known := range trackTypeNames {
		if known == name {
			return t, true
		}
	}
	return rtcproto.TrackType_TRACK_TYPE_UNSPECIFIED, false
}

func isAudio(t rtcproto.TrackType) bool {
	return t == rtcproto.TrackType_TRACK_TYPE_AUDIO || t == rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO
}

// trackID names a track to hosts.
func trackID(participantSessionID string, t rtcproto.TrackType) string {
	return participantSessionID + ":" + trackTypeNames[t]
}

// parseStreamID splits the stream id under which the SFU forwards a track: "{lookup prefix}:{TRACK_TYPE_…}".
func parseStreamID(streamID string) (prefix string, t rtcproto.TrackType, ok bool) {
	prefix, name, found := strings.Cut(streamID, ":")
	number, known := models.TrackType_value[name]
	if !found || !known || number == 0 {
		return "", 0, false
	}
	return prefix, rtcproto.TrackType(number), true
}

// capabilityFor is the capability without which the coordinator's users may not publish a track type.
func capabilityFor(t rtcproto.TrackType) string {
	switch t {
	case rtcproto.TrackType_TRACK_TYPE_AUDIO:
		return "send-audio"
	case rtcproto.TrackType_TRACK_TYPE_VIDEO:
		return "send-video"
	default:
		return "screenshare"
	}
}

var unpublishCauses = map[models.TrackUnpublishReason]string{
	models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_USER_MUTED:         "muted",
	models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_PERMISSION_REVOKED: "permission_revoked",
	models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_MODERATION:         "moderation",
}

var callEndedReasons = map[models.CallEndedReason]string{
	models.CallEndedReason_CALL_ENDED_REASON_ENDED:         "ended",
	models.CallEndedReason_CALL_ENDED_REASON_LIVE_ENDED:    "live_ended",
	models.CallEndedReason_CALL_ENDED_REASON_KICKED:        "kicked",
	models.CallEndedReason_CALL_ENDED_REASON_SESSION_ENDED: "session_ended",
}

var goAwayReasons = map[models.GoAwayReason]string{
	models.GoAwayReason_GO_AWAY_REASON_SHUTTING_DOWN: "shutting_down",
	models.GoAwayReason_GO_AWAY_REASON_REBALANCE:     "rebalance",
}
