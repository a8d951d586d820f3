package partnerapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/internal/retryafter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inTurn is a transport that makes its steps in turn, then repeats the last one, and counts the requests.
type inTurn struct {
	mu    sync.Mutex
	steps []roundTripFunc
	sent  int
	at    []time.Time
}

func turns(steps ...roundTripFunc) *inTurn { return &inTurn{steps: steps} }

func (s *inTurn) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	step := s.steps[min(s.sent, len(s.steps)-1)]
	s.sent++
	s.at = append(s.at, time.Now())
	s.mu.Unlock()
	return step(req)
}

// refusedDial is an attempt that is unsent by proof.
func refusedDial(req *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(req.Context()).GetConn("a.example:443")
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errno.ConnectionRefused}
}

// cut is an attempt whose outcome is unknown.
func cut(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// incompleteBody returns a response whose body fails.
func incompleteBody(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"succ`), broken{}))}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var ok = always(200, `{"success":true,"status":"ok","customer":{"id":1}}`, "Set-Cookie", "sid=1")

func TestRetryPolicyDefaults(t *testing.T) {
	t.Parallel()
	assert.Equal(t, RetryPolicy{
		MaxAttempts: 4, MinWait: 250 * time.Millisecond, MaxWait: 10 * time.Second, MaxRetryAfter: 30 * time.Second,
	}, RetryPolicy{}.withDefaults())
	own := RetryPolicy{MaxAttempts: 1, MinWait: 2, MaxWait: 3, MaxRetryAfter: 4}
	assert.Equal(t, own, own.withDefaults())
}

// Waits are exponential from 250 ms with full jitter, at most 10 s. A 429 without Retry-After waits for at least 2 s.
func TestBackoff(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	policy := RetryPolicy{}.withDefaults()
	tests := map[string]struct {
		policy          RetryPolicy
		attempt, status int
		least, most     time.Duration // with the least and the most jitter
	}{
		"first":                       {policy, 1, 500, 0, 250 * ms},
		"second":                      {policy, 2, 0, 0, 500 * ms},
		"third":                       {policy, 3, 503, 0, 1000 * ms},
		"sixth":                       {policy, 6, 503, 0, 8000 * ms},
		"seventh, at MaxWait":         {policy, 7, 503, 0, 10_000 * ms},
		"thousandth":                  {policy, 1000, 503, 0, 10_000 * ms},
		"429":                         {policy, 1, 429, 2000 * ms, 2250 * ms},
		"429, third":                  {policy, 3, 429, 2000 * ms, 3000 * ms},
		"429, at MaxWait":             {policy, 9, 429, 2000 * ms, 10_000 * ms},
		"429, MaxWait below window":   {RetryPolicy{MaxWait: 1}.withDefaults(), 1, 429, 1, 1},
		"MinWait longer than MaxWait": {RetryPolicy{MinWait: time.Hour, MaxWait: ms}.withDefaults(), 1, 500, 0, ms},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.least, test.policy.backoff(test.attempt, test.status, 0))
			assert.Equal(t, test.most, test.policy.backoff(test.attempt, test.status, 1))
		})
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	const ever = time.Duration(math.MaxInt64)
	get, post := rules{RetryPolicy{}.withDefaults(), true, false}, rules{RetryPolicy{}.withDefaults(), false, false}
	once := rules{RetryPolicy{}.withDefaults(), true, true}
	ends, again := step{}, step{again: true, wait: 125 * time.Millisecond}
	complete := func(status int) facts { return facts{Attempt: Attempt{StatusCode: status, Outcome: OutcomeAnswered}} }
	unknown := facts{Attempt: Attempt{StatusCode: 503, Outcome: OutcomeUnknown}}
	unsent := facts{Attempt: Attempt{Outcome: OutcomeUnsent}}
	limited := facts{Attempt: Attempt{StatusCode: 429, Outcome: OutcomeUnsent}}
	asks := func(f facts, wait time.Duration) facts { f.retryAfter = wait; return f }
	final := func(f facts) facts { f.final = true; return f }
	tests := map[string]struct {
		rules     rules
		facts     facts
		attempt   int
		remaining time.Duration
		budget    bool
		want      step
	}{
		"complete response":               {get, complete(200), 1, ever, true, ends},
		"complete response, a failure":    {get, complete(404), 1, ever, true, ends},
		"rejected credential":             {get, facts{rejected: true}, 1, ever, true, step{renew: true}},
		"rejected, without retry":         {once, facts{rejected: true}, 1, ever, true, step{renew: true}},
		"rejected, the last attempt":      {post, facts{rejected: true}, 4, ever, false, step{renew: true}},
		"rejected, after another request": {post, facts{rejected: true, doubt: true}, 1, ever, true, ends},
		"rejected GET after another":      {get, facts{rejected: true, doubt: true}, 1, ever, true, step{renew: true}},
		"no session, after another":       {post, facts{Attempt: complete(200).Attempt, relogin: true, doubt: true}, 1, ever, true, ends},
		"rejected session":                {post, facts{Attempt: complete(200).Attempt, relogin: true}, 4, ever, false, step{again: true}},
		"rejected session, without retry": {once, facts{Attempt: complete(200).Attempt, relogin: true}, 1, ever, true, ends},
		"unknown, idempotent":             {get, unknown, 1, ever, true, again},
		"unknown, not idempotent":         {post, unknown, 1, ever, true, ends},
		"unknown, final":                  {get, final(unknown), 1, ever, true, ends},
		"unknown, without retry":          {once, unknown, 1, ever, true, ends},
		"unknown, the last attempt":       {get, unknown, 4, ever, true, ends},
		"unsent, not idempotent":          {post, unsent, 1, ever, true, again},
		"unsent, final":                   {post, final(unsent), 1, ever, true, ends},
		"unsent, without retry":           {once, unsent, 1, ever, true, ends},
		"429":                             {post, limited, 1, ever, true, step{again: true, wait: 2125 * time.Millisecond}},
		"429, Retry-After":                {post, asks(limited, time.Second), 1, ever, true, step{again: true, wait: time.Second}},
		"Retry-After at the limit":        {get, asks(unknown, 30*time.Second), 1, ever, true, step{again: true, wait: 30 * time.Second}},
		"Retry-After over the limit":      {get, asks(unknown, 31*time.Second), 1, ever, true, ends},
		"context done":                    {get, unknown, 1, 0, true, ends},
		"wait fits the deadline":          {get, unknown, 1, 126 * time.Millisecond, true, again},
		"wait does not fit the deadline":  {get, unknown, 1, 125 * time.Millisecond, true, step{reason: context.DeadlineExceeded}},
		"no budget":                       {get, unknown, 1, ever, false, step{reason: errNoBudget}},
		"no budget, not idempotent":       {post, unknown, 1, ever, false, ends},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, plan(test.rules, test.facts, test.attempt, test.remaining, test.budget, 0.5))
		})
	}
}

