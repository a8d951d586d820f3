package partnerapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/deadline"
	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/errtext"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/readlimit"
	"github.com/partnerapi/partnerapi-go/internal/retryafter"
)

// request is an encoded call. Each attempt sends a copy of it.
type request struct {
	to      *apiSettings
	api     API
	op      string
	method  string
	url     url.URL     // without the credential
	header  http.Header // without credentials
	content []byte      // the body; nil sends none
	secrets secrets
	session *sessionCall // or nil

	expects expectation
	value   *jsonwire.Value // where to read the value to, or nil

	into         func(response Response, secrets []string) // or nil
	once         bool                                      // WithoutRetry
	isIdempotent bool
	earlierDoubt bool     // an earlier call for the same purpose may have succeeded
	argPaths     []string // the path if it has arguments, unescaped and escaped, to redact: routers print it in a 404
}

// expectation is what the payload of a successful response holds.
type expectation struct {
	key     string // the member that holds the value; empty for the whole payload
	ifNull  error  // the kind of failure that a null value stands for, or nil
	isWrite bool
}

// lacks reports whether the response means ifNull: the value is null, or missing in the response to a read.
func (x expectation) lacks(known jsonwire.Presence, payload []byte) bool {
	isLeftOut := known == jsonwire.Absent && jsonwire.PresenceOf(payload) == jsonwire.Present
	return x.ifNull != nil && (known == jsonwire.Null || isLeftOut && !x.isWrite)
}

// isLoggedOut reports whether a response says that the customer is not logged in. For a write only the API's message says so,
// because a null customer is documented only for reads.
func (x expectation) isLoggedOut(payload []byte, failed *Error) bool {
	if failed != nil {
		return errors.Is(failed, ErrNotLoggedIn)
	}
	if x.isWrite || !errors.Is(x.ifNull, ErrNotLoggedIn) {
		return false
	}
	known, _ := jsonwire.UnmarshalMember(payload, x.key, new(struct{}))
	return x.lacks(known, payload)
}

// facts are the result of an attempt.
type facts struct {
	Attempt

	header  http.Header
	body    *readlimit.Body // or nil
	payload []byte          // the content of the envelope, in the memory of body
	failure *Error          // the failure in the envelope, or why the response is incomplete

	cause      error         // why there is no complete response
	stopped    bool          // the attempt was not allowed to start
	final      bool          // a retry would fail in the same way
	doubt      bool          // a middleware made another request, which may have had an effect
	rejected   bool          // the API rejected the credential, which the call has not renewed yet
	relogin    bool          // the API rejected the session's access token, which the call has not refreshed yet
	retryAfter time.Duration // the wait that the API asks for
}

// rejection returns the kind of a response that rejects the service: its credential is bad, or does not permit the operation.
// It is nil for any other response, a customer's wrong password or ended session included.
func (f *facts) rejection() error {
	said := statusKind(f.StatusCode)
	if f.failure != nil {
		for _, kind := range f.failure.kinds {
			switch kind {
			case ErrWrongPassword, errRefreshRefused: //nolint:errorlint // kinds wrap nothing
				return nil
			case ErrUnauthorized:
				said = kind
			}
		}
	}
	switch {
	case said == ErrUnauthorized, said == ErrForbidden: //nolint:errorlint // kinds wrap nothing
		return said
	case f.failure != nil && f.failure.Code == http.StatusForbidden:
		return ErrForbidden
	default:
		return nil
	}
}

// attempt makes one attempt: it waits until it may start, sends the request, reads the response and opens its envelope.
func (s *settings) attempt(ctx context.Context, r *request, number int) (f facts) {
	if err := s.mayStart(ctx, r); err != nil {
		return facts{stopped: true, cause: err}
	}
	f.API, f.Op, f.Number = r.api, r.op, number
	err := s.exchange(ctx, r, &f)
	if f.Outcome != OutcomeAnswered {
		f.retryAfter = retryafter.Of(f.header) // ours S09
	}
	if err != nil {
		f.cause = ofTransport(ctx, err)
		f.Err = hide(f.cause)
		return f
	}
	body := bytes.TrimPrefix(f.body.Bytes(), []byte("\ufeff")) // ours S01
	f.payload, f.failure = r.to.open(f.StatusCode, body, r.value)
	r.to.login.tell(r.op, f.StatusCode, f.failure)
	switch {
	case f.StatusCode == http.StatusUnauthorized:
		f.rejected = !r.secrets.renewed // ours S08: nothing was processed
	case f.Outcome == OutcomeAnswered:
		r.secrets.accept()
		f.relogin = r.session.learn(r.expects, f.payload, f.failure)
	}
	return f
}

