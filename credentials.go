package partnerapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/httpsyntax"
	"github.com/partnerapi/partnerapi-go/internal/redact"
	"github.com/partnerapi/partnerapi-go/internal/tokenfile"
)

// A TokenSource supplies a credential. It is asked once per call, so that a credential can change while the client lives.
// It must be safe for concurrent use. Its credentials are not cached.
//
// A source that also has the method Invalidate(token string) is given each token that the API rejected with 401. It is then
// asked once more, and if it returns another token, the call is retried once. The account API does not reject a bad key
// with 401.
//
// A call whose source fails returns [ErrNoCredential]. The text of the source's error is not printed, because it may hold
// secrets: errors.Is and errors.As find the error itself, and [Error.Unwrap] leads to it.
type TokenSource interface {
	// Token returns the credential, for one call.
	Token(ctx context.Context) (string, error)
}

// TokenSourceFunc is a function that is a [TokenSource].
type TokenSourceFunc func(ctx context.Context) (string, error)

// Token calls f.
func (f TokenSourceFunc) Token(ctx context.Context) (string, error) { return f(ctx) }

// renewable is a TokenSource that is told of a credential that was refused.
type renewable interface {
	TokenSource
	Invalidate(token string)
}

// accepting is a source that is told of a credential that the API has accepted from a call: one that is refused after that
// has expired.
type accepting interface{ accept(token string) }

// renewals bounds how often rejected credentials are replaced, on a server that accepts each for a moment: ten in a row,
// then one in four seconds. Credentials that live five seconds are always replaced.
type renewals struct{ paid time.Time }

const (
	renewalCosts    = 4 * time.Second
	renewalsInARow  = 10
	mostRenewalDebt = (renewalsInARow - 1) * renewalCosts
)

// take reports whether there may be a renewal now.
func (r *renewals) take(now time.Time) bool {
	if r.paid.Sub(now) > mostRenewalDebt {
		return false
	}
	if r.paid.Before(now) {
		r.paid = now
	}
	r.paid = r.paid.Add(renewalCosts)
	return true
}

// ownSource is a source of this package, in a wrapping that shows nothing of it.
func ownSource(s renewable) TokenSource { return hiddenSource{seal(s), redactedSource} }

type hiddenSource struct {
	sealed[renewable]
	redact.Name
}

// Token returns the credential.
func (s hiddenSource) Token(ctx context.Context) (string, error) { return s.get().Token(ctx) }

// Invalidate is told of a credential that was refused.
func (s hiddenSource) Invalidate(token string) { s.get().Invalidate(token) }

// accept is told of a credential that was accepted.
func (s hiddenSource) accept(token string) {
	if source, ok := s.get().(accepting); ok {
		source.accept(token)
	}
}

// suits refuses a source that cannot supply a credential of a client whose network API is at base.
func (s hiddenSource) suits(which Credential, base *url.URL) error {
	if source, ok := s.get().(interface {
		suits(which Credential, base *url.URL) error
	}); ok {
		return source.suits(which, base)
	}
	return nil
}

// secrets are the credentials of one call. They are put on each attempt's own copy of the request, so that no other copy
// holds them.
type secrets struct {
	api     API
	op      string
	held    []secret
	spent   []string // what else was sent and is secret: rejected tokens, and a session's cookies or tokens
	renewed bool     // whether sources were given a rejected credential
}

type secret struct {
	which  Credential
	source TokenSource
	token  string
}

// ask asks for each of the credentials. It returns an error that is [ErrNoCredential] without one.
func (s *secrets) ask(ctx context.Context, sources map[Credential]TokenSource, wanted ...Credential) *Error {
	for _, which := range wanted {
		if which == "" {
			continue
		}
		one := secret{which: which, source: sources[which]}
		if one.source == nil {
			return s.missing(reason("the client has no " + string(which)))
		}
		if failed := s.askFor(ctx, &one); failed != nil {
			return failed
		}
		s.held = append(s.held, one)
	}
	return nil
}

