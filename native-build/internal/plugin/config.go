package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"streamgateway/native/internal/border"
)

// config is plugin_init's configuration with defaults in place.
type config struct {
	Data             json.RawMessage
	logLevel         uint8
	maxConcurrentOps uint64
	CallTimeout      time.Duration
	ShutdownTimeout  time.Duration
	eventBufferBytes uint64
	debugDirectory   string
}

const (
	defaultMaxConcurrentOps  = 1000
	defaultCallTimeoutMS     = 60_000
	defaultShutdownTimeoutMS = 5_000
	defaultEventBufferBytes  = 4 << 20
	maxConcurrentOpsLimit    = 1 << 32
	maxTimeoutMS             = 3_600_000
)

var logLevels = map[string]uint8{"trace": 0, "debug": 1, "info": 2, "warn": 3, "error": 4, "off": 5}

// parseConfig reads the plugin ABI's configuration. Unknown keys are left to others, as the ABI wants it.
func parseConfig(document []byte) (config, error) {
	if len(document) == 0 {
		document = []byte("{}")
	}
	var wire struct {
		Data              json.RawMessage `json:"data"`
		WorkerThreads     *uint32         `json:"worker_threads"`
		LogLevel          *string         `json:"log_level"`
		MaxConcurrentOps  *uint64         `json:"max_concurrent_ops"`
		ShutdownTimeoutMS *uint64         `json:"shutdown_timeout_ms"`
	}
	if !bytes.HasPrefix(bytes.TrimLeft(document, " \t\r\n"), []byte("{")) {
		return config{}, errors.New("not a JSON object")
	}
	if err := json.Unmarshal(document, &wire); err != nil {
		return config{}, err
	}
	if wire.WorkerThreads != nil && *wire.WorkerThreads == 0 {
		return config{}, errors.New("worker_threads must be at least 1")
	}

	var data struct {
		CallTimeoutMS    *uint64 `json:"call_timeout_ms"`
		EventBufferBytes *uint64 `json:"event_buffer_bytes"`
		DebugDirectory   string  `json:"debug_directory"`
	}
	if len(wire.Data) > 0 && wire.Data[0] == '{' {
		if err := json.Unmarshal(wire.Data, &data); err != nil {
			return config{}, fmt.Errorf("data: %w", err)
		}
	}

	if data.DebugDirectory != "" && !filepath.IsAbs(data.DebugDirectory) {
		return config{}, fmt.Errorf("data.debug_directory must be an absolute path, not %q", data.DebugDirectory)
	}
	c := config{Data: wire.Data, logLevel: logLevels["info"], debugDirectory: data.DebugDirectory}
	if wire.LogLevel != nil {
		if level, known := logLevels[strings.ToLower(*wire.LogLevel)]; known {
			c.logLevel = level
		}
	}
	var err error
	set := func(name string, given *uint64, fallback, least, most uint64) uint64 {
		if given == nil {
			return fallback
		}
		if *given < least || *given > most {
			err = errors.Join(err, fmt.Errorf("%s must be between %d and %d", name, least, most))
		}
		return *given
	}
	c.maxConcurrentOps = set("max_concurrent_ops", wire.MaxConcurrentOps, defaultMaxConcurrentOps, 0, maxConcurrentOpsLimit)
	shutdown := set("shutdown_timeout_ms", wire.ShutdownTimeoutMS, defaultShutdownTimeoutMS, 0, maxTimeoutMS)
	call := set("data.call_timeout_ms", data.CallTimeoutMS, defaultCallTimeoutMS, 1, maxTimeoutMS)
	c.eventBufferBytes = set("data.event_buffer_bytes", data.EventBufferBytes, defaultEventBufferBytes, 4<<10, 1<<30)
	c.ShutdownTimeout = time.Duration(shutdown) * time.Millisecond
	c.CallTimeout = time.Duration(call) * time.Millisecond
	return c, err
}

func (c config) limits() border.Limits {
	return border.Limits{
		MaxConcurrentOps: c.maxConcurrentOps,
		EventBufferBytes: c.eventBufferBytes,
		CallTimeout:      c.CallTimeout,
		ShutdownTimeout:  c.ShutdownTimeout,
	}
}
