package acceptance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

func resolveSignup(ctx context.Context, c *partnerapi.Client) (any, error) {
	return c.Signup.Resolve(ctx, partnerapi.SignupRequest{PK: "MS2365", Email: "newuser@partner.com"})
}

var signupReplies = map[string]replyTest{
	"get-partners-signup.invalid-token": {
		status: 401, call: resolveSignup, kinds: []error{partnerapi.ErrUnauthorized},
		says: []string{"Please provide a valid token"}, what: "invalid_token",
	},
}

func TestSignupURL(t *testing.T) {
	t.Parallel()
	const base = "https://www.bark.us/api/v1/partners/signup?"
	tests := map[string]struct {
		in   partnerapi.SignupRequest
		want string
	}{
		"required": {
			partnerapi.SignupRequest{PK: "MS2365", Email: "newuser@partner.com"},
			base + "email=newuser%40partner.com&pk=MS2365&token=test-partner-token",
		},
		"everything": {
			partnerapi.SignupRequest{
				PK: "MS2365", Email: "newuser@partner.com", ChildBirthday: partnerapi.Date{Year: 2015, Month: time.March, Day: 9}, ChildName: "Robin",
				ChildEmail: "robin@partner.com",
			},
			base + "child_birthday=2015-03-09&child_email=robin%40partner.com&child_name=Robin&email=newuser%40partner.com&pk=MS2365" +
				"&token=test-partner-token",
		},
		"special characters": {
			partnerapi.SignupRequest{PK: "a b/c?d#e%2F", Email: "a+b&token=x@exämple.com", ChildName: "Zoë Ann"},
			base + "child_name=Zo%C3%AB+Ann&email=a%2Bb%26token%3Dx%40ex%C3%A4mple.com&pk=a+b%2Fc%3Fd%23e%252F&token=test-partner-token",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTranscript(teapot)
			got, err := newTestClient(t, log).Signup.URL(t.Context(), test.in)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Empty(t, log.requests, "nothing is sent")
			link, err := url.Parse(got)
			require.NoError(t, err)
			assert.Equal(t, []string{test.in.PK}, link.Query()["pk"])
			assert.Equal(t, []string{test.in.Email}, link.Query()["email"])
			assert.Equal(t, []string{testPartnerToken}, link.Query()["token"])
		})
	}
}

func TestSignupURLEscapesTheToken(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient(partnerapi.WithPartnerToken("a+b&pk=c d%"), partnerapi.WithBaseURL(partnerapi.PartnerAPI, "https://bark.example/sub/"))
	require.NoError(t, err)
	got, err := client.Signup.URL(t.Context(), partnerapi.SignupRequest{PK: "1", Email: "e"})
	require.NoError(t, err)
	assert.Equal(t, "https://bark.example/sub/partners/signup?email=e&pk=1&token=a%2Bb%26pk%3Dc+d%25", got)
}

func TestSignupURLUsesTheTokenSource(t *testing.T) {
	t.Parallel()
	type key struct{}
	client, err := partnerapi.NewClient(partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenSourceFunc(func(ctx context.Context) (string, error) {
		if token, ok := ctx.Value(key{}).(string); ok {
			return token, nil
		}
		return "", errors.New("no token")
	})))
	require.NoError(t, err)
	in := partnerapi.SignupRequest{PK: "1", Email: "e"}
	got, err := client.Signup.URL(context.WithValue(t.Context(), key{}, "T"), in)
	require.NoError(t, err)
	assert.Equal(t, "https://www.bark.us/api/v1/partners/signup?email=e&pk=1&token=T", got)
	got, err = client.Signup.URL(t.Context(), in)
	assertKinds(t, err, partnerapi.ErrNoCredential)
	assert.Empty(t, got)
}

