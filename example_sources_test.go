package partnerapi_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// A client that signs in when it has to. For the real API, SignIn needs no options.
func ExampleSignIn() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "robin"}, Password: passPhrase})

	source := partnerapi.SignIn(partnerapi.SignInCredentials{
		AppKey: partnertest.AppKey, Username: "robin", Password: passPhrase,
	}, fake.ClientOptions()...)
	client := fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))

	for range 2 {
		page, err := client.Networks.List(ctx, partnerapi.ListOptions{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("networks:", page.Total)
		fake.ExpireJWTs() // so that the API answers the next call with 401
	}
	fmt.Println(fake.Calls())
	// Output:
	// networks: 0
	// networks: 0
	// GET /app/session 200
	// POST /app/login 200
	// GET /account/networks 200
	// GET /account/networks 401
	// GET /app/session 200
	// POST /app/login 200
	// GET /account/networks 200
}

// The steps of a sign-in, each with the JWT of the one before.
func ExampleAppSessionsService() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedAppUser(partnertest.AppUser{
		AppUser:  partnerapi.AppUser{Username: "robin"},
		Password: passPhrase,
		Accounts: []partnerapi.AccountChoice{{ID: "acc_1", Title: "Acme Seafood"}, {ID: "acc_2", Title: "Acme Dairy"}},
		Access:   partnerapi.AppAccess{"payment-methods": "crud"},
	})
	with := func(credential string) *partnerapi.AppSessionsService {
		return fake.Client(partnerapi.WithNetworkToken(credential)).AppSessions
	}

	session, err := with(partnertest.AppKey).Start(ctx)
	if err != nil {
		log.Fatal(err)
	}
	session, err = with(session.JWT()).Login(ctx, partnerapi.AppLoginRequest{Username: "robin", Password: passPhrase})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Authenticated, session.Accounts)
	session, err = with(session.JWT()).SelectAccount(ctx, session.LastAccountID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Authenticated, session.Account.Title, session.Access.Can("payment-methods:d"))
	// Output:
	// false [{acc_1 Acme Seafood} {acc_2 Acme Dairy}]
	// true Acme Seafood true
}

// A token that is changed under a running program. The API's answer to the old one is enough to notice.
func ExampleTokenFile() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "secrets")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "partner-token")
	write := func(token string) {
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	fake := partnertest.New()
	fake.SeedSubscription(partnertest.Subscription{PK: "MS2365"})
	client := fake.Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenFile(path)))

	write("an-old-token")
	fmt.Println(client.Subscriptions.Cancel(ctx, "MS2365"))
	write(partnertest.PartnerToken)
	fmt.Println(client.Subscriptions.Cancel(ctx, "MS2365"))
	// Output:
	// partner: DELETE /partners/subscriptions/{pk}: 401 Unauthorized: Please provide a valid token
	// <nil>
}
