package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// errFailed means that rows failed. The report lists them.
var errFailed = errors.New("rows failed")

// watchEvery is the interval at which a run is counted.
const watchEvery = 500 * time.Millisecond

// idleBefore is how long nothing must happen before a roster with missing rows is loaded again.
const idleBefore = 10 * time.Second

// provision loads a roster, works on it and watches until each row has an outcome.
func provision(ctx context.Context, c *config, stdout io.Writer, p *progress) error {
	t, err := newTarget(c)
	if err != nil {
		return err
	}
	e, err := openEngine(ctx, c, loader, p.say)
	if err != nil {
		return err
	}
	defer e.close()
	if c.dryRun {
		return e.dryRun(ctx, c, stdout)
	}
	if t.fake != nil {
		p.say("using a fake in this process: without -api, nothing is sent to the partner API")
	}
	var s *store
	err = retryBriefly(ctx, func() (err error) {
		s, err = e.setUp(ctx, c)
		return err
	})
	if err != nil {
		return err
	}
	if err := t.seed(ctx, s); err != nil {
		return err
	}
	err = s.bring(ctx, c, t, stdout, p)
	if errors.Is(err, errFailed) {
		_, _ = fmt.Fprintf(stdout, "the failed rows: %s\n", c.failed)
	}
	return err
}

// bring synchronises the API with the roster.
func (s *store) bring(ctx context.Context, c *config, t *target, stdout io.Writer, p *progress) error {
	roster, err := c.spool()
	if err != nil {
		return err
	}
	r, resumed, err := s.begin(ctx, roster, c.api, c.recheck)
	for errors.Is(err, errInProgress) {
		if err := s.finishEarlier(ctx, c, &r, t, stdout, p); err != nil {
			return err
		}
		r, resumed, err = s.begin(ctx, roster, c.api, c.recheck)
	}
	if err != nil {
		return err
	}
	if err := roster.moveTo(filepath.Join(c.state, spoolDir)); err != nil {
		return err
	}
	if resumed {
		p.say("this roster is in progress since %s: continuing", r.Started.Format(time.DateTime))
	}
	return s.through(ctx, c, &r, roster, t, stdout, p)
}

// finishEarlier completes the run of an earlier roster, from the copy in the state directory. Its failed rows are kept
// in a separate file.
func (s *store) finishEarlier(ctx context.Context, c *config, r *run, t *target, stdout io.Writer, p *progress) error {
	p.say("the roster of %s is still in progress: finishing it first", r.Started.Format(time.DateTime))
	roster, err := openSpool(filepath.Join(c.state, spoolDir))
	if err != nil || roster.Hash != r.Roster {
		roster = nil
		counted := newCount(s, r)
		if err := counted.catchUp(ctx); err != nil {
			return err
		}
		if r.Loaded < r.Rows && counted.total.done() < r.Rows {
			return fmt.Errorf("%w, and %s holds no copy of it: load it again first", errInProgress, c.state)
		}
	}
	earlier := *c
	earlier.failed = fmt.Sprintf("%s-%d.csv", strings.TrimSuffix(c.failed, ".csv"), r.ID)
	err = s.through(ctx, &earlier, r, roster, t, stdout, p)
	if errors.Is(err, errFailed) {
		_, err = fmt.Fprintf(stdout, "the failed rows: %s\n", earlier.failed)
	}
	return err
}

// through completes a run and reports its result.
func (s *store) through(ctx context.Context, c *config, r *run, roster *spool, t *target, stdout io.Writer, p *progress) error {
	if err := isWritable(c.failed); err != nil {
		return err
	}
	if err := s.bringThrough(ctx, c, r, roster, t, p); err != nil {
		return err
	}
	return s.finish(ctx, c, r, stdout)
}

// spool reads the roster into the state directory, beside the one that may be in progress.
func (c *config) spool() (*spool, error) {
	dir := filepath.Join(c.state, spoolDir+".new")
	if c.roster == "-" {
		return newSpool(os.Stdin, dir)
	}
	file, err := os.Open(c.roster)
	if err != nil {
		return nil, err
	}
	s, err := newSpool(file, dir)
	return s, errors.Join(err, file.Close())
}

