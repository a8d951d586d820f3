package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/flight"
	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
	"github.com/partnerapi/partnerapi-go/internal/pathpattern"
	"github.com/partnerapi/partnerapi-go/internal/renewal"
)

// Tokens are a customer's bearer tokens, on sites of the account API that use them instead of a cookie. A zero expiration is
// unknown. Their JSON is what the API calls access, tokens included. In fmt and slog they are redacted like a
// [CreateAccountRequest].
type Tokens struct {
	AccessToken         string   `json:"access_token"`
	AccessTokenExpires  UnixTime `json:"access_token_expiration"`
	RefreshToken        string   `json:"refresh_token"`
	RefreshTokenExpires UnixTime `json:"refresh_token_expiration"`
}

// Format prints no more than the type's name, for every verb.
func (t Tokens) Format(f fmt.State, verb rune) { redactedTokens.Format(f, verb) }

// LogValue returns no more than the type's name.
func (t Tokens) LogValue() slog.Value { return redactedTokens.LogValue() }

// check returns the invalid field and the reason. One of the two tokens may be empty.
func (t Tokens) check() (field, why string) {
	known := func(at UnixTime) bool { return at.IsZero() || at.inRange() }
	switch {
	case t.AccessToken == "" && t.RefreshToken == "":
		return "Tokens", "empty"
	case t.AccessToken != "" && !isBearer(t.AccessToken):
		return "AccessToken", httpsyntax.WhyNotBearer(t.AccessToken)
	case t.RefreshToken != "" && !isBearer(t.RefreshToken):
		return "RefreshToken", httpsyntax.WhyNotBearer(t.RefreshToken)
	case !known(t.AccessTokenExpires):
		return "AccessTokenExpires", errNotUnix.Error()
	case !known(t.RefreshTokenExpires):
		return "RefreshTokenExpires", errNotUnix.Error()
	default:
		return "", ""
	}
}

// isBearer reports whether a token can be sent and exported.
func isBearer(token string) bool { return httpsyntax.WhyNotBearer(token) == "" }

// expiration reads an expiration. It is zero if data is invalid.
func expiration(data []byte) (at UnixTime) {
	_ = jsonwire.Unmarshal(data, &at)
	return at
}

const (
	refreshMargin  = 30 * time.Second // ours A18: before the expiration, because clocks differ and a request takes a while to arrive
	refreshTimeout = 3 * time.Minute  // of a refresh, with all retries and waits
)

// canSend reports whether the access token is valid at a time.
func (t Tokens) canSend(at time.Time) bool { return isAlive(t.AccessToken, t.AccessTokenExpires, at) }

// canRefresh reports whether the refresh token is.
func (t Tokens) canRefresh(at time.Time) bool {
	return isAlive(t.RefreshToken, t.RefreshTokenExpires, at)
}

func isAlive(token string, expires UnixTime, at time.Time) bool {
	return token != "" && (expires.IsZero() || at.Before(expires.Time))
}

// refresher exchanges a refresh token for new tokens, with the given credentials in place of the client's. Without an access token
// it returns an error too.
type refresher func(c *Client, ctx context.Context, token string, given map[Credential]string) (*Tokens, error)

// tokenSession is a session of bearer tokens.
type tokenSession struct {
	Tokens

	refresh refresher // set when it is made, so that a program without token sessions does not contain the refresh

	mu     sync.Mutex
	origin string                              // of the server of the first call; the tokens are sent to no other
	ended  bool                                // by a logout: the session has neither tokens nor cookies
	store  func(context.Context, Tokens) error // of OnRefresh, or nil

	unstored bool               // whether store has failed with these tokens, or is running
	since    time.Time          // when a refresh returned the access token
	renewal  *sharedRenewal     // refreshes the tokens and stores them, or nil
	renewals renewal.Limit      // of access tokens that the API rejected
	denied   renewal.Rejections // of new access tokens
}

