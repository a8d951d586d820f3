package partnertest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	createSubscription = "POST /partners/subscriptions"
	createInvitation   = "POST /account/network-invitations"
)

// faultTest is a fault, and how a client handles it: with a write that may be retried, and with one that may not.
type faultTest struct {
	name     string
	fault    partnertest.Fault
	repeated seen
	once     seen
}

// seen is the observed result of a call.
type seen struct {
	outcomes []partnerapi.Outcome // of its attempts
	arrived  []int                // the statuses of fake.Calls
	done     int                  // how many records there are
	errs     []error              // all errors that match; empty for success
}

const (
	unsent   = partnerapi.OutcomeUnsent
	answered = partnerapi.OutcomeAnswered
	unknown  = partnerapi.OutcomeUnknown
)

var faultTests = []faultTest{
	{
		"none", partnertest.Fault{},
		seen{[]partnerapi.Outcome{answered}, []int{201}, 1, nil},
		seen{[]partnerapi.Outcome{answered}, []int{200}, 1, nil},
	},
	{
		"cut before the request is processed", partnertest.Fault{Cut: partnertest.CutBefore},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{0, 201}, 1, nil},
		seen{[]partnerapi.Outcome{unknown}, []int{0}, 0, []error{partnerapi.ErrOutcomeUnknown}},
	},
	{
		"cut after the request is processed", partnertest.Fault{Cut: partnertest.CutAfter},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{0, 400}, 1, []error{partnerapi.ErrAlreadyExists, partnerapi.ErrOutcomeUnknown}},
		seen{[]partnerapi.Outcome{unknown}, []int{0}, 1, []error{partnerapi.ErrOutcomeUnknown}},
	},
	{
		"cut within the response", partnertest.Fault{Cut: partnertest.CutWithin},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{201, 400}, 1, []error{partnerapi.ErrAlreadyExists, partnerapi.ErrOutcomeUnknown}},
		seen{[]partnerapi.Outcome{unknown}, []int{200}, 1, []error{partnerapi.ErrOutcomeUnknown, partnerapi.ErrBadResponse, io.ErrUnexpectedEOF}},
	},
	{
		"cut within another response", partnertest.Fault{Status: 404, Body: `{"success":false}`, Cut: partnertest.CutWithin},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{404, 201}, 1, nil},
		seen{[]partnerapi.Outcome{unknown}, []int{404}, 0, []error{partnerapi.ErrOutcomeUnknown, partnerapi.ErrBadResponse, io.ErrUnexpectedEOF}},
	},
	{
		"a server error", partnertest.Fault{Status: 503, Body: "down"},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{503, 201}, 1, nil},
		seen{[]partnerapi.Outcome{unknown}, []int{503}, 0, []error{partnerapi.ErrServer, partnerapi.ErrOutcomeUnknown}},
	},
	{
		"a server error after processing", partnertest.Fault{Status: 502, Processed: true},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{502, 400}, 1, []error{partnerapi.ErrAlreadyExists, partnerapi.ErrOutcomeUnknown}},
		seen{[]partnerapi.Outcome{unknown}, []int{502}, 1, []error{partnerapi.ErrServer, partnerapi.ErrOutcomeUnknown}},
	},
	{
		"too many requests", partnertest.Fault{Status: 429},
		seen{[]partnerapi.Outcome{unsent, answered}, []int{429, 201}, 1, nil},
		seen{[]partnerapi.Outcome{unsent, answered}, []int{429, 200}, 1, nil},
	},
	{
		"a page", partnertest.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>"},
		seen{[]partnerapi.Outcome{answered}, []int{200}, 0, []error{partnerapi.ErrBadResponse}},
		seen{[]partnerapi.Outcome{answered}, []int{200}, 0, []error{partnerapi.ErrBadResponse}},
	},
	{
		"slow", partnertest.Fault{Delay: time.Millisecond},
		seen{[]partnerapi.Outcome{answered}, []int{201}, 1, nil},
		seen{[]partnerapi.Outcome{answered}, []int{200}, 1, nil},
	},
}

