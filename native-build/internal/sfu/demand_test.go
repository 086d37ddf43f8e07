package sfu

import (
	"fmt"
	"testing"
	"time"

	"streamgateway/native/internal/sfuproto/models"
)

// newVideoCall is a call of so many participants who all send a simulcast and get everybody else's.
func newVideoCall(participants int) (*call, []*participant) {
	c := &call{participants: map[string]*participant{}}
	var all []*participant
	for i := range participants {
		p := &participant{server: &Server{}, call: c, sessionID: fmt.Sprint(i), userID: fmt.Sprint(i)}
		p.subscriber = &subscriber{participant: p, downs: map[*track]*outgoing{}, downlink: newDownlink(time.Hour)}
		t := &track{owner: p, kind: videoTrack, codec: video("video/VP8", "", 96)}
		t.simulcast.Store(true)
		t.layers.Store(&[]*layer{newLayer(t, "q", 0, nil), newLayer(t, "h", 1, nil), newLayer(t, "f", 2, nil)})
		p.tracks = map[models.TrackType]*track{videoTrack: t}
		c.participants[p.sessionID] = p
		all = append(all, p)
	}
	for _, p := range all {
		for _, other := range all {
			if p != other {
				t := other.tracks[videoTrack]
				d := &downTrack{subscriber: p.subscriber, track: t}
				p.subscriber.downs[t] = &outgoing{down: d}
				t.attach(d)
			}
		}
	}
	return c, all
}

func Test_Only_tracks_of_which_other_layers_are_wanted_are_told_about(t *testing.T) {
	_, all := newVideoCall(10)
	p, now := all[0], time.Now()
	if told := p.subscriber.allocate(now); len(told) != 9 {
		t.Errorf("%d of 9 tracks are told about when they are chosen", len(told))
	}
	if told := p.subscriber.allocate(now); len(told) != 0 {
		t.Errorf("%d tracks are told about though nothing changed", len(told))
	}
	chosen := all[1].tracks[videoTrack]
	for i, l := range chosen.layerList() {
		l.height.Store(uint32(180 << i))
	}
	p.subscriber.downs[chosen].down.want(&models.VideoDimension{Height: 180})
	if told := p.subscriber.allocate(now); len(told) != 1 || told[0] != chosen {
		t.Errorf("%v are told about when one is wanted smaller", told)
	}
}

func Test_A_layer_nobody_wants_is_switched_off_after_a_while_in_the_rounds_of_a_call(t *testing.T) {
	c, all := newVideoCall(3)
	now := time.Now()
	for _, p := range all {
		for i, l := range p.tracks[videoTrack].layerList() {
			l.height.Store(uint32(180 << i))
		}
	}
	for _, p := range all[1:] {
		p.subscriber.downs[all[0].tracks[videoTrack]].down.want(&models.VideoDimension{Height: 360})
	}
	c.chooseLayers(all, now)
	c.chooseLayers(all, now.Add(layerIdle))
	if off := all[0].tracks[videoTrack].demand.off; off != 0b100 {
		t.Errorf("switched off: %03b", off)
	}
	if off := all[1].tracks[videoTrack].demand.off; off != 0b010 {
		t.Errorf("switched off of what is wanted as large as it comes: %03b", off)
	}
}

// A round of 80 participants; it comes every 200 ms.
func BenchmarkChooseLayers(b *testing.B) {
	c, all := newVideoCall(80)
	now := time.Now()
	for range b.N {
		now = now.Add(chooseEvery * loopInterval)
		c.chooseLayers(all, now)
	}
}
