package site_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/storetest"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	createFan = "POST /accounts"
	loginFan  = "POST /login"
	getFan    = "GET /account"
	updateFan = "POST /account"
	logoutFan = "GET /logout"
)

var (
	outage      = always(partnertest.Fault{Status: 503})
	refused     = always(partnertest.Fault{Cut: partnertest.CutRefused})
	lost        = always(partnertest.Fault{Cut: partnertest.CutAfter})
	rateLimit   = always(partnertest.Fault{Status: 429, RetryAfter: time.Hour})
	badResponse = always(partnertest.Fault{Status: 200, Body: "<html>"})

	quickly = partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: 1, MaxWait: 1})
)

func always(f partnertest.Fault) []partnertest.Fault { return slices.Repeat([]partnertest.Fault{f}, 8) }

// fan returns the ready-made customer.
func (s *testSite) fan() partnertest.Customer { return s.fake.Customers()[0] }

// changeFan changes the ready-made customer.
func (s *testSite) changeFan(change func(c *partnertest.Customer)) {
	c := s.fan()
	change(&c)
	s.fake.SeedCustomer(c)
}

func TestFanSignup(t *testing.T) {
	t.Parallel()
	valid := []string{
		"first_name", "Ada", "last_name", "Example", "email", "ada@example.com", "birthdate", "1990-02-03",
		"username", "ada", "password", "wrong-password", "accept_terms", "yes",
	}
	// with returns the valid form with other values.
	with := func(changes ...string) []string {
		f := slices.Clone(valid)
		for i := 0; i < len(changes); i += 2 {
			f[slices.Index(f, changes[i])+1] = changes[i+1]
		}
		return f
	}
	tests := map[string]struct {
		form     []string
		faults   []partnertest.Fault
		status   int
		location string
		has      string // of the page after it
		created  bool
	}{
		"valid":          {valid, nil, 303, "/fan/welcome", "<h1>Check your e-mail</h1>", true},
		"no user name":   {with("username", ""), nil, 303, "/fan/welcome", "<h1>Check your e-mail</h1>", true},
		"no e-mail":      {with("email", " "), nil, 422, "", `<a href="#email">Enter your e-mail address</a>`, false},
		"no birthdate":   {with("birthdate", ""), nil, 422, "", `<a href="#birthdate">Enter your date of birth</a>`, false},
		"bad birthdate":  {with("birthdate", "3.2.1990"), nil, 422, "", `<a href="#birthdate">Enter your date of birth as year, month and day`, false},
		"no such day":    {with("birthdate", "1990-02-30"), nil, 422, "", `<a href="#birthdate">Enter your date of birth as year, month and day`, false},
		"no password":    {with("password", ""), nil, 422, "", `<a href="#password">Enter a password</a>`, false},
		"no terms":       {with("accept_terms", ""), nil, 422, "", `<a href="#accept_terms">Accept the terms</a>`, false},
		"markup":         {with("first_name", `"><b>`, "password", ""), nil, 422, "", `value="&#34;&gt;&lt;b&gt;"`, false},
		"taken":          {with("email", "fan@example.com"), nil, 422, "", "<li>Email has already been taken</li>", false},
		"rejected":       {valid, []partnertest.Fault{{Status: 200, Body: `{"status":"error","messages":["Password is too short"]}`}}, 422, "", "<li>Password is too short</li>", false},
		"outage":         {valid, outage, 303, "/fan/login", "We do not know whether your account was created.", false},
		"lost":           {valid, lost, 303, "/fan/login", "We do not know whether your account was created.", true},
		"bad response":   {valid, badResponse, 303, "/fan/login", "We do not know whether your account was created.", false},
		"read in part":   {valid, []partnertest.Fault{{Status: 200, Body: `{"status":"ok","customer":{"id":5,"email":"ada@example.com","age":"x"}}`}}, 303, "/fan/welcome", "<h1>Check your e-mail</h1>", false},
		"rate limit":     {valid, rateLimit, 503, "", "<h1>Our partner is not available</h1>", false},
		"no connection":  {valid, refused, 503, "", "<h1>Our partner is not available</h1>", false},
		"other answered": {valid, []partnertest.Fault{{Status: 403, Body: "<html>"}}, 303, "/fan/login", "We do not know whether your account was created.", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, quickly)
			s.fake.Fail(createFan, test.faults...)
			v := s.visitor(t)

			r := v.post("/fan/signup", test.form...)

			assert.Equal(t, test.status, r.status)
			assert.Equal(t, test.location, r.location)
			if r.status == http.StatusSeeOther {
				r = v.follow(r)
			}
			assert.Contains(t, r.body, test.has)
			assertNoSecrets(t, r.body)
			all := s.fake.Customers()
			require.Equal(t, test.created, len(all) == 2)
			if test.created {
				assert.Equal(t, "ada@example.com", all[1].Email)
				assert.Equal(t, partnerapi.Date{Year: 1990, Month: time.February, Day: 3}, all[1].Birthdate)
				assert.Equal(t, "wrong-password", all[1].Password)
			}
		})
	}
}

