package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

func TestRetriesByOutcome(t *testing.T) {
	t.Parallel()
	tried := calls()
	for _, do := range []struct {
		op                     string
		idempotent, repeatable bool
	}{
		{"POST /a", false, false}, {"PATCH /a", false, false}, {"PATCH /a", true, true}, {"HEAD /a", true, false},
		{"OPTIONS /a", true, false}, {"LOCK /a", false, false}, {"post /a", false, false},
	} {
		tried = append(tried, call{
			name: fmt.Sprintf("Do %s, repeatable %t", do.op, do.repeatable), op: do.op, idempotent: do.idempotent,
			do: func(ctx context.Context, c *partnerapi.Client, _ inputs, opts ...partnerapi.CallOption) (any, error) {
				return partnerapi.Do[struct{}](ctx, c, partnerapi.Call{API: partnerapi.NetworkAPI, Op: do.op, Repeatable: do.repeatable}, opts...)
			},
		})
	}
	attempts := map[string]struct {
		step    roundTripFunc
		outcome partnerapi.Outcome
		kind    error
	}{
		"refused dial": {refusedDial, partnerapi.OutcomeUnsent, nil},
		"429":          {always(429, ""), partnerapi.OutcomeUnsent, partnerapi.ErrRateLimited},
		"no response":  {cut, partnerapi.OutcomeUnknown, nil},
		"half a body":  {incompleteBody, partnerapi.OutcomeUnknown, partnerapi.ErrBadResponse},
		"500":          {always(500, ""), partnerapi.OutcomeUnknown, partnerapi.ErrServer},
		"503 HTML":     {always(503, "<html>"), partnerapi.OutcomeUnknown, partnerapi.ErrServer},
		"302":          {always(302, "", "Location", "/x"), partnerapi.OutcomeAnswered, partnerapi.ErrBadResponse},
		"400":          {always(400, `{}`), partnerapi.OutcomeAnswered, partnerapi.ErrInvalid},
		"408":          {always(408, `{}`), partnerapi.OutcomeUnknown, partnerapi.ErrServer},
	}
	for _, c := range tried {
		if c.op == "POST /refresh" {
			continue // its requests are of two operations
		}
		for how, attempt := range attempts {
			if c.op == "GET /partners/signup" && how == "302" {
				continue // success
			}
			t.Run(c.name+" after "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					want := 4
					if attempt.outcome == partnerapi.OutcomeAnswered || attempt.outcome == partnerapi.OutcomeUnknown && !c.idempotent {
						want = 1
					}
					var log attemptLog
					sent := 0
					client := newTestClient(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
						sent++
						return attempt.step(req)
					}), log.hook())
					_, err := c.do(t.Context(), client, documented(t))
					require.Error(t, err)
					assert.Equal(t, want, sent)
					assert.Equal(t, c.isWrite() && attempt.outcome == partnerapi.OutcomeUnknown, errors.Is(err, partnerapi.ErrOutcomeUnknown), "%v", err)
					if attempt.kind != nil {
						require.ErrorIs(t, err, attempt.kind)
					}
					var failed *partnerapi.Error
					require.ErrorAs(t, err, &failed)
					assert.Equal(t, want, failed.Attempts)
					require.Len(t, log.seen, want)
					for i, a := range log.seen {
						assert.Equal(t, attempt.outcome, a.Outcome)
						assert.Equal(t, i+1, a.Number)
						assert.Equal(t, failed.Op, a.Op)
						assert.Equal(t, failed.API, a.API)
					}

					sent = 0
					_, err = c.do(t.Context(), client, documented(t), partnerapi.WithoutRetry())
					require.Error(t, err)
					assert.Equal(t, 1, sent, "WithoutRetry")
				})
			})
		}
	}
}
