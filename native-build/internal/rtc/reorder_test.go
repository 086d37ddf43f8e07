package rtc

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestReorder(t *testing.T) {
	for name, test := range map[string]struct {
		steps string // sequence numbers in order of arrival; "+" lets the hold time pass
		want  string // what comes out; "3(1)" has one lost before it
	}{
		"in order":             {"1 2 3", "1 2 3"},
		"swapped":              {"1 3 2 4", "1 2 3 4"},
		"twice":                {"1 2 2 1 3", "1 2 3"},
		"far behind":           {"5 6 3 7", "5 6 7"},
		"lost":                 {"1 3 4 + 5", "1 3(1) 4 5"},
		"lost and late":        {"1 3 + 2 4", "1 3(1) 4"},
		"two gaps":             {"1 3 5 + + 6", "1 3(1) 5(1) 6"},
		"held twice":           {"1 3 3 2", "1 2 3"},
		"over the wrap":        {"65534 0 65535 1", "65534 65535 0 1"},
		"lost over the wrap":   {"65534 1 + 2", "65534 1(2) 2"},
		"a new stream":         {"1 2 30000 30001", "1 2 30000 30001"},
		"a new stream, behind": {"30000 1 2", "30000 1 2"},
	} {
		t.Run(name, func(t *testing.T) {
			var order reorder
			var got []string
			note := func(packets []orderedPacket) {
				for _, p := range packets {
					text := fmt.Sprint(p.sequence)
					if p.lost > 0 {
						text += fmt.Sprintf("(%d)", p.lost)
					}
					if string(p.payload) != fmt.Sprint(p.sequence) {
						t.Errorf("packet %d holds %q", p.sequence, p.payload)
					}
					got = append(got, text)
				}
			}
			now := time.Unix(1, 0)
			buffer := make([]byte, 16) // reused, as the receiver does
			for _, step := range strings.Fields(test.steps) {
				now = now.Add(time.Millisecond)
				if step == "+" {
					now = now.Add(holdTime)
					note(order.expire(now))
					continue
				}
				var sequence uint16
				_, _ = fmt.Sscan(step, &sequence)
				n := copy(buffer, step)
				note(order.push(now, sequence, 0, buffer[:n]))
			}
			if result := strings.Join(got, " "); result != test.want {
				t.Errorf("got %s, want %s", result, test.want)
			}
		})
	}
}

func TestReorderHoldsOnlySoMany(t *testing.T) {
	var order reorder
	now := time.Unix(1, 0)
	order.push(now, 0, 0, nil)
	var out []orderedPacket
	for i := uint16(2); len(out) == 0; i++ {
		if int(i) > maxHeld+3 {
			t.Fatal("a gap holds everything up")
		}
		out = order.push(now, i, 0, nil)
	}
	if len(out) != maxHeld+1 || out[0].lost != 1 {
		t.Errorf("%d packets came out, %d lost", len(out), out[0].lost)
	}
}

func TestEachGapHasItsOwnTimeToBeFilled(t *testing.T) {
	var order reorder
	begin := time.Unix(1, 0)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	order.push(at(0), 1, 0, nil)
	order.push(at(10), 3, 0, nil)
	order.push(at(90), 5, 0, nil)
	if out := order.push(at(95), 2, 0, nil); len(out) != 2 {
		t.Fatalf("%d packets came out when the first gap was filled", len(out))
	}
	if out := order.expire(at(189)); len(out) != 0 {
		t.Errorf("the second gap was given up %v after it was seen", 99*time.Millisecond)
	}
	if out := order.expire(at(190)); len(out) != 1 || out[0].sequence != 5 || out[0].lost != 1 {
		t.Errorf("after its time: %v", out)
	}
}

func TestGapsOfOneAgeAreGivenUpTogether(t *testing.T) {
	var order reorder
	now := time.Unix(1, 0)
	for _, sequence := range []uint16{1, 5, 3} {
		order.push(now, sequence, 0, nil)
	}
	if out := order.expire(now.Add(holdTime)); len(out) != 2 || out[0].lost != 1 || out[1].lost != 1 {
		t.Errorf("given up: %v", out)
	}
}
