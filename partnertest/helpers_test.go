package partnertest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// june is the date on which the customers in the documents have the ages given there.
var june = time.Date(2014, time.June, 1, 12, 0, 0, 0, time.UTC)

// a step is a request and the expected response. run adds the credentials of all three APIs unless header or target has
// others.
type step struct {
	name   string
	target string // method, a space, and path with query, such as "GET /account/account"
	body   string
	header http.Header
	status int
	want   string // JSON, "@" and the name of a fixture, or "" for an empty body
}

// response is the observed response.
type response struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

func (s step) send(t *testing.T, f *partnertest.Fake) response {
	t.Helper()
	method, path, _ := strings.Cut(s.target, " ")
	var body io.Reader
	if s.body != "" {
		body = strings.NewReader(s.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "https://partnertest.invalid"+path, body)
	require.NoError(t, err)
	req.Header = http.Header{
		"X-Token-Auth":  {partnertest.PartnerToken},
		"Api-Key":       {partnertest.OrganizationKey},
		"Authorization": {partnertest.NetworkToken},
		"Content-Type":  {"application/json; charset=utf-8"},
	}
	for name, values := range s.header {
		req.Header[name] = values
	}
	if strings.HasPrefix(path, "/account/") && !req.URL.Query().Has("key") {
		q := req.URL.Query()
		q.Set("key", partnertest.AccountKey)
		req.URL.RawQuery = q.Encode()
	}
	resp, err := f.Transport().RoundTrip(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	return response{resp.StatusCode, resp.Header, resp.Cookies(), bodyOf(t, resp)}
}

// run sends the steps one after another.
func run(t *testing.T, f *partnertest.Fake, steps []step) {
	t.Helper()
	for _, s := range steps {
		resp := s.send(t, f)
		got := resp.body
		name := s.name + ": " + s.target
		assert.Equal(t, s.status, resp.status, name)
		switch want, isFixture := strings.CutPrefix(s.want, "@"); {
		case isFixture:
			assert.JSONEq(t, fixture(t, want), got, name)
		case s.want == "":
			assert.Empty(t, got, name)
		default:
			assert.JSONEq(t, s.want, got, name)
		}
	}
}

func bodyOf(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(body)
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "testdata", name)) //nolint:gosec // a name that a test has
	require.NoError(t, err)
	return string(body)
}

// login returns the cookie of a new session. key is that of the fan club.
func login(t *testing.T, f *partnertest.Fake, key, email, password string) *http.Cookie {
	t.Helper()
	resp := step{target: "POST /account/login?key=" + key, body: `{"email":"` + email + `","password":"` + password + `"}`}.send(t, f)
	require.Len(t, resp.cookies, 1, resp.body)
	return resp.cookies[0]
}

func with(cookie *http.Cookie) http.Header {
	return http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}
}

func ptr[T any](v T) *T { return &v }

func birthdate(year int, month time.Month, day int) partnerapi.Date {
	return partnerapi.Date{Year: year, Month: month, Day: day}
}

func decoded(t *testing.T, object string) map[string]any {
	t.Helper()
	v, ok := decodedAny(t, object).(map[string]any)
	require.True(t, ok, object)
	return v
}

func decodedAny(t *testing.T, text string) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}
