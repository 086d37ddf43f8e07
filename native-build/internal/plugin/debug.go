package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"streamgateway/native/internal/failure"
)

var errNoDebugging = errors.New("no debug_directory is configured")

// profiles are what is written, with pprof's own form of each: stacks as text, memory for go tool pprof.
var profiles = []struct {
	name, file string
	form       int
}{
	{"goroutine", "goroutines.txt", 2},
	{"heap", "heap.pprof", 0},
}

type debugAnswer struct {
	Files []string `json:"files"`
}

// debug writes what the process is doing and what it holds to files, in place of those of the last time.
func (in *Instance) debug(context.Context, struct{}) (debugAnswer, error) {
	answer := debugAnswer{Files: []string{}}
	directory := in.config.debugDirectory
	if directory == "" {
		return answer, failure.New(failure.InvalidArgument, failure.NoStage, errNoDebugging)
	}
	runtime.GC() // the heap's profile is that of the last collection
	for _, p := range profiles {
		path := filepath.Join(directory, fmt.Sprintf("librtc-%d-%s", os.Getpid(), p.file))
		if err := writeProfile(path, p.name, p.form); err != nil {
			return answer, failure.New(failure.StorageFailed, failure.NoStage, err)
		}
		answer.Files = append(answer.Files, path)
	}
	return answer, nil
}

func writeProfile(path, name string, form int) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(name).WriteTo(file, form), file.Close())
}
