package jitter

import (
	"testing"
	"time"

	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
)

// TestARestingVoiceIsSilentAndKeepsItsTime compares a voice that rests for a while with one that does not.
func TestARestingVoiceIsSilentAndKeepsItsTime(t *testing.T) {
	voice := mediatest.Voice(opus.Rate, 4*opus.Rate)
	packets := encode(t, voice, opus.EncoderConfig{SampleRate: opus.Rate, Channels: 1, Bitrate: 32000})
	listen := func(rests func(frame int) bool) (heard []int16, kinds []Kind, stats Stats) {
		buffer := newBuffer(t, Config{MinDelay: startTarget * time.Second / opus.Rate}) // so that the delay stays as it begins
		now := time.Unix(1, 0)
		pcm := make([]int16, FrameSamples)
		for i, packet := range packets {
			buffer.Push(uint16(i), uint32(i*FrameSamples), packet, now)
			buffer.Rest(rests(i))
			kinds = append(kinds, buffer.Pull(now, pcm))
			heard = append(heard, pcm...)
			now = now.Add(20 * time.Millisecond)
		}
		return heard, kinds, buffer.Stats(now)
	}
	whole, _, _ := listen(func(int) bool { return false })
	const from, to = 50, 120
	heard, kinds, stats := listen(func(frame int) bool { return frame >= from && frame < to })
	for frame := from + 2; frame < to; frame++ {
		if kinds[frame] != Silent || mediatest.Power(heard[frame*FrameSamples:(frame+1)*FrameSamples]) != 0 {
			t.Fatalf("frame %d is heard", frame)
		}
	}
	if stats.Lost+stats.Concealed+stats.Inserted+stats.Removed+stats.Late+stats.Skipped > 0 {
		t.Errorf("%+v", stats)
	}
	after := (to + 3) * FrameSamples
	if correlation := mediatest.Correlation(whole[after:after+opus.Rate/2], heard[after:after+opus.Rate/2]); correlation < 0.98 {
		t.Errorf("once it is heard again, its correlation is %.3f", correlation)
	}
	if before := from * FrameSamples; mediatest.Correlation(whole[:before], heard[:before]) < 0.9999 {
		t.Error("what came before the rest was changed")
	}
}

func TestLossWhileAVoiceRestsIsNotConcealed(t *testing.T) {
	packets := encode(t, mediatest.Voice(opus.Rate, 2*opus.Rate), opus.EncoderConfig{SampleRate: opus.Rate, Channels: 1, Bitrate: 32000})
	buffer := newBuffer(t, Config{})
	now := time.Unix(1, 0)
	pcm := make([]int16, FrameSamples)
	for i, packet := range packets {
		if i < 30 || i%3 != 0 {
			buffer.Push(uint16(i), uint32(i*FrameSamples), packet, now)
		}
		buffer.Rest(i >= 20)
		if kind := buffer.Pull(now, pcm); i >= 25 && kind != Silent {
			t.Fatalf("frame %d is of kind %d", i, kind)
		}
		now = now.Add(20 * time.Millisecond)
	}
	stats := buffer.Stats(now)
	if stats.Concealed != 0 || stats.Recovered != 0 {
		t.Errorf("%+v", stats)
	}
	if stats.Lost == 0 {
		t.Error("nothing was lost")
	}
}

// BenchmarkRest is what a packet costs that nobody hears.
func BenchmarkRest(b *testing.B) {
	packets := encode(b, mediatest.Voice(opus.Rate, opus.Rate), opus.EncoderConfig{SampleRate: opus.Rate, Channels: 1, Bitrate: 32000})
	buffer := newBuffer(b, Config{})
	now := time.Unix(1, 0)
	pcm := make([]int16, FrameSamples)
	buffer.Rest(true)
	b.ReportAllocs()
	for i := range b.N {
		buffer.Push(uint16(i), uint32(i*FrameSamples), packets[i%len(packets)], now)
		buffer.Pull(now, pcm)
		now = now.Add(20 * time.Millisecond)
	}
}
