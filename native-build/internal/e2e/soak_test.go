package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"streamgateway/native/internal/nettest"
	records "streamgateway/native/internal/record"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	soakUsers = 8
	soakCalls = 3
	soakSeed  = 20
	// The path of media is cut in one round of so many; it takes seconds until that is noticed.
	roundsPerCut = 30
	// Everybody leaves after so many rounds, and nothing may be left then.
	roundsPerEmptying = 15
	soakHeapGrowth    = 8 << 20
)

// soak lets users do things at random in several calls, and after each round compares what everybody sees.
type soak struct {
	*world
	relay  *nettest.Relay
	random *rand.Rand
	users  []*soakUser
	media  map[rtcproto.TrackType][]soakMedia
	counts map[string]int
	round  int

	records       records.Store
	recordedFiles atomic.Int64

	goroutines int    // before anybody has joined
	heap       uint64 // in use after everybody has left for the first time
}

// step is what one user does in a round, while others do theirs.
type step struct {
	name string
	run  func() error
}

// TestSoak runs for about 20 seconds, or for SOAK_MINUTES, from the seed SOAK_SEED.
func TestSoak(t *testing.T) {
	seed, length := uint64(soakSeed), 20*time.Second
	if text := os.Getenv("SOAK_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SOAK_SEED: %v", err)
		}
	}
	if text := os.Getenv("SOAK_MINUTES"); text != "" {
		minutes, err := strconv.ParseFloat(text, 64)
		if err != nil || minutes <= 0 {
			t.Fatalf("SOAK_MINUTES: %q is no positive number", text)
		}
		length = time.Duration(minutes * float64(time.Minute))
	}
	s := newSoak(t, seed)
	for end := time.Now().Add(length); time.Now().Before(end); {
		s.round++
		s.play()
		s.verify()
		if s.round%roundsPerEmptying == 0 {
			s.empty()
		}
	}
	s.empty()
	s.report(seed)
}

func newSoak(t *testing.T, seed uint64) *soak {
	w, relay := newWorldBehindRelay(t)
	s := &soak{
		world: w, relay: relay, random: rand.New(rand.NewPCG(seed, 0)), media: newSoakMedia(t), counts: map[string]int{},
		records: records.Store{Directory: t.TempDir()},
	}
	for i := range soakUsers {
		s.users = append(s.users, &soakUser{
			soak: s, name: fmt.Sprintf("user-%d", i), proxy: newProxy(t, signalingAddress(w.sfu)),
			playing: map[rtcproto.TrackType]*queue{},
		})
	}
	w.coordinator.answerWith(s.credentials)
	s.goroutines = runtime.NumGoroutine()
	t.Cleanup(func() {
		for _, u := range s.users {
			if u.bot != nil {
				_ = u.leave()
			}
		}
	})
	return s
}

// credentials sends each user to the SFU by a way of its own, which can be cut.
func (s *soak) credentials(rw http.ResponseWriter, r *http.Request) bool {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) < 3 || parts[len(parts)-1] != "join" {
		return false
	}
	cid := parts[len(parts)-3] + ":" + parts[len(parts)-2]
	user := r.URL.Query().Get("user_id")
	i := slices.IndexFunc(s.users, func(u *soakUser) bool { return u.name == user })
	if i < 0 {
		return false
	}
	address := s.users[i].proxy.listener.Addr().String()
	writeCredentials(rw, "http://"+address+"/twirp", "ws://"+address+"/ws", s.sfu.EdgeName(), sfuToken(user, cid, 0))
	return true
}

// play lets some users do something at the same time, and waits until they have done it.
func (s *soak) play() {
	s.t.Helper()
	steps := s.plan()
	failures := make([]error, len(steps))
	var running sync.WaitGroup
	for i, one := range steps {
		kind, _, _ := strings.Cut(one.name, " ")
		s.counts[kind]++
		running.Add(1)
		go func() {
			defer running.Done()
			failures[i] = one.run()
		}()
	}
	running.Wait()
	for i, err := range failures {
		if err != nil {
			s.fatalf("%s: %v", steps[i].name, err)
		}
	}
	if testing.Verbose() && os.Getenv("E2E_LOG") != "" {
		for _, one := range steps {
			s.t.Logf("round %d: %s", s.round, one.name)
		}
	}
}

