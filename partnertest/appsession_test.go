package partnertest_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	session   = "GET /network/app/session"
	logIn     = "POST /network/app/login"
	choose    = "POST /network/app/login-account"
	logOut    = "GET /network/app/logout"
	anybody   = `"app":{"id":"app_1234567890","title":"Acme Services","created":1234567890}`
	loggedOut = `{"jwt":"fake-jwt-1","auth":false,` + anybody + `,"user":{},"account":{},"access":{},"alerts":[]}`
)

func authorized(credential string) http.Header { return http.Header{"Authorization": {credential}} }

func seededUser(accounts ...partnerapi.AccountChoice) partnertest.AppUser {
	return partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}, Password: "temp123", Accounts: accounts}
}

// assertShows requires that the response has everything in the documented session. It may have more.
func assertShows(t *testing.T, documented, got string) {
	t.Helper()
	all := decoded(t, got)
	for name, want := range decoded(t, documented) {
		got, there := all[name]
		assert.True(t, there, name)
		if object, ok := want.(map[string]any); ok {
			for member, value := range object {
				shown, ok := got.(map[string]any)
				require.True(t, ok, name)
				assert.Equal(t, value, shown[member], name+"."+member)
			}
			continue
		}
		assert.Equal(t, want, got, name)
	}
}

func TestAppSessionsAsDocumented(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	user := seededUser()
	user.ID, user.Access = "usr_1234567890", partnerapi.AppAccess{"some-feature": "crud"}
	f.SeedAppUser(user)
	run(t, f, []step{{"start", session, "", authorized(partnertest.AppKey), 200, loggedOut}})
	const credentials = `{"username":"jdoe","password":"temp123"}`
	got := step{target: logIn, body: credentials, header: authorized("fake-jwt-1")}.send(t, f)
	assertShows(t, fixture(t, "post-app-login.ok.json"), got.body)
	again := step{target: session, header: authorized("fake-jwt-2")}.send(t, f)
	assert.JSONEq(t, got.body, again.body)
	got = step{target: logOut, header: authorized("fake-jwt-2")}.send(t, f)
	assertShows(t, fixture(t, "get-app-logout.ok.json"), got.body)

	user.Accounts = []partnerapi.AccountChoice{{ID: "acc_1234567890", Title: "Foo Account"}, {ID: "acc_2345678901", Title: "Bar Account"}}
	f.SeedAppUser(user)
	got = step{target: logIn, body: credentials, header: authorized("fake-jwt-3")}.send(t, f)
	assertShows(t, fixture(t, "post-app-login.select-account.json"), got.body)
	assert.Contains(t, got.body, `{"acc_1234567890":"Foo Account","acc_2345678901":"Bar Account"}`)
	got = step{target: choose, body: fixture(t, "post-app-login-account.request.json"), header: authorized("fake-jwt-4")}.send(t, f)
	assertShows(t, fixture(t, "post-app-login.ok.json"), got.body)
	assert.Equal(t, map[string]any{"id": "acc_1234567890", "title": "Foo Account"}, decoded(t, got.body)["account"])
}

