package jitter

import (
	"fmt"
	"math"
	"math/rand"
	"sync"
	"testing"
	"time"

	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
)

// TestTenMinutesOfABadNetwork plays up to ten minutes of a voice without pauses through loss, jitter, reordering, duplicates
// and clocks that differ.
func TestTenMinutesOfABadNetwork(t *testing.T) {
	packets := encode(t, hum(4*opus.Rate), opus.EncoderConfig{Bitrate: 20000, FEC: true, PacketLoss: 20})
	withFEC := 0.0
	for _, data := range packets {
		if packet, err := opus.ParsePacket(data); err == nil && packet.FEC {
			withFEC += 1 / float64(len(packets))
		}
	}
	for drift, length := range map[float64]time.Duration{200e-6: 10 * time.Minute, -200e-6: 10 * time.Minute, 500e-6: 3 * time.Minute,
		-500e-6: 3 * time.Minute} {
		t.Run(fmt.Sprintf("%+.0fppm", drift*1e6), func(t *testing.T) {
			sender := stream{sequence: 65000, timestamp: math.MaxUint32 - 50000, random: rand.New(rand.NewSource(1))}
			arrivals := sender.send(start, repeat(packets, int(length/frameTime)), network{
				delay: 100 * time.Millisecond, jitter: 30 * time.Millisecond, loss: 0.05, double: 0.02, drift: drift})
			buffer := newBuffer(t, Config{})
			var silence gaps
			var worst time.Duration
			play(buffer, start, length-time.Second, arrivals, func(now time.Time, kind Kind, pcm []int16) {
				silence.add(pcm)
				if stats := buffer.Stats(now); now.Sub(start) > 10*time.Second {
					worst = max(worst, stats.Delay)
				}
			})
			stats := buffer.Stats(start.Add(length - time.Second))
			t.Logf("longest gap %d ms, greatest delay %v, %+v", silence.longest/millisecond, worst, stats)
			if gap := silence.longest / millisecond; gap > 120 {
				t.Errorf("a gap of %d ms", gap)
			}
			if worst > 150*time.Millisecond {
				t.Errorf("a delay of %v", worst)
			}
			if stats.Skipped > 0 || stats.Resets > 0 || stats.Malformed > 0 {
				t.Errorf("%+v", stats)
			}
			if share := float64(stats.Lost) / float64(stats.Received); share > 0.07 {
				t.Errorf("%.1f %% lost or late, the network lost 5 %%", share*100)
			}
			if share := float64(stats.Recovered) / float64(stats.Lost); share < 0.6*withFEC {
				t.Errorf("%.2f of the lost packets recovered, %.2f of all packets carry FEC", share, withFEC)
			}
			// What was put in or left out makes good the difference of the clocks, within a second.
			shift := float64(stats.Removed) - float64(stats.Inserted)
			if want := drift * length.Seconds() * opus.Rate; math.Abs(shift-want) > opus.Rate {
				t.Errorf("%.0f samples removed, want %.0f", shift, want)
			}
		})
	}
}

// TestLossLeavesTheVoiceAsItWas loses one packet in twenty, at random.
func TestLossLeavesTheVoiceAsItWas(t *testing.T) {
	voice := mediatest.Voice(opus.Rate, 20*opus.Rate)
	packets := encode(t, voice, opus.EncoderConfig{Bitrate: 40000, FEC: true, PacketLoss: 15})
	for _, loss := range []float64{0, 0.05} {
		sender := stream{random: rand.New(rand.NewSource(3))}
		arrivals := sender.send(start, packets, network{delay: 30 * time.Millisecond, jitter: 3 * time.Millisecond, loss: loss})
		buffer := newBuffer(t, Config{MinDelay: 60 * time.Millisecond})
		var got []int16
		play(buffer, start, 20*time.Second, arrivals, func(_ time.Time, _ Kind, pcm []int16) { got = append(got, pcm...) })
		shift, _ := mediatest.Align(voice[:opus.Rate/4], got, opus.Rate/5)
		correlation := mediatest.Correlation(voice, got[shift:])
		t.Logf("loss %.2f: correlation %.3f, delay %d ms, %+v", loss, correlation, shift/millisecond, buffer.Stats(start.Add(20*time.Second)))
		if correlation < 0.9 {
			t.Errorf("loss %.2f: correlation %.3f", loss, correlation)
		}
	}
}

