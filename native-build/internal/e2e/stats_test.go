package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"streamgateway/native/internal/rtc"
	"streamgateway/native/internal/sfu"
	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

// reported makes the coordinator ask for stats, and listens in on the reports that go to the SFU.
func (w *world) reported(interval time.Duration) <-chan *signal.SendStatsRequest {
	w.t.Helper()
	reports := make(chan *signal.SendStatsRequest, 64)
	target, err := url.Parse("http://" + signalingAddress(w.sfu))
	if err != nil {
		w.t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/SendStats") {
			body, _ := io.ReadAll(r.Body)
			report := new(signal.SendStatsRequest)
			if err := proto.Unmarshal(body, report); err != nil {
				w.t.Errorf("a report: %v", err)
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			reports <- report
		}
		forward.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(front.Close)
	w.coordinator.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/join") {
			return false
		}
		user := r.URL.Query().Get("user_id")
		writeStatsCredentials(rw, front.URL+"/twirp", w.sfu, user, interval)
		return true
	})
	return reports
}

func writeStatsCredentials(w http.ResponseWriter, address string, server *sfu.Server, user string, interval time.Duration) {
	answer := credentials(address, server.WSEndpoint(), server.EdgeName(), sfuToken(user, callCID, 0))
	answer["stats_options"] = map[string]any{"enable_rtc_stats": false, "reporting_interval_ms": interval.Milliseconds()}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(answer)
}

func nextReport(t *testing.T, reports <-chan *signal.SendStatsRequest, holds func(*signal.SendStatsRequest) bool) *signal.SendStatsRequest {
	t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case report := <-reports:
			if holds(report) {
				return report
			}
		case <-deadline:
			t.Fatal("no such report came")
		}
	}
}

// record finds a record of a type in what a browser's getStats would list.
func record(t *testing.T, text, kind string) map[string]any {
	t.Helper()
	var records []map[string]any
	if err := json.Unmarshal([]byte(text), &records); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, r := range records {
		if r["type"] == kind {
			return r
		}
	}
	return nil
}

func TestStatsAreReportedAtTheIntervalOfTheJoin(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	reports := w.reported(500 * time.Millisecond)
	alice := w.join("alice")
	first := nextReport(t, reports, func(*signal.SendStatsRequest) bool { return true })
	if first.GetSessionId() != alice.Info().ParticipantSessionID || first.GetSdk() == "" || first.GetSdkVersion() == "" ||
		first.GetPublisherStats() != "[]" || first.GetTelemetry().GetConnectionTimeSeconds() <= 0 {
		t.Errorf("the first report: %v", first)
	}
	bob := w.join("bob")
	alice.publish("speech", file, looped)
	bob.publish("speech", file, looped)
	alice.listen("bob").await(t, 10)
	full := nextReport(t, reports, func(r *signal.SendStatsRequest) bool {
		return r.GetSessionId() == alice.Info().ParticipantSessionID && record(t, r.GetPublisherStats(), "outbound-rtp") != nil &&
			record(t, r.GetSubscriberStats(), "inbound-rtp") != nil
	})
	if full.GetTelemetry() != nil {
		t.Errorf("telemetry again: %v", full.GetTelemetry())
	}
	sent, received := record(t, full.GetPublisherStats(), "outbound-rtp"), record(t, full.GetSubscriberStats(), "inbound-rtp")
	if sent["ssrc"].(float64) == 0 || received["ssrc"].(float64) == 0 || received["packetsReceived"].(float64) == 0 {
		t.Errorf("sent %v, received %v", sent, received)
	}
	if record(t, full.GetPublisherStats(), "candidate-pair") == nil {
		t.Errorf("no candidate pair in %s", full.GetPublisherStats())
	}
	alice.leave()
	nextReport(t, reports, func(r *signal.SendStatsRequest) bool { return r.GetSessionId() == full.GetSessionId() })
}

func TestReconnectIsInTheNextReport(t *testing.T) {
	w := newWorld(t)
	reports := w.reported(500 * time.Millisecond)
	alice := w.join("alice")
	nextReport(t, reports, func(r *signal.SendStatsRequest) bool { return r.GetTelemetry() != nil })
	address := signalingAddress(w.sfu)
	w.stopSFU(w.sfu)
	w.sfu = w.startSFU(address, "127.0.0.1:0", "sfu-1")
	w.coordinator.use(w.sfu)
	reports = w.reported(500 * time.Millisecond)
	await(alice, 0, reconnected)
	report := nextReport(t, reports, func(r *signal.SendStatsRequest) bool { return r.GetTelemetry().GetReconnection() != nil })
	again := report.GetTelemetry().GetReconnection()
	if again.GetStrategy() != models.WebsocketReconnectStrategy_WEBSOCKET_RECONNECT_STRATEGY_REJOIN || again.GetTimeSeconds() <= 0 {
		t.Errorf("telemetry: %v", again)
	}
}

func TestSessionStatsAreComplete(t *testing.T) {
	w := newWorld(t)
	file, _, _ := speech(t, time.Second)
	alice, bob := w.join("alice"), w.join("bob")
	alice.publish("speech", file, looped)
	bob.listen("alice").await(t, 10)
	stats := func(b *bot) (rtc.Stats, rtc.TrackStats) {
		all := b.Stats()
		if len(all.Tracks) != 1 {
			t.Fatalf("%s has the tracks %+v", b.name, all.Tracks)
		}
		return all, all.Tracks[0]
	}
	w.eventually("reports of the SFU", func() bool {
		_, track := stats(alice)
		return track.RTTMs > 0 && track.BitrateBps > 0
	})
	all, sent := stats(alice)
	if sent.Direction != rtc.Send || sent.SSRC == 0 || sent.Packets == 0 || sent.Bytes == 0 || sent.RTTMs > 1000 ||
		all.Publisher.RTTMs != sent.RTTMs || all.Publisher.BytesSent == 0 || all.Publisher.State != "connected" || !all.Signaling.Connected {
		t.Errorf("alice: %+v %+v", all, all.Publisher)
	}
	w.eventually("a rate", func() bool { _, track := stats(bob); return track.BitrateBps > 0 })
	all, received := stats(bob)
	timing := all.Timing
	if received.Direction != rtc.Receive || received.SSRC == 0 || received.Packets == 0 || all.Subscriber == nil ||
		timing.GetCoordinatorMs() <= 0 || timing.GetSignalingMs() <= 0 || timing.GetTotalMs() < timing.GetCoordinatorMs()+timing.GetSignalingMs() ||
		timing.GetIceMs() <= 0 || timing.GetDtlsMs() <= 0 || timing.GetFirstPacketMs() < timing.GetTotalMs() {
		t.Errorf("bob: %+v %v", all, timing)
	}
}

// eventually looks every 20 ms until something that no event tells holds.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("%s did not come", what)
		}
	}
}
