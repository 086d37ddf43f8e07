package sfu

import (
	"slices"
	"time"

	"streamgateway/native/internal/sfuproto/event"
)

// layerIdle is how long nobody may want a layer before its publisher is told to save it.
const layerIdle = 3 * time.Second

// demand is what the publisher of a simulcast was told about its layers.
type demand struct {
	off  uint8 // one bit for each layer
	idle [8]time.Time
}

// update answers the layers to be switched off. The lowest one stays on, so that a new subscriber sees something at
// once; one that is wanted is switched on at once.
func (d *demand) update(layers int, wanted uint8, now time.Time) (off uint8, changed bool) {
	for i := 1; i < min(layers, len(d.idle)); i++ {
		bit := uint8(1) << i
		switch {
		case wanted&bit != 0:
			d.idle[i] = time.Time{}
		case d.idle[i].IsZero():
			d.idle[i] = now
			off |= d.off & bit
		case now.Sub(d.idle[i]) >= layerIdle:
			off |= bit
		}
	}
	changed = off != d.off
	d.off = off
	return off, changed
}

// tellDemand tells the publisher which layers are wanted, if that changed. It asks everybody who gets the track, so it is
// called once a round, and for what has changed in between. Callers hold no lock.
func (t *track) tellDemand(now time.Time) {
	layers := t.layerList()
	if !t.simulcast.Load() || len(layers) < 2 {
		return
	}
	t.demandMu.Lock() // until it is told, so that the publisher hears of changes in their order
	defer t.demandMu.Unlock()
	if off, changed := t.demand.update(len(layers), t.wantedLayers(layers), now); changed {
		t.tellLayers(layers, off)
	}
}

// retellDemand tells which layers are wanted: the publisher may have missed it while it had no socket.
func (t *track) retellDemand() {
	t.demandMu.Lock()
	defer t.demandMu.Unlock()
	if layers := t.layerList(); t.simulcast.Load() && len(layers) > 1 {
		t.tellLayers(layers, t.demand.off)
	}
}

// tellLayers sends the event. Callers hold t.demandMu.
func (t *track) tellLayers(layers []*layer, off uint8) {
	settings := make([]*event.VideoLayerSetting, 0, len(layers))
	for i, l := range layers {
		settings = append(settings, &event.VideoLayerSetting{Name: l.rid, Active: off>>i&1 == 0})
	}
	t.owner.send(encode(&event.SfuEvent{EventPayload: &event.SfuEvent_ChangePublishQuality{
		ChangePublishQuality: &event.ChangePublishQuality{VideoSenders: []*event.VideoSender{{
			TrackType: t.kind, PublishOptionId: t.optionID.Load(), Codec: t.announcedCodec(), Layers: settings,
		}}},
	}}))
}

func (t *track) wantedLayers(layers []*layer) (wanted uint8) {
	for _, d := range t.downList() {
		d.mu.Lock()
		choice := d.choice
		d.mu.Unlock()
		if i := slices.Index(layers, choice.layer()); i >= 0 {
			wanted |= 1 << i
		}
	}
	return wanted
}
