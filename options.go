package partnerapi

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
	"github.com/partnerapi/partnerapi-go/internal/redact"
)

// An Option configures a [Client]. If options conflict, the last one wins. NewClient returns an [*ArgumentError] for an
// invalid one.
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

func withSecret(option string, which Credential, secret string) Option {
	return func(s *settings) error {
		if why := httpsyntax.WhyNotExact(secret); why != "" {
			return refused(option, why)
		}
		s.sources[which] = TokenSourceFunc(func(context.Context) (string, error) { return secret, nil })
		return nil
	}
}

// WithCredentialSource sets the source of a credential, for a credential that changes while the client lives. [NewClient]
// then also returns the error of invalid arguments to [SignIn].
func WithCredentialSource(which Credential, source TokenSource) Option {
	return func(s *settings) error {
		switch {
		case which == "":
			return refused("WithCredentialSource", "empty credential")
		case credentials[which] == place{}:
			return refused("WithCredentialSource", "unknown credential")
		case source == nil:
			return refused("WithCredentialSource", "nil")
		}
		s.sources[which] = source
		return nil
	}
}

// WithBaseURL sets the base URL of an API, for example a test server's. The defaults are https://www.bark.us/api/v1
// (partner), https://services.sparkart.net/api/v1 (account) and https://api.backstack.com (network). The URL must be absolute,
// without user, query or fragment, and https, except on a loopback host or with [WithInsecureHTTP].
func WithBaseURL(name API, base string) Option { return withBaseURL("WithBaseURL", name, base) }

func withBaseURL(option string, name API, base string) Option {
	return func(s *settings) error {
		if why := whyNotAPI(name); why != "" {
			return refused(option, why+" API")
		}
		if base == "" {
			return refused(option, "empty")
		}
		u, err := url.Parse(strings.TrimRight(base, "/"))
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return refused(option, "not an absolute http or https URL")
		}
		if u.User != nil || strings.ContainsAny(base, "?#") {
			return refused(option, "has a user, query or fragment")
		}
		u.Host = strings.TrimSuffix(u.Host, ":") // an empty port
		s.apis[name].base, s.apis[name].origin = u, originOf(u)
		return nil
	}
}

// FromEnv sets the credentials and base URLs that are in these environment variables:
//
//   - PARTNERAPI_PARTNER_TOKEN, PARTNERAPI_ACCOUNT_KEY, PARTNERAPI_ORGANIZATION_KEY, PARTNERAPI_NETWORK_TOKEN
//   - PARTNERAPI_PARTNER_URL, PARTNERAPI_ACCOUNT_URL, PARTNERAPI_NETWORK_URL
//
// They are read when NewClient applies the option. One that is unset or empty is skipped. The [*ArgumentError] for an invalid
// one names the variable; a newline at the end is invalid. A base URL is checked as by [WithBaseURL] and must be https, even on
// a loopback host and with [WithInsecureHTTP].
func FromEnv() Option { return fromEnv(os.Getenv) }

func fromEnv(getenv func(name string) string) Option {
	return func(s *settings) error {
		for _, v := range variables {
			value := getenv(v.name)
			if value == "" {
				continue
			}
			if strings.HasSuffix(value, "\n") {
				return refused(v.name, "ends with a newline")
			}
			opt := withSecret(v.name, v.which, value)
			if v.api != "" {
				opt = withBaseURL(v.name, v.api, value)
			}
			if err := opt(s); err != nil {
				return err
			}
			if v.api != "" && s.apis[v.api].base.Scheme != "https" {
				return refused(v.name, "not https: use WithBaseURL for a server without TLS")
			}
		}
		return nil
	}
}

// variables are those that FromEnv reads: each has a credential or the base URL of an API.
var variables = []struct {
	name  string
	which Credential
	api   API
}{
	{"PARTNERAPI_PARTNER_TOKEN", PartnerToken, ""},
	{"PARTNERAPI_ACCOUNT_KEY", AccountKey, ""},
	{"PARTNERAPI_ORGANIZATION_KEY", OrganizationKey, ""},
	{"PARTNERAPI_NETWORK_TOKEN", NetworkToken, ""},
	{"PARTNERAPI_PARTNER_URL", "", PartnerAPI},
	{"PARTNERAPI_ACCOUNT_URL", "", AccountAPI},
	{"PARTNERAPI_NETWORK_URL", "", NetworkAPI},
}

