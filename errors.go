package partnerapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// The kinds of failure. An [*Error] is one or more of them: errors.Is tells which.
var (
	// ErrInvalid means that the API refused what the request says. A page with such a status, of a proxy say, is
	// [ErrBadResponse] too: ask for that first. So it is with ErrUnauthorized and ErrForbidden.
	ErrInvalid = errors.New("invalid request")
	// ErrUnauthorized means that the API refused a credential, or the e-mail and password of a login.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden means that the API knows who asks and does not allow it.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound means that the API says that it does not know what was asked for. A 404 that is not in the API's form
	// is [ErrBadResponse] instead, and so is any of the account API: it answers so when it does not know the route.
	ErrNotFound = errors.New("not found")
	// ErrAlreadyExists means that the pk (partner API), or the e-mail or user name (account API), is taken.
	ErrAlreadyExists = errors.New("already exists")
	// ErrNotLoggedIn means that the session belongs to no customer who is logged in.
	ErrNotLoggedIn = errors.New("not logged in")
	// ErrRateLimited means that the API answered 429.
	ErrRateLimited = errors.New("rate limited")
	// ErrServer means that the API answered 500 or above, or 408.
	ErrServer = errors.New("server error")
	// ErrNoCredential means that the client has no credential of the kind that the call needs, or that its source
	// failed. Nothing was sent, unless the source failed when it was asked again: after a 401, for a refresh of the session's
	// tokens, or for the second request of [SubscriptionsService.Ensure] or [NetworksService.Delete].
	ErrNoCredential = errors.New("no credential")
	// ErrBadResponse means that the answer is not one that the API documents, such as an HTML page, an empty or cut
	// body, or a redirect. It does not tell whether a write was done.
	ErrBadResponse = errors.New("bad response")
	// ErrResponseTooLarge means that the body is over the limit that [WithMaxResponseBytes] sets.
	ErrResponseTooLarge = errors.New("response too large")
	// ErrOutcomeUnknown means that the API may have done what was asked, or may not: at least one attempt at a write
	// ended with no complete answer, or with one that is too large, or with a server error.
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

// Error is a call that failed. It is the one type for every failure after the call's arguments were accepted.
//
// errors.Is finds its kinds, such as [ErrNotFound], and the cause where there is one, such as [context.Canceled]. The
// text of a cause that comes from a transport, a limiter, a token source or a store of yours is not printed, because it
// may carry a URL with a key. errors.Is and errors.As find the cause itself, and [errors.Unwrap] of each error that
// [Error.Unwrap] returns has it, for a log that may hold secrets.
type Error struct {
	// API is the API that was called.
	API API `json:"api"`
	// Op is the operation, in the form METHOD /path with the names of the path's arguments, never their values.
	Op string `json:"op"`
	// StatusCode is the HTTP status of the last answer. 0 means that no answer came.
	StatusCode int `json:"status_code"`
	// Type is the API's own type of error, such as "invalid_params" (partner) or "user" (network).
	Type string `json:"type,omitempty"`
	// Code is the network API's own code. It usually equals the status.
	Code int `json:"code,omitempty"`
	// Messages are what the API says, in its words: at most 1,000, then one that says how many more there are, and one that
	// says how many are about fields that were left out. Body has them all.
	Messages []string `json:"messages,omitempty"`
	// Fields maps a field of the request to what the API says about it, several texts joined with "; ". There are at most
	// 1,000, with names of at most 200 bytes.
	Fields map[string]string `json:"fields,omitempty"`
	// DevMessage is the network API's message to the developer. It may name internals.
	DevMessage string `json:"dev_message,omitempty"`
	// RequestID is the answer's X-Request-Id header.
	RequestID string `json:"request_id,omitempty"`
	// RetryAfter is how long the API asks to wait, or for how long [SignIn] does not sign in again. 0 means neither.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Attempts is how many requests were made, as [Attempt] counts them. 0 means that nothing was sent, save a refresh of
	// the session's tokens, or what [SubscriptionsService.Ensure] or [NetworksService.Delete] sent before the request that
	// failed.
	Attempts int `json:"attempts"`
	// Body is the answer's body as it came. It may hold personal data, and no method of Error prints it.
	Body []byte `json:"-"`

	kinds []error
	cause error
	done  bool // the response tells of a success, and was not read whole
}

// Error returns one line: the API, the operation, the status, and what the API says or why there is no answer. What
// looks like an e-mail in what the API says is left out; Messages hold it.
func (e *Error) Error() string {
	var b strings.Builder
	for _, of := range []string{string(e.API), e.Op} { // one that is made by hand, as in a test, may have neither
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
		b.WriteString("no answer")
	}
	if said := e.said(); len(said) > 0 {
		b.WriteString(": " + redact.Line(redact.Emails(strings.Join(redact.Unique(said), "; "))))
	}
	return b.String()
}

// said returns the messages, or the kinds if there are none, and the cause: as much as one line needs.
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
	if e.cause != nil {
		said = append(said, describe(e.cause))
	}
	return said
}

