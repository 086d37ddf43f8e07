package plugin

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLogAttributes(t *testing.T) {
	var text strings.Builder
	for _, attr := range []slog.Attr{
		slog.Int("n", 3), slog.String("plain", "word"), slog.String("spaced", "two words"), slog.String("empty", ""),
		slog.String("line", "a\nb"), slog.Duration("took", 1500*time.Millisecond), slog.Any("error", errors.New("no=way")),
		slog.Group("peer", slog.String("state", "up")), {},
	} {
		appendAttr(&text, "", attr)
	}
	want := ` n=3 plain=word spaced="two words" empty="" line="a\nb" took=1.5s error="no=way" peer.state=up`
	if text.String() != want {
		t.Errorf("%s\nwant\n%s", text.String(), want)
	}
}

func TestLevels(t *testing.T) {
	for level, want := range map[slog.Level]uint8{
		slog.LevelDebug - 4: 0, slog.LevelDebug: 1, slog.LevelInfo: 2, slog.LevelInfo + 1: 2, slog.LevelWarn: 3, slog.LevelError: 4, 99: 4,
	} {
		if got := levelOf(level); got != want {
			t.Errorf("%v: %d, want %d", level, got, want)
		}
	}
}
