package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// demoRows is how long the rosters of the demonstration are.
const demoRows = 10_000

// demonstrate loads the rosters of two nights, with everything in this process and nothing left afterwards.
func demonstrate(ctx context.Context, c *config, stdout io.Writer, p *progress) (err error) {
	if c.state, err = os.MkdirTemp("", "provision-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.state)) }()
	c.failed = filepath.Join(c.state, failedFile)
	c.roster = filepath.Join(c.state, "roster.csv")
	c.backoff = 50 * time.Millisecond
	t, err := newTarget(c)
	if err != nil {
		return err
	}
	demoWeather(t.fake)
	e, err := openEngine(ctx, c, loader, p.say)
	if err != nil {
		return err
	}
	defer e.close()
	s, err := e.setUp(ctx, c)
	if err != nil {
		return err
	}
	for night, headline := range []string{
		"The first night: 10,000 rows, of which the API has 400 already, and it does not always answer as it should",
		"The second night: the same roster with 150 changes",
	} {
		_, _ = fmt.Fprintf(stdout, "%s\n\n", headline)
		if err := writeDemo(c.roster, night); err != nil {
			return err
		}
		err := s.bring(ctx, c, t, stdout, p)
		if errors.Is(err, errFailed) {
			err = printFile(stdout, c.failed)
		}
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(stdout)
	}
	return nil
}

// demoWeather gives the fake what it has at first, and what goes wrong.
func demoWeather(fake *partnertest.Fake) {
	for i := 1; i <= 400; i++ {
		fake.SeedSubscription(partnertest.Subscription{PK: demoPK(i), Email: demoEmail(i), Plan: partnerapi.PlanBarkJunior})
	}
	fake.Fail("POST /partners/subscriptions", slices.Concat(
		slices.Repeat([]partnertest.Fault{{}, {Status: 503}, {Cut: partnertest.CutAfter}, {Status: 502, Processed: true}}, 50),
		slices.Repeat([]partnertest.Fault{{Status: 429, RetryAfter: time.Second}}, 20),
		slices.Repeat([]partnertest.Fault{{Status: 400, Body: `{"success":false,"error":"Email is invalid","error_type":"invalid_params"}`}}, 3),
	)...)
}

func demoPK(i int) string    { return fmt.Sprintf("MS%05d", i) }
func demoEmail(i int) string { return fmt.Sprintf("parent%05d@example.com", i) }

// writeDemo writes the roster of a night. On the second, 100 parents have another plan, and 50 have left.
func writeDemo(path string, night int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	_ = w.Write(columns) // w.Error tells
	for i := 1; i <= demoRows; i++ {
		r := row{demoPK(i), demoEmail(i), partnerapi.PlanBark, active}
		switch {
		case i <= 200, night == 1 && i > demoRows-50:
			r.Status = cancelled
		case night == 1 && i <= 300:
			r.Plan = partnerapi.PlanBarkJunior
		}
		_ = w.Write(r.fields())
	}
	w.Flush()
	return errors.Join(w.Error(), f.Close())
}

func printFile(w io.Writer, path string) error {
	text, err := os.ReadFile(path)
	_, _ = w.Write(text)
	return err
}