// A date counts from the response's own Date, even if either clock is wrong. Here it is midnight on 1 January 2000, UTC.
func TestRetryAfterCountsFromTheDateOfTheResponse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after, date string
		want        time.Duration
	}{
		"behind ours":             {"Fri, 31 Dec 1999 23:50:02 GMT", "Fri, 31 Dec 1999 23:50:00 GMT", 2 * time.Second},
		"ahead of ours":           {"Sat, 01 Jan 2000 00:10:02 GMT", "Sat, 01 Jan 2000 00:10:00 GMT", 2 * time.Second},
		"years behind":            {"Thu, 01 Jan 1970 00:00:07 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", 7 * time.Second},
		"both in RFC 3339":        {"2031-01-01T00:00:03Z", "2031-01-01T00:00:00Z", 3 * time.Second},
		"of two forms":            {"2000-01-01T00:10:03Z", "Sat, 01 Jan 2000 00:10:00 UTC", 3 * time.Second},
		"before the Date":         {"Sat, 01 Jan 2000 00:00:05 GMT", "Sat, 01 Jan 2000 00:00:06 GMT", 0},
		"an invalid Date":         {"Sat, 01 Jan 2000 00:00:05 GMT", "soon", 5 * time.Second},
		"an empty Date":           {"Sat, 01 Jan 2000 00:00:05 GMT", "", 5 * time.Second},
		"seconds, any Date":       {"5", "Fri, 31 Dec 1999 23:50:00 GMT", 5 * time.Second},
		"the longest time":        {"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", 1<<63 - 1},
		"spaces around the dates": {" Sat, 01 Jan 2000 00:10:02 GMT ", " Sat, 01 Jan 2000 00:10:00 GMT ", 2 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				header := []string{"Retry-After", test.after, "Date", test.date}
				assert.Equal(t, test.want, retryafter.Of(reply(503, "", header...).Header))
				if test.want == 0 || test.want > 30*time.Second {
					return
				}
				started := time.Now()
				transport := turns(always(503, "", header...), ok)
				require.NoError(t, newTestClient(t, transport).Subscriptions.Cancel(t.Context(), "pk"))
				assert.Equal(t, test.want, time.Since(started))
			})
		})
	}
}

// The last attempt decides the result of a call. A failure after an attempt of unknown outcome has ErrOutcomeUnknown too.
func TestRetriesByOutcome(t *testing.T) {
	t.Parallel()
	duplicate := always(400, fixture(t, "post-partners-subscriptions.duplicate"))
	unknownPK := always(404, fixture(t, "delete-partners-subscriptions-pk.not-found"))
	const post, del, get = "POST /a", "DELETE /a", "GET /a"
	tests := map[string]struct {
		op     string
		steps  []roundTripFunc
		sent   int
		kinds  []error // nil: success
		status int
		is     error
	}{
		"unsent, then ok":                         {post, []roundTripFunc{refusedDial, always(429, ""), ok}, 3, nil, 200, nil},
		"unknown, then ok":                        {del, []roundTripFunc{cut, incompleteBody, always(502, ""), ok}, 4, nil, 200, nil},
		"unsent, then exists":                     {post, []roundTripFunc{refusedDial, duplicate}, 2, []error{ErrInvalid, ErrAlreadyExists}, 400, nil},
		"unknown, then exists":                    {post, []roundTripFunc{cut, duplicate}, 2, []error{ErrInvalid, ErrAlreadyExists, ErrOutcomeUnknown}, 400, nil},
		"5xx, then exists":                        {post, []roundTripFunc{always(500, ""), duplicate}, 2, []error{ErrInvalid, ErrAlreadyExists, ErrOutcomeUnknown}, 400, nil},
		"exists immediately":                      {post, []roundTripFunc{duplicate}, 1, []error{ErrInvalid, ErrAlreadyExists}, 400, nil},
		"unknown, then not found":                 {del, []roundTripFunc{incompleteBody, unknownPK}, 2, []error{ErrNotFound, ErrOutcomeUnknown}, 404, nil},
		"429, then not found":                     {del, []roundTripFunc{always(429, ""), unknownPK}, 2, []error{ErrNotFound}, 404, nil},
		"not found immediately":                   {del, []roundTripFunc{unknownPK}, 1, []error{ErrNotFound}, 404, nil},
		"unknown, then not found, when reading":   {get, []roundTripFunc{cut, unknownPK}, 2, []error{ErrNotFound}, 404, nil},
		"unknown, then unsent":                    {del, []roundTripFunc{cut, refusedDial}, 4, []error{ErrOutcomeUnknown}, 0, nil},
		"unknown, then 429":                       {del, []roundTripFunc{cut, always(429, "")}, 4, []error{ErrRateLimited, ErrOutcomeUnknown}, 429, nil},
		"a response, then no response":            {del, []roundTripFunc{always(503, ""), cut}, 4, []error{ErrServer, ErrOutcomeUnknown}, 503, io.ErrUnexpectedEOF},
		"incomplete, then no response":            {get, []roundTripFunc{incompleteBody, cut}, 4, []error{ErrBadResponse}, 200, io.ErrUnexpectedEOF},
		"incomplete, then complete":               {get, []roundTripFunc{incompleteBody, unknownPK}, 2, []error{ErrNotFound}, 404, nil},
		"a response, then incomplete":             {get, []roundTripFunc{always(500, ""), incompleteBody}, 4, []error{ErrBadResponse}, 200, io.ErrUnexpectedEOF},
		"no response, then one without its cause": {get, []roundTripFunc{cut, unknownPK}, 2, []error{ErrNotFound}, 404, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var response Response
				transport := turns(test.steps...)
				client := newTestClient(t, transport)
				_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: test.op, Repeatable: true}, WithResponseInto(&response))
				assert.Equal(t, test.sent, transport.sent)
				assert.Equal(t, test.sent, response.Attempts)
				assert.Equal(t, test.status, response.StatusCode)
				assert.Equal(t, time.Since(transport.at[0]), response.Duration)
				if test.kinds == nil {
					require.NoError(t, err)
					return
				}
				assertKinds(t, err, test.kinds...)
				var failed *Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, test.status, failed.StatusCode)
				assert.Equal(t, test.is != nil || test.status == 0, failed.cause != nil, "%v", failed.cause)
				if test.is != nil {
					require.ErrorIs(t, err, test.is)
				}
			})
		})
	}
}

