package e2e

import (
	"bytes"
	"testing"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/rtcproto"
)

const (
	camera = rtcproto.TrackType_TRACK_TYPE_VIDEO
	screen = rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE
)

func formatOf(codec string) media.Format {
	if codec == "h264" {
		return media.H264
	}
	return media.IVF
}

func asVideo(t rtcproto.TrackType, format media.Format) func(*rtc.PublishOptions) {
	return func(o *rtc.PublishOptions) { o.TrackType, o.Media = t, media.Spec{Format: format} }
}

// open listens to a track in a format; an empty one is the track's own.
func (b *bot) open(owner string, t rtcproto.TrackType, spec media.Spec) (*pages, rtc.Listening) {
	b.t.Helper()
	p := newPages()
	options := rtc.ListenOptions{Owner: owner, TrackType: t, Media: spec, Wait: patience}
	listening, err := b.Listen(within(b.t), options, func() (rtc.PageSink, error) { return p, nil })
	if err != nil {
		b.t.Fatalf("%s does not get the %s of %s: %v", b.name, rtc.TrackTypeName(t), owner, err)
	}
	return p, listening
}

// closeSink ends a sink and answers what it had.
func (b *bot) closeSink(p *pages) []byte {
	b.t.Helper()
	if err := b.CloseSink(p.id); err != nil {
		b.t.Fatal(err)
	}
	return p.bytes()
}

// likeTheFilm checks that a received file shows the film from some frame on, frame by frame. The film loops.
func likeTheFilm(t *testing.T, format media.Format, file []byte, film [][]byte) (shown int) {
	t.Helper()
	seen := mediatest.Pictures(t, string(format), file)
	if len(seen) == 0 {
		t.Fatalf("%d bytes show nothing", len(file))
	}
	start, best := 0, 0.0
	for i := range film {
		if likeness := mediatest.PSNR(seen[0], film[i]); likeness > best {
			start, best = i, likeness
		}
	}
	for i, picture := range seen {
		if likeness := mediatest.PSNR(picture, film[(start+i)%len(film)]); likeness < 30 {
			t.Fatalf("picture %d of %d (begun at %d) has a PSNR of %.1f dB", i, len(seen), start, likeness)
		}
	}
	return len(seen)
}

// eachOfTheFilm checks that every picture of a received file is one of the film, in whatever order.
func eachOfTheFilm(t *testing.T, file []byte, film [][]byte) {
	t.Helper()
	pictures := mediatest.Pictures(t, "ivf", file)
	for i, picture := range pictures {
		best := 0.0
		for _, original := range film {
			best = max(best, mediatest.PSNR(picture, original))
		}
		if best < 30 {
			t.Fatalf("picture %d of %d is like none of the film: %.1f dB", i, len(pictures), best)
		}
	}
}

func TestVideoIsSeenAsItWasPublished(t *testing.T) {
	const frames, group = 45, 15
	film := mediatest.FilmPictures(t, frames)
	for _, codec := range []string{"vp8", "vp9", "h264", "av1"} {
		t.Run(codec, func(t *testing.T) {
			w := newWorld(t)
			alice, bob := w.join("alice"), w.join("bob")
			file := mediatest.Film(t, codec, frames, group)
			alice.publish("camera", file, asVideo(camera, formatOf(codec)), func(o *rtc.PublishOptions) { o.Loop = true })
			seen, listening := bob.open("alice", camera, media.Spec{})
			if listening.Codec != codec || listening.Format != formatOf(codec) {
				t.Errorf("listening: %+v", listening)
			}
			seen.await(t, 60)
			stats := bob.Stats().Tracks[0]
			if shown := likeTheFilm(t, formatOf(codec), bob.closeSink(seen), film); shown < 60 {
				t.Errorf("%d pictures of 60 frames", shown)
			}
			if stats.Codec != codec || stats.Frames < 60 || stats.Keyframes == 0 || stats.Width != mediatest.FilmWidth || stats.Height != mediatest.FilmHeight {
				t.Errorf("stats: %+v", stats)
			}
			if running := alice.Publications(); len(running) != 1 || running[0].Codec != codec || running[0].Format != formatOf(codec) {
				t.Errorf("publications: %+v", running)
			}
		})
	}
}

