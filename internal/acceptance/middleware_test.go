package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// middleware returns an option with a middleware that sends requests with send.
func middleware(send func(next http.RoundTripper, req *http.Request) (*http.Response, error)) partnerapi.Option {
	return partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripFunc(func(req *http.Request) (*http.Response, error) { return send(next, req) })
	})
}

func TestMiddlewaresAreNested(t *testing.T) {
	t.Parallel()
	var seen []string
	note := func(name string) partnerapi.Option {
		return middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			seen = append(seen, name+" before, "+req.Header.Get("X-From"))
			req = req.Clone(req.Context())
			req.Header.Set("X-From", name)
			resp, err := next.RoundTrip(req)
			seen = append(seen, name+" after")
			return resp, err
		})
	}
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		seen = append(seen, "transport, "+req.Header.Get("X-From"))
		return ok(req)
	}), note("first"), note("second"))
	require.NoError(t, client.Subscriptions.Cancel(t.Context(), "MS1"))
	assert.Equal(t, []string{"first before, ", "second before, first", "transport, second", "second after", "first after"}, seen)
}

// Middlewares wrap the client's own transport, that of WithHTTPClient in any order of the options, and the fake's.
func TestMiddlewareOfEveryTransport(t *testing.T) {
	t.Parallel()
	seen, made := 0, 0
	counting := partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		made++
		return roundTripFunc(func(req *http.Request) (*http.Response, error) {
			seen++
			return next.RoundTrip(req)
		})
	})
	of, err := partnerapi.NewClient(counting, partnerapi.WithPartnerToken(testPartnerToken), through(ok))
	require.NoError(t, err)
	own := newLoopback(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"success":true}`)) }, counting)
	fake := partnertest.New()
	fake.SeedSubscription(partnertest.Subscription{PK: "MS1"})
	for i, client := range []*partnerapi.Client{of, own, fake.Client(counting)} {
		require.NoError(t, client.Subscriptions.Cancel(t.Context(), "MS1"))
		assert.Equal(t, i+1, seen)
	}
	assert.Equal(t, 3, made, "once a client")
}

func TestInvalidMiddlewares(t *testing.T) {
	t.Parallel()
	_, err := partnerapi.NewClient(partnerapi.WithMiddleware(nil))
	assertRefused(t, err, "WithMiddleware", "nil")
	for name, option := range map[string]partnerapi.Option{
		"a dump":       partnerapi.WithMiddleware(partnerapi.Dump(nil)),
		"a middleware": partnerapi.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			passing := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) { return next.RoundTrip(req) })
			_, err := partnerapi.NewClient(passing, option, passing)
			assertRefused(t, err, "WithMiddleware", "returned nil")
		})
	}
}

func TestCloseIdleConnectionsBelowMiddlewares(t *testing.T) {
	t.Parallel()
	transport := &closer{RoundTripper: ok}
	client := newTestClient(t, transport, middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) { return next.RoundTrip(req) }))
	client.CloseIdleConnections()
	assert.Equal(t, 1, transport.closed)
}

// A POST that is not idempotent is retried only if it was not sent, whatever a middleware does.
func TestOutcomeBelowMiddlewares(t *testing.T) {
	t.Parallel()
	const unsent, unknown = partnerapi.OutcomeUnsent, partnerapi.OutcomeUnknown
	limited := func(http.RoundTripper, *http.Request) (*http.Response, error) { return reply(429, ""), nil }
	retrying := func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		if resp, err := next.RoundTrip(req); err == nil && resp.StatusCode < 400 {
			return resp, nil
		}
		return next.RoundTrip(req)
	}
	tests := map[string]struct {
		send  func(next http.RoundTripper, req *http.Request) (*http.Response, error)
		steps []roundTripFunc // of the first attempt
		want  partnerapi.Outcome
	}{
		"passes on a refused dial": {http.RoundTripper.RoundTrip, []roundTripFunc{refusedDial}, unsent},
		"passes on a cut":          {http.RoundTripper.RoundTrip, []roundTripFunc{cut}, unknown},
		"passes on a 429":          {http.RoundTripper.RoundTrip, []roundTripFunc{always(429, "")}, unsent},
		"hides a refused dial": {func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			_, err := next.RoundTrip(req)
			return nil, fmt.Errorf("circuit: %w", errors.Join(err, errors.New("open")))
		}, []roundTripFunc{refusedDial}, unsent},
		"fails by itself": {func(http.RoundTripper, *http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
		}, nil, unknown},
		"responds by itself with a 429":       {limited, nil, unsent},
		"retries after a cut":                 {retrying, []roundTripFunc{cut, refusedDial}, unknown},
		"retries after a cut, and gets a 429": {retrying, []roundTripFunc{cut, always(429, "")}, unknown},
		"retries after a refused dial":        {retrying, []roundTripFunc{refusedDial, refusedDial}, unsent},
		"swaps the context": {func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			return next.RoundTrip(req.Clone(httptraced(context.Background()))) //nolint:usetesting // a context without the values of the request's
		}, []roundTripFunc{refusedDial}, unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts attemptLog
				client := newTestClient(t, turns(append(test.steps, ok)...), attempts.hook(),
					middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
						if partnerapi.AttemptNumber(req.Context()) == 1 {
							return test.send(next, req)
						}
						return next.RoundTrip(req)
					}))
				_, err := partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "POST /a"})
				assert.Equal(t, test.want, attempts.seen[0].Outcome)
				if test.want == unsent {
					require.NoError(t, err)
					assert.Len(t, attempts.seen, 2)
				} else {
					require.ErrorIs(t, err, partnerapi.ErrOutcomeUnknown)
					assert.Len(t, attempts.seen, 1)
				}
			})
		})
	}
}

// A middleware that retries, against its rules, must not make the client send a write once more, nor take the last response for
// the whole truth.
func TestMiddlewareThatRetries(t *testing.T) {
	t.Parallel()
	const refusal = `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`
	tests := map[string]struct {
		op      string
		steps   []roundTripFunc
		calls   int
		unknown bool
	}{
		"a POST, cut and rejected":     {"POST /a", []roundTripFunc{cut, always(401, revoked), ok}, 2, true},
		"a POST, cut and refused":      {"POST /a", []roundTripFunc{cut, always(400, refusal)}, 2, true},
		"a DELETE, cut and not found":  {"DELETE /a", []roundTripFunc{cut, always(404, "")}, 2, true},
		"a POST, rejected and refused": {"POST /a", []roundTripFunc{always(401, revoked), always(400, refusal)}, 2, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				calls++
				return test.steps[calls-1](req)
			}), partnerapi.WithCredentialSource(partnerapi.PartnerToken, &tokensInTurn{"one", "two"}),
				middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
					if resp, err := next.RoundTrip(req); err == nil && resp.StatusCode < 400 {
						return resp, nil
					}
					return next.RoundTrip(req)
				}))
			_, err := partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: test.op})
			require.Error(t, err)
			assert.Equal(t, test.calls, calls)
			assert.Equal(t, test.unknown, errors.Is(err, partnerapi.ErrOutcomeUnknown))
		})
	}
}

// The own transport proves below middlewares too that nobody listens.
func TestUnsentBelowMiddlewaresOnLoopback(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	var attempts attemptLog
	client := newTestClient(t, nil, append(at("http://"+listener.Addr().String()), soon, attempts.hook(),
		middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) { return next.RoundTrip(req) }))...)
	_, err = client.Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{})
	require.Error(t, err)
	require.NotErrorIs(t, err, partnerapi.ErrOutcomeUnknown)
	require.Len(t, attempts.seen, 4)
	assert.Equal(t, partnerapi.OutcomeUnsent, attempts.seen[3].Outcome)
}

// The number is that of the attempt, also within a call that a middleware makes with the context of another.
func TestAttemptNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var seen []string
		var client *partnerapi.Client
		client = newTestClient(t, turns(always(503, ""), always(503, ""), ok), middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			_, op := partnerapi.Operation(req.Context())
			number := partnerapi.AttemptNumber(req.Context())
			mu.Lock()
			seen = append(seen, fmt.Sprint(op, " ", number))
			mu.Unlock()
			if op == "POST /a" && number == 1 {
				_, err := partnerapi.Do[struct{}](req.Context(), client, partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /b"})
				require.NoError(t, err)
			}
			return next.RoundTrip(req)
		}))
		_, err := partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "POST /a"})
		require.NoError(t, err)
		assert.Equal(t, []string{"POST /a 1", "GET /b 1", "GET /b 2", "GET /b 3"}, seen)
	})
	assert.Zero(t, partnerapi.AttemptNumber(t.Context()))
}

// httptraced returns a context with a trace of somebody else.
func httptraced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) {}})
}

// docs/telemetry.md shows what Dump writes.
func TestDocumentShowsTheDump(t *testing.T) {
	t.Parallel()
	mask := func(text string) string {
		return regexp.MustCompile(`, [0-9.]+(µs|ms|s)\n|partnerapi-go/[0-9.]+`).ReplaceAllString(text, "…\n")
	}
	document, err := os.ReadFile("../../docs/telemetry.md")
	require.NoError(t, err)
	var dumped strings.Builder
	client := partnertest.New().Client(partnerapi.WithMiddleware(partnerapi.Dump(&dumped)))
	err = client.Subscriptions.Create(t.Context(), partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "parent@example.com", Plan: "brak"})
	require.ErrorIs(t, err, partnerapi.ErrInvalid)
	assert.Contains(t, mask(string(document)), "```text\n"+mask(strings.TrimSuffix(dumped.String(), "\n"))+"```\n")
}

// A dump has the names of documents, even if the path of the operation has them too, and no pk of a path.
func TestDumpsOfOperations(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		call           func(context.Context, *partnerapi.Client) error
		response, want string
	}{
		"Accounts.Status": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Status(ctx, sessionOfCookies(t, "sid=1"))
			return err
		}, `{"status":"ok","logged_in":true}`, `{"status":"ok","logged_in":true}`},
		"Accounts.Benefits": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Benefits(ctx, sessionOfCookies(t, "sid=1"))
			return err
		}, `{"status":"ok","benefits":[]}`, `{"status":"ok","benefits":[]}`},
		"AppSessions.Start": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.AppSessions.Start(ctx)
			return err
		}, `{"app":{},"jwt":"h.p.s","auth":false}`, `{"app":{},"jwt":"[redacted 5 bytes]","auth":false}`},
		"Subscriptions.Cancel": {func(ctx context.Context, c *partnerapi.Client) error {
			return c.Subscriptions.Cancel(ctx, "subscriptions")
		}, `{"success":true,"status":"subscriptions"}`, `{"success":true,"status":"[redacted 13 bytes]"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dumped strings.Builder
			client := newTestClient(t, always(200, test.response, "X-Request-Id", "r-1"), partnerapi.WithMiddleware(partnerapi.Dump(&dumped)))
			_ = test.call(t.Context(), client)
			assert.Contains(t, dumped.String(), "\n#1 < X-Request-Id: r-1\n#1 < "+test.want+"\n\n")
			assert.Contains(t, dumped.String(), "\n#1 > User-Agent: partnerapi-go/")
		})
	}
}

