package bordertest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestProfilesAreWrittenWhereTheConfigurationSays(t *testing.T) {
	directory := t.TempDir()
	host := start(t, fmt.Sprintf(`{"data":{"debug_directory":%q}}`, directory))
	defer stop(t, host)
	for range 2 { // the second time in place of the first
		if code, answer := host.Call("rtc.debug", "{}"); code != 0 || !strings.Contains(answer, directory) {
			t.Fatalf("%d %s", code, answer)
		}
	}
	files, err := os.ReadDir(directory)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	stacks, err := os.ReadFile(fmt.Sprintf("%s/librtc-%d-goroutines.txt", directory, os.Getpid()))
	if err != nil || !strings.Contains(string(stacks), "internal/border.(*consumer).run") {
		t.Errorf("%v: %.500s", err, stacks)
	}
	heap, err := os.ReadFile(fmt.Sprintf("%s/librtc-%d-heap.pprof", directory, os.Getpid()))
	if err != nil || len(heap) < 100 || heap[0] != 0x1f { // compressed
		t.Errorf("%v: %d bytes", err, len(heap))
	}
}

func TestWithoutADirectoryNoProfilesAreWritten(t *testing.T) {
	host := start(t, "")
	defer stop(t, host)
	if code, answer := host.Call("rtc.debug", "{}"); code == 0 || !strings.Contains(answer, "debug_directory") {
		t.Errorf("%d %s", code, answer)
	}
}
