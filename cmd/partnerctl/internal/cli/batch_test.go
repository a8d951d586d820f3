package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// fast is without the limit of requests.
const fast = " --rate 0"

func TestBatch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ stdin, out, err string }{
		"CSV": {
			"pk,email,plan\nMS1,a@example.com,bark\nMS2365,parent@example.com,bark_junior\n",
			`{"line":2,"pk":"MS1","outcome":"created"}` + "\n" + `{"line":3,"pk":"MS2365","outcome":"updated"}` + "\n",
			"1 created, 1 updated, 0 failed, 0 skipped, 0 left\n",
		},
		"CSV of a spreadsheet": {
			"\ufeffplan,email,pk\r\nbark,a@example.com,MS1\r\n",
			`{"line":2,"pk":"MS1","outcome":"created"}` + "\n", "1 created, 0 updated, 0 failed, 0 skipped, 0 left\n",
		},
		"NDJSON": {
			`{"pk":"MS1","email":"a@example.com","plan":"bark"}` + "\n\n" + `{"pk":"MS2","email":"b@example.com","plan":"bark"}`,
			`{"line":1,"pk":"MS1","outcome":"created"}` + "\n" + `{"line":3,"pk":"MS2","outcome":"created"}` + "\n",
			"2 created, 0 updated, 0 failed, 0 skipped, 0 left\n",
		},
		"a header alone": {"pk,email\n", "", "0 created, 0 updated, 0 failed, 0 skipped, 0 left\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newProgram(t).with(test.stdin, "subscriptions ensure -f - --concurrency 1"+fast)
			assert.Equal(t, ran{0, test.out, test.err}, got)
		})
	}
}

// A mistake is found before anything is sent.
func TestBatchRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ stdin, flags, err string }{
		"nothing":            {"", "", "no header: want pk,email,plan: EOF"},
		"another column":     {"pk,email,fee\n", "", "the header has other columns than pk,email,plan"},
		"a column twice":     {"pk,pk,email\n", "", "the header has other columns than pk,email,plan"},
		"no e-mail":          {"pk\nMS1\n", "", "the header has no email"},
		"a short line":       {"pk,email\nMS1,a\nMS2\n", "", "record on line 3: wrong number of fields"},
		"a pk twice":         {"pk,email\nMS1,a\nMS2,b\nMS1,c\n", "", "line 4: the pk of line 2"},
		"another member":     {`{"pk":"MS1","fee":1}`, "", "line 1: want an object with pk, email and plan"},
		"JSON that is cut":   {"{\"pk\":\"MS1\",\"email\":\"a\"}\n{\"pk\":", "", "line 2: want an object with pk, email and plan"},
		"two objects":        {`{"pk":"MS1"}{"pk":"MS2"}`, "", "line 1: want an object with pk, email and plan"},
		"concurrency":        {"pk,email\n", " --concurrency 0", "--concurrency: want 1 to 1000"},
		"rate":               {"pk,email\n", " --rate -1", "--rate: want a number from 0"},
		"one and many":       {"pk,email\n", " --pk MS1", "if any flags in the group [file pk] are set none of the others can be; [file pk] were all set (see -h)"},
		"results of another": {"pk,email\n", " --results go.mod", "not a file of results"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			if strings.Contains(test.flags, "go.mod") {
				file := filepath.Join(t.TempDir(), "go.mod")
				require.NoError(t, os.WriteFile(file, []byte("module x\n"), 0o600))
				test.flags, test.err = " --results "+file, file+": "+test.err
			}
			assert.Equal(t, ran{2, "", "partnerctl: " + test.err + "\n"}, p.with(test.stdin, "subscriptions ensure -f -"+test.flags))
			assert.Empty(t, p.fake.Calls())
		})
	}
}

