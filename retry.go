package partnerapi

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// RetryPolicy says how often and how soon a call is sent again.
//
// Whatever it says, a client keeps an outage from being multiplied: for each API it has a budget of 100 repetitions, of
// which every complete response below 500, other than 408 and 429, gives a tenth of one back. When it is used up, calls
// are sent once. A proxy that refuses the connection with a 4xx other than 408 and 429 ends the call.
type RetryPolicy struct {
	// MaxAttempts is how many attempts a call makes at most. 0 means 4; 1 sends nothing again. A repetition with a
	// renewed credential, for which see [TokenSource], comes on top, and so does one with a session's new access token,
	// for which see [NewTokenSession].
	MaxAttempts int
	// MinWait is the longest wait after the first attempt; it doubles with every attempt. 0 means 250 ms.
	// The wait is drawn at random between zero and that.
	MinWait time.Duration
	// MaxWait is the longest wait that is not asked for by the API, also if MinWait is longer. 0 means 10 s.
	MaxWait time.Duration
	// MaxRetryAfter is the longest wait that the API may ask for. The call ends if it asks for more. 0 means 30 s.
	MaxRetryAfter time.Duration
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 4
	}
	if p.MinWait == 0 {
		p.MinWait = 250 * time.Millisecond
	}
	if p.MaxWait == 0 {
		p.MaxWait = 10 * time.Second
	}
	if p.MaxRetryAfter == 0 {
		p.MaxRetryAfter = 30 * time.Second
	}
	return p
}

// Outcome is what is known of an attempt when it is over.
type Outcome string

const (
	// OutcomeUnsent means that the API did nothing: no connection could be made, or the API responded with 429. The
	// client's own transport proves the first. That of [WithHTTPClient] proves it if net/http/httptrace tells that no
	// connection was got, and if it fails with an error of dialling, DNS or the TLS handshake; otherwise the outcome is
	// [OutcomeUnknown].
	OutcomeUnsent Outcome = "unsent"
	// OutcomeAnswered means that a complete response below 500 came, other than 408 and 429.
	OutcomeAnswered Outcome = "answered"
	// OutcomeUnknown means that the API may have done what was asked: no complete response came, or one of 408, or of 500
	// or above.
	OutcomeUnknown Outcome = "unknown"
)

// Attempt is one request of a call, for hooks and logs. It holds no credential, pk, e-mail or URL.
//
// A call that sends nothing has none: one that is refused, has no credential, or that the limiter does not let through.
//
// What is not seen: net/http itself sends a GET again, at once, for each connection that it kept from an earlier request
// and that breaks before the answer, so at most as often as there are such connections.
type Attempt struct {
	// API is the API of the call.
	API API
	// Op is the operation of the call, such as "PUT /partners/subscriptions/{pk}": never the values in its path.
	Op string
	// Number counts the attempts of the call from 1. Above 1 the call was sent again.
	Number int
	// StatusCode is that of the answer, 0 if none came. An answer that broke off has one too. It does not tell a success:
	// the account API reports failures with a 200.
	StatusCode int
	// Err is why there is no complete answer, or nil if there is one, whatever it says. It prints only what is known to be
	// harmless; errors.Is and errors.As find the cause.
	Err error
	// Outcome says whether the API can have done what was asked.
	Outcome Outcome
	// Duration is how long the attempt took, from asking for a connection to the last byte of the body. A wait for the
	// limiter is not in it.
	Duration time.Duration
	// Wait is how long the call waits before the next attempt. It is zero when the call ends, and before a repetition with
	// a renewed credential or session, which follows at once. There is no next attempt if the context is done before, or the limiter
	// does not let it through.
	Wait time.Duration
}

// rateWindow is how long the wait after a 429 is at least, if the answer does not say: the partner API counts requests
// over two seconds.
const rateWindow = 2 * time.Second

// check decides whether the call is sent again, and plans the wait before it. retryablehttp calls it after every
// attempt; what it knows of the attempt is in x.
func (x *exchange) check(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	x.wait, x.again = x.plan(ctx)
	x.report(ctx)
	x.loop.RetryWaitMin = x.wait
	return x.again, nil
}

