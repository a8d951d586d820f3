package partnerapi_test

import (
	"context"
	"fmt"
	"log"
	"time"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// A session of tokens is refreshed when a call needs it. The hook keeps the new tokens before that call goes on.
func ExampleNewTokenSession() {
	ctx := context.Background()
	fake := partnertest.New()
	fan := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{FirstName: "Robin"}})
	client := fake.Client()

	tokens := fake.SeedTokens(fan.ID)                             // of a login on the customer's device
	tokens.AccessTokenExpires = partnerapi.UnixTimeOf(time.Now()) // some time ago
	session, err := partnerapi.NewTokenSession(tokens)
	if err != nil {
		log.Fatal(err)
	}
	var kept []byte // your session store, encrypted
	session.OnRefresh(func(_ context.Context, tokens partnerapi.Tokens) (err error) {
		fmt.Println("refreshed:", tokens)
		kept, err = session.Export()
		return err
	})
	customer, err := client.Accounts.Get(ctx, session)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(customer.FirstName)

	again, err := partnerapi.ImportSession(kept) // in a later request, with OnRefresh as above
	if err != nil {
		log.Fatal(err)
	}
	loggedIn, err := client.Accounts.Status(ctx, again)
	fmt.Println("logged in:", loggedIn, err)
	// Output:
	// refreshed: partnerapi.Tokens(redacted)
	// Robin
	// logged in: true <nil>
}
