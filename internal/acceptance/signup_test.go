package acceptance

import (
	"context"
	"errors"
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
			client := newTestClient(t, log, partnerapi.WithPartnerToken(test.token))
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
			newTestClient(t, log).Signup.Handler(test.who).ServeHTTP(w,
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

func TestSignupHandlerRequestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		cancel()
		return nil, req.Context().Err()
	}))
	w := httptest.NewRecorder()
	client.Signup.Handler(func(*http.Request) (partnerapi.SignupRequest, error) {
		return partnerapi.SignupRequest{PK: "1", Email: "e"}, nil
	}).
		ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
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
}

func TestNilPointersAreRefused(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, newTranscript(teapot))
	_, err := partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "POST /a", Body: (*partnerapi.UpdateAccountRequest)(nil)})
	assertRefused(t, err, "Body", "nil")
	_, err = partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.PartnerAPI, Op: "GET /a", Query: (*partnerapi.ListOptions)(nil)})
	assertRefused(t, err, "Query", "nil")
}
