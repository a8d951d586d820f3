package partnerapi

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/partnerapi/partnerapi-go/internal/budget"
)

// RetryPolicy says how often and how soon a call is retried. The package documentation says which calls are.
//
// Every client also has a budget for each API, so that retries do not multiply an outage: 100 retries, to which every
// complete response below 500, other than 408 and 429, adds a tenth of one. While it is empty, no call is retried. A proxy
// that refuses the connection with a 4xx other than 408 and 429 ends the call.
type RetryPolicy struct {
	// MaxAttempts is how many attempts a call makes at most. 0 means 4, 1 means no retry. A retry with a renewed credential,
	// for which see [TokenSource], comes on top, and so does one with a session's new access token, for which see
	// [NewTokenSession].
	MaxAttempts int
	// MinWait is the longest wait after the first attempt; it doubles with every attempt. 0 means 250 ms.
	// The wait is a random time between zero and that.
	MinWait time.Duration
	// MaxWait is the longest wait that the API did not ask for, also if MinWait is longer. 0 means 10 s.
	MaxWait time.Duration
	// MaxRetryAfter is the longest wait that the API may ask for. The call ends if it asks for more. 0 means 30 s.
	MaxRetryAfter time.Duration
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	return RetryPolicy{
		MaxAttempts:   cmp.Or(p.MaxAttempts, 4),
		MinWait:       cmp.Or(p.MinWait, 250*time.Millisecond),
		MaxWait:       cmp.Or(p.MaxWait, 10*time.Second),
		MaxRetryAfter: cmp.Or(p.MaxRetryAfter, 30*time.Second),
	}
}

// rules are the policy as it applies to one call.
type rules struct {
	RetryPolicy

	isIdempotent bool
	once         bool // WithoutRetry
}

// step is what follows an attempt.
type step struct {
	again  bool
	wait   time.Duration
	renew  bool  // retry immediately, if the sources return another credential
	reason error // why the call ends, where the response does not tell
}

// rateWindow is how long the wait after a 429 is at least, if the answer does not say: the partner API counts requests
// over two seconds.
const rateWindow = 2 * time.Second

// plan decides what follows an attempt. attempt is its number, without those that a renewal added. remaining is the time
// until the deadline of the call, and jitter a random number from 0 to 1.
func plan(p rules, f facts, attempt int, remaining time.Duration, budgetLeft bool, jitter float64) step {
	switch {
	case f.rejected:
		return step{renew: true}
	case p.once, remaining <= 0, f.final:
		return step{}
	case f.Outcome == OutcomeAnswered:
		return step{again: f.relogin}
	case f.Outcome == OutcomeUnknown && !p.isIdempotent, attempt >= p.MaxAttempts:
		return step{}
	}
	wait := f.retryAfter
	switch {
	case wait > p.MaxRetryAfter:
		return step{}
	case wait == 0:
		wait = p.backoff(attempt, f.StatusCode, jitter)
	}
	switch {
	case remaining <= wait:
		return step{reason: context.DeadlineExceeded}
	case !budgetLeft:
		return step{reason: errNoBudget}
	default:
		return step{again: true, wait: wait}
	}
}

const errNoBudget = reason("the client's retry budget is used up")

// backoff returns a random part of a wait that doubles with every attempt.
func (p RetryPolicy) backoff(attempt, status int, jitter float64) time.Duration {
	longest := min(math.Ldexp(float64(p.MinWait), attempt-1), float64(p.MaxWait))
	wait := time.Duration(jitter * longest)
	if status == http.StatusTooManyRequests {
		wait = min(rateWindow+wait, p.MaxWait)
	}
	return wait
}

// repeated is a call as far as repeat knows it.
type repeated struct {
	try    func(ctx context.Context, number int) facts
	renew  func(ctx context.Context, ask bool) (renewed bool, err error)
	report func(Attempt)
}

// result is what is known of a call when its attempts are over: the facts of the last attempt that got a response, if any
// did, and what adds up over all attempts.
type result struct {
	facts

	attempts int
	doubt    bool  // the outcome of an attempt is unknown
	cause    error // why the last attempt got no response, or why its response is not final
}

