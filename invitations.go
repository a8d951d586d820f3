package partnerapi

import (
	"context"
	"iter"
	"net/url"
	"strings"
)

// InvitationsService invites other accounts into the network of the current account, at the network API. Use
// [Client.Invitations].
type InvitationsService struct{ client *Client }

// InvitationStatus is the state of an invitation. States that the API adds are passed through.
type InvitationStatus string

// The documented states.
const (
	InvitationPending InvitationStatus = "pending"
	InvitationExpired InvitationStatus = "expired"
)

// Invitation is an invitation that has not been activated.
type Invitation struct {
	ID       string   `json:"id"`
	Created  UnixTime `json:"created"`
	DomainID string   `json:"domain_id"`
	// FeeProposed is in percent: 2.5 is 2.5 %. It is nil if no fee is proposed.
	FeeProposed *float64         `json:"fee_proposed"`
	Email       string           `json:"email"`
	Status      InvitationStatus `json:"status"`
}

// CreateInvitationRequest is a new invitation. Email and DomainID are required.
type CreateInvitationRequest struct {
	Email string `json:"email,omitzero"`
	// DomainID is one of [NetworksService.Domains].
	DomainID string `json:"domain_id,omitzero"`
	// FeeProposed is in percent. The zero value leaves it out: no fee is proposed. [Clear] sends the API's empty value.
	FeeProposed Optional[float64] `json:"fee_proposed,omitzero"`
}

// UpdateInvitationRequest is a change of an invitation. Zero fields are left as they are.
type UpdateInvitationRequest struct {
	Email string `json:"email,omitzero"`
	// FeeProposed is in percent.
	FeeProposed Optional[float64] `json:"fee_proposed,omitzero"`
}

// ours N05: an empty update would be taken for an activation
func (in UpdateInvitationRequest) check() (field, why string) {
	if in == (UpdateInvitationRequest{}) {
		return "UpdateInvitationRequest", noFieldSet
	}
	return "", ""
}

// Activation holds the IDs of an activated invitation. They are opaque: their prefixes vary.
type Activation struct {
	AccountID string `json:"account_id"`
	UserID    string `json:"user_id"`
	DomainID  string `json:"domain_id"`
	VersionID string `json:"version_id"`
}

// InvitationToken returns the token of an activation link, such as https://yourapp.example/networks?token=TOKEN. It reads the
// query and the fragment, which may hold the path and query of a page within the application. It returns an [*ArgumentError]
// for a link without a token.
func InvitationToken(link string) (string, error) {
	if link == "" {
		return "", &ArgumentError{Op: "InvitationToken", Name: "link", Reason: "empty"}
	}
	u, err := url.Parse(link)
	if err != nil {
		return "", &ArgumentError{Op: "InvitationToken", Name: "link", Reason: "not a URL"}
	}
	fragment := u.EscapedFragment()
	_, afterPath, _ := strings.Cut(fragment, "?")
	for _, part := range []string{u.RawQuery, afterPath, fragment} { // ours N12
		values, _ := url.ParseQuery(part) // invalid parts of the rest do not matter
		if token := values.Get("token"); token != "" {
			return token, nil
		}
	}
	return "", &ArgumentError{Op: "InvitationToken", Name: "link", Reason: "no token in the query or the fragment"}
}

// Create invites an account. The API sends an e-mail with an activation link; success means only that the e-mail was accepted
// for delivery. It returns [ErrInvalid] for a missing or invalid field. The API documents no response, so fields of the
// Invitation may be zero, the ID too: [InvitationsService.List] finds it. Not retried: see [ErrOutcomeUnknown].
//
// POST /account/network-invitations
func (s *InvitationsService) Create(ctx context.Context, in CreateInvitationRequest, opts ...CallOption) (*Invitation, error) {
	return do[*Invitation](ctx, s.client, endpoint{
		Call:     Call{API: NetworkAPI, Op: "POST /account/network-invitations", Body: in}, // ours N20: not Repeatable
		optional: true,                                                                     // ours N02
	}, opts)
}

// Activate accepts an invitation by the token of its link: see [InvitationToken]. The API creates an account, a user and the
// relation, and deletes the invitation. It returns [ErrNotFound] for a token that is no longer valid. If it can read only a
// part of the response, it returns the part with [ErrBadResponse]: the invitation is activated. Not retried: see
// [ErrOutcomeUnknown].
//
// POST /account/network-invitations/{token}
func (s *InvitationsService) Activate(ctx context.Context, token string, opts ...CallOption) (*Activation, error) {
	return do[*Activation](ctx, s.client, endpoint{ // ours N05, N06, N20: no body, the usual credential, not Repeatable
		Call: Call{API: NetworkAPI, Op: "POST /account/network-invitations/{token}", Args: []string{token}},
	}, opts)
}

// List returns one page of the invitations. Filter is one of the page's Filters, such as "pending". It returns
// [ErrUnauthorized] for an invalid credential. Retried automatically.
//
// GET /account/network-invitations
func (s *InvitationsService) List(ctx context.Context, in ListOptions, opts ...CallOption) (*Page[Invitation], error) {
	return list[Invitation](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/network-invitations"}}, in, opts)
}

// All iterates over the invitations in order, from page in.Page on. It requests up to eight pages concurrently, so a walk that
// stops early may have requested some in vain. The first error ends the walk; its Invitation is zero. A list that ends before
// its own total, or a full or empty page with neither total nor pages, is [ErrBadResponse]. Invitations that are removed
// during the walk shift the pages, so that it may skip or repeat some. Retried automatically.
//
// GET /account/network-invitations
func (s *InvitationsService) All(ctx context.Context, in ListOptions, opts ...CallOption) iter.Seq2[Invitation, error] {
	return all[Invitation](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/network-invitations"}}, in, opts)
}

// Update changes an invitation, and the API resends the e-mail. An update that sets nothing is an [*ArgumentError]: to resend
// the e-mail, set the same Email. It returns [ErrNotFound] for an unknown id. Not retried: see [ErrOutcomeUnknown].
//
// POST /account/network-invitations/{id}
func (s *InvitationsService) Update(ctx context.Context, id string, in UpdateInvitationRequest, opts ...CallOption) error {
	_, err := do[none](ctx, s.client, endpoint{ // ours N02, N20
		Call: Call{API: NetworkAPI, Op: "POST /account/network-invitations/{id}", Args: []string{id}, Body: in},
	}, opts)
	return err
}

// Delete deletes an invitation. It returns [ErrNotFound] for an unknown id, and [ErrOutcomeUnknown] as well if an earlier
// attempt of the call may have deleted it. Retried automatically.
//
// DELETE /account/network-invitations/{id}
func (s *InvitationsService) Delete(ctx context.Context, id string, opts ...CallOption) error {
	_, err := do[none](ctx, s.client, endpoint{ // ours N03
		Call: Call{API: NetworkAPI, Op: "DELETE /account/network-invitations/{id}", Args: []string{id}},
	}, opts)
	return err
}
