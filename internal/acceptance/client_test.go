package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

func get(ctx context.Context, client *partnerapi.Client, api partnerapi.API) error {
	_, err := partnerapi.Do[struct{}](ctx, client, partnerapi.Call{API: api, Op: "GET /a"})
	return err
}

// credentials returns options for every credential.
func credentials() []partnerapi.Option {
	return []partnerapi.Option{
		partnerapi.WithPartnerToken("partner"), partnerapi.WithAccountKey("account"),
		partnerapi.WithOrganizationKey("organization"), partnerapi.WithNetworkToken("network"),
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	const (
		spaces  = "has spaces around it"
		control = "has control characters"
		url     = "not an absolute http or https URL"
		parts   = "has a user, query or fragment"
		plain   = "the base URL of the partner API is not https: see WithInsecureHTTP"
	)
	base := func(u string) partnerapi.Option { return partnerapi.WithBaseURL(partnerapi.PartnerAPI, u) }
	source := partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return "SECRET", nil })
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	tests := map[string]struct {
		option    partnerapi.Option
		name, why string
	}{
		"nil":                          {nil, "Option", "nil"},
		"empty partner token":          {partnerapi.WithPartnerToken(""), "WithPartnerToken", "empty"},
		"empty account key":            {partnerapi.WithAccountKey(""), "WithAccountKey", "empty"},
		"empty organisation key":       {partnerapi.WithOrganizationKey(""), "WithOrganizationKey", "empty"},
		"empty network token":          {partnerapi.WithNetworkToken(""), "WithNetworkToken", "empty"},
		"spaces":                       {partnerapi.WithPartnerToken("  "), "WithPartnerToken", spaces},
		"a space before":               {partnerapi.WithPartnerToken(" SECRET"), "WithPartnerToken", spaces},
		"a newline after":              {partnerapi.WithAccountKey("SECRET\n"), "WithAccountKey", spaces},
		"another header":               {partnerapi.WithNetworkToken("SECRET\r\nHost: x"), "WithNetworkToken", control},
		"NUL":                          {partnerapi.WithOrganizationKey("SEC\x00RET"), "WithOrganizationKey", control},
		"DEL":                          {partnerapi.WithPartnerToken("SECRET\x7f"), "WithPartnerToken", control},
		"unknown credential":           {partnerapi.WithCredentialSource("password", source), "WithCredentialSource", "unknown credential"},
		"no source":                    {partnerapi.WithCredentialSource(partnerapi.AccountKey, nil), "WithCredentialSource", "nil"},
		"base of an unknown API":       {partnerapi.WithBaseURL("billing", "https://SECRET.example"), "WithBaseURL", "unknown API"},
		"no base":                      {base(""), "WithBaseURL", "empty"},
		"only a slash":                 {base("/"), "WithBaseURL", url},
		"base without scheme":          {base("SECRET.example/api"), "WithBaseURL", url},
		"base of a path":               {base("/SECRET"), "WithBaseURL", url},
		"base without host":            {base("https:///SECRET"), "WithBaseURL", url},
		"base with a port only":        {base("https://:443/SECRET"), "WithBaseURL", url},
		"opaque base":                  {base("https:SECRET"), "WithBaseURL", url},
		"base of another scheme":       {base("ftp://SECRET.example"), "WithBaseURL", url},
		"base of a file":               {base("file:///SECRET"), "WithBaseURL", url},
		"base that is not a URL":       {base("https://SECRET.example/%zz"), "WithBaseURL", url},
		"base with a space":            {base(" https://SECRET.example"), "WithBaseURL", url},
		"base with a newline":          {base("https://SECRET.example/\n"), "WithBaseURL", url},
		"base with a bad port":         {base("https://SECRET.example:x"), "WithBaseURL", url},
		"base with user":               {base("https://user:SECRET@a.example"), "WithBaseURL", parts},
		"base with an empty user":      {base("https://@a.example"), "WithBaseURL", parts},
		"base with query":              {base("https://a.example/?key=SECRET"), "WithBaseURL", parts},
		"base with an empty query":     {base("https://a.example/?"), "WithBaseURL", parts},
		"base with fragment":           {base("https://a.example/#SECRET"), "WithBaseURL", parts},
		"base with an empty fragment":  {base("https://a.example#"), "WithBaseURL", parts},
		"base that is not https":       {base("http://SECRET.example"), "WithBaseURL", plain},
		"account base, not https":      {partnerapi.WithBaseURL(partnerapi.AccountAPI, "http://SECRET.example"), "WithBaseURL", "the base URL of the account API is not https: see WithInsecureHTTP"},
		"network base, not https":      {partnerapi.WithBaseURL(partnerapi.NetworkAPI, "http://SECRET.example"), "WithBaseURL", "the base URL of the network API is not https: see WithInsecureHTTP"},
		"base in a private network":    {base("http://192.168.0.1"), "WithBaseURL", plain},
		"base like localhost":          {base("http://localhost.SECRET.example"), "WithBaseURL", plain},
		"base that looks like 127":     {base("http://127.0.0.1.SECRET.example"), "WithBaseURL", plain},
		"no client":                    {partnerapi.WithHTTPClient(nil), "WithHTTPClient", "nil"},
		"a client with a jar":          {partnerapi.WithHTTPClient(&http.Client{Jar: jar}), "WithHTTPClient", "has a Jar"},
		"a client with CheckRedirect":  {partnerapi.WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}), "WithHTTPClient", "has a CheckRedirect"},
		"no time":                      {partnerapi.WithTimeout(0), "WithTimeout", "must be above zero"},
		"less than no time":            {partnerapi.WithTimeout(-1), "WithTimeout", "must be above zero"},
		"attempts below zero":          {partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: -1}), "WithRetry", "negative MaxAttempts"},
		"wait below zero":              {partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: -1}), "WithRetry", "negative MinWait"},
		"longest wait below zero":      {partnerapi.WithRetry(partnerapi.RetryPolicy{MaxWait: -1}), "WithRetry", "negative MaxWait"},
		"Retry-After below zero":       {partnerapi.WithRetry(partnerapi.RetryPolicy{MaxRetryAfter: -1}), "WithRetry", "negative MaxRetryAfter"},
		"no limiter":                   {partnerapi.WithRateLimiter(partnerapi.PartnerAPI, nil), "WithRateLimiter", "nil"},
		"a limiter for an unknown API": {partnerapi.WithRateLimiter("billing", limiter{}), "WithRateLimiter", "unknown API"},
		"no bytes":                     {partnerapi.WithMaxResponseBytes(0), "WithMaxResponseBytes", "must be above zero"},
		"less than no bytes":           {partnerapi.WithMaxResponseBytes(math.MinInt64), "WithMaxResponseBytes", "must be above zero"},
		"no product":                   {partnerapi.WithUserAgent(""), "WithUserAgent", "empty"},
		"a product of two lines":       {partnerapi.WithUserAgent("SECRET\r\nX: y"), "WithUserAgent", control},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := partnerapi.NewClient(partnerapi.WithPartnerToken("good"), test.option)
			assert.Nil(t, client)
			var refused *partnerapi.ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, partnerapi.ArgumentError{Op: "NewClient", Name: test.name, Reason: test.why}, *refused)
		})
	}
}

