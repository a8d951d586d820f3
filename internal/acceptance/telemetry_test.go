package acceptance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// carried is a transport that records the operation of every request.
type carried struct {
	next http.RoundTripper

	mu  sync.Mutex
	ops []string
}

func (c *carried) RoundTrip(req *http.Request) (*http.Response, error) {
	name, op := partnerapi.Operation(req.Context())
	c.mu.Lock()
	c.ops = append(c.ops, string(name)+": "+op)
	c.mu.Unlock()
	return c.next.RoundTrip(req)
}

func TestOperationOfEveryRequest(t *testing.T) {
	t.Parallel()
	const odd = "a/b?c=d@e.example {pk}"
	tests := map[string]struct {
		call      func(context.Context, *partnerapi.Client) error
		responses http.RoundTripper
		want      []string
	}{
		"retries": {
			func(ctx context.Context, c *partnerapi.Client) error { return c.Subscriptions.Cancel(ctx, odd) },
			turns(refusedDial, cut, always(503, ""), ok),
			[]string{
				"partner: DELETE /partners/subscriptions/{pk}", "partner: DELETE /partners/subscriptions/{pk}",
				"partner: DELETE /partners/subscriptions/{pk}", "partner: DELETE /partners/subscriptions/{pk}",
			},
		},
		"with another credential": {
			func(ctx context.Context, c *partnerapi.Client) error {
				_, err := c.Networks.Get(ctx, odd)
				return err
			},
			turns(always(401, "{}"), always(200, `{"account_id":"acc_1"}`)),
			[]string{"network: GET /account/networks/{child_account_id}", "network: GET /account/networks/{child_account_id}"},
		},
		"a method of two operations": {
			func(ctx context.Context, c *partnerapi.Client) error {
				_, err := c.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{PK: odd, Email: odd, Plan: partnerapi.PlanBark})
				return err
			},
			turns(always(400, `{"success":false,"error":"Partner PK has already been added","error_type":"invalid_params"}`), ok),
			[]string{"partner: POST /partners/subscriptions", "partner: PUT /partners/subscriptions/{pk}"},
		},
		"the fallback path": {
			func(ctx context.Context, c *partnerapi.Client) error {
				_, err := c.Networks.Delete(ctx, odd)
				return err
			},
			turns(always(404, "<html>"), always(200, `{"parent_account_id":"acc_1","child_account_id":"acc_2"}`)),
			[]string{"network: DELETE /api/account/networks/{child_account_id}", "network: DELETE /api/account/networks/{child_account_id}"},
		},
		"Do": {
			func(ctx context.Context, c *partnerapi.Client) error {
				_, err := partnerapi.Do[struct{}](ctx, c, partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /a/{id}", Args: []string{odd}})
				return err
			},
			turns(always(500, ""), ok),
			[]string{"account: GET /a/{id}", "account: GET /a/{id}"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &carried{next: test.responses}
				client := newTestClient(t, transport, partnerapi.WithCredentialSource(partnerapi.NetworkToken, &tokensInTurn{"token-1", "token-2"}))
				require.NoError(t, test.call(t.Context(), client))
				assert.Equal(t, test.want, transport.ops)
			})
		})
	}
}

// A transport may wrap others, whose context is derived from its own.
func TestOperationThroughWrappers(t *testing.T) {
	t.Parallel()
	type key struct{}
	inner := &carried{next: ok}
	middle := roundTripFunc(func(req *http.Request) (*http.Response, error) {
		ctx, cancel := context.WithCancel(context.WithValue(req.Context(), key{}, "other"))
		defer cancel()
		return inner.RoundTrip(req.Clone(ctx))
	})
	outer := &carried{next: middle}

	require.NoError(t, newTestClient(t, outer).Subscriptions.Cancel(t.Context(), "MS1"))

	assert.Equal(t, []string{"partner: DELETE /partners/subscriptions/{pk}"}, outer.ops)
	assert.Equal(t, outer.ops, inner.ops)
}

// A call made with the context of another call's request has its own operation.
func TestOperationOfANestedCall(t *testing.T) {
	t.Parallel()
	inner := &carried{next: ok}
	within := newTestClient(t, inner)
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		if err := within.Subscriptions.Cancel(req.Context(), "MS1"); err != nil {
			return nil, err
		}
		return ok(req)
	}))

	_, err := partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /a"})
	require.NoError(t, err)

	assert.Equal(t, []string{"partner: DELETE /partners/subscriptions/{pk}"}, inner.ops)
}

func TestOperationOfOtherContexts(t *testing.T) {
	t.Parallel()
	type key struct{}
	for what, ctx := range map[string]context.Context{
		"of no value":      t.Context(),
		"of another value": context.WithValue(t.Context(), key{}, partnerapi.PartnerAPI),
	} {
		name, op := partnerapi.Operation(ctx)
		assert.Empty(t, name, what)
		assert.Empty(t, op, what)
	}
}

// keyOfOperation returns the private context key of the operation, which Operation looks up.
func keyOfOperation() any {
	ctx := lookups{Context: context.Background()}
	partnerapi.Operation(&ctx)
	return ctx.key
}

// lookups is a context that records the last key that was looked up.
type lookups struct {
	context.Context //nolint:containedctx // it is a context

	key any
}

func (l *lookups) Value(key any) any {
	l.key = key
	return nil
}

