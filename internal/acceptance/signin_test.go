package acceptance

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/errno"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	sessionOp  = "GET /app/session"
	loginOp    = "POST /app/login"
	selectOp   = "POST /app/login-account"
	networksOp = "GET /account/networks"
)

var jdoe = partnerapi.SignInCredentials{AppKey: partnertest.AppKey, Username: "jdoe", Password: "temp123"}

// newApp returns a fake with a user of the given accounts, and a source that signs the user in.
func newApp(credentials partnerapi.SignInCredentials, accounts ...partnerapi.AccountChoice) (*partnertest.Fake, partnerapi.TokenSource) {
	fake := partnertest.New()
	fake.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}, Password: "temp123", Accounts: accounts})
	return fake, partnerapi.SignIn(credentials, fake.ClientOptions()...)
}

func signedIn(fake *partnertest.Fake, source partnerapi.TokenSource) *partnerapi.Client {
	return fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))
}

func list(ctx context.Context, c *partnerapi.Client) error {
	_, err := c.Networks.List(ctx, partnerapi.ListOptions{})
	return err
}

// assertSent asserts the numbers of requests of a sign-in and of a list.
func assertSent(t *testing.T, fake *partnertest.Fake, sessions, logins, selections, lists int) {
	t.Helper()
	for op, want := range map[string]int{sessionOp: sessions, loginOp: logins, selectOp: selections, networksOp: lists} {
		assert.Len(t, fake.CallsTo(op), want, op)
	}
}

// load is how often calls are made, and how many concurrently.
type load struct {
	every time.Duration
	calls int // at a time
}

// run makes calls for ten minutes, and returns how many failed, and one of their errors.
func (l load) run(call func() error) (failures int, failed error) {
	for range 10 * time.Minute / l.every {
		for _, err := range together(l.calls, call) {
			if err != nil {
				failures++
				failed = err
			}
		}
		time.Sleep(l.every)
	}
	return failures, failed
}

var loads = map[string]load{
	"a call a second":    {time.Second, 1},
	"ten calls a second": {100 * time.Millisecond, 1},
	"64 calls at a time": {17 * time.Second, 64},
	"a call a minute":    {time.Minute, 1},
}

// countSignIns returns a source that signs jdoe in, and a count of its sign-ins.
func countSignIns(fake *partnertest.Fake) (partnerapi.TokenSource, *atomic.Int64) {
	fake.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}, Password: "temp123"})
	var signIns atomic.Int64
	return partnerapi.SignIn(jdoe, append(fake.ClientOptions(), partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
		if a.Op == loginOp {
			signIns.Add(1)
		}
	}))...), &signIns
}

// A JWT that was accepted and is then rejected has expired: no call fails for a JWT that lives for five seconds or more, and
// each JWT is rejected once from sequential calls.
func TestExpiredJWTFailsNoCall(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{5 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute} {
		for name, load := range loads {
			t.Run(life.String()+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					fake := partnertest.New(partnertest.WithJWTLifetime(life))
					source, signIns := countSignIns(fake)
					var rejected atomic.Int64
					client := fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source),
						partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) {
							if a.StatusCode == http.StatusUnauthorized {
								rejected.Add(1)
							}
						}))
					failures, err := load.run(func() error { return list(t.Context(), client) })
					assert.Zero(t, failures, err)
					assert.LessOrEqual(t, signIns.Load(), int64(10*time.Minute/life)+1)
					assert.LessOrEqual(t, rejected.Load(), (signIns.Load()-1)*int64(load.calls))
				})
			})
		}
	}
}

// A response that takes longer than its JWT lives proves that the JWT was accepted, although another is in use by then.
func TestJWTExpiredBeforeTheResponseFailsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New(partnertest.WithJWTLifetime(5 * time.Second))
		source, signIns := countSignIns(fake)
		slow := through(func(req *http.Request) (*http.Response, error) {
			resp, err := fake.Transport().RoundTrip(req)
			if err == nil && resp.StatusCode == http.StatusOK {
				time.Sleep(12 * time.Second)
			}
			return resp, err
		})
		client := fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source), slow)
		var calls sync.WaitGroup
		for range 600 {
			calls.Go(func() { assert.NoError(t, list(t.Context(), client)) })
			time.Sleep(time.Second)
		}
		calls.Wait()
		assert.LessOrEqual(t, signIns.Load(), int64(10*60/5)+1)
	})
}