type limiter struct{}

func (limiter) Wait(context.Context) error { return nil }

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://a.example":             "https://a.example/a?key=account",
		"https://a.example/":            "https://a.example/a?key=account",
		"https://a.example//":           "https://a.example/a?key=account",
		"https://a.example:8443/x/y/":   "https://a.example:8443/x/y/a?key=account",
		"https://a.example/x%2Fy":       "https://a.example/x%2Fy/a?key=account",
		"HTTPS://A.example":             "https://A.example/a?key=account",
		"https://[2001:db8::1]/x":       "https://[2001:db8::1]/x/a?key=account",
		"http://localhost:8080":         "http://localhost:8080/a?key=account",
		"http://127.0.0.1:8080/account": "http://127.0.0.1:8080/account/a?key=account",
		"http://127.1.2.3":              "http://127.1.2.3/a?key=account",
		"http://[::1]:8080":             "http://[::1]:8080/a?key=account",
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			var got string
			client, err := partnerapi.NewClient(append(credentials(), partnerapi.WithBaseURL(partnerapi.AccountAPI, base),
				through(func(req *http.Request) (*http.Response, error) {
					got = req.URL.String()
					return reply(200, `{"status":"ok"}`), nil
				}))...)
			require.NoError(t, err)
			require.NoError(t, get(t.Context(), client, partnerapi.AccountAPI))
			assert.Equal(t, want, got)
		})
	}
}

func TestInsecureHTTP(t *testing.T) {
	t.Parallel()
	base := partnerapi.WithBaseURL(partnerapi.NetworkAPI, "http://api.example")
	for _, opts := range [][]partnerapi.Option{
		{partnerapi.WithInsecureHTTP(), base}, {base, partnerapi.WithInsecureHTTP()},
	} {
		_, err := partnerapi.NewClient(opts...)
		require.NoError(t, err)
	}
}

