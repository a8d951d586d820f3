package partnerapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/budget"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/messages"
)

// API names one of the APIs that a [Client] calls.
type API string

const (
	// PartnerAPI is the partner API: signup links and subscriptions.
	PartnerAPI API = "partner"
	// AccountAPI is the account API: customers, login, benefits and search.
	AccountAPI API = "account"
	// NetworkAPI is the network API: domains, invitations and networks.
	NetworkAPI API = "network"
)

// Credential names a kind of credential.
type Credential string

const (
	// PartnerToken is the integration token of the partner API, sent in the header X-Token-Auth.
	PartnerToken Credential = "partner token"
	// AccountKey is the fan club's key of the account API, sent in the query as key.
	AccountKey Credential = "account key"
	// OrganizationKey is the organisation's key of the account API. [AccountsService.Search] alone sends it, in the header
	// Api-Key.
	OrganizationKey Credential = "organization key"
	// NetworkToken is the credential of the network API, sent unchanged in the header Authorization.
	NetworkToken Credential = "network token"
)

// An api is everything that differs between the APIs.
type api struct {
	home       string     // the default base URL
	credential Credential // sent with every call
	sessions   bool       // calls may take a Session
	login      login
	// open opens the API's envelope: it returns the payload or the failure in it. On its way it reads the value, unless that is
	// nil.
	open func(status int, body []byte, value *jsonwire.Value) (payload []byte, failed *Error)
}

var apis = map[API]api{
	PartnerAPI: {home: "https://www.bark.us/api/v1", credential: PartnerToken, open: openPartner},
	AccountAPI: {
		home: "https://services.sparkart.net/api/v1", credential: AccountKey, sessions: true, open: openAccount,
		login: login{"POST /login", "Email and password combination is incorrect.", 0, ErrUnauthorized, []error{ErrUnauthorized, ErrWrongPassword}}, // ours A11
	},
	NetworkAPI: {
		home: "https://api.backstack.com", credential: NetworkToken, open: openNetwork,
		login: login{"POST /app/login", "The username or password is incorrect.", http.StatusBadRequest, ErrInvalid, []error{ErrInvalid, ErrUnauthorized, ErrWrongPassword}}, // ours N15: of package partnertest
	},
}

// A login is the operation that takes a password, and the response that says that the password is wrong. Only the message
// tells it apart from a wrong credential of our own.
type login struct {
	op, message string
	status      int     // 0 for any that leaves the kind open
	kind        error   // of the response without this knowledge
	kinds       []error // of the response
}

// tell adds ErrWrongPassword to the failure of a response to op, if all of its messages say so.
func (l login) tell(op string, status int, failed *Error) {
	other := func(message string) bool { return strings.TrimSpace(message) != l.message }
	if failed == nil || l.op == "" || op != l.op || len(failed.Messages) == 0 || slices.ContainsFunc(failed.Messages, other) {
		return
	}
	isStatus := l.status == status || l.status == 0 && isOpen(status)
	isLeft := len(failed.kinds) == 1 && failed.kinds[0] == l.kind //nolint:errorlint // kinds wrap nothing
	if isStatus && (failed.Code == 0 || failed.Code == status) && isLeft {
		failed.kinds = l.kinds
	}
}

// whyNotAPI returns why name is not an API, or an empty string.
func whyNotAPI(name API) string {
	_, known := apis[name]
	switch {
	case name == "":
		return "empty"
	case !known:
		return "unknown"
	default:
		return ""
	}
}

// apiSettings are what a client knows of one API.
type apiSettings struct {
	api

	base    *url.URL
	origin  string  // of base
	limiter Limiter // or nil
	budget  budget.Budget
}

// A Limiter decides when an attempt may start. It must be safe for concurrent use.
//
// The errors of a golang.org/x/time/rate.Limiter are printed. The text of any other limiter's error is not, because it may
// contain secrets; errors.Is and errors.As find the error itself.
type Limiter interface {
	// Wait returns nil when the attempt may start, and an error if it may not.
	Wait(ctx context.Context) error
}

