package partnerapi

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func startSession(ctx context.Context, c *Client) (any, error) { return c.AppSessions.Start(ctx) }

func currentSession(ctx context.Context, c *Client) (any, error) { return c.AppSessions.Current(ctx) }

func logInUser(ctx context.Context, c *Client) (any, error) {
	return c.AppSessions.Login(ctx, AppLoginRequest{"jdoe12345", "oi3rncu7bjyJXW1L3"})
}

func selectAccount(ctx context.Context, c *Client) (any, error) {
	return c.AppSessions.SelectAccount(ctx, "acc_1234567890")
}

func logOutUser(ctx context.Context, c *Client) (any, error) { return c.AppSessions.Logout(ctx) }

// withJWT is a session as a reply with the JWT has it; an empty one is of a reply without.
func withJWT(jwt string, s AppSession) *AppSession {
	s.jwt = seal(jwt)
	return &s
}

// unsealed returns a session in a form that can be compared, and anything else as it is.
func unsealed(v any) any {
	s, ok := v.(*AppSession)
	if !ok || s == nil {
		return v
	}
	open := *s
	open.jwt, open.oddAccounts, open.oddJWT = sealed[string]{}, false, false // of which the tests of SignIn tell
	return map[string]any{"JWT": s.JWT(), "session": open}
}

func unix(seconds int64) UnixTime { return UnixTime{time.Unix(seconds, 0).UTC()} }

var appSessionReplies = map[string]replyTest{
	"get-app-session.ok": {
		status: 200, call: currentSession,
		want: withJWT("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...", AppSession{
			Authenticated: true,
			App: App{
				ID: "app_1234567891", Title: "Demo App", Created: unix(1620000000), LoginURL: "https://demo.app/login",
				ResetURL: "https://demo.app/reset", SignupURL: "https://demo.app/signup", NetworkURL: "https://demo.app/network",
				AllowSignup: true,
			},
			Account: AppAccount{
				ID: "acc_1234567891", Created: unix(1670635932), LastLogin: unix(1727003260), Title: "Acme Corp", Address: "123 Main St",
				City: "Any Town", State: "NY", Zip: "12345", Phone: "123-456-7890", URL: "https://demo.account1.com",
				ContactName: "John Doe", ContactEmail: "j.doe@acme-corp.com", TimezoneID: "America/New_York", UTCOffset: -14400,
				CountryID: "US", DomainID: "demo_domain", VersionID: "demo_version", IsAppAccount: true,
			},
			User: AppUser{
				ID: "usr_1234567897", Created: unix(1670635932), LastLogin: unix(1670635932), Username: "demo", Name: "Demo User",
				Email: "demo@backstack.com", MobileNumber: "123-456-7890", Roles: []string{"rol_1234567898"},
			},
			Access: AppAccess{"account-users": "crud"},
			Alerts: []AppAlert{{
				ID: "expired-card", Title: "Expired payment method", Description: "Alerts you when a payment method has expired.",
				Text: "One or more of your credit cards has expired. Please update your payment methods.",
				Href: "/account-payment-methods", Access: "account-payment-methods:u", Priority: 1, Timestamp: unix(1727348860),
			}},
		}),
	},
	"get-app-session.start": {
		status: 200, call: startSession, want: withJWT("eyJ0eXAiOiJKV1QiLCJhbG ...", AppSession{App: App{ID: "app_1234567890"}}),
	},
	"post-app-login.ok": {
		status: 200, call: logInUser,
		want: withJWT("", AppSession{
			Authenticated: true, App: App{ID: "app_1234567890"}, User: AppUser{ID: "usr_1234567890"},
			Account: AppAccount{ID: "acc_1234567890"}, Access: AppAccess{"some-feature": "crud"},
		}),
	},
	"post-app-login.select-account": {
		status: 200, call: logInUser,
		want: withJWT("", AppSession{
			Accounts: []AccountChoice{{"acc_1234567890", "Foo Account"}, {"acc_2345678901", "Bar Account"}}, LastAccountID: "acc_1234567890",
			App: App{ID: "app_1234567890"}, User: AppUser{ID: "usr_1234567890"},
		}),
	},
	"get-app-logout.ok": {
		status: 200, call: logOutUser, want: withJWT("", AppSession{App: App{ID: "app_1234567890"}}),
	},
}

var appSessionRequests = map[string]requestTest{
	"post-app-login.request": func(ctx context.Context, c *Client) error {
		_, err := logInUser(ctx, c)
		return err
	},
	"post-app-login-account.request": func(ctx context.Context, c *Client) error {
		_, err := selectAccount(ctx, c)
		return err
	},
}

