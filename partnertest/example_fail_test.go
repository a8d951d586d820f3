package partnertest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// desk is the code to be tested: it keeps for later what may not have been done.
type desk struct {
	client *partnerapi.Client
	later  []partnerapi.CreateSubscriptionRequest
}

func (d *desk) subscribe(ctx context.Context, in partnerapi.CreateSubscriptionRequest) error {
	_, err := d.client.Subscriptions.Ensure(ctx, in)
	if errors.Is(err, partnerapi.ErrOutcomeUnknown) || errors.Is(err, partnerapi.ErrServer) {
		d.later = append(d.later, in)
	}
	return err
}

func (d *desk) catchUp(ctx context.Context) error {
	kept := d.later
	d.later = nil
	for _, in := range kept {
		if err := d.subscribe(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

// How code handles an outage is tested with one: the first request is done and answered by a broken gateway, and after
// it nothing can be reached.
func ExampleFake_Fail() {
	ctx := context.Background()
	fake := partnertest.New()
	// In testing/synctest waits take no time, and the policy can stay as it is.
	d := &desk{client: fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}))}

	fake.Fail("POST /partners/subscriptions", partnertest.Fault{Status: 502, Processed: true})
	fake.Fail("POST /partners/subscriptions", slices.Repeat([]partnertest.Fault{{Cut: partnertest.CutRefused}}, 1000)...)
	err := d.subscribe(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com", Plan: partnerapi.PlanBark})
	fmt.Println(err)
	fmt.Println("kept for later:", len(d.later))

	fake.Recover()
	fmt.Println("caught up:", d.catchUp(ctx))
	fmt.Println("kept for later:", len(d.later), "subscriptions:", fake.Subscriptions())
	// Output:
	// partner: POST /partners/subscriptions: 502 Bad Gateway: server error; outcome unknown; dial tcp: connection refused
	// kept for later: 1
	// caught up: <nil>
	// kept for later: 0 subscriptions: [{MS2365 newuser@partner.com bark}]
}
