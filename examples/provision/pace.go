package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
)

// pace is the limiter of a process: it lets through what the flag says, less while the API says that it is too much, or
// does not answer, and then more again.
type pace struct {
	limiter *rate.Limiter
	most    rate.Limit
	stopped context.Context //nolint:containedctx // that of the process: calls have contexts that outlive it

	mu        sync.Mutex
	since     time.Time // the first of what is counted, if there is any
	sent, bad int
	refused   int // of the bad: because it is too much
	total     int
}

const (
	slowest  = rate.Limit(0.2) // a second: enough to see that all is well again
	quicker  = 1.1             // by how much a pace grows in a second
	paceStep = time.Second
	// What is older tells nothing of how quick the process is: it had nothing to do for a while.
	paceMemory = 2 * attemptLimit
)

// newPace returns a limiter of so many requests a second. 0 stands for no limit.
func newPace(perSecond float64) *pace {
	most := rate.Limit(perSecond)
	if perSecond == 0 {
		most = rate.Inf
	}
	return &pace{limiter: rate.NewLimiter(most, 1), most: most, stopped: context.Background()}
}

// stopWith ends all waits with ctx, from now on.
func (p *pace) stopWith(ctx context.Context) { p.stopped = ctx }

// Wait returns when a request may be sent.
func (p *pace) Wait(ctx context.Context) error {
	if err := p.stopped.Err(); err != nil || p.limiter.Limit() == rate.Inf {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.stopped, cancel)()
	return p.limiter.Wait(ctx)
}

// observe is told of every attempt. Each second the pace becomes slower by half of the share that went wrong, if the API
// says that it is too much or most goes wrong, or else quicker: it settles where hardly any is refused. What goes wrong
// now and then does so at any pace, and a slower one would never come to an end.
func (p *pace) observe(_ context.Context, a partnerapi.Attempt) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() || now.Sub(p.since) > paceMemory {
		p.since, p.sent, p.bad, p.refused = now, 0, 0, 0
	}
	p.sent++
	p.total++
	if a.StatusCode == http.StatusTooManyRequests || a.StatusCode >= http.StatusInternalServerError || a.StatusCode == 0 {
		p.bad++
	}
	if a.StatusCode == http.StatusTooManyRequests {
		p.refused++
	}
	elapsed := now.Sub(p.since)
	if elapsed < paceStep {
		return
	}
	limit := p.limiter.Limit()
	if 20*p.refused > p.sent || 2*p.bad > p.sent {
		is := rate.Limit(float64(p.sent) / elapsed.Seconds())
		limit = max(min(limit, is)*rate.Limit(1-float64(p.bad)/float64(p.sent)/2), min(slowest, p.most))
	} else {
		limit = min(limit*quicker, p.most)
	}
	p.limiter.SetLimitAt(now, limit)
	p.since = time.Time{}
}

// now returns the pace, and how many requests there were.
func (p *pace) now() (perSecond rate.Limit, requests int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limiter.Limit(), p.total
}