func TestAppSessionFailures(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedAppUser(seededUser(partnerapi.AccountChoice{ID: "acc_1", Title: "A"}, partnerapi.AccountChoice{ID: "acc_2", Title: "B"}))
	signIn := func(method string) string { return networkFailure(method, 401, "Please sign in.", "[]") }
	missing := func(fields string) string {
		return networkFailure("POST", 400, "Required values are missing.", fields)
	}
	incorrect := networkFailure("POST", 400, "The username or password is incorrect.", "[]")
	jwt := authorized("fake-jwt-1")
	run(t, f, []step{
		{"no key", session, "", authorized("wrong"), 401, signIn("GET")},
		{"the app key is for the first call", logIn, `{"username":"jdoe","password":"temp123"}`, authorized(partnertest.AppKey), 401, signIn("POST")},
		{"no JWT", choose, `{"account_id":"acc_1"}`, authorized("wrong"), 401, signIn("POST")},
		{"no JWT", logOut, "", authorized("wrong"), 401, signIn("GET")},
		{"start", session, "", authorized(partnertest.AppKey), 200, loggedOut},
		{"no user is logged in", "GET " + networks, "", jwt, 401, signIn("GET")},
		{"no body", logIn, "", jwt, 400, missing(`{"username":"This value is required.","password":"This value is required."}`)},
		{"no password", logIn, `{"username":"jdoe"}`, jwt, 400, missing(`{"password":"This value is required."}`)},
		{"another password", logIn, `{"username":"jdoe","password":"other"}`, jwt, 400, incorrect},
		{"another user", logIn, `{"username":"other","password":"temp123"}`, jwt, 400, incorrect},
		{"another account", choose, `{"account_id":"acc_1"}`, jwt, 403, networkFailure("POST", 403, "You do not belong to this account.", "[]")},
	})
	step{target: logIn, body: `{"username":"jdoe","password":"temp123"}`, header: jwt}.send(t, f)
	jwt = authorized("fake-jwt-2")
	run(t, f, []step{
		{"no account is chosen", "GET " + networks, "", jwt, 401, signIn("GET")},
		{"no account", choose, `{}`, jwt, 400, networkFailure("POST", 400, "Please check the values.", `{"account_id":"This value is required."}`)},
		{"others' account", choose, `{"account_id":"acc_3"}`, jwt, 403, networkFailure("POST", 403, "You do not belong to this account.", "[]")},
	})
}

func TestJWTsExpire(t *testing.T) {
	t.Parallel()
	start := time.Unix(1234567890, 0)
	f := partnertest.New(partnertest.WithJWTLifetime(time.Minute))
	f.SetNow(start)
	f.SeedAppUser(seededUser())
	status := func(op, jwt string) int { return step{target: op, header: authorized(jwt)}.send(t, f).status }
	logInWith := func(jwt string) {
		step{target: session, header: authorized(partnertest.AppKey)}.send(t, f)
		got := step{target: logIn, body: `{"username":"jdoe","password":"temp123"}`, header: authorized(jwt)}.send(t, f)
		require.Equal(t, 200, got.status)
		assert.InEpsilon(t, 1234567890, decoded(t, got.body)["user"].(map[string]any)["last_login"], 0)
	}
	logInWith("fake-jwt-1")
	f.SetNow(start.Add(time.Minute - 1))
	assert.Equal(t, 200, status("GET "+networks, "fake-jwt-2"))
	f.SetNow(start.Add(time.Minute))
	assert.Equal(t, 401, status("GET "+networks, "fake-jwt-2"))
	assert.Equal(t, 401, status(session, "fake-jwt-2"))

	f.SetNow(start)
	logInWith("fake-jwt-3")
	assert.Equal(t, 200, status("GET "+networks, "fake-jwt-4"))
	f.ExpireJWTs()
	assert.Equal(t, 401, status("GET "+networks, "fake-jwt-4"))
	assert.Equal(t, 200, status("GET "+networks, partnertest.NetworkToken))

	logInWith(startedJWT(t, f))
	assert.Equal(t, 200, status(logOut, "fake-jwt-7"))
	assert.Equal(t, 401, status("GET "+networks, "fake-jwt-7"))
	assert.Equal(t, 200, status(logOut, "fake-jwt-7"))
}

func startedJWT(t *testing.T, f *partnertest.Fake) string {
	t.Helper()
	started := decoded(t, step{target: session, header: authorized(partnertest.AppKey)}.send(t, f).body)
	jwt, ok := started["jwt"].(string)
	require.True(t, ok)
	return jwt
}

