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

// desk is the code under test: it keeps requests that fail for later.
type desk struct {
	client *partnerapi.Client
	later  []partnerapi.CreateSubscriptionRequest
}

func (d *desk) subscribe(ctx context.Context, in partnerapi.CreateSubscriptionRequest) error {
	_, err := d.client.Subscriptions.Ensure(ctx, in)
	var refused *partnerapi.ArgumentError
	if err == nil || errors.As(err, &refused) || errors.Is(err, partnerapi.ErrInvalid) {
		return err // a retry would fail the same way
	}
	d.later = append(d.later, in)
	return nil
}

func (d *desk) catchUp(ctx context.Context) error {
	kept := d.later
	d.later = nil
	var failed []error
	for _, in := range kept {
		failed = append(failed, d.subscribe(ctx, in))
	}
	return errors.Join(failed...)
}

// The first request is processed, but a broken gateway responds to it. After that nothing can be reached.
func ExampleFake_Fail() {
	ctx := context.Background()
	fake := partnertest.New()
	// Inside testing/synctest waits take no time, so the retry policy needs no change.
	d := &desk{client: fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}))}

	const create = "POST /partners/subscriptions"
	fake.Fail(create, partnertest.Fault{Status: 502, Processed: true})
	fake.Fail(create, slices.Repeat([]partnertest.Fault{{Cut: partnertest.CutRefused}}, 1000)...)
	for _, pk := range []string{"MS2365", "MS2366"} {
		err := d.subscribe(ctx, partnerapi.CreateSubscriptionRequest{PK: pk, Email: "parent@example.com", Plan: partnerapi.PlanBark})
		fmt.Println("kept for later:", len(d.later), "error:", err)
	}
	fmt.Println("caught up:", d.catchUp(ctx), "kept for later:", len(d.later))

	fake.Recover()
	fmt.Println("caught up:", d.catchUp(ctx), "kept for later:", len(d.later))
	for _, s := range fake.Subscriptions() {
		fmt.Println(s.PK, s.Plan)
	}
	// Output:
	// kept for later: 1 error: <nil>
	// kept for later: 2 error: <nil>
	// caught up: <nil> kept for later: 2
	// caught up: <nil> kept for later: 0
	// MS2365 bark
	// MS2366 bark
}
