package rtc

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// FuzzSFUEvents takes frames as an SFU might send them, two after each other, and checks what the roster tells of them.
func FuzzSFUEvents(f *testing.F) {
	bob := of("bob", "b1", sfuAudio, sfuVideo)
	seeds := []*event.SfuEvent{
		{EventPayload: &event.SfuEvent_JoinResponse{JoinResponse: &event.JoinResponse{CallState: &models.CallState{
			Participants: []*models.Participant{of("alice", "a1"), bob}, ParticipantCount: &models.ParticipantCount{Total: 2},
		}}}},
		{EventPayload: &event.SfuEvent_ParticipantJoined{ParticipantJoined: &event.ParticipantJoined{Participant: bob}}},
		{EventPayload: &event.SfuEvent_ParticipantLeft{ParticipantLeft: &event.ParticipantLeft{Participant: bob}}},
		{EventPayload: &event.SfuEvent_TrackPublished{TrackPublished: &event.TrackPublished{SessionId: "b1", Type: sfuVideo, Participant: bob}}},
		{EventPayload: &event.SfuEvent_TrackUnpublished{TrackUnpublished: &event.TrackUnpublished{SessionId: "b1", Type: sfuAudio, Cause: 3}}},
		{EventPayload: &event.SfuEvent_AudioLevelChanged{AudioLevelChanged: &event.AudioLevelChanged{
			AudioLevels: []*event.AudioLevel{{SessionId: "b1", Level: 0.5, IsSpeaking: true}},
		}}},
		{EventPayload: &event.SfuEvent_ConnectionQualityChanged{ConnectionQualityChanged: &event.ConnectionQualityChanged{
			ConnectionQualityUpdates: []*event.ConnectionQualityInfo{{SessionId: "b1", ConnectionQuality: 2}},
		}}},
	}
	for i, seed := range seeds {
		first, err := proto.Marshal(seeds[0])
		if err != nil {
			f.Fatal(err)
		}
		second, err := proto.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(first, second)
		f.Add(second, first[:len(first)-i])
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		r := newRoster()
		present := map[string]bool{}
		for _, raw := range [][]byte{first, second} {
			e := &event.SfuEvent{}
			if proto.Unmarshal(raw, e) != nil {
				return
			}
			for _, told := range tellRoster(r, e) {
				checkTold(t, present, told)
			}
		}
	})
}

func tellRoster(r *roster, e *event.SfuEvent) []*rtcproto.Event {
	switch payload := e.GetEventPayload().(type) {
	case *event.SfuEvent_JoinResponse:
		return r.reconcile("a1", payload.JoinResponse.GetCallState())
	case *event.SfuEvent_ParticipantJoined:
		return r.merge(payload.ParticipantJoined.GetParticipant())
	case *event.SfuEvent_ParticipantUpdated:
		return r.merge(payload.ParticipantUpdated.GetParticipant())
	case *event.SfuEvent_ParticipantLeft:
		return r.remove(payload.ParticipantLeft.GetParticipant().GetSessionId())
	case *event.SfuEvent_TrackPublished:
		published := payload.TrackPublished
		return append(r.merge(published.GetParticipant()), r.publish(published.GetSessionId(), trackTypeOf(published.GetType()))...)
	case *event.SfuEvent_TrackUnpublished:
		unpublished := payload.TrackUnpublished
		return r.unpublish(unpublished.GetSessionId(), trackTypeOf(unpublished.GetType()), unpublishCauses[unpublished.GetCause()])
	case *event.SfuEvent_AudioLevelChanged:
		r.audioLevels(payload.AudioLevelChanged.GetAudioLevels())
	case *event.SfuEvent_ConnectionQualityChanged:
		r.qualities(payload.ConnectionQualityChanged.GetConnectionQualityUpdates())
	case *event.SfuEvent_DominantSpeakerChanged:
		r.dominant(payload.DominantSpeakerChanged.GetSessionId())
	}
	return nil
}

// checkTold verifies that nobody joins twice or leaves without having come.
func checkTold(t *testing.T, present map[string]bool, told *rtcproto.Event) {
	t.Helper()
	if joined := told.GetParticipantJoined(); joined != nil {
		if present[joined.GetParticipant().GetParticipantSessionId()] {
			t.Errorf("%q joined twice", joined.GetParticipant().GetParticipantSessionId())
		}
		present[joined.GetParticipant().GetParticipantSessionId()] = true
	}
	if left := told.GetParticipantLeft(); left != nil {
		if !present[left.GetParticipant().GetParticipantSessionId()] {
			t.Errorf("%q left without having joined", left.GetParticipant().GetParticipantSessionId())
		}
		present[left.GetParticipant().GetParticipantSessionId()] = false
	}
}
