package partnerapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
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

// Credential names a credential that a [Client] holds.
type Credential string

const (
	// PartnerToken is the integration token of the partner API, sent in the header X-Token-Auth.
	PartnerToken Credential = "partner token"
	// AccountKey is the fan club's key of the account API, sent in the query as key.
	AccountKey Credential = "account key"
	// OrganizationKey is the organisation's key of the account API, sent in the header Api-Key by
	// [AccountsService.Search] only.
	OrganizationKey Credential = "organization key"
	// NetworkToken is the credential of the network API, sent in the header Authorization as it is.
	NetworkToken Credential = "network token"
)

// An api is all that the SDK knows about one of the APIs. A fourth one is one more value in apis.
type api struct {
	base       string
	credential Credential // every call carries it
	sessions   bool       // calls can be for a customer who is logged in
	// open is the API's envelope: it returns the payload, or the failure of which status and body tell.
	open func(status int, body []byte) (payload []byte, failed *Error)
}

var apis = map[API]api{
	PartnerAPI: {base: "https://www.bark.us/api/v1", credential: PartnerToken, open: openPartner},
	AccountAPI: {base: "https://services.sparkart.net/api/v1", credential: AccountKey, sessions: true, open: openAccount},
	NetworkAPI: {base: "https://api.backstack.com", credential: NetworkToken, open: openNetwork},
}

// place is where the API looks for a credential.
type place struct{ header, query string }

// credentials says where each credential is put on a request: in its header, or in the query if it has none. Callers set
// neither. A signup link, which has no headers, carries the partner token in the query.
var credentials = map[Credential]place{
	PartnerToken:    {header: "X-Token-Auth", query: "token"},
	AccountKey:      {query: "key"},
	OrganizationKey: {header: "Api-Key"},
	NetworkToken:    {header: "Authorization"},
}

// put puts a secret on a request. It is one string, which becomes the value of the header as it is passed.
func (p place) put(r *http.Request, secret ...string) {
	if p.header == "" {
		p.putInQuery(r.URL, secret[0])
		return
	}
	r.Header[p.header] = secret
}

func (p place) putInQuery(target *url.URL, secret string) {
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += p.query + "=" + url.QueryEscape(secret)
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// openPartner opens {"success":true} or {"success":false,"error":…,"error_type":…}. False is a failure whatever the
// status.
func openPartner(status int, body []byte) ([]byte, *Error) {
	success, message, kind := member{name: "success"}, member{name: "error"}, member{name: "error_type"}
	find(body, &success, &message, &kind)
	switch {
	case success.is("false"):
		failed := &Error{Type: kind.text(), Messages: nonEmpty(message.text())}
		failed.kinds = partnerKinds(status, failed)
		return nil, failed
	case !isSuccess(status), success.value != nil && !success.is("true"):
		return nil, unenveloped(status)
	default:
		return body, nil
	}
}

// partnerKinds asks the message only whether the pk exists, if status or type tells the rest.
func partnerKinds(status int, failed *Error) []error {
	kind := statusKind(status)
	switch {
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return []error{kind}
	case failed.Type == "invalid_token":
		return []error{ErrUnauthorized}
	case kind != nil && !errors.Is(kind, ErrInvalid):
		return []error{kind}
	}
	kinds := kindsOf(failed.Messages)
	if (kind != nil || failed.Type == "invalid_params") && !slices.Contains(kinds, ErrAlreadyExists) {
		return invalid
	}
	return kinds
}

// openAccount opens {"status":"ok",…} or {"status":"error","messages":[…]}, which come with status 200, and the forms
// without "status" that the API has been seen to answer.
func openAccount(status int, body []byte) ([]byte, *Error) {
	says, success, messages := member{name: "status"}, member{name: "success"}, member{name: "messages"}
	message, failure := member{name: "message"}, member{name: "error"}
	isObject := find(body, &says, &success, &messages, &message, &failure)
	said := append(nonEmpty(messages.texts()...), nonEmpty(message.text(), failure.text())...)
	for i, message := range said {
		if strings.HasPrefix(message, "Not Found:") {
			said[i] = "Not Found" // what follows is the path, and with it the arguments of the call
		}
	}
	saysOK := says.is(`"ok"`)
	saysError := !saysOK && says.text() == "error" || success.is("false") || says.value == nil && len(said) > 0 ||
		failure.value != nil && !failure.is("false") && !failure.is(`""`)
	switch {
	case !isObject, !saysError && !isSuccess(status):
		return nil, unenveloped(status)
	case saysError:
		return nil, &Error{Messages: said, kinds: kindsBy(status, said)}
	case says.value != nil && !saysOK && says.text() != "ok":
		return nil, badResponse("a status that the API does not document")
	default:
		return body, nil
	}
}

// openNetwork opens a bare payload, or {"error":{…}} with a status of 400 or above.
func openNetwork(status int, body []byte) ([]byte, *Error) {
	failure, success, says := member{name: "error"}, member{name: "success"}, member{name: "status"}
	find(body, &failure, &success, &says) // a list is no envelope, and neither is what is not JSON
	switch {
	case failure.value == nil && !isSuccess(status):
		return nil, unenveloped(status)
	case failure.value == nil && (success.is("false") || says.text() == "error"):
		return nil, badResponse("a failure in another form than the API's")
	case failure.value == nil:
		return body, nil
	case failure.value[0] != '{':
		return nil, unenveloped(status)
	}
	var said networkFailure
	_ = unmarshal(failure.value, &said) // a member of another type does not make it less of a failure
	failed := &Error{Type: said.Type, Code: said.Code, Messages: nonEmpty(said.Message), DevMessage: said.DevMessage}
	_ = json.Unmarshal(said.Fields, &failed.Fields) // no fields is an empty array
	for _, code := range []int{status, said.Code, http.StatusBadRequest} {
		if kind := statusKind(code); kind != nil {
			failed.kinds = []error{kind}
			break
		}
	}
	return nil, failed
}

// networkFailure is what the network API says of a failure.
type networkFailure struct {
	Type       string          `json:"type"`
	Code       int             `json:"code"`
	Message    string          `json:"message"`
	Fields     json.RawMessage `json:"fields"`
	DevMessage string          `json:"dev_message"`
}

func nonEmpty(messages ...string) []string {
	var kept []string
	for _, m := range messages {
		if m != "" {
			kept = append(kept, m)
		}
	}
	return kept
}