// TokensFromURL returns the tokens in the URL to which the account API's hosted login page sends a customer back, for
// [NewTokenSession]. They are the query parameters access_token, access_token_expiration, refresh_token and
// refresh_token_expiration. The refresh token may be alone. An expiration that is missing or unreadable is unknown.
//
// clean is the path and the query of u without these parameters. Redirect to it immediately: until then the tokens are in the
// address bar, and the page would leave them in the history and in Referer headers. clean begins with one slash, so that the
// redirect stays on the same site. It is returned with an error too. u is not changed.
//
// Anybody can make such a link with tokens of their own account, and whoever opens it would be logged in as them (login CSRF).
// Check a state of your own first: put a random value into the return address and into a cookie before you send the customer
// to the login page, and use the tokens only if both came back and are equal.
//
// It returns an [*ArgumentError] if u is nil, or has no token, an invalid token, or a repeated parameter of the four. The
// error contains no value.
func TokensFromURL(u *url.URL) (tokens Tokens, clean *url.URL, err error) {
	if u == nil {
		return Tokens{}, nil, &ArgumentError{Op: "TokensFromURL", Name: "u", Reason: "nil"}
	}
	in, rest, name, why := httpsyntax.Take(u.RawQuery, "access_token", "access_token_expiration", "refresh_token", "refresh_token_expiration")
	local := pathpattern.Join(&url.URL{}, "/"+strings.TrimLeft(u.EscapedPath(), "/")) // two slashes would begin a host
	local.RawQuery = rest
	expires := func(name string) UnixTime { return expiration(strconv.AppendQuote(nil, in[name])) }
	tokens = Tokens{in["access_token"], expires("access_token_expiration"), in["refresh_token"], expires("refresh_token_expiration")}
	if why == "" {
		name, why = tokens.check()
	}
	if why != "" {
		return Tokens{}, &local, &ArgumentError{Op: "TokensFromURL", Name: name, Reason: why}
	}
	return tokens, &local, nil
}

// OnRefresh sets the function that stores the new tokens of every refresh, before the calls that wait for it go on. It
// replaces the function that was set before; nil sets none. An imported session has none. OnRefresh does nothing for a cookie
// session.
//
// If store fails, the calls that wait are not sent; the cause of their error is that of store, whose text is not printed. The
// session keeps the new tokens, and the next call passes them to store again. The context of store has the values of the
// context of the call that started the refresh, and no deadline. A refresh goes on when its call ends, so at the end of a
// program it may not have reached store. If store panics, so do the calls that wait. store may call [Session.Export], which
// returns the new tokens, and make calls with the session, but only with its own context: others would wait for store.
func (s *Session) OnRefresh(store func(ctx context.Context, tokens Tokens) error) {
	if t, ok := s.opened().(*tokenSession); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.store = store
	}
}

// join binds the session to the server of its first call: tokens come without one.
func (t *tokenSession) join(origin string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.origin == "" {
		t.origin = origin
	}
	return t.origin == origin
}

func (t *tokenSession) apply(c *sessionCall, req *http.Request) (secrets []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.sent = ""
	if t.ended || t.origin != c.origin {
		return nil
	}
	c.sent = t.AccessToken
	req.Header["Authorization"] = []string{"Bearer " + t.AccessToken}
	return []string{t.AccessToken}
}

// absorb ignores cookies.
func (t *tokenSession) absorb(*http.Response, string) (secrets []string) { return nil }

func (t *tokenSession) isEmpty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

func (t *tokenSession) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Tokens, t.ended = Tokens{}, true // ours A19
}

// export returns an empty cookie session after a logout.
func (t *tokenSession) export() exportedSession {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return exportedSession{Version: 3, Origin: t.origin, Cookies: json.RawMessage("[]")}
	}
	tokens := t.Tokens
	return exportedSession{Version: 3, Origin: t.origin, Tokens: &tokens}
}

// loadTokens returns an exported token session, and whether it is valid. Tokens that were not used yet have no origin.
func loadTokens(in exportedSession, refresh refresher) (sessionKind, bool) {
	_, why := in.Tokens.check()
	ok := (in.Version == 2 || in.Version == 3) && in.Cookies == nil && why == ""
	return &tokenSession{Tokens: *in.Tokens, refresh: refresh, origin: in.Origin}, ok
}

func (t *tokenSession) ready(ctx context.Context, c *sessionCall) error {
	for {
		r, err := t.renew(ctx, c)
		switch {
		case r == nil:
			return err
		case r.key == c.given[AccountKey]:
			_, err = waitFor(ctx, r.Flight)
			return err
		case r.Ended(ctx) != nil: // there is one at a time, because the API may accept a refresh token only once
			return whyDone(ctx)
		}
	}
}

