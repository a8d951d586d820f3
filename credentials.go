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
	"github.com/partnerapi/partnerapi-go/internal/sealed"
	"github.com/partnerapi/partnerapi-go/internal/tokenfile"
)

// A TokenSource supplies a credential. It is asked once per call and its credentials are not cached, so that they can change
// while the client lives. It must be safe for concurrent use.
//
// If a source also has the method Invalidate(token string), it gets each token that the API rejects with 401. It is then
// asked once more, and the call is retried once if it returns another token. The account API does not reject a bad key
// with 401.
//
// A call whose source fails returns [ErrNoCredential]. The text of the source's error is not printed, because it may contain
// secrets. errors.Is and errors.As find the error itself, see [Error.Unwrap].
type TokenSource interface {
	// Token returns the credential for one call.
	Token(ctx context.Context) (string, error)
}

// TokenSourceFunc is a function that is a [TokenSource].
type TokenSourceFunc func(ctx context.Context) (string, error)

// Token calls f.
func (f TokenSourceFunc) Token(ctx context.Context) (string, error) { return f(ctx) }

// renewable is a TokenSource that replaces rejected credentials.
type renewable interface {
	TokenSource
	Invalidate(token string)
}

// accepting is a source that gets the credentials that the API accepted: one that is rejected after that has expired.
type accepting interface{ accept(token string) }

// ownSource returns a redacted source.
func ownSource(s renewable) TokenSource { return hiddenSource{redactedSource, sealed.New(s)} }

type hiddenSource struct {
	redact.Name

	source sealed.Box[renewable]
}

func (s hiddenSource) Token(ctx context.Context) (string, error) { return s.source.Get().Token(ctx) }

func (s hiddenSource) Invalidate(token string) { s.source.Get().Invalidate(token) }

func (s hiddenSource) accept(token string) {
	if source, ok := s.source.Get().(accepting); ok {
		source.accept(token)
	}
}

// suits refuses a source for a credential that it does not supply, and for a client with another network API.
func (s hiddenSource) suits(which Credential, network *url.URL) error {
	if source, ok := s.source.Get().(interface {
		suits(which Credential, network *url.URL) error
	}); ok {
		return source.suits(which, network)
	}
	return nil
}

// secrets are the credentials of one call. Only an attempt's own copy of the request carries them.
type secrets struct {
	api     API
	op      string
	held    [2]secret // as many as a call can have
	count   int       // of held
	spent   []string  // other secrets that were sent: rejected tokens, and a session's cookies or tokens
	renewed bool      // no source gets a rejected credential any more: it did, or a credential is of WithCredential
}

type secret struct {
	which  Credential
	source TokenSource // nil for one of WithCredential
	token  string
}

// ask takes the wanted credentials from given, or asks the sources for them. It returns [ErrNoCredential] if one is missing.
func (s *secrets) ask(ctx context.Context, sources map[Credential]TokenSource, given map[Credential]string, wanted ...Credential) *Error {
	s.renewed = len(given) > 0
	for _, which := range wanted {
		one := secret{which: which, token: given[which]}
		switch {
		case which == "":
			continue
		case one.token == "":
			if one.source = sources[which]; one.source == nil {
				return s.missing(reason("the client has no " + string(which)))
			}
			if failed := s.askFor(ctx, &one); failed != nil {
				return failed
			}
		}
		s.held[s.count] = one
		s.count++
	}
	return nil
}

func (s *secrets) askFor(ctx context.Context, one *secret) *Error {
	token, err := one.source.Token(ctx)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		err = blame(reason("the source of the "+string(one.which)+" failed"), err)
	}
	switch {
	case err != nil && ctx.Err() != nil: // the caller stopped waiting
		failed := s.missing(errors.Join(err, whyDone(ctx)))
		failed.kinds, failed.cancelled = []error{}, errors.Is(ctx.Err(), context.Canceled)
		return failed
	case err != nil:
		return s.missing(err)
	}
	if why := httpsyntax.WhyNotExact(token); why != "" {
		return s.missing(reason("the source of the " + string(one.which) + " returned an invalid credential: " + why))
	}
	one.token = token
	return nil
}

func (s *secrets) missing(cause error) *Error {
	return &Error{API: s.api, Op: s.op, kinds: []error{ErrNoCredential}, cause: hide(cause), RetryAfter: retryAfterOf(cause)}
}

// retryAfterOf returns the RetryAfter of a call that a source or a session made, if its failure is the cause.
func retryAfterOf(cause error) time.Duration {
	if of, is := errors.AsType[*Error](cause); is {
		return of.RetryAfter
	}
	return 0
}

func (s *secrets) put(r *http.Request) {
	for _, one := range s.held[:s.count] {
		credentials[one.which].put(r, one.token)
	}
}

// renew invalidates the rejected credentials. If ask is set, it asks their sources once more, and reports whether any
// returned another credential.
func (s *secrets) renew(ctx context.Context, ask bool) (renewed bool, err error) {
	s.renewed = true
	var isRejected [len(s.held)]bool
	for i, one := range s.held[:s.count] {
		if source, ok := one.source.(interface{ Invalidate(token string) }); ok {
			source.Invalidate(one.token)
			s.spend(one.token)
			isRejected[i] = true
		}
	}
	if !ask || ctx.Err() != nil {
		return false, nil
	}
	for i := range isRejected {
		if one := &s.held[i]; isRejected[i] {
			before := one.token
			if failed := s.askFor(ctx, one); failed != nil {
				return false, failed
			}
			renewed = renewed || one.token != before
		}
	}
	return renewed && ctx.Err() == nil, whyDone(ctx)
}

func (s *secrets) accept() {
	for _, one := range s.held[:s.count] {
		if source, ok := one.source.(accepting); ok {
			source.accept(one.token)
		}
	}
}

// spend remembers secrets that were sent. Attempts repeat them, so each is kept once.
func (s *secrets) spend(values ...string) {
	for _, value := range values {
		if !slices.Contains(s.spent, value) {
			s.spent = append(s.spent, value)
		}
	}
}

func (s *secrets) all() []string {
	all := slices.Clone(s.spent)
	for _, one := range s.held[:s.count] {
		all = append(all, one.token)
	}
	return all
}

// TokenFile returns a source that reads the credential from a file, for a file that an orchestrator mounts and replaces, such
// as a Kubernetes Secret:
//
//	partnerapi.WithCredentialSource(partnerapi.PartnerToken, partnerapi.TokenFile("/run/secrets/partner-token"))
//
// A call reads the file if it was last read more than a second ago, so a change takes effect within a second, also if a
// symbolic link changes. After a 401 the file is read again immediately, and the call is retried once if it holds another
// credential. The account API does not reject a bad key with 401. A newline at the end is not part of the credential.
//
// While the file is missing, empty or invalid, the last credential is used for ten more seconds, unless the API rejected it.
// After that, calls return [ErrNoCredential]. Their error matches the cause, such as [io/fs.ErrNotExist]; path and content
// are never printed. A half-written file would be read as a credential: write a new file and rename it over the old one.
// Reading the file ignores the call's context.
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