// NewClient does no I/O, and needs no option: only the credentials of the APIs that are called are needed.
func TestNewClientDoesNoIO(t *testing.T) {
	t.Parallel()
	_, err := partnerapi.NewClient()
	require.NoError(t, err)
	_, err = partnerapi.NewClient(append(credentials(),
		through(func(*http.Request) (*http.Response, error) {
			t.Error("a request was sent")
			return nil, io.EOF
		}),
		partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenSourceFunc(func(context.Context) (string, error) {
			t.Error("a source was called")
			return "", io.EOF
		})),
		partnerapi.WithRateLimiter(partnerapi.PartnerAPI, unusedLimiter{t}))...)
	require.NoError(t, err)
}

type unusedLimiter struct{ t *testing.T }

func (l unusedLimiter) Wait(context.Context) error {
	l.t.Error("a limiter was called")
	return nil
}

// The http.Client is copied, never changed; its Transport is used.
func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	calls := 0
	transport := roundTripFunc(func(*http.Request) (*http.Response, error) {
		calls++
		return reply(200, `{"success":true}`), nil
	})
	hc := &http.Client{Transport: transport, Timeout: time.Minute}
	client, err := partnerapi.NewClient(append(credentials(), partnerapi.WithHTTPClient(hc))...)
	require.NoError(t, err)
	assert.Nil(t, hc.CheckRedirect)
	assert.Nil(t, hc.Jar)
	assert.Equal(t, time.Minute, hc.Timeout)
	assert.NotNil(t, hc.Transport)

	hc.Transport = roundTripFunc(func(*http.Request) (*http.Response, error) {
		t.Error("the client uses a transport set after NewClient")
		return nil, io.EOF
	})
	require.NoError(t, get(t.Context(), client, partnerapi.PartnerAPI))
	assert.Equal(t, 1, calls)
}

// The Timeout of the user's http.Client is the default per attempt: WithTimeout wins, in either order.
func TestTimeoutOfTheHTTPClient(t *testing.T) {
	t.Parallel()
	transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
	of := func(d time.Duration) partnerapi.Option {
		return partnerapi.WithHTTPClient(&http.Client{Transport: transport, Timeout: d})
	}
	tests := map[string]struct {
		opts []partnerapi.Option
		want time.Duration
	}{
		"neither":           {[]partnerapi.Option{of(0)}, 30 * time.Second},
		"the client's":      {[]partnerapi.Option{of(time.Minute)}, time.Minute},
		"WithTimeout":       {[]partnerapi.Option{of(0), partnerapi.WithTimeout(time.Hour)}, time.Hour},
		"WithTimeout after": {[]partnerapi.Option{of(time.Minute), partnerapi.WithTimeout(time.Second)}, time.Second},
		"WithTimeout first": {[]partnerapi.Option{partnerapi.WithTimeout(time.Second), of(time.Minute)}, time.Second},
		"below zero":        {[]partnerapi.Option{of(-1)}, 30 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, err := partnerapi.NewClient(append(credentials(), test.opts...)...)
				require.NoError(t, err)
				started := time.Now()
				_, err = partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a"}, partnerapi.WithoutRetry())
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, test.want, time.Since(started))
			})
		})
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	for product, want := range map[string]string{
		"":                 "partnerapi-go/" + partnerapi.Version,
		"acme-billing/2.1": "acme-billing/2.1 partnerapi-go/" + partnerapi.Version,
	} {
		opts := append(credentials(), through(func(req *http.Request) (*http.Response, error) {
			assert.Equal(t, []string{want}, req.Header["User-Agent"])
			return reply(200, `{"success":true}`), nil
		}))
		if product != "" {
			opts = append(opts, partnerapi.WithUserAgent(product))
		}
		client, err := partnerapi.NewClient(opts...)
		require.NoError(t, err)
		require.NoError(t, get(t.Context(), client, partnerapi.PartnerAPI))
	}
}

// If options conflict, the last one wins.
func TestLastOptionWins(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient(append(credentials(), partnerapi.WithPartnerToken("second"), partnerapi.WithHTTPClient(&http.Client{}),
		through(func(req *http.Request) (*http.Response, error) {
			assert.Equal(t, "second", req.Header.Get("X-Token-Auth"))
			return reply(200, `{"success":true}`), nil
		}))...)
	require.NoError(t, err)
	require.NoError(t, get(t.Context(), client, partnerapi.PartnerAPI))
}

