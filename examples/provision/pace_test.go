package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
)

// limitedAPI accepts a number of requests per second and rejects the others.
type limitedAPI struct {
	perSecond  int
	second     int64
	taken      int
	ok, refuse int
}

func (a *limitedAPI) status() int {
	if now := time.Now().Unix(); now != a.second {
		a.second, a.taken = now, 0
	}
	if a.taken++; a.taken > a.perSecond {
		a.refuse++
		return 429
	}
	a.ok++
	return 200
}

func drive(t *testing.T, p *pace, d time.Duration, status func() int) (sent int) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); sent++ {
		require.NoError(t, p.Wait(t.Context()))
		time.Sleep(time.Millisecond) // the duration of a response
		p.observe(t.Context(), partnerapi.Attempt{StatusCode: status()})
	}
	return sent
}

func TestPaceFollowsTheFlag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(5)
		assert.InDelta(t, 500, drive(t, p, 100*time.Second, func() int { return 200 }), 2)
		now, requests := p.now()
		assert.InDelta(t, 5, float64(now), 0.001)
		assert.InDelta(t, 500, requests, 2)
	})
}

func TestPaceWithoutFlagIsUnlimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0)
		assert.Equal(t, 10_000, drive(t, p, 10*time.Second, func() int { return 200 }))
		assert.InDelta(t, float64(rate.Inf), float64(p.limiter.Limit()), 0)
	})
}

// The rate settles slightly above the API's limit, where few requests are rejected.
func TestPaceFindsTheLimitOfTheAPI(t *testing.T) {
	t.Parallel()
	for name, flag := range map[string]float64{"no flag": 0, "too much": 50} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, api := newPace(flag), &limitedAPI{perSecond: 5}
				drive(t, p, time.Minute, api.status) // until the rate has settled
				api.ok, api.refuse = 0, 0
				drive(t, p, 10*time.Minute, api.status)
				assert.Greater(t, api.ok, 9*600*5/10)
				assert.Less(t, api.refuse, api.ok/5)
			})
		})
	}
}

func TestPaceSettlesWhereFewAreRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, api := newPace(0), &limitedAPI{perSecond: 20}
		drive(t, p, time.Minute, api.status)
		api.ok, api.refuse = 0, 0
		sent := drive(t, p, 10*time.Minute, api.status)
		assert.InDelta(t, 20*600, sent, 20*60)
		assert.Less(t, api.refuse, sent/10)
	})
}

func TestPaceIgnoresOccasionalFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := 0
		sent := drive(t, newPace(0), 10*time.Minute, func() int {
			if i++; i%8 == 0 {
				return 500
			}
			return 200
		})
		assert.Greater(t, sent, 10*60*900)
	})
}

func TestPaceIgnoresIdleTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0)
		for range 3 {
			time.Sleep(time.Hour)
			p.observe(t.Context(), partnerapi.Attempt{StatusCode: 503})
		}
		perSecond, _ := p.now()
		assert.Greater(t, perSecond, slowest)
	})
}

func TestPaceInAnOutage(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"503": 503, "no response": 0, "429": 429} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPace(5)
				drive(t, p, time.Minute, func() int { return 200 })
				drive(t, p, time.Minute, func() int { return status })
				assert.LessOrEqual(t, drive(t, p, 10*time.Minute, func() int { return status }), 125, "a request in five seconds")
				drive(t, p, 20*time.Second, func() int { return 200 })
				now, _ := p.now()
				assert.InDelta(t, 5, float64(now), 0.001, "as before")
			})
		})
	}
}

// The floor is a tenth of the last minute's successes, unless the API sends Retry-After or is down.
func TestPaceFloor(t *testing.T) {
	t.Parallel()
	fails := func(times int, status int) func(*testing.T, *pace) {
		return func(t *testing.T, p *pace) {
			t.Helper()
			for range times {
				p.observe(t.Context(), partnerapi.Attempt{StatusCode: status})
				time.Sleep(1500 * time.Millisecond)
			}
		}
	}
	tests := map[string]struct {
		flag float64
		then func(*testing.T, *pace)
		want float64
	}{
		"idle, then rejected": {0, func(t *testing.T, p *pace) {
			t.Helper()
			for range 2 {
				time.Sleep(20 * time.Second)
				fails(2, 429)(t, p)
			}
		}, 5},
		"few responses on a slow machine": {0, fails(9, 503), 5},
		"no response on a slow machine":   {0, fails(9, 0), 5},
		"refused, with a flag":            {20, fails(9, 429), 2},
		"refused for half a minute":       {0, fails(20, 429), 5},
		"a flag below":                    {0.1, fails(9, 429), 0.1},
		"asked for less": {0, func(t *testing.T, p *pace) {
			t.Helper()
			p.ask(time.Minute)
			fails(9, 429)(t, p)
		}, 0.2},
		"out": {0, fails(20, 503), 0.2},
		"out, and back": {0, func(t *testing.T, p *pace) {
			t.Helper()
			fails(100, 503)(t, p)
			p.observe(t.Context(), partnerapi.Attempt{StatusCode: 200})
		}, 5},
		"asked for less, and the time is over": {0, func(t *testing.T, p *pace) {
			t.Helper()
			p.ask(10 * time.Second)
			fails(8, 429)(t, p)
		}, 5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPace(test.flag)
				for range 30 * 50 {
					require.NoError(t, p.Wait(t.Context()))
					time.Sleep(20 * time.Millisecond)
					p.observe(t.Context(), partnerapi.Attempt{StatusCode: 200})
				}
				test.then(t, p)
				now, _ := p.now()
				assert.InDelta(t, test.want, float64(now), test.want/10)
			})
		})
	}
}

// A busy machine is slow for reasons that no rate changes: it pauses, and failed responses arrive together. All work is
// done anyway, about as fast as the machine allows.
func TestPaceOnASlowMachine(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"refused": 429, "503": 503, "no response": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, began := newPace(0), time.Now()
				for i := range 10_000 {
					require.NoError(t, p.Wait(t.Context()))
					time.Sleep(20 * time.Millisecond) // 200 s in total
					answered := 200
					if i%100 < 8 {
						answered = status
					}
					if i%100 == 4 {
						time.Sleep(3 * time.Second) // 300 s in total
					}
					p.observe(t.Context(), partnerapi.Attempt{StatusCode: answered})
				}
				assert.Less(t, time.Since(began), 15*time.Minute)
			})
		})
	}
}

// Requests that wait at a slow rate benefit when the rate grows.
func TestGrowingPaceAppliesToWaitingRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(50)
		drive(t, p, time.Minute, func() int { return 503 })
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
		assert.Less(t, time.Since(began), 30*time.Second, "at 0.2 a second it would be 80")
	})
}

func TestPaceRecoversWithinSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, api := newPace(0), &limitedAPI{perSecond: 5}
		drive(t, p, time.Minute, func() int { return 200 })
		drive(t, p, 5*time.Second, api.status)
		assert.Greater(t, drive(t, p, 10*time.Second, func() int { return 200 }), 1_000)
	})
}

func TestPaceIsNeverAboveTheFlag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0.1) // below the rate in an outage
		drive(t, p, 10*time.Minute, func() int { return 503 })
		now, _ := p.now()
		assert.InDelta(t, 0.1, float64(now), 0.001)
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

		free := newPace(0)
		free.stopWith(ctx)
		require.ErrorIs(t, free.Wait(t.Context()), context.Canceled)
	})
}