// testdata/TRAPS.md: "Errors of a `ResponseHandler` are retried." A failure in the envelope is a complete response, and is
// not retried.
func TestTrapFailedEnvelopeIsFinal(t *testing.T) {
	t.Parallel()
	for api, body := range map[API]string{
		PartnerAPI: `{"success":false,"error":"No."}`, AccountAPI: `{"status":"error","messages":["No."]}`, NetworkAPI: `{"error":{"message":"No."}}`,
	} {
		for _, op := range []string{"GET /a", "POST /a", "PUT /a"} {
			transport := turns(always(200, body))
			_, err := Do[none](t.Context(), newTestClient(t, transport), Call{API: api, Op: op, Repeatable: true})
			assertKinds(t, err, ErrInvalid)
			assert.Equal(t, 1, transport.sent)
		}
	}
}

func TestMaxAttempts(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]int{0: 4, 1: 1, 2: 2, 4: 4, 10: 10, math.MaxInt: 101} { // the last ends with the budget
		synctest.Test(t, func(t *testing.T) {
			transport := turns(cut)
			client := newTestClient(t, transport, WithRetry(RetryPolicy{MaxAttempts: most}))
			_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"})
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, want, transport.sent)
		})
	}
}

// testdata/TRAPS.md: "httpmock's "no responder" is a transport error, and its near-miss text prints the query."
func TestTrapHTTPMockWithoutResponder(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", "https://services.sparkart.net/api/v1/accounts", httpmock.NewStringResponder(200, "{}"))
	client := newTestClient(t, mock)
	started := time.Now()
	_, err := client.Accounts.Create(t.Context(), CreateAccountRequest{Email: "a@b.example"})
	assert.Less(t, time.Since(started), 200*time.Millisecond)
	assertKinds(t, err, ErrOutcomeUnknown)
	var failed *Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 1, failed.Attempts)

	mock.RegisterResponder("POST", "https://services.sparkart.net/api/v1/accounts", httpmock.NewStringResponder(200, fixture(t, "post-accounts.ok")))
	_, err = client.Accounts.Create(t.Context(), CreateAccountRequest{Email: "a@b.example"})
	require.NoError(t, err)
}

// Retry-After is obeyed to the second, up to 30 s; a longer one ends the call.
func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		policy RetryPolicy
		status int
		value  string
		waits  time.Duration
		ends   bool
		says   time.Duration
	}{
		"429 seconds":        {RetryPolicy{}, 429, "7", 7 * time.Second, false, 0},
		"503 seconds":        {RetryPolicy{}, 503, "1", time.Second, false, 0},
		"a date":             {RetryPolicy{}, 429, "Sat, 01 Jan 2000 00:00:09 GMT", 9 * time.Second, false, 0},
		"longer than a wait": {RetryPolicy{MaxWait: time.Second}, 429, "20", 20 * time.Second, false, 0},
		"at the limit":       {RetryPolicy{}, 429, "30", 30 * time.Second, false, 0},
		"over the limit":     {RetryPolicy{}, 429, "31", 0, true, 31 * time.Second},
		"a day":              {RetryPolicy{}, 503, "86400", 0, true, 24 * time.Hour},
		"overflow":           {RetryPolicy{}, 429, "9223372037", 0, true, 9223372036 * time.Second},
		"a far date":         {RetryPolicy{}, 429, "Sat, 01 Jan 2000 01:00:00 GMT", 0, true, time.Hour},
		"over a set limit":   {RetryPolicy{MaxRetryAfter: time.Second}, 429, "2", 0, true, 2 * time.Second},
		"at a set limit":     {RetryPolicy{MaxRetryAfter: time.Hour}, 429, "3600", time.Hour, false, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log attemptLog
				transport := turns(always(test.status, "", "Retry-After", test.value), ok)
				client := newTestClient(t, transport, WithRetry(test.policy), log.hook())
				started := time.Now()
				_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"})
				assert.Equal(t, test.waits, time.Since(started))
				assert.Equal(t, test.waits, log.seen[0].Wait)
				if !test.ends {
					require.NoError(t, err)
					assert.Equal(t, 2, transport.sent)
					return
				}
				assert.Equal(t, 1, transport.sent)
				var failed *Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, test.says, failed.RetryAfter)
				assert.Equal(t, test.status, failed.StatusCode)
			})
		})
	}
}

func TestGarbageInRetryAfterIsIgnored(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"soon", "-5", "0", "1.5", "Fri, 31 Dec 1999 00:00:00 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			transport := turns(always(429, "", "Retry-After", value), ok)
			_, err := Do[none](t.Context(), newTestClient(t, transport), Call{API: PartnerAPI, Op: "GET /a"})
			require.NoError(t, err)
			assert.GreaterOrEqual(t, transport.at[1].Sub(transport.at[0]), 2*time.Second)
			assert.Less(t, transport.at[1].Sub(transport.at[0]), 2250*time.Millisecond)
		})
	}
}

// The Retry-After of an earlier response does not apply after an attempt without a response.
func TestRetryAfterOfAnEarlierResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := turns(always(503, "", "Retry-After", "20"), cut, ok)
		_, err := Do[none](t.Context(), newTestClient(t, transport), Call{API: PartnerAPI, Op: "GET /a"})
		require.NoError(t, err)
		assert.Equal(t, 20*time.Second, transport.at[1].Sub(transport.at[0]))
		assert.Less(t, transport.at[2].Sub(transport.at[1]), 500*time.Millisecond)
	})
}

// A 5xx that is too large is retried: the next response can be smaller.
func TestTooLarge5xxIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := turns(always(502, strings.Repeat(" ", 100)), ok)
		client := newTestClient(t, transport, WithMaxResponseBytes(99))
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "PUT /a"})
		require.NoError(t, err)
		assert.Equal(t, 2, transport.sent)
	})
}