type closer struct {
	http.RoundTripper

	closed int
}

func (c *closer) CloseIdleConnections() { c.closed++ }

// Only CloseIdleConnections closes the pool, never a call.
func TestCloseIdleConnections(t *testing.T) {
	t.Parallel()
	transport := &closer{RoundTripper: roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })}
	client, err := partnerapi.NewClient(append(credentials(), partnerapi.WithHTTPClient(&http.Client{Transport: transport}),
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: 1, MaxWait: 1}))...)
	require.NoError(t, err)
	require.Error(t, get(t.Context(), client, partnerapi.PartnerAPI))
	assert.Zero(t, transport.closed)
	client.CloseIdleConnections()
	assert.Equal(t, 1, transport.closed)

	client, err = partnerapi.NewClient(through(nil))
	require.NoError(t, err)
	client.CloseIdleConnections() // a nil transport
}

func TestClientHasEveryService(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient(partnerapi.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	assert.NotNil(t, client.Signup)
	assert.NotNil(t, client.Subscriptions)
	assert.NotNil(t, client.Accounts)
	assert.NotNil(t, client.Networks)
	assert.NotNil(t, client.Invitations)
	assert.Equal(t, "partnerapi.Client", client.LogValue().String())
}

// A call on a client that was not made by NewClient returns an error.
func TestZeroClient(t *testing.T) {
	t.Parallel()
	for _, client := range []*partnerapi.Client{nil, {}} {
		err := get(t.Context(), client, partnerapi.PartnerAPI)
		var refused *partnerapi.ArgumentError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "client", refused.Name)
	}
}

type leakySource struct{ Secret string }

func (s leakySource) Token(context.Context) (string, error) { return s.Secret, nil }

// A client printed by value is redacted too.
func TestClientByValueIsRedacted(t *testing.T) {
	t.Parallel()
	client, err := partnerapi.NewClient(partnerapi.WithCredentialSource(partnerapi.PartnerToken, leakySource{"CANARY"}))
	require.NoError(t, err)
	type user struct{ client partnerapi.Client }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
		assert.NotContains(t, fmt.Sprintf(verb, *client), "CANARY", verb)
		assert.NotContains(t, fmt.Sprintf(verb, user{*client}), "CANARY", verb)
		assert.NotContains(t, fmt.Sprintf(verb, &user{*client}), "CANARY", verb)
	}
}

// countingServer is a server on loopback that counts its connections.
type countingServer struct {
	*httptest.Server

	made, open atomic.Int64
}

