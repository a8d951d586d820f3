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

	"github.com/partnerapi/partnerapi-go/internal/errtext"
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
	own.patience = time.Hour // a busy machine takes long for a handshake
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

// A request waits for the connections of others for a second at most, and for a quarter of its time. While no dial succeeds,
// one more request dials every 250 ms.
func TestGatePatience(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	tests := map[string]struct {
		address string
		timeout time.Duration
		after   []time.Duration // when each of ten concurrent requests has a connection dialled
	}{
		"https": {"https://a.example", 5 * time.Second, append([]time.Duration{0, 250 * ms, 500 * ms, 750 * ms}, slices.Repeat([]time.Duration{time.Second}, 6)...)},
		"http":  {"http://a.example", 5 * time.Second, make([]time.Duration, 10)},
		"https, short timeout": {
			"https://a.example", 600 * ms, append([]time.Duration{0}, slices.Repeat([]time.Duration{150 * ms}, 9)...),
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

// A request whose context ends in the gate, or before, is not sent. Its trace proves that.
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

				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if when == 0 {
					cancel()
				}
				time.AfterFunc(when, cancel)
				body, sent := &closing{Reader: strings.NewReader("body")}, new(Trace)
				req, err := http.NewRequestWithContext(sent.Watch(ctx, nil, nil), http.MethodPost, "https://a.example", body)
				require.NoError(t, err)
				_, err = own.RoundTrip(req) //nolint:bodyclose // there is none
				require.ErrorIs(t, err, context.Canceled)
				assert.True(t, sent.IsUnsent(err, true, errtext.Parts))
				assert.Equal(t, int64(1), body.closed.Load())
				stop()
				time.Sleep(time.Minute) // until the dial has ended
				assert.Equal(t, int64(1), dialled.Load())
			})
		})
	}
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
		assert.Equal(t, []time.Duration{0, 0, 0, 250 * time.Millisecond}, after)
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

// newPiped returns a transport whose connections are pipes to a TLS server, inside a bubble of synctest. change makes the
// client's side of the n-th connection.
func newPiped(t *testing.T, known *httptest.Server, http2 bool, change func(n int64, ours net.Conn) net.Conn) (own *Transport, connections *atomic.Int64) {
	t.Helper()
	listener := make(pipeListener)
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: known.TLS.Certificates, MinVersion: tls.VersionTLS12}, ReadHeaderTimeout: time.Hour,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "body") }),
	}
	if !http2 {
		server.TLSNextProto = make(map[string]func(*http.Server, *tls.Conn, http.Handler))
	}
	go func() { assert.ErrorIs(t, server.ServeTLS(listener, "", ""), http.ErrServerClosed) }()
	connections = new(atomic.Int64)
	own = dialling(func() (net.Conn, error) {
		ours, theirs := net.Pipe()
		n := connections.Add(1)
		ours = change(n, ours)
		listener <- theirs
		return ours, nil
	})
	own.Base.TLSClientConfig.RootCAs = known.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	t.Cleanup(func() {
		own.CloseIdleConnections()
		assert.NoError(t, server.Close())
	})
	return own, connections
}

// newCertificate returns a server that is closed, for its certificate. It cannot be made in a bubble of synctest.
func newCertificate() *httptest.Server {
	known := httptest.NewTLSServer(nil)
	known.Close()
	return known
}

// slowConn is a connection on which the first read takes long.
type slowConn struct {
	net.Conn

	first sync.Once
	delay time.Duration
}

func (c *slowConn) Read(p []byte) (int, error) {
	c.first.Do(func() { time.Sleep(c.delay) })
	return c.Conn.Read(p)
}

// A handshake that hangs delays no request by more than 250 ms, and costs one more connection. One that only takes long,
// because the server is far away, costs none.
func TestSlowHandshake(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	tests := map[string]struct {
		http2              bool
		connect, handshake time.Duration // of the first connection
		took               time.Duration
		connections        int64
	}{
		"HTTP/2, good":     {true, 10 * ms, 20 * ms, 30 * ms, 1},
		"HTTP/2, hangs":    {true, 10 * ms, time.Minute, 250 * ms, 2},
		"HTTP/2, far":      {true, 150 * ms, 250 * ms, 400 * ms, 1},
		"HTTP/2, far away": {true, 240 * ms, 240 * ms, 480 * ms, 1},
		"HTTP/1.1, hangs":  {false, 10 * ms, time.Minute, 250 * ms, 11},
	}
	known := newCertificate()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				own, connections := newPiped(t, known, test.http2, func(n int64, ours net.Conn) net.Conn {
					if n > 1 {
						return ours
					}
					time.Sleep(test.connect)
					return &slowConn{Conn: ours, delay: test.handshake}
				})
				started := time.Now()
				concurrently(10, func() {
					_, err := send(t.Context(), own, "https://127.0.0.1")
					assert.NoError(t, err)
				})
				assert.Equal(t, test.took, time.Since(started))
				assert.LessOrEqual(t, connections.Load(), test.connections)
				time.Sleep(2 * time.Minute) // until the handshake has ended
			})
		})
	}
}

// A request whose dial another connection made superfluous asks again, with its body from the beginning.
func TestAsksAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body    io.Reader
		getBody func() (io.ReadCloser, error)
		want    string // "" for an error
	}{
		"without a body": {nil, nil, "."},
		"with a body":    {strings.NewReader("body"), nil, "body."},
		"body lost":      {strings.NewReader("body"), func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			own := New()
			own.Base.RegisterProtocol("https", roundTripFunc(func(req *http.Request) (*http.Response, error) {
				var body []byte
				if req.Body != nil {
					body, _ = io.ReadAll(req.Body)
				}
				if sent = append(sent, string(body)); len(sent) == 1 {
					return nil, &net.OpError{Op: "proxyconnect", Err: errShared}
				}
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(body) + "."))}, nil
			}))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://a.example", test.body)
			require.NoError(t, err)
			if test.getBody != nil {
				req.GetBody = test.getBody
			}
			resp, err := own.RoundTrip(req)
			if test.want == "" {
				require.ErrorIs(t, err, io.ErrClosedPipe)
				return
			}
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, test.want, string(got))
		})
	}
}

// A connection of HTTP/2 that has become silent fails the requests of less than 30 s, not all later ones.
func TestSilentConnectionOfHTTP2(t *testing.T) {
	t.Parallel()
	known := newCertificate()
	synctest.Test(t, func(t *testing.T) {
		var muted []*atomic.Bool
		own, _ := newPiped(t, known, true, func(_ int64, ours net.Conn) net.Conn {
			muted = append(muted, new(atomic.Bool))
			return muteConn{ours, muted[len(muted)-1]}
		})
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
