package video

import (
	"bytes"
	"testing"
)

// FuzzAssembler pushes any payloads, in any order: no panic, and what comes out is bounded and begins with a keyframe.
func FuzzAssembler(f *testing.F) {
	f.Add(byte(VP8), []byte{4, 1, 0x90, 0x80, 0x81, 0x10, 14, 0, 0x10, 0x10, 0, 0, 0x9D, 1, 0x2A, 0x40, 1, 0xB4, 0, 1, 2, 3})
	f.Add(byte(VP9), []byte{12, 1, 0x88, 0x80, 1, 0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xF0, 0xB3, 0xF0})
	f.Add(byte(H264), []byte{11, 0, 0x78, 0, 8, 0x67, 66, 0xC0, 30, 0xDA, 1, 0x40, 0x16, 4, 1, 0x7C, 0xC5, 0x88, 1})
	f.Add(byte(AV1), []byte{14, 1, 0x18, 11, 0x0A, 0x0B, 0, 0, 0, 0x24, 0xCF, 0x7F, 0xB3, 0x6F, 0x30, 2})
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		codec := Codec(kind % 4)
		assembler := NewAssembler(codec)
		sequence, timestamp, begun, total := uint16(65530), uint32(0), false, len(data)
		for len(data) >= 2 {
			size, flags := int(data[0]), data[1]
			data = data[2:]
			size = min(size, len(data))
			sequence += uint16(int8(flags) >> 3)
			timestamp += uint32(flags&2) * 1500
			assembler.Push(sequence, timestamp, flags&1 == 1, data[:size])
			sequence++
			data = data[size:]
			for frame, ok := assembler.Next(); ok; frame, ok = assembler.Next() {
				if !begun && !frame.Keyframe || len(frame.Data) > 8*total+100 {
					t.Fatalf("a frame of %d bytes, %+v", len(frame.Data), frame.Info)
				}
				begun = true
			}
		}
	})
}

// FuzzPacketizer holds packetizer and assembler against each other: what one sends as a keyframe the other gives.
func FuzzPacketizer(f *testing.F) {
	f.Add(byte(VP8), uint16(100), []byte{0x10, 0, 0, 0x9D, 1, 0x2A, 0x40, 1, 0xB4, 0, 1, 2, 3})
	f.Add(byte(VP9), uint16(100), []byte{0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xF0, 0xB3, 0xF0, 0})
	f.Add(byte(H264), uint16(120), append([]byte{0, 0, 0, 1, 0x67, 66, 0xC0, 30, 0xDA, 1, 0x40, 0x16, 0xE8, 0, 0, 1, 0x65, 0x88}, bytes.Repeat([]byte{7}, 300)...))
	f.Add(byte(AV1), uint16(100), []byte{0x12, 0, 0x0A, 0x0B, 0, 0, 0, 0x24, 0xCF, 0x7F, 0xB3, 0x6F, 0x30, 2, 1, 0x32, 3, 0x10, 1, 2})
	f.Fuzz(func(t *testing.T, kind byte, limit uint16, frame []byte) {
		codec := Codec(kind % 4)
		packetizer, err := NewPacketizer(codec, MinPayload+int(limit)%8000)
		if err != nil {
			t.Fatal(err)
		}
		assembler, sequence := NewAssembler(codec), uint16(0)
		err = packetizer.Packetize(frame, func(payload []byte, last bool) {
			assembler.aligned = sequence == 0
			assembler.Push(sequence, 0, last, payload)
			sequence++
		})
		assembler.aligned = true
		got, ok := assembler.Next()
		info, inspectErr := codec.Inspect(frame)
		if err != nil || inspectErr != nil || !info.Keyframe {
			return
		}
		if !ok || !got.Keyframe || got.Width != info.Width || got.Height != info.Height {
			t.Fatalf("%v: %+v became %+v (%v), %+v", codec, info, got.Info, ok, assembler.Stats())
		}
	})
}

func BenchmarkPacketizer(b *testing.B) {
	frames := film(b, VP8)
	packetizer, err := NewPacketizer(VP8, 1200)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if err := packetizer.Packetize(frames[i%len(frames)], func([]byte, bool) {}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAssembler(b *testing.B) {
	for _, codec := range []Codec{VP8, VP9, H264, AV1} {
		b.Run(codec.String(), func(b *testing.B) {
			sent := packets(b, codec, film(b, codec), 1200)
			assembler := NewAssembler(codec)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				packet := &sent[i%len(sent)]
				assembler.Push(uint16(i), packet.Timestamp, packet.Marker, packet.Payload)
				for _, ok := assembler.Next(); ok; _, ok = assembler.Next() {
				}
			}
		})
	}
}
