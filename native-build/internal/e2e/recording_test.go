package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
	records "streamgateway/native/internal/record"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

var everyTrack = []rtcproto.TrackType{audio, camera, screen, rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO}

// record begins a recording in a directory of the test's.
func (b *bot) record(changes ...func(*rtc.RecordOptions)) records.Manifest {
	b.t.Helper()
	begun, err := b.tryRecord(changes...)
	if err != nil {
		b.t.Fatalf("%s does not record: %v", b.name, err)
	}
	if begun.State != records.Running {
		b.t.Errorf("the recording begins as %s", begun.State)
	}
	return begun
}

func (b *bot) tryRecord(changes ...func(*rtc.RecordOptions)) (records.Manifest, error) {
	options := rtc.RecordOptions{
		Store: records.Store{Directory: b.t.TempDir()}, Users: rtc.Selection{All: true}, TrackTypes: everyTrack,
	}
	for _, change := range changes {
		change(&options)
	}
	return b.Record(within(b.t), options)
}

func withMix(o *rtc.RecordOptions) { o.Mix = true }

func (b *bot) stopRecording(m records.Manifest) records.Manifest {
	b.t.Helper()
	stopped, err := b.StopRecording(within(b.t), m.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	return stopped
}

// awaitFile waits until a track of a user has a file.
func (b *bot) awaitFile(after int, user string, t rtcproto.TrackType) *rtcproto.RecordingFile {
	b.t.Helper()
	return await(b, after, func(e *rtcproto.Event) (*rtcproto.RecordingFile, bool) {
		file := e.GetRecordingFileStarted().GetFile()
		return file, file != nil && file.UserId == user && file.TrackType == t
	})
}

func recordingEnd(e *rtcproto.Event) (*rtcproto.RecordingStopped, bool) {
	return e.GetRecordingStopped(), e.GetRecordingStopped() != nil
}

// filesOf are the recorded files of a track, in order.
func filesOf(m records.Manifest, user, trackType string) (files []records.File) {
	for _, file := range m.Files {
		if file.User == user && file.TrackType == trackType {
			files = append(files, file)
		}
	}
	return files
}

func onlyFile(t *testing.T, m records.Manifest, user, trackType string) records.File {
	t.Helper()
	files := filesOf(m, user, trackType)
	if len(files) != 1 {
		t.Fatalf("%s has %d files of %s: %+v", user, len(files), trackType, m.Files)
	}
	return files[0]
}

func mixOf(t *testing.T, m records.Manifest) records.File {
	t.Helper()
	i := slices.IndexFunc(m.Files, func(f records.File) bool { return f.Kind == "mix" })
	if i < 0 {
		t.Fatalf("there is no mix: %+v", m.Files)
	}
	return m.Files[i]
}

func contentOf(t *testing.T, m records.Manifest, file records.File) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.Path, file.Name))
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != file.Bytes {
		t.Errorf("%s has %d bytes; the manifest says %d", file.Name, len(data), file.Bytes)
	}
	return data
}

// soundOf decodes a recorded file, by ffmpeg.
func soundOf(t *testing.T, m records.Manifest, file records.File) []int16 {
	t.Helper()
	return mediatest.Samples(mediatest.Run(t, contentOf(t, m, file), "ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "48000", "-"))
}

// lengthOf is how long ffprobe says a file is, frame by frame.
func lengthOf(t *testing.T, m records.Manifest, file records.File) time.Duration {
	t.Helper()
	text := mediatest.Run(t, nil, "ffprobe", "-v", "error", "-select_streams", "0", "-show_entries", "packet=pts_time", "-of", "csv=p=0", filepath.Join(m.Path, file.Name))
	lines := strings.Fields(string(text))
	if len(lines) == 0 {
		t.Fatalf("ffprobe sees nothing in %s", file.Name)
	}
	var seconds float64
	if _, err := fmt.Sscan(strings.Trim(lines[len(lines)-1], ","), &seconds); err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second))
}

func checkWhole(t *testing.T, m records.Manifest, file records.File) {
	t.Helper()
	if file.Format == "ogg" {
		report := mediatest.Run(t, nil, "opusinfo", filepath.Join(m.Path, file.Name))
		if bytes.Contains(report, []byte("WARNING")) {
			t.Errorf("opusinfo of %s: %s", file.Name, report)
		}
	}
	if length := lengthOf(t, m, file); (length - time.Duration(file.DurationMs)*time.Millisecond).Abs() > 200*time.Millisecond {
		t.Errorf("%s is %v long; the manifest says %d ms", file.Name, length, file.DurationMs)
	}
}

