package description

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

const smallest = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"

func TestDescriptionIsRead(t *testing.T) {
	parsed, err := Parse(smallest + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n")
	if err != nil || len(parsed.MediaDescriptions) != 1 || parsed.MediaDescriptions[0].MediaName.Media != "audio" {
		t.Errorf("read %v, %v", parsed, err)
	}
}

func TestOnlyStreamsThatAreSentCount(t *testing.T) {
	section := func(direction string, ssrcs ...string) string {
		text := "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=" + direction + "\r\n"
		for _, ssrc := range ssrcs {
			text += "a=ssrc:" + ssrc + " cname:x\r\n"
		}
		return text
	}
	parsed, err := Parse(smallest + section("sendonly", "1", "2") + section("inactive", "3") + section("recvonly", "4") + section("sendrecv", "5", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if got := SentStreams(parsed); !maps.Equal(got, map[uint32]bool{1: true, 2: true, 5: true}) {
		t.Errorf("%v", got)
	}
}

func TestOnlySectionsOfAudioAndVideoAreTaken(t *testing.T) {
	for _, kind := range []string{"application", "text"} {
		_, err := Parse(smallest + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\nm=" + kind + " 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n")
		if !errors.Is(err, ErrUnsupported) || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), kind) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestICEFragmentIsTheFirstOne(t *testing.T) {
	for text, want := range map[string]string{
		smallest: "",
		smallest + "a=ice-ufrag:abcd\r\na=ice-ufrag:efgh\r\n": "abcd",
		smallest + "m=audio 9 x 0\na=ice-ufrag:abcd\n":        "abcd",
		smallest + "a=ice-ufrag:abcd":                         "abcd",
	} {
		if got := ICEFragment(text); got != want {
			t.Errorf("%q in %q", got, text)
		}
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"another version":   "v=1\r\n",
		"empty repeat time": strings.TrimSuffix(smallest, "\r\n") + "\r\r\nr=\nr",
		"too long":          smallest + strings.Repeat("a=x\r\n", MaxBytes/5),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(text); !errors.Is(err, ErrMalformed) {
				t.Errorf("read as %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(smallest)
	f.Add(smallest + "r=7d 1h 0 25h\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=simulcast:send q;h;f\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if (parsed == nil) == (err == nil) {
			t.Errorf("read %v and %v", parsed, err)
		}
	})
}