// backoff returns the wait that check has planned.
func backoff(planned, _ time.Duration, _ int, _ *http.Response) time.Duration { return planned }

// asItIs has retryablehttp return the error of the last attempt without a text of its own, which would hold the URL.
func asItIs(_ *http.Response, err error, _ int) (*http.Response, error) { return nil, err }

func (x *exchange) plan(ctx context.Context) (wait time.Duration, again bool) {
	policy, budget := x.settings.retry, x.route.budget
	if x.last.Outcome == OutcomeAnswered && !x.stop { // if it stopped, the last attempt was planned for before
		budget.giveBack()
		x.learn()
	}
	switch {
	case x.last.StatusCode == http.StatusUnauthorized && x.last.Err == nil && !x.renewed:
		return 0, x.renew(ctx)
	case x.stop || x.options.once || ctx.Err() != nil:
		return 0, false
	case isRefusedForGood(x.last.Err):
		return 0, false
	case x.last.Outcome == OutcomeAnswered:
		return 0, x.needsLogin()
	case x.last.Outcome == OutcomeUnknown && !x.call.isRepeatable():
		return 0, false
	case errors.Is(x.last.Err, ErrResponseTooLarge) && outcomeOf(x.last.StatusCode) == OutcomeAnswered:
		return 0, false // the next answer would be as large
	case x.last.Number-x.extra >= policy.MaxAttempts:
		return 0, false
	}
	var asked time.Duration
	if x.last.StatusCode != 0 {
		asked = retryAfter(x.header)
	}
	wait = policy.wait(x.last.Number-x.extra, x.last.StatusCode, asked)
	if asked > policy.MaxRetryAfter {
		return 0, false
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		x.blame(context.DeadlineExceeded)
		return 0, false
	}
	if !budget.take() {
		x.blame(reason("the client's budget for sending again is used up"))
		return 0, false
	}
	return wait, true
}

// wait returns how long to wait after an attempt: what the answer asks for, or a random part of what doubles with every
// attempt.
func (p RetryPolicy) wait(attempt, status int, asked time.Duration) time.Duration {
	if asked > 0 {
		return asked
	}
	most := p.MaxWait
	if doubled := math.Ldexp(float64(p.MinWait), attempt-1); doubled < float64(most) {
		most = time.Duration(doubled)
	}
	wait := rand.N(most) //nolint:gosec // jitter spreads load, it hides nothing
	if status == http.StatusTooManyRequests {
		wait = min(rateWindow+wait, p.MaxWait)
	}
	return wait
}

// renew tells the sources of a refused credential, and asks those that want to be told once more. It reports whether
// the call goes again with another one.
func (x *exchange) renew(ctx context.Context) bool {
	x.renewed = true
	var refused []*secret
	for i := range x.secrets {
		s := &x.secrets[i]
		if source, ok := s.source.(interface{ Invalidate(token string) }); ok {
			source.Invalidate(s.token)
			x.spent = append(x.spent, s.token)
			refused = append(refused, s)
		}
	}
	if x.options.once || ctx.Err() != nil {
		return false
	}
	another := false
	for _, s := range refused {
		before := s.token
		if err := x.ask(ctx, s); err != nil {
			x.blame(err)
			return false
		}
		another = another || s.token != before
	}
	if err := whyDone(ctx); err != nil {
		x.blame(err)
		return false
	}
	if another {
		x.extra++
	}
	return another
}

// learn tells the sources and the session whether the API has accepted from the call what they supplied.
func (x *exchange) learn() {
	x.nobody = false
	if x.last.StatusCode == http.StatusUnauthorized {
		return
	}
	for i := range x.secrets {
		if source, ok := x.secrets[i].source.(accepting); ok {
			source.accept(x.secrets[i].token)
		}
	}
	if x.bearer != "" {
		x.nobody = x.saysLoggedOut()
		x.call.Session.learn(x.call.Op, x.bearer, x.refused, x.nobody)
	}
}

