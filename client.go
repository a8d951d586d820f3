package partnerapi

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/dialgate"
)

// Version is the version of this package, as the User-Agent header tells it.
const Version = "0.1.0"

// Client calls the three APIs. It is made by [NewClient], safe for concurrent use, and never changes.
//
// Only the credentials of the APIs that are called are needed. In fmt, slog and JSON a Client shows no credential.
type Client struct {
	// Signup makes signup links.
	Signup *SignupService
	// Subscriptions creates, changes and cancels subscriptions.
	Subscriptions *SubscriptionsService
	// Accounts creates customers, logs them in and reads what is theirs.
	Accounts *AccountsService
	// Networks reads and changes the relations to other accounts.
	Networks *NetworksService
	// Invitations invites other accounts into the network.
	Invitations *InvitationsService
	// AppSessions signs users in at the network API.
	AppSessions *AppSessionsService

	settings sealed[*settings]
}

// settings is all that options set. It does not change after NewClient.
type settings struct {
	bases     map[API]*url.URL
	sources   map[Credential]TokenSource
	limiters  map[API]Limiter
	budgets   map[API]*budget
	transport http.RoundTripper
	timeout   time.Duration // per attempt
	retry     RetryPolicy
	maxBody   int64
	userAgent string
	headers   map[bool]http.Header // of a request, by whether it has a body; not to be changed
	routes    atomic.Pointer[map[routeKey]*route]
	logger    *slog.Logger
	hook      func(context.Context, Attempt)
	plainHTTP bool

	clientTimeout time.Duration // of WithHTTPClient, for want of a WithTimeout
}

// An Option sets up a [Client]. Of several for the same thing the last counts. NewClient returns an [*ArgumentError] for
// one that cannot be.
type Option func(*settings) error

// A TokenSource tells a credential. It is asked once per call, so that a credential can change while the client lives,
// and by many goroutines at once. What it returns is not kept.
//
// A source that also has the method Invalidate(token string) is told of a token that the API answered with 401; it is
// then asked once more, and if it returns another one, the request is repeated once. The account API answers no bad key
// with 401.
//
// A call whose source fails is [ErrNoCredential]. The text of the source's error is not printed, because it may carry what
// is secret: errors.Is and errors.As find it, and [Error.Unwrap] leads to it.
type TokenSource interface {
	// Token returns the credential, for one call.
	Token(ctx context.Context) (string, error)
}

// TokenSourceFunc is a function that is a [TokenSource].
type TokenSourceFunc func(ctx context.Context) (string, error)

// Token calls f.
func (f TokenSourceFunc) Token(ctx context.Context) (string, error) { return f(ctx) }

// A Limiter holds a request back until it may be sent, or returns an error when it may not. A
// golang.org/x/time/rate.Limiter is one, whose errors are printed; of another's, errors.Is and errors.As find what the text
// of an [Error] leaves out. It must be safe for concurrent use.
type Limiter interface {
	// Wait returns when a request may be sent, or an error if it may not.
	Wait(ctx context.Context) error
}

// NewClient returns a client with the given options. It does no I/O and reads no environment. It fails with an
// [*ArgumentError] for an invalid option, such as an empty credential or a base URL that is not https, and with GOOS=js.
func NewClient(opts ...Option) (*Client, error) {
	if err := supports(runtime.GOOS); err != nil {
		return nil, err
	}
	s := &settings{
		bases:     make(map[API]*url.URL, len(apis)),
		sources:   make(map[Credential]TokenSource),
		limiters:  make(map[API]Limiter),
		budgets:   make(map[API]*budget, len(apis)),
		retry:     RetryPolicy{}.withDefaults(),
		maxBody:   10 << 20,
		userAgent: "partnerapi-go/" + Version,
	}
	s.routes.Store(&map[routeKey]*route{})
	for name, a := range apis {
		s.budgets[name] = newBudget()
		s.bases[name], _ = url.Parse(a.base) // a constant, which a test parses
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
		s.transport = dialgate.New()
	}
	s.headers = map[bool]http.Header{
		false: {"Accept": {"application/json"}, "User-Agent": {s.userAgent}},
		true:  {"Accept": {"application/json"}, "User-Agent": {s.userAgent}, "Content-Type": {"application/json; charset=utf-8"}},
	}
	s.timeout = cmp.Or(s.timeout, s.clientTimeout, 30*time.Second)
	c := &Client{settings: seal(s)}
	c.Signup = &SignupService{c}
	c.Subscriptions = &SubscriptionsService{c}
	c.Accounts = &AccountsService{c}
	c.Networks = &NetworksService{c}
	c.Invitations = &InvitationsService{c}
	c.AppSessions = &AppSessionsService{c}
	return c, nil
}

