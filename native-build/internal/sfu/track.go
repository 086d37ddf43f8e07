package sfu

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
)

// trackKey names a track across the call: one of each type a session.
type trackKey struct {
	sessionID string
	kind      models.TrackType
}

// track is what a participant publishes under one track type. It outlives mutes and the renewal of its media section.
type track struct {
	owner    *participant
	kind     models.TrackType
	codec    webrtc.RTPCodecParameters
	loopback bool // the publisher asked for its own track

	// Guarded by call.mu.
	announced bool
	muted     bool
	mutedBy   models.TrackUnpublishReason // why, as long as it is muted

	// blocked keeps packets from being forwarded while the track is muted.
	blocked atomic.Bool
	// simulcast tells that the layers come as streams of their own, which the publisher can switch off.
	simulcast atomic.Bool
	optionID  atomic.Int32 // of the publish option
	demandMu  sync.Mutex
	demand    demand

	// resumed counts the unmutes: what was held back leaves no gap in the numbers sent.
	resumed atomic.Uint32

	// Both lists are copied on write, so that the packet path reads them without a lock.
	layers atomic.Pointer[[]*layer]
	downs  atomic.Pointer[[]*downTrack]
	listMu sync.Mutex

	// Guarded by publisher.mu.
	id  string
	mid string
}

func newTrack(owner *participant, info *models.TrackInfo, codec webrtc.RTPCodecParameters) *track {
	t := &track{owner: owner, kind: info.GetTrackType(), codec: codec, loopback: info.GetSelfSubAudioVideo()}
	t.describe(info)
	return t
}

// announcedCodec names the codec as clients do.
func (t *track) announcedCodec() *models.Codec {
	_, name, _ := strings.Cut(t.codec.MimeType, "/")
	return &models.Codec{Name: name, ClockRate: t.codec.ClockRate}
}

// live tells that the track is published and not muted. Callers hold call.mu.
func (t *track) live() bool { return t.announced && !t.muted }

// describe makes the layers that the publisher announces, lowest first. Layers it had before are kept.
func (t *track) describe(info *models.TrackInfo) {
	t.optionID.Store(info.GetPublishOptionId())
	t.listMu.Lock()
	defer t.listMu.Unlock()
	layers := append([]*layer(nil), t.layerList()...)
	for index, announced := range info.GetLayers() {
		if l := findLayer(layers, announced.GetRid()); l != nil {
			l.describe(announced)
			continue
		}
		layers = append(layers, newLayer(t, announced.GetRid(), index, announced))
	}
	t.layers.Store(&layers)
}

// layer answers the layer of a rid, "" for the only encoding of a track without simulcast.
func (t *track) layer(rid string) *layer {
	t.listMu.Lock()
	defer t.listMu.Unlock()
	layers := t.layerList()
	if l := findLayer(layers, rid); l != nil {
		return l
	}
	if rid == "" && len(layers) > 0 {
		// One encoding without a rid is announced with its would-be rid; several never come without.
		return layers[len(layers)-1]
	}
	l := newLayer(t, rid, len(layers), nil)
	layers = append(append([]*layer(nil), layers...), l)
	t.layers.Store(&layers)
	return l
}

func findLayer(layers []*layer, rid string) *layer {
	for _, l := range layers {
		if l.rid == rid {
			return l
		}
	}
	return nil
}

func (t *track) layerList() []*layer {
	if list := t.layers.Load(); list != nil {
		return *list
	}
	return nil
}

// choices lists the layers that can be had: those of a simulcast, or all that the only stream carries, as a whole.
func (t *track) choices() []*layer {
	layers := t.layerList()
	if !t.simulcast.Load() && len(layers) > 1 {
		return layers[len(layers)-1:]
	}
	return layers
}

func (t *track) downList() []*downTrack {
	if list := t.downs.Load(); list != nil {
		return *list
	}
	return nil
}

func (t *track) attach(d *downTrack) {
	t.listMu.Lock()
	defer t.listMu.Unlock()
	downs := append(append([]*downTrack(nil), t.downList()...), d)
	t.downs.Store(&downs)
}

func (t *track) detach(d *downTrack) {
	t.listMu.Lock()
	defer t.listMu.Unlock()
	var downs []*downTrack
	for _, other := range t.downList() {
		if other != d {
			downs = append(downs, other)
		}
	}
	t.downs.Store(&downs)
}

// forward hands a packet to everybody who gets this track.
func (t *track) forward(l *layer, p *packet) {
	if t.blocked.Load() {
		return
	}
	for _, d := range t.downList() {
		d.forward(l, p)
	}
}
