package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/ivf"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/ogg"
)

const patience = 20 * time.Second

func TestMain(m *testing.M) {
	if directory := os.Getenv("RECORD_UNTIL_KILLED"); directory != "" {
		recordUntilKilled(directory)
	}
	goleak.VerifyTestMain(m)
}

// witness is an Observer that remembers.
type witness struct {
	started, ended chan File
	dropped        chan lag
	ending         chan error
	reasons        chan string
}

func newWitness() *witness {
	return &witness{make(chan File, 100), make(chan File, 100), make(chan lag, 1000), make(chan error, 1), make(chan string, 1)}
}

func (w *witness) FileStarted(f File) { w.started <- f }
func (w *witness) FileEnded(f File)   { w.ended <- f }
func (w *witness) Dropped(_ File, packets, bytes int64) {
	w.dropped <- lag{packets, bytes}
}
func (w *witness) Ending(reason string, err error) {
	w.reasons <- reason
	w.ending <- err
}

func testOptions(directory string, w *witness) Options {
	return Options{
		Store: Store{directory}, Folder: "folder", Call: "default:demo", User: "recorder",
		MaxBytes: DefaultMaxBytes, MaxDuration: DefaultMaxDuration, BufferBytes: DefaultBufferBytes, Observer: w,
	}
}

func start(t *testing.T, options Options) *Recording {
	t.Helper()
	r, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Finish(ReasonStopped, nil) })
	return r
}

func receive[T any](t *testing.T, from chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(patience):
		t.Fatalf("no %T came", got)
	}
	return got
}

// recordUntilKilled writes sound and pictures, 50 pages a second each, and says how much it has given.
func recordUntilKilled(directory string) {
	r, err := Start(testOptions(directory, newWitness()))
	if err != nil {
		fmt.Println("error", failure.KindOf(err), err)
		os.Exit(1)
	}
	sound := r.Stream(File{Kind: "track", User: "alice", TrackType: "audio", Codec: "opus", Format: "ogg"}, nil)
	film := r.Stream(File{Kind: "track", User: "alice", TrackType: "video", Codec: "vp8", Format: "ivf"}, nil)
	pages := ogg.NewWriter(1)
	sound.WriteHeader(pages.AppendHeaders(nil, 1))
	film.WriteHeader(ivf.AppendHeader(nil, ivf.Header{FourCC: "VP80", Width: 320, Height: 180, Rate: 1000, Scale: 1}))
	r.Joined("alice", "a1", "Alice")
	r.Speaks("alice", "a1")
	frame := bytes.Repeat([]byte{7}, 2000)
	ticker := time.NewTicker(20 * time.Millisecond)
	for given := 1; ; given++ {
		<-ticker.C
		sound.Write(pages.AppendPacket(nil, []byte{0xf8, 0xff, 0xfe}, 960))
		film.Write(ivf.AppendFrame(nil, uint64(given*20), frame))
		sound.Place(r.Started(), time.Duration(given)*20*time.Millisecond)
		fmt.Println(given)
	}
}

// child runs recordUntilKilled in a process of its own.
func child(t *testing.T, directory string, under ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	arguments := append(under, program)
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Env = append(os.Environ(), "RECORD_UNTIL_KILLED="+directory)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, bufio.NewScanner(output)
}