// supports refuses a platform on which net/http follows redirects whatever its caller says. It refuses every transport
// there, because one that wraps net/http's cannot be told from others.
func supports(goos string) error {
	if goos == "js" {
		return refused("GOOS=js", "net/http uses Fetch, which follows redirects and sends credentials along")
	}
	return nil
}

// check refuses options that do not go together.
func (s *settings) check() error {
	for name, base := range s.bases {
		if base.Scheme != "https" && !s.plainHTTP && !isLoopback(base.Hostname()) {
			return refused("WithBaseURL", "the base URL of the "+string(name)+" API is not https: see WithInsecureHTTP")
		}
	}
	for which, source := range s.sources {
		if own, ok := source.(hiddenSource); ok {
			if err := own.suits(which, s.bases[NetworkAPI]); err != nil {
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

// config returns the settings, or nil for a client that NewClient did not make.
func (c *Client) config() *settings {
	if c == nil {
		return nil
	}
	return c.settings.get()
}

// isWatched reports whether anybody is told of attempts.
func (s *settings) isWatched() bool { return s.hook != nil || s.logger != nil }

// CloseIdleConnections closes the connections that are kept for later calls, for the end of a program. Calls in flight
// go on. What [SignIn] has signed in through is another client.
func (c *Client) CloseIdleConnections() {
	s := c.config()
	if s == nil {
		return
	}
	if t, ok := s.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Format prints no more than the type's name, for every verb.
func (c Client) Format(f fmt.State, verb rune) { redactedClient.Format(f, verb) }

// LogValue shows no more than the type's name.
func (c Client) LogValue() slog.Value { return redactedClient.LogValue() }

// MarshalText returns no more than the type's name.
func (c Client) MarshalText() ([]byte, error) { return redactedClient.MarshalText() }

// WithPartnerToken sets the integration token of the partner API.
func WithPartnerToken(token string) Option {
	return withSecret("WithPartnerToken", PartnerToken, token)
}

// WithAccountKey sets the fan club's key of the account API.
func WithAccountKey(key string) Option { return withSecret("WithAccountKey", AccountKey, key) }

// WithOrganizationKey sets the organisation's key of the account API, which only [AccountsService.Search] needs.
func WithOrganizationKey(key string) Option {
	return withSecret("WithOrganizationKey", OrganizationKey, key)
}

// WithNetworkToken sets the credential of the network API: the JWT of a session, or the app key.
func WithNetworkToken(token string) Option {
	return withSecret("WithNetworkToken", NetworkToken, token)
}

const notAHeader = "a credential is not empty and has no spaces around it and no control characters"

func withSecret(option string, which Credential, secret string) Option {
	return func(s *settings) error {
		if !isCredential(secret) {
			return refused(option, notAHeader)
		}
		s.sources[which] = TokenSourceFunc(func(context.Context) (string, error) { return secret, nil })
		return nil
	}
}

// WithCredentialSource sets where a credential comes from, for one that changes while the client lives. What is wrong
// with the arguments of [SignIn] is told by [NewClient] then.
func WithCredentialSource(which Credential, source TokenSource) Option {
	return func(s *settings) error {
		switch {
		case credentials[which] == place{}:
			return refused("WithCredentialSource", "an unknown credential")
		case source == nil:
			return refused("WithCredentialSource", "no source")
		}
		s.sources[which] = source
		return nil
	}
}

// WithBaseURL sets where an API is, such as a test server's, in the place of https://www.bark.us/api/v1 (partner),
// https://services.sparkart.net/api/v1 (account) or https://api.backstack.com (network). It is an absolute URL with no
// user, query or fragment, and https, except on a loopback host or with [WithInsecureHTTP].
func WithBaseURL(name API, base string) Option {
	return func(s *settings) error {
		if _, known := apis[name]; !known {
			return refused("WithBaseURL", "an unknown API")
		}
		u, err := url.Parse(strings.TrimRight(base, "/"))
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return refused("WithBaseURL", "not an absolute http or https URL")
		}
		if u.User != nil || strings.ContainsAny(base, "?#") {
			return refused("WithBaseURL", "a base URL has no user, query or fragment")
		}
		u.Host = strings.TrimSuffix(u.Host, ":") // which net/http takes for the port
		s.bases[name] = u
		return nil
	}
}

// WithInsecureHTTP allows base URLs that are not https, over which credentials can be read on the way.
func WithInsecureHTTP() Option {
	return func(s *settings) error {
		s.plainHTTP = true
		return nil
	}
}

// WithHTTPClient makes calls through the Transport of hc. The Timeout of hc, unless that is zero, is the time limit per
// attempt where [WithTimeout] sets none. hc is copied and never changed. A Jar or a CheckRedirect is refused, because
// sessions belong to one customer each and redirects are not followed. A nil Transport is this package's own, not
// [http.DefaultTransport]: it keeps up to 64 idle connections to a host, and has many calls at once wait a moment for the
// connections that others have asked for.
func WithHTTPClient(hc *http.Client) Option {
	return func(s *settings) error {
		switch {
		case hc == nil:
			return refused("WithHTTPClient", "a nil client")
		case hc.Jar != nil || hc.CheckRedirect != nil:
			return refused("WithHTTPClient", "a client with a Jar or a CheckRedirect")
		}
		s.transport = hc.Transport
		s.clientTimeout = max(0, hc.Timeout)
		return nil
	}
}

// WithTimeout sets the time limit for one attempt, from asking for a connection to the last byte of the body. It is 30
// seconds if not set. The limit for a whole call is its context's deadline.
func WithTimeout(perAttempt time.Duration) Option {
	return func(s *settings) error {
		if perAttempt <= 0 {
			return refused("WithTimeout", "not above zero")
		}
		s.timeout = perAttempt
		return nil
	}
}

// WithRetry sets how often and how soon a call is sent again. Zero fields keep their defaults.
func WithRetry(policy RetryPolicy) Option {
	return func(s *settings) error {
		if policy.MaxAttempts < 0 || policy.MinWait < 0 || policy.MaxWait < 0 || policy.MaxRetryAfter < 0 {
			return refused("WithRetry", "a field below zero")
		}
		s.retry = policy.withDefaults()
		return nil
	}
}

// WithRateLimiter asks limiter before every attempt at the API. With a golang.org/x/time/rate.Limiter, "at most 10 within
// any 2 seconds" is rate.NewLimiter(4, 2): its burst comes on top of its rate.
func WithRateLimiter(name API, limiter Limiter) Option {
	return func(s *settings) error {
		switch _, known := apis[name]; {
		case !known:
			return refused("WithRateLimiter", "an unknown API")
		case limiter == nil:
			return refused("WithRateLimiter", "no limiter")
		}
		s.limiters[name] = limiter
		return nil
	}
}

// WithMaxResponseBytes sets how large a body may be, decompressed. A larger one fails the call with
// [ErrResponseTooLarge]. It is 10 MiB if not set.
func WithMaxResponseBytes(most int64) Option {
	return func(s *settings) error {
		if most <= 0 {
			return refused("WithMaxResponseBytes", "not above zero")
		}
		s.maxBody = most
		return nil
	}
}

// WithUserAgent puts product, such as "acme-billing/2.1", in front of the User-Agent header of this package.
func WithUserAgent(product string) Option {
	return func(s *settings) error {
		if !isCredential(product) {
			return refused("WithUserAgent", "empty, or not the value of a header")
		}
		s.userAgent = product + " partnerapi-go/" + Version
		return nil
	}
}

// WithLogger logs every attempt when it is over, unless logger is nil: at debug level if its outcome is
// [OutcomeAnswered], and at warn level if not. No line holds a credential, a pk, an e-mail or a URL. The message is
// "partnerapi attempt", and the attributes are those of [Attempt]:
//
//   - api, a string: "partner", "account" or "network".
//   - op, a string: the operation, such as "PUT /partners/subscriptions/{pk}".
//   - attempt, an integer from 1: its number in the call.
//   - status, an integer: the status of the answer, or 0 if none came.
//   - outcome, a string: "unsent", "answered" or "unknown".
//   - duration, a [time.Duration]: how long the attempt took.
//   - wait, a [time.Duration]: how long the call waits before it is sent again, or 0.
//   - error, a string: why there is no complete answer. It is left out if there is one.
//
// The logger is given the context of the call.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		s.logger = logger
		return nil
	}
}

// WithAttemptHook calls hook after every attempt, with the context of the call, unless hook is nil. [Attempt] says what
// it is told. The call goes on when the hook returns. The hook must be safe for concurrent use: calls may run at the
// same time, and an All makes several at once. If it panics, so does the call, or the loop over an All.
//
// A transport, for which see [WithHTTPClient], sees the requests themselves; [Operation] tells it what they are.
func WithAttemptHook(hook func(context.Context, Attempt)) Option {
	return func(s *settings) error {
		s.hook = hook
		return nil
	}
}

func refused(option, why string) error {
	return &ArgumentError{Op: "NewClient", Name: option, Reason: why}
}

// isCredential reports whether s can be the value of a header as it is: net/http trims spaces silently and refuses
// control characters with an error that comes too late.
func isCredential(s string) bool {
	return s != "" && strings.TrimSpace(s) == s && isHeaderValue(s)
}

func isHeaderValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
