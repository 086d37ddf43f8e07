package sfu

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/red"
	"streamgateway/native/internal/sfuproto/models"
)

func Test_Headers_are_read_as_the_library_writes_them(t *testing.T) {
	header := rtp.Header{Version: 2, Marker: true, PayloadType: 111, SequenceNumber: 7, Timestamp: 99, SSRC: 5, CSRC: []uint32{1, 2}}
	if err := header.SetExtension(1, []byte{0x8a}); err != nil {
		t.Fatal(err)
	}
	if err := header.SetExtension(3, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	raw, err := (&rtp.Packet{Header: header, Payload: []byte("payload")}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	h, ok := parseRTP(raw)
	if !ok || !h.marker || h.payloadType != 111 || h.sequence != 7 || h.timestamp != 99 || string(h.payload) != "payload" {
		t.Errorf("read %+v, %v", h, ok)
	}
	if !bytes.Equal(h.extension(1), []byte{0x8a}) || !bytes.Equal(h.extension(3), []byte{1, 2, 3}) || h.extension(2) != nil {
		t.Errorf("extensions are %v", h.extensions)
	}
}

func Test_No_bytes_make_the_parsers_panic(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		raw := make([]byte, random.IntN(40))
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		if len(raw) > 0 {
			raw[0] = raw[0]&0x3f | 0x80
		}
		if h, ok := parseRTP(raw); ok {
			for id := range uint8(16) {
				h.extension(id)
			}
		}
		d, ok := parseVP8(raw)
		if ok && d.length > len(raw) {
			t.Fatalf("descriptor of %d bytes in %d", d.length, len(raw))
		}
		if ok {
			vp8Shift{picture: 3, levelZero: 9}.apply(raw, d)
		}
		_, _ = red.Decode(nil, raw)
		for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeH264, webrtc.MimeTypeAV1, webrtc.MimeTypeOpus} {
			startsKeyframe(mime, raw)
		}
	}
}

func Test_Sequence_numbers_widen_to_the_nearest(t *testing.T) {
	cases := []struct {
		last     uint64
		sequence uint16
		want     uint64
	}{
		{firstCycle + 65535, 0, 2 * firstCycle},
		{2 * firstCycle, 65535, firstCycle + 65535},
		{firstCycle + 100, 105, firstCycle + 105},
		{firstCycle + 100, 95, firstCycle + 95},
		{firstCycle, 65535, firstCycle - 1},
	}
	for _, c := range cases {
		if got := extendSequence(c.last, c.sequence); got != c.want {
			t.Errorf("%d after %d is %d, not %d", c.sequence, c.last, got, c.want)
		}
	}
}

func Test_The_cache_keeps_the_latest_packets_each_once(t *testing.T) {
	cache := newPacketCache(8)
	for seq := uint64(100); seq < 120; seq++ {
		if _, fresh := cache.put(packet{seq: seq, timestamp: uint32(seq * 960), payload: []byte{byte(seq)}}); !fresh {
			t.Errorf("%d is not fresh", seq)
		}
	}
	if _, fresh := cache.put(packet{seq: 119, payload: []byte{1}}); fresh {
		t.Error("a duplicate is fresh")
	}
	if _, fresh := cache.put(packet{seq: 105, payload: []byte{1}}); fresh {
		t.Error("a packet older than the cache is fresh")
	}
	if cache.get(111) != nil || cache.get(112) == nil || cache.get(112).payload[0] != 112 {
		t.Error("the cache does not hold the latest 8")
	}
	if from := cache.since(0, 3*960); from != 116 {
		t.Errorf("3 packets' time before the newest begins at %d", from)
	}
	if from := cache.since(118, 1<<30); from != 118 {
		t.Errorf("from 118 begins at %d", from)
	}
}