// inMemory are faults whose delays would take real time, or that behave differently, over the network.
var inMemory = []faultTest{
	{
		"refused", partnertest.Fault{Cut: partnertest.CutRefused},
		seen{[]partnerapi.Outcome{unsent, answered}, []int{201}, 1, nil},
		seen{[]partnerapi.Outcome{unsent, answered}, []int{200}, 1, nil},
	},
	{
		"connection timeout", partnertest.Fault{Cut: partnertest.CutRefused, Delay: time.Minute},
		seen{[]partnerapi.Outcome{unsent, answered}, []int{201}, 1, nil},
		seen{[]partnerapi.Outcome{unsent, answered}, []int{200}, 1, nil},
	},
	{
		"no response after processing", partnertest.Fault{Delay: time.Minute},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{0, 400}, 1, []error{partnerapi.ErrAlreadyExists, partnerapi.ErrOutcomeUnknown}},
		seen{[]partnerapi.Outcome{unknown}, []int{0}, 1, []error{partnerapi.ErrOutcomeUnknown, context.DeadlineExceeded}},
	},
	{
		"silent before", partnertest.Fault{Delay: time.Minute, Cut: partnertest.CutBefore},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{0, 201}, 1, nil},
		seen{[]partnerapi.Outcome{unknown}, []int{0}, 0, []error{partnerapi.ErrOutcomeUnknown, context.DeadlineExceeded}},
	},
	{
		"a server error after the timeout", partnertest.Fault{Delay: time.Minute, Status: 503},
		seen{[]partnerapi.Outcome{unknown, answered}, []int{0, 201}, 1, nil},
		seen{[]partnerapi.Outcome{unknown}, []int{0}, 0, []error{partnerapi.ErrOutcomeUnknown, context.DeadlineExceeded}},
	},
}

// check makes both calls at a fake with the fault and compares the results.
func (test faultTest) check(t *testing.T, fake *partnertest.Fake, opts ...partnerapi.Option) {
	t.Helper()
	var outcomes []partnerapi.Outcome
	client := fake.Client(append(opts, partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
		outcomes = append(outcomes, a.Outcome)
	}))...)
	compare := func(want seen, err error, done int) {
		t.Helper()
		assert.Equal(t, want.outcomes, outcomes)
		assert.Equal(t, want.arrived, statuses(fake), "the statuses of fake.Calls")
		assert.Equal(t, want.done, done, "how often it was processed")
		if want.errs == nil {
			require.NoError(t, err)
		}
		for _, each := range want.errs {
			require.ErrorIs(t, err, each)
		}
		assert.Equal(t, slices.Contains(want.errs, partnerapi.ErrOutcomeUnknown), errors.Is(err, partnerapi.ErrOutcomeUnknown))
	}

	fake.Fail(createSubscription, test.fault)
	err := client.Subscriptions.Create(t.Context(), partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: "a@example.com", Plan: partnerapi.PlanBark})
	compare(test.repeated, err, len(fake.Subscriptions()))

	arrived := len(fake.Calls())
	outcomes = nil
	test.once.arrived = slices.Concat(statuses(fake)[:arrived], test.once.arrived)
	fake.Fail(createInvitation, test.fault)
	_, err = client.Invitations.Create(t.Context(), partnerapi.CreateInvitationRequest{Email: "a@example.com", DomainID: "dom_agency"})
	compare(test.once, err, len(fake.Invitations()))
}

func statuses(fake *partnertest.Fake) []int {
	var all []int
	for _, call := range fake.Calls() {
		all = append(all, call.Status)
	}
	return all
}

func TestFaultsInMemory(t *testing.T) {
	t.Parallel()
	for _, test := range slices.Concat(faultTests, inMemory) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test.check(t, partnertest.New()) })
		})
	}
}

func TestFaultsOverTheNetwork(t *testing.T) {
	t.Parallel()
	for _, test := range faultTests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.check(t, partnertest.NewServer(t), partnerapi.WithRetry(partnerapi.RetryPolicy{
				MinWait: time.Millisecond, MaxWait: time.Millisecond,
			}))
		})
	}
}

