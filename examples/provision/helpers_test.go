package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

// program runs the program against a served fake, in its own state directory.
type program struct {
	t     *testing.T
	fake  *partnertest.Fake
	state string
	api   string
	token string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	p := &program{t: t, fake: partnertest.NewServer(t), state: t.TempDir()}
	p.api = p.fake.URL + "/partner"
	p.token = filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(p.token, []byte(partnertest.PartnerToken), 0o600))
	return p
}

// flags returns the flags that every command shares.
func (p *program) flags(more ...string) []string {
	return append([]string{"-state", p.state, "-api", p.api, "-token-file", p.token, "-backoff", "10ms"}, more...)
}

// run runs the program until it exits.
func (p *program) run(args ...string) (status int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	status = execute(p.t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// load runs a loader with a roster.
func (p *program) load(rows []row, more ...string) (status int, stdout, stderr string) {
	p.t.Helper()
	return p.run(p.flags(append([]string{"-roster", p.write(rows)}, more...)...)...)
}

func (p *program) write(rows []row) (path string) {
	p.t.Helper()
	path = filepath.Join(p.t.TempDir(), "roster.csv")
	require.NoError(p.t, os.WriteFile(path, []byte(rosterOf(rows)), 0o600))
	return path
}

// config returns a loader's configuration.
func (p *program) config(more ...string) *config {
	p.t.Helper()
	c, err := parse(p.flags(append([]string{"-roster", "-"}, more...)...), io.Discard)
	require.NoError(p.t, err)
	return c
}

// discard drops messages: an engine may stop after its test, when t.Log is no longer allowed.
func discard(string, ...any) {}

// open opens the state directory, as the program does.
func (p *program) open(c *config) *store {
	p.t.Helper()
	e, err := openEngine(p.t.Context(), c, loader, discard)
	require.NoError(p.t, err)
	p.t.Cleanup(e.close)
	s, err := e.setUp(p.t.Context(), c)
	require.NoError(p.t, err)
	return s
}

// begin starts a run without workers.
func (p *program) begin(s *store, rows []row) (run, *spool) {
	p.t.Helper()
	roster, err := newSpool(strings.NewReader(rosterOf(rows)), p.t.TempDir())
	require.NoError(p.t, err)
	r, _, err := s.begin(p.t.Context(), roster, p.api, false)
	require.NoError(p.t, err)
	return r, roster
}

// work runs a worker until stop is called.
func (p *program) work(s *store, c *config) (_ *worker, stop func() error) {
	p.t.Helper()
	target, err := newTarget(c)
	require.NoError(p.t, err)
	w := newWorker(s, c, target)
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.work(ctx) }()
	return w, func() error {
		cancel()
		return <-ended
	}
}

// through waits until each row of a run has an outcome.
func (p *program) through(s *store, r run) tally {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	require.NoError(p.t, s.watch(ctx, &r, func(int) {}))
	return r.Tally
}

// subscriptions returns the fake's subscriptions, one per line.
func (p *program) subscriptions() string {
	var b strings.Builder
	for _, s := range p.fake.Subscriptions() {
		fmt.Fprintf(&b, "%s %s %s\n", s.PK, s.Email, s.Plan)
	}
	return b.String()
}

// last returns the last run. No process may use the state directory.
func (p *program) last() run {
	p.t.Helper()
	e, err := openEngine(p.t.Context(), p.config(), loader, discard)
	require.NoError(p.t, err)
	defer e.close()
	s, err := e.store(p.t.Context())
	require.NoError(p.t, err)
	r, _, err := s.last(p.t.Context())
	require.NoError(p.t, err)
	return r
}

func (p *program) letters(s *store, r run) (letters []letter) {
	p.t.Helper()
	require.NoError(p.t, s.buried(p.t.Context(), r.ID, func(l letter) error {
		letters = append(letters, l)
		return nil
	}))
	return letters
}

// nonZero returns the non-zero counts of a tally.
func nonZero(t tally) string {
	var said []string
	for o, n := range t.Outcomes {
		if n != 0 {
			said = append(said, fmt.Sprintf("%s %d", outcome(o), n))
		}
	}
	for _, kind := range sortedKeys(t.Failures) {
		said = append(said, fmt.Sprintf("%s %d", kind, t.Failures[kind]))
	}
	if t.OtherEmail != 0 {
		said = append(said, fmt.Sprintf("other e-mail %d", t.OtherEmail))
	}
	return strings.Join(said, ", ")
}

// putRecord writes a record as another worker would.
func (p *program) putRecord(s *store, pk string, next record) {
	p.t.Helper()
	in, err := s.get(p.t.Context(), shardOf(pk))
	require.NoError(p.t, err)
	_, outdated, err := s.put(p.t.Context(), in, []change{{pk, in.PKs[pk], next, result{outcome: updated}}})
	require.NoError(p.t, err)
	require.Empty(p.t, outdated)
}