// JWTs that are rejected in a row, each after it was accepted, are replaced each time.
func TestJWTsRejectedInARow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New()
		source, signIns := countSignIns(fake)
		client := signedIn(fake, source)
		for range 10 {
			require.NoError(t, list(t.Context(), client))
			fake.ExpireJWTs()
		}
		assert.EqualValues(t, 10, signIns.Load())

		// None was a failed sign-in: the pause after the first one is the shortest.
		fake.Fail(loginOp, partnertest.Fault{Status: 400, Body: `{"error":{"code":400,"message":"No."}}`})
		require.ErrorIs(t, list(t.Context(), client), partnerapi.ErrNoCredential)
		time.Sleep(time.Second)
		require.NoError(t, list(t.Context(), client))
	})
}

// The number of sign-ins is bounded for any rejections.
func TestSignInsAreBounded(t *testing.T) {
	t.Parallel()
	const inARow, aMinute = 10, 60 / 4
	rejects := func(of func(op, jwt string, times int) bool) func(*partnertest.Fake) partnerapi.Option {
		return func(fake *partnertest.Fake) partnerapi.Option {
			var mu sync.Mutex
			seen := make(map[string]int)
			return through(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				jwt := req.Header.Get("Authorization")
				_, op := partnerapi.Operation(req.Context())
				seen[jwt]++
				rejected := of(op, jwt, seen[jwt])
				mu.Unlock()
				if rejected {
					return reply(401, `{"error":{"code":401,"message":"No."}}`), nil
				}
				return fake.Transport().RoundTrip(req)
			})
		}
	}
	for name, test := range map[string]struct {
		with   func(*partnertest.Fake) partnerapi.Option
		most   int64 // in ten minutes
		others bool  // whether another operation continues to succeed
	}{
		"every JWT":                    {with: rejects(func(string, string, int) bool { return true }), most: 16},
		"all but the first use of one": {with: rejects(func(_, _ string, times int) bool { return times > 1 }), most: inARow + 10*aMinute},
		"all but the first JWT":        {with: rejects(func(_, jwt string, _ int) bool { return jwt != "fake-jwt-2" }), most: 17},
		"one operation": {
			with: rejects(func(op, _ string, _ int) bool { return op == networksOp }), most: inARow + 10*aMinute, others: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New(partnertest.WithJWTLifetime(30 * time.Second))
				source, signIns := countSignIns(fake)
				client := fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source), test.with(fake))
				failures, err := load{250 * time.Millisecond, 1}.run(func() error {
					if test.others {
						_, err := client.Networks.Domains(t.Context())
						require.NoError(t, err)
					}
					return list(t.Context(), client)
				})
				require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
				assert.Positive(t, failures)
				assert.Positive(t, signIns.Load())
				assert.LessOrEqual(t, signIns.Load(), test.most)
			})
		})
	}
}

func TestOneSignInForAllCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		slow := partnertest.Fault{Delay: time.Second}
		fake.Fail(sessionOp, slow)
		assertAll(t, together(50, func() error { return list(t.Context(), client) }), assert.NoError)
		assertSent(t, fake, 1, 1, 0, 50)

		// The JWT expires while all calls are in flight.
		fake.ExpireJWTs()
		fake.Fail(networksOp, slices.Repeat([]partnertest.Fault{slow}, 50)...)
		fake.Fail(sessionOp, slow)
		assertAll(t, together(50, func() error { return list(t.Context(), client) }), assert.NoError)
		assertSent(t, fake, 2, 2, 0, 150)

		// It expires by the clock.
		time.Sleep(61 * time.Minute)
		require.NoError(t, list(t.Context(), client))
		require.NoError(t, list(t.Context(), client))
		assertSent(t, fake, 3, 3, 0, 153)
	})
}

// Only the first request carries the app key; each of the others carries the JWT of the previous response.
func TestSignInCredentialsOfEachStep(t *testing.T) {
	t.Parallel()
	fake, source := newApp(partnerapi.SignInCredentials{AppKey: partnertest.AppKey, Username: "jdoe", Password: "temp123", AccountID: "acc_2"},
		partnerapi.AccountChoice{ID: "acc_1", Title: "A"}, partnerapi.AccountChoice{ID: "acc_2", Title: "B"})
	require.NoError(t, list(t.Context(), signedIn(fake, source)))
	var used, bodies []string
	for _, call := range fake.Calls() {
		used = append(used, call.Op+" "+call.Header.Get("Authorization"))
		bodies = append(bodies, string(call.Body))
	}
	assert.Equal(t, []string{
		"GET /app/session fake-app-key", "POST /app/login fake-jwt-1", "POST /app/login-account fake-jwt-2", "GET /account/networks fake-jwt-3",
	}, used)
	assert.Equal(t, []string{"", `{"username":"jdoe","password":"temp123"}`, `{"account_id":"acc_2"}`, ""}, bodies)
}

