package rtc

import (
	"bytes"
	"io"
	"testing"
	"time"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/rtcproto"
)

// pageBuffer is a PageSink; it drops as many pages a write as a test says.
type pageBuffer struct {
	bytes.Buffer
	drop      int
	ended     bool
	discarded bool
}

func (p *pageBuffer) ID() uint64 { return 7 }
func (p *pageBuffer) WriteHeader(header []byte) bool {
	p.Buffer.Write(header)
	return true
}
func (p *pageBuffer) Write(page []byte) (int, int) {
	p.Buffer.Write(page)
	return p.drop, p.drop * 100
}
func (p *pageBuffer) End()     { p.ended = true }
func (p *pageBuffer) Discard() { p.discarded = true }

func testSink(port *pageBuffer, told *[]*rtcproto.Event) *sink {
	s := &Session{open: true, roster: newRoster(), emitter: func(e *rtcproto.Event) { *told = append(*told, e) }}
	owner := &participant{userID: "alice", sessionID: "a1"}
	k := newSink(s, port, owner, rtcproto.TrackType_TRACK_TYPE_AUDIO, media.Spec{Format: media.Ogg})
	k.render("opus")
	return k
}

// heard reads the stream back: the second byte of each packet, or "." for each 20 ms of concealment.
func heard(t *testing.T, port *pageBuffer) string {
	t.Helper()
	text := ""
	for reader := ogg.NewReader(&port.Buffer); ; {
		packet, samples, err := reader.Next()
		if err == io.EOF {
			return text
		}
		if err != nil {
			t.Fatal(err)
		}
		if parsed, _ := opus.ParsePacket(packet); parsed.Empty {
			text += string(bytes.Repeat([]byte("."), samples/960))
		} else {
			text += string(packet[1:])
		}
	}
}

func TestSinkKeepsTime(t *testing.T) {
	second := uint32(opus.Rate)
	for name, test := range map[string]struct {
		timestamps []uint32
		want       string
	}{
		"no gap":               {[]uint32{0, 960, 1920}, "abc"},
		"two lost":             {[]uint32{0, 3 * 960, 4 * 960}, "a..bc"},
		"over the wrap":        {[]uint32{1<<32 - 960, 960, 1920}, "a.bc"},
		"a long pause":         {[]uint32{0, 60 * second, 60*second + 960}, "abc"},
		"a jump backwards":     {[]uint32{5 * second, 960, 1920}, "abc"},
		"all of a second lost": {[]uint32{0, 960 + second, 1920 + second}, "a" + string(bytes.Repeat([]byte("."), 50)) + "bc"},
	} {
		t.Run(name, func(t *testing.T) {
			port, told := new(pageBuffer), []*rtcproto.Event{}
			k := testSink(port, &told)
			for i, timestamp := range test.timestamps {
				k.rendering.ordered(orderedPacket{timestamp: timestamp, payload: []byte{0xf8, byte('a' + i)}})
			}
			counts, first := k.end(false)
			if _, again := k.end(false); !first || again || !port.ended {
				t.Error("a sink should end once")
			}
			if got := heard(t, port); got != test.want {
				t.Errorf("heard %q, want %q", got, test.want)
			}
			if counts.packets == 0 || len(told) != 0 {
				t.Errorf("%+v, %v", counts, told)
			}
		})
	}
}

func TestSinkTellsOfItsLagOnceASecond(t *testing.T) {
	port, told := &pageBuffer{drop: 2}, []*rtcproto.Event{}
	k := testSink(port, &told)
	for i := range 10 {
		k.rendering.ordered(orderedPacket{timestamp: uint32(i) * 960, payload: []byte{0xf8, 1}})
		k.tellLag(time.Now())
	}
	if len(told) != 1 || told[0].GetSinkLagged().GetDroppedPackets() != 2 || told[0].GetSinkLagged().GetTrackId() != "a1:audio" {
		t.Fatalf("told: %v", told)
	}
	k.told = time.Now().Add(-lagEventPeriod)
	k.rendering.ordered(orderedPacket{timestamp: 9600, payload: []byte{0xf8, 1}})
	k.tellLag(time.Now())
	if len(told) != 2 || told[1].GetSinkLagged().GetDroppedPackets() != 20 || told[1].GetSinkLagged().GetDroppedBytes() != 2000 {
		t.Errorf("told: %v", told)
	}
	if k.end(true); !port.discarded {
		t.Error("a closed sink should discard the rest")
	}
}

func TestSinkIgnoresWhatIsNoOpus(t *testing.T) {
	port, told := new(pageBuffer), []*rtcproto.Event{}
	k := testSink(port, &told)
	k.rendering.ordered(orderedPacket{payload: []byte{0xfb}})
	if port.Len() != 0 {
		t.Error("garbage was written")
	}
}

func TestFirstListenerHearsTheBeginning(t *testing.T) {
	at := time.Unix(1, 0)
	send := func(l *leadIn, after time.Duration) {
		at = at.Add(after)
		l.keep(at, orderedPacket{payload: []byte{1}})
	}
	for name, test := range map[string]struct {
		gaps []time.Duration
		wait time.Duration
		want int
	}{
		"at once":             {[]time.Duration{0, 20, 20}, 10, 3},
		"late":                {[]time.Duration{0, 20, 20}, 2000, 0},
		"in the middle":       {[]time.Duration{0, 400, 400, 400}, 10, 0},
		"after a pause":       {[]time.Duration{0, 400, 400, 400, 600, 20}, 10, 2},
		"not from the middle": {[]time.Duration{0, 400, 400, 400, 20, 20}, 10, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var lead leadIn
			for _, gap := range test.gaps {
				send(&lead, gap*time.Millisecond)
			}
			at = at.Add(test.wait * time.Millisecond)
			if got := len(lead.take(at)); got != test.want {
				t.Errorf("%d packets, want %d", got, test.want)
			}
		})
	}
}