// plan draws as many numbers for each step, whatever becomes of it.
func (s *soak) plan() (steps []step) {
	drawn := 2 + s.random.IntN(5)
	cut := s.round%roundsPerCut == 6
	busy := map[*soakUser]bool{}
	for range drawn {
		u, d := s.users[s.random.IntN(soakUsers)], draw{s.random.IntN(100), s.random.IntN(1 << 20), s.random.IntN(soakCalls)}
		if cut || busy[u] {
			continue
		}
		one, taken := s.choose(u, d, busy)
		for _, other := range append([]*soakUser{u}, taken...) {
			busy[other] = true
		}
		steps = append(steps, one)
	}
	if cut {
		steps = append(steps, step{"cut-path", s.cutPath})
	}
	return steps
}

// draw is what chance says about a step: what, which and where, with numbers below 100, 2^20 and soakCalls.
type draw struct{ what, which, where int }

// choose picks a step for a user, and who else it concerns.
func (s *soak) choose(u *soakUser, d draw, busy map[*soakUser]bool) (one step, others []*soakUser) {
	if u.bot == nil {
		cid := fmt.Sprintf("default:soak-%d", d.where)
		return step{"join " + u.name + " " + cid, func() error { return u.join(cid) }}, nil
	}
	everybody := s.members(u.cid)
	alone := len(busy) == 0 // what concerns a whole call has a round of its own, in which nobody joins
	mayRejoin := !slices.ContainsFunc(everybody, func(o *soakUser) bool { return !o.mayRejoin() })
	named := func(kind string, run func() error) step { return step{kind + " " + u.name + " " + u.cid, run} }
	during := []func(draw) error{u.toggle, u.toggle, u.mute, u.mute, u.listen, u.subscribe}[d.which/10%6]
	switch what := d.what; {
	case what < 3:
		return named("leave", u.leave), nil
	case what < 7:
		return named("leave-while-publishing", func() error { return u.leaveWhilePublishing(d) }), nil
	case what < 30:
		return named("publish", func() error { return u.toggle(d) }), nil
	case what < 39:
		return named("mute", func() error { return u.mute(d) }), nil
	case what < 42:
		return named("moderate", u.muteByModerator), nil
	case what < 58:
		return named("sink", func() error { return u.listen(d) }), nil
	case what < 61:
		return named("mix", u.toggleMix), nil
	case what < 64:
		return named("record", func() error { return u.toggleRecording(d) }), nil
	case what < 73:
		return named("subscribe", func() error { return u.subscribe(d) }), nil
	case what < 76:
		return named("drop", u.drop), nil
	case what < 84:
		return named("drop-meanwhile", func() error { return u.dropWhile(d, during) }), nil
	case what < 90 && u.mayRejoin():
		return named("outage", func() error { return u.outage(d, during) }), nil
	case what < 93 && u.mayRejoin():
		return named("rejoin", u.rejoin), nil
	case what < 95 && alone && mayRejoin:
		return named("go-away", func() error { return s.goAway(u.cid, everybody) }), s.users
	case what < 98:
		return named("kick", u.kick), nil
	case alone:
		return named("end-call", func() error { return s.endCall(u.cid, everybody) }), s.users
	}
	return named("drop", u.drop), nil
}

// members are the users in a call, in order.
func (s *soak) members(cid string) (list []*soakUser) {
	for _, u := range s.users {
		if u.bot != nil && u.cid == cid {
			list = append(list, u)
		}
	}
	return list
}

