package media

import (
	"context"
	"testing"
	"time"

	"streamgateway/native/internal/mediatest"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
)

// pieces is a source that gives one piece at a time, and then nothing until it is closed.
type pieces struct{ left [][]byte }

func (s *pieces) Read(ctx context.Context, p []byte) (int, error) {
	if len(s.left) == 0 {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	n := copy(p, s.left[0])
	s.left = s.left[1:]
	return n, nil
}

func lowDelayReader(t *testing.T, rate int, source *pieces) Reader {
	t.Helper()
	spec := Spec{Format: S16LE, PCM: pcm.Format{Rate: rate, Channels: 1}}
	reader, err := Open(spec, NewInput(context.Background(), source, 0), Encoding{LowDelay: true, PacketLoss: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	return reader
}

func TestWithLowDelayEachPieceOfTenMillisecondsIsAPacketAtOnce(t *testing.T) {
	for _, rate := range []int{8000, 16000, 24000, 44100, 48000} {
		source := new(pieces)
		reader := lowDelayReader(t, rate, source)
		tone := mediatest.Bytes(mediatest.Tone(rate, 1, 440, 0.5, rate))
		for i := range 50 {
			size := 2 * rate / 100
			source.left = append(source.left, tone[i*size:(i+1)*size])
			unit, err := reader.Next()
			if err != nil || len(source.left) != 0 || unit.Length != opus.Rate/100 || unit.At != int64(i)*opus.Rate/100 {
				t.Fatalf("%d Hz, packet %d: %+v, %v", rate, i, unit, err)
			}
		}
	}
}

func TestFlushTakesBackTheTimeOfAUnitThatWasNotSent(t *testing.T) {
	const rate = 16000
	tone := mediatest.Bytes(mediatest.Tone(rate, 1, 440, 0.5, rate/4))
	source, given := &pieces{left: [][]byte{tone}}, len(tone)
	reader := lowDelayReader(t, rate, source)
	var sent, held Unit
	for range 5 {
		next, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		next.Data = nil
		sent, held = held, next
	}
	dropped, err := reader.(Flusher).Flush(held)
	if err != nil {
		t.Fatal(err)
	}
	if all := dropped + held.Consumed; all < int64(given)-64 || all > int64(given)+64 {
		t.Errorf("%d bytes dropped and %d gone before, of %d", dropped, held.Consumed, given)
	}
	decoder, err := opus.NewDecoder(opus.Rate, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	for i := range 6 {
		unit, err := reader.Next()
		if err != nil || unit.At != sent.At+int64(i+1)*opus.Rate/100 {
			t.Fatalf("silence %d: %+v, %v", i, unit, err)
		}
		samples := make([]int16, opus.MaxPacketSamples)
		n, err := decoder.Decode(unit.Data, samples)
		if power := mediatest.Power(samples[:n]); err != nil || power > 1e-6 {
			t.Errorf("silence %d has a power of %g, %v", i, power, err)
		}
	}
}

func TestTheEncoderPreparesForTheLossThatIsReported(t *testing.T) {
	const rate = 48000
	withCopies := func(loss int) (share float64) {
		source := new(pieces)
		reader := lowDelayReader(t, rate, source)
		reader.(Encoder).ExpectLoss(loss)
		voice := mediatest.Bytes(mediatest.Voice(rate, rate))
		for i := range 100 {
			size := 2 * rate / 100
			source.left = append(source.left, voice[i*size:(i+1)*size])
			unit, err := reader.Next()
			if err != nil {
				t.Fatal(err)
			}
			if packet, err := opus.ParsePacket(unit.Data); err == nil && packet.FEC {
				share += 0.01
			}
		}
		return share
	}
	if little, much := withCopies(0), withCopies(25); much < 0.5 || much < little {
		t.Errorf("%.2f of the packets carry a copy with no loss, %.2f with 25 %%", little, much)
	}
}

func TestAPauseEndsAStretchOfSound(t *testing.T) {
	const rate = 16000
	source := &pieces{left: [][]byte{mediatest.Bytes(mediatest.Tone(rate, 1, 440, 0.5, rate/40))}} // 25 ms
	reader := lowDelayReader(t, rate, source)
	begun := time.Now()
	for range 9 { // 30 ms with what was left, 60 ms of silence
		if _, err := reader.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if waited := time.Since(begun); waited < idleAfter {
		t.Errorf("the silence came after %v", waited)
	}
}
