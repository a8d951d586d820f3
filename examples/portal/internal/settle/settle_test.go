package settle_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
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
					_, err := db.BeginChange(t.Context(), "MS1", test.wanted)
					require.NoError(t, err)
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

// newSettler returns a settler for a parent whose PK is MS1.
func newSettler(t *testing.T, db *store.Store, fake *partnertest.Fake, opts ...partnerapi.Option) *settle.Settler {
	t.Helper()
	require.NoError(t, db.AddParent(t.Context(), store.Parent{PK: "MS1", Email: "parent@example.com"}, "right"))
	return &settle.Settler{Client: fake.Client(opts...), Store: db, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// Another request has changed the plan since this one read it.
func TestChangeFailsAfterAnother(t *testing.T) {
	t.Parallel()
	db, fake := storetest.Open(t), partnertest.New()
	s := newSettler(t, db, fake)
	before, err := db.Parent(t.Context(), "MS1")
	require.NoError(t, err)
	require.NoError(t, s.Change(t.Context(), before, partnerapi.PlanBark))

	require.ErrorIs(t, s.Change(t.Context(), before, "gold"), partnerapi.ErrInvalid)

	after, err := db.Parent(t.Context(), "MS1")
	require.NoError(t, err)
	assert.Equal(t, store.Subscription{Plan: partnerapi.PlanBark, Wanted: partnerapi.PlanBark}, after.Subscription)
}

// The change is made although the store does not know, so the caller must not be told that it failed.
func TestChangeCannotBeStored(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), storetest.Database(t), storetest.Key)
	require.NoError(t, err)
	fake := partnertest.New()
	s := newSettler(t, db, fake, partnerapi.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			_ = db.Close()
			return next.RoundTrip(r)
		})
	}))
	p, err := db.Parent(t.Context(), "MS1")
	require.NoError(t, err)

	require.ErrorIs(t, s.Change(t.Context(), p, partnerapi.PlanBark), settle.ErrChecking)

	subscribed, _ := fake.Subscription("MS1")
	assert.Equal(t, partnerapi.PlanBark, subscribed.Plan)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Other processes take a change over after 2 minutes.
func TestChangeTakesLessThanTheClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, fake := storetest.Open(t), partnertest.New()
		s := newSettler(t, db, fake)
		fake.SeedSubscription(partnertest.Subscription{PK: "MS1", Email: "parent@example.com", Plan: partnerapi.PlanBark})
		slow := slices.Repeat([]partnertest.Fault{{Status: 429, RetryAfter: 29 * time.Second}}, 3)
		fake.Fail(create, slow...)
		fake.Fail("PUT /partners/subscriptions/{pk}", slow...)
		p, err := db.Parent(t.Context(), "MS1")
		require.NoError(t, err)
		start := time.Now()

		_ = s.Change(t.Context(), p, partnerapi.PlanBarkJunior)

		assert.Less(t, time.Since(start), 2*time.Minute)
	})
}
