// Package site is the web site: the pages of parents, fans and operators.
package site

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/time/rate"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/settle"
	"github.com/partnerapi/partnerapi-go/examples/portal/internal/store"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// Config is what a site needs.
type Config struct {
	Client *partnerapi.Client
	Store  *store.Store
	Logger *slog.Logger
	// AppKey starts the sign-in of operators.
	AppKey string
	// HostedLogin is the URL of the account API's hosted login page. A fan who logs in there is sent back to the address in its
	// parameter return_to. Empty means that there is none.
	HostedLogin string
	// Logins are shown on the start page of the demonstration.
	Logins []Login
	// Fake, if set, makes the site a demonstration: pages below /demo show its mailbox and its hosted login page.
	Fake *partnertest.Fake
	// PlainHTTP leaves out the attribute Secure of cookies, for a demonstration on loopback.
	PlainHTTP bool
	// LoginLimit and LoginBurst limit the attempts to log in from one address.
	LoginLimit rate.Limit
	LoginBurst int
}

// Login is a ready-made login of the demonstration.
type Login struct{ Who, Page, Name, Password string }

// patience is how long a visitor waits for a page: the client's own timeouts are meant for programs.
const patience = 10 * time.Second

type site struct {
	Config
	sessions *scs.SessionManager
	settler  *settle.Settler
	limits   *limits
}

// New returns the site. Settler changes the subscriptions of parents; the caller runs it.
func New(c Config, settler *settle.Settler) http.Handler {
	s := &site{Config: c, sessions: newSessions(c), settler: settler, limits: newLimits(c.LoginLimit, c.LoginBurst)}
	mux := http.NewServeMux()
	for pattern, h := range s.routes() {
		mux.Handle(pattern, s.handle(pattern, h))
	}
	mux.Handle("GET "+protectionPage, s.protection())
	outer := http.NewServeMux()
	outer.Handle("GET /static/", http.FileServerFS(static))
	outer.HandleFunc("GET /healthz", s.health)
	outer.Handle("/", s.sessions.LoadAndSave(s.protect(s.pages(mux))))
	return s.logged(withHeaders(outer))
}

// handler responds to a request or returns an error, which is shown as a page.
type handler func(w http.ResponseWriter, r *http.Request) error

// routes are all pages but those of the demonstration.
func (s *site) routes() map[string]handler {
	routes := map[string]handler{
		"GET /{$}": s.start,

		"GET /parent":               s.parent,
		"GET /parent/login":         s.fixed("parent_login", "Log in as a parent", nil),
		"POST /parent/login":        s.limited(s.parentLogin),
		"POST /parent/logout":       s.logOut(parentID, parentLogin, func(context.Context, []byte) error { return nil }),
		"GET /parent/direct":        s.parentDirect,
		"POST /parent/subscription": s.parentChange,
		"GET /parent/cancel":        s.parentCancel,

		"GET /fan":              s.fan,
		"GET /fan/signup":       s.fixed(signupForm.page, signupForm.title, nil),
		"POST /fan/signup":      s.limited(s.fanSignup),
		"GET /fan/welcome":      s.fixed("fan_welcome", "Check your e-mail", nil),
		"GET /fan/login":        s.fixed("fan_login", "Log in as a fan", s.HostedLogin),
		"POST /fan/login":       s.limited(s.fanLogin),
		"POST /fan/logout":      s.logOut(fanID, fanLogin, s.fanLogout),
		"GET /fan/email":        s.changePage(emailForm),
		"POST /fan/email":       s.change(emailForm),
		"GET /fan/password":     s.changePage(passwordForm),
		"POST /fan/password":    s.limited(s.change(passwordForm)),
		"GET /fan/preferences":  s.changePage(preferencesForm),
		"POST /fan/preferences": s.change(preferencesForm),
	}
	maps.Copy(routes, s.operatorRoutes())
	if s.HostedLogin != "" {
		routes["GET /fan/hosted"], routes["GET /fan/return"] = s.fanHosted, s.fanReturn
	}
	if s.Fake != nil {
		maps.Copy(routes, map[string]handler{
			"GET /demo/mail":     s.demoMail,
			"POST /demo/confirm": s.demoConfirm,
			"GET /demo/login":    s.demoLogin,
			"POST /demo/login":   s.demoLogin,
		})
	}
	return routes
}

