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
)

// SignInCredentials is what [SignIn] signs in with. In fmt, slog and JSON it shows nothing of itself, but fmt does not
// ask it in an unexported field.
type SignInCredentials struct {
	// AppKey is the key of the application.
	AppKey string
	// Username and Password are the user's.
	Username string
	Password string
	// AccountID is the account to work for. It is required for a user of several accounts, which are the Accounts of what
	// [AppSessionsService.Login] returns.
	AccountID string
}

// Format prints no more than the type's name, for every verb.
func (c SignInCredentials) Format(f fmt.State, verb rune) { redactedSignIn.Format(f, verb) }

// LogValue shows no more than the type's name.
func (c SignInCredentials) LogValue() slog.Value { return redactedSignIn.LogValue() }

// MarshalText returns no more than the type's name, also in JSON.
func (c SignInCredentials) MarshalText() ([]byte, error) { return redactedSignIn.MarshalText() }

// signInLimit is how long a sign-in may take, with all that is sent again.
const signInLimit = time.Minute

// After a sign-in that failed, the next one waits for a time that doubles with every failure between the first two, or
// for as long as the API asks, but not beyond the third.
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
// The first call that needs a JWT signs in, and calls meanwhile wait for the same sign-in. A JWT that the API rejects
// with 401 is replaced by signing in again, once for all calls that were rejected, and each of them is retried once; a
// call whose second JWT is rejected too fails with [ErrUnauthorized]. A rejected JWT that was accepted before has expired,
// and is replaced immediately. One that came in place of another and is never accepted is used for a second, and the next
// one for twice as long, up to a minute. If JWTs live less than five seconds, calls can fail: after ten sign-ins in a row
// there is at most one in four seconds. A call whose context ends no longer waits, and the sign-in goes on for the next
// one. It takes a minute at most.
//
// Calls fail with [ErrNoCredential] when the sign-in failed. The error is also [ErrUnauthorized] or [ErrForbidden] when
// the API refused the credentials, [ErrRateLimited], [ErrServer], or has the cause why no answer came; its text says
// which operation failed and what the API says. It is an [*ArgumentError] too if the user has several accounts and
// AccountID is empty: ask for ErrNoCredential before that. A failure holds for a second, then for two, and so on up to a
// minute, or for as long as the API asks: calls meanwhile fail at once and nothing is sent. If the failure was the API's,
// their RetryAfter is what is left of that.
//
// The sign-in goes through a client of its own with opts, such as [WithBaseURL], [WithHTTPClient] and [WithLogger]. A
// credential of the network API among them is not used. [NewClient] tells what is wrong with opts or the AppKey, and
// refuses a source that signs in at another server than the client's, whose JWT would go to it. A hook or transport among
// opts makes no calls that need the source: they would wait for themselves.
//
// GET /app/session, POST /app/login, POST /app/login-account
func SignIn(credentials SignInCredentials, opts ...Option) TokenSource {
	s := &signIn{credentials: credentials}
	if !isCredential(credentials.AppKey) {
		s.refused = &ArgumentError{Op: "SignIn", Name: "AppKey", Reason: notAHeader}
		return ownSource(s)
	}
	s.client, s.refused = NewClient(append(slices.Clone(opts), WithCredentialSource(NetworkToken, TokenSourceFunc(tokenIn)))...)
	return ownSource(s)
}

// suits refuses the source for another credential, and for a client of another server: the JWT would go to it.
func (s *signIn) suits(which Credential, base *url.URL) error {
	switch {
	case which != NetworkToken:
		return refused("WithCredentialSource", "SignIn is a source of the "+string(NetworkToken))
	case s.refused != nil:
		return s.refused
	case originOf(s.client.config().bases[NetworkAPI]) != originOf(base):
		return refused("WithCredentialSource", "SignIn is for another server than the client: both need the same WithBaseURL")
	default:
		return nil
	}
}

// signIn is the source that SignIn returns.
type signIn struct {
	credentials SignInCredentials
	client      *Client
	refused     error // why there is no client

	mu       sync.Mutex
	jwt      string                 // in use; empty if there is none
	refusal  bool                   // whether the next one comes in place of one that was refused
	renewals renewals               // of JWTs that were refused
	flight   *flight.Flight[string] // the sign-in that is under way, or nil
	failed   error                  // what the last one ended with
	pause    time.Duration
	pauseEnd time.Time // until then failed is kept, or jwt, if the API has accepted none since
}

