package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
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
)

const saysLogIn = `{"status":"error","messages":["Please log in to access your online benefits."]}`

// issuer is an API that answers a refresh with the tokens A1 and R1, then A2 and R2, and other calls with a customer, but
// as its steps say first. It keeps what it was sent.
type issuer struct {
	mu        sync.Mutex
	refreshes []roundTripFunc // the first answers to refreshes
	calls     []roundTripFunc // the first answers to others
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

// in is a point in time from now.
func in(d time.Duration) UnixTime { return UnixTimeOf(time.Now().Add(d)) }

// firstTokens are A0 and R0, as new as the API makes them.
func firstTokens() Tokens {
	return Tokens{"A0", in(15 * time.Minute), "R0", in(24 * time.Hour)}
}

// oldTokens are A0, which has expired, and R0.
func oldTokens() Tokens {
	return Tokens{"A0", in(-time.Second), "R0", in(time.Hour)}
}

func sessionOf(t *testing.T, tokens Tokens) *Session {
	t.Helper()
	session, err := NewTokenSession(tokens)
	require.NoError(t, err)
	return session
}

// getWith reads the session's customer.
func getWith(t *testing.T, client *Client, session *Session) error {
	t.Helper()
	_, err := client.Accounts.Get(t.Context(), session)
	return err
}

func TestTokenSessionGoesWithEveryMethod(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *Client, *Session) error{
		"GET /account": func(ctx context.Context, c *Client, s *Session) error {
			_, err := c.Accounts.Get(ctx, s)
			return err
		},
		"GET /account/status": func(ctx context.Context, c *Client, s *Session) error {
			_, err := c.Accounts.Status(ctx, s)
			return err
		},
		"POST /account": func(ctx context.Context, c *Client, s *Session) error {
			_, err := c.Accounts.Update(ctx, s, UpdateAccountRequest{FirstName: "Ann"})
			return err
		},
		"GET /account/benefits": func(ctx context.Context, c *Client, s *Session) error {
			_, err := c.Accounts.Benefits(ctx, s)
			return err
		},
		"GET /logout": func(ctx context.Context, c *Client, s *Session) error { return c.Accounts.Logout(ctx, s) },
		"PUT /a": func(ctx context.Context, c *Client, s *Session) error {
			_, err := Do[none](ctx, c, Call{API: AccountAPI, Op: "PUT /a", Session: s})
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
			session := sessionOf(t, firstTokens())
			require.NoError(t, call(t.Context(), newTestClient(t, api), session))
			assert.Equal(t, []string{op + " Bearer A0"}, api.sent)
			assert.NotContains(t, string(export(t, session)), "sid")
		})
	}
}

func TestNewTokenSessionRefuses(t *testing.T) {
	t.Parallel()
	const notSent = "a token has no spaces and no control characters, and is valid UTF-8"
	year := func(year int) UnixTime { return UnixTime{time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC)} }
	for name, test := range map[string]struct {
		tokens     Tokens
		field, why string
	}{
		"nothing":            {Tokens{}, "Tokens", "without an access token and a refresh token"},
		"a space":            {Tokens{AccessToken: "A "}, "AccessToken", notSent},
		"with its scheme":    {Tokens{AccessToken: "Bearer A"}, "AccessToken", notSent},
		"a line break":       {Tokens{AccessToken: "A\r\nX-Evil: 1"}, "AccessToken", notSent}, //nolint:gosec // a made-up one
		"not UTF-8":          {Tokens{AccessToken: "A\xff"}, "AccessToken", notSent},
		"a refresh token":    {Tokens{AccessToken: "A", RefreshToken: "R\n"}, "RefreshToken", notSent},
		"and not UTF-8":      {Tokens{RefreshToken: "R\xff"}, "RefreshToken", notSent},
		"expires too late":   {Tokens{AccessToken: "A", AccessTokenExpires: year(10000)}, "AccessTokenExpires", "not a number of Unix seconds in the years 1 to 9999"},
		"expires too early":  {Tokens{AccessToken: "A", RefreshTokenExpires: year(0)}, "RefreshTokenExpires", "not a number of Unix seconds in the years 1 to 9999"},
		"an expiration only": {Tokens{AccessTokenExpires: year(2000)}, "Tokens", "without an access token and a refresh token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, err := NewTokenSession(test.tokens)
			assertRefused(t, err, test.field, test.why)
			assert.Nil(t, session)
		})
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	const again, refreshed = "GET /account Bearer A0", "GET /account Bearer A1"
	for name, test := range map[string]struct {
		tokens func() Tokens
		sent   []string // nil: refused
	}{
		"new":                  {firstTokens, []string{again}},
		"over the margin":      {func() Tokens { return Tokens{"A0", in(30*time.Second + 1), "R0", in(time.Hour)} }, []string{again}},
		"at the margin":        {func() Tokens { return Tokens{"A0", in(30 * time.Second), "R0", in(time.Hour)} }, []string{"POST /refresh R0", refreshed}},
		"over":                 {oldTokens, []string{"POST /refresh R0", refreshed}},
		"not known when":       {func() Tokens { return Tokens{AccessToken: "A0", RefreshToken: "R0"} }, []string{again}},
		"no access token":      {func() Tokens { return Tokens{RefreshToken: "R0"} }, []string{"POST /refresh R0", refreshed}},
		"the last second":      {func() Tokens { return Tokens{"A0", in(1), "R0", in(0)} }, []string{again}},
		"no refresh token":     {func() Tokens { return Tokens{AccessToken: "A0", AccessTokenExpires: in(time.Second)} }, []string{again}},
		"both over":            {func() Tokens { return Tokens{"A0", in(0), "R0", in(0)} }, nil},
		"over, and no other":   {func() Tokens { return Tokens{AccessToken: "A0", AccessTokenExpires: in(0)} }, nil},
		"no access token, old": {func() Tokens { return Tokens{RefreshToken: "R0", RefreshTokenExpires: in(-1)} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &issuer{}
				err := getWith(t, newTestClient(t, api), sessionOf(t, test.tokens()))
				assert.Equal(t, test.sent, api.sent)
				if test.sent != nil {
					require.NoError(t, err)
					return
				}
				assertKinds(t, err, ErrNotLoggedIn)
				require.EqualError(t, err, "account: GET /account: not sent: not logged in; the session has no refresh token that can be used")
			})
		})
	}
}

