package partnertest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest/internal/wire"
)

var networkOperations = []operation{
	{api: partnerapi.NetworkAPI, op: "GET /account/network-domains", do: (*Fake).listDomains},
	{api: partnerapi.NetworkAPI, op: "POST /account/network-invitations", do: (*Fake).createInvitation},
	{api: partnerapi.NetworkAPI, op: "POST /account/network-invitations/{token}", do: (*Fake).activateInvitation, when: isActivation},
	{api: partnerapi.NetworkAPI, op: "POST /account/network-invitations/{id}", do: (*Fake).updateInvitation, when: isUpdate},
	{api: partnerapi.NetworkAPI, op: "GET /account/network-invitations", do: (*Fake).listInvitations},
	{api: partnerapi.NetworkAPI, op: "DELETE /account/network-invitations/{id}", do: (*Fake).deleteInvitation},
	{api: partnerapi.NetworkAPI, op: "GET /account/networks/{child_account_id}", do: (*Fake).getNetwork},
	{api: partnerapi.NetworkAPI, op: "GET /account/networks", do: (*Fake).listNetworks},
	{api: partnerapi.NetworkAPI, op: "POST /account/networks/{child_account_id}", do: (*Fake).updateNetwork},
	// Documented under /api. It is the only operation with that prefix, and the route does not exist without it.
	{api: partnerapi.NetworkAPI, op: "DELETE /api/account/networks/{child_account_id}", do: (*Fake).deleteNetwork},
}

// parentAccountID is the account of the network token.
const parentAccountID = "acc_1234567890"

// The prefixes of account IDs, in lists and in the response to an activation.
const (
	accountPrefix   = "acc_"
	activatedPrefix = "act_"
)

// The messages of failures. That of a required field is the vendor's.
const (
	fieldRequired        = "This value is required."
	fieldInvalid         = "This value is not valid."               // ours N22
	networkBadValues     = "Please check the values."               // ours N23
	networkNoSuchRecord  = "Not found."                             // ours N24
	networkNotSignedIn   = "Please sign in."                        // ours N25
	networkMissingValues = "Required values are missing."           // ours N26
	networkWrongLogin    = "The username or password is incorrect." // ours N15
	networkNoMember      = "You do not belong to this account."     // ours N27
)

// defaultDomains are replaced by [WithDomains].
// ours N28
var defaultDomains = []partnerapi.Domain{
	{ID: "dom_agency", Title: "Government Agency", Description: "Government agency account type"},
	{ID: "dom_wholesale", Title: "Wholesale Distributor", Description: "Wholesale distributor account type"},
}

// networkFailed returns the API's error envelope.
func networkFailed(in *request, status int, message string, fields map[string]string) reply {
	var shown any = fields
	if len(fields) == 0 {
		shown = []string{}
	}
	return inJSON(status, map[string]any{"error": map[string]any{
		"request_method": in.Method, "type": "user", "code": status, "message": message, "fields": shown, "dev_message": "",
	}})
}

func networkInvalid(in *request, fields map[string]string) reply {
	return networkFailed(in, http.StatusBadRequest, networkBadValues, fields)
}

func networkNotFound(in *request) reply {
	return networkFailed(in, http.StatusNotFound, networkNoSuchRecord, nil)
}

func checkNetworkToken(f *Fake, in *request) *reply {
	if in.session = f.appSession(in); in.session != nil && in.session.account != "" {
		return nil
	}
	return networkSignIn(in)
}

func networkSignIn(in *request) *reply {
	refused := networkFailed(in, http.StatusUnauthorized, networkNotSignedIn, nil)
	return &refused
}

// networkNoRoute returns a response without the envelope, so that a client can tell it from a missing record.
// ours N29
func networkNoRoute(*request) reply { return plainNotFound() }

func (f *Fake) listDomains(in *request) reply {
	type wireDomain struct {
		ID          string `json:"id,omitempty"`
		Title       string `json:"title"`
		Description string `json:"description"`
	}
	if in.URL.Query().Get("collection") != "true" {
		// ours N30: they are a record list without it
		return listOf(in, slices.Values(f.domains), nil, func(d partnerapi.Domain, q listQuery) bool {
			return q.filter == "" && contains(d.Title, q.search)
		}, func(d partnerapi.Domain) any { return wireDomain(d) })
	}
	collection := []map[string]wireDomain{}
	for _, d := range f.domains {
		collection = append(collection, map[string]wireDomain{d.ID: {Title: d.Title, Description: d.Description}})
	}
	return inJSON(http.StatusOK, collection)
}

