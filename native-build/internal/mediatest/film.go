package mediatest

import (
	"fmt"
	"math"
	"testing"
)

// The size of films.
const (
	FilmWidth  = 320
	FilmHeight = 180
	FilmRate   = 30
)

// filmEncoders are how ffmpeg is told to make a codec, as a live sender would.
var filmEncoders = map[string][]string{
	"vp8":  {"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1500k", "-auto-alt-ref", "0", "-f", "ivf"},
	"vp9":  {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1500k", "-f", "ivf"},
	"h264": {"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "1500k", "-pix_fmt", "yuv420p", "-f", "h264"},
	"av1":  {"-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "1500k", "-lag-in-frames", "0", "-f", "ivf"},
}

// Film is so many frames of a moving picture, as a file of a codec ("vp8", "vp9", "h264" or "av1") with a keyframe every
// group frames.
func Film(t testing.TB, codec string, frames, group int) []byte {
	t.Helper()
	arguments := append(filmSource(frames), "-g", fmt.Sprint(group), "-keyint_min", fmt.Sprint(group))
	return Run(t, nil, "ffmpeg", append(append(arguments, filmEncoders[codec]...), "-")...)
}

func filmSource(frames int) []string {
	picture := fmt.Sprintf("testsrc2=size=%dx%d:rate=%d", FilmWidth, FilmHeight, FilmRate)
	return []string{"-v", "error", "-f", "lavfi", "-i", picture, "-frames:v", fmt.Sprint(frames)}
}

// FilmPictures are the pictures of a film before they were encoded.
func FilmPictures(t testing.TB, frames int) [][]byte {
	t.Helper()
	return pictures(Run(t, nil, "ffmpeg", append(filmSource(frames), "-pix_fmt", "gray", "-f", "rawvideo", "-")...))
}

// Pictures are what ffmpeg sees in a file of video.
func Pictures(t testing.TB, format string, file []byte) [][]byte {
	t.Helper()
	return pictures(Run(t, file, "ffmpeg", "-v", "error", "-f", format, "-i", "-", "-fps_mode", "passthrough",
		"-pix_fmt", "gray", "-f", "rawvideo", "-"))
}

func pictures(raw []byte) (list [][]byte) {
	const size = FilmWidth * FilmHeight
	for ; len(raw) >= size; raw = raw[size:] {
		list = append(list, raw[:size])
	}
	return list
}

// PSNR is how alike two pictures are, in decibels; 100 for the same.
func PSNR(a, b []byte) float64 {
	sum := 0.0
	for i := range a {
		difference := float64(a[i]) - float64(b[i])
		sum += difference * difference
	}
	if sum == 0 {
		return 100
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}
