package partnerapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/go-querystring/query"
	"github.com/hashicorp/go-retryablehttp"
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
	// Query is a [url.Values], or a struct with url tags as go-querystring reads them. Nil sends none.
	Query any
	// Body is sent as JSON. Nil sends no body.
	Body any
	// Session is the customer for whom the account API is called. Nil is nobody.
	Session *Session
	// Repeatable allows a POST or PATCH to be sent again when it is unknown whether an earlier attempt was done.
	// GET, HEAD, PUT, DELETE and OPTIONS always are.
	Repeatable bool

	ofSession bool       // a session is required
	also      Credential // what is needed besides the API's own credential
	path      string     // where to send it, if not to the path of Op
	key       string     // the member of the payload that is the value, if it is not the whole
	null      error      // what it means if the value is null
	optional  bool       // the value is not documented: its absence is no failure
	loose     bool       // the value is a stranger's: it may be the zero value
	login     bool       // success starts the session
	doubt     bool       // an earlier call for the same may have done it
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
// It fails with an [*ArgumentError] for a call that cannot be sent, and otherwise as the methods do.
func Do[T any](ctx context.Context, client *Client, call Call, opts ...CallOption) (T, error) {
	call.loose = true
	return do[T](ctx, client, call, opts)
}

// do runs the four stages of a call.
func do[T any](ctx context.Context, c *Client, call Call, opts []CallOption) (T, error) {
	var value, zero T
	r, err := encode(ctx, c.settings, call, opts)
	if err != nil {
		return zero, err
	}
	a, failed := send(r)
	var payload []byte
	if failed == nil {
		payload, failed = apis[call.API].open(a.status, a.body)
	}
	if failed == nil {
		value, failed = decode[T](call, payload)
	}
	if failed != nil {
		return zero, r.explain(a, failed)
	}
	return value, nil
}

// request is a call ready to be sent.
type request struct {
	*retryablehttp.Request
	call     Call
	settings *settings
	options  callOptions
	secrets  []secret
}

// secret is a credential of one call. It is put on each attempt's own copy of the request, so that no other copy holds
// it.
type secret struct {
	source TokenSource
	put    func(*http.Request, string)
	token  string
}

// encode makes the request of a call, or refuses it with an [*ArgumentError], or with [ErrNoCredential].
func encode(ctx context.Context, s *settings, call Call, opts []CallOption) (*request, error) {
	r := &request{call: call, settings: s}
	for _, opt := range opts {
		if why := opt(&r.options); why != "" {
			return nil, call.refuse("CallOption", why)
		}
	}
	base := s.bases[call.API]
	if base == nil {
		return nil, call.refuse("API", "unknown")
	}
	if ctx == nil {
		return nil, call.refuse("ctx", "nil")
	}
	if why := call.Session.refuse(call.API, base, call.ofSession); why != "" {
		return nil, call.refuse("session", why)
	}
	target, err := call.target(base)
	if err != nil {
		return nil, err
	}
	body, err := call.body()
	if err != nil {
		return nil, err
	}
	method, _, _ := strings.Cut(call.Op, " ")
	r.Request, err = retryablehttp.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, call.refuse("Op", "not a method and a path")
	}
	r.Header = r.options.headers(s.userAgent, body != nil)
	return r, r.askSecrets(ctx)
}

func (call Call) refuse(name, why string) *ArgumentError {
	return &ArgumentError{Op: call.Op, Name: name, Reason: why}
}

// askSecrets asks each credential of the call from its source.
func (r *request) askSecrets(ctx context.Context) error {
	r.secrets = r.secrets[:0]
	for _, which := range []Credential{apis[r.call.API].credential, r.call.also} {
		if which == "" {
			continue
		}
		source := r.settings.sources[which]
		if source == nil {
			return r.noCredential(reason("the client has no " + string(which)))
		}
		token, err := source.Token(ctx)
		if err == nil && !isCredential(token) {
			err = reason("its source returned no valid " + string(which))
		}
		if err != nil {
			return r.noCredential(err)
		}
		r.secrets = append(r.secrets, secret{source, credentials[which], token})
	}
	return nil
}

func (r *request) noCredential(cause error) *Error {
	return &Error{API: r.call.API, Op: r.call.Op, kinds: []error{ErrNoCredential}, cause: cause}
}

// target returns the URL: the base, the path with its arguments, and the query.
func (call Call) target(base *url.URL) (string, error) {
	_, pattern, _ := strings.Cut(call.Op, " ")
	if !strings.HasPrefix(pattern, "/") || strings.ContainsAny(pattern, "?#% ") || strings.Contains(pattern, "...}") {
		return "", call.refuse("Op", "not a method, a space and a path with wildcards such as {id}")
	}
	if call.path != "" {
		pattern = call.path
	}
	path, err := call.fill(pattern)
	if err != nil {
		return "", err
	}
	values, err := call.query()
	if err != nil || len(values) == 0 {
		return base.String() + path, err
	}
	return base.String() + path + "?" + values.Encode(), nil
}

