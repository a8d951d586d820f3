package deadline_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go/internal/deadline"
)

type key struct{}

// Every row is what context.WithDeadline does. It is checked for a context that nobody waits for, for one that somebody
// waits for from the start, and for context.WithDeadline itself.
func TestAsWithDeadline(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	errBroken := errors.New("broken")
	tests := map[string]struct {
		parents     time.Duration // until the parent's deadline, or 0
		parentEnds  time.Duration // when the parent is cancelled, or 0
		ends        time.Duration // when the context ends, or 0
		limit       time.Duration // what Deadline says
		early, late error         // after 5 ms, and after 50 ms
		cause       error
	}{
		"deadline":                  {0, 0, 0, 20 * ms, nil, context.DeadlineExceeded, context.DeadlineExceeded},
		"parent's earlier deadline": {10 * ms, 0, 0, 10 * ms, nil, context.DeadlineExceeded, context.DeadlineExceeded},
		"parent's later deadline":   {time.Hour, 0, 0, 20 * ms, nil, context.DeadlineExceeded, context.DeadlineExceeded},
		"parent's passed deadline":  {-ms, 0, 0, -ms, context.DeadlineExceeded, context.DeadlineExceeded, context.DeadlineExceeded},
		"parent cancelled":          {0, 10 * ms, 0, 20 * ms, nil, context.Canceled, errBroken},
		"parent cancelled at first": {0, ms, 0, 20 * ms, context.Canceled, context.Canceled, errBroken},
		"ended":                     {0, 0, 10 * ms, 20 * ms, nil, context.Canceled, context.Canceled},
	}
	forms := map[string]func(parent context.Context, at time.Time) (_ context.Context, end func()){
		"not waited for": begin,
		"waited for": func(parent context.Context, at time.Time) (context.Context, func()) {
			c, end := begin(parent, at)
			c.Done()
			return c, end
		},
		"WithDeadline": func(parent context.Context, at time.Time) (context.Context, func()) {
			return context.WithDeadline(parent, at)
		},
	}
	for name, test := range tests {
		for form, start := range forms {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
					defer cancel(nil)
					if test.parents != 0 {
						limited, stop := context.WithDeadline(parent, began.Add(test.parents))
						defer stop()
						parent = limited
					}
					c, end := start(parent, began.Add(20*ms))
					defer end()
					if test.parentEnds != 0 {
						time.AfterFunc(test.parentEnds, func() { cancel(errBroken) })
					}
					if test.ends != 0 {
						time.AfterFunc(test.ends, end)
					}
					at, isLimited := c.Deadline()
					assert.Equal(t, test.limit, at.Sub(began))
					assert.True(t, isLimited)
					assert.Equal(t, "value", c.Value(key{}))
					time.Sleep(5 * ms)
					assert.Equal(t, test.early, c.Err())
					time.Sleep(45 * ms)
					assert.Equal(t, test.late, c.Err())
					end()
					assert.Equal(t, test.late, c.Err(), "an error stays")
					done := c.Done()
					<-done
					assert.Equal(t, done, c.Done(), "package context promises the same channel")
					assert.Equal(t, test.late, c.Err())
					assert.Equal(t, test.cause, context.Cause(c))
					assert.Equal(t, "value", c.Value(key{}))
				})
			})
		}
	}
}

func begin(parent context.Context, at time.Time) (_ context.Context, end func()) {
	c := new(deadline.Context)
	c.Begin(parent, at)
	return c, c.End
}

// Done and the Done of a derived context are closed at the end.
func TestWaiters(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(context.Context) <-chan struct{}{
		"Done": context.Context.Done,
		"derived": func(c context.Context) <-chan struct{} {
			derived, cancel := context.WithCancel(c)
			context.AfterFunc(c, cancel)
			return derived.Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				c, end := begin(t.Context(), began.Add(time.Second))
				<-wait(c)
				assert.Equal(t, time.Second, time.Since(began))
				end()
				c, end = begin(t.Context(), began.Add(time.Hour))
				time.AfterFunc(time.Second, end)
				<-wait(c)
				assert.Equal(t, 2*time.Second, time.Since(began))
			})
		})
	}
}

// net/http derives a context from that of every request.
func TestDerivedContextsStartNoGoroutine(t *testing.T) { //nolint:paralleltest // counts those of the whole process
	c, end := begin(t.Context(), time.Now().Add(time.Hour))
	defer end()
	before := runtime.NumGoroutine()
	for range 100 {
		_, cancel := context.WithCancel(c)
		defer cancel()
	}
	assert.Less(t, runtime.NumGoroutine(), before+100)
}

func TestNothingIsAllocated(t *testing.T) { //nolint:paralleltest // measures the whole process
	c, ctx := new(deadline.Context), t.Context()
	at := time.Now().Add(time.Hour)
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		*c = deadline.Context{}
		c.Begin(ctx, at)
		if c.Err() == nil {
			c.End()
		}
	}))
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	for range 100 {
		c, end := begin(t.Context(), time.Now().Add(time.Millisecond))
		var all sync.WaitGroup
		for _, use := range []func(){func() { <-c.Done() }, func() { _ = c.Err() }, func() { c.Value(key{}) }, end, func() { c.Deadline() }} {
			all.Go(use)
		}
		all.Wait()
		assert.Error(t, c.Err())
	}
}
