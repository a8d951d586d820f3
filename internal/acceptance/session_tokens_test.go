package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const saysLogIn = `{"status":"error","messages":["Please log in to access your online benefits."]}`

// issuer is an API that returns the tokens A1 and R1 for the first refresh, then A2 and R2, and a customer for other calls.
// Its steps come first. It records the requests.
type issuer struct {
	mu        sync.Mutex
	refreshes []roundTripFunc // the first responses to refreshes
	calls     []roundTripFunc // the first responses to others
	issued    int
	sent      []string // such as "GET /account Bearer A1" and "POST /refresh R1"
}

func (i *issuer) RoundTrip(req *http.Request) (*http.Response, error) {
	path := strings.TrimPrefix(req.URL.Path, "/api/v1")
	if path != "/refresh" {
		i.note(req.Method + " " + path + " " + req.Header.Get("Authorization"))
		if step := i.next(&i.calls); step != nil {
			return step(req)
		}
		return reply(200, oneCustomer, "Set-Cookie", "sid=1"), nil
	}
	var in map[string]string
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		return nil, err
	}
	i.note(req.Method + " " + path + " " + req.Header.Get("Authorization") + in["refresh_token"])
	if step := i.next(&i.refreshes); step != nil {
		return step(req)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued++
	return reply(200, fmt.Sprintf(
		`{"status":"ok","access":{"access_token":"A%d","access_token_expiration":%d.5,"refresh_token":"R%d","refresh_token_expiration":%d}}`,
		i.issued, time.Now().Add(15*time.Minute).Unix(), i.issued, time.Now().Add(24*time.Hour).Unix())), nil
}

func (i *issuer) note(sent string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sent = append(i.sent, sent)
}

func (i *issuer) next(steps *[]roundTripFunc) (step roundTripFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(*steps) > 0 {
		step, *steps = (*steps)[0], (*steps)[1:]
	}
	return step
}

// in returns the time d from now.
func in(d time.Duration) partnerapi.UnixTime { return partnerapi.UnixTimeOf(time.Now().Add(d)) }

// firstTokens returns A0 and R0, newly issued.
func firstTokens() partnerapi.Tokens {
	return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(15 * time.Minute), RefreshToken: "R0", RefreshTokenExpires: in(24 * time.Hour)}
}

// oldTokens returns A0, which has expired, and R0.
func oldTokens() partnerapi.Tokens {
	return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(-time.Second), RefreshToken: "R0", RefreshTokenExpires: in(time.Hour)}
}

// tokensOf returns the tokens of a session.
func tokensOf(t *testing.T, session *partnerapi.Session) partnerapi.Tokens {
	t.Helper()
	var exported struct {
		Tokens partnerapi.Tokens `json:"tokens"`
	}
	require.NoError(t, json.Unmarshal(export(t, session), &exported))
	return exported.Tokens
}

// getWith calls Accounts.Get.
func getWith(t *testing.T, client *partnerapi.Client, session *partnerapi.Session) error {
	t.Helper()
	_, err := client.Accounts.Get(t.Context(), session)
	return err
}

func TestTokenSessionInEveryMethod(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *partnerapi.Client, *partnerapi.Session) error{
		"GET /account": func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session) error {
			_, err := c.Accounts.Get(ctx, s)
			return err
		},
		"GET /account/status": func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session) error {
			_, err := c.Accounts.Status(ctx, s)
			return err
		},
		"POST /account": func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session) error {
			_, err := c.Accounts.Update(ctx, s, partnerapi.UpdateAccountRequest{FirstName: "Ann"})
			return err
		},
		"GET /account/benefits": func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session) error {
			_, err := c.Accounts.Benefits(ctx, s)
			return err
		},
		"GET /logout": func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session) error {
			return c.Accounts.Logout(ctx, s)
		},
		"PUT /a": func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session) error {
			_, err := partnerapi.Do[struct{}](ctx, c, partnerapi.Call{API: partnerapi.AccountAPI, Op: "PUT /a", Session: s})
			return err
		},
	}
	for op, call := range calls {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			api := &issuer{calls: []roundTripFunc{func(req *http.Request) (*http.Response, error) {
				assert.Equal(t, []string{"Bearer A0"}, req.Header["Authorization"])
				assert.NotContains(t, req.Header, "Cookie")
				return reply(200, `{"status":"ok","customer":{"id":1},"logged_in":true,"benefits":[]}`, "Set-Cookie", "sid=1"), nil
			}}}
			session := tokenSession(t, firstTokens())
			require.NoError(t, call(t.Context(), newTestClient(t, api), session))
			assert.Equal(t, []string{op + " Bearer A0"}, api.sent)
			assert.NotContains(t, string(export(t, session)), "sid")
		})
	}
}

// fromURL parses a link and returns what TokensFromURL does, after asserting that the link itself is unchanged.
func fromURL(t *testing.T, link string) (partnerapi.Tokens, string, error) {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	before := *u
	tokens, clean, err := partnerapi.TokensFromURL(u)
	assert.Equal(t, before, *u)
	require.NotNil(t, clean)
	return tokens, clean.String(), err
}

func TestTokensFromURL(t *testing.T) {
	t.Parallel()
	at := func(seconds, nanos int64) partnerapi.UnixTime {
		return partnerapi.UnixTimeOf(time.Unix(seconds, nanos))
	}
	for name, test := range map[string]struct {
		link, clean string
		want        partnerapi.Tokens
	}{
		"all parameters": {
			"/in?access_token=A.1_-&access_token_expiration=1234567890&refresh_token=R&refresh_token_expiration=1234567891.5", "/in",
			partnerapi.Tokens{AccessToken: "A.1_-", AccessTokenExpires: at(1234567890, 0), RefreshToken: "R", RefreshTokenExpires: at(1234567891, 500_000_000)},
		},
		"the refresh token alone": {"/in?refresh_token=R", "/in", partnerapi.Tokens{RefreshToken: "R"}},
		"the access token alone":  {"/in?access_token=A", "/in", partnerapi.Tokens{AccessToken: "A"}},
		"an empty access token":   {"/in?access_token=&access_token_expiration=&refresh_token=R", "/in", partnerapi.Tokens{RefreshToken: "R"}},
		"unreadable expirations": {
			"/in?access_token=A&access_token_expiration=2009-02-13&refresh_token=R&refresh_token_expiration=1234567890000", "/in",
			partnerapi.Tokens{AccessToken: "A", RefreshToken: "R"},
		},
		"escaped":          {"/in?refresh%5Ftoken=%52%2B%2F%3D", "/in", partnerapi.Tokens{RefreshToken: "R+/="}},
		"other parameters": {"/in?b=2&refresh_token=R&a=%C3%BC+x&a=1&Refresh_Token=S", "/in?b=2&a=%C3%BC+x&a=1&Refresh_Token=S", partnerapi.Tokens{RefreshToken: "R"}},
		"a malformed one":  {"/in?q=%zz&refresh_token=R&x;y", "/in?q=%zz&x;y", partnerapi.Tokens{RefreshToken: "R"}},
		"a whole URL":      {"https://user:pass@site.example:8443/a%2Fb/%C3%BC?refresh_token=R#top", "/a%2Fb/%C3%BC", partnerapi.Tokens{RefreshToken: "R"}},
		"no path":          {"https://site.example?refresh_token=R&a=1", "/?a=1", partnerapi.Tokens{RefreshToken: "R"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, clean, err := fromURL(t, test.link)
			require.NoError(t, err)
			assert.True(t, test.want == tokens, "the tokens differ") //nolint:testifylint // a Tokens prints redacted
			assert.Equal(t, test.clean, clean)
			_, err = partnerapi.NewTokenSession(tokens)
			require.NoError(t, err)
		})
	}
}

func TestTokensFromURLRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ query, field, why string }{
		"no parameters":          {"", "Tokens", "empty"},
		"no token":               {"a=1&access_token_expiration=1234567890", "Tokens", "empty"},
		"empty tokens":           {"access_token=&refresh_token=", "Tokens", "empty"},
		"a space":                {"access_token=A+B&a=1", "AccessToken", "has spaces"},
		"a line break":           {"refresh_token=R%0d%0aX-Evil:1", "RefreshToken", "has spaces"},
		"a NUL":                  {"refresh_token=R%00", "RefreshToken", "has control characters"},
		"not UTF-8":              {"access_token=A&refresh_token=%ff", "RefreshToken", "not valid UTF-8"},
		"a repeated token":       {"access_token=A&a=1&refresh_token=R&refresh_token=S", "refresh_token", "repeated"},
		"the same token twice":   {"access_token=A&access_token=A", "access_token", "repeated"},
		"a repeated expiration":  {"refresh_token=R&refresh_token_expiration=1&refresh_token%5Fexpiration=2", "refresh_token_expiration", "repeated"},
		"an empty one before it": {"access_token=&access_token=A", "access_token", "repeated"},
		"a malformed token":      {"access_token=%zz", "access_token", "not percent-encoded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, clean, err := fromURL(t, "/in?"+test.query)
			assertRefused(t, err, test.field, test.why)
			assert.True(t, tokens == partnerapi.Tokens{}) //nolint:testifylint // a Tokens prints redacted
			want := "/in"
			if strings.Contains(test.query, "a=1") {
				want += "?a=1"
			}
			assert.Equal(t, want, clean, "clean for an error too")
		})
	}
	_, clean, err := partnerapi.TokensFromURL(nil)
	assertRefused(t, err, "u", "nil")
	assert.Nil(t, clean)
}

// A link to the handler cannot make its redirect leave the site.
func TestCleanURLStaysOnTheSite(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"//evil.example/x": "/evil.example/x", "///evil.example": "/evil.example", `/\evil.example`: "/%5Cevil.example", `\\evil.example`: "/%5C%5Cevil.example",
		"/%2Fevil.example": "/%2Fevil.example", "/a//b": "/a//b", "https://evil.example//evil.example": "/evil.example",
	} {
		u, err := url.Parse("https://site.example/")
		require.NoError(t, err)
		if parsed, err := url.ParseRequestURI(path); err == nil { // as net/http reads it from a request
			u = parsed
		} else {
			u.Path = path
		}
		u.RawQuery = "refresh_token=R"
		_, clean, err := partnerapi.TokensFromURL(u)
		require.NoError(t, err, path)
		assert.Equal(t, want, clean.String(), path)
		w := httptest.NewRecorder()
		http.Redirect(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), clean.String(), http.StatusSeeOther)
		to, err := new(url.URL).Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		assert.Empty(t, to.Host, path)
	}
}

// The newest hosted login page returns a refresh token alone, with which the first call gets an access token.
func TestTokensFromURLLogIn(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fan := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "fan@example.com"}})
	tokens, _, err := fromURL(t, "https://site.example/in?refresh_token="+fake.SeedTokens(fan.ID).RefreshToken)
	require.NoError(t, err)
	session, err := partnerapi.NewTokenSession(tokens)
	require.NoError(t, err)
	customer, err := fake.Client().Accounts.Get(t.Context(), session)
	require.NoError(t, err)
	assert.Equal(t, "fan@example.com", customer.Email)
	assert.Len(t, fake.CallsTo("POST /refresh"), 1)
}

func TestNewTokenSessionRefuses(t *testing.T) {
	t.Parallel()
	const spaces, notUTF8 = "has spaces", "not valid UTF-8"
	year := func(year int) partnerapi.UnixTime {
		return partnerapi.UnixTime{Time: time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC)}
	}
	for name, test := range map[string]struct {
		tokens     partnerapi.Tokens
		field, why string
	}{
		"the zero value":     {partnerapi.Tokens{}, "Tokens", "empty"},
		"a space":            {partnerapi.Tokens{AccessToken: "A "}, "AccessToken", spaces},
		"with its scheme":    {partnerapi.Tokens{AccessToken: "Bearer A"}, "AccessToken", spaces},
		"a line break":       {partnerapi.Tokens{AccessToken: "A\r\nX-Evil: 1"}, "AccessToken", spaces}, //nolint:gosec // not a real token
		"a NUL":              {partnerapi.Tokens{AccessToken: "A\x00"}, "AccessToken", "has control characters"},
		"not UTF-8":          {partnerapi.Tokens{AccessToken: "A\xff"}, "AccessToken", notUTF8},
		"a refresh token":    {partnerapi.Tokens{AccessToken: "A", RefreshToken: "R\n"}, "RefreshToken", spaces},
		"and not UTF-8":      {partnerapi.Tokens{RefreshToken: "R\xff"}, "RefreshToken", notUTF8},
		"expires too late":   {partnerapi.Tokens{AccessToken: "A", AccessTokenExpires: year(10000)}, "AccessTokenExpires", "not a number of Unix seconds in the years 1 to 9999"},
		"expires too early":  {partnerapi.Tokens{AccessToken: "A", RefreshTokenExpires: year(0)}, "RefreshTokenExpires", "not a number of Unix seconds in the years 1 to 9999"},
		"an expiration only": {partnerapi.Tokens{AccessTokenExpires: year(2000)}, "Tokens", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, err := partnerapi.NewTokenSession(test.tokens)
			assertRefused(t, err, test.field, test.why)
			assert.Nil(t, session)
		})
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	const again, refreshed = "GET /account Bearer A0", "GET /account Bearer A1"
	for name, test := range map[string]struct {
		tokens func() partnerapi.Tokens
		sent   []string // nil: refused
	}{
		"new": {firstTokens, []string{again}},
		"over the margin": {func() partnerapi.Tokens {
			return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(30*time.Second + 1), RefreshToken: "R0", RefreshTokenExpires: in(time.Hour)}
		}, []string{again}},
		"at the margin": {func() partnerapi.Tokens {
			return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(30 * time.Second), RefreshToken: "R0", RefreshTokenExpires: in(time.Hour)}
		}, []string{"POST /refresh R0", refreshed}},
		"over":            {oldTokens, []string{"POST /refresh R0", refreshed}},
		"not known when":  {func() partnerapi.Tokens { return partnerapi.Tokens{AccessToken: "A0", RefreshToken: "R0"} }, []string{again}},
		"no access token": {func() partnerapi.Tokens { return partnerapi.Tokens{RefreshToken: "R0"} }, []string{"POST /refresh R0", refreshed}},
		"the last second": {func() partnerapi.Tokens {
			return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(1), RefreshToken: "R0", RefreshTokenExpires: in(0)}
		}, []string{again}},
		"no refresh token": {func() partnerapi.Tokens {
			return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(time.Second)}
		}, []string{again}},
		"both over": {func() partnerapi.Tokens {
			return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(0), RefreshToken: "R0", RefreshTokenExpires: in(0)}
		}, nil},
		"over, and no other":   {func() partnerapi.Tokens { return partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(0)} }, nil},
		"no access token, old": {func() partnerapi.Tokens { return partnerapi.Tokens{RefreshToken: "R0", RefreshTokenExpires: in(-1)} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &issuer{}
				err := getWith(t, newTestClient(t, api), tokenSession(t, test.tokens()))
				assert.Equal(t, test.sent, api.sent)
				if test.sent != nil {
					require.NoError(t, err)
					return
				}
				assertKinds(t, err, partnerapi.ErrNotLoggedIn)
			})
		})
	}
}

