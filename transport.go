package partnerapi

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

// newTransport returns the transport of a client that was given none. It keeps as many connections to a host as a busy
// service uses at once, of which net/http keeps two, and the tickets with which a handshake costs half.
func newTransport() *http.Transport {
	t := cleanhttp.DefaultPooledTransport()
	t.MaxIdleConnsPerHost = 64
	t.MaxIdleConns = 0
	t.MaxResponseHeaderBytes = 1 << 20
	t.TLSClientConfig = &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0), MinVersion: tls.VersionTLS12}
	// All calls share a connection of HTTP/2. One that has become silent, because a firewall forgot it, say, is given up
	// within an attempt of 30 s, or every other attempt would go to it too.
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		return proxyRefusal(resp.StatusCode)
	}
	return t
}

// supports refuses a platform on which net/http follows redirects whatever its caller says. It refuses any transport there,
// because one that wraps net/http's cannot be told from others.
func supports(goos string) error {
	if goos == "js" {
		return refused("GOOS=js", "net/http uses Fetch, which follows redirects and sends credentials along")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// proxyRefusal is the status of a proxy's response to CONNECT, if it made no connection. Nothing was sent to the API. The
// proxy's own words are not kept, because they can say anything.
type proxyRefusal int

func (r proxyRefusal) Error() string {
	return "the proxy responded to CONNECT with " + strings.TrimSpace(strconv.Itoa(int(r))+" "+http.StatusText(int(r)))
}

// final reports whether a retry would get the same response.
func (r proxyRefusal) final() bool {
	return r < http.StatusInternalServerError && r != http.StatusRequestTimeout && r != http.StatusTooManyRequests
}

// isRefusedForGood reports whether err is the refusal of a proxy that a retry would get too.
func isRefusedForGood(err error) bool {
	var refusal proxyRefusal
	return errors.As(err, &refusal) && refusal.final()
}

// ofProxy returns the refusal of a proxy in place of the error that a [http.Transport] without OnProxyConnectResponse makes
// of it: the text after the status, and nothing else.
func ofProxy(transport http.RoundTripper, err error) error {
	if _, plain := transport.(*http.Transport); plain {
		if status := statusOf[err.Error()]; status != 0 {
			return proxyRefusal(status)
		}
	}
	return err
}

// gate lets a few attempts at a time ask net/http for a connection. net/http dials one for every request that finds none
// idle, and goes on dialling when another has become idle meanwhile: of many callers at once, most would wait for
// handshakes of which few are needed. Whoever has waited long enough asks all the same.
//
// It is narrow, for one at a time, until a connection turns out to be of HTTP/1.1. One of HTTP/2 is shared: who comes
// after the first has it at once, and when it is lost the next one is dialled once.
type gate struct {
	places  chan struct{} // taken by those who ask
	widen   sync.Once
	widened chan struct{} // closed when the gate is no longer narrow
}

const (
	// askAtOnce is how many attempts ask for a connection of HTTP/1.1 at once.
	askAtOnce = 2
	// narrowPatience is how long a place in a narrow gate is waited for: longer than a handshake takes across the world.
	narrowPatience = time.Second
	// widePatience is how long one in a wide gate is.
	widePatience = 50 * time.Millisecond
)

// newGates returns the gates of the APIs that are reached over TLS: without a handshake, a connection too many costs
// little.
func newGates(bases map[API]*url.URL) map[API]*gate {
	gates := make(map[API]*gate, len(bases))
	for name, base := range bases {
		if base.Scheme == "https" {
			gates[name] = newGate()
		}
	}
	return gates
}

// newGate returns a narrow gate.
func newGate() *gate {
	g := &gate{places: make(chan struct{}, askAtOnce), widened: make(chan struct{})}
	for range askAtOnce - 1 {
		g.places <- struct{}{}
	}
	return g
}

func (g *gate) open() {
	g.widen.Do(func() {
		for range askAtOnce - 1 {
			<-g.places
		}
		close(g.widened)
	})
}

// enter returns when the attempt may ask for a connection, and whether it has a place that it has to leave. It fails if
// ctx is over before.
func (g *gate) enter(ctx context.Context) (placed bool, err error) {
	select {
	case g.places <- struct{}{}:
		return true, nil
	default:
	}
	timer := time.NewTimer(patience(ctx, narrowPatience))
	defer timer.Stop()
	widened := g.widened
	for {
		select {
		case g.places <- struct{}{}:
			return true, nil
		case <-widened:
			timer.Reset(patience(ctx, widePatience))
			widened = nil
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// patience returns how long to wait for a place: at most a part of the time that there is for all.
func patience(ctx context.Context, most time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(deadline)/4)
	}
	return most
}

// leave gives a place to another attempt.
func (g *gate) leave() { <-g.places }

// got is told of the connection that an attempt has got, and reports whether others can ask for theirs now. One of HTTP/2
// that is new is there for others only a moment later, when the headers are written.
func (g *gate) got(info httptrace.GotConnInfo) bool {
	if c, isTLS := info.Conn.(*tls.Conn); isTLS && c.ConnectionState().NegotiatedProtocol == "h2" {
		return info.Reused
	}
	g.open() // one that is reused may be the first: who asked for it did not wait
	return true
}