func TestSignInFailures(t *testing.T) {
	t.Parallel()
	a, b := partnerapi.AccountChoice{ID: "acc_1", Title: "A"}, partnerapi.AccountChoice{ID: "acc_2", Title: "B"}
	with := func(change func(*partnerapi.SignInCredentials)) partnerapi.SignInCredentials {
		c := jdoe
		change(&c)
		return c
	}
	tests := map[string]struct {
		credentials partnerapi.SignInCredentials
		accounts    []partnerapi.AccountChoice
		op          string
		fault       partnertest.Fault
		kinds       []error
	}{
		"app key": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AppKey = "SECRET" }), kinds: []error{partnerapi.ErrUnauthorized},
		},
		"password": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.Password = "SECRET" }), kinds: []error{partnerapi.ErrUnauthorized},
		},
		"not UTF-8": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.Username = "SECRET\xff" }),
		},
		"no account": {
			credentials: jdoe, accounts: []partnerapi.AccountChoice{a, b},
		},
		"another account": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_2" }), accounts: []partnerapi.AccountChoice{a},
		},
		"others' account": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_3" }), accounts: []partnerapi.AccountChoice{a, b},
			kinds: []error{partnerapi.ErrForbidden},
		},
		"not found": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 404, Body: `{"error":{"code":404,"message":"No such user."}}`},
			kinds: []error{partnerapi.ErrUnauthorized},
		},
		"no connection": {
			credentials: jdoe, op: sessionOp, fault: partnertest.Fault{Cut: partnertest.CutRefused}, kinds: []error{errno.ConnectionRefused},
		},
		"unknown": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 502, Body: page, Processed: true}, kinds: []error{partnerapi.ErrServer},
		},
		"rate limited": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 429, RetryAfter: time.Hour}, kinds: []error{partnerapi.ErrRateLimited},
		},
		"a page": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 200, Body: page},
		},
		"a proxy's page": {
			credentials: jdoe, op: sessionOp, fault: partnertest.Fault{Status: 407, Body: page},
		},
		"no JWT": {
			credentials: jdoe, op: sessionOp, fault: partnertest.Fault{Status: 200, Body: `{"auth":false}`},
		},
		"an invalid JWT": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 200, Body: `{"jwt":"SECRET\n","auth":true}`},
		},
		"not logged in": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_2" }), accounts: []partnerapi.AccountChoice{a, b},
			op: selectOp, fault: partnertest.Fault{Status: 200, Body: `{"jwt":"SECRET","auth":"yes"}`},
		},
	}
	all := []error{
		partnerapi.ErrInvalid, partnerapi.ErrUnauthorized, partnerapi.ErrForbidden, partnerapi.ErrNotFound, partnerapi.ErrAlreadyExists,
		partnerapi.ErrNotLoggedIn, partnerapi.ErrWrongPassword, partnerapi.ErrRateLimited, partnerapi.ErrServer, partnerapi.ErrBadResponse,
		partnerapi.ErrResponseTooLarge, partnerapi.ErrOutcomeUnknown, errno.ConnectionRefused, context.Canceled, context.DeadlineExceeded,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, source := newApp(test.credentials, test.accounts...)
				if test.op != "" {
					fake.Fail(test.op, test.fault, test.fault, test.fault, test.fault)
				}
				// A write: its error has to report an unknown outcome.
				_, err := signedIn(fake, source).Networks.Delete(t.Context(), "acc_9")
				require.ErrorIs(t, err, partnerapi.ErrNoCredential)
				for _, kind := range all {
					assert.Equal(t, slices.Contains(test.kinds, kind), errors.Is(err, kind), kind)
				}
				assert.Empty(t, fake.CallsTo("DELETE /api/account/networks/{child_account_id}"))
			})
		})
	}
}