// Tokens without an expiration are refreshed whenever the API rejects them.
func TestTokensWithoutAnExpiration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn := always(200, saysLogIn)
		issue := func(n string) roundTripFunc {
			return always(200, `{"status":"ok","access":{"access_token":"A`+n+`","refresh_token":"R`+n+`"}}`)
		}
		api := &issuer{refreshes: []roundTripFunc{issue("1"), issue("2"), issue("3")}, calls: []roundTripFunc{
			logIn, always(200, oneCustomer), logIn, always(200, oneCustomer), // and then for a customer who is not logged in
			logIn, logIn, logIn,
		}}
		client, session := newTestClient(t, api), tokenSession(t, partnerapi.Tokens{AccessToken: "A0", RefreshToken: "R0"})
		require.NoError(t, getWith(t, client, session))
		time.Sleep(16 * time.Minute)
		require.NoError(t, getWith(t, client, session))
		time.Sleep(16 * time.Minute)
		require.ErrorIs(t, getWith(t, client, session), partnerapi.ErrNotLoggedIn)
		require.ErrorIs(t, getWith(t, client, session), partnerapi.ErrNotLoggedIn)
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1",
			"GET /account Bearer A1", "POST /refresh R1", "GET /account Bearer A2",
			"GET /account Bearer A2", "POST /refresh R2", "GET /account Bearer A3", "GET /account Bearer A3",
		}, api.sent)
	})
}

// A token that expired while its call waited is not sent, although another token was rejected.
func TestTokenExpiresAfterAnotherWasRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		soon := fmt.Sprintf(`{"status":"ok","access":{"access_token":"B1","access_token_expiration":%d,"refresh_token":"S1"}}`,
			time.Now().Add(45*time.Second).Unix())
		busy := always(503, "", "Retry-After", "30")
		api := &issuer{refreshes: []roundTripFunc{always(200, soon)}, calls: []roundTripFunc{always(200, saysLogIn), busy, busy}}
		require.NoError(t, getWith(t, newTestClient(t, api), tokenSession(t, firstTokens())))
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer B1",
			"POST /refresh S1", "GET /account Bearer A1", "GET /account Bearer A1",
		}, api.sent)
	})
}

// A panic in the OnRefresh hook reaches every waiting call, where it can be recovered. The next call refreshes again.
func TestOnRefreshPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, session := newTestClient(t, &issuer{}), tokenSession(t, oldTokens())
		session.OnRefresh(func(context.Context, partnerapi.Tokens) error {
			time.Sleep(time.Second)
			panic("no store")
		})
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() { assert.PanicsWithValue(t, "no store", func() { _ = getWith(t, client, session) }) })
		}
		calls.Wait()
		session.OnRefresh(nil)
		require.NoError(t, getWith(t, client, session))
	})
}

// The attempt hook of a refresh can make calls with the session, as OnRefresh can: they do not wait for the refresh.
func TestSessionInTheAttemptHookOfItsRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, session := &issuer{}, tokenSession(t, oldTokens())
		var client *partnerapi.Client
		client = newTestClient(t, api, partnerapi.WithAttemptHook(func(ctx context.Context, a partnerapi.Attempt) {
			if a.Op == "POST /refresh" {
				_, err := client.Accounts.Get(ctx, session)
				assert.NoError(t, err)
			}
		}))
		started := time.Now()
		require.NoError(t, getWith(t, client, session))
		assert.Zero(t, time.Since(started))
		assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A0", "GET /account Bearer A1"}, api.sent)

		session = tokenSession(t, partnerapi.Tokens{RefreshToken: "R0"})
		client = newTestClient(t, &issuer{}, partnerapi.WithAttemptHook(func(ctx context.Context, a partnerapi.Attempt) {
			if a.Op == "POST /refresh" {
				_, err := client.Accounts.Get(ctx, session)
				assert.ErrorContains(t, err, "no access token yet")
			}
		}))
		require.NoError(t, getWith(t, client, session))
	})
}

// An OnRefresh hook can make calls with another session, which is refreshed too.
func TestAnotherSessionInOnRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session, other := newTestClient(t, api), tokenSession(t, oldTokens()), tokenSession(t, partnerapi.Tokens{RefreshToken: "S0"})
		session.OnRefresh(func(ctx context.Context, _ partnerapi.Tokens) error {
			_, err := client.Accounts.Get(ctx, other)
			return err
		})
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{"POST /refresh R0", "POST /refresh S0", "GET /account Bearer A2", "GET /account Bearer A1"}, api.sent)
	})
}

// OnRefresh hooks that use each other's session with their contexts do not deadlock.
func TestOnRefreshHooksUseEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session, other := newTestClient(t, api), tokenSession(t, oldTokens()), tokenSession(t, partnerapi.Tokens{RefreshToken: "S0"})
		use := func(s *partnerapi.Session) func(context.Context, partnerapi.Tokens) error {
			return func(ctx context.Context, _ partnerapi.Tokens) error {
				_, err := client.Accounts.Get(ctx, s)
				return err
			}
		}
		session.OnRefresh(use(other))
		other.OnRefresh(use(session))
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{
			"POST /refresh R0", "POST /refresh S0", "GET /account Bearer A1", "GET /account Bearer A2", "GET /account Bearer A1",
		}, api.sent)
	})
}

// A token that expires while its call waits for the limiter is refreshed too.
func TestTokenExpiresInTheLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, waits := &issuer{}, 0
		client := newTestClient(t, api, partnerapi.WithRateLimiter(partnerapi.AccountAPI, limiterFunc(func(context.Context) error {
			if waits++; waits == 1 {
				time.Sleep(15 * time.Minute)
			}
			return nil
		})))
		require.NoError(t, getWith(t, client, tokenSession(t, firstTokens())))
		assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1"}, api.sent)
	})
}

// A refresh has its own limit, even if the timeout of an attempt is longer.
func TestRefreshTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, &issuer{refreshes: []roundTripFunc{func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}}}, partnerapi.WithTimeout(24*time.Hour))
		started := time.Now()
		require.ErrorIs(t, getWith(t, client, tokenSession(t, oldTokens())), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Minute, time.Since(started))
	})
}

// A call that uses a hook's context after the hook has returned waits for a refresh as other calls do.
func TestContextOfOnRefreshAfterItReturned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session := newTestClient(t, api), tokenSession(t, oldTokens())
		var kept context.Context
		session.OnRefresh(func(ctx context.Context, _ partnerapi.Tokens) error {
			kept = ctx
			return nil
		})
		require.NoError(t, getWith(t, client, session))
		time.Sleep(15 * time.Minute)
		_, err := client.Accounts.Get(kept, session)
		require.NoError(t, err)
		assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1", "POST /refresh R1", "GET /account Bearer A2"}, api.sent)
	})
}

// A call that is refused before it is sent does not bind the tokens to its server.
func TestTokensOfARefusedCall(t *testing.T) {
	t.Parallel()
	session := tokenSession(t, firstTokens())
	staging := newTestClient(t, nothingSent(t), partnerapi.WithBaseURL(partnerapi.AccountAPI, "https://staging.example"))
	_, err := staging.Accounts.Update(t.Context(), session, partnerapi.UpdateAccountRequest{})
	var refused *partnerapi.ArgumentError
	require.ErrorAs(t, err, &refused)
	require.NoError(t, getWith(t, newTestClient(t, &issuer{}), session))
}

