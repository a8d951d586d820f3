package partnerapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Session is one customer's login at the account API. It is made by [AccountsService.Login], or from bearer tokens by
// [NewTokenSession], is safe for concurrent use, and follows what the API changes in it. It goes with the calls that it
// is passed to and with no others.
//
// A Session is a credential. In fmt, slog, JSON and text it shows nothing of itself, and reflection finds nothing in it;
// [Session.Export] is the one way to keep it.
type Session struct {
	state sealed[*sessionState]
}

type sessionState struct {
	mu      sync.Mutex
	origin  string // scheme and host that set the cookies, or are first given the tokens; they go to no other
	cookies map[string]sessionCookie
	bearer  *bearer // in place of cookies, or nil
	ended   bool    // the bearer is no more: no cookie takes its place
}

type sessionCookie struct {
	Name    string    `json:"name"`
	Value   string    `json:"value"`
	Quoted  bool      `json:"quoted,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // zero: with the session
}

const redactedSession = "partnerapi.Session(redacted)"

// NewSession returns a session of nobody: to the account API, a customer who is not logged in.
func NewSession() *Session {
	return &Session{seal(&sessionState{cookies: make(map[string]sessionCookie)})}
}

// opened returns what the session holds, or nil for one that is nil or zero.
func (s *Session) opened() *sessionState {
	if s == nil {
		return nil
	}
	return s.state.get()
}

// exportedSession is the form of Export. A change of it is a new version: 1 is of cookies and 2 of tokens.
type exportedSession struct {
	Version int             `json:"version"`
	Origin  string          `json:"origin"`
	Cookies []sessionCookie `json:"cookies,omitzero"`
	Tokens  *Tokens         `json:"tokens,omitzero"`
}

// Export returns the session in a form that [ImportSession] reads, for a service's own session store. It is as secret
// as the customer's password. What [Session.OnRefresh] set is not in it. Any call can change a session of cookies, which is
// then to be exported again: the data of a session that has not changed is the same. It fails with an [*ArgumentError] for
// a session that is nil.
func (s *Session) Export() ([]byte, error) {
	state := s.opened()
	if state == nil {
		return nil, &ArgumentError{Op: "Session.Export", Name: "session", Reason: noSession}
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	if b := state.bearer; b != nil {
		return json.Marshal(exportedSession{Version: 2, Origin: state.origin, Tokens: &b.Tokens})
	}
	return json.Marshal(exportedSession{Version: 1, Origin: state.origin, Cookies: state.live()})
}

// ImportSession returns the session that [Session.Export] made data of. It fails with an [*ArgumentError] for data that
// is not of that form, or that holds what cannot be a cookie or a token. So does a call with a session of another server,
// as after a change of the base URL. In both cases the customer has to log in again. A session of tokens needs
// [Session.OnRefresh] to be called again.
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
		return in.Version == 2 && in.Cookies == nil && why == ""
	}
	if in.Version != 1 {
		return false
	}
	for _, c := range in.Cookies {
		_, twice := s.cookies[c.Name]
		if twice || in.Origin == "" || c.cookie().Valid() != nil {
			return false
		}
		s.cookies[c.Name] = c
	}
	return true
}

// cookie returns the cookie as a request has it, without attributes.
func (c sessionCookie) cookie() *http.Cookie {
	return &http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted} //nolint:gosec // attributes are for answers
}

// Format prints no more than the type's name, for every verb.
func (s Session) Format(f fmt.State, verb rune) { formatAs(f, verb, redactedSession) }

// LogValue shows no more than the type's name.
func (s Session) LogValue() slog.Value { return slog.StringValue(redactedSession) }

// MarshalText returns no more than the type's name, also in JSON: it cannot be imported.
func (s Session) MarshalText() ([]byte, error) { return []byte(redactedSession), nil }

const noSession = "nil or zero: sessions are made by Login, NewTokenSession, ImportSession or NewSession"

// refuse says why a call must not be made with s, or nothing. Tokens become those of the server of the first call.
func (s *Session) refuse(api api, base *url.URL, required bool) string {
	state := s.opened()
	switch {
	case s == nil && !required:
		return ""
	case state == nil:
		return noSession
	case !api.sessions:
		return "a session is for the account API only"
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	if state.origin == "" && state.bearer != nil {
		state.origin = originOf(base)
	}
	if state.origin != "" && !isOrigin(state.origin, base) {
		return "made by another server than the one that this client calls"
	}
	return ""
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// isOrigin reports whether origin is that of u.
func isOrigin(origin string, u *url.URL) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	return scheme == u.Scheme && host == u.Host
}

// absorb takes over the cookies that an answer sets and drops those it expires. Domain and Path of a cookie do not
// matter: a session's cookies go to the account API that set them, and to all of it. A session of tokens takes none.
func (s *Session) absorb(resp *http.Response, origin string) {
	state := s.state.get()
	state.mu.Lock()
	defer state.mu.Unlock()
	if state.bearer != nil || state.ended || state.origin != "" && state.origin != origin {
		return // or another server was faster to make a new session its own
	}
	for _, c := range resp.Cookies() {
		state.origin = origin
		expires := c.Expires
		if c.MaxAge > 0 { // at most 68 years: who means forever may send what a Duration cannot hold
			expires = time.Now().Add(time.Duration(min(c.MaxAge, math.MaxInt32)) * time.Second)
		}
		if c.MaxAge < 0 || !expires.IsZero() && !expires.After(time.Now()) {
			delete(state.cookies, c.Name)
			continue
		}
		state.cookies[c.Name] = sessionCookie{c.Name, c.Value, c.Quoted, expires}
	}
}

// apply puts the cookies on a request, or the access token, which it returns too. It returns what they hold, without what
// is shorter than any session's key, which may be part of a word.
func (s *Session) apply(req *http.Request) (values []string, token string) {
	if s == nil {
		return nil, ""
	}
	state := s.state.get()
	state.mu.Lock()
	defer state.mu.Unlock()
	if !isOrigin(state.origin, req.URL) {
		return nil, ""
	}
	if b := state.bearer; b != nil {
		req.Header["Authorization"] = []string{"Bearer " + b.AccessToken}
		return []string{b.AccessToken}, b.AccessToken
	}
	for _, c := range state.live() {
		req.AddCookie(c.cookie())
		if len(c.Value) >= 8 {
			values = append(values, c.Value)
		}
	}
	return values, ""
}

func (s *Session) isEmpty() bool {
	state := s.state.get()
	state.mu.Lock()
	defer state.mu.Unlock()
	return len(state.live()) == 0
}

// live returns the cookies that have not expired, by name.
func (s *sessionState) live() []sessionCookie {
	live := make([]sessionCookie, 0, len(s.cookies))
	for _, c := range s.cookies {
		if c.Expires.IsZero() || c.Expires.After(time.Now()) {
			live = append(live, c)
		}
	}
	slices.SortFunc(live, func(a, b sessionCookie) int { return cmp.Compare(a.Name, b.Name) })
	return live
}
