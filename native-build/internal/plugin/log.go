package plugin

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"streamgateway/native/internal/border"
)

// logHandler gives log lines to the host: a target, and the message with key=value pairs after it.
type logHandler struct {
	border border.Instance
	target string
	prefix string // attributes of the logger itself
}

func levelOf(level slog.Level) uint8 {
	switch {
	case level < slog.LevelDebug:
		return 0
	case level < slog.LevelInfo:
		return 1
	case level < slog.LevelWarn:
		return 2
	case level < slog.LevelError:
		return 3
	default:
		return 4
	}
}

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return levelOf(level) >= h.border.LogLevel()
}

func (h *logHandler) Handle(_ context.Context, record slog.Record) error {
	var text strings.Builder
	text.WriteString(record.Message)
	text.WriteString(h.prefix)
	record.Attrs(func(attr slog.Attr) bool {
		appendAttr(&text, "", attr)
		return true
	})
	h.border.Log(levelOf(record.Level), h.target, text.String())
	return nil
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(h.prefix)
	for _, attr := range attrs {
		appendAttr(&text, "", attr)
	}
	return &logHandler{border: h.border, target: h.target, prefix: text.String()}
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{border: h.border, target: h.target + "." + name, prefix: h.prefix}
}

func appendAttr(text *strings.Builder, group string, attr slog.Attr) {
	value := attr.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		for _, member := range value.Group() {
			appendAttr(text, group+attr.Key+".", member)
		}
		return
	}
	if attr.Equal(slog.Attr{}) {
		return
	}
	text.WriteByte(' ')
	text.WriteString(group + attr.Key)
	text.WriteByte('=')
	text.WriteString(quoted(value.String()))
}

// quoted leaves plain words as they are, so that lines stay readable and still can be taken apart.
func quoted(value string) string {
	if value == "" || strings.ContainsAny(value, " =\"") || strconv.Quote(value) != `"`+value+`"` {
		return strconv.Quote(value)
	}
	return value
}
