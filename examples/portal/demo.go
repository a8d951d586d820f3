package main

import (
	"context"
	"net"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/demo"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/site"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// demonstrate serves a fake of the APIs on loopback, because a browser follows signup links to it, and makes the site use it.
func (c *config) demonstrate(ctx context.Context, s *site.Config) (stop func(), err error) {
	fake := partnertest.New()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return func() {}, err
	}
	server := newServer(fake)
	go func() { _ = server.Serve(listener) }() // it returns ErrServerClosed
	stop = func() { _ = server.Close() }
	url := "http://" + listener.Addr().String()
	s.Client, err = partnerapi.NewClient(
		partnerapi.WithPartnerToken(partnertest.PartnerToken),
		partnerapi.WithAccountKey(partnertest.AccountKey),
		partnerapi.WithNetworkToken(partnertest.NetworkToken),
		partnerapi.WithBaseURL(partnerapi.PartnerAPI, url+"/partner"),
		partnerapi.WithBaseURL(partnerapi.AccountAPI, url+"/account"),
		partnerapi.WithBaseURL(partnerapi.NetworkAPI, url+"/network"),
		partnerapi.WithTimeout(timeout),
		partnerapi.WithLogger(s.Logger),
	)
	if err != nil {
		return stop, err
	}
	s.Fake, s.AppKey, s.HostedLogin, s.Logins, s.PlainHTTP = fake, partnertest.AppKey, "/demo/login", demo.Logins, true
	return stop, demo.Seed(ctx, fake, s.Store)
}
