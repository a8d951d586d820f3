package partnerapi

import (
	"context"
	"reflect"
	"strings"
)

// Call is a request for [Do] to send.
type Call struct {
	// API is the API to call.
	API API
	// Op is the operation: the method, a space and the path under the API's base URL, in the form of [http.ServeMux], such as
	// "PUT /partners/subscriptions/{pk}". It appears in errors and logs, so it must not contain values: those are in Args.
	Op string
	// Args are the values of the path's wildcards, in order. The SDK escapes them.
	Args []string
	// Query is a [url.Values], or a struct with url tags as go-querystring reads them. Nil means no query. The parameters that
	// carry credentials (token at the partner API, key at the account API) and _method are refused.
	Query any
	// Body is sent as JSON. Nil means no body.
	Body any
	// Session is the customer for whom the account API is called. Nil means none.
	Session *Session
	// Repeatable marks a POST or PATCH as idempotent: it is retried if its outcome is unknown. GET, HEAD, OPTIONS, PUT and
	// DELETE always are idempotent.
	Repeatable bool
}

// endpoint is a call with the SDK's knowledge of the operation and its response.
type endpoint struct {
	Call

	needsSession    bool       // Session is required
	extraCredential Credential // required besides the API's own credential
	path            string     // overrides the path of Op
	spent           []string   // secrets in the body
	earlierDoubt    bool       // an earlier call for the same purpose may have succeeded

	key      string // the member of the payload that holds the value; empty for the whole payload
	ifNull   error  // the kind of failure that a null value means
	optional bool   // the value is not documented, so its absence is not a failure
	anyValue bool   // the type is the caller's: encoding/json decodes it, and it may be the zero value
	login    bool   // success sets the session's cookies
}

// none means that no value is decoded.
type none = struct{}

// Do sends a call that this package has no method for, with the credentials, retries, envelopes and redaction of all other
// calls. The payload is decoded into T; struct{} decodes nothing.
//
//	type child struct{ ID int64 }
//	children, err := partnerapi.Do[[]child](ctx, client, partnerapi.Call{
//		API: partnerapi.PartnerAPI,
//		Op:  "GET /partners/children",
//	})
//
// An UnmarshalJSON or UnmarshalText of T copies what it keeps, as [json.Unmarshaler] requires: the memory is reused.
//
// It returns the errors of the methods, and an [*ArgumentError] for an invalid call. If the response to a write is only
// partly decodable, for example because a field has another type, Do returns that part beside the error.
func Do[T any](ctx context.Context, client *Client, call Call, opts ...CallOption) (T, error) {
	return do[T](ctx, client, endpoint{Call: call, anyValue: true}, opts)
}

func (call *Call) refuse(name, why string) *ArgumentError {
	return &ArgumentError{Op: call.Op, Name: name, Reason: why}
}

// check refuses an input that is a nil pointer, or invalid by its own check.
func (call *Call) check(name string, input any) error {
	if v := reflect.ValueOf(input); v.Kind() == reflect.Pointer && v.IsNil() {
		return call.refuse(name, "nil")
	}
	if c, ok := input.(checker); ok {
		if field, why := c.check(); why != "" {
			return call.refuse(field, why)
		}
	}
	return nil
}

func (call *Call) isWrite() bool {
	return !call.is("GET ") && !call.is("HEAD ") && !call.is("OPTIONS ")
}

// isIdempotent reports whether the call may be retried if its outcome is unknown.
// ours S10: by its method, as HTTP says
func (call *Call) isIdempotent() bool {
	return call.Repeatable || !call.isWrite() || call.is("PUT ") || call.is("DELETE ")
}

// is reports whether the method of the operation is method, which ends with a space.
func (call *Call) is(method string) bool { return strings.HasPrefix(call.Op, method) }

func (e *endpoint) expectation() expectation { return expectation{e.key, e.ifNull, e.isWrite()} }

// A checker is an input that validates itself. It returns the invalid field and the reason, or empty strings.
type checker interface {
	check() (field, why string)
}

const noFieldSet = "no field is set"
