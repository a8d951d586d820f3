package site_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	html       = "text/html; charset=utf-8"
	directLink = `href="https://partnertest.invalid/partner/partners/signup?child_name=Kim&amp;email=parent%40example.com&amp;pk=MS2365&amp;token=fake-partner-token"`
)

var signedUp = []partnerapi.SignupRequest{{PK: "MS2365", Email: "parent@example.com", ChildName: "Kim"}}

func TestParentPages(t *testing.T) {
	t.Parallel()
	from := func(site string) http.Header { return http.Header{"Sec-Fetch-Site": {site}} }
	const welcome = "https://partnertest.invalid/partner/welcome"
	tests := map[string]struct {
		signedOut bool
		method    string
		target    string
		header    http.Header
		status    int
		has       []string
		location  string
		signups   []partnerapi.SignupRequest
	}{
		"account":       {target: "/parent", status: 200, has: []string{"<dd>MS2365</dd>", "<dd>parent@example.com</dd>", "<dd>Kim</dd>", `href="/parent/protection">Add protection</a>`, `href="/parent/direct#by-link"`, "You have no subscription."}},
		"direct":        {target: "/parent/direct", status: 200, has: []string{directLink, "This page holds our token.", `href="/parent/protection"`}},
		"cancel":        {target: "/parent/cancel", status: 200, has: []string{"<h1>Cancel your subscription?</h1>"}},
		"look":          {method: "HEAD", target: "/parent", status: 200},
		"link followed": {target: "/parent/protection", header: from("same-origin"), status: 303, location: welcome, signups: signedUp},
		"link typed":    {target: "/parent/protection", header: from("none"), status: 303, location: welcome, signups: signedUp},
		"old browser":   {target: "/parent/protection", status: 303, location: welcome, signups: signedUp},

		"other site":            {target: "/parent/protection", header: from("cross-site"), status: 400, has: []string{"<h1>That did not work</h1>"}},
		"other port":            {target: "/parent/protection", header: from("same-site"), status: 400, has: []string{"<h1>That did not work</h1>"}},
		"form of another site":  {method: "POST", target: "/parent/subscription", header: from("cross-site"), status: 400, has: []string{"<h1>That did not work</h1>"}},
		"look at the link":      {method: "HEAD", target: "/parent/protection", status: 405},
		"post to the link":      {method: "POST", target: "/parent/protection", status: 405, has: []string{"<h1>That is not how this page works</h1>"}},
		"post to the account":   {method: "POST", target: "/parent", status: 405, has: []string{"<h1>That is not how this page works</h1>"}},
		"no page":               {target: "/nothing", status: 404, has: []string{"<h1>There is no such page</h1>", `href="/">Go to the start page<`}},
		"no page of a parent":   {target: "/parent/nothing", status: 404, has: []string{"<h1>There is no such page</h1>", `href="/parent">Go to your account<`}},
		"account, signed out":   {signedOut: true, target: "/parent", status: 303, location: "/parent/login"},
		"direct, signed out":    {signedOut: true, target: "/parent/direct", status: 303, location: "/parent/login"},
		"link, signed out":      {signedOut: true, target: "/parent/protection", status: 303, location: "/parent/login"},
		"change, signed out":    {signedOut: true, method: "POST", target: "/parent/subscription", status: 303, location: "/parent/login"},
		"start page":            {signedOut: true, target: "/", status: 200, has: []string{"<h1>Three APIs at work</h1>", "<code>parent@example.com</code>"}},
		"login page":            {signedOut: true, target: "/parent/login", status: 200, has: []string{"<h1>Log in as a parent</h1>", `<a href="/#logins">ready-made logins</a>`}},
		"subscription, no plan": {method: "POST", target: "/parent/subscription", status: 422, has: []string{`<a href="#plan">Select one of the plans</a>`, "<title>Error: Your account"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			v := s.visitor(t)
			if !test.signedOut {
				v.logIn("parent")
			}
			if test.method == "" {
				test.method = "GET"
			}

			r := v.do(test.method, test.target, test.header, nil)

			assert.Equal(t, test.status, r.status)
			assert.Equal(t, test.location, r.location)
			assert.Equal(t, "no-store", r.header.Get("Cache-Control"))
			assert.Equal(t, "no-referrer", r.header.Get("Referrer-Policy"))
			assert.Equal(t, "nosniff", r.header.Get("X-Content-Type-Options"))
			assert.Equal(t, "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
				r.header.Get("Content-Security-Policy"))
			if test.status != http.StatusSeeOther && r.body != "" {
				assert.Equal(t, html, r.header.Get("Content-Type"))
			}
			for _, has := range test.has {
				assert.Contains(t, r.body, has)
			}
			if test.target != "/parent/direct" {
				assert.NotContains(t, r.body, "fake-partner-token")
			}
			assert.Equal(t, test.signups, s.fake.Signups())
		})
	}
}