// A session is refreshed each time 30 seconds before the access token expires.
func TestTokensAreRefreshedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session := newTestClient(t, api), tokenSession(t, firstTokens())
		var stored []string
		session.OnRefresh(func(_ context.Context, tokens partnerapi.Tokens) error {
			stored = append(stored, tokens.AccessToken+" "+tokens.RefreshToken)
			return nil
		})
		for range 4 {
			require.NoError(t, getWith(t, client, session))
			time.Sleep(14 * time.Minute)
		}
		assert.Equal(t, []string{
			"GET /account Bearer A0", "GET /account Bearer A0",
			"POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1",
		}, api.sent)
		time.Sleep(31 * time.Second) // 56 minutes and 31 seconds in all; A1 was made after 28
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{"POST /refresh R1", "GET /account Bearer A2"}, api.sent[5:])
		assert.Equal(t, []string{"A1 R1", "A2 R2"}, stored)
		assert.JSONEq(t, `{"version":3,"origin":"https://services.sparkart.net","tokens":{
			"access_token":"A2","access_token_expiration":946689091.5,"refresh_token":"R2","refresh_token_expiration":946774591}}`,
			string(export(t, session)))
	})
}

func TestOnRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		api := &issuer{}
		client, session := newTestClient(t, api), tokenSession(t, oldTokens())
		full := errors.New("disk full: SECRET")
		var stored []partnerapi.Tokens
		session.OnRefresh(func(ctx context.Context, tokens partnerapi.Tokens) error {
			assert.Equal(t, "noticed", ctx.Value(key{}))
			_, limited := ctx.Deadline()
			assert.False(t, limited)
			assert.Contains(t, string(export(t, session)), tokens.RefreshToken)
			stored = append(stored, tokens)
			if len(stored) < 3 {
				return full
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "noticed"), time.Hour)
		defer cancel()
		for range 2 {
			_, err := client.Accounts.Get(ctx, session)
			assertKinds(t, err)
			require.ErrorIs(t, err, full)
			assert.NotContains(t, err.Error(), "SECRET")
		}
		for range 2 {
			_, err := client.Accounts.Get(ctx, session)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1"}, api.sent)
		want := partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: partnerapi.UnixTime{Time: time.Date(2000, 1, 1, 0, 15, 0, 5e8, time.UTC)}, RefreshToken: "R1", RefreshTokenExpires: partnerapi.UnixTime{Time: time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)}}
		assert.Equal(t, []partnerapi.Tokens{want, want, want}, stored)
	})
}

// Tokens that could not be stored are refreshed before they expire, as others are.
func TestUnstoredTokensAreRefreshed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session := newTestClient(t, api), tokenSession(t, oldTokens())
		session.OnRefresh(func(context.Context, partnerapi.Tokens) error { return io.ErrShortWrite })
		require.ErrorIs(t, getWith(t, client, session), io.ErrShortWrite)
		time.Sleep(15 * time.Minute)
		require.ErrorIs(t, getWith(t, client, session), io.ErrShortWrite)
		assert.Equal(t, []string{"POST /refresh R0", "POST /refresh R1"}, api.sent)
		session.OnRefresh(nil)
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{"GET /account Bearer A2"}, api.sent[2:])
	})
}

// An OnRefresh hook can make calls with its session and the new token, even if they fail.
func TestOnRefreshMakesCalls(t *testing.T) {
	t.Parallel()
	api := &issuer{calls: []roundTripFunc{always(200, oneCustomer), always(200, saysLogIn), always(200, saysLogIn)}}
	client, session := newTestClient(t, api), tokenSession(t, oldTokens())
	session.OnRefresh(func(ctx context.Context, _ partnerapi.Tokens) error {
		_, first := client.Accounts.Get(ctx, session)
		_, second := client.Accounts.Get(ctx, session)
		assert.ErrorIs(t, second, partnerapi.ErrNotLoggedIn)
		return first
	})
	require.NoError(t, getWith(t, client, session))
	assert.Equal(t, []string{
		"POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1",
	}, api.sent)
}

// A hook that ends its goroutine, as a test's FailNow does, does not block waiting calls.
func TestOnRefreshGoexit(t *testing.T) {
	t.Parallel()
	client, session := newTestClient(t, &issuer{}), tokenSession(t, oldTokens())
	session.OnRefresh(func(context.Context, partnerapi.Tokens) error { runtime.Goexit(); return nil })
	require.ErrorContains(t, getWith(t, client, session), "the refresh did not end")
}

func TestOnRefreshOfOtherSessions(t *testing.T) {
	t.Parallel()
	fails := func(context.Context, partnerapi.Tokens) error { return io.EOF }
	(*partnerapi.Session)(nil).OnRefresh(fails)
	new(partnerapi.Session).OnRefresh(fails)
	client := newTestClient(t, ok)
	session := loggedIn(t, client)
	session.OnRefresh(fails)
	require.NoError(t, getWith(t, client, session))
}

// Concurrent calls share a refresh, and a cancelled one does not end it.
func TestRefreshIsShared(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"the first is cancelled": true, "another is cancelled": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &issuer{}
				session := tokenSession(t, oldTokens())
				client := newTestClient(t, api)
				release := make(chan struct{})
				session.OnRefresh(func(ctx context.Context, _ partnerapi.Tokens) error {
					<-release
					return ctx.Err()
				})
				ctx, cancel := context.WithCancel(t.Context())
				contexts := []context.Context{t.Context(), ctx}
				if first {
					contexts = []context.Context{ctx, t.Context()}
				}
				failed := make(map[context.Context]error)
				var calls sync.WaitGroup
				for _, ctx := range contexts {
					calls.Go(func() {
						_, err := client.Accounts.Get(ctx, session)
						api.mu.Lock()
						failed[ctx] = err
						api.mu.Unlock()
					})
					synctest.Wait()
				}
				cancel()
				synctest.Wait()
				require.ErrorIs(t, failed[ctx], context.Canceled)
				close(release)
				calls.Wait()
				require.NoError(t, failed[t.Context()])
				assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1"}, api.sent)
			})
		})
	}
}

// A refresh continues after its calls were cancelled.
func TestRefreshOutlivesItsCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{refreshes: []roundTripFunc{refusedDial}} // and retried after a wait
		client, session := newTestClient(t, api), tokenSession(t, oldTokens())
		ctx, cancel := context.WithTimeout(t.Context(), 1)
		defer cancel()
		_, err := client.Accounts.Get(ctx, session)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, []string{"POST /refresh R0", "POST /refresh R0"}, api.sent)
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{"GET /account Bearer A1"}, api.sent[2:])
	})
}

