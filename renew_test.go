package partnerapi

import (
	"context"
	"net/http"
	"testing"
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