// In the demonstration a new fan has to confirm the e-mail, although the fake does it by itself.
func TestFanConfirms(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t)
	v.post("/fan/signup", "first_name", "Ada", "last_name", "Example", "email", "ada@example.com", "birthdate", "1990-02-03",
		"password", "wrong-password", "accept_terms", "yes")
	login := func() reply { return v.post("/fan/login", "email", "ada@example.com", "password", "wrong-password") }
	assert.Contains(t, login().body, "<li>Your email address has not been confirmed.")
	assert.Contains(t, v.get("/demo/mail").body, "<dd>ada@example.com</dd>")

	r := v.follow(v.post("/demo/confirm", "id", "2"))
	assert.Contains(t, r.body, "The e-mail address is confirmed.")

	r = v.follow(login())
	assert.Contains(t, r.body, "<h1>Hello, Ada</h1>")
	assert.Contains(t, r.body, "You have no membership at the moment.")
}

func TestFanLogin(t *testing.T) {
	t.Parallel()
	const wrong = "<li>The e-mail address or the password is wrong</li>"
	right := []string{"email", "fan@example.com", "password", "open sesame"}
	tests := map[string]struct {
		form   []string
		change func(c *partnertest.Customer)
		faults []partnertest.Fault
		opts   []partnerapi.Option
		status int
		has    string
	}{
		"right":          {form: right, status: 303},
		"wrong password": {form: []string{"email", "fan@example.com", "password", "wrong-password"}, status: 422, has: wrong},
		"unknown e-mail": {form: []string{"email", "nobody@example.com", "password", "open sesame"}, status: 422, has: wrong},
		"no e-mail":      {form: []string{"email", "", "password", "open sesame"}, status: 422, has: `<a href="#email">Enter your e-mail address</a>`},
		"no password":    {form: []string{"email", "fan@example.com"}, status: 422, has: `<a href="#password">Enter your password</a>`},
		"markup":         {form: []string{"email", `"><b>`, "password", "wrong-password"}, status: 422, has: `value="&#34;&gt;&lt;b&gt;"`},
		"blocked": {
			form: right, change: func(c *partnertest.Customer) { c.Blocked = true }, status: 422,
			has: "<li>Unable to login. Please contact support@sparkart.com for assistance.</li>",
		},
		"unconfirmed": {
			form: right, change: func(c *partnertest.Customer) { c.Unconfirmed = true }, status: 422,
			has: "<li>Your email address has not been confirmed.",
		},
		"unregistered": {
			form: right, change: func(c *partnertest.Customer) { c.Registered = new(bool) }, status: 422,
			has: "<li>Your email address has an unregistered account associated with it.",
		},
		"one failure":  {form: right, faults: outage[:1], status: 303},
		"read in part": {form: right, faults: []partnertest.Fault{{Status: 200, Header: http.Header{"Set-Cookie": {"partnertest_session=1"}}, Body: `{"status":"ok","customer":{"id":"x"}}`}}, status: 303},
		"outage":       {form: right, faults: outage, status: 503, has: "<h1>Our partner is not available</h1>"},
		"rate limit":   {form: right, faults: rateLimit, status: 503, has: "<h1>Our partner is not available</h1>"},
		"bad response": {form: right, faults: badResponse, status: 502, has: "<h1>Our partner does not respond correctly</h1>"},
		"wrong key":    {form: right, opts: []partnerapi.Option{partnerapi.WithAccountKey("revoked")}, status: 502, has: "<h1>Our partner does not respond correctly</h1>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, append(test.opts, quickly)...)
			if test.change != nil {
				s.changeFan(test.change)
			}
			s.fake.Fail(loginFan, test.faults...)
			v := s.visitor(t)

			r := v.post("/fan/login", test.form...)

			assert.Equal(t, test.status, r.status)
			assert.Contains(t, r.body, test.has)
			assertNoSecrets(t, r.body)
			assert.Equal(t, test.status == http.StatusSeeOther, r.location == "/fan")
		})
	}
}

