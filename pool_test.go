package partnerapi

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newPiped returns a client whose connections are pipes to serve, through a transport of the package's own, and how many
// were made. Inside a bubble of synctest no time passes while anything can go on: over loopback net/http gives a
// connection up if a busy machine lets 50 ms pass before the transport's two goroutines of it have met.
func newPiped(t *testing.T, serve func(net.Conn), opts ...Option) (*Client, *atomic.Int64) {
	t.Helper()
	var connections atomic.Int64
	transport := newTransport()
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		connections.Add(1)
		ours, theirs := net.Pipe()
		go serve(theirs)
		return ours, nil
	}
	const base = "http://localhost"
	client := newTestClient(t, transport, append([]Option{
		WithBaseURL(PartnerAPI, base), WithBaseURL(AccountAPI, base), WithBaseURL(NetworkAPI, base),
	}, opts...)...)
	t.Cleanup(client.CloseIdleConnections)
	return client, &connections
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

// newPipedServer is newPiped with a server of net/http at the other end.
func newPipedServer(t *testing.T, h http.HandlerFunc, opts ...Option) (*Client, *atomic.Int64) {
	t.Helper()
	listener := make(pipeListener)
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Hour}
	go func() { assert.ErrorIs(t, server.Serve(listener), http.ErrServerClosed) }()
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return newPiped(t, func(conn net.Conn) { listener <- conn }, opts...)
}

// cancelKey is where the context of a call holds what cancels it.
type cancelKey struct{}

// cancellingHook cancels a call between its attempts, if its context holds what does so.
func cancellingHook() Option {
	return WithAttemptHook(func(ctx context.Context, a Attempt) {
		if cancel, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok && a.Wait > 0 {
			cancel()
		}
	})
}

// TRAPS: "every give-up and every cancelled call closes the whole idle pool": 20 good calls, 20 failing ones of each
// kind and 20 cancelled between attempts use one connection.
func TestTrapPoolSurvives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var status, allowed atomic.Int64
		client, connections := newPipedServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(int(status.Load()))
			if status.Load() == http.StatusOK {
				_, _ = io.WriteString(w, `{"success":true}`)
				return
			}
			_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
		}, cancellingHook(), WithRetry(RetryPolicy{MaxAttempts: 2}), WithRateLimiter(NetworkAPI, limiterFunc(func(context.Context) error {
			if allowed.Add(-1) < 0 {
				return errors.New("no")
			}
			return nil
		})))
		get := Call{API: AccountAPI, Op: "GET /a"}
		post := Call{API: AccountAPI, Op: "POST /a"}
		failing := []struct {
			name   string
			status int64
			call   Call
			want   error
		}{
			{"not in the API's form", 201, get, ErrBadResponse},
			{"redirect", 302, get, ErrBadResponse},
			{"refused", 400, post, ErrInvalid},
			{"401", 401, post, ErrUnauthorized},
			{"404", 404, get, ErrBadResponse},
			{"429, to the last attempt", 429, post, ErrRateLimited},
			{"500, to the last attempt", 500, get, ErrServer},
			{"500, sent once", 500, post, ErrOutcomeUnknown},
			{"the second attempt may not start", 503, Call{API: NetworkAPI, Op: "GET /a"}, ErrServer},
		}
		for range 20 {
			status.Store(200)
			require.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk"))

			for _, test := range failing {
				status.Store(test.status)
				allowed.Store(1)
				_, err := Do[none](t.Context(), client, test.call)
				require.ErrorIs(t, err, test.want, test.name)
			}

			status.Store(429)
			ctx, cancel := context.WithCancel(t.Context())
			err := client.Subscriptions.Cancel(context.WithValue(ctx, cancelKey{}, cancel), "pk")
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, ErrRateLimited)
			cancel()
		}
		assert.Equal(t, int64(1), connections.Load())
	})
}

// TRAPS: "a failed answer is drained for at most 4 KiB": a 5000-byte error page costs a connection per attempt.
func TestTrapPoolSurvivesLargeFailures(t *testing.T) {
	t.Parallel()
	writes := map[string]func(http.ResponseWriter, int, string){
		"with a length": func(w http.ResponseWriter, status int, page string) {
			w.Header().Set("Content-Length", "300000")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, page)
		},
		"in chunks": func(w http.ResponseWriter, status int, page string) {
			w.WriteHeader(status)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, page)
		},
		"gzipped": func(w http.ResponseWriter, status int, page string) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
			zip, _ := gzip.NewWriterLevel(w, gzip.NoCompression)
			_, _ = io.WriteString(zip, page)
			_ = zip.Close()
		},
	}
	for how, write := range writes {
		for status, sent := range map[int]int64{200: 1, 302: 1, 400: 1, 404: 1, 429: 4, 500: 4, 503: 4} {
			t.Run(how+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var arrived atomic.Int64
					client, connections := newPipedServer(t, func(w http.ResponseWriter, _ *http.Request) {
						arrived.Add(1)
						write(w, status, strings.Repeat("x", 300_000))
					})
					for range 3 {
						_, err := Do[none](t.Context(), client, Call{API: AccountAPI, Op: "GET /a"})
						require.Error(t, err)
					}
					assert.Equal(t, 3*sent, arrived.Load())
					assert.Equal(t, int64(1), connections.Load())
				})
			})
		}
	}
}

