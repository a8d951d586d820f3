package main

import (
	"context"
	"net/http"

	"github.com/partnerapi/partnerapi-go/internal/bench/oapi"
)

//go:generate go tool oapi-codegen -config oapi/config.yaml -o oapi/client.gen.go oapi/openapi.yaml

// generated is the client that oapi-codegen generates. Peers without models of their own decode into its models, which
// are plain structs.
type generated struct{ *oapi.ClientWithResponses }

func newGenerated(s setup) (client, error) {
	c, err := oapi.NewClientWithResponses(s.base, oapi.WithHTTPClient(&http.Client{Transport: s.transport}))
	return generated{c}, err
}

func (c generated) create(ctx context.Context, in oapi.Subscription) error {
	reply, err := c.CreateSubscriptionWithResponse(ctx, &oapi.CreateSubscriptionParams{XTokenAuth: partnerToken}, in)
	switch {
	case err != nil:
		return err
	case reply.JSON400 != nil:
		return &refusal{reply.StatusCode(), reply.JSON400.Error}
	case reply.JSON201 == nil:
		return refused(reply.StatusCode(), reply.Body)
	case !reply.JSON201.Success:
		return errNoSuccess
	}
	return nil
}

func (c generated) account(ctx context.Context) (any, error) {
	reply, err := c.GetAccountWithResponse(ctx, &oapi.GetAccountParams{Key: accountKey, Session: cookieValue})
	if err != nil {
		return nil, err
	}
	if reply.JSON200 == nil {
		return nil, refused(reply.StatusCode(), reply.Body)
	}
	return &reply.JSON200.Customer, nil
}

func (c generated) page(ctx context.Context, page int) (*oapi.NetworkPage, error) {
	reply, err := c.ListNetworksWithResponse(ctx, &oapi.ListNetworksParams{
		Authorization: networkToken, Page: page, Records: recordsPerPage,
	})
	if err != nil {
		return nil, err
	}
	if reply.JSON200 == nil {
		return nil, refused(reply.StatusCode(), reply.Body)
	}
	return reply.JSON200, nil
}

func (c generated) networks(ctx context.Context, page int) (any, error) { return c.page(ctx, page) }

func (c generated) walk(ctx context.Context, visit func(accountID string) bool) error {
	return inOrder(ctx, c.page, visit)
}
