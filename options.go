package partnerapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// An Option sets up a [Client]. Of several for the same thing the last counts. NewClient returns an [*ArgumentError] for
// one that cannot be.
type Option func(*settings) error

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
		if !httpsyntax.IsExactValue(product) {
			return refused("WithUserAgent", "empty, or not the value of a header")
		}
		s.product = product
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
		s.observer.logger = logger
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
		s.observer.hook = hook
		return nil
	}
}

// A CallOption changes a single call. A call with an option that cannot be fails with an [*ArgumentError].
type CallOption func(*callOptions) (why string)

type callOptions struct {
	header http.Header
	into   *Response
	once   bool
}

// ownHeaders are not for callers to set. The headers of all credentials are among them, whichever API is called.
var ownHeaders = func() httpsyntax.Headers {
	var names []string
	for _, of := range credentials {
		if of.header != "" {
			names = append(names, of.header)
		}
	}
	return httpsyntax.Reserved(names...)
}()

const notForCallers = " is not for callers to set"

// WithHeader sends a header with the call, such as a trace id. Refused are credentials, Cookie, Host, Idempotency-Key, and the
// headers that describe the body, control the connection, or override the method or the path. Case does not matter, and
// neither does punctuation: X_Token_Auth is refused as X-Token-Auth is.
func WithHeader(name, value string) CallOption {
	name = http.CanonicalHeaderKey(name)
	return func(o *callOptions) string {
		if !httpsyntax.IsToken(name) || !httpsyntax.IsValue(value) {
			return "WithHeader: not the name and value of a header"
		}
		if ownHeaders.Has(name) {
			return "WithHeader: " + name + notForCallers
		}
		if o.header == nil {
			o.header = make(http.Header)
		}
		o.header.Add(name, value)
		return ""
	}
}

// WithResponseInto fills in response when the call is over, unless nothing was sent. It is not safe to share response
// between calls that run at the same time, or with an All, which makes several.
func WithResponseInto(response *Response) CallOption {
	return func(o *callOptions) string {
		if response == nil {
			return "WithResponseInto: nil"
		}
		o.into = response
		return ""
	}
}

// WithoutRetry sends the call once, whatever becomes of it. The other path of [NetworksService.Delete] is a call of its
// own.
func WithoutRetry() CallOption {
	return func(o *callOptions) string {
		o.once = true
		return ""
	}
}

func refused(option, why string) error {
	return &ArgumentError{Op: "NewClient", Name: option, Reason: why}
}

// withoutSecrets returns a copy of a response's header without cookies and credentials.
func withoutSecrets(header http.Header, secrets []string) http.Header {
	kept := header.Clone()
	for name, values := range kept {
		if strings.HasPrefix(httpsyntax.CGIName(name), "SET_COOKIE") {
			delete(kept, name)
			continue
		}
		for i, value := range values {
			if redact.Echoes(value, secrets) {
				values[i] = redact.Mark
			}
		}
	}
	return kept
}