// The status 429 alone proves that the API processed nothing, even if the body is incomplete.
func TestIncomplete429IsUnsent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		transport := turns(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"3"}}, Body: io.NopCloser(broken{})}, nil
		}, ok)
		_, err := Do[none](t.Context(), newTestClient(t, transport, log.hook()), Call{API: PartnerAPI, Op: "POST /a"})
		require.NoError(t, err)
		assert.Equal(t, []Outcome{OutcomeUnsent, OutcomeAnswered}, log.outcomes())
		assert.Equal(t, 3*time.Second, transport.at[1].Sub(transport.at[0]))
	})
}

// An incomplete 401 is not a rejected credential.
func TestIncomplete401RenewsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &rotating{}
		transport := turns(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 401, Body: io.NopCloser(broken{})}, nil
		}, ok)
		client := newTestClient(t, transport, WithCredentialSource(PartnerToken, source))
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"})
		require.NoError(t, err)
		assert.Equal(t, 1, source.asked)
		assert.Empty(t, source.rejected)
	})
}

// testdata/TRAPS.md: "A wait is not compared with the deadline. When the deadline passes, the last response is lost."
func TestTrapDeadlineThatCannotFit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		step  roundTripFunc
		kinds []error
		is    error
	}{
		"a response": {
			always(429, `{"error":{"message":"Slow down."}}`, "Retry-After", "10"), []error{ErrRateLimited}, nil,
		},
		"as long as the deadline": {
			always(429, "", "Retry-After", "3"), []error{ErrRateLimited}, nil,
		},
		"no response": {
			func(req *http.Request) (*http.Response, error) {
				time.Sleep(3*time.Second - 1)
				return refusedDial(req)
			}, nil, errno.ConnectionRefused,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				var log attemptLog
				transport := turns(test.step)
				// With overwhelming probability, the wait of this policy is longer than a nanosecond.
				client := newTestClient(t, transport, log.hook(), WithRetry(RetryPolicy{MinWait: 100 * time.Hour, MaxWait: 100 * time.Hour}))
				_, err := Do[none](ctx, client, Call{API: NetworkAPI, Op: "POST /a"})
				require.NoError(t, ctx.Err(), "the call ends immediately")
				assertKinds(t, err, test.kinds...)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				if test.is != nil {
					require.ErrorIs(t, err, test.is)
				}
				assert.Equal(t, 1, transport.sent)
				require.Len(t, log.seen, 1)
				assert.Zero(t, log.seen[0].Wait)
			})
		})
	}
}

func TestDeadlineThatJustFits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second+1)
		defer cancel()
		transport := turns(always(429, "", "Retry-After", "3"), ok)
		_, err := Do[none](ctx, newTestClient(t, transport), Call{API: PartnerAPI, Op: "POST /a"})
		require.NoError(t, err)
	})
}

// The error of a call that is cancelled between attempts holds the context's error and the last response.
func TestCancelledBetweenAttempts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		op    string
		step  roundTripFunc
		kinds []error
		is    error
	}{
		"after a response":     {"PUT /a", always(503, "<html>", "X-Request-Id", "r-1"), []error{ErrServer, ErrOutcomeUnknown}, nil},
		"after no response":    {"PUT /a", cut, []error{ErrOutcomeUnknown}, io.ErrUnexpectedEOF},
		"after a refused dial": {"POST /a", refusedDial, nil, nil},
		"after a 429":          {"POST /a", always(429, ""), []error{ErrRateLimited}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				transport := turns(test.step)
				client := newTestClient(t, transport, WithAttemptHook(func(_ context.Context, a Attempt) {
					assert.Positive(t, a.Wait)
					time.AfterFunc(a.Wait/2, cancel)
				}))
				_, err := Do[none](ctx, client, Call{API: NetworkAPI, Op: test.op})
				assertKinds(t, err, test.kinds...)
				require.ErrorIs(t, err, context.Canceled)
				if test.is != nil {
					require.ErrorIs(t, err, test.is)
				}
				assert.Equal(t, 1, transport.sent)
			})
		})
	}
}

// A call cancelled in flight returns the context's error, even if its transport returns another: net/http returns the
// context's cause, and a mock can return any error.
func TestCancelledInFlight(t *testing.T) {
	t.Parallel()
	cause := errors.New("SECRET")
	tests := map[string]struct {
		op    string
		fail  func(context.Context) error
		kinds []error
		is    error
	}{
		"the context's error": {"GET /a", context.Context.Err, nil, context.Canceled},
		"its cause":           {"GET /a", context.Cause, nil, cause},
		"another error":       {"POST /a", func(context.Context) error { return io.EOF }, []error{ErrOutcomeUnknown}, io.EOF},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			transport := turns(func(req *http.Request) (*http.Response, error) {
				cancel(cause)
				<-req.Context().Done()
				return nil, test.fail(req.Context())
			})
			var log attemptLog
			_, err := Do[none](ctx, newTestClient(t, transport, log.hook()), Call{API: NetworkAPI, Op: test.op})
			require.Len(t, log.seen, 1)
			assert.Zero(t, log.seen[0].Wait, "the call ends")
			assertKinds(t, err, test.kinds...)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, cause)
			require.ErrorIs(t, err, test.is)
			assert.NotContains(t, err.Error(), "SECRET")
			assert.Equal(t, 1, transport.sent)
		})
	}
}

