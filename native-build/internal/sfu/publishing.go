package sfu

import (
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// publication is a track of an answered offer.
type publication struct {
	track *track
	muted bool
}

// mayPublish tells whether grants allow a type of track.
func mayPublish(grants *models.CallGrants, kind models.TrackType) bool {
	switch kind {
	case audioTrack:
		return grants.GetCanPublishAudio()
	case videoTrack:
		return grants.GetCanPublishVideo()
	case screenTrack, screenAudioTrack:
		return grants.GetCanScreenshare()
	}
	return false
}

// permit checks announced tracks against the grants of their publisher.
func (c *call) permit(p *participant, infos []*models.TrackInfo) *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, info := range infos {
		if kind := info.GetTrackType(); isTrackType(kind) && !mayPublish(p.grants, kind) {
			return fail(codePermissionDenied, "tracks: publishing %v is not granted", kind)
		}
	}
	return nil
}

// trackFor answers the track of an announced type: the one there is, or a new one when there is none of that codec.
func (c *call) trackFor(p *participant, info *models.TrackInfo, codec webrtc.RTPCodecParameters) *track {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := p.tracks[info.GetTrackType()]
	if t == nil {
		return newTrack(p, info, codec)
	}
	if _, same := matchCodec(codec, []webrtc.RTPCodecParameters{t.codec}); !same {
		return newTrack(p, info, codec)
	}
	t.describe(info)
	return t
}

// publish announces tracks whose offer was answered and begins at once to bring them to the others.
func (c *call) publish(p *participant, published []publication) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.participants[p.sessionID] != p {
		return
	}
	for _, entry := range published {
		t := entry.track
		known := p.tracks[t.kind] == t
		p.tracks[t.kind] = t
		if !known {
			t.muted = entry.muted
			t.blocked.Store(entry.muted)
		}
		if !entry.muted && !known {
			t.announced = true
			c.announcePublished(t)
		}
	}
	c.resubscribe(p)
}

// setMuted follows a participant's own mute states.
func (c *call) setMuted(p *participant, states []*signal.TrackMuteState) *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.participants[p.sessionID] != p {
		return fail(codeNotFound, "the session has left") // the others have been told, and must not hear of it again
	}
	for _, state := range states {
		t := p.tracks[state.GetTrackType()]
		switch {
		case t == nil && state.GetMuted():
		case t == nil:
			return fail(codeTrackNotFound, "%v is not published", state.GetTrackType())
		case state.GetMuted():
			c.mute(t, models.TrackUnpublishReason_TRACK_UNPUBLISH_REASON_USER_MUTED)
		case !mayPublish(p.grants, t.kind):
			return fail(codePermissionDenied, "publishing %v is not granted", t.kind)
		default:
			c.unmute(t)
		}
	}
	return nil
}

// mute stops the forwarding of a track and tells everybody; false if it was not live. Callers hold c.mu.
func (c *call) mute(t *track, cause models.TrackUnpublishReason) bool {
	wasLive := t.live()
	t.muted = true
	t.blocked.Store(true)
	if wasLive {
		t.mutedBy = cause
		c.announceUnpublished(t, cause)
	}
	return wasLive
}

func (c *call) unmute(t *track) {
	if t.live() {
		return
	}
	first := !t.announced
	t.announced, t.muted, t.mutedBy = true, false, 0
	t.resumed.Add(1)
	t.blocked.Store(false)
	c.announcePublished(t)
	if first {
		c.resubscribe(t.owner)
	}
	if isVideo(t.kind) {
		for _, l := range t.layerList() {
			l.requestKeyframe()
		}
	}
}

// subscribe replaces what a participant wants to receive.
func (c *call) subscribe(p *participant, entries []*signal.TrackSubscriptionDetails) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.subscribe(entries)
	p.subscriber.refresh()
}

// subscribe replaces the list of subscriptions. Callers hold call.mu, or nobody knows the participant yet.
func (p *participant) subscribe(entries []*signal.TrackSubscriptionDetails) {
	p.subscriptions = make(map[trackKey]*models.VideoDimension, len(entries))
	for _, entry := range entries {
		if entry.GetTrackType() == audioTrack {
			p.explicitAudio = true
		}
		p.subscriptions[trackKey{entry.GetSessionId(), entry.GetTrackType()}] = entry.GetDimension()
	}
}

// wishes lists what a participant is to get now: everybody's audio, until it says whose, and what it subscribed to.
func (c *call) wishes(p *participant) []wish {
	c.mu.Lock()
	defer c.mu.Unlock()
	var wishes []wish
	if c.participants[p.sessionID] != p {
		return nil
	}
	for _, other := range c.participants {
		for kind, t := range other.tracks {
			if !t.announced || other == p && !t.loopback {
				continue
			}
			size, listed := p.subscriptions[trackKey{other.sessionID, kind}]
			if listed || kind == audioTrack && !p.explicitAudio {
				wishes = append(wishes, wish{track: t, size: size})
			}
		}
	}
	return wishes
}
