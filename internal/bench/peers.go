package main

import (
	"context"
	"net/http"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/bench/oapi"
)

// client is what every peer implements. The results of account and networks have the peer's own type, which encodes to
// the JSON that it was decoded from.
type client interface {
	create(ctx context.Context, in oapi.Subscription) error
	account(ctx context.Context) (any, error)
	networks(ctx context.Context, page int) (any, error)
	// walk visits all networks in order, in the way a user of the peer would, until visit returns false.
	walk(ctx context.Context, visit func(accountID string) bool) error
}

// setup is the configuration that differs between measurements. Everything else is the peer's default.
type setup struct {
	base      string
	transport http.RoundTripper // nil is the peer's default
	wait      time.Duration     // between retries; zero is the peer's default
}

// peer is a client library.
type peer struct {
	name   string
	module string // that is linked into the program
	shared bool   // its default transport is http.DefaultTransport
	dial   func(setup) (client, error)
}

// baseline is the peer that the others are compared with.
const baseline = "raw"

var peers = []peer{
	{"partnerapi", "github.com/partnerapi/partnerapi-go", false, newSDK},
	{baseline, "net/http", true, newRaw},
	{"oapi-codegen", "github.com/oapi-codegen/runtime", true, newGenerated},
	{"go-github", "github.com/google/go-github/v88", true, newGitHub},
	{"godo", "github.com/digitalocean/godo", false, newGodo},
	{"gitlab", "gitlab.com/gitlab-org/api/client-go/v2", false, newGitLab},
	{"resty", "github.com/go-resty/resty/v2", false, newResty},
	{"retryablehttp", "github.com/hashicorp/go-retryablehttp", false, newRetryable},
}

// fresh returns a client with the peer's default transport and no connections.
func (p peer) fresh(base string, wait time.Duration) (client, error) {
	s := setup{base: base, wait: wait}
	if p.shared { // including its connections, so a copy has the same settings but no connections
		s.transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return p.dial(s)
}

// The credentials that are sent. No server here checks them.
const (
	accountKey     = "bench-account-key"
	partnerToken   = "bench-partner-token"
	networkToken   = "bench-network-token"
	cookieName     = "session"
	cookieValue    = "bench-session"
	recordsPerPage = 100
)

var subscription = oapi.Subscription{Pk: "MS2365", Email: "parent@example.com", Plan: "bark"}
