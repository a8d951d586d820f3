package partnerapi

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// Version is the version of this package. The User-Agent header contains it.
const Version = "0.2.0"

// Client calls the three APIs. [NewClient] makes one. It is immutable and safe for concurrent use.
//
// It needs only the credentials of the APIs that it calls. It is redacted in fmt, slog and JSON.
//
// Make one client per process, and use [WithCredential] for the calls of different accounts: every client has connections and a
// retry budget of its own. The idle connections of a client that is not used any more are closed when it is garbage collected,
// unless their transport is of [WithHTTPClient].
type Client struct {
	Signup        *SignupService        // makes signup links and signs parents up
	Subscriptions *SubscriptionsService // creates, changes and cancels subscriptions
	Accounts      *AccountsService      // creates customers, logs them in, and reads and changes their data
	Networks      *NetworksService      // reads, changes and deletes the relations to other accounts
	Invitations   *InvitationsService   // creates and manages invitations to other accounts
	AppSessions   *AppSessionsService   // signs users in at the network API

	settings sealed.Box[*settings]
}

// settings is the result of all options. It is immutable after NewClient.
type settings struct {
	apis      map[API]*apiSettings
	sources   map[Credential]TokenSource
	transport http.RoundTripper
	timeout   time.Duration // per attempt
	retry     RetryPolicy
	maxBody   int64
	product   string         // of WithUserAgent
	headers   [2]http.Header // of requests without and with a body; shared, so never changed
	observer  observer
	plainHTTP bool

	middlewares    []func(http.RoundTripper) http.RoundTripper
	base           http.RoundTripper // below the middlewares
	floor          *dialgate.Floor   // between them, or nil without middlewares
	isOwnTransport bool              // base is dialgate's
	clientTimeout  time.Duration     // of WithHTTPClient; used if WithTimeout is not set
}

// NewClient returns a client with the given options. It does no I/O, and reads the environment only for [FromEnv]. It returns an
// [*ArgumentError] for an invalid option, such as an empty credential or a base URL that is not https, and if GOOS is js.
func NewClient(opts ...Option) (*Client, error) {
	if err := supports(runtime.GOOS); err != nil {
		return nil, err
	}
	s := &settings{
		apis:    make(map[API]*apiSettings, len(apis)),
		sources: make(map[Credential]TokenSource),
		retry:   RetryPolicy{}.withDefaults(),
		maxBody: 10 << 20,
	}
	for name, of := range apis {
		base, _ := url.Parse(of.home) // a constant, which a test parses
		s.apis[name] = &apiSettings{api: of, base: base, origin: originOf(base)}
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, refused("Option", "nil")
		}
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.transport == nil {
		own := dialgate.New()
		s.transport, s.isOwnTransport = own, true
		runtime.AddCleanup(s, (*http.Transport).CloseIdleConnections, own.Base) // Base does not reach s, which would never be collected
	}
	if err := s.wrap(); err != nil {
		return nil, err
	}
	agent := strings.TrimSpace(s.product + " partnerapi-go/" + Version)
	s.headers = [...]http.Header{
		{"Accept": {"application/json"}, "User-Agent": {agent}},
		{"Accept": {"application/json"}, "User-Agent": {agent}, "Content-Type": {"application/json; charset=utf-8"}}, // ours P11
	}
	s.timeout = cmp.Or(s.timeout, s.clientTimeout, 30*time.Second)
	c := &Client{settings: sealed.New(s)}
	c.Signup = &SignupService{c}
	c.Subscriptions = &SubscriptionsService{c}
	c.Accounts = &AccountsService{c}
	c.Networks = &NetworksService{c}
	c.Invitations = &InvitationsService{c}
	c.AppSessions = &AppSessionsService{c}
	return c, nil
}

// supports refuses platforms on which net/http always follows redirects. It refuses every transport there, because a
// transport may wrap net/http's.
func supports(goos string) error {
	if goos == "js" {
		return refused("GOOS=js", "net/http uses Fetch, which follows redirects and sends credentials along")
	}
	return nil
}

func (s *settings) check() error {
	for name, to := range s.apis {
		if to.base.Scheme != "https" && !s.plainHTTP && !isLoopback(to.base.Hostname()) {
			return refused("WithBaseURL", "the base URL of the "+string(name)+" API is not https: see WithInsecureHTTP")
		}
	}
	for which, source := range s.sources {
		if own, ok := source.(hiddenSource); ok {
			if err := own.suits(which, s.apis[NetworkAPI].base); err != nil {
				return err
			}
		}
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// config returns the settings, or nil if NewClient did not make the client.
func (c *Client) config() *settings {
	if c == nil {
		return nil
	}
	return c.settings.Get()
}

// CloseIdleConnections closes the idle connections of the client's transport, below all middlewares, for a shutdown. Calls in
// flight continue. A [SignIn] source has a client of its own, which is not included.
func (c *Client) CloseIdleConnections() {
	s := c.config()
	if s == nil {
		return
	}
	if t, ok := s.base.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Format prints only the type's name, for every verb.
func (c Client) Format(f fmt.State, verb rune) { redactedClient.Format(f, verb) }

// LogValue returns only the type's name.
func (c Client) LogValue() slog.Value { return redactedClient.LogValue() }

// MarshalText returns only the type's name.
func (c Client) MarshalText() ([]byte, error) { return redactedClient.MarshalText() }
