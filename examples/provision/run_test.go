package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.open(p.config())
	ctx := t.Context()
	_, _, err := s.last(ctx)
	require.ErrorIs(t, err, errNoRun)

	first, roster := p.begin(s, manyRows(3))
	assert.Equal(t, 3, first.Rows)
	again, resumed, err := s.begin(ctx, roster, p.api, false)
	require.NoError(t, err)
	assert.True(t, resumed)
	assert.Equal(t, first, again)

	other, err := newSpool(strings.NewReader(rosterOf(manyRows(4))), t.TempDir())
	require.NoError(t, err)
	earlier, _, err := s.begin(ctx, other, p.api, false)
	require.ErrorIs(t, err, errInProgress)
	assert.Equal(t, first, earlier)
	_, _, err = s.begin(ctx, roster, apiLive, false)
	require.EqualError(t, err, "the stored state is of "+p.api+", not of live: use another -state or -name, or the same -api")

	// A roster in progress without -recheck does not become one with it.
	earlier, _, err = s.begin(ctx, roster, p.api, true)
	require.ErrorIs(t, err, errInProgress)
	assert.Equal(t, first, earlier)

	// The loader is killed after all rows are done, before it reports: the next loader reports.
	require.NoError(t, s.load(ctx, first, roster))
	_, stop := p.work(s, p.config())
	p.through(s, first)
	require.NoError(t, stop())
	_, _, err = s.begin(ctx, other, p.api, false)
	require.ErrorIs(t, err, errInProgress)
	var told bytes.Buffer
	require.NoError(t, s.finishEarlier(ctx, p.config("-parallel", "0"), &first, nil, &told, newProgress(io.Discard)))
	assert.Contains(t, told.String(), "created             3\n")
	second, resumed, err := s.begin(ctx, other, p.api, false)
	require.NoError(t, err)
	assert.False(t, resumed)
	assert.Greater(t, second.ID, first.ID)
	assert.Equal(t, 4, second.Rows)
	_, err = s.change(ctx, first.ID, func(*run) {})
	require.ErrorIs(t, err, errSuperseded)

	// An operator deletes the second run.
	require.NoError(t, s.runs.Delete(ctx, lastRun))
	_, resumed, err = s.begin(ctx, roster, p.api, false)
	require.NoError(t, err)
	assert.False(t, resumed)
}

func TestOneOfTwoLoadersBegins(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.open(p.config())
	roster, err := newSpool(strings.NewReader(rosterOf(manyRows(3))), t.TempDir())
	require.NoError(t, err)
	type begun struct {
		run
		resumed bool
		err     error
	}
	runs := make(chan begun)
	for range 8 {
		go func() {
			r, resumed, err := s.begin(t.Context(), roster, p.api, false)
			runs <- begun{r, resumed, err}
		}()
	}
	fresh, ids := 0, make(map[int64]bool)
	for range 8 {
		b := <-runs
		require.NoError(t, b.err)
		ids[b.ID] = true
		if !b.resumed {
			fresh++
		}
	}
	assert.Equal(t, 1, fresh)
	assert.Len(t, ids, 1)
}

func TestARosterIsLoadedOnce(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.open(p.config())
	ctx := t.Context()
	r, roster := p.begin(s, manyRows(1200))
	jobs := func() uint64 {
		stream, err := s.js.Stream(ctx, s.jobs())
		require.NoError(t, err)
		return stream.CachedInfo().State.Msgs
	}
	require.NoError(t, s.load(ctx, r, roster))
	assert.EqualValues(t, 1200, jobs())
	require.NoError(t, s.load(ctx, r, roster), "by another loader with an older revision")
	assert.EqualValues(t, 1200, jobs())
	after, _, err := s.last(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1200, after.Loaded)
	require.NoError(t, s.load(ctx, after, roster))
	assert.EqualValues(t, 1200, jobs())

	// Later the server has forgotten the ids, but the bucket has the completed rows.
	again := r
	again.Pass = 1
	require.NoError(t, s.load(ctx, again, roster))
	assert.EqualValues(t, 2400, jobs())
	_, stop := p.work(s, p.config())
	assert.Equal(t, "created 1200", nonZero(p.through(s, r)))
	require.Eventually(t, func() bool { return s.isEmpty(ctx) }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, stop())
	assert.Len(t, p.fake.Calls(), 1200)
	assert.Equal(t, "created 1200", nonZero(p.through(s, r)))
}

