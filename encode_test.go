package partnerapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An argument stays one segment whatever the rest of the path holds: net/url gives up on an escaped path of which a part
// is not.
func TestArgumentBesideUnusualSegments(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ base, op, want string }{
		"plain":             {"https://a.example", "GET /a/{id}/b", "https://a.example/a/a%2F..%2Fb/b"},
		"not ASCII":         {"https://a.example", "GET /ü/{id}", "https://a.example/%C3%BC/a%2F..%2Fb"},
		"reserved":          {"https://a.example", "GET /a:b;c,d/{id}", "https://a.example/a:b;c,d/a%2F..%2Fb"},
		"base with a path":  {"https://a.example/api", "GET /{id}", "https://a.example/api/a%2F..%2Fb"},
		"base with escapes": {"https://a.example/a%2Fb", "GET /{id}", "https://a.example/a%2Fb/a%2F..%2Fb"},
		"base with a slash": {"https://a.example/ü/", "GET /{id}", "https://a.example/%C3%BC/a%2F..%2Fb"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
				got = req.URL.String()
				return reply(200, "{}"), nil
			}), WithBaseURL(NetworkAPI, test.base))
			_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: test.op, Args: []string{"a/../b"}})
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// A header that is set to nothing is the client's own.
func TestEmptyHeaderOfACaller(t *testing.T) {
	t.Parallel()
	client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, http.Header{
			"Accept": {"application/json"}, "User-Agent": {"partnerapi-go/" + Version}, "X-Empty": {""}, "Authorization": {testNetworkToken},
		}, req.Header)
		return reply(200, "{}"), nil
	}))
	require.NoError(t, client.Invitations.Delete(t.Context(), "inv_1",
		WithHeader("User-Agent", ""), WithHeader("Accept", ""), WithHeader("X-Empty", "")))
}