// place is the header or the query parameter of a credential.
type place struct{ header, query string }

// credentials has the place of each credential in a request: the header, or the query without one. A signup link has no
// headers, so it carries the partner token in the query. Callers must set neither.
var credentials = map[Credential]place{
	PartnerToken:    {header: "X-Token-Auth", query: "token"},
	AccountKey:      {query: "key"}, // ours A05
	OrganizationKey: {header: "Api-Key"},
	NetworkToken:    {header: "Authorization"},
}

func (p place) put(r *http.Request, secret string) {
	if p.header == "" {
		p.putInQuery(r.URL, secret)
		return
	}
	r.Header[p.header] = []string{secret}
}

func (p place) putInQuery(target *url.URL, secret string) {
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += p.query + "=" + url.QueryEscape(secret)
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// strange is the failure of a response that is not in the API's form, with the messages that it has nevertheless.
func strange(status int, said *messages.Found) *Error { return withMessages(unenveloped(status), said) }

// form is how the APIs write messages. The path after "Not Found:" contains arguments of the call.
// ours S04: any form of a message, in all three APIs
var form = messages.Form{
	NotFields: []string{"success", "status", "error_type", "type", "code", "request_method", "dev_message"},
	CutAfter:  "Not Found",
}

// withMessages puts the messages of a response into a failure.
func withMessages(failed *Error, said *messages.Found) *Error {
	failed.Messages, failed.Fields = said.All(), said.Fields()
	return failed
}

// read finds members of an envelope, and reads the value of a success. In the same pass it finds the messages of a failure. The
// messages of a success are found when said is first asked: few successes turn out to be failures.
func read(status int, body []byte, value *jsonwire.Value, members ...*jsonwire.Member) (said messages.Found, isObject bool) {
	if isSuccess(status) {
		return form.Later(body), value.Find(body, members...)
	}
	return form.Find(body, members...)
}

// openPartner opens {"success":true} or {"success":false,"error":…,"error_type":…}.
// ours P10: false is a failure with any status
func openPartner(status int, body []byte, value *jsonwire.Value) ([]byte, *Error) {
	success, kind := jsonwire.Member{Name: "success"}, jsonwire.Member{Name: "error_type"}
	said, _ := read(status, body, value, &success, &kind)
	succeeded, known := success.Bool()
	switch {
	case known && !succeeded:
		failed := withMessages(&Error{Type: kind.TextOf(invalidParams, invalidToken)}, &said)
		failed.kinds = partnerKinds(status, failed)
		return nil, failed
	case !isSuccess(status), success.Value != nil && !known:
		return nil, strange(status, &said)
	default:
		return body, nil
	}
}

// The partner API's documented types of error.
const (
	invalidParams = "invalid_params"
	invalidToken  = "invalid_token"
)

// partnerKinds returns the kinds of a status and a type. The message only decides what they leave open: whether the pk exists.
func partnerKinds(status int, failed *Error) []error {
	kind := statusKind(status)
	switch {
	case failed.Type == invalidToken && !errors.Is(kind, ErrRateLimited) && !errors.Is(kind, ErrServer):
		return []error{ErrUnauthorized}
	case !isOpen(status):
		return []error{kind} // ours P09: a 404 has the type and the message of a 400
	}
	if (kind != nil || failed.Type == invalidParams) && !slices.ContainsFunc(failed.Messages, saysTaken) {
		return invalid
	}
	return kindsOf(failed.Messages)
}

// openAccount opens {"status":"ok",…} or {"status":"error","messages":[…]}, and the observed forms without "status". An empty
// body is a success; decode refuses it if the call reads a value.
// ours A02, A03: the body tells a failure, whose status is 200 too
func openAccount(status int, body []byte, value *jsonwire.Value) ([]byte, *Error) {
	says, success, failure := jsonwire.Member{Name: "status"}, jsonwire.Member{Name: "success"}, jsonwire.Member{Name: "error"}
	list, message, more := jsonwire.Member{Name: "messages"}, jsonwire.Member{Name: "message"}, jsonwire.Member{Name: "errors"}
	said, enveloped := read(status, body, value, &says, &success, &failure, &list, &message, &more)
	switch {
	case !enveloped && isSuccess(status) && jsonwire.PresenceOf(body) == jsonwire.Absent:
		return body, nil
	case !enveloped:
		return nil, unenveloped(status)
	}
	succeeded, known := success.Bool()
	odd, saysOK := success.Value != nil && !known, says.Says("ok")
	// ours S05: 0 and 1, and any case
	isFailure := says.Says("error") || known && !succeeded || failure.IsTruthy() ||
		says.Value == nil && (list.HasText() || list.HasFieldTexts() || message.HasText() || more.IsTruthy())
	if !isFailure && !odd && isSuccess(status) && (saysOK || says.Value == nil) {
		return body, nil
	}
	switch {
	case !odd && (isFailure || says.Value == nil && len(said.Kept()) > 0):
		return nil, withMessages(&Error{kinds: accountKinds(status, said.Kept())}, &said)
	case odd, !isSuccess(status):
		return nil, strange(status, &said)
	default:
		return nil, withMessages(badResponse("an undocumented status"), &said)
	}
}

// refusedRefresh is the API's message for a rejected refresh token.
const refusedRefresh = "Unable to decode refresh token"

// errRefreshRefused is the kind of refusedRefresh, because redaction may change the message.
var errRefreshRefused = errors.New("refresh refused")

// accountKinds is kindsBy for an API whose paths name no objects.
// ours A04: a 404 means an unknown route
func accountKinds(status int, messages []string) []error {
	kinds := []error{ErrBadResponse}
	if status != http.StatusNotFound {
		kinds = kindsBy(status, messages)
	}
	if slices.ContainsFunc(messages, func(m string) bool { return strings.TrimSpace(m) == refusedRefresh }) {
		kinds = append(slices.Clip(kinds), errRefreshRefused)
	}
	return kinds
}

// openNetwork opens a bare payload, or {"error":{…}} with a status of 400 or above.
func openNetwork(status int, body []byte, value *jsonwire.Value) ([]byte, *Error) {
	failure, success, says := jsonwire.Member{Name: "error"}, jsonwire.Member{Name: "success"}, jsonwire.Member{Name: "status"}
	said, _ := read(status, body, value, &failure, &success, &says) // finds nothing in a list, which is a payload, or without JSON
	succeeded, known := success.Bool()
	switch {
	case failure.Value == nil && !isSuccess(status):
		return nil, strange(status, &said)
	case failure.Value == nil && (known && !succeeded || says.Says("error")):
		return nil, withMessages(badResponse("a failure in an undocumented form"), &said)
	case failure.Value == nil && (success.Value == nil || known):
		return body, nil
	case !jsonwire.IsObject(failure.Value):
		return nil, strange(status, &said)
	}
	var facts networkFailure
	_ = jsonwire.Unmarshal(failure.Value, &facts) // a member of another type does not make it less of a failure
	failed := withMessages(&Error{Type: facts.Type, Code: facts.Code, DevMessage: facts.DevMessage}, &said)
	for _, code := range []int{status, facts.Code, http.StatusBadRequest} { // ours N13
		if kind := statusKind(code); kind != nil {
			failed.kinds = []error{kind}
			break
		}
	}
	return nil, failed
}

// kindsByHand returns the kinds of an Error that was made by hand: those of an equal response of its API.
func kindsByHand(e *Error) []error {
	told := &Error{Code: e.Code, Messages: e.Messages}
	switch e.API {
	case AccountAPI:
		told.kinds = accountKinds(e.StatusCode, e.Messages)
	case PartnerAPI:
		told.kinds = partnerKinds(e.StatusCode, e)
	default:
		told.kinds = kindsBy(e.StatusCode, e.Messages)
	}
	apis[e.API].login.tell(e.Op, e.StatusCode, told)
	return told.kinds
}

// networkFailure is the network API's failure without its messages.
type networkFailure struct {
	Type       string `json:"type"`
	Code       int    `json:"code"`
	DevMessage string `json:"dev_message"`
}

// messageKinds are the kinds of the APIs' messages, used if neither status nor type decides. A * stands for any text. Any
// other message is ErrInvalid.
var messageKinds = append(takenKinds, cutPatterns([]messageKind{
	{pattern: "Please use a valid API Key.", kinds: []error{ErrUnauthorized}},
	{pattern: "Email and password combination is incorrect.", kinds: []error{ErrUnauthorized}},
	{pattern: refusedRefresh, kinds: []error{ErrUnauthorized}},
	// ours A12: by the part that has no address of the fan club
	{pattern: "Unable to login.*", kinds: []error{ErrForbidden}},
	{pattern: "Your email address has an unregistered account*", kinds: []error{ErrForbidden}},
	{pattern: "Your email address has not been confirmed.*", kinds: []error{ErrForbidden}},
	{pattern: "*does not have access to this website.", kinds: []error{ErrForbidden}},
	{pattern: "Please log in*", kinds: []error{ErrNotLoggedIn}},
	{pattern: "Not Found*", kinds: []error{ErrBadResponse}}, // the route was not found
})...)

// takenKinds are the first of messageKinds, and the only ones that are ErrAlreadyExists.
var takenKinds = cutPatterns([]messageKind{
	// ours P05: the message of either revision
	{pattern: "Partner PK has already been added", kinds: []error{ErrInvalid, ErrAlreadyExists}},
	{pattern: "Partner pk has already been invited", kinds: []error{ErrInvalid, ErrAlreadyExists}},
	{pattern: "*has already been taken", kinds: []error{ErrInvalid, ErrAlreadyExists}}, // ours A13: of any field
})

// messageKind has the kinds of the messages that match pattern: that begin with start and end with end. If open, text may be
// between them.
type messageKind struct {
	pattern, start, end string
	open                bool
	kinds               []error
}

// cutPatterns sets start, end and open by the patterns. A program starts with one loop over them, not with code for each.
func cutPatterns(all []messageKind) []messageKind {
	for i := range all {
		all[i].start, all[i].end, all[i].open = strings.Cut(all[i].pattern, "*")
	}
	return all
}

// kindsBy returns the kind of the status, or the kinds of the messages if the status is not specific.
func kindsBy(status int, messages []string) []error {
	if !isOpen(status) {
		return []error{statusKind(status)}
	}
	return kindsOf(messages)
}

// isOpen reports whether a status leaves the kind of a failure open.
func isOpen(status int) bool {
	kind := statusKind(status)
	return kind == nil || kind == ErrInvalid //nolint:errorlint // statusKind wraps nothing
}

// kindsOf returns the distinct kinds of all messages, or ErrInvalid without a message.
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
	if kinds := firstOf(messageKinds, message); kinds != nil {
		return kinds
	}
	return invalid // ours A14
}

func saysTaken(message string) bool { return firstOf(takenKinds, message) != nil }

// firstOf returns the kinds of the first of known that message matches, or nil.
func firstOf(known []messageKind, message string) []error {
	message = strings.TrimSpace(message)
	for i := range known {
		if m := &known[i]; strings.HasPrefix(message, m.start) && strings.HasSuffix(message, m.end) && (m.open || message == m.start) {
			return m.kinds
		}
	}
	return nil
}

// invalid is shared by failures, which never change their kinds in place.
var invalid = []error{ErrInvalid}
