package acceptance

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// ensureFaults has a fault of each outcome of an attempt, processed and not.
var ensureFaults = []partnertest.Fault{
	{},
	{Cut: partnertest.CutRefused},
	{Status: 429},
	{Cut: partnertest.CutBefore},
	{Cut: partnertest.CutAfter},
	{Status: 503},
	{Status: 503, Processed: true},
}

// Under every sequence of four faults, Ensure creates the requested subscription if it succeeds, can be called again if it
// fails, and reports created only if this call created it. With two attempts a request, the outcome of all attempts to
// create can be unknown.
func TestEnsureUnderEverySequenceOfFaults(t *testing.T) {
	t.Parallel()
	kinds := len(ensureFaults)
	var sequences [][]partnertest.Fault
	for n := range kinds * kinds * kinds * kinds {
		var faults []partnertest.Fault
		for rest := n; len(faults) < 4; rest /= kinds {
			faults = append(faults, ensureFaults[rest%kinds])
		}
		sequences = append(sequences, faults)
	}
	assertEnsures(t, sequences, partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 2}))
}

// As above, under every fault of the table, once or always, from the first request or from the second.
func TestEnsureUnderEveryFault(t *testing.T) {
	t.Parallel()
	var sequences [][]partnertest.Fault
	for _, f := range knownFaults {
		for _, times := range []int{1, 10} {
			faults := slices.Repeat([]partnertest.Fault{f.fault}, times)
			sequences = append(sequences, faults, slices.Insert(slices.Clone(faults), 0, partnertest.Fault{}))
		}
	}
	assertEnsures(t, sequences)
}

// assertEnsures calls Ensure under each of the sequences of faults, with and without an
// existing subscription, and with and without a plan.
func assertEnsures(t *testing.T, sequences [][]partnertest.Fault, opts ...partnerapi.Option) {
	t.Helper()
	for _, before := range []partnertest.Subscription{{}, {Email: "old@b.example", Plan: partnerapi.PlanBarkJunior}} {
		for _, plan := range []partnerapi.Plan{partnerapi.PlanBark, ""} {
			want := partnertest.Subscription{Email: "new@b.example", Plan: plan}
			if before.Email != "" {
				want = partnertest.Subscription{Email: before.Email, Plan: cmp.Or(plan, before.Plan)}
			}
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New()
				if plan == "" {
					fake = partnertest.New(partnertest.WithLegacySubscriptions())
				}
				for n, faults := range sequences {
					before.PK, want.PK = fmt.Sprint("pk", n), fmt.Sprint("pk", n)
					if before.Email != "" {
						fake.SeedSubscription(before)
					}
					converge(t, fake, partnerapi.CreateSubscriptionRequest{PK: want.PK, Email: "new@b.example", Plan: plan}, faults, opts)
					got, _ := fake.Subscription(want.PK)
					require.Equal(t, want, got, "%+v", faults)
				}
				require.Len(t, fake.Subscriptions(), len(sequences))
			})
		}
	}
}

// converge calls Ensure until it succeeds, at most once for each fault and once more. Each request of any operation takes
// the next of the faults.
func converge(t *testing.T, fake *partnertest.Fake, in partnerapi.CreateSubscriptionRequest, faults []partnertest.Fault, opts []partnerapi.Option) {
	t.Helper()
	left := faults
	client := fake.Client(append(opts, partnerapi.WithMaxResponseBytes(maxBody), through(func(req *http.Request) (*http.Response, error) {
		if len(left) > 0 {
			op := map[string]string{http.MethodPost: "POST /partners/subscriptions", http.MethodPut: "PUT /partners/subscriptions/{pk}"}
			fake.Fail(op[req.Method], left[0])
			left = left[1:]
		}
		return fake.Transport().RoundTrip(req)
	}))...)
	for range len(faults) + 1 {
		what := fmt.Sprintf("%+v, then %+v", faults[:len(faults)-len(left)], left)
		_, existed := fake.Subscription(in.PK)
		untouched := len(left) == 0 || left[0].Status == 0 && left[0].Cut == "" && left[0].Delay == 0
		created, err := client.Subscriptions.Ensure(t.Context(), in)
		_, exists := fake.Subscription(in.PK)
		made := exists && !existed
		if err != nil {
			require.False(t, created, what)
			require.True(t, !made || errors.Is(err, partnerapi.ErrOutcomeUnknown), "%s: it was made, and %v", what, err)
			continue
		}
		require.True(t, !created || made, "%s: created by another", what)
		require.True(t, created || existed || !untouched, "%s: created by its first attempt, and not reported", what)
		return
	}
	require.Fail(t, "Ensure does not converge", "%+v", faults)
}
