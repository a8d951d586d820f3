package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestWrongCommandLines(t *testing.T) {
	t.Setenv(tokenVariable, "")
	tests := map[string]struct {
		args []string
		want string
	}{
		"no roster":           {[]string{"-rate", "5"}, "-roster is required; see -h"},
		"unknown flag":        {[]string{"-speed", "5"}, "flag provided but not defined: -speed; see -h"},
		"unknown word":        {[]string{"stat"}, `unexpected argument "stat"; see -h`},
		"argument":            {[]string{"-roster", "x", "y"}, `unexpected argument "y"; see -h`},
		"no number":           {[]string{"-roster", "x", "-rate", "fast"}, `invalid value "fast" for flag -rate: parse error; see -h`},
		"below zero":          {[]string{"-roster", "x", "-rate", "-1"}, "-rate: 0 or more"},
		"no rate":             {[]string{"-roster", "x", "-rate", "NaN"}, "-rate: 0 or more"},
		"fakes of many":       {[]string{"-roster", "x", "-nats", "nats://127.0.0.1:1"}, "-api is required: otherwise each process would have its own fake"},
		"fake of a worker":    {[]string{"worker"}, "-api is required: otherwise each process would have its own fake"},
		"roster of a worker":  {[]string{"worker", "-roster", "x"}, "flag provided but not defined: -roster; see -h"},
		"credentials":         {[]string{"-roster", "x", "-creds", "x"}, "-creds requires -nats"},
		"worker without jobs": {[]string{"worker", "-api", "live", "-parallel", "0"}, "-parallel: at least 1 for a worker"},
		"name":                {[]string{"-roster", "x", "-name", "a.b"}, "-name: letters, digits, - and _"},
		"replicas":            {[]string{"-roster", "x", "-replicas", "6"}, "-replicas: 1 to 5, or 0"},
		"ack wait":            {[]string{"-roster", "x", "-ack-wait", "10ms"}, "-ack-wait: at least 1s, or 0"},
		"parallel":            {[]string{"-roster", "x", "-parallel", "-1"}, "-parallel: 0 or more"},
		"deliveries":          {[]string{"-roster", "x", "-deliveries", "0"}, "-deliveries: at least 1"},
		"backoff":             {[]string{"-roster", "x", "-backoff", "-1s"}, "-backoff: 0 or more"},
		"fake of a loader":    {[]string{"-roster", "x", "-nats", "nats://127.0.0.1:1", "-parallel", "0"}, "-api is required: otherwise each process would have its own fake"},
		"dry worker":          {[]string{"worker", "-api", "live", "-dry-run"}, "flag provided but not defined: -dry-run; see -h"},
		"paced status":        {[]string{"status", "-rate", "5"}, "flag provided but not defined: -rate; see -h"},
		"a token for a fake":  {[]string{"-roster", "x", "-token-file", "t"}, "-token-file without -api: requests would go to the fake"},
		"no token":            {[]string{"-roster", "x", "-api", "live"}, "no token: set PARTNERAPI_PARTNER_TOKEN or -token-file"},
		"no token for worker": {[]string{"worker", "-api", "live"}, "no token: set PARTNERAPI_PARTNER_TOKEN or -token-file"},
	}
	for name, test := range tests { //nolint:paralleltest // environment variables are shared by the process
		t.Run(name, func(t *testing.T) {
			p := &program{t: t}
			status, out, errs := p.run(test.args...)
			assert.Equal(t, 2, status)
			assert.Empty(t, out)
			assert.Equal(t, "provision: "+test.want+"\n", errs)
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	p := &program{t: t}
	for _, args := range [][]string{{"-h"}, {"worker", "-h"}, {"status", "-help"}} {
		status, out, errs := p.run(args...)
		assert.Zero(t, status)
		assert.Empty(t, out)
		assert.Contains(t, errs, "provision -roster roster.csv")
		assert.Contains(t, errs, "  -name prefix\n")
		assert.Equal(t, args[0] == "-h", strings.Contains(errs, "  -recheck\n"))
	}
}

func TestStartupErrors(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	tests := map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no file":          {p.flags("-roster", "nowhere.csv"), 1, "open nowhere.csv: no such file or directory"},
		"plain HTTP":       {[]string{"-state", p.state, "-roster", "x", "-api", "http://example.com", "-token-file", p.token}, 1, "WithBaseURL"},
		"no NATS":          {p.flags("-roster", "x", "-nats", "nats://127.0.0.1:1"), 1, "nats: no servers available"},
		"no state, status": {[]string{"status", "-state", t.TempDir()}, 1, "no roster has been loaded yet"},
	}
	for name, test := range tests { //nolint:paralleltest // they share a state directory
		t.Run(name, func(t *testing.T) {
			status, out, errs := p.run(test.args...)
			assert.Equal(t, test.status, status)
			assert.Empty(t, out)
			assert.Contains(t, errs, test.want)
			assert.NotContains(t, errs, partnertest.PartnerToken)
		})
	}
}

func TestBadRosterSendsNothing(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	status, out, errs := p.load([]row{bark, {"MS2", "a@example.com", "meow", active}, bark})
	assert.Equal(t, 2, status)
	assert.Empty(t, out)
	assert.Equal(t, "provision: line 3: the plan is neither bark nor bark_junior\nline 4: duplicate of the pk in line 2\n2 invalid lines: nothing was sent\n", errs)
	assert.Empty(t, p.fake.Calls())
}

// shown masks the parts of an output that differ between runs.
func shown(out string) string {
	out = regexp.MustCompile(`rows in \S+, [\d,.]+ a second`).ReplaceAllString(out, "rows in TIME, RATE a second")
	return regexp.MustCompile(`(?m)^the failed rows: .*$`).ReplaceAllString(out, "the failed rows: FILE")
}

func TestReportAndFailedRows(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for _, pk := range []string{"MS1", "MS2"} {
		p.fake.SeedSubscription(partnertest.Subscription{PK: pk, Email: pk + "@example.com", Plan: "bark"})
	}
	invalid := partnertest.Fault{Status: 400, Body: `{"success":false,"error":"Email, please","error_type":"invalid_params"}`}
	p.fake.Fail(post, invalid, invalid, partnertest.Fault{Status: 503})
	rows := append(manyRows(40), row{"MS-gone", "", "", cancelled}, row{"MS-was", "x@example.com", "bark", cancelled})
	p.fake.SeedSubscription(partnertest.Subscription{PK: "MS-was", Email: "x@example.com", Plan: "bark"})
	status, out, errs := p.load(rows, "-deliveries", "1")
	assert.Equal(t, 1, status, errs)
	assert.Regexp(t, `^created            3[567]
updated             [012]
cancelled           1
unchanged           1
failed              3
  invalid request: 2
  server error: 1
42 rows in TIME, RATE a second
the failed rows: FILE
$`, shown(out))

	failedRows := filepath.Join(p.state, failedFile)
	text, err := os.ReadFile(failedRows)
	require.NoError(t, err)
	assert.Regexp(t, `^pk,email,plan,status,error
(MS\d+,parent\d+@example.com,bark(_junior)?,active,"?partner: POST /partners/subscriptions: .*\n){3}$`, string(text))
	assert.Equal(t, 2, strings.Count(string(text), `"partner: POST /partners/subscriptions: 400 Bad Request: Email, please"`))
	info, err := os.Stat(failedRows)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077)

	// The file is a valid roster, and loading it creates the three rows.
	status, out, errs = p.run(p.flags("-roster", failedRows)...)
	assert.Zero(t, status, errs)
	assert.Regexp(t, `^created             [123]
updated             [012]
cancelled           0
unchanged           0
failed              0
3 rows in TIME, RATE a second
$`, shown(out))
	assert.NoFileExists(t, failedRows)

	status, out, _ = p.load(rows)
	assert.Zero(t, status)
	assert.Contains(t, out, "unchanged          42\n")
}

func TestStandardInputAndNoRows(t *testing.T) { //nolint:paralleltest // standard input is shared by the process
	p := newProgram(t)
	file, err := os.Open(p.write(nil))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	was := os.Stdin
	os.Stdin = file
	defer func() { os.Stdin = was }()
	status, out, errs := p.run(p.flags("-roster", "-")...)
	assert.Zero(t, status, errs)
	assert.Contains(t, out, "0 rows in ")
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	rows := append(manyRows(1500), row{"MS-a", "", "", cancelled})
	status, out, errs := p.load(rows, "-dry-run", "-rate", "5")
	assert.Zero(t, status, errs)
	assert.Equal(t, `would ensure      1,500 subscriptions that are unknown or not known to be active
                      0 with a changed plan
would cancel          1
would leave           0 unchanged
1,501 to 3,001 requests, 5m0s to 10m0s for one worker at 5 a second
`, out)
	assert.Empty(t, p.fake.Calls())

	status, _, _ = p.load(rows)
	require.Zero(t, status)
	calls := len(p.fake.Calls())
	rows[0].Plan, rows[1].Status = "bark_junior", cancelled
	status, out, errs = p.load(append(rows, row{"MS-b", "b@example.com", "bark", active}), "-dry-run")
	assert.Zero(t, status, errs)
	assert.Equal(t, `would ensure          1 subscriptions that are unknown or not known to be active
                      1 with a changed plan
would cancel          1
would leave       1,499 unchanged
4 to 5 requests
`, out)
	assert.Len(t, p.fake.Calls(), calls)
	assert.Equal(t, 1501, p.last().Rows, "a dry run is not recorded")

	_, out, _ = p.load(rows[1:], "-dry-run", "-recheck")
	assert.Equal(t, `would ensure      1,498 subscriptions that are unknown or not known to be active
                      0 with a changed plan
would cancel          2
would leave           0 unchanged
1,500 to 2,998 requests
`, out)
}

func TestStatus(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config("-parallel", "2")
	s := p.open(c)
	r, roster := p.begin(s, manyRows(30))
	require.NoError(t, s.load(t.Context(), r, roster))
	status, out, errs := p.run("status", "-state", p.state)
	assert.Zero(t, status, errs)
	assert.Equal(t, `0 of 30 rows (0 %), no recent progress
30 rows are in the stream
30 jobs queued, 0 in progress or waiting for a retry
created             0
updated             0
cancelled           0
unchanged           0
failed              0
`, out)
	_, _, errs = p.load(manyRows(30))
	assert.Equal(t, "provision: "+p.state+": in use by another process; see provision status\n", errs)

	followed := make(chan string, 1)
	go func() {
		var out, errs bytes.Buffer
		_ = execute(t.Context(), []string{"status", "-follow", "-state", p.state}, &out, &errs)
		followed <- out.String() + errs.String()
	}()
	_, stop := p.work(s, c)
	p.through(s, r)
	require.NoError(t, stop())
	const done = "created            30\nupdated             0\ncancelled           0\nunchanged           0\nfailed              0\n"
	assert.Equal(t, done, <-followed)
	_, out, _ = p.run("status", "-state", p.state)
	assert.Equal(t, "30 of 30 rows (100 %)\n30 rows are in the stream\n0 jobs queued, 0 in progress or waiting for a retry\n"+done, out)
}

// An API that has lost confirmed data is asked again only with -recheck.
func TestRecheck(t *testing.T) {
	t.Parallel()
	loses := func(pks ...string) func(*program) {
		return func(p *program) {
			for _, pk := range pks {
				require.NoError(p.t, p.fake.Client().Subscriptions.Cancel(p.t.Context(), pk))
			}
		}
	}
	was := []row{bark, {"MS2", "b@example.com", "bark_junior", active}, {"MS3", "", "", cancelled}}
	const there = "MS1 a@example.com bark\nMS2 b@example.com bark_junior\n"
	tests := map[string]struct {
		happens func(*program)
		more    []string // additional flags

		want  string
		calls string
		there string
	}{
		"all is lost, unnoticed": {loses("MS1", "MS2"), nil, "unchanged 3", "", ""},
		"all is lost":            {loses("MS1", "MS2"), []string{"-recheck"}, "created 2, unchanged 1", "DELETE 404, POST 201, POST 201", there},
		"some is lost":           {loses("MS2"), []string{"-recheck"}, "created 1, updated 1, unchanged 1", "DELETE 404, POST 201, POST 400, PUT 200", there},
		"nothing is lost":        {loses(), []string{"-recheck"}, "updated 2, unchanged 1", "DELETE 404, POST 400, POST 400, PUT 200, PUT 200", there},
		"a backup with one that has left": {func(p *program) {
			p.fake.SeedSubscription(partnertest.Subscription{PK: "MS3", Email: "c@example.com", Plan: "bark"})
		}, []string{"-recheck"}, "updated 2, cancelled 1", "DELETE 200, POST 400, POST 400, PUT 200, PUT 200", there},
		"a backup with another plan": {func(p *program) {
			p.fake.SeedSubscription(partnertest.Subscription{PK: "MS2", Email: "b@example.com", Plan: "bark"})
		}, []string{"-recheck"}, "updated 2, unchanged 1", "DELETE 404, POST 400, POST 400, PUT 200, PUT 200", there},
		"a response is lost": {func(p *program) {
			loses("MS1", "MS2")(p)
			p.fake.Fail(post, partnertest.Fault{Status: 503}, partnertest.Fault{Status: 503})
		}, []string{"-recheck"}, "created 2, unchanged 1", "DELETE 404, POST 201, POST 201, POST 503, POST 503", there},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			status, _, errs := p.load(was)
			require.Zero(t, status, errs)
			test.happens(p)
			earlier := len(p.fake.Calls())
			status, _, errs = p.load(was, test.more...)
			require.Zero(t, status, errs)

			assert.Equal(t, test.want, nonZero(p.last().Tally))
			var calls []string
			for _, call := range p.fake.Calls()[earlier:] {
				calls = append(calls, call.Method+" "+strconv.Itoa(call.Status))
			}
			slices.Sort(calls)
			assert.Equal(t, test.calls, strings.Join(calls, ", "))
			assert.Equal(t, test.there, p.subscriptions())
			status, _, errs = p.load(was)
			require.Zero(t, status, errs)
			assert.Equal(t, "unchanged 3", nonZero(p.last().Tally), "confirmed state is used again")
		})
	}
}

