package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// run is a roster on its way, from when it was first loaded until each of its rows has an outcome. One is on its way at a
// time: of two rosters with a pk the older could win.
type run struct {
	ID      int64     `json:"id"`  // later ones are greater
	API     string    `json:"api"` // what is known is of this one only
	Roster  string    `json:"roster"`
	Rows    int       `json:"rows"`
	Recheck bool      `json:"recheck,omitzero"` // what is known is not relied on
	Started time.Time `json:"started"`
	// Loaded is how many rows are in the stream for certain, and Pass how often that began anew.
	Loaded int `json:"loaded"`
	Pass   int `json:"pass"`
	// Ended is when each row had an outcome, and Tally what they were.
	Ended time.Time `json:"ended,omitzero"`
	Tally tally     `json:"tally"`
	// First is the bucket's sequence before the run.
	First uint64 `json:"first"`
}

// lastRun is the only key of the bucket of runs.
const lastRun = "last"

// errNoRun means that no roster has been loaded.
var errNoRun = errors.New("no roster has been loaded yet")

// last returns the last run. It fails with [errNoRun] if there is none.
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

// writeRun fails with [errOutdated] if the last run is another than that of the revision.
func (s *store) writeRun(ctx context.Context, r run, revision uint64) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return replace(ctx, s.runs, lastRun, text, revision)
}

// errFollowed means that another run has begun.
var errFollowed = errors.New("another roster has been loaded since")

// change changes the record of a run, unless another has begun. It tries until the server does its part.
func (s *store) change(ctx context.Context, id int64, change func(*run)) (run, error) {
	for try := 1; ; try++ {
		r, revision, err := s.last(ctx)
		switch {
		case err == nil && r.ID > id:
			return run{}, errFollowed
		case err == nil && r.ID == id: // or of a server that is behind the others
			change(&r)
			err = s.writeRun(ctx, r, revision)
		}
		if err == nil && r.ID == id {
			return r, nil
		}
		if err := errors.Join(s.gone(), sleep(ctx, insistEvery)); err != nil {
			return run{}, err
		}
		if try%insistTold == 0 && err != nil {
			s.say("the NATS server does not do its part: %v", err)
		}
	}
}

// isOf fails if the run is of another API.
func (r run) isOf(api string) error {
	if r.API == api {
		return nil
	}
	return fmt.Errorf("what is known here is of %s, not of %s: use another -state or -name, or the same -api", r.API, api)
}

// errOnItsWay means that the last run is of another roster, and has not ended.
var errOnItsWay = errors.New("another roster is still on its way")

// begin returns the run of a roster: the last one, if that has not ended, or a new one. It fails with [errOnItsWay] and the
// last one if that has not ended, and is of another roster or does not recheck as it should.
func (s *store) begin(ctx context.Context, roster *spool, api string, recheck bool) (r run, resumed bool, err error) {
	for {
		err = patiently(ctx, func() (err error) {
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
		return r, false, errOnItsWay
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

// count is the tally of a run while it is on its way. It is the sum of what the shards say of themselves, so whoever
// counts, and from when on, it comes to the same.
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

// catchUp brings the count up to now. Of what is written meanwhile it may have neither the old nor the new until it is
// called again, so it is never above what is true.
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
