package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// naveen is the customer of the documented replies to GET /account and GET /account/search, in which three fields differ.
func naveen(autoRenewal, optIn *bool, invalidEmail string) *partnerapi.Customer {
	return &partnerapi.Customer{
		ID: 1, FirstName: "Naveen", LastName: "Jain", Email: "temp123@sparkart.com",
		Birthdate: partnerapi.Date{Year: 1987, Month: time.September, Day: 3}, Age: 26, Username: "Fighter123", FanclubID: 2,
		AutoRenewalEnabled: autoRenewal, ListsOptIn: optIn,
		EmailAliases:        []string{"temp123@sparkart.com", "tempupdate@sparkart.com"},
		InvalidEmailMessage: invalidEmail,
		Authentications:     []partnerapi.Authentication{{Name: "facebook"}, {Name: "twitter"}},
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
	}
}

// robot is the customer of the documented reply to POST /login.
var robot = partnerapi.Customer{
	ID: 2, FirstName: "Test", LastName: "Robot", Email: "test@example.com", Birthdate: partnerapi.Date{Year: 1995, Month: time.January, Day: 30}, Age: 19,
	FanclubID: 1, Registered: ptr(true),
	EmailAliases: []string{"test@example.com", "tempupdate@sparkart.com"}, Authentications: []partnerapi.Authentication{},
	Subscription: &partnerapi.Membership{
		Plan:       partnerapi.MembershipPlan{ID: 1, Name: "The Free Plan", Class: "the-free-plan", Tags: []string{}},
		StartDate:  time.Date(2013, time.January, 30, 3, 56, 34, 0, time.UTC),
		Affiliates: []partnerapi.Affiliate{},
	},
}

func getAccount(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Accounts.Get(ctx, partnerapi.NewSession())
}

func accountStatus(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Accounts.Status(ctx, partnerapi.NewSession())
}

func createAccount(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Accounts.Create(ctx, partnerapi.CreateAccountRequest{
		Email: "rwar1@haha.com", FirstName: "joe", LastName: "jackson", Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1},
		Username: "shoelessJoe", AcceptTerms: true, Password: "temp123", PasswordConfirmation: "temp123",
	})
}

func updateAccount(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Accounts.Update(ctx, partnerapi.NewSession(), partnerapi.UpdateAccountRequest{
		Email: "random@sparkart.com", FirstName: "Bobby", LastName: "Ricky", Username: "slice-and-dice",
		CurrentPassword: "temp123", Password: "asdf123", PasswordConfirmation: "asdf123",
	})
}

func benefits(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Accounts.Benefits(ctx, partnerapi.NewSession())
}

func login(ctx context.Context, c *partnerapi.Client) (any, error) {
	customer, session, err := c.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "test@sparkart.com", Password: "temp123"})
	if session == nil && err == nil || session != nil && err != nil && !errors.Is(err, partnerapi.ErrBadResponse) {
		return customer, fmt.Errorf("session %v with error %w", session, err)
	}
	return customer, err
}

func logout(ctx context.Context, c *partnerapi.Client) (any, error) {
	return nil, c.Accounts.Logout(ctx, partnerapi.NewSession())
}

func search(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Accounts.Search(ctx, "temp123@sparkart.com")
}

func refreshTokens(ctx context.Context, c *partnerapi.Client) (any, error) {
	return partnerapi.Do[map[string]any](ctx, c, partnerapi.Call{API: partnerapi.AccountAPI, Op: "POST /refresh", Body: map[string]string{"refresh_token": "R"}})
}

