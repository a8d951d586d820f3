package partnerapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/errtext"
	"github.com/partnerapi/partnerapi-go/internal/flight"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/redact"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// reason is a cause in our own words.
type reason = errtext.Reason

// hidden is a cause that prints only harmless texts, because other packages' errors may contain URLs with keys. errors.Is and
// errors.As see through it, and errors.Unwrap returns the cause itself.
type hidden struct {
	whose reason // the beginning of the text, says what failed; may be empty
	cause sealed.Box[error]
}

func hide(cause error) *hidden {
	if h, own := any(cause).(*hidden); own {
		return h
	}
	return blame("", cause)
}

// blame hides a cause behind a text that begins with whose.
func blame(whose reason, cause error) *hidden { return &hidden{whose, sealed.New(withoutURL(cause))} }

// ofTransport returns the error of an attempt as the cause of its failure. Its text says that the transport failed, or that
// the context was cancelled with a cause, unless the error's own text is known.
func ofTransport(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(ctx.Err(), cause) && errors.Is(err, cause) {
		return errors.Join(ctx.Err(), blame(givenCause, err))
	}
	if _, known := say(err); known {
		return err
	}
	if status := dialgate.Status(err); status != 0 { // of a proxy that refuses the connection
		return blame(reason("the transport failed with "+strconv.Itoa(status)+" "+http.StatusText(status)), err)
	}
	return blame("the transport failed", err)
}

// givenCause begins the text of a context's own cause.
const givenCause = "the context has a cause"

// whyDone returns nil if ctx is not done, and otherwise its error, joined with its own cause if it has one. A transport may
// return either, and errors.Is finds both.
func whyDone(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if err == nil || errors.Is(err, cause) {
		return err
	}
	return errors.Join(err, blame(givenCause, cause))
}

// waitFor returns the result of f, or whyDone if ctx is done.
func waitFor[T any](ctx context.Context, f *flight.Flight[T]) (T, error) {
	value, err := f.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		err = whyDone(ctx)
	}
	return value, err
}

// withoutURL removes every [*url.Error] from a cause, so that errors.As does not find a URL to print.
func withoutURL(cause error) error {
	leaks, is := errors.AsType[*url.Error](cause)
	if !is {
		return cause
	}
	if several := parts(cause); several != nil {
		for i, part := range several {
			several[i] = withoutURL(part)
		}
		return errors.Join(several...)
	}
	return withoutURL(leaks.Err)
}

var joinType = reflect.TypeOf(errors.Join(io.EOF))

// causes returns the errors that a cause joins, each hidden. Only those of errors.Join are split, because errors.As may look
// for other types.
func causes(cause error) []error {
	if h, own := any(cause).(*hidden); own && h.whose == "" {
		return causes(h.Unwrap())
	}
	several := parts(cause)
	if several == nil || reflect.TypeOf(cause) != joinType {
		return []error{hide(cause)}
	}
	var all []error
	for _, each := range several {
		all = append(all, causes(each)...)
	}
	return all
}

// parts returns a copy of the errors that err joins, or nil if it joins none. An Error is not split.
func parts(err error) []error {
	if _, own := any(err).(*Error); own {
		return nil
	}
	return errtext.Parts(err)
}

func (h *hidden) Error() string                 { return redact.Line(describe(h)) }
func (h *hidden) Unwrap() error                 { return h.cause.Get() }
func (h *hidden) Format(f fmt.State, verb rune) { redact.Format(f, verb, h.Error()) }

// forget redacts secrets in the API's texts, plain and escaped as in a URL. Passwords are not redacted: a redacted common word
// would reveal them.
func (e *Error) forget(secrets []string) {
	for i := range e.Messages {
		e.Messages[i] = redact.Secrets(e.Messages[i], secrets)
	}
	if len(e.Fields) > 0 {
		fields := make(map[string]string, len(e.Fields))
		for field, text := range e.Fields {
			fields[redact.Secrets(field, secrets)] = redact.Secrets(text, secrets)
		}
		e.Fields = fields
	}
	for _, text := range [...]*string{&e.Type, &e.DevMessage, &e.RequestID} {
		*text = redact.Secrets(*text, secrets)
	}
}

// describe returns the text of a cause if it is known to contain no URL, header or body, and otherwise only its type.
func describe(err error) string {
	text, _ := say(err)
	return text
}

// say returns the text of [describe], and whether it is a known text.
func say(err error) (text string, known bool) {
	return errtext.Of(err, errtext.Own{Whole: sayWhole, Texts: ownTexts})
}

// sayWhole is say for errors of ours that are described without their parts.
func sayWhole(err error) (text string, known, ok bool) {
	switch err := err.(type) { //nolint:errorlint // say unwraps
	case *Error:
		return err.Error(), true, true
	case *hidden:
		if text, known = say(err.Unwrap()); err.whose != "" {
			text = string(err.whose) + "; " + text
		}
		return text, known, true
	case *jsonwire.FieldError: // a field of our types
		return "field " + err.Field + ": " + describe(err.Err), true, true
	default:
		return "", false, false
	}
}

// ownTexts are our own errors, whose texts are harmless.
var ownTexts = []func(error) (string, bool){errtext.Which(isOwnText), errtext.Is(ownErrors)}

var ownErrors = []error{
	errNotADate, errNotUnix, jsonwire.ErrNotJSON, jsonwire.ErrNotTime, ErrInvalid, ErrUnauthorized, ErrForbidden, ErrNotFound,
	ErrAlreadyExists, ErrNotLoggedIn, ErrWrongPassword, ErrRateLimited, ErrServer, ErrNoCredential, ErrBadResponse, ErrResponseTooLarge,
	ErrOutcomeUnknown,
}

// isOwnText reports whether err itself is of a type of ours.
func isOwnText(err error) bool {
	switch err.(type) { //nolint:errorlint // errtext unwraps
	case *Error, *jsonwire.TypeError, reason, dialgate.ProxyRefusal, *ArgumentError:
		return true
	default:
		return false
	}
}

// Types with secrets print only these names.
const (
	redactedClient        redact.Name = "partnerapi.Client"
	redactedSource        redact.Name = "partnerapi.TokenSource(redacted)"
	redactedSession       redact.Name = "partnerapi.Session(redacted)"
	redactedTokens        redact.Name = "partnerapi.Tokens(redacted)"
	redactedLogin         redact.Name = "partnerapi.LoginRequest(redacted)"
	redactedCreateAccount redact.Name = "partnerapi.CreateAccountRequest(redacted)"
	redactedUpdateAccount redact.Name = "partnerapi.UpdateAccountRequest(redacted)"
	redactedAppSession    redact.Name = "partnerapi.AppSession(redacted)"
	redactedAppLogin      redact.Name = "partnerapi.AppLoginRequest(redacted)"
	redactedSignIn        redact.Name = "partnerapi.SignInCredentials(redacted)"
	redactedResponse      redact.Name = "partnerapi.Response(redacted)"
)
