package rtcmodule

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
)

func (s *stage) recordInto(directory string) {
	s.t.Helper()
	if err := s.settings.read([]byte(fmt.Sprintf(`{"recordings":{"directory":%q,"max_per_session":2}}`, directory))); err != nil {
		s.t.Fatal(err)
	}
}

func TestCommandsOfARecording(t *testing.T) {
	s := newStage(t)
	directory := t.TempDir()
	s.recordInto(directory)
	alice := s.join("alice")
	recording := func(answer map[string]any) map[string]any { return answer["recording"].(map[string]any) }
	list := func(fields string) []any { return s.must("rtc.recordings", `{%s}`, fields)["recordings"].([]any) }

	begun := recording(s.must("rtc.record.start", `{"session":%d,"folder":"one","owner":"key one","users":["bob"],"track_types":["audio"],"mix":true,"bitrate_bps":24000,
		"labels":{"a":"b"},"max_bytes":1000000,"max_duration_ms":60000,"buffer_bytes":100000,"timeout_ms":5000}`, alice))
	id := begun["id"].(string)
	if begun["state"] != "recording" || begun["call_cid"] != "default:demo" || begun["user_id"] != "alice" || begun["folder"] != "one" || begun["owner"] != "key one" ||
		begun["path"] != filepath.Join(directory, "one", id) || fmt.Sprint(begun["labels"]) != "map[a:b]" {
		t.Errorf("begun: %v", begun)
	}
	s.await(alice, func(e *rtcproto.Event) bool { return e.GetRecordingStarted().GetRecordingId() == id })
	s.await(alice, func(e *rtcproto.Event) bool { return e.GetRecordingFileStarted().GetFile().GetMix() })
	if running := list(fmt.Sprintf(`"session":%d`, alice)); len(running) != 1 {
		t.Errorf("running: %v", running)
	}
	if _, err := s.call("rtc.record.remove", `{"folder":"one","recording":%q}`, id); failure.KindOf(err) != failure.RecordingRunning {
		t.Errorf("removing it: %v", err)
	}
	stopped := recording(s.must("rtc.record.stop", `{"session":%d,"recording":%q}`, alice, id))
	if stopped["state"] != "stopped" || stopped["reason"] != "stopped" || len(stopped["files"].([]any)) != 1 {
		t.Errorf("stopped: %v", stopped)
	}
	for _, fields := range []string{`"folder":"one"`, `"all":true`, `"all":true,"limit":1`, `"all":true,"owner":"key one"`, `"folder":"one","recording":"` + id + `"`} {
		if found := list(fields); len(found) != 1 || found[0].(map[string]any)["id"] != id || found[0].(map[string]any)["state"] != "stopped" {
			t.Errorf("%s: %v", fields, found)
		}
	}
	if others := list(`"all":true,"owner":"key two"`); len(others) != 0 {
		t.Errorf("of another owner: %v", others)
	}
	s.must("rtc.record.remove", `{"folder":"one","recording":%q}`, id)
	if found := list(`"all":true`); len(found) != 0 {
		t.Errorf("afterwards: %v", found)
	}
	s.must("rtc.record.start", `{"session":%d}`, alice)
	s.must("rtc.record.start", `{"session":%d}`, alice)
	if _, err := s.call("rtc.record.start", `{"session":%d}`, alice); failure.KindOf(err) != failure.CapacityExceeded {
		t.Errorf("a third: %v", err)
	}
	if running := s.Counts()["recordings"]; running != 2 {
		t.Errorf("%d recordings run", running)
	}
	s.must("rtc.leave", `{"session":%d}`, alice)
	s.await(alice, func(e *rtcproto.Event) bool { return e.GetRecordingStopped().GetReason() == "session_ended" })
	if found := list(``); len(found) != 2 || found[1].(map[string]any)["reason"] != "session_ended" {
		t.Errorf("after the session: %v", found)
	}
}

func TestRecordingsThatAreRefused(t *testing.T) {
	s := newStage(t)
	alice := s.join("alice")
	if _, err := s.call("rtc.record.start", `{"session":%d}`, alice); failure.KindOf(err) != failure.RecordingOff {
		t.Errorf("without a directory: %v", err)
	}
	s.recordInto(t.TempDir())
	for name, test := range map[string]struct {
		tag, request, names string
		kind                failure.Kind
	}{
		"another session":       {"rtc.record.start", `{"session":99999}`, "99999", failure.SessionNotFound},
		"a way out":             {"rtc.record.start", fmt.Sprintf(`{"session":%d,"folder":"../x"}`, alice), "../x", failure.PathRefused},
		"an unknown track type": {"rtc.record.start", fmt.Sprintf(`{"session":%d,"track_types":["smell"]}`, alice), "smell", failure.InvalidArgument},
		"nothing":               {"rtc.record.start", fmt.Sprintf(`{"session":%d,"track_types":[]}`, alice), "track_types", failure.InvalidArgument},
		"no room":               {"rtc.record.start", fmt.Sprintf(`{"session":%d,"max_bytes":1}`, alice), "max_bytes", failure.InvalidArgument},
		"no time":               {"rtc.record.start", fmt.Sprintf(`{"session":%d,"max_duration_ms":0}`, alice), "max_duration_ms", failure.InvalidArgument},
		"no queue":              {"rtc.record.start", fmt.Sprintf(`{"session":%d,"buffer_bytes":1}`, alice), "buffer_bytes", failure.InvalidArgument},
		"a long label":          {"rtc.record.start", fmt.Sprintf(`{"session":%d,"labels":{"a":%q}}`, alice, strings.Repeat("x", 3000)), "label", failure.InvalidArgument},
		"no such recording":     {"rtc.record.stop", fmt.Sprintf(`{"session":%d,"recording":"x"}`, alice), "x", failure.RecordingNotFound},
		"nothing to remove":     {"rtc.record.remove", `{"recording":"../x"}`, "../x", failure.RecordingNotFound},
		"both directions":       {"rtc.recordings", `{"all":true,"before":"x","after":"y"}`, "before", failure.InvalidArgument},
		"a page of nothing":     {"rtc.recordings", `{"all":true,"limit":0}`, "limit", failure.InvalidArgument},
		"a folder elsewhere":    {"rtc.recordings", `{"folder":"/etc"}`, "/etc", failure.PathRefused},
	} {
		if _, err := s.call(test.tag, "%s", test.request); failure.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.names) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, data := range []string{`{"recordings":{"directory":"relative"}}`, `{"recordings":{"max_per_session":0}}`, `{"recordings":[]}`} {
		if err := new(settings).read([]byte(data)); err == nil {
			t.Errorf("%s was taken", data)
		}
	}
}