var accountReplies = map[string]replyTest{
	"get-account.ok": {
		status: 200, call: getAccount,
		want: naveen(ptr(false), ptr(true),
			"Please update and confirm your email to continue receiving important notifications from us."),
	},
	"get-account.unregistered": {
		status: 200, call: getAccount,
		want: &partnerapi.Customer{ListsOptIn: ptr(false), EmailAliases: []string{}, Authentications: []partnerapi.Authentication{}},
	},
	"get-account.no-customer":       {status: 200, call: getAccount, kinds: []error{partnerapi.ErrNotLoggedIn}},
	"get-account-status.ok":         {status: 200, call: accountStatus, want: true},
	"get-account-status.logged-out": {status: 200, call: accountStatus, want: false},
	"post-accounts.ok": {
		status: 200, call: createAccount,
		want: &partnerapi.Customer{
			ID: 55, FirstName: "joe", LastName: "jackson", Email: "rwar1@haha.com", Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1}, Age: 19,
			FanclubID: 73, EmailAliases: []string{"rwar1@haha.com", "tempupdate@sparkart.com"}, Authentications: []partnerapi.Authentication{},
		},
	},
	"post-accounts.invalid": {
		status: 200, call: createAccount, kinds: []error{partnerapi.ErrInvalid, partnerapi.ErrAlreadyExists},
		says: []string{"Birthdate can't be blank", "Email has already been taken", "Password can't be blank"},
	},
	"post-accounts.missing-customer": {
		status: 200, call: createAccount, kinds: []error{partnerapi.ErrInvalid}, says: []string{"Customer parameter is required."},
	},
	"post-account.ok": {
		status: 200, call: updateAccount,
		want: &partnerapi.Customer{
			ID: 55, FirstName: "Bobby", LastName: "Ricky", Email: "random@sparkart.com", Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1}, Age: 19,
			Username: "slice-and-dice", FanclubID: 12, EmailAliases: []string{"random@sparkart.com", "tempupdate@sparkart.com"},
			Authentications: []partnerapi.Authentication{},
		},
	},
	"post-account.invalid": {
		status: 200, call: updateAccount, kinds: []error{partnerapi.ErrInvalid, partnerapi.ErrAlreadyExists},
		says: []string{"Email has already been taken", "Current password is incorrect"},
	},
	"get-account-benefits.ok": {
		status: 200, call: benefits, want: []partnerapi.Benefit{{ID: 8, Summary: "Benefit Summary 1", BenefitType: "online"}},
	},
	"get-account-benefits.none": {status: 200, call: benefits, want: []partnerapi.Benefit{}},
	"get-account-benefits.logged-out": {
		status: 200, call: benefits, kinds: []error{partnerapi.ErrNotLoggedIn}, says: []string{"Please log in to access your online benefits."},
	},
	"post-login.ok": {status: 200, header: []string{"Set-Cookie", "sid=1"}, call: login, want: &robot},
	"post-login.blocked": {
		status: 200, call: login, kinds: []error{partnerapi.ErrForbidden},
		says: []string{"Unable to login. Please contact support@sparkart.com for assistance."},
	},
	"post-login.wrong-password": {
		status: 200, call: login, kinds: []error{partnerapi.ErrUnauthorized, partnerapi.ErrWrongPassword}, says: []string{"Email and password combination is incorrect."},
	},
	"post-login.unregistered": {
		status: 200, call: login, kinds: []error{partnerapi.ErrForbidden},
		says: []string{"Your email address has an unregistered account associated with it. Please contact support for assistance."},
	},
	"post-login.unconfirmed": {
		status: 200, call: login, kinds: []error{partnerapi.ErrForbidden},
		says: []string{"Your email address has not been confirmed. " +
			"Please click on the link from your confirmation email or contact support for assistance."},
	},
	"post-login.facebook-signature": {
		status: 200, call: login, kinds: []error{partnerapi.ErrInvalid},
		says: []string{"Invalid request: Format. Please try logging into Facebook again."},
	},
	"post-login.facebook-access": {
		status: 200, call: login, kinds: []error{partnerapi.ErrForbidden},
		says: []string{"Sorry, your Facebook account does not have access to this website."},
	},
	"get-logout.ok":                  {status: 200, call: logout},
	"get-account-search.ok":          {status: 200, call: search, want: naveen(nil, nil, "")},
	"get-account-search.no-customer": {status: 200, call: search, kinds: []error{partnerapi.ErrNotFound}},
	"get-account-search.invalid-api-key": {
		status: 200, call: search, kinds: []error{partnerapi.ErrUnauthorized}, says: []string{"Please use a valid API Key."},
	},
	"account.empty":           {status: 200, call: logout},
	"account.status-bare":     {status: 200, call: accountStatus, want: true},
	"account.message-string":  {status: 200, call: search, kinds: []error{partnerapi.ErrBadResponse}, says: []string{"Not Found"}},
	"account.refresh-refused": {status: 200, call: refreshTokens, kinds: []error{partnerapi.ErrUnauthorized}, says: []string{"Unable to decode refresh token"}},
}