func TestRefreshFails(t *testing.T) {
	t.Parallel()
	says := func(message string) roundTripFunc {
		return always(200, `{"status":"error","messages":["`+message+`"]}`)
	}
	for name, test := range map[string]struct {
		step  roundTripFunc
		kinds []error
		after time.Duration
	}{
		"refused": {
			says("Unable to decode refresh token"), []error{partnerapi.ErrNotLoggedIn, partnerapi.ErrUnauthorized}, 0,
		},
		"refused, with the token": {
			says("R0 is not R0"), []error{partnerapi.ErrBadResponse}, 0,
		},
		"logged out": {
			says("Please log in to go on."), []error{partnerapi.ErrNotLoggedIn}, 0,
		},
		"a bad key": {
			says("Please use a valid API Key."), []error{partnerapi.ErrUnauthorized}, 0,
		},
		// The refresh may have succeeded, but the call was not sent, so its outcome is known.
		"lost":    {cut, nil, 0},
		"500":     {always(500, ""), []error{partnerapi.ErrServer}, 0},
		"limited": {always(429, "", "Retry-After", "60"), []error{partnerapi.ErrRateLimited}, time.Minute},
		"a redirect": {
			always(307, "", "Location", "https://other.example/refresh"), []error{partnerapi.ErrBadResponse}, 0,
		},
		// A 404 of the refresh is not a 404 of the call, which would mean that the deletion succeeded.
		"no route": {
			always(404, `{"error":"Not Found: /api/v1/refresh"}`), []error{partnerapi.ErrBadResponse}, 0,
		},
		"a taken name": {
			says("Name has already been taken"), []error{partnerapi.ErrBadResponse}, 0,
		},
		"an error without a message": {always(200, `{"status":"error"}`), []error{partnerapi.ErrBadResponse}, 0},
		"no tokens":                  {always(200, `{"status":"ok"}`), []error{partnerapi.ErrBadResponse}, 0},
		"null":                       {always(200, `{"access":null}`), []error{partnerapi.ErrBadResponse}, 0},
		"no token": {
			always(200, `{"access":{"access_token":7,"refresh_token":"R\n","access_token_expiration":9999999999}}`), []error{partnerapi.ErrBadResponse}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &issuer{refreshes: []roundTripFunc{test.step}}
			client, session := newTestClient(t, api), tokenSession(t, oldTokens())
			session.OnRefresh(func(context.Context, partnerapi.Tokens) error {
				assert.Len(t, api.sent, 2, "nothing was refreshed")
				return nil
			})
			update := func() error {
				_, err := client.Accounts.Update(t.Context(), session, partnerapi.UpdateAccountRequest{FirstName: "Ann"})
				return err
			}
			err := update()
			assertKinds(t, err, test.kinds...)
			var failed *partnerapi.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, 0, failed.Attempts)
			assert.Equal(t, test.after, failed.RetryAfter)
			assert.Equal(t, []string{"POST /refresh R0"}, api.sent)
			require.NoError(t, update(), "the next call tries again")
			assert.Equal(t, []string{"POST /refresh R0", "POST /account Bearer A1"}, api.sent[1:])
		})
	}
}

// If the API reports no login, a call refreshes the access token and is retried once.
func TestTokenRejected(t *testing.T) {
	t.Parallel()
	logIn, loggedOut := always(200, saysLogIn), always(200, `{"status":"ok","customer":null}`)
	get := func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session, opts ...partnerapi.CallOption) error {
		_, err := c.Accounts.Get(ctx, s, opts...)
		return err
	}
	update := func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session, opts ...partnerapi.CallOption) error {
		_, err := c.Accounts.Update(ctx, s, partnerapi.UpdateAccountRequest{FirstName: "Ann"}, opts...)
		return err
	}
	once := func(ctx context.Context, c *partnerapi.Client, s *partnerapi.Session, _ ...partnerapi.CallOption) error {
		return get(ctx, c, s, partnerapi.WithoutRetry())
	}
	for name, test := range map[string]struct {
		call      func(context.Context, *partnerapi.Client, *partnerapi.Session, ...partnerapi.CallOption) error
		calls     []roundTripFunc
		refreshes []roundTripFunc
		tokens    partnerapi.Tokens
		sent      []string
		kinds     []error // nil: it succeeds
	}{
		"a read": {
			call: get, calls: []roundTripFunc{logIn}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a write": {
			call: update, calls: []roundTripFunc{logIn}, sent: []string{"POST /account Bearer A0", "POST /refresh R0", "POST /account Bearer A1"},
		},
		"a read while logged out": {
			call: get, calls: []roundTripFunc{loggedOut}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a read of an empty object": {
			call: get, calls: []roundTripFunc{always(200, `{}`)}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a read without a customer": {
			call: get, calls: []roundTripFunc{always(200, `{"status":"ok"}`)}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a read of an empty object, twice": {
			call: get, calls: []roundTripFunc{always(200, `{}`), always(200, `{}`)}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
			kinds: []error{partnerapi.ErrNotLoggedIn},
		},
		"a write without a customer": {
			call: update, calls: []roundTripFunc{always(200, `{}`)}, sent: []string{"POST /account Bearer A0"},
			kinds: []error{partnerapi.ErrBadResponse},
		},
		"a write while logged out": {
			call: update, calls: []roundTripFunc{loggedOut}, sent: []string{"POST /account Bearer A0"},
			kinds: []error{partnerapi.ErrNotLoggedIn},
		},
		"without retry": {
			call: once, calls: []roundTripFunc{logIn}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{partnerapi.ErrNotLoggedIn},
		},
		"never": {
			call: get, calls: []roundTripFunc{logIn, logIn, logIn}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
			kinds: []error{partnerapi.ErrNotLoggedIn},
		},
		"in trouble": {
			call: get, calls: []roundTripFunc{always(503, ""), logIn, cut, refusedDial},
			sent: []string{"GET /account Bearer A0", "GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1"},
		},
		"no refresh token": {
			call: get, calls: []roundTripFunc{logIn}, tokens: partnerapi.Tokens{AccessToken: "A0"}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{partnerapi.ErrNotLoggedIn},
		},
		"the refresh is refused": {
			call: get, calls: []roundTripFunc{logIn}, refreshes: []roundTripFunc{always(200, `{"status":"error","messages":["Unable to decode refresh token"]}`)},
			sent: []string{"GET /account Bearer A0", "POST /refresh R0"}, kinds: []error{partnerapi.ErrNotLoggedIn, partnerapi.ErrUnauthorized},
		},
		"another failure": {
			call: get, calls: []roundTripFunc{always(200, `{"status":"error","messages":["A0"]}`)}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{partnerapi.ErrInvalid},
		},
		"401": {
			call: get, calls: []roundTripFunc{always(401, saysLogIn)}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{partnerapi.ErrUnauthorized},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &issuer{calls: test.calls, refreshes: test.refreshes}
				tokens := test.tokens
				if tokens == (partnerapi.Tokens{}) {
					tokens = firstTokens()
				}
				err := test.call(t.Context(), newTestClient(t, api), tokenSession(t, tokens))
				assert.Equal(t, test.sent, api.sent)
				if test.kinds == nil {
					require.NoError(t, err)
					return
				}
				assertKinds(t, err, test.kinds...)
			})
		})
	}
}

// A customer who is logged out with every token causes one refresh, not one a call.
func TestEveryTokenRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn := always(200, saysLogIn)
		api := &issuer{calls: []roundTripFunc{logIn, logIn, logIn, logIn, logIn}}
		client, session := newTestClient(t, api), tokenSession(t, firstTokens())
		for range 2 {
			assertKinds(t, getWith(t, client, session), partnerapi.ErrNotLoggedIn)
		}
		require.ErrorContains(t, getWith(t, client, session), "the API rejected a new access token too")
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1",
		}, api.sent)
		time.Sleep(15 * time.Minute) // a token refreshed because it expires may be refreshed once more
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{
			"POST /refresh R1", "GET /account Bearer A2", "POST /refresh R2", "GET /account Bearer A3",
		}, api.sent[5:])
	})
}

// The retries with another key and with another token do not count towards MaxAttempts.
func TestTokenAndKeyRejected(t *testing.T) {
	t.Parallel()
	api := &issuer{calls: []roundTripFunc{always(401, ""), always(200, saysLogIn)}}
	client := newTestClient(t, api, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}), partnerapi.WithCredentialSource(partnerapi.AccountKey, &tokensInTurn{"token-1", "token-2"}))
	var response partnerapi.Response
	_, err := client.Accounts.Get(t.Context(), tokenSession(t, firstTokens()), partnerapi.WithResponseInto(&response))
	require.NoError(t, err)
	assert.Equal(t, 3, response.Attempts)
	assert.Equal(t, []string{"GET /account Bearer A0", "GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"}, api.sent)
}

// Of the calls whose token was rejected, the first one refreshes it, and the others use the new one.
func TestTokenOfConcurrentCallsRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn := func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second) // until all are sent
			return reply(200, saysLogIn), nil
		}
		slow := func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Minute) // the token is replaced by then
			return reply(200, saysLogIn), nil
		}
		api := &issuer{calls: []roundTripFunc{logIn, slow, logIn}}
		client, session := newTestClient(t, api, partnerapi.WithTimeout(time.Hour)), tokenSession(t, firstTokens())
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() { assert.NoError(t, getWith(t, client, session)) })
			synctest.Wait()
		}
		calls.Wait()
		assert.Equal(t, []string{
			"GET /account Bearer A0", "GET /account Bearer A0", "GET /account Bearer A0", "POST /refresh R0",
			"GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1",
		}, api.sent)
	})
}

