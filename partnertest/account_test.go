package partnertest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// naveen is the customer in the vendor's document, in fan club 2.
func naveen() partnertest.Customer {
	return partnertest.Customer{
		Customer: partnerapi.Customer{
			ID: 1, FirstName: "Naveen", LastName: "Jain", Email: "temp123@sparkart.com", Birthdate: birthdate(1987, time.September, 3),
			Username: "Fighter123", FanclubID: 2, ListsOptIn: ptr(true), EmailAliases: []string{"temp123@sparkart.com", "tempupdate@sparkart.com"},
			Authentications: []partnerapi.Authentication{{Name: "facebook"}, {Name: "twitter"}},
			Subscription: &partnerapi.Membership{
				Plan: partnerapi.MembershipPlan{
					ID: 3, Name: "Another Plan", Class: "another-plan", Description: "<p>Plan description or else null</p>",
					OnlineBenefits: "<p>Plan online benefits or else null</p>", Annotations: "<p>Plan annotations or else null</p>",
					Tags: []string{"presales"},
				},
				StartDate: time.Date(2013, time.January, 29, 23, 39, 59, 0, time.UTC),
				EndDate:   time.Date(2014, time.January, 29, 23, 39, 59, 0, time.UTC),
				Affiliates: []partnerapi.Affiliate{
					{ID: 1, Name: "UFC Presales", Codes: []string{"test-code-1", "test-code-2"}},
					{ID: 2, Name: "UFC.tv PPV", Codes: []string{"ppv-test-code"}},
				},
			},
		},
		Password: "temp123",
		Benefits: []partnerapi.Benefit{{ID: 8, Summary: "Benefit Summary 1", BenefitType: "online"}},
	}
}

// robot is the customer in the document's login.
func robot() partnertest.Customer {
	return partnertest.Customer{
		Customer: partnerapi.Customer{
			ID: 2, FirstName: "Test", LastName: "Robot", Email: "test@example.com", Birthdate: birthdate(1995, time.January, 30),
			EmailAliases: []string{"test@example.com", "tempupdate@sparkart.com"},
			Subscription: &partnerapi.Membership{
				Plan:      partnerapi.MembershipPlan{ID: 1, Name: "The Free Plan", Class: "the-free-plan"},
				StartDate: time.Date(2013, time.January, 29, 19, 56, 34, 0, time.FixedZone("PST", -8*60*60)),
			},
		},
		Password: "temp123",
	}
}

func TestCustomersAsDocumented(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithFanclub(partnertest.Fanclub{ID: 2, Key: "second", OrganizationKey: "organization-2"}))
	f.SetNow(june)
	customer := naveen()
	f.SeedCustomer(customer)
	f.SeedCustomer(robot())
	run(t, f, []step{
		{"login", "POST /account/login", `{"email":"test@example.com","password":"temp123"}`, nil, 200, "@post-login.ok.json"},
		{"search", "GET /account/account/search?email=temp123@sparkart.com&key=second", "", http.Header{"Api-Key": {"organization-2"}}, 200, "@get-account-search.ok.json"},
	})

	session := with(login(t, f, "second", "temp123@sparkart.com", "temp123"))
	customer.InvalidEmailMessage = "Please update and confirm your email to continue receiving important notifications from us."
	f.SeedCustomer(customer)
	run(t, f, []step{
		{"get", "GET /account/account?key=second", "", session, 200, "@get-account.ok.json"},
		{"benefits", "GET /account/account/benefits?key=second", "", session, 200, "@get-account-benefits.ok.json"},
		{"of another fan club", "GET /account/account", "", session, 200, "@get-account.no-customer.json"},
	})
	customer.Subscription = nil
	f.SeedCustomer(customer)
	run(t, f, []step{{"no benefits", "GET /account/account/benefits?key=second", "", session, 200, "@get-account-benefits.none.json"}})

	customer.Registered, customer.ListsOptIn = ptr(false), nil
	f.SeedCustomer(customer)
	run(t, f, []step{
		{"unregistered", "GET /account/account?key=second", "", session, 200, "@get-account.unregistered.json"},
		{"unregistered", "GET /account/account/benefits?key=second", "", session, 200, "@get-account-benefits.logged-out.json"},
		{"unregistered", "POST /account/account?key=second", `{"first_name":"A"}`, session, 200, "@get-account-benefits.logged-out.json"},
	})
}

