package site_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

var (
	fullAccess = partnerapi.AppAccess{"network-invitations": "crud", "networks": "crud"}
	// once makes each call a single attempt, so that a test need not wait for retries.
	once = partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1})
	// page is a response that is not the API's.
	page = partnertest.Fault{Status: 200, Body: "<html>", Processed: true}
)

const longWait = time.Hour

// signIn logs in an operator with one account.
func (s *testSite) signIn(t *testing.T, access partnerapi.AppAccess) *visitor {
	t.Helper()
	s.seedOperator(access)
	t.Cleanup(func() { assert.NotContains(t, s.log.String(), "fake-jwt") })
	v := s.visitor(t)
	require.Equal(t, "/operator", v.post("/operator/login", "username", "solo", "password", "open sesame").location)
	return v
}

func (s *testSite) seedOperator(access partnerapi.AppAccess) {
	s.fake.SeedAppUser(partnertest.AppUser{
		AppUser: partnerapi.AppUser{Username: "solo", Name: "Kay Example"}, Password: "open sesame", Access: access,
	})
}

// warning begins the text for a change whose outcome is unknown.
const warning = `: we do not know whether that worked. `

// assertShows checks a page, and that it holds no secret.
func assertShows(t *testing.T, r reply, status int, has ...string) {
	t.Helper()
	assert.Equal(t, status, r.status)
	assert.Empty(t, r.location)
	for _, text := range has {
		assert.Contains(t, r.body, text)
	}
	assert.NotContains(t, r.body, "fake-jwt")
	assertNoSecrets(t, r.body)
}

// rejection is a response of the network API.
func rejection(status int, message, fields string) partnertest.Fault {
	return partnertest.Fault{Status: status, Body: `{"error":{"type":"user","message":"` + message + `","fields":` + fields + `}}`}
}

func TestOperatorLogin(t *testing.T) {
	t.Parallel()
	const start, login = "GET /app/session", "POST /app/login"
	const wrong = "<li>The user name or the password is wrong</li>"
	tests := map[string]struct {
		user, password, appKey string
		op                     string // to which fault happens
		fault                  partnertest.Fault
		status                 int
		location               string
		has                    []string
	}{
		"one account":  {user: "solo", password: "open sesame", status: 303, location: "/operator"},
		"two accounts": {user: "operator", password: "open sesame", status: 303, location: "/operator"},
		"nothing":      {status: 422, has: []string{`<a href="#username">Enter your user name</a>`, `<a href="#password">Enter your password</a>`}},
		"no password":  {user: "solo", status: 422, has: []string{`<a href="#password">Enter your password</a>`, `value="solo"`}},
		"wrong":        {user: "solo", password: "wrong-password", status: 422, has: []string{wrong, "<title>Error: Log in as an operator"}},
		"unknown user": {user: "nobody", password: "wrong-password", status: 422, has: []string{wrong}},

		"rejected with 401": {op: login, fault: rejection(401, "Please sign in.", "[]"), status: 422, has: []string{wrong}},
		"rejected with 403": {op: login, fault: rejection(403, "Your account is locked.", "[]"), status: 422, has: []string{"<li>Your account is locked.</li>"}},
		"proxy's 401":       {op: login, fault: partnertest.Fault{Status: 401, Body: "<html>"}, status: 502},
		"no app key":        {appKey: "wrong-app-key", status: 502, has: []string{"<h1>Our partner does not respond correctly</h1>"}},
		"bad response":      {op: login, fault: page, status: 502},
		"outage":            {op: login, fault: partnertest.Fault{Status: 503}, status: 503, has: []string{"<h1>Our partner is not available</h1>"}},
		"outage at first":   {op: start, fault: partnertest.Fault{Status: 503}, status: 503},
		"too many requests": {op: start, fault: partnertest.Fault{Status: 429, RetryAfter: longWait}, status: 503},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSiteWith(t, func(c *site.Config) {
				if test.appKey != "" {
					c.AppKey = test.appKey
				}
			}, once)
			s.seedOperator(fullAccess)
			if test.op != "" {
				s.fake.Fail(test.op, test.fault)
			}
			if test.op != "" || test.appKey != "" {
				test.user, test.password = "solo", "open sesame"
			}
			v := s.visitor(t)
			assertShows(t, v.get("/operator/login"), 200, "<h1>Log in as an operator</h1>")

			r := v.post("/operator/login", "username", test.user, "password", test.password)

			assert.Equal(t, test.location, r.location)
			r.location = ""
			assertShows(t, r, test.status, test.has...)
			if test.location == "" {
				assert.Equal(t, "/operator/login", v.get("/operator").location)
			}
		})
	}
}