// bringThrough loads and works until each row of a run has an outcome. Without a spool all rows must be in the stream.
func (s *store) bringThrough(ctx context.Context, c *config, r *run, roster *spool, t *target, p *progress) error {
	defer p.end()
	var done atomic.Int64
	all, cancel := context.WithCancel(ctx)
	defer cancel()
	group, all := errgroup.WithContext(all)
	loading := *r
	if roster != nil {
		group.Go(func() error {
			return s.keepLoaded(all, loading, roster, idleBefore, func() int { return int(done.Load()) })
		})
	}
	if c.parallel > 0 {
		group.Go(func() error { return newWorker(s, c, t).work(all) })
	}
	complete := false
	group.Go(func() error {
		defer cancel()
		err := s.watch(all, r, func(n int) {
			done.Store(int64(n))
			p.show(time.Now(), r.Rows, n)
		})
		complete = err == nil
		return err
	})
	if err := group.Wait(); !complete {
		return err
	}
	return nil // the cancellation ended the other goroutines
}

// watch counts a run until each of its rows has an outcome, and reports each count.
func (s *store) watch(ctx context.Context, r *run, tell func(done int)) error {
	looked := time.Now()
	for c := newCount(s, r); ; {
		if err := c.catchUp(ctx); err != nil {
			return err
		}
		r.Tally = c.total
		tell(r.Tally.done())
		if r.Tally.done() >= r.Rows {
			return nil
		}
		if time.Since(looked) > 5*time.Second {
			looked = time.Now()
			if last, _, err := s.last(ctx); err == nil && last.ID > r.ID {
				return errSuperseded // whose records replace those of this run
			}
		}
		if err := sleep(ctx, watchEvery); err != nil {
			return err
		}
	}
}

// finish reports the result of a run and marks it as ended.
func (s *store) finish(ctx context.Context, c *config, r *run, stdout io.Writer) error {
	if err := s.writeFailed(ctx, r, c.failed); err != nil {
		return err
	}
	r.Ended = time.Now().UTC()
	if _, err := s.change(ctx, r.ID, func(last *run) { last.Ended, last.Tally = r.Ended, r.Tally }); err != nil {
		return err
	}
	report(stdout, r)
	if r.Tally.Outcomes[failed] > 0 {
		return errFailed
	}
	return nil
}

// isWritable checks, before the run starts, that the file for failed rows can be written.
func isWritable(path string) error {
	f, err := os.OpenFile(path+partSuffix, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("-failed: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(path+partSuffix))
}

// partSuffix is the suffix of an incomplete file.
const partSuffix = ".part"

// writeFailed writes the failed rows to a file that is a roster, or removes the file of an earlier run.
func (s *store) writeFailed(ctx context.Context, r *run, path string) error {
	want := r.Tally.Outcomes[failed]
	if want == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	for try := 1; ; try++ {
		n, err := s.writeLetters(ctx, r, path+partSuffix)
		if err != nil {
			return err
		}
		if n < want && try < failedTries { // a server that lags behind may not have the last ones yet
			if err := sleep(ctx, watchEvery); err != nil {
				return err
			}
			continue
		}
		if n < want {
			s.say("the reason of %s failed rows is no longer stored", comma(want-n))
		}
		return os.Rename(path+partSuffix, path)
	}
}

const failedTries = 10

// writeLetters returns the number of rows written.
func (s *store) writeLetters(ctx context.Context, r *run, path string) (n int, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	w := csv.NewWriter(f)
	err = w.Write(append(columns[:len(columns):len(columns)], errorColumn))
	if err == nil {
		err = s.buried(ctx, r.ID, func(l letter) error {
			n++
			return w.Write(append(l.fields(), l.Text))
		})
	}
	w.Flush()
	return n, errors.Join(err, w.Error(), f.Close())
}

// report prints the result of a run.
func report(w io.Writer, r *run) {
	for o, n := range r.Tally.Outcomes {
		_, _ = fmt.Fprintf(w, "%-10s %10s\n", outcome(o), comma(n))
	}
	for _, kind := range sortedKeys(r.Tally.Failures) {
		_, _ = fmt.Fprintf(w, "  %s: %s\n", kind, comma(r.Tally.Failures[kind]))
	}
	if n := r.Tally.OtherEmail; n > 0 {
		_, _ = fmt.Fprintf(w, "%s rows have a different e-mail than their subscription: the API cannot change it\n", comma(n))
	}
	if r.Ended.IsZero() {
		return
	}
	took := max(r.Ended.Sub(r.Started), time.Millisecond)
	_, _ = fmt.Fprintf(w, "%s rows in %s, %s a second\n", comma(r.Rows), took.Round(10*time.Millisecond), comma1(float64(r.Rows)/took.Seconds()))
}