func TestParentLogin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		email, password string
		status          int
		has             string
		location        string
	}{
		"right":          {"parent@example.com", "open sesame", 303, "", "/parent"},
		"wrong password": {"parent@example.com", "wrong-password", 422, "<li>The e-mail address or the password is wrong</li>", ""},
		"unknown":        {"nobody@example.com", "open sesame", 422, "<li>The e-mail address or the password is wrong</li>", ""},
		"no e-mail":      {"", "open sesame", 422, `<a href="#email">Enter your e-mail address</a>`, ""},
		"no password":    {"parent@example.com", "", 422, `<a href="#password">Enter your password</a>`, ""},
		"long":           {strings.Repeat("ü", 201), "x", 422, `<a href="#email">Use at most 200 characters</a>`, ""},
		"markup":         {`"><b>@example.com`, "wrong-password", 422, `value="&#34;&gt;&lt;b&gt;@example.com"`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newSite(t).visitor(t)

			r := v.post("/parent/login", "email", test.email, "password", test.password)

			assert.Equal(t, test.status, r.status)
			assert.Equal(t, test.location, r.location)
			assert.Contains(t, r.body, test.has)
			assertNoSecrets(t, r.body)
		})
	}
}

func TestLoginLeadsBack(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t)
	before := v.follow(v.get("/parent/cancel"))
	assert.Contains(t, before.body, "<h1>Log in as a parent</h1>")

	r := v.post("/parent/login", "email", "parent@example.com", "password", "open sesame")
	assert.Equal(t, "/parent/cancel", r.location)

	assert.Equal(t, "/", v.post("/parent/logout").location)
	assert.Equal(t, "/parent/login", v.get("/parent").location)
}

func TestParentLogoutIsOfParentOnly(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t).logIn("fan").logIn("parent")

	assert.Equal(t, "/", v.post("/parent/logout").location)

	assert.Equal(t, "/parent/login", v.get("/parent").location)
	assert.Equal(t, http.StatusOK, v.get("/fan").status)
}