// An operator with several accounts chooses one, and then gets to the page that the operator came for.
func TestOperatorChoosesAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, once)
	v := s.visitor(t)
	assert.Equal(t, "/operator/login", v.get("/operator/networks?page=2").location)
	r := v.post("/operator/login", "username", "operator", "password", "open sesame")
	assert.Equal(t, "/operator/networks?page=2", r.location)
	assert.Equal(t, "/operator/account", v.follow(r).location)
	assertShows(t, v.get("/operator/account"), 200, `value="acc_1" id="account_id" checked>`, "<span>Example Wholesale</span>", `value="acc_2">`)

	assertShows(t, v.post("/operator/account"), 422, `<a href="#account_id">Choose an account</a>`)
	assertShows(t, v.post("/operator/account", "account_id", "acc_9"), 422, "You do not belong to this account.")
	assert.Equal(t, "/operator/account", v.get("/operator/networks?page=3").location)
	r = v.post("/operator/account", "account_id", "acc_2")
	assert.Equal(t, "/operator/networks?page=3", r.location)
	assertShows(t, v.follow(r), 200, "Example Agency: you are logged in.", `aria-label="Example Agency"`)
	assertShows(t, v.get("/operator"), 200, "<h1>Example Agency</h1>", "Logged in as Sam Example.")
	assertShows(t, v.get("/operator/account"), 200, "You are logged in to Example Agency.")
}

func TestOperatorAccountOutage(t *testing.T) {
	t.Parallel()
	s := newSite(t, once)
	v := s.visitor(t).logIn("operator")
	for _, fault := range []partnertest.Fault{{Cut: partnertest.CutAfter}, {Status: 503}} {
		s.fake.Fail("POST /app/login-account", fault)
		assertShows(t, v.post("/operator/account", "account_id", "acc_2"), 503)
		assert.Equal(t, "/operator/account", v.get("/operator").location)
	}
}

// The credential of a call is that of the newest response.
func TestOperatorUsesNewestJWT(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor(t).logIn("operator")
	v.post("/operator/account", "account_id", "acc_1")
	v.get("/operator/networks")
	calls := s.fake.Calls()
	require.Len(t, calls, 4)
	var sent []string
	for _, c := range calls {
		sent = append(sent, c.Header.Get("Authorization"))
	}
	assert.Equal(t, []string{partnertest.AppKey, "fake-jwt-1", "fake-jwt-2", "fake-jwt-3"}, sent)
}

func TestOperatorSessionEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.signIn(t, fullAccess)
	s.fake.ExpireJWTs()
	r := v.get("/operator/networks?search=Business&page=3")
	assert.Equal(t, "/operator/login", r.location)
	assertShows(t, v.follow(r), 200, "Your session has ended. Please log in again.")
	r = v.post("/operator/login", "username", "solo", "password", "open sesame")
	assert.Equal(t, "/operator/networks?search=Business&page=3", r.location)
	assertShows(t, v.follow(r), 200, "Example Business 60")

	s.fake.ExpireJWTs()
	assert.Equal(t, "/operator/login", v.post("/operator/networks/acc_child_01/delete").location)
	assert.Len(t, s.fake.Networks(), 60)
	assert.Equal(t, "/operator/login", v.get("/operator").location)
}

// A logout elsewhere leaves the JWT valid, without a user.
func TestOperatorLoggedOutElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.signIn(t, fullAccess)
	_, err := s.fake.Client().AppSessions.Logout(t.Context(), partnerapi.WithCredential(partnerapi.NetworkToken, "fake-jwt-2"))
	require.NoError(t, err)
	assert.Equal(t, "/operator/login", v.get("/operator").location)
}

// A failure that says nothing of the JWT does not end the login.
func TestOperatorFailuresKeepLogin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault  partnertest.Fault
		status int
	}{
		"outage":            {partnertest.Fault{Status: 503}, 503},
		"too many requests": {partnertest.Fault{Status: 429, RetryAfter: longWait}, 503},
		"proxy's 401":       {partnertest.Fault{Status: 401, Body: "<html>"}, 502},
		"bad response":      {page, 502},
		"cut":               {partnertest.Fault{Cut: partnertest.CutWithin}, 502},
		"forbidden":         {rejection(403, "No.", "[]"), 403},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, once)
			v := s.signIn(t, fullAccess)
			for target, op := range map[string]string{
				"/operator":                             "GET /app/session",
				"/operator/networks":                    "GET /account/networks",
				"/operator/networks/acc_child_01/fee":   "GET /account/networks/{child_account_id}",
				"/operator/invitations":                 "GET /account/network-invitations",
				"/operator/invitations/new":             "GET /account/network-domains",
				"/operator/invitations/nwi_1/edit":      "GET /account/network-invitations",
				"/operator/invitations/nwi_1/delete":    "GET /account/network-invitations",
				"/operator/networks/acc_child_1/delete": "GET /account/networks/{child_account_id}",
			} {
				s.fake.Fail(op, test.fault)
				assertShows(t, v.get(target), test.status)
			}
			assertShows(t, v.get("/operator"), 200, "<h1>Acme Corp</h1>")
		})
	}
}