// Where it is not known when tokens expire, the API says so, each time.
func TestTokensThatExpireNobodyKnowsWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn := always(200, saysLogIn)
		issue := func(n string) roundTripFunc {
			return always(200, `{"status":"ok","access":{"access_token":"A`+n+`","refresh_token":"R`+n+`"}}`)
		}
		api := &issuer{refreshes: []roundTripFunc{issue("1"), issue("2"), issue("3")}, calls: []roundTripFunc{
			logIn, always(200, oneCustomer), logIn, always(200, oneCustomer), // and then for somebody who is not let in
			logIn, logIn, logIn,
		}}
		client, session := newTestClient(t, api), sessionOf(t, Tokens{AccessToken: "A0", RefreshToken: "R0"})
		require.NoError(t, getWith(t, client, session))
		time.Sleep(16 * time.Minute)
		require.NoError(t, getWith(t, client, session))
		time.Sleep(16 * time.Minute)
		require.ErrorIs(t, getWith(t, client, session), ErrNotLoggedIn)
		require.ErrorIs(t, getWith(t, client, session), ErrNotLoggedIn)
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1",
			"GET /account Bearer A1", "POST /refresh R1", "GET /account Bearer A2",
			"GET /account Bearer A2", "POST /refresh R2", "GET /account Bearer A3", "GET /account Bearer A3",
		}, api.sent)
	})
}

// A token that has expired while its call waited is not sent, though it is not the one that was refused.
func TestTokenExpiresAfterAnotherWasRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		soon := fmt.Sprintf(`{"status":"ok","access":{"access_token":"B1","access_token_expiration":%d,"refresh_token":"S1"}}`,
			time.Now().Add(45*time.Second).Unix())
		busy := always(503, "", "Retry-After", "30")
		api := &issuer{refreshes: []roundTripFunc{always(200, soon)}, calls: []roundTripFunc{always(200, saysLogIn), busy, busy}}
		require.NoError(t, getWith(t, newTestClient(t, api), sessionOf(t, firstTokens())))
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer B1",
			"POST /refresh S1", "GET /account Bearer A1", "GET /account Bearer A1",
		}, api.sent)
	})
}

// A panic of what stores the tokens is one of every call that waits, where each can be recovered. The next one tries again.
func TestStoreThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, session := newTestClient(t, &issuer{}), sessionOf(t, oldTokens())
		session.OnRefresh(func(context.Context, Tokens) error {
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

// The hook of a refresh's attempts can make calls with the session, as the tokens' store can: they do not wait for it.
func TestSessionInAHookOfItsRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, session := &issuer{}, sessionOf(t, oldTokens())
		var client *Client
		client = newTestClient(t, api, WithAttemptHook(func(ctx context.Context, a Attempt) {
			if a.Op == "POST /refresh" {
				_, err := client.Accounts.Get(ctx, session)
				assert.NoError(t, err)
			}
		}))
		started := time.Now()
		require.NoError(t, getWith(t, client, session))
		assert.Zero(t, time.Since(started))
		assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A0", "GET /account Bearer A1"}, api.sent)

		session = sessionOf(t, Tokens{RefreshToken: "R0"})
		client = newTestClient(t, &issuer{}, WithAttemptHook(func(ctx context.Context, a Attempt) {
			if a.Op == "POST /refresh" {
				_, err := client.Accounts.Get(ctx, session)
				assert.EqualError(t, err, "account: GET /account: not sent: the session has no access token yet")
			}
		}))
		require.NoError(t, getWith(t, client, session))
	})
}

// A hook can make calls with another session, which is refreshed as any.
func TestAnotherSessionInAStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session, other := newTestClient(t, api), sessionOf(t, oldTokens()), sessionOf(t, Tokens{RefreshToken: "S0"})
		session.OnRefresh(func(ctx context.Context, _ Tokens) error {
			_, err := client.Accounts.Get(ctx, other)
			return err
		})
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{"POST /refresh R0", "POST /refresh S0", "GET /account Bearer A2", "GET /account Bearer A1"}, api.sent)
	})
}

// Stores that use each other's session, with the contexts that they are given, wait for nothing.
func TestStoresThatUseEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session, other := newTestClient(t, api), sessionOf(t, oldTokens()), sessionOf(t, Tokens{RefreshToken: "S0"})
		use := func(s *Session) func(context.Context, Tokens) error {
			return func(ctx context.Context, _ Tokens) error {
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
		api, asked := &issuer{}, 0
		client := newTestClient(t, api, WithRateLimiter(AccountAPI, limiterFunc(func(context.Context) error {
			if asked++; asked == 1 {
				time.Sleep(15 * time.Minute)
			}
			return nil
		})))
		require.NoError(t, getWith(t, client, sessionOf(t, firstTokens())))
		assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1"}, api.sent)
	})
}