func (s *secrets) askFor(ctx context.Context, one *secret) *Error {
	token, err := one.source.Token(ctx)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		err = blame(reason("the source of the "+string(one.which)+" failed"), err)
	}
	switch {
	case err != nil && ctx.Err() != nil: // the caller did not wait for it
		failed := s.missing(errors.Join(err, whyDone(ctx)))
		failed.kinds = []error{}
		return failed
	case err != nil:
		return s.missing(err)
	case !isCredential(token):
		return s.missing(reason("the source of the " + string(one.which) + " returned an invalid credential"))
	}
	one.token = token
	return nil
}

func (s *secrets) missing(cause error) *Error {
	return &Error{API: s.api, Op: s.op, kinds: []error{ErrNoCredential}, cause: hide(cause), RetryAfter: retryAfterOf(cause)}
}

// retryAfterOf returns how long the API asked to wait in a call that a source or a session made, if that is the cause.
func retryAfterOf(cause error) time.Duration {
	var of *Error
	if !errors.As(cause, &of) {
		return 0
	}
	return of.RetryAfter
}

// put puts the credentials on the request of an attempt.
func (s *secrets) put(r *http.Request) {
	for i := range s.held {
		credentials[s.held[i].which].put(r, s.held[i].token)
	}
}

// renew gives the rejected credentials to their sources. If ask is set, it asks those sources once more, and reports whether
// any returned another credential.
func (s *secrets) renew(ctx context.Context, ask bool) (renewed bool, err error) {
	s.renewed = true
	var rejected []*secret
	for i := range s.held {
		one := &s.held[i]
		if source, ok := one.source.(interface{ Invalidate(token string) }); ok {
			source.Invalidate(one.token)
			s.spend(one.token)
			rejected = append(rejected, one)
		}
	}
	if !ask || ctx.Err() != nil {
		return false, nil
	}
	for _, one := range rejected {
		before := one.token
		if failed := s.askFor(ctx, one); failed != nil {
			return false, failed
		}
		renewed = renewed || one.token != before
	}
	return renewed && ctx.Err() == nil, whyDone(ctx)
}

// accept tells the sources that the API has accepted their credentials.
func (s *secrets) accept() {
	for i := range s.held {
		if source, ok := s.held[i].source.(accepting); ok {
			source.accept(s.held[i].token)
		}
	}
}

// spend remembers secrets that were sent, each once: attempts repeat them.
func (s *secrets) spend(values ...string) {
	for _, value := range values {
		if !slices.Contains(s.spent, value) {
			s.spent = append(s.spent, value)
		}
	}
}

// all returns every secret of the call.
func (s *secrets) all() []string {
	all := slices.Clone(s.spent)
	for _, one := range s.held {
		all = append(all, one.token)
	}
	return all
}

// TokenFile returns a source of the credential that a file holds, for one that an orchestrator mounts and changes, such
// as a Secret of Kubernetes:
//
//	partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenFile("/run/secrets/partner-token"))
//
// The file is read when a call needs it, if that was not within the last second, so a change counts within a second,
// also when the path leads to another file. When the API answers with 401, the file is read again at once, and the call
// repeated once if it holds another one. A newline at the end is not part of the credential.
//
// While the file is missing, empty or holds what cannot be a credential, the last one is used for ten seconds more, unless
// the API has refused it; then calls fail with [ErrNoCredential]. Their error matches the cause, such as
// [io/fs.ErrNotExist], and its text shows neither the path nor the content. Half a credential is taken for one: whoever
// changes the file replaces it, by a rename. Reading takes as long as the file system does, whatever a call's context says.
//
// The account API does not answer a bad key with 401, so a key that has changed counts within a second only.
func TokenFile(path string) TokenSource { return ownSource(fileSource{tokenfile.New(path)}) }

// fileSource is a file whose errors print neither its path nor its content.
type fileSource struct{ *tokenfile.File }

// Token returns what the file holds.
func (f fileSource) Token(ctx context.Context) (string, error) {
	token, err := f.File.Token(ctx)
	if err != nil {
		return "", hide(err)
	}
	return token, nil
}

// isCredential reports whether s can be sent as a credential, unchanged.
func isCredential(s string) bool { return httpsyntax.IsExactValue(s) }