func TestSignupArgumentsRefused(t *testing.T) {
	t.Parallel()
	log := newTranscript(teapot)
	signup := newTestClient(t, log).Signup
	for _, test := range []struct {
		in        partnerapi.SignupRequest
		name, why string
	}{
		{partnerapi.SignupRequest{}, "PK", "empty"},
		{partnerapi.SignupRequest{Email: "e"}, "PK", "empty"},
		{partnerapi.SignupRequest{PK: "1"}, "Email", "empty"},
		{partnerapi.SignupRequest{PK: ".", Email: "e"}, "PK", `"." and ".." are invalid in a path`},
		{partnerapi.SignupRequest{PK: "..", Email: "e"}, "PK", `"." and ".." are invalid in a path`},
		{partnerapi.SignupRequest{PK: "..", Email: "e"}, "PK", `"." and ".." are invalid in a path`},
		{partnerapi.SignupRequest{PK: "1", Email: "e", ChildBirthday: partnerapi.Date{Year: 2015, Month: time.February, Day: 29}}, "ChildBirthday", "not a calendar date"},
		{partnerapi.SignupRequest{PK: "\xff", Email: "e"}, "Query", "not valid UTF-8"},
		{partnerapi.SignupRequest{PK: "1", Email: "e", ChildName: "\xff"}, "Query", "not valid UTF-8"},
	} {
		link, err := signup.URL(t.Context(), test.in)
		assertRefused(t, err, test.name, test.why)
		assert.Empty(t, link)
		to, err := signup.Resolve(t.Context(), test.in)
		assertRefused(t, err, test.name, test.why)
		assert.Nil(t, to)
	}
	assert.Empty(t, log.requests)
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://www.bark.us/dashboard?session=s#top": "https://www.bark.us/dashboard?session=s#top",
		"http://www.bark.us/":                         "http://www.bark.us/",
		"https://elsewhere.example/welcome":           "https://elsewhere.example/welcome",
		"/welcome?x=1":                                "https://www.bark.us/welcome?x=1",
		"welcome":                                     "https://www.bark.us/api/v1/partners/welcome",
		"../welcome":                                  "https://www.bark.us/api/v1/welcome",
		"//other.example/welcome":                     "https://other.example/welcome",
		"?next=1":                                     "https://www.bark.us/api/v1/partners/signup?next=1",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			log := newTranscript(always(status, "", "Location", location))
			got, err := newTestClient(t, log).Signup.Resolve(t.Context(), partnerapi.SignupRequest{PK: "MS2365", Email: "a+b@partner.com"})
			require.NoError(t, err, location)
			assert.Equal(t, want, got.String())
			assert.Equal(t, []string{"GET /api/v1/partners/signup?email=a%2Bb%40partner.com&pk=MS2365"}, log.requests, "one call, without the token")
			assert.Equal(t, testPartnerToken, log.headers[0].Get("X-Token-Auth"))
		}
	}
}

func TestResolveFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		response roundTripFunc
		kinds    []error
	}{
		"javascript":         {always(302, "", "Location", "javascript:alert(1)"), []error{partnerapi.ErrBadResponse}},
		"javascript, a host": {always(302, "", "Location", "javascript://host/%0aalert(1)"), []error{partnerapi.ErrBadResponse}},
		"data":               {always(302, "", "Location", "data:text/html,x"), []error{partnerapi.ErrBadResponse}},
		"mailto":             {always(302, "", "Location", "mailto:help@bark.us"), []error{partnerapi.ErrBadResponse}},
		"no host":            {always(302, "", "Location", "https:///welcome"), []error{partnerapi.ErrBadResponse}},
		"no Location":        {always(302, ""), []error{partnerapi.ErrBadResponse}},
		"empty Location":     {always(302, "", "Location", ""), []error{partnerapi.ErrBadResponse}},
		"malformed":          {always(302, "", "Location", "https://[::1"), []error{partnerapi.ErrBadResponse}},
		"control character":  {always(302, "", "Location", "https://a.example/\n"), []error{partnerapi.ErrBadResponse}},
		"not modified":       {always(304, ""), []error{partnerapi.ErrBadResponse}},
		"a page":             {always(200, "<html>"), []error{partnerapi.ErrBadResponse}},
		"success":            {always(200, `{"success":true}`), []error{partnerapi.ErrBadResponse}},
		"Location on a 200":  {always(200, "", "Location", "https://www.bark.us/"), []error{partnerapi.ErrBadResponse}},
		"failure on a 200":   {always(200, `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`), []error{partnerapi.ErrUnauthorized}},
		"invalid":            {always(400, `{"success":false,"error":"Email is blank","error_type":"invalid_params"}`), []error{partnerapi.ErrInvalid}},
		"unauthorized page":  {always(401, "<html>"), []error{partnerapi.ErrUnauthorized, partnerapi.ErrBadResponse}},
		"not found page":     {always(404, "<html>"), []error{partnerapi.ErrBadResponse}},
		"down":               {always(503, ""), []error{partnerapi.ErrServer}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got, err := resolveSignup(t.Context(), newTestClient(t, newTranscript(test.response)))
				assertKinds(t, err, test.kinds...)
				assert.Zero(t, got)
				assert.NotContains(t, err.Error(), "alert")
				assert.NotContains(t, err.Error(), "MS2365")
			})
		})
	}
}