func newCountingServer(t *testing.T, h http.HandlerFunc) *countingServer {
	t.Helper()
	s := &countingServer{Server: httptest.NewUnstartedServer(h)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.made.Add(1)
			s.open.Add(1)
		case http.StateClosed:
			s.open.Add(-1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// client returns a client of the server, which the test does not hold.
func (s *countingServer) client(t *testing.T, opts ...partnerapi.Option) *partnerapi.Client {
	t.Helper()
	client, err := partnerapi.NewClient(slices.Concat(credentials(), at(s.URL), opts)...)
	require.NoError(t, err)
	return client
}

// requireAllClosed collects garbage until no connection is open.
func (s *countingServer) requireAllClosed(t *testing.T) {
	t.Helper()
	require.Positive(t, s.made.Load())
	require.Eventually(t, func() bool {
		runtime.GC()
		return s.open.Load() == 0
	}, 30*time.Second, 10*time.Millisecond, "connections are open")
}

func respondOK(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"success":true,"status":"ok","customer":{"id":1},"access":{"access_token":"A2"}}`)
}

func TestDroppedClients(t *testing.T) { //nolint:paralleltest // counts the goroutines of the whole process
	server := newCountingServer(t, respondOK)
	before := runtime.NumGoroutine()
	for range 300 {
		require.NoError(t, get(t.Context(), server.client(t), partnerapi.PartnerAPI))
	}
	assert.Equal(t, int64(300), server.made.Load())
	assert.Eventually(t, func() bool {
		runtime.GC()
		return server.open.Load() <= 10 && runtime.NumGoroutine()-before <= 30
	}, 30*time.Second, 10*time.Millisecond)
}

// A client can be reachable from its own options, contexts and sessions.
func TestDroppedClientInACycle(t *testing.T) {
	t.Parallel()
	type key struct{}
	post := func(ctx context.Context, client *partnerapi.Client, session *partnerapi.Session) error {
		call := partnerapi.Call{API: partnerapi.AccountAPI, Op: "POST /a", Body: map[string]string{"a": "b"}, Session: session}
		_, err := partnerapi.Do[struct{}](ctx, client, call)
		return err
	}
	tests := map[string]func(*testing.T, *countingServer) error{
		"no cycle": func(t *testing.T, s *countingServer) error { return post(t.Context(), s.client(t), nil) },
		"hook": func(t *testing.T, s *countingServer) error {
			var client *partnerapi.Client
			client = s.client(t, partnerapi.WithAttemptHook(func(context.Context, partnerapi.Attempt) { client.LogValue() }))
			return post(t.Context(), client, nil)
		},
		"limiter": func(t *testing.T, s *countingServer) error {
			var client *partnerapi.Client
			client = s.client(t, partnerapi.WithRateLimiter(partnerapi.AccountAPI, limiterFunc(func(context.Context) error {
				client.LogValue()
				return nil
			})))
			return post(t.Context(), client, nil)
		},
		"credential source": func(t *testing.T, s *countingServer) error {
			var client *partnerapi.Client
			client = s.client(t, partnerapi.WithCredentialSource(partnerapi.AccountKey, partnerapi.TokenSourceFunc(func(context.Context) (string, error) {
				return client.LogValue().String(), nil
			})))
			return post(t.Context(), client, nil)
		},
		"middleware": func(t *testing.T, s *countingServer) error {
			var client *partnerapi.Client
			client = s.client(t, partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripFunc(func(req *http.Request) (*http.Response, error) {
					client.LogValue()
					return next.RoundTrip(req)
				})
			}))
			return post(t.Context(), client, nil)
		},
		"context": func(t *testing.T, s *countingServer) error {
			client := s.client(t)
			return post(context.WithValue(t.Context(), key{}, client), client, nil)
		},
		"session": func(t *testing.T, s *countingServer) error {
			session := partnerapi.NewSession()
			return post(t.Context(), s.client(t), session)
		},
		"session that was refreshed": func(t *testing.T, s *countingServer) error {
			client := s.client(t)
			session := tokenSession(t, partnerapi.Tokens{RefreshToken: "R1"})
			session.OnRefresh(func(context.Context, partnerapi.Tokens) error {
				client.LogValue()
				return nil
			})
			return post(t.Context(), client, session)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newCountingServer(t, respondOK)
			require.NoError(t, test(t, server))
			server.requireAllClosed(t)
		})
	}
}

func TestDroppedClientWithACallInFlight(t *testing.T) {
	t.Parallel()
	received, respond := make(chan bool), make(chan bool)
	server := newCountingServer(t, func(w http.ResponseWriter, r *http.Request) {
		received <- true
		<-respond
		respondOK(w, r)
	})
	result := make(chan error)
	go func() {
		client, err := partnerapi.NewClient(slices.Concat(credentials(), at(server.URL))...)
		if err == nil {
			err = get(t.Context(), client, partnerapi.PartnerAPI)
		}
		result <- err
	}()
	<-received
	for range 3 {
		runtime.GC()
	}
	respond <- true
	require.NoError(t, <-result)
	server.requireAllClosed(t)
}

func TestCopyOfADroppedClient(t *testing.T) {
	t.Parallel()
	server := newCountingServer(t, respondOK)
	client := server.client(t)
	require.NoError(t, get(t.Context(), client, partnerapi.PartnerAPI))
	copied, subscriptions, collected := *client, client.Subscriptions, make(chan bool)
	runtime.AddCleanup(new(*partnerapi.Client), func(c chan bool) { close(c) }, collected)
	requireCollected(t, collected)
	require.NoError(t, get(t.Context(), &copied, partnerapi.PartnerAPI))
	require.NoError(t, subscriptions.Cancel(t.Context(), "MS2365"))
	assert.Equal(t, int64(1), server.made.Load(), "its connection was closed")
}

// requireCollected collects garbage until a cleanup has closed collected.
func requireCollected(t *testing.T, collected chan bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-collected:
			return true
		default:
			return false
		}
	}, 30*time.Second, 10*time.Millisecond)
}

// The transport of WithHTTPClient may be in use elsewhere.
func TestTransportOfADroppedClient(t *testing.T) {
	t.Parallel()
	transport, collected := &closer{RoundTripper: ok}, make(chan bool)
	client := newTestClient(t, transport)
	require.NoError(t, get(t.Context(), client, partnerapi.PartnerAPI))
	runtime.AddCleanup(client, func(c chan bool) { close(c) }, collected)
	requireCollected(t, collected)
	assert.Zero(t, transport.closed)
}
