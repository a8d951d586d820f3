package partnertest

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest/internal/httpserve"
)

// NewServer returns a fake that is served on loopback, at its URL, until the test ends.
func NewServer(tb testing.TB, opts ...Option) *Fake {
	tb.Helper()
	// Not net/http/httptest: it would add a flag to every program that imports this package.
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("partnertest: %v", err)
	}
	f := New(opts...)
	f.URL = "http://" + listener.Addr().String()
	server := httpserve.New(f)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(httpserve.Listener(listener)) // it returns ErrServerClosed
	}()
	tb.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return f
}

// Client returns a client of the fake's three APIs with all credentials. It uses [Fake.Transport] or, if the fake has a
// URL, the network. opts are applied last, so they win. Client panics if an option is invalid.
func (f *Fake) Client(opts ...partnerapi.Option) *partnerapi.Client {
	all := append(f.ClientOptions(),
		partnerapi.WithPartnerToken(PartnerToken),
		partnerapi.WithAccountKey(AccountKey),
		partnerapi.WithOrganizationKey(OrganizationKey),
		partnerapi.WithNetworkToken(NetworkToken),
	)
	client, err := partnerapi.NewClient(append(all, opts...)...)
	if err != nil {
		panic(fmt.Errorf("partnertest: %w", err))
	}
	return client
}

// ClientOptions returns the options with which [Fake.Client] reaches the fake, without credentials. They are for a
// client of your own and for [partnerapi.SignIn]:
//
//	source := partnerapi.SignIn(credentials, fake.ClientOptions()...)
//	client := fake.Client(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))
func (f *Fake) ClientOptions() []partnerapi.Option {
	var opts []partnerapi.Option
	for api := range apis {
		opts = append(opts, partnerapi.WithBaseURL(api, cmp.Or(f.URL, "https://partnertest.invalid")+"/"+string(api)))
	}
	if f.URL == "" {
		opts = append(opts, partnerapi.WithHTTPClient(&http.Client{Transport: f.transport}))
	}
	return opts
}
