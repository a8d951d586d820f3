package partnerapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/cookie"
)

// Session is one customer's login at the account API. It is made by [AccountsService.Login], or from bearer tokens by
// [NewTokenSession], is safe for concurrent use, and follows what the API changes in it. It goes with the calls that it
// is passed to and with no others.
//
// Cookies are read and sent as browsers do it (RFC 6265, section 5): each goes back byte for byte, quoted only if it came
// quoted. A session keeps the newest 50, and ignores one whose name and value are longer than 4 KiB together. Domain, Path
// and Secure are ignored: a session's cookies go to the server that set them and to all of it, and of two cookies of one
// name the last one wins.
//
// A Session is a credential. In fmt, slog, JSON and text it shows nothing of itself, and reflection finds nothing in it;
// [Session.Export] is the one way to keep it.
type Session struct {
	state sealed[*sessionState]
}

type sessionState struct {
	mu      sync.Mutex
	origin  string // scheme and host that set the cookies, or are first given the tokens; they go to no other
	cookies cookie.List
	bearer  *bearer // in place of cookies, or nil
	ended   bool    // the bearer is no more: no cookie takes its place
}

// NewSession returns a session of nobody: to the account API, a customer who is not logged in.
func NewSession() *Session { return &Session{seal(new(sessionState))} }

// opened returns what the session holds, or nil for one that is nil or zero.
func (s *Session) opened() *sessionState {
	if s == nil {
		return nil
	}
	return s.state.get()
}

// exportedSession is the form of Export. A change of it is a new version: 1 is of cookies, 2 of tokens, and 3 of either,
// with cookies in bytes of any kind.
type exportedSession struct {
	Version int             `json:"version"`
	Origin  string          `json:"origin"`
	Cookies json.RawMessage `json:"cookies,omitzero"`
	Tokens  *Tokens         `json:"tokens,omitzero"`
}

