package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

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
		defer file.Close()
		if rows, err = without(rows, earlier); err != nil {
			return fmt.Errorf("%s: %w", b.results, err)
		}
		out, counts["skipped"] = file, len(earlier)
	}
	bar := c.bar(int64(len(rows)), "subscriptions")
	err = c.ensureAll(ctx, rows, b.concurrency, func(r result) error {
		bar.add(1)
		counts[r.Outcome]++
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = out.Write(append(text, '\n')) // at once: a run that is killed keeps what was done
		return err
	})
	bar.end()
	if c.dryRun && err == nil {
		return errDryRun
	}
	c.note("%d created, %d updated, %d failed, %d skipped, %d left", counts["created"], counts["updated"], counts[failed], counts["skipped"],
		len(rows)-counts["created"]-counts["updated"]-counts[failed])
	if err == nil && counts[failed] > 0 {
		return errSomeFailed
	}
	return err
}

// ensureAll calls report with the outcome of each row, one at a time. It ends early if ctx does, if report fails, or with a
// failure that every other row would have.
func (c *call) ensureAll(ctx context.Context, rows []row, concurrency int, report func(result) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	todo := make(chan row)
	var reporting sync.Mutex
	var workers sync.WaitGroup
	for range min(concurrency, len(rows)) {
		workers.Go(func() {
			for r := range todo {
				created, err := c.client.Subscriptions.Ensure(ctx, r.CreateSubscriptionRequest)
				if errors.Is(err, errDryRun) {
					continue
				}
				if ctx.Err() != nil && err != nil {
					return // cut off, so the outcome is not known: the next run finds out
				}
				if errors.Is(err, partnerapi.ErrNoCredential) || errors.Is(err, partnerapi.ErrUnauthorized) {
					stop(err)
					return
				}
				reporting.Lock()
				err = report(c.resultOf(r, created, err))
				reporting.Unlock()
				if err != nil {
					stop(err)
				}
			}
		})
	}
	for _, r := range rows {
		select {
		case todo <- r:
		case <-ctx.Done():
		}
	}
	close(todo)
	workers.Wait()
	return context.Cause(ctx)
}

func (c *call) resultOf(r row, created bool, err error) result {
	if err != nil {
		return result{r.line, r.PK, failed, statusOf(err), c.told(err)}
	}
	return result{r.line, r.PK, ensured(created), 0, ""}
}

// openResults opens a file of results to append to, and returns what is in it. The last line of a run that was killed may be
// torn: it is cut off. If failures are to be retried, they are removed.
func openResults(path string, retryFailed bool) (*os.File, map[int]string, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // it is the user's
	if err != nil {
		return nil, nil, usageError(err.Error())
	}
	earlier, kept, whole, err := readResults(file, retryFailed)
	if err == nil && !whole {
		file.Close()
		if err = replaceFile(path, kept); err == nil {
			file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // it is the user's
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, earlier, nil
}

// readResults returns the lines that have an outcome, with their pks, the text to keep, and whether that is all.
func readResults(in io.Reader, retryFailed bool) (earlier map[int]string, kept []byte, whole bool, err error) {
	earlier, whole = make(map[int]string), true
	reader := bufio.NewReader(in)
	for {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return earlier, kept, whole && len(text) == 0, nil
		}
		if err != nil {
			return nil, nil, false, err
		}
		var r result
		if err := json.Unmarshal(bytes.TrimSpace(text), &r); err != nil || r.Outcome == "" {
			return nil, nil, false, usageError("not a file of results")
		}
		if retryFailed && r.Outcome == failed {
			whole = false
			continue
		}
		earlier[r.Line] = r.PK
		kept = append(kept, text...)
	}
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
