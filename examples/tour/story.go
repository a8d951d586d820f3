package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	partnerapi "github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// The people of the story.
const (
	parentPK    = "MS2365"
	parentEmail = "parent@example.com"
	legacyPK    = "MS0007"
	fanEmail    = "fan@example.com"
	newFanEmail = "fan.new@example.com"
	fanPassword = "a long pass phrase" //nolint:gosec // of a customer in the fake
	shopEmail   = "shop@example.com"
	newShop     = "new-shop@example.com"
)

func (t *tour) parent() chapter {
	signup := partnerapi.SignupRequest{PK: parentPK, Email: parentEmail, ChildName: "Robin"}
	subscriptions := t.client.Subscriptions
	return chapter{"A parent signs up, subscribes, changes the plan and cancels", []step{
		{"GET /partners/signup", "Signup.URL", func(ctx context.Context) (string, error) {
			link, err := t.client.Signup.URL(ctx, signup)
			return "a link for the parent's browser", errors.Join(err, expect(link, strings.Contains(link, "pk="+parentPK)))
		}},
		{"GET /partners/signup", "Signup.Resolve", func(ctx context.Context) (string, error) {
			to, err := t.client.Signup.Resolve(ctx, signup)
			if err != nil {
				return "", err
			}
			return "send the browser to " + to.Path, expect(to.String(), !strings.Contains(to.String(), partnertest.PartnerToken))
		}},
		{"POST /partners/subscriptions", "Subscriptions.Create", func(ctx context.Context) (string, error) {
			err := subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{PK: parentPK, Email: parentEmail, Plan: partnerapi.PlanBark})
			return "subscribed to bark", errors.Join(err, t.expectPlan(parentPK, partnerapi.PlanBark))
		}},
		{"PUT /partners/subscriptions/{pk}", "Subscriptions.Update", func(ctx context.Context) (string, error) {
			err := subscriptions.Update(ctx, parentPK, partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBarkJunior})
			return "moved to bark_junior", errors.Join(err, t.expectPlan(parentPK, partnerapi.PlanBarkJunior))
		}},
		{"PUT /partners/subscriptions/{pk}", "Subscriptions.Ensure", func(ctx context.Context) (string, error) {
			created, err := subscriptions.Ensure(ctx, partnerapi.CreateSubscriptionRequest{PK: parentPK, Email: parentEmail, Plan: partnerapi.PlanBark})
			return "exists already, moved to bark", errors.Join(err, expect("created", !created), t.expectPlan(parentPK, partnerapi.PlanBark))
		}},
		{"DELETE /partners/subscriptions/{pk}", "Subscriptions.Cancel", func(ctx context.Context) (string, error) {
			err := subscriptions.Cancel(ctx, parentPK)
			return "cancelled", errors.Join(err, t.expectNoPlan(parentPK))
		}},
		{"DELETE /partners/subscriptions", "Subscriptions.CancelLegacy", func(ctx context.Context) (string, error) {
			t.fake.SeedSubscription(partnertest.Subscription{PK: legacyPK, Email: parentEmail})
			err := subscriptions.CancelLegacy(ctx, legacyPK)
			return "cancelled, as before plans", errors.Join(err, t.expectNoPlan(legacyPK))
		}},
	}}
}

func (t *tour) expectPlan(pk string, plan partnerapi.Plan) error {
	s, _ := t.fake.Subscription(pk)
	return expect("plan "+string(s.Plan), s.Plan == plan)
}

func (t *tour) expectNoPlan(pk string) error {
	_, ok := t.fake.Subscription(pk)
	return expect("still subscribed", !ok)
}

func (t *tour) fan() chapter {
	accounts := t.client.Accounts
	return chapter{"A fan registers, logs in, reads the benefits, changes the e-mail, uses tokens and logs out", []step{
		{"POST /accounts", "Accounts.Create", func(ctx context.Context) (string, error) {
			c, err := accounts.Create(ctx, partnerapi.CreateAccountRequest{
				Email: fanEmail, FirstName: "Robin", Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1},
				AcceptTerms: true, Password: fanPassword, PasswordConfirmation: fanPassword,
			})
			return t.customer("customer", c, err, fanEmail)
		}},
		{"POST /login", "Accounts.Login", func(ctx context.Context) (string, error) {
			c, session, err := accounts.Login(ctx, partnerapi.LoginRequest{Email: fanEmail, Password: fanPassword})
			t.session = session
			return t.customer("a session of customer", c, err, fanEmail)
		}},
		{"GET /account/status", "Accounts.Status", func(ctx context.Context) (string, error) {
			loggedIn, err := accounts.Status(ctx, t.session)
			return "logged in", errors.Join(err, expect("logged out", loggedIn))
		}},
		{"GET /account", "Accounts.Get", func(ctx context.Context) (string, error) {
			c, err := accounts.Get(ctx, t.session)
			return t.customer("customer", c, err, fanEmail)
		}},
		{"GET /account/benefits", "Accounts.Benefits", func(ctx context.Context) (string, error) {
			benefits, err := accounts.Benefits(ctx, t.session)
			return "none without a subscription", errors.Join(err, expect("benefits", len(benefits) == 0))
		}},
		{"POST /account", "Accounts.Update", func(ctx context.Context) (string, error) {
			c, err := accounts.Update(ctx, t.session, partnerapi.UpdateAccountRequest{Email: newFanEmail, ListsOptIn: partnerapi.OptInFalse})
			return t.customer("new e-mail of customer", c, err, newFanEmail)
		}},
		{"GET /account/search", "Accounts.Search", func(ctx context.Context) (string, error) {
			c, err := accounts.Search(ctx, newFanEmail)
			return t.customer("found customer", c, err, newFanEmail)
		}},
		{"POST /refresh", "Accounts.Get", t.refresh},
		{"GET /logout", "Accounts.Logout", func(ctx context.Context) (string, error) {
			err := accounts.Logout(ctx, t.session)
			_, getErr := accounts.Get(ctx, t.session)
			return "logged out", errors.Join(err, expect("still logged in", errors.Is(getErr, partnerapi.ErrNotLoggedIn)))
		}},
	}}
}

// refresh makes a call for the fan, on a site with bearer tokens, after the access token has expired.
func (t *tour) refresh(ctx context.Context) (string, error) {
	tokens := t.fake.SeedTokens(t.fake.Customers()[0].ID)
	tokens.AccessTokenExpires = partnerapi.UnixTimeOf(time.Now())
	session, err := partnerapi.NewTokenSession(tokens)
	if err != nil {
		return "", err
	}
	var kept partnerapi.Tokens
	session.OnRefresh(func(_ context.Context, tokens partnerapi.Tokens) error {
		kept = tokens
		return nil
	})
	_, err = t.client.Accounts.Get(ctx, session)
	return "access token refreshed first and stored", errors.Join(err, expect("nothing kept", kept != partnerapi.Tokens{}))
}

func (t *tour) customer(what string, c *partnerapi.Customer, err error, email string) (string, error) {
	if err != nil {
		return "", err
	}
	return fmt.Sprint(what, " ", c.ID), expect("e-mail", c.Email == email)
}