func TestVideoEndsWithAReason(t *testing.T) {
	film, h264 := mediatest.Film(t, "vp8", 10, 5), mediatest.Film(t, "h264", 10, 5)
	unknown := bytes.Replace(bytes.Clone(film), []byte("VP80"), []byte("MJPG"), 1)
	for name, test := range map[string]struct {
		media  []byte
		format media.Format
		kind   failure.Kind
	}{
		"whole":                   {film, media.IVF, ""},
		"whole h264":              {h264, media.H264, ""},
		"garbage":                 {bytes.Repeat([]byte("garbage "), 20), media.IVF, failure.MalformedMedia},
		"nothing":                 {nil, media.IVF, failure.MalformedMedia},
		"cut off":                 {film[:len(film)-7], media.IVF, failure.MalformedMedia},
		"another codec":           {unknown, media.IVF, failure.UnsupportedFormat},
		"no h264":                 {bytes.Repeat([]byte("garbage "), 20), media.H264, failure.MalformedMedia},
		"no h264 at all":          {nil, media.H264, failure.MalformedMedia},
		"h264 without parameters": {h264[len(h264)/2:], media.H264, failure.MalformedMedia},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice := w.join("alice")
			s := alice.publish("camera", test.media, asVideo(camera, test.format))
			end := await(alice, 0, ended)
			if failure.Kind(end.GetError().GetKind()) != test.kind || test.kind == "" && end.GetReason() != "completed" {
				t.Errorf("the publication ended so: %v", end)
			}
			if test.kind == "" && (end.GetDurationMs() < 300 || end.GetDurationMs() > 400 || end.GetTrackType() != camera) {
				t.Errorf("the publication ended so: %v", end)
			}
			<-s.closed
			if running := alice.Publications(); len(running) != 0 {
				t.Errorf("still there: %+v", running)
			}
		})
	}
}

func TestFormatsFitTheirTrackTypes(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	options := rtc.PublishOptions{Name: "x", TrackType: audio, Media: media.Spec{Format: media.IVF}}
	if _, err := alice.Publish(within(t), options, nil); failure.KindOf(err) != failure.UnsupportedFormat {
		t.Errorf("IVF as audio: %v", err)
	}
	options = rtc.PublishOptions{Name: "x", TrackType: screen, Media: media.Spec{Format: media.Ogg}}
	if _, err := alice.Publish(within(t), options, nil); failure.KindOf(err) != failure.UnsupportedFormat {
		t.Errorf("Ogg as screen share: %v", err)
	}
	bob := w.join("bob")
	alice.publish("camera", mediatest.Film(t, "vp8", 15, 15), asVideo(camera, media.IVF), func(o *rtc.PublishOptions) { o.Loop = true })
	for _, format := range []media.Format{media.H264, media.Ogg, media.WAV} {
		p := newPages()
		_, err := bob.Listen(within(t), rtc.ListenOptions{Owner: "alice", TrackType: camera, Wait: patience, Media: media.Spec{Format: format, PCM: media.DefaultPCM}},
			func() (rtc.PageSink, error) { return p, nil })
		if failure.KindOf(err) != failure.UnsupportedFormat {
			t.Errorf("VP8 as %s: %v", format, err)
		}
	}
	if sinks := bob.Stats().Sinks; len(sinks) != 0 {
		t.Errorf("sinks are left: %+v", sinks)
	}
}

func TestEverythingAtOnce(t *testing.T) {
	const frames = 45
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	film := mediatest.FilmPictures(t, frames)
	file, sent, _ := speech(t, 1500*time.Millisecond)
	screenAudio := rtcproto.TrackType_TRACK_TYPE_SCREEN_SHARE_AUDIO
	looped := func(o *rtc.PublishOptions) { o.Loop = true }

	alice.publish("voice", file, looped)
	alice.publish("sound", file, looped, func(o *rtc.PublishOptions) { o.TrackType = screenAudio })
	alice.publish("camera", mediatest.Film(t, "vp8", frames, 15), asVideo(camera, media.IVF), looped)
	alice.publish("screen", mediatest.Film(t, "h264", frames, 15), asVideo(screen, media.H264), looped)

	voice, _ := bob.open("alice", audio, media.Spec{})
	sound, _ := bob.open("alice", screenAudio, media.Spec{})
	face, _ := bob.open("alice", camera, media.Spec{})
	desk, _ := bob.open("alice", screen, media.Spec{Format: media.H264})
	voice.await(t, len(sent))
	sound.await(t, len(sent))
	face.await(t, 40)
	desk.await(t, 40)
	likeTheFilm(t, media.IVF, bob.closeSink(face), film)
	likeTheFilm(t, media.H264, bob.closeSink(desk), film)
}