// Export returns the session in a form that [ImportSession] reads, for a service's own session store. It is as secret
// as the customer's password. What [Session.OnRefresh] set is not in it. Any call can change a cookie session, which is
// then to be exported again: the data of a session that has not changed is the same. It fails with an [*ArgumentError] for
// a session that is nil.
func (s *Session) Export() ([]byte, error) {
	state := s.opened()
	if state == nil {
		return nil, &ArgumentError{Op: "Session.Export", Name: "session", Reason: noSession}
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	out := exportedSession{Version: 3, Origin: state.origin}
	if b := state.bearer; b != nil {
		out.Tokens = &b.Tokens
		return json.Marshal(out)
	}
	state.cookies.DropExpired(time.Now())
	kept := make([]exportedCookie, 0, len(state.cookies))
	for _, c := range state.cookies {
		kept = append(kept, exportedCookie{[]byte(c.Name), []byte(c.Value), c.Expires})
	}
	var err error
	if out.Cookies, err = json.Marshal(kept); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// ImportSession returns the session that [Session.Export] made data of, in this version or an earlier one. It fails with
// an [*ArgumentError] for data that is not of that form, or that holds an invalid cookie or token. So does a call with a
// session of another server, as after a change of the base URL. In both cases the customer has to log in again. A token
// session needs [Session.OnRefresh] to be called again.
func ImportSession(data []byte) (*Session, error) {
	var in exportedSession
	s := NewSession()
	if json.Unmarshal(data, &in) != nil || !s.state.get().load(in) {
		return nil, &ArgumentError{Op: "ImportSession", Name: "data", Reason: "not an exported session"}
	}
	return s, nil
}

// load takes over an exported session, and reports whether it is one. A store can be tampered with, so a cookie that
// could smuggle in another, or that would go to any server, is refused, and so is a token that cannot be sent. Tokens
// that were not used yet are of no server.
func (s *sessionState) load(in exportedSession) bool {
	s.origin = in.Origin
	if in.Tokens != nil {
		_, why := in.Tokens.check()
		s.bearer = &bearer{Tokens: *in.Tokens}
		return (in.Version == 2 || in.Version == 3) && in.Cookies == nil && why == ""
	}
	listed, ok := in.cookies()
	if !ok || len(listed) > cookie.MaxCookies || len(listed) > 0 && in.Origin == "" {
		return false
	}
	for _, c := range listed {
		if !c.IsValid() || s.cookies.Has(c.Name) {
			return false
		}
		s.cookies = append(s.cookies, c)
	}
	return true
}

// Format prints no more than the type's name, for every verb.
func (s Session) Format(f fmt.State, verb rune) { redactedSession.Format(f, verb) }

// LogValue shows no more than the type's name.
func (s Session) LogValue() slog.Value { return redactedSession.LogValue() }

// MarshalText returns no more than the type's name, also in JSON: it cannot be imported.
func (s Session) MarshalText() ([]byte, error) { return redactedSession.MarshalText() }

const noSession = "nil or zero: sessions are made by Login, NewTokenSession, ImportSession or NewSession"

// sessionCall is a call that is made with a session. Its methods accept nil: a call without a session.
type sessionCall struct {
	*sessionState

	op      string
	refresh refresher

	sent     string // the access token of the newest attempt
	rejected string // the access token of an attempt for which nobody was logged in
}

// refresher returns new tokens in exchange for a refresh token. Without an access token it returns an error too.
type refresher func(ctx context.Context, refreshToken string) (*Tokens, error)

// join returns s for a call of op, or why the call must not be made with it. Tokens become those of the server of the first
// call.
func (s *Session) join(op string, of api, base *url.URL, required bool, refresh refresher) (_ *sessionCall, why string) {
	state := s.opened()
	switch {
	case s == nil && !required:
		return nil, ""
	case state == nil:
		return nil, noSession
	case !of.sessions:
		return nil, "a session is for the account API only"
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	if state.origin == "" && state.bearer != nil {
		state.origin = originOf(base)
	}
	if state.origin != "" && !isOrigin(state.origin, base) {
		return nil, "made by another server than the one that this client calls"
	}
	return &sessionCall{sessionState: state, op: op, refresh: refresh}, ""
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// isOrigin reports whether origin is that of u.
func isOrigin(origin string, u *url.URL) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	return scheme == u.Scheme && host == u.Host
}

// absorb takes over the cookies that a response sets and drops those that it expires. It returns the secrets in those that
// the session then has. A token session takes none.
func (c *sessionCall) absorb(resp *http.Response, from *url.URL) []string {
	if c == nil || resp.Header["Set-Cookie"] == nil {
		return nil
	}
	now, origin := time.Now(), originOf(from)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bearer != nil || c.ended || c.origin != "" && c.origin != origin {
		return nil // or another server was faster to make a new session its own
	}
	c.cookies.DropExpired(now)
	for _, line := range resp.Header["Set-Cookie"] {
		if one, ok := cookie.Parse(line, now); ok {
			c.origin = origin
			c.cookies.Put(one, now)
		}
	}
	return c.cookies.Secrets()
}

// apply puts the cookies or the access token on a request, and returns the secrets in them.
func (c *sessionCall) apply(req *http.Request) []string {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = ""
	if !isOrigin(c.origin, req.URL) {
		return nil
	}
	if b := c.bearer; b != nil {
		c.sent = b.AccessToken
		req.Header["Authorization"] = []string{"Bearer " + b.AccessToken}
		return []string{b.AccessToken}
	}
	c.cookies.DropExpired(time.Now())
	if len(c.cookies) > 0 {
		req.Header["Cookie"] = []string{c.cookies.Header()}
	}
	return c.cookies.Secrets()
}

func (s *Session) isEmpty() bool {
	state := s.state.get()
	state.mu.Lock()
	defer state.mu.Unlock()
	state.cookies.DropExpired(time.Now())
	return len(state.cookies) == 0
}
