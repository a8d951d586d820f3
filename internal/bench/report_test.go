package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// labels returns the first column of the summary.
func labels(s size) (all []string) {
	for _, section := range s.sections() {
		for _, row := range section.Rows {
			all = append(all, row.Label)
		}
	}
	return all
}

// example is a report with two measurements.
func example(release string, factor float64) report {
	r := report{Go: release, Date: "2026-11-30", Machine: "m", Command: "c", Clients: [][]string{{"partnerapi", "module", "v1"}}}
	memory, walk := newTable(), newTable()
	for _, took := range []float64{3000, 1000, 2000} {
		for _, p := range peers {
			memory.add(p.name, "create", factor*took)
			memory.add(p.name, "create"+allocations, 27)
			walk.add(p.name, "seconds", 2)
			walk.add(p.name, "requests", 100)
		}
		memory.add("resty", "create", 900*factor)
	}
	memory.found[cell{"partnerapi", "create"}] = []float64{500 * factor, 700 * factor, 600 * factor}
	memory.found[cell{"partnerapi", "create" + allocations}] = []float64{18}
	walk.found[cell{"partnerapi", "seconds"}] = []float64{0.321}
	sections := full.sections()
	sections[0].Rows = sections[0].Rows[:1]
	r.add(memory, sections[0])
	r.add(walk, sections[len(sections)-2])
	return r
}

func TestReport(t *testing.T) {
	t.Parallel()
	root, results := t.TempDir(), t.TempDir()
	for _, file := range []string{performance, readme} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o700))
	}
	write := func(file, text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write(filepath.Join(root, performance), "before\n"+marker("figures")+"old\n"+marker("figures")+"after\n")
	write(filepath.Join(root, readme), "before\n"+marker("tables")+marker("tables")+"after\n")
	first, second := filepath.Join(results, "go1.26.8.json"), filepath.Join(results, "go1.27.3.json")
	a, b := example("go1.26.8", 1), example("go1.27.3", 2)
	require.NoError(t, a.save(first))
	require.NoError(t, b.save(second))
	write(filepath.Join(results, "go1.27.3.startup"), "### Startup\n")
	var printed strings.Builder
	require.NoError(t, reportOf(&printed, []string{first, second}, root))

	figures, err := os.ReadFile(filepath.Join(root, performance)) //nolint:gosec // the test's own file
	require.NoError(t, err)
	assert.Equal(t, "before\n"+marker("figures")+`
2026-11-30, m: `+"`c`"+`

| measured | SDK, Go 1.26.8 | by hand | best other | SDK, Go 1.27.3 | by hand | best other |
| --- | --: | --: | --- | --: | --: | --- |
| In memory, create: CPU [allocations] | 0.30 [18] | 1.00 [27] | 0.47 [27] resty | 0.30 [18] | 1.00 [27] | 0.47 [27] resty |
| Walk of 10000 records: seconds [requests] | 0.32 [100] | 2 [100] | 2 [100] oapi-codegen | 0.32 [100] | 2 [100] | 2 [100] oapi-codegen |

`+marker("figures")+"after\n", string(figures))
	tables, err := os.ReadFile(filepath.Join(root, readme)) //nolint:gosec // as above
	require.NoError(t, err)
	assert.Contains(t, string(tables), "\n### Go 1.27.3: In memory: CPU of a call against raw [allocations], and in µs\n\n"+
		"| client | create |\n| --- | --: |\n| partnerapi | 0.30 [18] 1.2 |\n| raw | 1.00 [27] 4.0 |\n")
	assert.Contains(t, string(tables), "\n### Startup\n")
	assert.Contains(t, string(tables), "c`, with go1.26.8\n")
	assert.True(t, strings.HasSuffix(string(tables), marker("tables")+"after\n"))
	assert.Contains(t, printed.String(), "| In memory, create: CPU [allocations] | 0.30 [18] |")
}

func TestReportWithoutItsInput(t *testing.T) {
	t.Parallel()
	require.EqualError(t, reportOf(&strings.Builder{}, nil, ""), "no results")
	require.ErrorIs(t, reportOf(&strings.Builder{}, []string{filepath.Join(t.TempDir(), "none")}, ""), os.ErrNotExist)
	file := filepath.Join(t.TempDir(), "file.md")
	require.NoError(t, os.WriteFile(file, []byte("no markers"), 0o600))
	require.ErrorContains(t, replaceIn(file, "tables", ""), "has not two markers")
}

func TestFirstIsTheSDKAndSecondTheBaseline(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "partnerapi", peers[0].name)
	assert.Equal(t, baseline, peers[1].name)
}

// The documents hold the table of what is measured now, with two releases, whatever its figures are.
func TestDocumentsHaveTheTables(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("../..", performance))
	require.NoError(t, err)
	parts := strings.Split(string(text), marker("figures"))
	require.Len(t, parts, 3)
	var got []string
	for line := range strings.Lines(parts[1]) {
		if cells := strings.Split(line, "|"); len(cells) > 1 {
			require.Len(t, cells, 9, line)
			got = append(got, strings.TrimSpace(cells[1]))
		}
	}
	require.Greater(t, len(got), 2)
	assert.Equal(t, labels(full), got[2:])
	assert.Regexp(t, `(?m)^\d{4}-\d\d-\d\d, linux/\w+, .+, \d+ CPUs: `+"`bash internal/bench/run -rounds ", parts[1])
	text, err = os.ReadFile(filepath.Join("../..", readme))
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(text), marker("tables")))
}
