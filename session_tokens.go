package partnerapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/partnerapi/partnerapi-go/internal/flight"
	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// Tokens are the bearer tokens of a customer, on sites of the account API that use them in place of a cookie. A zero
// expiration is one that is not known. Their JSON is what the API calls access, tokens included. They are redacted as a
// [CreateAccountRequest] is, and no further.
type Tokens struct {
	AccessToken         string   `json:"access_token"`
	AccessTokenExpires  UnixTime `json:"access_token_expiration"`
	RefreshToken        string   `json:"refresh_token"`
	RefreshTokenExpires UnixTime `json:"refresh_token_expiration"`
}

// Format prints no more than the type's name, for every verb.
func (t Tokens) Format(f fmt.State, verb rune) { redactedTokens.Format(f, verb) }

// LogValue shows no more than the type's name.
func (t Tokens) LogValue() slog.Value { return redactedTokens.LogValue() }

// check says which field cannot be sent, or exported, and why; or nothing. One of the two tokens may be missing.
func (t Tokens) check() (field, why string) {
	const notSent = "a token has no spaces and no control characters, and is valid UTF-8"
	known := func(at UnixTime) bool { return at.IsZero() || at.Unix() > minUnix && at.Unix() < maxUnix }
	switch {
	case t.AccessToken == "" && t.RefreshToken == "":
		return "Tokens", "without an access token and a refresh token"
	case t.AccessToken != "" && !isBearer(t.AccessToken):
		return "AccessToken", notSent
	case t.RefreshToken != "" && !isBearer(t.RefreshToken):
		return "RefreshToken", notSent
	case !known(t.AccessTokenExpires):
		return "AccessTokenExpires", errNotUnix.Error()
	case !known(t.RefreshTokenExpires):
		return "RefreshTokenExpires", errNotUnix.Error()
	default:
		return "", ""
	}
}

// isBearer reports whether a token can be sent, and exported.
func isBearer(token string) bool {
	return isCredential(token) && utf8.ValidString(token) && !strings.ContainsFunc(token, unicode.IsSpace)
}

// renewedTokens is what a refresh returns. The refresh token that was sent is spent, so what can be read is kept: a token
// that cannot be sent is one that did not come, and an expiration that cannot be read is not known.
type renewedTokens struct{ Tokens }

// UnmarshalJSON reads the tokens, of which one may be missing.
func (t *renewedTokens) UnmarshalJSON(data []byte) error {
	access, accessExpires := jsonwire.Member{Name: "access_token"}, jsonwire.Member{Name: "access_token_expiration"}
	refresh, refreshExpires := jsonwire.Member{Name: "refresh_token"}, jsonwire.Member{Name: "refresh_token_expiration"}
	jsonwire.Find(data, &access, &accessExpires, &refresh, &refreshExpires)
	t.Tokens = Tokens{}
	if isBearer(access.Text()) {
		t.AccessToken, t.AccessTokenExpires = access.Text(), expiration(accessExpires.Value)
	}
	if isBearer(refresh.Text()) {
		t.RefreshToken, t.RefreshTokenExpires = refresh.Text(), expiration(refreshExpires.Value)
	}
	if t.Tokens == (Tokens{}) {
		return reason("no access_token and no refresh_token that can be sent")
	}
	return nil
}

// expiration reads an expiration, which is zero if it cannot be read.
func expiration(data []byte) UnixTime {
	var at UnixTime
	if jsonwire.Unmarshal(data, &at) != nil {
		return UnixTime{}
	}
	return at
}

// refreshMargin is how long before it expires an access token is no longer sent: the clocks of client and API differ, and
// a request takes a while to arrive. The tokens live for about 15 minutes.
const refreshMargin = 30 * time.Second

// refreshLimit is how long a refresh may take, with all that is sent again and waited for.
const refreshLimit = 3 * time.Minute

// canSend reports whether the access token has not expired at a time.
func (t Tokens) canSend(at time.Time) bool { return isAlive(t.AccessToken, t.AccessTokenExpires, at) }

// canRefresh reports whether the refresh token has not.
func (t Tokens) canRefresh(at time.Time) bool {
	return isAlive(t.RefreshToken, t.RefreshTokenExpires, at)
}

func isAlive(token string, expires UnixTime, at time.Time) bool {
	return token != "" && (expires.IsZero() || at.Before(expires.Time))
}

