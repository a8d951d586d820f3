package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func (t *tour) outages() chapter {
	// shorter waits than the default, for a tour
	c := t.fake.Client(t.watch(), partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}))
	refused, lost := partnertest.Fault{Cut: partnertest.CutRefused}, partnertest.Fault{Cut: partnertest.CutAfter}
	return chapter{"The connection breaks: some calls are retried", []step{
		{"GET /account/network-domains", "Networks.Domains", func(ctx context.Context) (string, error) {
			t.fake.Fail("GET /account/network-domains", refused, lost)
			_, err := c.Networks.Domains(ctx)
			return "refused, then cut off; sent 3 times", errors.Join(err, t.expectSent(3))
		}},
		{"PUT /partners/subscriptions/{pk}", "Subscriptions.Ensure", func(ctx context.Context) (string, error) {
			t.fake.Fail("POST /partners/subscriptions", lost)
			_, err := c.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{PK: parentPK, Email: parentEmail, Plan: partnerapi.PlanBark})
			return "response lost; retried, created once", errors.Join(err, t.expectSent(3), t.expectPlan(parentPK, partnerapi.PlanBark))
		}},
		{"POST /account/network-invitations", "Invitations.Create", func(ctx context.Context) (string, error) {
			t.fake.Fail("POST /account/network-invitations", lost)
			before := len(t.fake.Invitations())
			_, err := c.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: shopEmail, DomainID: t.domain})
			once := len(t.fake.Invitations()) == before+1 && errors.Is(err, partnerapi.ErrOutcomeUnknown)
			return "response lost; not retried, and reported", errors.Join(t.expectSent(1), expect(fmt.Sprint(err), once))
		}},
	}}
}

func (t *tour) expectSent(times int) error {
	return expect(fmt.Sprintf("sent %d times", len(t.sent)), len(t.sent) == times)
}