func TestFanAccount(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(c *partnertest.Customer)
		has    []string
		hasNot []string
	}{
		"ready-made": {func(*partnertest.Customer) {}, []string{
			"<title>Your membership – Example Portal</title>", "<h1>Hello, Robin</h1>", `<span class="tag good">Gold</span>`,
			"<p>The first to know, the first in line.</p>", "<dt>Example Tickets</dt><dd><code>PRESALE-4711</code></dd><dd><code>PRESALE-4712</code></dd>",
			"<dt>Example Shop</dt><dd><code>TEN-PERCENT</code></dd>", "<h3>Presale</h3><p>Buy tickets two days before everybody else.</p>",
			"<dd>Robin Example</dd>", "<dd>fan@example.com</dd>", "<dd>robin</dd>", "<dd>9 April 1994</dd>", "<dt>News by e-mail</dt><dd>Yes</dd>",
		}, []string{"Trial", "Renewal due", "waits for you", "no membership"}},
		"dates": {func(c *partnertest.Customer) {
			c.Subscription.StartDate = time.Date(2025, 12, 31, 23, 30, 0, 0, time.UTC)
			c.Subscription.EndDate = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		}, []string{"<dd>31 December 2025</dd>", "<dd>1 January 2027</dd>"}, nil},
		"without an end": {func(c *partnertest.Customer) { c.Subscription.EndDate = time.Time{} }, []string{"<dt>Until</dt><dd>No end</dd>"}, nil},
		"trial":          {func(c *partnertest.Customer) { c.Subscription.TrialMembership = true }, []string{`<span class="tag care">Trial</span>`}, nil},
		"lapsed":         {func(c *partnertest.Customer) { c.Subscription.Lapsed = true }, []string{`<span class="tag care">Renewal due</span>`}, nil},
		"no news":        {func(c *partnertest.Customer) { c.ListsOptIn = nil }, []string{"<dt>News by e-mail</dt><dd>No</dd>"}, nil},
		"no code": {func(c *partnertest.Customer) { c.Subscription.Affiliates[1].Codes = nil }, []string{
			"<dt>Example Shop</dt><dd>No code yet</dd>",
		}, []string{"TEN-PERCENT"}},
		"no membership": {func(c *partnertest.Customer) { c.Subscription = nil }, []string{"You have no membership at the moment."}, []string{"Your codes", "Your benefits", "Gold"}},
		"new e-mail": {func(c *partnertest.Customer) { c.NewEmail = "new@example.com" }, []string{
			"Follow the link in the e-mail that was sent to new@example.com.",
		}, nil},
		"e-mail does not work": {func(c *partnertest.Customer) { c.InvalidEmailMessage = "Your mailbox is full." }, []string{
			`<strong>Your mailbox is full.</strong> <a href="/fan/email">`,
		}, nil},
		"markup of the vendor": {func(c *partnertest.Customer) {
			c.Subscription.Plan.Description = "<p class=\"a>b\">Rock &amp; roll<br>for <b\n>all</b></p><script>alert(1)</script>&lt;img src=x>"
			c.Benefits[0].Summary, c.Benefits[0].Details = "<i>Presale</i>", "<a href='javascript:x'>Details</a>"
		}, []string{"Rock &amp; roll for all alert(1)", "<h3>&lt;i&gt;Presale&lt;/i&gt;</h3><p>Details</p>"}, []string{"<b\n", "<img src=x", "javascript:"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.changeFan(test.change)

			r := s.visitor(t).logIn("fan").get("/fan")

			assert.Equal(t, http.StatusOK, r.status)
			for _, has := range test.has {
				assert.Contains(t, r.body, has)
			}
			for _, hasNot := range test.hasNot {
				assert.NotContains(t, r.body, hasNot)
			}
			_, cookie, _ := strings.Cut(s.fake.CallsTo(getFan)[0].Header.Get("Cookie"), "=")
			require.NotEmpty(t, cookie)
			assert.NotContains(t, r.body+s.log.String(), cookie)
			assertNoSecrets(t, r.body)
		})
	}
}

func TestFanPagesNeedLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, page := range []string{"/fan", "/fan/email", "/fan/password", "/fan/preferences"} {
		v := s.visitor(t)
		assert.Equal(t, "/fan/login", v.get(page).location, page)
		assert.Equal(t, page, v.post("/fan/login", "email", "fan@example.com", "password", "open sesame").location)
		assert.Equal(t, http.StatusOK, v.get(page).status, page)
	}
	assert.Equal(t, "/fan/login", s.visitor(t).post("/fan/email", "email", "new@example.com").location)
	assert.Empty(t, s.fake.CallsTo(updateFan))
}

func TestFanPageFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		op     string
		faults []partnertest.Fault
		status int
	}{
		"one failure":             {getFan, outage[:1], 200},
		"outage":                  {getFan, outage, 503},
		"outage of the benefits":  {"GET /account/benefits", outage, 503},
		"rate limit":              {getFan, rateLimit, 503},
		"bad response":            {getFan, badResponse, 502},
		"no connection":           {getFan, refused, 503},
		"interrupted, then right": {getFan, lost[:2], 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, quickly)
			v := s.visitor(t).logIn("fan")
			s.fake.Fail(test.op, test.faults...)

			assert.Equal(t, test.status, v.get("/fan").status)

			s.fake.Recover()
			assert.Equal(t, http.StatusOK, v.get("/fan").status, "still logged in")
		})
	}
}