// "An HTTP/1.1 call cancelled in flight costs its own connection, no other." So does one that fails in another way
// before its answer is complete.
func TestCallCancelledInFlightCostsItsConnection(t *testing.T) {
	t.Parallel()
	const many = 8
	tests := map[string]struct {
		answer http.HandlerFunc // to the call that fails
		opts   []Option
		want   error
		text   string
	}{
		"cancelled": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			nil, context.Canceled, "no answer: outcome unknown; context canceled",
		},
		"cancelled within the answer": {
			func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "{")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			},
			nil, context.Canceled, "200 OK: outcome unknown; context canceled",
		},
		"timed out": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			nil, context.DeadlineExceeded, "no answer: outcome unknown; context deadline exceeded",
		},
		"cut": {
			func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			nil, io.EOF, "no answer: outcome unknown; EOF",
		},
		"too large": {
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 300_000)) },
			[]Option{WithMaxResponseBytes(1000)}, ErrResponseTooLarge, "200 OK: response too large; outcome unknown",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, connections := newPipedServer(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						_, _ = io.Copy(io.Discard, r.Body) // or the server does not see that the client goes
						test.answer(w, r)
						return
					}
					time.Sleep(time.Second) // until every call has come
					_, _ = io.WriteString(w, `{"success":true}`)
				}, test.opts...)
				atOnce := func() {
					var calls sync.WaitGroup
					for range many {
						calls.Go(func() { assert.NoError(t, client.Subscriptions.Cancel(t.Context(), "pk")) })
					}
					calls.Wait()
				}
				atOnce()
				require.Equal(t, int64(8), connections.Load())
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if errors.Is(test.want, context.Canceled) {
					time.AfterFunc(time.Second, cancel)
				}
				_, err := Do[none](ctx, client, Call{API: PartnerAPI, Op: "POST /a", Body: 1})
				require.ErrorIs(t, err, ErrOutcomeUnknown)
				require.ErrorIs(t, err, test.want)
				require.EqualError(t, err, "partner: POST /a: "+test.text)
				require.Equal(t, int64(8), connections.Load())
				atOnce()
				assert.Equal(t, int64(9), connections.Load())
			})
		})
	}
}

// net/http itself sends a GET again for each connection that it kept and that breaks before the answer. What that adds
// to an outage is bounded by the pool, and it never happens to a write.
func TestOutageWithAWarmPool(t *testing.T) {
	t.Parallel()
	const kept = 64
	for method, most := range map[string]int64{http.MethodGet: 1100 + kept, http.MethodPost: 1000} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var arrived atomic.Int64
				var down atomic.Bool
				client, connections := newPipedServer(t, func(w http.ResponseWriter, _ *http.Request) {
					if arrived.Add(1); down.Load() {
						panic(http.ErrAbortHandler)
					}
					time.Sleep(time.Second) // until every call has come
					_, _ = io.WriteString(w, "{}")
				})
				calls := func(workers, each int, check func(error)) {
					var all sync.WaitGroup
					for range workers {
						all.Go(func() {
							for range each {
								_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: method + " /a"})
								check(err)
							}
						})
					}
					all.Wait()
				}
				calls(kept, 1, func(err error) { assert.NoError(t, err) })
				require.Equal(t, int64(kept), connections.Load())
				arrived.Store(0)
				down.Store(true)
				calls(200, 5, func(err error) { assert.Error(t, err) })
				assert.LessOrEqual(t, arrived.Load(), most)
				assert.GreaterOrEqual(t, arrived.Load(), int64(1000))
			})
		})
	}
}

// closable is a transport that counts what closes its idle connections.
type closable struct {
	roundTripFunc

	closed atomic.Int64
}

func (c *closable) CloseIdleConnections() { c.closed.Add(1) }

// However a call ends, it leaves the connections of the others alone: only the client's owner closes them.
func TestPoolIsClosedByItsOwnerAlone(t *testing.T) {
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
		"no answer to the last attempt": {fails, nil, context.WithCancel, 4},
		"no complete answer":            {cut, nil, context.WithCancel, 4},
		"too large":                     {always(200, "{}"), []Option{WithMaxResponseBytes(1)}, context.WithCancel, 1},
		"500 to the last attempt":       {always(500, ""), nil, context.WithCancel, 4},
		"timed out":                     {waits, nil, context.WithCancel, 4},
		"refused by the limiter":        {always(200, ""), []Option{refusing}, context.WithCancel, 0},
		"a wait that does not fit": {always(503, "", "Retry-After", "20"), nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, 1},
		"over in flight": {waits, nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, 1},
		"cancelled between attempts": {always(503, ""), nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			return context.WithValue(ctx, cancelKey{}, cancel), cancel
		}, 1},
		"over before the first attempt": {always(503, ""), nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
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
