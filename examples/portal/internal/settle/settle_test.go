package settle_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/settle"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/storetest"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

const create, cancel = "POST /partners/subscriptions", "DELETE /partners/subscriptions/{pk}"

func TestRun(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before, wanted partnerapi.Plan
		op             string
		faults         []partnertest.Fault
		crashed        bool // before the call
		want           partnerapi.Plan
		within         time.Duration
	}{
		"subscribed":       {"", "bark", create, []partnertest.Fault{{Cut: partnertest.CutAfter}}, false, "bark", 2 * time.Second},
		"not subscribed":   {"", "bark", create, []partnertest.Fault{{Cut: partnertest.CutBefore}}, false, "bark", 2 * time.Second},
		"cancelled":        {"bark", "", cancel, []partnertest.Fault{{Cut: partnertest.CutAfter}}, false, "", 2 * time.Second},
		"a strange page":   {"", "bark", create, []partnertest.Fault{{Status: 200, Body: "<html>"}, {Status: 200, Body: "<html>"}}, false, "bark", 20 * time.Second},
		"an outage":        {"", "bark", create, slices.Repeat([]partnertest.Fault{{Status: 503}}, 10), false, "bark", 70 * time.Second},
		"then unreachable": {"", "bark", create, append([]partnertest.Fault{{Status: 503}}, slices.Repeat([]partnertest.Fault{{Cut: partnertest.CutRefused}}, 4)...), false, "bark", 40 * time.Second},
		"then rejected":    {"", "bark", create, []partnertest.Fault{{Status: 503}, {Status: 400, Body: `{"success":false,"error":"Invalid plan","error_type":"invalid_params"}`}}, false, "", 2 * time.Second},
		"a crash":          {"", "bark", "", nil, true, "bark", 3 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := storetest.Open(t)
				require.NoError(t, db.AddParent(t.Context(), store.Parent{PK: "MS1", Email: "parent@example.com"}, "right"))
				fake := partnertest.New()
				s := &settle.Settler{
					Client: fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1})), Store: db,
					Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
				}
				if test.before != "" {
					fake.SeedSubscription(partnertest.Subscription{PK: "MS1", Email: "parent@example.com", Plan: test.before})
					require.NoError(t, db.EndChange(t.Context(), "MS1", test.before))
				}
				if test.crashed {
					require.NoError(t, db.BeginChange(t.Context(), "MS1", test.wanted))
				} else {
					fake.Fail(test.op, test.faults...)
					p, err := db.Parent(t.Context(), "MS1")
					require.NoError(t, err)
					require.ErrorIs(t, s.Change(t.Context(), p, test.wanted), settle.ErrChecking)
				}
				ctx, stop := context.WithTimeout(t.Context(), test.within)
				defer stop()

				s.Run(ctx)

				p, err := db.Parent(t.Context(), "MS1")
				require.NoError(t, err)
				assert.Equal(t, store.Subscription{Plan: test.want, Wanted: test.want}, p.Subscription)
				got, _ := fake.Subscription("MS1")
				assert.Equal(t, test.want, got.Plan)
			})
		})
	}
}