func TestFanChanges(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	email := func(e string) func(c *partnertest.Customer) { return func(c *partnertest.Customer) { c.Email = e } }
	password := func(p string) func(c *partnertest.Customer) { return func(c *partnertest.Customer) { c.Password = p } }
	tests := map[string]struct {
		page   string
		form   []string
		faults []partnertest.Fault
		status int
		has    string                        // of the page after the change
		after  func(c *partnertest.Customer) // what is changed
	}{
		"e-mail":            {"email", []string{"email", "new@example.com"}, nil, 303, "Your new e-mail address is saved.", email("new@example.com")},
		"only its field":    {"email", []string{"email", "new@example.com", "lists_opt_in", "False"}, nil, 303, "<dt>News by e-mail</dt><dd>Yes</dd>", email("new@example.com")},
		"no e-mail":         {"email", nil, nil, 422, `<a href="#email">Enter your new e-mail address</a>`, nil},
		"e-mail, taken":     {"email", []string{"email", "other@example.com"}, nil, 422, "<li>Email has already been taken</li>", nil},
		"e-mail, outage":    {"email", []string{"email", "new@example.com"}, outage, 303, "We do not know whether your e-mail address was changed.", nil},
		"e-mail, lost":      {"email", []string{"email", "new@example.com"}, lost, 303, "<dd>new@example.com</dd>", email("new@example.com")},
		"e-mail, bad":       {"email", []string{"email", "new@example.com"}, badResponse, 303, "We do not know whether your e-mail address was changed.", nil},
		"e-mail, limit":     {"email", []string{"email", "new@example.com"}, rateLimit, 503, "<h1>Our partner is not available</h1>", nil},
		"e-mail, refused":   {"email", []string{"email", "new@example.com"}, refused, 503, "<h1>Our partner is not available</h1>", nil},
		"e-mail, in part":   {"email", []string{"email", "new@example.com"}, []partnertest.Fault{{Status: 200, Processed: true, Body: `{"status":"ok","customer":{"id":1,"age":"x"}}`}}, 303, "Your new e-mail address is saved.", email("new@example.com")},
		"password":          {"password", []string{"current_password", "open sesame", "password", "wrong-password"}, nil, 303, "Your new password is saved.", password("wrong-password")},
		"password, wrong":   {"password", []string{"current_password", "wrong-password", "password", "new"}, nil, 422, "<li>Current password is incorrect</li>", nil},
		"password, none":    {"password", []string{"password", "new"}, nil, 422, `<a href="#current_password">Enter your current password</a>`, nil},
		"password, no new":  {"password", []string{"current_password", "open sesame"}, nil, 422, `<a href="#password">Enter your new password</a>`, nil},
		"password, lost":    {"password", []string{"current_password", "open sesame", "password", "wrong-password"}, lost, 303, "When you log in, try the new one first, and then the old one.", password("wrong-password")},
		"preference":        {"preferences", []string{"lists_opt_in", "False"}, nil, 303, "Your choice is saved.", func(c *partnertest.Customer) { c.ListsOptIn = &no }},
		"same preference":   {"preferences", []string{"lists_opt_in", "True"}, nil, 303, "Your choice is saved.", func(c *partnertest.Customer) { c.ListsOptIn = &yes }},
		"no preference":     {"preferences", nil, nil, 422, `<a href="#lists_opt_in">Choose yes or no</a>`, nil},
		"preference, lost":  {"preferences", []string{"lists_opt_in", "False"}, lost, 303, "<dt>News by e-mail</dt><dd>No</dd>", func(c *partnertest.Customer) { c.ListsOptIn = &no }},
		"preference, never": {"preferences", []string{"lists_opt_in", "False"}, outage, 303, "We do not know whether your choice was saved.", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, quickly)
			s.fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "other@example.com"}})
			want := s.fan()
			if test.after != nil {
				test.after(&want)
			}
			want.EmailAliases = nil
			v := s.visitor(t).logIn("fan")
			s.fake.Fail(updateFan, test.faults...)

			r := v.post("/fan/"+test.page, test.form...)

			assert.Equal(t, test.status, r.status)
			if r.status == http.StatusSeeOther {
				assert.Equal(t, "/fan", r.location)
				r = v.follow(r)
			}
			assert.Contains(t, r.body, test.has)
			assertNoSecrets(t, r.body)
			got := s.fan()
			got.EmailAliases = nil
			assert.Equal(t, want, got)
		})
	}
}

func TestFanPreferencesPage(t *testing.T) {
	t.Parallel()
	for choice, has := range map[bool]string{true: `value="True" checked>`, false: `value="False" checked>`} {
		s := newSite(t)
		s.changeFan(func(c *partnertest.Customer) { c.ListsOptIn = &choice })
		r := s.visitor(t).logIn("fan").get("/fan/preferences")
		assert.Contains(t, r.body, has)
		assert.Equal(t, 1, strings.Count(r.body, " checked"))
	}
}

// A session that the API ended leads to the login page and back, also from a form that was sent.
func TestFanSessionEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, page string
		op           string // if set, fails once; otherwise all sessions expire
		body         string
	}{
		"account":              {"GET", "/fan", "", ""},
		"form":                 {"GET", "/fan/email", "", ""},
		"sent form":            {"POST", "/fan/email", "", ""},
		"in the second call":   {"GET", "/fan", "GET /account/benefits", `{"status":"error","messages":["Please log in to access your online benefits."]}`},
		"nothing in a success": {"GET", "/fan", getFan, "{}"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			v := s.visitor(t).logIn("fan")
			if test.op == "" {
				s.fake.ExpireSessions()
			} else {
				s.fake.Fail(test.op, partnertest.Fault{Status: 200, Body: test.body})
			}

			header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			r := v.do(test.method, test.page, header, strings.NewReader("email=new@example.com"))

			assert.Equal(t, "/fan/login", r.location)
			r = v.follow(r)
			assert.Contains(t, r.body, "Your session has ended. Please log in again.")
			assert.NotContains(t, r.body, "Log out")
			r = v.post("/fan/login", "email", "fan@example.com", "password", "open sesame")
			assert.Equal(t, test.page, r.location)
			assert.Equal(t, http.StatusOK, v.follow(r).status)
			assert.Equal(t, "fan@example.com", s.fan().Email)
		})
	}
}

