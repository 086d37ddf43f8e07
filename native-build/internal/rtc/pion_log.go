package rtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLogs passes Pion's warnings on as debug lines: what matters of them reaches the session as a state change.
type pionLogs struct{ log *slog.Logger }

func (p pionLogs) NewLogger(scope string) logging.LeveledLogger {
	return pionLogger{p.log, scope}
}

type pionLogger struct {
	log   *slog.Logger
	scope string
}

func (l pionLogger) Trace(string)          {}
func (l pionLogger) Tracef(string, ...any) {}
func (l pionLogger) Debug(string)          {}
func (l pionLogger) Debugf(string, ...any) {}
func (l pionLogger) Info(string)           {}
func (l pionLogger) Infof(string, ...any)  {}

func (l pionLogger) Warn(text string)                    { l.write(text) }
func (l pionLogger) Error(text string)                   { l.write(text) }
func (l pionLogger) Warnf(format string, values ...any)  { l.writef(format, values) }
func (l pionLogger) Errorf(format string, values ...any) { l.writef(format, values) }

func (l pionLogger) write(text string) {
	l.log.Debug(text, "pion", l.scope)
}

func (l pionLogger) writef(format string, values []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, values...), "pion", l.scope)
	}
}