func TestAGoodNetworkIsPlayedUnchangedAndSoon(t *testing.T) {
	voice := mediatest.Voice(opus.Rate, 5*opus.Rate)
	packets := encode(t, voice, opus.EncoderConfig{Bitrate: 64000})
	sender := stream{random: rand.New(rand.NewSource(1))}
	arrivals := sender.send(start, packets, network{delay: 10 * time.Millisecond, jitter: time.Millisecond})
	buffer := newBuffer(t, Config{})
	var got []int16
	var first time.Time
	play(buffer, start, 5*time.Second, arrivals, func(now time.Time, kind Kind, pcm []int16) {
		if kind == Decoded && first.IsZero() {
			first = now
		}
		if kind != Silent {
			got = append(got, pcm...)
		}
	})
	stats := buffer.Stats(start.Add(5 * time.Second))
	if stats.Concealed+stats.Lost+stats.Late+stats.Recovered > 0 {
		t.Errorf("%+v", stats)
	}
	if wait := first.Sub(start); wait > 120*time.Millisecond {
		t.Errorf("the first sample came after %v", wait)
	}
	if stats.Delay > 60*time.Millisecond {
		t.Errorf("delay %v, target %v", stats.Delay, stats.Target)
	}
	if shift, correlation := mediatest.Align(voice[:opus.Rate/2], got, 1500); correlation < 0.9 {
		t.Errorf("correlation %.3f at %d", correlation, shift)
	}
}

// TestNothingIsLostWhenTheFirstSecondComesAtOnce is what a server does that kept the first words for a listener.
func TestNothingIsLostWhenTheFirstSecondComesAtOnce(t *testing.T) {
	packets := encode(t, hum(6*opus.Rate), opus.EncoderConfig{})
	sender := stream{random: rand.New(rand.NewSource(1))}
	arrivals := sender.send(start, packets, network{})
	for i := range arrivals {
		if at := start.Add(time.Second); arrivals[i].at.Before(at) {
			arrivals[i].at = at
		}
	}
	buffer := newBuffer(t, Config{})
	played := 0
	play(buffer, start, 6*time.Second, arrivals, func(_ time.Time, kind Kind, _ []int16) {
		if kind == Decoded {
			played++
		}
	})
	stats := buffer.Stats(start.Add(6 * time.Second))
	t.Logf("%+v", stats)
	if stats.Skipped+stats.Late+stats.Lost > 0 {
		t.Errorf("%+v", stats)
	}
	if stats.Delay > 100*time.Millisecond {
		t.Errorf("still %v behind after 5 s", stats.Delay)
	}
}

func TestABacklogBeyondTheLimitIsSkipped(t *testing.T) {
	packets := encode(t, hum(4*opus.Rate), opus.EncoderConfig{})
	sender := stream{random: rand.New(rand.NewSource(1))}
	arrivals := sender.send(start, packets, network{})
	for i := range arrivals {
		arrivals[i].at = start.Add(4 * time.Second)
	}
	buffer := newBuffer(t, Config{})
	play(buffer, start, 5*time.Second, arrivals, nil)
	if stats := buffer.Stats(start.Add(5 * time.Second)); stats.Skipped < 150 {
		t.Errorf("%+v", stats)
	}
}

func TestSilenceOfTheSenderIsNoLoss(t *testing.T) {
	for _, announced := range []bool{false, true} {
		voice := encode(t, hum(opus.Rate), opus.EncoderConfig{})
		packets := append(append([][]byte(nil), voice...), make([][]byte, 100)...)
		packets = append(packets, voice...)
		silent, concealed := 85, 0
		if announced {
			packets[49] = []byte{0x78} // a packet without data, as DTX sends it; comfort noise follows
			silent, concealed = 40, 45
		}
		sender := stream{random: rand.New(rand.NewSource(1))}
		arrivals := sender.send(start, packets, network{delay: 20 * time.Millisecond, jitter: 10 * time.Millisecond})
		buffer := newBuffer(t, Config{})
		var kinds [3]int
		play(buffer, start, 4100*time.Millisecond, arrivals, func(_ time.Time, kind Kind, _ []int16) { kinds[kind]++ })
		stats := buffer.Stats(start.Add(4 * time.Second))
		if stats.Lost+stats.Late+stats.Resets > 0 || kinds[Silent] < silent || kinds[Concealed] < concealed || kinds[Decoded] < 97 {
			t.Errorf("frames %v, %+v", kinds, stats)
		}
	}
}

