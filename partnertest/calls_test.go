package partnertest_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestCallString(t *testing.T) {
	t.Parallel()
	for want, call := range map[string]partnertest.Call{
		"PUT /partners/subscriptions/{pk} 404":      {API: "partner", Op: "PUT /partners/subscriptions/{pk}", Method: "PUT", Status: 404},
		"GET /account without an answer":            {API: "account", Op: "GET /account", Method: "GET"},
		"GET (no operation of the network API) 401": {API: "network", Method: "GET", Status: 401},
		"GET (under none of the APIs) 404":          {Method: "GET", Status: 404},
	} {
		assert.Equal(t, want, call.String())
	}
	assert.Equal(t, "no calls", partnertest.Calls{}.String())
}

// What names a person or opens a door is sent in every place that a call has, and printed in none.
func TestPrintedCallsHoldNoSecret(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	client, ctx := fake.Client(), t.Context()
	_, _, _ = client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "fan@example.com", Password: "temp123"})
	_, _ = client.Accounts.Search(ctx, "fan@example.com")
	_ = client.Subscriptions.Cancel(ctx, "MS2365")
	_, _ = client.Signup.Resolve(ctx, partnerapi.SignupRequest{PK: "MS2365", Email: "fan@example.com"})
	_, _ = client.Networks.Get(ctx, "acc_7")
	_, _ = partnerapi.Do[struct{}](ctx, client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /unknown/{id}", Args: []string{"acc_7"}})

	const want = `POST /login 200
GET /account/search 200
DELETE /partners/subscriptions/{pk} 404
GET /partners/signup 302
GET /account/networks/{child_account_id} 404
GET (no operation of the network API) 404`
	for _, verb := range []string{"%v", "%+v", "%s"} {
		assert.Equal(t, want, fmt.Sprintf(verb, fake.Calls()))
	}
}

func TestCallsTo(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	client, ctx := fake.Client(), t.Context()
	for _, pk := range []string{"a", "b"} {
		require.NoError(t, client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: pk, Email: "a@example.com"}))
		require.NoError(t, client.Subscriptions.Cancel(ctx, pk))
	}
	calls := fake.CallsTo("DELETE /partners/subscriptions/{pk}")
	require.Len(t, calls, 2)
	assert.Equal(t, "/partners/subscriptions/a", calls[0].Path)
	assert.Equal(t, "/partners/subscriptions/b", calls[1].Path)
	assert.Len(t, fake.Calls(), 4)
	assert.Empty(t, fake.CallsTo("GET /account"))

	assert.PanicsWithValue(t, "partnertest: no such operation, see Handle: DELETE /partners/subscription/{pk}", func() {
		fake.CallsTo("DELETE /partners/subscription/{pk}")
	})
	fake.Handle("DELETE /partners/subscription/{pk}", http.NotFoundHandler()) // the panic left no lock behind
	assert.Empty(t, fake.CallsTo("DELETE /partners/subscription/{pk}"))
}

func TestCallHook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told partnertest.Calls
		var fake *partnertest.Fake
		fake = partnertest.New(partnertest.WithCallHook(func(c partnertest.Call) {
			told = append(told, c)
			c.Header.Set("X-Token-Auth", "spoilt")
			_ = fake.Calls() // it may ask the fake
		}))
		const op = "DELETE /partners/subscriptions/{pk}"
		fake.Fail(op,
			partnertest.Fault{Cut: partnertest.CutRefused},
			partnertest.Fault{Cut: partnertest.CutAfter, Delay: time.Second},
			partnertest.Fault{Status: 503})
		require.ErrorIs(t, fake.Client().Subscriptions.Cancel(t.Context(), "MS2365"), partnerapi.ErrNotFound)

		assert.Equal(t, op+" without an answer\n"+op+" 503\n"+op+" 404", told.String())
		assert.Equal(t, []time.Duration{time.Second, 0, 0}, []time.Duration{told[0].Duration, told[1].Duration, told[2].Duration})
		assert.Equal(t, time.Second, fake.Calls()[0].Duration)
		assert.Equal(t, partnertest.PartnerToken, fake.Calls()[0].Header.Get("X-Token-Auth"))
	})
}

func TestCallHookOverTheNetwork(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told partnertest.Calls
	t.Run("served", func(t *testing.T) {
		fake := partnertest.NewServer(t, partnertest.WithCallHook(func(c partnertest.Call) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, c)
		}))
		fake.Handle("GET /account/networks", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}))
		_, err := fake.Client().Networks.Domains(t.Context())
		require.NoError(t, err)
		_, err = fake.Client().Networks.List(t.Context(), partnerapi.ListOptions{}, partnerapi.WithoutRetry())
		require.Error(t, err)
	})
	mu.Lock()
	defer mu.Unlock()
	require.NotEmpty(t, told)
	assert.Equal(t, "GET /account/network-domains 200", told[0].String())
	assert.Equal(t, "GET /account/networks without an answer", told[len(told)-1].String())
	assert.Positive(t, told[0].Duration)
}
