package opus

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"streamgateway/native/internal/mediatest"
)

func newEncoder(t testing.TB, config EncoderConfig) *Encoder {
	t.Helper()
	encoder, err := NewEncoder(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(encoder.Close)
	return encoder
}

func newDecoder(t testing.TB, rate, channels int) *Decoder {
	t.Helper()
	decoder, err := NewDecoder(rate, channels)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(decoder.Close)
	return decoder
}

// encode makes packets of 20 ms.
func encode(t testing.TB, encoder *Encoder, rate, channels int, pcm []int16) [][]byte {
	t.Helper()
	var packets [][]byte
	for frame := rate / 50 * channels; len(pcm) >= frame; pcm = pcm[frame:] {
		packet := make([]byte, MaxFrameBytes)
		size, err := encoder.Encode(pcm[:frame], packet)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet[:size])
	}
	return packets
}

func TestDecodedSpeechIsTheEncoded(t *testing.T) {
	for _, test := range []struct{ rate, bitrate int }{{48000, 96000}, {24000, 48000}, {16000, 32000}} {
		t.Run(fmt.Sprint(test.rate), func(t *testing.T) {
			voice := mediatest.Voice(test.rate, 3*test.rate)
			encoder := newEncoder(t, EncoderConfig{SampleRate: test.rate, Channels: 1, Bitrate: test.bitrate})
			decoder := newDecoder(t, test.rate, 1)
			var got []int16
			pcm := make([]int16, MaxPacketSamples)
			for _, packet := range encode(t, encoder, test.rate, 1, voice) {
				samples, err := decoder.Decode(packet, pcm)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, pcm[:samples]...)
			}
			if len(got) != len(voice) {
				t.Fatalf("%d samples became %d", len(voice), len(got))
			}
			lookahead := encoder.Lookahead()
			if correlation := mediatest.Correlation(voice, got[lookahead:]); correlation < 0.9 {
				t.Errorf("correlation %.3f", correlation)
			}
		})
	}
}

func TestIndependentToolsReadOurPackets(t *testing.T) {
	const channels = 2
	voice := mediatest.Voice(Rate, 2*Rate)
	stereo := make([]int16, 0, 2*len(voice))
	for _, sample := range voice {
		stereo = append(stereo, sample, sample/2)
	}
	encoder := newEncoder(t, EncoderConfig{SampleRate: Rate, Channels: channels, Application: Audio, Bitrate: 64000})
	file := mediatest.OggOpus(channels, encoder.Lookahead(), encode(t, encoder, Rate, channels, stereo))
	decoded := mediatest.Samples(mediatest.Run(t, file, "ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ar", "48000", "-ac", "2", "-"))
	left := make([]int16, 0, len(decoded)/2)
	for i := 0; i+1 < len(decoded); i += 2 {
		left = append(left, decoded[i])
	}
	if _, correlation := mediatest.Align(voice[:Rate], left, 10); correlation < 0.95 {
		t.Errorf("ffmpeg: correlation %.3f", correlation)
	}
	path := t.TempDir() + "/voice.opus"
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if info := string(mediatest.Run(t, nil, "opusinfo", path)); !strings.Contains(info, "Playback length: 0m:") {
		t.Errorf("opusinfo: %s", info)
	}
	if wav := mediatest.Run(t, nil, "opusdec", "--quiet", "--force-wav", path, "-"); len(wav) < 4*Rate {
		t.Errorf("opusdec: %d bytes", len(wav))
	}
}

func TestFECRecoversALostPacketBetterThanConcealment(t *testing.T) {
	voice := mediatest.Voice(16000, 4*16000)
	encoder := newEncoder(t, EncoderConfig{SampleRate: 16000, Channels: 1, Bitrate: 28000, FEC: true, PacketLoss: 25})
	packets := encode(t, encoder, 16000, 1, voice)

	decode := func(recover bool) (lost []int16) {
		decoder := newDecoder(t, 16000, 1)
		pcm := make([]int16, 320)
		for i, packet := range packets {
			if i%5 != 4 || i+1 == len(packets) {
				if _, err := decoder.Decode(packet, pcm); err != nil {
					t.Fatal(err)
				}
				continue
			}
			var err error
			if recover {
				_, err = decoder.DecodeFEC(packets[i+1], pcm)
			} else {
				_, err = decoder.Conceal(pcm)
			}
			if err != nil {
				t.Fatal(err)
			}
			lost = append(lost, pcm...)
		}
		return lost
	}

	var original []int16
	withFEC, delay := 0, encoder.Lookahead()
	for i, packet := range packets {
		if i%5 == 4 && i+1 < len(packets) {
			original = append(original, voice[i*320-delay:(i+1)*320-delay]...)
		}
		if parsed, err := ParsePacket(packet); err != nil {
			t.Fatal(err)
		} else if parsed.FEC {
			withFEC++
		}
	}
	if withFEC < len(packets)/2 {
		t.Fatalf("%d of %d packets have FEC", withFEC, len(packets))
	}
	recovered, concealed := mediatest.Correlation(original, decode(true)), mediatest.Correlation(original, decode(false))
	t.Logf("correlation of the lost parts: %.3f with FEC, %.3f concealed", recovered, concealed)
	if recovered < 0.85 || recovered < concealed+0.1 {
		t.Errorf("FEC is no better: %.3f, concealed %.3f", recovered, concealed)
	}
}

