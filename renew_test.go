package partnerapi

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// turningSource is a source of tokens in turn that is told of those that the API refuses.
type turningSource struct {
	tokens []string
	err    error // when there are no more tokens
	told   []string
}

func (r *turningSource) Token(context.Context) (string, error) {
	if len(r.tokens) == 0 {
		return "", r.err
	}
	token := r.tokens[0]
	r.tokens = r.tokens[1:]
	return token, nil
}

func (r *turningSource) Invalidate(token string) { r.told = append(r.told, token) }

// A call goes again after a 401 with another token, and not with the one that was refused.
func TestSourceThatHasNoOtherToken(t *testing.T) {
	t.Parallel()
	wait := &Error{API: NetworkAPI, Op: "GET /app/session", StatusCode: 429, RetryAfter: time.Minute, Attempts: 1, kinds: []error{ErrRateLimited}}
	tests := map[string]struct {
		source *turningSource
		sent   []string
		told   []string
		kinds  []error
		wait   time.Duration
	}{
		"another":             {&turningSource{tokens: []string{"old", "new"}}, []string{"old", "new"}, []string{"old"}, []error{ErrUnauthorized}, 0},
		"the same":            {&turningSource{tokens: []string{"old", "old"}}, []string{"old"}, []string{"old"}, []error{ErrUnauthorized}, 0},
		"none, for a minute":  {&turningSource{tokens: []string{"old"}, err: wait}, []string{"old"}, []string{"old"}, []error{ErrUnauthorized, ErrNoCredential, ErrRateLimited}, time.Minute},
		"not the first, even": {&turningSource{err: wait}, nil, nil, []error{ErrNoCredential, ErrRateLimited}, time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				sent = append(sent, req.Header.Get("Authorization"))
				return reply(401, `{"error":{"type":"user","code":401,"message":"Please sign in."}}`), nil
			}), WithCredentialSource(NetworkToken, test.source))
			_, err := client.Networks.Get(t.Context(), "acc_1")
			assertKinds(t, err, test.kinds...)
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.wait, failed.RetryAfter)
			assert.Equal(t, test.sent, sent)
			assert.Equal(t, test.told, test.source.told)
		})
	}
}

// A session that was logged out is nobody's: an answer that was on its way makes it none of cookies.
func TestLoggedOutTokensTakeNoCookie(t *testing.T) {
	t.Parallel()
	s, err := NewTokenSession(Tokens{AccessToken: "access", RefreshToken: "refresh"})
	require.NoError(t, err)
	require.NoError(t, s.end(nil))
	s.absorb(reply(200, "", "Set-Cookie", "sid=customer1"), "https://services.sparkart.net")
	assert.True(t, s.isEmpty())
}

// everySecond lets one request through each second, in the order in which they come.
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

// A refresh does not stand in line behind the calls that wait for it, and these keep to the limit after it.
func TestRefreshBesideALimiter(t *testing.T) {
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

// A login that does not say for which account it is may be for any: the wanted one is selected.
func TestSignInSelectsWhatIsNotSaid(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"/app/session":       `{"jwt":"J1","auth":false}`,
		"/app/login":         `{"jwt":"J2","auth":true}`,
		"/app/login-account": `{"jwt":"J3","auth":true,"account":{"id":"acc_2"}}`,
	}
	var sent []string
	source := SignIn(SignInCredentials{AppKey: "key", Username: "u", Password: "p", AccountID: "acc_2"},
		WithHTTPClient(&http.Client{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
			sent = append(sent, req.URL.Path+" "+req.Header.Get("Authorization"))
			return reply(200, answers[req.URL.Path]), nil
		})}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "J3", token)
	assert.Equal(t, []string{"/app/session key", "/app/login J1", "/app/login-account J2"}, sent)
}
