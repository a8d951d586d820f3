package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// lane is one measurement over loopback.
type lane struct {
	protocol
	callers, calls int
}

func (l lane) title() string {
	return fmt.Sprintf("%s, callers: %d, calls: %d", l.name, l.callers, l.calls)
}

// run makes the calls with a fresh client and adds the results to the table.
func (l lane) run(ctx context.Context, t *table, p peer) error {
	s := serve(l.protocol, respond(http.StatusCreated, []byte(`{"success":true}`)))
	defer s.Close()
	c, err := p.fresh(s.URL, 0)
	if err != nil {
		return err
	}
	took := make([]time.Duration, l.calls)
	started := time.Now()
	err = together(ctx, l.callers, l.calls, func(ctx context.Context, i int) error {
		before := time.Now()
		err := c.create(ctx, subscription)
		took[i] = time.Since(before)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s over %s: %w", p.name, l.name, err)
	}
	t.add(p.name, "calls/s", float64(l.calls)/time.Since(started).Seconds())
	slices.Sort(took)
	t.add(p.name, "connections", float64(s.connections.Load()))
	t.add(p.name, "p50, ms", inMilliseconds(took[l.calls/2]))
	t.add(p.name, "p99, ms", inMilliseconds(took[l.calls*99/100]))
	return nil
}

func inMilliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// together distributes calls among concurrent callers. It stops at the first failure.
func together(ctx context.Context, callers, calls int, call func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < calls && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := call(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}