var accountRequests = map[string]requestTest{
	"post-accounts.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := createAccount(ctx, c)
		return err
	},
	"post-account.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := updateAccount(ctx, c)
		return err
	},
	"post-login.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := login(ctx, c)
		return err
	},
}

func TestAccountRequestsLeaveOutZeroFields(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		call requestTest
		want string
	}{
		"create": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Create(ctx, partnerapi.CreateAccountRequest{Email: "joe@example.com"})
			return err
		}, `{"email":"joe@example.com"}`},
		"create with the zero value": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Create(ctx, partnerapi.CreateAccountRequest{})
			return err
		}, `{}`},
		"create with half a password": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Create(ctx, partnerapi.CreateAccountRequest{PasswordConfirmation: "p"})
			return err
		}, `{"password_attributes":{"password_confirmation":"p"}}`},
		"opt in": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Update(ctx, partnerapi.NewSession(), partnerapi.UpdateAccountRequest{ListsOptIn: partnerapi.OptInTrue, ListsOptInSource: "Giveaway Campaign"})
			return err
		}, `{"lists_opt_in":"True","lists_opt_in_source":"Giveaway Campaign"}`},
		"opt out": {func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Update(ctx, partnerapi.NewSession(), partnerapi.UpdateAccountRequest{ListsOptIn: partnerapi.OptInFalse})
			return err
		}, `{"lists_opt_in":"False"}`},
		"log in with the zero value": {func(ctx context.Context, c *partnerapi.Client) error {
			_, _, err := c.Accounts.Login(ctx, partnerapi.LoginRequest{})
			return err
		}, `{}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTranscript(teapot)
			require.Error(t, test.call(t.Context(), newTestClient(t, log)))
			require.Len(t, log.bodies, 1)
			assert.JSONEq(t, test.want, log.bodies[0])
		})
	}
}

func TestBlankBenefits(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"benefits":[null]}`, `{"benefits":[{"id":8},{}]}`} {
		client := newTestClient(t, newTranscript(always(200, body)))
		_, err := client.Accounts.Benefits(t.Context(), partnerapi.NewSession())
		assertKinds(t, err, partnerapi.ErrBadResponse)
	}
}

func TestAccountArgumentsRefused(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	client := newTestClient(t, log)
	_, err := client.Accounts.Update(t.Context(), partnerapi.NewSession(), partnerapi.UpdateAccountRequest{})
	assertRefused(t, err, "UpdateAccountRequest", "no field is set")
	_, err = client.Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{Birthdate: partnerapi.Date{Year: 1995, Month: time.February, Day: 30}})
	assertRefused(t, err, "Birthdate", "not a calendar date")
	assert.NotContains(t, err.Error(), "1995")
	assert.Empty(t, log.requests)
}

// Every method that takes a session refuses a nil and a zero one.
func TestAccountCallsNeedASession(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	accounts := newTestClient(t, log).Accounts
	for what, session := range map[string]*partnerapi.Session{"nil": nil, "zero": {}} {
		for name, call := range map[string]func() error{
			"Get":    func() error { _, err := accounts.Get(t.Context(), session); return err },
			"Status": func() error { _, err := accounts.Status(t.Context(), session); return err },
			"Update": func() error {
				_, err := accounts.Update(t.Context(), session, partnerapi.UpdateAccountRequest{Email: "e"})
				return err
			},
			"Benefits": func() error { _, err := accounts.Benefits(t.Context(), session); return err },
			"Logout":   func() error { return accounts.Logout(t.Context(), session) },
		} {
			var refused *partnerapi.ArgumentError
			if assert.ErrorAs(t, call(), &refused, "%s with a %s session", name, what) {
				assert.Equal(t, "session", refused.Name)
				assert.Equal(t, "nil or zero: sessions are made by Login, NewTokenSession, ImportSession or NewSession", refused.Reason)
			}
		}
	}
	assert.Empty(t, log.requests)
}

