package rtc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"streamgateway/native/internal/coordinator"
	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/rtcproto"
)

func TestOnlyAddressesOfTheInternetArePublic(t *testing.T) {
	for address, public := range map[string]bool{
		"8.8.8.8": true, "2a00:1450:4001::1": true, "64:ff9b::808:808": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false,
		"::ffff:169.254.169.254": false, "64:ff9b::a9fe:a9fe": false,
	} {
		if isPublic(netip.MustParseAddr(address)) != public {
			t.Errorf("%s counts as public: %v", address, !public)
		}
	}
}

// hostileCoordinator answers each join in one way and counts the requests.
func hostileCoordinator(t *testing.T, answer http.HandlerFunc) (url string, joins *atomic.Int32) {
	t.Helper()
	joins = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/join") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		joins.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, joins
}

// trap is a server that nobody should come to.
func trap(t *testing.T) (host string, visits *atomic.Int32) {
	t.Helper()
	visits = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), visits
}

func joinAt(t *testing.T, url string, prepare func(*Engine, *JoinOptions)) error {
	t.Helper()
	engine, err := NewEngine(silent)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	options := JoinOptions{
		CoordinatorURL: url, APIKey: "k", Token: "secret", CallType: "default", CallID: "demo", User: coordinator.User{ID: "alice"},
	}
	prepare(engine, &options)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err = engine.Join(ctx, options, func(*rtcproto.Event) {})
	return err
}

func TestAUsersTokenGoesNowhereElseThanToTheCoordinator(t *testing.T) {
	elsewhere, visits := trap(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		url, joins := hostileCoordinator(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+elsewhere+"/steal", status)
		})
		err := joinAt(t, url, func(*Engine, *JoinOptions) {})
		if failure.KindOf(err) != failure.CoordinatorRejected || failure.Of(err).Stream.Status != status {
			t.Errorf("%d: %v", status, err)
		}
		if joins.Load() != 1 || visits.Load() != 0 {
			t.Errorf("%d: asked %d times, and elsewhere %d times", status, joins.Load(), visits.Load())
		}
	}
}

func TestACoordinatorOnTheInternetCannotSendASessionIntoThisNetwork(t *testing.T) {
	inside, visits := trap(t)
	for _, host := range []string{inside, strings.Replace(inside, "127.0.0.1", "localhost", 1), strings.Replace(inside, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		url, joins := hostileCoordinator(t, sfuAt("http://"+host, "ws://"+host+"/latest/meta-data"))
		err := joinAt(t, url, func(e *Engine, _ *JoinOptions) { e.isPublic = func(context.Context, string) bool { return true } })
		if !errors.Is(err, errPrivateAddress) || failure.KindOf(err) != failure.CoordinatorRejected || joins.Load() != 1 || visits.Load() != 0 {
			t.Errorf("%s: %v; asked %d times, %d visits", host, err, joins.Load(), visits.Load())
		}
	}
}

func TestACoordinatorWithinOrAHostThatTrustsItMayNameAnySFU(t *testing.T) {
	inside, visits := trap(t)
	url, _ := hostileCoordinator(t, sfuAt("http://"+inside, "ws://"+inside+"/ws"))
	for name, prepare := range map[string]func(*Engine, *JoinOptions){
		"within": func(*Engine, *JoinOptions) {},
		"trusted": func(e *Engine, o *JoinOptions) {
			e.isPublic, o.AllowPrivateSFU = func(context.Context, string) bool { return true }, true
		},
	} {
		before := visits.Load()
		if err := joinAt(t, url, prepare); failure.KindOf(err) != failure.SFUUnreachable || visits.Load() == before {
			t.Errorf("%s: %v, %d visits", name, err, visits.Load()-before)
		}
	}
}

func TestAddressesThatAreNoneOfAnSFUAreRefusedAtOnce(t *testing.T) {
	for _, addresses := range [][2]string{
		{"file:///etc/passwd", "ws://sfu/ws"}, {"http://sfu", "http://sfu/ws"}, {"http://sfu", "gopher://sfu"}, {"http://", "ws://sfu"},
		{"//sfu/twirp", "ws://sfu"}, {"http://sfu", "ws:///ws"},
	} {
		url, joins := hostileCoordinator(t, sfuAt(addresses[0], addresses[1]))
		if err := joinAt(t, url, func(*Engine, *JoinOptions) {}); failure.KindOf(err) != failure.CoordinatorRejected || joins.Load() != 1 {
			t.Errorf("%v: %v after %d requests", addresses, err, joins.Load())
		}
	}
}

func sfuAt(url, endpoint string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"credentials":{"server":{"url":%q,"ws_endpoint":%q,"edge_name":"x"},"token":"t"}}`, url, endpoint)
	}
}

func TestTURNServersWithinAreLeftOutForACoordinatorOnTheInternet(t *testing.T) {
	servers := []coordinator.ICEServer{{URLs: []string{"turn:10.0.0.1:80?transport=tcp", "turn:8.8.8.8:3478"}, Username: "u", Password: "p"}}
	if list := iceServers(silent, servers, true); len(list) != 1 || len(list[0].URLs) != 1 || list[0].URLs[0] != "turn:8.8.8.8:3478" {
		t.Errorf("%v", list)
	}
	if list := iceServers(silent, servers, false); len(list) != 1 || len(list[0].URLs) != 2 {
		t.Errorf("of one within: %v", list)
	}
}