// A connection can no longer be refused once the request has arrived.
func TestRefusedOverTheNetwork(t *testing.T) {
	t.Parallel()
	fake := partnertest.NewServer(t)
	fake.Fail(createInvitation, partnertest.Fault{Cut: partnertest.CutRefused})
	_, err := fake.Client().Invitations.Create(t.Context(), partnerapi.CreateInvitationRequest{Email: "a@example.com", DomainID: "dom_agency"})
	require.ErrorIs(t, err, partnerapi.ErrOutcomeUnknown)
	assert.Equal(t, []int{0}, statuses(fake))
	assert.Empty(t, fake.Invitations())
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fake.Fail("GET /account/network-domains", partnertest.Fault{Cut: partnertest.CutRefused})
	_, err := fake.Client().Networks.Domains(t.Context(), partnerapi.WithoutRetry())
	require.ErrorIs(t, err, errno.ConnectionRefused)
	assert.Empty(t, fake.Calls())
}

// A cancelled call ends the delay.
func TestCancelledCallEndsDelay(t *testing.T) {
	t.Parallel()
	for _, cut := range []partnertest.Cut{"", partnertest.CutBefore, partnertest.CutAfter, partnertest.CutWithin, partnertest.CutRefused} {
		synctest.Test(t, func(t *testing.T) {
			fake := partnertest.New()
			fake.Fail(createInvitation, partnertest.Fault{Delay: 24 * time.Hour, Cut: cut})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			started := time.Now()
			_, err := fake.Client().Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "a@example.com"})
			require.ErrorIs(t, err, context.DeadlineExceeded, cut)
			assert.Equal(t, time.Second, time.Since(started))
		})
	}
}

// Over the network the server notices that the client disconnects, and ends the delay.
func TestDisconnectEndsDelayOnTheServer(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fake.Fail(createInvitation, partnertest.Fault{Delay: 24 * time.Hour})
	came, ended := make(chan struct{}), make(chan any)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(came)
		defer func() { ended <- recover() }()
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-came
		cancel()
	}()
	client := fake.Client(partnerapi.WithHTTPClient(server.Client()), partnerapi.WithBaseURL(partnerapi.NetworkAPI, server.URL+"/network"))
	_, err := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "a@example.com"})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, http.ErrAbortHandler, <-ended)
}

func TestFaultsAreTakenInOrder(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	call := func() int {
		_, err := fake.Client().Networks.Domains(t.Context(), partnerapi.WithoutRetry())
		var failed *partnerapi.Error
		if errors.As(err, &failed) {
			return failed.StatusCode
		}
		require.NoError(t, err)
		return 200
	}
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 500}, partnertest.Fault{}, partnertest.Fault{Status: 501})
	fake.Fail("GET /account/networks", partnertest.Fault{Status: 502})
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 503})
	fake.Fail("GET /account/network-domains")
	for i, want := range []int{500, 200, 501, 503, 200, 200} {
		assert.Equal(t, want, call(), i)
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	client := fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))
	fake.Fail("GET /account/network-domains", slices.Repeat([]partnertest.Fault{{Status: 503}}, 1000)...)
	for range 3 {
		_, err := client.Networks.Domains(t.Context())
		require.ErrorIs(t, err, partnerapi.ErrServer)
	}
	fake.Fail("GET /account/networks", partnertest.Fault{})
	assert.Equal(t, 998, fake.Recover())
	assert.Zero(t, fake.Recover())
	_, err := client.Networks.Domains(t.Context())
	require.NoError(t, err)
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 503})
	_, err = client.Networks.Domains(t.Context())
	require.ErrorIs(t, err, partnerapi.ErrServer)
}

// The two operations of one path have separate faults.
func TestFaultsOfASharedPath(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	client := fake.Client()
	id := fake.SeedInvitation(partnerapi.Invitation{Email: "a@example.com"}).ID
	fake.Fail("POST /account/network-invitations/{token}", partnertest.Fault{Status: 503})
	require.NoError(t, client.Invitations.Update(t.Context(), id, partnerapi.UpdateInvitationRequest{Email: "b@example.com"}))
	_, err := client.Invitations.Activate(t.Context(), "token-"+id)
	require.ErrorIs(t, err, partnerapi.ErrServer)
	_, err = client.Invitations.Activate(t.Context(), "token-"+id)
	require.NoError(t, err)
}

