package partnerapi

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newTLSServer returns a client with its own transport, which trusts the server, and how many connections were made.
func newTLSServer(t *testing.T, http2 bool, h http.HandlerFunc, opts ...Option) (*Client, *atomic.Int64) {
	t.Helper()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = http2
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	client, err := NewClient(append([]Option{WithPartnerToken("t"), WithBaseURL(PartnerAPI, server.URL)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	client.config().transport.(*http.Transport).TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return client, &connections
}

func atOnce(callers int, call func()) {
	var all sync.WaitGroup
	for range callers {
		all.Go(call)
	}
	all.Wait()
}

// net/http dials for each of the callers before the first connection shows that it is of HTTP/2 and can be shared.
func TestOneConnectionOfHTTP2(t *testing.T) {
	t.Parallel()
	var protocols sync.Map
	client, connections := newTLSServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		protocols.Store(r.Proto, true)
		_, _ = io.WriteString(w, `{"success":true}`)
	})
	for round := range int64(3) {
		for range 2 {
			atOnce(64, func() { assert.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk")) })
		}
		assert.LessOrEqual(t, connections.Load(), round+1)
		client.CloseIdleConnections() // as a server that goes away
	}
	protocols.Range(func(protocol, _ any) bool { return assert.Equal(t, "HTTP/2.0", protocol) })
}

// A new connection of HTTP/2 can be shared only when its first headers are written. Who left the gate before would have the
// next attempt dial another one.
func TestGateWaitsForHeadersOfHTTP2(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2, server.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	for protocol, leaves := range map[string]bool{"h2": false, "http/1.1": true} {
		config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		config.NextProtos = []string{protocol}
		conn, err := tls.Dial("tcp", server.Listener.Addr().String(), config) //nolint:noctx // on loopback
		require.NoError(t, err)
		assert.Equal(t, leaves, newGate().got(httptrace.GotConnInfo{Conn: conn}), protocol)
		assert.True(t, newGate().got(httptrace.GotConnInfo{Conn: conn, Reused: true}), protocol)
		require.NoError(t, conn.Close())
	}
}

// The first connection can be of an attempt that did not wait for it.
func TestGateOpensWithAConnectionOfAnother(t *testing.T) {
	t.Parallel()
	g := newGate()
	assert.True(t, g.got(httptrace.GotConnInfo{Reused: true}))
	select {
	case <-g.widened:
	default:
		t.Error("still narrow")
	}
}

// A handshake that is resumed costs half. The first one comes with a ticket for the next.
func TestSessionsOfTLSAreResumed(t *testing.T) {
	t.Parallel()
	var resumed atomic.Int64
	client, connections := newTLSServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.DidResume {
			resumed.Add(1)
		}
		_, _ = io.WriteString(w, `{"success":true}`)
	})
	for range 3 {
		require.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk"))
		client.CloseIdleConnections()
	}
	assert.Equal(t, int64(3), connections.Load())
	assert.Equal(t, int64(2), resumed.Load())
}

func TestOwnTransportSpeaksNoOldTLS(t *testing.T) {
	t.Parallel()
	assert.Equal(t, uint16(tls.VersionTLS12), newTransport().TLSClientConfig.MinVersion)
	assert.NotNil(t, newTransport().TLSClientConfig.ClientSessionCache)
}

// dialing is a client with its own transport, whose connections are made by dial, in a bubble of synctest.
func dialing(t *testing.T, base string, dial func() (net.Conn, error), opts ...Option) *Client {
	t.Helper()
	client, err := NewClient(append([]Option{
		WithPartnerToken("t"), WithBaseURL(PartnerAPI, base), WithInsecureHTTP(), WithRetry(RetryPolicy{MaxAttempts: 1}),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { time.Sleep(time.Minute) }) // until those dials are over for which nobody waits
	own := client.config().transport.(*http.Transport)
	own.DialContext = func(context.Context, string, string) (net.Conn, error) { return dial() }
	own.Proxy = nil
	return client
}

// unreachable is a server that does not answer: net/http goes on dialling when nobody waits for it any more.
func unreachable() (net.Conn, error) {
	time.Sleep(30 * time.Second)
	return nil, context.DeadlineExceeded
}

// Nobody waits for the connections of others for longer than that is worth, and all waits are over with the call.
func TestGate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		base  string
		limit time.Duration
		after []time.Duration // when each of ten calls at once has a connection dialled
	}{
		"https": {"https://a.example", 5 * time.Second, append([]time.Duration{0}, slices.Repeat([]time.Duration{time.Second}, 9)...)},
		"http":  {"http://a.example", 5 * time.Second, make([]time.Duration, 10)},
		"https, in a hurry": {
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
				var log attemptLog
				client := dialing(t, test.base, func() (net.Conn, error) {
					mu.Lock()
					after = append(after, time.Since(started))
					mu.Unlock()
					return unreachable()
				}, WithTimeout(test.limit), log.hook())
				atOnce(10, func() {
					err := client.Subscriptions.Cancel(t.Context(), "pk")
					assert.True(t, errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrOutcomeUnknown), "%v", err)
				})
				mu.Lock()
				defer mu.Unlock()
				assert.Equal(t, test.after, after)
				assert.Equal(t, test.limit, time.Since(started))
				for _, a := range log.seen {
					assert.Equal(t, OutcomeUnsent, a.Outcome)
				}
			})
		})
	}
}