func TestAppSessionReplies(t *testing.T) {
	t.Parallel()
	runReplies(t, appSessionReplies)
}

func TestAppSessionRequests(t *testing.T) {
	t.Parallel()
	runRequests(t, appSessionRequests)
}

// What is in another form than the documented one does not make a session fail, and nothing is made of it.
func TestAppSessionForms(t *testing.T) {
	t.Parallel()
	several := []AccountChoice{{"acc_2", "B"}, {"acc_1", "A"}}
	tests := map[string]struct {
		body string
		want *AppSession
	}{
		"a JWT alone":             {`{"jwt":"J"}`, withJWT("J", AppSession{})},
		"no JWT":                  {`{"auth":false}`, withJWT("", AppSession{})},
		"a JWT of another type":   {`{"jwt":7,"auth":true}`, withJWT("", AppSession{Authenticated: true})},
		"auth null":               {`{"jwt":"J","auth":null}`, withJWT("J", AppSession{})},
		"auth of another type":    {`{"jwt":"J","auth":"true"}`, withJWT("J", AppSession{})},
		"auth of another form":    {`{"jwt":"J","auth":{"select_role":{}}}`, withJWT("J", AppSession{})},
		"nothing to choose":       {`{"auth":{"select_account":{}}}`, withJWT("", AppSession{})},
		"a choice, in order":      {`{"auth":{"select_account":{"accounts":{"acc_2":"B","acc_1":"A"},"last_login":"acc_1"}}}`, withJWT("", AppSession{Accounts: several, LastAccountID: "acc_1"})},
		"a choice in a list":      {`{"auth":{"select_account":{"accounts":[{"acc_2":"B"},{"acc_1":"A"},7]}}}`, withJWT("", AppSession{Accounts: several})},
		"no title":                {`{"auth":{"select_account":{"accounts":{"acc_1":{}},"last_login":7}}}`, withJWT("", AppSession{Accounts: []AccountChoice{{ID: "acc_1"}}})},
		"auth 1":                  {`{"jwt":"J","auth":1}`, withJWT("J", AppSession{Authenticated: true})},
		"auth 0":                  {`{"jwt":"J","auth":0}`, withJWT("J", AppSession{})},
		"auth 2":                  {`{"jwt":"J","auth":2}`, withJWT("J", AppSession{})},
		"empty lists":             {`{"auth":false,"app":[],"user":[],"account":[],"access":[],"alerts":[]}`, withJWT("", AppSession{Alerts: []AppAlert{}})},
		"nulls":                   {`{"auth":false,"app":null,"user":null,"account":null,"access":null,"alerts":null}`, withJWT("", AppSession{})},
		"members of other types":  {`{"auth":true,"user":{"id":7,"name":"Ann","roles":{},"created":"now"},"account":{"id":"acc_1","zip":12345}}`, withJWT("", AppSession{Authenticated: true, User: AppUser{Name: "Ann"}, Account: AppAccount{ID: "acc_1"}})},
		"access of other types":   {`{"auth":true,"access":{"a":"r","b":true,"c":["r"]}}`, withJWT("", AppSession{Authenticated: true, Access: AppAccess{"a": "r"}})},
		"alerts of other types":   {`{"auth":true,"alerts":["a",{"id":"b","priority":"high"},{}]}`, withJWT("", AppSession{Authenticated: true, Alerts: []AppAlert{{ID: "b"}}})},
		"alerts that are no list": {`{"auth":true,"alerts":{"a":{"id":"a"}}}`, withJWT("", AppSession{Authenticated: true})},
		"members of the future":   {`{"auth":true,"plan":{}}`, withJWT("", AppSession{Authenticated: true})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := currentSession(t.Context(), newTestClient(t, newTranscript(answerWith(200, test.body))))
			require.NoError(t, err)
			assert.Equal(t, unsealed(test.want), unsealed(got))
			own, err := Do[AppSession](t.Context(), newTestClient(t, newTranscript(answerWith(200, test.body))), Call{API: NetworkAPI, Op: "GET /user/session"})
			require.NoError(t, err)
			assert.Equal(t, unsealed(test.want), unsealed(&own))
		})
	}
}

