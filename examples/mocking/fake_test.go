package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// With the fake, a test sets the state of the API and injects faults, and the client is the real one: its retries and
// their waits are tested too. Inside testing/synctest, waits take no time.

const (
	create = "POST /account/network-invitations"
	list   = "GET /account/network-invitations"
	shop   = "shop@example.com"
)

// against returns a service whose API is the fake.
func against(fake *partnertest.Fake) *inviter {
	return &inviter{api: fake.Client().Invitations, domain: "dom_wholesale"}
}

func TestInviteThroughFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		op      string
		faults  []partnertest.Fault
		sent    bool
		err     error
		emails  int // e-mails sent
		creates int // calls of Create
		waited  time.Duration
	}{
		"no fault":               {create, nil, true, nil, 1, 1, 0},
		"the response is lost":   {create, []partnertest.Fault{{Cut: partnertest.CutAfter}}, true, nil, 1, 1, 0},
		"the request is lost":    {create, []partnertest.Fault{{Cut: partnertest.CutBefore}}, false, partnerapi.ErrOutcomeUnknown, 0, 1, 0},
		"the gateway gives up":   {create, []partnertest.Fault{{Status: 504, Processed: true}}, true, nil, 1, 1, 0},
		"no connection at first": {create, []partnertest.Fault{{Cut: partnertest.CutRefused}}, true, nil, 1, 1, 0},
		"too many requests": {
			create, []partnertest.Fault{{Status: 429, RetryAfter: 5 * time.Second}}, true, nil, 1, 2, 5 * time.Second,
		},
		"no response after processing": {create, []partnertest.Fault{{Delay: time.Hour}}, true, nil, 1, 1, 30 * time.Second},
		"the list fails": {
			list, slices.Repeat([]partnertest.Fault{{Status: 500}}, 4), false, partnerapi.ErrServer, 0, 0, 0,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New()
				fake.Fail(test.op, test.faults...)
				started := time.Now()

				sent, err := against(fake).invite(t.Context(), shop)

				require.ErrorIs(t, err, test.err)
				assert.Equal(t, test.sent, sent)
				assert.Len(t, fake.Invitations(), test.emails)
				assert.Len(t, fake.CallsTo(create), test.creates, fake.Calls())
				assert.GreaterOrEqual(t, time.Since(started), test.waited)
			})
		})
	}
}

// The response to the shop while the API is down.
func TestHandlerInAnOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]partnertest.Fault{
		"no connection": {Cut: partnertest.CutRefused}, "cut": {Cut: partnertest.CutBefore}, "503": {Status: 503}, "silence": {Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake := partnertest.New()
				fake.Fail(list, slices.Repeat([]partnertest.Fault{fault}, 100)...)
				w := httptest.NewRecorder()
				against(fake).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/invitations?email="+shop, nil))
				assert.Equal(t, http.StatusServiceUnavailable, w.Code)
			})
		})
	}
}

// Inside the bubble, time passes for the service and for the fake.
func TestInviteAgainWhenExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := partnertest.New()
		service := against(fake)
		for _, step := range []struct {
			after time.Duration
			sent  bool
		}{
			{0, true},
			{6 * 24 * time.Hour, false},
			{24 * time.Hour, true}, // 7 days after the first
		} {
			time.Sleep(step.after)
			sent, err := service.invite(t.Context(), shop)
			require.NoError(t, err)
			assert.Equal(t, step.sent, sent, "after %v more", step.after)
		}
		invitations := fake.Invitations()
		require.Len(t, invitations, 2)
		assert.Equal(t, partnerapi.InvitationExpired, invitations[0].Status)
		assert.Equal(t, partnerapi.InvitationPending, invitations[1].Status)
	})
}

// A seeded invitation is found on the second page too.
func TestInviteFindsWhatIsPending(t *testing.T) {
	t.Parallel()
	fake := partnertest.New()
	for i := range 150 {
		fake.SeedInvitation(partnerapi.Invitation{Email: fmt.Sprintf("shop%d@example.com", i)})
	}
	fake.SeedInvitation(partnerapi.Invitation{Email: "expired@example.com", Status: partnerapi.InvitationExpired})
	tests := map[string]struct {
		email string
		sent  bool
	}{
		"pending":            {"shop149@example.com", false},
		"in capital letters": {"SHOP149@example.com", false},
		"expired":            {"expired@example.com", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent, err := against(fake).invite(t.Context(), test.email)
			require.NoError(t, err)
			assert.Equal(t, test.sent, sent)
		})
	}
}