func TestParentSubscription(t *testing.T) {
	t.Parallel()
	const create, update, cancel = "POST /partners/subscriptions", "PUT /partners/subscriptions/{pk}", "DELETE /partners/subscriptions/{pk}"
	always := func(f partnertest.Fault) []partnertest.Fault { return slices.Repeat([]partnertest.Fault{f}, 8) }
	tests := map[string]struct {
		before partnerapi.Plan
		form   []string
		op     string
		faults []partnertest.Fault
		status int
		has    string // of the page after the change
		after  store.Subscription
		api    partnerapi.Plan
	}{
		"subscribe":       {"", []string{"plan", "bark"}, "", nil, 303, "You are subscribed to Bark.", store.Subscription{Plan: "bark", Wanted: "bark"}, "bark"},
		"change":          {"bark", []string{"plan", "bark_junior"}, "", nil, 303, "You are subscribed to Bark Jr.", store.Subscription{Plan: "bark_junior", Wanted: "bark_junior"}, "bark_junior"},
		"cancel":          {"bark", []string{"cancel", "yes"}, "", nil, 303, "Your subscription is cancelled.", store.Subscription{}, ""},
		"cancel twice":    {"", []string{"cancel", "yes"}, "", nil, 303, "Your subscription is cancelled.", store.Subscription{}, ""},
		"unknown plan":    {"", []string{"plan", "gold"}, "", nil, 422, "<li>Please provide a valid plan</li>", store.Subscription{}, ""},
		"one failure":     {"", []string{"plan", "bark"}, create, []partnertest.Fault{{Status: 503}}, 303, "You are subscribed to Bark.", store.Subscription{Plan: "bark", Wanted: "bark"}, "bark"},
		"refused":         {"", []string{"plan", "bark"}, create, always(partnertest.Fault{Cut: partnertest.CutRefused}), 503, "Our partner is not available", store.Subscription{}, ""},
		"rate limit":      {"", []string{"plan", "bark"}, create, always(partnertest.Fault{Status: 429, RetryAfter: time.Hour}), 503, "Our partner is not available", store.Subscription{}, ""},
		"outage":          {"", []string{"plan", "bark"}, create, always(partnertest.Fault{Status: 503}), 303, "We are checking", store.Subscription{Wanted: "bark", Checking: true}, ""},
		"unknown create":  {"", []string{"plan", "bark"}, create, always(partnertest.Fault{Cut: partnertest.CutAfter}), 303, "You asked for Bark.", store.Subscription{Wanted: "bark", Checking: true}, "bark"},
		"unknown change":  {"bark", []string{"plan", "bark_junior"}, update, always(partnertest.Fault{Cut: partnertest.CutAfter}), 303, "You asked for Bark Jr.", store.Subscription{Plan: "bark", Wanted: "bark_junior", Checking: true}, "bark_junior"},
		"unknown cancel":  {"bark", []string{"cancel", "yes"}, cancel, always(partnertest.Fault{Cut: partnertest.CutAfter}), 303, "You asked us to cancel.", store.Subscription{Plan: "bark", Wanted: "", Checking: true}, ""},
		"not a response":  {"", []string{"plan", "bark"}, create, always(partnertest.Fault{Status: 200, Body: "<html>", Processed: true}), 303, "We are checking", store.Subscription{Wanted: "bark", Checking: true}, "bark"},
		"our token fails": {"", []string{"plan", "bark"}, create, always(partnertest.Fault{Status: 401, Body: `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`}), 502, "Our partner does not respond correctly", store.Subscription{}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 2, MinWait: 1, MaxWait: 1}))
			if test.before != "" {
				s.fake.SeedSubscription(partnertest.Subscription{PK: "MS2365", Email: "parent@example.com", Plan: test.before})
				require.NoError(t, s.store.EndChange(t.Context(), "MS2365", test.before))
			}
			v := s.visitor(t).logIn("parent")
			if test.op != "" {
				s.fake.Fail(test.op, test.faults...)
			}

			r := v.post("/parent/subscription", test.form...)

			assert.Equal(t, test.status, r.status)
			if r.status == http.StatusSeeOther {
				r = v.follow(r)
			}
			assert.Contains(t, r.body, test.has)
			p, err := s.store.Parent(t.Context(), "MS2365")
			require.NoError(t, err)
			assert.Equal(t, test.after, p.Subscription)
			subscribed, _ := s.fake.Subscription("MS2365")
			assert.Equal(t, test.api, subscribed.Plan)
		})
	}
}

