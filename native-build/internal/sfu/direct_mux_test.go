package sfu

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"

	"streamgateway/native/internal/screen"
)

func Test_Packets_go_straight_to_a_known_address_until_the_connection_closes(t *testing.T) {
	listen := func() *net.UDPConn {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	socket, client := listen(), listen()
	mux := newDirectMux(ice.UDPMuxParams{UDPConn: socket}).behind(screen.New(1))
	t.Cleanup(func() { _ = mux.Close() })
	conn, err := mux.GetConn("fragment", socket.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 100)
	address := client.LocalAddr().(*net.UDPAddr)
	send := func() {
		if _, err := conn.WriteTo(packet, address); err != nil {
			t.Fatal(err)
		}
	}
	const count = 101
	if allocated := testing.AllocsPerRun(count-1, send); allocated != 0 {
		t.Errorf("%v allocations a packet", allocated)
	}
	_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
	for range count {
		if _, from, err := client.ReadFromUDP(packet); err != nil || from.String() != socket.LocalAddr().String() {
			t.Fatalf("from %v: %v", from, err)
		}
	}
	// The library knows whose packets from there are.
	answer := make([]byte, 12)
	answer[0] = 0x80
	if _, err := client.WriteTo(answer, socket.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := conn.ReadFrom(packet); err != nil || string(packet[:n]) != string(answer) {
		t.Errorf("%q came, %v", packet[:n], err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.WriteTo(packet, address); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("after the end: %v", err)
	}
}