// TestANetworkThatStopsLosesNoWord holds back two thirds of a second of packets, which then come at once.
func TestANetworkThatStopsLosesNoWord(t *testing.T) {
	packets := encode(t, hum(5*opus.Rate), opus.EncoderConfig{})
	sender := stream{random: rand.New(rand.NewSource(1))}
	arrivals := sender.send(start, packets, network{delay: 20 * time.Millisecond})
	for i, stop := 0, start.Add(2*time.Second); i < len(arrivals); i++ {
		if at := arrivals[i].at; at.After(stop) && at.Before(stop.Add(660*time.Millisecond)) {
			arrivals[i].at = stop.Add(660 * time.Millisecond)
		}
	}
	buffer := newBuffer(t, Config{})
	play(buffer, start, 5*time.Second, arrivals, nil)
	stats := buffer.Stats(start.Add(5 * time.Second))
	if stats.Lost+stats.Skipped+stats.Late > 0 || stats.Resets > 0 {
		t.Errorf("%+v", stats)
	}
}

func TestANewTimeBaseIsFollowed(t *testing.T) {
	packets := encode(t, hum(opus.Rate), opus.EncoderConfig{})
	for name, jump := range map[string]stream{
		"both":       {sequence: 30000, timestamp: 3000000000},
		"timestamps": {sequence: 50, timestamp: 2000000000},
	} {
		random := rand.New(rand.NewSource(1))
		sender := stream{random: random}
		jump.random = random
		arrivals := append(sender.send(start, packets, network{}), jump.send(start.Add(time.Second), packets, network{})...)
		buffer := newBuffer(t, Config{})
		decoded := 0
		play(buffer, start, 2*time.Second, arrivals, func(now time.Time, kind Kind, _ []int16) {
			if kind == Decoded && now.Sub(start) > time.Second {
				decoded++
			}
		})
		if stats := buffer.Stats(start.Add(2 * time.Second)); stats.Resets != 1 || decoded < 43 {
			t.Errorf("%s: %d frames, %+v", name, decoded, stats)
		}
	}
}

func TestOneStrayPacketChangesNothing(t *testing.T) {
	packets := encode(t, hum(opus.Rate), opus.EncoderConfig{})
	sender := stream{random: rand.New(rand.NewSource(1))}
	arrivals := sender.send(start, packets, network{})
	buffer := newBuffer(t, Config{})
	for i, a := range arrivals {
		if i == 20 {
			buffer.Push(40000, 77, packets[0], a.at)
			buffer.Push(a.sequence, a.timestamp, nil, a.at)
			buffer.Push(a.sequence, a.timestamp, make([]byte, maxPayload+1), a.at)
			buffer.Push(a.sequence, a.timestamp, []byte{0xFF, 0}, a.at)
		}
		buffer.Push(a.sequence, a.timestamp, a.payload, a.at)
		buffer.Pull(a.at, make([]int16, FrameSamples))
	}
	if stats := buffer.Stats(start.Add(time.Second)); stats.Malformed != 4 || stats.Resets != 0 || stats.Lost != 0 || stats.Received != 50 {
		t.Errorf("%+v", stats)
	}
}