// The error of a cancelled call holds the context's error and its cause.
func TestCauseOfACancellation(t *testing.T) {
	t.Parallel()
	type cancelling struct {
		ctx    context.Context //nolint:containedctx // of the call
		cancel context.CancelFunc
	}
	tests := map[string]struct {
		step roundTripFunc
		opts func(cancelling) []Option
	}{
		"before the call": {nil, func(c cancelling) []Option {
			c.cancel()
			return nil
		}},
		"in the credential's source": {nil, func(c cancelling) []Option {
			return []Option{WithCredentialSource(NetworkToken, TokenSourceFunc(func(ctx context.Context) (string, error) {
				c.cancel()
				return "", ctx.Err()
			}))}
		}},
		"in the limiter": {nil, func(c cancelling) []Option {
			return []Option{WithRateLimiter(NetworkAPI, limiterFunc(func(ctx context.Context) error {
				c.cancel()
				return ctx.Err()
			}))}
		}},
		"in an attempt": {func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, func(c cancelling) []Option {
			time.AfterFunc(time.Second, c.cancel)
			return nil
		}},
		"between attempts": {always(503, ""), func(c cancelling) []Option {
			return []Option{WithAttemptHook(func(_ context.Context, a Attempt) { time.AfterFunc(a.Wait/2, c.cancel) })}
		}},
		"between attempts without a response": {cut, func(c cancelling) []Option {
			return []Option{WithAttemptHook(func(_ context.Context, a Attempt) { time.AfterFunc(a.Wait/2, c.cancel) })}
		}},
		"while the session is refreshed": {func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return ok(req)
		}, func(c cancelling) []Option {
			time.AfterFunc(time.Second, c.cancel)
			return nil
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				why := errors.New("SECRET")
				ctx, cancel := context.WithCancelCause(t.Context())
				opts := test.opts(cancelling{ctx, func() { cancel(why) }})
				call := Call{API: NetworkAPI, Op: "PUT /a"}
				if strings.Contains(name, "session") {
					call = Call{API: AccountAPI, Op: "PUT /a", Session: sessionOf(t, Tokens{RefreshToken: "R0"})}
				}
				_, err := Do[none](ctx, newTestClient(t, test.step, opts...), call)
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, why)
				assert.NotContains(t, err.Error(), "SECRET")
				time.Sleep(time.Hour) // until the refresh has ended
			})
		})
	}
}

// The error of a call that ends with its deadline holds the cause of the context, and so does that of a walk.
func TestCauseOfADeadlineAndOfAWalk(t *testing.T) {
	t.Parallel()
	why := errors.New("too slow")
	silent := roundTripFunc(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, context.Cause(req.Context()) // as net/http does
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
		defer cancel()
		_, err := Do[none](ctx, newTestClient(t, silent), Call{API: NetworkAPI, Op: "GET /a"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, why)
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		for _, err := range newTestClient(t, silent).Networks.All(ctx, ListOptions{}) {
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, why)
		}
	})
}

// A final response is returned even if the context is cancelled before the call returns.
func TestCancelledAfterFinalResponse(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]roundTripFunc{"success": ok, "failure": always(404, `{"success":false,"error":"No."}`)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			client := newTestClient(t, step, WithAttemptHook(func(context.Context, Attempt) { cancel() }))
			_, err := Do[none](ctx, client, Call{API: PartnerAPI, Op: "PUT /a"})
			require.ErrorIs(t, ctx.Err(), context.Canceled)
			if name == "success" {
				require.NoError(t, err)
				return
			}
			assertKinds(t, err, ErrNotFound)
			require.NotErrorIs(t, err, context.Canceled)
		})
	}
}

// A token bucket per API (100 tokens, a retry takes 1, a success refunds 0.1) bounds the retries in an outage.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log attemptLog
		down := true
		transport := turns(func(req *http.Request) (*http.Response, error) {
			if down {
				return cut(req)
			}
			return ok(req)
		})
		client := newTestClient(t, transport, log.hook())
		get := func(api API) error {
			_, err := Do[none](t.Context(), client, Call{API: api, Op: "GET /a"})
			return err
		}
		// A total outage: 200 goroutines make 5 calls each.
		var calls sync.WaitGroup
		for range 200 {
			calls.Go(func() {
				for range 5 {
					assert.Error(t, get(PartnerAPI))
				}
			})
		}
		calls.Wait()
		assert.Equal(t, 1100, transport.sent, "1000 calls and the 100 of the bucket")

		// A call that is not retried because the bucket is empty ends, and reports it to the hook.
		last := log.seen[len(log.seen)-1]
		assert.Zero(t, last.Wait)
		require.ErrorIs(t, get(PartnerAPI), errNoBudget)
		assert.Equal(t, 1101, transport.sent)
		assert.Zero(t, log.seen[1100].Wait)

		// Another API has a bucket of its own.
		require.Error(t, get(NetworkAPI))
		assert.Equal(t, 1105, transport.sent)

		// Ten responses refund one retry.
		down = false
		for range 25 {
			require.NoError(t, get(PartnerAPI))
		}
		down, transport.sent = true, 0
		require.Error(t, get(PartnerAPI))
		assert.Equal(t, 3, transport.sent, "one call and two tokens")
		require.Error(t, get(PartnerAPI))
		assert.Equal(t, 4, transport.sent)

		// After the recovery calls are retried again, and the bucket is no larger than before.
		down = false
		for range 2000 {
			require.NoError(t, get(PartnerAPI))
		}
		down, transport.sent = true, 0
		for range 100 {
			require.Error(t, get(PartnerAPI))
		}
		assert.Equal(t, 200, transport.sent)

		// Another client has buckets of its own.
		other := turns(cut)
		_, err := Do[none](t.Context(), newTestClient(t, other), Call{API: PartnerAPI, Op: "GET /a"})
		require.Error(t, err)
		assert.Equal(t, 4, other.sent)
	})
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// The limiter is called before every attempt of its API only. Waiting for it does not count as part of the attempt.
func TestLimiterPerAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		asked := 0
		limiter := limiterFunc(func(ctx context.Context) error {
			asked++
			assert.Equal(t, "mine", ctx.Value(key{}))
			time.Sleep(time.Minute)
			return nil
		})
		var log attemptLog
		client := newTestClient(t, turns(cut, cut, ok), WithRateLimiter(PartnerAPI, limiter), log.hook())
		ctx := context.WithValue(t.Context(), key{}, "mine")
		_, err := Do[none](ctx, client, Call{API: PartnerAPI, Op: "GET /a"})
		require.NoError(t, err)
		assert.Equal(t, 3, asked)
		for _, a := range log.seen {
			assert.Zero(t, a.Duration)
		}
		_, err = Do[none](ctx, client, Call{API: AccountAPI, Op: "GET /a"})
		require.NoError(t, err)
		assert.Equal(t, 3, asked)
	})
}

