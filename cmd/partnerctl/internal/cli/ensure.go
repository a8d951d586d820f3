package cli

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
)

const ensureHelp = `With -f it reads many from a file, or with -f - from standard input: CSV with the header pk,email,plan, or a JSON object with
these members on each line. It goes on after a failure, and writes one JSON object for each line of the input when that line is
done. With --results FILE it writes them there; after an interruption, the same command skips the lines that are in FILE already.

The partner API documents at most 10 requests in 2 seconds: the default of --rate.`

// ensure ensures one subscription, or with -f those of an input.
func ensure(a *app, cmd *cobra.Command) action {
	var b batch
	var perSecond float64
	flags := cmd.Flags()
	flags.StringVarP(&b.input, "file", "f", "", "read many from a `file`, or from standard input: -")
	flags.StringVar(&b.results, "results", "", "write the outcomes to a `file`, and skip lines that are in it")
	flags.BoolVar(&b.retryFailed, "retry-failed", false, "do not skip the lines that failed")
	flags.IntVar(&b.concurrency, "concurrency", 8, "the `number` of calls at a time")
	flags.Float64Var(&perSecond, "rate", 4, "the `number` of requests per second; 0 is no limit")
	do := with(func(ctx context.Context, c *call, in partnerapi.CreateSubscriptionRequest) (any, error) {
		if b.input == "" {
			created, err := c.client.Subscriptions.Ensure(ctx, in)
			return outcome(in.PK, ensured(created), err)
		}
		switch {
		case b.concurrency < 1 || b.concurrency > 1000:
			return nil, usageError("--concurrency: want 1 to 1000")
		case !(perSecond >= 0) || math.IsInf(perSecond, 0):
			return nil, usageError("--rate: want a number from 0")
		}
		if a.dryRun {
			return nil, c.runBatch(ctx, b)
		}
		var err error
		if c.client, err = a.client(partnerapi.WithRateLimiter(partnerapi.PartnerAPI, limit(perSecond))); err != nil {
			return nil, err
		}
		return nil, c.runBatch(ctx, b)
	})(a, cmd)
	cmd.MarkFlagsOneRequired("pk", "file")
	for _, single := range columns {
		cmd.MarkFlagsMutuallyExclusive("file", single)
	}
	return do
}

func ensured(created bool) string {
	if created {
		return "created"
	}
	return "updated"
}

// limit returns a limiter. The burst counts in any two seconds, beside the rate: 4 per second are at most 10.
func limit(perSecond float64) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), int(math.Ceil(perSecond/2)))
}

// readInput returns the rows of a file or of standard input.
func (a *app) readInput(name string) ([]row, error) {
	if name == "-" {
		return readRows(a.in)
	}
	content, err := os.ReadFile(name) //nolint:gosec // it is the user's
	if err != nil {
		return nil, usageError(err.Error())
	}
	rows, err := readRows(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows, nil
}