// A redirect that contains the token would reveal it to the browser.
func TestResolveRefusesTheTokenInARedirect(t *testing.T) {
	t.Parallel()
	const token = "Tok+en/1=a b%C3" //nolint:gosec // not a real credential
	tests := map[string]struct{ token, location string }{
		"query":                     {testPartnerToken, "https://www.bark.us/welcome?token=test-partner-token"},
		"relative":                  {testPartnerToken, "/welcome?token=test-partner-token&a=b"},
		"inside a value":            {testPartnerToken, "/welcome?next=%2Fa%3Ftoken%3Dtest-partner-token-2"},
		"name":                      {testPartnerToken, "/welcome?test-partner-token"},
		"fragment":                  {testPartnerToken, "/welcome#token=test-partner-token"},
		"path":                      {testPartnerToken, "/welcome/test-partner-token/a"},
		"user":                      {testPartnerToken, "https://test-partner-token@www.bark.us/"},
		"password":                  {testPartnerToken, "https://a:test-partner-token@www.bark.us/"},
		"host":                      {"Test-Partner-Token", "https://test-partner-token.bark.us/"},
		"case":                      {testPartnerToken, "/welcome?token=TEST-PARTNER-TOKEN"},
		"one byte escaped":          {testPartnerToken, "/welcome?token=test%2dpartner-token"},
		"upper hex":                 {testPartnerToken, "/welcome?token=test%2Dpartner-toke%6E"},
		"each byte escaped":         {testPartnerToken, "/welcome?token=%74%65%73%74%2d%70%61%72%74%6e%65%72%2d%74%6f%6b%65%6e"},
		"escaped twice":             {testPartnerToken, "/welcome?token=test%252Dpartner-token"},
		"escaped 7 times":           {testPartnerToken, "/welcome?token=test%2525252525252Dpartner-token"},
		"escaped 20 times":          {"another-token", "/welcome?token=%" + strings.Repeat("25", 20) + "41"},
		"beside a malformed escape": {testPartnerToken, "/welcome?a=%zz&token=test%2Dpartner-token"},
		"escaped fragment":          {testPartnerToken, "/welcome#a%23test%2dpartner-token"},
		"escaped path":              {testPartnerToken, "/a%2Ftest-partner-toke%6e"},
		"split path":                {"partner/token/1", "/a/partner/./token/x/../1"},
		"special, raw":              {token, "/welcome#Tok+en/1=a b%C3"},
		"special, query":            {token, "/welcome?t=Tok%2Ben%2F1%3Da+b%25C3"},
		"special, path":             {token, "/welcome/Tok+en%2F1=a%20b%25C3"},
		"short, value":              {"tok_1", "/welcome?token=tok_1"},
		"short, escaped":            {"tok_1", "/welcome?a=b&token=t%6fk_1#a"},
		"short, segment":            {"tok_1", "/tok_1/welcome"},
		"short, fragment":           {"tok_1", "/welcome#tok_1"},
		"short, user":               {"tok_1", "https://tok_1@www.bark.us/"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTranscript(always(302, "", "Location", test.location), always(302, "", "Location", test.location))
			client := newTestClient(t, log, partnerapi.WithPartnerToken(test.token), quiet)
			var response partnerapi.Response
			to, err := client.Signup.Resolve(t.Context(), partnerapi.SignupRequest{PK: "1", Email: "e"}, partnerapi.WithResponseInto(&response))
			assertKinds(t, err, partnerapi.ErrBadResponse)
			require.ErrorContains(t, err, "a redirect to a URL that contains a credential")
			assert.Nil(t, to)
			if name != "split path" {
				assert.Equal(t, "[redacted]", response.Header.Get("Location"))
			}
			w := httptest.NewRecorder()
			client.Signup.Handler(func(*http.Request) (partnerapi.SignupRequest, error) {
				return partnerapi.SignupRequest{PK: "1", Email: "e"}, nil
			}).
				ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
			assert.Equal(t, http.StatusBadGateway, w.Code)
			assert.Equal(t, "Bad Gateway\n", w.Body.String())
			assert.Empty(t, w.Header()["Location"])
		})
	}
}