func Test_Lost_packets_are_asked_for_a_few_times_and_then_given_up(t *testing.T) {
	var losses lossList
	now := time.Now()
	losses.arrived(1000, now)
	if pairs := losses.arrived(1003, now); pairs != nil {
		t.Errorf("asked at once for %v: packets may just overtake each other", pairs)
	}
	losses.arrived(1001, now.Add(time.Millisecond))
	asked := 0
	for ; now.Before(now.Add(2*time.Second)) && asked < 100; now = now.Add(10 * time.Millisecond) {
		pairs := losses.due(now)
		if pairs == nil && len(losses.missing) == 0 {
			break
		}
		for _, pair := range pairs {
			if list := pair.PacketList(); len(list) != 1 || list[0] != 1002 {
				t.Fatalf("asked for %v", list)
			}
			asked++
		}
	}
	if asked != maxLossTries {
		t.Errorf("asked %d times", asked)
	}
	losses.arrived(5000, now)
	if len(losses.missing) > maxLosses {
		t.Errorf("%d losses are kept", len(losses.missing))
	}
}

func Test_Keyframes_are_recognised(t *testing.T) {
	cases := map[string]struct {
		mime    string
		payload []byte
		want    bool
	}{
		"vp8 key":            {webrtc.MimeTypeVP8, []byte{0x10, 0x00}, true},
		"vp8 delta":          {webrtc.MimeTypeVP8, []byte{0x10, 0x01}, false},
		"vp8 key, continued": {webrtc.MimeTypeVP8, []byte{0x00, 0x00}, false},
		"vp8 key, extended":  {webrtc.MimeTypeVP8, []byte{0x90, 0xe0, 0x81, 0x02, 0x07, 0x20, 0x00}, true},
		"vp9 key":            {webrtc.MimeTypeVP9, []byte{0x88, 0x05}, true},
		"vp9 delta":          {webrtc.MimeTypeVP9, []byte{0xc8, 0x05}, false},
		"vp9 key, layer 1":   {webrtc.MimeTypeVP9, []byte{0xa8, 0x05, 0x02}, false},
		"h264 idr":           {webrtc.MimeTypeH264, []byte{0x65, 0x88}, true},
		"h264 delta":         {webrtc.MimeTypeH264, []byte{0x41, 0x9a}, false},
		"h264 fu-a idr":      {webrtc.MimeTypeH264, []byte{0x7c, 0x85}, true},
		"h264 fu-a rest":     {webrtc.MimeTypeH264, []byte{0x7c, 0x05}, false},
		"h264 stap-a":        {webrtc.MimeTypeH264, []byte{0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1}, true},
		"av1 key":            {webrtc.MimeTypeAV1, []byte{0x18}, true},
		"av1 delta":          {webrtc.MimeTypeAV1, []byte{0x10}, false},
	}
	for name, c := range cases {
		if got := startsKeyframe(c.mime, c.payload); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

type countingWriter struct {
	packets, octets int
	level           []byte // of the last packet
}

func (w *countingWriter) Write(header *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) {
	w.level = header.GetExtension(5)
	w.packets++
	w.octets += len(payload)
	return len(payload), nil
}

// forwarding sets up a track with subscribers that only count.
func forwarding(kind models.TrackType, codec webrtc.RTPCodecParameters, subscribers int) (*layer, func([]byte), []*countingWriter) {
	s := &Server{}
	p := &participant{server: s}
	p.publisher = newPublisher(p)
	t := newTrack(p, &models.TrackInfo{TrackType: kind}, codec)
	l := t.layer("")
	receive := l.bind(source{ssrc: 1, payloadType: uint8(codec.PayloadType), levelID: 1})
	var writers []*countingWriter
	for range subscribers {
		sub := &subscriber{downlink: newDownlink(trialPatience)}
		sub.connected.Store(true)
		d := newDownTrack(sub, t, nil)
		w := &countingWriter{}
		d.writer, d.flowing = w, true
		t.attach(d)
		writers = append(writers, w)
	}
	return l, receive, writers
}

func Test_Forwarding_a_packet_allocates_nothing(t *testing.T) {
	const subscribers = 30
	l, receive, writers := forwarding(audioTrack, opus(), subscribers)
	for i, d := range l.track.downList() {
		d.bind(outFormat{payloadType: 111, levelID: 5}, uint32(i))
	}
	header := rtp.Header{Version: 2, PayloadType: 111}
	_ = header.SetExtension(1, []byte{20})
	raw, err := (&rtp.Packet{Header: header, Payload: make([]byte, 120)}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	sequence := 0
	send := func() {
		raw[2], raw[3] = byte(sequence>>8), byte(sequence)
		sequence++
		receive(raw)
	}
	for range 2 * audioCacheSize {
		send()
	}
	if allocated := testing.AllocsPerRun(1000, send); allocated != 0 {
		t.Errorf("%.1f allocations a packet", allocated)
	}
	for _, w := range writers {
		if w.packets != sequence || w.octets != 120*sequence {
			t.Errorf("%d of %d packets went out", w.packets, sequence)
		}
		if len(w.level) != 1 || w.level[0] != 20 {
			t.Errorf("their level is %v", w.level)
		}
	}
}

func Test_A_packet_that_tells_no_level_is_forwarded_without_one(t *testing.T) {
	l, receive, writers := forwarding(audioTrack, opus(), 1)
	l.track.downList()[0].bind(outFormat{payloadType: 111, levelID: 5}, 1)
	for sequence, level := range [][]byte{{20}, nil, {127}} {
		header := rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: uint16(sequence)}
		if level != nil {
			_ = header.SetExtension(1, level)
		}
		raw, err := (&rtp.Packet{Header: header, Payload: make([]byte, 120)}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		receive(raw)
		if !bytes.Equal(writers[0].level, level) {
			t.Errorf("packet %d has level %v, not %v", sequence, writers[0].level, level)
		}
	}
}

func Test_Forwarding_rewritten_video_and_redundant_audio_allocates_nothing(t *testing.T) {
	cases := map[string]struct {
		kind    models.TrackType
		codec   webrtc.RTPCodecParameters
		payload []byte
		format  uint8
	}{
		"temporal layers left out, numbers and pictures rewritten": {videoTrack, vp8(), []byte{0x90, 0xe0, 0x80, 1, 2, 0x80, 1, 2, 3}, 96},
		"repetitions taken out": {audioTrack, opus(), []byte{0x80 | 111, 0, 0, 1, 111, 'a', 'b'}, redundantPayloadType},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l, receive, writers := forwarding(c.kind, c.codec, 30)
			l.source.redType = redundantPayloadType
			for i, d := range l.track.downList() {
				d.bind(outFormat{payloadType: c.format, transportID: 3}, uint32(i))
				d.choice.temporal = 1
			}
			raw, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: c.format}, Payload: c.payload}).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			sequence := 0
			send := func() {
				raw[2], raw[3], raw[7] = byte(sequence>>8), byte(sequence), byte(sequence)
				if c.kind == videoTrack { // a keyframe, then base and upper layer in turn
					raw[12+5], raw[12+6] = byte(sequence%2)<<7, 1
					if sequence == 0 {
						raw[12+6] = 0
					}
				}
				sequence++
				receive(raw)
			}
			for range 2 * videoCacheSize {
				send()
			}
			if allocated := testing.AllocsPerRun(1000, send); allocated != 0 {
				t.Errorf("%.1f allocations a packet", allocated)
			}
			want := sequence
			if c.kind == videoTrack {
				want = (sequence + 1) / 2
			}
			if writers[29].packets != want {
				t.Errorf("%d packets went out, not %d", writers[29].packets, want)
			}
		})
	}
}

func Benchmark_Forwarding_to_30(b *testing.B) {
	_, receive, _ := forwarding(audioTrack, opus(), 30)
	raw, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111}, Payload: make([]byte, 120)}).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := range b.N {
		raw[2], raw[3] = byte(i>>8), byte(i)
		receive(raw)
	}
}
