package rtc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// A coordinator tells sessions where their SFU is. One on the Internet must not make them connect to what only this machine
// or its network reaches; one within may name any SFU, and is most likely to name one beside it.

var errPrivateAddress = errors.New("a coordinator on the Internet must not name an SFU at a private address")

// reach is a way to servers: to all, or to those with public addresses only.
type reach struct {
	transport *http.Transport
	http      *http.Client
	dialer    *websocket.Dialer

	publicOnly bool
	proxies    sync.Map // addresses of those that were asked for
}

func newReach(publicOnly bool) *reach {
	r := &reach{publicOnly: publicOnly}
	dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: r.admit}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(context.WithValue(ctx, dialed{}, address), network, address)
	}
	r.transport = &http.Transport{
		Proxy:                 r.proxy,
		DialContext:           dial,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       15 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
	}
	r.http = &http.Client{Transport: r.transport, CheckRedirect: stay}
	r.dialer = &websocket.Dialer{
		Proxy: r.proxy, NetDialContext: dial, HandshakeTimeout: 5 * time.Second,
		ReadBufferSize: 1024, WriteBufferSize: 1024, // frames are small and sessions many
	}
	return r
}

// nameTimeout bounds asking where the coordinator is.
const nameTimeout = 2 * time.Second

// reachFor answers the way to the SFUs that a session's coordinator names.
func (e *Engine) reachFor(ctx context.Context, options JoinOptions) *reach {
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	if options.AllowPrivateSFU || !e.isPublic(ctx, options.CoordinatorURL) {
		return e.anywhere
	}
	return e.internet
}

// stay makes a redirect an answer like any other: a token is for the server that it was to be sent to.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// dialed is the key of what a dialer was asked for: it tells of each address of a name, and a proxy from a server.
type dialed struct{}

func (r *reach) proxy(request *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(request)
	if err == nil && proxy == nil || err != nil {
		return proxy, err
	}
	if literal, err := netip.ParseAddr(request.URL.Hostname()); r.publicOnly && err == nil && !isPublic(literal) {
		return nil, fmt.Errorf("%w: %s", errPrivateAddress, literal)
	}
	r.proxies.Store(hostPort(proxy), true)
	return proxy, nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// admit looks at an address, as it was resolved, before it is connected to.
func (r *reach) admit(ctx context.Context, _, address string, _ syscall.RawConn) error {
	if !r.publicOnly {
		return nil
	}
	if asked, _ := ctx.Value(dialed{}).(string); asked != "" {
		if _, isProxy := r.proxies.Load(asked); isProxy {
			return nil
		}
	}
	resolved, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(resolved.Addr()) {
		return fmt.Errorf("%w: %s", errPrivateAddress, address)
	}
	return nil
}

// notPublic are the ranges that no host on the Internet has (RFC 6890), beside those that netip knows.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("fec0::/10"),
}

// embedding are the ranges whose addresses stand for those of IPv4 in their last four bytes.
var embedding = netip.MustParsePrefix("64:ff9b::/96")

func isPublic(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if embedding.Contains(address) {
		bytes := address.As16()
		address = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	for _, prefix := range notPublic {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

// isPublicURL tells whether a server is on the Internet. One whose name says nothing here counts as such.
func isPublicURL(ctx context.Context, text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return true
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return true
	}
	for _, address := range addresses {
		if !isPublic(address) {
			return false
		}
	}
	return true
}
