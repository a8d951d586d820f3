package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

// runVariable makes the test binary run the program, so that the program has the race detector if the tests do.
const runVariable = "PROVISION_TEST_RUN"

// patience is the timeout for anything that must happen eventually: the machine may be busy.
const patience = 5 * time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(runVariable) != "" {
		main()
	}
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", "8") // most tests wait most of the time
	}
	os.Exit(m.Run())
}

// process is a process started by a test. It does not outlive the test.
type process struct {
	t              *testing.T
	name           string
	cmd            *exec.Cmd
	stdout, stderr string        // file names
	ended          chan struct{} // closed when the process has ended
}

// start starts a program.
func start(t *testing.T, name, program string, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{
		t: t, name: name, ended: make(chan struct{}),
		stdout: filepath.Join(dir, "stdout"), stderr: filepath.Join(dir, "stderr"),
	}
	p.cmd = exec.CommandContext(t.Context(), program, args...) //nolint:gosec // the test itself, or a program it has built
	p.cmd.Env = append(os.Environ(), runVariable+"=1", tokenVariable+"="+partnertest.PartnerToken)
	p.cmd.SysProcAttr = endsWithParent()
	stdout, err := os.Create(p.stdout)
	require.NoError(t, err)
	defer func() { _ = stdout.Close() }()
	stderr, err := os.Create(p.stderr)
	require.NoError(t, err)
	defer func() { _ = stderr.Close() }()
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // ProcessState has the result
	}()
	t.Cleanup(p.cleanUp)
	return p
}

func startProvision(t *testing.T, name string, args ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	return start(t, name, binary, args...)
}