// WithInsecureHTTP allows base URLs that are not https. Credentials are then sent in clear text.
func WithInsecureHTTP() Option {
	return func(s *settings) error {
		s.plainHTTP = true
		return nil
	}
}

// WithHTTPClient sets the transport to the Transport of hc, and the timeout per attempt to its Timeout if that is set and
// [WithTimeout] is not used. hc is never changed. A Jar or a CheckRedirect is refused, because a session belongs to one
// customer and redirects are not followed. A nil Transport means this package's own, not [http.DefaultTransport]: it keeps up
// to 64 idle connections to a host, and limits how many callers dial concurrently.
func WithHTTPClient(hc *http.Client) Option {
	return func(s *settings) error {
		switch {
		case hc == nil:
			return refused("WithHTTPClient", "nil")
		case hc.Jar != nil:
			return refused("WithHTTPClient", "has a Jar")
		case hc.CheckRedirect != nil:
			return refused("WithHTTPClient", "has a CheckRedirect")
		}
		s.transport = hc.Transport
		s.clientTimeout = max(0, hc.Timeout)
		return nil
	}
}

// WithTimeout sets the timeout of one attempt, from the wait for a connection to the last byte of the body. The default is
// 30 seconds. The deadline of the whole call is its context's.
func WithTimeout(perAttempt time.Duration) Option {
	return func(s *settings) error {
		if perAttempt <= 0 {
			return refused("WithTimeout", "must be above zero")
		}
		s.timeout = perAttempt
		return nil
	}
}

// WithRetry sets the retry policy. Zero fields mean their defaults.
func WithRetry(policy RetryPolicy) Option {
	return func(s *settings) error {
		switch {
		case policy.MaxAttempts < 0:
			return refused("WithRetry", "negative MaxAttempts")
		case policy.MinWait < 0:
			return refused("WithRetry", "negative MinWait")
		case policy.MaxWait < 0:
			return refused("WithRetry", "negative MaxWait")
		case policy.MaxRetryAfter < 0:
			return refused("WithRetry", "negative MaxRetryAfter")
		}
		s.retry = policy.withDefaults()
		return nil
	}
}

// WithRateLimiter makes every attempt at the API wait for limiter. With a golang.org/x/time/rate.Limiter, "at most 10 within
// any 2 seconds" is rate.NewLimiter(4, 2), because its burst is added to its rate.
func WithRateLimiter(name API, limiter Limiter) Option {
	return func(s *settings) error {
		switch why := whyNotAPI(name); {
		case why != "":
			return refused("WithRateLimiter", why+" API")
		case limiter == nil:
			return refused("WithRateLimiter", "nil")
		}
		s.apis[name].limiter = limiter
		return nil
	}
}

// WithMaxResponseBytes sets the maximum size of a response body after decompression. A call with a larger one returns
// [ErrResponseTooLarge]. The default is 10 MiB.
func WithMaxResponseBytes(most int64) Option {
	return func(s *settings) error {
		if most <= 0 {
			return refused("WithMaxResponseBytes", "must be above zero")
		}
		s.maxBody = most
		return nil
	}
}

// WithUserAgent puts product, such as "acme-billing/2.1", in front of the User-Agent header of this package.
func WithUserAgent(product string) Option {
	return func(s *settings) error {
		if why := httpsyntax.WhyNotExact(product); why != "" {
			return refused("WithUserAgent", why)
		}
		s.product = product
		return nil
	}
}

// WithLogger logs every attempt after it: at debug level if its outcome is [OutcomeAnswered], and otherwise at warn level. A
// response that is a 401 or a 403, or says that a credential is bad, is logged at warn level too; a customer's wrong password
// or ended session is not. A nil logger logs no attempts. A line contains no credential, pk, e-mail or URL. The message is
// "partnerapi attempt", the context is the call's, and the attributes are the fields of [Attempt]:
//
//   - api, a string: "partner", "account" or "network".
//   - op, a string: the operation, such as "PUT /partners/subscriptions/{pk}".
//   - attempt, an integer from 1: its number in the call.
//   - status, an integer: the status of the response, or 0 if none came.
//   - outcome, a string: "unsent", "answered" or "unknown".
//   - duration, a [time.Duration]: how long the attempt took.
//   - wait, a [time.Duration]: the wait before the next attempt, or 0.
//   - error, a string: why there is no complete response, or "unauthorized" or "forbidden" for one that rejects the caller. It
//     is left out for any other response.
//
// [SignupService.Handler] logs its failures with the logger too.
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		s.observer.logger = logger
		return nil
	}
}

