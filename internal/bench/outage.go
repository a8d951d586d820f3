package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// outage is a number of calls to an API that is down.
type outage struct {
	name           string
	respond        http.HandlerFunc
	callers, calls int
	call           func(context.Context, client) error
}

// retryWait is short, because only the number of requests matters.
const retryWait = time.Millisecond

// outages returns the measurements: one call of a fresh client for each kind of outage, and many concurrent calls.
func outages(callers, calls int) []outage {
	down := respond(http.StatusServiceUnavailable, []byte(`{}`))
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	get := func(ctx context.Context, c client) error {
		_, err := c.networks(ctx, 1)
		return err
	}
	create := func(ctx context.Context, c client) error { return c.create(ctx, subscription) }
	return []outage{
		{"GET, 503", down, 1, 1, get},
		{"GET, cut", cut, 1, 1, get},
		{"POST, 503", down, 1, 1, create},
		{"POST, cut", cut, 1, 1, create},
		{fmt.Sprintf("%d GETs, %d concurrent, 503", calls, callers), down, callers, calls, get},
	}
}

// run makes the calls with a fresh client and adds the number of requests to the table.
func (o outage) run(ctx context.Context, t *table, p peer) error {
	s := serve(plainHTTP, o.respond)
	defer s.Close()
	c, err := p.fresh(s.URL, retryWait)
	if err != nil {
		return err
	}
	var passed atomic.Bool
	err = together(ctx, o.callers, o.calls, func(ctx context.Context, _ int) error {
		if o.call(ctx, c) == nil {
			passed.Store(true)
		}
		return ctx.Err()
	})
	if passed.Load() {
		err = errors.Join(err, fmt.Errorf("%s: %s: a call succeeded", p.name, o.name))
	}
	t.add(p.name, o.name, float64(s.requests.Load())/float64(o.calls))
	return err
}
