package partnerapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// The kinds of failure. An [*Error] has one or more of them, which errors.Is finds.
var (
	// ErrInvalid means that the API rejected the content of the request. A response with such a status that is not the API's,
	// for example a proxy's page, is [ErrBadResponse] too: check that first. The same holds for ErrUnauthorized and
	// ErrForbidden.
	ErrInvalid = errors.New("invalid request")
	// ErrUnauthorized means that the API rejected a credential, or the e-mail and password of a login: see [ErrWrongPassword].
	ErrUnauthorized = errors.New("unauthorized")
	// ErrWrongPassword means that the customer's e-mail or user name and password are wrong, in a login. The error is
	// [ErrUnauthorized] too, which alone means that a credential of the service is wrong. In an error that is
	// [ErrNoCredential] too, the password is that of the service's own credential source.
	ErrWrongPassword = errors.New("wrong password")
	// ErrForbidden means that the API knows the caller and does not allow the operation.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound means that the API says that the object does not exist. A 404 that is not in the API's form is
	// [ErrBadResponse] instead. So is every 404 of the account API, which means an unknown route.
	ErrNotFound = errors.New("not found")
	// ErrAlreadyExists means that the pk (partner API), or the e-mail or user name (account API), is taken.
	ErrAlreadyExists = errors.New("already exists")
	// ErrNotLoggedIn means that the session's customer is not logged in.
	ErrNotLoggedIn = errors.New("not logged in")
	// ErrRateLimited means that the API responded with 429.
	ErrRateLimited = errors.New("rate limited")
	// ErrServer means that the API responded with 408 or 5xx.
	ErrServer = errors.New("server error")
	// ErrNoCredential means that the client does not have a credential that the call needs, or that its source failed. Nothing
	// was sent, unless the source failed when it was asked again: after a 401, for a refresh of the session's tokens, or for the
	// second request of [SubscriptionsService.Ensure] or [NetworksService.Delete].
	ErrNoCredential = errors.New("no credential")
	// ErrBadResponse means that the API does not document the response, for example an HTML page, an empty or truncated body,
	// or a redirect. A write may have succeeded.
	ErrBadResponse = errors.New("bad response")
	// ErrResponseTooLarge means that the body is larger than [WithMaxResponseBytes] allows.
	ErrResponseTooLarge = errors.New("response too large")
	// ErrOutcomeUnknown means that a write may have succeeded: at least one attempt got no complete response, a response that is
	// too large, a 408 or a 5xx.
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

// Error is the error of a failed call. It is the only type for failures after the call's arguments were accepted.
//
// errors.Is finds its kinds, such as [ErrNotFound], and its cause, if any, such as [context.Canceled]. The text of a cause
// from your transport, limiter, token source or store is not printed, because it may contain a URL with a key. errors.Is and
// errors.As find the cause itself. For a log that may contain secrets, [errors.Unwrap] of each error that [Error.Unwrap]
// returns is the cause with its own text.
type Error struct {
	// API is the API of the call.
	API API `json:"api"`
	// Op is the operation, in the form METHOD /path. It contains the names of the path's arguments, never their values.
	Op string `json:"op"`
	// StatusCode is the HTTP status of the last response. 0 means that no response came.
	StatusCode int `json:"status_code"`
	// Type is the API's type of error, such as "invalid_params" (partner) or "user" (network).
	Type string `json:"type,omitempty"`
	// Code is the network API's code. It usually equals the status.
	Code int `json:"code,omitempty"`
	// Messages are the API's messages: at most 1,000, then one with the number of the other messages, and one with the number of
	// messages about fields that were left out. Body has them all.
	Messages []string `json:"messages,omitempty"`
	// Fields maps fields of the request to the API's messages about them, joined with "; ". There are at most 1,000 fields, with
	// names of at most 200 bytes.
	Fields map[string]string `json:"fields,omitempty"`
	// DevMessage is the network API's message to the developer. It may name internals.
	DevMessage string `json:"dev_message,omitempty"`
	// RequestID is the response's X-Request-Id header.
	RequestID string `json:"request_id,omitempty"`
	// RetryAfter is the wait that the API asks for, or the time until [SignIn] signs in again. 0 means neither.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Attempts is the number of attempts. 0 means that nothing was sent, except for a refresh of the session's tokens, and for
	// the first request of [SubscriptionsService.Ensure] or [NetworksService.Delete] if the second failed.
	Attempts int `json:"attempts"`
	// Body is the unchanged body of the response. It may contain personal data and is never printed.
	Body []byte `json:"-"`

	kinds     []error
	cause     error
	done      bool // the response means success, but was not read whole
	cancelled bool // the context of the call was, not any other
}

// Error returns one line: the API, the operation, the status, the API's messages, the names in Fields, and why there is no
// response. E-mail addresses are redacted; Messages contains them.
func (e *Error) Error() string {
	var b strings.Builder
	for _, of := range []string{string(e.API), e.Op} { // an Error made by hand, as in a test, may have neither
		if of != "" {
			b.WriteString(of + ": ")
		}
	}
	switch {
	case e.StatusCode != 0:
		b.WriteString(strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode)))
	case e.Attempts == 0:
		b.WriteString("not sent")
	default:
		b.WriteString("no response")
	}
	if said := e.said(); len(said) > 0 {
		b.WriteString(": " + redact.Line(redact.Emails(strings.Join(redact.Unique(said), "; "))))
	}
	return b.String()
}

