package partnerapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const passPhrase = "a long one"

func Example() {
	ctx := context.Background()
	client := partnertest.New().Client() // for the real API: partnerapi.NewClient(partnerapi.WithPartnerToken(token))

	err := client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{
		PK:    "MS2365",
		Email: "parent@example.com",
		Plan:  partnerapi.PlanBark,
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleSignupService() {
	ctx := context.Background()
	client := partnertest.New().Client()

	// The address to send the browser to, with the partner's token kept here.
	to, err := client.Signup.Resolve(ctx, partnerapi.SignupRequest{
		PK:            "MS2365",
		Email:         "parent@example.com",
		ChildName:     "Robin",
		ChildBirthday: partnerapi.Date{Year: 2015, Month: time.March, Day: 9},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(to.Path)
	// Output: /partner/welcome
}

func ExampleSignupService_URL() {
	ctx := context.Background()
	client, err := partnerapi.NewClient(partnerapi.WithPartnerToken("TOKEN"))
	if err != nil {
		log.Fatal(err)
	}

	link, err := client.Signup.URL(ctx, partnerapi.SignupRequest{PK: "MS2365", Email: "parent+bark@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	// Output: https://www.bark.us/api/v1/partners/signup?email=parent%2Bbark%40example.com&pk=MS2365&token=TOKEN
}

func ExampleSignupService_Handler() {
	client := partnertest.New().Client()

	mux := http.NewServeMux()
	mux.Handle("GET /protect", client.Signup.Handler(func(r *http.Request) (partnerapi.SignupRequest, error) {
		pk := r.Header.Get("X-User") // who is logged in to your service
		return partnerapi.SignupRequest{PK: pk, Email: pk + "@example.com"}, nil
	}))

	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/protect", nil)
	r.Header.Set("X-User", "MS2365")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.Contains(w.Header().Get("Location"), "token"))
	// Output: 303 false
}

func ExampleSubscriptionsService() {
	ctx := context.Background()
	client := partnertest.New().Client()

	// Ensure can be called as often as it takes.
	for _, plan := range []partnerapi.Plan{partnerapi.PlanBark, partnerapi.PlanBarkJunior} {
		created, err := client.Subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{
			PK: "MS2365", Email: "parent@example.com", Plan: plan,
		})
		fmt.Println(plan, created, err)
	}
	fmt.Println(client.Subscriptions.Cancel(ctx, "MS2365"))
	// Output:
	// bark true <nil>
	// bark_junior false <nil>
	// <nil>
}

func ExampleAccountsService() {
	ctx := context.Background()
	client := partnertest.New().Client()

	created, err := client.Accounts.Create(ctx, partnerapi.CreateAccountRequest{
		Email:                "fan@example.com",
		FirstName:            "Robin",
		Birthdate:            partnerapi.Date{Year: 1995, Month: time.May, Day: 1},
		AcceptTerms:          true,
		Password:             passPhrase,
		PasswordConfirmation: passPhrase,
	})
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.Accounts.Search(ctx, "fan@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.FirstName, found.Birthdate, found.ID == created.ID)
	// Output: Robin 1995-05-01 true
}

func ExampleSession() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedCustomer(partnertest.Customer{
		Customer: partnerapi.Customer{Email: "fan@example.com", FirstName: "Robin"},
		Password: passPhrase,
	})
	client := fake.Client()

	_, session, err := client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "fan@example.com", Password: passPhrase})
	if err != nil {
		log.Fatal(err)
	}
	kept, err := session.Export() // into your session store, encrypted
	if err != nil {
		log.Fatal(err)
	}

	session, err = partnerapi.ImportSession(kept) // in a later request
	if err != nil {
		log.Fatal(err)
	}
	customer, err := client.Accounts.Get(ctx, session)
	fmt.Println(customer.FirstName, err)
	fmt.Println(session)

	now, err := session.Export() // the call can have changed it: the store has to have what is valid now
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("to be stored again:", !bytes.Equal(kept, now))

	err = client.Accounts.Logout(ctx, session)
	_, again := client.Accounts.Get(ctx, session)
	fmt.Println(err, errors.Is(again, partnerapi.ErrNotLoggedIn))
	// Output:
	// Robin <nil>
	// partnerapi.Session(redacted)
	// to be stored again: false
	// <nil> true
}

func ExampleNetworksService() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedNetwork(partnerapi.Network{AccountID: "acc_1", AccountTitle: "Acme Seafood"})
	client := fake.Client()

	if err := client.Networks.Update(ctx, "acc_1", partnerapi.UpdateNetworkRequest{Fee: 1.5}); err != nil {
		log.Fatal(err)
	}
	network, err := client.Networks.Get(ctx, "acc_1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s pays %.1f %%\n", network.AccountTitle, network.Fee)
	// Output: Acme Seafood pays 1.5 %
}

func ExampleNetworksService_All() {
	ctx := context.Background()
	fake := partnertest.New()
	for i := range 250 {
		fake.SeedNetwork(partnerapi.Network{AccountID: fmt.Sprintf("acc_%03d", i), Fee: 1})
	}
	client := fake.Client()

	var fees float64
	for network, err := range client.Networks.All(ctx, partnerapi.ListOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fees += network.Fee
	}
	fmt.Println(fees, "in", len(fake.Calls()), "calls")
	// Output: 250 in 3 calls
}

func ExampleNetworksService_List() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedNetwork(partnerapi.Network{AccountTitle: "Acme Seafood"})
	fake.SeedNetwork(partnerapi.Network{AccountTitle: "Acme Dairy"})
	fake.SeedNetwork(partnerapi.Network{AccountTitle: "Example Foods"})
	client := fake.Client()

	page, err := client.Networks.List(ctx, partnerapi.ListOptions{Search: "Acme", Records: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "of", page.Total, "on", page.Pages, "pages")
	// Output: 1 of 2 on 2 pages
}

func ExampleInvitationsService() {
	ctx := context.Background()
	fake := partnertest.New()
	client := fake.Client()

	domains, err := client.Networks.Domains(ctx)
	if err != nil {
		log.Fatal(err)
	}
	invitation, err := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{
		Email: "shop@example.com", DomainID: domains[0].ID,
	})
	if err != nil {
		log.Fatal(err)
	}

	// The invited account opens the link of the e-mail.
	link, _ := fake.ActivationLink(invitation.ID)
	token, err := partnerapi.InvitationToken(link)
	if err != nil {
		log.Fatal(err)
	}
	activation, err := client.Invitations.Activate(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(activation.DomainID == domains[0].ID)

	_, err = client.Invitations.Activate(ctx, token)
	fmt.Println(errors.Is(err, partnerapi.ErrNotFound))
	// Output:
	// true
	// true
}

// An update has three states for a field that can be cleared.
func ExampleOptional() {
	ctx := context.Background()
	fake := partnertest.New()
	fee := 2.5
	invitation := fake.SeedInvitation(partnerapi.Invitation{Email: "shop@example.com", FeeProposed: &fee})
	client := fake.Client()

	for _, in := range []partnerapi.UpdateInvitationRequest{
		{Email: "new-shop@example.com"},               // leave the fee
		{FeeProposed: partnerapi.Set(1.5)},            // set it
		{FeeProposed: partnerapi.Clear[float64]()},    // clear it
		{Email: "", FeeProposed: partnerapi.Set(0.0)}, // set it to nothing, which is not to clear it
	} {
		if err := client.Invitations.Update(ctx, invitation.ID, in); err != nil {
			log.Fatal(err)
		}
		if now := fake.Invitations()[0]; now.FeeProposed == nil {
			fmt.Println(now.Email, "no fee")
		} else {
			fmt.Println(now.Email, *now.FeeProposed)
		}
	}
	// Output:
	// new-shop@example.com 2.5
	// new-shop@example.com 1.5
	// new-shop@example.com no fee
	// new-shop@example.com 0
}

func ExampleError() {
	ctx := context.Background()
	client := partnertest.New().Client()

	err := client.Subscriptions.Update(ctx, "MS2365", partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBark})

	fmt.Println(err)
	fmt.Println("not found:", errors.Is(err, partnerapi.ErrNotFound))
	var failed *partnerapi.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.StatusCode, failed.Type, failed.Messages, failed.Attempts)
	}
	// Output:
	// partner: PUT /partners/subscriptions/{pk}: 404 Not Found: Please provide a valid pk
	// not found: true
	// 404 invalid_params [Please provide a valid pk] 1
}

func ExampleError_fields() {
	ctx := context.Background()
	client := partnertest.New().Client()

	_, err := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{DomainID: "dom_1"})

	var failed *partnerapi.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.Fields["email"])
	}
	// Output: This value is required.
}

func ExampleArgumentError() {
	client := partnertest.New().Client()

	err := client.Subscriptions.Cancel(context.Background(), "..")

	var refused *partnerapi.ArgumentError
	fmt.Println(errors.As(err, &refused), err)
	// Output: true DELETE /partners/subscriptions/{pk}: pk: "." and ".." cannot be sent in a path
}

// A token that changes while the client lives is asked for once per call.
func ExampleWithCredentialSource() {
	ctx := context.Background()
	token := partnerapi.TokenSourceFunc(func(context.Context) (string, error) {
		return partnertest.PartnerToken, nil // from your secret store
	})
	client := partnertest.New().Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, token))

	fmt.Println(client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: "parent@example.com", Plan: partnerapi.PlanBark}))
	// Output: <nil>
}
