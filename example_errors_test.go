package partnerapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// statusOf returns the status that a handler responds with after a call. An error can be several kinds, so their order
// matters: first those that are independent of the request.
func statusOf(err error) int {
	var invalid *partnerapi.ArgumentError
	is := func(kinds ...error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	}
	switch {
	case err == nil:
		return http.StatusOK
	case is(partnerapi.ErrNoCredential, partnerapi.ErrOutcomeUnknown, partnerapi.ErrRateLimited, partnerapi.ErrServer):
		return http.StatusServiceUnavailable // log it; after ErrOutcomeUnknown, look before the next call
	case is(partnerapi.ErrNotLoggedIn):
		return http.StatusUnauthorized
	case is(partnerapi.ErrBadResponse, partnerapi.ErrResponseTooLarge):
		return http.StatusBadGateway // also if it is one of the following kinds
	case is(partnerapi.ErrAlreadyExists):
		return http.StatusConflict
	case is(partnerapi.ErrNotFound):
		return http.StatusNotFound
	case is(partnerapi.ErrInvalid), errors.As(err, &invalid):
		return http.StatusBadRequest
	case is(partnerapi.ErrForbidden):
		return http.StatusForbidden
	case is(partnerapi.ErrUnauthorized):
		return http.StatusInternalServerError // our credential was rejected; of Login, it can be the customer's password
	default:
		return http.StatusServiceUnavailable // no connection, no response to a read, or refused by the limiter
	}
}

// A handler converts an error to a status. The order of the kinds matters.
func ExampleError_status() {
	const create, cancel = "POST /partners/subscriptions", "DELETE /partners/subscriptions/{pk}"
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedSubscription(partnertest.Subscription{PK: "MS1", Email: "parent@example.com"})
	client := fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))
	subscribe := func(pk, email string) error {
		return client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: pk, Email: email, Plan: partnerapi.PlanBark})
	}

	fmt.Println("a pk that is taken:", statusOf(subscribe("MS1", "parent@example.com")))
	fmt.Println("without an e-mail:", statusOf(subscribe("MS2", "")))
	fmt.Println("an unknown pk:", statusOf(client.Subscriptions.Cancel(ctx, "MS3")))
	fmt.Println("an empty pk:", statusOf(client.Subscriptions.Cancel(ctx, "")))

	fake.Fail(create, partnertest.Fault{Status: 403, Body: "<h1>Blocked</h1>"}, partnertest.Fault{Cut: partnertest.CutAfter})
	fmt.Println("a page of a proxy:", statusOf(subscribe("MS2", "parent@example.com")))
	fmt.Println("a lost response:", statusOf(subscribe("MS2", "parent@example.com")))

	fake.Fail(cancel, partnertest.Fault{Cut: partnertest.CutRefused})
	fmt.Println("no connection:", statusOf(client.Subscriptions.Cancel(ctx, "MS1")))
	_, err := client.Accounts.Get(ctx, partnerapi.NewSession())
	fmt.Println("not logged in:", statusOf(err))
	_, err = fake.Client(partnerapi.WithNetworkToken("expired")).Networks.Get(ctx, "acc_1")
	fmt.Println("a bad credential:", statusOf(err))
	// Output:
	// a pk that is taken: 409
	// without an e-mail: 400
	// an unknown pk: 404
	// an empty pk: 400
	// a page of a proxy: 502
	// a lost response: 503
	// no connection: 503
	// not logged in: 401
	// a bad credential: 500
}

// The text of an error names the type of a foreign cause, but not its text, which can contain a secret. Unwrap returns it.
func ExampleError_Unwrap() {
	noTenant := func(context.Context) (string, error) { return "", errors.New("no tenant in the context") }
	client := partnertest.New().Client(
		partnerapi.WithCredentialSource(partnerapi.NetworkToken, partnerapi.TokenSourceFunc(noTenant)))
	_, err := client.Networks.Get(context.Background(), "acc_1")
	fmt.Println(err)

	var failed *partnerapi.Error
	if errors.As(err, &failed) {
		for _, each := range failed.Unwrap() {
			if cause := errors.Unwrap(each); cause != nil {
				fmt.Println("cause:", cause)
			}
		}
	}
	// Output:
	// network: GET /account/networks/{child_account_id}: not sent: no credential; the source of the network token failed; error of type *errors.errorString (see errors.Unwrap)
	// cause: no tenant in the context
}
