package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfu"
)

const (
	patience = 60 * time.Second
	audio    = rtcproto.TrackType_TRACK_TYPE_AUDIO
	// joinsAtOnce keeps a machine of few cores from spending every deadline on key exchanges.
	joinsAtOnce = 8
)

// stage is an SFU with its coordinator, and calls in which somebody speaks.
type stage struct {
	sfu         *sfu.Server
	coordinator *standIn
	engine      *rtc.Engine
	sessions    []*rtc.Session
}

func newStage(calls, speakers int) (*stage, error) {
	log := newLog()
	server, err := sfu.Start(sfu.Options{
		Listen: "127.0.0.1:0", MediaListen: "127.0.0.1:0", EdgeName: "local-1", TokenSecret: sfuSecret, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	s := &stage{sfu: server, coordinator: newStandIn(server), sessions: make([]*rtc.Session, calls*speakers)}
	if s.engine, err = rtc.NewEngine(log); err == nil && calls*speakers > 0 {
		err = s.speak(speakers)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// speak has everybody publish without end.
func (s *stage) speak(speakers int) error {
	sound, err := speech()
	if err != nil {
		return err
	}
	return each(len(s.sessions), func(ctx context.Context, i int) (err error) {
		call, user := callName(i/speakers), speakerName(i%speakers)
		s.sessions[i], err = join(ctx, s.engine, s.coordinator.server.URL, call, user, rtc.Selection{})
		if err == nil {
			err = publish(ctx, s.sessions[i], sound)
		}
		return err
	})
}

func (s *stage) close() {
	_ = leave(s.sessions)
	if s.engine != nil {
		s.engine.Close()
	}
	s.coordinator.close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = s.sfu.Stop(ctx, false)
}

func callName(i int) string    { return fmt.Sprintf("call-%d", i) }
func speakerName(i int) string { return fmt.Sprintf("speaker-%d", i) }

func newLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

// each does something count times, some of them at once, and answers the first failure.
func each(count int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var group sync.WaitGroup
	failures := make([]error, count)
	tickets := make(chan struct{}, joinsAtOnce)
	for i := range count {
		tickets <- struct{}{}
		group.Add(1)
		go func() {
			defer func() { <-tickets; group.Done() }()
			failures[i] = do(ctx, i)
		}()
	}
	group.Wait()
	for i, err := range failures {
		if err != nil {
			return fmt.Errorf("number %d: %w", i, err)
		}
	}
	return nil
}

func join(ctx context.Context, engine *rtc.Engine, url, call, user string, audio rtc.Selection) (*rtc.Session, error) {
	return engine.Join(ctx, rtc.JoinOptions{
		CoordinatorURL: url, APIKey: "key", Token: "token", CallType: "default", CallID: call,
		User: coordinator.User{ID: user}, Create: true,
		Subscriptions: rtc.Subscriptions{Audio: audio, MaxVideoHeight: rtc.DefaultMaxVideoHeight},
		Reconnect:     rtc.ReconnectOptions{Enabled: true, Deadline: rtc.DefaultReconnectDeadline},
	}, func(*rtcproto.Event) {})
}

func leave(sessions []*rtc.Session) error {
	return each(len(sessions), func(ctx context.Context, i int) error {
		if sessions[i] == nil {
			return nil
		}
		return sessions[i].Leave(ctx, "measured")
	})
}

// speech is eight seconds of a voice as Ogg/Opus.
func speech() ([]byte, error) {
	encoder, err := opus.NewEncoder(opus.EncoderConfig{SampleRate: opus.Rate, Channels: 1, Bitrate: 32_000})
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	const frame = opus.Rate / 50
	var packets [][]byte
	samples := mediatest.Voice(opus.Rate, 8*opus.Rate)
	for ; len(samples) >= frame; samples = samples[frame:] {
		packet := make([]byte, opus.MaxFrameBytes)
		size, err := encoder.Encode(samples[:frame], packet)
		if err != nil {
			return nil, err
		}
		packets = append(packets, packet[:size])
	}
	return mediatest.OggOpus(1, encoder.Lookahead(), packets), nil
}

// publish has a session speak until it leaves.
func publish(ctx context.Context, session *rtc.Session, sound []byte) error {
	options := rtc.PublishOptions{
		Name: "voice", TrackType: audio, Media: media.Spec{Format: media.Ogg}, Loop: true, StallTimeout: rtc.DefaultStallTimeout,
	}
	_, err := session.Publish(ctx, options, func() (rtc.ByteSource, error) {
		return &source{id: handles.Add(1), left: sound}, nil
	})
	return err
}

var handles atomic.Uint64

// source is a publication's bytes in memory.
type source struct {
	id   uint64
	left []byte
}

func (s *source) ID() uint64 { return s.id }
func (s *source) Close()     {}

func (s *source) Read(ctx context.Context, p []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

var errNotRunning = errors.New("the receiver has ended")