// A token that was replaced after a 401 is a secret too.
func TestResolveRefusesARejectedTokenInARedirect(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"first-token", "second-token"} {
		client := newTestClient(t, turns(
			always(401, `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`),
			always(302, "", "Location", "/welcome?token="+token),
		), partnerapi.WithCredentialSource(partnerapi.PartnerToken, &tokensInTurn{"first-token", "second-token"}))
		to, err := client.Signup.Resolve(t.Context(), partnerapi.SignupRequest{PK: "1", Email: "e"})
		assertKinds(t, err, partnerapi.ErrBadResponse)
		assert.Nil(t, to)
	}
}

func TestResolveOfARedirectWithoutTheToken(t *testing.T) {
	t.Parallel()
	for token, location := range map[string]string{ //nolint:gosec // not real credentials
		testPartnerToken: "https://www.bark.us/welcome?token=test-partner-toke&pk=1",
		"other-token":    "https://www.bark.us/welcome?token=test-partner-token",
		"bark":           "https://www.bark.us/embarking?debark=embark",
		"x":              "https://www.bark.us/x1?x=1",
		"token":          "https://www.bark.us/tokens?token=1",
		"8-bytes!":       "https://www.bark.us/8-bytes?a=%25",
	} {
		got, err := newTestClient(t, always(302, "", "Location", location), partnerapi.WithPartnerToken(token)).
			Signup.Resolve(t.Context(), partnerapi.SignupRequest{PK: "1", Email: "e"})
		require.NoError(t, err, token)
		assert.Equal(t, location, got.String())
	}
}

func TestResolveWithHTTPMock(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponderWithQuery(http.MethodGet, "https://www.bark.us/api/v1/partners/signup", "pk=MS2365&email=newuser@partner.com",
		httpmock.NewStringResponder(http.StatusFound, "").HeaderSet(http.Header{"Location": {"/dashboard"}}))
	got, err := newTestClient(t, mock).Signup.Resolve(t.Context(), partnerapi.SignupRequest{PK: "MS2365", Email: "newuser@partner.com"})
	require.NoError(t, err)
	assert.Equal(t, "https://www.bark.us/dashboard", got.String())
}

func TestSignupHandler(t *testing.T) {
	t.Parallel()
	parent := func(r *http.Request) (partnerapi.SignupRequest, error) {
		return partnerapi.SignupRequest{PK: r.URL.Query().Get("user"), Email: "newuser@partner.com"}, nil
	}
	unknown := func(*http.Request) (partnerapi.SignupRequest, error) {
		return partnerapi.SignupRequest{}, errors.New("SECRET: not logged in")
	}
	redirect := always(302, "", "Location", "https://www.bark.us/dashboard?session=s")
	tests := map[string]struct {
		who      func(*http.Request) (partnerapi.SignupRequest, error)
		response roundTripFunc
		target   string
		status   int
		body     string
		location string
		requests int
	}{
		"redirect": {
			parent, redirect, "/signup?user=MS2365", 303,
			"<a href=\"https://www.bark.us/dashboard?session=s\">See Other</a>.\n\n", "https://www.bark.us/dashboard?session=s", 1,
		},
		"no user":     {unknown, redirect, "/signup", 400, "Bad Request\n", "", 0},
		"no pk":       {parent, redirect, "/signup", 400, "Bad Request\n", "", 0},
		"bad token":   {parent, always(401, `{"success":false,"error":"Please provide a valid token"}`), "/signup?user=1", 502, "Bad Gateway\n", "", 1},
		"invalid":     {parent, always(400, `{"success":false,"error":"SECRET"}`), "/signup?user=1", 502, "Bad Gateway\n", "", 1},
		"a page":      {parent, always(200, `SECRET`), "/signup?user=1", 502, "Bad Gateway\n", "", 1},
		"bad address": {parent, always(302, ``, "Location", "javascript:SECRET"), "/signup?user=1", 502, "Bad Gateway\n", "", 1},
		"teapot":      {parent, teapot, "/signup?user=1", 502, "Bad Gateway\n", "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTranscript(test.response)
			w := httptest.NewRecorder()
			newTestClient(t, log, quiet).Signup.Handler(test.who).ServeHTTP(w,
				httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.target, nil))
			got := w.Result()
			defer func() { _ = got.Body.Close() }()
			assert.Equal(t, test.status, got.StatusCode)
			assert.Equal(t, test.body, w.Body.String())
			assert.Equal(t, []string{"no-store"}, got.Header["Cache-Control"])
			assert.Equal(t, []string{"no-referrer"}, got.Header["Referrer-Policy"])
			assert.Equal(t, test.location, got.Header.Get("Location"))
			assert.Len(t, log.requests, test.requests)
		})
	}
}