// While a change is not settled, no other begins: it could overtake the first.
func TestParentChangesWhileChecking(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.store.BeginChange(t.Context(), "MS2365", "bark")
	require.NoError(t, err)

	r := s.visitor(t).logIn("parent").post("/parent/subscription", "plan", "bark_junior")

	assert.Equal(t, 409, r.status)
	assert.Contains(t, r.body, "<h1>We are still checking</h1>")
	assert.Empty(t, s.fake.Calls())
}

func TestProtectionFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault  partnertest.Fault
		opts   []partnerapi.Option
		status int
		log    string
	}{
		"refuses connections": {fault: partnertest.Fault{Cut: partnertest.CutRefused}, status: 503, log: "connection refused"},
		"is silent":           {fault: partnertest.Fault{Delay: time.Hour}, opts: []partnerapi.Option{partnerapi.WithTimeout(time.Millisecond)}, status: 504, log: "deadline exceeded"},
		"is broken":           {fault: partnertest.Fault{Status: 500}, status: 503, log: "500 Internal Server Error"},
		"leads nowhere":       {fault: partnertest.Fault{Status: 200, Body: "<html>"}, status: 502, log: "no redirect"},
		"refuses the token":   {opts: []partnerapi.Option{partnerapi.WithPartnerToken("revoked")}, status: 502, log: "Please provide a valid token"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, append(test.opts, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))...)
			if test.opts == nil || test.fault.Delay != 0 {
				s.fake.Fail("GET /partners/signup", slices.Repeat([]partnertest.Fault{test.fault}, 8)...)
			}

			r := s.visitor(t).logIn("parent").get("/parent/protection")

			assert.Equal(t, test.status, r.status)
			assert.Equal(t, html, r.header.Get("Content-Type"))
			assert.NotContains(t, r.body, "Bad Gateway", "the SDK's own line")
			assert.Regexp(t, `level=WARN msg="a page failed" status=\d+ error="partner: GET /partners/signup: .+" request_id=[A-Z2-7]{26}`, s.log.String())
			assert.Contains(t, s.log.String(), test.log)
		})
	}
}

// The link is made without a call, so only the source of the token can fail.
func TestTokenIsMissing(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient()
	require.NoError(t, err)
	v := newSiteWith(t, func(c *site.Config) { c.Client = client }).visitor(t).logIn("parent")
	for _, target := range []string{"/parent/direct", "/parent/protection"} {
		assert.Equal(t, 502, v.get(target).status, target)
	}
}

// The browsers' protection against forms that lead to another site (form-action) forbids a login that ends there.
func TestLoginDoesNotLeadToTheProtection(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t)
	v.get("/parent/protection")

	assert.Equal(t, "/parent", v.post("/parent/login", "email", "parent@example.com", "password", "open sesame").location)
}

// A browser that loads a page in advance has not followed the link.
func TestProtectionLoadedInAdvance(t *testing.T) {
	t.Parallel()
	s := newSite(t)

	r := s.visitor(t).logIn("parent").do("GET", "/parent/protection", http.Header{
		"Sec-Fetch-Site": {"none"}, "Sec-Purpose": {"prefetch;prerender"},
	}, nil)

	assert.Equal(t, 400, r.status)
	assert.Empty(t, s.fake.Signups())
}

// PostgreSQL has no such text.
func TestInvalidText(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t).logIn("parent")
	for _, text := range []string{"\x00", "\xff"} {
		assert.Equal(t, 400, v.post("/parent/login", "email", text, "password", "x").status, "%q", text)
		assert.Equal(t, 400, v.post("/parent/subscription", "plan", text).status, "%q", text)
	}
}

// The response to an older request brings back the browser's session of before the logout.
func TestLogoutDuringAChange(t *testing.T) {
	t.Parallel()
	var v *visitor
	s := newSite(t, partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, "/", v.post("/parent/logout").location)
			return next.RoundTrip(r)
		})
	}))
	v = s.visitor(t).logIn("parent")

	v.post("/parent/subscription", "plan", "bark")

	assert.Equal(t, "/parent/login", v.get("/parent").location)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
