package partnerapi_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"sync"
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

// page is the response of a proxy.
const page = "<!DOCTYPE html><title>Gateway</title>"

var jdoe = partnerapi.SignInCredentials{AppKey: partnertest.AppKey, Username: "jdoe", Password: "temp123"}

// newApp is a fake with a user of the given accounts, and a source that signs the user in.
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

// assertSent asserts how many requests of the operations of a sign-in and of a list were made.
func assertSent(t *testing.T, fake *partnertest.Fake, sessions, logins, selections, lists int) {
	t.Helper()
	for op, want := range map[string]int{sessionOp: sessions, loginOp: logins, selectOp: selections, networksOp: lists} {
		assert.Len(t, fake.CallsTo(op), want, op)
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

		// The JWT expires, and all are on their way when they learn it.
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

// The app key goes with the first request alone, and the JWT of each reply with the next.
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
		text        string
	}{
		"app key": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AppKey = "SECRET" }), kinds: []error{partnerapi.ErrUnauthorized},
			text: "network: GET /app/session: 401 Unauthorized: Please sign in.",
		},
		"password": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.Password = "SECRET" }), kinds: []error{partnerapi.ErrUnauthorized},
			text: "network: POST /app/login: 400 Bad Request: The username or password is incorrect.",
		},
		"not UTF-8": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.Username = "SECRET\xff" }), text: "POST /app/login: Body: not valid UTF-8",
		},
		"no account": {
			credentials: jdoe, accounts: []partnerapi.AccountChoice{a, b}, text: "SignIn: AccountID: empty, and the user has to choose an account",
		},
		"another account": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_2" }), accounts: []partnerapi.AccountChoice{a},
			text: "SignIn: AccountID: not the account that the user is logged in to",
		},
		"others' account": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_3" }), accounts: []partnerapi.AccountChoice{a, b},
			kinds: []error{partnerapi.ErrForbidden}, text: "network: POST /app/login-account: 403 Forbidden: You do not belong to this account.",
		},
		"not found": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 404, Body: `{"error":{"code":404,"message":"No such user."}}`},
			kinds: []error{partnerapi.ErrUnauthorized}, text: "network: POST /app/login: 404 Not Found: No such user.",
		},
		"no connection": {
			credentials: jdoe, op: sessionOp, fault: partnertest.Fault{Cut: partnertest.CutRefused}, kinds: []error{errno.ConnectionRefused},
			text: "network: GET /app/session: no answer: dial tcp: connection refused",
		},
		"in doubt": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 502, Body: page, Processed: true}, kinds: []error{partnerapi.ErrServer},
			text: "network: POST /app/login: 502 Bad Gateway: server error",
		},
		"rate limited": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 429, RetryAfter: time.Hour}, kinds: []error{partnerapi.ErrRateLimited},
			text: "network: POST /app/login: 429 Too Many Requests: rate limited",
		},
		"a page": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 200, Body: page},
			text: "network: POST /app/login: 200 OK: not JSON",
		},
		"a proxy's page": {
			credentials: jdoe, op: sessionOp, fault: partnertest.Fault{Status: 407, Body: page},
			text: "network: GET /app/session: 407 Proxy Authentication Required: not in the API's form",
		},
		"no JWT": {
			credentials: jdoe, op: sessionOp, fault: partnertest.Fault{Status: 200, Body: `{"auth":false}`}, text: "a session without a JWT",
		},
		"a JWT that cannot be sent": {
			credentials: jdoe, op: loginOp, fault: partnertest.Fault{Status: 200, Body: `{"jwt":"SECRET\n","auth":true}`},
			text: "a JWT that cannot be sent",
		},
		"not logged in": {
			credentials: with(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_2" }), accounts: []partnerapi.AccountChoice{a, b},
			op: selectOp, fault: partnertest.Fault{Status: 200, Body: `{"jwt":"SECRET","auth":"yes"}`},
			text: "the API does not say that the user is logged in",
		},
	}
	all := []error{
		partnerapi.ErrInvalid, partnerapi.ErrUnauthorized, partnerapi.ErrForbidden, partnerapi.ErrNotFound, partnerapi.ErrAlreadyExists,
		partnerapi.ErrNotLoggedIn, partnerapi.ErrRateLimited, partnerapi.ErrServer, partnerapi.ErrBadResponse,
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
				// A write, of which an error has to say whether it may have been done.
				_, err := signedIn(fake, source).Networks.Delete(t.Context(), "acc_9")
				require.EqualError(t, err, "network: DELETE /api/account/networks/{child_account_id}: not sent: no credential; "+
					"the source of the network token failed; "+test.text)
				require.ErrorIs(t, err, partnerapi.ErrNoCredential)
				for _, kind := range all {
					assert.Equal(t, slices.Contains(test.kinds, kind), errors.Is(err, kind), kind)
				}
				assert.Empty(t, fake.CallsTo("DELETE /api/account/networks/{child_account_id}"))
			})
		})
	}
}