func TestBatchGoesOn(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	results := filepath.Join(t.TempDir(), "results")
	const input = "pk,email,plan\nMS1,,bark\nMS2,b@example.com,bark\n"
	line := "subscriptions ensure -f - --concurrency 1 --results " + results + fast
	assert.Equal(t, ran{16, "", "1 created, 0 updated, 1 failed, 0 skipped, 0 left\npartnerctl: some lines failed\n"}, p.with(input, line))
	const outcomes = `{"line":2,"pk":"MS1","outcome":"failed","status":15,"error":"partner: POST /partners/subscriptions: 400 Bad Request: Email is blank"}` + "\n" +
		`{"line":3,"pk":"MS2","outcome":"created"}` + "\n"
	assert.Equal(t, strings.SplitAfter(outcomes, "\n"), lines(t, results))

	// Both have an outcome.
	assert.Equal(t, ran{0, "", "0 created, 0 updated, 0 failed, 2 skipped, 0 left\n"}, p.with(input, line))
	assert.Equal(t, strings.SplitAfter(outcomes, "\n"), lines(t, results))

	// A torn line has none.
	require.NoError(t, os.WriteFile(results, []byte(outcomes[:len(outcomes)-5]), 0o600))
	assert.Equal(t, ran{0, "", "0 created, 1 updated, 0 failed, 1 skipped, 0 left\n"}, p.with(input, line))
	assert.Equal(t, strings.SplitAfter(strings.Replace(outcomes, "created", "updated", 1), "\n"), lines(t, results))

	corrected := strings.Replace(input, "MS1,,", "MS1,a@example.com,", 1)
	assert.Equal(t, ran{0, "", "1 created, 0 updated, 0 failed, 1 skipped, 0 left\n"}, p.with(corrected, line+" --retry-failed"))
	assert.Equal(t, []string{`{"line":3,"pk":"MS2","outcome":"updated"}` + "\n", `{"line":2,"pk":"MS1","outcome":"created"}` + "\n", ""}, lines(t, results))

	other := p.with("pk,email\nMS9,a@example.com\n", line)
	assert.Equal(t, ran{2, "", "partnerctl: " + results + ": line 2 has another pk: these are the results of another input\n"}, other)
	shorter := p.with("pk,email\nMS1,a@example.com\n", line)
	assert.Equal(t, ran{2, "", "partnerctl: " + results + ": it has lines that the input does not have: these are the results of another input\n"}, shorter)
}

// lines returns the lines of a file, and what follows the last one.
func lines(t *testing.T, file string) []string {
	t.Helper()
	return strings.SplitAfter(read(t, file), "\n")
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file) //nolint:gosec // of the test
	require.NoError(t, err)
	return string(content)
}

// A rejected credential would fail every line.
func TestBatchStops(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.store(map[string]string{partnerToken: "revoked"})
	got := p.with("pk,email\nMS1,a@example.com\nMS2,b@example.com\nMS3,c@example.com\n", "subscriptions ensure -f - --concurrency 1"+fast)
	assert.Equal(t, ran{6, "", "0 created, 0 updated, 0 failed, 0 skipped, 3 left\n" +
		"partnerctl: partner: POST /partners/subscriptions: 401 Unauthorized: Please provide a valid token\n"}, got)
	assert.Len(t, p.fake.Calls(), 1)
}

// A line that is cut off has no outcome.
func TestBatchInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProgram(t)
		p.fake.Fail("POST /partners/subscriptions", partnertest.Fault{}, partnertest.Fault{Delay: time.Minute})
		ctx, interrupt := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			interrupt()
		}()
		got := p.start(ctx, "pk,email,plan\nMS1,a@example.com,bark\nMS2,b@example.com,bark\nMS3,b@example.com,bark\n", nil,
			"subscriptions", "ensure", "-f", "-", "--concurrency", "1", "--rate", "0")
		assert.Equal(t, ran{
			130, `{"line":2,"pk":"MS1","outcome":"created"}` + "\n",
			"1 created, 0 updated, 0 failed, 0 skipped, 2 left\npartnerctl: interrupted\n",
		}, got)
	})
}

// The default keeps to the documented 10 requests in 2 seconds.
func TestRate(t *testing.T) {
	t.Parallel()
	limiter := limit(4)
	start, within := time.Now(), 0
	for range 20 {
		if limiter.ReserveN(start, 1).DelayFrom(start) <= 2*time.Second {
			within++
		}
	}
	assert.Equal(t, 10, within)
}

// The roster of the test: every twentieth request meets a fault, of each kind in turn.
const rosterLines = 10_000