// Tokens are sent only to the server that they are first used with.
func TestTokensAreForOneOrigin(t *testing.T) {
	t.Parallel()
	const another = "belongs to another server"
	for name, exported := range map[string]bool{"as it is": false, "exported": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &issuer{calls: []roundTripFunc{always(302, "", "Location", "https://other.example/account")}}
			client, session := newTestClient(t, api), tokenSession(t, oldTokens())
			assertKinds(t, getWith(t, client, session), partnerapi.ErrBadResponse)
			if exported {
				var err error
				session, err = partnerapi.ImportSession(export(t, session))
				require.NoError(t, err)
			}
			for _, base := range []string{"https://other.example", "http://services.sparkart.net/api/v1", "https://services.sparkart.net:8443/api/v1"} {
				other := newTestClient(t, nothingSent(t), partnerapi.WithBaseURL(partnerapi.AccountAPI, base), partnerapi.WithInsecureHTTP())
				assertRefused(t, getWith(t, other, session), "session", another)
			}
			require.NoError(t, getWith(t, newTestClient(t, api, partnerapi.WithBaseURL(partnerapi.AccountAPI, "https://services.sparkart.net/api/v1/")), session))
			assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1"}, api.sent)
			_, err := partnerapi.Do[struct{}](t.Context(), client, partnerapi.Call{API: partnerapi.NetworkAPI, Op: "GET /a", Session: session})
			assertRefused(t, err, "session", "this API takes no session")
		})
	}
}

func TestLogoutEndsATokenSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{calls: []roundTripFunc{always(500, ""), always(200, `{"status":"ok"}`), always(200, `{"customer":null}`)}}
		client, session := newTestClient(t, api), tokenSession(t, firstTokens())
		require.ErrorIs(t, client.Accounts.Logout(t.Context(), session, partnerapi.WithoutRetry()), partnerapi.ErrServer)
		require.NoError(t, client.Accounts.Logout(t.Context(), session))
		assertKinds(t, getWith(t, client, session), partnerapi.ErrNotLoggedIn)
		assert.Equal(t, []string{"GET /logout Bearer A0", "GET /logout Bearer A0", "GET /account "}, api.sent)
		assert.JSONEq(t, `{"version":3,"origin":"https://services.sparkart.net","cookies":[]}`, string(export(t, session)))
	})
}

// A refresh that ends after a logout does not restore the session: the new tokens are not stored.
func TestLogoutDuringARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		api := &issuer{refreshes: []roundTripFunc{func(*http.Request) (*http.Response, error) {
			<-release
			return reply(200, `{"access":{"access_token":"A1","refresh_token":"R1"}}`), nil
		}}}
		client, session := newTestClient(t, api, partnerapi.WithTimeout(time.Hour)), tokenSession(t, firstTokens())
		session.OnRefresh(func(context.Context, partnerapi.Tokens) error { return errors.New("stored") })
		api.calls = []roundTripFunc{func(*http.Request) (*http.Response, error) {
			time.Sleep(15 * time.Minute)
			return reply(200, `{"status":"ok"}`), nil
		}}
		logout := make(chan error)
		go func() { logout <- client.Accounts.Logout(t.Context(), session) }()
		time.Sleep(14*time.Minute + 30*time.Second)
		get := make(chan error)
		go func() { get <- getWith(t, client, session) }()
		require.NoError(t, <-logout)
		close(release)
		require.NoError(t, <-get, "the server returns a customer to a logged-out session")
		assert.Equal(t, []string{"GET /logout Bearer A0", "POST /refresh R0", "GET /account "}, api.sent)
	})
}

func TestExportOfTokens(t *testing.T) {
	t.Parallel()
	for _, tokens := range []partnerapi.Tokens{
		{AccessToken: "A0", AccessTokenExpires: partnerapi.UnixTime{Time: time.Unix(1_700_000_000, 5e8).UTC()}, RefreshToken: "R0", RefreshTokenExpires: partnerapi.UnixTime{Time: time.Unix(1_700_086_400, 0).UTC()}}, {AccessToken: "A0"}, {RefreshToken: "R0"},
	} {
		again, err := partnerapi.ImportSession(export(t, tokenSession(t, tokens)))
		require.NoError(t, err)
		assert.Equal(t, tokens, tokensOf(t, again))
	}
	old, err := partnerapi.ImportSession([]byte(`{"version":2,"origin":"","tokens":{"access_token":"A0","access_token_expiration":null,"refresh_token":"R0","refresh_token_expiration":null}}`))
	require.NoError(t, err)
	assert.Equal(t, partnerapi.Tokens{AccessToken: "A0", RefreshToken: "R0"}, tokensOf(t, old))
	assert.JSONEq(t, `{"version":3,"origin":"","tokens":{"access_token":"A0","access_token_expiration":1700000000.5,"refresh_token":"","refresh_token_expiration":null}}`,
		string(export(t, tokenSession(t, partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: partnerapi.UnixTimeOf(time.Unix(1_700_000_000, 5e8))}))))
}

