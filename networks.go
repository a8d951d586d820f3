package partnerapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// NetworksService reads and changes the relations of the current account, the parent, to other accounts, at the network
// API. Use [Client.Networks].
type NetworksService struct{ client *Client }

// Domain is a kind of account that can be invited.
type Domain struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// collectionEntry is one of a collection: an ID, and the JSON of what it stands for.
type collectionEntry struct {
	id    string
	value []byte
}

// appendEntries appends the entries that an object holds: itself, as {"id":"dom_1","title":…}, or its members, as
// {"dom_1":{"title":…}} or {"acc_1":"Foo Account"}. An id that is no string is empty. What is no object has no entries.
func appendEntries(entries []collectionEntry, object []byte) []collectionEntry {
	flat, isFlat, before := collectionEntry{value: object}, false, len(entries)
	for name, value := range jsonwire.Members(object) {
		e := collectionEntry{name, value}
		isID := strings.EqualFold(name, "id")
		if (isID || strings.EqualFold(e.id, "title")) && !jsonwire.IsObject(e.value) {
			isFlat = true
		}
		if isID {
			flat.id = jsonwire.Member{Value: value}.Text()
		}
		entries = append(entries, e)
	}
	if isFlat {
		return append(entries[:before], flat)
	}
	for i := range entries[before:] { // some servers write a list as an object of numbers
		if e := &entries[before+i]; strings.Trim(e.id, "0123456789") == "" {
			id := jsonwire.Member{Name: "id"}
			jsonwire.Find(e.value, &id)
			e.id = cmp.Or(id.Text(), e.id)
		}
	}
	return entries
}

// lastOfEach returns the entries without those that are replaced by a later one of the same ID.
func lastOfEach(entries []collectionEntry) []collectionEntry {
	at, kept := make(map[string]int, len(entries)), entries[:0]
	for _, e := range entries {
		if i, again := at[e.id]; again {
			kept[i] = e
			continue
		}
		at[e.id] = len(kept)
		kept = append(kept, e)
	}
	return kept
}

// domains is a collection, in a list.
type domains []Domain

func (ds *domains) UnmarshalJSON(data []byte) error {
	var entries []json.RawMessage
	if err := jsonwire.Unmarshal(data, &entries); err != nil {
		return err
	}
	*ds = make(domains, 0, len(entries))
	for _, entry := range entries {
		if err := ds.add(entry); err != nil {
			return err
		}
	}
	return nil
}

func (ds *domains) add(object []byte) error {
	entries := lastOfEach(appendEntries(nil, object))
	if len(entries) == 0 {
		return reason("nothing in a collection's entry")
	}
	slices.SortFunc(entries, func(a, b collectionEntry) int { return strings.Compare(a.id, b.id) })
	for _, e := range entries {
		if e.id == "" || !jsonwire.IsObject(e.value) {
			return reason("a domain without an id, or nothing but an id")
		}
		var d Domain
		if err := jsonwire.Unmarshal(e.value, &d); err != nil {
			return err
		}
		d.ID = e.id
		*ds = append(*ds, d)
	}
	return nil
}

// Network is a relation between the current account and a child account. Fees are in percent: 2.5 is 2.5 %.
type Network struct {
	// AccountID is the child account.
	AccountID    string  `json:"account_id"`
	AccountTitle string  `json:"account_title"`
	DomainTitle  string  `json:"domain_title"`
	Fee          float64 `json:"fee"`
	// FeeProposed is nil if no fee is proposed.
	FeeProposed *float64 `json:"fee_proposed"`
	// FeeProposedDate is zero if no fee is proposed.
	FeeProposedDate UnixTime `json:"fee_proposed_date" also:"proposed_date"`
	// ProposedAccountID and ProposedUserID are who proposed the fee. Lists do not have them.
	ProposedAccountID string `json:"proposed_account_id,omitzero"`
	ProposedUserID    string `json:"proposed_user_id,omitzero"`
}

// UnmarshalJSON reads a network in either of the API's spellings: the object says proposed_date, the list
// fee_proposed_date.
func (n *Network) UnmarshalJSON(data []byte) error { return redactedOrNil(jsonwire.Unmarshal(data, n)) }

