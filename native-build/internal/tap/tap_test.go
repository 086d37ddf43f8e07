package tap

import (
	"errors"
	"io"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/transport/v3/packetio"

	"streamgateway/native/internal/screen"
)

func newTap() *Tap {
	return &Tap{Guard: func(string) {}, OnRTCP: func(uint32, []rtcp.Packet) {}, Screen: screen.New(100), OnExcess: func() {}}
}

func write(t *testing.T, buffer io.Writer, packets ...string) {
	t.Helper()
	for _, packet := range packets {
		if _, err := buffer.Write([]byte(packet)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatCameBeforeSomebodyListensComesFirst(t *testing.T) {
	tap := newTap()
	buffer := tap.Buffer(packetio.RTPBufferPacket, 1)
	write(t, buffer, "a", "b")
	peeked := make([]byte, 10)
	if n, err := buffer.Read(peeked); err != nil || string(peeked[:n]) != "a" {
		t.Fatalf("the library reads %q, %v", peeked[:n], err)
	}
	var got string
	ended := tap.Attach(1, func(packet []byte) { got += string(packet) })
	write(t, buffer, "c")
	if got != "abc" {
		t.Errorf("%q came", got)
	}
	select {
	case <-ended:
		t.Error("it has ended")
	default:
	}
}

func TestAStreamEndsWhenItIsClosed(t *testing.T) {
	tap := newTap()
	buffer := tap.Buffer(packetio.RTPBufferPacket, 1)
	ended := tap.Attach(1, func([]byte) {})
	for range 2 {
		if err := buffer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	<-ended
	if _, err := buffer.Write([]byte("late")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a late packet: %v", err)
	}
	<-tap.Attach(1, func([]byte) { t.Error("something came") })
	if len(tap.streams) != 0 {
		t.Errorf("%d streams are kept", len(tap.streams))
	}
}

func TestNothingIsReadAfterTheEnd(t *testing.T) {
	tap := newTap()
	before := tap.Buffer(packetio.RTPBufferPacket, 1)
	tap.End()
	for _, buffer := range []io.Reader{before, tap.Buffer(packetio.RTPBufferPacket, 2)} {
		if _, err := buffer.Read(make([]byte, 10)); !errors.Is(err, io.EOF) {
			t.Errorf("reading: %v", err)
		}
	}
	if len(tap.streams) != 0 {
		t.Errorf("%d streams are kept", len(tap.streams))
	}
}

func TestANumberThatIsUsedAgainIsAnotherStream(t *testing.T) {
	tap := newTap()
	former := tap.Buffer(packetio.RTPBufferPacket, 1)
	next := tap.Buffer(packetio.RTPBufferPacket, 1)
	_ = former.Close()
	var got string
	tap.Attach(1, func(packet []byte) { got += string(packet) })
	write(t, next, "new")
	if got != "new" {
		t.Errorf("%q came", got)
	}
}

func TestWhatNobodyListensToIsKeptUpToABound(t *testing.T) {
	tap := newTap()
	buffer := tap.Buffer(packetio.RTPBufferPacket, 1)
	for range 2 * backlog {
		write(t, buffer, "x")
	}
	count := 0
	tap.Attach(1, func([]byte) { count++ })
	if count != backlog {
		t.Errorf("%d packets were kept", count)
	}
}

func TestReportsOnTooManyStreamsAreTold(t *testing.T) {
	const sources = 10
	tap, told := newTap(), 0
	tap.Screen, tap.OnExcess = screen.New(sources), func() { told++ }
	for source := range uint32(3 * sources) {
		_ = tap.Buffer(packetio.RTCPBufferPacket, source).Close() // as long as they end, any number may come
	}
	for source := range uint32(sources) {
		tap.Buffer(packetio.RTCPBufferPacket, source)
	}
	if told != 0 {
		t.Error("told too early")
	}
	for source := range uint32(sources) {
		tap.Buffer(packetio.RTCPBufferPacket, sources+source)
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
