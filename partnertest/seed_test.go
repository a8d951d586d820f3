package partnertest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func TestSeedSubscription(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	for _, pk := range []string{"b", "c", "a", "b"} {
		f.SeedSubscription(partnertest.Subscription{PK: pk, Plan: partnerapi.PlanBark})
	}
	assert.Equal(t, []partnertest.Subscription{{PK: "a", Plan: "bark"}, {PK: "b", Plan: "bark"}, {PK: "c", Plan: "bark"}}, f.Subscriptions())
	_, ok := f.Subscription("d")
	assert.False(t, ok)
}

func TestSeedCustomer(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SetNow(june)
	ann := partnertest.Customer{Customer: partnerapi.Customer{ID: 2, Email: "ann@example.com", Birthdate: birthdate(2000, time.January, 1), Age: 99}}
	got := f.SeedCustomer(ann)
	assert.Equal(t, partnerapi.Customer{
		ID: 2, Email: "ann@example.com", Birthdate: birthdate(2000, time.January, 1), Age: 14, FanclubID: 1, EmailAliases: []string{"ann@example.com"},
	}, got)
	assert.Equal(t, int64(1), f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "bob@example.com"}}).ID)
	assert.Equal(t, int64(3), f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "cid@example.com"}}).ID, "2 is taken")

	ann.Email = "anna@example.com"
	f.SeedCustomer(ann)
	assert.Len(t, f.Customers(), 3)
	assert.Equal(t, "anna@example.com", f.Customers()[1].Email)
	f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "ann@example.com"}}) // the e-mail is free again
	f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "ann@example.com", FanclubID: 2}})
	assert.PanicsWithValue(t, "partnertest: customer 4 already has this e-mail", func() {
		f.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{Email: "ANN@example.com"}})
	})
}

func TestSeedNetwork(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	f.SeedNetwork(partnerapi.Network{AccountID: "acc_2", AccountTitle: "B"})
	assert.Equal(t, "acc_1", f.SeedNetwork(partnerapi.Network{AccountTitle: "A"}).AccountID)
	assert.Equal(t, "acc_3", f.SeedNetwork(partnerapi.Network{AccountTitle: "C"}).AccountID, "acc_2 is taken")
	f.SeedNetwork(partnerapi.Network{AccountID: "acc_2", AccountTitle: "B2"})
	assert.Equal(t, []partnerapi.Network{
		{AccountID: "acc_2", AccountTitle: "B2"}, {AccountID: "acc_1", AccountTitle: "A"}, {AccountID: "acc_3", AccountTitle: "C"},
	}, f.Networks())
}

func TestSeedInvitation(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithInvitationLifetime(time.Hour))
	f.SetNow(june)
	long := partnerapi.UnixTimeOf(june.Add(-2 * time.Hour))
	for _, c := range []struct {
		seed, want partnerapi.Invitation
	}{
		{partnerapi.Invitation{}, partnerapi.Invitation{ID: "nwi_1", Created: partnerapi.UnixTimeOf(june), DomainID: "dom_agency", Status: "pending"}},
		{
			partnerapi.Invitation{ID: "a", Created: long, DomainID: "dom_wholesale", Email: "a@example.com", FeeProposed: ptr(1.0)},
			partnerapi.Invitation{ID: "a", Created: long, DomainID: "dom_wholesale", Email: "a@example.com", FeeProposed: ptr(1.0), Status: "expired"},
		},
		{
			partnerapi.Invitation{ID: "b", Created: long, Status: partnerapi.InvitationPending},
			partnerapi.Invitation{ID: "b", Created: long, DomainID: "dom_agency", Status: "pending"},
		},
		{
			partnerapi.Invitation{ID: "c", Status: partnerapi.InvitationExpired},
			partnerapi.Invitation{ID: "c", Created: partnerapi.UnixTimeOf(june), DomainID: "dom_agency", Status: "expired"},
		},
	} {
		assert.Equal(t, c.want, f.SeedInvitation(c.seed))
	}
	assert.Len(t, f.Invitations(), 4)
	f.SetNow(june.Add(time.Hour))
	for _, i := range f.Invitations() {
		assert.Equal(t, partnerapi.InvitationExpired, i.Status, i.ID)
	}
}

// Values passed in and returned are copies: changing them does not change the fake.
func TestStateIsNotShared(t *testing.T) {
	t.Parallel()
	f := partnertest.New()
	customer := naveen()
	customer.Registered, customer.AutoRenewalEnabled = ptr(true), ptr(true)
	network := partnerapi.Network{AccountID: "n", FeeProposed: ptr(1.0)}
	invitation := partnerapi.Invitation{ID: "i", FeeProposed: ptr(1.0)}
	spoil := func(c *partnerapi.Customer, n *partnerapi.Network, i *partnerapi.Invitation) {
		*c.Registered, *c.AutoRenewalEnabled, *c.ListsOptIn = false, false, false
		c.EmailAliases[0], c.Authentications[0].Name = "spoilt", "spoilt"
		c.Subscription.Plan.Name, c.Subscription.Plan.Tags[0] = "spoilt", "spoilt"
		c.Subscription.Affiliates[0].Name, c.Subscription.Affiliates[0].Codes[0] = "spoilt", "spoilt"
		*n.FeeProposed, *i.FeeProposed = 9, 9
	}
	seeded, seededNetwork, seededInvitation := f.SeedCustomer(customer), f.SeedNetwork(network), f.SeedInvitation(invitation)
	want, wantNetworks, wantInvitations := f.Customers(), f.Networks(), f.Invitations()

	spoil(&seeded, &seededNetwork, &seededInvitation)
	customer.Benefits[0].Summary = "spoilt"
	spoil(&customer.Customer, &network, &invitation)
	again := f.Customers()
	again[0].Benefits[0].Summary = "spoilt"
	spoil(&again[0].Customer, &f.Networks()[0], &f.Invitations()[0])

	assert.Equal(t, want, f.Customers())
	assert.Equal(t, wantNetworks, f.Networks())
	assert.Equal(t, wantInvitations, f.Invitations())
}

// As in the API's responses. An invitation still expires to the nanosecond.
func TestTimesOfRecordsAreWholeSeconds(t *testing.T) {
	t.Parallel()
	f := partnertest.New(partnertest.WithInvitationLifetime(time.Millisecond))
	f.SetNow(time.Unix(1767225600, 5e8))
	second := partnerapi.UnixTime{Time: time.Unix(1767225600, 0).UTC()}
	assert.Equal(t, partnerapi.Invitation{ID: "nwi_1", Created: second, DomainID: "dom_agency", Status: "pending"}, f.SeedInvitation(partnerapi.Invitation{}))
	fraction := partnerapi.UnixTimeOf(time.Unix(1767225600, 5e8))
	assert.Equal(t, second, f.SeedNetwork(partnerapi.Network{FeeProposedDate: fraction}).FeeProposedDate)
	f.SetNow(time.Unix(1767225600, 5e8+1e6))
	assert.Equal(t, partnerapi.InvitationExpired, f.Invitations()[0].Status)
}
