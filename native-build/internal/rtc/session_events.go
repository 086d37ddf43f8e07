package rtc

import (
	"slices"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/signaling"
)

// onEvent handles what the SFU tells about the call. It runs on the WebSocket's goroutine.
func (s *Session) onEvent(c *connection, e *event.SfuEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return // of a connection that is being replaced
	}
	switch payload := e.EventPayload.(type) {
	case *event.SfuEvent_ParticipantJoined:
		s.rosterChange(s.roster.merge(payload.ParticipantJoined.GetParticipant()))
	case *event.SfuEvent_ParticipantUpdated:
		s.rosterChange(s.roster.merge(payload.ParticipantUpdated.GetParticipant()))
	case *event.SfuEvent_ParticipantLeft:
		s.rosterChange(s.roster.remove(payload.ParticipantLeft.GetParticipant().GetSessionId()))
	case *event.SfuEvent_TrackPublished:
		s.onTrackPublished(payload.TrackPublished)
	case *event.SfuEvent_TrackUnpublished:
		s.onTrackUnpublished(payload.TrackUnpublished)
	case *event.SfuEvent_HealthCheckResponse:
		s.roster.total = payload.HealthCheckResponse.GetParticipantCount().GetTotal()
		s.watchAlone()
	case *event.SfuEvent_AudioLevelChanged:
		s.tell(&rtcproto.Event{Payload: &rtcproto.Event_AudioLevels{
			AudioLevels: s.roster.audioLevels(payload.AudioLevelChanged.GetAudioLevels()),
		}})
	case *event.SfuEvent_DominantSpeakerChanged:
		speaker := payload.DominantSpeakerChanged
		s.roster.dominant(speaker.GetSessionId())
		s.tell(&rtcproto.Event{Payload: &rtcproto.Event_DominantSpeakerChanged{DominantSpeakerChanged: &rtcproto.DominantSpeakerChanged{
			UserId: speaker.GetUserId(), ParticipantSessionId: speaker.GetSessionId(),
		}}})
	case *event.SfuEvent_ConnectionQualityChanged:
		s.tell(&rtcproto.Event{Payload: &rtcproto.Event_ConnectionQualityChanged{
			ConnectionQualityChanged: s.roster.qualities(payload.ConnectionQualityChanged.GetConnectionQualityUpdates()),
		}})
	case *event.SfuEvent_CallGrantsUpdated:
		s.onGrants(payload.CallGrantsUpdated.GetCurrentGrants())
	case *event.SfuEvent_CallEnded:
		s.onSFUCallEnded(payload.CallEnded.GetReason())
	case *event.SfuEvent_GoAway:
		s.tell(&rtcproto.Event{Payload: &rtcproto.Event_GoAway{GoAway: &rtcproto.GoAway{Reason: goAwayReasons[payload.GoAway.GetReason()]}}})
		c.report(strategyMigrate, "go_away", nil)
	case *event.SfuEvent_Error:
		s.onSFUError(c, payload.Error)
	}
}

func (s *Session) rosterChange(events []*rtcproto.Event) {
	s.tell(events...)
	s.afterRosterChange()
}

// afterRosterChange lets everything follow that depends on who is there; mu must be held.
func (s *Session) afterRosterChange() {
	s.bindSinks()
	s.announce()
	s.watchAlone()
	s.resubscribe()
}

func (s *Session) onTrackPublished(e *event.TrackPublished) {
	var events []*rtcproto.Event
	if e.GetParticipant() != nil {
		events = s.roster.merge(e.GetParticipant())
	}
	events = append(events, s.roster.publish(e.GetSessionId(), trackTypeOf(e.GetType()))...)
	s.rosterChange(events)
}

func (s *Session) onTrackUnpublished(e *event.TrackUnpublished) {
	t := trackTypeOf(e.GetType())
	cause := e.GetCause()
	if e.GetSessionId() == s.roster.localSessionID {
		s.onOwnTrackUnpublished(t, cause)
	}
	// The track first: merging its participant would unpublish it as well, without the cause.
	events := s.roster.unpublish(e.GetSessionId(), t, unpublishCauses[cause])
	if e.GetParticipant() != nil {
		events = append(events, s.roster.merge(e.GetParticipant())...)
	}
	s.rosterChange(events)
}

// onOwnTrackUnpublished obeys a moderator.
func (s *Session) onOwnTrackUnpublished(t rtcproto.TrackType, cause models.TrackUnpublishReason) {
	switch cause {
	case models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_MODERATION:
		s.mutes.of(t).Store(true)
		s.tell(&rtcproto.Event{Payload: &rtcproto.Event_MutedByModerator{MutedByModerator: &rtcproto.MutedByModerator{
			TrackTypes: []rtcproto.TrackType{t},
		}}})
		s.tasks.spawn(func() { s.muteSiblings(t) })
	case models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_PERMISSION_REVOKED:
		s.stopPublications(t)
	}
}