// A user of one account chooses nothing, also if the API asks.
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

// A JWT that is refused when it is new ends the call, and calls that are always refused do not sign in every time: the new
// JWT is kept for one second, then for two, and so on.
func TestSignInNeverLoops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, source := newApp(jdoe)
		client := signedIn(fake, source)
		refused := partnertest.Fault{Status: 401, Body: `{"error":{"code":401,"message":"No."}}`}
		fake.Fail(networksOp, slices.Repeat([]partnertest.Fault{refused}, 1000)...)
		for range 100 { // ten seconds
			err := list(t.Context(), client)
			require.ErrorIs(t, err, partnerapi.ErrUnauthorized)
			require.NotErrorIs(t, err, partnerapi.ErrNoCredential)
			require.EqualError(t, err, "network: GET /account/networks: 401 Unauthorized: No.")
			time.Sleep(100 * time.Millisecond)
		}
		assertSent(t, fake, 5, 5, 0, 104) // again at once, then after 1, 3 and 7 seconds
		fake.Recover()
		require.NoError(t, list(t.Context(), client))
		time.Sleep(time.Hour)
		fake.ExpireJWTs()
		require.NoError(t, list(t.Context(), client))
		assertSent(t, fake, 6, 6, 0, 107)
		time.Sleep(time.Second) // for which a new one is kept, after one that has been good
		fake.ExpireJWTs()
		require.NoError(t, list(t.Context(), client))
	})
}

// A JWT that comes after a sign-in that failed is not kept: it was not refused.
func TestJWTAfterAFailureIsNotKept(t *testing.T) {
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

// The refusal of a JWT that is not in use any more changes nothing.
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

// A failure is told to all who wait, holds for a while, and is then tried again.
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

		// The password is set right, and success ends it all.
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

// Who is cancelled leaves, and the sign-in goes on for the others.
func TestCancelledCallersLeaveTheSignIn(t *testing.T) {
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

// A sign-in that nobody waits for any more goes on for the next call: callers in a hurry sign in too.
func TestSignInThatNobodyWaitsFor(t *testing.T) {
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
				require.NotErrorIs(t, err, partnerapi.ErrNoCredential, "it is the caller who did not wait")
			} else {
				require.NoError(t, err)
			}
		}
		assertSent(t, fake, 1, 1, 0, 2)
	})
}

