package main

import (
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

// short rounds to the significant digits.
func short(value float64) string {
	if value >= 100 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(value, 'f', 2, 64), "0"), ".")
}
