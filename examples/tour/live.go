package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	partnerapi "github.com/partnerapi/partnerapi-go"
)

// A check is a call to a real API that changes nothing, and the expected result with a valid credential.
type check struct {
	method string
	env    string // the required credential
	call   func(context.Context, *partnerapi.Client) error
	want   error // nil for success
}

// credentials maps environment variables to options.
var credentials = map[string]func(string) partnerapi.Option{
	"PARTNERAPI_PARTNER_TOKEN":    partnerapi.WithPartnerToken,
	"PARTNERAPI_ACCOUNT_KEY":      partnerapi.WithAccountKey,
	"PARTNERAPI_ORGANIZATION_KEY": partnerapi.WithOrganizationKey,
	"PARTNERAPI_NETWORK_TOKEN":    partnerapi.WithNetworkToken,
}

// optional are the variables whose checks are skipped if unset.
var optional = []string{"PARTNERAPI_ORGANIZATION_KEY"}

var checks = map[string][]check{
	"partner": {
		// The API has no read: an update of a random pk must return not found.
		{"Subscriptions.Update", "PARTNERAPI_PARTNER_TOKEN", func(ctx context.Context, c *partnerapi.Client) error {
			return c.Subscriptions.Update(ctx, "tour-"+rand.Text(), partnerapi.UpdateSubscriptionRequest{Plan: partnerapi.PlanBark})
		}, partnerapi.ErrNotFound},
	},
	"account": {
		{"Accounts.Get", "PARTNERAPI_ACCOUNT_KEY", func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Get(ctx, partnerapi.NewSession())
			return err
		}, partnerapi.ErrNotLoggedIn},
		{"Accounts.Search", "PARTNERAPI_ORGANIZATION_KEY", func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Accounts.Search(ctx, "tour-"+strings.ToLower(rand.Text())+"@example.com")
			return err
		}, partnerapi.ErrNotFound},
	},
	"network": {
		{"Networks.Domains", "PARTNERAPI_NETWORK_TOKEN", func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Networks.Domains(ctx)
			return err
		}, nil},
		{"Networks.List", "PARTNERAPI_NETWORK_TOKEN", func(ctx context.Context, c *partnerapi.Client) error {
			_, err := c.Networks.List(ctx, partnerapi.ListOptions{Records: 1})
			return err
		}, nil},
	},
}

// checkLive checks the credentials of one API. opts are applied after those of the environment.
func checkLive(ctx context.Context, w io.Writer, name string, getenv func(string) string, opts ...partnerapi.Option) error {
	var todo []check
	var set []partnerapi.Option
	for _, c := range checks[name] {
		value := getenv(c.env)
		switch {
		case value != "":
			todo, set = append(todo, c), append(set, credentials[c.env](value))
		case slices.Contains(optional, c.env):
			_, _ = fmt.Fprintf(w, "%-22s  not checked: %s is not set\n", c.method, c.env)
		default:
			return fmt.Errorf("%s is not set; %w", c.env, errUsage)
		}
	}
	client, err := partnerapi.NewClient(append(set, opts...)...)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	var failed error
	for _, c := range todo {
		if err := c.run(ctx, client); err != nil {
			_, _ = fmt.Fprintf(w, "%-22s  FAILED: %v\n", c.method, err)
			failed = errors.New("the credentials are invalid, or the API does not respond as documented")
			continue
		}
		_, _ = fmt.Fprintf(w, "%-22s  ok\n", c.method)
	}
	return failed
}

func (c check) run(ctx context.Context, client *partnerapi.Client) error {
	err := c.call(ctx, client)
	switch {
	case c.want == nil:
		return err
	case err == nil:
		return fmt.Errorf("unexpected success, want: %w", c.want)
	case !errors.Is(err, c.want):
		return err
	default:
		return nil
	}
}
