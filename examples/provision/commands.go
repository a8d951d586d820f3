package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// help is the command worker: it takes jobs until it is stopped.
func help(ctx context.Context, c *config, _ io.Writer, p *progress) error {
	t, err := newTarget(c)
	if err != nil {
		return err
	}
	e, err := openEngine(ctx, c, helper, p.say)
	if err != nil {
		return err
	}
	defer e.close()
	s, err := e.await(ctx, c)
	if err != nil {
		return err
	}
	w := newWorker(s, c, t)
	p.say("taking jobs of %s", e.jobs())
	telling, cancel := context.WithCancel(ctx)
	go w.tell(telling, lineEvery)
	err = w.work(ctx)
	cancel()
	w.tellOnce()
	return err
}

// await returns the store when somebody has loaded a roster, so that workers can be started first. A cluster that
// chooses who leads does not answer for a while.
func (e *engine) await(ctx context.Context, c *config) (*store, error) {
	for told := false; ; {
		var s *store
		var last run
		err := patiently(ctx, func() (err error) {
			if s, err = e.store(ctx); err == nil {
				last, _, err = s.last(ctx)
			}
			return err
		})
		switch {
		case err == nil:
			return s, last.isOf(c.api)
		case !errors.Is(err, errNoRun):
			return nil, err
		case !told:
			told = true
			e.say("waiting for a roster")
		}
		if err := sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// tell says from time to time what a worker does.
func (w *worker) tell(ctx context.Context, every time.Duration) {
	for sleep(ctx, every) == nil {
		w.tellOnce()
	}
}

func (w *worker) tellOnce() {
	pace, requests := w.target.pace.now()
	limit := "no limit"
	if float64(pace) < 1e6 {
		limit = "at most " + comma1(float64(pace)) + " a second"
	}
	w.say("%s jobs done, %s put off, %s requests, %s", comma(int(w.done.Load())), comma(int(w.again.Load())), comma(requests), limit)
}

// tellStatus is the command status.
func tellStatus(ctx context.Context, c *config, stdout io.Writer, p *progress) error {
	err := tellStatusOnce(ctx, c, stdout, p)
	for errors.Is(err, errGone) { // the loader's server has ended with it
		err = tellStatusOnce(ctx, c, stdout, p)
	}
	return err
}

func tellStatusOnce(ctx context.Context, c *config, stdout io.Writer, p *progress) error {
	e, err := openEngine(ctx, c, viewer, p.say)
	if err != nil {
		return err
	}
	defer e.close()
	s, err := e.store(ctx)
	if err != nil {
		return err
	}
	r, _, err := s.last(ctx)
	if err != nil {
		return err
	}
	if c.follow && r.Ended.IsZero() && e.server == nil {
		err := s.watch(ctx, &r, func(done int) { p.show(time.Now(), r.Rows, done) })
		p.end()
		if err != nil {
			return err
		}
	}
	if r.Ended.IsZero() && r.Tally.done() < r.Rows {
		err = s.tellHowFar(ctx, &r, stdout)
	}
	if err == nil {
		report(stdout, &r)
	}
	return err
}

// tellHowFar prints how far a run is, after a look at how fast.
func (s *store) tellHowFar(ctx context.Context, r *run, stdout io.Writer) error {
	c, m := newCount(s, r), meter{rows: r.Rows}
	for range 2 {
		if err := c.catchUp(ctx); err != nil {
			return err
		}
		m.add(time.Now(), c.total.done())
		if s.server != nil {
			break // nobody works where this process has had to start the server
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	r.Tally = c.total
	_, _ = fmt.Fprintf(stdout, "%s\n%s rows are in the stream\n", &m, comma(r.Loaded))
	consumer, err := s.js.Consumer(ctx, s.jobs(), workers)
	if err != nil {
		return err
	}
	info := consumer.CachedInfo()
	_, _ = fmt.Fprintf(stdout, "%s jobs wait, %s are with workers or wait for another try\n",
		comma(int(info.NumPending)), comma(info.NumAckPending)) //nolint:gosec // far below
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