// A dump shows no value of the request in a header that may be shown for others.
func TestDumpsOfHeaders(t *testing.T) {
	t.Parallel()
	create := func(opts ...partnerapi.CallOption) func(context.Context, *partnerapi.Client) error {
		return func(ctx context.Context, c *partnerapi.Client) error {
			return c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "customer-4711", Email: "parent@example.com", Plan: "bark"}, opts...)
		}
	}
	for name, test := range map[string]struct {
		call      func(context.Context, *partnerapi.Client) error
		agent, id string
		hidden    string
	}{
		"a pk in the ID of the request":  {create(partnerapi.WithHeader("X-Request-Id", "customer-4711")), "a/1", "r-1", "customer-4711"},
		"a token in the user agent":      {create(), testPartnerToken, "r-1", testPartnerToken},
		"a pk in the ID of the response": {func(ctx context.Context, c *partnerapi.Client) error { return c.Subscriptions.Cancel(ctx, "MS2365") }, "a/1", "req-MS2365-77", "MS2365"},
		"a text as the ID":               {create(), "a/1", "Alice Smith 2011-04-05 0171 1234567", "Alice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dumped strings.Builder
			client := newTestClient(t, always(200, `{"success":true}`, "X-Request-Id", test.id), partnerapi.WithMiddleware(partnerapi.Dump(&dumped)), partnerapi.WithUserAgent(test.agent))
			require.NoError(t, test.call(t.Context(), client))
			assert.NotContains(t, dumped.String(), test.hidden)
		})
	}
}
