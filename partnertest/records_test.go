package partnertest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/partnerapi/partnerapi-go"
)

var megabyte = strings.Repeat("x", 1<<20)

func TestRecordsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	kept := 0
	rs := newRecords[string, string](&kept)
	for _, key := range []string{"c", "a", "b"} {
		assert.Empty(t, rs.put(key, key+"1"))
	}
	rs.put("a", "a2")
	rs.remove("c")
	rs.remove("unknown")
	rs.put("c", "c2")
	assert.Equal(t, []string{"a2", "b1", "c2"}, slices.Collect(rs.all()))
	assert.Equal(t, 3, rs.len())
	_, known := rs.get("unknown")
	assert.False(t, known)
	for first := range rs.all() {
		assert.Equal(t, "a2", first)
		break
	}
	rs.clear()
	assert.Zero(t, kept)
	assert.Empty(t, slices.Collect(rs.all()))
}

func TestOldestRecordsGo(t *testing.T) {
	t.Parallel()
	kept := 0
	rs, others := newRecords[int, string](&kept), newRecords[int, string](&kept)
	others.put(0, megabyte)
	var gone []string
	for i := range 1000 {
		gone = append(gone, rs.put(i, megabyte)...)
		require.LessOrEqual(t, kept, maxKept)
	}
	assert.Len(t, gone, 1000-rs.len())
	assert.InDelta(t, 383, rs.len(), 1)
	assert.False(t, rs.has(0))
	assert.True(t, rs.has(999))
	assert.True(t, others.has(0), "another kind grows")

	kept += maxKept // by other kinds
	rs.put(1000, "newest")
	assert.Equal(t, []string{"newest"}, slices.Collect(rs.all()))
	rs.put(1000, megabyte)
	assert.True(t, rs.has(1000), "the newest record always stays")
}

// The e-mail of a removed customer can be used again.
func TestOldestCustomersGo(t *testing.T) {
	t.Parallel()
	f := New()
	for i := range 500 {
		f.SeedCustomer(Customer{Customer: partnerapi.Customer{Email: fmt.Sprintf("%d@example.com", i), FirstName: megabyte}})
	}
	assert.Len(t, f.emails, f.customers.len())
	assert.Less(t, len(f.emails), 400)
	f.SeedCustomer(Customer{Customer: partnerapi.Customer{Email: "0@example.com"}})
}

// The session of a removed customer is invalid.
func TestSessionOfARemovedCustomer(t *testing.T) {
	t.Parallel()
	f := New()
	c := f.SeedCustomer(Customer{Customer: partnerapi.Customer{Email: "a@example.com"}, Password: "temp123"})
	tokens := f.SeedTokens(c.ID)
	client, ctx := f.Client(), t.Context()
	_, session, err := client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: "a@example.com", Password: "temp123"})
	require.NoError(t, err)
	f.customers.remove(c.ID)
	_, err = client.Accounts.Get(ctx, session)
	require.ErrorIs(t, err, partnerapi.ErrNotLoggedIn)
	f.access.clear()
	session, err = partnerapi.NewTokenSession(tokens)
	require.NoError(t, err)
	_, err = client.Accounts.Get(ctx, session)
	require.ErrorIs(t, err, partnerapi.ErrNotLoggedIn)
}

// Removing all records brings the size back to zero.
func TestRemovedRecordsFreeTheirBytes(t *testing.T) {
	t.Parallel()
	f := New()
	client, ctx := f.Client(), t.Context()
	for range 100 {
		require.NoError(t, client.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "a", Email: megabyte[:1000], Plan: partnerapi.PlanBark}))
		require.NoError(t, client.Subscriptions.Update(ctx, "a", partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBarkJunior}))
		require.NoError(t, client.Subscriptions.Cancel(ctx, "a"))
		i, err := client.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: "a@example.com", DomainID: "dom_agency"})
		require.NoError(t, err)
		made, err := client.Invitations.Activate(ctx, "token-"+i.ID)
		require.NoError(t, err)
		_, err = client.Networks.Delete(ctx, made.AccountID)
		require.NoError(t, err)
	}
	assert.Zero(t, f.kept)
}

// Anyone can start a session, and each has its own JWT.
func TestOldestJWTsGo(t *testing.T) {
	t.Parallel()
	f := New()
	client, ctx := f.Client(partnerapi.WithNetworkToken(AppKey)), t.Context()
	f.kept = maxKept
	for range 3 {
		_, err := client.AppSessions.Start(ctx)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, f.jwts.len())
	assert.True(t, f.jwts.has("fake-jwt-3"))
}

// The aliases of a customer are limited.
func TestAliasesAreBounded(t *testing.T) {
	t.Parallel()
	c := Customer{}
	for i := range 150 {
		email := fmt.Sprintf("%d@example.com", i)
		c = updateAccountBody{Email: &email}.applyTo(c)
	}
	assert.Len(t, c.EmailAliases, 100)
	assert.Equal(t, "149@example.com", c.EmailAliases[0])
}

func TestSizeOf(t *testing.T) {
	t.Parallel()
	text, fee := strings.Repeat("x", 1000), 1.5
	for name, c := range map[string]struct {
		value any
		texts int
	}{
		"no text":          {partnerapi.Network{FeeProposed: &fee}, 0},
		"a text":           {Subscription{PK: text}, 1},
		"texts":            {partnerapi.SignupRequest{PK: text, ChildName: text}, 2},
		"in nested values": {Customer{Customer: partnerapi.Customer{EmailAliases: []string{text, text}}, Password: text}, 3},
		"behind a pointer": {Customer{Customer: partnerapi.Customer{Subscription: &partnerapi.Membership{Plan: partnerapi.MembershipPlan{Tags: []string{text}}}}}, 1},
		"of a pointer":     {&appSession{username: text}, 1},
		"of no pointer":    {(*appSession)(nil), 0},
	} {
		got := sizeOf(reflect.ValueOf(c.value))
		assert.GreaterOrEqual(t, got, 1000*c.texts, name)
		assert.Less(t, got, 1000*c.texts+1000, name)
	}
}
