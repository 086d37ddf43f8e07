package video

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"streamgateway/native/internal/annexb"
	"streamgateway/native/internal/ivf"
	"streamgateway/native/internal/mediatest"
)

const (
	filmFrames = 60
	filmGroup  = 12 // frames from one keyframe to the next
)

var films struct {
	sync.Mutex
	made map[Codec][][]byte
}

var encoders = map[Codec][]string{
	VP8:  {"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-auto-alt-ref", "0", "-f", "ivf"},
	VP9:  {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-f", "ivf"},
	H264: {"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "600k", "-pix_fmt", "yuv420p", "-f", "h264"},
	AV1:  {"-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "600k", "-lag-in-frames", "0", "-f", "ivf"},
}

// source is the picture that all films show.
var source = []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-frames:v", fmt.Sprint(filmFrames), "-g", fmt.Sprint(filmGroup),
	"-keyint_min", fmt.Sprint(filmGroup)}

// film is frames of a codec, made by ffmpeg once.
func film(t testing.TB, codec Codec) [][]byte {
	t.Helper()
	films.Lock()
	defer films.Unlock()
	if frames := films.made[codec]; frames != nil {
		return frames
	}
	file := mediatest.Run(t, nil, "ffmpeg", append(append(append([]string(nil), source...), encoders[codec]...), "-")...)
	next := func() ([]byte, error) { return nil, io.EOF }
	if codec == H264 {
		reader := annexb.NewReader(bytes.NewReader(file))
		next = func() ([]byte, error) {
			unit, err := reader.Next()
			return unit.Data, err
		}
	} else {
		reader, err := ivf.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		next = func() ([]byte, error) {
			frame, _, err := reader.Next()
			return frame, err
		}
	}
	var frames [][]byte
	for {
		frame, err := next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, bytes.Clone(frame))
	}
	if len(frames) != filmFrames {
		t.Fatalf("ffmpeg made %d frames of %v", len(frames), codec)
	}
	if films.made == nil {
		films.made = map[Codec][][]byte{}
	}
	films.made[codec] = frames
	return frames
}

// packets cuts frames, 3000 ticks apart, into RTP.
func packets(t testing.TB, codec Codec, frames [][]byte, limit int) []rtp.Packet {
	t.Helper()
	packetizer, err := NewPacketizer(codec, limit)
	if err != nil {
		t.Fatal(err)
	}
	var result []rtp.Packet
	for i, frame := range frames {
		if err := packetizer.Packetize(frame, func(payload []byte, last bool) {
			if len(payload) > limit {
				t.Fatalf("a payload of %d bytes", len(payload))
			}
			header := rtp.Header{SequenceNumber: uint16(65500 + len(result)), Timestamp: uint32(4294900000 + 3000*i), Marker: last}
			result = append(result, rtp.Packet{Header: header, Payload: bytes.Clone(payload)})
		}); err != nil {
			t.Fatal(err)
		}
	}
	return result
}

// assemble pushes packets and copies the frames.
func assemble(assembler *Assembler, packets []rtp.Packet) (frames []Frame) {
	for _, packet := range packets {
		assembler.Push(packet.SequenceNumber, packet.Timestamp, packet.Marker, packet.Payload)
		for frame, ok := assembler.Next(); ok; frame, ok = assembler.Next() {
			frame.Data = bytes.Clone(frame.Data)
			frames = append(frames, frame)
		}
	}
	return frames
}

// decode is what ffmpeg sees in frames: a checksum for each. It fails the test when ffmpeg finds anything wrong.
func decode(t testing.TB, codec Codec, frames [][]byte) [][]byte {
	t.Helper()
	var file []byte
	if codec == H264 {
		file = bytes.Join(frames, nil)
	} else {
		file = ivf.AppendHeader(nil, ivf.Header{FourCC: codec.FourCC(), Width: 320, Height: 180, Rate: 30, Scale: 1})
		for i, frame := range frames {
			file = ivf.AppendFrame(file, uint64(i), frame)
		}
	}
	format := "ivf"
	if codec == H264 {
		format = "h264"
	}
	output := mediatest.Run(t, file, "ffmpeg", "-v", "error", "-xerror", "-err_detect", "explode", "-f", format, "-i", "-", "-fps_mode", "passthrough",
		"-f", "framemd5", "-")
	var sums [][]byte
	for _, line := range bytes.Split(bytes.TrimSpace(output), []byte("\n")) {
		if len(line) > 0 && line[0] != '#' {
			sums = append(sums, bytes.TrimSpace(line[bytes.LastIndexByte(line, ',')+1:]))
		}
	}
	return sums
}

func data(frames []Frame) (all [][]byte) {
	for _, frame := range frames {
		all = append(all, frame.Data)
	}
	return all
}

func forAll(t *testing.T, test func(t *testing.T, codec Codec)) {
	for _, codec := range []Codec{VP8, VP9, H264, AV1} {
		t.Run(codec.String(), func(t *testing.T) { test(t, codec) })
	}
}

func TestFramesComeBackAsTheyWere(t *testing.T) {
	forAll(t, func(t *testing.T, codec Codec) {
		frames := film(t, codec)
		var whole [][]byte
		for _, limit := range []int{MinPayload, 1200, 8000} {
			got := assemble(NewAssembler(codec), packets(t, codec, frames, limit))
			if len(got) != len(frames) {
				t.Fatalf("limit %d: %d frames", limit, len(got))
			}
			for i, frame := range got {
				key := i%filmGroup == 0
				if frame.Keyframe != key || key && (frame.Width != 320 || frame.Height != 180) {
					t.Errorf("limit %d, frame %d: %+v", limit, i, frame.Info)
				}
				if frame.Timestamp-got[0].Timestamp != int64(3000*i) {
					t.Errorf("limit %d, frame %d: timestamp %d", limit, i, frame.Timestamp)
				}
				if (codec == VP8 || codec == VP9) && !bytes.Equal(frame.Data, frames[i]) {
					t.Errorf("limit %d: frame %d is another", limit, i)
				}
			}
			whole = data(got)
		}
		if got, want := decode(t, codec, whole), decode(t, codec, frames); len(want) != filmFrames || !bytes.Equal(bytes.Join(got, nil), bytes.Join(want, nil)) {
			t.Errorf("ffmpeg sees other pictures: %d and %d", len(got), len(want))
		}
	})
}

func TestReorderingAndDuplicatesChangeNothing(t *testing.T) {
	forAll(t, func(t *testing.T, codec Codec) {
		frames := film(t, codec)
		sent := packets(t, codec, frames, 500)
		random := rand.New(rand.NewSource(2))
		for i := 1; i < len(sent)-12; i += 12 { // the first stays first
			random.Shuffle(12, func(a, b int) { sent[i+a], sent[i+b] = sent[i+b], sent[i+a] })
		}
		var twice []rtp.Packet
		for i, packet := range sent {
			twice = append(twice, packet, rtp.Packet{Header: packet.Header, Payload: packet.Payload})
			if i > 5 {
				twice = append(twice, sent[i-5])
			}
		}
		assembler := NewAssembler(codec)
		if got := assemble(assembler, twice); len(got) != len(frames) {
			t.Errorf("%d frames, %+v", len(got), assembler.Stats())
		}
		if stats := assembler.Stats(); stats.Lost+stats.Malformed+stats.Dropped > 0 || stats.Packets != uint64(len(sent)) {
			t.Errorf("%+v", stats)
		}
	})
}

func TestAfterALossTheNextKeyframeIsNext(t *testing.T) {
	forAll(t, func(t *testing.T, codec Codec) {
		frames := film(t, codec)
		all := packets(t, codec, frames, 400)
		reference := decode(t, codec, frames)
		random := rand.New(rand.NewSource(4))
		for round := range 6 {
			var sent []rtp.Packet
			for _, packet := range all {
				if random.Float64() > 0.01*float64(round) {
					sent = append(sent, packet)
				}
			}
			end := all[len(all)-1] // later packets show what was lost
			for i := range patiencePackets + 1 {
				header := rtp.Header{SequenceNumber: end.SequenceNumber + uint16(i) + 1, Timestamp: end.Timestamp + 3000}
				sent = append(sent, rtp.Packet{Header: header, Payload: []byte{0, 0}})
			}
			assembler := NewAssembler(codec)
			got := assemble(assembler, sent)
			last := -1
			var want [][]byte
			for _, frame := range got {
				index := int(uint32(frame.Timestamp)-uint32(4294900000&0xFFFFFFFF)) / 3000
				if index != last+1 && !frame.Keyframe {
					t.Fatalf("round %d: frame %d after %d", round, index, last)
				}
				last = index
				want = append(want, reference[index])
			}
			if len(got) < filmGroup && round < 2 {
				t.Errorf("round %d: only %d frames", round, len(got))
			}
			if stats := assembler.Stats(); int(stats.Lost) > len(all)-len(sent)+patiencePackets+1 {
				t.Errorf("round %d: %+v", round, stats)
			}
			if len(got) > 0 && round%3 == 2 {
				if seen := decode(t, codec, data(got)); !bytes.Equal(bytes.Join(seen, nil), bytes.Join(want, nil)) {
					t.Errorf("round %d: ffmpeg sees other pictures: %d and %d", round, len(seen), len(want))
				}
			}
		}
	})
}

func TestAStreamBeginsWithAKeyframe(t *testing.T) {
	forAll(t, func(t *testing.T, codec Codec) {
		frames := film(t, codec)
		sent := packets(t, codec, frames, 400)
		assembler := NewAssembler(codec)
		if assembler.NeedsKeyframe() {
			t.Error("a keyframe is wanted before there is a stream")
		}
		got := assemble(assembler, sent[1:])
		if len(got) != filmFrames-filmGroup || !got[0].Keyframe {
			t.Errorf("%d frames", len(got))
		}
		if assembler.NeedsKeyframe() {
			t.Error("a keyframe is wanted at the end")
		}
	})
}

func TestANewStreamOfNumbersIsFollowed(t *testing.T) {
	frames := film(t, VP8)
	first := packets(t, VP8, frames, 1200)
	second := packets(t, VP8, frames, 1200)
	for i := range second {
		second[i].SequenceNumber += 30000
		second[i].Timestamp += 1 << 31
	}
	assembler := NewAssembler(VP8)
	if got := assemble(assembler, append(first, second...)); len(got) != 2*filmFrames || assembler.Stats().Resets != 1 {
		t.Errorf("%d frames, %+v", len(got), assembler.Stats())
	}
}

// TestPionReadsOurPayloads holds the packetizers against Pion's depacketizers.
func TestPionReadsOurPayloads(t *testing.T) {
	for codec, reader := range map[Codec]func() rtp.Depacketizer{
		VP8:  func() rtp.Depacketizer { return &codecs.VP8Packet{} },
		VP9:  func() rtp.Depacketizer { return &codecs.VP9Packet{} },
		H264: func() rtp.Depacketizer { return &codecs.H264Packet{} },
	} {
		frames := film(t, codec)
		depacketizer, index := reader(), 0
		var frame []byte
		for _, packet := range packets(t, codec, frames, 300) {
			part, err := depacketizer.Unmarshal(packet.Payload)
			if err != nil {
				t.Fatalf("%v: %v", codec, err)
			}
			frame = append(frame, part...)
			if packet.Marker {
				if !bytes.Equal(frame, frames[index]) {
					t.Fatalf("%v: frame %d is another", codec, index)
				}
				frame, index = frame[:0], index+1
			}
		}
		if index != filmFrames {
			t.Errorf("%v: %d frames", codec, index)
		}
	}
}

// TestFFmpegsPayloadsAreRead receives RTP of ffmpeg over loopback.
func TestFFmpegsPayloadsAreRead(t *testing.T) {
	for _, codec := range []Codec{VP8, VP9, H264} {
		connection, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if err := connection.SetReadBuffer(4 << 20); err != nil {
			t.Fatal(err)
		}
		arguments := append(append([]string(nil), source...), encoders[codec][:len(encoders[codec])-2]...)
		arguments = append(arguments, "-strict", "experimental", "-f", "rtp", fmt.Sprintf("rtp://127.0.0.1:%d?pkt_size=1000", connection.LocalAddr().(*net.UDPAddr).Port))
		command := exec.Command("ffmpeg", append([]string{"-re"}, arguments...)...)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			ended <- command.Wait()
			connection.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		}()
		connection.SetReadDeadline(time.Now().Add(time.Minute))
		var received []rtp.Packet
		buffer := make([]byte, 2000)
		for {
			size, err := connection.Read(buffer)
			if err != nil {
				break
			}
			var packet rtp.Packet
			if err := packet.Unmarshal(bytes.Clone(buffer[:size])); err != nil {
				t.Fatal(err)
			}
			received = append(received, packet)
		}
		if err := <-ended; err != nil {
			t.Fatalf("ffmpeg: %v", err)
		}
		assembler := NewAssembler(codec)
		got := assemble(assembler, received)
		if len(got) != filmFrames || assembler.Stats().Dropped > 0 {
			t.Errorf("%v: %d frames of %d packets, %+v", codec, len(got), len(received), assembler.Stats())
		}
		if sums := decode(t, codec, data(got)); len(sums) != filmFrames {
			t.Errorf("%v: ffmpeg sees %d pictures", codec, len(sums))
		}
	}
}

