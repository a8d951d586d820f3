package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// dryRun tells what a roster would do, by what is known. It sends nothing and loads nothing.
func (e *engine) dryRun(ctx context.Context, c *config, stdout io.Writer) error {
	roster, err := c.spool()
	if err != nil {
		return err
	}
	s, err := e.store(ctx)
	if err != nil && !errors.Is(err, errNoRun) {
		return err
	}
	var fresh, changed, ends, same int
	for text, err := range roster.from(0) {
		if err != nil {
			return err
		}
		var j job
		if err := json.Unmarshal(text, &j); err != nil {
			return err
		}
		var known record
		if s != nil {
			if known, _, err = s.get(ctx, j.PK); err != nil {
				return err
			}
		}
		switch {
		case known.confirms(j.row):
			same++
		case j.Status == cancelled:
			ends++
		case known.Status == active:
			changed++
		default:
			fresh++
		}
	}
	_, _ = fmt.Fprintf(stdout, `would ensure %10s subscriptions that are not known here, or not known to be active
             %10s with another plan
would cancel %10s
would leave  %10s as they are
`, comma(fresh), comma(changed), comma(ends), comma(same))
	// Ensure makes a second request if the pk is there.
	least, most := fresh+2*changed+ends, 2*fresh+2*changed+ends
	_, _ = fmt.Fprintf(stdout, "%s to %s requests", comma(least), comma(most))
	if c.rate > 0 {
		_, _ = fmt.Fprintf(stdout, ", %s to %s for one worker at %g a second", atRate(least, c.rate), atRate(most, c.rate), c.rate)
	}
	_, _ = fmt.Fprintln(stdout)
	return nil
}

func atRate(requests int, perSecond float64) time.Duration {
	return time.Duration(float64(requests) / perSecond * float64(time.Second)).Round(time.Second)
}
