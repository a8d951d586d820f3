package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rosterOf(rows []row) string {
	var b strings.Builder
	b.WriteString(strings.Join(columns, ",") + "\n")
	for _, r := range rows {
		b.WriteString(strings.Join(r.fields(), ",") + "\n")
	}
	return b.String()
}

func manyRows(n int) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("MS%d", i), fmt.Sprintf("parent%d@example.com", i), plans[i%2], active}
	}
	return rows
}

func jobsOf(t *testing.T, s *spool, first int) []job {
	t.Helper()
	var jobs []job
	for text, err := range s.from(first) {
		require.NoError(t, err)
		var j job
		require.NoError(t, json.Unmarshal(text, &j))
		jobs = append(jobs, j)
	}
	return jobs
}

func TestSpoolHoldsEachRow(t *testing.T) {
	t.Parallel()
	rows := manyRows(3000)
	s, err := newSpool(strings.NewReader(rosterOf(rows)), t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, 3000, s.Rows)
	jobs := jobsOf(t, s, 0)
	require.Len(t, jobs, 3000)
	seen := make(map[string]bool)
	for _, j := range jobs {
		assert.Equal(t, rows[j.Line-2], j.row)
		seen[j.PK] = true
	}
	assert.Len(t, seen, 3000)

	// A loader can resume at any row.
	for _, first := range []int{1, 1500, 2999, 3000} {
		assert.Equal(t, jobs[first:], append([]job{}, jobsOf(t, s, first)...))
	}
}

// Rows are identified by their position, which is the same for the same rows in any order.
func TestSpoolOrderIgnoresRosterOrder(t *testing.T) {
	t.Parallel()
	rows := manyRows(500)
	a, err := newSpool(strings.NewReader(rosterOf(rows)), t.TempDir())
	require.NoError(t, err)
	slices.Reverse(rows)
	b, err := newSpool(strings.NewReader(rosterOf(rows)), t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, a.Hash, b.Hash)
	for i, j := range jobsOf(t, b, 0) {
		assert.Equal(t, jobsOf(t, a, i)[0].row, j.row)
		if i > 20 {
			break
		}
	}
	rows[7].Status = cancelled
	c, err := newSpool(strings.NewReader(rosterOf(rows)), t.TempDir())
	require.NoError(t, err)
	assert.NotEqual(t, a.Hash, c.Hash)
}

// A worker reads and writes a shard once for all of its rows.
func TestSpoolKeepsShardsTogether(t *testing.T) {
	t.Parallel()
	s, err := newSpool(strings.NewReader(rosterOf(manyRows(20_000))), t.TempDir())
	require.NoError(t, err)
	seen, last := make(map[string]bool), ""
	for _, j := range jobsOf(t, s, 0) {
		key := shardOf(j.PK)
		require.True(t, key == last || !seen[key], key)
		seen[key], last = true, key
	}
}

func TestSpoolIsReadableByOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/roster"
	s, err := newSpool(strings.NewReader(rosterOf(manyRows(3))), dir)
	require.NoError(t, err)
	for _, path := range []string{dir, s.part(0)} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, path)
	}
}

func TestShardsOfPKs(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "aa03", shardOf("MS1"))
	assert.NotEqual(t, shardOf("a/b"), shardOf("a%2Fb"))
}
