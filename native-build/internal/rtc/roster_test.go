package rtc

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	sfuAudio = models.TrackType_TRACK_TYPE_AUDIO
	sfuVideo = models.TrackType_TRACK_TYPE_VIDEO
)

// short writes events as "joined bob", "published b1:audio"…
func short(events []*rtcproto.Event) string {
	var list []string
	for _, e := range events {
		switch payload := e.Payload.(type) {
		case *rtcproto.Event_ParticipantJoined:
			list = append(list, "joined "+payload.ParticipantJoined.GetUserId())
		case *rtcproto.Event_ParticipantLeft:
			list = append(list, "left "+payload.ParticipantLeft.GetUserId())
		case *rtcproto.Event_ParticipantUpdated:
			list = append(list, "updated "+payload.ParticipantUpdated.GetParticipant().GetName())
		case *rtcproto.Event_TrackPublished:
			list = append(list, "published "+payload.TrackPublished.GetTrack().GetTrackId())
		case *rtcproto.Event_TrackUnpublished:
			list = append(list, fmt.Sprintf("unpublished %s %s", payload.TrackUnpublished.GetTrack().GetTrackId(), payload.TrackUnpublished.GetCause()))
		default:
			list = append(list, e.String())
		}
	}
	return strings.Join(list, ", ")
}

func of(user, session string, tracks ...models.TrackType) *models.Participant {
	return &models.Participant{UserId: user, SessionId: session, TrackLookupPrefix: "p-" + session, Name: user, PublishedTracks: tracks}
}

func TestRosterTellsWhatChanged(t *testing.T) {
	r := newRoster()
	steps := []struct {
		name string
		do   func() []*rtcproto.Event
		want string
	}{
		{"the first list", func() []*rtcproto.Event {
			return r.reconcile("a1", &models.CallState{Participants: []*models.Participant{of("alice", "a1"), of("bob", "b1", sfuAudio)}})
		}, "joined bob, published b1:audio"},
		{"the same again", func() []*rtcproto.Event { return r.merge(of("bob", "b1", sfuAudio)) }, ""},
		{"ourselves", func() []*rtcproto.Event { return r.merge(of("alice", "a1", sfuAudio)) }, ""},
		{"one more track", func() []*rtcproto.Event { return r.publish("b1", rtcproto.TrackType_TRACK_TYPE_VIDEO) }, "published b1:video"},
		{"once is enough", func() []*rtcproto.Event { return r.publish("b1", rtcproto.TrackType_TRACK_TYPE_VIDEO) }, ""},
		{"muted", func() []*rtcproto.Event { return r.unpublish("b1", rtcproto.TrackType_TRACK_TYPE_AUDIO, "muted") }, "unpublished b1:audio muted"},
		{"unmuted", func() []*rtcproto.Event { return r.publish("b1", rtcproto.TrackType_TRACK_TYPE_AUDIO) }, "published b1:audio"},
		{"a new name", func() []*rtcproto.Event {
			p := of("bob", "b1", sfuAudio, sfuVideo)
			p.Name = "Robert"
			return r.merge(p)
		}, "updated Robert"},
		{"after a rejoin", func() []*rtcproto.Event {
			return r.reconcile("a2", &models.CallState{Participants: []*models.Participant{of("alice", "a2"), of("carol", "c1")}})
		}, "unpublished b1:audio left, unpublished b1:video left, left bob, joined carol"},
		{"somebody unknown goes", func() []*rtcproto.Event { return r.remove("x") }, ""},
		{"somebody without a session", func() []*rtcproto.Event { return r.merge(of("dave", "")) }, ""},
		{"a track of somebody unknown", func() []*rtcproto.Event { return r.publish("x", rtcproto.TrackType_TRACK_TYPE_AUDIO) }, ""},
	}
	for _, step := range steps {
		if got := short(step.do()); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
	if r.others() != 1 || len(r.messages()) != 2 {
		t.Errorf("%d others, %v", r.others(), r.messages())
	}
}

func TestRosterFindsTheOwnerOfATrack(t *testing.T) {
	r := newRoster()
	r.reconcile("a1", &models.CallState{Participants: []*models.Participant{of("alice", "a1", sfuAudio), of("bob", "b1"), of("bob", "b2", sfuAudio)}})
	for id, want := range map[string]string{"b1": "b1", "b2": "b2", "bob": "b2", "alice": "", "a1": "", "nobody": ""} {
		got := ""
		if p := r.owner(id, rtcproto.TrackType_TRACK_TYPE_AUDIO); p != nil {
			got = p.sessionID
		}
		if got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if p := r.byPrefix()["p-b1"]; p == nil || p.sessionID != "b1" {
		t.Errorf("by prefix: %v", p)
	}
}

func TestRosterComparesCustomData(t *testing.T) {
	custom, err := structpb.NewStruct(map[string]any{"role": "a b", "n": 1})
	if err != nil {
		t.Fatal(err)
	}
	r := newRoster()
	p := of("bob", "b1")
	p.Custom = custom
	r.merge(p)
	if events := r.merge(p); len(events) != 0 {
		t.Errorf("nothing changed, yet: %s", short(events))
	}
	custom.Fields["role"] = structpb.NewStringValue("ab")
	if events := r.merge(p); short(events) != "updated bob" {
		t.Errorf("custom data changed: %s", short(events))
	}
	if got := r.members["b1"].custom; got != `{"n":1,"role":"ab"}` {
		t.Errorf("custom: %s", got)
	}
}

func TestParseStreamID(t *testing.T) {
	for id, want := range map[string]bool{"abc:TRACK_TYPE_AUDIO": true, "abc:TRACK_TYPE_UNSPECIFIED": false, "abc": false, "abc:1": false, "": false} {
		prefix, kind, ok := parseStreamID(id)
		if ok != want || ok && (prefix != "abc" || kind != rtcproto.TrackType_TRACK_TYPE_AUDIO) {
			t.Errorf("%q: %q %v %v", id, prefix, kind, ok)
		}
	}
}
