package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// NetworksService reads and changes the relations of the current account, the parent, to child accounts, at the network API.
// Use [Client.Networks].
type NetworksService struct{ client *Client }

// Domain is a kind of account that can be invited.
type Domain struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
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

// add reads an entry.
// ours N07: its ID is its only key, or a member
func (ds *domains) add(object []byte) error {
	entries := jsonwire.Entries(object)
	if len(entries) == 0 {
		return reason("an empty entry in the collection")
	}
	slices.SortFunc(entries, func(a, b jsonwire.Entry) int { return strings.Compare(a.ID, b.ID) })
	for _, e := range entries {
		if e.ID == "" || !jsonwire.IsObject(e.Value) {
			return reason("a domain without an ID or without fields")
		}
		var d Domain
		if err := jsonwire.Unmarshal(e.Value, &d); err != nil {
			return err
		}
		d.ID = e.ID
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
	// ProposedAccountID and ProposedUserID proposed the fee. They are empty in lists.
	ProposedAccountID string `json:"proposed_account_id,omitzero"`
	ProposedUserID    string `json:"proposed_user_id,omitzero"`
}

// UnmarshalJSON reads a network in both of the API's spellings: proposed_date in an object, fee_proposed_date in a list.
func (n *Network) UnmarshalJSON(data []byte) error { // ours N08
	return redactedOrNil(jsonwire.Unmarshal(data, n))
}

// UpdateNetworkRequest is a change of a network.
type UpdateNetworkRequest struct {
	// Fee is in percent. It is always sent, also if it is 0.
	Fee float64 `json:"fee"`
}

// NetworkDeletion holds the two accounts of a deleted relation.
type NetworkDeletion struct {
	ParentAccountID string `json:"parent_account_id"`
	ChildAccountID  string `json:"child_account_id"`
}

// Domains returns the kinds of account that can be invited. It returns [ErrUnauthorized] for an invalid credential. Retried
// automatically.
//
// GET /account/network-domains
func (s *NetworksService) Domains(ctx context.Context, opts ...CallOption) ([]Domain, error) {
	return do[domains](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/network-domains", Query: collectionQuery{true}}}, opts)
}

type collectionQuery struct {
	Collection bool `url:"collection"`
}

// Get returns the relation to a child account. It returns [ErrNotFound] if there is none. Retried automatically.
//
// GET /account/networks/{child_account_id}
func (s *NetworksService) Get(ctx context.Context, childAccountID string, opts ...CallOption) (*Network, error) {
	return do[*Network](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "GET /account/networks/{child_account_id}", Args: []string{childAccountID}},
	}, opts)
}

// List returns one page of the relations. It returns [ErrUnauthorized] for an invalid credential. Retried automatically.
//
// GET /account/networks
func (s *NetworksService) List(ctx context.Context, in ListOptions, opts ...CallOption) (*Page[Network], error) {
	return list[Network](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/networks"}}, in, opts)
}

// All iterates over the relations in order, from page in.Page on. It requests up to eight pages concurrently, so a walk that
// stops early may have requested some in vain. The first error ends the walk; its Network is zero. A list that ends before its
// own total, or a full or empty page with neither total nor pages, is [ErrBadResponse]. Relations that are removed during the
// walk shift the pages, so that it may skip or repeat some. Retried automatically.
//
// GET /account/networks
func (s *NetworksService) All(ctx context.Context, in ListOptions, opts ...CallOption) iter.Seq2[Network, error] {
	return all[Network](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/networks"}}, in, opts)
}

// Update sets the fee of the relation to a child account. It returns [ErrNotFound] if there is none. Retried automatically.
//
// POST /account/networks/{child_account_id}
func (s *NetworksService) Update(ctx context.Context, childAccountID string, in UpdateNetworkRequest, opts ...CallOption) error {
	// ours N04, N11, N19: any 2xx is a success, a fee of 0 is sent, and the update is idempotent
	_, err := do[none](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "POST /account/networks/{child_account_id}", Args: []string{childAccountID}, Body: in, Repeatable: true},
	}, opts)
	return err
}

// Delete ends the relation to a child account; the account itself stays. It returns [ErrNotFound] if there is none, and
// [ErrOutcomeUnknown] as well if an earlier attempt of the call may have ended it. If it can read only a part of the response,
// it returns the part with [ErrBadResponse]: the relation has ended. This operation alone is documented under /api. A 404 that
// is not in the API's error format means that the route does not exist; Delete then repeats the call once without /api.
// Retried automatically.
//
// DELETE /api/account/networks/{child_account_id}
func (s *NetworksService) Delete(ctx context.Context, childAccountID string, opts ...CallOption) (*NetworkDeletion, error) {
	call := endpoint{Call: Call{API: NetworkAPI, Op: "DELETE /api/account/networks/{child_account_id}", Args: []string{childAccountID}}}
	deletion, err := do[*NetworkDeletion](ctx, s.client, call, opts)
	failed, is := errors.AsType[*Error](err)
	complete := is && failed.Body != nil // an incomplete response may have been the API's
	// ours N01: the route does not exist
	if complete && failed.StatusCode == http.StatusNotFound && errors.Is(err, ErrBadResponse) {
		call.path, call.earlierDoubt = "/account/networks/{child_account_id}", errors.Is(err, ErrOutcomeUnknown)
		return do[*NetworkDeletion](ctx, s.client, call, opts)
	}
	return deletion, err
}
