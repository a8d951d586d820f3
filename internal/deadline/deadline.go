// Package deadline is context.WithDeadline for requests. A Context can be part of a request's allocation. It sets a timer only
// if somebody waits for it, which a transport that responds immediately never does.
package deadline

import (
	"context"
	"sync"
	"time"
)

// Context is a context that is done at a time, when its parent is, or after End. It is valid after Begin.
type Context struct {
	context.Context // the parent

	at    time.Time
	mu    sync.Mutex
	timed context.Context    // the same with a timer, or nil while nobody has waited
	end   context.CancelFunc // of timed
	ended error              // the result of Err, if it ended without a timer
}

// Begin sets the parent and the time. It is called once, before anything else.
func (c *Context) Begin(parent context.Context, at time.Time) { c.Context, c.at = parent, at }

// End makes the context done and frees its timer.
func (c *Context) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.timed != nil:
		c.end()
	case c.ended == nil:
		c.ended = context.Canceled
	}
}

// Deadline returns the earlier of the time and the parent's deadline.
func (c *Context) Deadline() (at time.Time, isLimited bool) {
	if parents, isLimited := c.Context.Deadline(); isLimited && parents.Before(c.at) {
		return parents, true
	}
	return c.at, true
}

// Done returns a channel that is closed when the context is done.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return closed
	}
	if c.timed == nil {
		c.timed, c.end = context.WithDeadline(c.Context, c.at)
	}
	return c.timed.Done()
}

// closed is the channel of all that ended before somebody waited.
var closed = func() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}()

// Err returns why the context is done, or nil.
func (c *Context) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.timed != nil:
		return c.timed.Err()
	case c.ended != nil:
	case c.Context.Err() != nil:
		c.ended = c.Context.Err()
	case !time.Now().Before(c.at):
		c.ended = context.DeadlineExceeded
	}
	return c.ended
}

// Value returns the parent's value of key. If there is a timer, it asks the context with the timer, which package context looks
// for by a key of its own: without it, each derived context would start a goroutine.
func (c *Context) Value(key any) any {
	c.mu.Lock()
	from := c.Context
	if c.timed != nil {
		from = c.timed
	}
	c.mu.Unlock()
	return from.Value(key)
}
