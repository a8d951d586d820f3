package main

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
)

// pace is the rate limiter of a process. Its controller chooses the rate.
type pace struct {
	limiter *rate.Limiter
	stopped context.Context //nolint:containedctx // the context of the process: calls have contexts that outlive it
	turn    chan struct{}   // held by the one request that is waiting for its time

	mu    sync.Mutex
	c     controller
	total int // requests
}

// newPace returns a limiter for a number of requests per second. 0 means no limit.
func newPace(perSecond float64) *pace {
	if perSecond == 0 {
		perSecond = math.Inf(1)
	}
	c := newController(perSecond)
	return &pace{limiter: rate.NewLimiter(rate.Limit(c.rate), 1), stopped: context.Background(), turn: make(chan struct{}, 1), c: c}
}

// stopWith makes ctx end all waits from now on.
func (p *pace) stopWith(ctx context.Context) { p.stopped = ctx }

// Wait returns when a request may be sent. One caller waits for its time and the others wait for that caller, so a
// growing rate takes effect for all of them within a second.
func (p *pace) Wait(ctx context.Context) error {
	if err := p.stopped.Err(); err != nil {
		return err
	}
	if p.limiter.Allow() {
		return nil
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
		wait, isTurn := p.reserve(time.Now())
		if err := sleep(ctx, wait); err != nil || isTurn {
			return err
		}
	}
}

// reserve returns how long to wait for a turn, or before asking again if that is long.
func (p *pace) reserve(now time.Time) (wait time.Duration, isTurn bool) {
	reserved := p.limiter.ReserveN(now, 1)
	if wait = reserved.DelayFrom(now); wait <= time.Second {
		return wait, true
	}
	reserved.CancelAt(now)
	return time.Second, false
}

// ask records a Retry-After.
func (p *pace) ask(retryAfter time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(min(retryAfter, longestRetryAfter)); until.After(p.c.asked) {
		p.c.asked = until
	}
}

// observe records an attempt.
func (p *pace) observe(_ context.Context, a partnerapi.Attempt) {
	p.observeAt(time.Now(), a.StatusCode, a.Duration)
}

func (p *pace) observeAt(now time.Time, status int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total++
	before := p.c.rate
	if p.c.observe(now, status, took); p.c.rate != before {
		p.limiter.SetLimitAt(now, rate.Limit(p.c.rate))
		p.limiter.SetBurstAt(now, max(1, int(p.c.rate*burst.Seconds())))
	}
}

// now returns the current rate and the number of requests.
func (p *pace) now() (perSecond rate.Limit, requests int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limiter.Limit(), p.total
}

const (
	burst       = 10 * time.Millisecond // requests of this time may be sent together, because timers are no finer
	firstRate   = 20                    // per second, after a pause
	probeRate   = 0.1                   // per second, in an outage
	raise       = 0.2                   // the increase of a step, of the rate before the last decrease
	raises      = 4                     // steps, before the increase doubles with each
	lower       = 0.8                   // the factor of a decrease
	below       = 0.9                   // of the successes of the step, if that is lower: certainly within the API's limit
	kept        = 0.7                   // the floor, of the sustained rate
	halfLife    = time.Minute           // of the sustained rate
	lookBack    = 30 * time.Second      // to compare a step with
	unavoidable = 1. / 3                // the largest share of failures that the rate is not blamed for
)

// controller chooses a rate of requests. It has no clock, so that a test can simulate hours.
//
// A step has at least 20 requests and takes a second, or less while the rate doubles, or has fewer and takes 5 to 10. After
// it the rate grows by a constant, or falls by a factor if more requests failed, or responses were slower, than in the better
// steps before: what those had too is not due to the rate. It does not fall below a share of what the API has taken in the
// last minutes, except during a Retry-After or an outage. After a pause it starts low, but not below that share, and doubles.
type controller struct {
	rate, most float64
	base       float64   // the rate before the last decrease
	calm       int       // steps since then
	asked      time.Time // the end of the API's Retry-After

	last, good time.Time // the newest attempt and the newest success
	failed     int       // attempts since the newest success
	silent     int       // attempts since the newest response that is not a 5xx
	out        bool      // an outage
	before     float64   // the rate before it
	restarted  time.Time // the last slow start

	step, span counts
	steps      []counts // the last ones
	sustained  float64  // the highest rate in a span that the API has taken; it fades
}

// counts are the attempts of a time.
type counts struct {
	since, end   time.Time
	sent, failed int
	took         time.Duration // in total
}

func (n *counts) add(now time.Time, isFailed bool, took time.Duration) {
	n.end = now
	n.sent++
	n.took += took
	if isFailed {
		n.failed++
	}
}