func checkOnDisk(t *testing.T, m records.Manifest) {
	t.Helper()
	store := records.Store{Directory: filepath.Dir(m.Path)}
	listed, more, err := store.List(records.Query{Limit: 10})
	if err != nil || more || len(listed) != 1 {
		t.Fatalf("listed: %+v, %v, %v", listed, more, err)
	}
	if onDisk, inMemory := asJSON(listed[0]), asJSON(m); onDisk != inMemory {
		t.Errorf("the disk says\n%s\nand the memory\n%s", onDisk, inMemory)
	}
}

func asJSON(m records.Manifest) string {
	text, _ := json.Marshal(m)
	return string(text)
}

func TestTwoSpeakersAndAFilmAreRecordedEachByItselfAndAsOne(t *testing.T) {
	const frames = 45
	w := newWorld(t)
	alice, bob, carol, recorder := w.join("alice"), w.join("bob"), w.join("carol"), w.join("recorder")
	film := mediatest.FilmPictures(t, frames)
	first, _, voice := speech(t, 3*time.Second)

	m := recorder.record(withMix, func(o *rtc.RecordOptions) { o.Labels = map[string]string{"purpose": "test"} })
	begun := await(recorder, 0, func(e *rtcproto.Event) (*rtcproto.RecordingStarted, bool) {
		return e.GetRecordingStarted(), e.GetRecordingStarted() != nil
	})
	if begun.RecordingId != m.ID || !begun.Mix {
		t.Errorf("told: %v", begun)
	}
	carol.publish("camera", mediatest.Film(t, "vp8", frames, 15), asVideo(camera, media.IVF), looped)
	alice.publish("speech", first)
	await(alice, 0, ended)
	bob.publish("speech", first)
	await(bob, 0, ended)
	recorder.awaitFile(0, "carol", camera)
	if running := recorder.Recordings(); len(running) != 1 || running[0].ID != m.ID || running[0].State != records.Running {
		t.Errorf("running: %+v", running)
	}
	stopped := recorder.stopRecording(m)

	if stopped.State != records.Stopped || stopped.Reason != records.ReasonStopped || len(stopped.Files) != 4 || stopped.DroppedBytes != 0 ||
		stopped.Labels["purpose"] != "test" || stopped.Call != callCID || stopped.User != "recorder" || stopped.DurationMs < 6000 {
		t.Errorf("stopped: %+v", stopped)
	}
	for _, file := range stopped.Files {
		checkWhole(t, stopped, file)
	}
	ofAlice, ofBob := onlyFile(t, stopped, "alice", "audio"), onlyFile(t, stopped, "bob", "audio")
	for _, file := range []records.File{ofAlice, ofBob} {
		if likeness := placedIn(voice, soundOf(t, stopped, file), 0); likeness < 0.95 {
			t.Errorf("%s is only %.3f like what was said", file.Name, likeness)
		}
		// A machine that stalls makes a speaker stumble, and a recording keeps the pause.
		if file.Lost != 0 || file.Packets < 150 || file.Packets > 165 || !strings.Contains(file.Name, file.User) {
			t.Errorf("file: %+v", file)
		}
	}
	// The files lie in the mix where their offsets say.
	mixed := soundOf(t, stopped, mixOf(t, stopped))
	for _, file := range []records.File{ofAlice, ofBob} {
		if likeness := placedIn(voice, mixed, int(file.StartMs)*opus.Rate/1000); likeness < 0.9 {
			t.Errorf("%s is not at %d ms of the mix: %.3f", file.Name, file.StartMs, likeness)
		}
	}
	likeTheFilm(t, media.IVF, contentOf(t, stopped, onlyFile(t, stopped, "carol", "video")), film)
	whoSpoke(t, stopped, "alice", ofAlice.StartMs, ofAlice.StartMs+3000)
	whoSpoke(t, stopped, "bob", ofBob.StartMs, ofBob.StartMs+3000)
	if len(stopped.Participants) != 3 {
		t.Errorf("participants: %+v", stopped.Participants)
	}
	checkOnDisk(t, stopped)
	if end := await(recorder, 0, recordingEnd); end.Reason != "stopped" || end.Files != 4 || end.Bytes != uint64(stopped.Bytes) {
		t.Errorf("told: %v", end)
	}
	if left := recorder.Recordings(); len(left) != 0 {
		t.Errorf("running afterwards: %+v", left)
	}
	if _, err := recorder.StopRecording(within(t), m.ID); failure.KindOf(err) != failure.RecordingNotFound {
		t.Errorf("stopped again: %v", err)
	}
	for _, e := range recorder.all() {
		if e.GetSinkEnded() != nil || e.GetSinkLagged() != nil {
			t.Errorf("a recording is no sink of the host's: %v", e)
		}
	}
}

