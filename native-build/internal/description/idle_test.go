package description

import (
	"strings"
	"testing"
)

func TestASectionThatStaysIdleOnlyReceives(t *testing.T) {
	offer := func(directions ...string) string {
		text := smallest
		for i, direction := range directions {
			text += "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:" + string(rune('0'+i)) + "\r\na=" + direction + "\r\n"
		}
		return text
	}
	var idle Idle
	for _, step := range []struct{ comes, applied []string }{
		{[]string{"sendonly", "inactive"}, []string{"sendonly", "inactive"}},
		{[]string{"inactive", "inactive"}, []string{"inactive", "recvonly"}},
		{[]string{"inactive", "sendonly"}, []string{"recvonly", "sendonly"}},
		{[]string{"sendonly", "inactive"}, []string{"sendonly", "inactive"}},
	} {
		applied, err := idle.Offer(offer(step.comes...))
		if want := offer(step.applied...); err != nil || applied != want {
			t.Fatalf("%v became %v\n%s", step.comes, err, applied)
		}
	}
	if _, err := idle.Offer(strings.Repeat("x", 10)); err == nil {
		t.Error("what cannot be read is no offer")
	}
}