// NetworkToken has a session without a user.
func TestNetworkTokenHasASession(t *testing.T) {
	t.Parallel()
	const signedIn = `"auth":true,` + anybody + `,"user":{},"account":{"id":"acc_1234567890","title":""},"access":{},"alerts":[]}`
	run(t, partnertest.New(), []step{
		{"current", session, "", nil, 200, `{"jwt":"fake-network-token",` + signedIn},
		{"select", choose, `{"account_id":"acc_1234567890"}`, nil, 200, `{"jwt":"fake-jwt-1",` + signedIn},
		{"log out", logOut, "", nil, 200, `{"jwt":"fake-jwt-2","auth":false,` + anybody + `,"user":{},"account":{},"access":{},"alerts":[]}`},
		{"still good", session, "", nil, 200, `{"jwt":"fake-network-token",` + signedIn},
	})
}

func TestSeedAppUser(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	stored := f.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}})
	assert.Equal(t, partnertest.AppUser{
		AppUser: partnerapi.AppUser{ID: "usr_1", Username: "jdoe"}, Accounts: []partnerapi.AccountChoice{{ID: "acc_1234567890", Title: "Acme Corp"}},
	}, stored)
	// A user with no password cannot log in, and SeedAppUser returns a copy.
	stored.Accounts[0].ID = "changed"
	client := f.Client()
	_, err := client.AppSessions.Login(t.Context(), partnerapi.AppLoginRequest{Username: "jdoe", Password: " "})
	require.ErrorIs(t, err, partnerapi.ErrInvalid)

	given := seededUser(partnerapi.AccountChoice{ID: "acc_1", Title: "A"})
	given.ID, given.Roles = "usr_7", []string{"rol_1"}
	given.Access = partnerapi.AppAccess{"account-users": "r"}
	given.Alerts = []partnerapi.AppAlert{{ID: "expired-card", Priority: 1, Timestamp: partnerapi.UnixTimeOf(time.Unix(1727348860, 0))}}
	assert.Equal(t, given, f.SeedAppUser(given))
	given.Accounts[0].ID, given.Access["account-users"], given.Alerts[0].ID, given.Roles[0] = "changed", "changed", "changed", "changed"
	got, err := client.AppSessions.Login(t.Context(), partnerapi.AppLoginRequest{Username: "jdoe", Password: "temp123"})
	require.NoError(t, err)
	assert.Equal(t, "acc_1", got.Account.ID)
	assert.Equal(t, "A", got.Account.Title)
	assert.Equal(t, "usr_7", got.User.ID)
	assert.Equal(t, []string{"rol_1"}, got.User.Roles)
	assert.Equal(t, partnerapi.AppAccess{"account-users": "r"}, got.Access)
	require.Len(t, got.Alerts, 1)
	assert.Equal(t, "expired-card", got.Alerts[0].ID)
}

// A JWT can expire between its lookup and its use: the request must be accepted or refused, without a panic.
func TestJWTExpiresDuringCalls(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithJWTLifetime(20 * time.Microsecond))
	token := partnertest.AppKey
	client := f.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, partnerapi.TokenSourceFunc(func(context.Context) (string, error) {
		return token, nil
	})))
	for range 2000 {
		token = partnertest.AppKey
		session, err := client.AppSessions.Start(t.Context())
		require.NoError(t, err)
		token = session.JWT()
		if _, err := client.AppSessions.Current(t.Context()); err != nil {
			require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
		}
	}
}

// ClientOptions works in memory and over the network.
func TestClientOptions(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*partnertest.Fake{"in memory": partnertest.New(), "served": partnertest.NewServer(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.SeedAppUser(seededUser())
			source := partnerapi.SignIn(partnerapi.SignInCredentials{AppKey: partnertest.AppKey, Username: "jdoe", Password: "temp123"}, f.ClientOptions()...)
			client, err := partnerapi.NewClient(append(f.ClientOptions(), partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))...)
			require.NoError(t, err)
			_, err = client.Networks.List(t.Context(), partnerapi.ListOptions{})
			require.NoError(t, err)
			_, err = client.Accounts.Search(t.Context(), "a@example.com")
			require.ErrorIs(t, err, partnerapi.ErrNoCredential)
		})
	}
}