func TestAccountBodiesWithoutTheValue(t *testing.T) {
	t.Parallel()
	calls := map[string]struct {
		call func(context.Context, *partnerapi.Client) (any, error)
		key  string
	}{
		"Create":   {createAccount, "customer"},
		"Login":    {login, "customer"},
		"Get":      {getAccount, "customer"},
		"Update":   {updateAccount, "customer"},
		"Search":   {search, "customer"},
		"Status":   {accountStatus, "logged_in"},
		"Benefits": {benefits, "benefits"},
	}
	for name, test := range calls {
		bodies := []string{
			``, ` `, `null`, `[]`, `{"status":"ok","` + test.key + `":"x"}`, `{"status":"ok","` + test.key + `":[{}`,
			`{"status":"ok","` + test.key + `":{"id":1},}`, `{"status":"pending","` + test.key + `":null}`, `<html>`, `{"status":"ok"} {}`,
		}
		if name != "Get" && name != "Search" {
			bodies = append(bodies, `{}`, `{"status":"ok"}`, `{"status":"ok","other":null}`)
		}
		if test.key == "customer" {
			bodies = append(bodies, `{"status":"ok","customer":{}}`, `{"status":"ok","customer":{"id":"x"}}`)
		} else {
			bodies = append(bodies, `{"status":"ok","`+test.key+`":null}`)
		}
		for _, body := range bodies {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				got, err := test.call(t.Context(), newTestClient(t, newTranscript(always(200, body, "Set-Cookie", "sid=1"))))
				assertKinds(t, err, partnerapi.ErrBadResponse)
				assert.Zero(t, got)
			})
		}
	}
}

// The API has several forms for no customer.
func TestAccountNoCustomer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, `{"status":"ok"}`, `{"status":"ok","customer":null}`, `{"status":"ok","Customer":{"id":7}}`, `{"success":true}`,
		`{"customer": null }`, ` { } `, `{"status":"ok","customer":{"id":7},"customer":null}`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			got, err := getAccount(t.Context(), newTestClient(t, newTranscript(always(200, body))))
			assertKinds(t, err, partnerapi.ErrNotLoggedIn)
			assert.Zero(t, got)
			got, err = search(t.Context(), newTestClient(t, newTranscript(always(200, body))))
			assertKinds(t, err, partnerapi.ErrNotFound)
			assert.Zero(t, got)
		})
	}
}

func TestAccountNullCustomer(t *testing.T) {
	t.Parallel()
	const body = `{"status":"ok","customer":null}`
	for name, test := range map[string]struct {
		call func(context.Context, *partnerapi.Client) (any, error)
		kind error
	}{
		"Get":    {getAccount, partnerapi.ErrNotLoggedIn},
		"Update": {updateAccount, partnerapi.ErrNotLoggedIn},
		"Search": {search, partnerapi.ErrNotFound},
		"Create": {createAccount, partnerapi.ErrBadResponse},
		"Login":  {login, partnerapi.ErrBadResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.call(t.Context(), newTestClient(t, newTranscript(always(200, body, "Set-Cookie", "sid=1"))))
			assertKinds(t, err, test.kind)
		})
	}
}

