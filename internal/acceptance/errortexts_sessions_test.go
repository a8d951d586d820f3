package acceptance

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// refreshes is a call of a session whose access token has expired, with responses to the refresh.
func refreshes(steps ...roundTripFunc) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		return getWith(t, newTestClient(t, &issuer{refreshes: steps}, soon), tokenSession(t, oldTokens()))
	}
}

// rejected is the last of some calls of a session whose access tokens the API rejects.
func rejected(calls int, tokens func() partnerapi.Tokens, refreshes ...roundTripFunc) func(*testing.T) error {
	return func(t *testing.T) (err error) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			api := &issuer{calls: slices.Repeat([]roundTripFunc{always(200, saysLogIn)}, calls+1), refreshes: refreshes}
			client, session := newTestClient(t, api), tokenSession(t, tokens())
			for range calls {
				err = getWith(t, client, session)
			}
		})
		return err
	}
}

// stores is a call of a session whose new tokens a hook stores.
func stores(hook func() error) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		session := tokenSession(t, oldTokens())
		session.OnRefresh(func(context.Context, partnerapi.Tokens) error { return hook() })
		return getWith(t, newTestClient(t, &issuer{}), session)
	}
}

var failingSessions = []failing{
	{"refresh: rejected", refreshes(always(200, `{"status":"error","messages":["Unable to decode refresh token"]}`))},
	{"refresh: an echoed token", refreshes(always(200, `{"status":"error","messages":["R0 is not R0"]}`))},
	{"refresh: cut", refreshes(cut)},
	{"refresh: 500", refreshes(always(500, ""))},
	{"refresh: rate limited", refreshes(always(429, "", "Retry-After", "60"))},
	{"refresh: a redirect", refreshes(always(307, "", "Location", "https://other.example/SECRET"))},
	{"refresh: no value", refreshes(always(200, `{"status":"ok"}`))},
	{"refresh: null", refreshes(always(200, `{"access":null}`))},
	{"refresh: no valid token", refreshes(always(200, `{"access":{"access_token":7,"refresh_token":"R\n"}}`))},
	{"refresh: no access token", refreshes(always(200, `{"access":{"refresh_token":"R1"}}`))},
	{"no valid refresh token", func(t *testing.T) error {
		t.Helper()
		return getWith(t, newTestClient(t, nothingSent(t)), tokenSession(t, partnerapi.Tokens{AccessToken: "A0", AccessTokenExpires: in(0)}))
	}},
	{"an access token rejected", rejected(1, firstTokens)},
	{"a new access token rejected", rejected(3, firstTokens)},
	{"an access token rejected, no refresh token", rejected(1, func() partnerapi.Tokens { return partnerapi.Tokens{AccessToken: "A0"} })},
	{"an access token and the refresh token rejected", rejected(1, firstTokens, always(200, `{"status":"error","messages":["Unable to decode refresh token"]}`))},
	{"storing tokens fails", stores(func() error { return errForeign })},
	{"storing tokens ends its goroutine", stores(func() error { runtime.Goexit(); return nil })},
	{"the session in the hook of its first refresh", func(t *testing.T) (err error) {
		t.Helper()
		session := tokenSession(t, partnerapi.Tokens{RefreshToken: "R0"})
		var client *partnerapi.Client
		client = newTestClient(t, &issuer{}, partnerapi.WithAttemptHook(func(ctx context.Context, a partnerapi.Attempt) {
			if a.Op == "POST /refresh" {
				_, err = client.Accounts.Get(ctx, session)
			}
		}))
		_ = getWith(t, client, session)
		return err
	}},
}

// signsIn is a call that needs a sign-in, in which an operation has a fault.
func signsIn(change func(*partnerapi.SignInCredentials), op string, fault partnertest.Fault, accounts ...partnerapi.AccountChoice) func(*testing.T) error {
	return func(t *testing.T) (err error) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			credentials := jdoe
			change(&credentials)
			fake, source := newApp(credentials, accounts...)
			if op != "" {
				fake.Fail(op, fault, fault, fault, fault)
			}
			err = list(t.Context(), signedIn(fake, source))
		})
		return err
	}
}

func unchanged(*partnerapi.SignInCredentials) {}

