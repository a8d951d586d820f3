package partnerapi

import (
	"context"
	"errors"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// SubscriptionsService creates, changes and cancels subscriptions at the partner API. Use [Client.Subscriptions].
type SubscriptionsService struct{ client *Client }

// Plan is a subscription plan. Values that the API adds pass through.
type Plan string

// The documented plans.
const (
	PlanBark       Plan = "bark"
	PlanBarkJunior Plan = "bark_junior"
)

// CreateSubscriptionRequest is a new subscription.
type CreateSubscriptionRequest struct {
	// PK is the partner's own key of the parent. The API keys the subscription by it.
	PK    string `json:"pk,omitzero"`
	Email string `json:"email,omitzero"`
	// Plan is left out if zero, as the API's revision before plans had it.
	Plan Plan `json:"plan,omitzero"`
}

// A pk that could not be sent in a path would make a subscription that can be neither changed nor cancelled.
func (in CreateSubscriptionRequest) check() (field, why string) {
	if isDots(in.PK) {
		return "PK", notAPathSegment
	}
	return "", ""
}

// UpdateSubscriptionRequest is a change of a subscription.
type UpdateSubscriptionRequest struct {
	Plan Plan `json:"plan,omitzero"`
}

func (in UpdateSubscriptionRequest) check() (field, why string) {
	if in == (UpdateSubscriptionRequest{}) {
		return "Plan", setsNothing
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

// confirmed is {"success":true}, the body of every success. A body that does not say so is none.
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

// Create subscribes the parent. It fails with [ErrAlreadyExists] if the pk is known, with [ErrInvalid] for a blank
// e-mail, and with [ErrUnauthorized] for a bad token. The API makes an invitation for the e-mail.
//
// It is sent again unless its outcome is [OutcomeAnswered], because the pk makes it safe. If an attempt before that may
// have been the one that counted, [ErrAlreadyExists] comes with [ErrOutcomeUnknown]; [SubscriptionsService.Ensure]
// takes care of that.
//
// POST /partners/subscriptions
func (s *SubscriptionsService) Create(ctx context.Context, in CreateSubscriptionRequest, opts ...CallOption) error {
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "POST /partners/subscriptions", Body: in, Repeatable: true},
	}, opts)
	return err
}

// Update moves the subscription of pk to another plan. It fails with [ErrNotFound] if pk is unknown. It is sent again
// unless its outcome is [OutcomeAnswered].
//
// PUT /partners/subscriptions/{pk}
func (s *SubscriptionsService) Update(ctx context.Context, pk string, in UpdateSubscriptionRequest, opts ...CallOption) error {
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "PUT /partners/subscriptions/{pk}", Args: []string{pk}, Body: in},
	}, opts)
	return err
}

// Cancel ends the subscription of pk, and deletes the account at Bark. It fails with [ErrNotFound] if pk is unknown; if
// an earlier attempt of the same call may have ended it, with [ErrOutcomeUnknown] too. It is sent again unless its
// outcome is [OutcomeAnswered].
//
// DELETE /partners/subscriptions/{pk}
func (s *SubscriptionsService) Cancel(ctx context.Context, pk string, opts ...CallOption) error {
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "DELETE /partners/subscriptions/{pk}", Args: []string{pk}},
	}, opts)
	return err
}

// CancelLegacy ends the subscription of pk as [SubscriptionsService.Cancel] does, for partners whose integration is of
// the API's revision before plans. It fails with [ErrNotFound] if pk is unknown, and is sent again as Cancel is.
//
// DELETE /partners/subscriptions
func (s *SubscriptionsService) CancelLegacy(ctx context.Context, pk string, opts ...CallOption) error {
	_, err := do[confirmed](ctx, s.client, endpoint{
		Call: Call{API: PartnerAPI, Op: "DELETE /partners/subscriptions", Body: cancelSubscriptionRequest{pk}},
	}, opts)
	return err
}

// Ensure creates the subscription, or, if the pk is known, sets its plan, unless in.Plan is zero. The e-mail of a known
// pk is not changed. created is true only when it is certain that this call created it.
//
// Ensure can be called again after any failure, as often as it takes. Both of its calls are sent again as
// [SubscriptionsService.Create] and [SubscriptionsService.Update] are, and it fails as they do. A new pk makes an
// invitation for the e-mail.
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
	_, err = do[confirmed](ctx, s.client, endpoint{
		Call: Call{
			API: PartnerAPI, Op: "PUT /partners/subscriptions/{pk}", Args: []string{in.PK}, Body: UpdateSubscriptionRequest{in.Plan},
		},
		earlierDoubt: errors.Is(err, ErrOutcomeUnknown),
	}, opts)
	return false, err
}