// said returns the messages, or the kinds if there are none, the fields and the cause. It reads no more messages than a line
// holds.
func (e *Error) said() (said []string) {
	length := 0
	for _, message := range e.Messages {
		if message = message[:min(len(message), redact.MostRead+1)]; strings.TrimSpace(message) != "" {
			said, length = append(said, message), length+len(message)
		}
		if length > redact.MostRead {
			break
		}
	}
	for _, kind := range e.kinds {
		if len(said) == 0 || errors.Is(kind, ErrOutcomeUnknown) || errors.Is(kind, ErrResponseTooLarge) {
			said = append(said, kind.Error())
		}
	}
	if len(e.Fields) > 0 {
		said = append(said, "fields: "+strings.Join(slices.Sorted(maps.Keys(e.Fields)), ", "))
	}
	if e.cause != nil {
		said = append(said, describe(e.cause))
	}
	return said
}

// Unwrap returns the kinds and the causes. A cause prints only harmless texts; [errors.Unwrap] of it returns the error itself,
// with its own text. An Error that is made by hand, as in a test, has the kinds of its API, Op, StatusCode and
// Messages.
func (e *Error) Unwrap() []error {
	kinds := slices.Clone(e.kinds)
	if e.kinds == nil && e.cause == nil && (e.StatusCode >= http.StatusBadRequest || len(e.Messages) > 0) {
		kinds = kindsByHand(e)
	}
	if e.cause != nil {
		kinds = append(kinds, causes(e.cause)...)
	}
	return kinds
}

// Format prints the text of Error for every verb, because the fields may contain personal data.
func (e Error) Format(f fmt.State, verb rune) { redact.Format(f, verb, e.Error()) }

// ArgumentError is the error of an argument that was refused before anything was sent.
type ArgumentError struct {
	Op     string // the operation or the function
	Name   string // the name of the argument
	Reason string // what is wrong with it; never contains the value
}

// Error returns one line: the operation, the argument and the reason.
func (e *ArgumentError) Error() string {
	named := slices.DeleteFunc([]string{e.Op, e.Name, e.Reason}, func(s string) bool { return s == "" })
	return redact.Line(strings.Join(named, ": "))
}

// statusCancelled is the status for a caller who has gone, as nginx logs it.
const statusCancelled = 499

