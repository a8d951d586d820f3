package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

// embedded is a roster, an API and the flags of a loader with an embedded server.
type embedded struct {
	*api

	rows   []row
	state  string
	loader []string
}

func newEmbedded(t *testing.T, rows int) *embedded {
	t.Helper()
	e := &embedded{api: newAPI(t), state: t.TempDir()}
	e.rows = e.rosterOf(rows)
	e.loader = []string{
		"-roster", writeRoster(t, e.rows), "-state", e.state, "-api", e.base(),
		"-ack-wait", "1s", "-backoff", "50ms", "-deliveries", "30",
	}
	return e
}

// requireDone requires that the loader succeeded, and that another loader finds nothing to do.
func (e *embedded) requireDone(t *testing.T, loader *process) {
	t.Helper()
	require.Zero(t, loader.wait())
	e.requireEqual(t, e.rows, nil)
	counts, total := countsIn(t, loader.printed())
	t.Logf("%d calls: %v", e.calls.Load(), counts)
	require.Equal(t, len(e.rows), total, loader.printed())
	require.Zero(t, counts["failed"])
	before := e.calls.Load()
	again := startProvision(t, "loader of the next night", e.loader...)
	require.Zero(t, again.wait())
	counts, _ = countsIn(t, again.printed())
	assert.Equal(t, len(e.rows), counts["unchanged"])
	assert.Equal(t, before, e.calls.Load(), "no call for confirmed rows")
}

func TestKilledLoaderResumes(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 1_500)
	e.injectFaults(8, 60)
	var loader *process
	for kill, calls := range []int64{1, 20, 100, 200, 200, 300} {
		loader = startProvision(t, "loader", e.loader...)
		until(t, e.hasMore(calls+rand.Int64N(calls/2+1)), "calls before the kill", loader) //nolint:gosec // not for security
		require.Falsef(t, loader.isOver(), "all is done before kill %d", kill)
		loader.kill()
	}
	loader = startProvision(t, "last loader", e.loader...)
	e.requireDone(t, loader)
	assert.Contains(t, loader.said(), "continuing")
}

func TestWorkersAndStatusOfARunningLoader(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 1_000)
	e.injectFaults(8, 60)
	loader := startProvision(t, "loader", append(e.loader, "-rate", "20")...)
	until(t, e.hasMore(20), "calls of the loader", loader)

	status := startProvision(t, "status", "status", "-state", e.state)
	require.Zero(t, status.wait())
	assert.Regexp(t, `^[0-9,]+ of 1,000 rows \([0-9]+ %\)`, status.printed())
	_, done := countsIn(t, status.printed())
	assert.Positive(t, done)
	assert.Less(t, done, 1_000)

	second := startProvision(t, "second loader", e.loader...)
	assert.Equal(t, 1, second.wait())
	assert.Contains(t, second.said(), "see provision status")

	worker := startProvision(t, "worker", "worker", "-state", e.state, "-api", e.base())
	e.requireDone(t, loader)
	require.False(t, worker.isOver(), "a worker waits for the next roster")
	require.NoError(t, worker.cmd.Process.Signal(syscall.SIGTERM))
	assert.Zero(t, worker.wait())
	assert.NotContains(t, worker.said(), "\n0 jobs done", "the worker helps")
	assert.Contains(t, worker.said(), " jobs done")
}

func TestStoppedLoaderResumes(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 1_000)
	e.injectFaults(8, 60)
	for _, calls := range []int64{1, 300} {
		loader := startProvision(t, "loader", e.loader...)
		until(t, e.hasMore(calls), "calls before the stop", loader)
		require.NoError(t, loader.cmd.Process.Signal(syscall.SIGTERM))
		assert.Equal(t, 1, loader.wait())
		assert.True(t, strings.HasSuffix(loader.said(), "provision: stopped; the same command continues\n"), loader.said())
		assert.Empty(t, loader.printed())
	}
	loader := startProvision(t, "last loader", e.loader...)
	e.requireDone(t, loader)
	assert.NoFileExists(t, filepath.Join(e.state, failedFile))
}

func TestRefusedTokenDoesNotCountAsAttempt(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 200)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("expired"), 0o600))
	flags := append(e.loader, "-deliveries", "1", "-token-file", token)
	for range 2 {
		loader := startProvision(t, "loader with an old token", flags...)
		assert.Equal(t, 1, loader.wait())
		assert.Contains(t, loader.said(), "no row has failed")
	}
	require.NoError(t, os.WriteFile(token, []byte(partnertest.PartnerToken), 0o600))
	e.requireDone(t, startProvision(t, "loader", flags...))
}