func TestAKilledProcessLosesLessThanASecond(t *testing.T) {
	directory := t.TempDir()
	command, lines := child(t, directory)
	given := 0
	for lines.Scan() && given < 157 {
		if _, err := fmt.Sscan(lines.Text(), &given); err != nil {
			t.Fatal(lines.Text())
		}
		if given == 75 {
			alive, _, err := Store{directory}.List(Query{Folder: "folder", Limit: 5})
			if err != nil || len(alive) != 1 || alive[0].State != Running || len(alive[0].Files) != 2 {
				t.Errorf("while it runs: %+v, %v", alive, err)
			}
		}
	}
	_ = command.Process.Signal(syscall.SIGKILL)
	for lines.Scan() {
		_, _ = fmt.Sscan(lines.Text(), &given)
	}
	_ = command.Wait()

	list, _, err := Store{directory}.List(Query{All: true, Limit: 5})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	m := list[0]
	if m.State != Interrupted || m.Reason != ReasonInterrupted || len(m.Files) != 2 || m.DurationMs < 2000 || m.EndedAt == "" ||
		len(m.Speaking) != 1 || m.Speaking[0].EndMs != m.DurationMs || len(m.Participants) != 1 || m.Folder != "folder" {
		t.Errorf("%+v", m)
	}
	for _, file := range m.Files {
		path := filepath.Join(m.Path, file.Name)
		packets := mediatest.Run(t, nil, "ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path)
		found := bytes.Count(packets, []byte("\n"))
		t.Logf("%s: %d of %d pages were on the disk", file.Name, found, given)
		if found < given-50 || found > given+1 || file.Bytes == 0 || !file.Ended {
			t.Errorf("%s has %d of %d pages: %+v", file.Name, found, given, file)
		}
	}
	again, err := Store{directory}.Read("folder", m.ID)
	if err != nil || again.State != Interrupted || again.DurationMs != m.DurationMs {
		t.Errorf("read again: %+v, %v", again, err)
	}
}

func TestAnyPartOfAJournalTellsARecording(t *testing.T) {
	directory := t.TempDir()
	w := newWitness()
	r := start(t, testOptions(directory, w))
	s := r.Stream(File{Kind: "mix", Codec: "opus", Format: "ogg"}, nil)
	s.WriteHeader([]byte("head"))
	r.Joined("alice", "a1", "Alice \n \"x\"")
	r.Speaks("alice", "a1")
	receive(t, w.started)
	r.Left("alice", "a1")
	m := r.Finish(ReasonStopped, nil)
	journal, err := os.ReadFile(filepath.Join(m.Path, journalName))
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(journal, '\n') + 1
	for length := range journal {
		l, err := replay(bytes.NewReader(journal[:length]))
		if (err == nil) != (length >= first) {
			t.Fatalf("%d bytes: %v", length, err)
		}
		if err == nil && l.manifest.ID != m.ID {
			t.Fatalf("%d bytes: %+v", length, l.manifest)
		}
	}
	l, _ := replay(bytes.NewReader(append(journal, "{\"type\":\"file\"}\nnonsense\n"...)))
	if l.manifest.State != Stopped || len(l.manifest.Participants) != 1 || l.manifest.Participants[0].LeftMs == nil {
		t.Errorf("%+v", l.manifest)
	}
}

func TestWhatIsWrittenFasterThanTheDiskTakesItIsDroppedWholeAndTold(t *testing.T) {
	w := newWitness()
	options := testOptions(t.TempDir(), w)
	options.BufferBytes = 100_000
	r := start(t, options)
	s := r.Stream(File{Kind: "mix", Codec: "opus", Format: "ogg"}, nil)
	s.WriteHeader([]byte("head"))
	dropped := int64(0)
	for range 1000 {
		packets, _ := s.Write(bytes.Repeat([]byte("x"), 1000))
		dropped += int64(packets)
	}
	told := receive(t, w.dropped)
	s.End()
	m := r.Finish(ReasonStopped, nil)
	if dropped < 100 || m.DroppedPackets != dropped || m.DroppedBytes != 1000*dropped || told.packets == 0 {
		t.Errorf("%d dropped, %+v told; the manifest says %d", dropped, told, m.DroppedPackets)
	}
	if file := m.Files[0]; file.Bytes != 4+1000*(1000-dropped) || file.Packets != 1000-dropped || file.Dropped != dropped || m.State != Stopped {
		t.Errorf("%+v", file)
	}
}

func TestAFullDiskEndsTheRecordingAndSaysSo(t *testing.T) {
	directory := t.TempDir()
	program, _ := os.Executable()
	// On a small disk of its own; where mounts are not allowed, under a limit of what a file may hold.
	// The disk is taken away here: a namespace that goes by itself does so later than the folder.
	script := `if mount -t tmpfs -o size=256k none "$0" 2>/dev/null; then trap 'umount "$0"' EXIT; else ulimit -f 200; trap '' XFSZ; fi
		FULL_DISK="$0" "$1" -test.run '^TestOnTheFullDisk$' -test.v`
	command := exec.Command("unshare", "-rm", "sh", "-c", script, directory, program)
	output, err := command.CombinedOutput()
	if err != nil && bytes.Contains(output, []byte("unshare")) {
		output, err = exec.Command("sh", "-c", script, directory, program).CombinedOutput()
	}
	if err != nil || !bytes.Contains(output, []byte("PASS: TestOnTheFullDisk")) {
		t.Fatalf("%v\n%s", err, output)
	}
}

func TestOnTheFullDisk(t *testing.T) {
	directory := os.Getenv("FULL_DISK")
	if directory == "" {
		return // only for the test above
	}
	w := newWitness()
	r := start(t, testOptions(directory, w))
	s := r.Stream(File{Kind: "mix", Codec: "opus", Format: "ogg"}, nil)
	s.WriteHeader([]byte("head"))
	page := bytes.Repeat([]byte("x"), 200)
	for full := false; !full; {
		s.Write(page)
		select {
		case err := <-w.ending:
			if failure.KindOf(err) != failure.StorageFull || <-w.reasons != ReasonFailed {
				t.Errorf("ending: %v", err)
			}
			full = true
		case <-time.After(time.Millisecond):
		}
	}
	m := r.Finish(ReasonFailed, failure.New(failure.StorageFull, failure.NoStage, syscall.ENOSPC))
	file := m.Files[0]
	info, err := os.Stat(filepath.Join(m.Path, file.Name))
	if err != nil || info.Size() != file.Bytes || (info.Size()-4)%200 != 0 || file.Bytes < 50_000 {
		t.Errorf("the file: %+v, %v, %+v", info, err, file)
	}
	if m.State != Failed || m.Error.Kind != "storage_full" || m.DroppedBytes == 0 || file.Dropped == 0 {
		t.Errorf("%+v", m)
	}
	onDisk, err := Store{directory}.Read("folder", m.ID)
	if err != nil || onDisk.State != Failed || onDisk.Error == nil || onDisk.Error.Kind != "storage_full" {
		t.Errorf("on the disk: %+v, %v", onDisk, err)
	}
}

func TestWhatADiskRefusesHasAName(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		store  Store
		folder string
		kind   failure.Kind
	}{
		"no directory":            {Store{}, "", failure.RecordingOff},
		"a way out":               {Store{base}, "../x", failure.PathRefused},
		"an absolute way out":     {Store{base}, "/tmp", failure.PathRefused},
		"a way out and in":        {Store{base}, "a/../../" + filepath.Base(base), failure.PathRefused},
		"a link to elsewhere":     {Store{base}, "link", failure.PathRefused},
		"within the link":         {Store{base}, "link/x/y", failure.PathRefused},
		"no permission":           {Store{"/sys/kernel/recordings"}, "", failure.StorageDenied},
		"a file for a folder":     {Store{base}, "file", failure.StorageFailed},
		"a name that is too long": {Store{base}, strings.Repeat("x", 300), failure.StorageFailed},
	} {
		options := testOptions("", newWitness())
		options.Store, options.Folder = c.store, c.folder
		if r, err := Start(options); failure.KindOf(err) != c.kind || strings.Contains(err.Error(), base) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				r.Finish(ReasonStopped, nil)
			}
		}
	}
	if left, _ := os.ReadDir(elsewhere); len(left) != 0 {
		t.Errorf("elsewhere: %v", left)
	}
}