func TestStretchedTonesHaveNoClicks(t *testing.T) {
	for _, channels := range []int{1, 2} {
		var shortened, lengthened []int16
		var s stretcher
		tone := mediatest.Tone(opus.Rate, channels, 220, 0.5, 2*opus.Rate)
		for at := 0; at+1920*channels <= len(tone); at += 1920 * channels {
			shortened = append(shortened, s.shorten(append([]int16(nil), tone[at:at+1920*channels]...), channels, 0.85)...)
			lengthened = append(lengthened, s.lengthen(append([]int16(nil), tone[at:at+1920*channels]...), channels, 0.85)...)
		}
		if len(shortened) > len(tone)*95/100 || len(lengthened) < len(tone)*105/100 {
			t.Fatalf("%d samples became %d and %d", len(tone), len(shortened), len(lengthened))
		}
		steepest := 0.5 * 32767 * 2 * math.Pi * 220 / opus.Rate
		for _, samples := range [][]int16{shortened, lengthened} {
			for i := channels; i < len(samples); i++ {
				if step := math.Abs(float64(samples[i]) - float64(samples[i-channels])); step > 1.5*steepest {
					t.Fatalf("%d channels: a step of %.0f at %d, the tone's steepest is %.0f", channels, step, i, steepest)
				}
			}
		}
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	for _, config := range []Config{{Channels: 3}, {MinDelay: time.Second}, {MaxDelay: 3 * time.Second}, {MinDelay: -1},
		{Backlog: 100 * time.Millisecond}, {Backlog: time.Minute}} {
		if buffer, err := New(config); err == nil {
			buffer.Close()
			t.Errorf("%+v is accepted", config)
		}
	}
}

func TestABufferWithoutPacketsIsSilent(t *testing.T) {
	alive := opus.Alive()
	buffer := newBuffer(t, Config{Channels: 2})
	pcm := mediatest.Tone(opus.Rate, 2, 440, 1, FrameSamples)
	if kind := buffer.Pull(start, pcm); kind != Silent || mediatest.Power(pcm) != 0 {
		t.Error(kind)
	}
	buffer.Close()
	buffer.Close()
	buffer.Push(1, 1, []byte{0x78, 1, 2}, start)
	if kind := buffer.Pull(start, pcm); kind != Silent || buffer.Stats(start).Received != 0 {
		t.Error(kind)
	}
	if opus.Alive() != alive {
		t.Error("the decoder is not closed")
	}
}

func TestPushAndPullMayMeet(t *testing.T) {
	packets := encode(t, hum(opus.Rate), opus.EncoderConfig{})
	buffer := newBuffer(t, Config{})
	var both sync.WaitGroup
	both.Add(2)
	go func() {
		defer both.Done()
		for i := range 500 {
			buffer.Push(uint16(i), uint32(i*FrameSamples), packets[i%len(packets)], start.Add(time.Duration(i)*frameTime))
		}
	}()
	go func() {
		defer both.Done()
		pcm := make([]int16, FrameSamples)
		for i := range 500 {
			buffer.Pull(start.Add(time.Duration(i)*frameTime), pcm)
			buffer.Stats(start)
		}
	}()
	both.Wait()
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	packets := encode(t, hum(opus.Rate), opus.EncoderConfig{})
	buffer := newBuffer(t, Config{})
	pcm := make([]int16, FrameSamples)
	random := rand.New(rand.NewSource(1))
	step, now := 0, start
	once := func() {
		step++
		now = now.Add(frameTime)
		if random.Intn(20) > 0 {
			buffer.Push(uint16(step), uint32(step*FrameSamples), packets[step%50], now.Add(-time.Duration(random.Intn(30))*time.Millisecond))
		}
		buffer.Pull(now, pcm)
	}
	for range 500 {
		once()
	}
	if allocations := testing.AllocsPerRun(500, once); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// FuzzBuffer feeds any numbers, times and payloads: whatever comes, frames go on and the store stays bounded.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{1, 0, 0, 10, 0x78, 2, 0, 0, 20, 0x7B})
	f.Add([]byte{0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 0, 128, 128, 0, 0x78, 1, 129, 128, 0, 0x78})
	f.Fuzz(func(t *testing.T, data []byte) {
		buffer, err := New(Config{Channels: 1 + len(data)%2})
		if err != nil {
			t.Fatal(err)
		}
		defer buffer.Close()
		pcm := make([]int16, FrameSamples*buffer.config.Channels)
		sequence, timestamp, now := uint16(0), uint32(0), start
		for ; len(data) >= 5; data = data[5:] {
			sequence += uint16(int8(data[0])) + uint16(data[1]&0x80)<<8 + uint16(data[1]&0x7F)>>6*300
			timestamp += uint32(int32(int8(data[0])) * FrameSamples)
			timestamp += uint32(data[2]) << (data[1] % 25)
			now = now.Add(time.Duration(data[3]) * time.Millisecond / 4)
			buffer.Push(sequence, timestamp, data[4:min(len(data), 12)], now)
			if data[3]&1 == 0 {
				buffer.Pull(now, pcm)
			}
			if len(buffer.fifo) > 8*FrameSamples*2 || buffer.packets.count > capacity || buffer.packets.count < 0 {
				t.Fatalf("%d samples, %d packets", len(buffer.fifo), buffer.packets.count)
			}
		}
		for range 100 {
			now = now.Add(frameTime)
			buffer.Pull(now, pcm)
		}
	})
}

func BenchmarkBuffer(b *testing.B) {
	packets := encode(b, mediatest.Voice(opus.Rate, opus.Rate), opus.EncoderConfig{Bitrate: 32000})
	buffer := newBuffer(b, Config{})
	pcm := make([]int16, FrameSamples)
	now := start
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		now = now.Add(frameTime)
		buffer.Push(uint16(i), uint32(i*FrameSamples), packets[i%len(packets)], now)
		buffer.Pull(now, pcm)
	}
}
