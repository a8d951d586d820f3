//go:build !race

package partnerapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TRAPS: "3 allocations over bare net/http with a nil logger; 7 with any logger; 9 through StandardClient": a call has no
// room for a logger below it. TRAPS: "testing.AllocsPerRun panics in a parallel test": this one is serial.
func TestTrapCostOfACall(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	transport := roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	native := &http.Client{Transport: transport, CheckRedirect: followNone}
	bare := testing.AllocsPerRun(200, func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.example/", nil)
		require.NoError(t, err)
		resp, err := native.Do(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
	})
	client := newTestClient(t, transport)
	call := testing.AllocsPerRun(200, func() {
		_, err := Do[none](t.Context(), client, Call{API: NetworkAPI, Op: "GET /a"})
		require.NoError(t, err)
	})
	// 41 with Go 1.26, of which retryablehttp has 3 at most; a logger, even one that writes nothing, adds 4.
	assert.LessOrEqual(t, call-bare, 43.0)
}
