package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// run is a roster in progress, from its first load until each of its rows has an outcome. Only one is in progress at a
// time: if two rosters had the same pk, the older one could win.
type run struct {
	ID      int64     `json:"id"`  // later runs have greater IDs
	API     string    `json:"api"` // the stored state belongs to this API
	Roster  string    `json:"roster"`
	Rows    int       `json:"rows"`
	Recheck bool      `json:"recheck,omitzero"` // the stored state is not used
	Started time.Time `json:"started"`
	// Loaded is the number of rows that are certainly in the stream. Pass is how often loading started over.
	Loaded int `json:"loaded"`
	Pass   int `json:"pass"`
	// Ended is when the last row had an outcome. Tally are the outcomes.
	Ended time.Time `json:"ended,omitzero"`
	Tally tally     `json:"tally"`
	// First is the bucket's sequence before the run.
	First uint64 `json:"first"`
}

// lastRun is the only key of the bucket of runs.
const lastRun = "last"

// errNoRun means that no roster has been loaded.
var errNoRun = errors.New("no roster has been loaded yet")

// last returns the last run, or [errNoRun].
func (s *store) last(ctx context.Context) (r run, revision uint64, err error) {
	entry, err := s.runs.Get(ctx, lastRun)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return run{}, 0, errNoRun
	}
	if err != nil {
		return run{}, 0, err
	}
	return r, entry.Revision(), json.Unmarshal(entry.Value(), &r)
}

// writeRun returns [errOutdated] if the last run is not the one of the revision.
func (s *store) writeRun(ctx context.Context, r run, revision uint64) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = replace(ctx, s.runs, lastRun, text, revision)
	return err
}

// errSuperseded means that another run has begun.
var errSuperseded = errors.New("another roster has been loaded since")

// change changes the record of a run, unless another run has begun. It retries until the server responds.
func (s *store) change(ctx context.Context, id int64, change func(*run)) (run, error) {
	for try := 1; ; try++ {
		r, revision, err := s.last(ctx)
		switch {
		case err == nil && r.ID > id:
			return run{}, errSuperseded
		case err == nil && r.ID == id: // an older ID comes from a server that lags behind
			change(&r)
			err = s.writeRun(ctx, r, revision)
		}
		if err == nil && r.ID == id {
			return r, nil
		}
		if err := errors.Join(s.gone(), sleep(ctx, retryEvery)); err != nil {
			return run{}, err
		}
		if try%logEvery == 0 && err != nil {
			s.say("NATS server error, retrying: %v", err)
		}
	}
}

// isOf returns an error if the run is of another API.
func (r run) isOf(api string) error {
	if r.API == api {
		return nil
	}
	return fmt.Errorf("the stored state is of %s, not of %s: use another -state or -name, or the same -api", r.API, api)
}

// errInProgress means that the last run is of another roster, and has not ended.
var errInProgress = errors.New("another roster is still in progress")

// begin returns the run of a roster: the last one, if it has not ended, or a new one. If the last one has not ended and
// is of another roster, or differs in -recheck, it returns that run and [errInProgress].
func (s *store) begin(ctx context.Context, roster *spool, api string, recheck bool) (r run, resumed bool, err error) {
	for {
		err = retryBriefly(ctx, func() (err error) {
			r, resumed, err = s.beginOnce(ctx, roster, api, recheck)
			return err
		})
		if !errors.Is(err, errOutdated) { // or another process was faster, with this roster or another
			return r, resumed, err
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return run{}, false, err
		}
	}
}

func (s *store) beginOnce(ctx context.Context, roster *spool, api string, recheck bool) (r run, resumed bool, err error) {
	r, revision, err := s.last(ctx)
	switch {
	case errors.Is(err, errNoRun):
	case err != nil:
		return run{}, false, err
	case r.API != api:
		return run{}, false, r.isOf(api)
	case r.Ended.IsZero() && r.Roster == roster.Hash && (r.Recheck || !recheck):
		return r, true, nil
	case r.Ended.IsZero():
		return r, false, errInProgress
	}
	stream, err := s.js.Stream(ctx, s.stateStream())
	if err != nil {
		return run{}, false, err
	}
	now := time.Now().UTC()
	r = run{
		ID: max(now.UnixMilli(), r.ID+1), API: api, Roster: roster.Hash, Rows: roster.Rows, Recheck: recheck, Started: now,
		First: stream.CachedInfo().State.LastSeq,
	}
	return r, false, s.writeRun(ctx, r, revision)
}

// count is the tally of a run in progress. It is the sum of the shards' tallies, so every process gets the same result,
// whenever it starts to count.
type count struct {
	store *store
	run   int64
	next  uint64
	by    map[string]tally
	total tally
}

func newCount(s *store, r *run) *count {
	return &count{store: s, run: r.ID, next: r.First + 1, by: make(map[string]tally)}
}

// catchUp updates the count. A concurrent write may be missing until the next call, so the count is never too high.
func (c *count) catchUp(ctx context.Context) error {
	return c.store.replayShards(ctx, c.next, func(key string, seq uint64, in shard) error {
		c.next = seq + 1
		if in.Run == c.run {
			c.total.plus(c.by[key], -1)
			c.total.plus(in.Tally, 1)
			c.by[key] = in.Tally
		}
		return nil
	})
}
