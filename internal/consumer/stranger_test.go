package consumer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// subscriber is a service's own interface, with the part of the SDK that it needs.
type subscriber interface {
	Ensure(context.Context, partnerapi.CreateSubscriptionRequest, ...partnerapi.CallOption) (bool, error)
	Cancel(context.Context, string, ...partnerapi.CallOption) error
}

// wiring is a service's own token source, limiter, hook and transport.
type wiring struct {
	next      http.RoundTripper
	tokens    []string
	allowed   int
	attempted []string
	carried   []string
}

func (w *wiring) Token(context.Context) (string, error) { return w.tokens[0], nil }

func (w *wiring) Invalidate(string) { w.tokens = w.tokens[1:] }

func (w *wiring) Wait(context.Context) error {
	w.allowed++
	return nil
}

func (w *wiring) hook(_ context.Context, a partnerapi.Attempt) {
	w.attempted = append(w.attempted, fmt.Sprint(a.API, " ", a.Op, " ", a.Number, " ", a.StatusCode, " ", a.Outcome))
}

func (w *wiring) RoundTrip(req *http.Request) (*http.Response, error) {
	api, op := partnerapi.Operation(req.Context())
	w.carried = append(w.carried, fmt.Sprint(api, " ", op))
	return w.next.RoundTrip(req)
}

// A service can plug its own types into a client, and they are called as documented.
func TestServicePlugsInItsOwnTypes(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	w := &wiring{next: fake.Transport(), tokens: []string{"old", partnertest.PartnerToken}}
	var _ partnerapi.TokenSource = w
	var _ partnerapi.Limiter = w
	client := fake.Client(
		partnerapi.WithCredentialSource(partnerapi.PartnerToken, w),
		partnerapi.WithRateLimiter(partnerapi.PartnerAPI, w),
		partnerapi.WithHTTPClient(&http.Client{Transport: w, Timeout: time.Minute}),
		partnerapi.WithAttemptHook(w.hook),
	)
	var service subscriber = client.Subscriptions

	created, err := service.Ensure(t.Context(), partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: "parent@example.com", Plan: partnerapi.PlanBark})

	require.NoError(t, err)
	assert.True(t, created)
	assert.Equal(t, 2, w.allowed)
	assert.Equal(t, []string{
		"partner POST /partners/subscriptions 1 401 answered",
		"partner POST /partners/subscriptions 2 201 answered",
	}, w.attempted)
	assert.Equal(t, []string{"partner POST /partners/subscriptions", "partner POST /partners/subscriptions"}, w.carried)
	require.NoError(t, service.Cancel(t.Context(), "MS1", partnerapi.WithoutRetry(), partnerapi.WithHeader("X-Trace", "1")))
}

// Users match errors with errors.Is and errors.As, and make them in stubs.
func TestErrorsAreDistinguishable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New()
		fake.Fail("POST /account/network-invitations", partnertest.Fault{Cut: partnertest.CutAfter})
		client := fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 2}))
		var response partnerapi.Response
		_, err := client.Invitations.Create(t.Context(), partnerapi.CreateInvitationRequest{
			Email: "shop@example.com", DomainID: "dom_agency",
		}, partnerapi.WithResponseInto(&response))
		var failed *partnerapi.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, partnerapi.NetworkAPI, failed.API)
		assert.Equal(t, 1, response.Attempts)
		require.ErrorIs(t, err, partnerapi.ErrOutcomeUnknown)

		var refused *partnerapi.ArgumentError
		require.ErrorAs(t, client.Subscriptions.Cancel(t.Context(), ""), &refused)
		assert.Equal(t, "pk", refused.Name)

		var stub error = &partnerapi.Error{StatusCode: http.StatusNotFound}
		assert.ErrorIs(t, stub, partnerapi.ErrNotFound)
	})
}

// Users range over lists, and construct and read values with inferred types.
func TestListsAndValues(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	proposed := 2.5
	invitation := fake.SeedInvitation(partnerapi.Invitation{Email: "shop@example.com", FeeProposed: &proposed})
	client := fake.Client()
	var update partnerapi.UpdateInvitationRequest
	for _, fee := range []partnerapi.Optional[float64]{{}, partnerapi.Set(1.5), partnerapi.Clear[float64]()} {
		update.Email, update.FeeProposed = "other@example.com", fee
		require.NoError(t, client.Invitations.Update(t.Context(), invitation.ID, update))
	}
	var found []partnerapi.Invitation
	for i, err := range client.Invitations.All(t.Context(), partnerapi.ListOptions{Records: 10}) {
		require.NoError(t, err)
		found = append(found, i)
	}
	require.Len(t, found, 1)
	assert.Nil(t, found[0].FeeProposed)
	assert.Equal(t, partnerapi.InvitationPending, found[0].Status)
	days := map[partnerapi.Date]string{{Year: 2015, Month: time.March, Day: 9}: "a map has it as a key"}
	assert.Contains(t, days, partnerapi.DateOf(time.Date(2015, 3, 9, 12, 0, 0, 0, time.UTC)))
}

// The result type of a call without a method is not inferred: the caller names it.
func TestCustomOperation(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	fake.Handle("GET /partners/children/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]string{"name": r.PathValue("id")}))
	}))
	child, err := partnerapi.Do[struct{ Name string }](t.Context(), fake.Client(), partnerapi.Call{
		API: partnerapi.PartnerAPI, Op: "GET /partners/children/{id}", Args: []string{"robin"},
	})
	require.NoError(t, err)
	assert.Equal(t, "robin", child.Name)
}
