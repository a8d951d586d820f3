package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// fakeCommand serves the fake on loopback.
func (a *app) fakeCommand() *cobra.Command {
	var addr string
	var empty bool
	cmd := &cobra.Command{
		Use: "fake", Short: "Serve a fake of the three APIs, and print the environment to use it", Args: cobra.NoArgs,
		Long: "Serve a fake of the three APIs on this machine, until Ctrl-C. It prints the environment with which the other commands\n" +
			"use it, and logs each call to stderr. The state is lost when it ends. partnerfake does more, for any language.",
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8080", "the loopback `address` to serve on")
	cmd.Flags().BoolVar(&empty, "empty", false, "without the example records")
	cmd.RunE = a.local(func(ctx context.Context, _ []string) error {
		fake := partnertest.New(partnertest.WithCallHook(func(c partnertest.Call) {
			a.note("%s %v", c, c.Duration.Round(time.Microsecond))
		}))
		if !empty {
			seed(fake)
		}
		return a.serve(ctx, addr, fake)
	})
	return cmd
}

// serve serves on loopback only: the fake's credentials are public.
func (a *app) serve(ctx context.Context, addr string, fake http.Handler) error {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil || !at.IP.IsLoopback() {
		return usageError("--addr: not a loopback address such as 127.0.0.1:8080")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", at.String())
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.MaxBytesHandler(fake, 1<<20), ReadTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	_, _ = fmt.Fprintf(a.out, "export PARTNERCTL_SERVER=http://%s\n", listener.Addr())
	for _, of := range []struct{ variable, value string }{
		{"PARTNERAPI_PARTNER_TOKEN", partnertest.PartnerToken}, {"PARTNERAPI_ACCOUNT_KEY", partnertest.AccountKey},
		{"PARTNERAPI_ORGANIZATION_KEY", partnertest.OrganizationKey}, {"PARTNERAPI_NETWORK_TOKEN", partnertest.NetworkToken},
	} {
		_, _ = fmt.Fprintf(a.out, "export %s=%s\n", of.variable, of.value)
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// seed adds example records.
func seed(fake *partnertest.Fake) {
	at := func(day int) time.Time { return time.Date(2026, time.January, day, 12, 0, 0, 0, time.UTC) }
	fee := func(percent float64) *float64 { return &percent }
	fake.SeedSubscription(partnertest.Subscription{PK: "MS2365", Email: "parent@example.com", Plan: partnerapi.PlanBark})
	fake.SeedCustomer(partnertest.Customer{
		Customer: partnerapi.Customer{
			ID: 7, Email: "fan@example.com", FirstName: "Robin", LastName: "Example",
			Birthdate: partnerapi.Date{Year: 1995, Month: time.May, Day: 1},
			Subscription: &partnerapi.Membership{
				Plan: partnerapi.MembershipPlan{ID: 1, Name: "Premium", Class: "premium"}, StartDate: at(1),
			},
		},
		Password: "temp123",
		Benefits: []partnerapi.Benefit{{ID: 1, Summary: "Presale", BenefitType: "presale"}},
		Tokens:   []partnerapi.Tokens{{AccessToken: "fan-access", RefreshToken: "fan-refresh"}},
	})
	fake.SeedNetwork(partnerapi.Network{AccountID: "acc_1", AccountTitle: "Acme Seafood", DomainTitle: "Wholesale Distributor", Fee: 2.5})
	fake.SeedNetwork(partnerapi.Network{
		AccountID: "acc_2", AccountTitle: "Acme Dairy", DomainTitle: "Wholesale Distributor", Fee: 1,
		FeeProposed: fee(1.5), FeeProposedDate: partnerapi.UnixTimeOf(at(2)),
	})
	fake.SeedInvitation(partnerapi.Invitation{
		ID: "nwi_1", Email: "shop@example.com", DomainID: "dom_wholesale", FeeProposed: fee(2), Created: partnerapi.UnixTimeOf(at(3)),
		Status: partnerapi.InvitationPending,
	})
	fake.SeedAppUser(partnertest.AppUser{
		AppUser: partnerapi.AppUser{Username: "robin", Name: "Robin Example"}, Password: "temp123",
		Accounts: []partnerapi.AccountChoice{{ID: "acc_1234567890", Title: "Acme Corp"}, {ID: "acc_9", Title: "Acme Bakery"}},
	})
}
