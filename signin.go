package partnerapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/flight"
	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
	"github.com/partnerapi/partnerapi-go/internal/renewal"
	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// SignInCredentials are the credentials for [SignIn]. They are redacted in fmt, slog and JSON, but not if fmt prints a struct
// that has them in an unexported field.
type SignInCredentials struct {
	AppKey   string // of the application
	Username string // of the user
	Password string
	// AccountID is the account to sign in to. It is required for a user with several accounts, which are the Accounts of the
	// session that [AppSessionsService.Login] returns.
	AccountID string
}

// Format prints only the type's name, for every verb.
func (c SignInCredentials) Format(f fmt.State, verb rune) { redactedSignIn.Format(f, verb) }

// LogValue returns only the type's name.
func (c SignInCredentials) LogValue() slog.Value { return redactedSignIn.LogValue() }

// MarshalText returns only the type's name, also in JSON.
func (c SignInCredentials) MarshalText() ([]byte, error) { return redactedSignIn.MarshalText() }

const signInLimit = time.Minute // timeout of a sign-in with its retries

// After a failed sign-in there is a pause, which doubles with every failure from the minimum to the maximum. The API may ask
// for a longer one, up to maxAskedPause.
const (
	minSignInPause = time.Second
	maxSignInPause = time.Minute
	maxAskedPause  = time.Hour
)

// SignIn returns a source of the network API's credential that signs a user in:
//
//	source := partnerapi.SignIn(partnerapi.SignInCredentials{AppKey: key, Username: user, Password: password})
//	client, err := partnerapi.NewClient(partnerapi.WithCredentialSource(partnerapi.NetworkToken, source))
//
// The first call that needs a JWT signs in, and concurrent calls wait for the same sign-in. A call stops waiting when its
// context is done, but the sign-in continues. Its timeout is one minute.
//
// If the API rejects the JWT with 401, the source signs in again, once for all rejected calls. Each of them is retried once,
// and returns [ErrUnauthorized] if the new JWT is rejected too. A JWT that was accepted before has expired, so it is replaced
// immediately. A replacement that is never accepted is used for one second, the next one for two, and so on up to a minute.
// After ten replacements in a row there is at most one in four seconds, so calls can fail if JWTs live less than five seconds.
//
// If the sign-in fails, calls return [ErrNoCredential]. The error is also [ErrUnauthorized] or [ErrForbidden] if the API
// rejected the credentials, [ErrRateLimited] or [ErrServer], and has the cause if no response came. Its text says which
// operation failed, and the API's message. It is an [*ArgumentError] too if AccountID is empty for a user with several
// accounts, or not the account that was signed in to, so check for ErrNoCredential first.
//
// After a failure nothing is sent for one second, then for two, and so on up to a minute, or as long as the API asks, up to an
// hour. Calls in between fail immediately. If a call to the API failed, their RetryAfter is the rest of that time.
//
// The source has a client of its own with opts, such as [WithBaseURL], [WithHTTPClient] and [WithLogger]. A credential of the
// network API in opts is ignored. [NewClient] returns the error of invalid opts or an invalid AppKey, and refuses a source
// whose network API is on another server than the client's, because the client would send the JWT there. A hook or transport
// in opts must not make calls that need the source: they would wait for themselves.
//
// GET /app/session, POST /app/login, POST /app/login-account
func SignIn(credentials SignInCredentials, opts ...Option) TokenSource {
	s := &signIn{credentials: credentials}
	if why := httpsyntax.WhyNotExact(credentials.AppKey); why != "" {
		s.refused = &ArgumentError{Op: "SignIn", Name: "AppKey", Reason: why}
		return ownSource(s)
	}
	s.client, s.refused = NewClient(append(slices.Clone(opts), WithCredentialSource(NetworkToken, TokenSourceFunc(tokenIn)))...)
	return ownSource(s)
}

// suits refuses another credential, and a client of another server, which would get the JWT.
func (s *signIn) suits(which Credential, network *url.URL) error {
	switch {
	case which != NetworkToken:
		return refused("WithCredentialSource", "SignIn supplies only the "+string(NetworkToken))
	case s.refused != nil:
		return s.refused
	case s.client.config().apis[NetworkAPI].origin != originOf(network):
		return refused("WithCredentialSource", "SignIn and the client need the same WithBaseURL")
	default:
		return nil
	}
}

type signIn struct {
	credentials SignInCredentials
	client      *Client
	refused     error // why there is no client

	mu       sync.Mutex
	jwt      string                 // in use; empty if there is none
	refusal  bool                   // the next JWT replaces a rejected one
	renewals renewal.Limit          // of rejected JWTs
	flight   *flight.Flight[string] // the current sign-in, or nil
	failed   error                  // of the last sign-in
	pause    time.Duration
	pauseEnd time.Time // until then failed is returned, or jwt is kept unless it was accepted
}

func (s *signIn) Token(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	jwt, f, err := s.join(ctx)
	if f == nil {
		return jwt, err
	}
	return waitFor(ctx, f)
}