func (n *counts) seconds() float64    { return n.end.Sub(n.since).Seconds() }
func (n *counts) lost() float64       { return float64(n.failed) / float64(n.sent) }
func (n *counts) mean() time.Duration { return n.took / time.Duration(n.sent) }

func newController(most float64) controller {
	c := controller{most: most, rate: min(firstRate, most)}
	c.restart(time.Time{})
	return c
}

// observe records an attempt.
func (c *controller) observe(now time.Time, status int, took time.Duration) {
	hasResponse := status != 0 && status < http.StatusInternalServerError
	isFailed := !hasResponse || status == http.StatusTooManyRequests
	if c.out && !isFailed || now.Sub(c.last).Seconds() > 2*max(1/c.rate, 1) {
		c.restart(now)
	}
	c.last = now
	c.failed++
	c.silent++
	if hasResponse {
		c.silent = 0
	}
	if !isFailed {
		c.failed, c.good = 0, now
	}
	if !now.Add(-took).Before(c.restarted) { // or it tells how things were before
		c.step.add(now, isFailed, took)
		c.span.add(now, isFailed, took)
	}
	switch elapsed := c.step.seconds(); {
	case c.out:
	case c.silent >= 10, c.failed >= 20 && now.Sub(c.good) > 10*time.Second:
		c.out, c.before, c.rate = true, c.rate, min(probeRate, c.most)
	case c.step.sent >= 20 && (elapsed >= 1 || elapsed >= 0.1 && c.calm > 2*raises), elapsed >= 5 && c.step.sent >= 5, elapsed >= 10:
		c.adjust(now)
	}
}

// restart begins a slow start. A pause says nothing about the API.
func (c *controller) restart(now time.Time) {
	if !c.out {
		c.before = c.rate
	}
	if c.failed == 0 {
		c.good = now
	}
	c.fade(now)
	c.out, c.base, c.calm = false, math.Inf(1), 2*raises
	c.rate = min(firstRate, c.before)
	c.bound(now)
	c.step, c.restarted = counts{since: now}, now
}

// adjust ends a step.
func (c *controller) adjust(now time.Time) {
	s := c.step
	c.step = counts{since: now}
	c.steps = append(c.steps, s)
	for now.Sub(c.steps[0].end) > lookBack {
		c.steps = c.steps[1:]
	}
	better, quickest := usual(c.steps)
	lost := min(better.lost(), unavoidable)
	sent, seconds := float64(s.sent), s.seconds()
	// Both shares are of a few requests, so both are uncertain.
	chance := 2 * math.Sqrt((lost+1/sent)*(1/sent+1/float64(better.sent)))
	c.calm++
	switch {
	case s.lost() > lost+0.05+chance:
		c.base, c.calm = c.rate, 0
		succeeded := (sent - float64(s.failed)) / seconds
		c.rate = max(min(lower*c.rate, below*succeeded), c.rate/4)
	case s.mean() > 3*quickest+100*time.Millisecond: // a busy machine is slow by less than that
		c.base, c.calm = c.rate, 0
		c.rate *= lower
	case sent/seconds > c.rate/2: // or something else limits it
		c.rate += min(c.rate, raise*c.base*math.Exp2(float64(max(0, c.calm-raises))))
	}
	if s := c.span; s.seconds() >= 5 {
		c.fade(now)
		c.sustained = max(c.sustained, min(1, (1-s.lost())/(1-lost))*float64(s.sent)/s.seconds())
	}
	c.bound(now)
}

// usual returns the better half of the steps together, and the quickest mean of the last four.
func usual(steps []counts) (better counts, quickest time.Duration) {
	quickest = math.MaxInt64 / 4
	for _, s := range steps[max(0, len(steps)-4):] {
		quickest = min(quickest, s.mean())
	}
	steps = slices.Clone(steps)
	slices.SortFunc(steps, func(a, b counts) int { return cmp.Compare(a.lost(), b.lost()) })
	for _, s := range steps[:(len(steps)+1)/2] {
		better.sent += s.sent
		better.failed += s.failed
	}
	return better, quickest
}

// fade begins a span.
func (c *controller) fade(now time.Time) {
	c.sustained *= math.Exp2(-now.Sub(c.span.since).Seconds() / halfLife.Seconds())
	c.span = counts{since: now}
}

func (c *controller) bound(now time.Time) {
	if now.After(c.asked) {
		c.rate = max(c.rate, kept*c.sustained)
	}
	c.rate = min(max(c.rate, probeRate), c.most)
}
