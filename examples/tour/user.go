package main

import (
	"context"
	"errors"
	"fmt"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

func (t *tour) user() chapter {
	t.fake.SeedAppUser(partnertest.AppUser{
		AppUser: partnerapi.AppUser{Username: "robin"}, Password: fanPassword,
		Accounts: []partnerapi.AccountChoice{{ID: "acc_1", Title: "Acme Seafood"}, {ID: "acc_2", Title: "Acme Dairy"}},
		Access:   partnerapi.AppAccess{"payment-methods": "cr"},
	})
	jwt := partnertest.AppKey // the credential of the first call
	take := func(call func(*partnerapi.AppSessionsService) (*partnerapi.AppSession, error)) (partnerapi.AppSession, error) {
		session, err := call(t.fake.Client(partnerapi.WithNetworkToken(jwt), t.watch()).AppSessions)
		if err != nil {
			return partnerapi.AppSession{}, err
		}
		jwt = session.JWT()
		return *session, nil
	}
	return chapter{"A user signs in, chooses an account, looks at what is allowed, and logs out", []step{
		{"GET /app/session", "AppSessions.Start", func(ctx context.Context) (string, error) {
			s, err := take(func(a *partnerapi.AppSessionsService) (*partnerapi.AppSession, error) { return a.Start(ctx) })
			return "an anonymous session in " + s.App.Title, errors.Join(err, expect("logged in", !s.Authenticated && s.JWT() != ""))
		}},
		{"POST /app/login", "AppSessions.Login", func(ctx context.Context) (string, error) {
			s, err := take(func(a *partnerapi.AppSessionsService) (*partnerapi.AppSession, error) {
				return a.Login(ctx, partnerapi.AppLoginRequest{Username: "robin", Password: fanPassword})
			})
			return fmt.Sprintf("%d accounts to choose from", len(s.Accounts)), errors.Join(err, expect("no choice", len(s.Accounts) == 2))
		}},
		{"POST /app/login-account", "AppSessions.SelectAccount", func(ctx context.Context) (string, error) {
			s, err := take(func(a *partnerapi.AppSessionsService) (*partnerapi.AppSession, error) {
				return a.SelectAccount(ctx, "acc_2")
			})
			return "works for " + s.Account.Title, errors.Join(err, expect("account", s.Authenticated && s.Account.ID == "acc_2"))
		}},
		{"GET /app/session", "AppSessions.Current", func(ctx context.Context) (string, error) {
			s, err := take(func(a *partnerapi.AppSessionsService) (*partnerapi.AppSession, error) { return a.Current(ctx) })
			allowed := s.Access.Can("payment-methods:c") && !s.Access.Can("payment-methods:d")
			return "may add payment methods, not delete them", errors.Join(err, expect("access", allowed))
		}},
		{"GET /app/logout", "AppSessions.Logout", func(ctx context.Context) (string, error) {
			s, err := take(func(a *partnerapi.AppSessionsService) (*partnerapi.AppSession, error) { return a.Logout(ctx) })
			return "logged out", errors.Join(err, expect("still logged in", !s.Authenticated))
		}},
	}}
}