// After a change of the API's address, the stored sessions are of no use.
func TestFanSessionOfAnotherServer(t *testing.T) {
	t.Parallel()
	before := newSite(t)
	after := newSiteWith(t, func(c *site.Config) {
		c.Store = before.store
		c.Client = before.fake.Client(partnerapi.WithBaseURL(partnerapi.AccountAPI, "https://elsewhere.invalid/account"))
	})
	v := before.visitor(t).logIn("fan")
	v.site = after // the cookies are the same, as for another port

	r := v.follow(v.get("/fan"))

	assert.Contains(t, r.body, "Your session has ended. Please log in again.")
	v.logIn("fan")
	assert.Equal(t, http.StatusOK, v.get("/fan").status)
}

func TestFanLogout(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faults []partnertest.Fault
		opts   []partnerapi.Option
		logs   bool
	}{
		"at the API":    {},
		"one failure":   {faults: outage[:1]},
		"outage":        {faults: outage, logs: true},
		"no connection": {faults: refused, logs: true},
		"no response":   {faults: always(partnertest.Fault{Delay: time.Hour}), opts: []partnerapi.Option{partnerapi.WithTimeout(time.Millisecond)}, logs: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, append(test.opts, quickly)...)
			v := s.visitor(t).logIn("parent").logIn("fan")
			s.fake.Fail(logoutFan, test.faults...)

			r := v.post("/fan/logout")

			assert.Equal(t, "/", r.location)
			assert.Equal(t, test.logs, strings.Contains(s.log.String(), "a visitor is logged out here, and perhaps not at the API"))
			assert.Equal(t, "/fan/login", v.get("/fan").location)
			assert.Equal(t, http.StatusOK, v.get("/parent").status, "still logged in as a parent")
			assert.Empty(t, s.fake.CallsTo(getFan))
			assert.Equal(t, "/", v.post("/fan/logout").location, "twice")
		})
	}
}

// rotating is an API that renews a cookie with each response, and accepts only the newest.
type rotating struct {
	next http.RoundTripper

	mu       sync.Mutex
	turn     int
	outdated int // requests with another cookie
}

func (r *rotating) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	cookie, err := req.Cookie("turn")
	if r.turn > 0 && (err != nil || cookie.Value != strconv.Itoa(r.turn)) {
		r.outdated++
	}
	r.turn++
	renewed := http.Cookie{Name: "turn", Value: strconv.Itoa(r.turn), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	r.mu.Unlock()
	resp, err := r.next.RoundTrip(req)
	if err == nil {
		resp.Header.Add("Set-Cookie", renewed.String())
	}
	return resp, err
}

// Concurrent requests of one customer never send a cookie that another of them has renewed.
func TestFanKeepsCookies(t *testing.T) {
	t.Parallel()
	api := new(rotating)
	s := newSite(t, partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		api.next = next
		return api
	}))
	v := s.visitor(t).logIn("fan")
	s.fake.Fail(getFan, slices.Repeat([]partnertest.Fault{{Delay: time.Millisecond}}, 20)...)

	statuses := make([]int, 20)
	var requests sync.WaitGroup
	for i := range statuses {
		requests.Go(func() { statuses[i] = v.get("/fan").status })
	}
	requests.Wait()

	assert.Equal(t, slices.Repeat([]int{http.StatusOK}, 20), statuses)
	assert.Equal(t, 41, api.turn, "a login and two calls a page")
	assert.Zero(t, api.outdated)
}

