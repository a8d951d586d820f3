package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/bench/oapi"
)

type sdk struct {
	*partnerapi.Client
	customer *partnerapi.Session
}

func newSDK(s setup) (client, error) {
	opts := []partnerapi.Option{
		partnerapi.WithPartnerToken(partnerToken),
		partnerapi.WithAccountKey(accountKey),
		partnerapi.WithNetworkToken(networkToken),
		partnerapi.WithBaseURL(partnerapi.PartnerAPI, s.base),
		partnerapi.WithBaseURL(partnerapi.AccountAPI, s.base),
		partnerapi.WithBaseURL(partnerapi.NetworkAPI, s.base),
		partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: s.wait, MaxWait: s.wait}), // zero is the default
	}
	if s.transport != nil {
		opts = append(opts, partnerapi.WithHTTPClient(&http.Client{Transport: s.transport}))
	}
	c, err := partnerapi.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	stored := fmt.Sprintf(`{"version":1,"origin":%q,"cookies":[{"name":%q,"value":%q}]}`, s.base, cookieName, cookieValue)
	customer, err := partnerapi.ImportSession([]byte(stored))
	return sdk{c, customer}, err
}

func (c sdk) create(ctx context.Context, in oapi.Subscription) error {
	return c.Subscriptions.Create(ctx, partnerapi.CreateSubscriptionRequest{
		PK: in.Pk, Email: in.Email, Plan: partnerapi.Plan(in.Plan),
	})
}

func (c sdk) account(ctx context.Context) (any, error) {
	return c.Accounts.Get(ctx, c.customer)
}

func (c sdk) networks(ctx context.Context, page int) (any, error) {
	got, err := c.Networks.List(ctx, partnerapi.ListOptions{Page: page, Records: recordsPerPage})
	if err == nil {
		got.Number, got.Records = 0, 0 // of the request, which is not part of the response
	}
	return got, err
}

func (c sdk) walk(ctx context.Context, visit func(accountID string) bool) error {
	for network, err := range c.Networks.All(ctx, partnerapi.ListOptions{}) {
		if err != nil {
			return err
		}
		if !visit(network.AccountID) {
			break
		}
	}
	return nil
}
