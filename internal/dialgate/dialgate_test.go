package dialgate

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// send sends a GET, reads the response and returns its protocol.
func send(ctx context.Context, t *Transport, to string) (protocol string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return "", err
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Proto, err
}

// newServer returns a TLS server, a transport that trusts it and the number of connections made.
func newServer(t *testing.T, http2 bool, seen func(*http.Request)) (address string, own *Transport, connections *atomic.Int64) {
	t.Helper()
	connections = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen(r)
		_, _ = io.WriteString(w, "body")
	}))
	server.EnableHTTP2 = http2
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	own = New()
	own.Base.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	t.Cleanup(own.CloseIdleConnections)
	return server.URL, own, connections
}

func ignore(*http.Request) {}

// dialling returns a transport whose connections are made by dial, in a bubble of synctest.
func dialling(dial func() (net.Conn, error)) *Transport {
	own := New()
	own.Base.DialContext = func(context.Context, string, string) (net.Conn, error) { return dial() }
	own.Base.Proxy = nil
	return own
}

// unreachable dials a server that does not respond: net/http continues to dial when no request waits any more.
func unreachable() (net.Conn, error) {
	time.Sleep(30 * time.Second)
	return nil, context.DeadlineExceeded
}

// concurrently makes the calls at the same time and waits for them.
func concurrently(callers int, call func()) {
	var all sync.WaitGroup
	for range callers {
		all.Go(call)
	}
	all.Wait()
}

func TestNewMinimumTLS(t *testing.T) {
	t.Parallel()
	assert.Equal(t, uint16(tls.VersionTLS12), New().Base.TLSClientConfig.MinVersion)
	assert.NotNil(t, New().Base.TLSClientConfig.ClientSessionCache)
}

// net/http dials for each of the requests before the first connection shows that it is of HTTP/2 and can be shared.
func TestOneConnectionOfHTTP2(t *testing.T) {
	t.Parallel()
	address, own, connections := newServer(t, true, ignore)
	for round := range int64(3) {
		for range 2 {
			concurrently(64, func() {
				protocol, err := send(t.Context(), own, address)
				assert.True(t, err == nil && protocol == "HTTP/2.0", "%s %v", protocol, err)
			})
		}
		assert.LessOrEqual(t, connections.Load(), round+1)
		own.CloseIdleConnections() // as a server that goes away
	}
}

// A handshake that is resumed costs half. The first one comes with a ticket for the next.
func TestTLSSessionsAreResumed(t *testing.T) {
	t.Parallel()
	var resumed atomic.Int64
	address, own, connections := newServer(t, false, func(r *http.Request) {
		if r.TLS.DidResume {
			resumed.Add(1)
		}
	})
	for range 3 {
		_, err := send(t.Context(), own, address)
		require.NoError(t, err)
		own.CloseIdleConnections()
	}
	assert.Equal(t, int64(3), connections.Load())
	assert.Equal(t, int64(2), resumed.Load())
}

// A request waits for the connections of others for a second at most, and for a quarter of its time.
func TestGatePatience(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		address string
		timeout time.Duration
		after   []time.Duration // when each of ten concurrent requests has a connection dialled
	}{
		"https": {"https://a.example", 5 * time.Second, append([]time.Duration{0}, slices.Repeat([]time.Duration{time.Second}, 9)...)},
		"http":  {"http://a.example", 5 * time.Second, make([]time.Duration, 10)},
		"https, short timeout": {
			"https://a.example", time.Second, append([]time.Duration{0}, slices.Repeat([]time.Duration{250 * time.Millisecond}, 9)...),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				started := time.Now()
				var mu sync.Mutex
				var after []time.Duration
				own := dialling(func() (net.Conn, error) {
					mu.Lock()
					after = append(after, time.Since(started))
					mu.Unlock()
					return unreachable()
				})
				concurrently(10, func() {
					ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
					defer cancel()
					_, err := send(ctx, own, test.address)
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				})
				assert.Equal(t, test.timeout, time.Since(started))
				mu.Lock()
				assert.Equal(t, test.after, after)
				mu.Unlock()
				time.Sleep(time.Minute) // until the dials have ended
			})
		})
	}
}

// closing is a body that counts the calls of Close.
type closing struct {
	io.Reader

	closed atomic.Int64
}

func (c *closing) Close() error {
	c.closed.Add(1)
	return nil
}

// A request whose context ends in the gate has asked for a connection, as its trace says, and is not sent.
func TestGateContextCancelled(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]time.Duration{"in the gate": time.Millisecond, "before": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var dialled atomic.Int64
				own := dialling(func() (net.Conn, error) {
					dialled.Add(1)
					return unreachable()
				})
				first, stop := context.WithCancel(t.Context())
				defer stop()
				go func() { _, _ = send(first, own, "https://a.example/first") }()
				synctest.Wait()

				var asked []string
				ctx, cancel := context.WithCancel(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
					GetConn: func(hostPort string) { asked = append(asked, hostPort) },
					GotConn: func(httptrace.GotConnInfo) { t.Error("a connection") },
				}))
				defer cancel()
				if when == 0 {
					cancel()
				}
				time.AfterFunc(when, cancel)
				body := &closing{Reader: strings.NewReader("body")}
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://a.example", body)
				require.NoError(t, err)
				_, err = own.RoundTrip(req) //nolint:bodyclose // there is none
				require.ErrorIs(t, err, context.Canceled)
				assert.Equal(t, []string{"a.example:443"}, asked)
				assert.Equal(t, int64(1), body.closed.Load())
				assert.Equal(t, int64(1), dialled.Load())
				stop()
				time.Sleep(time.Minute) // until the dial has ended
			})
		})
	}
}