// hostedState returns the state that a visitor takes to the hosted login page.
func hostedState(t *testing.T, v *visitor) string {
	t.Helper()
	to := mustParse(t, v.get("/fan/hosted").location)
	require.Equal(t, "/demo/login", to.Path)
	back := mustParse(t, to.Query().Get("return_to"))
	require.Equal(t, v.site.URL+"/fan/return", back.Scheme+"://"+back.Host+back.Path)
	return back.Query().Get("state")
}

// inAddress returns tokens as the hosted login page puts them into the address.
func inAddress(tokens partnerapi.Tokens) string {
	return url.Values{
		"access_token": {tokens.AccessToken}, "access_token_expiration": {strconv.FormatInt(tokens.AccessTokenExpires.Unix(), 10)},
		"refresh_token": {tokens.RefreshToken}, "refresh_token_expiration": {strconv.FormatInt(tokens.RefreshTokenExpires.Unix(), 10)},
	}.Encode()
}

func TestFanHostedLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor(t)
	v.get("/fan/email")
	assert.Contains(t, v.get("/fan/login").body, `href="/fan/hosted"`)
	to := v.get("/fan/hosted").location
	assertShows(t, v.get(to), 200, "<title>The fan club’s login page", "<h1>The fan club’s login page</h1>", `<a href="/demo/mail">Mailbox`)
	back := v.post("/demo/login", "return_to", mustParse(t, to).Query().Get("return_to"), "email", "fan@example.com", "password", "open sesame").location
	require.Contains(t, back, "access_token=")

	r := v.get(back)

	assert.Equal(t, "/fan/email", r.location, "the page that the fan came for, and no token")
	assert.Equal(t, "no-store", r.header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", r.header.Get("Referrer-Policy"))
	r = v.get("/fan")
	assert.Contains(t, r.body, "<h1>Hello, Robin</h1>")
	query := mustParse(t, back).Query()
	for _, secret := range []string{query.Get("access_token"), query.Get("refresh_token"), query.Get("state")} {
		require.NotEmpty(t, secret)
		assert.NotContains(t, r.body+s.log.String(), secret)
	}
	assert.Equal(t, "/fan/login", v.get(back).location, "the address is of no use a second time")
	v.post("/fan/logout")
	assert.Len(t, s.fake.CallsTo(logoutFan), 1)
}

func TestFanReturns(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		query    func(state, tokens string) string
		location string
	}{
		"right state":    {func(state, tokens string) string { return "state=" + state + "&" + tokens }, "/fan"},
		"wrong state":    {func(_, tokens string) string { return "state=another&" + tokens }, "/fan/login"},
		"empty state":    {func(_, tokens string) string { return "state=&" + tokens }, "/fan/login"},
		"no state":       {func(_, tokens string) string { return tokens }, "/fan/login"},
		"no tokens":      {func(state, _ string) string { return "state=" + state }, "/fan/login"},
		"repeated token": {func(state, tokens string) string { return "state=" + state + "&" + tokens + "&access_token=x" }, "/fan/login"},
		"nothing":        {func(_, _ string) string { return "" }, "/fan/login"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			v := s.visitor(t)
			state, tokens := hostedState(t, v), s.fake.SeedTokens(s.fan().ID)
			query := test.query(state, inAddress(tokens))

			r := v.get("/fan/return?" + query)

			assert.Equal(t, http.StatusSeeOther, r.status)
			assert.Equal(t, test.location, r.location)
			assert.Equal(t, test.location == "/fan", v.get("/fan").status == http.StatusOK)
			assert.Equal(t, "/fan/login", v.get("/fan/return?state="+state+"&"+inAddress(tokens)).location, "a state counts once")
			assert.NotContains(t, s.log.String(), tokens.AccessToken)
			assert.NotContains(t, s.log.String(), tokens.RefreshToken)
		})
	}
}

// A link with somebody else's tokens, opened in a browser that began no login, logs nobody in.
func TestFanReturnsUnasked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	theirs, tokens := hostedState(t, s.visitor(t)), s.fake.SeedTokens(s.fan().ID)
	for _, state := range []string{"state=" + theirs + "&", "state=&", ""} {
		v := s.visitor(t)

		r := v.follow(v.get("/fan/return?" + state + inAddress(tokens)))

		assert.Contains(t, r.body, "did not work. Please start again here.", state)
		assert.Equal(t, "/fan/login", v.get("/fan").location, state)
	}
}