// placedIn is how alike a voice and a sound from a place on are, in the best of some pieces: a player of live sound may
// wait or hurry in others. The sound is later by less than a quarter of a second.
func placedIn(voice, mixed []int16, at int) (best float64) {
	const piece = opus.Rate / 4
	for from := 0; from+piece <= len(voice) && best < 0.95; from += 2 * piece {
		_, likeness := mediatest.Align(voice[from:from+piece], mixed[min(len(mixed), at+from):], opus.Rate/4)
		best = max(best, likeness)
	}
	return best
}

// whoSpoke checks that somebody spoke for most of a time, and hardly outside of it.
func whoSpoke(t *testing.T, m records.Manifest, user string, from, to int64) {
	t.Helper()
	var within, outside int64
	for _, interval := range m.Speaking {
		if interval.User != user {
			continue
		}
		inside := max(0, min(to, interval.EndMs)-max(from, interval.StartMs))
		within += inside
		outside += interval.EndMs - interval.StartMs - inside
	}
	if within < (to-from)*7/10 || outside > 1500 {
		t.Errorf("%s spoke for %d ms of %d, and for %d ms outside: %+v", user, within, to-from, outside, m.Speaking)
	}
}

func TestPausesOfASpeakerAreSilenceInTheFile(t *testing.T) {
	w := newWorld(t)
	alice, recorder := w.join("alice"), w.join("recorder")
	file, _, voice := speech(t, 2*time.Second)
	m := recorder.record(func(o *rtc.RecordOptions) { o.TrackTypes = []rtcproto.TrackType{audio} })
	alice.publish("first", file)
	await(alice, 0, ended)
	gone := time.Now()
	after := alice.mark()
	<-time.After(2500 * time.Millisecond) // the pause itself
	alice.publish("second", file)
	pause := time.Since(gone)
	await(alice, after, ended)
	stopped := recorder.stopRecording(m)

	recorded := onlyFile(t, stopped, "alice", "audio")
	checkWhole(t, stopped, recorded)
	sound := soundOf(t, stopped, recorded)
	second := 2*opus.Rate + int(pause*opus.Rate/time.Second)
	if silent := sound[2*opus.Rate+opus.Rate/2 : second-opus.Rate/4]; mediatest.Power(silent) > 1e-7 {
		t.Errorf("the pause has a power of %g", mediatest.Power(silent))
	}
	shift, likeness := mediatest.Align(voice[:opus.Rate/2], sound[second-opus.Rate/4:], opus.Rate/2)
	if likeness < 0.95 || (shift-opus.Rate/4) > opus.Rate/5 || (shift-opus.Rate/4) < -opus.Rate/5 {
		t.Errorf("the second sentence is %.3f like itself, %d ms from its place", likeness, (shift-opus.Rate/4)*1000/opus.Rate)
	}
}

func TestWhoComesBackHasAnotherFileThatSaysWhen(t *testing.T) {
	w := newWorld(t)
	recorder := w.join("recorder")
	file, _, _ := speech(t, time.Second)
	m := recorder.record(func(o *rtc.RecordOptions) { o.Users = rtc.Selection{Users: []string{"alice"}} })
	for range 2 {
		alice, bob := w.join("alice"), w.join("bob")
		bob.publish("speech", file)
		alice.publish("speech", file)
		await(alice, 0, ended)
		alice.leave()
		bob.leave()
	}
	stopped := recorder.stopRecording(m)
	files := filesOf(stopped, "alice", "audio")
	if len(files) != 2 || len(stopped.Files) != 2 || files[0].Session == files[1].Session || files[1].StartMs < files[0].StartMs+900 {
		t.Errorf("files: %+v", stopped.Files)
	}
	for _, file := range files {
		if file.DurationMs != 1000 {
			t.Errorf("%s is %d ms long", file.Name, file.DurationMs)
		}
	}
	for _, p := range stopped.Participants {
		if p.LeftMs == nil || *p.LeftMs < p.JoinedMs+900 {
			t.Errorf("participant: %+v", p)
		}
	}
}

func TestEachCodecOfATrackHasAFileWithItsTimes(t *testing.T) {
	const frames = 30
	w := newWorld(t)
	alice, recorder := w.join("alice"), w.join("recorder")
	film := mediatest.FilmPictures(t, frames)
	m := recorder.record()
	for _, codec := range []string{"vp8", "h264", "vp9"} {
		after, before := alice.mark(), recorder.mark()
		s := alice.publish("camera", mediatest.Film(t, codec, frames, 10), asVideo(camera, formatOf(codec)), looped)
		if started := recorder.awaitFile(before, "alice", camera); started.Codec != codec {
			t.Errorf("the file of %s is %v", codec, started)
		}
		<-time.After(time.Second) // of film
		if err := alice.ClosePublication(within(t), s.id); err != nil {
			t.Fatal(err)
		}
		await(alice, after, ended)
	}
	stopped := recorder.stopRecording(m)
	files := filesOf(stopped, "alice", "video")
	if len(files) != 3 {
		t.Fatalf("files: %+v", files)
	}
	for i, codec := range []string{"vp8", "h264", "vp9"} {
		if files[i].Codec != codec || files[i].Format != "ivf" || files[i].DurationMs < 500 {
			t.Errorf("file: %+v", files[i])
		}
		checkWhole(t, stopped, files[i])
		likeTheFilm(t, media.IVF, contentOf(t, stopped, files[i]), film)
	}
}

