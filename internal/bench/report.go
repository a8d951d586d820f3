package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// report is the result of all measurements with one Go release.
type report struct {
	Go       string     `json:"go"`
	Date     string     `json:"date"`
	Machine  string     `json:"machine"`
	Command  string     `json:"command"`
	Clients  [][]string `json:"clients"` // name, module and version
	Sections []section  `json:"sections"`
	Startup  string     `json:"-"` // the table of startup, which has a file of its own beside the report
}

// section is the result of one measurement: medians, by client and column.
type section struct {
	Title   string                        `json:"title"`
	Columns []string                      `json:"columns"`
	Medians map[string]map[string]float64 `json:"medians"`
	Rows    []row                         `json:"rows"` // what the summary shows
}

// row is a line of the summary.
type row struct {
	Label        string `json:"label"`
	Column       string `json:"column"`
	Beside       string `json:"beside"` // the column of the figure in brackets
	IsRatio      bool   `json:"ratio"`
	MoreIsBetter bool   `json:"more_is_better"`
}

// sections returns all measurements, without figures.
func (s size) sections() []section {
	memory := section{Title: "In memory: CPU of a call against " + baseline + " [allocations], and in µs"}
	for _, call := range []string{"create", "account", "list", "error"} {
		memory.Rows = append(memory.Rows, row{"In memory, " + call + ": CPU [allocations]", call, call + allocations, true, false})
	}
	all := []section{memory}
	for _, l := range s.lanes() {
		all = append(all, section{Title: "Loopback: " + l.title(), Rows: []row{
			{l.name + ", callers: " + fmt.Sprint(l.callers) + ": calls/s [connections]", "calls/s", "connections", false, true},
		}})
	}
	return append(all,
		section{Title: "Walk: " + s.list.title(), Rows: []row{
			{fmt.Sprintf("Walk of %d records: seconds [requests]", s.list.pages*recordsPerPage), "seconds", "requests", false, false},
		}},
		section{Title: "Outage: requests per call"})
}

// add adds the medians of a table.
func (r *report) add(t *table, s section) {
	s.Columns = t.columns
	s.Medians = make(map[string]map[string]float64)
	for _, p := range peers {
		s.Medians[p.name] = make(map[string]float64)
		for _, column := range t.columns {
			s.Medians[p.name][column] = t.median(p.name, column)
		}
	}
	r.Sections = append(r.Sections, s)
}

