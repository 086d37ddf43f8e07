package ogg

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
)

// read collects all packets.
func read(r io.Reader) (packets [][]byte, samples int, err error) {
	reader := NewReader(r)
	for {
		packet, n, err := reader.Next()
		if err == io.EOF {
			return packets, samples, nil
		}
		if err != nil {
			return packets, samples, err
		}
		packets, samples = append(packets, bytes.Clone(packet)), samples+n
	}
}

// encoded is a second and a half of speech as opusenc writes it: many packets a page.
func encoded(t *testing.T, arguments ...string) []byte {
	t.Helper()
	pcm := mediatest.Bytes(mediatest.Voice(48000, 72000))
	arguments = append([]string{"--quiet", "--raw", "--raw-chan", "1", "--raw-rate", "48000"}, append(arguments, "-", "-")...)
	return mediatest.Run(t, pcm, "opusenc", arguments...)
}

func TestReaderReadsWhatOpusencWrites(t *testing.T) {
	for name, arguments := range map[string][]string{
		"20 ms":                 nil,
		"a packet of 60 ms":     {"--framesize", "60"},
		"a page for each":       {"--max-delay", "0"},
		"5 ms":                  {"--framesize", "5"},
		"packets over 255 byte": {"--hard-cbr", "--bitrate", "256"},
		"packets over pages":    {"--hard-cbr", "--bitrate", "510", "--framesize", "60", "--max-delay", "1000"},
		"long comments":         {"--comment", "x=" + string(bytes.Repeat([]byte("y"), 100_000))},
	} {
		t.Run(name, func(t *testing.T) {
			file := encoded(t, arguments...)
			packets, samples, err := read(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if samples < 72000 || samples > 72000+2*opus.MaxPacketSamples {
				t.Errorf("%d samples of 72000", samples)
			}
			// Bytes that come one by one are the same stream.
			slowly, _, err := read(iotest.OneByteReader(bytes.NewReader(file)))
			if err != nil || len(slowly) != len(packets) {
				t.Errorf("%d packets byte by byte, %d at once: %v", len(slowly), len(packets), err)
			}
			// What we write again, others decode to the same length.
			again := rewrite(t, packets)
			decoded := mediatest.Samples(mediatest.Run(t, again, "opusdec", "--quiet", "--rate", "48000", "-", "-"))
			if got := len(decoded); got < 72000 || got > samples {
				t.Errorf("opusdec makes %d samples of %d", got, samples)
			}
		})
	}
}

func rewrite(t *testing.T, packets [][]byte) []byte {
	t.Helper()
	writer := NewWriter(1)
	file := writer.AppendHeaders(nil, 1)
	for _, packet := range packets {
		parsed, err := opus.ParsePacket(packet)
		if err != nil {
			t.Fatal(err)
		}
		file = writer.AppendPacket(file, packet, parsed.Samples())
	}
	return writer.AppendEnd(file)
}

func TestReaderReadsWhatWriterWrites(t *testing.T) {
	var packets [][]byte
	for _, size := range []int{1, 2, 254, 255, 256, 509, 510, 511, 1200, 1275} {
		packets = append(packets, append([]byte{0xf8}, make([]byte, size-1)...)) // CELT, 20 ms
	}
	got, samples, err := read(bytes.NewReader(rewrite(t, packets)))
	if err != nil || samples != 960*len(packets) || len(got) != len(packets) {
		t.Fatalf("%d packets of %d, %d samples: %v", len(got), len(packets), samples, err)
	}
	for i := range packets {
		if !bytes.Equal(got[i], packets[i]) {
			t.Errorf("packet %d differs", i)
		}
	}
}

func TestReaderTakesChainedAndMultiplexedStreams(t *testing.T) {
	first, second := rewrite(t, [][]byte{{0xf8, 1}, {0xf8, 2}}), rewrite(t, [][]byte{{0xf8, 3}})
	other := pageOf(flagFirst, 7, []byte("\x80theora"))
	data := pageOf(0, 7, []byte("picture"))
	headLength := len(NewWriter(1).appendPage(nil, make([]byte, 19), 0))

	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"chained":              {bytes.Join([][]byte{first, second}, nil), "\x01\x02\x03"},
		"another codec first":  {bytes.Join([][]byte{other, first[:headLength], data, first[headLength:]}, nil), "\x01\x02"},
		"another codec second": {bytes.Join([][]byte{first[:headLength], other, first[headLength:], data}, nil), "\x01\x02"},
	} {
		t.Run(name, func(t *testing.T) {
			packets, _, err := read(bytes.NewReader(test.file))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, packet := range packets {
				got += string(packet[1:])
			}
			if got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func pageOf(flags byte, serial uint32, packet []byte) []byte {
	return NewWriter(serial).appendPage(nil, packet, flags)
}

func TestReaderRefuses(t *testing.T) {
	sound := rewrite(t, [][]byte{{0xf8, 1}, {0xf8, 2}})
	flipped := bytes.Clone(sound)
	flipped[len(flipped)/2] ^= 1
	surround := pageOf(flagFirst, 1, []byte("OpusHead\x01\x06\x38\x01\x80\xbb\x00\x00\x00\x00\x01\x04\x02\x00\x04\x01\x02\x03\x05"))
	head := sound[:len(NewWriter(1).appendPage(nil, make([]byte, 19), 0))]
	endless := bytes.Clone(head)
	for range 20 { // 64 KiB each that never end their packet
		page := bytes.Repeat([]byte{255}, 255)
		endless = append(endless, rawPage(page, make([]byte, 255*255))...)
	}

	for name, test := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                   {nil, ErrMalformed},
		"garbage":                   {[]byte("this is no Ogg, whatever else it may be, and it is long"), ErrMalformed},
		"garbage behind":            {append(bytes.Clone(sound), []byte("and then something else that is no page")...), ErrMalformed},
		"a flipped bit":             {flipped, ErrMalformed},
		"the end inside a head":     {sound[:10], ErrMalformed},
		"the end inside a page":     {sound[:len(sound)-40], ErrMalformed},
		"headers only":              {head, ErrMalformed},
		"a packet without an end":   {endless, ErrMalformed},
		"an empty frame count":      {rewriteRaw([]byte{0xfb, 0}), ErrMalformed},
		"another codec":             {pageOf(flagFirst, 1, []byte("\x01vorbis")), ErrUnsupported},
		"another codec with data":   {append(pageOf(flagFirst, 1, []byte("\x01vorbis")), pageOf(0, 1, []byte("x"))...), ErrUnsupported},
		"six channels":              {append(surround, pageOf(0, 1, []byte("OpusTags"))...), ErrUnsupported},
		"tags that are none":        {append(bytes.Clone(head), pageOf(0, 1, []byte("OpusBags"))...), ErrMalformed},
		"a head that is cut":        {pageOf(flagFirst, 1, []byte("OpusHead\x01")), ErrMalformed},
		"a version from the future": {pageOf(flagFirst, 1, []byte("OpusHead\x11\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00")), ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := read(bytes.NewReader(test.file)); !errors.Is(err, test.want) {
				t.Errorf("%v instead of %v", err, test.want)
			}
		})
	}
}

// rewriteRaw is a stream whose one packet is not checked.
func rewriteRaw(packet []byte) []byte {
	writer := NewWriter(1)
	return writer.AppendPacket(writer.AppendHeaders(nil, 1), packet, 0)
}

// rawPage is a page with a lacing of its own.
func rawPage(lacing, body []byte) []byte {
	page := append([]byte(capturePattern), 0, flagContinued)
	page = append(page, make([]byte, 8)...)
	page = append(page, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(lacing)))
	page = append(append(page, lacing...), body...)
	sum := checksum(0, page)
	page[22], page[23], page[24], page[25] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	return page
}

func TestReaderSkipsAFragmentWhoseOtherHalfIsMissing(t *testing.T) {
	sound := rewrite(t, [][]byte{{0xf8, 1}})
	end := len(sound) - len(NewWriter(1).AppendEnd(nil))
	fragment := rawPage([]byte{3, 2}, []byte{9, 9, 9, 0xf8, 2}) // the rest of a lost packet, and a whole one
	packets, _, err := read(bytes.NewReader(bytes.Join([][]byte{sound[:end], fragment, sound[end:]}, nil)))
	if err != nil || len(packets) != 2 || packets[1][1] != 2 {
		t.Errorf("%v, %v", packets, err)
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	sound := rewrite(t, [][]byte{{0xf8, 1}})
	_, _, err := read(io.MultiReader(bytes.NewReader(sound[:60]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestConcealmentLastsAsLongAsWhatIsMissing(t *testing.T) {
	for _, toc := range []byte{0x08, 0x18, 0x60, 0x78, 0x80, 0xe0, 0xf8, 0xfc} {
		like, err := opus.ParsePacket([]byte{toc, 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		const missing = 24_960 // 520 ms
		packets, lengths := Concealment(toc, like, missing)
		total := 0
		for i, packet := range packets {
			parsed, err := opus.ParsePacket(packet)
			if err != nil || parsed.Samples() != lengths[i] || !parsed.Empty || parsed.Stereo != like.Stereo {
				t.Errorf("%x: %+v, %v", packet, parsed, err)
			}
			total += lengths[i]
		}
		if total > missing || missing-total >= like.FrameSamples {
			t.Errorf("%#x: %d samples for %d", toc, total, missing)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(rewriteRaw([]byte{0xf8, 1, 2}))
	f.Add([]byte("OggS"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, _ = read(bytes.NewReader(data))
	})
}