// A refresh ends, whatever the time limit of an attempt is.
func TestRefreshThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, &issuer{refreshes: []roundTripFunc{func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}}}, WithTimeout(24*time.Hour))
		started := time.Now()
		require.ErrorIs(t, getWith(t, client, sessionOf(t, oldTokens())), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Minute, time.Since(started))
	})
}

// What is made of a hook's context later waits for a refresh as others do.
func TestContextOfAStoreThatIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session := newTestClient(t, api), sessionOf(t, oldTokens())
		var kept context.Context
		session.OnRefresh(func(ctx context.Context, _ Tokens) error {
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

// A call that is refused before it is sent does not tie tokens to its server.
func TestTokensOfARefusedCall(t *testing.T) {
	t.Parallel()
	session := sessionOf(t, firstTokens())
	staging := newTestClient(t, nothingSent(t), WithBaseURL(AccountAPI, "https://staging.example"))
	_, err := staging.Accounts.Update(t.Context(), session, UpdateAccountRequest{})
	var refused *ArgumentError
	require.ErrorAs(t, err, &refused)
	require.NoError(t, getWith(t, newTestClient(t, &issuer{}), session))
}

// A session lives on from refresh to refresh, each 30 seconds before the access token expires.
func TestTokensAreRefreshedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session := newTestClient(t, api), sessionOf(t, firstTokens())
		var stored []string
		session.OnRefresh(func(_ context.Context, tokens Tokens) error {
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

func TestHookOfTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		api := &issuer{}
		client, session := newTestClient(t, api), sessionOf(t, oldTokens())
		full := errors.New("disk full: SECRET")
		var stored []Tokens
		session.OnRefresh(func(ctx context.Context, tokens Tokens) error {
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
			require.EqualError(t, err, "account: GET /account: not sent: the new tokens could not be stored; error of type *errors.errorString, which errors.Unwrap shows")
		}
		for range 2 {
			_, err := client.Accounts.Get(ctx, session)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1"}, api.sent)
		want := Tokens{"A1", UnixTime{time.Date(2000, 1, 1, 0, 15, 0, 5e8, time.UTC)}, "R1", UnixTime{time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)}}
		assert.Equal(t, []Tokens{want, want, want}, stored)
	})
}

// Tokens that could not be stored are refreshed when they get old, as others are.
func TestTokensThatAreNotStoredGetOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{}
		client, session := newTestClient(t, api), sessionOf(t, oldTokens())
		session.OnRefresh(func(context.Context, Tokens) error { return io.ErrShortWrite })
		require.ErrorIs(t, getWith(t, client, session), io.ErrShortWrite)
		time.Sleep(15 * time.Minute)
		require.ErrorIs(t, getWith(t, client, session), io.ErrShortWrite)
		assert.Equal(t, []string{"POST /refresh R0", "POST /refresh R1"}, api.sent)
		session.OnRefresh(nil)
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{"GET /account Bearer A2"}, api.sent[2:])
	})
}

// A hook can make calls with its session, with the new token, whatever becomes of them.
func TestHookThatMakesCalls(t *testing.T) {
	t.Parallel()
	api := &issuer{calls: []roundTripFunc{always(200, oneCustomer), always(200, saysLogIn), always(200, saysLogIn)}}
	client, session := newTestClient(t, api), sessionOf(t, oldTokens())
	session.OnRefresh(func(ctx context.Context, _ Tokens) error {
		_, first := client.Accounts.Get(ctx, session)
		_, second := client.Accounts.Get(ctx, session)
		assert.ErrorIs(t, second, ErrNotLoggedIn)
		return first
	})
	require.NoError(t, getWith(t, client, session))
	assert.Equal(t, []string{
		"POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1",
	}, api.sent)
}

// A hook that ends its goroutine, as a failing test does, leaves nobody waiting.
func TestHookThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	client, session := newTestClient(t, &issuer{}), sessionOf(t, oldTokens())
	session.OnRefresh(func(context.Context, Tokens) error { runtime.Goexit(); return nil })
	require.EqualError(t, getWith(t, client, session), "account: GET /account: not sent: the refresh did not end")
}

func TestOnRefreshOfOthers(t *testing.T) {
	t.Parallel()
	fails := func(context.Context, Tokens) error { return io.EOF }
	(*Session)(nil).OnRefresh(fails)
	new(Session).OnRefresh(fails)
	client := newTestClient(t, ok)
	session := loggedIn(t, client)
	session.OnRefresh(fails)
	require.NoError(t, getWith(t, client, session))
}

// All calls that want the same refresh wait for it, and one that is cancelled leaves alone.
func TestRefreshIsForAllWhoWait(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"the first is cancelled": true, "another is cancelled": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &issuer{}
				session := sessionOf(t, oldTokens())
				client := newTestClient(t, api)
				release := make(chan struct{})
				session.OnRefresh(func(ctx context.Context, _ Tokens) error {
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
				require.EqualError(t, failed[ctx], "account: GET /account: not sent: context canceled")
				close(release)
				calls.Wait()
				require.NoError(t, failed[t.Context()])
				assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1"}, api.sent)
			})
		})
	}
}