// The only account of a user is selected.
func TestSignInToTheOnlyAccount(t *testing.T) {
	t.Parallel()
	fake, source := newApp(jdoe)
	fake.Fail(loginOp, partnertest.Fault{Status: 200, Body: `{"auth":{"select_account":{"accounts":{"acc_1":"A"},"last_login":"acc_1"}}}`})
	fake.Fail(selectOp, partnertest.Fault{Status: 200, Body: `{"jwt":"J","auth":true}`})
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "J", token)
	selections := fake.CallsTo(selectOp)
	require.Len(t, selections, 1)
	assert.JSONEq(t, `{"account_id":"acc_1"}`, string(selections[0].Body))
	assert.Equal(t, "fake-jwt-1", selections[0].Header.Get("Authorization"), "a reply without a JWT leaves the earlier one in use")
}

// A new JWT that is rejected ends the call. If every call is rejected, not every call signs in: the new JWT is reused for one
// second, then for two, and so on.
func TestSignInNeverLoops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		rejected := partnertest.Fault{Status: 401, Body: `{"error":{"code":401,"message":"No."}}`}
		fake.Fail(networksOp, slices.Repeat([]partnertest.Fault{rejected}, 1000)...)
		for range 100 { // ten seconds
			err := list(t.Context(), client)
			require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
			require.NotErrorIs(t, err, partnerapi.ErrNoCredential)
			time.Sleep(100 * time.Millisecond)
		}
		assertSent(t, fake, 5, 5, 0, 104) // immediately, then after 1, 3 and 7 seconds
		fake.Recover()
		require.NoError(t, list(t.Context(), client))
		time.Sleep(time.Hour)
		fake.ExpireJWTs()
		require.NoError(t, list(t.Context(), client))
		assertSent(t, fake, 6, 6, 0, 107)
		time.Sleep(time.Second) // a new JWT is reused for so long after one that was accepted
		fake.ExpireJWTs()
		require.NoError(t, list(t.Context(), client))
	})
}

// After a failed sign-in the JWT is not reused: it was not rejected.
func TestJWTIsNotReusedAfterAFailedSignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		require.NoError(t, list(t.Context(), client))
		fake.ExpireJWTs()
		fake.Fail(loginOp, partnertest.Fault{Status: 400, Body: `{"error":{"code":400,"message":"No."}}`})
		require.ErrorIs(t, list(t.Context(), client), partnerapi.ErrNoCredential)
		time.Sleep(time.Second)
		require.NoError(t, list(t.Context(), client))
		fake.ExpireJWTs()
		require.NoError(t, list(t.Context(), client))
	})
}

// Invalidating a JWT that is no longer in use has no effect.
func TestInvalidateOfAnotherJWT(t *testing.T) {
	t.Parallel()
	fake, source := newApp(jdoe)
	invalidate(t, source, "")
	invalidate(t, source, "J0")
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	invalidate(t, source, "J0")
	again, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assertSent(t, fake, 1, 1, 0, 0)

	invalidate(t, source, first)
	second, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
	invalidate(t, source, first)
	again, err = source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, second, again)
	assertSent(t, fake, 2, 2, 0, 0)
}

// All waiting callers get the failure. It is cached for a while; then a call signs in again.
func TestFailedSignInsAreSpaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wrong := jdoe
		wrong.Password = "wrong"
		fake, source := newApp(wrong)
		client := signedIn(fake, source)
		fake.Fail(loginOp, partnertest.Fault{Status: 400, Body: `{"error":{"code":400,"message":"No."}}`, Delay: time.Second})
		errs := together(50, func() error { return list(t.Context(), client) })
		assertAll(t, errs, assert.Error)
		assertSent(t, fake, 1, 1, 0, 0)

		for logins, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
			time.Sleep(pause - time.Nanosecond)
			require.ErrorIs(t, list(t.Context(), client), partnerapi.ErrNoCredential)
			assert.Len(t, fake.CallsTo(loginOp), logins+1)
			time.Sleep(time.Nanosecond)
			require.ErrorIs(t, list(t.Context(), client), partnerapi.ErrNoCredential)
			assert.Len(t, fake.CallsTo(loginOp), logins+2)
		}

		// The password is corrected, and the sign-in succeeds.
		fake.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}, Password: "wrong"})
		time.Sleep(time.Minute)
		require.NoError(t, list(t.Context(), client))
		fake.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}, Password: "other"})
		fake.ExpireJWTs()
		require.Error(t, list(t.Context(), client))
		time.Sleep(time.Second)
		fake.SeedAppUser(partnertest.AppUser{AppUser: partnerapi.AppUser{Username: "jdoe"}, Password: "wrong"})
		require.NoError(t, list(t.Context(), client))
	})
}

