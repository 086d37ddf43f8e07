package rtc

import (
	"slices"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// sfuPublishOptions are what the SFU wants to be published, and how. An SFU that gives none takes everything.
type sfuPublishOptions struct {
	list  []*models.PublishOption
	known bool
}

func (o sfuPublishOptions) of(t models.TrackType) *models.PublishOption {
	i := slices.IndexFunc(o.list, func(option *models.PublishOption) bool { return option.GetTrackType() == t })
	if i < 0 {
		return nil
	}
	return o.list[i]
}

func (o sfuPublishOptions) take(t models.TrackType) bool { return !o.known || o.of(t) != nil }

func (c *connection) publishOption(t models.TrackType) *models.PublishOption {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.publishOptions.of(t)
}

// checkWanted fails when the SFU has no option for a type of track.
func (c *connection) checkWanted(t models.TrackType) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.publishOptions.take(t) {
		return nil
	}
	return errNotWanted(trackTypeOf(t))
}

func errNotWanted(t rtcproto.TrackType) error {
	return failure.Newf(failure.SFURejected, failure.Signaling, "the SFU wants no %s to be published", TrackTypeName(t))
}

func (c *connection) onPublishOptions(list []*models.PublishOption) {
	c.mu.Lock()
	c.publishOptions = sfuPublishOptions{list, true}
	c.mu.Unlock()
	c.s.followPublishOptions(c)
}

// followPublishOptions makes running publications what the SFU wants them to be: what it wants no more ends, samples are
// encoded with the bitrate it asks for. Media that is encoded already goes on as it is.
func (s *Session) followPublishOptions(c *connection) {
	s.mu.Lock()
	current, running := s.conn == c, slices.Clone(s.publications)
	s.mu.Unlock()
	if !current {
		return
	}
	for _, p := range running {
		t := sfuTrackType(p.options.TrackType)
		if err := c.checkWanted(t); err != nil {
			p.stop(err)
		} else if isAudio(p.options.TrackType) && p.options.Encoding.Bitrate == 0 {
			p.bitrate.Store(int64(s.audioBitrate(t, p.options.Encoding.Music)))
		}
	}
}

// onPublishQuality pauses video that the SFU needs for nobody, and lets it go on. A single encoding is one layer, which
// cannot be made smaller.
func (c *connection) onPublishQuality(e *event.ChangePublishQuality) {
	publisher := c.currentPublisher()
	if publisher == nil {
		return
	}
	for _, sender := range e.GetVideoSenders() {
		if !publisher.sends(sender.GetTrackType(), sender.GetPublishOptionId()) {
			continue
		}
		active := slices.ContainsFunc(sender.GetLayers(), func(l *event.VideoLayerSetting) bool { return l.GetActive() })
		c.s.pausePublications(trackTypeOf(sender.GetTrackType()), !active)
	}
}

func (s *Session) pausePublications(t rtcproto.TrackType, paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.publications {
		if p.options.TrackType == t {
			p.paused.Store(paused)
		}
	}
}
