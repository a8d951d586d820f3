package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// world is an API with a limit, and the machine that calls it.
type world struct {
	limit  float64       // requests per second
	window time.Duration // in which the API counts
	lost   float64       // the share of the requests within the limit that are rejected too
	slow   time.Duration // when responses begin to take 20 times as long
	fast   time.Duration // when they end to
	outage time.Duration // its start
	back   time.Duration // its end
	status int           // in the outage
}

// callers is the number of concurrent requests, and respond the time of a response.
const (
	callers = 200
	respond = 10 * time.Millisecond
)

// inSecond is what happens in a second: taken are the requests within the limit, and good those that succeed.
type inSecond struct{ sent, taken, good int }

// flight is a request in progress.
type flight struct {
	end    time.Time
	took   time.Duration
	status int
}

// simulate has callers that always have another request, in simulated time.
func (w world) simulate(p *pace, length time.Duration, seed uint64) []inSecond {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // repeatable
	start := time.Unix(1_000_000_000, 0)
	seconds := make([]inSecond, length/time.Second)
	var flights []flight
	land := func() time.Time {
		f := flights[0]
		flights = flights[1:]
		p.observeAt(f.end, f.status, f.took)
		return f.end
	}
	var window time.Time
	used := 0.
	for now := start; ; {
		wait, isTurn := p.reserve(now)
		now = now.Add(wait)
		for len(flights) > 0 && !flights[0].end.After(now) {
			land()
		}
		if !isTurn {
			continue
		}
		if len(flights) == callers {
			now = land()
		}
		at := now.Sub(start)
		if at >= length {
			return seconds
		}
		if to := now.Truncate(w.window); !to.Equal(window) {
			window, used = to, 0
		}
		second := &seconds[at/time.Second]
		second.sent++
		f := flight{took: respond, status: 200}
		if at >= w.slow && at < w.fast {
			f.took *= 20
		}
		switch {
		case at >= w.outage && at < w.back:
			f.status = w.status
		case used >= w.limit*w.window.Seconds():
			f.status = 429
		default:
			used++
			second.taken++
			if random.Float64() < w.lost {
				f.status = 429
			} else {
				second.good++
			}
		}
		f.end = now.Add(f.took)
		if n := len(flights); n > 0 && flights[n-1].end.After(f.end) {
			f.end = flights[n-1].end
		}
		flights = append(flights, f)
	}
}

// possible returns how many requests per second can be taken in a second.
func (w world) possible(second int) float64 {
	limit := min(w.limit, callers/respond.Seconds())
	if at := time.Duration(second) * time.Second; at >= w.slow && at < w.fast {
		limit = min(limit, callers/(20*respond).Seconds())
	}
	return limit
}

// requireSustained requires that 0.8 of what is possible is taken in ten of the first 30 seconds from a second on, and never
// less than half of that in ten seconds afterwards. Of the requests that are taken, a share is lost whatever the rate is.
func (w world) requireSustained(t *testing.T, seconds []inSecond, from int) {
	t.Helper()
	share := func(i int) float64 {
		taken, possible := 0., 0.
		for j, s := range seconds[i : i+10] {
			taken += float64(s.taken)
			possible += w.possible(i + j)
		}
		return taken / possible
	}
	reached := 0.
	for i := range 20 {
		reached = max(reached, share(from+i))
	}
	require.GreaterOrEqualf(t, reached, 0.8, "within 30 s: %v", seconds[from:from+30])
	for i := from + 20; i <= len(seconds)-10; i++ {
		require.GreaterOrEqualf(t, share(i), 0.4, "from second %d: %v", i, seconds[i:i+10])
	}
}

func TestPaceInSimulatedWorlds(t *testing.T) {
	t.Parallel()
	for _, limit := range []float64{1, 5, 30, 300, 10_000} {
		for _, lost := range []float64{0, 0.1, 0.3} {
			if limit > 1000 && lost == 0.1 {
				continue // the slowest to simulate, and the furthest from chance
			}
			for name, w := range map[string]world{
				"counts per second":        {window: time.Second},
				"counts per two seconds":   {window: 2 * time.Second},
				"slow machine":             {window: time.Second, fast: time.Hour},
				"machine becomes slow":     {window: 2 * time.Second, slow: 20 * time.Second, fast: time.Hour},
				"machine slow for a while": {window: time.Second, slow: 20 * time.Second, fast: 50 * time.Second},
			} {
				t.Run(fmt.Sprintf("%g per second, %g lost, %s", limit, lost, name), func(t *testing.T) {
					t.Parallel()
					w.limit, w.lost = limit, lost
					length := 100 * time.Second
					if limit > 1000 {
						length = 40 * time.Second
					}
					for seed := range uint64(max(1, 20/limit)) {
						w.requireSustained(t, w.simulate(newPace(0), length, seed), 0)
					}
				})
			}
		}
	}
}

// A share of failures in a few requests is uncertain, in the steps that a step is compared with too. A controller that took their
// share for certain missed with these seeds: it lowered the rate for failures that were due to chance.
//
// At few requests per second, no controller is always right. At 1 per second a step has 5 requests, and with 30 % of random
// 429s all of them fail in one step of 400 (0.3^5), as they do above the limit. So with other seeds than those of the
// tests here, about one run in 2,500 misses at 1 per second, and one in 1,200 at 10 per second, with 30 % of random 429s.
func TestPaceIgnoresChance(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		w    world
		seed uint64
	}{
		"2 per second":                        {world{limit: 2, slow: 20 * time.Second, fast: 50 * time.Second}, 65},
		"10 per second":                       {world{limit: 10}, 50},
		"10 per second, slow machine":         {world{limit: 10, fast: time.Hour}, 50},
		"10 per second, slow for a while":     {world{limit: 10, slow: 20 * time.Second, fast: 50 * time.Second}, 30},
		"10 per second, slow for a while too": {world{limit: 10, slow: 20 * time.Second, fast: 50 * time.Second}, 50},
		"20 per second, slow machine":         {world{limit: 20, fast: time.Hour}, 12},
		"100 per second, slow machine":        {world{limit: 100, fast: time.Hour}, 17},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.w.window, test.w.lost = time.Second, 0.3
			test.w.requireSustained(t, test.w.simulate(newPace(0), 100*time.Second, test.seed), 0)
		})
	}
}

