package partnerapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/partnerapi/partnerapi-go/internal/sealed"
)

// Session is one customer's login at the account API: a cookie session of [AccountsService.Login], or a token session of
// [NewTokenSession]. It is safe for concurrent use, and takes over what responses change in it. It is sent with the calls
// that it is passed to, and with no others.
//
// A cookie session reads and sends cookies as browsers do (RFC 6265, section 5): each is sent back byte for byte, quoted only
// if it came quoted. It holds the newest 50 cookies, and ignores a cookie whose name and value are longer than 4 KiB
// together. It ignores Domain, Path and Secure: cookies are sent to the whole server that set them, and to no other. Of two
// cookies with one name the last one wins.
//
// A Session is a credential. It is redacted in fmt, slog, JSON and text, and reflection does not reach its values.
// [Session.Export] is the only way to store it.
type Session struct {
	kind sealed.Box[sessionKind]
}

// sessionKind is how a session proves to the API who its customer is: by cookies or by tokens. Its methods lock it.
type sessionKind interface {
	// join reports whether a call to origin may be made with the session.
	join(origin string) bool
	// ready returns when the request of a call can be sent, or an error that says why it cannot.
	ready(ctx context.Context, c *sessionCall) error
	// apply adds the session to a request, and returns the secrets in it. Calls share them, so nobody changes them.
	apply(c *sessionCall, req *http.Request) (secrets []string)
	// absorb takes over what a response from origin sets, and returns the secrets that the session has then.
	absorb(resp *http.Response, origin string) (secrets []string)
	// learn records whether the API accepted the session, and reports whether the call is to be retried with new tokens. It judges
	// by the payload or the failure, and by what the call expects.
	learn(c *sessionCall, expects expectation, payload []byte, failed *Error) (retry bool)
	// export returns the form of Export.
	export() exportedSession
	// isEmpty reports whether the session has neither a cookie nor a token.
	isEmpty() bool
	// end is called when the API has ended the session.
	end()
}

// NewSession returns an empty cookie session: to the account API, a customer who is not logged in.
func NewSession() *Session { return newSession(new(cookieSession)) }

func newSession(kind sessionKind) *Session { return &Session{sealed.New(kind)} }

// opened returns the kind of the session, or nil for one that is nil or zero.
func (s *Session) opened() sessionKind {
	if s == nil {
		return nil
	}
	return s.kind.Get()
}

// exportedSession is the form of Export. A change of it is a new version: 1 has cookies, 2 tokens, and 3 either, with
// cookies of any bytes.
type exportedSession struct {
	Version int             `json:"version"`
	Origin  string          `json:"origin"`
	Cookies json.RawMessage `json:"cookies,omitzero"`
	Tokens  *Tokens         `json:"tokens,omitzero"`
}

// Export returns the session in a form that [ImportSession] reads, for a service's own session store. It is as secret as the
// customer's password. The function that [Session.OnRefresh] set is not part of it. Any call can change a cookie session, so
// export it again after calls: an unchanged session exports the same bytes. It returns an [*ArgumentError] for a nil session.
func (s *Session) Export() ([]byte, error) {
	kind := s.opened()
	if kind == nil {
		return nil, &ArgumentError{Op: "Session.Export", Name: "session", Reason: noSession}
	}
	return json.Marshal(kind.export())
}

// Format prints no more than the type's name, for every verb.
func (s Session) Format(f fmt.State, verb rune) { redactedSession.Format(f, verb) }

// LogValue returns no more than the type's name.
func (s Session) LogValue() slog.Value { return redactedSession.LogValue() }

// MarshalText returns no more than the type's name, also in JSON. It cannot be imported.
func (s Session) MarshalText() ([]byte, error) { return redactedSession.MarshalText() }

const noSession = "nil or zero: sessions are made by Login, NewTokenSession, ImportSession or NewSession"

// sessionCall is a session in use by one call. Its methods accept nil, for a call without a session.
type sessionCall struct {
	kind   sessionKind
	origin string // of the API
	op     string
	client *Client
	given  map[Credential]string // of WithCredential

	sent     string // the access token of the last attempt
	rejected string // the access token that the API rejected
}

// join returns the session for a call, or why the call must not be made with it.
func (s *Session) join(op string, to *apiSettings, required bool) (_ *sessionCall, why string) {
	kind := s.opened()
	switch {
	case s == nil && !required:
		return nil, ""
	case kind == nil:
		return nil, noSession
	case !to.sessions:
		return nil, "this API takes no session"
	}
	if !kind.join(to.origin) {
		return nil, "belongs to another server"
	}
	return &sessionCall{kind: kind, origin: to.origin, op: op}, ""
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

func (c *sessionCall) ready(ctx context.Context) error {
	if c == nil {
		return nil
	}
	return c.kind.ready(ctx, c)
}

func (c *sessionCall) apply(req *http.Request) (secrets []string) {
	if c == nil {
		return nil
	}
	return c.kind.apply(c, req)
}

func (c *sessionCall) absorb(resp *http.Response) (secrets []string) {
	if c == nil {
		return nil
	}
	return c.kind.absorb(resp, c.origin)
}

func (c *sessionCall) learn(expects expectation, payload []byte, failed *Error) (retry bool) {
	return c != nil && c.kind.learn(c, expects, payload, failed)
}

// end ends the session after a logout, unless that failed with err, which it returns.
func (s *Session) end(err error) error {
	if err == nil {
		s.opened().end()
	}
	return err
}