// child returns the account ID in the path.
// ours N31: with either prefix
func (f *Fake) child(in *request) string {
	id := in.PathValue("child_account_id")
	if number, activated := strings.CutPrefix(id, activatedPrefix); activated && !f.networks.has(id) {
		return accountPrefix + number
	}
	return id
}

func (f *Fake) getNetwork(in *request) reply {
	n, known := f.networks.get(f.child(in))
	if !known {
		return networkNotFound(in)
	}
	return inJSON(http.StatusOK, struct {
		AccountID         string   `json:"account_id"`
		Fee               float64  `json:"fee"`
		FeeProposed       *float64 `json:"fee_proposed"`
		ProposedDate      *int64   `json:"proposed_date"`
		ProposedAccountID *string  `json:"proposed_account_id"`
		ProposedUserID    *string  `json:"proposed_user_id"`
		AccountTitle      string   `json:"account_title"`
		DomainTitle       string   `json:"domain_title"`
	}{ // ours N32: null without a proposed fee
		n.AccountID, n.Fee, n.FeeProposed, unixOrNull(n.FeeProposedDate), wire.OrNull(n.ProposedAccountID), wire.OrNull(n.ProposedUserID),
		n.AccountTitle, n.DomainTitle,
	})
}

func (f *Fake) listNetworks(in *request) reply {
	type wireNetwork struct {
		AccountID       string   `json:"account_id"`
		AccountTitle    string   `json:"account_title"`
		DomainTitle     string   `json:"domain_title"`
		Fee             float64  `json:"fee"`
		FeeProposed     *float64 `json:"fee_proposed"`
		FeeProposedDate *int64   `json:"fee_proposed_date"`
	}
	// ours N33: networks have no filters, so any filter matches nothing
	return listOf(in, f.networks.all(), nil, func(n partnerapi.Network, q listQuery) bool {
		return q.filter == "" && contains(n.AccountTitle, q.search)
	}, func(n partnerapi.Network) any {
		return wireNetwork{n.AccountID, n.AccountTitle, n.DomainTitle, n.Fee, n.FeeProposed, unixOrNull(n.FeeProposedDate)}
	})
}

func (f *Fake) updateNetwork(in *request) reply {
	n, known := f.networks.get(f.child(in))
	if !known {
		return networkNotFound(in)
	}
	body, ok := read[struct{ Fee number }](in)
	switch {
	case !ok && hasBody(in):
		return networkInvalid(in, nil)
	case body.Fee.invalid:
		return networkInvalid(in, map[string]string{"fee": fieldInvalid})
	case body.Fee.value != nil: // an empty value for a required field is ignored
		n.Fee = *body.Fee.value
	}
	f.networks.put(n.AccountID, n)
	return reply{status: http.StatusOK} // ours N04
}

func (f *Fake) deleteNetwork(in *request) reply {
	id := f.child(in)
	if !f.networks.has(id) {
		return networkNotFound(in)
	}
	f.networks.remove(id)
	return inJSON(http.StatusOK, map[string]string{"parent_account_id": in.session.account, "child_account_id": id})
}

// number is a number in a request. It may be absent or empty.
type number struct {
	submitted bool
	value     *float64 // nil if empty
	invalid   bool
}

// UnmarshalJSON reads a number, or an empty value.
// ours N34: null is one too
func (n *number) UnmarshalJSON(data []byte) error {
	n.submitted = true
	if s := string(data); s == `""` || s == "null" {
		return nil
	}
	n.invalid = json.Unmarshal(data, &n.value) != nil
	return nil
}

func unixOrNull(t partnerapi.UnixTime) *int64 {
	if t.IsZero() {
		return nil
	}
	seconds := t.Unix()
	return &seconds
}

// wholeSeconds returns t as the API has it.
func wholeSeconds(t partnerapi.UnixTime) partnerapi.UnixTime {
	return partnerapi.UnixTimeOf(t.Truncate(time.Second))
}
