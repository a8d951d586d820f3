package partnerapi

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
)

// naveen is the customer of the documented replies to GET /account and GET /account/search, in which three fields differ.
func naveen(autoRenewal, optIn *bool, invalidEmail string) *Customer {
	return &Customer{
		ID: 1, FirstName: "Naveen", LastName: "Jain", Email: "temp123@sparkart.com",
		Birthdate: Date{1987, time.September, 3}, Age: 26, Username: "Fighter123", FanclubID: 2,
		AutoRenewalEnabled: autoRenewal, ListsOptIn: optIn,
		EmailAliases:        []string{"temp123@sparkart.com", "tempupdate@sparkart.com"},
		InvalidEmailMessage: invalidEmail,
		Authentications:     []Authentication{{Name: "facebook"}, {Name: "twitter"}},
		Subscription: &Membership{
			Plan: MembershipPlan{
				ID: 3, Name: "Another Plan", Class: "another-plan", Description: "<p>Plan description or else null</p>",
				OnlineBenefits: "<p>Plan online benefits or else null</p>", Annotations: "<p>Plan annotations or else null</p>",
				Tags: []string{"presales"},
			},
			StartDate: time.Date(2013, time.January, 29, 23, 39, 59, 0, time.UTC),
			EndDate:   time.Date(2014, time.January, 29, 23, 39, 59, 0, time.UTC),
			Affiliates: []Affiliate{
				{ID: 1, Name: "UFC Presales", Codes: []string{"test-code-1", "test-code-2"}},
				{ID: 2, Name: "UFC.tv PPV", Codes: []string{"ppv-test-code"}},
			},
		},
	}
}

// robot is the customer of the documented reply to POST /login.
var robot = Customer{
	ID: 2, FirstName: "Test", LastName: "Robot", Email: "test@example.com", Birthdate: Date{1995, time.January, 30}, Age: 19,
	FanclubID: 1, Registered: ptr(true),
	EmailAliases: []string{"test@example.com", "tempupdate@sparkart.com"}, Authentications: []Authentication{},
	Subscription: &Membership{
		Plan:       MembershipPlan{ID: 1, Name: "The Free Plan", Class: "the-free-plan", Tags: []string{}},
		StartDate:  time.Date(2013, time.January, 30, 3, 56, 34, 0, time.UTC),
		Affiliates: []Affiliate{},
	},
}

func getAccount(ctx context.Context, c *Client) (any, error) {
	return c.Accounts.Get(ctx, NewSession())
}

func accountStatus(ctx context.Context, c *Client) (any, error) {
	return c.Accounts.Status(ctx, NewSession())
}

func createAccount(ctx context.Context, c *Client) (any, error) {
	return c.Accounts.Create(ctx, CreateAccountRequest{
		Email: "rwar1@haha.com", FirstName: "joe", LastName: "jackson", Birthdate: Date{1995, time.May, 1},
		Username: "shoelessJoe", AcceptTerms: true, Password: "temp123", PasswordConfirmation: "temp123",
	})
}

func updateAccount(ctx context.Context, c *Client) (any, error) {
	return c.Accounts.Update(ctx, NewSession(), UpdateAccountRequest{
		Email: "random@sparkart.com", FirstName: "Bobby", LastName: "Ricky", Username: "slice-and-dice",
		CurrentPassword: "temp123", Password: "asdf123", PasswordConfirmation: "asdf123",
	})
}

func benefits(ctx context.Context, c *Client) (any, error) {
	return c.Accounts.Benefits(ctx, NewSession())
}

func login(ctx context.Context, c *Client) (any, error) {
	customer, session, err := c.Accounts.Login(ctx, LoginRequest{Email: "test@sparkart.com", Password: "temp123"})
	if session == nil && err == nil || session != nil && err != nil && !errors.Is(err, ErrBadResponse) {
		return customer, fmt.Errorf("session %v with error %w", session, err)
	}
	return customer, err
}