// What does not return from a hook, such as a test that fails in it, leaves nobody waiting.
func TestSignInThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	fake, _ := newApp(jdoe)
	exits := partnerapi.WithAttemptHook(func(context.Context, partnerapi.Attempt) { runtime.Goexit() })
	source := partnerapi.SignIn(jdoe, append(fake.ClientOptions(), exits)...)
	for range 2 {
		_, err := source.Token(t.Context())
		require.EqualError(t, err, "the sign-in did not end")
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

// A call that is refused and cannot be renewed says both.
func TestSignInFailsToRenew(t *testing.T) {
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

// What cannot be is told by NewClient, and by the source itself.
func TestSignInThatCannotBe(t *testing.T) {
	t.Parallel()
	noKey := jdoe
	noKey.AppKey = ""
	tests := map[string]struct {
		which  partnerapi.Credential
		source partnerapi.TokenSource
		want   partnerapi.ArgumentError
	}{
		"no app key": {partnerapi.NetworkToken, partnerapi.SignIn(noKey), partnerapi.ArgumentError{
			Op: "SignIn", Name: "AppKey", Reason: "a credential is not empty and has no spaces around it and no control characters",
		}},
		"an option": {partnerapi.NetworkToken, partnerapi.SignIn(jdoe, partnerapi.WithTimeout(-1)), partnerapi.ArgumentError{
			Op: "NewClient", Name: "WithTimeout", Reason: "not above zero",
		}},
		"of another server": {partnerapi.NetworkToken, partnerapi.SignIn(jdoe, partnerapi.WithBaseURL(partnerapi.NetworkAPI, "https://staging.example")), partnerapi.ArgumentError{
			Op: "NewClient", Name: "WithCredentialSource", Reason: "SignIn is for another server than the client: both need the same WithBaseURL",
		}},
		"of another API": {partnerapi.PartnerToken, partnerapi.SignIn(jdoe), partnerapi.ArgumentError{
			Op: "NewClient", Name: "WithCredentialSource", Reason: "SignIn is a source of the network token",
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

// A panic of a hook is one of every call that waits for the sign-in, where each can be recovered.
func TestSignInThatPanics(t *testing.T) {
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

func TestNoSignInForACallThatIsOver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fake, source := newApp(jdoe)
	_, err := source.Token(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, fake.Calls())
}

func TestOptionsOfSignIn(t *testing.T) {
	t.Parallel()
	// A credential among them is not used, and theirs is the transport, which has what the caller's context holds.
	type key struct{}
	fake, _ := newApp(jdoe)
	var carried []string
	source := partnerapi.SignIn(jdoe, append(fake.ClientOptions(), partnerapi.WithNetworkToken("other"),
		partnerapi.WithHTTPClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			_, op := partnerapi.Operation(req.Context())
			value, _ := req.Context().Value(key{}).(string)
			carried = append(carried, op+" "+value)
			return fake.Transport().RoundTrip(req)
		})}))...)
	_, err := source.Token(context.WithValue(t.Context(), key{}, "trace"))
	require.NoError(t, err)
	assert.Equal(t, []string{"GET /app/session trace", "POST /app/login trace"}, carried)
}

// That an earlier JWT was accepted is no reason to sign in again soon after a sign-in that failed.
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

// Of several accounts, the only one that can be read is not chosen.
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

// A JWT that is no text replaces none.
func TestSignInWithoutATextAsJWT(t *testing.T) {
	t.Parallel()
	for _, jwt := range []string{`5`, `{"token":"x"}`, `["x"]`, `true`} {
		fake, source := newApp(jdoe)
		fake.Fail(loginOp, partnertest.Fault{Status: 200, Body: `{"jwt":` + jwt + `,"auth":true}`})
		_, err := source.Token(t.Context())
		require.Error(t, err, jwt)
	}
}

// The accounts to choose from may come in either form of a collection. A user of one has nothing to choose.
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
	answers := map[string]string{
		"/app/session":       `{"jwt":"J1","auth":false}`,
		"/app/login":         `{"jwt":"J2","auth":true}`,
		"/app/login-account": `{"jwt":"J3","auth":true,"account":{"id":"acc_2"}}`,
	}
	var sent []string
	source := partnerapi.SignIn(partnerapi.SignInCredentials{AppKey: "key", Username: "u", Password: "p", AccountID: "acc_2"},
		partnerapi.WithHTTPClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.URL.Path+" "+req.Header.Get("Authorization"))
			return answer(200, answers[req.URL.Path]), nil
		})}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "J3", token)
	assert.Equal(t, []string{"/app/session key", "/app/login J1", "/app/login-account J2"}, sent)
}