// mayStart waits for new tokens of the session, if it needs them, and for the rate limiter.
func (s *settings) mayStart(ctx context.Context, r *request) error {
	if err := whyDone(ctx); err != nil {
		return err
	}
	// Before the limiter too, because a refresh is a call that would queue there behind the calls that wait for it.
	if err := r.session.ready(ctx); err != nil {
		return err
	}
	if r.to.limiter != nil {
		if err := r.to.limiter.Wait(ctx); err != nil {
			return errors.Join(blame("the rate limiter refused", err), errtext.RateDeadline(err))
		}
	}
	return r.session.ready(ctx)
}

// exchange sends the request and reads the whole response. Its error says why there is no complete response.
func (s *settings) exchange(ctx context.Context, r *request, f *facts) error {
	started := time.Now()
	if s.observer.isSet() { // nobody else sees the duration
		defer func() { f.Duration = time.Since(started) }()
	}
	out := r.build(ctx, started.Add(s.timeout), f.Number, s.floor)
	defer out.deadline.End()
	resp, err := dialgate.RoundTrip(s.transport, &out.Request)
	if err != nil {
		err = dialgate.OfProxy(s.transport, err)
		f.Outcome, f.final = OutcomeUnknown, dialgate.IsFinal(err)
		if out.trace.IsUnsent(err, s.isOwnTransport, parts) {
			f.Outcome = OutcomeUnsent
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	r.secrets.spend(r.session.absorb(resp)...)
	f.StatusCode, f.header, f.Outcome = resp.StatusCode, resp.Header, outcomeOf(resp.StatusCode)
	if f.doubt = !out.trace.IsAlone(resp.StatusCode); f.doubt && f.Outcome == OutcomeUnsent {
		f.Outcome = OutcomeUnknown
	}
	if f.body, err = readlimit.All(resp.Body, s.maxBody, ErrResponseTooLarge); err != nil {
		f.failure = &Error{kinds: incompleteKinds(&out.deadline, resp.StatusCode, err)}
		f.final = errors.Is(err, ErrResponseTooLarge) && f.Outcome == OutcomeAnswered
		if resp.StatusCode != http.StatusTooManyRequests {
			f.Outcome = OutcomeUnknown
		}
	}
	return err
}

// outgoing is the copy of the request that one attempt sends, in one allocation. A transport may keep and change it, but not the
// values of headers in place: calls share them.
type outgoing struct {
	http.Request

	target   url.URL
	content  bytes.Reader
	deadline deadline.Context
	trace    dialgate.Trace
	op       operation
}

// build returns a copy of the request with the credentials and a deadline. It is traced at floor, or by its own context if that
// is nil.
func (r *request) build(ctx context.Context, until time.Time, number int, floor *dialgate.Floor) *outgoing {
	out := &outgoing{target: r.url, op: operation{r.api, r.op, number}}
	out.deadline.Begin(ctx, until)
	out.Request = *out.WithContext(out.trace.Watch(&out.deadline, floor, &out.op))
	out.Method, out.URL, out.Host, out.Header = r.method, &out.target, r.url.Host, maps.Clone(r.header)
	out.Proto, out.ProtoMajor, out.ProtoMinor = "HTTP/1.1", 1, 1
	if r.content != nil {
		// net/http knows that a NopCloser of a bytes.Reader is in memory, and writes it together with the headers.
		content := r.content
		out.content.Reset(content)
		out.Body, out.ContentLength = io.NopCloser(&out.content), int64(len(content))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	}
	r.secrets.spend(r.session.apply(&out.Request)...)
	r.secrets.put(&out.Request)
	return out
}

// incompleteKinds returns the kinds of a response whose body was not read whole because of err.
func incompleteKinds(ctx context.Context, status int, err error) []error {
	kinds := []error{} // not nil, or Unwrap would derive them from the status
	tooLarge := errors.Is(err, ErrResponseTooLarge)
	for _, kind := range unenveloped(status).kinds {
		// Only the unread body would say whether the request is invalid. A response that is too large or too late is not
		// malformed.
		if !errors.Is(kind, ErrInvalid) && (!errors.Is(kind, ErrBadResponse) || !tooLarge && ctx.Err() == nil) {
			kinds = append(kinds, kind)
		}
	}
	if tooLarge {
		kinds = append(kinds, ErrResponseTooLarge)
	}
	return kinds
}

func outcomeOf(status int) Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return OutcomeUnsent // ours S07: nothing was processed
	case status < http.StatusOK, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return OutcomeUnknown // ours S06
	default:
		return OutcomeAnswered
	}
}