func TestLostJobsAreReloaded(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.open(p.config())
	ctx := t.Context()
	r, roster := p.begin(s, manyRows(50))
	require.NoError(t, s.load(ctx, r, roster))
	stream, err := s.js.Stream(ctx, s.jobs())
	require.NoError(t, err)
	require.NoError(t, stream.Purge(ctx))

	keeping := make(chan error, 1)
	keep, enough := context.WithCancel(ctx)
	go func() { keeping <- s.keepLoaded(keep, r, roster, 50*time.Millisecond, func() int { return 0 }) }()
	_, stop := p.work(s, p.config())
	assert.Equal(t, "created 50", nonZero(p.through(s, r)))
	require.NoError(t, stop())
	enough()
	require.ErrorIs(t, <-keeping, context.Canceled)
}

// All processes count the same, whenever they start.
func TestCountsAgree(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	c := p.config()
	s := p.open(c)
	ctx := t.Context()
	_, stop := p.work(s, c)
	r, roster := p.begin(s, manyRows(500))
	early := newCount(s, &r)
	loaded := make(chan error, 1)
	go func() { loaded <- s.load(ctx, r, roster) }()
	for early.total.done() < 500 {
		require.NoError(t, early.catchUp(ctx))
		late := newCount(s, &r)
		require.NoError(t, late.catchUp(ctx))
		assert.LessOrEqual(t, late.total.done(), 500)
	}
	require.NoError(t, <-loaded)
	require.NoError(t, stop())
	late := newCount(s, &r)
	require.NoError(t, late.catchUp(ctx))
	assert.Equal(t, "created 500", nonZero(late.total))
	assert.Equal(t, "created 500", nonZero(early.total))
}

// Two workers write to one shard: neither loses the other's record, and a row is counted once.
func TestPutKeepsConcurrentWrites(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.open(p.config())
	ctx := t.Context()
	pks := []string{"MS1"}
	for i := 0; len(pks) < 9; i++ {
		if pk := "X" + comma(i); shardOf(pk) == shardOf(pks[0]) {
			pks = append(pks, pk)
		}
	}
	key := shardOf(pks[0])
	done := make(chan error)
	for group := range slices.Chunk(pks, 3) {
		go func() {
			in, err := s.get(ctx, key)
			if err == nil {
				var changes []change
				for _, pk := range group {
					changes = append(changes, change{pk, record{}, record{Status: active, Run: 5}, result{outcome: created}})
				}
				_, _, err = s.put(ctx, in, changes)
			}
			done <- err
		}()
	}
	for range 3 {
		require.NoError(t, <-done)
	}
	in, err := s.get(ctx, key)
	require.NoError(t, err)
	assert.Len(t, in.PKs, 9)
	assert.Equal(t, "created 9", nonZero(in.Tally))

	// Two deliveries of one job, the second together with another job: that one is written.
	before := in
	cancels := func(pk string) change {
		return change{pk, before.PKs[pk], record{Status: cancelled, Run: 6}, result{outcome: ended}}
	}
	in, outdated, err := s.put(ctx, before, []change{cancels(pks[3])})
	require.NoError(t, err)
	assert.Empty(t, outdated)
	assert.Equal(t, "cancelled 1", nonZero(in.Tally), "those of run 5 are not counted to run 6")
	in, outdated, err = s.put(ctx, before, []change{cancels(pks[3]), cancels(pks[4])})
	require.NoError(t, err)
	assert.Equal(t, pks[3:4], outdated)
	// The shard that put returns is up to date.
	in, outdated, err = s.put(ctx, in, []change{cancels(pks[5])})
	require.NoError(t, err)
	assert.Empty(t, outdated)
	stored, err := s.get(ctx, key)
	require.NoError(t, err)
	assert.Equal(t, in, stored)
	assert.Len(t, in.PKs, 9)
	assert.EqualValues(t, 6, in.Run)
	assert.Equal(t, "cancelled 3", nonZero(in.Tally))

	// An operator deletes the key.
	require.NoError(t, s.states.Delete(ctx, key))
	in, err = s.get(ctx, key)
	require.NoError(t, err)
	assert.Empty(t, in.PKs)
	_, outdated, err = s.put(ctx, in, []change{{pks[0], record{}, record{Status: active, Run: 7}, result{outcome: created}}})
	require.NoError(t, err)
	assert.Empty(t, outdated)
}