func TestSignInWaitsAsTheAPIAsks(t *testing.T) {
	t.Parallel()
	for asked, wait := range map[time.Duration]time.Duration{10 * time.Minute: 10 * time.Minute, 100 * time.Hour: time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			fake, source := newApp(jdoe)
			fake.Fail(loginOp, partnertest.Fault{Status: 429, RetryAfter: asked})
			_, err := source.Token(t.Context())
			require.ErrorIs(t, err, partnerapi.ErrRateLimited)
			time.Sleep(wait - 90*time.Second)
			var failed *partnerapi.Error
			require.ErrorAs(t, list(t.Context(), signedIn(fake, source)), &failed)
			require.ErrorIs(t, failed, partnerapi.ErrRateLimited)
			assert.Equal(t, 90*time.Second, failed.RetryAfter, "what is left")
			time.Sleep(90*time.Second - time.Nanosecond)
			_, err = source.Token(t.Context())
			require.ErrorIs(t, err, partnerapi.ErrRateLimited)
			time.Sleep(time.Nanosecond)
			_, err = source.Token(t.Context())
			require.NoError(t, err)
		})
	}
}

// A cancelled caller returns; the sign-in continues for the others.
func TestSignInOutlivesCancelledCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		fake.Fail(sessionOp, partnertest.Fault{Delay: 10 * time.Second})
		first, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		soon, cancelSoon := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancelSoon()
		var errs [3]error
		var calls sync.WaitGroup
		for i, ctx := range []context.Context{first, soon, t.Context()} {
			calls.Go(func() { errs[i] = list(ctx, client) })
			synctest.Wait() // the sign-in is the first one's
		}
		calls.Wait()
		require.ErrorIs(t, errs[0], context.Canceled)
		require.ErrorIs(t, errs[1], context.DeadlineExceeded)
		require.NoError(t, errs[2])
		assertSent(t, fake, 1, 1, 0, 1)
	})
}

// A sign-in whose callers have all timed out continues for the next call.
func TestSignInWithoutWaitingCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		fake.Fail(sessionOp, partnertest.Fault{Delay: 3500 * time.Millisecond})
		for i := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := list(ctx, client)
			cancel()
			if i < 3 {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.NotErrorIs(t, err, partnerapi.ErrNoCredential, "the caller timed out")
			} else {
				require.NoError(t, err)
			}
		}
		assertSent(t, fake, 1, 1, 0, 2)
	})
}

// A hook that ends its goroutine, as a test's FailNow does, does not block waiting callers.
func TestSignInGoexit(t *testing.T) {
	t.Parallel()
	fake, _ := newApp(jdoe)
	exits := partnerapi.WithAttemptHook(func(context.Context, partnerapi.Attempt) { runtime.Goexit() })
	source := partnerapi.SignIn(jdoe, append(fake.ClientOptions(), exits)...)
	for range 2 {
		_, err := source.Token(t.Context())
		require.ErrorContains(t, err, "the sign-in did not end")
	}
}

func TestSignInTakesAMinuteAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		silent := partnertest.Fault{Delay: time.Hour}
		fake.Fail(loginOp, silent, silent, silent, silent)
		began := time.Now()
		err := list(t.Context(), signedIn(fake, source))
		require.ErrorIs(t, err, partnerapi.ErrNoCredential)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, partnerapi.ErrOutcomeUnknown)
		assert.LessOrEqual(t, time.Since(began), time.Minute)
		assert.NoError(t, t.Context().Err())
	})
}

// If the sign-in after a 401 fails, the error contains both failures.
func TestSignInFailsAfterA401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		require.NoError(t, list(t.Context(), client))
		fake.ExpireJWTs()
		fake.Fail(sessionOp, partnertest.Fault{Status: 404, Body: page})
		err := list(t.Context(), client)
		require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
		require.ErrorIs(t, err, partnerapi.ErrNoCredential)
		require.NotErrorIs(t, err, partnerapi.ErrBadResponse)
		var failed *partnerapi.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, 401, failed.StatusCode)
	})
}

