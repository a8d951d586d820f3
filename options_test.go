package partnerapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithHeader(t *testing.T) {
	t.Parallel()
	const agent = "partnerapi-go/" + Version
	tests := map[string]struct {
		opts []CallOption
		want http.Header
	}{
		"no options":     {nil, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}}},
		"one":            {[]CallOption{WithHeader("traceparent", "00-a-b-01")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "Traceparent": {"00-a-b-01"}}},
		"twice the same": {[]CallOption{WithHeader("X-Tag", "a"), WithHeader("x-tag", "b")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "X-Tag": {"a", "b"}}},
		"our defaults":   {[]CallOption{WithHeader("Accept", "text/csv"), WithHeader("User-Agent", "me")}, http.Header{"Accept": {"text/csv"}, "User-Agent": {"me"}}},
		"a tab, a byte":  {[]CallOption{WithHeader("X-Tag", "a\tb\xfc")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "X-Tag": {"a\tb\xfc"}}},
		"an empty value": {[]CallOption{WithHeader("X-Tag", "")}, http.Header{"Accept": {"application/json"}, "User-Agent": {agent}, "X-Tag": {""}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				delete(req.Header, "X-Token-Auth")
				assert.Equal(t, test.want, req.Header)
				return reply(200, `{"success":true}`), nil
			}))
			for range 2 { // an option can be reused
				_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, test.opts...)
				require.NoError(t, err)
			}
		})
	}
}

// testdata/TRAPS.md: "A request with an `Idempotency-Key` header is replayed by the transport on a dead reused connection."
// It and the headers that the pipeline sets are refused in every spelling.
func TestTrapHeadersRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Idempotency-Key", "X-Idempotency-Key", "idempotency-key", "Authorization", "AUTHORIZATION", "Proxy-Authorization",
		"X-Token-Auth", "x-token-auth", "Api-Key", "api-key", "Cookie", "Host", "Content-Type", "Content-Length",
		"Content-Encoding", "Transfer-Encoding", "Accept-Encoding", "Connection",
		// CGI gives these and the header of the SDK the same name.
		"X_Token_Auth", "x_token_auth", "X-TOKEN_AUTH", "X_Token-Auth", "X.Token.Auth", "x-token~auth", "Api_Key", "API_KEY", "api.key",
		"AUTHORIZATION", "Proxy_Authorization", "Idempotency_Key", "X_Idempotency_Key", "Content_Length", "content_type", "Transfer_Encoding",
		"Accept_Encoding", "cookie", "Cookie2", "Set-Cookie", "Set_Cookie", "HOST",
		// Hop-by-hop headers.
		"TE", "te", "Trailer", "Upgrade", "Keep-Alive", "keep_alive", "Proxy-Connection", "Proxy_Connection", "Expect", "expect", "HTTP2-Settings",
		// These change the operation.
		"X-HTTP-Method-Override", "x-http-method-override", "X_HTTP_Method_Override", "X-HTTP-Method", "X-Method-Override", "x_method_override",
		"X-Original-URL", "X_Rewrite_URL",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "GET /a"}, WithHeader(name, "SECRET"))
			assertRefused(t, err, "CallOption", "WithHeader: "+http.CanonicalHeaderKey(name)+" is reserved")
		})
	}
	const invalidName, invalidValue = "invalid name", "the value has control characters"
	for name, test := range map[string]struct{ value, why string }{
		"": {"SECRET", "empty name"}, "X Tag": {"SECRET", invalidName}, "X-Tag:": {"SECRET", invalidName}, "X-Täg": {"SECRET", invalidName},
		"X-Tag\n": {"SECRET", invalidName}, "X-SECRET(": {"a", invalidName},
		"X-A": {"SECRET\r\nHost: x", invalidValue}, "X-B": {"SECRET\x00", invalidValue}, "X-C": {"SECRET\x7f", invalidValue},
		"X-D": {"\nSECRET", invalidValue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: PartnerAPI, Op: "GET /a"}, WithHeader(name, test.value))
			assertRefused(t, err, "CallOption", "WithHeader: "+test.why)
			assert.NotContains(t, err.Error(), "SECRET")
		})
	}
}