// repeat makes attempts until plan ends the call. go-retryablehttp counts, waits and gives up on a done context.
func repeat(ctx context.Context, p rules, b *budget.Budget, call repeated) result {
	l := &loop{rules: p, budget: b, repeated: call}
	client := retryablehttp.Client{
		HTTPClient: &http.Client{Transport: l}, RetryMax: math.MaxInt, // plan counts
		CheckRetry: l.checkRetry, Backoff: l.backOff, ErrorHandler: passThrough,
	}
	l.failure = &Error{} // until a response comes
	req := (&http.Request{Method: http.MethodGet, URL: new(url.URL), Header: http.Header{}}).WithContext(ctx)
	if resp, err := client.Do(&retryablehttp.Request{Request: req}); err == nil { //nolint:gosec // every request is the loop's
		_ = resp.Body.Close()
	}
	if l.next.again || l.last.Outcome != OutcomeAnswered {
		l.add(whyDone(ctx))
	}
	return l.result
}

// loop is the transport of go-retryablehttp, and holds its call-backs. It has no CloseIdleConnections, which
// go-retryablehttp calls whenever it gives up.
type loop struct {
	rules
	repeated
	result

	budget *budget.Budget
	last   facts // of the last attempt
	next   step
	extra  int // attempts that a renewal added
}

// RoundTrip makes one attempt. Every complete response is (response, nil), whatever it says.
func (l *loop) RoundTrip(req *http.Request) (*http.Response, error) {
	f := l.try(req.Context(), l.attempts+1)
	l.cause = f.cause
	if f.stopped {
		l.last.stopped = true
		return nil, f.cause
	}
	l.attempts++
	l.last = f
	l.doubt = l.doubt || f.Outcome == OutcomeUnknown
	if f.StatusCode != 0 {
		l.facts = f
	}
	if f.cause != nil {
		return nil, f.cause
	}
	return &http.Response{StatusCode: f.StatusCode, Body: http.NoBody}, nil
}

func (l *loop) checkRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	l.next = l.follow(ctx)
	if !l.last.stopped { // or it was reported before the attempt that was not allowed to start
		l.last.Wait = l.next.wait
		l.report(l.last.Attempt)
	}
	return l.next.again, nil
}

func (l *loop) backOff(time.Duration, time.Duration, int, *http.Response) time.Duration {
	return l.next.wait
}

// passThrough has go-retryablehttp return the last error without a text of its own, which would hold the URL.
func passThrough(_ *http.Response, err error, _ int) (*http.Response, error) { return nil, err }

// follow plans what follows the last attempt, and renews credentials if that is the plan.
func (l *loop) follow(ctx context.Context) (next step) {
	if l.last.stopped {
		return step{}
	}
	if l.last.Outcome == OutcomeAnswered {
		l.budget.Refund()
	}
	next = plan(l.rules, l.last, l.attempts-l.extra, remaining(ctx), l.budget.IsLeft(), rand.Float64()) //nolint:gosec // jitter spreads load, it hides nothing
	switch {
	case next.renew:
		var err error
		next.again, err = l.renew(ctx, !l.once)
		l.add(err)
	case next.again && l.last.Outcome != OutcomeAnswered && !l.budget.Take():
		next = step{reason: errNoBudget}
	}
	if next.again && (next.renew || l.last.Outcome == OutcomeAnswered) {
		l.extra++
	}
	l.add(next.reason)
	return next
}

// remaining returns the time until the deadline, or 0 if ctx is done.
func remaining(ctx context.Context) time.Duration {
	deadline, limited := ctx.Deadline()
	switch {
	case ctx.Err() != nil:
		return 0
	case !limited:
		return math.MaxInt64
	default:
		return max(1, time.Until(deadline))
	}
}

// add adds a cause, if any, to why the call ended.
func (l *loop) add(cause error) {
	if several := parts(cause); several != nil {
		for _, each := range several {
			l.add(each)
		}
		return
	}
	bare := cause
	if h, ok := cause.(*hidden); ok { //nolint:errorlint // as whyDone returns it
		bare = h.Unwrap()
	}
	if cause != nil && !errors.Is(l.cause, bare) {
		l.cause = errors.Join(l.cause, cause)
	}
}