func TestDTXSendsHardlyAnythingInSilence(t *testing.T) {
	encoder := newEncoder(t, EncoderConfig{SampleRate: 16000, Channels: 1, DTX: true})
	sent := 0
	for _, packet := range encode(t, encoder, 16000, 1, make([]int16, 3*16000))[50:] {
		if len(packet) > 2 {
			sent++
		}
	}
	if sent > 10 {
		t.Errorf("%d of 100 packets of silence were sent", sent)
	}
}

func TestArgumentsOutOfRangeAreNamed(t *testing.T) {
	for _, config := range []EncoderConfig{{SampleRate: 44100, Channels: 1}, {SampleRate: 48000, Channels: 3}, {SampleRate: 48000},
		{SampleRate: 48000, Channels: 1, Bitrate: 1}, {SampleRate: 48000, Channels: 1, PacketLoss: 101},
		{SampleRate: 48000, Channels: 1, Complexity: 11}, {SampleRate: 48000, Channels: 1, Application: 7}} {
		if _, err := NewEncoder(config); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%+v: %v", config, err)
		}
	}
	if _, err := NewDecoder(11025, 1); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}

	encoder := newEncoder(t, EncoderConfig{SampleRate: Rate, Channels: 2})
	packet := make([]byte, 100)
	for _, length := range []int{0, 1, 961, 1000} {
		if _, err := encoder.Encode(make([]int16, length), packet); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%d samples: %v", length, err)
		}
	}
	if _, err := encoder.Encode(make([]int16, 1920), nil); !errors.Is(err, ErrShortBuffer) {
		t.Error(err)
	}

	decoder := newDecoder(t, Rate, 2)
	if _, err := decoder.Decode([]byte{0x78, 1}, make([]int16, 100)); !errors.Is(err, ErrShortBuffer) {
		t.Error(err)
	}
	for _, length := range []int{0, 1, 239, 241, 2*MaxPacketSamples + 240} {
		if _, err := decoder.Conceal(make([]int16, length)); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%d samples: %v", length, err)
		}
		if _, err := decoder.DecodeFEC([]byte{0x78, 1}, make([]int16, length)); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%d samples: %v", length, err)
		}
	}
}

func TestClosedCodecsRefuse(t *testing.T) {
	before := Alive()
	encoder, err := NewEncoder(EncoderConfig{SampleRate: Rate, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := NewDecoder(Rate, 1)
	if err != nil {
		t.Fatal(err)
	}
	if Alive() != before+2 {
		t.Errorf("%d alive, %d before", Alive(), before)
	}
	for range 2 {
		encoder.Close()
		decoder.Close()
	}
	if Alive() != before {
		t.Errorf("%d alive, %d before", Alive(), before)
	}
	pcm := make([]int16, 960)
	_, encodeErr := encoder.Encode(pcm, make([]byte, 100))
	_, decodeErr := decoder.Decode([]byte{0x78, 1}, pcm)
	_, concealErr := decoder.Conceal(pcm)
	for _, err := range []error{encodeErr, decodeErr, concealErr, encoder.Reset(), decoder.Reset(), encoder.SetBitrate(16000)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

func TestCodecsAllocateNothing(t *testing.T) {
	encoder := newEncoder(t, EncoderConfig{SampleRate: Rate, Channels: 1})
	decoder := newDecoder(t, Rate, 1)
	pcm, packet := mediatest.Voice(Rate, 960), make([]byte, MaxFrameBytes)
	allocations := testing.AllocsPerRun(100, func() {
		size, _ := encoder.Encode(pcm, packet)
		decoder.Decode(packet[:size], pcm)
		decoder.Conceal(pcm)
		decoder.DecodeFEC(packet[:size], pcm)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, complexity := range []int{1, 5, 10} {
		b.Run(fmt.Sprintf("complexity=%d", complexity), func(b *testing.B) {
			encoder := newEncoder(b, EncoderConfig{SampleRate: Rate, Channels: 1, Bitrate: 32000, Complexity: complexity})
			voice, packet := mediatest.Voice(Rate, Rate), make([]byte, MaxFrameBytes)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				at := i % 50 * 960
				if _, err := encoder.Encode(voice[at:at+960], packet); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, channels := range []int{1, 2} {
		b.Run(fmt.Sprintf("channels=%d", channels), func(b *testing.B) {
			encoder := newEncoder(b, EncoderConfig{SampleRate: Rate, Channels: 1, Bitrate: 32000})
			packets := encode(b, encoder, Rate, 1, mediatest.Voice(Rate, Rate))
			decoder, pcm := newDecoder(b, Rate, channels), make([]int16, 2*MaxPacketSamples)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if _, err := decoder.Decode(packets[i%len(packets)], pcm); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
