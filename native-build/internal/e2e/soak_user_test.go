package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	screenAudio = rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO
	// A session that has joined again ten times within two minutes gives up, which is not to be provoked.
	rejoinsInARow = 4
	rejoinsWithin = 2 * time.Minute
)

// soakUser is somebody who is in one call at a time, or in none.
type soakUser struct {
	soak  *soak
	name  string
	proxy *proxy

	bot       *soakBot // nil when in no call
	cid       string
	playing   map[rtcproto.TrackType]*queue
	sources   []*queue // all of this stay
	sinks     []*meter
	mixes     []*meter
	recording string // its id
	rejoins   []time.Time
}

// soakMedia are bytes to publish, again and again.
type soakMedia struct {
	spec  media.Spec
	bytes []byte
}

func newSoakMedia(t *testing.T) map[rtcproto.TrackType][]soakMedia {
	file, _, _ := speech(t, time.Second)
	tone := pcm.Format{Rate: 8000, Channels: 1}
	samples := soakMedia{media.Spec{Format: media.S16LE, PCM: tone}, mediatest.Bytes(mediatest.Tone(tone.Rate, 1, 440, 0.3, tone.Rate))}
	film := soakMedia{media.Spec{Format: media.IVF}, mediatest.Film(t, "vp8", 15, 5)}
	speech := soakMedia{media.Spec{Format: media.Ogg}, file}
	return map[rtcproto.TrackType][]soakMedia{audio: {speech, samples}, screenAudio: {samples, speech}, camera: {film}, screen: {film}}
}

// limited runs something that has to end soon.
func limited[R any](run func(ctx context.Context) (R, error)) (R, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return run(ctx)
}

func (u *soakUser) join(cid string) error {
	options := u.soak.options(u.name)
	options.CallType, options.CallID, _ = strings.Cut(cid, ":")
	bot := newSoakBot(u.name)
	session, err := limited(func(ctx context.Context) (*rtc.Session, error) { return u.soak.engine.Join(ctx, options, bot.note) })
	if err != nil {
		return err
	}
	bot.Session = session
	u.bot, u.cid, u.sources, u.rejoins = bot, cid, nil, nil
	return nil
}

func (u *soakUser) leave() error {
	u.bot.expectEnd()
	if _, err := limited(func(ctx context.Context) (any, error) { return nil, u.bot.Leave(ctx, "soak") }); err != nil {
		return err
	}
	return u.awaitEnd("left")
}

func (u *soakUser) kick() error {
	u.bot.expectEnd()
	if n, err := u.soak.sfu.Kick(u.cid, u.name); err != nil || n != 1 {
		return fmt.Errorf("%d sessions: %w", n, err)
	}
	return u.awaitEnd("kicked")
}

// awaitEnd waits until the session is gone, and checks that everything of it is.
func (u *soakUser) awaitEnd(reason string) error {
	bot := u.bot
	select {
	case <-bot.Done():
	case <-time.After(patience):
		return fmt.Errorf("%s has not ended: %+v", u.name, bot.Info())
	}
	if bot.left.GetReason() != reason {
		return fmt.Errorf("%s left: %v", u.name, bot.left)
	}
	for _, source := range u.sources {
		if !source.isClosed() {
			return fmt.Errorf("%s: the source %d outlives its session", u.name, source.id)
		}
	}
	for _, sink := range append(u.sinks, u.mixes...) {
		if !sink.ended.Load() {
			return fmt.Errorf("%s: the sink %d outlives its session", u.name, sink.id)
		}
	}
	if err := u.endRecording(); err != nil {
		return err
	}
	if stats := bot.Stats(); len(stats.Sinks) > 0 || len(bot.Publications()) > 0 {
		return fmt.Errorf("%s has left, with the sinks %+v and the publications %+v", u.name, stats.Sinks, bot.Publications())
	}
	u.bot, u.cid, u.sources, u.sinks, u.mixes = nil, "", nil, nil, nil
	clear(u.playing)
	return nil
}

