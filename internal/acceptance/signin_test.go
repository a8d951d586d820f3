package acceptance

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const (
	loginOp    = "POST /app/login"
	networksOp = "GET /account/networks"
)

var jdoe = partnerapi.SignInCredentials{AppKey: partnertest.AppKey, Username: "jdoe", Password: "temp123"}

func signedIn(fake *partnertest.Fake, source partnerapi.TokenSource) *partnerapi.Client {
	return fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))
}

func list(ctx context.Context, c *partnerapi.Client) error {
	_, err := c.Networks.List(ctx, partnerapi.ListOptions{})
	return err
}

// load says how often calls are made, and how many at a time.
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

// The number of sign-ins is bounded, whatever the server rejects.
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
		others bool  // whether another operation goes on working
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