// quiet is a client's logger.
var quiet = partnerapi.WithLogger(slog.New(slog.DiscardHandler))

func isParent(*http.Request) (partnerapi.SignupRequest, error) {
	return partnerapi.SignupRequest{PK: "MS2365", Email: "newuser@partner.com"}, nil
}

// failsWith is a function of a handler that fails.
func failsWith(err error) func(*http.Request) (partnerapi.SignupRequest, error) {
	return func(*http.Request) (partnerapi.SignupRequest, error) {
		return partnerapi.SignupRequest{PK: "1", Email: "e"}, err
	}
}

// serveSignup returns the response to a GET.
func serveSignup(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/account/signup?a=b", nil))
	assert.Equal(t, []string{"no-store"}, w.Header()["Cache-Control"])
	assert.Equal(t, []string{"no-referrer"}, w.Header()["Referrer-Policy"])
	return w
}

const revoked = `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`

// Without OnError a failure is logged, so that a revoked token does not go unnoticed. An error text of another package is not.
func TestSignupHandlerLogsFailures(t *testing.T) {
	t.Parallel()
	const start = `level=WARN msg="partnerapi signup" op="GET /partners/signup" `
	tests := map[string]struct {
		who      func(*http.Request) (partnerapi.SignupRequest, error)
		response roundTripFunc
		status   int
		want     string
	}{
		"a revoked token":  {isParent, always(401, revoked), 502, start + `status=502 error="partner: GET /partners/signup: 401 Unauthorized: unauthorized"`},
		"a page":           {isParent, always(200, "SECRET"), 502, start + `status=502 error="partner: GET /partners/signup: 200 OK: bad response; no redirect"`},
		"no address":       {isParent, always(302, "", "Location", "javascript:SECRET"), 502, start + `status=502 error="partner: GET /partners/signup: 302 Found: bad response; a redirect without a valid Location"`},
		"an invalid pk":    {func(*http.Request) (partnerapi.SignupRequest, error) { return partnerapi.SignupRequest{PK: ".."}, nil }, nothingSent(t), 400, start + `status=400 error="GET /partners/signup: PK: \".\" and \"..\" are invalid in a path"`},
		"a foreign error":  {failsWith(errors.New("SECRET")), nothingSent(t), 400, start + `status=400 error="error of type *errors.errorString (see OnError)"`},
		"a wrapped error":  {failsWith(fmt.Errorf("SECRET: %w", errors.New("SECRET"))), nothingSent(t), 400, start + `status=400 error="error of type *fmt.wrapError (see OnError)"`},
		"a known error":    {failsWith(fmt.Errorf("SECRET: %w", context.DeadlineExceeded)), nothingSent(t), 400, start + `status=400 error="context deadline exceeded"`},
		"a call's error":   {failsWith(fmt.Errorf("SECRET: %w", &partnerapi.Error{API: partnerapi.AccountAPI, StatusCode: 200, Messages: []string{"Please log in\nfor a@b.example"}})), nothingSent(t), 400, start + `status=400 error="account: 200 OK"`},
		"an empty address": {failsWith(partnerapi.RedirectTo("")), nothingSent(t), 400, start + `status=400 error="RedirectTo: target: empty"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines bytes.Buffer
			client := newTestClient(t, test.response, partnerapi.WithLogger(slog.New(slog.NewTextHandler(&lines, nil))))
			got := serveSignup(t, client.Signup.Handler(test.who))
			assert.Equal(t, test.status, got.Code)
			last := strings.TrimSuffix(lines.String(), "\n")
			last = last[strings.LastIndex(last, "\n")+1:]
			_, line, _ := strings.Cut(last, " ") // without the time
			assert.Equal(t, test.want, line)
			assert.NotContains(t, lines.String(), "SECRET")
		})
	}
}

// The credential source's own calls are described without the messages of their APIs too.
func TestSignupHandlerLogsNoMessageOfACause(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	source := partnerapi.TokenSourceFunc(func(context.Context) (string, error) {
		return "", &partnerapi.Error{API: partnerapi.NetworkAPI, Op: "GET /a", StatusCode: 404, Messages: []string{"no customer SECRET"}, Fields: map[string]string{"SECRET": ""}}
	})
	client := newTestClient(t, nothingSent(t), partnerapi.WithCredentialSource(partnerapi.PartnerToken, source),
		partnerapi.WithLogger(slog.New(slog.NewTextHandler(&lines, nil))))
	assert.Equal(t, 502, serveSignup(t, client.Signup.Handler(isParent)).Code)
	assert.Contains(t, lines.String(), `error="partner: GET /partners/signup: not sent: no credential; network: GET /a: 404 Not Found"`)
	assert.NotContains(t, lines.String(), "SECRET")
}

// A service that was made by no client, or whose client has no logger, logs with slog.Default.
func TestSignupHandlerLogsWithoutALogger(t *testing.T) { //nolint:paralleltest // the process has one default logger
	var lines bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	for name, signup := range map[string]*partnerapi.SignupService{
		"no client":  new(partnerapi.SignupService),
		"no logger":  newTestClient(t, always(401, revoked)).Signup,
		"nil logger": newTestClient(t, always(401, revoked), partnerapi.WithLogger(nil)).Signup,
	} {
		lines.Reset()
		h := signup.Handler(isParent)
		slog.SetDefault(slog.New(slog.NewTextHandler(&lines, nil))) // after the handler was made
		_ = serveSignup(t, h)
		assert.Equal(t, 1, strings.Count(lines.String(), "\n"), name)
		assert.Contains(t, lines.String(), `level=WARN msg="partnerapi signup" op="GET /partners/signup" status=`, name)
	}
}

// OnError gets the failure, and writes the only response.
func TestSignupHandlerOnError(t *testing.T) {
	t.Parallel()
	mine := errors.New("not signed in")
	tests := map[string]struct {
		who      func(*http.Request) (partnerapi.SignupRequest, error)
		response roundTripFunc
		is       error
		status   int // of HTTPStatus
	}{
		"a revoked token":           {isParent, always(401, revoked), partnerapi.ErrUnauthorized, 502},
		"an outage":                 {isParent, always(503, ""), partnerapi.ErrServer, 503},
		"the function's error":      {failsWith(mine), nothingSent(t), mine, 500},
		"the function's two errors": {failsWith(errors.Join(mine, io.EOF)), nothingSent(t), mine, 500},
		"an invalid parent":         {func(*http.Request) (partnerapi.SignupRequest, error) { return partnerapi.SignupRequest{}, nil }, nothingSent(t), nil, 422},
		"no redirect":               {failsWith(partnerapi.RedirectTo("")), nothingSent(t), nil, 422},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines bytes.Buffer
			var got error
			client := newTestClient(t, test.response, soon, partnerapi.WithLogger(slog.New(slog.NewTextHandler(&lines, nil))))
			never := partnerapi.OnError(func(http.ResponseWriter, *http.Request, error) { t.Error("the last option wins") })
			resp := serveSignup(t, client.Signup.Handler(test.who, never, partnerapi.OnError(func(w http.ResponseWriter, r *http.Request, err error) {
				got = err
				assert.Equal(t, "b", r.URL.Query().Get("a"))
				w.WriteHeader(http.StatusTeapot)
			})))
			assert.Equal(t, http.StatusTeapot, resp.Code)
			assert.Empty(t, resp.Body.String())
			assert.NotContains(t, lines.String(), "partnerapi signup")
			require.Error(t, got)
			if test.is != nil {
				require.ErrorIs(t, got, test.is)
			}
			assert.Equal(t, test.status, partnerapi.HTTPStatus(got))
		})
	}
}

// A nil function means the default.
func TestSignupHandlerOnErrorNil(t *testing.T) {
	t.Parallel()
	never := partnerapi.OnError(func(http.ResponseWriter, *http.Request, error) { t.Error("the last option wins") })
	got := serveSignup(t, newTestClient(t, always(401, revoked), quiet).Signup.Handler(isParent, never, partnerapi.OnError(nil)))
	assert.Equal(t, http.StatusBadGateway, got.Code)
}

func TestRedirectTo(t *testing.T) {
	t.Parallel()
	never := partnerapi.OnError(func(http.ResponseWriter, *http.Request, error) { t.Error("a redirect is no failure") })
	for target, want := range map[string]string{
		"/login":                            "/login",
		"/login?back=%2Faccount%2Fsignup#a": "/login?back=%2Faccount%2Fsignup#a",
		"login":                             "/account/login",
		"../login":                          "/login",
		"?login=1":                          "/account/?login=1",
		"https://login.example/?a=b":        "https://login.example/?a=b",
		"//login.example/":                  "//login.example/",
	} {
		for _, err := range []error{
			partnerapi.RedirectTo(target), fmt.Errorf("a: %w", fmt.Errorf("b: %w", partnerapi.RedirectTo(target))), errors.Join(io.EOF, partnerapi.RedirectTo(target)),
		} {
			got := serveSignup(t, newTestClient(t, nothingSent(t)).Signup.Handler(failsWith(err), never))
			assert.Equal(t, http.StatusSeeOther, got.Code, target)
			assert.Equal(t, []string{want}, got.Header()["Location"], target)
		}
	}
	for target, why := range map[string]string{"": "empty", "https://[::1": "not a URL", "/\n": "not a URL", "%zz": "not a URL"} {
		assertRefused(t, partnerapi.RedirectTo(target), "target", why)
	}
}

// The response to every method but GET is 405.
func TestSignupHandlerRefusesMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "DELETE", "POST", "PUT", "PATCH", "CONNECT", "PROPFIND", "get"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			newTestClient(t, nothingSent(t)).Signup.Handler(func(*http.Request) (partnerapi.SignupRequest, error) {
				t.Error("the function was called")
				return partnerapi.SignupRequest{PK: "MS2365", Email: "newuser@partner.com"}, nil
			}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/signup", nil))
			assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
			assert.Equal(t, "Method Not Allowed\n", w.Body.String())
			assert.Equal(t, []string{"GET"}, w.Header()["Allow"])
			assert.Equal(t, []string{"no-store"}, w.Header()["Cache-Control"])
			assert.Equal(t, []string{"no-referrer"}, w.Header()["Referrer-Policy"])
		})
	}
}

// A browser that has gone is not a failure of the service.
func TestSignupHandlerRequestCancelled(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		cancel()
		return nil, req.Context().Err()
	}), partnerapi.WithLogger(slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	w := httptest.NewRecorder()
	client.Signup.Handler(func(*http.Request) (partnerapi.SignupRequest, error) {
		return partnerapi.SignupRequest{PK: "1", Email: "e"}, nil
	}).
		ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, lines.String(), `level=DEBUG msg="partnerapi signup"`)
	assert.NotContains(t, lines.String(), `level=WARN msg="partnerapi signup"`)
}

// success:false is a failure with every status.
func TestResolveRedirectWithAFailure(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return reply(302, `{"success":false,"error":"Please provide a valid token","error_type":"invalid_token"}`, "Location", "/x"), nil
	}))
	to, err := client.Signup.Resolve(t.Context(), partnerapi.SignupRequest{PK: "1", Email: "e"})
	assertKinds(t, err, partnerapi.ErrUnauthorized)
	assert.Nil(t, to)
}

// Methods of a client that was not made by NewClient return an error.
func TestZeroValues(t *testing.T) {
	t.Parallel()
	in := partnerapi.SignupRequest{PK: "1", Email: "e"}
	_, err := new(partnerapi.SignupService).URL(t.Context(), in)
	assertRefused(t, err, "client", "nil, or not made by NewClient")
	_, err = new(partnerapi.SignupService).Resolve(t.Context(), in)
	assertRefused(t, err, "client", "nil, or not made by NewClient")
	_, err = partnerapi.Do[struct{}](t.Context(), nil, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "GET /a"})
	assertRefused(t, err, "client", "nil, or not made by NewClient")
	new(partnerapi.Client).CloseIdleConnections()
	assert.PanicsWithValue(t, "partnerapi: Signup.Handler without a function", func() { new(partnerapi.SignupService).Handler(nil) })
	assert.PanicsWithValue(t, "partnerapi: Signup.Handler with a nil option", func() { new(partnerapi.SignupService).Handler(isParent, nil) })
}

func TestNilPointersAreRefused(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(teapot))
	_, err := partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "POST /a", Body: (*partnerapi.UpdateAccountRequest)(nil)})
	assertRefused(t, err, "Body", "nil")
	_, err = partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "GET /a", Query: (*partnerapi.ListOptions)(nil)})
	assertRefused(t, err, "Query", "nil")
}
