package sfu

import (
	"cmp"
	"slices"
	"time"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	// stepMargin is how much more than its bits a step up needs, so that the choice does not swing.
	stepMargin = 1.15
	// trialMargin leaves room for the step to grow a little while it is tried.
	trialMargin = 1.1
	// keepMargin is how far a step may outgrow the estimate before it is given up, while nothing is congested.
	keepMargin = 1.25
)

// choice is what a down track is to send.
type choice struct {
	height   uint32 // asked for by the subscriber, 0 for the best
	wanted   *layer // what it shall get, be it sent by the publisher yet or not
	target   *layer // the nearest to it of what is being sent; from its next keyframe on
	temporal uint8  // highest temporal layer
	paused   bool   // not even the smallest step fits
}

// layer answers the layer that is wanted of the publisher, nil for none.
func (c choice) layer() *layer {
	switch {
	case c.paused:
		return nil
	case c.wanted == nil:
		return c.target
	}
	return c.wanted
}

// step is one quality of a video.
type step struct {
	layer    *layer
	temporal uint8
	bits     int
}

// share is what one video of a subscriber gets.
type share struct {
	down  *downTrack
	rank  int // the lower, the more important
	steps []step
	held  int // step it has now, -1 for none
	given int // step it is given, -1 for none
}

// rechoose shares what the way to the participant carries among its videos, and tells publishers what that changes.
func (p *participant) rechoose() {
	now := time.Now()
	for _, t := range p.subscriber.allocate(now) {
		t.tellDemand(now)
	}
}

// allocate gives every video its first step, then each in turn the next one, in order of importance. It asks for the
// keyframes that changes need, tells the client what is paused, and answers the tracks of which other layers are wanted
// now.
func (s *subscriber) allocate(now time.Time) (rewanted []*track) {
	s.allocation.Lock() // until all is told, so that the client hears of changes in their order
	defer s.allocation.Unlock()
	shares := s.shares()
	if len(shares) == 0 {
		return nil
	}
	s.distribute(shares, now)
	var paused []*event.InboundVideoState
	for _, share := range shares {
		before, after := share.apply(now)
		if before.paused != after.paused {
			paused = append(paused, share.down.state())
		}
		if before.layer() != after.layer() {
			rewanted = append(rewanted, share.down.track)
		}
	}
	s.tellStates(paused)
	return rewanted
}

func (s *subscriber) tellStates(states []*event.InboundVideoState) {
	if len(states) > 0 {
		s.participant.send(encode(&event.SfuEvent{EventPayload: &event.SfuEvent_InboundStateNotification{
			InboundStateNotification: &event.InboundStateNotification{InboundVideoStates: states},
		}}))
	}
}

// retellStates tells what is paused: the client may have missed it while it had no socket.
func (s *subscriber) retellStates() {
	s.allocation.Lock()
	defer s.allocation.Unlock()
	var paused []*event.InboundVideoState
	for _, share := range s.shares() {
		if state := share.down.state(); state.Paused {
			paused = append(paused, state)
		}
	}
	s.tellStates(paused)
}

func (s *subscriber) shares() []*share {
	var shares []*share
	for t, out := range s.current() {
		if isVideo(t.kind) {
			shares = append(shares, newShare(out.down))
		}
	}
	if len(shares) == 0 {
		return nil
	}
	rank := s.participant.call.ranks()
	for _, share := range shares {
		share.rank = rank(share.down.track)
	}
	slices.SortFunc(shares, func(a, b *share) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.down.track.owner.sessionID, b.down.track.owner.sessionID))
	})
	return shares
}

// ranks answers a function that tells how important a track is: what is presented or pinned, then who speaks, then the
// others.
func (c *call) ranks() func(*track) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	dominant, pins := c.activity.dominant, c.pins
	return func(t *track) int {
		switch {
		case t.kind == screenTrack || isPinned(pins, t.owner):
			return 0
		case t.owner.sessionID == dominant:
			return 1
		}
		return 2
	}
}

func newShare(d *downTrack) *share {
	d.mu.Lock()
	c := d.choice
	d.mu.Unlock()
	s := &share{down: d, held: -1, given: -1}
	layers := fitting(d.track.choices(), c.height)
	s.steps = make([]step, 0, len(layers)*(maxTemporalLayers+1))
	for _, l := range layers {
		s.steps = l.appendSteps(s.steps)
	}
	if d.track.blocked.Load() { // a muted video takes nothing
		for i := range s.steps {
			s.steps[i].bits = 0
		}
	}
	for i, step := range s.steps {
		if !c.paused && step.layer == c.wanted && step.temporal <= c.temporal {
			s.held = i
		}
	}
	return s
}

// fitting answers the layers up to the smallest one that fills a height.
func fitting(layers []*layer, height uint32) []*layer {
	for i, l := range layers {
		if height > 0 && l.height.Load() >= height {
			return layers[:i+1]
		}
	}
	return layers
}

func (s *subscriber) distribute(shares []*share, now time.Time) {
	available := s.downlink.available(now)
	keep := available
	if !s.downlink.isStrained(now) {
		keep = int(float64(available) * keepMargin)
	}
	used, next := 0, 0
	for raised := true; raised; {
		raised = false
		for _, share := range shares {
			more, limit, ok := share.next(available, keep)
			switch {
			case !ok:
			case used+more <= limit, share.given < 0 && !s.participant.canPause:
				used += more
				share.given++
				raised = true
			case next == 0:
				next = used + more
			}
		}
	}
	if next > 0 {
		s.downlink.try(int(float64(next)*stepMargin*trialMargin), now)
	}
}

// next answers what the next step costs on top of the given one, and the limit for the sum of all.
func (s *share) next(available, keep int) (more, limit int, ok bool) {
	if s.given+1 >= len(s.steps) {
		return 0, 0, false
	}
	more = s.steps[s.given+1].bits
	if s.given >= 0 {
		more -= s.steps[s.given].bits
	}
	if s.given+1 <= s.held {
		return more, keep, true
	}
	return more, int(float64(available) / stepMargin), true
}

// apply makes the given step the down track's choice, and answers what that was before and is after.
func (s *share) apply(now time.Time) (before, after choice) {
	d := s.down
	d.mu.Lock()
	before = d.choice
	c := &d.choice
	c.paused = s.given < 0 && len(s.steps) > 0
	if c.paused {
		d.current = nil // it goes on with a keyframe
	} else if s.given >= 0 {
		c.wanted, c.temporal = s.steps[s.given].layer, s.steps[s.given].temporal
	}
	c.target = nearestActive(d.track.layerList(), c.wanted, now)
	after = *c
	due := d.flowing && !c.paused && c.target != nil && c.target != d.current
	d.mu.Unlock()
	if due {
		after.target.requestKeyframe()
	}
	return before, after
}

// nearestActive answers the best layer being sent that is not above the wanted one, or else the lowest one; nil while
// nothing is being sent: then the first layer that comes will do.
func nearestActive(layers []*layer, wanted *layer, now time.Time) *layer {
	var best *layer
	above := false
	for _, l := range layers {
		if l.isActive(now) && (best == nil || !above) {
			best = l
		}
		above = above || l == wanted
	}
	return best
}

func (d *downTrack) state() *event.InboundVideoState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &event.InboundVideoState{
		UserId: d.track.owner.userID, SessionId: d.track.owner.sessionID, TrackType: d.track.kind, Paused: d.choice.paused,
	}
}

// want follows the size the subscriber shows the video in.
func (d *downTrack) want(size *models.VideoDimension) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.choice.height = size.GetHeight()
}
