package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/internal/doccmd"
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "bench")
	if err == nil {
		err = trustServers(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func BenchmarkCall(b *testing.B) {
	all, err := works()
	require.NoError(b, err)
	for _, w := range all {
		for _, p := range peers {
			b.Run("call="+w.name+"/client="+p.name, func(b *testing.B) { w.benchmark(b.Context(), b, p) })
		}
	}
}

// forEach runs a test for every peer.
func forEach(t *testing.T, test func(*testing.T, peer)) {
	t.Helper()
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

func TestPeersDecodeTheSameResults(t *testing.T) {
	t.Parallel()
	all, err := works()
	require.NoError(t, err)
	forEach(t, func(t *testing.T, p peer) {
		for _, w := range all {
			c, err := p.dial(setup{base: memoryBase, transport: newMemory(w.status, w.reply)})
			require.NoError(t, err)
			require.NoError(t, w.check(w.run(t.Context(), c)))
		}
	})
}

func TestCheckFindsDifferences(t *testing.T) {
	t.Parallel()
	all, err := works()
	require.NoError(t, err)
	other := map[string]any{"id": 1}
	for _, w := range all {
		require.Error(t, w.check(other, nil), w.name)
		require.Error(t, w.check(nil, &refusal{http.StatusBadRequest, ""}), w.name)
	}
}

// recorder records the last request, and responds like next.
type recorder struct {
	next http.RoundTripper
	req  *http.Request
	body string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.req = req
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		r.body, req.Body = string(body), http.NoBody
	}
	return r.next.RoundTrip(req)
}

func TestPeersSendTheSameRequests(t *testing.T) {
	t.Parallel()
	all, err := works()
	require.NoError(t, err)
	want := map[string]struct{ method, path, query, header, value, body string }{
		"create": {"POST", "/partners/subscriptions", "", "X-Token-Auth", "bench-partner-token",
			`{"pk":"MS2365","email":"parent@example.com","plan":"bark"}`},
		"account": {"GET", "/account", "key=bench-account-key", "Cookie", "session=bench-session", ""},
		"list":    {"GET", "/account/networks", "page=1&records=100", "Authorization", "bench-network-token", ""},
	}
	forEach(t, func(t *testing.T, p peer) {
		for _, w := range all[:len(want)] {
			sent := &recorder{next: newMemory(w.status, w.reply)}
			c, err := p.dial(setup{base: memoryBase, transport: sent})
			require.NoError(t, err)
			_, err = w.run(t.Context(), c)
			require.NoError(t, err)
			want := want[w.name]
			assert.Equal(t, want.method, sent.req.Method)
			assert.Equal(t, want.path, strings.TrimPrefix(sent.req.URL.Path, "/api/v4"), "apart from the GitLab client's prefix")
			assert.Equal(t, want.query, sent.req.URL.RawQuery)
			// godo always sends its credential as a bearer token.
			assert.Equal(t, want.value, strings.TrimPrefix(sent.req.Header.Get(want.header), "Bearer "))
			if want.body != "" {
				assert.JSONEq(t, want.body, sent.body)
				assert.Contains(t, sent.req.Header.Get("Content-Type"), "application/json")
			}
		}
	})
}

func TestWalkRequestsOnlyVisitedPages(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, p peer) {
		l, found := list{pages: 12}, newTable()
		require.NoError(t, l.run(t.Context(), found, p))
		assert.InDelta(t, 12, found.median(p.name, "requests"), 0)
		assert.LessOrEqual(t, found.median(p.name, "requests for the first record"), 8.0)
	})
}

func TestOutageIsCounted(t *testing.T) {
	t.Parallel()
	found := newTable()
	raw := peers[1]
	require.Equal(t, baseline, raw.name)
	for _, o := range outages(10, 30) {
		require.NoError(t, o.run(t.Context(), found, raw))
		assert.InDelta(t, 1, found.median(baseline, o.name), 0, o.name)
	}
}

func TestWholeRun(t *testing.T) { //nolint:paralleltest // it sets a flag of package testing
	benchtime := flag.Lookup("test.benchtime").Value
	before := benchtime.String()
	t.Cleanup(func() { _ = benchtime.Set(before) })
	require.NoError(t, benchtime.Set("1x"))
	tiny := size{
		alone: lane{callers: 1, calls: 2}, together: lane{callers: 4, calls: 16},
		list: list{pages: 3, latency: time.Millisecond}, callers: 10, calls: 20,
	}
	var printed, lines strings.Builder
	measured, err := measure(t.Context(), &lines, 2, tiny)
	require.NoError(t, err)
	measured.print(&printed)
	for _, p := range peers {
		assert.Equal(t, 10, strings.Count(printed.String(), "\n| "+p.name+" | "), "a row in each table: %s", p.name)
		for _, call := range []string{"create", "account", "list", "error"} {
			assert.Equal(t, 2, strings.Count(lines.String(), "BenchmarkCall/call="+call+"/client="+p.name+" "))
		}
	}
	assert.NotContains(t, printed.String(), "NaN")
	assert.Contains(t, printed.String(), ": Loopback: TLS, HTTP/2, callers: 4, calls: 16\n")
	printed.Reset()
	summary(&printed, []report{measured, measured})
	assert.Equal(t, 4+len(labels(tiny)), strings.Count(printed.String(), "\n"), printed.String())
	assert.NotContains(t, printed.String(), "NaN")
}

func TestTogetherEndsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	err := together(t.Context(), 4, 1000, func(_ context.Context, i int) error {
		if i == 10 {
			return errNoSuccess
		}
		return nil
	})
	require.ErrorIs(t, err, errNoSuccess)
}

// The documents run the program with flags that it accepts: it parses them before -h.
func TestCommandsInDocuments(t *testing.T) {
	t.Parallel()
	found := 0
	for _, c := range doccmd.All(t, "../..") {
		if c.Args[0] != "bash" || c.Args[1] != "internal/bench/run" || len(c.Args) == 2 {
			continue
		}
		found++
		args := slices.Concat([]string{"run", "."}, c.Args[2:], []string{"-h"})
		out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput() //nolint:gosec // our own document
		require.NoError(t, err, string(out))
	}
	assert.Positive(t, found)
}
