package udp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/transport/v3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func anything([]byte) bool { return true }

func newNet(t testing.TB) *Net {
	n := new(Reader).Net(anything)
	t.Cleanup(n.Close)
	return n
}

func listenOn(t *testing.T, n *Net, address string) transport.UDPConn {
	t.Helper()
	resolved, err := net.ResolveUDPAddr("udp", address)
	require.NoError(t, err)
	network := "udp6"
	if resolved.IP.To4() != nil {
		network = "udp4"
	}
	c, err := n.ListenUDP(network, resolved)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// read answers what comes next, and from where.
func read(t *testing.T, c transport.UDPConn) (string, net.Addr) {
	t.Helper()
	type result struct {
		text string
		from net.Addr
		err  error
	}
	got := make(chan result, 1)
	go func() {
		buffer := make([]byte, maxPacket)
		n, from, err := c.ReadFrom(buffer)
		got <- result{string(buffer[:n]), from, err}
	}()
	select {
	case r := <-got:
		require.NoError(t, r.err)
		return r.text, r.from
	case <-time.After(patience):
		_ = c.Close()
		t.Fatal("nothing comes")
		return "", nil
	}
}

func TestPacketsComeWithTheirSender(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		n := newNet(t)
		a, b, c := listenOn(t, n, address), listenOn(t, n, address), listenOn(t, n, address)
		for i := range 3 {
			for _, from := range []transport.UDPConn{a, b} { // two senders in turns
				text := fmt.Sprintf("%d of %v", i, from.LocalAddr())
				sent, err := from.WriteTo([]byte(text), c.LocalAddr())
				require.NoError(t, err)
				require.Equal(t, len(text), sent)
				got, sender := read(t, c)
				require.Equal(t, text, got)
				require.Equal(t, from.LocalAddr().String(), sender.String())
			}
		}
		_, err := c.WriteTo([]byte("back"), a.LocalAddr())
		require.NoError(t, err)
		text, _ := read(t, a)
		require.Equal(t, "back", text)
	}
}

func TestABurstComesWholeAndInOrder(t *testing.T) {
	const burst = held * 4 // more than waits here
	n := newNet(t)
	from, to := listenOn(t, n, "127.0.0.1:0"), listenOn(t, n, "127.0.0.1:0")
	require.NoError(t, to.SetReadBuffer(1<<20))
	for i := range burst {
		_, err := from.WriteTo([]byte{byte(i)}, to.LocalAddr())
		require.NoError(t, err)
	}
	for i := range burst {
		text, _ := read(t, to)
		require.Equal(t, string([]byte{byte(i)}), text)
	}
}

func TestManySocketsAreReadAtOnce(t *testing.T) {
	const sockets, packets = 150, 20
	n := newNet(t)
	from := listenOn(t, n, "127.0.0.1:0")
	var readers sync.WaitGroup
	failures := make(chan error, sockets)
	for range sockets {
		to := listenOn(t, n, "127.0.0.1:0")
		readers.Add(1)
		go func() {
			defer readers.Done()
			buffer := make([]byte, 16)
			for i := range packets {
				if _, err := from.WriteTo([]byte{byte(i)}, to.LocalAddr()); err != nil {
					failures <- err
					return
				}
				if size, _, err := to.ReadFrom(buffer); err != nil || size != 1 || buffer[0] != byte(i) {
					failures <- fmt.Errorf("packet %d: %d bytes, %w", i, size, err)
					return
				}
			}
		}()
	}
	done := make(chan struct{})
	go func() { readers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("packets are missing")
	}
	require.Empty(t, failures)
}

func TestWhoNobodyReadsDoesNotHoldUpOthers(t *testing.T) {
	n := newNet(t)
	from, full, to := listenOn(t, n, "127.0.0.1:0"), listenOn(t, n, "127.0.0.1:0"), listenOn(t, n, "127.0.0.1:0")
	for range held * 2 {
		_, err := from.WriteTo([]byte("unread"), full.LocalAddr())
		require.NoError(t, err)
	}
	for range 5 {
		_, err := from.WriteTo([]byte("read"), to.LocalAddr())
		require.NoError(t, err)
		text, _ := read(t, to)
		require.Equal(t, "read", text)
	}
}

// What cannot be taken is looked at again after a rest, not without end.
func TestWhatNobodyReadsIsLeftForARest(t *testing.T) {
	n := newNet(t)
	from, full := listenOn(t, n, "127.0.0.1:0"), listenOn(t, n, "127.0.0.1:0").(*conn)
	for range held + 1 {
		_, err := from.WriteTo([]byte("unread"), full.LocalAddr())
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return len(full.came) == held }, patience, time.Millisecond)
	events := make([]syscall.EpollEvent, readAtOnce)
	packets, left, open := n.reader.look(n.reader.epoll, n.reader.wake, events, true)
	require.Zero(t, packets)
	require.True(t, left)
	require.True(t, open)
}

