package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/partnerapi/partnerapi-go/internal/jsonwire"
)

// NewTokenSession returns a token session of a customer, for example with the tokens of a login on the customer's device. It
// returns an [*ArgumentError] for invalid tokens. Every method takes it like a session of [AccountsService.Login]. The tokens
// are sent to the server of the session's first call, and to no other.
//
// A call refreshes the access token from 30 seconds before its expiration, through the call's own client. There is one
// refresh at a time, and calls that need it wait for it. A call whose context is done stops waiting, and the refresh goes
// on. A call with another account key, see [WithCredential], does not take the error of a refresh: it refreshes once more.
// If the API rejects an access token that has not expired, by responding that the customer is not logged in, the call
// refreshes it too and is retried once, unless [WithoutRetry] is set. If the API rejects the new token too, the session is
// not refreshed for that reason for a minute, or for other operations until the API accepts a token. A new access token is
// used for 30 seconds, even if it seems to have expired.
//
// A session keeps every readable part of the response to a refresh. An unreadable expiration is unknown, and without a new
// refresh token the old one is kept. Without a new access token the call returns [ErrBadResponse], and the next call
// refreshes with the new refresh token.
//
// The API may accept a refresh token only once. A refresh is therefore not retried if its outcome is unknown; the next call
// tries once more. Two sessions with the same tokens, for example one imported by two processes, may end each other.
//
// A call whose refresh fails is not sent, or not retried, and returns an error whose cause is the [*Error] of the refresh. It
// is [ErrNotLoggedIn] if the refresh token has expired or the API rejects it; if the API rejects it, it is
// [ErrUnauthorized] too.
//
// POST /refresh
func NewTokenSession(tokens Tokens) (*Session, error) {
	if field, why := tokens.check(); why != "" {
		return nil, &ArgumentError{Op: "NewTokenSession", Name: field, Reason: why}
	}
	return newSession(&tokenSession{Tokens: tokens, refresh: (*Client).refreshTokens}), nil
}

// ImportSession returns the session that [Session.Export] exported, in this version or an earlier one. It returns an
// [*ArgumentError] for data of another form, or with an invalid cookie or token. A call with a session of another server, as
// after a change of the base URL, returns one too. In both cases the customer has to log in again. Call [Session.OnRefresh]
// again for a token session.
func ImportSession(data []byte) (*Session, error) {
	if len(data) == 0 {
		return nil, &ArgumentError{Op: "ImportSession", Name: "data", Reason: "empty"}
	}
	var in exportedSession
	if json.Unmarshal(data, &in) == nil {
		load := loadCookies
		if in.Tokens != nil {
			load = func(in exportedSession) (sessionKind, bool) { return loadTokens(in, (*Client).refreshTokens) }
		}
		if kind, ok := load(in); ok {
			return newSession(kind), nil
		}
	}
	return nil, &ArgumentError{Op: "ImportSession", Name: "data", Reason: "not an exported session"}
}

// renewedTokens is the payload of a refresh. The refresh token that was sent is spent, so everything readable is kept: an
// invalid token is ignored, and an invalid expiration is unknown.
type renewedTokens struct{ Tokens }

// UnmarshalJSON reads the tokens. One of them may be missing.
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
		return reason("neither a valid access_token nor a valid refresh_token")
	}
	return nil
}

// refreshRequest is the body of a refresh.
type refreshRequest struct {
	RefreshToken string `json:"refresh_token"`
}

// refreshTokens is the refresher of token sessions. Only the functions that make these lead to it, so that a call of the
// pipeline does not lead back to the pipeline, and a program without token sessions does not contain the refresh.
func (c *Client) refreshTokens(ctx context.Context, token string, given map[Credential]string) (*Tokens, error) {
	var status, attempts int
	with := func(o *callOptions) string {
		o.given, o.into = given, func(of Response, _ []string) { status, attempts = of.StatusCode, of.Attempts }
		return ""
	}
	tokens, err := do[*renewedTokens](ctx, c, endpoint{ // ours A17: not Repeatable
		Call: Call{API: AccountAPI, Op: "POST /refresh", Body: refreshRequest{token}}, key: "access", spent: []string{token},
	}, []CallOption{with})
	if failed, is := errors.AsType[*Error](err); is {
		failed.kinds = slices.DeleteFunc(slices.Clone(failed.kinds), isOfRefreshOnly)
		switch {
		case slices.Contains(failed.kinds, errRefreshRefused):
			err = errors.Join(ErrNotLoggedIn, err)
		case len(failed.kinds) == 0 && (failed.cause == nil || len(failed.Messages) > 0):
			failed.kinds = []error{ErrBadResponse} // the API documents no such response to a refresh
		}
	}
	if err != nil {
		return nil, err
	}
	if tokens.AccessToken == "" {
		failed := badResponse("no valid access_token")
		failed.API, failed.Op, failed.StatusCode, failed.Attempts = AccountAPI, "POST /refresh", status, attempts
		return &tokens.Tokens, failed
	}
	return &tokens.Tokens, nil
}

// isOfRefreshOnly reports whether a kind is removed from a failed refresh: the call that waits for it would return the kind as its
// own, although it was not sent.
func isOfRefreshOnly(kind error) bool {
	return slices.Contains([]error{ErrOutcomeUnknown, ErrInvalid, ErrNotFound, ErrAlreadyExists}, kind)
}
