package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

// receivers are what a receiving process can be made of.
var receivers = map[string]func(*task) (receiver, error){
	"ours-pass":  func(t *task) (receiver, error) { return newSessions(t, (*sessions).pass) },
	"ours-pcm":   func(t *task) (receiver, error) { return newSessions(t, (*sessions).decode) },
	"ours-talk":  func(t *task) (receiver, error) { return newSessions(t, (*sessions).talk) },
	"ours-mix":   func(t *task) (receiver, error) { return newSessions(t, (*sessions).mix) },
	"pion-pass":  func(t *task) (receiver, error) { return newPionReceivers(t, false) },
	"pion-opus":  func(t *task) (receiver, error) { return newPionReceivers(t, true) },
	kindOfAiortc: nil, // a program of its own
}

const kindOfAiortc = "aiortc"

// receiver listens count times.
type receiver interface {
	// start returns once number i of the task is on its way.
	start(ctx context.Context, i int) error
	close() error
}

// task is what a receiving process is told.
type task struct {
	url          string
	count, calls int
	started      []atomic.Bool // whether anything came, by number
	packets      atomic.Int64  // packets, or frames of 20 ms
}

// note takes a packet, or a frame, of number i.
func (t *task) note(i int) {
	t.packets.Add(1)
	if !t.started[i].Load() {
		t.started[i].Store(true)
	}
}

func (t *task) call(i int) string { return callName(i % t.calls) }

// receive is the other process. It says "open", waits for a line to join, says "ready" once everybody hears something,
// answers each further line with the packets so far, and leaves at the end of its input.
func receive(arguments []string) error {
	var t task
	flags := flag.NewFlagSet("receive", flag.ExitOnError)
	kind := flags.String("kind", "", "what listens")
	profiles := flags.String("profiles", "", "directory for a processor profile")
	flags.StringVar(&t.url, "url", "", "of the coordinator")
	flags.IntVar(&t.count, "count", 1, "how many listen")
	flags.IntVar(&t.calls, "calls", 1, "the calls that they share")
	_ = flags.Parse(arguments)
	make := receivers[*kind]
	if make == nil {
		return fmt.Errorf("nothing receives as %q", *kind)
	}
	t.started = newFlags(t.count)
	r, err := make(&t)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	fmt.Println("open")
	if !lines.Scan() {
		return r.close()
	}
	if err := each(t.count, r.start); err != nil {
		return fmt.Errorf("%s: %w", *kind, err)
	}
	if err := t.awaitAll(); err != nil {
		return fmt.Errorf("%s: %w", *kind, err)
	}
	stop, err := profile(*profiles, *kind)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for lines.Scan() {
		fmt.Println(t.packets.Load())
	}
	stop()
	return r.close()
}

func newFlags(count int) []atomic.Bool { return make([]atomic.Bool, count) }

func (t *task) awaitAll() error {
	deadline := time.Now().Add(patience)
	for i := range t.started {
		for !t.started[i].Load() {
			if time.Now().After(deadline) {
				return fmt.Errorf("number %d hears nothing", i)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

// profile writes where the processor's time goes until it is stopped.
func profile(directory, kind string) (stop func(), err error) {
	if directory == "" {
		return func() {}, nil
	}
	file, err := os.Create(filepath.Join(directory, kind+".pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		if heap, err := os.Create(filepath.Join(directory, kind+".heap.pprof")); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(heap, 0)
			_ = heap.Close()
		}
		_ = file.Close()
	}, nil
}