func TestStopDoesNotCountAsAttempt(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 200)
	loader := startProvision(t, "loader", append(e.loader, "-deliveries", "1", "-rate", "5")...)
	until(t, e.hasMore(3), "jobs wait for their turn", loader)
	require.NoError(t, loader.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 1, loader.wait())
	e.requireDone(t, startProvision(t, "loader", append(e.loader, "-deliveries", "1")...))
}

// join connects to a loader's server, as another process does.
func (e *embedded) join(t *testing.T) *engine {
	t.Helper()
	joined, err := openEngine(t.Context(), &config{state: e.state, name: "provision"}, viewer, discard)
	require.NoError(t, err)
	t.Cleanup(joined.close)
	return joined
}

// limit makes the server reject longer messages for a stream. -1 removes the limit.
func limit(t *testing.T, e *engine, stream string, bytes int32) {
	t.Helper()
	s, err := e.js.Stream(t.Context(), stream)
	require.NoError(t, err)
	c := s.CachedInfo().Config
	c.MaxMsgSize = bytes
	_, err = e.js.UpdateStream(t.Context(), c)
	require.NoError(t, err)
}

func TestServerThatRejectsWritesCostsNoAttemptOrCall(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 200)
	loader := startProvision(t, "loader", append(e.loader, "-parallel", "0", "-deliveries", "1", "-ack-wait", "5m")...)
	until(t, func() bool { return isLoaded(t, e) }, "the loader has loaded", loader)
	joined := e.join(t)
	limit(t, joined, joined.stateStream(), 1)
	worker := startProvision(t, "worker", "worker", "-state", e.state, "-api", e.base(), "-deliveries", "1")
	until(t, func() bool { return strings.Contains(worker.said(), "NATS server error, retrying") }, "the worker logs the error", loader, worker)
	limit(t, joined, joined.stateStream(), -1)
	e.requireDone(t, loader)
	counts, _ := countsIn(t, loader.printed())
	assert.EqualValues(t, len(e.rows)+counts["updated"], e.calls.Load(), "each row is sent once, and an update has two requests")
}

func TestLoaderWaitsForAServerThatRejectsWrites(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 200)
	loader := startProvision(t, "loader", append(e.loader, "-parallel", "0")...)
	until(t, func() bool { return isLoaded(t, e) }, "the loader has loaded", loader)
	joined := e.join(t)
	limit(t, joined, "KV_"+joined.runs(), 1)
	startProvision(t, "worker", "worker", "-state", e.state, "-api", e.base())
	until(t, func() bool { return strings.Contains(loader.said(), "NATS server error, retrying") }, "the loader logs the error", loader)
	limit(t, joined, "KV_"+joined.runs(), -1)
	e.requireDone(t, loader)
}

// isLoaded reports whether the stream has all jobs of a loader that does none.
func isLoaded(t *testing.T, e *embedded) bool {
	t.Helper()
	if _, err := os.Stat(filepath.Join(e.state, serverFile)); err != nil {
		return false
	}
	joined, err := openEngine(t.Context(), &config{state: e.state, name: "provision"}, viewer, discard)
	if err != nil {
		return false
	}
	defer joined.close()
	jobs, err := joined.js.Stream(t.Context(), joined.jobs())
	return err == nil && jobs.CachedInfo().State.Msgs == uint64(len(e.rows))
}

func TestRowDoneAfterItsLetterIsNotFailed(t *testing.T) {
	t.Parallel()
	e := newEmbedded(t, 200)
	loader := startProvision(t, "loader", append(e.loader, "-parallel", "0")...)
	until(t, func() bool { return isLoaded(t, e) }, "the loader has loaded", loader)
	joined := e.join(t)
	limit(t, joined, joined.stateStream(), 1)
	flags := []string{"worker", "-state", e.state, "-api", e.base(), "-parallel", "1"}
	e.refuseRows(1)
	worker := startProvision(t, "worker that is killed", flags...)
	until(t, func() bool {
		failed, err := joined.js.Stream(t.Context(), joined.failed())
		return err == nil && failed.CachedInfo().State.Msgs == 1
	}, "a row fails", loader, worker)
	worker.kill()
	limit(t, joined, joined.stateStream(), -1)
	e.Fail(changes[0], partnertest.Fault{}, refusal)
	startProvision(t, "worker", flags...)
	assert.Equal(t, 1, loader.wait())
	counts, total := countsIn(t, loader.printed())
	assert.Equal(t, len(e.rows), total)
	assert.Equal(t, 1, counts["failed"])
	failed := readFailed(t, filepath.Join(e.state, failedFile))
	assert.Len(t, failed, 1)
	e.requireEqual(t, e.rows, failed)
}