// toggle begins to publish something, or ceases if it is on.
func (u *soakUser) toggle(d draw) error {
	types := []rtcproto.TrackType{audio, audio, audio, camera, camera, screen, screenAudio}
	t := types[d.which%len(types)]
	if source := u.playing[t]; source != nil {
		delete(u.playing, t)
		_, err := limited(func(ctx context.Context) (any, error) { return nil, u.bot.ClosePublication(ctx, source.id) })
		return err
	}
	return u.publish(t, d)
}

func (u *soakUser) publish(t rtcproto.TrackType, d draw) error {
	choices := u.soak.media[t]
	chosen := choices[d.which/100%len(choices)]
	source := newQueue()
	options := rtc.PublishOptions{Name: rtc.TrackTypeName(t), TrackType: t, Media: chosen.spec, Loop: true}
	opened := false
	_, err := limited(func(ctx context.Context) (string, error) {
		return u.bot.Publish(ctx, options, func() (rtc.ByteSource, error) { opened = true; return source, nil })
	})
	if opened {
		u.sources = append(u.sources, source)
	}
	if err != nil {
		return err
	}
	u.playing[t] = source
	source.write(chosen.bytes)
	source.end()
	return nil
}

func (u *soakUser) mute(d draw) error {
	muted := u.bot.Info().Muted
	audio, video := !muted.Audio, !muted.Video
	_, err := limited(func(ctx context.Context) (rtc.Muted, error) {
		if d.which%3 == 0 {
			return u.bot.Mute(ctx, nil, &video)
		}
		return u.bot.Mute(ctx, &audio, nil)
	})
	return err
}

// listen opens a sink on somebody's track, or closes one when there are some. Whom it hears may leave meanwhile.
func (u *soakUser) listen(d draw) error {
	if len(u.sinks) > 2 || len(u.sinks) > 0 && d.which%3 == 0 {
		sink := u.sinks[d.which/3%len(u.sinks)]
		if err := u.bot.CloseSink(sink.id); err != nil && !sink.ended.Load() {
			return err
		}
		return nil
	}
	tracks := u.bot.heard()
	if len(tracks) == 0 {
		return nil
	}
	track := tracks[d.which/3%len(tracks)]
	sink := newMeter()
	_, err := limited(func(ctx context.Context) (rtc.Listening, error) {
		return u.bot.Listen(ctx, rtc.ListenOptions{Owner: track.GetParticipantSessionId(), TrackType: track.GetTrackType(), Wait: time.Second},
			func() (rtc.PageSink, error) { return sink, nil })
	})
	switch failure.KindOf(err) {
	case "":
		u.sinks = append(u.sinks, sink)
	case failure.TrackNotFound, failure.DeadlineExceeded: // it has been silent or gone since
		return nil
	}
	return err
}

func (u *soakUser) toggleMix() error {
	if len(u.mixes) > 0 {
		mix := u.mixes[0]
		u.mixes = nil
		return u.bot.CloseSink(mix.id)
	}
	mix := newMeter()
	spec := media.Spec{Format: media.S16LE, PCM: pcm.Format{Rate: 16000, Channels: 1}}
	_, err := u.bot.Mix(context.Background(), rtc.MixOptions{Users: rtc.Selection{All: true}, Media: spec, Speakers: true},
		func() (rtc.PageSink, error) { return mix, nil })
	if err == nil {
		u.mixes = []*meter{mix}
	}
	return err
}

func (u *soakUser) subscribe(d draw) error {
	selections := []rtc.Selection{{All: true}, {}, {Users: []string{u.soak.users[d.which/10%soakUsers].name}}}
	wanted := rtc.Subscriptions{
		Audio: selections[d.which%3], Video: selections[d.which/3%3], MaxVideoHeight: 360,
	}
	_, err := limited(func(ctx context.Context) (rtc.Subscriptions, error) { return u.bot.Subscribe(ctx, wanted) })
	return err
}

// drop cuts the signaling socket: the session comes back as it was.
func (u *soakUser) drop() error {
	before, session := u.bot.reconnects(), u.bot.Info().ParticipantSessionID
	u.proxy.cut(false)
	if err := u.bot.awaitReconnect(before); err != nil {
		return err
	}
	if now := u.bot.Info().ParticipantSessionID; now != session {
		return fmt.Errorf("%s has a new session after its socket was cut", u.name)
	}
	return nil
}

