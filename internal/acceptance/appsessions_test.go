package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

func startSession(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.AppSessions.Start(ctx)
}

func currentSession(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.AppSessions.Current(ctx)
}

func logInUser(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.AppSessions.Login(ctx, partnerapi.AppLoginRequest{Username: "jdoe12345", Password: "oi3rncu7bjyJXW1L3"}) //nolint:gosec // the vendor's example
}

func selectAccount(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.AppSessions.SelectAccount(ctx, "acc_1234567890")
}

// withJWT returns a session as exported does. jwt is empty for a response without one.
func withJWT(jwt string, session partnerapi.AppSession) map[string]any {
	fields := exported(&session).(map[string]any)
	fields["JWT"] = jwt
	return fields
}

func logOutUser(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.AppSessions.Logout(ctx)
}

var appSessionReplies = map[string]replyTest{
	"get-app-session.ok": {
		status: 200, call: currentSession,
		want: withJWT("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...", partnerapi.AppSession{
			Authenticated: true,
			App: partnerapi.App{
				ID: "app_1234567891", Title: "Demo App", Created: unix(1620000000), LoginURL: "https://demo.app/login",
				ResetURL: "https://demo.app/reset", SignupURL: "https://demo.app/signup", NetworkURL: "https://demo.app/network",
				AllowSignup: true,
			},
			Account: partnerapi.AppAccount{
				ID: "acc_1234567891", Created: unix(1670635932), LastLogin: unix(1727003260), Title: "Acme Corp", Address: "123 Main St",
				City: "Any Town", State: "NY", Zip: "12345", Phone: "123-456-7890", URL: "https://demo.account1.com",
				ContactName: "John Doe", ContactEmail: "j.doe@acme-corp.com", TimezoneID: "America/New_York", UTCOffset: -14400,
				CountryID: "US", DomainID: "demo_domain", VersionID: "demo_version", IsAppAccount: true,
			},
			User: partnerapi.AppUser{
				ID: "usr_1234567897", Created: unix(1670635932), LastLogin: unix(1670635932), Username: "demo", Name: "Demo User",
				Email: "demo@backstack.com", MobileNumber: "123-456-7890", Roles: []string{"rol_1234567898"},
			},
			Access: partnerapi.AppAccess{"account-users": "crud"},
			Alerts: []partnerapi.AppAlert{{
				ID: "expired-card", Title: "Expired payment method", Description: "Alerts you when a payment method has expired.",
				Text: "One or more of your credit cards has expired. Please update your payment methods.",
				Href: "/account-payment-methods", Access: "account-payment-methods:u", Priority: 1, Timestamp: unix(1727348860),
			}},
		}),
	},
	"get-app-session.start": {
		status: 200, call: startSession, want: withJWT("eyJ0eXAiOiJKV1QiLCJhbG ...", partnerapi.AppSession{App: partnerapi.App{ID: "app_1234567890"}}),
	},
	"post-app-login.ok": {
		status: 200, call: logInUser,
		want: withJWT("", partnerapi.AppSession{
			Authenticated: true, App: partnerapi.App{ID: "app_1234567890"}, User: partnerapi.AppUser{ID: "usr_1234567890"},
			Account: partnerapi.AppAccount{ID: "acc_1234567890"}, Access: partnerapi.AppAccess{"some-feature": "crud"},
		}),
	},
	"post-app-login.select-account": {
		status: 200, call: logInUser,
		want: withJWT("", partnerapi.AppSession{
			Accounts: []partnerapi.AccountChoice{{ID: "acc_1234567890", Title: "Foo Account"}, {ID: "acc_2345678901", Title: "Bar Account"}}, LastAccountID: "acc_1234567890",
			App: partnerapi.App{ID: "app_1234567890"}, User: partnerapi.AppUser{ID: "usr_1234567890"},
		}),
	},
	"get-app-logout.ok": {
		status: 200, call: logOutUser, want: withJWT("", partnerapi.AppSession{App: partnerapi.App{ID: "app_1234567890"}}),
	},
}

var appSessionRequests = map[string]requestTest{
	"post-app-login.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := logInUser(ctx, c)
		return err
	},
	"post-app-login-account.request": func(ctx context.Context, c *partnerapi.Client) error {
		_, err := selectAccount(ctx, c)
		return err
	},
}

