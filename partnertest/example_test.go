package partnertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// The fake is stateful: a record that one call creates, the next call finds.
func Example() {
	ctx := context.Background()
	fake := partnertest.New()
	client := fake.Client()

	in := partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "newuser@partner.com", Plan: partnerapi.PlanBark}
	fmt.Println(client.Subscriptions.Create(ctx, in))
	fmt.Println(client.Subscriptions.Create(ctx, in))
	fmt.Println(fake.Subscription("MS2365"))
	// Output:
	// <nil>
	// partner: POST /partners/subscriptions: 400 Bad Request: Partner PK has already been added
	// {MS2365 newuser@partner.com bark} true
}

// A client with another credential is rejected, as by the API.
func ExampleFake_Client() {
	fake := partnertest.New()
	client := fake.Client(partnerapi.WithNetworkToken("expired"))

	_, err := client.Networks.Domains(context.Background())
	fmt.Println(errors.Is(err, partnerapi.ErrUnauthorized))
	// Output: true
}

func ExampleFake_SeedCustomer() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedCustomer(partnertest.Customer{
		Customer:    partnerapi.Customer{Email: "fan@example.com", FirstName: "Ann"},
		Password:    "temp123",
		Unconfirmed: true,
	})

	_, _, err := fake.Client().Accounts.Login(ctx, partnerapi.LoginRequest{Email: "fan@example.com", Password: "temp123"})
	fmt.Println(errors.Is(err, partnerapi.ErrForbidden))
	// Output: true
}

// An invitation expires by the fake's clock.
func ExampleFake_SetNow() {
	fake := partnertest.New(partnertest.WithInvitationLifetime(time.Hour))
	start := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	fake.SetNow(start)
	invited := fake.SeedInvitation(partnerapi.Invitation{Email: "jdoe@acme-corp.com"})
	fmt.Println(invited.Status)

	fake.SetNow(start.Add(time.Hour))
	fmt.Println(fake.Invitations()[0].Status)
	// Output:
	// pending
	// expired
}

// The token of an invitation comes by e-mail. The fake sends none; it returns the link.
func ExampleFake_ActivationLink() {
	ctx := context.Background()
	fake := partnertest.New()
	client := fake.Client()
	invited, err := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "jdoe@acme-corp.com", DomainID: "dom_agency"})
	if err != nil {
		fmt.Println(err)
		return
	}

	link, _ := fake.ActivationLink(invited.ID)
	token, err := partnerapi.InvitationToken(link)
	if err != nil {
		fmt.Println(err)
		return
	}
	activated, err := client.Invitations.Activate(ctx, token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(link)
	fmt.Println(activated.AccountID, activated.UserID)
	// Output:
	// https://yourapp.example/networks?token=token-nwi_1
	// act_1 usr_1
}

// Handle adds an operation that the fake does not know.
func ExampleFake_Handle() {
	type child struct {
		Name string `json:"name"`
	}
	fake := partnertest.New()
	fake.Handle("GET /partners/children/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(child{Name: "child " + r.PathValue("id")})
	}))

	got, err := partnerapi.Do[child](context.Background(), fake.Client(), partnerapi.Call{
		API:  partnerapi.PartnerAPI,
		Op:   "GET /partners/children/{id}",
		Args: []string{"7"},
	})
	fmt.Println(got.Name, err)
	// Output: child 7 <nil>
}

func ExampleFake_Calls() {
	fake := partnertest.New()
	_ = fake.Client().Subscriptions.Cancel(context.Background(), "MS2365")
	for _, call := range fake.Calls() {
		fmt.Println(call.Op, call.Path, call.Status)
	}
	// Output: DELETE /partners/subscriptions/{pk} /partners/subscriptions/MS2365 404
}

// A failing test prints the calls, one per line and without secrets.
func ExampleFake_CallsTo() {
	fake := partnertest.New()
	client := fake.Client()
	_, _ = client.Subscriptions.Ensure(context.Background(), partnerapi.CreateSubscriptionRequest{
		PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark,
	})

	if calls := fake.CallsTo("PUT /partners/subscriptions/{pk}"); len(calls) != 1 {
		fmt.Printf("%d updates in:\n%v\n", len(calls), fake.Calls())
	}
	// Output:
	// 0 updates in:
	// POST /partners/subscriptions 201
}
