package partnerapi_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// A handler responds with the status of an error: 4xx is the visitor's mistake, 5xx is not.
func ExampleHTTPStatus() {
	const create, cancel = "POST /partners/subscriptions", "DELETE /partners/subscriptions/{pk}"
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedSubscription(partnertest.Subscription{PK: "MS1", Email: "parent@example.com"})
	fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "fan@example.com"}, Password: "secret"})
	client := fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))
	subscribe := func(pk, email string) error {
		return client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: pk, Email: email, Plan: partnerapi.PlanBark})
	}
	login := func(client *partnerapi.Client) error {
		_, _, err := client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "fan@example.com", Password: "mistyped"})
		return err
	}
	show := func(what string, err error) { fmt.Println(what+":", partnerapi.HTTPStatus(err)) }

	show("success", subscribe("MS2", "parent@example.com"))
	show("a pk that is taken", subscribe("MS1", "parent@example.com"))
	show("without an e-mail", subscribe("MS3", ""))
	show("an unknown pk", client.Subscriptions.Cancel(ctx, "MS4"))
	show("an empty pk", client.Subscriptions.Cancel(ctx, ""))
	show("a wrong password", login(client))
	show("a bad key of ours", login(fake.Client(partnerapi.WithAccountKey("revoked"))))
	_, err := client.Accounts.Get(ctx, partnerapi.NewSession())
	show("not logged in", err)

	fake.Fail(create, partnertest.Fault{Status: 403, Body: "<h1>Blocked</h1>"}, partnertest.Fault{Cut: partnertest.CutAfter})
	show("a page of a proxy", subscribe("MS3", "parent@example.com"))
	show("a lost response", subscribe("MS3", "parent@example.com"))
	fake.Fail(cancel, partnertest.Fault{Cut: partnertest.CutRefused})
	show("no connection", client.Subscriptions.Cancel(ctx, "MS1"))
	// Output:
	// success: 200
	// a pk that is taken: 409
	// without an e-mail: 422
	// an unknown pk: 404
	// an empty pk: 422
	// a wrong password: 401
	// a bad key of ours: 502
	// not logged in: 401
	// a page of a proxy: 502
	// a lost response: 503
	// no connection: 500
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