// What nobody waits for any more is not lost.
func TestRefreshOutlivesItsCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{refreshes: []roundTripFunc{refusedDial}} // and sent again after a wait
		client, session := newTestClient(t, api), sessionOf(t, oldTokens())
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
	const prefix = "account: POST /account: not sent: "
	says := func(message string) roundTripFunc {
		return always(200, `{"status":"error","messages":["`+message+`"]}`)
	}
	for name, test := range map[string]struct {
		step  roundTripFunc
		kinds []error
		text  string
		after time.Duration
	}{
		"refused": {
			says("Unable to decode refresh token"), []error{ErrNotLoggedIn, ErrUnauthorized},
			prefix + "not logged in; account: POST /refresh: 200 OK: Unable to decode refresh token", 0,
		},
		"refused, with the token": {
			says("R0 is not R0"), []error{ErrBadResponse}, prefix + "account: POST /refresh: 200 OK: [redacted] is not [redacted]", 0,
		},
		"logged out": {
			says("Please log in to go on."), []error{ErrNotLoggedIn}, prefix + "account: POST /refresh: 200 OK: Please log in to go on.", 0,
		},
		"a bad key": {
			says("Please use a valid API Key."), []error{ErrUnauthorized}, prefix + "account: POST /refresh: 200 OK: Please use a valid API Key.", 0,
		},
		// The refresh may have been done; the call was not, so it is not in doubt.
		"lost":    {cut, nil, prefix + "account: POST /refresh: no answer: unexpected EOF", 0},
		"500":     {always(500, ""), []error{ErrServer}, prefix + "account: POST /refresh: 500 Internal Server Error: server error", 0},
		"limited": {always(429, "", "Retry-After", "60"), []error{ErrRateLimited}, prefix + "account: POST /refresh: 429 Too Many Requests: rate limited", time.Minute},
		"a redirect": {
			always(307, "", "Location", "https://other.example/refresh"), []error{ErrBadResponse},
			prefix + "account: POST /refresh: 307 Temporary Redirect: bad response; a redirect, which is not followed", 0,
		},
		// No route for it is not what the call asks for; that it is not there would be taken for a deletion that was done.
		"no route": {
			always(404, `{"error":"Not Found: /api/v1/refresh"}`), []error{ErrBadResponse},
			prefix + "account: POST /refresh: 404 Not Found: Not Found", 0,
		},
		"a taken name": {
			says("Name has already been taken"), []error{ErrBadResponse}, prefix + "account: POST /refresh: 200 OK: Name has already been taken", 0,
		},
		"an error, and nothing of it": {always(200, `{"status":"error"}`), []error{ErrBadResponse}, prefix + "account: POST /refresh: 200 OK: bad response", 0},
		"nothing":                     {always(200, `{"status":"ok"}`), []error{ErrBadResponse}, prefix + "account: POST /refresh: 200 OK: bad response; no value in the body", 0},
		"null":                        {always(200, `{"access":null}`), []error{ErrBadResponse}, prefix + "account: POST /refresh: 200 OK: bad response; null in the place of the value", 0},
		"no token": {
			always(200, `{"access":{"access_token":7,"refresh_token":"R\n","access_token_expiration":9999999999}}`), []error{ErrBadResponse},
			prefix + "account: POST /refresh: 200 OK: bad response; field access: no access_token and no refresh_token that can be sent", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &issuer{refreshes: []roundTripFunc{test.step}}
			client, session := newTestClient(t, api), sessionOf(t, oldTokens())
			session.OnRefresh(func(context.Context, Tokens) error {
				assert.Len(t, api.sent, 2, "nothing was refreshed")
				return nil
			})
			update := func() error {
				_, err := client.Accounts.Update(t.Context(), session, UpdateAccountRequest{FirstName: "Ann"})
				return err
			}
			err := update()
			assertKinds(t, err, test.kinds...)
			require.EqualError(t, err, test.text)
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, 0, failed.Attempts)
			assert.Equal(t, test.after, failed.RetryAfter)
			assert.Equal(t, []string{"POST /refresh R0"}, api.sent)
			require.NoError(t, update(), "the next call tries again")
			assert.Equal(t, []string{"POST /refresh R0", "POST /account Bearer A1"}, api.sent[1:])
		})
	}
}