// fill puts Args in the place of the wildcards of pattern, each as one segment of the path.
func (call Call) fill(pattern string) (string, error) {
	args := call.Args
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
			continue
		}
		if len(args) == 0 {
			return "", call.refuse("Args", "fewer than the path has wildcards")
		}
		name, value := strings.Trim(segment, "{}"), args[0]
		switch {
		case value == "":
			return "", call.refuse(name, "empty")
		case value == "." || value == "..":
			return "", call.refuse(name, `"." and ".." cannot be sent in a path`)
		case !utf8.ValidString(value):
			return "", call.refuse(name, notUTF8)
		}
		segments[i], args = url.PathEscape(value), args[1:]
	}
	if len(args) > 0 {
		return "", call.refuse("Args", "more than the path has wildcards")
	}
	return strings.Join(segments, "/"), nil
}

// A checker is an input that knows when it cannot be sent. It returns the field and the reason, or nothing.
type checker interface {
	check() (field, why string)
}

// setsNothing is why an update without a change is refused.
const setsNothing = "an update that sets nothing"

const notUTF8 = "not valid UTF-8"

// check refuses an input that cannot be sent, or that JSON and URLs would change on the way.
func (call Call) check(name string, input any) error {
	if c, ok := input.(checker); ok {
		if field, why := c.check(); why != "" {
			return call.refuse(field, why)
		}
	}
	if !validUTF8(reflect.ValueOf(input)) {
		return call.refuse(name, notUTF8)
	}
	return nil
}

func (call Call) query() (url.Values, error) {
	if call.Query == nil {
		return nil, nil
	}
	if err := call.check("Query", call.Query); err != nil {
		return nil, err
	}
	if values, ok := call.Query.(url.Values); ok {
		return values, nil
	}
	values, err := query.Values(call.Query)
	if err != nil {
		return nil, call.refuse("Query", whyNot(err))
	}
	return values, nil
}

// body returns the JSON of Body as a []byte, or nil.
func (call Call) body() (any, error) {
	if call.Body == nil {
		return nil, nil
	}
	if err := call.check("Body", call.Body); err != nil {
		return nil, err
	}
	body, err := json.Marshal(call.Body)
	if err != nil {
		return nil, call.refuse("Body", whyNot(err))
	}
	return body, nil
}

// whyNot tells why a value cannot be encoded, in words that hold none of the value.
func whyNot(err error) string {
	var unsupported *json.UnsupportedValueError
	switch {
	case errors.Is(err, errNotADate):
		return "a Date that is no day in the calendar"
	case errors.As(err, &unsupported):
		return "a number that JSON does not have"
	default:
		return "cannot be encoded"
	}
}

// validUTF8 reports whether every string in v is valid UTF-8. encoding/json would send U+FFFD for every byte that is
// not, so that two different keys could become one.
func validUTF8(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || validUTF8(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if !validUTF8(v.Field(i)) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Type() != reflect.TypeFor[json.RawMessage]() || utf8.Valid(v.Bytes())
		}
		for i := range v.Len() {
			if !validUTF8(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			if !validUTF8(iter.Key()) || !validUTF8(iter.Value()) {
				return false
			}
		}
	}
	return true
}

// decode reads the value out of a payload. Nothing, null or an object without a documented field is a failure, never a
// zero value.
func decode[T any](call Call, payload []byte) (value T, failed *Error) {
	if call.login && call.Session.isEmpty() {
		return value, badResponse("a login without a session cookie")
	}
	if call.key != "" {
		var members map[string]json.RawMessage
		_ = json.Unmarshal(payload, &members) // what is no object has no members
		payload = members[call.key]
	}
	payload = bytes.TrimSpace(payload)
	_, unread := any(value).(none)
	switch {
	case unread || call.optional:
		if len(payload) > 0 && !json.Valid(payload) {
			return value, badResponse("a body that is not JSON")
		}
		if call.optional && json.Unmarshal(payload, &value) != nil || bytes.Equal(payload, []byte("null")) {
			_ = json.Unmarshal([]byte("{}"), &value) // a pointer to a record in which nothing is known
		}
		return value, nil
	case len(payload) == 0:
		return value, badResponse("nothing where a value is promised")
	case bytes.Equal(payload, []byte("null")) && call.null != nil:
		return value, &Error{kinds: []error{call.null}}
	case bytes.Equal(payload, []byte("null")):
		return value, badResponse("null where a value is promised")
	}
	if err := json.Unmarshal(payload, &value); err != nil {
		return value, &Error{kinds: []error{ErrBadResponse}, cause: err}
	}
	if v := reflect.Indirect(reflect.ValueOf(&value).Elem()); !call.loose && v.Kind() == reflect.Struct && v.IsZero() {
		return value, badResponse("none of the documented fields")
	}
	return value, nil
}

// explain completes a failure with what is known of the call and its answers.
func (r *request) explain(a *answer, failed *Error) *Error {
	failed.API, failed.Op = r.call.API, r.call.Op
	failed.StatusCode, failed.Body = a.status, a.body
	failed.RequestID = a.header.Get("X-Request-Id")
	failed.RetryAfter = retryAfter(a.header)
	failed.Attempts = a.attempts
	if a.cause != nil {
		failed.cause = a.cause
	}
	if (a.doubt || r.call.doubt) && r.call.isWrite() && !slices.Contains(failed.kinds, ErrOutcomeUnknown) {
		failed.kinds = append(slices.Clone(failed.kinds), ErrOutcomeUnknown)
	}
	return failed
}

func (call Call) isWrite() bool {
	return !strings.HasPrefix(call.Op, "GET ") && !strings.HasPrefix(call.Op, "HEAD ")
}
