package bandwidth

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// link is a path with a rate, a queue, a delay with jitter, and losses, in time of its own.
type link struct {
	random   *rand.Rand
	rate     int
	delay    time.Duration
	jitter   time.Duration
	loss     float64
	free     time.Time
	recorder *twcc.Recorder
}

const packetSize = 1000

// simulation sends at a rate for a while and reports every 100 ms, as receivers do.
type simulation struct {
	t         *testing.T
	estimator *Estimator
	link      *link
	now       time.Time
	arrivals  []arrival
}

type arrival struct {
	sequence uint16
	at       time.Time
}

func newSimulation(t *testing.T, l *link) *simulation {
	l.random = rand.New(rand.NewPCG(1, 2))
	l.recorder = twcc.NewRecorder(1)
	return &simulation{
		t: t, link: l, now: time.Unix(1000, 0),
		estimator: New(Bounds{Start: 2_500_000, Min: 50_000, Max: 10_000_000}),
	}
}

// run sends at the rate that a function of the estimate gives.
func (s *simulation) run(duration time.Duration, bitrate func(target int) int) {
	s.t.Helper()
	reportAt := s.now.Add(100 * time.Millisecond)
	for end := s.now.Add(duration); s.now.Before(end); {
		s.pass(s.estimator.Sent(s.now, packetSize))
		s.now = s.now.Add(time.Duration(packetSize*8) * time.Second / time.Duration(bitrate(s.estimator.Target())))
		for ; reportAt.Before(s.now); reportAt = reportAt.Add(100 * time.Millisecond) {
			s.report(reportAt)
		}
	}
}

func (s *simulation) pass(sequence uint16) {
	l := s.link
	if l.free.Before(s.now) {
		l.free = s.now
	}
	if l.free.Sub(s.now) > 300*time.Millisecond || l.random.Float64() < l.loss {
		return
	}
	l.free = l.free.Add(time.Duration(packetSize*8) * time.Second / time.Duration(l.rate))
	jitter := time.Duration((l.random.Float64()*2 - 1) * float64(l.jitter))
	s.arrivals = append(s.arrivals, arrival{sequence, l.free.Add(l.delay + jitter)})
}

func (s *simulation) report(at time.Time) {
	var later []arrival
	count := 0
	for _, a := range s.arrivals {
		if a.at.After(at) {
			later = append(later, a)
			continue
		}
		s.link.recorder.Record(1, a.sequence, a.at.UnixMicro())
		count++
	}
	s.arrivals = later
	if count == 0 {
		return
	}
	for _, report := range s.link.recorder.BuildFeedbackPacket() {
		raw, err := report.Marshal() // the numbers must survive the wire
		if err != nil {
			s.t.Fatal(err)
		}
		packets, err := rtcp.Unmarshal(raw)
		if err != nil {
			s.t.Fatal(err)
		}
		s.estimator.Feedback(at.Add(s.link.delay), packets[0].(*rtcp.TransportLayerCC))
	}
}

func (s *simulation) expect(what string, low, high int) {
	s.t.Helper()
	if target := s.estimator.Target(); target < low || target > high {
		s.t.Errorf("%s: the estimate is %d, not between %d and %d", what, target, low, high)
	}
}

func following(target int) int { return target }

func Test_The_estimate_follows_a_link_down_and_up_again(t *testing.T) {
	s := newSimulation(t, &link{rate: 1_000_000, delay: 20 * time.Millisecond})
	s.run(10*time.Second, following)
	s.expect("1 Mbit/s", 600_000, 1_150_000)
	s.link.rate = 300_000
	s.run(5*time.Second, following)
	s.expect("300 kbit/s", 150_000, 360_000)
	s.link.rate = 2_000_000
	s.run(30*time.Second, following)
	s.expect("2 Mbit/s", 1_200_000, 2_300_000)
}

func Test_Jitter_and_a_few_losses_are_not_taken_for_congestion(t *testing.T) {
	s := newSimulation(t, &link{rate: 10_000_000, delay: 100 * time.Millisecond, jitter: 30 * time.Millisecond, loss: 0.05})
	s.run(20*time.Second, func(int) int { return 1_200_000 })
	s.expect("5 percent lost", 1_200_000, 10_000_000)
}

func Test_Heavy_loss_lowers_the_estimate(t *testing.T) {
	s := newSimulation(t, &link{rate: 10_000_000, delay: 20 * time.Millisecond, loss: 0.3})
	s.run(5*time.Second, following)
	s.expect("30 percent lost", 50_000, 1_000_000)
}

func Test_A_path_that_is_not_filled_does_not_raise_the_estimate_without_end(t *testing.T) {
	s := newSimulation(t, &link{rate: 10_000_000, delay: 20 * time.Millisecond})
	s.run(60*time.Second, func(int) int { return 500_000 })
	s.expect("500 kbit/s sent", 2_500_000, 2_500_000)
	s.estimator.Raise(3_000_000)
	s.expect("raised", 3_000_000, 3_000_000)
	s.estimator.Raise(1)
	s.expect("raised to less", 3_000_000, 3_000_000)
}

func Test_Receiver_reports_stand_in_for_feedback(t *testing.T) {
	e := New(Bounds{Start: 2_500_000, Min: 50_000, Max: 10_000_000})
	now := time.Unix(1000, 0)
	for range 100 { // 800 kbit/s
		e.Sent(now, packetSize)
		now = now.Add(10 * time.Millisecond)
	}
	e.Loss(now, 0.05)
	if e.Target() != 2_500_000 || e.CongestedSince(time.Time{}) {
		t.Errorf("5 percent lost: %d", e.Target())
	}
	began := now
	now = now.Add(time.Second / 100)
	e.Sent(now, packetSize)
	e.Loss(now, 0.4)
	if target := e.Target(); target < 400_000 || target > 800_000 || !e.CongestedSince(began) {
		t.Errorf("40 percent lost of 800 kbit/s: %d", target)
	}
}

func Test_Noting_a_packet_allocates_nothing(t *testing.T) {
	e := New(Bounds{Start: 1, Min: 1, Max: 1})
	now := time.Now()
	if allocations := testing.AllocsPerRun(1000, func() { e.Sent(now, packetSize) }); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func Test_Reference_times_wrap(t *testing.T) {
	var c arrivalClock
	before := c.extend(1<<24-1, time.Millisecond)
	after := c.extend(0, time.Millisecond)
	if after.Sub(before) != referenceUnit {
		t.Errorf("the clock moved by %v", after.Sub(before))
	}
	if back := c.extend(1<<24-1, 0); !back.Before(after) {
		t.Error("the clock does not go back")
	}
}

func FuzzFeedback(f *testing.F) {
	recorder := twcc.NewRecorder(1)
	for i := range uint16(50) {
		if i%7 != 0 {
			recorder.Record(1, i, int64(i)*3000)
		}
	}
	for _, report := range recorder.BuildFeedbackPacket() {
		raw, err := report.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		packets, err := rtcp.Unmarshal(raw)
		if err != nil {
			return
		}
		e := New(Bounds{Start: 1_000_000, Min: 50_000, Max: 10_000_000})
		now := time.Unix(1000, 0)
		for range 3000 {
			e.Sent(now, packetSize)
			now = now.Add(time.Millisecond)
		}
		for _, p := range packets {
			if report, ok := p.(*rtcp.TransportLayerCC); ok {
				e.Feedback(now, report)
			}
		}
		if target := e.Target(); target < 50_000 || target > 10_000_000 {
			t.Errorf("the estimate is %d", target)
		}
	})
}