// A write that succeeded returns a session or a value even if a field of its response is invalid.
func TestWriteWithAnUnreadableResponse(t *testing.T) {
	t.Parallel()
	client := func(body string) *partnerapi.Client {
		return newTestClient(t, newTranscript(always(200, body, "Set-Cookie", "sid=1; path=/")))
	}
	for _, odd := range []string{`"age":[]`, `"age":{"years":26}`, `"age":26.5`, `"subscription":"gold"`, `"birthdate":"soon"`} {
		t.Run(odd, func(t *testing.T) {
			t.Parallel()
			body := `{"status":"ok","customer":{"id":7,` + odd + `,"email":"kim@example.com"}}`
			want := &partnerapi.Customer{ID: 7, Email: "kim@example.com"}

			customer, session, err := client(body).Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: "kim@example.com", Password: "p"})
			assertKinds(t, err, partnerapi.ErrBadResponse)
			assert.Equal(t, want, customer)
			require.NotNil(t, session)
			_, err = newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				assert.Equal(t, "sid=1", req.Header.Get("Cookie"))
				return reply(200, `{"customer":{"id":7}}`), nil
			})).Accounts.Get(t.Context(), session)
			require.NoError(t, err)

			customer, err = client(body).Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{Email: "kim@example.com"})
			assertKinds(t, err, partnerapi.ErrBadResponse)
			assert.Equal(t, want, customer)
			customer, err = client(body).Accounts.Update(t.Context(), partnerapi.NewSession(), partnerapi.UpdateAccountRequest{FirstName: "Kim"})
			assertKinds(t, err, partnerapi.ErrBadResponse)
			assert.Equal(t, want, customer)

			customer, err = client(body).Accounts.Get(t.Context(), partnerapi.NewSession())
			assertKinds(t, err, partnerapi.ErrBadResponse)
			assert.Nil(t, customer, "a read can be made again")
		})
	}
	activation, err := client(`{"account_id":"act_1","user_id":7,"domain_id":"dom_1"}`).Invitations.Activate(t.Context(), "TOKEN")
	assertKinds(t, err, partnerapi.ErrBadResponse)
	assert.Equal(t, &partnerapi.Activation{AccountID: "act_1", DomainID: "dom_1"}, activation)
	deletion, err := client(`{"parent_account_id":[],"child_account_id":"acc_2"}`).Networks.Delete(t.Context(), "acc_2")
	assertKinds(t, err, partnerapi.ErrBadResponse)
	assert.Equal(t, &partnerapi.NetworkDeletion{ChildAccountID: "acc_2"}, deletion)
	invitation, err := client(`{"id":"inv_1","created":"soon"}`).Invitations.Create(t.Context(), partnerapi.CreateInvitationRequest{Email: "kim@example.com"})
	require.NoError(t, err, "the reply is not documented")
	assert.Equal(t, &partnerapi.Invitation{ID: "inv_1"}, invitation)
	made, err := partnerapi.Do[struct{ ID, Age int }](t.Context(), client(`{"ID":7,"Age":"x"}`), partnerapi.Call{API: partnerapi.AccountAPI, Op: "POST /things"})
	assertKinds(t, err, partnerapi.ErrBadResponse)
	assert.Equal(t, 7, made.ID)
}

// If the API reports success but the customer is unreadable, Login returns the session with the error. A response that
// reports no success, or sets no cookie, makes no session.
func TestLoginWithAnUnreadableCustomer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		cookie string
		kept   bool
	}{
		"no customer":              {200, `{"status":"ok"}`, "sid=1", true},
		"a customer that is null":  {200, `{"status":"ok","customer":null}`, "sid=1", true},
		"a customer that is empty": {200, `{"status":"ok","customer":{}}`, "sid=1", true},
		"a customer that is text":  {200, `{"customer":"Kim"}`, "sid=1", true},
		"an empty body":            {200, ``, "sid=1", false},
		"no cookie":                {200, `{"status":"ok","customer":{"id":"x"}}`, "", false},
		"an expired cookie":        {200, `{"status":"ok","customer":{"id":"x"}}`, "sid=1; Max-Age=0", false},
		"a page":                   {200, `<html>`, "sid=1", false},
		"a cut body":               {200, `{"status":"ok","customer":{"id":7`, "sid=1", false},
		"a refusal":                {200, `{"status":"error","messages":["Please log in."]}`, "sid=1", false},
		"a status of its own":      {200, `{"status":"pending","customer":{"id":7}}`, "sid=1", false},
		"a server error":           {500, `{"customer":{"id":7}}`, "sid=1", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newTestClient(t, always(test.status, test.body, "Set-Cookie", test.cookie))
				customer, session, err := client.Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: "kim@example.com", Password: "p"})
				require.Error(t, err)
				assert.Nil(t, customer)
				assert.Equal(t, test.kept, session != nil)
			})
		})
	}
}