func TestOperatorLogout(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault  partnertest.Fault
		logged bool
	}{
		"logged out":  {},
		"outage":      {fault: partnertest.Fault{Status: 503}, logged: true},
		"JWT expired": {fault: rejection(401, "Please sign in.", "[]"), logged: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, once)
			v := s.signIn(t, fullAccess)
			s.fake.Fail("GET /app/logout", test.fault)

			r := v.post("/operator/logout")

			assert.Equal(t, http.StatusSeeOther, r.status)
			assert.Equal(t, "/", r.location)
			assert.Len(t, s.fake.CallsTo("GET /app/logout"), 1)
			assert.NotContains(t, v.follow(r).body, "Your session has ended")
			assert.Equal(t, "/operator/login", v.get("/operator").location)
			if test.logged {
				assert.Contains(t, s.log.String(), "a visitor is logged out here, and perhaps not at the API")
			} else {
				assert.NotContains(t, s.log.String(), "a visitor is logged out here, and perhaps not at the API")
			}
		})
	}
	t.Run("without a login", func(t *testing.T) {
		t.Parallel()
		assert.Equal(t, "/", newSite(t).visitor(t).post("/operator/logout").location)
	})
}

// Requests for what the access does not allow are refused, and the pages do not offer it.
func TestOperatorAccess(t *testing.T) {
	t.Parallel()
	const (
		networks, fee, remove             = "GET /operator/networks", "/operator/networks/acc_child_01/fee", "/operator/networks/acc_child_01/delete"
		invitations, invite, edit, resend = "GET /operator/invitations", "/operator/invitations/new", "/operator/invitations/nwi_1/edit", "POST /operator/invitations/nwi_1/resend"
		withdraw                          = "/operator/invitations/nwi_1/delete"
	)
	all := []string{
		networks, "GET " + fee, "POST " + fee, "GET " + remove, "POST " + remove,
		invitations, "GET " + invite, "POST " + invite, "GET " + edit, "POST " + edit, resend, "GET " + withdraw, "POST " + withdraw,
	}
	tests := map[string]struct {
		access  partnerapi.AppAccess
		allowed map[string]bool // without those that the operator may not read
		offered []string
		hidden  []string
	}{
		"all": {fullAccess, nil, []string{`href="` + fee, `href="` + remove, `href="` + invite, `href="` + edit, `nwi_1/resend"`, `href="` + withdraw}, nil},
		"read": {
			partnerapi.AppAccess{"network-invitations": "r", "networks": "r"}, map[string]bool{networks: true, invitations: true},
			nil, []string{fee, remove, invite, edit, "resend", withdraw, "Actions"},
		},
		"update": {
			partnerapi.AppAccess{"network-invitations": "ru", "networks": "ru"},
			map[string]bool{networks: true, invitations: true, "GET " + fee: true, "POST " + fee: true, "GET " + edit: true, "POST " + edit: true, resend: true},
			[]string{`href="` + fee, `href="` + edit, `nwi_1/resend"`}, []string{remove, invite, withdraw},
		},
		"networks": {
			partnerapi.AppAccess{"networks": "crud"},
			map[string]bool{networks: true, "GET " + fee: true, "POST " + fee: true, "GET " + remove: true, "POST " + remove: true},
			[]string{`href="` + fee}, []string{`href="/operator/invitations`},
		},
		"others": {partnerapi.AppAccess{"reports": "crud"}, map[string]bool{}, []string{"has no access to networks and invitations"}, []string{`href="/operator/networks`, `href="/operator/invitations`}},
		"none":   {nil, map[string]bool{}, []string{"has no access to networks and invitations"}, []string{`href="/operator/networks`, `href="/operator/invitations`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.fake.SeedInvitation(partnerapi.Invitation{ID: "nwi_1", Email: "first@example.com", DomainID: "dom_agency"})
			v := s.signIn(t, test.access)
			shown := v.get("/operator").body + v.get("/operator/networks").body + v.get("/operator/invitations").body
			for _, text := range test.offered {
				assert.Contains(t, shown, text)
			}
			for _, text := range test.hidden {
				assert.NotContains(t, shown, text)
			}
			before := len(s.fake.Calls())
			for _, request := range all {
				if test.allowed == nil || test.allowed[request] {
					continue
				}
				method, target, _ := strings.Cut(request, " ")
				r := v.do(method, target, nil, nil)
				assertShows(t, r, http.StatusForbidden, "<h1>You may not do that</h1>")
			}
			assert.Len(t, s.fake.Calls(), before, "nothing is sent")
		})
	}
}

// The overview reads the access again.
func TestOperatorAccessChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.signIn(t, fullAccess)
	assertShows(t, v.get("/operator/networks"), 200)
	s.seedOperator(partnerapi.AppAccess{"network-invitations": "r"})
	assertShows(t, v.get("/operator"), 200, `href="/operator/invitations"`)
	assertShows(t, v.get("/operator/networks"), 403)
}

func TestOperatorPagesNeedLogin(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t)
	for _, target := range []string{
		"/operator", "/operator/account", "/operator/networks", "/operator/networks/acc_child_01/fee", "/operator/networks/acc_child_01/delete",
		"/operator/invitations", "/operator/invitations/new", "/operator/invitations/nwi_1/edit", "/operator/invitations/nwi_1/delete",
	} {
		assert.Equal(t, "/operator/login", v.get(target).location, target)
	}
	assert.Equal(t, "/operator/login", v.post("/operator/invitations/nwi_1/resend").location)
	assert.Equal(t, 405, v.get("/operator/invitations/nwi_1/resend").status)
}
