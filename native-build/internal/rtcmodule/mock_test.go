package rtcmodule

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/rtcproto"
)

// voiceFile makes a file with something like speech of 16 kHz mono, in the format of its name.
func voiceFile(t *testing.T, name string, duration time.Duration) (path string, samples []int16) {
	t.Helper()
	samples = mediatest.Voice(16000, int(duration*16000/time.Second))
	path = filepath.Join(t.TempDir(), name)
	mediatest.Run(t, mediatest.Bytes(samples), "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "pipe:0", "-y", path)
	return path, samples
}

func (s *stage) mock(participants string) uint64 {
	s.t.Helper()
	answer := s.must("rtc.join", `{"call_type":"default","call_id":"mock","user":{"id":"me"},"mock":{"participants":[%s]}}`, participants)
	return uint64(answer["session"].(float64))
}

func (s *stage) told(session uint64) []*rtcproto.Event {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	return slices.Clone(s.host.events[session])
}

func isLeft(e *rtcproto.Event) bool { return e.GetLeft() != nil }

// heard checks the form of every packet and answers the samples of each user.
func heard(t *testing.T, events []*rtcproto.Event) (packets int, samples map[string][]int16) {
	t.Helper()
	samples = map[string][]int16{}
	for _, e := range events {
		packet := e.GetRtcPacket()
		if packet == nil {
			continue
		}
		packets++
		pcm := packet.GetAudio().GetPcm()
		if pcm.GetFormat() != rtcproto.AudioFormat_AUDIO_FORMAT_INT16 || pcm.GetSampleRate() != 48000 || pcm.GetChannels() != 1 ||
			len(pcm.GetPayload()) != 2*960 {
			t.Fatalf("a packet of %d bytes, %v", len(pcm.GetPayload()), pcm.GetFormat())
		}
		for at := 0; at < len(pcm.GetPayload()); at += 2 {
			samples[packet.GetUserId()] = append(samples[packet.GetUserId()], int16(binary.LittleEndian.Uint16(pcm.GetPayload()[at:])))
		}
	}
	return packets, samples
}

// The expectations of the early binding's own tests: 4.055 s of WAVE make 202 packets or so, 3 s of MP3 about 150.
func TestMockPlaysFilesAsTheEarlyBindingDid(t *testing.T) {
	for _, c := range []struct {
		name     string
		duration time.Duration
		packets  int
		within   float64
	}{
		{"speech.wav", 4055 * time.Millisecond, 202, 0.02},
		{"speech.mp3", 3 * time.Second, 150, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			path, _ := voiceFile(t, c.name, c.duration)
			session := s.mock(fmt.Sprintf(`{"user_id":"bob","name":"Bob","audio":{"audio_file_path":%q,"realtime_clock":false}}`, path))
			s.await(session, isLeft)
			events := s.told(session)
			if events[0].GetJoined().GetCallCid() != "default:mock" || events[1].GetParticipantJoined().GetUserId() != "bob" {
				t.Fatalf("the call begins with %v and %v", events[0], events[1])
			}
			packets, samples := heard(t, events)
			if math.Abs(float64(packets)/float64(c.packets)-1) > c.within || len(samples) != 1 {
				t.Errorf("%d packets of %d users", packets, len(samples))
			}
			if mediatest.Power(samples["bob"]) < 1e-4 {
				t.Error("the packets are silent")
			}
			last := events[len(events)-2:]
			if last[0].GetCallEnded() == nil || last[1].GetLeft().GetReason() != "call_ended" {
				t.Errorf("the call ends with %v", last)
			}
		})
	}
}

func TestMockKeepsRealTime(t *testing.T) {
	s := newStage(t)
	path, _ := voiceFile(t, "speech.wav", time.Second)
	started := time.Now()
	session := s.mock(fmt.Sprintf(`{"user_id":"bob","audio":{"audio_file_path":%q}},{"user_id":"carol","audio":{"audio_file_path":%q}}`, path, path))
	s.await(session, isLeft)
	if took := time.Since(started); took < 950*time.Millisecond {
		t.Errorf("a second of audio took %v", took)
	}
	if packets, samples := heard(t, s.told(session)); packets != 100 || len(samples) != 2 {
		t.Errorf("%d packets of %d users", packets, len(samples))
	}
}

func TestMockGoesOnWithoutFilesThatCannotBePlayed(t *testing.T) {
	s := newStage(t)
	broken := filepath.Join(t.TempDir(), "broken.wav")
	noise := filepath.Join(t.TempDir(), "noise.mp3")
	for _, path := range []string{broken, noise} {
		if err := os.WriteFile(path, []byte("this is no audio"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	session := s.mock(fmt.Sprintf(`{"user_id":"silent"},{"user_id":"lost","audio":{"audio_file_path":"/nowhere/speech.wav"}},
		{"user_id":"broken","audio":{"audio_file_path":%q}},{"user_id":"noise","audio":{"audio_file_path":%q}}`, broken, noise))
	for _, user := range []string{"lost", "broken", "noise"} {
		s.await(session, func(e *rtcproto.Event) bool {
			return e.GetError().GetKind() == string(failure.MalformedMedia) && strings.Contains(e.GetError().GetMessage(), `"`+user+`"`)
		})
	}
	info := s.must("rtc.session", `{"session":%d}`, session)
	if info["state"] != "joined" || info["participant_count"] != 5.0 || len(info["participants"].([]any)) != 5 {
		t.Errorf("session: %v", info)
	}
	if _, err := s.call("rtc.stats", `{"session":%d}`, session); failure.KindOf(err) != failure.InvalidArgument {
		t.Errorf("stats: %v", err)
	}
	s.must("rtc.leave", `{"session":%d}`, session)
	events := s.told(session)
	if last := events[len(events)-1]; last.GetLeft().GetReason() != "left" {
		t.Errorf("the last event: %v", last)
	}
}

func TestStoppedMockFallsSilentAtOnce(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"speech.wav", "speech.mp3"} {
		path, _ := voiceFile(t, name, 20*time.Second)
		session := s.mock(fmt.Sprintf(`{"user_id":"bob","audio":{"audio_file_path":%q}}`, path))
		s.await(session, func(e *rtcproto.Event) bool { return e.GetRtcPacket() != nil })
		s.must("rtc.leave", `{"session":%d}`, session)
		events := s.told(session)
		if packets, _ := heard(t, events); packets > 250 || !isLeft(events[len(events)-1]) {
			t.Errorf("%d packets, the last event is %v", packets, events[len(events)-1])
		}
		if _, err := s.call("rtc.leave", `{"session":%d}`, session); failure.KindOf(err) != failure.SessionNotFound {
			t.Errorf("leaving again: %v", err)
		}
	}
}

func TestMocksThatAreRefused(t *testing.T) {
	s := newStage(t)
	for name, request := range map[string]string{
		"unknown field":  `"mock":{"people":[]}`,
		"no user":        `"mock":{"participants":[{"name":"x"}]}`,
		"no path":        `"mock":{"participants":[{"user_id":"x","audio":{}}]}`,
		"too many":       `"mock":{"participants":[` + strings.TrimSuffix(strings.Repeat(`{"user_id":"x"},`, 101), ",") + `]}`,
		"bad call":       `"call_id":"a:b","mock":{"participants":[]}`,
		"no participant": `"user":{"id":""},"mock":{}`,
	} {
		fields := `"call_type":"default","call_id":"mock","user":{"id":"me"},`
		if _, err := s.call("rtc.join", "%s", "{"+fields+request+"}"); failure.KindOf(err) != failure.InvalidArgument && !strings.Contains(fmt.Sprint(err), "people") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
