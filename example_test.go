package partnerapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
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

	// Ensure is idempotent.
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
		Email:       "fan@example.com",
		FirstName:   "Robin",
		Birthdate:   partnerapi.Date{Year: 1995, Month: time.May, Day: 1},
		AcceptTerms: true,
		Password:    passPhrase,
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

	now, err := session.Export() // the call can have changed it, so store it again
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
	fmt.Printf("page %d of %d, %d records\n", page.Number, page.Pages, page.Total)
	if page.HasNext() {
		fmt.Printf("next: %+v\n", page.Next()) // for the link to the next page
	}
	// Output:
	// page 1 of 2, 2 records
	// next: {Search:Acme Filter: Page:2 Records:1}
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
		{Email: "", FeeProposed: partnerapi.Set(0.0)}, // set it to zero, which does not clear it
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
	// Output: true DELETE /partners/subscriptions/{pk}: pk: "." and ".." are invalid in a path
}

// The source supplies the token of each call.
func ExampleWithCredentialSource() {
	ctx := context.Background()
	token := partnerapi.TokenSourceFunc(func(context.Context) (string, error) {
		return partnertest.PartnerToken, nil // from your secret store
	})
	client := partnertest.New().Client(partnerapi.WithCredentialSource(partnerapi.PartnerToken, token))

	fmt.Println(client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: "parent@example.com", Plan: partnerapi.PlanBark}))
	// Output: <nil>
}

// A client that signs in when a call needs it. For the real API, SignIn needs no options.
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
		fake.ExpireJWTs() // the next response is a 401
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

// The steps of a sign-in, each with the JWT of the previous one.
func ExampleAppSessionsService() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.SeedAppUser(partnertest.AppUser{
		AppUser:  partnerapi.AppUser{Username: "robin"},
		Password: passPhrase,
		Accounts: []partnerapi.AccountChoice{{ID: "acc_1", Title: "Acme Seafood"}, {ID: "acc_2", Title: "Acme Dairy"}},
		Access:   partnerapi.AppAccess{"payment-methods": "crud"},
	})
	client := fake.Client()

	session, err := client.AppSessions.Start(ctx, partnerapi.WithCredential(partnerapi.NetworkToken, partnertest.AppKey))
	if err != nil {
		log.Fatal(err)
	}
	session, err = client.AppSessions.Login(ctx, partnerapi.AppLoginRequest{Username: "robin", Password: passPhrase},
		partnerapi.WithCredential(partnerapi.NetworkToken, session.JWT()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Authenticated, session.Accounts)
	session, err = client.AppSessions.SelectAccount(ctx, session.LastAccountID, partnerapi.WithCredential(partnerapi.NetworkToken, session.JWT()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Authenticated, session.Account.Title, session.Access.Can("payment-methods:d"))
	// Output:
	// false [{acc_1 Acme Seafood} {acc_2 Acme Dairy}]
	// true Acme Seafood true
}

// A token that changes while the program runs. After a 401 the file is read again, and the call is retried.
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

// A token session is refreshed when a call needs it. The hook stores the new tokens before that call continues.
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

// An attempt whose outcome is OutcomeAnswered is logged at debug level, any other at warn level.
func ExampleWithLogger() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.Fail("POST /partners/subscriptions", partnertest.Fault{Cut: partnertest.CutRefused}, partnertest.Fault{Status: 503})
	client := fake.Client(
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}),
		partnerapi.WithLogger(slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if slices.Contains([]string{slog.TimeKey, slog.MessageKey, "duration", "wait", "error"}, a.Key) {
					return slog.Attr{} // these differ between runs and systems, or make the lines long
				}
				return a
			},
		}))))

	_ = client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark})
	// Output:
	// level=WARN api=partner op="POST /partners/subscriptions" attempt=1 status=0 outcome=unsent
	// level=WARN api=partner op="POST /partners/subscriptions" attempt=2 status=503 outcome=unknown
	// level=DEBUG api=partner op="POST /partners/subscriptions" attempt=3 status=201 outcome=answered
}

// Operations and outcomes are few, so they can be labels of a metric. See examples/telemetry for Prometheus.
func ExampleWithAttemptHook() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.Fail("GET /account/network-domains", partnertest.Fault{Status: 502})
	attempts := make(map[string]int) // guarded by a mutex, if calls are made concurrently
	client := fake.Client(
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: time.Millisecond}),
		partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
			attempts[a.Op+" "+string(a.Outcome)]++
		}))

	_, err := client.Networks.Domains(ctx)
	fmt.Println(attempts, err)
	// Output: map[GET /account/network-domains answered:1 GET /account/network-domains unknown:1] <nil>
}

// named is a middleware that prints the operation of each request, which can also be the name of a span.
type named struct{ next http.RoundTripper }

func (n named) RoundTrip(req *http.Request) (*http.Response, error) {
	api, op := partnerapi.Operation(req.Context())
	resp, err := n.next.RoundTrip(req)
	fmt.Printf("%s API, %s\n", api, op)
	return resp, err
}

func ExampleOperation() {
	ctx := context.Background()
	client := partnertest.New().Client(partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return named{next} }))

	_ = client.Subscriptions.Cancel(ctx, "MS2365")
	// Output: partner API, DELETE /partners/subscriptions/{pk}
}

// The dump of a call with a plan that the API does not know.
func ExampleDump() {
	ctx := context.Background()
	var dumped strings.Builder // os.Stderr in a program
	client := partnertest.New().Client(partnerapi.WithMiddleware(partnerapi.Dump(&dumped)), partnerapi.WithUserAgent("example/1"))

	_ = client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS2365", Email: "parent@example.com", Plan: "brak"})
	for line := range strings.Lines(dumped.String()) {
		if strings.Contains(line, "{") {
			fmt.Print(line)
		}
	}
	// Output:
	// #1 > {"pk":"[redacted 6 bytes]","email":"[redacted 18 bytes]","plan":"brak"}
	// #1 < {"success":false,"error":"[redacted 27 bytes]","error_type":"invalid_params"}
}

// A field that the SDK does not know.
func ExampleWithResponseInto() {
	ctx := context.Background()
	fake := partnertest.New()
	fake.Handle("GET /account/networks/{child_account_id}", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"account_id":"acc_1","fee":2.5,"rating":4.5}`))
	}))
	client := fake.Client()

	var response partnerapi.Response
	network, err := client.Networks.Get(ctx, "acc_1", partnerapi.WithResponseInto(&response))
	if err != nil {
		log.Fatal(err)
	}
	var more struct {
		Rating float64 `json:"rating"`
	}
	err = json.Unmarshal(response.Body, &more)
	fmt.Println(network.Fee, more.Rating, err)
	fmt.Println(response.StatusCode, response)
	// Output:
	// 2.5 4.5 <nil>
	// 200 partnerapi.Response(redacted)
}