// Unwrap returns the kinds and the causes. A cause prints only what is known to be harmless; [errors.Unwrap] returns the
// error itself, with its own text. An Error that is made by hand, as in a test, has the kinds that its API, StatusCode and
// Messages tell.
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

// Format prints what Error returns, for every verb: the fields hold what the API said of a person.
func (e Error) Format(f fmt.State, verb rune) { redact.Format(f, verb, e.Error()) }

// ArgumentError is an argument that was refused before anything was sent.
type ArgumentError struct {
	// Op is the operation, or the function, that was called.
	Op string
	// Name is the argument.
	Name string
	// Reason says what is wrong with it. It never holds the value.
	Reason string
}

// Error returns one line: the operation, the argument and the reason.
func (e *ArgumentError) Error() string {
	named := slices.DeleteFunc([]string{e.Op, e.Name, e.Reason}, func(s string) bool { return s == "" })
	return redact.Line(strings.Join(named, ": "))
}

// wasDone reports whether the call of err did what it was asked to, and only its response was not read whole.
func wasDone(err error) bool {
	var failed *Error
	return errors.As(err, &failed) && failed.done
}

// badResponse is a failure because of an answer that the API does not document.
func badResponse(why string) *Error {
	return &Error{kinds: []error{ErrBadResponse}, cause: reason(why)}
}

// statusKind returns the kind that a status or a code alone tells, or nil.
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

// unenveloped is the failure of an answer that is not in the API's form. A gateway's page under a 408, 429 or 5xx is no
// surprise; anywhere else it is ErrBadResponse too. A 404 is nothing else: it may come from another server or for want
// of a route, and callers take ErrNotFound for proof that something is gone.
func unenveloped(status int) *Error {
	kind := statusKind(status)
	switch {
	case isRedirect(status):
		return badResponse("a redirect, which is not followed")
	case kind == nil, errors.Is(kind, ErrNotFound):
		return badResponse("not in the API's form")
	case errors.Is(kind, ErrServer), errors.Is(kind, ErrRateLimited):
		return &Error{kinds: []error{kind}}
	default:
		return &Error{kinds: []error{kind, ErrBadResponse}, cause: reason("not in the API's form")}
	}
}

// messageKinds is what the APIs' messages mean where neither a status nor a type tells. A * stands for any text.
// A message that is not here is ErrInvalid.
var messageKinds = []messageKind{
	means("Partner PK has already been added", ErrInvalid, ErrAlreadyExists),
	means("Partner pk has already been invited", ErrInvalid, ErrAlreadyExists),
	means("*has already been taken", ErrInvalid, ErrAlreadyExists),
	means("Please use a valid API Key.", ErrUnauthorized),
	means("Email and password combination is incorrect.", ErrUnauthorized),
	means(refusedRefresh, ErrUnauthorized),
	means("Unable to login.*", ErrForbidden),
	means("Your email address has an unregistered account*", ErrForbidden),
	means("Your email address has not been confirmed.*", ErrForbidden),
	means("*does not have access to this website.", ErrForbidden),
	means("Please log in*", ErrNotLoggedIn),
	means("Not Found*", ErrBadResponse), // it is the route that was not found
}

// messageKind is what a message means that begins and ends as given, with something between or not.
type messageKind struct {
	start, end string
	open       bool
	kinds      []error
}

func means(pattern string, kinds ...error) messageKind {
	start, end, open := strings.Cut(pattern, "*")
	return messageKind{start, end, open, kinds}
}

// kindsBy returns the kind that a status tells, or the kinds of the messages where it tells no more than that something
// is wrong with the request.
func kindsBy(status int, messages []string) []error {
	if kind := statusKind(status); kind != nil && !errors.Is(kind, ErrInvalid) {
		return []error{kind}
	}
	return kindsOf(messages)
}

// kindsOf returns the kinds of all messages together, each once, or ErrInvalid if there is no message.
func kindsOf(messages []string) []error {
	if len(messages) == 1 {
		return kindsOfMessage(messages[0])
	}
	var kinds []error
	for _, m := range messages {
		for _, kind := range kindsOfMessage(m) {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	if kinds == nil {
		return invalid
	}
	return kinds
}

func kindsOfMessage(message string) []error {
	message = strings.TrimSpace(message)
	for i := range messageKinds {
		if known := &messageKinds[i]; strings.HasPrefix(message, known.start) && strings.HasSuffix(message, known.end) &&
			(known.open || message == known.start) {
			return known.kinds
		}
	}
	return invalid
}

// invalid is what is wrong with most requests that fail.
var invalid = []error{ErrInvalid}