func TestClosingEndsReadingAndLeavesNothing(t *testing.T) {
	for range 50 {
		n := new(Reader).Net(anything)
		c := listenOn(t, n, "127.0.0.1:0")
		ended := make(chan error, 1)
		go func() {
			_, _, err := c.ReadFrom(make([]byte, 16))
			ended <- err
		}()
		require.NoError(t, c.Close())
		select {
		case err := <-ended:
			require.ErrorIs(t, err, net.ErrClosed)
		case <-time.After(patience):
			t.Fatal("reading does not end")
		}
		require.ErrorIs(t, c.Close(), net.ErrClosed)
		_, err := c.WriteTo([]byte("late"), c.LocalAddr())
		require.ErrorIs(t, err, net.ErrClosed)
	}
	goleak.VerifyNone(t)
}

func TestNothingRestsWhileANewSocketNegotiates(t *testing.T) {
	n := newNet(t)
	c := listenOn(t, n, "127.0.0.1:0")
	n.reader.mu.Lock()
	opened := n.reader.opened
	n.reader.mu.Unlock()
	require.True(t, n.reader.negotiates(opened.Add(handshake-1)))
	require.False(t, n.reader.negotiates(opened.Add(handshake)))
	require.NoError(t, c.Close())
}

func TestReadingEndsAtItsDeadline(t *testing.T) {
	n := newNet(t)
	from, to := listenOn(t, n, "127.0.0.1:0"), listenOn(t, n, "127.0.0.1:0")
	require.NoError(t, to.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	_, _, err := to.ReadFrom(make([]byte, 16))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, to.SetReadDeadline(time.Time{}))
	_, err = from.WriteTo([]byte("later"), to.LocalAddr())
	require.NoError(t, err)
	text, _ := read(t, to)
	require.Equal(t, "later", text)
}

func TestANetworkThatClosesTakesItsSocketsAlong(t *testing.T) {
	reader := new(Reader)
	n, other := reader.Net(anything), reader.Net(anything)
	forgotten, kept := listenOn(t, n, "127.0.0.1:0"), listenOn(t, other, "127.0.0.1:0")
	n.Close()
	_, _, err := forgotten.ReadFrom(make([]byte, 16))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = n.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = kept.WriteTo([]byte("still here"), kept.LocalAddr())
	require.NoError(t, err)
	text, _ := read(t, kept)
	require.Equal(t, "still here", text)
	other.Close()
	goleak.VerifyNone(t)
}

// Descriptors are used again at once: what comes for one socket must never be read by another.
func TestSocketsThatComeAndGoGetOnlyWhatIsTheirs(t *testing.T) {
	n := newNet(t)
	from := listenOn(t, n, "127.0.0.1:0")
	var users sync.WaitGroup
	failures := make(chan error, 8)
	for user := range 8 {
		users.Add(1)
		go func() {
			defer users.Done()
			buffer := make([]byte, 64)
			for i := range 100 {
				c, err := n.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
				if err != nil {
					failures <- err
					return
				}
				text := fmt.Sprintf("%d %d", user, i)
				_, err = from.WriteTo([]byte(text), c.LocalAddr())
				size := 0
				if err == nil {
					size, _, err = c.ReadFrom(buffer)
				}
				if closing := c.Close(); err == nil {
					err = closing
				}
				if err != nil || string(buffer[:size]) != text {
					failures <- fmt.Errorf("%q came instead of %q: %w", buffer[:size], text, err)
					return
				}
			}
		}()
	}
	users.Wait()
	require.Empty(t, failures)
}

func TestWhatCannotBeSentSaysWhy(t *testing.T) {
	n := newNet(t)
	c := listenOn(t, n, "127.0.0.1:0")
	_, err := c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv6loopback, Port: 9})
	var address *net.AddrError
	require.ErrorAs(t, err, &address)
	_, err = c.WriteTo([]byte("x"), &net.TCPAddr{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = c.WriteTo(make([]byte, 1<<17), c.LocalAddr())
	require.ErrorContains(t, err, "message too long")
}

// Receiving takes what it needs from a pool: one packet more costs nothing that has to be collected.
func TestReceivingDoesNotAllocate(t *testing.T) {
	n := newNet(t)
	from, to := listenOn(t, n, "127.0.0.1:0"), listenOn(t, n, "127.0.0.1:0")
	buffer, packet := make([]byte, maxPacket), make([]byte, 100)
	target := to.LocalAddr()
	allocated := testing.AllocsPerRun(200, func() {
		_, _ = from.WriteTo(packet, target)
		_, _, _ = to.ReadFrom(buffer)
	})
	require.Less(t, allocated, 0.5)
}

func BenchmarkPacket(b *testing.B) {
	n := newNet(b)
	from, err := n.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(b, err)
	defer from.Close()
	to, err := n.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(b, err)
	defer to.Close()
	buffer := make([]byte, maxPacket)
	b.ReportAllocs()
	for range b.N {
		_, _ = from.WriteTo(buffer[:100], to.LocalAddr())
		_, _, _ = to.ReadFrom(buffer)
	}
}
