package main

import (
	"context"
	"errors"
	"fmt"

	partnerapi "github.com/partnerapi/partnerapi-go"
)

func (t *tour) invitations() chapter {
	invitations := t.client.Invitations
	return chapter{"An account invites another, corrects the invitation, and the other accepts", []step{
		{"GET /account/network-domains", "Networks.Domains", func(ctx context.Context) (string, error) {
			domains, err := t.client.Networks.Domains(ctx)
			if err != nil || len(domains) == 0 {
				return "", errors.Join(err, expect("no domains", len(domains) > 0))
			}
			t.domain = domains[0].ID
			return fmt.Sprintf("%d, such as %s", len(domains), domains[0].Title), nil
		}},
		{"POST /account/network-invitations", "Invitations.Create", func(ctx context.Context) (string, error) {
			_, err := invitations.Create(ctx, partnerapi.CreateInvitationRequest{Email: shopEmail, DomainID: t.domain, FeeProposed: partnerapi.Set(2.5)})
			return "accepted for delivery by e-mail", err
		}},
		{"GET /account/network-invitations", "Invitations.List", func(ctx context.Context) (string, error) {
			page, err := invitations.List(ctx, partnerapi.ListOptions{Filter: "pending"})
			if err != nil || len(page.Items) != 1 {
				return "", errors.Join(err, expect("not one pending", false))
			}
			t.invitation = page.Items[0].ID
			return fmt.Sprintf("%s is %s", t.invitation, page.Items[0].Status), nil
		}},
		{"POST /account/network-invitations/{id}", "Invitations.Update", func(ctx context.Context) (string, error) {
			err := invitations.Update(ctx, t.invitation, partnerapi.UpdateInvitationRequest{Email: newShop, FeeProposed: partnerapi.Clear[float64]()})
			return "new e-mail, no fee proposed, resent", err
		}},
		{"GET /account/network-invitations", "Invitations.All", func(ctx context.Context) (string, error) {
			found := 0
			for invitation, err := range invitations.All(ctx, partnerapi.ListOptions{}) {
				if err != nil || invitation.Email != newShop || invitation.FeeProposed != nil {
					return "", errors.Join(err, expect("not changed", false))
				}
				found++
			}
			return "the change is in the list", expect("none", found == 1)
		}},
		{"POST /account/network-invitations/{token}", "Invitations.Activate", t.activate},
		{"DELETE /account/network-invitations/{id}", "Invitations.Delete", func(ctx context.Context) (string, error) {
			other := t.fake.SeedInvitation(partnerapi.Invitation{Email: shopEmail, DomainID: t.domain})
			err := invitations.Delete(ctx, other.ID)
			return "withdrew another invitation", errors.Join(err, expect("still there", len(t.fake.Invitations()) == 0))
		}},
	}}
}

// activate does what the invited account does with the link in its e-mail.
func (t *tour) activate(ctx context.Context) (string, error) {
	link, _ := t.fake.ActivationLink(t.invitation)
	token, err := partnerapi.InvitationToken(link)
	if err != nil {
		return "", err
	}
	t.token = token
	made, err := t.client.Invitations.Activate(ctx, token)
	if err != nil {
		return "", err
	}
	return "made an account and a user", expect("ids", made.AccountID != "" && made.UserID != "" && made.DomainID == t.domain)
}

func (t *tour) networks() chapter {
	networks := t.client.Networks
	return chapter{"It sets a fee for the new member, lists the network, and removes the member", []step{
		{"GET /account/networks", "Networks.List", func(ctx context.Context) (string, error) {
			page, err := networks.List(ctx, partnerapi.ListOptions{Records: 10})
			if err != nil || len(page.Items) != 1 {
				return "", errors.Join(err, expect("not one member", false))
			}
			t.child = page.Items[0].AccountID
			return fmt.Sprintf("%d member, %s", page.Total, t.child), nil
		}},
		{"POST /account/networks/{child_account_id}", "Networks.Update", func(ctx context.Context) (string, error) {
			return "a fee of 1.5 %", networks.Update(ctx, t.child, partnerapi.UpdateNetworkRequest{Fee: 1.5})
		}},
		{"GET /account/networks/{child_account_id}", "Networks.Get", func(ctx context.Context) (string, error) {
			n, err := networks.Get(ctx, t.child)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("the fee is %.1f %%", n.Fee), expect("fee", n.Fee == 1.5 && n.AccountID == t.child)
		}},
		{"GET /account/networks", "Networks.All", func(ctx context.Context) (string, error) {
			members := 0
			for _, err := range networks.All(ctx, partnerapi.ListOptions{}) {
				if err != nil {
					return "", err
				}
				members++
			}
			return fmt.Sprintf("walked over %d member", members), expect("members", members == 1)
		}},
		{"DELETE /api/account/networks/{child_account_id}", "Networks.Delete", func(ctx context.Context) (string, error) {
			gone, err := networks.Delete(ctx, t.child)
			if err != nil {
				return "", err
			}
			return "removed " + gone.ChildAccountID, expect("ids", gone.ChildAccountID == t.child && len(t.fake.Networks()) == 0)
		}},
	}}
}