func roster(t *testing.T) (file string, want []partnertest.Subscription) {
	t.Helper()
	var text strings.Builder
	text.WriteString("pk,email,plan\n")
	for i := range rosterLines {
		plan := partnerapi.PlanBark
		if i%3 == 0 {
			plan = partnerapi.PlanBarkJunior
		}
		s := partnertest.Subscription{PK: fmt.Sprintf("MS%05d", i), Email: fmt.Sprintf("parent%d@example.com", i), Plan: plan}
		want = append(want, s)
		_, _ = fmt.Fprintf(&text, "%s,%s,%s\n", s.PK, s.Email, s.Plan)
	}
	file = filepath.Join(t.TempDir(), "roster.csv")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	return file, want
}

func withFaults(fake *partnertest.Fake) {
	kinds := []partnertest.Fault{
		{Status: 503}, {Status: 502, Processed: true}, {Cut: partnertest.CutAfter}, {Cut: partnertest.CutBefore}, {Status: 200, Body: "<html>"},
	}
	var faults []partnertest.Fault
	for i := range 2 * rosterLines / 20 {
		faults = append(append(faults, make([]partnertest.Fault, 19)...), kinds[i%len(kinds)])
	}
	fake.Fail("POST /partners/subscriptions", faults...)
	fake.Fail("PUT /partners/subscriptions/{pk}", faults...)
}

// A run over a roster is killed, again and again, and resumed: every line has exactly one outcome, and the state is that of the
// file.
func TestBatchKilled(t *testing.T) {
	t.Parallel()
	fake := partnertest.NewServer(t)
	withFaults(fake)
	input, want := roster(t)
	dir := t.TempDir()
	results := filepath.Join(dir, "results.ndjson")
	kills := 0
	for {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "subscriptions", "ensure", "-f", input, "--results", results, "--retry-failed", //nolint:gosec // this binary
			"--rate", "0", "--concurrency", "100", "--server", fake.URL)
		cmd.Env = append(os.Environ(), "PARTNERCTL_TEST_PROGRAM=1", "XDG_CONFIG_HOME="+dir, "PARTNERAPI_PARTNER_TOKEN="+partnertest.PartnerToken)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		if kills < 4 {
			kills++
			waitForLines(t, results, kills*rosterLines/5)
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait() // it was killed
			continue
		}
		err := cmd.Wait()
		if err == nil {
			break
		}
		require.Equal(t, 16, cmd.ProcessState.ExitCode(), stderr.String())
	}
	seen := make(map[string]int)
	for line := range strings.Lines(read(t, results)) {
		var r result
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		assert.Contains(t, []string{"created", "updated"}, r.Outcome)
		seen[r.PK]++
	}
	assert.Len(t, seen, rosterLines)
	for pk, outcomes := range seen {
		assert.Equal(t, 1, outcomes, pk)
	}
	assert.Equal(t, want, fake.Subscriptions())
}

// waitForLines waits until a file has so many lines.
func waitForLines(t *testing.T, file string, lines int) {
	t.Helper()
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(file) //nolint:gosec // of the test
		return err == nil && strings.Count(string(content), "\n") >= lines
	}, 20*time.Second, 5*time.Millisecond)
}

// tornFile fails a write in its middle, and then works again, as a disk does that was full.
type tornFile struct {
	bytes.Buffer
	writes int
}

func (f *tornFile) Write(text []byte) (int, error) {
	if f.writes++; f.writes == 2 {
		_, _ = f.Buffer.Write(text[:10])
		return 10, errors.New("no space left")
	}
	return f.Buffer.Write(text)
}

// After a write that failed, nothing is written behind the torn line: only a last line can be cut off.
func TestBatchTornWrite(t *testing.T) {
	t.Parallel()
	for range 20 {
		p := newProgram(t)
		input := "pk,email,plan\n"
		for i := range 30 {
			input += fmt.Sprintf("MS%d,a@example.com,bark\n", i)
		}
		var out tornFile
		got := p.start(t.Context(), input, func(a *app) { a.out = &out }, "subscriptions", "ensure", "-f", "-", "--rate", "0")
		assert.Equal(t, 1, got.status)
		assert.Contains(t, got.err, "no space left")
		require.Equal(t, 2, out.writes)
	}
}