func TestPublicationsInARowMayDifferInCodec(t *testing.T) {
	const frames = 30
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	film := mediatest.FilmPictures(t, frames)
	for _, codec := range []string{"vp8", "h264", "vp8"} {
		after := alice.mark()
		s := alice.publish("camera", mediatest.Film(t, codec, frames, 10), asVideo(camera, formatOf(codec)), func(o *rtc.PublishOptions) { o.Loop = true })
		seen := newPages()
		for deadline := time.Now().Add(patience); ; {
			// The track of the former codec may still be there.
			_, err := bob.Listen(within(t), rtc.ListenOptions{Owner: "alice", TrackType: camera, Wait: patience, Media: media.Spec{Format: formatOf(codec)}},
				func() (rtc.PageSink, error) { seen = newPages(); return seen, nil })
			if err == nil {
				break
			}
			if failure.KindOf(err) != failure.UnsupportedFormat || time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		seen.await(t, 20)
		likeTheFilm(t, formatOf(codec), bob.closeSink(seen), film)
		if err := alice.ClosePublication(within(t), s.id); err != nil {
			t.Fatal(err)
		}
		await(alice, after, ended)
	}
}

func TestKeyframeRequestsAreTold(t *testing.T) {
	w := newWorld(t)
	alice := w.join("alice")
	alice.publish("camera", mediatest.Film(t, "vp8", 30, 15), asVideo(camera, media.IVF), func(o *rtc.PublishOptions) { o.Loop = true })
	seen, _ := w.join("bob").open("alice", camera, media.Spec{})
	asked := await(alice, 0, func(e *rtcproto.Event) (*rtcproto.KeyframeRequested, bool) {
		return e.GetKeyframeRequested(), e.GetKeyframeRequested() != nil
	})
	if asked.GetName() != "camera" || asked.GetTrackType() != camera || asked.GetRequests() == 0 {
		t.Errorf("asked: %v", asked)
	}
	seen.await(t, 5)
	if running := alice.Publications(); running[0].KeyframeRequests == 0 {
		t.Errorf("publications: %+v", running)
	}
}

func TestMutedVideoGoesOnWithAKeyframe(t *testing.T) {
	const frames = 30
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	film := mediatest.FilmPictures(t, frames)
	alice.publish("camera", mediatest.Film(t, "vp8", frames, 10), asVideo(camera, media.IVF), func(o *rtc.PublishOptions) { o.Loop = true })
	seen, _ := bob.open("alice", camera, media.Spec{})
	seen.await(t, 10)
	yes, no := true, false
	if muted, err := alice.Mute(within(t), nil, &yes); err != nil || !muted.Video || muted.Audio {
		t.Fatalf("muted: %+v, %v", muted, err)
	}
	await(bob, 0, func(e *rtcproto.Event) (bool, bool) { return true, e.GetTrackUnpublished() != nil })
	before := seen.count()
	if _, err := alice.Mute(within(t), nil, &no); err != nil {
		t.Fatal(err)
	}
	seen.await(t, before+20)
	eachOfTheFilm(t, bob.closeSink(seen), film)
}

func TestVideoLivesThroughALostSFU(t *testing.T) {
	const frames = 30
	w := newWorld(t)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("camera", mediatest.Film(t, "vp8", frames, 10), asVideo(camera, media.IVF), func(o *rtc.PublishOptions) { o.Loop = true })
	seen, _ := bob.open("alice", camera, media.Spec{})
	seen.await(t, 10)
	next := w.startSFU("127.0.0.1:0", "127.0.0.1:0", "sfu-2")
	defer w.stopSFU(next)
	w.coordinator.use(next)
	w.stopSFU(w.sfu)
	await(bob, 0, reconnected)
	await(alice, 0, reconnected)
	seen.await(t, seen.count()+20)
	eachOfTheFilm(t, bob.closeSink(seen), mediatest.FilmPictures(t, frames))
	alice.leave()
	bob.leave()
}
