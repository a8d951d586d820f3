package partnerapi

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
)

// carried is a transport that notes the operation of every request before it hands it on.
type carried struct {
	next http.RoundTripper

	mu  sync.Mutex
	ops []string
}

func (c *carried) RoundTrip(req *http.Request) (*http.Response, error) {
	name, op := Operation(req.Context())
	c.mu.Lock()
	c.ops = append(c.ops, string(name)+": "+op)
	c.mu.Unlock()
	return c.next.RoundTrip(req)
}

func TestOperationOfEveryRequest(t *testing.T) {
	t.Parallel()
	const odd = "a/b?c=d@e.example {pk}"
	tests := map[string]struct {
		call    func(context.Context, *Client) error
		answers http.RoundTripper
		want    []string
	}{
		"an attempt and those after it": {
			func(ctx context.Context, c *Client) error { return c.Subscriptions.Cancel(ctx, odd) },
			turns(refusedDial, cut, always(503, ""), ok),
			[]string{
				"partner: DELETE /partners/subscriptions/{pk}", "partner: DELETE /partners/subscriptions/{pk}",
				"partner: DELETE /partners/subscriptions/{pk}", "partner: DELETE /partners/subscriptions/{pk}",
			},
		},
		"with a renewed credential": {
			func(ctx context.Context, c *Client) error {
				_, err := c.Networks.Get(ctx, odd)
				return err
			},
			turns(always(401, "{}"), always(200, `{"account_id":"acc_1"}`)),
			[]string{"network: GET /account/networks/{child_account_id}", "network: GET /account/networks/{child_account_id}"},
		},
		"a method of two operations": {
			func(ctx context.Context, c *Client) error {
				_, err := c.Subscriptions.Ensure(ctx, CreateSubscriptionRequest{PK: odd, Email: odd, Plan: PlanBark})
				return err
			},
			turns(always(400, `{"success":false,"error":"Partner PK has already been added","error_type":"invalid_params"}`), ok),
			[]string{"partner: POST /partners/subscriptions", "partner: PUT /partners/subscriptions/{pk}"},
		},
		"sent to another path": {
			func(ctx context.Context, c *Client) error {
				_, err := c.Networks.Delete(ctx, odd)
				return err
			},
			turns(always(404, "<html>"), always(200, `{"parent_account_id":"acc_1","child_account_id":"acc_2"}`)),
			[]string{"network: DELETE /api/account/networks/{child_account_id}", "network: DELETE /api/account/networks/{child_account_id}"},
		},
		"Do": {
			func(ctx context.Context, c *Client) error {
				_, err := Do[none](ctx, c, Call{API: AccountAPI, Op: "GET /a/{id}", Args: []string{odd}})
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
				transport := &carried{next: test.answers}
				client := newTestClient(t, transport, WithCredentialSource(NetworkToken, &rotating{}))
				require.NoError(t, test.call(t.Context(), client))
				assert.Equal(t, test.want, transport.ops)
			})
		})
	}
}

// A transport may wrap others, which get a context that comes of the first one's.
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

// A call that is made with the context of another one's request is of its own operation.
func TestOperationOfACallWithinACall(t *testing.T) {
	t.Parallel()
	inner := &carried{next: ok}
	within := newTestClient(t, inner)
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		if err := within.Subscriptions.Cancel(req.Context(), "MS1"); err != nil {
			return nil, err
		}
		return ok(req)
	}))

	_, err := Do[none](t.Context(), client, Call{API: AccountAPI, Op: "GET /a"})
	require.NoError(t, err)

	assert.Equal(t, []string{"partner: DELETE /partners/subscriptions/{pk}"}, inner.ops)
}

func TestOperationOfOtherContexts(t *testing.T) {
	t.Parallel()
	type key struct{}
	for what, ctx := range map[string]context.Context{
		"of no value":      t.Context(),
		"of another value": context.WithValue(t.Context(), key{}, PartnerAPI),
	} {
		name, op := Operation(ctx)
		assert.Empty(t, name, what)
		assert.Empty(t, op, what)
	}
}

// What a request's context holds of its call, printed with all that there is to it, is no secret and nobody's name.
func TestOperationHoldsNoSecret(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, o := range operations {
		known[o.op] = true
	}
	for name, call := range canaryCalls(canarySession(t, "https://services.sparkart.net")) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, told := watched(t)
			requests := 0
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				requests++
				_, op := Operation(req.Context())
				assert.True(t, known[op], "%q is no operation", op)
				held := req.Context().Value(operationKey{})
				for form, text := range formsOf(held, true) {
					assertNoCanary(t, text, form)
				}
				for _, verb := range verbs {
					assertNoCanary(t, fmt.Sprintf(verb, req.Context()), verb+" of a context")
				}
				return nil, errors.New("no answer")
			}), append(opts, WithRetry(RetryPolicy{MaxAttempts: 1}))...)
			require.Error(t, call(t.Context(), client))
			assert.Positive(t, requests)
			assertNoCanary(t, told(), "the log")
		})
	}
}
