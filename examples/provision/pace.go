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

// pace is the rate limiter of a process. It starts at the flag's rate, slows down while the API rejects requests as too
// many or does not respond, and then speeds up again.
type pace struct {
	limiter *rate.Limiter
	most    rate.Limit
	stopped context.Context //nolint:containedctx // the context of the process: calls have contexts that outlive it
	turn    chan struct{}   // held by the one request that is waiting for its time

	mu        sync.Mutex
	since     time.Time // start of the current window; zero if it is empty
	last      time.Time // the newest attempt
	sent, bad int
	refused   int // failed attempts with 429
	total     int
	inRow     int       // failed attempts since the last success
	calm      int       // consecutive windows without a 429
	asked     time.Time // the end of the API's Retry-After
	recent    []second  // successes in the last minute
}

// second is the successes per second in a window.
type second struct {
	at   time.Time
	good rate.Limit
}

const (
	slowest  = rate.Limit(0.2) // per second: enough to notice that the API has recovered
	quicker  = 0.1             // growth per second, doubled for each second without a 429
	paceStep = time.Second
	// A tenth of the last minute's successes is safe for an API that still responds. Without this floor, a
	// process that is slow for another reason would wait for its own limit.
	sustainedFor = time.Minute
	sustainedBy  = 10
	outage       = 10 // consecutive failures that mean an outage
)

// newPace returns a limiter for a number of requests per second. 0 means no limit.
func newPace(perSecond float64) *pace {
	most := rate.Limit(perSecond)
	if perSecond == 0 {
		most = rate.Inf
	}
	return &pace{limiter: rate.NewLimiter(most, 1), most: most, stopped: context.Background(), turn: make(chan struct{}, 1)}
}

// stopWith makes ctx end all waits from now on.
func (p *pace) stopWith(ctx context.Context) { p.stopped = ctx }

// Wait returns when a request may be sent. One caller waits for its time and the others wait for that caller, so a
// growing rate takes effect for all of them within a second.
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

// ask records a Retry-After: until then the rate may fall as low as in an outage.
func (p *pace) ask(retryAfter time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(min(retryAfter, longestRetryAfter)); until.After(p.asked) {
		p.asked = until
	}
}

// observe records an attempt. Every second the rate falls by half of the share of failures if more than 5 % of the
// attempts were 429s, or most failed; otherwise it rises. So it settles where few requests are rejected. Occasional
// failures do not lower it: they occur at any rate, and a lower one would never end.
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
	// A gap of at least twice the interval between requests is idle time, which says nothing about the API.
	if between := max(1/float64(p.limiter.Limit()), paceStep.Seconds()); now.Sub(p.last).Seconds() > 2*between {
		p.since, p.sent, p.bad, p.refused = now, 0, 0, 0
	}
	p.last = now
	p.sent++
	p.total++
	switch {
	case status == http.StatusTooManyRequests: // the API responds
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

// next returns the rate after a number of seconds at another rate.
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

// least returns the lower limit of the rate.
func (p *pace) least(now time.Time) rate.Limit {
	least := slowest
	if p.inRow < outage && !now.Before(p.asked) {
		for _, s := range p.recent {
			least = max(least, s.good/sustainedBy)
		}
	}
	return least
}

// now returns the current rate and the number of requests.
func (p *pace) now() (perSecond rate.Limit, requests int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limiter.Limit(), p.total
}
