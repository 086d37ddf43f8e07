package red

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

func TestDecodeReadsTheExampleOfTheRFC(t *testing.T) {
	// RFC 2198, section 5: DVI4 (5) as primary, LPC (7) of 14 bytes as redundancy, 160 ticks older; shortened to 3 and 4 bytes.
	payload := []byte{0x80 | 7, 160 >> 6, 160 << 2 & 0xFF, 3, 5, 'l', 'p', 'c', 'd', 'v', 'i', '4'}
	blocks, err := Decode(nil, payload)
	if err != nil || len(blocks) != 2 {
		t.Fatal(blocks, err)
	}
	if blocks[0].PayloadType != 7 || blocks[0].Offset != 160 || string(blocks[0].Data) != "lpc" || blocks[1].PayloadType != 5 ||
		blocks[1].Offset != 0 || string(blocks[1].Data) != "dvi4" {
		t.Errorf("%+v", blocks)
	}
}

func TestWhatIsRepeatedIsWhatWasSent(t *testing.T) {
	for distance := 1; distance <= MaxDistance; distance++ {
		encoder, err := NewEncoder(111, distance, 1200)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			blocks, err := Decode(nil, encoder.Encode(nil, uint32(i*960), []byte(fmt.Sprint("packet ", i))))
			if err != nil || len(blocks) != min(i, distance)+1 {
				t.Fatalf("distance %d, packet %d: %+v, %v", distance, i, blocks, err)
			}
			for back := range blocks {
				block := blocks[len(blocks)-1-back]
				if string(block.Data) != fmt.Sprint("packet ", i-back) || block.Offset != uint32(960*back) || block.PayloadType != 111 {
					t.Errorf("distance %d, packet %d: %+v", distance, i, block)
				}
			}
		}
	}
}

func TestWhatDoesNotFitIsNotRepeated(t *testing.T) {
	encoder, err := NewEncoder(111, 2, 1200)
	if err != nil {
		t.Fatal(err)
	}
	count := func(timestamp uint32, size int) int {
		payload := encoder.Encode(nil, timestamp, make([]byte, size))
		blocks, err := Decode(nil, payload)
		if err != nil {
			t.Fatal(err)
		}
		if size < 1100 && len(payload) > 1200 {
			t.Errorf("%d bytes", len(payload))
		}
		return len(blocks)
	}
	for i, test := range []struct {
		timestamp    uint32
		size, blocks int
	}{{0, 500, 1}, {960, 500, 2}, {1920, 500, 2}, {2880, 100, 3}, {2880 + maxOffset + 1, 100, 1}, {20000, 1024, 2}, {20960, 10, 1}, {21920, 10, 2}} {
		if got := count(test.timestamp, test.size); got != test.blocks {
			t.Errorf("packet %d: %d blocks, want %d", i, got, test.blocks)
		}
	}
	encoder.Reset()
	if got := count(22880, 10); got != 1 {
		t.Errorf("%d blocks after a reset", got)
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	for _, payload := range [][]byte{nil, {0x80}, {0x80, 0, 0}, {0x80, 0, 0, 9}, {0x80, 0, 0, 9, 1, 2}, bytes.Repeat([]byte{0x80, 0, 0, 0}, 20)} {
		if blocks, err := Decode(nil, payload); !errors.Is(err, ErrMalformed) || len(blocks) != 0 {
			t.Errorf("% x: %v, %v", payload, blocks, err)
		}
	}
	for _, bad := range [][3]int{{128, 1, 1200}, {1, 0, 1200}, {1, 5, 1200}, {1, 1, 50}} {
		if _, err := NewEncoder(byte(bad[0]), bad[1], bad[2]); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	encoder, err := NewEncoder(111, 2, 1200)
	if err != nil {
		t.Fatal(err)
	}
	out, blocks, timestamp, payload := make([]byte, 0, 1500), make([]Block, 0, MaxBlocks), uint32(0), make([]byte, 100)
	once := func() {
		timestamp += 960
		out = encoder.Encode(out[:0], timestamp, payload)
		blocks, _ = Decode(blocks[:0], out)
	}
	for range 5 {
		once()
	}
	if allocations := testing.AllocsPerRun(100, once); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x80 | 111, 15, 0, 3, 111, 1, 2, 3, 4})
	f.Add([]byte{111})
	f.Fuzz(func(t *testing.T, payload []byte) {
		blocks, err := Decode(nil, payload)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		total := 1 + 4*(len(blocks)-1)
		for _, block := range blocks {
			total += len(block.Data)
		}
		if total != len(payload) || len(blocks) > MaxBlocks || blocks[len(blocks)-1].Offset != 0 {
			t.Fatalf("% x: %+v", payload, blocks)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	encoder, err := NewEncoder(111, 2, 1200)
	if err != nil {
		b.Fatal(err)
	}
	out, payload := make([]byte, 0, 1500), make([]byte, 100)
	b.ReportAllocs()
	for i := range b.N {
		out = encoder.Encode(out[:0], uint32(i*960), payload)
	}
}
