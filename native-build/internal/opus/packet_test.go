package opus

import (
	"errors"
	"math/rand"
	"testing"
)

// FuzzParsePacket holds the reader against libopus: a packet is valid, and as long, for both or for neither.
func FuzzParsePacket(f *testing.F) {
	for _, seed := range packetSeeds() {
		f.Add(seed)
	}
	decoder, err := NewDecoder(Rate, 2)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(decoder.Close)
	pcm := make([]int16, 2*MaxPacketSamples)

	f.Fuzz(func(t *testing.T, data []byte) {
		packet, err := ParsePacket(data)
		samples, decodeErr := decoder.Decode(data, pcm)
		if (err == nil) != (decodeErr == nil) {
			t.Fatalf("ParsePacket: %v, libopus: %v", err, decodeErr)
		}
		if err != nil {
			if !errors.Is(err, ErrInvalidPacket) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if packet.Samples() != samples {
			t.Fatalf("%d samples, libopus %d", packet.Samples(), samples)
		}
	})
}

func packetSeeds() [][]byte {
	seeds := [][]byte{nil, {0x78}, {0xF8, 1, 2}, {0xF9, 1, 2, 3, 4}, {0xFA, 1, 9, 9}, {0xFA, 252, 1}, {0xFB}, {0xFB, 0},
		{0xFB, 0x83, 1, 0, 7}, {0xFB, 0x43, 255, 255, 3}, {0xFB, 0x42, 1, 5, 5, 0}, {0x1B, 0x03, 1, 2, 3}, {0x1B, 0x02}}
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 400; i++ {
		seed := make([]byte, 1+random.Intn(80))
		random.Read(seed)
		seeds = append(seeds, seed)
	}
	return seeds
}

func TestParsePacketReadsEveryConfiguration(t *testing.T) {
	for config, want := range map[byte]struct {
		mode    Mode
		samples int
	}{0: {SILK, 480}, 1: {SILK, 960}, 3: {SILK, 2880}, 11: {SILK, 2880}, 12: {Hybrid, 480}, 15: {Hybrid, 960}, 16: {CELT, 120},
		29: {CELT, 240}, 31: {CELT, 960}} {
		packet, err := ParsePacket([]byte{config<<3 | 4, 0})
		if err != nil || packet.Mode != want.mode || packet.Samples() != want.samples || !packet.Stereo {
			t.Errorf("configuration %d: %+v, %v", config, packet, err)
		}
	}
}

func TestParsePacketMarksPacketsWithoutData(t *testing.T) {
	for _, data := range [][]byte{{0x78}, {0x79}, {0x7A, 0}, {0x7B, 2}, {0x7B, 0x82, 0}} {
		if packet, err := ParsePacket(data); err != nil || !packet.Empty {
			t.Errorf("% x: %+v, %v", data, packet, err)
		}
	}
	if packet, err := ParsePacket([]byte{0x78, 1}); err != nil || packet.Empty {
		t.Errorf("a packet with data: %+v, %v", packet, err)
	}
}

func BenchmarkParsePacket(b *testing.B) {
	data := make([]byte, 120)
	data[0] = 0x78
	b.ReportAllocs()
	for range b.N {
		if _, err := ParsePacket(data); err != nil {
			b.Fatal(err)
		}
	}
}
