package partnerapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

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
	// Session is the customer for whom the account API is called. Nil sends no session.
	Session *Session
	// Repeatable marks a POST or PATCH as idempotent, so that it is retried when its outcome is unknown.
	// GET, HEAD, PUT, DELETE and OPTIONS always are.
	Repeatable bool
}

// endpoint is a call with what this package knows about the operation and its response.
type endpoint struct {
	Call

	needsSession    bool       // Session is required
	extraCredential Credential // required besides the API's own credential
	path            string     // used if it is not the path of Op
	spent           []string   // secrets in the body
	earlierDoubt    bool       // an earlier call for the same purpose may have succeeded

	key      string // the member of the payload that holds the value; empty for the whole payload
	ifNull   error  // the kind of failure that a null value stands for
	optional bool   // the value is not documented, so its absence is no failure
	anyValue bool   // the type is the caller's: it is decoded by encoding/json, and may be the zero value
	login    bool   // success sets the session's cookies
}

// none is a value that is not decoded.
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
// It returns an [*ArgumentError] for an invalid call, and otherwise the errors of the methods. If the response to a write
// cannot be decoded whole, for example because a field has another type, T holds what could be decoded, beside the error.
func Do[T any](ctx context.Context, client *Client, call Call, opts ...CallOption) (T, error) {
	return do[T](ctx, client, endpoint{Call: call, anyValue: true}, opts)
}

func (call *Call) refuse(name, why string) *ArgumentError {
	return &ArgumentError{Op: call.Op, Name: name, Reason: why}
}

// check refuses an input that is nothing, or that knows that it cannot be sent.
func (call *Call) check(name string, input any) error {
	if v := reflect.ValueOf(input); v.Kind() == reflect.Pointer && v.IsNil() {
		return call.refuse(name, "a nil pointer")
	}
	if c, ok := input.(checker); ok {
		if field, why := c.check(); why != "" {
			return call.refuse(field, why)
		}
	}
	return nil
}

func (call *Call) isWrite() bool {
	method, _, _ := strings.Cut(call.Op, " ")
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}

// isIdempotent reports whether the call may be retried when its outcome is unknown.
func (call *Call) isIdempotent() bool {
	method, _, _ := strings.Cut(call.Op, " ")
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	default:
		return call.Repeatable
	}
}

// lacks reports whether a value that is null or left out means ifNull. A write that leaves it out has said nothing.
func (e *endpoint) lacks(known jsonwire.Presence, payload []byte) bool {
	isLeftOut := known == jsonwire.Absent && jsonwire.PresenceOf(payload) == jsonwire.Present
	return e.ifNull != nil && (known == jsonwire.Null || isLeftOut && !e.isWrite())
}

// isLoggedOut reports whether a response says that nobody is logged in. To a write only the API's message says so: a null
// customer is not documented for one.
func (e *endpoint) isLoggedOut(payload []byte, failed *Error) bool {
	if failed != nil {
		return errors.Is(failed, ErrNotLoggedIn)
	}
	if e.isWrite() || !errors.Is(e.ifNull, ErrNotLoggedIn) {
		return false
	}
	known, _ := jsonwire.UnmarshalMember(payload, e.key, new(none))
	return e.lacks(known, payload)
}

// A checker is an input that knows when it cannot be sent. It returns the field and the reason, or nothing.
type checker interface {
	check() (field, why string)
}

// setsNothing is why an update without a change is refused.
const setsNothing = "an update that sets nothing"

const notUTF8 = "not valid UTF-8"

// notAPathSegment is why a value is refused that every server and proxy on the way takes for a step in the path.
const notAPathSegment = `"." and ".." cannot be sent in a path`

func isDots(s string) bool { return s == "." || s == ".." }