// join returns the JWT, the error of the last sign-in, or the sign-in to wait for, which it starts if necessary.
func (s *signIn) join(ctx context.Context) (string, *flight.Flight[string], error) {
	if s.refused != nil {
		return "", nil, s.refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jwt != "" {
		return s.jwt, nil, nil
	}
	if s.flight == nil {
		if s.failed != nil && time.Now().Before(s.pauseEnd) {
			return "", nil, s.kept()
		}
		s.flight = flight.New[string](reason("the sign-in did not end"))
		go s.fly(context.WithoutCancel(ctx), s.flight)
	}
	return "", s.flight, nil
}

// kept returns the error of the last sign-in, with the rest of the pause as RetryAfter.
func (s *signIn) kept() error {
	failed, ok := s.failed.(*Error) //nolint:errorlint // asCause returns it unwrapped
	if !ok {
		return s.failed
	}
	told := *failed
	told.RetryAfter = max(0, time.Until(s.pauseEnd))
	return &told
}

// fly signs in for all waiting calls. ctx has the values of the first call's context, but is not cancelled with it.
func (s *signIn) fly(ctx context.Context, f *flight.Flight[string]) {
	ctx, cancel := context.WithTimeout(ctx, signInLimit)
	defer cancel()
	f.Run(func() (string, error) {
		jwt, err := s.steps(ctx)
		if err != nil {
			return "", asCause(err)
		}
		return jwt, nil
	}, s.land)
}

func (s *signIn) land(jwt string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight, s.jwt, s.failed = nil, jwt, err
	if err == nil && !s.refusal {
		s.pause = 0
		return
	}
	s.refusal = false
	s.pause = min(max(2*s.pause, minSignInPause), maxSignInPause)
	wait := s.pause
	if failed, is := errors.AsType[*Error](err); is {
		wait = max(wait, min(failed.RetryAfter, maxAskedPause))
	}
	s.pauseEnd = time.Now().Add(wait)
}

// accept ends the pause: the API accepts the JWTs of sign-ins, so a rejected one has expired. The accepted JWT may be an
// earlier one with a slow response, which does not matter.
func (s *signIn) accept(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.pause, s.pauseEnd = 0, time.Time{}
	}
}

// Invalidate removes the JWT, unless it was replaced by now, or a pause or the limit of renewals forbids another sign-in.
// ours N18: nothing else renews a JWT
func (s *signIn) Invalidate(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.jwt == "" || s.jwt != token || now.Before(s.pauseEnd) || !s.renewals.Take(now) {
		return
	}
	s.jwt, s.refusal = "", true
}

func (s *signIn) steps(ctx context.Context) (string, error) {
	sessions, account := s.client.AppSessions, s.credentials.AccountID
	token := s.credentials.AppKey
	ctx = context.WithValue(ctx, tokenKey{}, sealed.New(&token)) // sealed, because contexts print their values
	session, err := sessions.Start(ctx)
	if err != nil {
		return "", err
	}
	if session.JWT() == "" {
		return "", reason("a session without a JWT")
	}
	token = session.next(token)
	session, err = sessions.Login(ctx, AppLoginRequest{s.credentials.Username, s.credentials.Password})
	if err != nil {
		return "", err
	}
	token = session.next(token)
	// A session without an account ID may belong to any account.
	if !session.Authenticated || account != "" && session.Account.ID == "" {
		if account == "" && len(session.Accounts) == 1 && !session.oddAccounts {
			account = session.Accounts[0].ID
		}
		if account == "" {
			return "", &ArgumentError{Op: "SignIn", Name: "AccountID", Reason: "empty: the user has to choose an account"}
		}
		if session, err = sessions.SelectAccount(ctx, account); err != nil {
			return "", err
		}
		token = session.next(token)
	}
	switch {
	case !session.Authenticated:
		return "", reason("the API did not log the user in")
	case account != "" && session.Account.ID != "" && session.Account.ID != account:
		return "", &ArgumentError{Op: "SignIn", Name: "AccountID", Reason: "not the account that the user is logged in to"}
	case httpsyntax.WhyNotExact(token) != "":
		return "", reason("an invalid JWT")
	}
	return token, nil
}

// next returns the credential for the calls after s: its JWT, or the present one if it has none. It returns an empty string
// for an unreadable JWT, which replaces the present one.
func (s *AppSession) next(present string) string {
	if s.oddJWT {
		return ""
	}
	return cmp.Or(s.JWT(), present)
}

// tokenKey is the context key of the credential of a sign-in's calls, for tokenIn.
type tokenKey struct{}

func tokenIn(ctx context.Context) (string, error) {
	return *ctx.Value(tokenKey{}).(sealed.Box[*string]).Get(), nil
}

// kindAfterSignIn returns what a kind of a failed sign-in means for the call that needed it, or nil. Other kinds would be wrong
// for that call: it is not invalid, its object is not missing, and its outcome is not unknown.
func kindAfterSignIn(kind error) error {
	switch kind {
	case ErrUnauthorized, ErrInvalid, ErrNotFound: //nolint:errorlint // kinds wrap no errors
		return ErrUnauthorized
	case ErrForbidden, ErrRateLimited, ErrServer:
		return kind
	default:
		return nil
	}
}

// asCause returns the error of a failed sign-in as the cause of a call that was not sent. A 4xx that is not in the API's form
// does not reject the credentials.
func asCause(err error) error {
	failed, ok := err.(*Error) //nolint:errorlint // the methods return it unwrapped
	if !ok {
		return err
	}
	told := *failed
	told.kinds = []error{} // not nil, or Unwrap would derive them from the messages
	for _, kind := range failed.kinds {
		if as := kindAfterSignIn(kind); as != nil && !slices.Contains(told.kinds, as) && !errors.Is(failed, ErrBadResponse) {
			told.kinds = append(told.kinds, as)
		}
	}
	return &told
}