// When the API says that nobody is logged in, a call refreshes the access token and goes again, once.
func TestTokenIsNotAccepted(t *testing.T) {
	t.Parallel()
	logIn, nobody := always(200, saysLogIn), always(200, `{"status":"ok","customer":null}`)
	get := func(ctx context.Context, c *Client, s *Session, opts ...CallOption) error {
		_, err := c.Accounts.Get(ctx, s, opts...)
		return err
	}
	update := func(ctx context.Context, c *Client, s *Session, opts ...CallOption) error {
		_, err := c.Accounts.Update(ctx, s, UpdateAccountRequest{FirstName: "Ann"}, opts...)
		return err
	}
	once := func(ctx context.Context, c *Client, s *Session, _ ...CallOption) error {
		return get(ctx, c, s, WithoutRetry())
	}
	for name, test := range map[string]struct {
		call      func(context.Context, *Client, *Session, ...CallOption) error
		calls     []roundTripFunc
		refreshes []roundTripFunc
		tokens    Tokens
		sent      []string
		kinds     []error // nil: it succeeds
		text      string
	}{
		"a read": {
			call: get, calls: []roundTripFunc{logIn}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a write": {
			call: update, calls: []roundTripFunc{logIn}, sent: []string{"POST /account Bearer A0", "POST /refresh R0", "POST /account Bearer A1"},
		},
		"a read of nobody": {
			call: get, calls: []roundTripFunc{nobody}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a read of nothing": {
			call: get, calls: []roundTripFunc{always(200, `{}`)}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a read without a customer": {
			call: get, calls: []roundTripFunc{always(200, `{"status":"ok"}`)}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
		},
		"a read of nothing, twice": {
			call: get, calls: []roundTripFunc{always(200, `{}`), always(200, `{}`)}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
			kinds: []error{ErrNotLoggedIn}, text: "account: GET /account: 200 OK: not logged in",
		},
		"a write without a customer": {
			call: update, calls: []roundTripFunc{always(200, `{}`)}, sent: []string{"POST /account Bearer A0"},
			kinds: []error{ErrBadResponse}, text: "account: POST /account: 200 OK: bad response; no value in the body",
		},
		"a write to nobody": {
			call: update, calls: []roundTripFunc{nobody}, sent: []string{"POST /account Bearer A0"},
			kinds: []error{ErrNotLoggedIn}, text: "account: POST /account: 200 OK: not logged in",
		},
		"without retry": {
			call: once, calls: []roundTripFunc{logIn}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{ErrNotLoggedIn}, text: "account: GET /account: 200 OK: Please log in to access your online benefits.",
		},
		"never": {
			call: get, calls: []roundTripFunc{logIn, logIn, logIn}, sent: []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"},
			kinds: []error{ErrNotLoggedIn}, text: "account: GET /account: 200 OK: Please log in to access your online benefits.",
		},
		"in trouble": {
			call: get, calls: []roundTripFunc{always(503, ""), logIn, cut, refusedDial},
			sent: []string{"GET /account Bearer A0", "GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1"},
		},
		"no refresh token": {
			call: get, calls: []roundTripFunc{logIn}, tokens: Tokens{AccessToken: "A0"}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{ErrNotLoggedIn},
			text:  "account: GET /account: 200 OK: Please log in to access your online benefits.; not logged in; the session has no refresh token that can be used",
		},
		"the refresh is refused": {
			call: get, calls: []roundTripFunc{logIn}, refreshes: []roundTripFunc{always(200, `{"status":"error","messages":["Unable to decode refresh token"]}`)},
			sent: []string{"GET /account Bearer A0", "POST /refresh R0"}, kinds: []error{ErrNotLoggedIn, ErrUnauthorized},
			text: "account: GET /account: 200 OK: Please log in to access your online benefits.; not logged in; account: POST /refresh: 200 OK: Unable to decode refresh token",
		},
		"another failure": {
			call: get, calls: []roundTripFunc{always(200, `{"status":"error","messages":["A0"]}`)}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{ErrInvalid}, text: "account: GET /account: 200 OK: [redacted]",
		},
		"401": {
			call: get, calls: []roundTripFunc{always(401, saysLogIn)}, sent: []string{"GET /account Bearer A0"},
			kinds: []error{ErrUnauthorized}, text: "account: GET /account: 401 Unauthorized: Please log in to access your online benefits.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &issuer{calls: test.calls, refreshes: test.refreshes}
				tokens := test.tokens
				if tokens == (Tokens{}) {
					tokens = firstTokens()
				}
				err := test.call(t.Context(), newTestClient(t, api), sessionOf(t, tokens))
				assert.Equal(t, test.sent, api.sent)
				if test.kinds == nil {
					require.NoError(t, err)
					return
				}
				assertKinds(t, err, test.kinds...)
				require.EqualError(t, err, test.text)
			})
		})
	}
}

// A customer who is logged out whatever the token costs one refresh, not one for each call.
func TestTokenThatIsNeverAccepted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn := always(200, saysLogIn)
		api := &issuer{calls: []roundTripFunc{logIn, logIn, logIn, logIn, logIn}}
		client, session := newTestClient(t, api), sessionOf(t, firstTokens())
		for range 2 {
			assertKinds(t, getWith(t, client, session), ErrNotLoggedIn)
		}
		require.EqualError(t, getWith(t, client, session),
			"account: GET /account: 200 OK: Please log in to access your online benefits.; a new access token was not accepted either")
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1", "GET /account Bearer A1",
		}, api.sent)
		time.Sleep(15 * time.Minute) // a token that is refreshed because it is old may be refreshed once more
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{
			"POST /refresh R1", "GET /account Bearer A2", "POST /refresh R2", "GET /account Bearer A3",
		}, api.sent[5:])
	})
}

// Both repetitions, with another key and with another token, come on top of the attempts of a call.
func TestTokenAndKeyAreNotAccepted(t *testing.T) {
	t.Parallel()
	api := &issuer{calls: []roundTripFunc{always(401, ""), always(200, saysLogIn)}}
	client := newTestClient(t, api, WithRetry(RetryPolicy{MaxAttempts: 1}), WithCredentialSource(AccountKey, &rotating{}))
	var response Response
	_, err := client.Accounts.Get(t.Context(), sessionOf(t, firstTokens()), WithResponseInto(&response))
	require.NoError(t, err)
	assert.Equal(t, 3, response.Attempts)
	assert.Equal(t, []string{"GET /account Bearer A0", "GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"}, api.sent)
}

// Of calls that were refused with the same token, the first refreshes it, and the others use what it got.
func TestTokenIsNotAcceptedFromMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn := func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second) // until all are sent
			return reply(200, saysLogIn), nil
		}
		slow := func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Minute) // the token is another by then
			return reply(200, saysLogIn), nil
		}
		api := &issuer{calls: []roundTripFunc{logIn, slow, logIn}}
		client, session := newTestClient(t, api, WithTimeout(time.Hour)), sessionOf(t, firstTokens())
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