// cleanUp reports the output of a process. A killed one could not exit with the race detector's status.
func (p *process) cleanUp() {
	p.kill()
	said := p.said()
	assert.NotContains(p.t, said, "WARNING: DATA RACE", p.name)
	if p.t.Failed() {
		p.t.Logf("%s (%v) said at last:\n%s", p.name, p.cmd.ProcessState, said[max(0, len(said)-3000):])
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if the process has ended
	<-p.ended
}

func (p *process) isOver() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// wait waits until the process exits, and returns its status.
func (p *process) wait() int {
	p.t.Helper()
	began := time.Now()
	select {
	case <-p.ended:
		p.t.Logf("%s has ended, after %v", p.name, time.Since(began).Round(time.Millisecond))
	case <-time.After(patience):
		require.Fail(p.t, p.name+" does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) said() string    { return content(p.t, p.stderr) }
func (p *process) printed() string { return content(p.t, p.stdout) }

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// until waits until a condition holds, and fails if one of the running processes ends before that.
func until(t *testing.T, holds func() bool, what string, running ...*process) {
	t.Helper()
	began := time.Now()
	require.Eventually(t, func() bool {
		return holds() || slices.ContainsFunc(running, (*process).isOver)
	}, patience, 5*time.Millisecond, what)
	for _, p := range running {
		require.Falsef(t, p.isOver() && !holds(), "%s ended before: %s", p.name, what)
	}
	t.Logf("%s, after %v", what, time.Since(began).Round(time.Millisecond))
}

// untilStarted retries start until it can bind its ports: a port may become free, or the next one is free.
func untilStarted(t *testing.T, start func() bool, what string) {
	t.Helper()
	for began := time.Now(); !start(); <-time.After(time.Second) {
		require.Less(t, time.Since(began), patience, what)
	}
}

// natsNode is a server of a local cluster.
type natsNode struct {
	program, name string
	cluster       string // its name: it keeps out a server of another cluster that has bound a port
	port, routing int    // for clients, and for the other servers
	routes        []string
	store         string

	process *process
}

// buildNATS builds the server that the program embeds as a separate program.
func buildNATS(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "nats-server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/nats-io/nats-server/v2") //nolint:gosec // the test's own folder
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

func (n *natsNode) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", n.port) }

// start starts the server and reports whether it could bind its ports.
func (n *natsNode) start(t *testing.T) bool {
	t.Helper()
	n.process = start(t, n.name, n.program, "-n", n.name, "-a", "127.0.0.1", "-p", strconv.Itoa(n.port), "-js", "-sd", n.store,
		"-cluster_name", n.cluster, "-cluster", fmt.Sprintf("nats://127.0.0.1:%d", n.routing), "-routes", strings.Join(n.routes, ","))
	for began := time.Now(); !n.process.isOver() && !strings.Contains(n.process.said(), "Listening for route connections"); {
		require.Less(t, time.Since(began), patience, "NATS neither listens nor ends")
		<-time.After(5 * time.Millisecond)
	}
	if n.process.isOver() {
		require.Contains(t, n.process.said(), "address already in use", "why NATS has ended")
		t.Logf("a port of %s is in use", n.name)
		return false
	}
	return true
}

// freePorts returns ports that are not in use. They are below Linux's default range for outgoing connections, so that
// one is rarely taken before the server binds it.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range 1000 {
		port := 20_000 + rand.IntN(12_000) //nolint:gosec // not for security
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer func() { require.NoError(t, listener.Close()) }() // deferred until all are found, so that none is found twice
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	require.Fail(t, "no free ports")
	return nil
}

// api is a fake that counts its calls.
type api struct {
	*partnertest.Fake
	url   string
	calls atomic.Int64
	gate  sync.RWMutex // while a test holds it, no call begins
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := new(api)
	a.Fake = partnertest.New(partnertest.WithCallHook(func(partnertest.Call) { a.calls.Add(1) }))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.gate.RLock()
		defer a.gate.RUnlock()
		a.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func (a *api) base() string { return a.url + "/partner" }

// hasMore returns a condition for [until]: that many calls more than now.
func (a *api) hasMore(calls int64) func() bool {
	calls += a.calls.Load()
	return func() bool { return a.calls.Load() >= calls }
}

// changes are the operations that a worker uses.
var changes = []string{post, put, del}

// networkFaults are the faults of servers and networks, as opposed to rejected rows.
var networkFaults = []partnertest.Fault{
	{Status: http.StatusInternalServerError},
	{Status: http.StatusServiceUnavailable},
	{Status: http.StatusBadGateway, Processed: true},
	{Status: http.StatusTooManyRequests, RetryAfter: time.Second},
	{Cut: partnertest.CutBefore},
	{Cut: partnertest.CutAfter},
	{Cut: partnertest.CutWithin},
}

// injectFaults injects faults at regular intervals into each operation.
func (a *api) injectFaults(every, faults int) {
	var all []partnertest.Fault
	for i := range faults {
		all = append(append(all, make([]partnertest.Fault, every-1)...), networkFaults[i%len(networkFaults)])
	}
	for _, op := range changes {
		a.Fail(op, all...)
	}
}

// refusal is the response to a rejected row.
var refusal = partnertest.Fault{
	Status: http.StatusBadRequest, Body: `{"success":false,"error":"Email is invalid","error_type":"invalid_params"}`,
}

// refuseRows makes the API reject a number of rows, whichever come.
func (a *api) refuseRows(n int) {
	a.Fail(changes[0], slices.Repeat([]partnertest.Fault{refusal}, n)...)
}

// awkward are pks that are hard to escape in a path or a subject.
var awkward = []string{"a/b", "ü", "a b", "a%2Fb", "?", "*", "a.b>", "#", "\"", "日本"}

// rosterOf returns rows of all kinds, and seeds the subscriptions that already exist.
func (a *api) rosterOf(n int) (rows []row) {
	for i := range n {
		r := row{PK: fmt.Sprintf("MS%05d", i), Email: fmt.Sprintf("parent%05d@example.com", i), Plan: plans[i%2], Status: active}
		if i%20 == 0 {
			r.PK = fmt.Sprintf("%s%d", awkward[i/20%len(awkward)], i)
		}
		if i%10 < 2 {
			r.Status = cancelled
		}
		if i%3 == 0 {
			a.SeedSubscription(partnertest.Subscription{PK: r.PK, Email: r.Email, Plan: plans[0]})
		}
		rows = append(rows, r)
	}
	return rows
}

func writeRoster(t *testing.T, rows []row) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "roster.csv")
	f, err := os.Create(path)
	require.NoError(t, err)
	w := csv.NewWriter(f)
	require.NoError(t, w.Write(columns))
	for _, r := range rows {
		require.NoError(t, w.Write(r.fields()))
	}
	w.Flush()
	require.NoError(t, w.Error())
	require.NoError(t, f.Close())
	return path
}

// readFailed returns the pks in a file of failed rows.
func readFailed(t *testing.T, path string) map[string]bool {
	t.Helper()
	pks := make(map[string]bool)
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return pks
	}
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	require.NoError(t, readRows(f, func(line int, r row) error {
		assert.NotContainsf(t, pks, r.PK, "line %d", line)
		pks[r.PK] = true
		return nil
	}, func(line int, what string) { assert.Failf(t, what, "line %d", line) }))
	return pks
}

// requireEqual requires that the API matches the roster. A failed row may be unchanged or as in the roster.
func (a *api) requireEqual(t *testing.T, rows []row, failed map[string]bool) {
	t.Helper()
	has := make(map[string]partnertest.Subscription)
	for _, s := range a.Subscriptions() {
		has[s.PK] = s
	}
	wrong := 0
	for _, r := range rows {
		s, is := has[r.PK]
		delete(has, r.PK)
		if failed[r.PK] {
			continue
		}
		if is != (r.Status == active) || is && (s.Plan != r.Plan || s.Email != r.Email) {
			wrong++
			t.Logf("the row %+v is %+v", r, s)
		}
	}
	require.Zero(t, wrong, "rows that differ from the roster")
	require.Empty(t, has, "subscriptions without a row")
}

// counted matches a line of a report.
var counted = regexp.MustCompile(`(?m)^(created|updated|cancelled|unchanged|failed) +([0-9,]+)$`)

// countsIn returns the counts of a report.
func countsIn(t *testing.T, report string) (counts map[string]int, total int) {
	t.Helper()
	counts = make(map[string]int)
	for _, match := range counted.FindAllStringSubmatch(report, -1) {
		n, err := strconv.Atoi(strings.ReplaceAll(match[2], ",", ""))
		require.NoError(t, err)
		counts[match[1]] = n
		total += n
	}
	require.Lenf(t, counts, int(outcomes), "not a report:\n%s", report)
	return counts, total
}
