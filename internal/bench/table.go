package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// table collects the results of several rounds, for each peer and column.
type table struct {
	columns []string
	found   map[cell][]float64
}

type cell struct{ peer, column string }

func newTable() *table { return &table{found: make(map[cell][]float64)} }

func (t *table) add(peer, column string, value float64) {
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	t.found[cell{peer, column}] = append(t.found[cell{peer, column}], value)
}

func (t *table) median(peer, column string) float64 {
	values := slices.Sorted(slices.Values(t.found[cell{peer, column}]))
	if len(values) == 0 {
		return 0
	}
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2
}

// print writes the medians in Markdown. text formats a cell.
func (t *table) print(w io.Writer, title string, columns []string, text func(peer, column string) string) {
	fmt.Fprintf(w, "\n### %s\n\n| client | %s |\n| --- |%s\n", title, strings.Join(columns, " | "), strings.Repeat(" --: |", len(columns)))
	for _, p := range peers {
		fmt.Fprintf(w, "| %s |", p.name)
		for _, column := range columns {
			fmt.Fprintf(w, " %s |", text(p.name, column))
		}
		fmt.Fprintln(w)
	}
}

// printMedians writes the medians of all columns.
func (t *table) printMedians(w io.Writer, title string) {
	t.print(w, title, t.columns, func(peer, column string) string { return short(t.median(peer, column)) })
}

// printRatios writes times relative to those of the baseline, with allocations and microseconds.
func (t *table) printRatios(w io.Writer, title string) {
	times := slices.DeleteFunc(slices.Clone(t.columns), func(column string) bool { return strings.HasSuffix(column, allocations) })
	t.print(w, title, times, func(peer, column string) string {
		took := t.median(peer, column)
		return fmt.Sprintf("%.2f [%s] %.1f", took/t.median(baseline, column), short(t.median(peer, column+allocations)), took/1000)
	})
}

// short rounds to the significant digits.
func short(value float64) string {
	if value >= 100 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(value, 'f', 2, 64), "0"), ".")
}