// dropWhile cuts the socket and the procedures in the middle of something. That may fail, but only whole.
func (u *soakUser) dropWhile(d draw, something func(draw) error) error {
	before := u.bot.reconnects()
	time.AfterFunc(time.Duration(d.which%4000)*time.Microsecond, func() { u.proxy.cut(false) })
	if err := something(d); err != nil && failure.KindOf(err) != failure.SFUUnreachable {
		return err
	}
	return u.bot.awaitReconnect(before)
}

// outage does something while the SFU is out of reach, which lasts until the session has noticed and a moment longer.
func (u *soakUser) outage(d draw, something func(draw) error) error {
	before := u.bot.reconnects()
	u.proxy.cut(true)
	if err := u.bot.await(func() bool { return u.bot.reconnecting }); err != nil {
		return err
	}
	time.AfterFunc(time.Duration(20+d.which%300)*time.Millisecond, func() { u.proxy.cut(false) })
	if err := something(d); err != nil {
		return err
	}
	return u.bot.awaitReconnect(before)
}

// leaveWhilePublishing ends the session in the middle of a publication's beginning or end.
func (u *soakUser) leaveWhilePublishing(d draw) error {
	u.bot.expectEnd()
	done := make(chan error, 1)
	time.AfterFunc(time.Duration(d.which%4000)*time.Microsecond, func() {
		_, err := limited(func(ctx context.Context) (any, error) { return nil, u.bot.Leave(ctx, "soak") })
		done <- err
	})
	_ = u.toggle(d) // it may fail for a session that is leaving
	if err := <-done; err != nil {
		return err
	}
	return u.awaitEnd("left")
}

// muteByModerator mutes what the user says, if it says anything.
func (u *soakUser) muteByModerator() error {
	silent := u.bot.Info().Muted.Audio || u.playing[audio] == nil
	u.bot.forget()
	n, err := u.soak.sfu.Mute(u.cid, []string{u.name}, false, []models.TrackType{models.TrackType_TRACK_TYPE_AUDIO}, "moderator")
	if err != nil || silent == (n > 0) {
		return fmt.Errorf("%d tracks are muted: %w", n, err)
	}
	if n == 0 {
		return nil
	}
	return u.bot.await(func() bool { return u.bot.moderated })
}

func (u *soakUser) mayRejoin() bool {
	u.rejoins = slices.DeleteFunc(u.rejoins, func(at time.Time) bool { return time.Since(at) > rejoinsWithin })
	return len(u.rejoins) < rejoinsInARow
}

// rejoin has the SFU forget the session while its way is cut.
func (u *soakUser) rejoin() error {
	u.rejoins = append(u.rejoins, time.Now())
	before, session := u.bot.reconnects(), u.bot.Info().ParticipantSessionID
	u.proxy.cut(true)
	if err := u.bot.await(func() bool { return u.bot.reconnecting }); err != nil {
		return err
	}
	if n, err := u.soak.sfu.Kick(u.cid, u.name); err != nil || n != 1 {
		return fmt.Errorf("%d sessions: %w", n, err)
	}
	u.proxy.cut(false)
	if err := u.bot.awaitReconnect(before); err != nil {
		return err
	}
	if now := u.bot.Info().ParticipantSessionID; now == session {
		return errors.New("the session is the one that the SFU forgot")
	}
	return nil
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// meter is a sink that keeps nothing.
type meter struct {
	id     uint64
	writes atomic.Int64
	ended  atomic.Bool
}

func newMeter() *meter { return &meter{id: handles.Add(1)} }

func (m *meter) ID() uint64              { return m.id }
func (m *meter) WriteHeader([]byte) bool { return true }
func (m *meter) Write([]byte) (int, int) { m.writes.Add(1); return 0, 0 }
func (m *meter) End()                    { m.ended.Store(true) }
func (m *meter) Discard()                { m.ended.Store(true) }
