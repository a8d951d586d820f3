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

// InvitationStatus is where an invitation stands. Values that the API adds pass through.
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

func (in UpdateInvitationRequest) check() (field, why string) {
	if in == (UpdateInvitationRequest{}) {
		return "UpdateInvitationRequest", setsNothing
	}
	return "", ""
}

// Activation names what activating an invitation made. IDs are opaque: their prefixes vary.
type Activation struct {
	AccountID string `json:"account_id"`
	UserID    string `json:"user_id"`
	DomainID  string `json:"domain_id"`
	VersionID string `json:"version_id"`
}

// InvitationToken returns the token of an activation link, such as https://yourapp.example/networks?token=TOKEN, from
// its query or its fragment, which may be the path and query of a page within the application. It fails with an
// [*ArgumentError] if there is none.
func InvitationToken(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", &ArgumentError{Op: "InvitationToken", Name: "link", Reason: "not a URL"}
	}
	fragment := u.EscapedFragment()
	_, afterPath, _ := strings.Cut(fragment, "?")
	for _, part := range []string{u.RawQuery, afterPath, fragment} {
		values, _ := url.ParseQuery(part) // what else is in a link, and broken, does not matter
		if token := values.Get("token"); token != "" {
			return token, nil
		}
	}
	return "", &ArgumentError{Op: "InvitationToken", Name: "link", Reason: "no token in the query or the fragment"}
}

// Create invites an account. The API sends an e-mail with an activation link; success means only that the e-mail was
// accepted for delivery. It fails with [ErrInvalid] for what is missing or wrong. It is never sent again when the
// outcome is unknown.
//
// The API does not document its reply: what it does not tell is zero in the Invitation, the ID too, which
// [InvitationsService.List] then finds.
//
// POST /account/network-invitations
func (s *InvitationsService) Create(ctx context.Context, in CreateInvitationRequest, opts ...CallOption) (*Invitation, error) {
	return do[*Invitation](ctx, s.client, endpoint{
		Call:     Call{API: NetworkAPI, Op: "POST /account/network-invitations", Body: in},
		optional: true,
	}, opts)
}

// Activate accepts an invitation by the token of its link, for which see [InvitationToken]. The API makes an account, a
// user and the relation, and deletes the invitation. It fails with [ErrNotFound] for a token that is not valid any
// more. If the response cannot be read whole, what could be read is returned with [ErrBadResponse]. It is never sent again when the outcome is unknown.
//
// POST /account/network-invitations/{token}
func (s *InvitationsService) Activate(ctx context.Context, token string, opts ...CallOption) (*Activation, error) {
	return do[*Activation](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "POST /account/network-invitations/{token}", Args: []string{token}},
	}, opts)
}

// List returns one page of the invitations. Filter takes one of the page's Filters, such as "pending". It fails with
// [ErrUnauthorized] for a bad credential. It is sent again unless its outcome is [OutcomeAnswered].
//
// GET /account/network-invitations
func (s *InvitationsService) List(ctx context.Context, in ListOptions, opts ...CallOption) (*Page[Invitation], error) {
	return do[*Page[Invitation]](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/network-invitations", Query: in}}, opts)
}

// All returns all invitations from page in.Page on, in order. Up to eight pages are asked for at once, so a walk that
// breaks off has asked for some in vain. The walk ends with the first error, which comes with a zero Invitation. If the list
// says that there are more invitations than came, or does not tell, that is [ErrBadResponse]. Removing invitations while
// walking may skip or repeat some, because the pages shift.
//
// GET /account/network-invitations
func (s *InvitationsService) All(ctx context.Context, in ListOptions, opts ...CallOption) iter.Seq2[Invitation, error] {
	return all[Invitation](ctx, s.client, endpoint{Call: Call{API: NetworkAPI, Op: "GET /account/network-invitations"}}, in, opts)
}

// Update changes an invitation, and the API sends the e-mail again. An update that sets nothing is an [*ArgumentError];
// to have the e-mail sent again, set the same Email. It fails with [ErrNotFound] if the id is unknown. It
// is never sent again when the outcome is unknown.
//
// POST /account/network-invitations/{id}
func (s *InvitationsService) Update(ctx context.Context, id string, in UpdateInvitationRequest, opts ...CallOption) error {
	_, err := do[none](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "POST /account/network-invitations/{id}", Args: []string{id}, Body: in},
	}, opts)
	return err
}

// Delete deletes an invitation. It fails with [ErrNotFound] if the id is unknown; if an earlier attempt of the same
// call may have deleted it, with [ErrOutcomeUnknown] too. It is sent again unless its outcome is [OutcomeAnswered].
//
// DELETE /account/network-invitations/{id}
func (s *InvitationsService) Delete(ctx context.Context, id string, opts ...CallOption) error {
	_, err := do[none](ctx, s.client, endpoint{
		Call: Call{API: NetworkAPI, Op: "DELETE /account/network-invitations/{id}", Args: []string{id}},
	}, opts)
	return err
}