// A run keeps the -recheck setting it started with: a run without it ends before one with it starts.
func TestRecheckOfARosterInProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		began, goesOn []string
		want          string
		reports       int
	}{
		"all the time": {[]string{"-recheck"}, []string{"-recheck"}, "created 31", 1},
		"at first":     {[]string{"-recheck"}, nil, "created 31", 1},
		"later":        {nil, []string{"-recheck"}, "created 30, updated 1", 2},
		"never":        {nil, nil, "created 1, unchanged 30", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			status, _, errs := p.load(manyRows(30))
			require.Zero(t, status, errs)
			for _, s := range p.fake.Subscriptions() {
				require.NoError(t, p.fake.Client().Subscriptions.Cancel(t.Context(), s.PK))
			}
			good := p.token
			p.token = p.write(nil)
			status, _, _ = p.load(append(manyRows(30), row{"MS-new", "new@example.com", "bark", active}), test.began...)
			require.Equal(t, 1, status, "the token stops it")
			p.token = good

			status, out, errs := p.load(append(manyRows(30), row{"MS-new", "new@example.com", "bark", active}), test.goesOn...)
			assert.Zero(t, status, errs)
			assert.Equal(t, test.reports, strings.Count(out, "31 rows in "), out)
			assert.Equal(t, test.want, nonZero(p.last().Tally))
		})
	}
}

