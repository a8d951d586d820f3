package partnertest_test

import (
	"fmt"
	"net/http"
	"strings"
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
		"GET /account without a response":           {API: "account", Op: "GET /account", Method: "GET"},
		"GET (no operation of the network API) 401": {API: "network", Method: "GET", Status: 401},
		"GET (under none of the APIs) 404":          {Method: "GET", Status: 404},
	} {
		assert.Equal(t, want, call.String())
	}
	assert.Equal(t, "no calls", partnertest.Calls{}.String())
}

// The test puts personal data and credentials in every part of a call: none may be printed.
func TestPrintedCallsAreRedacted(t *testing.T) {
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
		require.NoError(t, client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: pk, Email: "a@example.com", Plan: partnerapi.PlanBark}))
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
	fake.Handle("DELETE /partners/subscription/{pk}", http.NotFoundHandler()) // the panic did not leave the fake locked
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
			_ = fake.Calls() // a hook may call the fake
		}))
		const op = "DELETE /partners/subscriptions/{pk}"
		fake.Fail(op,
			partnertest.Fault{Cut: partnertest.CutRefused},
			partnertest.Fault{Cut: partnertest.CutAfter, Delay: time.Second},
			partnertest.Fault{Status: 503})
		require.ErrorIs(t, fake.Client().Subscriptions.Cancel(t.Context(), "MS2365"), partnerapi.ErrNotFound)

		assert.Equal(t, op+" without a response\n"+op+" 503\n"+op+" 404", told.String())
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
	assert.Equal(t, "GET /account/networks without a response", told[len(told)-1].String())
	assert.Positive(t, told[0].Duration)
}

// Anyone who reaches a served fake can send it large requests.
func TestCallsDropBodiesOfRefusedRequests(t *testing.T) {
	t.Parallel()
	const body = `{"pk":"a","email":"a@example.com","plan":"bark"}`
	f := partnertest.New()
	f.Handle("POST /taught", http.NotFoundHandler())
	f.Fail("POST /login", partnertest.Fault{Status: 503}, partnertest.Fault{Status: 503})
	wrong := http.Header{"X-Token-Auth": {"wrong"}, "Authorization": {"wrong"}, "Api-Key": {"wrong"}}
	for _, c := range []struct {
		target string
		header http.Header
		status int
		kept   bool
	}{
		{"POST /", nil, 404, false},
		{"POST /elsewhere", nil, 404, false},
		{"POST /partner/elsewhere", nil, 404, false},
		{"POST /account/search", nil, 404, false},
		{"POST /network/networks", nil, 404, false},
		{"PATCH /partner/partners/subscriptions", nil, 404, false},
		{"POST /partner/partners/subscriptions", wrong, 401, false},
		{"PUT /partner/partners/subscriptions/a", http.Header{"X-Token-Auth": nil}, 401, false},
		{"POST /account/accounts?key=wrong", nil, 200, false},
		{"GET /account/account/search", wrong, 200, false},
		{"POST /network/account/network-invitations", wrong, 401, false},
		{"POST /network/account/network-invitations/nwi_1", wrong, 401, false},
		{"POST /network/app/login", authorized(partnertest.AppKey), 401, false},
		{"POST /network/taught", wrong, 401, false},

		{"POST /account/login?key=wrong", nil, 503, true},
		{"POST /account/login", nil, 503, true},
		{"POST /partner/partners/subscriptions", nil, 201, true},
		{"POST /partner/partners/subscriptions", nil, 400, true},
		{"POST /network/account/networks/acc_9", nil, 404, true},
		{"POST /network/taught", nil, 404, true},
	} {
		want := ""
		if c.kept {
			want = body
		}
		got := step{target: c.target, body: body, header: c.header}.send(t, f)
		assert.Equal(t, c.status, got.status, c.target)
		calls := f.Calls()
		assert.Equal(t, want, string(calls[len(calls)-1].Body), c.target)
	}
}

func TestCallsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	const most = 16 << 20
	long := strings.Repeat("x", 1<<20-100)
	short := strings.Repeat("a:b,", 1<<16)
	tests := map[string]struct {
		step step
		size func(partnertest.Call) int
	}{
		"bodies":      {step{target: "POST /account/login", body: `{"email":"` + long + `"}`}, func(c partnertest.Call) int { return len(c.Body) }},
		"paths":       {step{target: "GET /elsewhere/" + long}, func(c partnertest.Call) int { return len(c.Path) }},
		"queries":     {step{target: "GET /elsewhere?a=" + long}, func(c partnertest.Call) int { return len(c.Query.Get("a")) }},
		"parameters":  {step{target: "GET /elsewhere?" + strings.Repeat("a&", 9000)}, func(c partnertest.Call) int { return 64 * len(c.Query["a"]) }},
		"headers":     {step{target: "GET /elsewhere", header: http.Header{"A": {long}}}, func(c partnertest.Call) int { return len(c.Header.Get("A")) }},
		"many values": {step{target: "GET /elsewhere", header: http.Header{"A": strings.Split(short, ",")}}, func(c partnertest.Call) int { return 64 * len(c.Header["A"]) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := partnertest.New()
			for range 30 {
				test.step.send(t, f)
			}
			step{target: "GET /newest"}.send(t, f)
			calls, size := f.Calls(), 0
			for _, c := range calls {
				size += test.size(c)
			}
			assert.LessOrEqual(t, size, most)
			assert.Greater(t, size, most/4)
			assert.Equal(t, "/newest", calls[len(calls)-1].Path)
		})
	}
}

// A single call is kept whatever its size.
func TestNewestCallIsKept(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.Handle("POST /upload", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	step{target: "POST /partner/upload"}.send(t, f)
	step{target: "POST /partner/upload", body: strings.Repeat("x", 20<<20)}.send(t, f)
	calls := f.Calls()
	require.Len(t, calls, 1)
	assert.Len(t, calls[0].Body, 20<<20)
}