func logout(ctx context.Context, c *Client) (any, error) {
	return nil, c.Accounts.Logout(ctx, NewSession())
}

func search(ctx context.Context, c *Client) (any, error) {
	return c.Accounts.Search(ctx, "temp123@sparkart.com")
}

func refresh(ctx context.Context, c *Client) (any, error) {
	return Do[map[string]any](ctx, c, Call{API: AccountAPI, Op: "POST /refresh", Body: map[string]string{"refresh_token": "R"}})
}

var accountReplies = map[string]replyTest{
	"get-account.ok": {
		status: 200, call: getAccount,
		want: naveen(ptr(false), ptr(true),
			"Please update and confirm your email to continue receiving important notifications from us."),
	},
	"get-account.unregistered": {
		status: 200, call: getAccount,
		want: &Customer{ListsOptIn: ptr(false), EmailAliases: []string{}, Authentications: []Authentication{}},
	},
	"get-account.no-customer":       {status: 200, call: getAccount, kinds: []error{ErrNotLoggedIn}},
	"get-account-status.ok":         {status: 200, call: accountStatus, want: true},
	"get-account-status.logged-out": {status: 200, call: accountStatus, want: false},
	"post-accounts.ok": {
		status: 200, call: createAccount,
		want: &Customer{
			ID: 55, FirstName: "joe", LastName: "jackson", Email: "rwar1@haha.com", Birthdate: Date{1995, time.May, 1}, Age: 19,
			FanclubID: 73, EmailAliases: []string{"rwar1@haha.com", "tempupdate@sparkart.com"}, Authentications: []Authentication{},
		},
	},
	"post-accounts.invalid": {
		status: 200, call: createAccount, kinds: []error{ErrInvalid, ErrAlreadyExists},
		says: []string{"Birthdate can't be blank", "Email has already been taken", "Password can't be blank"},
	},
	"post-accounts.missing-customer": {
		status: 200, call: createAccount, kinds: []error{ErrInvalid}, says: []string{"Customer parameter is required."},
	},
	"post-account.ok": {
		status: 200, call: updateAccount,
		want: &Customer{
			ID: 55, FirstName: "Bobby", LastName: "Ricky", Email: "random@sparkart.com", Birthdate: Date{1995, time.May, 1}, Age: 19,
			Username: "slice-and-dice", FanclubID: 12, EmailAliases: []string{"random@sparkart.com", "tempupdate@sparkart.com"},
			Authentications: []Authentication{},
		},
	},
	"post-account.invalid": {
		status: 200, call: updateAccount, kinds: []error{ErrInvalid, ErrAlreadyExists},
		says: []string{"Email has already been taken", "Current password is incorrect"},
	},
	"get-account-benefits.ok": {
		status: 200, call: benefits, want: []Benefit{{ID: 8, Summary: "Benefit Summary 1", BenefitType: "online"}},
	},
	"get-account-benefits.none": {status: 200, call: benefits, want: []Benefit{}},
	"get-account-benefits.logged-out": {
		status: 200, call: benefits, kinds: []error{ErrNotLoggedIn}, says: []string{"Please log in to access your online benefits."},
	},
	"post-login.ok": {status: 200, header: []string{"Set-Cookie", "sid=1"}, call: login, want: &robot},
	"post-login.blocked": {
		status: 200, call: login, kinds: []error{ErrForbidden},
		says: []string{"Unable to login. Please contact support@sparkart.com for assistance."},
	},
	"post-login.wrong-password": {
		status: 200, call: login, kinds: []error{ErrUnauthorized}, says: []string{"Email and password combination is incorrect."},
	},
	"post-login.unregistered": {
		status: 200, call: login, kinds: []error{ErrForbidden},
		says: []string{"Your email address has an unregistered account associated with it. Please contact support for assistance."},
	},
	"post-login.unconfirmed": {
		status: 200, call: login, kinds: []error{ErrForbidden},
		says: []string{"Your email address has not been confirmed. " +
			"Please click on the link from your confirmation email or contact support for assistance."},
	},
	"post-login.facebook-signature": {
		status: 200, call: login, kinds: []error{ErrInvalid},
		says: []string{"Invalid request: Format. Please try logging into Facebook again."},
	},
	"post-login.facebook-access": {
		status: 200, call: login, kinds: []error{ErrForbidden},
		says: []string{"Sorry, your Facebook account does not have access to this website."},
	},
	"get-logout.ok":                  {status: 200, call: logout},
	"get-account-search.ok":          {status: 200, call: search, want: naveen(nil, nil, "")},
	"get-account-search.no-customer": {status: 200, call: search, kinds: []error{ErrNotFound}},
	"get-account-search.invalid-api-key": {
		status: 200, call: search, kinds: []error{ErrUnauthorized}, says: []string{"Please use a valid API Key."},
	},
	"account.empty":           {status: 200, call: logout},
	"account.status-bare":     {status: 200, call: accountStatus, want: true},
	"account.message-string":  {status: 200, call: search, kinds: []error{ErrBadResponse}, says: []string{"Not Found"}},
	"account.refresh-refused": {status: 200, call: refresh, kinds: []error{ErrUnauthorized}, says: []string{"Unable to decode refresh token"}},
}

