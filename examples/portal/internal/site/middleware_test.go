package site_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
)

func TestLoginLimit(t *testing.T) {
	t.Parallel()
	s := newSiteWith(t, func(c *site.Config) { c.LoginLimit, c.LoginBurst = rate.Every(time.Hour), 3 })
	v := s.visitor(t)
	for range 3 {
		assert.Equal(t, 422, v.post("/parent/login", "email", "parent@example.com", "password", "wrong-password").status)
	}

	r := v.post("/parent/login", "email", "parent@example.com", "password", "open sesame")

	assert.Equal(t, 429, r.status)
	assert.Contains(t, r.body, "<h1>Too many attempts</h1>")
	wait, err := strconv.Atoi(r.header.Get("Retry-After"))
	require.NoError(t, err)
	assert.InDelta(t, 3600, wait, 60)
	assert.Equal(t, 200, v.get("/parent/login").status, "looking is not limited")
}

// A visitor has the last 64 bits of an IPv6 address, and a port, to choose.
func TestLoginLimitOfAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first, second string
		limited       bool
	}{
		"same address":             {"192.0.2.1:1000", "192.0.2.1:2000", true},
		"another address":          {"192.0.2.1:1000", "192.0.2.2:1000", false},
		"same network, IPv6":       {"[2001:db8::1]:1000", "[2001:db8::ffff]:1000", true},
		"another network, IPv6":    {"[2001:db8::1]:1000", "[2001:db8:0:1::1]:1000", false},
		"IPv4 in IPv6":             {"192.0.2.1:1000", "[::ffff:192.0.2.1]:1000", true},
		"no address":               {"@", "", true},
		"link-local, another zone": {"[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h http.Handler
			newSiteWith(t, func(c *site.Config) {
				c.LoginLimit, c.LoginBurst = rate.Every(time.Hour), 1
				h = site.New(*c, nil)
			})
			status := func(remote string) int {
				req := httptest.NewRequestWithContext(t.Context(), "POST", "/parent/login", strings.NewReader("email=a&password=b"))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				req.RemoteAddr = remote
				w := httptest.NewRecorder()
				h.ServeHTTP(w, req)
				return w.Code
			}

			require.Equal(t, 422, status(test.first))

			assert.Equal(t, test.limited, status(test.second) == 429)
		})
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor(t).logIn("parent")

	r := v.post("/parent/subscription", "plan", "bark")
	require.Equal(t, 303, r.status)
	v.get("/nothing?email=parent@example.com")

	id := r.header.Get("X-Request-Id")
	assert.Regexp(t, "^[A-Z2-7]{26}$", id)
	lines := s.log.String()
	assert.Regexp(t, `level=INFO msg=request method=POST pattern="POST /parent/subscription" status=303 duration=\S+ request_id=`+id, lines)
	assert.Regexp(t, `api=partner op="POST /partners/subscriptions" .*request_id=`+id, lines, "a line of the SDK")
	assert.Regexp(t, `msg=request method=GET pattern="" status=404 `, lines)
	for _, personal := range []string{"parent@example.com", "MS2365", "Kim"} {
		assert.NotContains(t, lines, personal)
	}
}

func TestLogHandler(t *testing.T) {
	t.Parallel()
	var b syncBuffer
	logger := slog.New(site.LogHandler{Handler: slog.NewTextHandler(&b, nil)}).With("a", 1).WithGroup("g")

	logger.InfoContext(t.Context(), "without a request", "b", 2)

	assert.Contains(t, b.String(), `msg="without a request" a=1 g.b=2`+"\n")
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor(t)
	r := v.get("/healthz")
	assert.Equal(t, 200, r.status)
	assert.Equal(t, "ok\n", r.body)
	assert.Empty(t, r.header.Get("Set-Cookie"))

	closed := newSiteWith(t, func(c *site.Config) { c.Store = closedStore(t) })
	assert.Equal(t, 503, closed.visitor(t).get("/healthz").status)
	assert.Equal(t, 503, closed.visitor(t).get("/parent").status)
	r = closed.visitor(t).post("/parent/login", "email", "parent@example.com", "password", "open sesame")
	assert.Equal(t, 500, r.status)
	assert.Contains(t, r.body, "<h1>Something went wrong on our side</h1>")
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t)
	for name, kind := range map[string]string{"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"} {
		r := v.get("/static/" + name)
		assert.Equal(t, 200, r.status)
		assert.Equal(t, kind, r.header.Get("Content-Type"))
		assert.Equal(t, "max-age=3600", r.header.Get("Cache-Control"))
		assert.Empty(t, r.header.Get("Set-Cookie"))
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		plain bool
		want  string
	}{
		"over TLS":      {false, `^__Host-portal=[\w-]+; Path=/; Expires=[^;]+; Max-Age=43200; HttpOnly; Secure; SameSite=Lax$`},
		"demonstration": {true, `^portal=[\w-]+; Path=/; Expires=[^;]+; Max-Age=43200; HttpOnly; SameSite=Lax$`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSiteWith(t, func(c *site.Config) { c.PlainHTTP = test.plain })
			r := s.visitor(t).post("/parent/login", "email", "parent@example.com", "password", "open sesame")
			assert.Regexp(t, test.want, r.header.Get("Set-Cookie"))
		})
	}
}

// A login gets a new cookie, so that a cookie which somebody else has planted is worth nothing.
func TestLoginRenewsTheCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.visitor(t)
	v.get("/parent/cancel") // begins a session
	cookie := regexp.MustCompile(`^portal=([^;]+)`)
	before := v.client.Jar.Cookies(mustParse(t, s.URL))
	require.Len(t, before, 1)

	r := v.post("/parent/login", "email", "parent@example.com", "password", "open sesame")

	after := cookie.FindStringSubmatch(r.header.Get("Set-Cookie"))
	require.Len(t, after, 2)
	assert.NotEqual(t, before[0].Value, after[1])
	old := s.visitor(t)
	assert.Equal(t, "/parent/login", old.do("GET", "/parent", http.Header{"Cookie": {"portal=" + before[0].Value}}, nil).location)
}

func TestLargeForm(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor(t)
	assert.Equal(t, 400, v.post("/parent/login", "email", strings.Repeat("x", 100_000), "password", "x").status)
}

// brokenStore is a session store that panics.
type brokenStore struct{}

func (brokenStore) Delete(string) error                    { return nil }
func (brokenStore) Find(string) ([]byte, bool, error)      { panic("broken") }
func (brokenStore) Commit(string, []byte, time.Time) error { return nil }

func TestPanic(t *testing.T) {
	t.Parallel()
	s := newSiteWith(t, func(c *site.Config) { c.Store.Sessions = brokenStore{} })

	r := s.visitor(t).do("GET", "/parent", http.Header{"Cookie": {"portal=x"}}, nil)

	assert.Equal(t, 500, r.status)
	assert.Contains(t, s.log.String(), `level=ERROR msg="a handler panicked" panic=broken`)
}