func TestFaultsOfATaughtOperation(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	handled := 0
	fake.Handle("POST /x", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		handled++
		_, _ = io.WriteString(w, `{"status":"ok"}`)
	}))
	fake.Fail("POST /x", partnertest.Fault{Cut: partnertest.CutAfter}, partnertest.Fault{Cut: partnertest.CutBefore})
	call := partnerapi.Call{API: partnerapi.AccountAPI, Op: "POST /x"}
	for i, want := range []int{1, 1, 2} {
		_, err := partnerapi.Do[struct{}](t.Context(), fake.Client(), call)
		assert.Equal(t, i < 2, errors.Is(err, partnerapi.ErrOutcomeUnknown), i)
		assert.Equal(t, want, handled, i)
	}
}

// A proxy's response does not depend on the credential; a processed request is checked.
func TestFaultsAndCredentials(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	client := fake.Client(partnerapi.WithNetworkToken("wrong"))
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 418}, partnertest.Fault{Delay: 1})
	_, err := client.Networks.Domains(t.Context())
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 418, failed.StatusCode)
	_, err = client.Networks.Domains(t.Context())
	require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
}

func TestResponsesOfAFault(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Request-Id": {"gw-1"}}
	f := partnertest.New()
	domains := step{target: "GET /network/account/network-domains"}
	f.Fail("GET /account/network-domains",
		partnertest.Fault{Status: 503, Header: header, Body: "down", RetryAfter: 1500 * time.Millisecond},
		partnertest.Fault{Status: 429, RetryAfter: 2 * time.Second},
		partnertest.Fault{Status: 503, Header: header},
		partnertest.Fault{Delay: 1})
	header.Set("X-Request-Id", "changed later")

	got := domains.send(t, f)
	assert.Equal(t, 503, got.status)
	assert.Equal(t, "down", got.body)
	assert.Equal(t, http.Header{"X-Request-Id": {"gw-1"}, "Retry-After": {"2"}, "Content-Type": {"text/plain; charset=utf-8"}}, got.header)

	got = domains.send(t, f)
	assert.Equal(t, 429, got.status)
	assert.Equal(t, http.Header{"Retry-After": {"2"}}, got.header)

	got = domains.send(t, f)
	assert.Equal(t, http.Header{"X-Request-Id": {"gw-1"}}, got.header)

	slow, own := domains.send(t, f), domains.send(t, f)
	assert.Equal(t, own.header, slow.header)
	assert.JSONEq(t, own.body, slow.body)
	assert.Equal(t, []int{503, 429, 503, 200, 200}, statuses(f))
}

// both runs a test in memory and over the network.
func both(t *testing.T, test func(*testing.T, *partnertest.Fake)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) {
		t.Parallel()
		test(t, partnertest.New())
	})
	t.Run("over the network", func(t *testing.T) {
		t.Parallel()
		test(t, partnertest.NewServer(t))
	})
}

func doX(ctx context.Context, fake *partnertest.Fake) error {
	_, err := partnerapi.Do[struct{}](ctx, fake.Client(), partnerapi.Call{API: partnerapi.NetworkAPI, Op: "POST /x", Body: map[string]string{
		"email": "a@example.com", "domain_id": "dom_agency",
	}})
	return err
}

// The handler of a taught operation may write nothing.
func TestDelayedEmptyResponse(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, fake *partnertest.Fake) {
		t.Helper()
		fake.Handle("POST /x", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		fake.Fail("POST /x", partnertest.Fault{Delay: 1})
		require.NoError(t, doX(t.Context(), fake))
		assert.Equal(t, []int{200}, statuses(fake))
	})
}

// A 204 is complete with its headers.
func TestCutWithinEmptyBody(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, fake *partnertest.Fake) {
		t.Helper()
		fake.Handle("POST /x", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
		fake.Fail("POST /x", partnertest.Fault{Cut: partnertest.CutWithin})
		require.NoError(t, doX(t.Context(), fake))
	})
}

// A handler that passes its request on to the fake makes a new request, which takes faults of its own.
func TestFaultsOfAForwardedRequest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, fake *partnertest.Fake) {
		t.Helper()
		fake.Handle("POST /x", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = "/network/account/network-invitations"
			fake.ServeHTTP(w, r)
		}))
		fake.Fail(createInvitation, partnertest.Fault{Status: 418})
		require.ErrorIs(t, doX(t.Context(), fake), partnerapi.ErrInvalid)
		assert.Empty(t, fake.Invitations())

		fake.Fail("POST /x", partnertest.Fault{Status: 502, Processed: true})
		require.ErrorIs(t, doX(t.Context(), fake), partnerapi.ErrServer)
		assert.Len(t, fake.Invitations(), 1)
		assert.Equal(t, []int{418, 418, 502, 200}, statuses(fake))
	})
}

