package sfu

import (
	"testing"
	"time"

	"streamgateway/native/internal/sfuproto/models"
)

func Test_Layers_are_saved_after_a_while_and_wanted_again_at_once(t *testing.T) {
	var d demand
	now := time.Unix(1000, 0)
	steps := []struct {
		after   time.Duration
		wanted  uint8
		off     uint8
		changed bool
	}{
		{0, 0b001, 0b000, false},
		{layerIdle - time.Millisecond, 0b001, 0b000, false},
		{time.Millisecond, 0b001, 0b110, true},
		{0, 0b001, 0b110, false},
		{0, 0b100, 0b010, true},
		{time.Millisecond, 0b000, 0b010, false}, // the upper one is not wanted for a moment only
		{time.Millisecond, 0b100, 0b010, false},
		{time.Hour, 0b000, 0b010, false},
		{layerIdle, 0b000, 0b110, true}, // the lowest one stays
	}
	for i, step := range steps {
		now = now.Add(step.after)
		if off, changed := d.update(3, step.wanted, now); off != step.off || changed != step.changed {
			t.Errorf("step %d: off %03b, changed %v", i, off, changed)
		}
	}
}

func Test_Late_packets_keep_the_numbers_of_their_time(t *testing.T) {
	var n numberings
	n.begin(numbering{sequence: 10})
	for seq := uint64(100); seq < 100+2*maxNumberings; seq++ {
		n.change(seq, numbering{sequence: uint16(seq)})
	}
	for seq := uint64(100 + maxNumberings); seq < 100+2*maxNumberings; seq++ {
		if got, known := n.at(seq); !known || got.sequence != uint16(seq) {
			t.Errorf("packet %d: %+v, %v", seq, got, known)
		}
	}
	if _, known := n.at(99 + maxNumberings); known {
		t.Error("a packet from before what is remembered has a number")
	}
	if got := n.latest(); got.sequence != 99+2*maxNumberings {
		t.Errorf("the latest is %+v", got)
	}
}

func Test_A_trial_that_fails_makes_the_next_one_wait_longer(t *testing.T) {
	d := newDownlink(time.Second)
	now := time.Unix(1000, 0)
	if !d.try(3_000_000, now) || d.available(now) != 3_000_000 {
		t.Fatal("no trial on a quiet path")
	}
	if d.try(4_000_000, now) {
		t.Error("two trials at once")
	}
	d.estimator.Sent(now, 1000)
	d.estimator.Loss(now.Add(time.Millisecond), 0.9)
	now = now.Add(2 * time.Second)
	if available := d.available(now); available >= 3_000_000 {
		t.Errorf("%d are available after the trial failed", available)
	}
	if now = now.Add(time.Second); d.try(3_000_000, now) {
		t.Error("the pause has not become longer")
	}
	if now = now.Add(time.Second); !d.try(3_000_000, now) {
		t.Error("no second trial")
	}
	now = now.Add(trialTime + time.Millisecond)
	if available := d.available(now); available != 3_000_000 {
		t.Errorf("%d are available after the trial went well", available)
	}
	if now = now.Add(time.Second); !d.try(4_000_000, now) {
		t.Error("the pause is still long after a trial that went well")
	}
}

// newShared makes a share of a video with steps of the given sizes.
func newShared(bits ...int) *share {
	s := &share{down: &downTrack{track: &track{}}, held: -1, given: -1}
	for _, b := range bits {
		s.steps = append(s.steps, step{bits: b})
	}
	return s
}

func Test_Every_video_gets_its_first_step_before_any_gets_its_second(t *testing.T) {
	s := &subscriber{participant: &participant{canPause: true}, downlink: newDownlink(time.Hour)}
	first, second, third := newShared(100_000, 1_500_000), newShared(300_000, 1_500_000), newShared(1_000_000)
	now := time.Now()
	s.downlink.restSince = now
	s.distribute([]*share{first, second, third}, now) // of 2.5 Mbit/s, less the margin
	if first.given != 0 || second.given != 0 || third.given != 0 {
		t.Errorf("given %d, %d, %d", first.given, second.given, third.given)
	}
	rich := newShared(100_000, 1_500_000)
	s.distribute([]*share{rich, newShared(3_000_000)}, now)
	if rich.given != 1 {
		t.Errorf("what is left over goes unused: given %d", rich.given)
	}
	large := newShared(3_000_000)
	s.distribute([]*share{large}, now)
	if large.given != -1 {
		t.Error("what does not fit is not paused")
	}
	s.participant.canPause = false
	large = newShared(3_000_000)
	s.distribute([]*share{large}, now)
	if large.given != 0 {
		t.Error("a video is paused for a client that does not know pauses")
	}
}

func Test_What_is_presented_or_pinned_comes_before_who_speaks_and_the_others(t *testing.T) {
	speaker, pinned, other := &participant{sessionID: "s"}, &participant{sessionID: "p", userID: "pinned"}, &participant{sessionID: "o"}
	c := &call{pins: []*models.Pin{{UserId: "pinned"}}, activity: activity{dominant: "s"}}
	rank := c.ranks()
	order := []*track{
		{owner: other, kind: screenTrack}, {owner: pinned, kind: videoTrack}, {owner: speaker, kind: videoTrack}, {owner: other, kind: videoTrack},
	}
	want := []int{0, 0, 1, 2}
	for i, track := range order {
		if got := rank(track); got != want[i] {
			t.Errorf("track %d has rank %d", i, got)
		}
	}
}
