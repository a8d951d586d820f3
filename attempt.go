package partnerapi

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/hashicorp/go-retryablehttp"
)

// exchange is a call on its way. It is the transport of its own attempts, so that what is known of an attempt is at
// hand when retryablehttp asks whether to send the call again.
type exchange struct {
	*request
	answer

	last    Attempt // the newest attempt
	renewed bool    // whether sources were told of a refused credential
	extra   int     // attempts with a renewed credential
	stop    bool    // whether another attempt was not allowed to start
	again   bool    // whether another attempt is planned, after wait
	wait    time.Duration
}

// answer is what came of a call.
type answer struct {
	status int // of the last answer; 0 if none came
	header http.Header
	body   []byte

	attempts int
	doubt    bool   // an attempt ended with an unknown outcome
	partial  *Error // what is wrong if the last answer is not complete
	cause    error  // why the call ended with no answer, or with one that is not final
}

// send makes the attempts of a call. It returns what came of it, and a failure if that is not a complete answer.
func send(r *request) (*answer, *Error) {
	x := &exchange{request: r}
	client := &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: x, CheckRedirect: followNone},
		RetryMax:     r.settings.retry.MaxAttempts, // checkRetry counts; one more for a renewed credential
		CheckRetry:   x.checkRetry,
		Backoff:      func(time.Duration, time.Duration, int, *http.Response) time.Duration { return x.wait },
		ErrorHandler: func(_ *http.Response, err error, _ int) (*http.Response, error) { return nil, err },
	}
	started := time.Now()
	resp, _ := client.Do(r.Request) // what went wrong is known to the attempt
	if resp != nil {
		_ = resp.Body.Close() // it was read to its end inside the attempt
	}
	if over := r.Context().Err(); over != nil && (x.again || x.last.Outcome != OutcomeAnswered) {
		x.blame(over)
	}
	if into := r.options.into; into != nil && x.attempts > 0 {
		*into = Response{x.status, x.header.Clone(), x.attempts, time.Since(started)}
		into.Header.Del("Set-Cookie")
	}
	if x.status == 0 {
		return &x.answer, &Error{}
	}
	return &x.answer, x.partial
}

// blame adds a cause to what the call ended with.
func (x *exchange) blame(cause error) {
	if !errors.Is(x.cause, cause) {
		x.cause = errors.Join(x.cause, cause)
	}
}

func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// RoundTrip makes one attempt.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	x.cause = nil
	if err := x.mayStart(req.Context()); err != nil {
		x.stop, x.cause = true, err
		return nil, err
	}
	x.attempts++
	x.last = Attempt{API: x.call.API, Op: x.call.Op, Number: x.attempts}
	started := time.Now()
	resp, err := x.attempt(req)
	x.last.Duration = time.Since(started)
	if err != nil {
		x.last.Err = hide(err)
		x.cause = err
	}
	x.doubt = x.doubt || x.last.Outcome == OutcomeUnknown
	return resp, err
}

func (x *exchange) mayStart(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	limiter := x.settings.limiters[x.call.API]
	if limiter == nil {
		return nil
	}
	if err := limiter.Wait(ctx); err != nil {
		return errors.Join(reason("the rate limiter refused"), err)
	}
	return nil
}

// attempt sends req and reads the whole answer, so that an answer that is cut is a failed attempt.
func (x *exchange) attempt(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), x.settings.timeout)
	defer cancel()
	var seen connections
	resp, err := roundTrip(x.settings.transport, x.private(seen.trace(ctx), req))
	if err != nil {
		x.last.Outcome = seen.outcome()
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	x.call.Session.absorb(resp, originOf(req.URL))
	body, err := readAtMost(resp.Body, x.settings.maxBody)
	x.status, x.header, x.body, x.partial = resp.StatusCode, resp.Header, body, nil
	x.last.StatusCode, x.last.Outcome = resp.StatusCode, outcomeOf(resp.StatusCode)
	if err != nil {
		x.partial = &Error{kinds: incompleteKinds(ctx, resp.StatusCode, err)}
		if resp.StatusCode != http.StatusTooManyRequests {
			x.last.Outcome = OutcomeUnknown
		}
		return nil, err // net/http prints a line of its own if there is an answer too
	}
	resp.Body = http.NoBody
	return resp, nil
}

// incompleteKinds returns what an answer is of which err is why not all of its body was read.
func incompleteKinds(ctx context.Context, status int, err error) []error {
	kinds := unenveloped(status).kinds
	tooLarge := errors.Is(err, ErrResponseTooLarge)
	kinds = slices.DeleteFunc(kinds, func(kind error) bool {
		// What is wrong with the request, if anything, is in what was not read. If it is too large or too late, it is not
		// the form of the answer that is wrong.
		return errors.Is(kind, ErrInvalid) || errors.Is(kind, ErrBadResponse) && (tooLarge || ctx.Err() != nil)
	})
	if tooLarge {
		kinds = append(kinds, ErrResponseTooLarge)
	}
	return kinds
}

// private returns a copy of req that nothing but one attempt sees, with the credentials on it.
func (x *exchange) private(ctx context.Context, req *http.Request) *http.Request {
	req = req.Clone(ctx)
	x.spent = append(x.spent, x.call.Session.apply(req)...)
	for _, s := range x.secrets {
		credentials[s.which](req, s.token)
	}
	return req
}

// roundTrip also holds transports that are not net/http's, such as mocks, to what a RoundTripper has to return.
func roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(req)
	switch {
	case err != nil:
	case resp == nil:
		err = reason("the transport returned neither an answer nor an error")
	case resp.StatusCode < 100:
		err = reason("an answer without a status")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if err != nil && resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	return resp, err
}

// readAtMost reads all of body, or fails with ErrResponseTooLarge.
func readAtMost(body io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, min(most, math.MaxInt64-1)+1))
	switch {
	case int64(len(data)) > most:
		return nil, ErrResponseTooLarge
	case err != nil:
		return nil, err
	}
	return data, nil
}

func outcomeOf(status int) Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return OutcomeUnsent
	case status < http.StatusOK, status >= http.StatusInternalServerError:
		return OutcomeUnknown
	default:
		return OutcomeAnswered
	}
}

// connections is the proof that an attempt was not sent: a connection was asked for, and none was had. A transport that
// traces nothing proves nothing.
type connections struct{ asked, got atomic.Bool }

func (c *connections) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	})
}

func (c *connections) outcome() Outcome {
	if c.asked.Load() && !c.got.Load() {
		return OutcomeUnsent
	}
	return OutcomeUnknown
}

// newTransport returns the transport of a client that was given none. It keeps as many connections to a host as a busy
// service uses at once; net/http keeps two.
func newTransport() *http.Transport {
	t := cleanhttp.DefaultPooledTransport()
	t.MaxIdleConnsPerHost = 64
	t.MaxIdleConns = 0
	t.MaxResponseHeaderBytes = 1 << 20
	return t
}
