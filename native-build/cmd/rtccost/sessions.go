package main

import (
	"context"
	"fmt"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtc"
)

// sessions are participants of this library.
type sessions struct {
	*task
	engine *rtc.Engine
	joined []*rtc.Session
	sound  []byte
	listen func(s *sessions, ctx context.Context, i int) error
}

func newSessions(t *task, listen func(s *sessions, ctx context.Context, i int) error) (*sessions, error) {
	engine, err := rtc.NewEngine(newLog())
	if err != nil {
		return nil, err
	}
	sound, err := speech()
	if err != nil {
		return nil, err
	}
	return &sessions{task: t, engine: engine, joined: make([]*rtc.Session, t.count), sound: sound, listen: listen}, nil
}

func (s *sessions) start(ctx context.Context, i int) error { return s.listen(s, ctx, i) }

func (s *sessions) close() error {
	err := leave(s.joined)
	s.engine.Close()
	return err
}

func (s *sessions) join(ctx context.Context, i int, call, user string, audio rtc.Selection) (err error) {
	s.joined[i], err = join(ctx, s.engine, s.url, call, user, audio)
	return err
}

// pass has the packets as they are, in Ogg.
func (s *sessions) pass(ctx context.Context, i int) error {
	return s.hear(ctx, i, media.Spec{Format: media.Ogg})
}

// decode has samples.
func (s *sessions) decode(ctx context.Context, i int) error {
	return s.hear(ctx, i, media.Spec{Format: media.S16LE, PCM: media.DefaultPCM})
}

func (s *sessions) hear(ctx context.Context, i int, spec media.Spec) error {
	if err := s.join(ctx, i, s.call(i), fmt.Sprintf("listener-%d", i), rtc.Selection{}); err != nil {
		return err
	}
	return s.open(ctx, i, speakerName(0), spec)
}

func (s *sessions) open(ctx context.Context, i int, speaker string, spec media.Spec) error {
	options := rtc.ListenOptions{Owner: speaker, TrackType: audio, Media: spec, Wait: patience}
	_, err := s.joined[i].Listen(ctx, options, s.newDrain(i))
	return err
}

// talk has every second session and the one before speak to each other.
func (s *sessions) talk(ctx context.Context, i int) error {
	if err := s.join(ctx, i, callName(i/2), speakerName(i), rtc.Selection{}); err != nil {
		return err
	}
	if err := publish(ctx, s.joined[i], s.sound); err != nil {
		return err
	}
	return s.open(ctx, i, speakerName(i^1), media.Spec{Format: media.Ogg})
}

// mix has the samples of everybody together.
func (s *sessions) mix(ctx context.Context, i int) error {
	everybody := rtc.Selection{All: true}
	if err := s.join(ctx, i, s.call(i), fmt.Sprintf("listener-%d", i), everybody); err != nil {
		return err
	}
	options := rtc.MixOptions{Users: everybody, Media: media.Spec{Format: media.S16LE, PCM: media.DefaultPCM}}
	_, err := s.joined[i].Mix(ctx, options, s.newDrain(i))
	return err
}

func (s *sessions) newDrain(i int) func() (rtc.PageSink, error) {
	return func() (rtc.PageSink, error) { return &drain{task: s.task, id: handles.Add(1), number: i}, nil }
}

// drain is a sink whose reader keeps up. Of samples, only frames with sound count.
type drain struct {
	*task
	id     uint64
	number int
}

func (d *drain) ID() uint64              { return d.id }
func (d *drain) WriteHeader([]byte) bool { return true }
func (d *drain) End()                    {}
func (d *drain) Discard()                {}

func (d *drain) Write(page []byte) (droppedPackets, droppedBytes int) {
	for _, b := range page {
		if b != 0 {
			d.note(d.number)
			break
		}
	}
	return 0, 0
}
