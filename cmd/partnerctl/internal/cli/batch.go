package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/partnerapi/partnerapi-go"
)

// batch are the flags of a run over many rows.
type batch struct {
	input, results string
	retryFailed    bool
	concurrency    int
}

// result is the outcome of a row: created, updated or failed.
type result struct {
	Line    int    `json:"line"`
	PK      string `json:"pk"`
	Outcome string `json:"outcome"`
	Status  int    `json:"status,omitzero"` // the exit status that the error alone would have
	Error   string `json:"error,omitzero"`
}

const failed = "failed"

// runBatch ensures the rows that have no outcome yet.
func (c *call) runBatch(ctx context.Context, b batch) error {
	rows, err := c.readInput(b.input)
	if err != nil {
		return err
	}
	counts := make(map[string]int)
	out := c.out
	if b.results != "" && !c.dryRun {
		file, earlier, err := openResults(b.results, b.retryFailed)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // each line is written immediately
		if rows, err = without(rows, earlier); err != nil {
			return fmt.Errorf("%s: %w", b.results, err)
		}
		out, counts["skipped"] = file, len(earlier)
	}
	bar := c.bar(int64(len(rows)), "subscriptions")
	var reporting sync.Mutex
	left := len(rows)
	var torn error // of a line, behind which nothing may follow
	err = c.ensureAll(ctx, rows, b.concurrency, func(r result) error {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		reporting.Lock()
		defer reporting.Unlock()
		if torn == nil {
			_, torn = out.Write(append(text, '\n')) // immediately: a run that is killed keeps what was done
		}
		if torn == nil {
			bar.add(1)
			counts[r.Outcome]++
			left--
		}
		return torn
	})
	bar.end()
	if c.dryRun && err == nil {
		return errDryRun
	}
	c.note("%d created, %d updated, %d failed, %d skipped, %d left",
		counts["created"], counts["updated"], counts[failed], counts["skipped"], left)
	if err == nil && counts[failed] > 0 {
		return errSomeFailed
	}
	return err
}

// ensureAll calls report with the outcome of each row, concurrently. It ends early if ctx does, if report fails, or with a
// failure that every other row would have.
func (c *call) ensureAll(ctx context.Context, rows []row, concurrency int, report func(result) error) error {
	workers, working := errgroup.WithContext(ctx)
	todo := make(chan row)
	for range min(concurrency, len(rows)) {
		workers.Go(func() error {
			for r := range todo {
				if err := c.ensureRow(working, r, report); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, r := range rows {
		select {
		case todo <- r:
		case <-working.Done():
		}
	}
	close(todo)
	return errors.Join(workers.Wait(), ctx.Err())
}

// ensureRow reports the outcome of a row. A call that was cut off has none: the next run finds out.
func (c *call) ensureRow(ctx context.Context, r row, report func(result) error) error {
	created, err := c.client.Subscriptions.Ensure(ctx, r.CreateSubscriptionRequest)
	switch {
	case errors.Is(err, errDryRun):
		return nil
	case err == nil:
		return report(result{r.line, r.PK, ensured(created), 0, ""})
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, partnerapi.ErrNoCredential), errors.Is(err, partnerapi.ErrUnauthorized):
		return err
	default:
		return report(result{r.line, r.PK, failed, statusOf(err), c.told(err)})
	}
}

// openResults opens a file of results to append to, and returns what is in it. The last line of a run that was killed may be
// torn: it is cut off. If failures are to be retried, they are removed.
func openResults(path string, retryFailed bool) (*os.File, map[int]string, error) {
	content, err := os.ReadFile(path) //nolint:gosec // it is the user's
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usageError(err.Error())
	}
	earlier, kept, err := readResults(content, retryFailed)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(kept) < len(content) {
		if err := replaceFile(path, kept); err != nil {
			return nil, nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // it is the user's
	return file, earlier, err
}

// readResults returns the lines that have an outcome, with their pks, and the text to keep.
func readResults(content []byte, retryFailed bool) (earlier map[int]string, kept []byte, err error) {
	earlier = make(map[int]string)
	for text := range bytes.Lines(content) {
		if !bytes.HasSuffix(text, []byte("\n")) {
			break
		}
		var r result
		if err := json.Unmarshal(text, &r); err != nil || r.Outcome == "" {
			return nil, nil, usageError("not a file of results")
		}
		if r.Outcome != failed || !retryFailed {
			earlier[r.Line] = r.PK
			kept = append(kept, text...)
		}
	}
	return earlier, kept, nil
}

// without returns the rows that have no outcome.
func without(rows []row, earlier map[int]string) (left []row, err error) {
	found := 0
	for _, r := range rows {
		pk, known := earlier[r.line]
		switch {
		case !known:
			left = append(left, r)
		case pk != r.PK:
			return nil, usageError(fmt.Sprintf("line %d has another pk: these are the results of another input", r.line))
		default:
			found++
		}
	}
	if found < len(earlier) {
		return nil, usageError("it has lines that the input does not have: these are the results of another input")
	}
	return left, nil
}