// UpdateNetworkRequest is a change of a network.
type UpdateNetworkRequest struct {
	// Fee is in percent. It is always sent, 0 too.
	Fee float64 `json:"fee"`
}

// NetworkDeletion names the two accounts of a relation that is no more.
type NetworkDeletion struct {
	ParentAccountID string `json:"parent_account_id"`
	ChildAccountID  string `json:"child_account_id"`
}

// Domains returns the kinds of account that can be invited. It fails with [ErrUnauthorized] for a bad credential. It is
// sent again unless its outcome is [OutcomeAnswered].
//
// GET /account/network-domains
func (s *NetworksService) Domains(ctx context.Context, opts ...CallOption) ([]Domain, error) {
	return do[domains](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/network-domains", Query: collectionQuery{true}}}, opts)
}

type collectionQuery struct {
	Collection bool `url:"collection"`
}

// Get returns the relation to a child account. It fails with [ErrNotFound] if there is none. It is sent again unless
// its outcome is [OutcomeAnswered].
//
// GET /account/networks/{child_account_id}
func (s *NetworksService) Get(ctx context.Context, childAccountID string, opts ...CallOption) (*Network, error) {
	return do[*Network](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "GET /account/networks/{child_account_id}", Args: []string{childAccountID}},
	}, opts)
}

// List returns one page of the relations. It fails with [ErrUnauthorized] for a bad credential. It is sent again unless
// its outcome is [OutcomeAnswered].
//
// GET /account/networks
func (s *NetworksService) List(ctx context.Context, in ListOptions, opts ...CallOption) (*Page[Network], error) {
	return do[*Page[Network]](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/networks", Query: in}}, opts)
}

// All returns all relations from page in.Page on, in order. Up to eight pages are asked for at once, so a walk that
// breaks off has asked for some in vain. The walk ends with the first error, which comes with a zero Network. If the list
// says that there are more networks than came, or does not tell, that is [ErrBadResponse]. Removing networks while walking
// may skip or repeat some, because the pages shift.
//
// GET /account/networks
func (s *NetworksService) All(ctx context.Context, in ListOptions, opts ...CallOption) iter.Seq2[Network, error] {
	return all[Network](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/networks"}}, in, opts)
}

// Update sets the fee of the relation to a child account. It fails with [ErrNotFound] if there is none. It is sent
// again unless its outcome is [OutcomeAnswered]: setting the same fee twice is setting it once.
//
// POST /account/networks/{child_account_id}
func (s *NetworksService) Update(ctx context.Context, childAccountID string, in UpdateNetworkRequest, opts ...CallOption) error {
	_, err := do[none](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "POST /account/networks/{child_account_id}", Args: []string{childAccountID}, Body: in, Repeatable: true},
	}, opts)
	return err
}

// Delete ends the relation to a child account, which itself stays. It fails with [ErrNotFound] if there is none; if an
// earlier attempt of the same call may have ended it, with [ErrOutcomeUnknown] too. If the response cannot be read whole,
// what could be read is returned with [ErrBadResponse]. It is sent again unless its outcome
// is [OutcomeAnswered].
//
// The documented path is alone under /api. If the API has no such route, which a 404 that is not in its error format
// says, the call goes once more to the path without it.
//
// DELETE /api/account/networks/{child_account_id}
func (s *NetworksService) Delete(ctx context.Context, childAccountID string, opts ...CallOption) (*NetworkDeletion, error) {
	call := endpoint{Call: Call{API: NetworkAPI, Op: "DELETE /api/account/networks/{child_account_id}", Args: []string{childAccountID}}}
	deletion, err := do[*NetworkDeletion](ctx, s.client, call, opts)
	var failed *Error
	complete := errors.As(err, &failed) && failed.Body != nil // an answer that is cut may have been the API's
	if complete && failed.StatusCode == http.StatusNotFound && errors.Is(err, ErrBadResponse) {
		call.path, call.earlierDoubt = "/account/networks/{child_account_id}", errors.Is(err, ErrOutcomeUnknown)
		return do[*NetworkDeletion](ctx, s.client, call, opts)
	}
	return deletion, err
}