// The API accepts a refresh token once, so new tokens are stored even if the call that needed them fails.
func TestFanTokensAreRenewed(t *testing.T) {
	t.Parallel()
	s := newSite(t, quickly)
	v := s.visitor(t)
	state, tokens := hostedState(t, v), s.fake.SeedTokens(s.fan().ID)
	tokens.AccessTokenExpires = partnerapi.UnixTimeOf(time.Now().Add(-time.Minute))
	require.Equal(t, "/fan", v.get("/fan/return?state="+state+"&"+inAddress(tokens)).location)
	s.fake.Fail(getFan, outage[:4]...)

	assert.Equal(t, http.StatusServiceUnavailable, v.get("/fan").status)

	assert.Equal(t, http.StatusOK, v.get("/fan").status)
	assert.Len(t, s.fake.CallsTo("POST /refresh"), 1)
}

func TestFanHostedLoginAddress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		login   string
		plain   bool
		status  int
		address string // with HOST for the host of the site, up to the state
	}{
		"none":            {"", true, 404, ""},
		"plain":           {"https://login.example.com/", true, 303, "https://login.example.com/?return_to=http%3A%2F%2FHOST%2Ffan%2Freturn%3Fstate%3D"},
		"encrypted":       {"https://login.example.com/", false, 303, "https://login.example.com/?return_to=https%3A%2F%2FHOST%2Ffan%2Freturn%3Fstate%3D"},
		"with parameters": {"https://login.example.com/in?club=7", false, 303, "https://login.example.com/in?club=7&return_to=https%3A%2F%2FHOST%2Ffan%2Freturn%3Fstate%3D"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSiteWith(t, func(c *site.Config) { c.HostedLogin, c.PlainHTTP = test.login, test.plain })
			v := s.visitor(t)

			r := v.get("/fan/hosted")

			assert.Equal(t, test.status, r.status)
			host := url.QueryEscape(strings.TrimPrefix(s.URL, "http://"))
			address := strings.Replace(test.address, "HOST", host, 1)
			assert.True(t, strings.HasPrefix(r.location, address), r.location)
			assert.Equal(t, test.login != "", strings.Contains(v.get("/fan/login").body, "/fan/hosted"))
		})
	}
}

func TestFanFormsAreLimited(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"/fan/login", "/fan/signup", "/fan/password"} {
		v := newSiteWith(t, func(c *site.Config) { c.LoginLimit, c.LoginBurst = rate.Every(time.Hour), 1 }).visitor(t)
		v.post(page)
		assert.Equal(t, http.StatusTooManyRequests, v.post(page).status, page)
	}
}

// The change is made, so the fan must not be told that it failed.
func TestFanChangeWithoutStoredSession(t *testing.T) {
	t.Parallel()
	if storetest.UsesPostgres() {
		t.Skip("SQLite only: the table is locked")
	}
	database := storetest.Database(t)
	db, err := store.Open(t.Context(), database, storetest.Key)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	s := newSiteWith(t, func(c *site.Config) { c.Store = db })
	v := s.visitor(t).logIn("fan")
	s.fake.Fail(updateFan, partnertest.Fault{
		Status: 200, Processed: true, Header: http.Header{"Set-Cookie": {"partnertest_session=2"}}, Body: `{"status":"ok","customer":{"id":1}}`,
	})
	other, err := sql.Open("sqlite", database)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, other.Close()) })
	_, err = other.ExecContext(t.Context(), `CREATE TRIGGER broken BEFORE UPDATE ON api_sessions BEGIN SELECT RAISE(ABORT, 'broken'); END`)
	require.NoError(t, err)

	r := v.post("/fan/email", "email", "new@example.com")

	assert.Equal(t, 303, r.status)
	assert.Equal(t, "/fan", r.location)
	assert.Equal(t, "new@example.com", s.fan().Email)
	assert.Contains(t, s.log.String(), `level=ERROR msg="a session cannot be stored" error="store: the session cannot be stored\nconstraint failed: broken`)
}