// needsLogin reports, once for a call, whether the API has not accepted its access token, and so did nothing. The call is then
// retried with a new token, if the session gets one.
func (x *exchange) needsLogin() bool {
	if x.refused != "" || !x.nobody {
		return false
	}
	x.refused = x.bearer
	x.extra++
	return true
}

// saysLoggedOut reports whether the answer is that nobody is logged in. To a write that is the API's message alone: that
// the customer is null is not documented for one.
func (x *exchange) saysLoggedOut() bool {
	payload, failed := x.open(x.route.api)
	if failed != nil {
		return errors.Is(failed, ErrNotLoggedIn)
	}
	if x.call.isWrite() || !errors.Is(x.call.ifNull, ErrNotLoggedIn) {
		return false
	}
	known, _ := jsonwire.UnmarshalMember(payload, x.call.key, new(none))
	return x.call.lacks(known, payload)
}

// isRepeatable reports whether the call may be sent again when it is unknown whether it was done.
func (call *Call) isRepeatable() bool {
	method, _, _ := strings.Cut(call.Op, " ")
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	default:
		return call.Repeatable
	}
}

// retryAfter returns the wait that the header Retry-After asks for, in seconds or as a date, or 0. Part of a second counts
// as a whole one. A date counts from the response's own Date, so that a wrong clock here does not matter.
func retryAfter(header http.Header) time.Duration {
	value := strings.TrimSpace(headerValue(header, "Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, ok := readSeconds(value); ok {
		return seconds
	}
	at, ok := readDate(value)
	if !ok {
		return 0
	}
	now, ok := readDate(strings.TrimSpace(headerValue(header, "Date")))
	if !ok {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

// readSeconds reads a number of seconds, rounded up to a whole one and at most what a Duration can hold.
func readSeconds(value string) (time.Duration, bool) {
	const longest = math.MaxInt64 / int64(time.Second)
	whole, fraction, _ := strings.Cut(value, ".")
	if whole+fraction == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseInt("0"+whole, 10, 64)
	if err != nil || seconds >= longest {
		return time.Duration(longest) * time.Second, true
	}
	if strings.Trim(fraction, "0") != "" {
		seconds++
	}
	return time.Duration(seconds) * time.Second, true
}

// dateLayouts are the forms of a date in a header besides those that [http.ParseTime] reads.
var dateLayouts = []string{"Mon, _2 Jan 2006 15:04:05 UTC", time.RFC1123Z, "Mon, _2 Jan 2006 15:04:05 GMT", time.RFC3339}

func readDate(value string) (time.Time, bool) {
	if at, err := http.ParseTime(value); err == nil {
		return at, true
	}
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, value); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// A budget keeps an outage from being multiplied: retries take from it, and answers give back.
type budget struct {
	mu   sync.Mutex
	left int
}

// Tokens are counted in tenths, because ten times 0.1 is not 1.
const (
	budgetSize = 1000
	retryCosts = 10
	refund     = 1
)

func newBudget() *budget { return &budget{left: budgetSize} }

func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < retryCosts {
		return false
	}
	b.left -= retryCosts
	return true
}

func (b *budget) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.left+refund, budgetSize)
}

// report tells hook and logger of the attempt that is over.
func (x *exchange) report(ctx context.Context) {
	if x.stop || !x.settings.isWatched() {
		return // it was reported before the one that was not allowed to start
	}
	x.last.Wait = x.wait
	if hook := x.settings.hook; hook != nil {
		hook(ctx, x.last)
	}
	logger := x.settings.logger
	if logger == nil {
		return
	}
	level := slog.LevelDebug
	if x.last.Outcome != OutcomeAnswered {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("api", string(x.last.API)), slog.String("op", x.last.Op), slog.Int("attempt", x.last.Number),
		slog.Int("status", x.last.StatusCode), slog.String("outcome", string(x.last.Outcome)),
		slog.Duration("duration", x.last.Duration), slog.Duration("wait", x.last.Wait),
	}
	if x.last.Err != nil {
		attrs = append(attrs, slog.String("error", x.last.Err.Error()))
	}
	logger.LogAttrs(ctx, level, "partnerapi attempt", attrs...)
}
