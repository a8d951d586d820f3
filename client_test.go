package partnerapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
)

// closable is a transport that counts calls of CloseIdleConnections.
type closable struct {
	roundTripFunc

	closed atomic.Int64
}

func (c *closable) CloseIdleConnections() { c.closed.Add(1) }

// A failed call does not close idle connections: only Client.CloseIdleConnections does.
func TestCallsLeaveThePoolOpen(t *testing.T) {
	t.Parallel()
	fails := func(*http.Request) (*http.Response, error) { return nil, errors.New("no") }
	waits := func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	cut := func(req *http.Request) (*http.Response, error) {
		return http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")), req)
	}
	refusing := WithRateLimiter(AccountAPI, limiterFunc(func(context.Context) error { return errors.New("no") }))
	tests := map[string]struct {
		transport roundTripFunc
		opts      []Option
		change    func(context.Context) (context.Context, context.CancelFunc)
		sent      int
	}{
		"no response to the last attempt": {fails, nil, context.WithCancel, 4},
		"incomplete response":             {cut, nil, context.WithCancel, 4},
		"too large":                       {always(200, "{}"), []Option{WithMaxResponseBytes(1)}, context.WithCancel, 1},
		"500 to the last attempt":         {always(500, ""), nil, context.WithCancel, 4},
		"timed out":                       {waits, nil, context.WithCancel, 4},
		"refused by the limiter":          {always(200, ""), []Option{refusing}, context.WithCancel, 0},
		"a wait that does not fit": {always(503, "", "Retry-After", "20"), nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, 1},
		"timed out in flight": {waits, nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, 1},
		"cancelled between attempts": {always(503, ""), nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			return context.WithValue(ctx, cancelKey{}, cancel), cancel
		}, 1},
		"cancelled before the first attempt": {always(503, ""), nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				transport := &closable{roundTripFunc: func(req *http.Request) (*http.Response, error) {
					sent++
					return test.transport(req)
				}}
				client := newTestClient(t, transport, append(test.opts, cancellingHook())...)
				ctx, cancel := test.change(t.Context())
				defer cancel()
				_, err := Do[none](ctx, client, Call{API: AccountAPI, Op: "GET /a"})
				require.Error(t, err)
				assert.Equal(t, test.sent, sent)
				assert.Zero(t, transport.closed.Load())
				client.CloseIdleConnections()
				assert.Equal(t, int64(1), transport.closed.Load())
			})
		})
	}
}

// A transport set with WithHTTPClient has no gate.
func TestTransportOfTheCaller(t *testing.T) {
	t.Parallel()
	transport := &http.Transport{}
	assert.Same(t, transport, newTestClient(t, transport).config().transport)
}

// Fetch, which net/http uses for GOOS=js, follows redirects. wasip1 has no network, so nothing leaks.
func TestSupports(t *testing.T) {
	t.Parallel()
	assertRefused(t, supports("js"), "GOOS=js", "net/http uses Fetch, which follows redirects and sends credentials along")
	for _, goos := range []string{
		"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "linux", "netbsd", "openbsd", "plan9", "solaris",
		"wasip1", "windows",
	} {
		require.NoError(t, supports(goos), goos)
	}
}

// A connection of TLS, or of HTTP/2, is closed too, also if a call was in flight when its client was dropped.
func TestDroppedClientOverTLS(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var open atomic.Int64
			received, respond := make(chan string), make(chan bool)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				received <- r.Proto
				<-respond
				_, _ = io.WriteString(w, `{"success":true}`)
			}))
			server.EnableHTTP2 = http2
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				open.Add(map[http.ConnState]int64{http.StateNew: 1, http.StateClosed: -1}[state])
			}
			server.StartTLS()
			t.Cleanup(server.Close)
			result := make(chan error)
			go func() {
				client, err := NewClient(WithPartnerToken("a"), WithBaseURL(PartnerAPI, server.URL))
				if !assert.NoError(t, err) {
					close(received)
					return
				}
				own := client.config().transport.(*dialgate.Transport)
				own.Base.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
				result <- client.Subscriptions.Cancel(t.Context(), "MS2365")
			}()
			require.Equal(t, name, <-received)
			for range 3 {
				runtime.GC()
			}
			respond <- true
			require.NoError(t, <-result)
			require.Eventually(t, func() bool {
				runtime.GC()
				return open.Load() == 0
			}, 30*time.Second, 10*time.Millisecond, "connections are open")
		})
	}
}
