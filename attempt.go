package partnerapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/errtext"
	"github.com/partnerapi/partnerapi-go/internal/readlimit"
	"github.com/partnerapi/partnerapi-go/internal/retryafter"
)

// request is what the attempts of a call send. They send copies of it.
type request struct {
	api     API
	op      string
	method  string
	url     *url.URL    // without the credential
	header  http.Header // without credentials
	content []byte      // the body; nil sends none
	secrets *secrets
	session *sessionCall // or nil

	// open is the API's envelope, and isLoggedOut reports whether an opened response says that nobody is logged in.
	open        func(status int, body []byte) (payload []byte, failed *Error)
	isLoggedOut func(payload []byte, failed *Error) bool

	into         *Response // or nil
	once         bool      // WithoutRetry
	isIdempotent bool
	isWrite      bool
	earlierDoubt bool     // an earlier call for the same purpose may have succeeded
	path         []string // the path if it holds arguments, unescaped and escaped: routers name it in a 404
}

// facts are what is known of an attempt.
type facts struct {
	Attempt

	header  http.Header
	body    []byte
	payload []byte // what the envelope holds
	failure *Error // the failure in the envelope, or why the response is incomplete

	cause      error         // why there is no complete response
	stopped    bool          // the attempt was not allowed to start
	final      bool          // a retry would get the same
	rejected   bool          // the API rejected the credential, which was not renewed yet
	relogin    bool          // the API rejected the session's access token, which was not refreshed for this call yet
	retryAfter time.Duration // how long the API asks to wait
}

// byteOrderMark is what some servers begin a body with.
const byteOrderMark = "\ufeff"

// A Limiter decides when an attempt may start. It must be safe for concurrent use.
//
// The errors of a golang.org/x/time/rate.Limiter are printed. The text of any other limiter's error is not, because it may
// hold secrets: errors.Is and errors.As find the error itself.
type Limiter interface {
	// Wait returns nil when the attempt may start, and an error if it may not.
	Wait(ctx context.Context) error
}

// attempt makes one attempt: it asks for permission, sends the request, reads the whole response and opens its envelope.
func (s *settings) attempt(ctx context.Context, r *request, number int) facts {
	if err := s.mayStart(ctx, r); err != nil {
		return facts{stopped: true, cause: err}
	}
	f := facts{Attempt: Attempt{API: r.api, Op: r.op, Number: number}}
	started := time.Now()
	err := s.exchange(ctx, r, &f)
	f.Duration = time.Since(started)
	if err != nil {
		f.cause = ofTransport(ctx, err)
		f.Err = hide(f.cause)
		return f
	}
	f.payload, f.failure = r.open(f.StatusCode, bytes.TrimPrefix(f.body, []byte(byteOrderMark)))
	switch {
	case f.StatusCode == http.StatusUnauthorized:
		f.rejected = !r.secrets.renewed
	case f.Outcome == OutcomeAnswered:
		r.secrets.accept()
		f.relogin = r.session.learn(func() bool { return r.isLoggedOut(f.payload, f.failure) })
	}
	return f
}

// mayStart waits until the attempt may start: the session may need new tokens, and the limiter time.
func (s *settings) mayStart(ctx context.Context, r *request) error {
	if err := whyDone(ctx); err != nil {
		return err
	}
	// Before the limiter too: a refresh makes a call of its own, which would wait in line behind those that wait for it.
	if err := r.session.ready(ctx); err != nil {
		return err
	}
	if limiter := s.limiters[r.api]; limiter != nil {
		if err := limiter.Wait(ctx); err != nil {
			return errors.Join(blame("the rate limiter refused", err), deadlineOf(err))
		}
	}
	return r.session.ready(ctx)
}

// deadlineOf returns that a limiter's wait does not fit into the context's deadline, if it says so: x/time/rate has only
// words for it.
func deadlineOf(refusal error) error {
	if errtext.IsRateDeadline(refusal) {
		return context.DeadlineExceeded
	}
	return nil
}

// exchange sends the request and reads the whole response, so that one that breaks off is a failed attempt. The error says
// why there is no complete response.
func (s *settings) exchange(ctx context.Context, r *request, f *facts) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var traced dialgate.Trace
	req := r.build(context.WithValue(traced.Watch(ctx), operationKey{}, &operation{r.api, r.op}))
	resp, err := roundTrip(s.transport, req)
	if err != nil {
		err = dialgate.OfProxy(s.transport, err)
		f.Outcome, f.final = OutcomeUnknown, dialgate.IsFinal(err)
		if traced.IsUnsent(err, s.isOwnTransport, parts) {
			f.Outcome = OutcomeUnsent
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	r.secrets.spend(r.session.absorb(resp, r.url)...)
	f.StatusCode, f.header, f.Outcome = resp.StatusCode, resp.Header, outcomeOf(resp.StatusCode)
	f.retryAfter = retryafter.Of(resp.Header)
	if f.body, err = readlimit.All(resp.Body, s.maxBody, ErrResponseTooLarge); err != nil {
		f.failure = &Error{kinds: incompleteKinds(ctx, resp.StatusCode, err)}
		f.final = errors.Is(err, ErrResponseTooLarge) && f.Outcome == OutcomeAnswered
		if resp.StatusCode != http.StatusTooManyRequests {
			f.Outcome = OutcomeUnknown
		}
	}
	return err
}

// build returns an attempt's own copy of the request, with the credentials on it: a transport may keep and change it.
func (r *request) build(ctx context.Context) *http.Request {
	target := *r.url
	req := (&http.Request{
		Method: r.method, URL: &target, Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: maps.Clone(r.header),
	}).WithContext(ctx)
	if r.content != nil {
		// net/http writes a body that it knows to be in memory together with the headers.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.content)), nil }
		req.Body, _ = req.GetBody()
		req.ContentLength = int64(len(r.content))
	}
	r.secrets.spend(r.session.apply(req)...)
	r.secrets.put(req)
	return req
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

func outcomeOf(status int) Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return OutcomeUnsent
	case status < http.StatusOK, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return OutcomeUnknown
	default:
		return OutcomeAnswered
	}
}
