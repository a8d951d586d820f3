package partnerapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-querystring/query"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// Call is a request for [Do] to send.
type Call struct {
	// API is the API to call.
	API API
	// Op is the operation: the method, a space and the path under the API's base URL, in the form of
	// [http.ServeMux], such as "PUT /partners/subscriptions/{pk}". It appears in errors and logs, so it holds no
	// values: those are in Args.
	Op string
	// Args are the values of the path's wildcards, in order. They are escaped.
	Args []string
	// Query is a [url.Values], or a struct with url tags as go-querystring reads them. Nil sends none. A parameter in which
	// the API looks for its credential (token in the partner API, key in the account API) is refused.
	Query any
	// Body is sent as JSON. Nil sends no body.
	Body any
	// Session is the customer for whom the account API is called. Nil is nobody.
	Session *Session
	// Repeatable allows a POST or PATCH to be sent again when it is unknown whether an earlier attempt was done.
	// GET, HEAD, PUT, DELETE and OPTIONS always are.
	Repeatable bool

	ofSession       bool       // a session is required
	extraCredential Credential // what is needed besides the API's own credential
	path            string     // where to send it, if not to the path of Op
	key             string     // the member of the payload that is the value, if it is not the whole
	ifNull          error      // what it means if the value is null
	optional        bool       // the value is not documented: its absence is no failure
	anyValue        bool       // the value is a stranger's: it may be the zero value
	login           bool       // success starts the session
	earlierDoubt    bool       // an earlier call for the same may have done it
	spent           []string   // what of it is secret, besides credentials and a session
}

// none is a value that is not read.
type none = struct{}

// Do sends a call that this package has no method for through the same pipeline as all others: credentials, retries,
// envelopes and redaction are those of the API. T is what the payload is decoded into; struct{} reads no value.
//
//	type child struct{ ID int64 }
//	children, err := partnerapi.Do[[]child](ctx, client, partnerapi.Call{
//		API: partnerapi.PartnerAPI,
//		Op:  "GET /partners/children",
//	})
//
// An UnmarshalJSON or UnmarshalText of T copies what it keeps, as [json.Unmarshaler] demands: the memory is used again.
//
// It fails with an [*ArgumentError] for a call that cannot be sent, and otherwise as the methods do. For a write whose
// response cannot be read whole, such as one with a field of another type, T holds what could be read, beside the error.
func Do[T any](ctx context.Context, client *Client, call Call, opts ...CallOption) (T, error) {
	call.anyValue = true
	return do[T](ctx, client, call, opts)
}

// do runs the four stages of a call. A write whose response tells of a success that cannot be read whole returns what could be
// read, beside the error.
func do[T any](ctx context.Context, c *Client, call Call, opts []CallOption) (T, error) {
	var value, zero T
	r, err := encode(ctx, c.config(), call, opts)
	if err != nil {
		return zero, err
	}
	defer r.free()
	a, failed := send(r)
	var payload []byte
	if failed == nil {
		payload, failed = a.open(r.route.api)
	}
	if failed != nil {
		return zero, r.explain(a, failed)
	}
	if value, failed = decode[T](call, payload); failed == nil {
		return value, nil
	}
	failed.done = jsonwire.PresenceOf(payload) != jsonwire.Absent
	if !call.isWrite() {
		value = zero
	}
	return value, r.explain(a, failed)
}

// request is a call ready to be sent.
type request struct {
	retryablehttp.Request             // where each attempt goes
	Header                http.Header // of each attempt, credentials apart; clients share it
	content               []byte      // the body of each attempt; none if nil

	call     Call
	settings *settings
	route    *route
	options  callOptions
	secrets  []secret
	spent    []string // what else was sent that is secret: refused tokens and a session's cookies or tokens

	// What every call needs has its place here, not an allocation of its own.
	http     http.Request
	url      url.URL
	exchange exchange
	loop     *loop
	room     [mostSecrets]secret
	buffer   []byte // what its answers are read into
}

// loop makes the attempts of one call after the other.
type loop struct {
	retryablehttp.Client

	http http.Client
}

// spare are the requests of calls that are over. What a transport has seen, and may have kept, is a [sending] instead.
var spare = sync.Pool{New: func() any {
	r := new(request)
	l := &loop{http: http.Client{Transport: &r.exchange, CheckRedirect: followNone}}
	l.HTTPClient, l.CheckRetry, l.Backoff, l.ErrorHandler = &l.http, r.exchange.check, backoff, asItIs
	r.loop = l
	return r
}}

// free gives r to another call. Nothing of it may be used any more.
func (r *request) free() {
	*r = request{loop: r.loop, buffer: r.buffer}
	spare.Put(r)
}

// mostSecrets is how many credentials a call can need.
const mostSecrets = 2

// secret is a credential of one call. It is put on each attempt's own copy of the request, so that no other copy holds
// it.
type secret struct {
	which  Credential
	source TokenSource
	token  string
}

