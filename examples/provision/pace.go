package main

import (
	"context"
	"math"
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
	turn    chan struct{}   // held by the one request whose time is being waited for

	mu        sync.Mutex
	since     time.Time // the first of what is counted, if there is any
	last      time.Time // the newest attempt
	sent, bad int
	refused   int // of the bad: because it is too much
	total     int
	inRow     int       // bad attempts since the last good one
	calm      int       // how often in a row nothing was refused
	asked     time.Time // until when the API has asked for less
	recent    []second  // what went well in the last minute
}

// second is how many requests went well, a second.
type second struct {
	at   time.Time
	good rate.Limit
}

const (
	slowest  = rate.Limit(0.2) // a second: enough to see that all is well again
	quicker  = 0.1             // by which part a pace grows in a second, doubled each second that nothing is refused
	paceStep = time.Second
	// A tenth of what went well in the last minute is not too much for an API that still answers: a process that is slow
	// for another reason would else wait for its own pace.
	sustainedFor = time.Minute
	sustainedBy  = 10
	outage       = 10 // bad attempts in a row that say that the API is out
)

// newPace returns a limiter of so many requests a second. 0 stands for no limit.
func newPace(perSecond float64) *pace {
	most := rate.Limit(perSecond)
	if perSecond == 0 {
		most = rate.Inf
	}
	return &pace{limiter: rate.NewLimiter(most, 1), most: most, stopped: context.Background(), turn: make(chan struct{}, 1)}
}

// stopWith ends all waits with ctx, from now on.
func (p *pace) stopWith(ctx context.Context) { p.stopped = ctx }

// Wait returns when a request may be sent. One waits for its time, and the others for that one: a pace that grows counts for
// all of them, within a second.
func (p *pace) Wait(ctx context.Context) error {
	if err := p.stopped.Err(); err != nil || p.limiter.Limit() == rate.Inf {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.stopped, cancel)()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		reserved := p.limiter.Reserve()
		wait := reserved.Delay()
		if wait <= paceStep {
			return sleep(ctx, wait)
		}
		reserved.Cancel()
		if err := sleep(ctx, paceStep); err != nil {
			return err
		}
	}
}

// ask is told of a Retry-After: until then the pace may fall as low as in an outage.
func (p *pace) ask(retryAfter time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(min(retryAfter, longestRetryAfter)); until.After(p.asked) {
		p.asked = until
	}
}

// observe is told of every attempt. Each second the pace becomes slower by half of the share that went wrong, if the API
// says that it is too much or most goes wrong, or else quicker: it settles where hardly any is refused. What goes wrong
// now and then does so at any pace, and a slower one would never come to an end.
func (p *pace) observe(_ context.Context, a partnerapi.Attempt) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(now, a.StatusCode)
	limit, least := p.limiter.Limit(), p.least(now)
	if elapsed := now.Sub(p.since); elapsed >= paceStep {
		limit = p.next(now, limit, elapsed.Seconds())
		p.since, p.sent, p.bad, p.refused = now, 0, 0, 0
	}
	p.limiter.SetLimitAt(now, min(max(limit, least), p.most))
}

func (p *pace) count(now time.Time, status int) {
	// Twice the time that the pace has between two requests, or more, is time with nothing to do, which tells nothing.
	if between := max(1/float64(p.limiter.Limit()), paceStep.Seconds()); now.Sub(p.last).Seconds() > 2*between {
		p.since, p.sent, p.bad, p.refused = now, 0, 0, 0
	}
	p.last = now
	p.sent++
	p.total++
	switch {
	case status == http.StatusTooManyRequests: // from an API that is there
		p.bad++
		p.refused++
		p.inRow = 0
	case status >= http.StatusInternalServerError || status == 0:
		p.bad++
		p.inRow++
	default:
		p.inRow = 0
	}
}

// next returns the pace after so many seconds of another.
func (p *pace) next(now time.Time, limit rate.Limit, seconds float64) rate.Limit {
	if p.inRow < outage {
		for len(p.recent) > 0 && now.Sub(p.recent[0].at) > sustainedFor {
			p.recent = p.recent[1:]
		}
		p.recent = append(p.recent, second{now, rate.Limit(float64(p.sent-p.bad) / seconds)})
	}
	if 20*p.refused > p.sent || 2*p.bad > p.sent {
		p.calm = 0
		is := rate.Limit(float64(p.sent) / seconds)
		return min(limit, is) * rate.Limit(1-float64(p.bad)/float64(p.sent)/2)
	}
	growth := math.Min(quicker*math.Exp2(float64(p.calm)), 1)
	if p.calm++; p.refused > 0 {
		p.calm = 0
	}
	return limit * rate.Limit(1+growth)
}

// least is what the pace does not fall below.
func (p *pace) least(now time.Time) rate.Limit {
	least := slowest
	if p.inRow < outage && !now.Before(p.asked) {
		for _, s := range p.recent {
			least = max(least, s.good/sustainedBy)
		}
	}
	return least
}

// now returns the pace, and how many requests there were.
func (p *pace) now() (perSecond rate.Limit, requests int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limiter.Limit(), p.total
}