// muteSiblings tells the SFU that what else there is of a kind has fallen silent with the track that a moderator muted.
func (s *Session) muteSiblings(muted rtcproto.TrackType) {
	err := s.tellMutes(s.ctx, func(t rtcproto.TrackType) bool { return t != muted && isAudio(t) == isAudio(muted) })
	if err != nil && s.ctx.Err() == nil {
		s.log.Warn("the SFU was not told that a track fell silent", "error", err)
	}
}

// stopPublications ends what may no longer be published; mu must be held.
func (s *Session) stopPublications(t rtcproto.TrackType) {
	for _, p := range s.publications {
		if p.options.TrackType == t {
			p.stop(failure.Newf(failure.PermissionDenied, failure.Signaling, "the permission to publish %s was revoked", TrackTypeName(t)))
		}
	}
}

// publishing are the capabilities to publish, which the SFU may grant and revoke by itself.
var publishing = []string{"send-audio", "send-video", "screenshare"}

// onGrants takes over what the participant may publish from now on; mu must be held.
func (s *Session) onGrants(grants *models.CallGrants) {
	allowed := map[string]bool{
		"send-audio": grants.GetCanPublishAudio(), "send-video": grants.GetCanPublishVideo(), "screenshare": grants.GetCanScreenshare(),
	}
	kept := slices.DeleteFunc(slices.Clone(s.capabilities), func(capability string) bool { return slices.Contains(publishing, capability) })
	for _, capability := range publishing {
		if allowed[capability] {
			kept = append(kept, capability)
		}
	}
	s.permit(kept)
}

// onCapabilities takes over the whole list of the coordinator.
func (s *Session) onCapabilities(capabilities []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if capabilities != nil {
		s.permit(capabilities)
	}
}

// permit must be called with mu held. The SFU and the coordinator tell the same change, so only differences are told on.
func (s *Session) permit(capabilities []string) {
	if sameSet(s.capabilities, capabilities) {
		return
	}
	s.capabilities = capabilities
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_PermissionsUpdated{PermissionsUpdated: &rtcproto.PermissionsUpdated{
		OwnCapabilities: capabilities, CanPublishAudio: slices.Contains(capabilities, "send-audio"),
		CanPublishVideo: slices.Contains(capabilities, "send-video"), CanScreenshare: slices.Contains(capabilities, "screenshare"),
	}}})
	for t := range trackTypeNames {
		if !slices.Contains(capabilities, capabilityFor(t)) {
			s.stopPublications(t)
		}
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// callOver is onCallEnded without mu held.
func (s *Session) callOver(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCallEnded(reason)
}

// onCallEnded tells that the call is over for this participant, and ends the session; mu must be held. The SFU and the
// coordinator both say so; the first counts.
func (s *Session) onCallEnded(reason string) {
	if s.ctx.Err() != nil {
		return
	}
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_CallEnded{CallEnded: &rtcproto.CallEnded{Reason: reason}}})
	if reason == "kicked" {
		s.end("kicked", "kicked", nil)
	} else {
		s.end("call_ended", "call ended", nil)
	}
}

// onSFUCallEnded obeys the SFU; mu must be held.
func (s *Session) onSFUCallEnded(reason models.CallEndedReason) {
	name := callEndedReasons[reason]
	if name == "" {
		name = "unspecified"
	}
	s.onCallEnded(name)
}

func (s *Session) onSFUError(c *connection, e *event.Error) {
	refusal := &signaling.SFUError{Code: e.GetError().GetCode(), Message: e.GetError().GetMessage(), Strategy: e.GetReconnectStrategy()}
	err := fromSFU(refusal)
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_Error{Error: errorEvent(err)}})
	if refusal.Code == models.ErrorCode_ERROR_CODE_LIVE_ENDED {
		if slices.Contains(s.capabilities, "join-backstage") {
			return // who may be backstage stays there
		}
		s.end("call_ended", "live ended", err)
		return
	}
	if refusal.Strategy != strategyNone {
		c.report(refusal.Strategy, "sfu_error", err)
	}
}

// watchAlone starts or stops the time after which a lonely session leaves; mu must be held.
func (s *Session) watchAlone() {
	limit := s.options.LeaveWhenAlone
	if limit == 0 || s.state == Leaving {
		return
	}
	switch lonely := s.roster.others() == 0; {
	case lonely && s.alone == nil:
		s.alone = time.AfterFunc(limit, func() { s.end("alone", "alone", nil) })
	case !lonely && s.alone != nil:
		s.alone.Stop()
		s.alone = nil
	}
}