// A call that is over while it waits for its turn was certainly not sent.
func TestOverInTheGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dialled atomic.Int64
		var log attemptLog
		client := dialing(t, "https://a.example", func() (net.Conn, error) {
			dialled.Add(1)
			return unreachable()
		}, log.hook())
		first, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = client.Subscriptions.Cancel(first, "pk") }()
		synctest.Wait()
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, stop)
		err := client.Subscriptions.Cancel(ctx, "pk")
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrOutcomeUnknown)
		require.EqualError(t, err, "partner: DELETE /partners/subscriptions/{pk}: no answer: context canceled")
		assert.Equal(t, []Outcome{OutcomeUnsent}, log.outcomes())
		assert.Equal(t, int64(1), dialled.Load())
	})
}

// When dialling fails at once, so do all calls: nobody waits for a server that is not there.
func TestGateOfAServerThatIsDown(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://a.example", "https://a.example"} {
		synctest.Test(t, func(t *testing.T) {
			started := time.Now()
			client := dialing(t, base, func() (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: net.UnknownNetworkError("down")}
			})
			atOnce(200, func() { assert.Error(t, client.Subscriptions.Cancel(t.Context(), "pk")) })
			assert.Zero(t, time.Since(started))
		})
	}
}

// The gate opens with the first connection of HTTP/1.1, for those too who began to wait before.
func TestGateOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		placed, err := g.enter(t.Context())
		assert.True(t, placed)
		require.NoError(t, err)
		started := time.Now()
		var mu sync.Mutex
		var after []time.Duration
		for range 6 {
			go func() {
				placed, err := g.enter(t.Context())
				mu.Lock()
				defer mu.Unlock()
				assert.NoError(t, err)
				if placed {
					after = append(after, time.Since(started))
				}
			}()
		}
		synctest.Wait()
		time.Sleep(100 * time.Millisecond)
		assert.True(t, g.got(httptrace.GotConnInfo{}))
		g.leave()
		synctest.Wait()
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, slices.Repeat([]time.Duration{100 * time.Millisecond}, 2), after, "the others have waited long enough")
	})
}

// A place is given back whatever becomes of the attempt: what a caller's trace does runs in the middle of it.
func TestGateAfterAPanic(t *testing.T) {
	t.Parallel()
	for range askAtOnce + 1 {
		synctest.Test(t, func(t *testing.T) {
			client := dialing(t, "https://a.example", func() (net.Conn, error) { return nil, net.UnknownNetworkError("down") })
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GetConn: func(string) { panic("no") }})
			assert.Panics(t, func() { _ = client.Subscriptions.Cancel(ctx, "pk") })
			started := time.Now()
			require.Error(t, client.Subscriptions.Cancel(t.Context(), "pk"))
			assert.Zero(t, time.Since(started))
		})
	}
}