// However a header is spelt, the client sees its canonical name.
func TestHeadersOfAFault(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, fake *partnertest.Fake) {
		t.Helper()
		fake.Fail(createInvitation, partnertest.Fault{Status: 503, RetryAfter: time.Hour, Header: http.Header{"X-Request-ID": {"gw-1"}, "retry-after": {"1"}}})
		_, err := fake.Client().Invitations.Create(t.Context(), partnerapi.CreateInvitationRequest{Email: "a@example.com"})
		var failed *partnerapi.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "gw-1", failed.RequestID)
		assert.Equal(t, time.Hour, failed.RetryAfter)
	})
}

// A request without a method is a GET.
func TestFaultOfARequestWithoutAMethod(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 503})
	target := &url.URL{Scheme: "https", Host: "partnertest.invalid", Path: "/network/account/network-domains"}
	resp, err := fake.Transport().RoundTrip((&http.Request{URL: target, Header: http.Header{}}).WithContext(t.Context()))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, 503, resp.StatusCode)
}

func TestFailPanics(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	tests := map[string]partnertest.Fault{
		"unknown Cut":               {Cut: "sometimes"},
		"Status must be 200 to 999": {Status: 100},
		"negative duration":         {Delay: -1},
		"Header, Body, RetryAfter and Processed require a Status": {RetryAfter: time.Second},
		"Status conflicts with a Cut before the response":         {Status: 503, Cut: partnertest.CutAfter},
	}
	for why, fault := range tests {
		assert.PanicsWithValue(t, "partnertest: fault 1 of POST /login: "+why, func() { f.Fail("POST /login", partnertest.Fault{}, fault) })
	}
	for _, fault := range []partnertest.Fault{
		{Status: 1000}, {RetryAfter: -1, Status: 503}, {Body: "x"}, {Header: http.Header{}}, {Processed: true},
		{Status: 200, Cut: partnertest.CutBefore}, {Status: 200, Cut: partnertest.CutRefused},
	} {
		assert.Panics(t, func() { f.Fail("POST /login", fault) }, fault)
	}
	const unheard = "POST /account/login"
	assert.PanicsWithValue(t, "partnertest: no such operation, see Handle: "+unheard, func() { f.Fail(unheard, partnertest.Fault{}) })
	assert.Panics(t, func() { f.Fail("POST /Login") })
	assert.PanicsWithValue(t, "partnertest: more than 100000 faults of POST /login", func() {
		f.Fail("POST /login", slices.Repeat([]partnertest.Fault{{Status: 503}}, 100_001)...)
	})
	assert.Zero(t, f.Recover(), "queues all faults or none")
}

func TestQueueOfFaultsIsBounded(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.Fail("POST /login", slices.Repeat([]partnertest.Fault{{Status: 503}}, 100_000)...)
	assert.Panics(t, func() { f.Fail("POST /login", partnertest.Fault{}) })
	f.Fail("GET /logout", partnertest.Fault{})
	assert.Equal(t, 503, step{target: "POST /account/login"}.send(t, f).status)
	f.Fail("POST /login", partnertest.Fault{})
	assert.Equal(t, 100_001, f.Recover())
}

// For the race detector, and to check that each fault is taken once.
func TestFaultsOfConcurrentCalls(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	faults := []partnertest.Fault{{Status: 418}, {Cut: partnertest.CutRefused}, {}, {Cut: partnertest.CutBefore}}
	fake.Fail(createInvitation, slices.Repeat(faults, 50)...)
	var calls sync.WaitGroup
	client := fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))
	for range 8 {
		calls.Go(func() {
			for range 25 {
				_, _ = client.Invitations.Create(t.Context(), partnerapi.CreateInvitationRequest{Email: "a@example.com", DomainID: "dom_agency"})
			}
		})
	}
	calls.Wait()
	count := make(map[int]int)
	for _, status := range statuses(fake) {
		count[status]++
	}
	assert.Equal(t, map[int]int{418: 50, 200: 50, 0: 50}, count)
	assert.Len(t, fake.Invitations(), 50)
}
