package headroom

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"streamgateway/native/internal/failure"
)

func TestTheFiguresAreThoseOfTheProcess(t *testing.T) {
	before := Read()
	if before.Files.Used < 3 || before.Files.Limit == 0 || before.Threads.Used < 1 || before.Memory.Used == 0 || before.Memory.Limit <= before.Memory.Used {
		t.Errorf("%+v", before)
	}
	for range 10 {
		file, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
	}
	if after := Read(); after.Files.Used < before.Files.Used+10 {
		t.Errorf("ten files more are %d instead of %d", after.Files.Used, before.Files.Used)
	}
}

func TestWhatIsClaimedCountsUntilItIsReleased(t *testing.T) {
	if room := os.Getenv("FILES"); room != "" {
		claimUntilRefused(t, room)
		return
	}
	again := exec.Command(os.Args[0], "-test.run=^TestWhatIsClaimedCountsUntilItIsReleased$", "-test.v")
	again.Env = append(os.Environ(), "FILES=120")
	if output, err := again.CombinedOutput(); err != nil || !strings.Contains(string(output), "claimed 7 times") {
		t.Errorf("%v: %s", err, output)
	}
}

func claimUntilRefused(t *testing.T, room string) {
	limit, _ := strconv.ParseUint(room, 10, 64)
	used := files().Used
	limit += used
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	var releases []func()
	for {
		release, err := Claim(14)
		if err != nil {
			if failure.KindOf(err) != failure.ResourcesExhausted {
				t.Errorf("%v", err)
			}
			break
		}
		releases = append(releases, release)
	}
	t.Logf("claimed %d times", len(releases))
	if err := Check(); err != nil {
		t.Errorf("what is only claimed is taken for used: %v", err)
	}
	releases[0]()
	releases[0]() // counts once
	release, err := Claim(14)
	if err != nil {
		t.Fatalf("nothing is left after a release: %v", err)
	}
	defer release()
	if _, err := Claim(14); err == nil {
		t.Error("a claim was released twice")
	}
	if got := MaxConnections(1 << 20); got != int(limit/2) {
		t.Errorf("%d connections of %d files", got, limit)
	}
}

func TestMemoryIsThatOfTheNarrowestGroup(t *testing.T) {
	group := t.TempDir()
	for name, text := range map[string]string{
		"memory.max": "67108864\n", "memory.current": "60000000\n", "memory.stat": "anon 1\ninactive_file 20000000\n",
	} {
		if err := os.WriteFile(group+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := groupMemory(group)
	if r != (Resource{Used: 40000000, Limit: 67108864}) {
		t.Errorf("%+v", r)
	}
	if err := (Figures{Memory: r}).enough(0); failure.KindOf(err) != failure.ResourcesExhausted {
		t.Errorf("with %d bytes left: %v", r.left(), err)
	}
	if err := (Figures{Memory: Resource{Used: 20000000, Limit: 67108864}}).enough(0); err != nil {
		t.Errorf("with enough: %v", err)
	}
	if err := os.WriteFile(group+"/memory.max", []byte("max\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := groupMemory(group); r.Limit != 0 {
		t.Errorf("without a limit: %+v", r)
	}
}

func TestThreadsInReserveStandByAndProbesLeaveNone(t *testing.T) {
	if !Reserve() {
		t.Fatal("no threads")
	}
	before := threads().Used
	for range 20 {
		known.at = known.at.AddDate(-1, 0, 0)
		if !threadsLeft() {
			t.Fatal("no threads are left")
		}
	}
	if after := threads().Used; after > before+4 { // Go may have made some of its own
		t.Errorf("%d threads, and before the probes %d", after, before)
	}
}