// A member that is not in its documented form is ignored.
func TestAppSessionForms(t *testing.T) {
	t.Parallel()
	several := []partnerapi.AccountChoice{{ID: "acc_2", Title: "B"}, {ID: "acc_1", Title: "A"}}
	tests := map[string]struct {
		body string
		want map[string]any
	}{
		"a JWT alone":             {`{"jwt":"J"}`, withJWT("J", partnerapi.AppSession{})},
		"no JWT":                  {`{"auth":false}`, withJWT("", partnerapi.AppSession{})},
		"a JWT of another type":   {`{"jwt":7,"auth":true}`, withJWT("", partnerapi.AppSession{Authenticated: true})},
		"auth null":               {`{"jwt":"J","auth":null}`, withJWT("J", partnerapi.AppSession{})},
		"auth of another type":    {`{"jwt":"J","auth":"true"}`, withJWT("J", partnerapi.AppSession{})},
		"auth of another form":    {`{"jwt":"J","auth":{"select_role":{}}}`, withJWT("J", partnerapi.AppSession{})},
		"no accounts":             {`{"auth":{"select_account":{}}}`, withJWT("", partnerapi.AppSession{})},
		"a choice, in order":      {`{"auth":{"select_account":{"accounts":{"acc_2":"B","acc_1":"A"},"last_login":"acc_1"}}}`, withJWT("", partnerapi.AppSession{Accounts: several, LastAccountID: "acc_1"})},
		"a choice in a list":      {`{"auth":{"select_account":{"accounts":[{"acc_2":"B"},{"acc_1":"A"},7]}}}`, withJWT("", partnerapi.AppSession{Accounts: several})},
		"no title":                {`{"auth":{"select_account":{"accounts":{"acc_1":{}},"last_login":7}}}`, withJWT("", partnerapi.AppSession{Accounts: []partnerapi.AccountChoice{{ID: "acc_1"}}})},
		"auth 1":                  {`{"jwt":"J","auth":1}`, withJWT("J", partnerapi.AppSession{Authenticated: true})},
		"auth 0":                  {`{"jwt":"J","auth":0}`, withJWT("J", partnerapi.AppSession{})},
		"auth 2":                  {`{"jwt":"J","auth":2}`, withJWT("J", partnerapi.AppSession{})},
		"empty lists":             {`{"auth":false,"app":[],"user":[],"account":[],"access":[],"alerts":[]}`, withJWT("", partnerapi.AppSession{Alerts: []partnerapi.AppAlert{}})},
		"nulls":                   {`{"auth":false,"app":null,"user":null,"account":null,"access":null,"alerts":null}`, withJWT("", partnerapi.AppSession{})},
		"members of other types":  {`{"auth":true,"user":{"id":7,"name":"Ann","roles":{},"created":"now"},"account":{"id":"acc_1","zip":12345}}`, withJWT("", partnerapi.AppSession{Authenticated: true, User: partnerapi.AppUser{Name: "Ann"}, Account: partnerapi.AppAccount{ID: "acc_1"}})},
		"access of other types":   {`{"auth":true,"access":{"a":"r","b":true,"c":["r"]}}`, withJWT("", partnerapi.AppSession{Authenticated: true, Access: partnerapi.AppAccess{"a": "r"}})},
		"alerts of other types":   {`{"auth":true,"alerts":["a",{"id":"b","priority":"high"},{}]}`, withJWT("", partnerapi.AppSession{Authenticated: true, Alerts: []partnerapi.AppAlert{{ID: "b"}}})},
		"alerts inside an object": {`{"auth":true,"alerts":{"a":{"id":"a"}}}`, withJWT("", partnerapi.AppSession{Authenticated: true})},
		"members of the future":   {`{"auth":true,"plan":{}}`, withJWT("", partnerapi.AppSession{Authenticated: true})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := currentSession(t.Context(), newTestClient(t, newTranscript(always(200, test.body))))
			require.NoError(t, err)
			assert.Equal(t, test.want, exported(got))
			own, err := partnerapi.Do[partnerapi.AppSession](t.Context(), newTestClient(t, newTranscript(always(200, test.body))), partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /user/session"})
			require.NoError(t, err)
			assert.Equal(t, test.want, exported(&own))
		})
	}
}

