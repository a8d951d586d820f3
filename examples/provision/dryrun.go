package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// forecast is the expected effect of a roster, from the stored state.
type forecast struct{ fresh, changed, ends, same int }

// dryRun prints the expected effect of the roster. It sends nothing and loads nothing.
func (e *engine) dryRun(ctx context.Context, c *config, stdout io.Writer) error {
	roster, err := c.spool()
	if err != nil {
		return err
	}
	s, err := e.store(ctx)
	var last run
	if err == nil {
		last, _, err = s.last(ctx)
	}
	if err == nil {
		err = last.isOf(c.api)
	}
	if err != nil && !errors.Is(err, errNoRun) {
		return err
	}
	if c.recheck {
		s = nil
	}
	var f forecast
	for text, err := range roster.from(0) {
		if err != nil {
			return err
		}
		if err := f.add(ctx, s, text); err != nil {
			return err
		}
	}
	f.print(stdout, c.rate)
	return nil
}

// add adds a job. Without a store the state of every pk is unknown.
func (f *forecast) add(ctx context.Context, s *store, text []byte) (err error) {
	var j job
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	var known record
	if s != nil {
		if known, err = s.record(ctx, j.PK); err != nil {
			return err
		}
	}
	switch {
	case known.confirms(j.row):
		f.same++
	case j.Status == cancelled:
		f.ends++
	case known.Status == active:
		f.changed++
	default:
		f.fresh++
	}
	return nil
}

func (f *forecast) print(w io.Writer, rate float64) {
	_, _ = fmt.Fprintf(w, `would ensure %10s subscriptions that are unknown or not known to be active
             %10s with a changed plan
would cancel %10s
would leave  %10s unchanged
`, comma(f.fresh), comma(f.changed), comma(f.ends), comma(f.same))
	// Ensure makes a second request if the pk exists.
	least := f.fresh + 2*f.changed + f.ends
	most := least + f.fresh
	_, _ = fmt.Fprintf(w, "%s to %s requests", comma(least), comma(most))
	if rate > 0 {
		_, _ = fmt.Fprintf(w, ", %s to %s for one worker at %g a second", atRate(least, rate), atRate(most, rate), rate)
	}
	_, _ = fmt.Fprintln(w)
}

func atRate(requests int, perSecond float64) time.Duration {
	return time.Duration(float64(requests) / perSecond * float64(time.Second)).Round(time.Second)
}