// GetConn of the trace is called before a wait in the gate, and again when net/http is asked for the connection.
func TestGateTracesWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := dialling(unreachable)
		started := time.Now()
		var asked []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GetConn: func(hostPort string) {
			asked = append(asked, hostPort+" "+time.Since(started).String())
		}})
		_, err := send(ctx, own, "https://[::1]:8443")
		require.Error(t, err)
		assert.Equal(t, []string{"[::1]:8443 0s"}, asked, "no wait")

		go func() { _, _ = send(t.Context(), own, "https://[::1]:8443") }()
		synctest.Wait()
		asked, started = nil, time.Now()
		_, err = send(ctx, own, "https://[::1]:8443")
		require.Error(t, err)
		assert.Equal(t, []string{"[::1]:8443 0s", "[::1]:8443 1s"}, asked)
	})
}

// Every host has a gate of its own.
func TestGatePerHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		var mu sync.Mutex
		var after []time.Duration
		own := dialling(func() (net.Conn, error) {
			mu.Lock()
			after = append(after, time.Since(started))
			mu.Unlock()
			return unreachable()
		})
		var hosts sync.WaitGroup
		for _, host := range []string{"a.example", "b.example", "a.example:8443", "a.example"} {
			hosts.Go(func() {
				_, err := send(t.Context(), own, "https://"+host)
				assert.Error(t, err)
			})
		}
		hosts.Wait()
		assert.Equal(t, []time.Duration{0, 0, 0, time.Second}, after)
	})
}

// When dialling fails immediately, so do all requests: none waits for a server that is down.
func TestGateServerDown(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://a.example", "https://a.example"} {
		synctest.Test(t, func(t *testing.T) {
			started := time.Now()
			own := dialling(func() (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: net.UnknownNetworkError("down")}
			})
			concurrently(200, func() {
				_, err := send(t.Context(), own, address)
				assert.Error(t, err)
			})
			assert.Zero(t, time.Since(started))
		})
	}
}

// A request that panics leaves the gate too: a caller's trace runs in the middle of it.
func TestGateAfterPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := dialling(func() (net.Conn, error) { return nil, net.UnknownNetworkError("down") })
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GetConn: func(string) { panic("no") }})
		for range widePlaces + 1 {
			assert.Panics(t, func() { _, _ = send(ctx, own, "https://a.example") })
		}
		started := time.Now()
		_, err := send(t.Context(), own, "https://a.example")
		require.Error(t, err)
		assert.Zero(t, time.Since(started))
	})
}

// The hooks of the caller's trace that the gate uses too are called, from the first request on.
func TestGateKeepsTrace(t *testing.T) {
	t.Parallel()
	address, own, _ := newServer(t, true, ignore)
	for range 2 {
		var asked, got, wrote atomic.Int64
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GetConn: func(string) { asked.Add(1) }, GotConn: func(httptrace.GotConnInfo) { got.Add(1) }, WroteHeaders: func() { wrote.Add(1) },
		})
		_, err := send(ctx, own, address)
		require.NoError(t, err)
		assert.Equal(t, int64(1), asked.Load())
		assert.Equal(t, int64(1), got.Load())
		assert.Equal(t, int64(1), wrote.Load())
	}
}

// net/http's own errors come through for requests that it refuses.
func TestRoundTripInvalidRequest(t *testing.T) {
	t.Parallel()
	for want, u := range map[string]*url.URL{
		"http: nil Request.URL": nil, "unsupported protocol scheme \"ftp\"": {Scheme: "ftp", Host: "a.example"}, "http: no Host in request URL": {Scheme: "https"},
	} {
		_, err := New().RoundTrip(&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}) //nolint:bodyclose // there is none
		require.EqualError(t, err, want)
	}
}

// pipeListener accepts the connections that are sent to it.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	conn, open := <-l
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l pipeListener) Close() error {
	close(l)
	return nil
}

func (pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// muteConn is a connection that a firewall can forget: while muted, writes are lost.
type muteConn struct {
	net.Conn
	muted *atomic.Bool
}

func (c muteConn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// A connection of HTTP/2 that has become silent fails the requests of less than 30 s, not all later ones.
func TestSilentConnectionOfHTTP2(t *testing.T) {
	t.Parallel()
	known := httptest.NewTLSServer(nil) // for its certificate
	known.Close()
	synctest.Test(t, func(t *testing.T) {
		listener := make(pipeListener)
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: known.TLS.Certificates, MinVersion: tls.VersionTLS12}, ReadHeaderTimeout: time.Hour,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "body") }),
		}
		go func() { assert.ErrorIs(t, server.ServeTLS(listener, "", ""), http.ErrServerClosed) }()
		defer func() { assert.NoError(t, server.Close()) }()

		var muted []*atomic.Bool
		own := dialling(func() (net.Conn, error) {
			ours, theirs := net.Pipe()
			listener <- theirs
			muted = append(muted, new(atomic.Bool))
			return muteConn{ours, muted[len(muted)-1]}, nil
		})
		own.Base.TLSClientConfig.RootCAs = known.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		defer own.CloseIdleConnections()

		protocol, err := send(t.Context(), own, "https://127.0.0.1")
		require.NoError(t, err)
		assert.Equal(t, "HTTP/2.0", protocol)
		muted[0].Store(true)
		started := time.Now()
		_, err = send(t.Context(), own, "https://127.0.0.1")
		require.Error(t, err)
		assert.Less(t, time.Since(started), 30*time.Second)
		_, err = send(t.Context(), own, "https://127.0.0.1")
		require.NoError(t, err)
		assert.Len(t, muted, 2)
	})
}
