package nettest

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

func newDirection(p Path) *direction {
	return &direction{path: p, random: rand.New(rand.NewPCG(1, 1))}
}

func Test_Loss_takes_its_share(t *testing.T) {
	d := newDirection(Path{Loss: 0.05})
	lost := 0
	for range 20_000 {
		if _, arrives := d.schedule(time.Unix(0, 0), 100); !arrives {
			lost++
		}
	}
	if lost < 900 || lost > 1100 {
		t.Errorf("%d of 20000 were lost", lost)
	}
}

func Test_Delay_lies_within_its_jitter_and_the_order_changes_only_if_it_may(t *testing.T) {
	for _, reorder := range []bool{false, true} {
		d := newDirection(Path{Delay: 100 * time.Millisecond, Jitter: 30 * time.Millisecond, Reorder: reorder})
		swaps := 0
		now, last := time.Unix(0, 0), time.Time{}
		for range 1000 {
			now = now.Add(5 * time.Millisecond)
			at, _ := d.schedule(now, 100)
			if delay := at.Sub(now); delay < 70*time.Millisecond || delay > 130*time.Millisecond {
				t.Fatalf("delay is %v", delay)
			}
			if at.Before(last) {
				swaps++
			}
			last = at
		}
		if (swaps > 0) != reorder {
			t.Errorf("reorder %v: %d packets overtook others", reorder, swaps)
		}
	}
}

func Test_A_rate_spaces_packets_out_and_drops_what_its_queue_cannot_hold(t *testing.T) {
	d := newDirection(Path{Rate: 1_000_000, Queue: 50 * time.Millisecond})
	now := time.Unix(0, 0)
	passed := 0
	var last time.Time
	for range 1000 { // 1000 bytes each 4 ms are 2 Mbit/s
		now = now.Add(4 * time.Millisecond)
		if at, arrives := d.schedule(now, 1000-headerOverhead); arrives {
			passed++
			last = at
		}
	}
	if passed < 495 || passed > 515 {
		t.Errorf("%d of 1000 packets passed at half the rate", passed)
	}
	if behind := last.Sub(now); behind > 60*time.Millisecond {
		t.Errorf("the queue grew to %v", behind)
	}
}

func Test_Packets_pass_in_both_directions_and_each_client_has_its_own_port(t *testing.T) {
	target, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	r := Start(t, 1)
	r.Forward(t, target.LocalAddr().String())
	r.SetBoth(Path{Delay: 10 * time.Millisecond})

	ports := map[int]bool{}
	for i := range 3 {
		client, err := net.Dial("udp4", r.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		deadline := time.Now().Add(10 * time.Second)
		_ = client.SetDeadline(deadline)
		_ = target.SetDeadline(deadline)
		began := time.Now()
		if _, err := client.Write(binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 10)
		n, from, err := target.ReadFromUDP(buffer)
		if err != nil || n != 4 || buffer[3] != byte(i) {
			t.Fatalf("the target got %v, %v", buffer[:n], err)
		}
		ports[from.Port] = true
		if _, err := target.WriteToUDP([]byte("back"), from); err != nil {
			t.Fatal(err)
		}
		if n, err := client.Read(buffer); err != nil || string(buffer[:n]) != "back" {
			t.Fatalf("the client got %q, %v", buffer[:n], err)
		}
		if elapsed := time.Since(began); elapsed < 20*time.Millisecond {
			t.Errorf("there and back took only %v", elapsed)
		}
	}
	if len(ports) != 3 {
		t.Errorf("the target saw %d ports", len(ports))
	}
	if counts := r.Counts(); counts != (Counts{Passed: 6}) {
		t.Errorf("counts are %+v", counts)
	}
}