func TestARecordingEndsWithItsSession(t *testing.T) {
	w := newWorld(t)
	alice, recorder := w.join("alice"), w.join("recorder")
	file, _, _ := speech(t, time.Second)
	m := recorder.record(withMix)
	alice.publish("speech", file)
	await(alice, 0, ended)
	recorder.leave()
	if end := await(recorder, 0, recordingEnd); end.Reason != "session_ended" || end.Files != 2 {
		t.Errorf("told: %v", end)
	}
	one, err := records.Store{Directory: filepath.Dir(m.Path)}.Read("", m.ID)
	if err != nil || one.State != records.Stopped || one.Reason != records.ReasonSession {
		t.Errorf("on the disk: %+v, %v", one, err)
	}
	if _, err := recorder.tryRecord(); failure.KindOf(err) != failure.SessionNotFound {
		t.Errorf("recording afterwards: %v", err)
	}
}

func TestARecordingEndsAtItsLimits(t *testing.T) {
	w := newWorld(t)
	alice, recorder := w.join("alice"), w.join("recorder")
	file, _, _ := speech(t, 2*time.Second)
	alice.publish("speech", file, looped)
	for reason, limit := range map[string]func(*rtc.RecordOptions){
		"max_bytes":    func(o *rtc.RecordOptions) { o.MaxBytes = 10_000 },
		"max_duration": func(o *rtc.RecordOptions) { o.MaxDuration = 600 * time.Millisecond },
	} {
		after := recorder.mark()
		m := recorder.record(limit)
		if end := await(recorder, after, recordingEnd); end.RecordingId != m.ID || end.Reason != reason || end.Bytes > 10_000 || end.Bytes < 1000 {
			t.Errorf("%s: %v", reason, end)
		}
		one, err := records.Store{Directory: filepath.Dir(m.Path)}.Read("", m.ID)
		if err != nil || one.Reason != reason || one.State != records.Stopped {
			t.Errorf("on the disk: %+v, %v", one, err)
		}
		for _, file := range one.Files {
			checkWhole(t, one, file)
		}
	}
	first, second := recorder.record(), recorder.record(func(o *rtc.RecordOptions) { o.MaxRecordings = 2 })
	if _, err := recorder.tryRecord(func(o *rtc.RecordOptions) { o.MaxRecordings = 2 }); failure.KindOf(err) != failure.CapacityExceeded {
		t.Errorf("a third: %v", err)
	}
	recorder.stopRecording(first)
	recorder.stopRecording(second)
}

func TestARecordingGoesOnThroughAnOutage(t *testing.T) {
	w := newWorld(t)
	alice, recorder := w.join("alice"), w.join("recorder")
	file, _, voice := speech(t, 2*time.Second)
	alice.publish("speech", file, looped)
	m := recorder.record(withMix)
	recorder.awaitFile(0, "alice", audio)
	next := w.startSFU("127.0.0.1:0", "127.0.0.1:0", "sfu-2")
	defer w.stopSFU(next)
	w.coordinator.use(next)
	w.stopSFU(w.sfu)
	await(recorder, 0, reconnected)
	await(alice, 0, reconnected)
	back := recorder.awaitFile(recorder.mark()-1, "alice", audio)
	<-time.After(2500 * time.Millisecond) // of speech
	stopped := recorder.stopRecording(m)
	files := filesOf(stopped, "alice", "audio")
	if len(files) != 2 || files[1].Name != back.Name {
		t.Fatalf("files: %+v", files)
	}
	for _, file := range files {
		checkWhole(t, stopped, file)
	}
	doubled := append(slices.Clone(voice), voice...)
	if _, likeness := mediatest.Align(soundOf(t, stopped, files[1])[opus.Rate/2:opus.Rate*7/10], doubled, 2*opus.Rate); likeness < 0.9 {
		t.Errorf("after the outage the speech is only %.3f like itself", likeness)
	}
	if mix := mixOf(t, stopped); (time.Duration(mix.DurationMs-stopped.DurationMs) * time.Millisecond).Abs() > 300*time.Millisecond {
		t.Errorf("the mix is %d ms long, the recording %d", mix.DurationMs, stopped.DurationMs)
	}
	alice.leave()
	recorder.leave()
}