// The credential headers of all APIs are refused in calls of every API.
func TestHeadersOfCredentialsRefused(t *testing.T) {
	t.Parallel()
	for which, of := range credentials {
		if of.header == "" {
			continue
		}
		for _, api := range []API{PartnerAPI, AccountAPI, NetworkAPI} {
			for _, name := range []string{of.header, strings.ToLower(of.header), strings.ReplaceAll(of.header, "-", "_")} {
				_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: api, Op: "GET /a"}, WithHeader(name, "SECRET"))
				assertRefused(t, err, "CallOption", "WithHeader: "+http.CanonicalHeaderKey(name)+" is reserved")
				assert.NotContains(t, err.Error(), "SECRET", which)
			}
		}
	}
}

func TestHeadersForCallers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Traceparent", "Tracestate", "X-Request-Id", "X_Request_Id", "X-Forwarded-For", "Forwarded", "Accept-Language", "User-Agent", "Accept",
		"X-Token", "X-Token-Auth-2", "XTokenAuth", "Api-Keys", "X-Api-Key", "Cookies", "X-Host", "X-Method",
	} {
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			assert.Equal(t, []string{"v"}, req.Header[http.CanonicalHeaderKey(name)])
			assert.Equal(t, []string{testPartnerToken}, req.Header["X-Token-Auth"])
			return reply(200, `{"success":true}`), nil
		}))
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithHeader(name, "v"))
		require.NoError(t, err, name)
	}
}

// Only the client puts credentials into the query.
func TestCredentialsInAQueryRefused(t *testing.T) {
	t.Parallel()
	type keyed struct {
		Key string `url:"Key,omitempty"`
	}
	tests := map[string]struct {
		api   API
		query any
		why   string // empty if it is sent
	}{
		"key":             {AccountAPI, url.Values{"key": {"SECRET"}}, "key"},
		"key, upper case": {AccountAPI, url.Values{"a": {"1"}, "KEY": {"SECRET"}}, "key"},
		"key, empty":      {AccountAPI, url.Values{"key": {""}}, "key"},
		"a method":        {NetworkAPI, url.Values{"_METHOD": {"DELETE"}}, "_method"},
		"a list of keys":  {AccountAPI, url.Values{"key[]": {"SECRET"}}, "key"},
		"an entry of key": {AccountAPI, url.Values{"Key[0][a]": {"SECRET"}}, "key"},
		"spaces":          {AccountAPI, url.Values{" key ": {"SECRET"}}, "key"},
		"a NUL":           {AccountAPI, url.Values{"key\x00a": {"SECRET"}}, "key"},
		"a struct":        {AccountAPI, keyed{"SECRET"}, "key"},
		"a pointer":       {AccountAPI, &struct{ keyed }{keyed{"SECRET"}}, "key"},
		"token":           {PartnerAPI, url.Values{"token": {"SECRET"}}, "token"},
		"Token[]":         {PartnerAPI, url.Values{"Token[]": {"SECRET"}}, "token"},

		"a struct without":        {AccountAPI, keyed{}, ""},
		"other names":             {AccountAPI, url.Values{"keys": {"1"}, "a[key]": {"1"}, "api_key": {"1"}, "token": {"1"}, "": {"1"}}, ""},
		"key of the partner API":  {PartnerAPI, url.Values{"key": {"1"}, "access_token": {"1"}}, ""},
		"both of the network API": {NetworkAPI, url.Values{"key": {"1"}, "token": {"1"}, "": {"1"}, "[]": {"1"}}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.why == "" {
				client := newTestClient(t, always(200, `{"success":true}`))
				_, err := Do[none](t.Context(), client, Call{API: test.api, Op: "GET /a", Query: test.query})
				require.NoError(t, err)
				return
			}
			_, err := Do[none](t.Context(), newTestClient(t, nothingSent(t)), Call{API: test.api, Op: "GET /a", Query: test.query})
			assertRefused(t, err, "Query", test.why+" is reserved")
			assert.NotContains(t, err.Error(), "SECRET")
		})
	}
}