func TestRecordingsAreListedInPagesAndRemovedWhenTheyAreOver(t *testing.T) {
	store := Store{t.TempDir()}
	var ids []string
	for _, folder := range []string{"a", "b", "a"} {
		options := testOptions(store.Directory, newWitness())
		options.Folder, options.Owner = folder, "owner of "+folder
		r := start(t, options)
		ids = append([]string{r.ID()}, ids...)
		if folder != "b" {
			r.Finish(ReasonStopped, nil)
		}
		<-time.After(2 * time.Millisecond) // so that their names sort
	}
	page := func(q Query) string {
		t.Helper()
		list, more, err := store.List(q)
		text := fmt.Sprint(more)
		for _, m := range list {
			for i, id := range ids {
				if id == m.ID {
					text += fmt.Sprint(" ", i, m.Folder)
				}
			}
		}
		if err != nil {
			t.Error(err)
		}
		return text
	}
	for want, q := range map[string]Query{
		"false 0a 1b 2a": {All: true, Limit: 3},
		"true 0a 1b":     {All: true, Limit: 2},
		"false 2a":       {All: true, Limit: 2, Before: ids[1]},
		"true 1b":        {All: true, Limit: 1, After: ids[2]},
		"false 0a 1b":    {All: true, Limit: 2, After: ids[2]},
		"false 0a 2a":    {Folder: "a", Limit: 5},
		"true 0a":        {All: true, Owner: "owner of a", Limit: 1},
		"false 0a":       {All: true, Owner: "owner of a", Limit: 1, After: ids[2]},
		"false 1b":       {All: true, Owner: "owner of b", Limit: 1},
		"false":          {Folder: "nowhere", Limit: 5},
	} {
		if got := page(q); got != want {
			t.Errorf("%+v: %s, not %s", q, got, want)
		}
	}
	if err := store.Remove("b", ids[1]); failure.KindOf(err) != failure.RecordingRunning {
		t.Errorf("removing one that runs: %v", err)
	}
	for _, id := range []string{ids[1], "..", "", "x/../" + ids[0]} {
		if err := store.Remove("a", id); failure.KindOf(err) != failure.RecordingNotFound {
			t.Errorf("removing %q: %v", id, err)
		}
	}
	for _, id := range []string{ids[0], ids[2]} {
		if err := store.Remove("a", id); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(store.Directory, "a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the empty folder: %v", err)
	}
}

func TestNamesOfUsersAreHarmlessInNamesOfFiles(t *testing.T) {
	for user, want := range map[string]string{
		"alice":                  "007-alice-audio.ogg",
		"../../etc/passwd":       "007-______etc_passwd-audio.ogg",
		"a b\n\x00ü":             "007-a_b___-audio.ogg",
		"":                       "007--audio.ogg",
		strings.Repeat("x", 255): "007-" + strings.Repeat("x", 40) + "-audio.ogg",
	} {
		if got := fileName(7, File{Kind: "track", User: user, TrackType: "audio", Format: "ogg"}); got != want {
			t.Errorf("%q is %q", user, got)
		}
	}
}
