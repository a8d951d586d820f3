package site

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
)

// Keys of the browser's session. The logins and the sessions of the APIs are not in it, only their ids: package scs writes all values
// together, so that the last of two concurrent requests wins, even if the other one was a logout.
const (
	parentID                = "parent"
	fanID                   = "fan"
	operatorID              = "operator"
	nextPage                = "next"              // where to go after a login
	loginState              = "state"             // of a hosted login that began in this browser
	noticeText, warningText = "notice", "warning" // shown once
)

func newSessions(c Config) *scs.SessionManager {
	sessions := scs.New()
	sessions.Store, sessions.HashTokenInStore = c.Store.Sessions, true
	sessions.Lifetime = 12 * time.Hour
	sessions.Cookie.Name = "__Host-portal"
	sessions.Cookie.Secure = true
	sessions.Cookie.HttpOnly, sessions.Cookie.SameSite = true, http.SameSiteLaxMode
	if c.PlainHTTP {
		sessions.Cookie.Name, sessions.Cookie.Secure = "portal", false
	}
	sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		c.Logger.ErrorContext(r.Context(), "the browser's session", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	return sessions
}

// logIn stores a session, puts its id into the browser's session under a new token, and sends the browser to the page that it came for.
func (s *site) logIn(w http.ResponseWriter, r *http.Request, key string, session []byte, home string) error {
	id, err := s.Store.AddAPISession(r.Context(), session)
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	s.sessions.Put(r.Context(), key, id)
	next := s.sessions.PopString(r.Context(), nextPage)
	if !within(next, home) {
		next = home
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// notice is shown on the next page.
func (s *site) notice(r *http.Request, text string) { s.sessions.Put(r.Context(), noticeText, text) }

// warn is notice for what is not certain.
func (s *site) warn(r *http.Request, text string) { s.sessions.Put(r.Context(), warningText, text) }

// logOut logs the visitor out at the API, and here in any case.
func (s *site) logOut(key, loginPage string, atAPI func(context.Context, []byte) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), patience/2) // leaves time to log out here
		defer cancel()
		err := s.use(ctx, key, loginPage, func(session []byte) ([]byte, error) { return nil, atAPI(ctx, session) })
		if err != nil {
			s.Logger.WarnContext(ctx, "a visitor is logged out here, and perhaps not at the API", "who", key, "error", err)
		}
		s.sessions.Remove(r.Context(), key)
		if err := s.sessions.RenewToken(r.Context()); err != nil {
			return err
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
}

// use calls use with the visitor's session at an API, while no other request can use it, and stores what use returns. If that is nil,
// the session has ended, and so has the visitor's login. It returns loginNeeded if there is no session.
func (s *site) use(ctx context.Context, key, loginPage string, use func(session []byte) ([]byte, error)) error {
	id, ended := s.sessions.GetString(ctx, key), false
	if id == "" {
		return loginNeeded{page: loginPage}
	}
	var failed error
	err := s.Store.UseAPISession(ctx, id, func(session []byte) (changed []byte, err error) {
		changed, failed = use(session)
		ended = changed == nil
		return changed, failed
	})
	if errors.Is(err, store.ErrNotStored) { // the call of the API is made all the same
		s.Logger.ErrorContext(ctx, "a session cannot be stored", "error", err)
		err = failed
	}
	if errors.Is(err, store.ErrNotFound) || ended {
		s.sessions.Remove(ctx, key)
	}
	if errors.Is(err, store.ErrNotFound) {
		return loginNeeded{page: loginPage, ended: true}
	}
	return err
}