func (r *report) save(file string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// conditions returns them in one line.
func (r *report) conditions() string {
	return fmt.Sprintf("%s, %s: `%s`", r.Date, r.Machine, r.Command)
}

// print writes all tables.
func (r *report) print(w io.Writer) {
	fmt.Fprintln(w, "| client | module | version |\n| --- | --- | --- |")
	for _, c := range r.Clients {
		fmt.Fprintf(w, "| %s |\n", strings.Join(c, " | "))
	}
	for _, s := range r.Sections {
		s.print(w, strings.Replace(r.Go, "go", "Go ", 1)+": ")
	}
	if r.Startup != "" {
		fmt.Fprintf(w, "\n%s", r.Startup)
	}
}

// print writes the medians in Markdown. Those of times come with allocations.
func (s section) print(w io.Writer, release string) {
	columns := slices.DeleteFunc(slices.Clone(s.Columns), func(column string) bool { return strings.HasSuffix(column, allocations) })
	fmt.Fprintf(w, "\n### %s%s\n\n| client | %s |\n", release, s.Title, strings.Join(columns, " | "))
	fmt.Fprintf(w, "| --- |%s\n", strings.Repeat(" --: |", len(columns)))
	for _, p := range peers {
		fmt.Fprintf(w, "| %s |", p.name)
		for _, column := range columns {
			median := s.Medians[p.name][column]
			text := short(median)
			if len(columns) < len(s.Columns) {
				times := row{Column: column, Beside: column + allocations, IsRatio: true}
				text = fmt.Sprintf("%s %.1f", s.figures(p.name, times), median/1000)
			}
			fmt.Fprintf(w, " %s |", text)
		}
		fmt.Fprintln(w)
	}
}

// figures returns the figures of a client in a row.
func (s section) figures(client string, of row) string {
	got := s.Medians[client]
	figure := short(got[of.Column])
	if of.IsRatio {
		figure = fmt.Sprintf("%.2f", got[of.Column]/s.Medians[baseline][of.Column])
	}
	return fmt.Sprintf("%s [%s]", figure, short(got[of.Beside]))
}

// best returns the best client in a row, apart from the SDK and the baseline.
func (s section) best(of row) string {
	best := ""
	for _, p := range peers[2:] {
		got, most := s.Medians[p.name][of.Column], s.Medians[best][of.Column]
		if best == "" || of.MoreIsBetter && got > most || !of.MoreIsBetter && got < most {
			best = p.name
		}
	}
	return best
}

// summary writes one table of several releases, with the SDK, the baseline and the best of the other clients.
func summary(w io.Writer, reports []report) {
	fmt.Fprintf(w, "%s\n\n| measured |", reports[0].conditions())
	for _, r := range reports {
		fmt.Fprintf(w, " SDK, %s | by hand | best other |", strings.Replace(r.Go, "go", "Go ", 1))
	}
	fmt.Fprintf(w, "\n| --- |%s\n", strings.Repeat(" --: | --: | --- |", len(reports)))
	for i, s := range reports[0].Sections {
		for _, line := range s.Rows {
			fmt.Fprintf(w, "| %s |", line.Label)
			for _, r := range reports {
				s := r.Sections[i]
				best := s.best(line)
				fmt.Fprintf(w, " %s | %s | %s %s |", s.figures(peers[0].name, line), s.figures(baseline, line), s.figures(best, line), best)
			}
			fmt.Fprintln(w)
		}
	}
}

// load reads saved results, and the table of startup beside them if there is one.
func load(file string) (r report, err error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user's own file
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	text, err = os.ReadFile(strings.TrimSuffix(file, ".json") + ".startup")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	r.Startup = string(text)
	return r, err
}

// reportOf prints the tables of saved results, and writes them to the documents in root if that is not empty.
func reportOf(w io.Writer, files []string, root string) error {
	if len(files) == 0 {
		return errors.New("no results")
	}
	var reports []report
	var tables, figures strings.Builder
	for i, file := range files {
		r, err := load(file)
		if err != nil {
			return err
		}
		reports = append(reports, r)
		if i > 0 {
			fmt.Fprintln(&tables)
		}
		fmt.Fprintf(&tables, "%s, with %s\n\n", r.conditions(), r.Go)
		r.print(&tables)
	}
	summary(&figures, reports)
	fmt.Fprint(w, figures.String(), "\n", tables.String())
	if root == "" {
		return nil
	}
	return errors.Join(
		replaceIn(filepath.Join(root, performance), "figures", figures.String()),
		replaceIn(filepath.Join(root, readme), "tables", tables.String()))
}

// The documents with figures.
const (
	performance = "docs/performance.md"
	readme      = "internal/bench/README.md"
)

// marker returns the comment before and after what [replaceIn] replaces.
func marker(name string) string {
	return "<!-- " + name + ": written by bash internal/bench/run -write -->\n"
}

// replaceIn replaces what is between the two markers of a document.
func replaceIn(file, name, with string) error {
	text, err := os.ReadFile(file) //nolint:gosec // one of the two documents, or a test's own
	if err != nil {
		return err
	}
	parts := strings.Split(string(text), marker(name))
	if len(parts) != 3 {
		return fmt.Errorf("%s has not two markers of its %s", file, name)
	}
	parts[1] = "\n" + with + "\n"
	return os.WriteFile(file, []byte(strings.Join(parts, marker(name))), 0o600) //nolint:gosec // as above
}