func TestLayersOfVP9BecomeASuperframe(t *testing.T) {
	base := film(t, VP9)[0]
	assembler := NewAssembler(VP9)
	assembler.Push(1, 0, false, append([]byte{vp9PictureID | vp9Layers | vp9Begin | vp9End, 1, 0x00, 0}, base...))
	assembler.Push(2, 0, true, append([]byte{vp9PictureID | vp9Layers | vp9Begin | vp9End, 1, 0x03, 0}, base[:50]...))
	frame, ok := assembler.Next()
	if !ok {
		t.Fatalf("no frame, %+v", assembler.Stats())
	}
	index := frame.Data[len(frame.Data)-10:]
	if len(frame.Data) != len(base)+50+10 || index[0] != 0xD9 || index[9] != 0xD9 ||
		binary.LittleEndian.Uint32(index[1:]) != uint32(len(base)) || binary.LittleEndian.Uint32(index[5:]) != 50 {
		t.Errorf("index % x", index)
	}
}

func TestAggregatesOfH264AreRead(t *testing.T) {
	frame := film(t, H264)[0]
	aggregate := []byte{0x78}
	var rest [][]byte
	for nal, left := annexb.Next(frame); len(nal) > 0; nal, left = annexb.Next(left) {
		if kind := annexb.Type(nal); kind == annexb.TypeSPS || kind == annexb.TypePPS {
			aggregate = append(binary.BigEndian.AppendUint16(aggregate, uint16(len(nal))), nal...)
		} else if kind == annexb.TypeIDR {
			rest = append(rest, nal)
		}
	}
	assembler := NewAssembler(H264)
	assembler.Push(1, 0, false, aggregate)
	assembler.Push(2, 0, true, []byte{}) // probes the path
	assembler.Push(3, 0, true, rest[0][:min(len(rest[0]), maxPayload)])
	if frame, ok := assembler.Next(); !ok || !frame.Keyframe || frame.Width != 320 {
		t.Errorf("%+v, %+v", frame.Info, assembler.Stats())
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	for codec, payloads := range map[Codec][][]byte{
		VP8:  {{0x10}, {0x90, 0xF0, 0x80}, {0x00, 1, 2}},
		VP9:  {{0x88}, {0x8A, 1, 0xFF, 1}, {0x08}, {0xD8, 1, 1, 1, 1, 1, 1}},
		H264: {{0x7E, 1, 2}, {0x78, 0, 9, 1}, {0x78, 0}, {0x7C}, {0x7C, 0x05, 1}, {0x78, 0, 0}},
		AV1:  {{0x00}, {0x80, 1, 2}, {0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, {0x00, 9, 1}, {0x10, 0x80}},
	} {
		for _, payload := range payloads {
			assembler := NewAssembler(codec)
			assembler.aligned = true
			assembler.Push(1, 0, true, payload)
			assembler.aligned = true
			if frame, ok := assembler.Next(); ok {
				t.Errorf("%v: % x became % x", codec, payload, frame.Data)
			}
			if assembler.Stats().Malformed != 1 {
				t.Errorf("%v: % x: %+v", codec, payload, assembler.Stats())
			}
		}
		packetizer, err := NewPacketizer(codec, 1200)
		if err != nil {
			t.Fatal(err)
		}
		if err := packetizer.Packetize(nil, func([]byte, bool) {}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%v: %v", codec, err)
		}
	}
	if _, err := NewPacketizer(VP8, 50); err == nil {
		t.Error("a limit of 50 is accepted")
	}
	if _, err := NewPacketizer(9, 1200); !errors.Is(err, ErrUnknownCodec) {
		t.Error(err)
	}
	if _, err := CodecOfFourCC("XVID"); !errors.Is(err, ErrUnknownCodec) {
		t.Error(err)
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	forAll(t, func(t *testing.T, codec Codec) {
		sent := packets(t, codec, film(t, codec), 1200)
		assembler, sequence, frames := NewAssembler(codec), uint16(0), 0
		once := func() {
			for _, packet := range sent {
				assembler.Push(sequence, packet.Timestamp, packet.Marker, packet.Payload)
				sequence++
				for _, ok := assembler.Next(); ok; _, ok = assembler.Next() {
					frames++
				}
			}
		}
		once()
		once()
		if allocations := testing.AllocsPerRun(10, once); allocations > 0 {
			t.Errorf("%v allocations in %d packets", allocations, len(sent))
		}
		if frames != 13*filmFrames {
			t.Errorf("%d frames", frames)
		}
	})
}
