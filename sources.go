package partnerapi

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/redact"
)

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

// suits says why the source cannot be that of a credential of a client whose network API is at base, if it cannot.
func (s hiddenSource) suits(which Credential, base *url.URL) error {
	in, signsIn := s.get().(*signIn)
	switch {
	case !signsIn:
		return nil
	case which != NetworkToken:
		return refused("WithCredentialSource", "SignIn is a source of the "+string(NetworkToken))
	case in.refused != nil:
		return in.refused
	case originOf(in.client.config().bases[NetworkAPI]) != originOf(base):
		return refused("WithCredentialSource", "SignIn is for another server than the client: both need the same WithBaseURL")
	default:
		return nil
	}
}

const (
	// tokenFileAge is how old what was read may be.
	tokenFileAge = time.Second
	// tokenFileGrace is how long it is used while the file cannot be read: somebody may be writing it.
	tokenFileGrace = 10 * time.Second
	// maxTokenFile is more than servers accept of a header.
	maxTokenFile = 64 << 10
	// byteOrderMark is what some editors begin a file with.
	byteOrderMark = "\ufeff"
)

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
func TokenFile(path string) TokenSource { return ownSource(&tokenFile{path: path}) }

type tokenFile struct {
	path string

	mu      sync.Mutex
	token   string    // what was read last
	read    time.Time // when
	stale   bool      // whether to read again at once
	failing time.Time // since when it cannot be read
}

// Token returns what the file holds.
func (f *tokenFile) Token(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.token != "" && !f.stale && now.Sub(f.read) < tokenFileAge {
		return f.token, nil
	}
	token, err := readToken(f.path)
	if err == nil {
		f.token, f.read, f.stale, f.failing = token, now, false, time.Time{}
		return token, nil
	}
	if f.failing.IsZero() {
		f.failing = now
	}
	if f.token == "" || f.stale || now.Sub(f.failing) >= tokenFileGrace {
		return "", hide(err)
	}
	return f.token, nil
}

// Invalidate has the file read by the next call, unless that has happened since token was read.
func (f *tokenFile) Invalidate(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = f.stale || f.token == token
}

func readToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", errors.Join(reason("the file cannot be opened"), err)
	}
	if !info.Mode().IsRegular() { // opening a pipe may take for ever
		return "", reason("not a file")
	}
	file, err := os.Open(path) //nolint:gosec // whoever makes the source names the file
	if err != nil {
		return "", errors.Join(reason("the file cannot be opened"), err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxTokenFile+1))
	if err != nil {
		return "", errors.Join(reason("the file cannot be read"), err)
	}
	line, ended := strings.CutSuffix(string(content), "\n")
	if ended {
		line = strings.TrimSuffix(line, "\r")
	}
	if len(content) > maxTokenFile || !isCredential(line) || strings.HasPrefix(line, byteOrderMark) {
		return "", reason("the file does not hold a credential")
	}
	return line, nil
}
