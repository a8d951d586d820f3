package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInitsIn(t *testing.T) {
	t.Parallel()
	const said = `init runtime @0.018 ms, 0.089 ms clock, 0 bytes, 0 allocs
2026/11/29 23:00:00 INFO called status=200
init github.com/google/go-querystring/query @1.4 ms, 0 ms clock, 0 bytes, 0 allocs
`
	assert.Equal(t, map[string]time.Duration{"runtime": 89 * time.Microsecond, "github.com/google/go-querystring/query": 0}, initsIn(said))
}

func TestBesideCountsPackagesOfItsOwn(t *testing.T) {
	t.Parallel()
	hand := found{inits: map[string]time.Duration{"runtime": 1}}
	assert.Equal(t, time.Duration(6), found{inits: map[string]time.Duration{"runtime": 10, "regexp": 2, "a.example/b": 4}}.beside(hand))
}

// The programs make their calls, and new clients are made without an error. Those of the peers take long to build.
func TestRun(t *testing.T) {
	t.Parallel()
	var printed strings.Builder
	require.NoError(t, run(t.Context(), &printed, programs[:2], 1))
	assert.Contains(t, printed.String(), "\n| raw | go1.")
	assert.Contains(t, printed.String(), "\n| partnerapi | this repository | ")
	for _, p := range programs[1:] {
		require.NoError(t, p.newClient())
	}
}

// A program with the SDK is larger than the same by hand by 0.12 of its size with Go 1.26, and by 0.11 with Go 1.27.
// go-retryablehttp, which brings regexp, and go-querystring are 0.05 of that.
func TestPartnerapiIsSmall(t *testing.T) {
	t.Parallel()
	hand, err := programs[0].measure(t.Context(), t.TempDir(), serve(t), 1)
	require.NoError(t, err)
	own, err := programs[1].measure(t.Context(), t.TempDir(), serve(t), 1)
	require.NoError(t, err)
	assert.Less(t, float64(own.size)/float64(hand.size), 1.14)
}

func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(respond))
	t.Cleanup(server.Close)
	return server.URL
}