// Real servers have sent these forms without "status".
func TestAccountBareForms(t *testing.T) {
	t.Parallel()
	got, err := search(t.Context(), newTestClient(t, newTranscript(always(200, `{"customer":{"id":7}}`))))
	require.NoError(t, err)
	assert.Equal(t, &partnerapi.Customer{ID: 7}, got)
	got, err = benefits(t.Context(), newTestClient(t, newTranscript(always(200, `{"benefits":[{"id":7}]}`))))
	require.NoError(t, err)
	assert.Equal(t, []partnerapi.Benefit{{ID: 7}}, got)
	_, err = search(t.Context(), newTestClient(t, newTranscript(always(404, `{"error":"Not Found: /account/search"}`))))
	assertKinds(t, err, partnerapi.ErrBadResponse)
}

// A customer whose other members are all null is a customer.
func TestAccountAllNull(t *testing.T) {
	t.Parallel()
	got, err := getAccount(t.Context(), newTestClient(t, newTranscript(always(200,
		`{"status":"ok","customer":{"id":null,"first_name":null,"registered":false,"end_date":null}}`))))
	require.NoError(t, err)
	assert.Equal(t, &partnerapi.Customer{Registered: ptr(false)}, got)
}

func TestSearchEncodesTheEmail(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	_, err := newTestClient(t, log).Accounts.Search(t.Context(), "a+b&key=x@exämple.com")
	require.Error(t, err)
	assert.Equal(t, []string{"GET /api/v1/account/search?email=a%2Bb%26key%3Dx%40ex%C3%A4mple.com&key=" + testAccountKey}, log.requests)
	assert.Equal(t, testOrganizationKey, log.headers[0].Get("Api-Key"))
}

// Only a search sends the organisation key.
func TestOrganizationKeyIsForSearchOnly(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *partnerapi.Client) (any, error){
		"create": createAccount, "get": getAccount, "status": accountStatus, "update": updateAccount, "benefits": benefits,
		"login": login, "logout": logout,
	} {
		log := newTranscript(teapot)
		_, err := call(t.Context(), newTestClient(t, log))
		require.Error(t, err)
		assert.NotContains(t, log.headers[0], "Api-Key", name)
		assert.Contains(t, log.requests[0], "key="+testAccountKey, name)
	}
}