// The caller's trace is told of what the gate looks at too, from the first call on.
func TestGateKeepsTheCallersTrace(t *testing.T) {
	t.Parallel()
	client, _ := newTLSServer(t, true, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"success":true}`) })
	for range 2 {
		var got, wrote atomic.Int64
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { got.Add(1) }, WroteHeaders: func() { wrote.Add(1) },
		})
		require.NoError(t, client.Subscriptions.Cancel(ctx, "pk"))
		assert.Equal(t, int64(1), got.Load())
		assert.Equal(t, int64(1), wrote.Load())
	}
}

// A transport of the user's has no gate: it knows best.
func TestNoGateBeforeTransportsOfOthers(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTransport())
	assert.Empty(t, client.config().gates)
}

// Fetch, which net/http uses for GOOS=js, follows redirects; where there is no network, as for wasip1, nothing leaks.
func TestSupports(t *testing.T) {
	t.Parallel()
	require.EqualError(t, supports("js"), "NewClient: GOOS=js: net/http uses Fetch, which follows redirects and sends credentials along")
	for _, goos := range []string{
		"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "linux", "netbsd", "openbsd", "plan9", "solaris",
		"wasip1", "windows",
	} {
		require.NoError(t, supports(goos), goos)
	}
}

// newProxy returns the address of a proxy with one response for every request, and the number of its connections.
func newProxy(t *testing.T, answer string) (*url.URL, *atomic.Int64) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	var asked atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_, _ = conn.Read(make([]byte, 4096)) // all of what it is asked for
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	return &url.URL{Scheme: "http", User: url.UserPassword("user", "SECRET"), Host: listener.Addr().String()}, &asked
}

// A proxy that refuses the connection has sent nothing to the API. Its status is printed, without its own words.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	const before = "network: POST /account/network-invitations/{token}: no answer: the proxy responded to CONNECT with "
	tests := map[string]struct {
		line string
		text string
		sent int
	}{
		"407":           {"407 Proxy Authentication Required", "407 Proxy Authentication Required", 1},
		"in its words":  {"407 Ask SECRET", "407 Proxy Authentication Required", 1},
		"without words": {"403", "403 Forbidden", 1},
		"404":           {"404 Not Found", "404 Not Found", 1},
		"a redirect":    {"302 Found\r\nLocation: https://SECRET.example", "302 Found", 1},
		"no name":       {"499 SECRET", "499", 1},
		"another 2xx":   {"204 No Content", "204 No Content", 1},
		"408":           {"408 Request Timeout", "408 Request Timeout", 4},
		"429":           {"429 Too Many Requests", "429 Too Many Requests", 4},
		"500":           {"500 SECRET", "500 Internal Server Error", 4},
		"503":           {"503 Service Unavailable", "503 Service Unavailable", 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, asked := newProxy(t, "HTTP/1.1 "+test.line+"\r\nContent-Length: 6\r\n\r\nSECRET")
			var log attemptLog
			client, err := NewClient(WithNetworkToken("t"), soon, log.hook())
			require.NoError(t, err)
			client.config().transport.(*http.Transport).Proxy = http.ProxyURL(proxy)
			_, err = client.Invitations.Activate(t.Context(), "TOKEN")
			assertKinds(t, err) // not ErrOutcomeUnknown
			require.EqualError(t, err, before+test.text)
			assert.Equal(t, int64(test.sent), asked.Load())
			assert.Equal(t, slices.Repeat([]Outcome{OutcomeUnsent}, test.sent), log.outcomes())
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.sent, failed.Attempts)
			assert.Zero(t, failed.StatusCode)
		})
	}
}

// A user's http.Transport keeps only the text of the status: it is known if it is the standard text.
func TestProxyRefusesATransportOfOthers(t *testing.T) {
	t.Parallel()
	const before = "network: GET /account/networks/{child_account_id}: no answer: "
	tests := map[string]struct {
		line string
		text string
		sent int
	}{
		"407":          {"407 Proxy Authentication Required", "the proxy responded to CONNECT with 407 Proxy Authentication Required", 1},
		"403":          {"403 Forbidden", "the proxy responded to CONNECT with 403 Forbidden", 1},
		"502":          {"502 Bad Gateway", "the proxy responded to CONNECT with 502 Bad Gateway", 4},
		"no words":     {"503", "unknown status code", 4},
		"in its words": {"407 Ask SECRET", "the transport failed; error of type *errors.errorString, which errors.Unwrap shows", 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, asked := newProxy(t, "HTTP/1.1 "+test.line+"\r\n\r\n")
			client := newTestClient(t, &http.Transport{Proxy: http.ProxyURL(proxy)}, soon)
			_, err := client.Networks.Get(t.Context(), "acc_1")
			require.EqualError(t, err, before+test.text)
			assert.Equal(t, int64(test.sent), asked.Load())
		})
	}
	// The text of another transport proves nothing.
	transport := turns(func(*http.Request) (*http.Response, error) { return nil, errors.New("Forbidden") })
	_, err := newTestClient(t, transport, soon).Networks.Get(t.Context(), "acc_1")
	require.EqualError(t, err, before+"the transport failed with 403 Forbidden; error of type *errors.errorString, which errors.Unwrap shows")
	assert.Equal(t, 4, transport.sent)
}

func TestProxyOfSOCKSRefuses(t *testing.T) {
	t.Parallel()
	proxy, _ := newProxy(t, "SECRET")
	proxy.Scheme = "socks5"
	client, err := NewClient(WithNetworkToken("t"), soon)
	require.NoError(t, err)
	client.config().transport.(*http.Transport).Proxy = http.ProxyURL(proxy)
	_, err = client.Networks.Get(t.Context(), "acc_1")
	require.ErrorContains(t, err, "unexpected protocol version")
	assert.NotContains(t, err.Error(), "SECRET")
}
