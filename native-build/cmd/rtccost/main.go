// Command rtccost measures what receiving audio costs: participants of this library, bare Pion and aiortc do the same in
// turns, in processes of their own, whose processor time and memory are read from /proc. benchmarks/README.md tells how to
// read its figures. It is not shipped.
//
//go:debug default=go1.24
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

const usage = `usage: rtccost SCENARIO [flags]

  pairs      one speaker and one listener in each of -tracks calls: processor time per received track
  rss        memory of each of -sessions audio sessions
  listeners  -sessions listeners of one speaker
  mix        -sessions listeners, each with a mix of as many speakers
`

// settings are what the flags say.
type settings struct {
	tracks, sessions, rounds int
	length                   time.Duration
	only                     string // receivers to compare, with commas between; empty for all
	protocol                 string // directory of the protocol's Python modules; empty leaves aiortc out
	profiles                 string // directory for processor profiles; empty for none
}

// errBound says that a figure is beyond its bound.
var errBound = errors.New("a bound does not hold")

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "rtccost:", err)
		os.Exit(1)
	}
}

func run(scenario string, arguments []string) error {
	if scenario == "receive" { // what the others start
		return receive(arguments)
	}
	var s settings
	flags := flag.NewFlagSet(scenario, flag.ExitOnError)
	flags.IntVar(&s.tracks, "tracks", 40, "calls, each with a speaker and a listener")
	flags.IntVar(&s.sessions, "sessions", map[string]int{"rss": 100, "listeners": 300}[scenario], "sessions that listen")
	flags.IntVar(&s.rounds, "rounds", 5, "turns that each receiver gets")
	flags.DurationVar(&s.length, "length", 10*time.Second, "of a turn")
	flags.StringVar(&s.only, "only", "", "receivers that pairs compares, with commas between; all when empty")
	flags.StringVar(&s.protocol, "protocol", "", "directory of the Python modules of the SFU's protocol, for aiortc")
	flags.StringVar(&s.profiles, "profiles", "", "directory for a processor profile of each receiver in Go")
	_ = flags.Parse(arguments)
	if s.sessions == 0 {
		s.sessions = 30
	}
	if s.tracks < 1 || s.rounds < 1 || s.sessions < 1 || s.length <= 0 {
		return errors.New("-tracks, -sessions, -rounds and -length must be positive")
	}
	switch scenario {
	case "pairs":
		return pairs(s)
	case "rss":
		return memory(s)
	case "listeners":
		return crowd(s, "ours-pass", 1)
	case "mix":
		return crowd(s, "ours-mix", s.sessions)
	}
	return fmt.Errorf("unknown scenario %q\n%s", scenario, usage)
}
