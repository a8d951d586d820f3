package partnerapi

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/partnerapi/partnerapi-go/internal/budget"
)

// RetryPolicy limits the retries of a call. The package documentation says which calls are retried.
//
// Every client also has a retry budget for each API, so that retries do not multiply an outage. It starts with 100 retries,
// and every complete response below 500, other than 408 and 429, adds a tenth of one, up to 100. While it is empty, calls are
// not retried.
type RetryPolicy struct {
	// MaxAttempts limits the attempts of a call. 0 means 4, 1 means no retry. A retry with a renewed credential, see
	// [TokenSource], or with a session's new access token, see [NewTokenSession], does not count.
	MaxAttempts int
	// MinWait limits the wait after the first attempt. The limit doubles with every attempt, and the wait is a random time
	// between zero and the limit. After a 429 it is 2 s longer. 0 means 250 ms.
	MinWait time.Duration
	// MaxWait limits every wait without a Retry-After, even if MinWait is longer. 0 means 10 s.
	MaxWait time.Duration
	// MaxRetryAfter limits the wait that the API asks for with Retry-After. A longer one ends the call. 0 means 30 s.
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

type rules struct {
	RetryPolicy

	isIdempotent bool
	once         bool // WithoutRetry
}

// step is what follows an attempt.
type step struct {
	again  bool
	wait   time.Duration
	renew  bool  // retry immediately if the sources return another credential
	reason error // why the call ends, unless the response says it
}

// rateWindow is added to the wait after a 429 without Retry-After.
// ours P12: a sibling of the partner API counts requests over two seconds
const rateWindow = 2 * time.Second

// plan decides what follows an attempt. attempt is its number, without retries after a renewal. remaining is the time until
// the deadline of the call. jitter is a random number from 0 to 1.
func plan(p rules, f facts, attempt int, remaining time.Duration, budgetLeft bool, jitter float64) step {
	switch {
	case f.rejected && (p.isIdempotent || !f.doubt):
		return step{renew: true}
	case p.once, remaining <= 0, f.final, f.doubt && !p.isIdempotent:
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

// backoff returns the wait without a Retry-After: exponential, with full jitter.
func (p RetryPolicy) backoff(attempt, status int, jitter float64) time.Duration {
	longest := min(math.Ldexp(float64(p.MinWait), attempt-1), float64(p.MaxWait))
	wait := time.Duration(jitter * longest)
	if status == http.StatusTooManyRequests {
		wait = min(rateWindow+wait, p.MaxWait)
	}
	return wait
}

// result is the result of all attempts of a call. Its facts are of the last attempt that got a response, if any did.
type result struct {
	facts

	attempts int
	doubt    bool  // an attempt had an unknown outcome
	cause    error // why the last attempt got no response, or why its response is not final
}

// repeat makes attempts until plan ends the call. Most calls end with their first attempt; go-retryablehttp makes the others:
// it waits, and gives up on a done context.
func repeat(ctx context.Context, s *settings, r *request) result {
	l := loop{rules: rules{s.retry, r.isIdempotent, r.once}, budget: &r.to.budget, observer: s.observer}
	l.take(ctx, s.attempt(ctx, r, 1), &r.secrets)
	if l.next.again {
		kept := *r // a copy for the retries: the request of a call without them stays on the stack
		l = l.retry(ctx, func(ctx context.Context, number int) (facts, *secrets) {
			return s.attempt(ctx, &kept, number), &kept.secrets
		})
		*r = kept
	}
	if l.attempts == 0 || l.next.again || l.last.Outcome != OutcomeAnswered {
		l.add(whyDone(ctx))
	}
	if l.StatusCode == 0 {
		l.failure = &Error{}
	}
	return l.result
}

// loop makes the attempts of one call.
type loop struct {
	rules
	result

	budget   *budget.Budget
	observer observer
	last     facts // of the last attempt that was made
	next     step
	extra    int // attempts that a renewal added
}

// take takes over the facts of an attempt with these secrets, plans what follows and reports both.
func (l *loop) take(ctx context.Context, f facts, s *secrets) {
	l.cause = f.cause
	if l.attempts == 0 || f.StatusCode != 0 {
		l.facts = f
	}
	if f.stopped {
		l.next = step{}
		return
	}
	l.attempts++
	l.last = f
	l.doubt = l.doubt || f.doubt || f.Outcome == OutcomeUnknown
	l.next = l.follow(ctx, s)
	f.Wait = l.next.wait
	if l.observer.isSet() {
		l.observer.report(ctx, f.Attempt, f.rejection())
	}
}

// retry makes the attempts after the first one. go-retryablehttp waits between them; it sees no request and no response, because
// it would log URLs, and close connections. It takes a copy of l, so that a call without retries does not allocate one.
func (l loop) retry(ctx context.Context, try func(ctx context.Context, number int) (facts, *secrets)) loop {
	isMade := true // the first attempt
	client := retryablehttp.Client{
		HTTPClient: &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			if !isMade {
				f, s := try(req.Context(), l.attempts+1)
				l.take(req.Context(), f, s)
			}
			isMade = false
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		})},
		RetryMax:   math.MaxInt, // plan counts
		CheckRetry: func(context.Context, *http.Response, error) (bool, error) { return l.next.again, nil },
		Backoff:    func(time.Duration, time.Duration, int, *http.Response) time.Duration { return l.next.wait },
	}
	// A request of a loop, not of the call. That of go-retryablehttp's NewRequest would bring its code for bodies into a program.
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "", nil)
	if resp, err := client.Do(&retryablehttp.Request{Request: req}); err == nil {
		_ = resp.Body.Close()
	}
	return l
}

// roundTripper is a transport without CloseIdleConnections, which go-retryablehttp calls whenever it gives up.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// follow plans what follows the last attempt, and renews the credentials if planned.
func (l *loop) follow(ctx context.Context, s *secrets) (next step) {
	if l.last.Outcome == OutcomeAnswered {
		l.budget.Refund()
		if !l.last.rejected && !l.last.relogin {
			return step{} // as plan would, for most calls
		}
	}
	next = plan(l.rules, l.last, l.attempts-l.extra, remaining(ctx), l.budget.IsLeft(), rand.Float64()) //nolint:gosec // jitter spreads load, it hides nothing
	switch {
	case next.renew:
		var err error
		next.again, err = s.renew(ctx, !l.once)
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

// add joins a cause to the result's, unless it is nil or already there.
func (l *loop) add(cause error) {
	if several := parts(cause); several != nil {
		for _, each := range several {
			l.add(each)
		}
		return
	}
	bare := cause
	if h, ok := cause.(*hidden); ok { //nolint:errorlint // whyDone returns it unwrapped
		bare = h.Unwrap()
	}
	if cause != nil && !errors.Is(l.cause, bare) {
		l.cause = errors.Join(l.cause, cause)
	}
}
