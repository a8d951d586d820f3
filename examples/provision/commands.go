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

// runWorker is the command worker: it does jobs until it is stopped.
func runWorker(ctx context.Context, c *config, _ io.Writer, p *progress) error {
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
	logging, cancel := context.WithCancel(ctx)
	go w.logProgress(logging, lineEvery)
	err = w.work(ctx)
	cancel()
	w.logOnce()
	return err
}

// await returns the store once a roster has been loaded, so that workers can be started first. A cluster that is
// electing a leader does not respond for a while.
func (e *engine) await(ctx context.Context, c *config) (*store, error) {
	for told := false; ; {
		var s *store
		var last run
		err := retryBriefly(ctx, func() (err error) {
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

// logProgress logs the worker's progress periodically.
func (w *worker) logProgress(ctx context.Context, every time.Duration) {
	for sleep(ctx, every) == nil {
		w.logOnce()
	}
}

func (w *worker) logOnce() {
	pace, requests := w.target.pace.now()
	limit := "no limit"
	if float64(pace) < 1e6 {
		limit = "at most " + comma1(float64(pace)) + " a second"
	}
	w.say("%s jobs done, %s retried, %s requests, %s", comma(int(w.done.Load())), comma(int(w.again.Load())), comma(requests), limit)
}

// printStatus is the command status.
func printStatus(ctx context.Context, c *config, stdout io.Writer, p *progress) error {
	err := tellStatusOnce(ctx, c, stdout, p)
	for errors.Is(err, errGone) { // the loader's server stops with the loader
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
		err = s.printProgress(ctx, &r, stdout)
	}
	if err == nil {
		report(stdout, &r)
	}
	return err
}

// printProgress prints the progress of a run, after measuring its rate.
func (s *store) printProgress(ctx context.Context, r *run, stdout io.Writer) error {
	c, m := newCount(s, r), meter{rows: r.Rows}
	for range 2 {
		if err := c.catchUp(ctx); err != nil {
			return err
		}
		m.add(time.Now(), c.total.done())
		if s.server != nil {
			break // nobody works if this process had to start the server
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
	_, _ = fmt.Fprintf(stdout, "%s jobs queued, %s in progress or waiting for a retry\n",
		comma(int(info.NumPending)), comma(info.NumAckPending)) //nolint:gosec // far below the limit
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