// bearer is what a session of tokens has in place of cookies. The session's mutex guards it.
type bearer struct {
	Tokens

	store    func(context.Context, Tokens) error // or nil
	unstored bool                                // store has failed with these tokens, or is at it
	since    time.Time                           // when the access token came of a refresh
	renewal  *flight.Flight[struct{}]            // what gets new tokens, and has them stored, or nil
	renewals renewals                            // in place of access tokens that the API did not accept

	// denied is when the API did not accept a new access token either, by operation. The empty one is any, until the API
	// accepts a token again.
	denied map[string]time.Time
}

// NewTokenSession returns a session of a customer from bearer tokens, such as those of a login on the customer's device.
// It fails with an [*ArgumentError] for tokens that cannot be sent. Every method takes it as it takes one that
// [AccountsService.Login] has made. The tokens go to the server that the session is first used with, and to no other.
//
// The first call in the last 30 seconds of the access token, or later, refreshes it before it is sent, through its own
// client: once, however many calls need that, and they wait. A call whose context is done stops waiting, and the refresh
// goes on. If the API answers that nobody is logged in although the access token has not expired, the call refreshes it
// too and is retried once, unless it is made [WithoutRetry]. If the API does not accept the new token either, the
// session is not refreshed for that reason for a minute or, for other operations, until the API accepts a token if that is
// sooner. A new access token is used for 30 seconds, even if it looks expired.
//
// A session keeps all that can be read of the response to a refresh. An expiration that cannot be read is unknown, and a
// session without a new refresh token keeps its old one. Without a new access token the call fails with [ErrBadResponse],
// and the next one refreshes with the new refresh token.
//
// The API may accept a refresh token once only. So a call does not send a refresh again whose outcome is unknown (the next
// call tries once more), and two sessions of the same tokens, such as one imported for two requests at once or in two
// processes, may end each other.
//
// A call that needs a refresh that fails is not sent, or not again, and fails with the [*Error] of the refresh as its
// cause. It is [ErrNotLoggedIn] if the refresh token has expired, for which nothing is sent, or if the API refuses it,
// and then [ErrUnauthorized] too.
//
// POST /refresh
func NewTokenSession(tokens Tokens) (*Session, error) {
	if field, why := tokens.check(); why != "" {
		return nil, &ArgumentError{Op: "NewTokenSession", Name: field, Reason: why}
	}
	s := NewSession()
	s.state.get().bearer = &bearer{Tokens: tokens}
	return s, nil
}