// NewClient refuses an invalid source, and the source itself returns the same error.
func TestInvalidSignInSource(t *testing.T) {
	t.Parallel()
	noKey := jdoe
	noKey.AppKey = ""
	tests := map[string]struct {
		which  partnerapi.Credential
		source partnerapi.TokenSource
		want   partnerapi.ArgumentError
	}{
		"no app key": {partnerapi.NetworkToken, partnerapi.SignIn(noKey), partnerapi.ArgumentError{
			Op: "SignIn", Name: "AppKey", Reason: "empty",
		}},
		"an option": {partnerapi.NetworkToken, partnerapi.SignIn(jdoe, partnerapi.WithTimeout(-1)), partnerapi.ArgumentError{
			Op: "NewClient", Name: "WithTimeout", Reason: "must be above zero",
		}},
		"of another server": {partnerapi.NetworkToken, partnerapi.SignIn(jdoe, partnerapi.WithBaseURL(partnerapi.NetworkAPI, "https://staging.example")), partnerapi.ArgumentError{
			Op: "NewClient", Name: "WithCredentialSource", Reason: "SignIn and the client need the same WithBaseURL",
		}},
		"of another API": {partnerapi.PartnerToken, partnerapi.SignIn(jdoe), partnerapi.ArgumentError{
			Op: "NewClient", Name: "WithCredentialSource", Reason: "SignIn supplies only the network token",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := partnerapi.NewClient(partnerapi.WithCredentialSource(test.which, test.source))
			var refused *partnerapi.ArgumentError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, test.want, *refused)
			if test.which == partnerapi.NetworkToken && name != "of another server" {
				_, err = test.source.Token(t.Context())
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, test.want, *refused)
			}
		})
	}
	_, err := partnerapi.NewClient(partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenFile("token")))
	require.NoError(t, err, "a file may hold any credential")
}

// A panic in a hook reaches every call that waits for the sign-in, where it can be recovered.
func TestSignInPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New()
		source := partnerapi.SignIn(jdoe, append(fake.ClientOptions(), partnerapi.WithAttemptHook(func(context.Context, partnerapi.Attempt) {
			time.Sleep(time.Second)
			panic("no such label")
		}))...)
		client := signedIn(fake, source)
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() { assert.PanicsWithValue(t, "no such label", func() { _ = list(t.Context(), client) }) })
		}
		calls.Wait()
		require.ErrorIs(t, list(t.Context(), client), partnerapi.ErrNoCredential)
		assert.Len(t, fake.CallsTo(sessionOp), 1)
	})
}

func TestNoSignInForACancelledCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fake, source := newApp(jdoe)
	_, err := source.Token(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, fake.Calls())
}

func TestSignInOptions(t *testing.T) {
	t.Parallel()
	// A credential among the options is ignored. The transport of the options is used, with the values of the caller's context.
	type key struct{}
	fake, _ := newApp(jdoe)
	var carried []string
	source := partnerapi.SignIn(jdoe, append(fake.ClientOptions(), partnerapi.WithNetworkToken("other"),
		partnerapi.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
			_, op := partnerapi.Operation(req.Context())
			value, _ := req.Context().Value(key{}).(string)
			carried = append(carried, op+" "+value)
			return fake.Transport().RoundTrip(req)
		})}))...)
	_, err := source.Token(context.WithValue(t.Context(), key{}, "trace"))
	require.NoError(t, err)
	assert.Equal(t, []string{"GET /app/session trace", "POST /app/login trace"}, carried)
}

// A response that accepts an earlier JWT does not shorten the pause after a failed sign-in.
func TestSlowResponseAfterAFailedSignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		require.NoError(t, list(t.Context(), client))
		fake.Fail(networksOp, partnertest.Fault{Delay: 500 * time.Millisecond, Status: 200, Body: `{"list":[],"total":0,"pages":0}`})
		slow := make(chan error)
		go func() { slow <- list(t.Context(), client) }()
		synctest.Wait()
		fake.ExpireJWTs()
		fake.Fail(loginOp, partnertest.Fault{Status: 400, Body: `{"error":{"code":400,"message":"No."}}`})
		require.ErrorIs(t, list(t.Context(), client), partnerapi.ErrNoCredential)
		require.NoError(t, <-slow)
		require.ErrorIs(t, list(t.Context(), client), partnerapi.ErrNoCredential)
		assertSent(t, fake, 2, 2, 0, 3)
		time.Sleep(500 * time.Millisecond)
		require.NoError(t, list(t.Context(), client))
	})
}