// Tokens go to the server that they are first used with, and nowhere else.
func TestTokensAreForOneOrigin(t *testing.T) {
	t.Parallel()
	const another = "made by another server than the one that this client calls"
	for name, exported := range map[string]bool{"as it is": false, "exported": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &issuer{calls: []roundTripFunc{always(302, "", "Location", "https://other.example/account")}}
			client, session := newTestClient(t, api), sessionOf(t, oldTokens())
			assertKinds(t, getWith(t, client, session), ErrBadResponse)
			if exported {
				var err error
				session, err = ImportSession(export(t, session))
				require.NoError(t, err)
			}
			for _, base := range []string{"https://other.example", "http://services.sparkart.net/api/v1", "https://services.sparkart.net:8443/api/v1"} {
				other := newTestClient(t, nothingSent(t), WithBaseURL(AccountAPI, base), WithInsecureHTTP())
				assertRefused(t, getWith(t, other, session), "session", another)
			}
			require.NoError(t, getWith(t, newTestClient(t, api, WithBaseURL(AccountAPI, "https://services.sparkart.net/api/v1/")), session))
			assert.Equal(t, []string{"POST /refresh R0", "GET /account Bearer A1", "GET /account Bearer A1"}, api.sent)
			_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a", Session: session})
			assertRefused(t, err, "session", "a session is for the account API only")
		})
	}
}

func TestLogoutEndsATokenSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{calls: []roundTripFunc{always(500, ""), always(200, `{"status":"ok"}`), always(200, `{"customer":null}`)}}
		client, session := newTestClient(t, api), sessionOf(t, firstTokens())
		require.ErrorIs(t, client.Accounts.Logout(t.Context(), session, WithoutRetry()), ErrServer)
		require.NoError(t, client.Accounts.Logout(t.Context(), session))
		assertKinds(t, getWith(t, client, session), ErrNotLoggedIn)
		assert.Equal(t, []string{"GET /logout Bearer A0", "GET /logout Bearer A0", "GET /account "}, api.sent)
		assert.JSONEq(t, `{"version":3,"origin":"https://services.sparkart.net","cookies":[]}`, string(export(t, session)))
	})
}

// A logout while a refresh is under way does not bring the session back: the new tokens are not stored.
func TestLogoutDuringARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		api := &issuer{refreshes: []roundTripFunc{func(*http.Request) (*http.Response, error) {
			<-release
			return reply(200, `{"access":{"access_token":"A1","refresh_token":"R1"}}`), nil
		}}}
		client, session := newTestClient(t, api, WithTimeout(time.Hour)), sessionOf(t, firstTokens())
		session.OnRefresh(func(context.Context, Tokens) error { return errors.New("stored") })
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
		require.NoError(t, <-get, "of nobody, whom this server takes for somebody")
		assert.Equal(t, []string{"GET /logout Bearer A0", "POST /refresh R0", "GET /account "}, api.sent)
	})
}

func TestExportOfTokens(t *testing.T) {
	t.Parallel()
	for _, tokens := range []Tokens{
		{"A0", UnixTime{time.Unix(1_700_000_000, 5e8).UTC()}, "R0", UnixTime{time.Unix(1_700_086_400, 0).UTC()}}, {AccessToken: "A0"}, {RefreshToken: "R0"},
	} {
		again, err := ImportSession(export(t, sessionOf(t, tokens)))
		require.NoError(t, err)
		assert.Equal(t, tokens, again.opened().(*tokenSession).Tokens)
	}
	old, err := ImportSession([]byte(`{"version":2,"origin":"","tokens":{"access_token":"A0","access_token_expiration":null,"refresh_token":"R0","refresh_token_expiration":null}}`))
	require.NoError(t, err)
	assert.Equal(t, Tokens{AccessToken: "A0", RefreshToken: "R0"}, old.opened().(*tokenSession).Tokens)
	assert.JSONEq(t, `{"version":3,"origin":"","tokens":{"access_token":"A0","access_token_expiration":1700000000.5,"refresh_token":"","refresh_token_expiration":null}}`,
		string(export(t, sessionOf(t, Tokens{AccessToken: "A0", AccessTokenExpires: UnixTimeOf(time.Unix(1_700_000_000, 5e8))}))))
}

func TestImportOfTokensThatWereTamperedWith(t *testing.T) {
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
			session, err := ImportSession([]byte(data))
			assertRefused(t, err, "data", "not an exported session")
			assert.Nil(t, session)
		})
	}
}

// Tokens are redacted in every form but their JSON; internal/acceptance tests the types that hold them.
func TestTokensAreRedacted(t *testing.T) {
	t.Parallel()
	tokens := Tokens{AccessToken: canaryAccess, RefreshToken: canaryRefresh}
	assert.Equal(t, "partnerapi.Tokens(redacted)", fmt.Sprintf("%+v", tokens))
	text, err := json.Marshal(tokens) //nolint:gosec // what is tested
	require.NoError(t, err)
	assert.JSONEq(t, `{"access_token":"CANARYaccess","access_token_expiration":null,"refresh_token":"CANARYrefresh","refresh_token_expiration":null}`, string(text))
	for _, verb := range verbs {
		assertNoCanary(t, fmt.Sprintf(verb, struct{ s Session }{*sessionOf(t, tokens)}), verb)
	}
}

