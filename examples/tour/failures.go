package main

import (
	"context"
	"errors"
	"fmt"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// refused expects a call to return the documented error.
func refused(call func(context.Context) error, want error) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		err := call(ctx)
		if !errors.Is(err, want) {
			return "", fmt.Errorf("want %q, got: %w", want.Error(), err)
		}
		return "refused: " + want.Error(), nil
	}
}

func (t *tour) failures() chapter {
	c := t.client
	t.fake.SeedSubscription(partnertest.Subscription{PK: "MS1", Email: parentEmail, Plan: partnerapi.PlanBark})
	t.fake.SeedCustomer(partnertest.Customer{
		Customer: partnerapi.Customer{Email: "unconfirmed@example.com"}, Password: fanPassword, Unconfirmed: true,
	})
	login := func(email, password string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := c.Accounts.Login(ctx, partnerapi.LoginRequest{Email: email, Password: password})
			return err
		}
	}
	return chapter{"Errors of the APIs, matched with errors.Is", []step{
		{"POST /partners/subscriptions", "Subscriptions.Create", refused(func(ctx context.Context) error {
			return c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: "MS1", Email: parentEmail, Plan: partnerapi.PlanBark})
		}, partnerapi.ErrAlreadyExists)},
		{"PUT /partners/subscriptions/{pk}", "Subscriptions.Update", refused(func(ctx context.Context) error {
			return c.Subscriptions.Update(ctx, "nobody", partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBark})
		}, partnerapi.ErrNotFound)},
		{"DELETE /partners/subscriptions/{pk}", "Subscriptions.Cancel", refused(func(ctx context.Context) error {
			return t.fake.Client(partnerapi.WithPartnerToken("wrong"), t.watch()).Subscriptions.Cancel(ctx, "MS1")
		}, partnerapi.ErrUnauthorized)},
		{"POST /accounts", "Accounts.Create", refused(func(ctx context.Context) error {
			_, err := c.Accounts.Create(ctx, partnerapi.CreateAccountRequest{Email: newFanEmail})
			return err
		}, partnerapi.ErrAlreadyExists)},
		{"POST /login", "Accounts.Login", refused(login(newFanEmail, "wrong"), partnerapi.ErrUnauthorized)},
		{"POST /login", "Accounts.Login", refused(login("unconfirmed@example.com", fanPassword), partnerapi.ErrForbidden)},
		{"GET /account/benefits", "Accounts.Benefits", refused(func(ctx context.Context) error {
			_, err := c.Accounts.Benefits(ctx, partnerapi.NewSession())
			return err
		}, partnerapi.ErrNotLoggedIn)},
		{"GET /account/search", "Accounts.Search", refused(func(ctx context.Context) error {
			_, err := c.Accounts.Search(ctx, "nobody@example.com")
			return err
		}, partnerapi.ErrNotFound)},
		{"POST /account/network-invitations", "Invitations.Create", refused(func(ctx context.Context) error {
			_, err := c.Invitations.Create(ctx, partnerapi.CreateInvitationRequest{DomainID: t.domain})
			return err
		}, partnerapi.ErrInvalid)},
		{"POST /account/network-invitations/{token}", "Invitations.Activate", refused(func(ctx context.Context) error {
			_, err := c.Invitations.Activate(ctx, t.token) // already used above
			return err
		}, partnerapi.ErrNotFound)},
	}}
}