// In an outage one request is sent in ten seconds. Afterwards the rate is as before. That begins with a probe that succeeds: with
// 30 % of random 429s, all six of the first minute fail in one of 1,400 outages (0.3^6), whatever the controller does.
func TestPaceInASimulatedOutage(t *testing.T) {
	t.Parallel()
	for _, limit := range []float64{1, 30, 300} {
		for _, lost := range []float64{0, 0.3} {
			for status, noticed := range map[int]int{0: 10, 503: 10, 429: 30} { // seconds
				t.Run(fmt.Sprintf("%g per second, %g lost, status %d", limit, lost, status), func(t *testing.T) {
					t.Parallel()
					w := world{limit: limit, lost: lost, window: time.Second, outage: 60 * time.Second, back: 600 * time.Second, status: status}
					for seed := range uint64(5) {
						seconds := w.simulate(newPace(0), 12*time.Minute, seed)
						probes := 0
						for _, s := range seconds[60+noticed : 600] {
							probes += s.sent
						}
						assert.InDelta(t, (600-60-noticed)/10, probes, 3)
						first := 600
						for seconds[first].good == 0 {
							first++
						}
						require.Less(t, first, 660)
						w.requireSustained(t, seconds, first)
					}
				})
			}
		}
	}
}

// The process does not send more than its flag says, and no fewer requests than that to an API that accepts them.
func TestPaceFollowsTheFlag(t *testing.T) {
	t.Parallel()
	for _, flag := range []float64{0.05, 1, 4.5, 100} {
		w := world{limit: 1000, window: time.Second}
		sent := 0
		for _, s := range w.simulate(newPace(flag), 200*time.Second, 0) {
			sent += s.sent
		}
		assert.InDelta(t, 200*flag, sent, 1+10*flag)
	}
}

// drive makes one request after another until d has passed.
func drive(t *testing.T, p *pace, d time.Duration, status func() int) (sent int) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); sent++ {
		require.NoError(t, p.Wait(t.Context()))
		time.Sleep(time.Millisecond) // the duration of a response
		p.observe(t.Context(), partnerapi.Attempt{StatusCode: status(), Duration: time.Millisecond})
	}
	return sent
}

func always(status int) func() int { return func() int { return status } }

func TestPaceOfOneCallerIsUnlimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0)
		drive(t, p, 10*time.Second, always(200))
		assert.InDelta(t, 10_000, drive(t, p, 10*time.Second, always(200)), 10)
		perSecond, requests := p.now()
		assert.Less(t, float64(perSecond), 4000., "no more than is of use")
		assert.Greater(t, requests, 15_000)
	})
}

// The floor is a share of what the API has taken, unless it sends Retry-After.
func TestPaceFloor(t *testing.T) {
	t.Parallel()
	refused := func(*pace) {}
	tests := map[string]struct {
		flag  float64
		first func(*pace)
		after time.Duration
		least float64
		most  float64
	}{
		"refused":                       {0, refused, 9 * time.Second, 600, 700},
		"refused, with a flag":          {20, refused, 9 * time.Second, 12, 14},
		"idle for a minute and refused": {0, func(*pace) { time.Sleep(time.Minute) }, 9 * time.Second, 300, 350},
		"told to wait":                  {0, func(p *pace) { p.ask(time.Minute) }, 9 * time.Second, 0.1, 10},
		"was told to wait":              {0, func(p *pace) { p.ask(5 * time.Second) }, 9 * time.Second, 600, 700},
		"refused for longer":            {0, refused, 15 * time.Second, 0.1, 0.1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPace(test.flag)
				drive(t, p, 20*time.Second, always(200))
				test.first(p)
				drive(t, p, test.after, always(429))
				perSecond, _ := p.now()
				assert.GreaterOrEqual(t, float64(perSecond), test.least)
				assert.LessOrEqual(t, float64(perSecond), test.most)
			})
		})
	}
}

// Requests that wait at a slow rate benefit when the rate grows.
func TestGrowingPaceAppliesToWaitingRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(50)
		drive(t, p, time.Minute, always(503))
		began, passed := time.Now(), make(chan error, 16)
		for range 16 {
			go func() {
				err := p.Wait(t.Context())
				p.observe(t.Context(), partnerapi.Attempt{StatusCode: 200})
				passed <- err
			}()
		}
		for range 16 {
			require.NoError(t, <-passed)
		}
		assert.Less(t, time.Since(began), 15*time.Second, "at 0.1 a second it would be 160")
	})
}

func TestPaceEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0.001)
		ctx, stop := context.WithCancel(t.Context())
		p.stopWith(ctx)
		require.NoError(t, p.Wait(t.Context()))
		waited := make(chan error)
		go func() { waited <- p.Wait(t.Context()) }()
		synctest.Wait()
		stop()
		require.ErrorIs(t, <-waited, context.Canceled)
		require.ErrorIs(t, p.Wait(t.Context()), context.Canceled)
	})
}