// renew returns the renewal to wait for, nil if the request can be sent, or an error if the session cannot be refreshed.
func (t *tokenSession) renew(ctx context.Context, c *sessionCall) (*sharedRenewal, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	switch {
	case t.ended:
		return nil, nil
	case t.renewal != nil && ctx.Value(hookKey{t.renewal.Flight}) != nil: // store must not wait for itself
		if t.AccessToken == "" {
			return nil, reason("the session has no access token yet")
		}
		return nil, nil
	case t.renewal != nil:
		return t.renewal, nil
	}
	unaccepted := c.rejected != "" && c.rejected == t.AccessToken
	isNew := now.Sub(t.since) < refreshMargin // with a wrong clock any token seems to have expired
	fresh := !unaccepted && (isNew || t.canSend(now.Add(refreshMargin)))
	switch {
	case fresh && !t.unstored, !unaccepted && t.canSend(now) && !t.canRefresh(now):
		return nil, nil
	case fresh: // and to be stored
	case unaccepted && t.denied.Has(c.op, now): // the customer is at fault, not the token
		return nil, reason("the API rejected a new access token too")
	case !t.canRefresh(now):
		return nil, errors.Join(ErrNotLoggedIn, reason("the session has no valid refresh token"))
	case unaccepted && !t.renewals.Take(now):
		return nil, reason("the API rejects access tokens too often")
	}
	r := &sharedRenewal{flight.New[struct{}](reason("the refresh did not end")), c.given[AccountKey]}
	t.renewal = r
	spent := t.RefreshToken // a logout meanwhile removes it
	ctx = context.WithValue(context.WithoutCancel(ctx), hookKey{r.Flight}, true)
	go r.Run(func() (struct{}, error) { return struct{}{}, t.replace(ctx, c, spent, !fresh, unaccepted) }, func(struct{}, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.renewal = nil
	})
	return r, nil
}

// replace refreshes the tokens, if that is due, and stores them. It belongs to all calls that wait: one that gives up leaves
// it to the others.
func (t *tokenSession) replace(ctx context.Context, c *sessionCall, spent string, due, unaccepted bool) error {
	var failed error
	if due {
		limited, cancel := context.WithTimeout(ctx, refreshTimeout)
		tokens, err := t.refresh(c.client, limited, spent, c.given)
		cancel()
		if tokens == nil {
			return err
		}
		t.take(*tokens, unaccepted)
		failed = err
	}
	if err := t.save(ctx); err != nil {
		return err
	}
	return failed
}

// take replaces the tokens that a refresh returned.
func (t *tokenSession) take(tokens Tokens, unaccepted bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	if unaccepted && tokens.AccessToken == t.AccessToken {
		t.denied.Add("", time.Now())
	}
	t.unstored = true
	if tokens.RefreshToken != "" { // ours A17: without a new one, the earlier one may still be valid
		t.RefreshToken, t.RefreshTokenExpires = tokens.RefreshToken, tokens.RefreshTokenExpires
	}
	if tokens.AccessToken != "" {
		t.AccessToken, t.AccessTokenExpires, t.since = tokens.AccessToken, tokens.AccessTokenExpires, time.Now()
	}
}

// learn reports, once for a call, that the API rejected the access token.
// ours A16: it has done nothing then
func (t *tokenSession) learn(c *sessionCall, expects expectation, payload []byte, failed *Error) (retry bool) {
	if c.sent == "" {
		return false
	}
	loggedOut := expects.isLoggedOut(payload, failed)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !loggedOut:
		t.denied.Accept(c.op)
	case c.rejected == "":
		c.rejected = c.sent
		return true
	case c.sent == t.AccessToken:
		t.denied.Add(c.op, time.Now())
	}
	return false
}

// sharedRenewal is a renewal and the key of the calls that share its result. Contexts reach the flight, and must not reach the key.
type sharedRenewal struct {
	*flight.Flight[struct{}]

	key string // of WithCredential, or empty: of the client
}

// hookKey is the key of the renewal in the context of store.
type hookKey struct{ renewal *flight.Flight[struct{}] }

// save passes new tokens to the function of OnRefresh.
func (t *tokenSession) save(ctx context.Context) error {
	t.mu.Lock()
	tokens, store := t.Tokens, t.store
	if t.ended {
		store = nil
	}
	t.mu.Unlock()
	if store != nil {
		if err := store(ctx, tokens); err != nil {
			return blame("storing the new tokens failed", err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unstored = false
	return nil
}