// The accounts to choose from come in both forms of a collection's entries, and in those of an entry with a title alone.
func TestAccountsToChooseFrom(t *testing.T) {
	t.Parallel()
	foo, bar := partnerapi.AccountChoice{ID: "acc_1", Title: "Foo"}, partnerapi.AccountChoice{ID: "acc_2", Title: "Bar"}
	for name, test := range map[string]struct {
		accounts string
		want     []partnerapi.AccountChoice
	}{
		"a map of titles":     {`{"acc_2":"Bar","acc_1":"Foo"}`, []partnerapi.AccountChoice{bar, foo}},
		"a map of objects":    {`{"acc_2":{"title":"Bar"},"acc_1":{"title":"Foo","created":1}}`, []partnerapi.AccountChoice{bar, foo}},
		"a map of both":       {`{"acc_2":{"title":"Bar"},"acc_1":"Foo"}`, []partnerapi.AccountChoice{bar, foo}},
		"a list":              {`[{"id":"acc_2","title":"Bar"},{"title":"Foo","id":"acc_1","created":1}]`, []partnerapi.AccountChoice{bar, foo}},
		"a list by key":       {`[{"acc_2":{"title":"Bar"}},{"acc_1":{"title":"Foo"}}]`, []partnerapi.AccountChoice{bar, foo}},
		"a list of titles":    {`[{"acc_2":"Bar"},{"acc_1":"Foo"}]`, []partnerapi.AccountChoice{bar, foo}},
		"a list of all":       {`[{"acc_2":"Bar"},{"id":"acc_1","title":"Foo"},{"acc_3":{"title":"Baz"}}]`, []partnerapi.AccountChoice{bar, foo, {ID: "acc_3", Title: "Baz"}}},
		"one, without a list": {`{"id":"acc_1","title":"Foo"}`, []partnerapi.AccountChoice{foo}},
		"one of an id alone":  {`[{"id":"acc_1"}]`, []partnerapi.AccountChoice{{ID: "acc_1"}}},
		"one called id":       {`[{"id":{"title":"Foo"}}]`, []partnerapi.AccountChoice{{ID: "id", Title: "Foo"}}},
		"null as a title":     {`[{"id":"acc_1","title":null},{"acc_2":null}]`, []partnerapi.AccountChoice{{ID: "acc_1"}, {ID: "acc_2"}}},
		"a number as a title": {`[{"id":"acc_1","title":7},{"acc_2":7}]`, []partnerapi.AccountChoice{{ID: "acc_1"}, {ID: "acc_2"}}},
		"a number as an id":   {`[{"id":7,"title":"Foo"},{"id":"acc_2","title":"Bar"}]`, []partnerapi.AccountChoice{bar}},
		"null as an id":       {`[{"id":null,"title":"Foo"},{"id":"acc_2","title":"Bar"}]`, []partnerapi.AccountChoice{bar}},
		"no id":               {`[{"title":"Foo"},{"id":"","title":"Foo"},{"":"Foo"},{"id":"acc_2","title":"Bar"}]`, []partnerapi.AccountChoice{bar}},
		"twice":               {`[{"id":"acc_1","title":"Old"},{"acc_2":"Bar"},{"acc_1":"Foo"}]`, []partnerapi.AccountChoice{foo, bar}},
		"twice in a map":      {`{"acc_1":"Old","acc_2":"Bar","acc_1":"Foo"}`, []partnerapi.AccountChoice{foo, bar}},
		"escapes":             {`[{"\u0069d":"acc_\u0031","title":"F\u006fo"}]`, []partnerapi.AccountChoice{foo}},
		"what is no entry":    {`[null,7,"acc_1",[{"id":"acc_1"}],{},{"id":"acc_2","title":"Bar"}]`, []partnerapi.AccountChoice{bar}},
		"none":                {`[]`, nil},
		"none in a map":       {`{}`, nil},
		"null":                {`null`, nil},
		"text":                {`"acc_1"`, nil},
		"a list and a name":   {`[{"id":"acc_1","title":"Foo","acc_9":{"title":"Not one"}}]`, []partnerapi.AccountChoice{foo}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"jwt":"h.p.s","auth":{"select_account":{"accounts":` + test.accounts + `,"last_login":"acc_1"}}}`
			got, err := newTestClient(t, newTranscript(always(200, body))).AppSessions.Login(t.Context(), partnerapi.AppLoginRequest{Username: "u", Password: "p"})
			require.NoError(t, err)
			assert.Equal(t, withJWT("h.p.s", partnerapi.AppSession{Accounts: test.want, LastAccountID: "acc_1"}), exported(got))
		})
	}
}

// An invalid field does not hide the JWT and the other fields: the earlier JWT may be invalid by now.
func TestAppSessionWithAnInvalidField(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"auth": `true`, "app": `{"id":"app_1"}`, "user": `{"id":"usr_1"}`, "account": `{"id":"acc_1"}`, "access": `{"a":"r"}`, "alerts": `[{"id":"al_1"}]`,
	}
	whole := partnerapi.AppSession{
		Authenticated: true, App: partnerapi.App{ID: "app_1"}, User: partnerapi.AppUser{ID: "usr_1"}, Account: partnerapi.AppAccount{ID: "acc_1"},
		Access: partnerapi.AppAccess{"a": "r"}, Alerts: []partnerapi.AppAlert{{ID: "al_1"}},
	}
	without := map[string]func(*partnerapi.AppSession){
		"auth": func(s *partnerapi.AppSession) { s.Authenticated = false }, "app": func(s *partnerapi.AppSession) { s.App = partnerapi.App{} },
		"user": func(s *partnerapi.AppSession) { s.User = partnerapi.AppUser{} }, "account": func(s *partnerapi.AppSession) { s.Account = partnerapi.AppAccount{} },
		"access": func(s *partnerapi.AppSession) { s.Access = nil }, "alerts": func(s *partnerapi.AppSession) { s.Alerts = nil },
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
				got, err := newTestClient(t, newTranscript(always(200, body+`}`))).AppSessions.Login(t.Context(), partnerapi.AppLoginRequest{Username: "u", Password: "p"})
				require.NoError(t, err)
				want := whole
				forget(&want)
				if field == "alerts" {
					got.Alerts = nil // some invalid values are read as an empty list
				}
				assert.Equal(t, withJWT("J", want), exported(got))
			})
		}
	}
}

func TestAppSessionBadResponses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `{}`, `[]`, `"eyJ0eXAi"`, `true`, `{"jwt":null}`, `{"jwt":""}`, `{"app":{"id":"app_1"}}`,
		`{"success":true,"message":"","data":{"auth":false}}`, `{"jwt":"J"`, `{"jwt":"J"} {}`, `<html>`,
	} {
		got, err := startSession(t.Context(), newTestClient(t, newTranscript(always(200, body))))
		assertKinds(t, err, partnerapi.ErrBadResponse)
		assert.Zero(t, got, body)
	}
}

// The rules are those of the vendor's own function; some of the cases are its examples.
func TestAppAccessCan(t *testing.T) {
	t.Parallel()
	access := partnerapi.AppAccess{"payment-methods": "crud", "account-users": "r", "another-feature": "cr", "locked": ""}
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
	assert.True(t, partnerapi.AppAccess(nil).Can("*"))
	assert.False(t, partnerapi.AppAccess(nil).Can("payment-methods:d"))
}

func TestAppSessionIsRedacted(t *testing.T) {
	t.Parallel()
	session := new(partnerapi.AppSession)
	require.NoError(t, json.Unmarshal([]byte(`{"jwt":"eyJ0eXAi","user":{"name":"Ann"}}`), session))
	assert.Equal(t, "eyJ0eXAi", session.JWT())
	assert.Empty(t, partnerapi.AppSession{}.JWT())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		assert.Equal(t, "partnerapi.AppSession(redacted)", fmt.Sprintf(verb, session), verb)
		assert.Equal(t, "partnerapi.AppSession(redacted)", fmt.Sprintf(verb, *session), verb)
	}
	text, err := json.Marshal(session)
	require.NoError(t, err)
	assert.JSONEq(t, `"partnerapi.AppSession(redacted)"`, string(text))
	text, err = json.Marshal(map[string]any{"k": partnerapi.SignInCredentials{Password: "p"}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"k":"partnerapi.SignInCredentials(redacted)"}`, string(text))
}

// The call's credential is redacted in the API's message. A password in it is not.
func TestAppSessionErrors(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(always(400,
		`{"error":{"request_method":"post","type":"user","code":400,"message":"Not for `+testNetworkToken+`.","fields":{"username":"This value is required."},"dev_message":""}}`)))
	_, err := client.AppSessions.Login(t.Context(), partnerapi.AppLoginRequest{Username: "", Password: "oi3rncu7bjyJXW1L3"}) //nolint:gosec // the vendor's example
	assertKinds(t, err, partnerapi.ErrInvalid)
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, []string{"Not for [redacted]."}, failed.Messages)
	assert.Equal(t, map[string]string{"username": "This value is required."}, failed.Fields)
}