// The accounts to choose from come in both forms of a collection's entries, and in those of an entry with a title alone.
func TestAccountsToChooseFrom(t *testing.T) {
	t.Parallel()
	foo, bar := AccountChoice{"acc_1", "Foo"}, AccountChoice{"acc_2", "Bar"}
	for name, test := range map[string]struct {
		accounts string
		want     []AccountChoice
	}{
		"a map of titles":     {`{"acc_2":"Bar","acc_1":"Foo"}`, []AccountChoice{bar, foo}},
		"a map of objects":    {`{"acc_2":{"title":"Bar"},"acc_1":{"title":"Foo","created":1}}`, []AccountChoice{bar, foo}},
		"a map of both":       {`{"acc_2":{"title":"Bar"},"acc_1":"Foo"}`, []AccountChoice{bar, foo}},
		"a list":              {`[{"id":"acc_2","title":"Bar"},{"title":"Foo","id":"acc_1","created":1}]`, []AccountChoice{bar, foo}},
		"a list by key":       {`[{"acc_2":{"title":"Bar"}},{"acc_1":{"title":"Foo"}}]`, []AccountChoice{bar, foo}},
		"a list of titles":    {`[{"acc_2":"Bar"},{"acc_1":"Foo"}]`, []AccountChoice{bar, foo}},
		"a list of all":       {`[{"acc_2":"Bar"},{"id":"acc_1","title":"Foo"},{"acc_3":{"title":"Baz"}}]`, []AccountChoice{bar, foo, {"acc_3", "Baz"}}},
		"one, without a list": {`{"id":"acc_1","title":"Foo"}`, []AccountChoice{foo}},
		"one of an id alone":  {`[{"id":"acc_1"}]`, []AccountChoice{{ID: "acc_1"}}},
		"one called id":       {`[{"id":{"title":"Foo"}}]`, []AccountChoice{{"id", "Foo"}}},
		"null as a title":     {`[{"id":"acc_1","title":null},{"acc_2":null}]`, []AccountChoice{{ID: "acc_1"}, {ID: "acc_2"}}},
		"a number as a title": {`[{"id":"acc_1","title":7},{"acc_2":7}]`, []AccountChoice{{ID: "acc_1"}, {ID: "acc_2"}}},
		"a number as an id":   {`[{"id":7,"title":"Foo"},{"id":"acc_2","title":"Bar"}]`, []AccountChoice{bar}},
		"null as an id":       {`[{"id":null,"title":"Foo"},{"id":"acc_2","title":"Bar"}]`, []AccountChoice{bar}},
		"no id":               {`[{"title":"Foo"},{"id":"","title":"Foo"},{"":"Foo"},{"id":"acc_2","title":"Bar"}]`, []AccountChoice{bar}},
		"twice":               {`[{"id":"acc_1","title":"Old"},{"acc_2":"Bar"},{"acc_1":"Foo"}]`, []AccountChoice{foo, bar}},
		"twice in a map":      {`{"acc_1":"Old","acc_2":"Bar","acc_1":"Foo"}`, []AccountChoice{foo, bar}},
		"escapes":             {`[{"\u0069d":"acc_\u0031","title":"F\u006fo"}]`, []AccountChoice{foo}},
		"what is no entry":    {`[null,7,"acc_1",[{"id":"acc_1"}],{},{"id":"acc_2","title":"Bar"}]`, []AccountChoice{bar}},
		"none":                {`[]`, nil},
		"none in a map":       {`{}`, nil},
		"null":                {`null`, nil},
		"text":                {`"acc_1"`, nil},
		"a list and a name":   {`[{"id":"acc_1","title":"Foo","acc_9":{"title":"Not one"}}]`, []AccountChoice{foo}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"jwt":"h.p.s","auth":{"select_account":{"accounts":` + test.accounts + `,"last_login":"acc_1"}}}`
			got, err := newTestClient(t, newTranscript(answerWith(200, body))).AppSessions.Login(t.Context(), AppLoginRequest{"u", "p"})
			require.NoError(t, err)
			assert.Equal(t, unsealed(withJWT("h.p.s", AppSession{Accounts: test.want, LastAccountID: "acc_1"})), unsealed(got))
		})
	}
}

// Whatever is odd in a session, the JWT and the rest are read: the earlier JWT may be good no longer.
func TestAppSessionWithAnOddField(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"auth": `true`, "app": `{"id":"app_1"}`, "user": `{"id":"usr_1"}`, "account": `{"id":"acc_1"}`, "access": `{"a":"r"}`, "alerts": `[{"id":"al_1"}]`,
	}
	whole := AppSession{
		Authenticated: true, App: App{ID: "app_1"}, User: AppUser{ID: "usr_1"}, Account: AppAccount{ID: "acc_1"},
		Access: AppAccess{"a": "r"}, Alerts: []AppAlert{{ID: "al_1"}},
	}
	without := map[string]func(*AppSession){
		"auth": func(s *AppSession) { s.Authenticated = false }, "app": func(s *AppSession) { s.App = App{} },
		"user": func(s *AppSession) { s.User = AppUser{} }, "account": func(s *AppSession) { s.Account = AppAccount{} },
		"access": func(s *AppSession) { s.Access = nil }, "alerts": func(s *AppSession) { s.Alerts = nil },
	}
	for field, forget := range without {
		for _, odd := range []string{`null`, `7`, `"?"`, `1e999`, `false`, `[7]`, `[[]]`, `{"id":[]}`, `{"a":{"b":[1e999]}}`, `{"created":{},"last_login":[]}`} {
			t.Run(field+" "+odd, func(t *testing.T) {
				t.Parallel()
				body := `{"jwt":"J"`
				for name, value := range good {
					if name == field {
						value = odd
					}
					body += `,"` + name + `":` + value
				}
				got, err := newTestClient(t, newTranscript(answerWith(200, body+`}`))).AppSessions.Login(t.Context(), AppLoginRequest{"u", "p"})
				require.NoError(t, err)
				want := whole
				forget(&want)
				if field == "alerts" {
					got.Alerts = nil // of some of these they are empty
				}
				assert.Equal(t, unsealed(withJWT("J", want)), unsealed(got))
			})
		}
	}
}

func TestAppSessionsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `{}`, `[]`, `"eyJ0eXAi"`, `true`, `{"jwt":null}`, `{"jwt":""}`, `{"app":{"id":"app_1"}}`,
		`{"success":true,"message":"","data":{"auth":false}}`, `{"jwt":"J"`, `{"jwt":"J"} {}`, `<html>`,
	} {
		got, err := startSession(t.Context(), newTestClient(t, newTranscript(answerWith(200, body))))
		assertKinds(t, err, ErrBadResponse)
		assert.Zero(t, got, body)
	}
}

// The rules are those of the vendor's own function, and some of these cases its examples.
func TestAppAccessCan(t *testing.T) {
	t.Parallel()
	access := AppAccess{"payment-methods": "crud", "account-users": "r", "another-feature": "cr", "locked": ""}
	for required, want := range map[string]bool{
		"payment-methods:d":                   true,
		"account-users:c":                     false,
		"account-users:NotInAccessControl":    false,
		"unknown-feature:*":                   false,
		"account-users:cr":                    true,
		"account-users":                       true,
		"account-users:*":                     true,
		"account-users:":                      false,
		"unknown-feature":                     false,
		"unknown-feature:r,another-feature:c": true,
		"unknown-feature:r,another-feature:d": false,
		"unknown-feature:r,*":                 true,
		"*":                                   true,
		"":                                    false,
		",":                                   false,
		":r":                                  false,
		"locked:r":                            false,
		"locked":                              true,
		"locked:*":                            true,
		"payment-methods:d, account-users:c":  true,
		"account-users:c, payment-methods:missing": false,
	} {
		assert.Equal(t, want, access.Can(required), required)
	}
	assert.True(t, AppAccess(nil).Can("*"))
	assert.False(t, AppAccess(nil).Can("payment-methods:d"))
}

func TestAppSessionShowsNothing(t *testing.T) {
	t.Parallel()
	session := withJWT("eyJ0eXAi", AppSession{User: AppUser{Name: "Ann"}})
	assert.Equal(t, "eyJ0eXAi", session.JWT())
	assert.Empty(t, AppSession{}.JWT())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		assert.Equal(t, "partnerapi.AppSession(redacted)", fmt.Sprintf(verb, session), verb)
		assert.Equal(t, "partnerapi.AppSession(redacted)", fmt.Sprintf(verb, *session), verb)
	}
	text, err := json.Marshal(session)
	require.NoError(t, err)
	assert.JSONEq(t, `"partnerapi.AppSession(redacted)"`, string(text))
	text, err = json.Marshal(map[string]any{"k": SignInCredentials{Password: "p"}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"k":"partnerapi.SignInCredentials(redacted)"}`, string(text))
}

// The credential of a call is taken out of what the API says, and of a password it is only promised not to be in ours.
func TestAppSessionErrors(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(answerWith(400,
		`{"error":{"request_method":"post","type":"user","code":400,"message":"Not for `+testNetworkToken+`.","fields":{"username":"This value is required."},"dev_message":""}}`)))
	_, err := client.AppSessions.Login(t.Context(), AppLoginRequest{"", "oi3rncu7bjyJXW1L3"})
	require.EqualError(t, err, "network: POST /app/login: 400 Bad Request: Not for [redacted].")
	assertKinds(t, err, ErrInvalid)
	var failed *Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, map[string]string{"username": "This value is required."}, failed.Fields)
}
