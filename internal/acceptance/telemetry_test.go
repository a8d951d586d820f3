package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
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
