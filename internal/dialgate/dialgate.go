// Package dialgate is a transport that pools the connections of a busy client and lets few requests at a time ask for a
// new one. It also reports which failed requests were not sent.
package dialgate

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/partnerapi/partnerapi-go/internal/errtext"
)

// Transport is an [http.RoundTripper] with a gate before the dials to each host that is reached over TLS. Dials over plain
// HTTP pass, because a superfluous connection without a handshake costs little.
type Transport struct {
	// Base makes the connections. It may be changed before the first request, which puts the gate before its DialContext.
	Base *http.Transport

	first    sync.Once
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	patience time.Duration // with a handshake
	mu       sync.Mutex
	gates    map[string]*gate // by host
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
	return &Transport{Base: base, patience: handshakePatience, gates: make(map[string]*gate)}
}

// CloseIdleConnections closes the connections that no request uses.
func (t *Transport) CloseIdleConnections() { t.Base.CloseIdleConnections() }

// RoundTrip sends the request. net/http asks for a connection, dials if there is none, and takes whichever it gets first:
// the one that it dials, or one that another request has made or does not use any more.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.first.Do(func() { t.dial, t.Base.DialContext = t.Base.DialContext, t.dialContext })
	trace, isTraced := req.Context().Value(ownKey{}).(*Trace)
	if !isTraced {
		trace = new(Trace)
		req = req.WithContext(trace.Watch(req.Context(), nil, nil))
	}
	trace.asked.Store(true) // if the context is done, net/http asks for no connection
	if req.URL == nil || req.URL.Scheme != "https" {
		return t.Base.RoundTrip(req)
	}
	trace.enterBy(t.gate(req.URL.Host), req)
	defer trace.leave() // also if a hook of the caller's trace panics
	resp, err := t.Base.RoundTrip(req)
	for err != nil && errors.Is(err, errShared) {
		again := *req
		if req.GetBody != nil {
			if again.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
		trace.leave()
		resp, err = t.Base.RoundTrip(&again)
	}
	return resp, err
}

// gate returns the gate of a host.
func (t *Transport) gate(host string) *gate {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.gates[host]
	if !ok {
		known = newGate(t.patience)
		t.gates[host] = known
	}
	return known
}

// dialContext dials for a request, when that may pass the gate.
func (t *Transport) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	trace, isTraced := ctx.Value(ownKey{}).(*Trace)
	if !isTraced || trace.gate == nil {
		return t.dial(ctx, network, address)
	}
	taken, err := trace.enter(ctx)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	conn, err := t.dial(ctx, network, address)
	if taken && err == nil {
		trace.gate.connected(time.Since(started))
	}
	return conn, err
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