func TestImportOfInvalidTokens(t *testing.T) {
	t.Parallel()
	const origin = `"origin":"https://services.sparkart.net"`
	for name, data := range map[string]string{
		"no tokens":          `{"version":2,` + origin + `}`,
		"tokens of null":     `{"version":2,` + origin + `,"tokens":null}`,
		"empty tokens":       `{"version":2,` + origin + `,"tokens":{}}`,
		"version 1":          `{"version":1,` + origin + `,"tokens":{"access_token":"A"}}`,
		"version 4":          `{"version":4,` + origin + `,"tokens":{"access_token":"A"}}`,
		"3: neither":         `{"version":3,` + origin + `}`,
		"3: tokens of null":  `{"version":3,` + origin + `,"tokens":null}`,
		"3: both":            `{"version":3,` + origin + `,"tokens":{"access_token":"A"},"cookies":[]}`,
		"cookies too":        `{"version":2,` + origin + `,"tokens":{"access_token":"A"},"cookies":[{"name":"sid","value":"1"}]}`,
		"no cookies":         `{"version":2,` + origin + `,"tokens":{"access_token":"A"},"cookies":[]}`,
		"more than a header": `{"version":2,` + origin + `,"tokens":{"access_token":"A\r\nX-Evil: 1"}}`,
		"a space":            `{"version":2,` + origin + `,"tokens":{"access_token":"A","refresh_token":" R"}}`,
		"a date":             `{"version":2,` + origin + `,"tokens":{"access_token":"A","access_token_expiration":"2000-01-01"}}`,
		"a number":           `{"version":2,` + origin + `,"tokens":{"access_token":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, err := partnerapi.ImportSession([]byte(data))
			assertRefused(t, err, "data", "not an exported session")
			assert.Nil(t, session)
		})
	}
}

// Tokens are redacted in every form but their JSON. secrets_test.go tests the types that hold them.
func TestTokensAreRedacted(t *testing.T) {
	t.Parallel()
	tokens := partnerapi.Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh}
	assert.Equal(t, "partnerapi.Tokens(redacted)", fmt.Sprintf("%+v", tokens))
	text, err := json.Marshal(tokens) //nolint:gosec // under test
	require.NoError(t, err)
	assert.JSONEq(t, `{"access_token":"CANARYaccess","access_token_expiration":null,"refresh_token":"CANARYrefresh","refresh_token_expiration":null}`, string(text))
	for _, verb := range verbs {
		assertNoCanary(t, fmt.Sprintf(verb, struct{ s partnerapi.Session }{*tokenSession(t, tokens)}), verb)
	}
}

// perishing is an API whose access tokens expire by its own clock, which may differ from ours. A refresh token is valid for
// one refresh.
type perishing struct {
	mu       sync.Mutex
	life     time.Duration
	ahead    time.Duration // the API's clock
	noExpiry bool          // the expiration is omitted
	rejects  func(op string, uses int) bool
	issued   int
	uses     int // of the newest access token
	expires  time.Time
	rejected int
}

// issue returns the JSON of new tokens.
func (p *perishing) issue() string {
	p.issued++
	p.uses, p.expires = 0, time.Now().Add(p.life)
	expiration := func(life time.Duration) string {
		if p.noExpiry {
			return "null"
		}
		return strconv.FormatInt(time.Now().Add(p.ahead+life).Unix(), 10)
	}
	return fmt.Sprintf(`{"access_token":"A%d","access_token_expiration":%s,"refresh_token":"R%d","refresh_token_expiration":%s}`,
		p.issued, expiration(p.life), p.issued, expiration(24*time.Hour))
}

func (p *perishing) RoundTrip(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	op := strings.TrimPrefix(req.URL.Path, "/api/v1")
	if op == "/refresh" {
		if body, err := io.ReadAll(req.Body); err != nil || string(body) != fmt.Sprintf(`{"refresh_token":"R%d"}`, p.issued) {
			return reply(200, `{"status":"error","messages":["Unable to decode refresh token"]}`), err
		}
		return reply(200, `{"status":"ok","access":`+p.issue()+`}`), nil
	}
	p.uses++
	valid := req.Header.Get("Authorization") == fmt.Sprintf("Bearer A%d", p.issued) && time.Now().Before(p.expires)
	if !valid || p.rejects != nil && p.rejects(op, p.uses) {
		p.rejected++
		return reply(200, saysLogIn), nil
	}
	return reply(200, `{"status":"ok","customer":{"id":1},"benefits":[]}`), nil
}

// session returns a session of the API's first tokens.
func (p *perishing) session(t *testing.T) *partnerapi.Session {
	t.Helper()
	var tokens partnerapi.Tokens
	require.NoError(t, json.Unmarshal([]byte(p.issue()), &tokens))
	return tokenSession(t, tokens)
}

// No call fails because an access token of five seconds or more expires, with any clock. Each token is rejected once from
// sequential calls.
func TestNoCallFailsBecauseATokenExpires(t *testing.T) {
	t.Parallel()
	for name, api := range map[string]*perishing{
		"known":                          {},
		"unknown":                        {noExpiry: true},
		"by a clock ten minutes ahead":   {ahead: 10 * time.Minute},
		"by a clock ten minutes behind":  {ahead: -10 * time.Minute},
		"by a clock twenty seconds fast": {ahead: 20 * time.Second},
	} {
		for _, life := range []time.Duration{5 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute} {
			for _, calls := range []int{1, 64} {
				t.Run(fmt.Sprint(name, ", ", life, ", ", calls, " at a time"), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						api := &perishing{life: life, ahead: api.ahead, noExpiry: api.noExpiry}
						client, session := newTestClient(t, api), api.session(t)
						every := map[int]time.Duration{1: time.Second, 64: 17 * time.Second}[calls]
						for range 10 * time.Minute / every {
							assertAll(t, together(calls, func() error { return getWith(t, client, session) }), assert.NoError)
							time.Sleep(every)
						}
						assert.LessOrEqual(t, api.issued, int(10*time.Minute/min(life, 30*time.Second))+2)
						assert.LessOrEqual(t, api.rejected, api.issued*calls)
					})
				})
			}
		}
	}
}

// The number of refreshes is bounded for any rejections, and an operation that is always rejected does not make others fail.
func TestRefreshesAreBounded(t *testing.T) {
	t.Parallel()
	const inARow, aMinute = 10, 60 / 4
	for name, test := range map[string]struct {
		rejects func(op string, uses int) bool
		most    int // in ten minutes
		works   bool
	}{
		"every token":                  {func(string, int) bool { return true }, 11, false},
		"all but the first use of one": {func(_ string, uses int) bool { return uses > 1 }, inARow + 10*aMinute, false},
		"one operation":                {func(op string, _ int) bool { return op == "/account/benefits" }, 26, true},
		"two operations":               {func(op string, _ int) bool { return op != "/account" }, 36, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &perishing{life: 40 * time.Second, noExpiry: true, rejects: test.rejects}
				client, session := newTestClient(t, api), api.session(t)
				failed := false
				for range 600 {
					err := getWith(t, client, session)
					if test.works {
						require.NoError(t, err)
					}
					_, err = client.Accounts.Benefits(t.Context(), session)
					failed = failed || errors.Is(err, partnerapi.ErrNotLoggedIn)
					_, _ = client.Accounts.Update(t.Context(), session, partnerapi.UpdateAccountRequest{FirstName: "Ann"})
					time.Sleep(time.Second)
				}
				assert.True(t, failed)
				assert.Positive(t, api.issued-1)
				assert.LessOrEqual(t, api.issued-1, test.most)
			})
		})
	}
}

// A new token that was replaced before the API rejects it has expired: the customer is not logged out.
func TestNewTokenExpiresBeforeItsResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn, accept := always(200, saysLogIn), always(200, oneCustomer)
		slow := func(*http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Second)
			return reply(200, saysLogIn), nil
		}
		api := &issuer{calls: []roundTripFunc{logIn, slow, logIn, accept, logIn, accept}}
		client, session := newTestClient(t, api), tokenSession(t, firstTokens())
		failed := make(chan error)
		go func() { failed <- getWith(t, client, session) }()
		synctest.Wait()
		require.NoError(t, getWith(t, client, session))
		require.ErrorIs(t, <-failed, partnerapi.ErrNotLoggedIn)
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1",
			"GET /account Bearer A1", "POST /refresh R1", "GET /account Bearer A2",
			"GET /account Bearer A2", "POST /refresh R2", "GET /account Bearer A3",
		}, api.sent)
	})
}

// After a rejection, a customer is logged in again with the next token.
func TestTokenIsAcceptedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := true
		api := &perishing{life: 5 * time.Second, noExpiry: true, rejects: func(string, int) bool { return out }}
		client, session := newTestClient(t, api), api.session(t)
		require.ErrorIs(t, getWith(t, client, session), partnerapi.ErrNotLoggedIn)
		out = false
		for range 60 {
			require.NoError(t, getWith(t, client, session))
			time.Sleep(time.Second)
		}
	})
}

// An API that returns the rejected access token for a refresh gets one refresh.
func TestRefreshReturnsTheSameToken(t *testing.T) {
	t.Parallel()
	logIn := always(200, saysLogIn)
	same := always(200, `{"access":{"access_token":"A0","refresh_token":"R1"}}`)
	api := &issuer{refreshes: []roundTripFunc{same, same}, calls: []roundTripFunc{logIn, logIn}}
	client, session := newTestClient(t, api), tokenSession(t, firstTokens())
	for range 2 {
		require.ErrorContains(t, getWith(t, client, session), "the API rejected a new access token too")
	}
	assert.Equal(t, []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A0"}, api.sent)
}

// Without an access token none can have been rejected: after each failed refresh, the next call refreshes again.
func TestRefreshOfASessionWithoutAnAccessToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{refreshes: slices.Repeat([]roundTripFunc{always(500, "")}, 20)}
		client, session := newTestClient(t, api), tokenSession(t, partnerapi.Tokens{RefreshToken: "R0"})
		for range 20 {
			require.ErrorIs(t, getWith(t, client, session), partnerapi.ErrServer)
		}
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, append(slices.Repeat([]string{"POST /refresh R0"}, 21), "GET /account Bearer A1"), api.sent)
	})
}

// The valid tokens of a refresh are stored even if other fields are invalid: the refresh token that was sent is spent.
func TestRefreshWithAnInvalidField(t *testing.T) {
	t.Parallel()
	const year2100, year2101 = 4102444800, 4133980800
	accessEnd, refreshEnd := unix(year2100), unix(year2101)
	good := map[string]string{
		"access_token": `"A1"`, "access_token_expiration": "4102444800", "refresh_token": `"R1"`, "refresh_token_expiration": "4133980800",
	}
	both := partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: accessEnd, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}
	for name, test := range map[string]struct {
		field, value string
		want         partnerapi.Tokens
		fails        bool
	}{
		"as documented":                   {"expires_in", `{"seconds":900}`, both, false},
		"an object as an expiration":      {"access_token_expiration", `{}`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: partnerapi.UnixTime{}, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}, false},
		"words as an expiration":          {"access_token_expiration", `"soon"`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: partnerapi.UnixTime{}, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}, false},
		"false as an expiration":          {"refresh_token_expiration", `false`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: accessEnd, RefreshToken: "R1", RefreshTokenExpires: partnerapi.UnixTime{}}, false},
		"a list as an expiration":         {"refresh_token_expiration", `[1]`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: accessEnd, RefreshToken: "R1", RefreshTokenExpires: partnerapi.UnixTime{}}, false},
		"too late":                        {"access_token_expiration", `1e30`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: partnerapi.UnixTime{}, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}, false},
		"too large for any number":        {"access_token_expiration", `1e999`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: partnerapi.UnixTime{}, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}, false},
		"no expiration":                   {"access_token_expiration", `null`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: partnerapi.UnixTime{}, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}, false},
		"a number as the refresh token":   {"refresh_token", `7`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: accessEnd, RefreshToken: "R0", RefreshTokenExpires: partnerapi.UnixTime{}}, false},
		"no refresh token":                {"refresh_token", `null`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: accessEnd, RefreshToken: "R0", RefreshTokenExpires: partnerapi.UnixTime{}}, false},
		"an empty refresh token":          {"refresh_token", `""`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: accessEnd, RefreshToken: "R0", RefreshTokenExpires: partnerapi.UnixTime{}}, false},
		"a refresh token with a space":    {"refresh_token", `"R 1"`, partnerapi.Tokens{AccessToken: "A1", AccessTokenExpires: accessEnd, RefreshToken: "R0", RefreshTokenExpires: partnerapi.UnixTime{}}, false},
		"a number as the access token":    {"access_token", `7`, partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: partnerapi.UnixTime{}, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}, true},
		"a line break in an access token": {"access_token", `"A1\r\nX-Evil: 1"`, partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: partnerapi.UnixTime{}, RefreshToken: "R1", RefreshTokenExpires: refreshEnd}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fields := maps.Clone(good)
			fields[test.field] = test.value
			var members []string
			for _, field := range slices.Sorted(maps.Keys(fields)) {
				members = append(members, `"`+field+`":`+fields[field])
			}
			api := &issuer{
				calls:     []roundTripFunc{always(200, saysLogIn)},
				refreshes: []roundTripFunc{always(200, `{"status":"ok","access":{`+strings.Join(members, ",")+`}}`)},
			}
			client, session := newTestClient(t, api), tokenSession(t, partnerapi.Tokens{AccessToken: "A0", RefreshToken: "R0"})
			var stored []partnerapi.Tokens
			session.OnRefresh(func(_ context.Context, tokens partnerapi.Tokens) error {
				stored = append(stored, tokens)
				return nil
			})
			err := getWith(t, client, session)
			assert.Equal(t, []partnerapi.Tokens{test.want}, stored)
			assert.Equal(t, test.want, tokensOf(t, session))
			if !test.fails {
				require.NoError(t, err)
				assert.Equal(t, []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"}, api.sent)
				return
			}
			assertKinds(t, err, partnerapi.ErrNotLoggedIn, partnerapi.ErrBadResponse)
			api.calls = []roundTripFunc{always(200, saysLogIn)}
			require.NoError(t, getWith(t, client, session))
			assert.Equal(t, []string{"GET /account Bearer A0", "POST /refresh R1", "GET /account Bearer A1"}, api.sent[2:])
		})
	}
}

// If the access token of a refresh is invalid and the hook fails, the next call stores the refresh token.
func TestRefreshWithAnInvalidFieldIsStoredLater(t *testing.T) {
	t.Parallel()
	api := &issuer{refreshes: []roundTripFunc{always(200, `{"access":{"access_token":7,"refresh_token":"R1"}}`)}}
	client, session := newTestClient(t, api), tokenSession(t, oldTokens())
	session.OnRefresh(func(_ context.Context, tokens partnerapi.Tokens) error {
		if tokens.RefreshToken == "R1" && tokens.AccessToken == "A0" {
			return io.ErrShortWrite
		}
		return nil
	})
	require.ErrorIs(t, getWith(t, client, session), io.ErrShortWrite)
	require.NoError(t, getWith(t, client, session))
	assert.Equal(t, []string{"POST /refresh R0", "POST /refresh R1", "GET /account Bearer A1"}, api.sent)
}

func TestLoggedOutTokenSessionIgnoresCookies(t *testing.T) {
	t.Parallel()
	session := tokenSession(t, partnerapi.Tokens{AccessToken: "access", RefreshToken: "refresh"})
	log := newTranscript(always(200, `{"status":"ok","logged_in":false}`, "Set-Cookie", "sid=customer1"))
	client := newTestClient(t, log)
	require.NoError(t, client.Accounts.Logout(t.Context(), session))
	for range 2 {
		_, err := client.Accounts.Status(t.Context(), session)
		require.NoError(t, err)
		assert.NotContains(t, log.headers[len(log.headers)-1], "Authorization")
		assert.NotContains(t, log.headers[len(log.headers)-1], "Cookie")
		assert.JSONEq(t, `{"version":3,"origin":"https://services.sparkart.net","cookies":[]}`, string(export(t, session)))
	}
}

// everySecond allows one request a second, first come, first served.
type everySecond struct {
	mu   sync.Mutex
	next time.Time
}

func (l *everySecond) Wait(ctx context.Context) error {
	l.mu.Lock()
	at := time.Now()
	if l.next.After(at) {
		at = l.next
	}
	l.next = at.Add(time.Second)
	l.mu.Unlock()
	select {
	case <-time.After(time.Until(at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A refresh does not queue at the limiter behind the calls that wait for it; they obey the limit afterwards.
func TestRefreshBeforeLimitedCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		var mu sync.Mutex
		var sent []string
		client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Since(started).String()+" "+req.URL.Path)
			if req.URL.Path == "/api/v1/refresh" {
				return reply(200, `{"status":"ok","access":{"access_token":"new","access_token_expiration":9999999999,"refresh_token":"newer","refresh_token_expiration":9999999999}}`), nil
			}
			return reply(200, `{"status":"ok","customer":{"id":1}}`), nil
		}), partnerapi.WithRateLimiter(partnerapi.AccountAPI, new(everySecond)))
		session, err := partnerapi.NewTokenSession(partnerapi.Tokens{AccessToken: "old", AccessTokenExpires: partnerapi.UnixTimeOf(started), RefreshToken: "refresh"})
		require.NoError(t, err)
		assertAll(t, together(3, func() error { return getWith(t, client, session) }), assert.NoError)
		assert.Equal(t, []string{"0s /api/v1/refresh", "1s /api/v1/account", "2s /api/v1/account", "3s /api/v1/account"}, sent)
	})
}