var (
	noFault   partnertest.Fault
	accountsA = partnerapi.AccountChoice{ID: "acc_1", Title: "A"}
	accountsB = partnerapi.AccountChoice{ID: "acc_2", Title: "B"}
)

var failingSignIns = []failing{
	{"sign-in: the app key", signsIn(func(c *partnerapi.SignInCredentials) { c.AppKey = "SECRET" }, "", noFault)},
	{"sign-in: the password", signsIn(func(c *partnerapi.SignInCredentials) { c.Password = "SECRET" }, "", noFault)},
	{"sign-in: not UTF-8", signsIn(func(c *partnerapi.SignInCredentials) { c.Username = "SECRET\xff" }, "", noFault)},
	{"sign-in: no account", signsIn(unchanged, "", noFault, accountsA, accountsB)},
	{"sign-in: another account", signsIn(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_2" }, "", noFault, accountsA)},
	{"sign-in: others' account", signsIn(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_3" }, "", noFault, accountsA, accountsB)},
	{"sign-in: not logged in", signsIn(func(c *partnerapi.SignInCredentials) { c.AccountID = "acc_2" }, selectOp,
		partnertest.Fault{Status: 200, Body: `{"jwt":"SECRET","auth":"yes"}`}, accountsA, accountsB)},
	{"sign-in: connection refused", signsIn(unchanged, sessionOp, partnertest.Fault{Cut: partnertest.CutRefused})},
	{"sign-in: 502", signsIn(unchanged, loginOp, partnertest.Fault{Status: 502, Body: page})},
	{"sign-in: rate limited", signsIn(unchanged, loginOp, partnertest.Fault{Status: 429, RetryAfter: 1 << 60})},
	{"sign-in: a page", signsIn(unchanged, loginOp, partnertest.Fault{Status: 200, Body: page})},
	{"sign-in: a proxy's page", signsIn(unchanged, sessionOp, partnertest.Fault{Status: 407, Body: page})},
	{"sign-in: no JWT", signsIn(unchanged, sessionOp, partnertest.Fault{Status: 200, Body: `{"auth":false}`})},
	{"sign-in: an invalid JWT", signsIn(unchanged, loginOp, partnertest.Fault{Status: 200, Body: `{"jwt":"SECRET\n","auth":true}`})},
	{"sign-in: its hook ends its goroutine", func(t *testing.T) error {
		t.Helper()
		fake, _ := newApp(jdoe)
		exits := partnerapi.WithAttemptHook(func(context.Context, partnerapi.Attempt) { runtime.Goexit() })
		return list(t.Context(), signedIn(fake, partnerapi.SignIn(jdoe, append(fake.ClientOptions(), exits)...)))
	}},
}

// refusedOption is NewClient with an invalid option.
func refusedOption(option partnerapi.Option) func(*testing.T) error {
	return func(*testing.T) error {
		_, err := partnerapi.NewClient(option)
		return err
	}
}

// refusedCall is Do with an invalid call or option.
func refusedCall(call partnerapi.Call, opts ...partnerapi.CallOption) func(*testing.T) error {
	return func(t *testing.T) error {
		t.Helper()
		_, err := partnerapi.Do[any](t.Context(), newTestClient(t, nothingSent(t)), call, opts...)
		return err
	}
}

func op(api partnerapi.API, op string, args ...string) partnerapi.Call {
	return partnerapi.Call{API: api, Op: op, Args: args}
}

// readsLink reads the tokens of a link of the hosted login page.
func readsLink(query string) func(*testing.T) error {
	return func(*testing.T) error {
		_, _, err := partnerapi.TokensFromURL(&url.URL{Path: "/SECRET", RawQuery: query})
		return err
	}
}

var failingArguments = []failing{
	{"option: nil", refusedOption(nil)},
	{"option: an empty credential", refusedOption(partnerapi.WithPartnerToken(""))},
	{"option: a credential with a newline", refusedOption(partnerapi.WithAccountKey("SECRET\n"))},
	{"option: a credential with a NUL", refusedOption(partnerapi.WithAccountKey("SEC\x00RET"))},
	{"option: no source", refusedOption(partnerapi.WithCredentialSource(partnerapi.AccountKey, nil))},
	{"option: an unknown credential", refusedOption(partnerapi.WithCredentialSource("password", nil))},
	{"option: a credential without a name", refusedOption(partnerapi.WithCredentialSource("", partnerapi.TokenFile("a")))},
	{"option: the base URL of no API", refusedOption(partnerapi.WithBaseURL("", "https://SECRET.example"))},
	{"option: a limiter for no API", refusedOption(partnerapi.WithRateLimiter("", limiterFunc(nil)))},
	{"option: no base URL", refusedOption(partnerapi.WithBaseURL(partnerapi.PartnerAPI, ""))},
	{"option: an invalid base URL", refusedOption(partnerapi.WithBaseURL(partnerapi.PartnerAPI, "SECRET.example"))},
	{"option: a base URL with a query", refusedOption(partnerapi.WithBaseURL(partnerapi.PartnerAPI, "https://a.example?key=SECRET"))},
	{"option: a base URL without TLS", refusedOption(partnerapi.WithBaseURL(partnerapi.PartnerAPI, "http://SECRET.example"))},
	{"option: the base URL of an unknown API", refusedOption(partnerapi.WithBaseURL("billing", "https://SECRET.example"))},
	{"option: no HTTP client", refusedOption(partnerapi.WithHTTPClient(nil))},
	{"option: no middleware", refusedOption(partnerapi.WithMiddleware(nil))},
	{"option: a middleware without a transport", refusedOption(partnerapi.WithMiddleware(func(http.RoundTripper) http.RoundTripper { return nil }))},
	{"option: an HTTP client that follows redirects", refusedOption(partnerapi.WithHTTPClient(&http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
	}))},
	{"option: no timeout", refusedOption(partnerapi.WithTimeout(0))},
	{"option: a negative wait", refusedOption(partnerapi.WithRetry(partnerapi.RetryPolicy{MinWait: -1}))},
	{"option: no limiter", refusedOption(partnerapi.WithRateLimiter(partnerapi.AccountAPI, nil))},
	{"option: no user agent", refusedOption(partnerapi.WithUserAgent(""))},
	{"option: an invalid app key", refusedOption(partnerapi.WithCredentialSource(partnerapi.NetworkToken, partnerapi.SignIn(partnerapi.SignInCredentials{})))},
	{"option: a sign-in for another API", refusedOption(partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.SignIn(jdoe)))},
	{"option: a sign-in for another server", refusedOption(partnerapi.WithCredentialSource(partnerapi.NetworkToken,
		partnerapi.SignIn(jdoe, partnerapi.WithBaseURL(partnerapi.NetworkAPI, "https://SECRET.example"))))},
	{"call: no client", func(t *testing.T) error {
		t.Helper()
		return new(partnerapi.SubscriptionsService).Cancel(t.Context(), "MS1")
	}},
	{"call: no API", refusedCall(op("", "GET /a"))},
	{"call: an unknown API", refusedCall(op("billing", "GET /a"))},
	{"call: no operation", refusedCall(partnerapi.Call{API: partnerapi.PartnerAPI})},
	{"call: an invalid method", refusedCall(op(partnerapi.PartnerAPI, "G@T /a"))},
	{"call: an invalid wildcard", refusedCall(op(partnerapi.PartnerAPI, "GET /a{id}", "1"))},
	{"call: an empty argument", refusedCall(op(partnerapi.PartnerAPI, "GET /a/{id}", ""))},
	{"call: dots", refusedCall(op(partnerapi.PartnerAPI, "GET /a/{id}", ".."))},
	{"call: an argument that is not UTF-8", refusedCall(op(partnerapi.PartnerAPI, "GET /a/{id}", "SECRET\xff"))},
	{"call: too few arguments", refusedCall(op(partnerapi.PartnerAPI, "GET /a/{id}"))},
	{"call: too many arguments", refusedCall(op(partnerapi.PartnerAPI, "GET /a", "SECRET"))},
	{"call: a reserved parameter", refusedCall(partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /a", Query: url.Values{"key": {"SECRET"}}})},
	{"call: a function as the body", refusedCall(partnerapi.Call{API: partnerapi.AccountAPI, Op: "POST /a", Body: func() {}})},
	{"call: a session for another API", refusedCall(partnerapi.Call{API: partnerapi.PartnerAPI, Op: "GET /a", Session: partnerapi.NewSession()})},
	{"call: a zero session", refusedCall(partnerapi.Call{API: partnerapi.AccountAPI, Op: "GET /a", Session: new(partnerapi.Session)})},
	{"call: a nil option", refusedCall(op(partnerapi.PartnerAPI, "GET /a"), nil)},
	{"call: a reserved header", refusedCall(op(partnerapi.PartnerAPI, "GET /a"), partnerapi.WithHeader("cookie", "SECRET"))},
	{"call: an invalid header", refusedCall(op(partnerapi.PartnerAPI, "GET /a"), partnerapi.WithHeader("X Tag", "SECRET"))},
	{"call: an empty credential", refusedCall(op(partnerapi.PartnerAPI, "GET /a"), partnerapi.WithCredential(partnerapi.PartnerToken, ""))},
	{"call: a credential with a newline", refusedCall(op(partnerapi.PartnerAPI, "GET /a"), partnerapi.WithCredential(partnerapi.PartnerToken, "SECRET\n"))},
	{"call: a credential of another API", refusedCall(op(partnerapi.PartnerAPI, "GET /a"), partnerapi.WithCredential(partnerapi.AccountKey, "SECRET"))},
	{"call: an update without a field", func(t *testing.T) error {
		t.Helper()
		return newTestClient(t, nothingSent(t)).Invitations.Update(t.Context(), "inv_1", partnerapi.UpdateInvitationRequest{})
	}},
	{"call: an invalid date", func(t *testing.T) error {
		t.Helper()
		_, err := newTestClient(t, nothingSent(t)).Accounts.Create(t.Context(), partnerapi.CreateAccountRequest{Birthdate: partnerapi.Date{Day: 32}})
		return err
	}},
	{"tokens: empty", func(*testing.T) error { _, err := partnerapi.NewTokenSession(partnerapi.Tokens{}); return err }},
	{"tokens: with a space", func(*testing.T) error {
		_, err := partnerapi.NewTokenSession(partnerapi.Tokens{AccessToken: "Bearer SECRET"})
		return err
	}},
	{"a login link: no URL", func(*testing.T) error { _, _, err := partnerapi.TokensFromURL(nil); return err }},
	{"a login link: no token", readsLink("a=SECRET")},
	{"a login link: a token with a space", readsLink("access_token=SEC+RET")},
	{"a login link: two tokens", readsLink("refresh_token=SECRET&refresh_token=SECRET")},
	{"a login link: a malformed token", readsLink("refresh_token=SECRET%zz")},
	{"SQL: an invalid date", func(*testing.T) error { return new(partnerapi.Date).Scan("SECRET") }},
	{"SQL: a time of another type", func(*testing.T) error { return new(partnerapi.UnixTime).Scan(1.5) }},
	{"a session that was not exported", func(*testing.T) error { _, err := partnerapi.ImportSession([]byte(`{}`)); return err }},
	{"no session", func(*testing.T) error { _, err := partnerapi.ImportSession(nil); return err }},
	{"no invitation link", func(*testing.T) error { _, err := partnerapi.InvitationToken(""); return err }},
	{"RedirectTo: an empty URL", func(*testing.T) error { return partnerapi.RedirectTo("") }},
	{"RedirectTo: an invalid URL", func(*testing.T) error { return partnerapi.RedirectTo("https://[SECRET") }},
	{"RedirectTo", func(*testing.T) error { return partnerapi.RedirectTo("https://SECRET.example") }},
	{"an invitation link without a token", func(*testing.T) error { _, err := partnerapi.InvitationToken("https://a.example"); return err }},
	{"by hand: a status", func(*testing.T) error { return &partnerapi.Error{StatusCode: 404} }},
	{"by hand: an API", func(*testing.T) error { return &partnerapi.Error{API: partnerapi.PartnerAPI} }},
	{"by hand: no field", func(*testing.T) error { return new(partnerapi.Error) }},
	{"by hand: an argument of no operation", func(*testing.T) error { return &partnerapi.ArgumentError{Name: "API", Reason: "unknown"} }},
	{"by hand: an operation of two lines", func(*testing.T) error {
		return &partnerapi.ArgumentError{Op: "GET /a\nGET /b", Name: "Op", Reason: "not a method"}
	}},
	{"a date", func(*testing.T) error { _, err := partnerapi.ParseDate("SECRET"); return err }},
}