// WithAttemptHook calls hook after every attempt, with the context of the call. A nil hook is not called. The call waits
// until the hook returns. The hook must be safe for concurrent use, because an All makes concurrent calls. If it panics, the
// call or the loop over an All panics too.
//
// A middleware, see [WithMiddleware], gets the requests themselves. [Operation] returns their operation.
func WithAttemptHook(hook func(context.Context, Attempt)) Option {
	return func(s *settings) error {
		s.observer.hook = hook
		return nil
	}
}

// A CallOption configures a single call. A call with an invalid option returns an [*ArgumentError].
type CallOption func(*callOptions) (why string)

type callOptions struct {
	header http.Header
	into   func(response Response, secrets []string) // or nil; copies what it keeps
	once   bool
	uses   [2]Credential         // the credentials of the call; the second may be empty
	given  map[Credential]string // of WithCredential
}

// isOwnHeader reports whether callers must not set a header: it is reserved, or of a credential, whichever API is called.
func isOwnHeader(name string) bool {
	var names []string
	for _, of := range credentials {
		if of.header != "" {
			names = append(names, of.header)
		}
	}
	return httpsyntax.IsReserved(name, names...)
}

const reserved = " is reserved"

// WithHeader sends a header with the call, such as a trace id. Refused are credentials, Cookie, Host, Idempotency-Key, and the
// headers that describe the body, control the connection, or override the method or the path. Case does not matter, and
// neither does punctuation: X_Token_Auth is refused as X-Token-Auth is.
func WithHeader(name, value string) CallOption {
	name = http.CanonicalHeaderKey(name)
	return func(o *callOptions) string {
		switch {
		case name == "":
			return "WithHeader: empty name"
		case !httpsyntax.IsToken(name):
			return "WithHeader: invalid name"
		case isOwnHeader(name):
			return "WithHeader: " + name + reserved
		case !httpsyntax.IsValue(value):
			return "WithHeader: the value has control characters"
		}
		if o.header == nil {
			o.header = make(http.Header)
		}
		o.header.Add(name, value)
		return ""
	}
}

// WithResponseInto fills in response at the end of the call, unless nothing was sent. Concurrent calls must not share a
// response, so an All must not have one.
func WithResponseInto(response *Response) CallOption {
	return func(o *callOptions) string {
		if response == nil {
			return "WithResponseInto: nil"
		}
		o.into = func(of Response, secrets []string) {
			of.Header, of.Body = withoutSecrets(of.Header, secrets), bytes.Clone(of.Body) // the memory of the body is pooled
			*response = of
		}
		return ""
	}
}

// WithCredential uses token in place of the client's credential, which it may lack, for every request of the call: retries,
// the pages of an All, both requests of [SubscriptionsService.Ensure] and [NetworksService.Delete], and a refresh of the
// session's tokens. The client's credential source is not asked. After a 401 the call is not retried and no source is
// invalidated: the caller renews the token. The token is never printed.
//
// A credential that the call does not use is refused, and so is a token that would be refused by [NewClient]. For
// [AccountsService.Search], which uses an [AccountKey] and an [OrganizationKey], the option can be used twice.
func WithCredential(which Credential, token string) CallOption {
	return func(o *callOptions) string {
		why := httpsyntax.WhyNotExact(token)
		switch {
		case which == "":
			return "WithCredential: empty credential"
		case credentials[which] == place{}:
			return "WithCredential: unknown credential"
		case !slices.Contains(o.uses[:], which):
			return "WithCredential: the call does not use the " + string(which)
		case why != "":
			return "WithCredential: " + string(which) + ": " + why
		}
		if o.given == nil {
			o.given = make(map[Credential]string)
		}
		o.given[which] = token
		return ""
	}
}

// WithoutRetry disables retries for the call. [NetworksService.Delete] may still make its second call.
func WithoutRetry() CallOption {
	return func(o *callOptions) string {
		o.once = true
		return ""
	}
}

func refused(option, why string) error {
	return &ArgumentError{Op: "NewClient", Name: option, Reason: why}
}

// withoutSecrets returns a copy of a response's header without cookies, and with credentials redacted.
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