// Token returns the JWT, and signs in if there is none.
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

// join returns the JWT, or why there is none, or the sign-in to wait for, which it starts if there is none.
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

// kept returns why the last sign-in failed, and for how long there is no other one.
func (s *signIn) kept() error {
	failed, ok := s.failed.(*Error) //nolint:errorlint // what a sign-in ends with is not wrapped
	if !ok {
		return s.failed
	}
	told := *failed
	told.RetryAfter = max(0, time.Until(s.pauseEnd))
	return &told
}

// fly signs in for all who wait: with what is known of the first one's call, but not until that ends.
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

// land takes over what a sign-in ended with.
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
	var failed *Error
	if errors.As(err, &failed) {
		wait = max(wait, min(failed.RetryAfter, maxAskedPause))
	}
	s.pauseEnd = time.Now().Add(wait)
}

// accept is told of a JWT that the API has accepted: it accepts what a sign-in returns, so one that it rejects has expired.
// That the JWT may be an earlier one, whose response was slow, does not matter.
func (s *signIn) accept(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.pause, s.pauseEnd = 0, time.Time{}
	}
}

// Invalidate forgets the JWT, unless it is another one by now, or one that another sign-in would not improve on.
func (s *signIn) Invalidate(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.jwt == "" || s.jwt != token || now.Before(s.pauseEnd) || !s.renewals.take(now) {
		return
	}
	s.jwt, s.refusal = "", true
}

// steps signs in and returns the JWT.
func (s *signIn) steps(ctx context.Context) (string, error) {
	sessions, account := s.client.AppSessions, s.credentials.AccountID
	token := s.credentials.AppKey
	ctx = context.WithValue(ctx, tokenKey{}, seal(&token)) // who gets a context can print its values
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
	// A session that does not say of which account it is may be of any.
	if !session.Authenticated || account != "" && session.Account.ID == "" {
		if account == "" && len(session.Accounts) == 1 && !session.oddAccounts {
			account = session.Accounts[0].ID
		}
		if account == "" {
			return "", &ArgumentError{Op: "SignIn", Name: "AccountID", Reason: "empty, and the user has to choose an account"}
		}
		if session, err = sessions.SelectAccount(ctx, account); err != nil {
			return "", err
		}
		token = session.next(token)
	}
	switch {
	case !session.Authenticated:
		return "", reason("the API does not say that the user is logged in")
	case account != "" && session.Account.ID != "" && session.Account.ID != account:
		return "", &ArgumentError{Op: "SignIn", Name: "AccountID", Reason: "not the account that the user is logged in to"}
	case !isCredential(token):
		return "", reason("a JWT that cannot be sent")
	}
	return token, nil
}

// next returns the credential of the calls after the response that s is: its JWT, or the present one if it has none. It
// returns none for a JWT that could not be read, which replaces the present one.
func (s *AppSession) next(present string) string {
	if s.oddJWT {
		return ""
	}
	return cmp.Or(s.JWT(), present)
}

// tokenKey is where the context of a sign-in's calls holds their credential.
type tokenKey struct{}

// tokenIn is the source of a client that signs in.
func tokenIn(ctx context.Context) (string, error) {
	return *ctx.Value(tokenKey{}).(sealed[*string]).get(), nil
}

// kindsOfSignIn are the kinds of a failed sign-in as those of the call that needed it. Others would tell something of
// that call which is not true: that what it asks for is wrong or not found, or that it may have been done.
var kindsOfSignIn = map[error]error{
	ErrUnauthorized: ErrUnauthorized, ErrInvalid: ErrUnauthorized, ErrNotFound: ErrUnauthorized,
	ErrForbidden: ErrForbidden, ErrRateLimited: ErrRateLimited, ErrServer: ErrServer,
}

// asCause returns why a sign-in failed, as the cause of a call that was not sent. A page with a status of 4xx is not the
// API's word on the credentials.
func asCause(err error) error {
	failed, ok := err.(*Error) //nolint:errorlint // what the methods return is not wrapped
	if !ok {
		return err
	}
	told := *failed
	told.kinds = []error{} // not nil, or they would be told from the messages
	for _, kind := range failed.kinds {
		if as := kindsOfSignIn[kind]; as != nil && !errors.Is(failed, ErrBadResponse) {
			told.kinds = append(told.kinds, as)
		}
	}
	return &told
}