// The operation in a request's context contains no secret, in any printed form.
func TestOperationHoldsNoSecret(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, c := range everyCall {
		known[c.op] = true
	}
	key := keyOfOperation()
	for name, call := range canaryCalls(canarySession(t, accountOrigin)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, output := watched(t)
			requests := 0
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				requests++
				_, op := partnerapi.Operation(req.Context())
				assert.True(t, known[op], "%q is not an operation", op)
				held := req.Context().Value(key)
				assert.NotNil(t, held)
				for form, text := range formsOf(held, true) {
					assertNoCanary(t, text, form)
				}
				for _, verb := range verbs {
					assertNoCanary(t, fmt.Sprintf(verb, req.Context()), verb+" of a context")
				}
				return nil, errors.New("no response")
			}), append(opts, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))...)
			require.Error(t, call(t.Context(), client))
			assert.Positive(t, requests)
			assertNoCanary(t, output(), "the log")
		})
	}
}

// A response that rejects the service is logged at warn level, a customer's mistake is not.
func TestLevelOfRejections(t *testing.T) {
	t.Parallel()
	do := func(api partnerapi.API, op string) func(context.Context, *partnerapi.Client) error {
		return func(ctx context.Context, c *partnerapi.Client) error {
			_, err := partnerapi.Do[any](ctx, c, partnerapi.Call{API: api, Op: op})
			return err
		}
	}
	customers := do(partnerapi.AccountAPI, "POST /login")
	partner, network := do(partnerapi.PartnerAPI, "GET /a"), do(partnerapi.NetworkAPI, "GET /a")
	tests := map[string]struct {
		call   func(context.Context, *partnerapi.Client) error
		status int
		body   string
		want   string
	}{
		"success":                {partner, 200, `{"success":true,"a":1}`, "DEBUG status=200"},
		"400":                    {partner, 400, `{"success":false,"error":"x"}`, "DEBUG status=400"},
		"404":                    {network, 404, `{"error":{"code":404}}`, "DEBUG status=404"},
		"401":                    {partner, 401, `{"success":false,"error":"x"}`, "WARN status=401 error=unauthorized"},
		"401, a page":            {network, 401, page, "WARN status=401 error=unauthorized"},
		"403":                    {network, 403, `{"error":{"code":403}}`, "WARN status=403 error=forbidden"},
		"403, a page":            {customers, 403, page, "WARN status=403 error=forbidden"},
		"403, a bad token":       {partner, 403, `{"success":false,"error_type":"invalid_token"}`, "WARN status=403 error=unauthorized"},
		"200, a bad token":       {partner, 200, `{"success":false,"error_type":"invalid_token"}`, "WARN status=200 error=unauthorized"},
		"200, a bad key":         {customers, 200, `{"status":"error","messages":["Please use a valid API Key."]}`, "WARN status=200 error=unauthorized"},
		"200, code 401":          {network, 200, `{"error":{"code":401}}`, "WARN status=200 error=unauthorized"},
		"200, code 403":          {network, 200, `{"error":{"code":403}}`, "WARN status=200 error=forbidden"},
		"200, a refresh token":   {customers, 200, `{"status":"error","messages":["Unable to decode refresh token"]}`, "DEBUG status=200"},
		"a wrong password":       {customers, 200, `{"status":"error","messages":["Email and password combination is incorrect."]}`, "DEBUG status=200"},
		"a user's password":      {do(partnerapi.NetworkAPI, "POST /app/login"), 400, `{"error":{"code":400,"message":"The username or password is incorrect."}}`, "DEBUG status=400"},
		"an unconfirmed account": {customers, 200, `{"status":"error","messages":["Your email address has not been confirmed. x"]}`, "DEBUG status=200"},
		"logged out":             {customers, 200, `{"status":"error","messages":["Please log in."]}`, "DEBUG status=200"},
		"429":                    {partner, 429, "", "WARN status=429"},
		"500":                    {partner, 500, "", "WARN status=500"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hooked []error
			var lines bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				switch a.Key {
				case slog.LevelKey:
					return slog.Any("", a.Value) // the level alone
				case "status", "error":
					return a
				default:
					return slog.Attr{}
				}
			}}))
			client := newTestClient(t, always(test.status, test.body), partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}),
				partnerapi.WithLogger(logger), partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) { hooked = append(hooked, a.Err) }))
			_ = test.call(t.Context(), client)
			assert.Equal(t, test.want+"\n", strings.TrimPrefix(lines.String(), `""=`))
			assert.Equal(t, []error{nil}, hooked, "a complete response has no Err")
		})
	}
}

// An attempt that is retried with a new credential is logged too, and a response that is cut off keeps its own error.
func TestLinesOfRejections(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	client := newTestClient(t, turns(always(401, `{"error":{"code":401}}`), ok), partnerapi.WithLogger(slog.New(slog.NewTextHandler(&lines, nil))),
		partnerapi.WithCredentialSource(partnerapi.NetworkToken, &tokensInTurn{"token-1", "token-2"}))
	_, err := partnerapi.Do[any](t.Context(), client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a"})
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(lines.String(), "\n"))
	assert.Regexp(t, `level=WARN msg="partnerapi attempt" api=network op="GET /a" attempt=1 status=401 outcome=answered duration=\S+ wait=0s error=unauthorized\n$`, lines.String())

	lines.Reset()
	cutShort := roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 401, Body: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))}, nil
	})
	_, err = partnerapi.Do[any](t.Context(), newTestClient(t, cutShort, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}), partnerapi.WithLogger(slog.New(slog.NewTextHandler(&lines, nil)))),
		partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a"})
	require.Error(t, err)
	assert.Contains(t, lines.String(), ` status=401 outcome=unknown `)
	assert.Contains(t, lines.String(), ` error="unexpected EOF"`)
}