func TestCallOptionsRefused(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, nothingSent(t))
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithoutRetry(), nil)
	assertRefused(t, err, "CallOption", "nil")
	_, err = Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(nil))
	assertRefused(t, err, "CallOption", "WithResponseInto: nil")
}

func TestWithResponseInto(t *testing.T) {
	t.Parallel()
	slow := func(step roundTripFunc) roundTripFunc {
		return func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return step(req)
		}
	}
	tests := map[string]struct {
		steps []roundTripFunc
		want  Response
		fails bool
	}{
		"success": {
			[]roundTripFunc{slow(always(201, `{"success":true}`, "X-Request-Id", "r-1", "Set-Cookie", "sid=SECRET", "set-cookie", "b=SECRET"))},
			Response{StatusCode: 201, Header: http.Header{"X-Request-Id": {"r-1"}}, Body: []byte(`{"success":true}`), Attempts: 1, Duration: time.Second}, false,
		},
		"failure": {
			[]roundTripFunc{slow(always(404, `{"success":false}`, "X-Request-Id", "r-1"))},
			Response{StatusCode: 404, Header: http.Header{"X-Request-Id": {"r-1"}}, Body: []byte(`{"success":false}`), Attempts: 1, Duration: time.Second}, true,
		},
		"waits are included": {
			[]roundTripFunc{slow(always(429, "", "Retry-After", "5")), slow(always(200, "\ufeff{ \"success\":true}\n"))},
			Response{StatusCode: 200, Header: http.Header{}, Body: []byte("\ufeff{ \"success\":true}\n"), Attempts: 2, Duration: 7 * time.Second}, false,
		},
		"no response": {
			[]roundTripFunc{slow(cut)}, Response{Attempts: 1, Duration: time.Second}, true,
		},
		"no response after one": {
			[]roundTripFunc{slow(always(429, "slow down", "Retry-After", "5")), slow(cut)},
			Response{StatusCode: 429, Header: http.Header{"Retry-After": {"5"}}, Body: []byte("slow down"), Attempts: 2, Duration: 7 * time.Second}, true,
		},
		"an incomplete response after one": {
			[]roundTripFunc{slow(always(429, "slow down", "Retry-After", "5")), slow(incompleteBody)},
			Response{StatusCode: 200, Attempts: 2, Duration: 7 * time.Second}, true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := Response{StatusCode: 1, Header: http.Header{"Old": {"x"}}, Attempts: 9, Duration: 9}
				client := newTestClient(t, turns(test.steps...))
				_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "POST /a"}, WithResponseInto(&got))
				assert.Equal(t, test.fails, err != nil)
				assert.Equal(t, test.want, got)
			})
		})
	}
}

// The memory in which bodies are read is reused.
func TestResponseBodyIsACopy(t *testing.T) {
	t.Parallel()
	var first, second Response
	client := newTestClient(t, turns(always(200, `{"success":true,"a":1}`), always(200, `{"success":true,"a":2}`)))
	for _, into := range []*Response{&first, &second} {
		_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(into))
		require.NoError(t, err)
	}
	assert.Equal(t, `{"success":true,"a":1}`, string(first.Body))
	assert.Equal(t, `{"success":true,"a":2}`, string(second.Body))
}

