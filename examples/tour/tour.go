package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// A chapter is a part of the tour.
type chapter struct {
	title string
	steps []step
}

// A step makes one call. It returns the outcome in a few words, or an error if the API did not respond as documented.
type step struct {
	op, method string
	call       func(ctx context.Context) (outcome string, err error)
}

// tour is the tour's client and fake, and the values that steps pass on to each other.
type tour struct {
	out    io.Writer
	fake   *partnertest.Fake
	client *partnerapi.Client
	sent   []string // operations of the current step's attempts

	session    *partnerapi.Session
	domain     string
	invitation string
	token      string
	child      string
}

func newTour(w io.Writer) *tour {
	t := &tour{out: w, fake: partnertest.New()}
	t.client = t.fake.Client(t.watch())
	return t
}

// watch makes a client record the operation of each attempt.
func (t *tour) watch() partnerapi.Option {
	return partnerapi.WithAttemptHook(func(_ context.Context, a partnerapi.Attempt) { t.sent = append(t.sent, a.Op) })
}

const line = "  %-47s  %-26s  %-42s  %7s\n"

// run runs the tour and returns an error if any step was not as documented.
func (t *tour) run(ctx context.Context) error {
	operations, failed := make(map[string]bool), make(map[string]bool)
	t.printf(line, "operation", "method", "outcome", "time")
	for _, tell := range []func() chapter{t.parent, t.fan, t.invitations, t.networks, t.user, t.failures, t.outages} {
		c := tell()
		t.printf("\n%s\n", c.title)
		for _, s := range c.steps {
			operations[s.op] = true
			if err := t.take(ctx, s); err != nil {
				failed[s.op] = true
			}
		}
	}
	t.printf("\n%d of %d operations as documented\n", len(operations)-len(failed), len(operations))
	if len(failed) > 0 {
		return errors.New("not everything is as documented")
	}
	return nil
}

// take runs a step and prints its line.
func (t *tour) take(ctx context.Context, s step) error {
	t.sent = nil
	started := time.Now()
	outcome, err := s.call(ctx)
	took := time.Since(started).Round(time.Microsecond)
	if err == nil && s.method != "Signup.URL" && !slices.Contains(t.sent, s.op) {
		err = fmt.Errorf("sent %q", t.sent)
	}
	if err != nil {
		outcome = "NOT AS DOCUMENTED: " + err.Error()
	}
	t.printf(line, s.op, s.method, outcome, took)
	return err
}

func (t *tour) printf(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

// expect returns an error unless ok is true.
func expect(what string, ok bool) error {
	if !ok {
		return errors.New("unexpected: " + what)
	}
	return nil
}