// A form that asks for a password twice compares the two itself; without a confirmation the password is sent as one.
func TestPasswordConfirmation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		password, confirmation string
		created, updated       string
	}{
		"empty": {
			"temp123", "", `{"password_attributes":{"password":"temp123","password_confirmation":"temp123"}}`,
			`{"current_password":"old","password":"temp123","password_confirmation":"temp123"}`,
		},
		"another": {
			"temp123", "other", `{"password_attributes":{"password":"temp123","password_confirmation":"other"}}`,
			`{"current_password":"old","password":"temp123","password_confirmation":"other"}`,
		},
		"without a password": {
			"", "temp123", `{"password_attributes":{"password_confirmation":"temp123"}}`,
			`{"current_password":"old","password_confirmation":"temp123"}`,
		},
		"neither": {"", "", `{}`, `{"current_password":"old"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			create := partnerapi.CreateAccountRequest{Password: test.password, PasswordConfirmation: test.confirmation}
			update := partnerapi.UpdateAccountRequest{CurrentPassword: "old", Password: test.password, PasswordConfirmation: test.confirmation}
			for _, each := range []struct {
				in   any
				want string
			}{{create, test.created}, {&create, test.created}, {update, test.updated}, {&update, test.updated}} {
				body, err := json.Marshal(each.in)
				require.NoError(t, err)
				assert.JSONEq(t, each.want, string(body))
			}
		})
	}

	fake := partnertest.New()
	client := fake.Client()
	const email = "fan@example.com"
	_, err := client.Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{
		Email: email, Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1}, Password: "first",
	})
	require.NoError(t, err)
	_, session, err := client.Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: email, Password: "first"})
	require.NoError(t, err)
	_, err = client.Accounts.Update(t.Context(), session, partnerapi.UpdateAccountRequest{CurrentPassword: "first", Password: "second"})
	require.NoError(t, err)
	_, _, err = client.Accounts.Login(t.Context(), partnerapi.LoginRequest{Email: email, Password: "second"})
	require.NoError(t, err)
	_, err = client.Accounts.Update(t.Context(), session, partnerapi.UpdateAccountRequest{CurrentPassword: "second", Password: "third", PasswordConfirmation: "thrid"})
	require.ErrorContains(t, err, "Password confirmation doesn't match Password")
}

func TestPasswordsAreRedacted(t *testing.T) {
	t.Parallel()
	const secret, who = "hunter2", "parent@example.com"
	requests := map[string]any{
		"CreateAccountRequest": partnerapi.CreateAccountRequest{Email: who, Password: secret, PasswordConfirmation: secret},
		"LoginRequest":         partnerapi.LoginRequest{Email: who, Password: secret},
		"UpdateAccountRequest": partnerapi.UpdateAccountRequest{Email: who, CurrentPassword: secret, Password: secret, PasswordConfirmation: secret},
	}
	pointers := map[string]any{
		"CreateAccountRequest": &partnerapi.CreateAccountRequest{Email: who, Password: secret},
		"LoginRequest":         &partnerapi.LoginRequest{Email: who, Password: secret},
		"UpdateAccountRequest": &partnerapi.UpdateAccountRequest{Email: who, Password: secret},
	}
	for name := range requests {
		want := "partnerapi." + name + "(redacted)"
		for _, value := range []any{requests[name], pointers[name]} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
				assert.Equal(t, want, fmt.Sprintf(verb, value), verb)
			}
			assert.Equal(t, `"`+want+`"`, fmt.Sprintf("%q", value))
			held := struct{ Request any }{value}
			assert.Equal(t, "{"+want+"}", fmt.Sprint(held))
			assert.Equal(t, "["+want+"]", fmt.Sprint([]any{value}))
			for _, handler := range []func(*bytes.Buffer) slog.Handler{
				func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
				func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			} {
				var logged bytes.Buffer
				slog.New(handler(&logged)).Info("request", "request", value)
				assert.Contains(t, logged.String(), want)
				assert.NotContains(t, logged.String(), secret)
				assert.NotContains(t, logged.String(), who)
			}
			body, err := json.Marshal(value)
			require.NoError(t, err)
			assert.Contains(t, string(body), secret, "JSON is the body of the request")
			assert.Contains(t, string(body), who)
		}
	}
}

func TestCustomersPrintTheirData(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(naveen(ptr(false), nil, ""))
	require.NoError(t, err)
	var again partnerapi.Customer
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, naveen(ptr(false), nil, ""), &again)
	assert.Contains(t, fmt.Sprintf("%+v", partnerapi.Customer{Email: "parent@example.com"}), "parent@example.com")
}

func TestLoginIsRetriedAndCreateIsNot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		call  func(context.Context, *partnerapi.Client) (any, error)
		tries int
	}{
		"login": {login, 2}, "create": {createAccount, 1}, "update": {updateAccount, 1}, "get": {getAccount, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTranscript(always(http.StatusBadGateway, ""))
			client := newTestClient(t, log, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 2, MinWait: 1, MaxWait: 1}))
			_, err := test.call(t.Context(), client)
			require.ErrorIs(t, err, partnerapi.ErrServer)
			assert.Len(t, log.requests, test.tries)
		})
	}
}

// The failure forms of the other APIs are also failures of this API.
func TestAccountFailureInAnotherForm(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"success":false}`, `{"messages":["boom"]}`, `{"message":"boom"}`, `{"status":"ok","error":"boom"}`} {
		client := newTestClient(t, newTranscript(always(200, body)))
		err := client.Accounts.Logout(t.Context(), partnerapi.NewSession())
		assertKinds(t, err, partnerapi.ErrInvalid)
	}
}

// "Not Found:" is followed by the path, in any of these members.
func TestAccountNotFoundPathIsNotPrinted(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"status":"error","messages":["Not Found: /api/v1/account?key=SECRET&email=a@b.example"]}`,
		`{"status":"error","message":"Not Found: /api/v1/account?key=SECRET&email=a@b.example"}`,
		`{"error":"Not Found: /api/v1/account?key=SECRET&email=a@b.example"}`,
	} {
		client := newTestClient(t, newTranscript(always(200, body)))
		err := client.Accounts.Logout(t.Context(), partnerapi.NewSession())
		assertKinds(t, err, partnerapi.ErrBadResponse)
		assert.NotContains(t, err.Error(), "SECRET")
	}
}
