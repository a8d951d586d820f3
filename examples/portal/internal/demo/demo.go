// Package demo fills the fake and the store with records for a demonstration. All of them are made up.
package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// password is that of all ready-made logins.
const password = "open sesame"

// Logins are the ready-made logins.
var Logins = []site.Login{
	{Who: "A parent", Page: "/parent/login", Name: "parent@example.com", Password: password},
	{Who: "A fan", Page: "/fan/login", Name: "fan@example.com", Password: password},
	{Who: "An operator", Page: "/operator/login", Name: "operator", Password: password},
}

// Seed adds the records.
func Seed(ctx context.Context, fake *partnertest.Fake, db *store.Store) error {
	seedFan(fake)
	seedOperator(fake)
	return db.AddParent(ctx, store.Parent{PK: "MS2365", Email: "parent@example.com", ChildName: "Kim"}, password)
}

func seedFan(fake *partnertest.Fake) {
	yes, start := true, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, -3, 0)
	fake.SeedCustomer(partnertest.Customer{
		Customer: partnerapi.Customer{
			FirstName: "Robin", LastName: "Example", Email: "fan@example.com", Username: "robin",
			Birthdate: partnerapi.Date{Year: 1994, Month: time.April, Day: 9}, ListsOptIn: &yes,
			Subscription: &partnerapi.Membership{
				Plan: partnerapi.MembershipPlan{
					ID: 7, Name: "Gold", Class: "gold", Description: "<p>The first to know, the first in line.</p>", Tags: []string{"gold"},
				},
				StartDate: start, EndDate: start.AddDate(1, 0, 0),
				Affiliates: []partnerapi.Affiliate{
					{ID: 1, Name: "Example Tickets", Codes: []string{"PRESALE-4711", "PRESALE-4712"}},
					{ID: 2, Name: "Example Shop", Codes: []string{"TEN-PERCENT"}},
				},
			},
		},
		Password: password,
		Benefits: []partnerapi.Benefit{
			{ID: 1, Summary: "Presale", Details: "Buy tickets two days before everybody else.", BenefitType: "presale"},
			{ID: 2, Summary: "Members’ recordings", Details: "Listen to every concert of the last tour.", BenefitType: "online"},
		},
	})
}

func seedOperator(fake *partnertest.Fake) {
	fake.SeedAppUser(partnertest.AppUser{
		AppUser:  partnerapi.AppUser{Username: "operator", Name: "Sam Example", Email: "operator@example.com"},
		Password: password,
		Accounts: []partnerapi.AccountChoice{{ID: "acc_1", Title: "Example Wholesale"}, {ID: "acc_2", Title: "Example Agency"}},
		Access:   partnerapi.AppAccess{"network-invitations": "crud", "networks": "crud"},
	})
	proposed := 3.5
	for i := range 60 { // more than a page
		n := partnerapi.Network{
			AccountID: fmt.Sprintf("acc_child_%02d", i+1), AccountTitle: fmt.Sprintf("Example Business %d", i+1),
			DomainTitle: "Agency", Fee: float64(i%8) / 2,
		}
		if i%9 == 4 {
			n.FeeProposed, n.FeeProposedDate = &proposed, partnerapi.UnixTime{Time: time.Now().Add(-72 * time.Hour)}
		}
		fake.SeedNetwork(n)
	}
	for i, status := range []partnerapi.InvitationStatus{partnerapi.InvitationPending, partnerapi.InvitationExpired, partnerapi.InvitationPending} {
		fake.SeedInvitation(partnerapi.Invitation{Email: fmt.Sprintf("business%d@example.com", i+1), DomainID: "dom_agency", Status: status})
	}
}
