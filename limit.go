package partnerapi

import (
	"context"
	"sync"
	"time"
)

// limit is the context of an attempt: that of its call, until a point in time or the end of the attempt. Its timer runs
// from when somebody first waits or looks: transports in memory answer before that.
type limit struct {
	context.Context

	of    *operation
	until time.Time

	mu    sync.Mutex
	timed context.Context //nolint:containedctx // what it stands for, once it is needed
	stop  context.CancelFunc
	ended bool
}

// start returns the context that l stands for.
func (l *limit) start() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timed == nil {
		l.timed, l.stop = context.WithDeadline(l.Context, l.until)
		if l.ended {
			l.stop()
		}
	}
	return l.timed
}

// end ends l with the attempt.
func (l *limit) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended = true; l.stop != nil {
		l.stop()
	}
}

func (l *limit) Deadline() (time.Time, bool) {
	if sooner, ok := l.Context.Deadline(); ok && sooner.Before(l.until) {
		return sooner, true
	}
	return l.until, true
}

func (l *limit) Done() <-chan struct{} { return l.start().Done() }

func (l *limit) Err() error { return l.start().Err() }

// Value is that of the context that l stands for, in which package context finds what Done belongs to.
func (l *limit) Value(key any) any {
	if key == (operationKey{}) {
		return l.of
	}
	l.mu.Lock()
	ctx := l.timed
	l.mu.Unlock()
	if ctx == nil {
		ctx = l.Context
	}
	return ctx.Value(key)
}