// The fake in the process starts with the confirmed subscriptions, or a second night would find none.
func TestEmbeddedFakeRestoresState(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	roster := p.write(manyRows(10))
	for _, want := range []string{"created            10\n", "unchanged          10\n"} {
		status, out, errs := p.run("-state", p.state, "-roster", roster)
		assert.Zero(t, status, errs)
		assert.Contains(t, out, want)
	}
	rows := manyRows(10)
	rows[3].Plan = "bark"
	status, out, errs := p.run("-state", p.state, "-roster", p.write(rows))
	assert.Zero(t, status, errs)
	assert.Contains(t, out, "updated             1\n")
	assert.Contains(t, out, "unchanged           9\n")

	// The state of the fake must not be used for another API.
	status, _, errs = p.load(rows)
	assert.Equal(t, 1, status)
	assert.Equal(t, "provision: the stored state is of fake, not of "+p.api+": use another -state or -name, or the same -api\n", errs)
}

// Last night's roster is completed before tonight's, from the copy in the state directory.
func TestEarlierRosterIsFinishedFirst(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	good := p.token
	p.token = p.write(nil)
	status, _, _ := p.load(manyRows(30)) // the token stops it
	require.Equal(t, 1, status)
	p.token = good

	tonight := manyRows(30)
	tonight[4].Status = cancelled
	status, out, errs := p.load(tonight)
	assert.Zero(t, status, errs)
	assert.Contains(t, errs, "is still in progress: finishing it first")
	assert.Equal(t, 2, strings.Count(out, "30 rows in "), out)
	assert.Contains(t, out, "created            30\n")
	assert.Contains(t, out, "cancelled           1\nunchanged          29\n")
	assert.Len(t, p.fake.Subscriptions(), 29)
}