// A server can echo a credential, which a caller could log.
func TestResponseHeaderWithoutCredentials(t *testing.T) {
	t.Parallel()
	var got Response
	client := newTestClient(t, turns(always(200, `{"status":"ok","customer":{"id":1}}`, "Set-Cookie", "sid=session-cookie"), always(200, `{"logged_in":true}`,
		"X-Debug", "key=test-account-key", "X-Debug", "harmless", "Link", "</a?key=test%2Daccount%2dkey>", "X-Cookie", "sid=SESSION-cookie",
		"Content-Location", "/account/status?key=test-account-ke", "X-Organization", "test-organization-key", "Set-Cookie2", "a=b",
	)))
	_, session, err := client.Accounts.Login(t.Context(), LoginRequest{Email: "e", Password: "p"})
	require.NoError(t, err)
	_, err = client.Accounts.Status(t.Context(), session, WithResponseInto(&got))
	require.NoError(t, err)
	assert.Equal(t, http.Header{
		"X-Debug": {"[redacted]", "harmless"}, "Link": {"[redacted]"}, "X-Cookie": {"[redacted]"},
		"Content-Location": {"/account/status?key=test-account-ke"}, "X-Organization": {"test-organization-key"}, // not a credential of this call
	}, got.Header)
}

// Transports other than net/http's can return names that are not canonical.
func TestResponseHeaderOfAnotherTransport(t *testing.T) {
	t.Parallel()
	var got Response
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		response := reply(200, `{"success":true}`)
		response.Header = http.Header{"set-cookie": {"sid=SECRET"}, "SET-COOKIE": {"sid=SECRET"}, "x-a": {"1"}}
		return response, nil
	}))
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(&got))
	require.NoError(t, err)
	assert.Equal(t, http.Header{"x-a": {"1"}}, got.Header)
}

func TestResponseIsUnchangedIfNothingWasSent(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	want := Response{StatusCode: 1, Attempts: 9}
	got := want
	client := newTestClient(t, nothingSent(t))
	_, err := Do[none](over, client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(&got))
	require.Error(t, err)
	assert.Equal(t, want, got)
	_, err = Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /{a}", Args: []string{""}}, WithResponseInto(&got))
	require.Error(t, err)
	assert.Equal(t, want, got)
}

// Changing the header of a Response does not affect the header of the call, or of another call.
func TestResponseHeaderIsACopy(t *testing.T) {
	t.Parallel()
	shared := http.Header{"X-A": {"1"}, "Set-Cookie": {"sid=1"}}
	client := newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
		response := reply(200, `{"success":true}`)
		response.Header = shared
		return response, nil
	}))
	var response Response
	_, err := Do[none](t.Context(), client, Call{API: PartnerAPI, Op: "GET /a"}, WithResponseInto(&response))
	require.NoError(t, err)
	response.Header.Set("X-A", "2")
	assert.Equal(t, http.Header{"X-A": {"1"}, "Set-Cookie": {"sid=1"}}, shared)
}

// environment returns the option that reads these variables.
func environment(of map[string]string) Option {
	return fromEnv(func(name string) string { return of[name] })
}

// credentialsOf returns the credentials of a client.
func credentialsOf(t *testing.T, client *Client) map[Credential]string {
	t.Helper()
	found := make(map[Credential]string)
	for which, source := range client.config().sources {
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		found[which] = token
	}
	return found
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	client, err := NewClient(environment(map[string]string{
		"PARTNERAPI_PARTNER_TOKEN": "a", "PARTNERAPI_ACCOUNT_KEY": "b", "PARTNERAPI_ORGANIZATION_KEY": "c", "PARTNERAPI_NETWORK_TOKEN": "d",
		"PARTNERAPI_PARTNER_URL": "https://a.example/v1/", "PARTNERAPI_ACCOUNT_URL": "https://b.example", "PARTNERAPI_NETWORK_URL": "HTTPS://127.0.0.1:1",
	}))
	require.NoError(t, err)
	assert.Equal(t, map[Credential]string{PartnerToken: "a", AccountKey: "b", OrganizationKey: "c", NetworkToken: "d"}, credentialsOf(t, client))
	for api, want := range map[API]string{PartnerAPI: "https://a.example/v1", AccountAPI: "https://b.example", NetworkAPI: "https://127.0.0.1:1"} {
		assert.Equal(t, want, client.config().apis[api].base.String())
	}
}

