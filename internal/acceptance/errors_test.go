package acceptance

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// The text of an error names the type of a foreign cause, and errors.Unwrap returns the cause with its own text.
func TestForeignErrorIsShownByUnwrap(t *testing.T) {
	t.Parallel()
	mine := errors.New("no tenant")
	const shows = "error of type *errors.errorString (see errors.Unwrap)"
	fails := partnerapi.TokenSourceFunc(func(context.Context) (string, error) { return "", mine })
	refuses := limiterFunc(func(context.Context) error { return mine })
	breaks := roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, mine })
	search := func(ctx context.Context, c *partnerapi.Client) error {
		_, err := c.Accounts.Search(ctx, "a@b.example")
		return err
	}
	caused, because := context.WithCancelCause(t.Context())
	tests := map[string]struct {
		client *partnerapi.Client
		call   func(context.Context, *partnerapi.Client) error
	}{
		"a credential source": {
			newTestClient(t, ok, partnerapi.WithCredentialSource(partnerapi.AccountKey, fails)), search,
		},
		"another source": {
			newTestClient(t, ok, partnerapi.WithCredentialSource(partnerapi.OrganizationKey, fails)), search,
		},
		"a limiter":   {newTestClient(t, ok, partnerapi.WithRateLimiter(partnerapi.AccountAPI, refuses)), search},
		"a transport": {newTestClient(t, breaks, soon), search},
		"a body": {
			newTestClient(t, roundTripFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: io.NopCloser(iotest.ErrReader(mine))}, nil
			}), soon), search,
		},
		"a dialler": {
			newTestClient(t, &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: mine}
			}}, soon), search,
		},
		"a store": {newTestClient(t, &issuer{}), func(ctx context.Context, c *partnerapi.Client) error {
			session := tokenSession(t, oldTokens())
			session.OnRefresh(func(context.Context, partnerapi.Tokens) error { return mine })
			_, err := c.Accounts.Get(ctx, session)
			return err
		}},
		"a cause": {newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
			because(mine)
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		})), func(_ context.Context, c *partnerapi.Client) error { return search(caused, c) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.call(t.Context(), test.client)
			require.ErrorContains(t, err, shows)
			require.ErrorIs(t, err, mine)
			assert.Contains(t, shownBy(t, err), "no tenant")
		})
	}

	var failed partnerapi.Attempt
	client := newTestClient(t, breaks, soon, partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) { failed = a }))
	require.Error(t, search(t.Context(), client))
	require.ErrorContains(t, failed.Err, shows)
	assert.Same(t, mine, errors.Unwrap(failed.Err))
}

// shownBy returns the texts of all causes, as a caller logs them.
func shownBy(t *testing.T, err error) string {
	t.Helper()
	var failed *partnerapi.Error
	require.ErrorAs(t, err, &failed)
	var texts []string
	for _, cause := range failed.Unwrap() {
		if shown := errors.Unwrap(cause); shown != nil {
			texts = append(texts, shown.Error())
		}
	}
	return strings.Join(texts, "\n")
}
