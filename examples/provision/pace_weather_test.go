package main

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

// paced sends requests as quick as a pace lets them, a hundred a second at most, and returns how many there were.
func paced(t *testing.T, p *pace, during time.Duration, answer func(i int) (status int)) (sent int) {
	t.Helper()
	for began := time.Now(); time.Since(began) < during; sent++ {
		require.NoError(t, p.Wait(t.Context()))
		time.Sleep(10 * time.Millisecond)
		p.observe(t.Context(), partnerapi.Attempt{StatusCode: answer(sent)})
	}
	return sent
}

func TestPaceIsNotSlowedDownForeverByWhatFailsNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := paced(t, newPace(0), 10*time.Minute, func(i int) int {
			if i%8 == 0 {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		})
		assert.Greater(t, sent, 10*60*90)
	})
}

func TestPaceSettlesWhereTheAPIRefusesHardlyAny(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		second, inSecond, refused := time.Time{}, 0, 0
		p := newPace(0)
		answer := func(int) int {
			if now := time.Now().Truncate(time.Second); !now.Equal(second) {
				second, inSecond = now, 0
			}
			if inSecond++; inSecond > 20 {
				refused++
				return http.StatusTooManyRequests
			}
			return http.StatusOK
		}
		paced(t, p, time.Minute, answer)
		refused = 0
		sent := paced(t, p, 10*time.Minute, answer)
		t.Log(sent, refused)
		assert.InDelta(t, 20*600, sent, 20*60)
		assert.Less(t, refused, sent/10)
	})
}

func TestPaceGoesByWhatIsSentAndNotByTheTimeWithNothingToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0)
		for range 3 {
			time.Sleep(time.Hour)
			p.observe(t.Context(), partnerapi.Attempt{StatusCode: http.StatusServiceUnavailable})
		}
		perSecond, _ := p.now()
		assert.Greater(t, perSecond, slowest)
	})
}
