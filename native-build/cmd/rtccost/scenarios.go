package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	packetsPerSecond = 50
	// leastShare of the packets must have come for a figure to count. Of samples, pauses of the voice may be silent.
	leastShare = 0.8

	mebibyte = 1 << 20
	// sessionBound is what a session may take, in MiB.
	sessionBound = 1.2
)

// ratio compares two receivers of the same tracks.
type ratio struct {
	kind, to string
	bound    float64
}

var ratios = []ratio{
	{"ours-pass", "pion-pass", 1.3},
	{"ours-pcm", "pion-opus", 1.3},
	{"ours-pcm", kindOfAiortc, 0.25},
}

// kinds lists the receivers to compare.
func (s settings) kinds() ([]string, error) {
	kinds := []string{"ours-pass", "pion-pass", "ours-pcm", "pion-opus"}
	if s.only != "" {
		kinds = strings.Split(s.only, ",")
	} else if s.protocol != "" {
		kinds = append(kinds, kindOfAiortc)
	}
	for _, kind := range kinds {
		if _, known := receivers[kind]; !known {
			return nil, fmt.Errorf("unknown receiver %q", kind)
		}
	}
	return kinds, nil
}

// pairs compares receivers of one track each, in turns.
func pairs(s settings) error {
	kinds, err := s.kinds()
	if err != nil {
		return err
	}
	scene, err := newStage(s.tracks, 1)
	if err != nil {
		return err
	}
	defer scene.close()
	costs := map[string][]float64{} // of a core for each track, by round
	for round := range s.rounds {
		for turn := range kinds {
			kind := kinds[(turn+round)%len(kinds)]
			f, err := scene.listen(s, kind, s.tracks, s.tracks)
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			costs[kind] = append(costs[kind], f.cpu/float64(s.tracks))
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, s.rounds)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%% of a core per track\tleast\tmedian\tmost\n")
	for _, kind := range kinds {
		fmt.Fprintf(table, "%s\t%.3f\t%.3f\t%.3f\n", kind, 100*slices.Min(costs[kind]), 100*median(costs[kind]), 100*slices.Max(costs[kind]))
	}
	_ = table.Flush()
	return judge(costs)
}

// judge prints the median of the rounds' ratios beside their bounds.
func judge(costs map[string][]float64) (failure error) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "\nratio\tmedian\tbound\t")
	for _, r := range ratios {
		if len(costs[r.kind]) == 0 || len(costs[r.to]) == 0 {
			continue
		}
		var each []float64
		for round, cost := range costs[r.kind] {
			each = append(each, cost/costs[r.to][round])
		}
		verdict := ""
		if median(each) > r.bound {
			verdict, failure = "too much", errBound
		}
		fmt.Fprintf(table, "%s / %s\t%.2f\t%.2f\t%s\n", r.kind, r.to, median(each), r.bound, verdict)
	}
	return failure
}

// memory compares a process with sessions and without.
func memory(s settings) (failure error) {
	for _, c := range []struct {
		kind, what string
		speakers   int
	}{{"ours-pass", "listening", 1}, {"ours-talk", "speaking and listening", 0}} {
		scene, err := newStage(s.sessions, c.speakers)
		if err != nil {
			return err
		}
		before, f, err := scene.watch(s, c.kind, s.sessions, s.sessions)
		scene.close()
		if err != nil {
			return err
		}
		each := float64(f.resident-before) / mebibyte / float64(s.sessions)
		fmt.Printf("%s: %d sessions in %.1f MiB, none in %.1f MiB: %.2f MiB each (bound %.1f)\n", c.what, s.sessions,
			float64(f.resident)/mebibyte, float64(before)/mebibyte, each, sessionBound)
		if each > sessionBound {
			failure = errBound
		}
	}
	return failure
}

// crowd tells what one call with many listeners costs on both sides.
func crowd(s settings, kind string, speakers int) error {
	scene, err := newStage(1, speakers)
	if err != nil {
		return err
	}
	defer scene.close()
	before, f, err := scene.watch(s, kind, s.sessions, 1)
	if err != nil {
		return err
	}
	fmt.Printf("%d listeners, %d speakers, %v\n", s.sessions, speakers, s.length)
	fmt.Printf("heard                 %.1f %% of %d frames\n", 100*s.share(f, s.sessions), s.expected(s.sessions))
	fmt.Printf("listeners             %.0f %% of a core, %.2f %% each; %.2f MiB each\n", 100*f.cpu, 100*f.cpu/float64(s.sessions),
		float64(f.resident-before)/mebibyte/float64(s.sessions))
	fmt.Printf("SFU and its speakers  %.0f %% of a core; %.0f MiB\n", 100*f.stageCPU, float64(residentBytes(os.Getpid()))/mebibyte)
	return nil
}

// listen measures one kind of receiver, which must have heard what was said.
func (s *stage) listen(settings settings, kind string, count, calls int) (figures, error) {
	_, f, err := s.watch(settings, kind, count, calls)
	if share := settings.share(f, count); err == nil && share < leastShare {
		err = fmt.Errorf("only %.0f %% of the packets came", 100*share)
	}
	return f, err
}

// watch measures one kind of receiver, and what its process takes before anybody joins.
func (s *stage) watch(settings settings, kind string, count, calls int) (before int, f figures, err error) {
	p, err := startProcess(settings, kind, s.coordinator.server.URL, count, calls)
	if err != nil {
		return 0, f, err
	}
	before = residentBytes(p.pid())
	if err = p.join(); err == nil {
		time.Sleep(time.Second) // what joining leaves behind is not receiving
		f, err = p.measure(settings.length)
	}
	if failure := p.end(); err == nil {
		err = failure
	}
	return before, f, err
}

func (s settings) expected(count int) int {
	return int(float64(count*packetsPerSecond) * s.length.Seconds())
}

func (s settings) share(f figures, count int) float64 {
	return float64(f.packets) / float64(s.expected(count))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
