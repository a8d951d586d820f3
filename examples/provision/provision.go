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

// errFailed means that rows failed, of which the report tells.
var errFailed = errors.New("rows failed")

// watchEvery is how often a run is counted.
const watchEvery = 500 * time.Millisecond

// idleBefore is how long nothing happens before a roster is loaded again of which rows are missing.
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
		p.say("against a fake in this process: nothing reaches the partner API without -api")
	}
	var s *store
	err = patiently(ctx, func() (err error) {
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

// bring brings the API to what the roster says.
func (s *store) bring(ctx context.Context, c *config, t *target, stdout io.Writer, p *progress) error {
	roster, err := c.spool()
	if err != nil {
		return err
	}
	r, resumed, err := s.begin(ctx, roster, c.api, c.recheck)
	for errors.Is(err, errOnItsWay) {
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
		p.say("this roster is on its way since %s: going on", r.Started.Format(time.DateTime))
	}
	return s.through(ctx, c, &r, roster, t, stdout, p)
}

// finishEarlier brings the run of an earlier roster to its end, from the copy in the state directory. Its failed rows are kept
// beside those of the next.
func (s *store) finishEarlier(ctx context.Context, c *config, r *run, t *target, stdout io.Writer, p *progress) error {
	p.say("the roster of %s is still on its way: it comes first", r.Started.Format(time.DateTime))
	roster, err := openSpool(filepath.Join(c.state, spoolDir))
	if err != nil || roster.Hash != r.Roster {
		roster = nil
		counted := newCount(s, r)
		if err := counted.catchUp(ctx); err != nil {
			return err
		}
		if r.Loaded < r.Rows && counted.total.done() < r.Rows {
			return fmt.Errorf("%w, and %s holds no copy of it: load it again first", errOnItsWay, c.state)
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

// through brings a run to its end, and tells what came of it.
func (s *store) through(ctx context.Context, c *config, r *run, roster *spool, t *target, stdout io.Writer, p *progress) error {
	if err := isWritable(c.failed); err != nil {
		return err
	}
	if err := s.bringThrough(ctx, c, r, roster, t, p); err != nil {
		return err
	}
	return s.finish(ctx, c, r, stdout)
}

// spool reads the roster into the state directory, beside the one that may be on its way.
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

// bringThrough loads and works until each row of a run has an outcome. Without a spool all of it is in the stream.
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
	return nil // what else there is ended for that
}

// watch counts a run until each of its rows has an outcome, and tells each time.
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
				return errFollowed // whose records take the place of this one's
			}
		}
		if err := sleep(ctx, watchEvery); err != nil {
			return err
		}
	}
}

// finish tells what came of a run, and ends it.
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

// isWritable finds out before a run, and not after it, that its failed rows cannot be written.
func isWritable(path string) error {
	f, err := os.OpenFile(path+partSuffix, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("-failed: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(path+partSuffix))
}

// partSuffix is that of a file which is not complete.
const partSuffix = ".part"

// writeFailed writes the rows that failed to a file that is a roster, or removes the one of an earlier run.
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
		if n < want && try < failedTries { // a server that is behind the others does not know the last ones yet
			if err := sleep(ctx, watchEvery); err != nil {
				return err
			}
			continue
		}
		if n < want {
			s.say("of %s rows that failed it is not known any more why", comma(want-n))
		}
		return os.Rename(path+partSuffix, path)
	}
}

const failedTries = 10

// writeLetters returns how many rows it has written.
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

// report prints what came of a run.
func report(w io.Writer, r *run) {
	for o, n := range r.Tally.Outcomes {
		_, _ = fmt.Fprintf(w, "%-10s %10s\n", outcome(o), comma(n))
	}
	for _, kind := range sortedKeys(r.Tally.Failures) {
		_, _ = fmt.Fprintf(w, "  %s: %s\n", kind, comma(r.Tally.Failures[kind]))
	}
	if n := r.Tally.OtherEmail; n > 0 {
		_, _ = fmt.Fprintf(w, "%s rows have another e-mail than their subscription, which the API cannot change\n", comma(n))
	}
	if r.Ended.IsZero() {
		return
	}
	took := max(r.Ended.Sub(r.Started), time.Millisecond)
	_, _ = fmt.Fprintf(w, "%s rows in %s, %s a second\n", comma(r.Rows), took.Round(10*time.Millisecond), comma1(float64(r.Rows)/took.Seconds()))
}