// If only one of several accounts is readable, it is not selected.
func TestSignInChoosesNoAccountOfAPartialList(t *testing.T) {
	t.Parallel()
	for _, accounts := range []string{
		`[{"id":1,"title":"Main"},{"id":"acc_2","title":"Other"}]`, `["acc_1",{"id":"acc_2","title":"Other"}]`,
		`[{"id":null,"title":"Main"},{"id":"acc_2","title":"Other"}]`, `[{"title":"Main"},{"id":"acc_2","title":"Other"}]`,
	} {
		fake, source := newApp(jdoe)
		fake.Fail(loginOp, partnertest.Fault{Status: 200, Body: `{"jwt":"h.p.s","auth":{"select_account":{"accounts":` + accounts + `}}}`})
		_, err := source.Token(t.Context())
		var refused *partnerapi.ArgumentError
		require.ErrorAs(t, err, &refused, accounts)
		assert.Equal(t, "AccountID", refused.Name)
		assert.Empty(t, fake.CallsTo(selectOp))
	}
}

// A JWT that is not a string is invalid.
func TestSignInWithAnInvalidJWT(t *testing.T) {
	t.Parallel()
	for _, jwt := range []string{`5`, `{"token":"x"}`, `["x"]`, `true`} {
		fake, source := newApp(jdoe)
		fake.Fail(loginOp, partnertest.Fault{Status: 200, Body: `{"jwt":` + jwt + `,"auth":true}`})
		_, err := source.Token(t.Context())
		require.Error(t, err, jwt)
	}
}

// The accounts may come in either form of a collection. The only one is selected.
func TestSignInToTheOnlyAccountOfAList(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a list": `{"jwt":"h.p.s","auth":{"select_account":{"accounts":[{"id":"acc_1","title":"Foo"}],"last_login":"acc_1"}}}`,
		"a map":  `{"jwt":"h.p.s","auth":{"select_account":{"accounts":{"acc_1":"Foo"},"last_login":"acc_1"}}}`,
		"by key": `{"jwt":"h.p.s","auth":{"select_account":{"accounts":[{"acc_1":{"title":"Foo"}}],"last_login":"acc_1"}}}`,
		"of PHP": `{"jwt":"h.p.s","auth":{"select_account":{"accounts":{"1":{"id":"acc_1","title":"Foo"}}}}}`,
		"twice":  `{"jwt":"h.p.s","auth":{"select_account":{"accounts":[{"id":"acc_1","title":"Foo"},{"id":"acc_1","title":"Foo"}]}}}`,
		"false":  `{"jwt":"h.p.s","auth":0,"app":{"created":{}},"user":{"id":["usr_1"]},"alerts":{},"access":7}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			credentials := jdoe
			if name == "false" {
				credentials.AccountID = "acc_1"
			}
			fake, source := newApp(credentials)
			fake.Fail(loginOp, partnertest.Fault{Status: 200, Body: body})
			fake.Fail(selectOp, partnertest.Fault{Status: 200, Body: `{"jwt":"J","auth":1,"account":{"id":"acc_1","created":"?"}}`})
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "J", token)
			selections := fake.CallsTo(selectOp)
			require.Len(t, selections, 1)
			assert.JSONEq(t, `{"account_id":"acc_1"}`, string(selections[0].Body))
			assert.Equal(t, "h.p.s", selections[0].Header.Get("Authorization"))
		})
	}
}

// If the login does not name its account, the wanted account is selected.
func TestSignInSelectsTheAccountIfTheLoginNamesNone(t *testing.T) {
	t.Parallel()
	responses := map[string]string{
		"/app/session":       `{"jwt":"J1","auth":false}`,
		"/app/login":         `{"jwt":"J2","auth":true}`,
		"/app/login-account": `{"jwt":"J3","auth":true,"account":{"id":"acc_2"}}`,
	}
	var sent []string
	source := partnerapi.SignIn(partnerapi.SignInCredentials{AppKey: "key", Username: "u", Password: "p", AccountID: "acc_2"},
		partnerapi.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.URL.Path+" "+req.Header.Get("Authorization"))
			return reply(200, responses[req.URL.Path]), nil
		})}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "J3", token)
	assert.Equal(t, []string{"/app/session key", "/app/login J1", "/app/login-account J2"}, sent)
}
