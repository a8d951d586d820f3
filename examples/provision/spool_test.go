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

// Jobs that are done at the same time should rarely share a shard, or spread over many parts of the bucket's files.
func TestSpoolSpreadsShards(t *testing.T) {
	t.Parallel()
	s, err := newSpool(strings.NewReader(rosterOf(manyRows(20_000))), t.TempDir())
	require.NoError(t, err)
	jobs := jobsOf(t, s, 0)
	together := 0
	for i := 16; i < len(jobs); i++ {
		for k := i - 16; k < i; k++ {
			if shardOf(jobs[k].PK) == shardOf(jobs[i].PK) {
				together++
				break
			}
		}
		assert.LessOrEqual(t, partOf(jobs[i-1].PK), partOf(jobs[i].PK))
	}
	assert.Less(t, together, len(jobs)/8)
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