// goAway asks a whole call to move, which without another SFU is to join here again.
func (s *soak) goAway(cid string, everybody []*soakUser) error {
	marks := make([]int, len(everybody))
	for i, u := range everybody {
		marks[i] = u.bot.reconnects()
		u.rejoins = append(u.rejoins, time.Now())
	}
	if asked, err := s.sfu.GoAway(cid, models.GoAwayReason_GO_AWAY_REASON_REBALANCE); err != nil || asked != len(everybody) {
		return fmt.Errorf("%d of %d were asked: %v", asked, len(everybody), err)
	}
	for i, u := range everybody {
		if err := u.bot.awaitReconnect(marks[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *soak) endCall(cid string, everybody []*soakUser) error {
	if ended, err := s.sfu.EndCall(cid, models.CallEndedReason_CALL_ENDED_REASON_ENDED); err != nil || ended != len(everybody) {
		return fmt.Errorf("%d of %d were told: %v", ended, len(everybody), err)
	}
	for _, u := range everybody {
		if err := u.awaitEnd("call_ended"); err != nil {
			return err
		}
	}
	return nil
}

// cutPath takes the path of all media away until somebody has noticed.
func (s *soak) cutPath() error {
	connected := false
	for _, u := range s.users {
		connected = connected || u.bot != nil && u.bot.isConnected()
	}
	if !connected {
		return nil
	}
	s.relay.SetBoth(noPath)
	defer s.relay.SetBoth(allWell)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		for _, u := range s.users {
			if u.bot != nil && u.bot.awaitFor(50*time.Millisecond, func() bool { return u.bot.disconnections > 0 }) == nil {
				for _, other := range s.users {
					if other.bot != nil {
						other.bot.forget()
					}
				}
				return nil
			}
		}
	}
	return fmt.Errorf("nobody noticed that the path is gone")
}

// empty lets everybody leave, and looks for what is left.
func (s *soak) empty() {
	s.t.Helper()
	for _, u := range s.users {
		if u.bot != nil {
			if err := u.leave(); err != nil {
				s.fatalf("%s leaves: %v", u.name, err)
			}
		}
	}
	s.settle(func() string {
		if calls := s.sfu.Stats(); len(calls) > 0 {
			return fmt.Sprintf("the SFU has %+v", calls)
		}
		if here, there := s.engine.PeerConnections(), s.sfu.PeerConnections(); here != 0 || there != 0 {
			return fmt.Sprintf("%d peer connections of participants and %d of the SFU are left", here, there)
		}
		return ""
	})
	s.settle(func() string {
		s.relay.Forget() // and those whose last packets it has only just seen
		s.engine.Close()
		if now := runtime.NumGoroutine(); now > s.goroutines {
			return fmt.Sprintf("%d goroutines once everybody has left, %d in the beginning:\n%s", now, s.goroutines, stacks())
		}
		return ""
	})
	heap := liveHeap()
	if s.heap == 0 {
		s.heap = heap
	}
	if heap > s.heap+soakHeapGrowth {
		s.fatalf("%d KiB are alive once everybody has left, %d KiB when that was so first", heap>>10, s.heap>>10)
	}
}

func stacks() []byte {
	text := make([]byte, 1<<20)
	return text[:runtime.Stack(text, true)]
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers have let go
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

func (s *soak) fatalf(format string, arguments ...any) {
	s.t.Helper()
	for _, u := range s.users {
		if u.bot != nil {
			s.t.Logf("%s in %s was told last:\n%s\n%+v", u.name, u.cid, u.bot.history(), u.bot.Stats())
		}
	}
	s.t.Fatalf("round %d: %s", s.round, fmt.Sprintf(format, arguments...))
}

func (s *soak) report(seed uint64) {
	var counts []string
	for _, kind := range slices.Sorted(maps.Keys(s.counts)) {
		counts = append(counts, fmt.Sprintf("%s %d", kind, s.counts[kind]))
	}
	s.t.Logf("seed %d, %d rounds: %s; %d files recorded; in the end %d goroutines (%d in the beginning) and %d KiB alive (%d KiB)", seed, s.round,
		strings.Join(counts, ", "), s.recordedFiles.Load(), runtime.NumGoroutine(), s.goroutines, liveHeap()>>10, s.heap>>10)
}