func TestUpdateAccountAsDocumented(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithFanclub(partnertest.Fanclub{ID: 12, Key: "twelve"}))
	f.SetNow(june)
	f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{
		ID: 55, Email: "rwar1@haha.com", FirstName: "joe", LastName: "jackson", Birthdate: birthdate(1995, time.May, 1), FanclubID: 12,
		EmailAliases: []string{"tempupdate@sparkart.com"},
	}, Password: "temp123"})
	f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "taken@example.com", FanclubID: 12}})
	session := with(login(t, f, "twelve", "RWAR1@haha.com", "temp123"))
	run(t, f, []step{
		{"wrong", "POST /account/account?key=twelve", `{"email":"Taken@example.com","current_password":"no","password":"x","password_confirmation":"x"}`, session, 200, "@post-account.invalid.json"},
		{"right", "POST /account/account?key=twelve", fixture(t, "post-account.request.json"), session, 200, "@post-account.ok.json"},
		{"old password", "POST /account/login?key=twelve", `{"email":"random@sparkart.com","password":"temp123"}`, nil, 200, "@post-login.wrong-password.json"},
		{"old e-mail", "POST /account/login?key=twelve", `{"email":"rwar1@haha.com","password":"asdf123"}`, nil, 200, "@post-login.wrong-password.json"},
		{"logged out", "POST /account/account", `{"first_name":"A"}`, nil, 200, "@get-account-benefits.logged-out.json"},
	})
	assert.Equal(t, "asdf123", f.Customers()[1].Password)
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body, want string // the changed part of the response, or a failure
	}{
		{"nothing", `{}`, `{}`},
		{"names", `{"first_name":"A","last_name":"B","username":"c"}`, `{"first_name":"A","last_name":"B","username":"c"}`},
		{"an empty name", `{"first_name":""}`, `{"first_name":null}`},
		{"e-mail", `{"email":"new@example.com"}`, `{"email":"new@example.com","email_aliases":["new@example.com","test@example.com","tempupdate@sparkart.com"]}`},
		{"the same e-mail in capitals", `{"email":"TEST@example.com"}`, `{"email":"TEST@example.com","email_aliases":["TEST@example.com","test@example.com","tempupdate@sparkart.com"]}`},
		{"no e-mail", `{"email":""}`, `["Email can't be blank"]`},
		{"another confirmation", `{"current_password":"temp123","password":"a","password_confirmation":"b"}`, `["Password confirmation doesn't match Password"]`},
		{"no confirmation", `{"current_password":"temp123","password":"a"}`, `["Password confirmation doesn't match Password"]`},
		{"no current password", `{"password":"a","password_confirmation":"a"}`, `["Current password is incorrect"]`},
		{"confirmation only", `{"current_password":"temp123","password_confirmation":"a"}`, `["Password can't be blank","Password confirmation doesn't match Password"]`},
		{"not JSON", `first_name=A`, `["Customer parameter is required."]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := partnertest.New()
			f.SetNow(june)
			f.SeedCustomer(robot())
			session := with(login(t, f, partnertest.AccountKey, "test@example.com", "temp123"))
			resp := step{target: "POST /account/account", body: c.body, header: session}.send(t, f)
			assert.Equal(t, 200, resp.status)
			got := decoded(t, resp.body)
			if strings.HasPrefix(c.want, "[") {
				assert.Equal(t, map[string]any{"status": "error", "messages": decodedAny(t, c.want)}, got)
				assert.Equal(t, "Test", f.Customers()[0].FirstName)
				return
			}
			want := decoded(t, fixture(t, "post-login.ok.json"))
			customer, ok := want["customer"].(map[string]any)
			require.True(t, ok)
			delete(customer, "registered")
			for name, value := range decoded(t, c.want) {
				customer[name] = value
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestListsOptIn(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedCustomer(robot())
	session := with(login(t, f, partnertest.AccountKey, "test@example.com", "temp123"))
	for _, c := range []struct {
		body string
		want bool
	}{
		{`{"first_name":"A"}`, false},
		{`{"lists_opt_in":"True","lists_opt_in_source":"Giveaway Campaign"}`, true},
		{`{"lists_opt_in":"no"}`, true},
		{`{"lists_opt_in":false}`, true},
		{`{"lists_opt_in":{}}`, true},
		{`{"lists_opt_in":"False"}`, false},
		{`{"lists_opt_in":true}`, false},
	} {
		changed := decoded(t, step{target: "POST /account/account", body: c.body, header: session}.send(t, f).body)
		assert.Equal(t, "ok", changed["status"], c.body)
		got, ok := decoded(t, step{target: "GET /account/account", header: session}.send(t, f).body)["customer"].(map[string]any)
		require.True(t, ok)
		assert.Equal(t, c.want, got["lists_opt_in"], c.body)
		assert.Equal(t, false, got["auto_renewal_enabled"], c.body)
	}
}

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SetNow(june)
	run(t, f, []step{
		{"as documented", "POST /account/accounts", fixture(t, "post-accounts.request.json"), nil, 200, `{"status":"ok","customer":{
			"id":1,"first_name":"joe","last_name":"jackson","email":"rwar1@haha.com","new_email":null,"birthdate":"1995-05-01","age":19,
			"username":"shoelessJoe","fanclub_id":1,"expired":true,"trial_membership":false,"at_renewal_cap":false,
			"email_aliases":["rwar1@haha.com"],"invalid_email_message":null,"authentications":[]}}`},
		{"everything is wrong", "POST /account/accounts", `{"email":"RWAR1@haha.com","password_attributes":{"password":"","password_confirmation":""}}`, nil, 200, "@post-accounts.invalid.json"},
		{"no body", "POST /account/accounts", "", nil, 200, "@post-accounts.missing-customer.json"},
		{"an empty object", "POST /account/accounts", "{}", nil, 200, "@post-accounts.missing-customer.json"},
		{"not JSON", "POST /account/accounts", "email=a", nil, 200, "@post-accounts.missing-customer.json"},
		{"no e-mail", "POST /account/accounts", `{"birthdate":"1995-05-01"}`, nil, 200, `{"status":"error","messages":["Email can't be blank"]}`},
		{"no day", "POST /account/accounts", `{"email":"b@example.com","birthdate":"1995-02-30"}`, nil, 200, `{"status":"error","messages":["Birthdate is invalid"]}`},
		{"another confirmation", "POST /account/accounts", `{"email":"b@example.com","birthdate":"1995-02-03","password_attributes":{"password":"a","password_confirmation":"b"}}`, nil, 200,
			`{"status":"error","messages":["Password confirmation doesn't match Password"]}`},
		{"little", "POST /account/accounts", `{"email":"b@example.com","birthdate":"1995-06-02"}`, nil, 200, `{"status":"ok","customer":{
			"id":2,"first_name":null,"last_name":null,"email":"b@example.com","new_email":null,"birthdate":"1995-06-02","age":18,
			"fanclub_id":1,"expired":true,"trial_membership":false,"at_renewal_cap":false,
			"email_aliases":["b@example.com"],"invalid_email_message":null,"authentications":[]}}`},
		{"login without a password", "POST /account/login", `{"email":"b@example.com","password":""}`, nil, 200, "@post-login.wrong-password.json"},
	})
	session := with(login(t, f, partnertest.AccountKey, "rwar1@haha.com", "temp123"))
	run(t, f, []step{{"no subscription", "GET /account/account/benefits", "", session, 200, "@get-account-benefits.none.json"}})
	assert.Len(t, f.Customers(), 2)
}

func TestLoginFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		change     func(*partnertest.Customer)
		want       string
	}{
		{"wrong password", `{"email":"test@example.com","password":"no"}`, nil, "@post-login.wrong-password.json"},
		{"unknown e-mail", `{"email":"nobody@example.com","password":"temp123"}`, nil, "@post-login.wrong-password.json"},
		{"no body", "", nil, "@post-login.wrong-password.json"},
		{"another fan club", `{"email":"test@example.com","password":"temp123"}`, func(c *partnertest.Customer) { c.FanclubID = 2 }, "@post-login.wrong-password.json"},
		{"no password", `{"email":"test@example.com"}`, func(c *partnertest.Customer) { c.Password = "" }, "@post-login.wrong-password.json"},
		{"blocked", `{"email":"test@example.com","password":"temp123"}`, func(c *partnertest.Customer) { c.Blocked = true }, "@post-login.blocked.json"},
		{"unregistered", `{"email":"test@example.com","password":"temp123"}`, func(c *partnertest.Customer) { c.Registered = ptr(false) }, "@post-login.unregistered.json"},
		{"unconfirmed", `{"email":"test@example.com","password":"temp123"}`, func(c *partnertest.Customer) { c.Unconfirmed = true }, "@post-login.unconfirmed.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := partnertest.New()
			customer := robot()
			if c.change != nil {
				c.change(&customer)
			}
			f.SeedCustomer(customer)
			s := step{name: c.name, target: "POST /account/login", body: c.body, status: 200, want: c.want}
			run(t, f, []step{s})
			assert.Empty(t, s.send(t, f).cookies)
		})
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedCustomer(robot())
	cookie := login(t, f, partnertest.AccountKey, "test@example.com", "temp123")
	assert.True(t, cookie.HttpOnly)
	assert.GreaterOrEqual(t, len(cookie.Value), 26, "128 bits")
	session := with(cookie)
	assert.NotEqual(t, session, with(login(t, f, partnertest.AccountKey, "test@example.com", "temp123")), "each login starts a new session")

	invalid := http.Header{"Cookie": {cookie.Name + "=invalid"}}
	run(t, f, []step{
		{"logged out", "GET /account/account", "", nil, 200, "@get-account.no-customer.json"},
		{"logged out", "GET /account/account/status", "", nil, 200, "@get-account-status.logged-out.json"},
		{"logged out", "GET /account/account/benefits", "", nil, 200, "@get-account-benefits.logged-out.json"},
		{"logged out", "GET /account/logout", "", nil, 200, "@get-logout.ok.json"},
		{"an invalid cookie counts as a cookie", "GET /account/account/status", "", invalid, 200, "@get-account-status.ok.json"},
		{"invalid cookie", "GET /account/account", "", invalid, 200, "@get-account.no-customer.json"},
		{"a customer", "GET /account/account/status", "", session, 200, "@get-account-status.ok.json"},
		{"a customer", "GET /account/account/benefits", "", session, 200, "@get-account-benefits.none.json"},
	})
	resp := step{target: "GET /account/logout", header: session}.send(t, f)
	assert.JSONEq(t, fixture(t, "get-logout.ok.json"), resp.body)
	require.Len(t, resp.cookies, 1)
	assert.Equal(t, cookie.Name, resp.cookies[0].Name)
	assert.Negative(t, resp.cookies[0].MaxAge)
	run(t, f, []step{{"logged out", "GET /account/account", "", session, 200, "@get-account.no-customer.json"}})

	session = with(login(t, f, partnertest.AccountKey, "test@example.com", "temp123"))
	for _, change := range []func(*partnertest.Customer){
		func(c *partnertest.Customer) { c.Blocked = true },
		func(c *partnertest.Customer) { c.Unconfirmed = true },
	} {
		customer := robot()
		change(&customer)
		f.SeedCustomer(customer)
		run(t, f, []step{{"no longer", "GET /account/account", "", session, 200, "@get-account.no-customer.json"}})
	}
}

func TestAccountKeys(t *testing.T) {
	t.Parallel()
	f := partnertest.New(
		partnertest.WithFanclub(partnertest.Fanclub{ID: 2, Key: "second", OrganizationKey: "organization-2"}),
		partnertest.WithFanclub(partnertest.Fanclub{ID: 3, Key: "third"}),
	)
	f.SeedCustomer(robot())
	const search = "GET /account/account/search?email=TEST%40example.com"
	run(t, f, []step{
		{"no key", "GET /account/account?key=", "", nil, 200, "@get-account-search.invalid-api-key.json"},
		{"wrong key", "POST /account/accounts?key=wrong", "{}", nil, 200, "@get-account-search.invalid-api-key.json"},
		{"wrong key", search + "&key=wrong", "", nil, 200, "@get-account-search.invalid-api-key.json"},
		{"no organisation", search, "", http.Header{"Api-Key": nil}, 200, "@get-account-search.invalid-api-key.json"},
		{"unknown fan club", search + "&key=third", "", http.Header{"Api-Key": nil}, 200, "@get-account-search.invalid-api-key.json"},
		{"another organisation", search, "", http.Header{"Api-Key": {"organization-2"}}, 200, "@get-account-search.invalid-api-key.json"},
		{"another fan club's organisation", search + "&key=second", "", nil, 200, "@get-account-search.invalid-api-key.json"},
		{"another fan club", search + "&key=second", "", http.Header{"Api-Key": {"organization-2"}}, 200, "@get-account-search.no-customer.json"},
		{"no e-mail", "GET /account/account/search", "", nil, 200, "@get-account-search.no-customer.json"},
	})
	got := decoded(t, step{target: search}.send(t, f).body)
	customer, ok := got["customer"].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, "test@example.com", customer["email"])
	assert.NotContains(t, customer, "registered")
	assert.NotContains(t, customer, "lists_opt_in")
}

func TestAges(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SetNow(june)
	got := f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "a@example.com", Birthdate: birthdate(2000, time.June, 2)}})
	assert.Equal(t, 13, got.Age)
	for _, c := range []struct {
		month time.Month
		day   int
		want  int
	}{{time.June, 1, 13}, {time.June, 2, 14}, {time.July, 1, 14}, {time.May, 3, 13}} {
		f.SetNow(time.Date(2014, c.month, c.day, 0, 0, 0, 0, time.UTC))
		assert.Equal(t, c.want, f.Customers()[0].Age, "%v %v", c.month, c.day)
	}
}
