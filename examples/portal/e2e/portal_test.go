package e2e_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/demo"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/settle"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/storetest"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// Literals: the tests search for these texts.
var secrets = []string{"fake-partner-token", "fake-account-key", "fake-network-token", "fake-app-key"}

// portal is the site of the demonstration.
type portal struct {
	url     string
	fake    *partnertest.Fake
	settler *settle.Settler
}

// servePortal serves the site until the test ends. Changes whose outcome is unknown are not settled before settle.
func servePortal(t *testing.T) *portal {
	t.Helper()
	fake, db, logger := partnertest.NewServer(t), storetest.Open(t), slog.New(slog.DiscardHandler)
	require.NoError(t, demo.Seed(t.Context(), fake, db))
	client := fake.Client(partnerapi.WithRetry(partnerapi.RetryPolicy{MaxAttempts: 1}))
	settler := &settle.Settler{Client: client, Store: db, Logger: logger}
	h := site.New(site.Config{
		Client: client, Store: db, Logger: logger, AppKey: partnertest.AppKey, HostedLogin: "/demo/login",
		Logins: demo.Logins, Fake: fake, PlainHTTP: true, LoginLimit: rate.Every(time.Second), LoginBurst: 10,
	}, settler)
	return &portal{serve(t, h), fake, settler}
}

// today is the date in the pictures.
var today = time.Date(2026, time.September, 1, 12, 0, 0, 0, time.UTC)

// fixDates gives the records of the demonstration the dates of the pictures.
func (p *portal) fixDates() {
	for _, c := range p.fake.Customers() {
		if c.Subscription != nil {
			c.Subscription.StartDate, c.Subscription.EndDate = today.AddDate(0, -3, 0), today.AddDate(0, 9, 0)
			p.fake.SeedCustomer(c)
		}
	}
	for _, n := range p.fake.Networks() {
		if n.FeeProposed != nil {
			n.FeeProposedDate = partnerapi.UnixTime{Time: today.AddDate(0, 0, -3)}
			p.fake.SeedNetwork(n)
		}
	}
}

// stopClock is fixDates for records that depend on the clock of the APIs, which it stops. Token sessions have expired then.
func (p *portal) stopClock() {
	p.fixDates()
	invitations := p.fake.Invitations()
	p.fake.SetNow(today)
	for _, i := range invitations {
		i.Created = partnerapi.UnixTime{Time: today.AddDate(0, 0, -20)}
		p.fake.SeedInvitation(i)
	}
}

// settle settles changes until the test ends.
func (p *portal) settle(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { p.settler.Run(ctx) })
	t.Cleanup(working.Wait)
	t.Cleanup(stop)
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}