// OnRefresh has store called with the new tokens of every refresh, before the calls that wait for it go on. It replaces
// what was set before; nil sets none. An imported session has none until it is set. For a cookie session it does
// nothing.
//
// If store fails, the calls that wait are not sent, and fail with its error as their cause, whose text they do not print.
// The session keeps the new tokens, and its next call has store called with them again. store gets the values of the
// context of the call that noticed, and no deadline: a refresh goes on when its call does not, so at the end of a program
// it may not have come to store. If store panics, so do the calls that wait. store may call [Session.Export], whose data
// is then of the new tokens, and make calls with the session, if with the context that it gets: with another one they
// would wait for store.
func (s *Session) OnRefresh(store func(ctx context.Context, tokens Tokens) error) {
	state := s.opened()
	if state == nil {
		return
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	if b := state.bearer; b != nil {
		b.store = store
	}
}

// ready returns when the request can be sent, or an error that says why it cannot.
func (c *sessionCall) ready(ctx context.Context) error {
	if c == nil {
		return nil
	}
	r, err := c.renew(ctx)
	if r == nil {
		return err
	}
	_, err = waitFor(ctx, r)
	return err
}

// renew returns the renewal to wait for, or nil if there is nothing to wait for, or an error if the session cannot be
// refreshed.
func (c *sessionCall) renew(ctx context.Context) (*flight.Flight[struct{}], error) {
	s := c.sessionState
	s.mu.Lock()
	defer s.mu.Unlock()
	b, now := s.bearer, time.Now()
	switch {
	case b == nil:
		return nil, nil
	case b.renewal != nil && ctx.Value(hookKey{b.renewal}) != nil: // what a hook does cannot wait for the hook
		if b.AccessToken == "" {
			return nil, reason("the session has no access token yet")
		}
		return nil, nil
	case b.renewal != nil:
		return b.renewal, nil
	}
	unaccepted := c.rejected != "" && c.rejected == b.AccessToken
	isNew := now.Sub(b.since) < refreshMargin // a wrong clock may call any token expired
	fresh := !unaccepted && (isNew || b.canSend(now.Add(refreshMargin)))
	switch {
	case fresh && !b.unstored, !unaccepted && b.canSend(now) && !b.canRefresh(now):
		return nil, nil
	case fresh: // and to be stored
	case unaccepted && b.isDenied(c.op, now): // the customer is at fault, not the token
		return nil, reason("a new access token was not accepted either")
	case !b.canRefresh(now):
		return nil, errors.Join(ErrNotLoggedIn, reason("the session has no refresh token that can be used"))
	case unaccepted && !b.renewals.take(now):
		return nil, reason("the API accepts no access token for long")
	}
	r := flight.New[struct{}](reason("the refresh did not end"))
	b.renewal = r
	ctx = context.WithValue(context.WithoutCancel(ctx), hookKey{r}, true)
	go r.Run(func() (struct{}, error) { return struct{}{}, s.replace(ctx, c.refresh, b, !fresh, unaccepted) }, func(struct{}, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		b.renewal = nil
	})
	return r, nil
}

// replace refreshes the tokens, if that is still to be done, and has them stored. It is nobody's in particular: whoever
// gives up waiting leaves it to the others.
func (s *sessionState) replace(ctx context.Context, refresh refresher, b *bearer, due, unaccepted bool) error {
	var failed error
	if due {
		limited, cancel := context.WithTimeout(ctx, refreshLimit)
		tokens, err := refresh(limited, b.RefreshToken)
		cancel()
		if tokens == nil {
			return err
		}
		s.mu.Lock()
		if unaccepted && tokens.AccessToken == b.AccessToken {
			b.deny("", time.Now()) // it is the same again
		}
		b.take(*tokens)
		s.mu.Unlock()
		failed = err
	}
	if err := s.stored(ctx, b); err != nil {
		return err
	}
	return failed
}

// take replaces what has come anew.
func (b *bearer) take(tokens Tokens) {
	b.unstored = true
	if tokens.RefreshToken != "" {
		b.RefreshToken, b.RefreshTokenExpires = tokens.RefreshToken, tokens.RefreshTokenExpires
	}
	if tokens.AccessToken != "" {
		b.AccessToken, b.AccessTokenExpires, b.since = tokens.AccessToken, tokens.AccessTokenExpires, time.Now()
	}
}

// learn takes note of whether the API has accepted the access token that was sent. It reports, once for a call, whether the
// call is to be retried with a new token: the API has done nothing without one.
func (c *sessionCall) learn(isLoggedOut func() bool) (retry bool) {
	if c == nil || c.sent == "" {
		return false
	}
	loggedOut := isLoggedOut()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch b := c.bearer; {
	case b == nil:
	case !loggedOut:
		delete(b.denied, c.op)
		delete(b.denied, "")
	case c.rejected != "" && c.sent == b.AccessToken:
		b.deny(c.op, time.Now())
	}
	if !loggedOut || c.rejected != "" {
		return false
	}
	c.rejected = c.sent
	return true
}

// deniedFor is for how long a new access token that the API did not accept either is not refreshed.
const deniedFor = time.Minute

func (b *bearer) deny(op string, now time.Time) {
	maps.DeleteFunc(b.denied, func(_ string, at time.Time) bool { return now.Sub(at) >= deniedFor })
	if b.denied == nil {
		b.denied = make(map[string]time.Time)
	}
	b.denied[op], b.denied[""] = now, now
}

func (b *bearer) isDenied(op string, now time.Time) bool {
	return now.Sub(b.denied[op]) < deniedFor || now.Sub(b.denied[""]) < deniedFor
}

// hookKey is what the context of a hook knows the renewal by that waits for it.
type hookKey struct{ renewal *flight.Flight[struct{}] }

// stored has new tokens stored.
func (s *sessionState) stored(ctx context.Context, b *bearer) error {
	s.mu.Lock()
	tokens, store := b.Tokens, b.store
	if s.bearer != b { // it was logged out meanwhile
		store = nil
	}
	s.mu.Unlock()
	if store != nil {
		if err := store(ctx, tokens); err != nil {
			return blame("the new tokens could not be stored", err)
		}
	}
	s.mu.Lock()
	b.unstored = false
	s.mu.Unlock()
	return nil
}

// end makes the session nobody's if it could be ended at the API. A cookie session is what the API makes of it.
func (s *Session) end(err error) error {
	if err == nil {
		state := s.state.get()
		state.mu.Lock()
		defer state.mu.Unlock()
		state.ended = state.ended || state.bearer != nil
		state.bearer = nil
	}
	return err
}