func TestUnwritableFailedFile(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	status, out, errs := p.load(manyRows(3), "-failed", filepath.Join(p.state, "nowhere", "failed.csv"))
	assert.Equal(t, 1, status)
	assert.Empty(t, out)
	assert.Contains(t, errs, "provision: -failed: ")
	assert.Empty(t, p.fake.Calls())
}

func TestNoLoader(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	status, _, errs := p.run("status", "-state", nowhere)
	assert.Equal(t, 1, status)
	assert.Equal(t, "provision: "+nowhere+": no roster has been loaded yet\n", errs)
	assert.NoDirExists(t, nowhere)

	status, _, _ = p.load(manyRows(3))
	require.Zero(t, status)
	status, _, errs = p.run(append([]string{"worker"}, p.flags()...)...)
	assert.Equal(t, 1, status)
	assert.Equal(t, "provision: "+p.state+": no loader is running there: start provision -roster first, or name a server with -nats\n", errs)
	status, out, errs := p.run("status", "-state", p.state)
	assert.Zero(t, status, errs)
	assert.Contains(t, out, "created             3\n")
}

// Followers and workers end too, although the server that they are connected to stops with the loader.
func TestFollowToTheEnd(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.fake.Handle(post, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { close(began) })
		<-goOn
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"success":true}`))
	}))
	loaded := make(chan int, 1)
	roster := p.write(manyRows(40))
	go func() {
		loaded <- execute(t.Context(), p.flags("-roster", roster), io.Discard, io.Discard)
	}()
	<-began
	followed, helped := make(chan string, 1), make(chan string, 1)
	for command, told := range map[string]chan string{"status": followed, "worker": helped} {
		go func() {
			var out, errs bytes.Buffer
			args := append([]string{"worker"}, p.flags()...)
			if command == "status" {
				args = []string{"status", "-follow", "-state", p.state}
			}
			execute(t.Context(), args, &out, &errs)
			told <- out.String() + errs.String()
		}()
	}
	close(goOn)
	assert.Zero(t, <-loaded)
	assert.Contains(t, <-followed, "created            40\n")
	assert.NotEmpty(t, <-helped)
}

func TestPasswordInURLIsRedacted(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for _, where := range []string{"nats://user:se%cret@127.0.0.1:1", "nats://user:secret@127.0.0.1:1", "nats://user:secret@:x"} {
		status, _, errs := p.run(p.flags("-roster", "x", "-nats", where)...)
		assert.Equal(t, 1, status)
		assert.NotContains(t, errs, "cret", where)
	}
}