// perishing is an API whose access tokens live for a while by its own clock, which may differ from ours. A refresh token is
// good for one refresh.
type perishing struct {
	mu       sync.Mutex
	life     time.Duration
	ahead    time.Duration // the API's clock
	untold   bool          // whether it does not say when they expire
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
		if p.untold {
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
func (p *perishing) session(t *testing.T) *Session {
	t.Helper()
	var tokens Tokens
	require.NoError(t, json.Unmarshal([]byte(p.issue()), &tokens))
	return sessionOf(t, tokens)
}

// No call fails because an access token expires, however short its life is from five seconds on and whatever our clock
// says, and each token is rejected once from calls that are made one after the other.
func TestNoCallFailsBecauseATokenExpires(t *testing.T) {
	t.Parallel()
	for name, api := range map[string]*perishing{
		"known":                          {},
		"unknown":                        {untold: true},
		"by a clock ten minutes ahead":   {ahead: 10 * time.Minute},
		"by a clock ten minutes behind":  {ahead: -10 * time.Minute},
		"by a clock twenty seconds fast": {ahead: 20 * time.Second},
	} {
		for _, life := range []time.Duration{5 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute} {
			for _, calls := range []int{1, 64} {
				t.Run(fmt.Sprint(name, ", ", life, ", ", calls, " at a time"), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						api := &perishing{life: life, ahead: api.ahead, untold: api.untold}
						client, session := newTestClient(t, api), api.session(t)
						every := map[int]time.Duration{1: time.Second, 64: 17 * time.Second}[calls]
						for range 10 * time.Minute / every {
							atOnce(calls, func() { assert.NoError(t, getWith(t, client, session)) })
							time.Sleep(every)
						}
						assert.LessOrEqual(t, api.issued, int(10*time.Minute/min(life, refreshMargin))+2)
						assert.LessOrEqual(t, api.rejected, api.issued*calls)
					})
				})
			}
		}
	}
}

// A server is not flooded with refreshes, whatever it rejects, and an operation that is not for the customer takes no other
// one with it.
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
				api := &perishing{life: 40 * time.Second, untold: true, rejects: test.rejects}
				client, session := newTestClient(t, api), api.session(t)
				failed := false
				for range 600 {
					err := getWith(t, client, session)
					if test.works {
						require.NoError(t, err)
					}
					_, err = client.Accounts.Benefits(t.Context(), session)
					failed = failed || errors.Is(err, ErrNotLoggedIn)
					_, _ = client.Accounts.Update(t.Context(), session, UpdateAccountRequest{FirstName: "Ann"})
					time.Sleep(time.Second)
				}
				assert.True(t, failed)
				assert.Positive(t, api.issued-1)
				assert.LessOrEqual(t, api.issued-1, test.most)
			})
		})
	}
}

// A new token that is another by the time the API rejects it says nothing of the customer: it has expired.
func TestNewTokenExpiresBeforeItsResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logIn, accept := always(200, saysLogIn), always(200, oneCustomer)
		slow := func(*http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Second)
			return reply(200, saysLogIn), nil
		}
		api := &issuer{calls: []roundTripFunc{logIn, slow, logIn, accept, logIn, accept}}
		client, session := newTestClient(t, api), sessionOf(t, firstTokens())
		failed := make(chan error)
		go func() { failed <- getWith(t, client, session) }()
		synctest.Wait()
		require.NoError(t, getWith(t, client, session))
		require.ErrorIs(t, <-failed, ErrNotLoggedIn)
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, []string{
			"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1",
			"GET /account Bearer A1", "POST /refresh R1", "GET /account Bearer A2",
			"GET /account Bearer A2", "POST /refresh R2", "GET /account Bearer A3",
		}, api.sent)
	})
}

// A customer who may log in again is let in with the next token.
func TestTokenIsAcceptedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := true
		api := &perishing{life: 5 * time.Second, untold: true, rejects: func(string, int) bool { return out }}
		client, session := newTestClient(t, api), api.session(t)
		require.ErrorIs(t, getWith(t, client, session), ErrNotLoggedIn)
		out = false
		for range 60 {
			require.NoError(t, getWith(t, client, session))
			time.Sleep(time.Second)
		}
	})
}

// An API that answers a refresh with the access token that it has rejected is asked once.
func TestRefreshReturnsTheSameToken(t *testing.T) {
	t.Parallel()
	logIn := always(200, saysLogIn)
	same := always(200, `{"access":{"access_token":"A0","refresh_token":"R1"}}`)
	api := &issuer{refreshes: []roundTripFunc{same, same}, calls: []roundTripFunc{logIn, logIn}}
	client, session := newTestClient(t, api), sessionOf(t, firstTokens())
	for range 2 {
		require.EqualError(t, getWith(t, client, session),
			"account: GET /account: 200 OK: Please log in to access your online benefits.; a new access token was not accepted either")
	}
	assert.Equal(t, []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A0"}, api.sent)
}

// A session that has no access token yet has none that was rejected: however often its refresh fails, the next call tries
// again.
func TestRefreshOfASessionWithoutAnAccessToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &issuer{refreshes: slices.Repeat([]roundTripFunc{always(500, "")}, 20)}
		client, session := newTestClient(t, api), sessionOf(t, Tokens{RefreshToken: "R0"})
		for range 20 {
			require.ErrorIs(t, getWith(t, client, session), ErrServer)
		}
		require.NoError(t, getWith(t, client, session))
		assert.Equal(t, append(slices.Repeat([]string{"POST /refresh R0"}, 21), "GET /account Bearer A1"), api.sent)
	})
}