var accountRequests = map[string]requestTest{
	"post-accounts.request": func(ctx context.Context, c *Client) error {
		_, err := createAccount(ctx, c)
		return err
	},
	"post-account.request": func(ctx context.Context, c *Client) error {
		_, err := updateAccount(ctx, c)
		return err
	},
	"post-login.request": func(ctx context.Context, c *Client) error {
		_, err := login(ctx, c)
		return err
	},
}

func TestAccountReplies(t *testing.T) {
	t.Parallel()
	runReplies(t, accountReplies)
}

func TestAccountRequests(t *testing.T) {
	t.Parallel()
	runRequests(t, accountRequests)
}

func TestAccountRequestsLeaveOutZeroFields(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		call requestTest
		want string
	}{
		"create": {func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Create(ctx, CreateAccountRequest{Email: "joe@example.com"})
			return err
		}, `{"email":"joe@example.com"}`},
		"create with nothing": {func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Create(ctx, CreateAccountRequest{})
			return err
		}, `{}`},
		"create with half a password": {func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Create(ctx, CreateAccountRequest{Password: "p"})
			return err
		}, `{"password_attributes":{"password":"p"}}`},
		"opt in": {func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Update(ctx, NewSession(), UpdateAccountRequest{ListsOptIn: OptInTrue, ListsOptInSource: "Giveaway Campaign"})
			return err
		}, `{"lists_opt_in":"True","lists_opt_in_source":"Giveaway Campaign"}`},
		"opt out": {func(ctx context.Context, c *Client) error {
			_, err := c.Accounts.Update(ctx, NewSession(), UpdateAccountRequest{ListsOptIn: OptInFalse})
			return err
		}, `{"lists_opt_in":"False"}`},
		"log in with nothing": {func(ctx context.Context, c *Client) error {
			_, _, err := c.Accounts.Login(ctx, LoginRequest{})
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

func TestBenefitsAreNotBlank(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"benefits":[null]}`, `{"benefits":[{"id":8},{}]}`} {
		client := newTestClient(t, newTranscript(answerWith(200, body)))
		_, err := client.Accounts.Benefits(t.Context(), NewSession())
		assertKinds(t, err, ErrBadResponse)
	}
}

func TestAccountRefusals(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	client := newTestClient(t, log)
	_, err := client.Accounts.Update(t.Context(), NewSession(), UpdateAccountRequest{})
	assertRefused(t, err, "UpdateAccountRequest", "an update that sets nothing")
	_, err = client.Accounts.Create(t.Context(), CreateAccountRequest{Birthdate: Date{1995, time.February, 30}})
	assertRefused(t, err, "Birthdate", "a Date that is no day in the calendar")
	assert.NotContains(t, err.Error(), "1995")
	assert.Empty(t, log.asked)
}

// Every method that takes a session refuses what is none.
func TestAccountCallsNeedASession(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	accounts := newTestClient(t, log).Accounts
	for what, session := range map[string]*Session{"nil": nil, "zero": {}} {
		for name, call := range map[string]func() error{
			"Get":    func() error { _, err := accounts.Get(t.Context(), session); return err },
			"Status": func() error { _, err := accounts.Status(t.Context(), session); return err },
			"Update": func() error {
				_, err := accounts.Update(t.Context(), session, UpdateAccountRequest{Email: "e"})
				return err
			},
			"Benefits": func() error { _, err := accounts.Benefits(t.Context(), session); return err },
			"Logout":   func() error { return accounts.Logout(t.Context(), session) },
		} {
			var refused *ArgumentError
			if assert.ErrorAs(t, call(), &refused, "%s with a %s session", name, what) {
				assert.Equal(t, "session", refused.Name)
				assert.Equal(t, "nil or zero: sessions are made by Login, NewTokenSession, ImportSession or NewSession", refused.Reason)
			}
		}
	}
	assert.Empty(t, log.asked)
}

func TestAccountBodiesWithoutTheValue(t *testing.T) {
	t.Parallel()
	calls := map[string]struct {
		call func(context.Context, *Client) (any, error)
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
				got, err := test.call(t.Context(), newTestClient(t, newTranscript(answerWith(200, body, "Set-Cookie", "sid=1"))))
				assertKinds(t, err, ErrBadResponse)
				assert.Zero(t, got)
			})
		}
	}
}

// Nobody is there, however the API says it.
func TestAccountNoCustomer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, `{"status":"ok"}`, `{"status":"ok","customer":null}`, `{"status":"ok","Customer":{"id":7}}`, `{"success":true}`,
		`{"customer": null }`, ` { } `, `{"status":"ok","customer":{"id":7},"customer":null}`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			got, err := getAccount(t.Context(), newTestClient(t, newTranscript(answerWith(200, body))))
			assertKinds(t, err, ErrNotLoggedIn)
			assert.Zero(t, got)
			got, err = search(t.Context(), newTestClient(t, newTranscript(answerWith(200, body))))
			assertKinds(t, err, ErrNotFound)
			assert.Zero(t, got)
		})
	}
}

func TestAccountNullCustomer(t *testing.T) {
	t.Parallel()
	const body = `{"status":"ok","customer":null}`
	for name, test := range map[string]struct {
		call func(context.Context, *Client) (any, error)
		kind error
	}{
		"Get":    {getAccount, ErrNotLoggedIn},
		"Update": {updateAccount, ErrNotLoggedIn},
		"Search": {search, ErrNotFound},
		"Create": {createAccount, ErrBadResponse},
		"Login":  {login, ErrBadResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.call(t.Context(), newTestClient(t, newTranscript(answerWith(200, body, "Set-Cookie", "sid=1"))))
			assertKinds(t, err, test.kind)
		})
	}
}

// A write that is done is not lost when a field of its response cannot be read.
func TestWriteIsKeptWhenItsResponseIsNotReadWhole(t *testing.T) {
	t.Parallel()
	client := func(body string) *Client {
		return newTestClient(t, newTranscript(answerWith(200, body, "Set-Cookie", "sid=1; path=/")))
	}
	for _, odd := range []string{`"age":[]`, `"age":{"years":26}`, `"age":26.5`, `"subscription":"gold"`, `"birthdate":"soon"`} {
		t.Run(odd, func(t *testing.T) {
			t.Parallel()
			body := `{"status":"ok","customer":{"id":7,` + odd + `,"email":"kim@example.com"}}`
			want := &Customer{ID: 7, Email: "kim@example.com"}

			customer, session, err := client(body).Accounts.Login(t.Context(), LoginRequest{Email: "kim@example.com", Password: "p"})
			assertKinds(t, err, ErrBadResponse)
			assert.Equal(t, want, customer)
			require.NotNil(t, session)
			_, err = newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				assert.Equal(t, "sid=1", req.Header.Get("Cookie"))
				return reply(200, `{"customer":{"id":7}}`), nil
			})).Accounts.Get(t.Context(), session)
			require.NoError(t, err)

			customer, err = client(body).Accounts.Create(t.Context(), CreateAccountRequest{Email: "kim@example.com"})
			assertKinds(t, err, ErrBadResponse)
			assert.Equal(t, want, customer)
			customer, err = client(body).Accounts.Update(t.Context(), NewSession(), UpdateAccountRequest{FirstName: "Kim"})
			assertKinds(t, err, ErrBadResponse)
			assert.Equal(t, want, customer)

			customer, err = client(body).Accounts.Get(t.Context(), NewSession())
			assertKinds(t, err, ErrBadResponse)
			assert.Nil(t, customer, "a read can be made again")
		})
	}
	activation, err := client(`{"account_id":"act_1","user_id":7,"domain_id":"dom_1"}`).Invitations.Activate(t.Context(), "TOKEN")
	assertKinds(t, err, ErrBadResponse)
	assert.Equal(t, &Activation{AccountID: "act_1", DomainID: "dom_1"}, activation)
	deletion, err := client(`{"parent_account_id":[],"child_account_id":"acc_2"}`).Networks.Delete(t.Context(), "acc_2")
	assertKinds(t, err, ErrBadResponse)
	assert.Equal(t, &NetworkDeletion{ChildAccountID: "acc_2"}, deletion)
	invitation, err := client(`{"id":"inv_1","created":"soon"}`).Invitations.Create(t.Context(), CreateInvitationRequest{Email: "kim@example.com"})
	require.NoError(t, err, "the reply is not documented")
	assert.Equal(t, &Invitation{ID: "inv_1"}, invitation)
	made, err := Do[struct{ ID, Age int }](t.Context(), client(`{"ID":7,"Age":"x"}`), Call{API: AccountAPI, Op: "POST /things"})
	assertKinds(t, err, ErrBadResponse)
	assert.Equal(t, 7, made.ID)
}

// The API tells of a success, and the customer is not there to be read: the login is done all the same. A response that
// does not tell of a success, or sets no cookie, makes no session.
func TestLoginKeepsTheSession(t *testing.T) {
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
		"nothing":                  {200, ``, "sid=1", false},
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
				customer, session, err := client.Accounts.Login(t.Context(), LoginRequest{Email: "kim@example.com", Password: "p"})
				require.Error(t, err)
				assert.Nil(t, customer)
				assert.Equal(t, test.kept, session != nil)
			})
		})
	}
}

// The forms without "status" that real servers were seen to answer.
func TestAccountBareForms(t *testing.T) {
	t.Parallel()
	got, err := search(t.Context(), newTestClient(t, newTranscript(answerWith(200, `{"customer":{"id":7}}`))))
	require.NoError(t, err)
	assert.Equal(t, &Customer{ID: 7}, got)
	got, err = benefits(t.Context(), newTestClient(t, newTranscript(answerWith(200, `{"benefits":[{"id":7}]}`))))
	require.NoError(t, err)
	assert.Equal(t, []Benefit{{ID: 7}}, got)
	_, err = search(t.Context(), newTestClient(t, newTranscript(answerWith(404, `{"error":"Not Found: /account/search"}`))))
	assertKinds(t, err, ErrBadResponse)
	assert.EqualError(t, err, "account: GET /account/search: 404 Not Found: Not Found")
}

// A customer about whom only that it is not registered is known is a customer.
func TestAccountAllNull(t *testing.T) {
	t.Parallel()
	got, err := getAccount(t.Context(), newTestClient(t, newTranscript(answerWith(200,
		`{"status":"ok","customer":{"id":null,"first_name":null,"registered":false,"end_date":null}}`))))
	require.NoError(t, err)
	assert.Equal(t, &Customer{Registered: ptr(false)}, got)
}

func TestSearchEncodesTheEmail(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	_, err := newTestClient(t, log).Accounts.Search(t.Context(), "a+b&key=x@exämple.com")
	require.Error(t, err)
	assert.Equal(t, []string{"GET /api/v1/account/search?email=a%2Bb%26key%3Dx%40ex%C3%A4mple.com&key=" + testAccountKey}, log.asked)
	assert.Equal(t, testOrganizationKey, log.headers[0].Get("Api-Key"))
}

// Only a search carries the organisation's key.
func TestOrganizationKeyIsForSearchOnly(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *Client) (any, error){
		"create": createAccount, "get": getAccount, "status": accountStatus, "update": updateAccount, "benefits": benefits,
		"login": login, "logout": logout,
	} {
		log := newTranscript(teapot)
		_, err := call(t.Context(), newTestClient(t, log))
		require.Error(t, err)
		assert.NotContains(t, log.headers[0], "Api-Key", name)
		assert.Contains(t, log.asked[0], "key="+testAccountKey, name)
	}
}

func TestPasswordsAreRedacted(t *testing.T) {
	t.Parallel()
	const secret, who = "hunter2", "parent@example.com"
	requests := map[string]any{
		"CreateAccountRequest": CreateAccountRequest{Email: who, Password: secret, PasswordConfirmation: secret},
		"LoginRequest":         LoginRequest{Email: who, Password: secret},
		"UpdateAccountRequest": UpdateAccountRequest{Email: who, CurrentPassword: secret, Password: secret, PasswordConfirmation: secret},
	}
	pointers := map[string]any{
		"CreateAccountRequest": &CreateAccountRequest{Email: who, Password: secret},
		"LoginRequest":         &LoginRequest{Email: who, Password: secret},
		"UpdateAccountRequest": &UpdateAccountRequest{Email: who, Password: secret},
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
	var again Customer
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, naveen(ptr(false), nil, ""), &again)
	assert.Contains(t, fmt.Sprintf("%+v", Customer{Email: "parent@example.com"}), "parent@example.com")
}

func TestLoginIsRepeatableAndCreateIsNot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		call  func(context.Context, *Client) (any, error)
		tries int
	}{
		"login": {login, 2}, "create": {createAccount, 1}, "update": {updateAccount, 1}, "get": {getAccount, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTranscript(answerWith(http.StatusBadGateway, ""))
			client := newTestClient(t, log, WithRetry(RetryPolicy{MaxAttempts: 2, MinWait: 1, MaxWait: 1}))
			_, err := test.call(t.Context(), client)
			require.ErrorIs(t, err, ErrServer)
			assert.Len(t, log.asked, test.tries)
		})
	}
}

// A failure in any of the forms that other APIs of the vendors use is one here too.
func TestAccountFailureInAnotherForm(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"success":false}`, `{"messages":["boom"]}`, `{"message":"boom"}`, `{"status":"ok","error":"boom"}`} {
		client := newTestClient(t, newTranscript(answerWith(200, body)))
		err := client.Accounts.Logout(t.Context(), NewSession())
		assertKinds(t, err, ErrInvalid)
	}
}

// What follows "Not Found:" is the path, whichever member says it.
func TestAccountNotFoundPathIsNotPrinted(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"status":"error","messages":["Not Found: /api/v1/account?key=SECRET&email=a@b.example"]}`,
		`{"status":"error","message":"Not Found: /api/v1/account?key=SECRET&email=a@b.example"}`,
		`{"error":"Not Found: /api/v1/account?key=SECRET&email=a@b.example"}`,
	} {
		client := newTestClient(t, newTranscript(answerWith(200, body)))
		err := client.Accounts.Logout(t.Context(), NewSession())
		assertKinds(t, err, ErrBadResponse)
		assert.EqualError(t, err, "account: GET /logout: 200 OK: Not Found")
	}
}
