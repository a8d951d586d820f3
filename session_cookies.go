package partnerapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/partnerapi/partnerapi-go/internal/cookie"
)

// cookieSession is a session of cookies.
// ours A07: as browsers handle them, for one server
type cookieSession struct {
	mu      sync.Mutex
	origin  string // of the server that set the cookies; they are sent to no other
	cookies cookie.List

	header  string   // the Cookie header; changed sets it
	secrets []string // in the header; changed sets them
}

// changed is called after each change of the cookies, so that a call need not write the header.
func (s *cookieSession) changed() { s.header, s.secrets = s.cookies.Header(), s.cookies.Secrets() }

func (s *cookieSession) dropExpired(now time.Time) {
	before := len(s.cookies)
	if s.cookies.DropExpired(now); len(s.cookies) < before {
		s.changed()
	}
}

func (s *cookieSession) join(origin string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.origin == "" || s.origin == origin
}

func (s *cookieSession) ready(context.Context, *sessionCall) error { return nil }

func (s *cookieSession) apply(c *sessionCall, req *http.Request) (secrets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.origin != c.origin {
		return nil
	}
	s.dropExpired(time.Now())
	if len(s.cookies) > 0 {
		req.Header["Cookie"] = []string{s.header}
	}
	return s.secrets
}

func (s *cookieSession) absorb(resp *http.Response, origin string) (secrets []string) {
	if resp.Header["Set-Cookie"] == nil {
		return nil
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.origin != "" && s.origin != origin {
		return nil // another server's response came first to a new session
	}
	s.cookies.DropExpired(now)
	for _, line := range resp.Header["Set-Cookie"] {
		if c, ok := cookie.Parse(line, now); ok {
			s.origin = origin
			s.cookies.Put(c, now)
		}
	}
	s.changed()
	return s.secrets
}

func (s *cookieSession) learn(*sessionCall, expectation, []byte, *Error) (retry bool) { return false }

func (s *cookieSession) isEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropExpired(time.Now())
	return len(s.cookies) == 0
}

// end does nothing: the API expires the cookies that it ends.
func (s *cookieSession) end() {}

func (s *cookieSession) export() exportedSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropExpired(time.Now())
	kept := make([]exportedCookie, 0, len(s.cookies))
	for _, c := range s.cookies {
		kept = append(kept, exportedCookie{[]byte(c.Name), []byte(c.Value), c.Expires})
	}
	cookies, _ := json.Marshal(kept) // bytes and times always can be marshalled
	return exportedSession{Version: 3, Origin: s.origin, Cookies: cookies}
}

// loadCookies returns an exported cookie session, and whether it is valid. A store can be tampered with, so a cookie that
// could smuggle in another, or that would be sent to any server, is refused.
func loadCookies(in exportedSession) (sessionKind, bool) {
	listed, ok := in.cookies()
	if !ok || len(listed) > cookie.MaxCookies || len(listed) > 0 && in.Origin == "" {
		return nil, false
	}
	s := &cookieSession{origin: in.Origin}
	for _, c := range listed {
		if !c.IsValid() || s.cookies.Has(c.Name) {
			return nil, false
		}
		s.cookies = append(s.cookies, c)
	}
	s.changed()
	return s, true
}

// exportedCookie is a cookie in version 3, where its bytes are base64.
type exportedCookie struct {
	Name    []byte    `json:"name"`
	Value   []byte    `json:"value"`
	Expires time.Time `json:"expires,omitzero"` // zero: with the session
}

// cookieOf1 is a cookie in version 1, as net/http reads one.
type cookieOf1 struct {
	Name    string    `json:"name"`
	Value   string    `json:"value"`
	Quoted  bool      `json:"quoted"`
	Expires time.Time `json:"expires"`
}

// cookies returns the cookies of versions 1 and 3, and whether they are a list of that version.
func (in exportedSession) cookies() (listed cookie.List, ok bool) {
	switch in.Version {
	case 1:
		var exported []cookieOf1
		ok = in.Cookies == nil || json.Unmarshal(in.Cookies, &exported) == nil
		for _, c := range exported {
			valid := (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).Valid() //nolint:gosec // attributes are for responses
			ok = ok && valid == nil
			value := strings.Trim(c.Value, " \t")
			if c.Quoted {
				value = `"` + c.Value + `"`
			}
			if len(c.Name)+len(value) <= cookie.MaxBytes { // as a session ignores a longer one
				listed = append(listed, cookie.Cookie{Name: c.Name, Value: value, Expires: c.Expires})
			}
		}
		listed = listed[max(0, len(listed)-cookie.MaxCookies):] // version 1 had no bounds
	case 3:
		var exported []exportedCookie
		ok = json.Unmarshal(in.Cookies, &exported) == nil && exported != nil
		for _, c := range exported {
			listed = append(listed, cookie.Cookie{Name: string(c.Name), Value: string(c.Value), Expires: c.Expires})
		}
	}
	return listed, ok
}