// operatorRoutes are the pages of operators, with the access that each requires. The API grants access to features that the
// application defines: networks and network-invitations are this one's.
func (s *site) operatorRoutes() map[string]handler {
	email, domain := [2]string{"email", "Enter the e-mail address"}, [2]string{"domain_id", "Choose the kind of business"}
	return map[string]handler{
		"GET /operator/login":                    s.fixed("operator_login", "Log in as an operator", nil),
		"POST /operator/login":                   s.limited(s.operatorLogin),
		"POST /operator/logout":                  s.logOut(operatorID, operatorLogin, s.operatorLogout),
		"/operator/account":                      s.operating("*", s.operatorAccount),
		"GET /operator":                          s.operating("*", s.operator),
		"GET /operator/networks":                 s.operating("networks:r", s.networks),
		"/operator/networks/{id}/fee":            s.operating("networks:u", s.networkFee, [2]string{"fee", "Enter the fee"}),
		"/operator/networks/{id}/delete":         s.operating("networks:d", s.networkDelete),
		"GET /operator/invitations":              s.operating("network-invitations:r", s.invitations),
		"/operator/invitations/new":              s.operating("network-invitations:c", s.invitationNew, email, domain),
		"/operator/invitations/{id}/edit":        s.operating("network-invitations:u", s.invitationEdit, email),
		"POST /operator/invitations/{id}/resend": s.operating("network-invitations:u", s.invitationEdit),
		"/operator/invitations/{id}/delete":      s.operating("network-invitations:d", s.invitationDelete),
		"GET /networks":                          s.activation,
		"POST /networks":                         s.limited(s.activate),
	}
}

func (s *site) start(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, "start", "Welcome", s.Logins)
}

func (s *site) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := s.Store.Ping(ctx); err != nil {
		s.Logger.WarnContext(ctx, "the database does not respond", "error", err)
		http.Error(w, "database", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// loginNeeded means that the visitor has to log in first.
type loginNeeded struct {
	page  string // the login page
	ended bool   // the session has ended at the API
}

func (loginNeeded) Error() string { return "login needed" }

// handle makes an http.Handler of a handler: it limits the time, and shows errors as pages.
func (s *site) handle(pattern string, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		r = r.WithContext(ctx)
		infoOf(ctx).pattern = pattern
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// fail shows an error as a page, or sends the visitor to the login page and, after the login, back.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	var login loginNeeded
	if !errors.As(err, &login) {
		status := statusOf(err)
		s.Logger.WarnContext(r.Context(), "a page failed", "status", status, "error", err)
		s.problem(w, r, status)
		return
	}
	if login.ended {
		s.notice(r, "Your session has ended. Please log in again.")
	}
	if r.Method == http.MethodGet && r.URL.Path != protectionPage { // form-action forbids a login that ends on another site
		s.sessions.Put(r.Context(), nextPage, r.URL.RequestURI())
	}
	http.Redirect(w, r, login.page, http.StatusSeeOther)
}

// statusOf returns the status of a failed page.
func statusOf(err error) int {
	switch {
	case errors.Is(err, errNotClicked):
		return http.StatusBadRequest
	case errors.Is(err, errNotAllowed):
		return http.StatusForbidden
	case errors.Is(err, store.ErrChecking):
		return http.StatusConflict
	}
	var failed *partnerapi.Error
	status := partnerapi.HTTPStatus(err)
	if status == http.StatusInternalServerError && errors.As(err, &failed) { // such as a refused connection
		return http.StatusServiceUnavailable
	}
	return status
}

// unsure reports whether a change may have been made although the call failed.
func unsure(err error) bool {
	return errors.Is(err, partnerapi.ErrOutcomeUnknown) || errors.Is(err, partnerapi.ErrBadResponse)
}

// errNotAllowed means that the operator lacks the access.
var errNotAllowed = errors.New("not allowed")
