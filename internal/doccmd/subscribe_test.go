package doccmd_test

import (
	"context"
	"errors"
	"testing"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// subscribe stands for the code of a reader of README, whose test is the one below.
func subscribe(ctx context.Context, client *partnerapi.Client, pk string) error {
	return client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{
		PK: pk, Email: "parent@example.com", Plan: partnerapi.PlanBark,
	})
}

//nolint:paralleltest // as README shows it
func TestSubscribe(t *testing.T) {
	fake := partnertest.New()
	fake.SeedSubscription(partnertest.Subscription{PK: "MS1", Email: "parent@example.com"})
	fake.Fail("POST /partners/subscriptions", partnertest.Fault{Status: 503}) // once; the call is retried

	err := subscribe(t.Context(), fake.Client(), "MS1") // your code

	if !errors.Is(err, partnerapi.ErrAlreadyExists) {
		t.Errorf("got %v", err)
	}
	if calls := fake.CallsTo("POST /partners/subscriptions"); len(calls) != 2 {
		t.Errorf("not two calls:\n%v", calls)
	}
}