// HTTPStatus returns the status with which a service responds to its own caller after a call. The first that matches:
//
//	200  nil
//	499  the context of the call was cancelled
//	503  ErrOutcomeUnknown
//	504  a deadline: of the context, an attempt or a credential source
//	422  an ArgumentError
//	401  ErrWrongPassword or ErrNotLoggedIn, of the customer
//	502  ErrNoCredential, or any other ErrUnauthorized: the service's own credential
//	503  ErrRateLimited or ErrServer
//	502  ErrBadResponse or ErrResponseTooLarge
//	403  ErrForbidden
//	404  ErrNotFound
//	409  ErrAlreadyExists
//	422  ErrInvalid
//	500  any other error, such as a connection that was refused
//
// The password, login, argument or cancelled context of a credential source is not the caller's, and neither is the cancelled context
// of a limiter or a transport: only the other kinds of the error count. [context.Canceled] that is not in an [*Error] counts as
// the caller's. net/http has no text for 499.
func HTTPStatus(err error) int {
	is := func(kinds ...error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	}
	switch {
	case err == nil:
		return http.StatusOK
	case outside(err, isCancelled):
		return statusCancelled
	case is(ErrOutcomeUnknown):
		return http.StatusServiceUnavailable
	case is(context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case outside(err, isArgument):
		return http.StatusUnprocessableEntity
	case is(ErrWrongPassword, ErrNotLoggedIn) && !is(ErrNoCredential):
		return http.StatusUnauthorized
	case is(ErrNoCredential, ErrUnauthorized):
		return http.StatusBadGateway
	case is(ErrRateLimited, ErrServer):
		return http.StatusServiceUnavailable
	case is(ErrBadResponse, ErrResponseTooLarge):
		return http.StatusBadGateway
	case is(ErrForbidden):
		return http.StatusForbidden
	case is(ErrNotFound):
		return http.StatusNotFound
	case is(ErrAlreadyExists):
		return http.StatusConflict
	case is(ErrInvalid):
		return http.StatusUnprocessableEntity
	default:
		return http.StatusInternalServerError
	}
}

// outside reports whether err, or an error that it wraps or joins, is wanted. It does not look into an [Error]: its causes are
// not the caller's.
func outside(err error, wanted func(error) bool) bool {
	if wanted(err) {
		return true
	}
	switch wrapping := err.(type) { //nolint:errorlint // outside unwraps
	case *Error:
		return false
	case interface{ Unwrap() error }:
		return outside(wrapping.Unwrap(), wanted)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(wrapping.Unwrap(), func(part error) bool { return outside(part, wanted) })
	default:
		return false
	}
}

func isCancelled(err error) bool {
	failed, own := err.(*Error)                               //nolint:errorlint // outside unwraps
	return own && failed.cancelled || err == context.Canceled //nolint:errorlint // outside unwraps
}

func isArgument(err error) bool {
	_, is := err.(*ArgumentError) //nolint:errorlint // outside unwraps
	return is
}

// wasDone reports whether the call of err succeeded, and only its response was not read whole.
func wasDone(err error) bool {
	failed, is := errors.AsType[*Error](err)
	return is && failed.done
}

// badResponse returns the failure of a response that the API does not document.
func badResponse(why string) *Error {
	return &Error{kinds: []error{ErrBadResponse}, cause: reason(why)}
}

// statusKind returns the kind of a status or a code, or nil.
func statusKind(status int) error {
	switch {
	case status == http.StatusUnauthorized:
		return ErrUnauthorized
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		return ErrServer
	case status >= http.StatusBadRequest:
		return ErrInvalid
	default:
		return nil
	}
}

func isRedirect(status int) bool { return status >= 300 && status <= 399 }

// unenveloped returns the failure of a response that is not in the API's form. Under a 408, 429 or 5xx a gateway's page is
// normal; any other status is ErrBadResponse too. A 404 is only ErrBadResponse: it may come from another server or mean an
// unknown route, while ErrNotFound is proof that the object does not exist.
func unenveloped(status int) *Error {
	kind := statusKind(status)
	switch {
	case isRedirect(status):
		return badResponse("redirects are not followed") // ours S11
	case kind == nil, errors.Is(kind, ErrNotFound):
		return badResponse("not in the API's form")
	case errors.Is(kind, ErrServer), errors.Is(kind, ErrRateLimited):
		return &Error{kinds: []error{kind}}
	default:
		return &Error{kinds: []error{kind, ErrBadResponse}, cause: reason("not in the API's form")}
	}
}