// What a refresh returns is kept and stored, whatever else is odd: the refresh token that was sent is spent.
func TestRefreshWithAnOddField(t *testing.T) {
	t.Parallel()
	const year2100, year2101 = 4102444800, 4133980800
	accessEnd, refreshEnd := unix(year2100), unix(year2101)
	good := map[string]string{
		"access_token": `"A1"`, "access_token_expiration": "4102444800", "refresh_token": `"R1"`, "refresh_token_expiration": "4133980800",
	}
	both := Tokens{"A1", accessEnd, "R1", refreshEnd}
	for name, test := range map[string]struct {
		field, value string
		want         Tokens
		fails        bool
	}{
		"as documented":                   {"expires_in", `{"seconds":900}`, both, false},
		"an object as an expiration":      {"access_token_expiration", `{}`, Tokens{"A1", UnixTime{}, "R1", refreshEnd}, false},
		"words as an expiration":          {"access_token_expiration", `"soon"`, Tokens{"A1", UnixTime{}, "R1", refreshEnd}, false},
		"false as an expiration":          {"refresh_token_expiration", `false`, Tokens{"A1", accessEnd, "R1", UnixTime{}}, false},
		"a list as an expiration":         {"refresh_token_expiration", `[1]`, Tokens{"A1", accessEnd, "R1", UnixTime{}}, false},
		"too late":                        {"access_token_expiration", `1e30`, Tokens{"A1", UnixTime{}, "R1", refreshEnd}, false},
		"too large for any number":        {"access_token_expiration", `1e999`, Tokens{"A1", UnixTime{}, "R1", refreshEnd}, false},
		"no expiration":                   {"access_token_expiration", `null`, Tokens{"A1", UnixTime{}, "R1", refreshEnd}, false},
		"a number as the refresh token":   {"refresh_token", `7`, Tokens{"A1", accessEnd, "R0", UnixTime{}}, false},
		"no refresh token":                {"refresh_token", `null`, Tokens{"A1", accessEnd, "R0", UnixTime{}}, false},
		"an empty refresh token":          {"refresh_token", `""`, Tokens{"A1", accessEnd, "R0", UnixTime{}}, false},
		"a refresh token with a space":    {"refresh_token", `"R 1"`, Tokens{"A1", accessEnd, "R0", UnixTime{}}, false},
		"a number as the access token":    {"access_token", `7`, Tokens{"A0", UnixTime{}, "R1", refreshEnd}, true},
		"a line break in an access token": {"access_token", `"A1\r\nX-Evil: 1"`, Tokens{"A0", UnixTime{}, "R1", refreshEnd}, true},
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
			client, session := newTestClient(t, api), sessionOf(t, Tokens{AccessToken: "A0", RefreshToken: "R0"})
			var stored []Tokens
			session.OnRefresh(func(_ context.Context, tokens Tokens) error {
				stored = append(stored, tokens)
				return nil
			})
			err := getWith(t, client, session)
			assert.Equal(t, []Tokens{test.want}, stored)
			assert.Equal(t, test.want, session.opened().(*tokenSession).Tokens)
			if !test.fails {
				require.NoError(t, err)
				assert.Equal(t, []string{"GET /account Bearer A0", "POST /refresh R0", "GET /account Bearer A1"}, api.sent)
				return
			}
			assertKinds(t, err, ErrNotLoggedIn, ErrBadResponse)
			require.EqualError(t, err, "account: GET /account: 200 OK: Please log in to access your online benefits.; "+
				"account: POST /refresh: 200 OK: bad response; no access_token that can be sent")
			api.calls = []roundTripFunc{always(200, saysLogIn)}
			require.NoError(t, getWith(t, client, session))
			assert.Equal(t, []string{"GET /account Bearer A0", "POST /refresh R1", "GET /account Bearer A1"}, api.sent[2:])
		})
	}
}

// A refresh whose access token cannot be read, and whose refresh token cannot be stored, is stored by the next call.
func TestRefreshWithAnOddFieldThatIsNotStored(t *testing.T) {
	t.Parallel()
	api := &issuer{refreshes: []roundTripFunc{always(200, `{"access":{"access_token":7,"refresh_token":"R1"}}`)}}
	client, session := newTestClient(t, api), sessionOf(t, oldTokens())
	session.OnRefresh(func(_ context.Context, tokens Tokens) error {
		if tokens.RefreshToken == "R1" && tokens.AccessToken == "A0" {
			return io.ErrShortWrite
		}
		return nil
	})
	require.ErrorIs(t, getWith(t, client, session), io.ErrShortWrite)
	require.NoError(t, getWith(t, client, session))
	assert.Equal(t, []string{"POST /refresh R0", "POST /refresh R1", "GET /account Bearer A1"}, api.sent)
}

// A response that arrives after a logout does not turn a token session into a cookie session.
func TestLoggedOutTokensTakeNoCookie(t *testing.T) {
	t.Parallel()
	s, err := NewTokenSession(Tokens{AccessToken: "access", RefreshToken: "refresh"})
	require.NoError(t, err)
	require.NoError(t, s.end(nil))
	s.absorb(reply(200, "", "Set-Cookie", "sid=customer1"), "https://services.sparkart.net")
	assert.True(t, s.opened().isEmpty())
}

// everySecond lets one request a second through, first come, first served.
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

// A refresh does not queue at the limiter behind the calls that wait for it; these keep to the limit after it.
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
		}), WithRateLimiter(AccountAPI, new(everySecond)))
		session, err := NewTokenSession(Tokens{AccessToken: "old", AccessTokenExpires: UnixTimeOf(started), RefreshToken: "refresh"})
		require.NoError(t, err)
		atOnce(3, func() {
			_, err := client.Accounts.Get(t.Context(), session)
			assert.NoError(t, err)
		})
		assert.Equal(t, []string{"0s /api/v1/refresh", "1s /api/v1/account", "2s /api/v1/account", "3s /api/v1/account"}, sent)
	})
}
