// Package dialgate is a transport that pools the connections of a busy client and lets few requests at a time ask for a
// new one. It also reports which failed requests were not sent.
package dialgate

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

// Transport is an [http.RoundTripper] with a gate before each host that is reached over TLS. Requests over plain
// HTTP pass, because a superfluous connection without a handshake costs little.
//
// A request that has to wait at the gate has its httptrace's GetConn called before that: one whose context ends there has
// asked for a connection and got none. net/http calls GetConn again when it is asked for the connection.
type Transport struct {
	// Base makes the connections. It may be changed before the first request.
	Base *http.Transport

	gates sync.Map // of *gate, by host
}

// New returns a transport with settings for calls to few hosts. net/http would keep two idle connections to a host, fewer
// than a busy service needs. TLS sessions are cached, because resuming one costs half a handshake.
func New() *Transport {
	base := cleanhttp.DefaultPooledTransport()
	base.MaxIdleConnsPerHost = 64
	base.MaxIdleConns = 0
	base.MaxResponseHeaderBytes = 1 << 20
	base.TLSClientConfig = &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0), MinVersion: tls.VersionTLS12}
	// All requests share a connection of HTTP/2. One that has become silent, because a firewall has forgotten it, say, is
	// closed within 30 s, or it would fail every request until it is.
	base.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}
	base.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		return ProxyRefusal(resp.StatusCode)
	}
	return &Transport{Base: base}
}

// CloseIdleConnections closes the connections that no request uses.
func (t *Transport) CloseIdleConnections() { t.Base.CloseIdleConnections() }

// RoundTrip waits at the gate of the request's host and sends the request. If the context ends before, nothing is sent.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL == nil || req.URL.Scheme != "https" {
		return t.Base.RoundTrip(req)
	}
	ctx, p := req.Context(), place{gate: t.gate(req.URL.Host)}
	taken := ctx.Err() == nil && p.gate.tryEnter()
	if !taken {
		asks(ctx, req.URL)
		var err error
		if taken, err = p.gate.enter(ctx); err != nil {
			if req.Body != nil {
				_ = req.Body.Close() // as a RoundTripper has to
			}
			return nil, err
		}
	}
	p.taken.Store(taken)
	defer p.leave() // also if a hook of the caller's trace panics
	return t.Base.RoundTrip(req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if p.gate.got(info) {
				p.leave()
			}
		},
		WroteHeaders: p.leave,
	})))
}

// gate returns the gate of a host.
func (t *Transport) gate(host string) *gate {
	known, ok := t.gates.Load(host)
	if !ok {
		known, _ = t.gates.LoadOrStore(host, newGate())
	}
	return known.(*gate)
}

// asks calls GetConn of the trace of ctx.
func asks(ctx context.Context, u *url.URL) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil || trace.GetConn == nil {
		return
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	trace.GetConn(net.JoinHostPort(u.Hostname(), port))
}

// place is the place of one request in a gate.
type place struct {
	gate  *gate
	taken atomic.Bool
}

// leave gives the place to another request. Only the first call does.
func (p *place) leave() {
	if p.taken.CompareAndSwap(true, false) {
		p.gate.leave()
	}
}

// RoundTrip sends a request through any transport, and checks the response: a mock may break the contract of a RoundTripper.
func RoundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	switch {
	case err != nil:
	case resp == nil:
		err = errtext.Reason("the transport returned neither a response nor an error")
	case resp.StatusCode < 100:
		err = errtext.Reason("a response without a status")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if err != nil && resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	return resp, err
}