func TestFromEnvSkipsEmptyVariables(t *testing.T) {
	t.Parallel()
	client, err := NewClient(WithPartnerToken("a"), WithBaseURL(NetworkAPI, "https://a.example"), environment(map[string]string{
		"PARTNERAPI_PARTNER_TOKEN": "", "PARTNERAPI_NETWORK_URL": "", "PARTNERAPI_ACCOUNT_KEY": "b",
	}))
	require.NoError(t, err)
	assert.Equal(t, map[Credential]string{PartnerToken: "a", AccountKey: "b"}, credentialsOf(t, client))
	assert.Equal(t, "https://a.example", client.config().apis[NetworkAPI].base.String())
}

func TestFromEnvRefuses(t *testing.T) {
	t.Parallel()
	const (
		newline = "ends with a newline"
		plain   = "not https: use WithBaseURL for a server without TLS"
		invalid = "not an absolute http or https URL"
	)
	tests := map[string]struct{ name, value, why string }{
		"a token with a newline":   {"PARTNERAPI_PARTNER_TOKEN", "SECRET\n", newline},
		"a key with CR and LF":     {"PARTNERAPI_ACCOUNT_KEY", "SECRET\r\n", newline},
		"only a newline":           {"PARTNERAPI_ORGANIZATION_KEY", "\n", newline},
		"a token with a space":     {"PARTNERAPI_NETWORK_TOKEN", "SECRET ", "has spaces around it"},
		"a token with a NUL":       {"PARTNERAPI_NETWORK_TOKEN", "SEC\x00RET", "has control characters"},
		"a URL with a newline":     {"PARTNERAPI_PARTNER_URL", "https://SECRET.example\n", newline},
		"a URL without a scheme":   {"PARTNERAPI_PARTNER_URL", "SECRET.example", invalid},
		"a URL of another scheme":  {"PARTNERAPI_NETWORK_URL", "ftp://SECRET.example", invalid},
		"a URL with a user":        {"PARTNERAPI_ACCOUNT_URL", "https://user:SECRET@a.example", "has a user, query or fragment"},
		"a URL with a query":       {"PARTNERAPI_ACCOUNT_URL", "https://a.example?key=SECRET", "has a user, query or fragment"},
		"plain HTTP":               {"PARTNERAPI_ACCOUNT_URL", "http://SECRET.example", plain},
		"plain HTTP, upper case":   {"PARTNERAPI_NETWORK_URL", "HTTP://SECRET.example", plain},
		"plain HTTP on a loopback": {"PARTNERAPI_PARTNER_URL", "http://127.0.0.1:8080/SECRET", plain},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewClient(WithInsecureHTTP(), environment(map[string]string{test.name: test.value}), WithPartnerToken("a"))
			assertRefused(t, err, test.name, test.why)
			assert.NotContains(t, err.Error(), "SECRET")
		})
	}
}

// The environment is read when NewClient applies FromEnv, and otherwise never. If options conflict, the last one wins.
func TestFromEnvIsReadByNewClient(t *testing.T) {
	option := FromEnv()
	t.Setenv("PARTNERAPI_PARTNER_TOKEN", "of the environment")
	tests := map[string]struct {
		opts []Option
		want map[Credential]string
	}{
		"alone":  {[]Option{option}, map[Credential]string{PartnerToken: "of the environment"}},
		"last":   {[]Option{WithPartnerToken("given"), option}, map[Credential]string{PartnerToken: "of the environment"}},
		"first":  {[]Option{option, WithPartnerToken("given")}, map[Credential]string{PartnerToken: "given"}},
		"absent": {nil, map[Credential]string{}},
	}
	for name, test := range tests { //nolint:paralleltest // changes the environment
		t.Run(name, func(t *testing.T) {
			client, err := NewClient(test.opts...)
			require.NoError(t, err)
			assert.Equal(t, test.want, credentialsOf(t, client))
		})
	}
}
