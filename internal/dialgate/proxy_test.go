package dialgate

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProxyRefusal(t *testing.T) {
	t.Parallel()
	for refusal, want := range map[ProxyRefusal]struct {
		text  string
		final bool
	}{
		204: {"204 No Content", true}, 302: {"302 Found", true}, 403: {"403 Forbidden", true},
		407: {"407 Proxy Authentication Required", true}, 499: {"499", true}, 408: {"408 Request Timeout", false},
		429: {"429 Too Many Requests", false}, 500: {"500 Internal Server Error", false}, 503: {"503 Service Unavailable", false},
	} {
		require.EqualError(t, refusal, "the proxy responded to CONNECT with "+want.text)
		assert.Equal(t, want.final, IsFinal(refusal), want.text)
	}
}

// A refusal takes the status of the proxy's response, but not its text.
func TestProxyRefusesConnection(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer proxy.Close()
	own := New()
	own.Base.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	_, err := send(t.Context(), own, "https://a.example")
	var refusal ProxyRefusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, ProxyRefusal(http.StatusForbidden), refusal)
}

func TestOfProxy(t *testing.T) {
	t.Parallel()
	forbidden, other := errors.New("Forbidden"), errors.New("Ask SECRET")
	assert.Equal(t, ProxyRefusal(http.StatusForbidden), OfProxy(&http.Transport{}, forbidden))
	assert.Equal(t, other, OfProxy(&http.Transport{}, other))
	assert.Equal(t, forbidden, OfProxy(New(), forbidden), "the text of another transport proves nothing")
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"Forbidden": 403, "Bad Gateway": 502, "Bad Gateway SECRET": 0, "": 0, "unknown status code": 0} {
		assert.Equal(t, want, Status(errors.New(text)), text)
	}
}
