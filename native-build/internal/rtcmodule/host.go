package rtcmodule

import (
	"log/slog"

	"streamgateway/native/internal/border"
	"streamgateway/native/internal/plugin"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

// host is what the module needs of its instance.
type host interface {
	Emit(session uint64, e *rtcproto.Event)
	Log() *slog.Logger
	NextID() uint64
	Go(work func())
	OpenSource(capacity int) (rtc.ByteSource, error)
	OpenSink(capacity int) (rtc.PageSink, error)
	DiscardSink(id uint64) bool
	EventBytesQueued() uint64
	// Data is the configuration's, JSON, or nil.
	Data() []byte
}

type instanceHost struct{ *plugin.Instance }

func (h instanceHost) OpenSource(capacity int) (rtc.ByteSource, error) {
	source, err := h.Instance.OpenSource(capacity)
	if err != nil {
		return nil, err // not the source, which would be a nil that is not nil
	}
	return source, nil
}

func (h instanceHost) OpenSink(capacity int) (rtc.PageSink, error) {
	sink, err := h.Instance.OpenSink(capacity)
	if err != nil {
		return nil, err
	}
	return sink, nil
}

func (h instanceHost) DiscardSink(id uint64) bool { return border.DiscardSink(id) }
