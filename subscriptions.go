package partnerapi

import (
	"context"
	"errors"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/pathpattern"
)

// SubscriptionsService creates, changes and cancels subscriptions at the partner API. Use [Client.Subscriptions].
type SubscriptionsService struct{ client *Client }

// Plan is a subscription plan. Plans that the API adds are passed through.
type Plan string

// The documented plans.
const (
	PlanBark       Plan = "bark"
	PlanBarkJunior Plan = "bark_junior"
)

// CreateSubscriptionRequest is a new subscription.
type CreateSubscriptionRequest struct {
	// PK is the partner's own key of the parent, and identifies the subscription.
	PK    string `json:"pk,omitzero"`
	Email string `json:"email,omitzero"`
	// Plan is left out if zero, for the API's revision before plans.
	Plan Plan `json:"plan,omitzero"`
}

// ours P14: a pk that could not be sent in a path would make a subscription that can be neither changed nor cancelled.
func (in CreateSubscriptionRequest) check() (field, why string) {
	if pathpattern.IsDots(in.PK) {
		return "PK", pathpattern.NotASegment
	}
	return "", ""
}

// UpdateSubscriptionRequest is a change of a subscription.
type UpdateSubscriptionRequest struct {
	Plan Plan `json:"plan,omitzero"`
}

func (in UpdateSubscriptionRequest) check() (field, why string) {
	if in == (UpdateSubscriptionRequest{}) {
		return "Plan", "empty"
	}
	return "", ""
}

// cancelSubscriptionRequest is the body of a cancellation in the revision before plans.
type cancelSubscriptionRequest struct {
	PK string `json:"pk,omitzero"`
}

func (in cancelSubscriptionRequest) check() (field, why string) {
	if in.PK == "" {
		return "pk", "empty"
	}
	return "", ""
}

// confirmed is {"success":true}, the body of every success. Any other body is an error.
type confirmed bool

func (c *confirmed) UnmarshalJSON(data []byte) error {
	success := jsonwire.Member{Name: "success"}
	jsonwire.Find(data, &success)
	if succeeded, _ := success.Bool(); !succeeded {
		return reason(`no "success" in the body`)
	}
	*c = true
	return nil
}

// Create subscribes the parent, and the API makes an invitation for the e-mail. It returns [ErrAlreadyExists] for a known pk,
// [ErrInvalid] for a blank e-mail, and [ErrUnauthorized] for a wrong token. If an earlier attempt of the call may have created
// the subscription, ErrAlreadyExists comes with [ErrOutcomeUnknown]: [SubscriptionsService.Ensure] handles it. Retried
// automatically.
//
// POST /partners/subscriptions
func (s *SubscriptionsService) Create(ctx context.Context, in CreateSubscriptionRequest, opts ...CallOption) error {
	// ours P07, P13, P17: the plan may be left out, the e-mail is plain text, and the API may send it an invitation
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "POST /partners/subscriptions", Body: in, Repeatable: true}, // ours P06
	}, opts)
	return err
}

// Update moves the subscription of pk to another plan. It returns [ErrNotFound] for an unknown pk. Retried automatically.
//
// PUT /partners/subscriptions/{pk}
func (s *SubscriptionsService) Update(ctx context.Context, pk string, in UpdateSubscriptionRequest, opts ...CallOption) error {
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "PUT /partners/subscriptions/{pk}", Args: []string{pk}, Body: in},
	}, opts)
	return err
}

// Cancel ends the subscription of pk, and the API deletes the account at Bark. It returns [ErrNotFound] for an unknown pk, and
// [ErrOutcomeUnknown] as well if an earlier attempt of the call may have ended it. Retried automatically.
//
// DELETE /partners/subscriptions/{pk}
func (s *SubscriptionsService) Cancel(ctx context.Context, pk string, opts ...CallOption) error {
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "DELETE /partners/subscriptions/{pk}", Args: []string{pk}}, // ours P15: no body
	}, opts)
	return err
}

// CancelLegacy is [SubscriptionsService.Cancel] for partners whose integration is of the API's revision before plans. It
// returns the same errors. Retried automatically.
//
// DELETE /partners/subscriptions
func (s *SubscriptionsService) CancelLegacy(ctx context.Context, pk string, opts ...CallOption) error {
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "DELETE /partners/subscriptions", Body: cancelSubscriptionRequest{pk}}, // ours P16
	}, opts)
	return err
}

// Ensure creates the subscription or, if the pk is known, sets its plan, unless in.Plan is zero. It does not change the e-mail
// of a known pk. For a new pk the API makes an invitation for the e-mail. created is true only if it is certain that this call
// created the subscription. Ensure is idempotent: after any error it can be called again. Its errors are those of
// [SubscriptionsService.Create] and [SubscriptionsService.Update]. Retried automatically.
//
// POST /partners/subscriptions, then PUT /partners/subscriptions/{pk}
func (s *SubscriptionsService) Ensure(ctx context.Context, in CreateSubscriptionRequest, opts ...CallOption) (created bool, err error) {
	err = s.Create(ctx, in, opts...)
	if !errors.Is(err, ErrAlreadyExists) {
		return err == nil, err
	}
	if in.Plan == "" {
		return false, nil
	}
	_, err = do[confirmed](ctx, s.client, endpoint{ // ours P08: also if the plan is the same
		Call: Call{
			API: PartnerAPI, Op: "PUT /partners/subscriptions/{pk}", Args: []string{in.PK}, Body: UpdateSubscriptionRequest{in.Plan},
		},
		earlierDoubt: errors.Is(err, ErrOutcomeUnknown),
	}, opts)
	return false, err
}