func TestLimiterRefuses(t *testing.T) {
	t.Parallel()
	refusal := errors.New("would exceed context deadline")
	late := errors.New("rate: Wait(n=1) would exceed context deadline") // as x/time/rate has it
	tooMuch := errors.New("rate: Wait(n=1) exceeds limiter's burst 0")
	others := errors.New("rate: Wait(n=1) would exceed context deadline: https://api.example/?key=SECRET")
	tests := map[string]struct {
		after int
		err   error
		kinds []error
		sent  int
	}{
		"immediately":           {0, refusal, nil, 0},
		"immediately, deadline": {0, context.DeadlineExceeded, nil, 0},
		"no time":               {0, late, []error{context.DeadlineExceeded}, 0},
		"no burst":              {0, tooMuch, nil, 0},
		"foreign text":          {0, others, nil, 0},
		"between attempts":      {2, refusal, []error{ErrServer, ErrOutcomeUnknown}, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				var log attemptLog
				transport := turns(always(500, ""))
				client := newTestClient(t, transport, log.hook(), WithRateLimiter(PartnerAPI, limiterFunc(func(context.Context) error {
					if asked++; asked > test.after {
						return test.err
					}
					return nil
				})))
				_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "PUT /a"})
				assertKinds(t, err, test.kinds...)
				require.ErrorIs(t, err, test.err)
				assert.NotContains(t, err.Error(), "SECRET")
				assert.Equal(t, test.sent, transport.sent)
				assert.Len(t, log.seen, test.sent)
				assert.Equal(t, test.after+1, asked)
			})
		})
	}
}

// Hook and logger get each attempt, with the context of the call and exactly these fields.
func TestHookAndLogLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var lines bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))
		var seen []Attempt
		slow := func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return cut(req)
		}
		client := newTestClient(t, turns(refusedDial, slow, always(429, "", "Retry-After", "3"), always(404, "{}")),
			WithRetry(RetryPolicy{MinWait: 1, MaxWait: 1}), WithLogger(logger),
			WithAttemptHook(func(ctx context.Context, a Attempt) {
				assert.Equal(t, "mine", ctx.Value(key{}))
				seen = append(seen, a)
			}))
		err := client.Subscriptions.Cancel(context.WithValue(t.Context(), key{}, "mine"), "SECRET")
		assertKinds(t, err, ErrBadResponse, ErrOutcomeUnknown)

		const op = "DELETE /partners/subscriptions/{pk}"
		require.Len(t, seen, 4)
		require.ErrorIs(t, seen[0].Err, errno.ConnectionRefused)
		require.ErrorIs(t, seen[1].Err, io.ErrUnexpectedEOF)
		seen[0].Err, seen[1].Err = nil, nil
		assert.Equal(t, []Attempt{
			{API: PartnerAPI, Op: op, Number: 1, Outcome: OutcomeUnsent},
			{API: PartnerAPI, Op: op, Number: 2, Outcome: OutcomeUnknown, Duration: time.Second},
			{API: PartnerAPI, Op: op, Number: 3, Outcome: OutcomeUnsent, StatusCode: 429, Wait: 3 * time.Second},
			{API: PartnerAPI, Op: op, Number: 4, Outcome: OutcomeAnswered, StatusCode: 404},
		}, seen)
		const msg = `"msg":"partnerapi attempt","api":"partner","op":"` + op + `",`
		want := `{"level":"WARN",` + msg + `"attempt":1,"status":0,"outcome":"unsent","duration":0,"wait":0,"error":"dial tcp: connection refused"}
{"level":"WARN",` + msg + `"attempt":2,"status":0,"outcome":"unknown","duration":1000000000,"wait":0,"error":"unexpected EOF"}
{"level":"WARN",` + msg + `"attempt":3,"status":429,"outcome":"unsent","duration":0,"wait":3000000000}
{"level":"DEBUG",` + msg + `"attempt":4,"status":404,"outcome":"answered","duration":0,"wait":0}
`
		assert.Equal(t, want, lines.String())
	})
}

// A logger that is not enabled gets nothing. A nil logger or hook is ignored.
func TestNoHookAndNoLogger(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, ok, WithLogger(nil), WithAttemptHook(nil))
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"})
	require.NoError(t, err)
}

func TestWaitIsZeroWhenTheCallEnds(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]roundTripFunc{
		"success": ok, "400": always(400, "{}"), "429": always(429, ""), "500": always(500, ""), "cut": cut,
		"unsent": refusedDial, "asks for too much": always(503, "", "Retry-After", "31"), "401": always(401, "{}"),
	} {
		for _, op := range []string{"GET /a", "POST /a"} {
			t.Run(op+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var log attemptLog
					client := newTestClient(t, step, log.hook(), WithRetry(RetryPolicy{MinWait: time.Hour, MaxWait: time.Hour}))
					_, _ = Do[none](t.Context(), client, Call{API: PartnerAPI, Op: op})
					require.NotEmpty(t, log.seen)
					last := len(log.seen) - 1
					assert.Zero(t, log.seen[last].Wait)
					for _, a := range log.seen[:last] {
						assert.Positive(t, a.Wait)
					}
				})
			})
		}
	}
}

// rotating is a source that supplies numbered credentials, and records those that the API rejects.
type rotating struct {
	asked    int
	rejected []string
	fail     error // of Token after a rejection
}

func (r *rotating) Token(context.Context) (string, error) {
	r.asked++
	if len(r.rejected) > 0 && r.fail != nil {
		return "", r.fail
	}
	return "token-" + strconv.Itoa(len(r.rejected)+1), nil
}

func (r *rotating) Invalidate(token string) { r.rejected = append(r.rejected, token) }

// A response refunds the budget once, even if the limiter refuses the next attempt.
func TestResponseRefundsOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	client := newTestClient(t, always(401, ""), WithCredentialSource(PartnerToken, &rotating{}),
		WithRateLimiter(PartnerAPI, limiterFunc(func(context.Context) error {
			if asked++; asked == 2 {
				return errors.New("no")
			}
			return nil
		})))
	budget := &client.config().apis[PartnerAPI].budget
	for budget.Take() { // until it is empty
	}
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"})
	require.ErrorIs(t, err, ErrUnauthorized)
	assert.Equal(t, 2, asked)
	for range 8 {
		budget.Refund()
	}
	assert.False(t, budget.IsLeft())
	budget.Refund()
	assert.True(t, budget.IsLeft(), "nine refunds and that of the call allow a retry")
}

func TestTokenIsCalledOncePerCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var tokens []string
		client := newTestClient(t, turns(func(req *http.Request) (*http.Response, error) {
			tokens = append(tokens, req.Header.Get("X-Token-Auth"))
			return cut(req)
		}), WithCredentialSource(PartnerToken, TokenSourceFunc(func(context.Context) (string, error) {
			asked++
			return "t" + strconv.Itoa(asked), nil
		})))
		for range 2 {
			_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"})
			require.Error(t, err)
		}
		assert.Equal(t, 2, asked)
		assert.Equal(t, []string{"t1", "t1", "t1", "t1", "t2", "t2", "t2", "t2"}, tokens)
	})
}

// After a 401, Invalidate and Token of the source are called, and the call is retried once.
func TestRenewedCredential(t *testing.T) {
	t.Parallel()
	refusal := always(401, `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`)
	fails := errors.New("SECRET")
	tests := map[string]struct {
		steps   []roundTripFunc
		opts    []CallOption
		policy  RetryPolicy
		fail    error
		sent    int
		asked   int
		refused []string
		kinds   []error
	}{
		"good":                   {[]roundTripFunc{ok}, nil, RetryPolicy{}, nil, 1, 1, nil, nil},
		"rejected once":          {[]roundTripFunc{refusal, ok}, nil, RetryPolicy{}, nil, 2, 2, []string{"token-1"}, nil},
		"rejected twice":         {[]roundTripFunc{refusal, refusal, ok}, nil, RetryPolicy{}, nil, 2, 2, []string{"token-1"}, []error{ErrUnauthorized}},
		"rejected in between":    {[]roundTripFunc{refusal, always(503, ""), refusal}, nil, RetryPolicy{}, nil, 3, 2, []string{"token-1"}, []error{ErrUnauthorized, ErrOutcomeUnknown}},
		"no more attempts":       {[]roundTripFunc{cut, refusal, ok}, nil, RetryPolicy{MaxAttempts: 2}, nil, 3, 2, []string{"token-1"}, nil},
		"one attempt":            {[]roundTripFunc{refusal, ok}, nil, RetryPolicy{MaxAttempts: 1}, nil, 2, 2, []string{"token-1"}, nil},
		"one attempt, 5xx":       {[]roundTripFunc{refusal, always(500, "")}, nil, RetryPolicy{MaxAttempts: 1}, nil, 2, 2, []string{"token-1"}, []error{ErrServer, ErrOutcomeUnknown}},
		"outcome stays unknown":  {[]roundTripFunc{cut, refusal, always(404, `{"success":false,"error":"No."}`)}, nil, RetryPolicy{}, nil, 3, 2, []string{"token-1"}, []error{ErrNotFound, ErrOutcomeUnknown}},
		"without retry":          {[]roundTripFunc{refusal, ok}, []CallOption{WithoutRetry()}, RetryPolicy{}, nil, 1, 1, []string{"token-1"}, []error{ErrUnauthorized}},
		"not renewed":            {[]roundTripFunc{refusal, ok}, nil, RetryPolicy{}, fails, 1, 2, []string{"token-1"}, []error{ErrUnauthorized, ErrNoCredential}},
		"not counted as a retry": {[]roundTripFunc{refusal, always(503, "")}, nil, RetryPolicy{}, nil, 5, 2, []string{"token-1"}, []error{ErrServer, ErrOutcomeUnknown}},
		"403":                    {[]roundTripFunc{always(403, `{}`)}, nil, RetryPolicy{}, nil, 1, 1, nil, []error{ErrForbidden, ErrBadResponse}},
		"200 with invalid_token": {[]roundTripFunc{always(200, `{"success":false,"error_type":"invalid_token"}`)}, nil, RetryPolicy{}, nil, 1, 1, nil, []error{ErrUnauthorized}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				source := &rotating{fail: test.fail}
				var used []string
				transport := turns(test.steps...)
				client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
					used = append(used, req.Header.Get("X-Token-Auth"))
					return transport.RoundTrip(req)
				}), WithCredentialSource(PartnerToken, source), WithRetry(test.policy))
				err := client.Subscriptions.Cancel(t.Context(), "pk", test.opts...)
				if test.kinds == nil {
					require.NoError(t, err)
				} else {
					assertKinds(t, err, test.kinds...)
				}
				assert.Equal(t, test.sent, transport.sent)
				assert.Equal(t, test.asked, source.asked)
				assert.Equal(t, test.refused, source.rejected)
				if test.sent > 1 {
					assert.Equal(t, "token-2", used[len(used)-1])
				}
				if test.fail != nil {
					require.ErrorIs(t, err, test.fail)
					require.ErrorIs(t, err, ErrNoCredential)
				}
			})
		})
	}
}

// A POST that is not repeatable is retried after a 401 too: the API rejected it.
func TestRenewedCredentialOfAPost(t *testing.T) {
	t.Parallel()
	source := &rotating{}
	transport := turns(always(401, `{"error":{"code":401,"message":"No."}}`), always(201, `{"id":"inv_1"}`))
	client := newTestClient(t, transport, WithCredentialSource(NetworkToken, source))
	invitation, err := client.Invitations.Create(t.Context(), CreateInvitationRequest{Email: "a@b.example"})
	require.NoError(t, err)
	assert.Equal(t, "inv_1", invitation.ID)
	assert.Equal(t, 2, transport.sent)
}

func TestSourceWithoutInvalidate(t *testing.T) {
	t.Parallel()
	asked := 0
	plain := TokenSourceFunc(func(context.Context) (string, error) {
		asked++
		return "key", nil
	})
	transport := turns(always(401, `{"status":"error"}`))
	client := newTestClient(t, transport, WithCredentialSource(AccountKey, plain))
	_, err := client.Accounts.Search(t.Context(), "a@b.example")
	assertKinds(t, err, ErrUnauthorized)
	assert.Equal(t, 1, transport.sent)
	assert.Equal(t, 1, asked)

	// Of two credentials, only the one whose source has Invalidate is renewed.
	source := &rotating{}
	transport = turns(always(401, `{"status":"error"}`), always(200, fixture(t, "get-account-search.no-customer")))
	client = newTestClient(t, transport, WithCredentialSource(AccountKey, plain), WithCredentialSource(OrganizationKey, source))
	_, err = client.Accounts.Search(t.Context(), "a@b.example")
	assertKinds(t, err, ErrNotFound)
	assert.Equal(t, 2, transport.sent)
	assert.Equal(t, 2, asked)
	assert.Equal(t, 2, source.asked)
}