// encode makes the request of a call, or refuses it with an [*ArgumentError], or with [ErrNoCredential].
func encode(ctx context.Context, s *settings, call Call, opts []CallOption) (*request, error) {
	if s == nil {
		return nil, call.refuse("client", "nil, or not made by NewClient")
	}
	r := spare.Get().(*request)
	r.call, r.settings, r.spent, r.exchange.request = call, s, call.spent, r
	for _, opt := range opts {
		if opt == nil {
			return nil, call.refuse("CallOption", "nil")
		}
		if why := opt(&r.options); why != "" {
			return nil, call.refuse("CallOption", why)
		}
	}
	if ctx == nil {
		return nil, call.refuse("ctx", "nil")
	}
	var err error
	if r.route, err = s.routeOf(&r.call); err != nil {
		return nil, err
	}
	if err := r.route.fill(&r.url, &r.call); err != nil {
		return nil, err
	}
	query, err := r.call.query(r.route.api.credential)
	if err != nil {
		return nil, err
	}
	r.url.RawQuery = query.Encode()
	if r.content, err = r.call.content(); err != nil {
		return nil, err
	}
	if why := call.Session.refuse(r.route.api, &r.route.url, call.ofSession); why != "" {
		return nil, call.refuse("session", why)
	}
	r.http = *(&http.Request{
		Method: r.route.method, URL: &r.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: noHeader,
	}).WithContext(ctx)
	r.Request.Request = &r.http
	r.Header = r.options.headers(s, r.content != nil)
	return r, r.askSecrets(ctx)
}

// noHeader is what net/http's client sees of a request's headers, which it would copy.
var noHeader = make(http.Header)

func (call *Call) refuse(name, why string) *ArgumentError {
	return &ArgumentError{Op: call.Op, Name: name, Reason: why}
}

// askSecrets asks each credential of the call from its source.
func (r *request) askSecrets(ctx context.Context) error {
	r.secrets = r.room[:0]
	for _, which := range []Credential{r.route.api.credential, r.call.extraCredential} {
		if which == "" {
			continue
		}
		s := secret{which: which, source: r.settings.sources[which]}
		if s.source == nil {
			return r.noCredential(reason("the client has no " + string(which)))
		}
		if err := r.ask(ctx, &s); err != nil {
			return err
		}
		r.secrets = append(r.secrets, s)
	}
	return nil
}

func (r *request) ask(ctx context.Context, s *secret) error {
	token, err := s.source.Token(ctx)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		err = blame(reason("the source of the "+string(s.which)+" failed"), err)
	}
	switch {
	case err != nil && ctx.Err() != nil: // the caller did not wait for it
		failed := r.noCredential(errors.Join(err, whyDone(ctx)))
		failed.kinds = failed.kinds[1:]
		return failed
	case err != nil:
		return r.noCredential(err)
	case !isCredential(token):
		return r.noCredential(reason("the source of the " + string(s.which) + " returned none that can be sent"))
	}
	s.token = token
	return nil
}

func (r *request) noCredential(cause error) *Error {
	kinds := []error{ErrNoCredential}
	if r.call.earlierDoubt {
		kinds = append(kinds, ErrOutcomeUnknown)
	}
	return &Error{API: r.call.API, Op: r.call.Op, kinds: kinds, cause: hide(cause), RetryAfter: retryAfterOf(cause)}
}

// retryAfterOf returns how long the API asked to wait in a call that a source or a session made, if that is the cause.
func retryAfterOf(cause error) time.Duration {
	var of *Error
	if !errors.As(cause, &of) {
		return 0
	}
	return of.RetryAfter
}

func (call *Call) query(credential Credential) (url.Values, error) {
	if call.Query == nil {
		return nil, nil
	}
	if err := call.check("Query", call.Query); err != nil {
		return nil, err
	}
	values, ok := call.Query.(url.Values)
	if !ok {
		var err error
		if values, err = query.Values(call.Query); err != nil {
			return nil, call.refuse("Query", whyNot(err))
		}
	}
	if !areUTF8(values) {
		return nil, call.refuse("Query", notUTF8)
	}
	for name := range values {
		for _, own := range []string{credentials[credential].query, "_method"} { // some servers take the second for the method
			if own != "" && strings.EqualFold(inQuery(name), own) {
				return nil, call.refuse("Query", own+notForCallers)
			}
		}
	}
	return values, nil
}

// content returns the JSON of Body, or nil.
func (call *Call) content() ([]byte, error) {
	if call.Body == nil {
		return nil, nil
	}
	if err := call.check("Body", call.Body); err != nil {
		return nil, err
	}
	if why := jsonwire.Unsendable(call.Body); why != "" {
		return nil, call.refuse("Body", why)
	}
	body, err := json.Marshal(call.Body)
	if err != nil {
		return nil, call.refuse("Body", whyNot(err))
	}
	return body, nil
}

// explain completes a failure with what is known of the call and its answers.
func (r *request) explain(a *answer, failed *Error) *Error {
	failed.API, failed.Op = r.call.API, r.call.Op
	failed.StatusCode, failed.Body = a.status, slices.Clone(a.body) // the next call reads over it
	failed.RequestID = headerValue(a.header, "X-Request-Id")
	failed.RetryAfter = retryAfter(a.header)
	failed.Attempts = a.attempts
	failed.forget(r.secrets, append(r.spent, r.pathOfArgs()...))
	if a.cause != nil {
		failed.cause = hide(a.cause)
		failed.RetryAfter = cmp.Or(failed.RetryAfter, retryAfterOf(a.cause))
	}
	if (a.doubt || r.call.earlierDoubt) && r.call.isWrite() {
		failed.kinds = append(slices.Clone(failed.kinds), ErrOutcomeUnknown)
	}
	return failed
}

// pathOfArgs returns the part of the path that holds arguments, unescaped and escaped: routers name the path in a 404.
func (r *request) pathOfArgs() []string {
	if len(r.call.Args) == 0 {
		return nil
	}
	base := r.settings.bases[r.call.API]
	return []string{strings.TrimPrefix(r.url.Path, base.Path), strings.TrimPrefix(r.url.EscapedPath(), base.EscapedPath())}
}

// headerValue is header.Get without a look at how the name is spelt.
func headerValue(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func (call *Call) isWrite() bool {
	method, _, _ := strings.Cut(call.Op, " ")
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}
