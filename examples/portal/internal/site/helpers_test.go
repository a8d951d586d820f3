package site_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/demo"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/settle"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/storetest"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// testSite is a site with the records of the demonstration, on the fake.
type testSite struct {
	*httptest.Server
	fake    *partnertest.Fake
	store   *store.Store
	settler *settle.Settler
	log     *syncBuffer
}

// newSite serves a site until the test ends. Options change the client.
func newSite(t *testing.T, opts ...partnerapi.Option) *testSite {
	t.Helper()
	return newSiteWith(t, func(*site.Config) {}, opts...)
}

// newSiteWith is newSite with another configuration.
func newSiteWith(t *testing.T, change func(*site.Config), opts ...partnerapi.Option) *testSite {
	t.Helper()
	s := &testSite{fake: partnertest.New(), store: storetest.Open(t), log: new(syncBuffer)}
	logger := slog.New(site.LogHandler{Handler: slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})})
	require.NoError(t, demo.Seed(t.Context(), s.fake, s.store))
	opts = append([]partnerapi.Option{partnerapi.WithLogger(logger)}, opts...)
	c := site.Config{
		Client: s.fake.Client(opts...), Store: s.store, Logger: logger, AppKey: partnertest.AppKey, HostedLogin: "/demo/login",
		Logins: demo.Logins, Fake: s.fake, PlainHTTP: true, LoginLimit: rate.Inf,
	}
	change(&c)
	s.settler = &settle.Settler{Client: c.Client, Store: s.store, Logger: logger}
	s.Server = httptest.NewServer(site.New(c, s.settler))
	t.Cleanup(s.Close)
	t.Cleanup(func() { assertNoSecrets(t, s.log.String()) })
	return s
}

// assertNoSecrets fails if a text contains a credential or a password.
func assertNoSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		partnertest.PartnerToken, partnertest.AccountKey, partnertest.NetworkToken, partnertest.AppKey, "open sesame", "open+sesame", "wrong-password",
	} {
		assert.NotContains(t, text, secret)
	}
}

// syncBuffer is a buffer for concurrent use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// visitor is a browser with cookies, which follows redirects within the site only if asked to.
type visitor struct {
	t      *testing.T
	site   *testSite
	client *http.Client
}

// summaryLink is a link of an error summary to a field.
var summaryLink = regexp.MustCompile(`<li><a href="#([^"]+)">`)

// reply is a response to a visitor.
type reply struct {
	status   int
	location string // without the address of the site
	header   http.Header
	body     string
}

func (s *testSite) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visitor{t, s, &http.Client{Jar: jar, Transport: s.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// get opens a page.
func (v *visitor) get(path string) reply {
	v.t.Helper()
	return v.do(http.MethodGet, path, nil, nil)
}

// post sends a form, given as names and values in turn.
func (v *visitor) post(path string, fields ...string) reply {
	v.t.Helper()
	form := url.Values{}
	for field := range slices.Chunk(fields, 2) {
		form.Add(field[0], field[1])
	}
	return v.do(http.MethodPost, path, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, strings.NewReader(form.Encode()))
}

// follow opens the page that a reply redirects to.
func (v *visitor) follow(r reply) reply {
	v.t.Helper()
	require.Equal(v.t, http.StatusSeeOther, r.status, r.body)
	return v.get(r.location)
}

func (v *visitor) do(method, path string, header http.Header, body io.Reader) reply {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.site.URL+path, body)
	require.NoError(v.t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := v.client.Do(req)
	require.NoError(v.t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	text := string(content)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		for _, never := range []string{"<script", "<style", " style=", " onclick="} {
			assert.NotContains(v.t, text, never, path)
		}
		for _, link := range summaryLink.FindAllStringSubmatch(text, -1) {
			assert.Regexp(v.t, `<(?:input|select)[^>]* id="`+link[1]+`"`, text, "the link of an error must lead to a field that takes the focus")
		}
	}
	return reply{resp.StatusCode, strings.TrimPrefix(resp.Header.Get("Location"), v.site.URL), resp.Header, text}
}

// logIn logs a visitor in with a ready-made login.
func (v *visitor) logIn(section string) *visitor {
	v.t.Helper()
	name := map[string]string{"parent": "parent@example.com", "fan": "fan@example.com", "operator": "operator"}[section]
	field := map[string]string{"operator": "username"}[section]
	if field == "" {
		field = "email"
	}
	r := v.post("/"+section+"/login", field, name, "password", "open sesame")
	require.Equal(v.t, http.StatusSeeOther, r.status, r.body)
	return v
}

// closedStore returns a store whose database does not respond.
func closedStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.Database(t), storetest.Key)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return s
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}