// The error of a call that is cancelled between a 401 and its retry holds both, with or without an error of the source.
func TestCancelledWhileRenewing(t *testing.T) {
	t.Parallel()
	for range 20 { // an expired timer and a cancelled context are ready at the same time, and select chooses at random
		ctx, cancel := context.WithCancel(t.Context())
		transport := turns(always(401, `{}`))
		client := newTestClient(t, transport, WithCredentialSource(PartnerToken, &cancelling{cancel: cancel}))
		_, err := Do[none](ctx, client, Call{API: PartnerAPI, Op: "GET /a"})
		require.ErrorIs(t, err, ErrUnauthorized)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 1, transport.sent)
	}
}

// After a 401 of a cancelled call, the credential is invalidated but not renewed.
func TestCancelledBeforeRenewing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	source := &rotating{}
	transport := turns(func(*http.Request) (*http.Response, error) {
		cancel()
		return reply(401, `{"success":false,"error":"Please provide a valid token"}`), nil
	})
	client := newTestClient(t, transport, WithCredentialSource(PartnerToken, source))
	_, err := Do[none](ctx, client, Call{API: PartnerAPI, Op: "GET /a"})
	assertKinds(t, err, ErrUnauthorized)
	assert.Equal(t, []string{"token-1"}, source.rejected)
	assert.Equal(t, 1, source.asked)
	assert.Equal(t, 1, transport.sent)
}

type cancelling struct {
	cancel context.CancelFunc
	asked  int
}

func (c *cancelling) Invalidate(string) {}

func (c *cancelling) Token(context.Context) (string, error) {
	if c.asked++; c.asked > 1 {
		c.cancel()
	}
	return "token", nil
}

// testdata/TRAPS.md: "A `*Request` is not safe for a second or concurrent `Do`."
func TestTrapConcurrentCalls(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		return reply(200, `{"status":"ok","customer":{"email":`+string(body)+`}}`), nil
	}), WithLogger(slog.New(slog.DiscardHandler)), WithAttemptHook(func(context.Context, Attempt) {}))
	var calls sync.WaitGroup
	for i := range 50 {
		calls.Go(func() {
			want := strconv.Itoa(i)
			got, err := Do[struct{ Customer struct{ Email string } }](t.Context(), client, Call{API: AccountAPI, Op: "PUT /a", Body: want})
			if assert.NoError(t, err) {
				assert.Equal(t, want, got.Customer.Email)
			}
		})
	}
	calls.Wait()
}

// turningSource supplies tokens in turn, and records those that the API rejects.
type turningSource struct {
	tokens   []string
	err      error // when there are no more tokens
	rejected []string
}

func (r *turningSource) Token(context.Context) (string, error) {
	if len(r.tokens) == 0 {
		return "", r.err
	}
	token := r.tokens[0]
	r.tokens = r.tokens[1:]
	return token, nil
}

func (r *turningSource) Invalidate(token string) { r.rejected = append(r.rejected, token) }

// A call is retried after a 401 with another token, not with the rejected one.
func TestRetryAfter401NeedsAnotherToken(t *testing.T) {
	t.Parallel()
	wait := &Error{API: NetworkAPI, Op: "GET /app/session", StatusCode: 429, RetryAfter: time.Minute, Attempts: 1, kinds: []error{ErrRateLimited}}
	tests := map[string]struct {
		source   *turningSource
		sent     []string
		rejected []string
		kinds    []error
		wait     time.Duration
	}{
		"another token":         {&turningSource{tokens: []string{"old", "new"}}, []string{"old", "new"}, []string{"old"}, []error{ErrUnauthorized}, 0},
		"the same token":        {&turningSource{tokens: []string{"old", "old"}}, []string{"old"}, []string{"old"}, []error{ErrUnauthorized}, 0},
		"no token for a minute": {&turningSource{tokens: []string{"old"}, err: wait}, []string{"old"}, []string{"old"}, []error{ErrUnauthorized, ErrNoCredential, ErrRateLimited}, time.Minute},
		"no first token":        {&turningSource{err: wait}, nil, nil, []error{ErrNoCredential, ErrRateLimited}, time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				sent = append(sent, req.Header.Get("Authorization"))
				return reply(401, `{"error":{"type":"user","code":401,"message":"Please sign in."}}`), nil
			}), WithCredentialSource(NetworkToken, test.source))
			_, err := client.Networks.Get(t.Context(), "acc_1")
			assertKinds(t, err, test.kinds...)
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.wait, failed.RetryAfter)
			assert.Equal(t, test.sent, sent)
			assert.Equal(t, test.rejected, test.source.rejected)
		})
	}
}

// Calls that fail concurrently retry as often as the budget allows.
func TestRetryBudgetOfConcurrentCalls(t *testing.T) {
	t.Parallel()
	const calls = 64
	for range 5 {
		var attempts atomic.Int64
		start, arrived := make(chan struct{}), make(chan struct{}, 2*calls)
		client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
			attempts.Add(1)
			arrived <- struct{}{}
			<-start
			return nil, io.EOF
		}), WithRetry(RetryPolicy{MaxAttempts: 2, MinWait: 1, MaxWait: 1}))
		for range 99 { // of 100
			require.True(t, client.config().apis[NetworkAPI].budget.Take())
		}
		var running sync.WaitGroup
		for range calls {
			running.Go(func() {
				_, err := client.Networks.Get(t.Context(), "acc_1")
				assert.ErrorIs(t, err, io.EOF)
			})
		}
		for range calls {
			<-arrived
		}
		close(start)
		running.Wait()
		require.Equal(t, int64(calls+1), attempts.Load())
	}
}

// A complete response stays the result if the limiter refuses the retry: the context is not why the call ended.
func TestLimiterRefusesARenewedCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	refusal, asked := errors.New("no"), 0
	client := newTestClient(t, always(401, `{"error":{"code":401,"message":"Expired."}}`),
		WithCredentialSource(NetworkToken, &rotating{}),
		WithRateLimiter(NetworkAPI, limiterFunc(func(context.Context) error {
			if asked++; asked == 1 {
				return nil
			}
			cancel()
			return refusal
		})))
	_, err := client.Networks.Get(ctx, "acc_1")
	require.ErrorIs(t, err, ErrUnauthorized)
	require.ErrorIs(t, err, refusal)
	require.NotErrorIs(t, err, context.Canceled)
}
