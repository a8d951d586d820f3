// Package site is the account page of a fictional partner, with signup links of both kinds that the SDK offers.
package site

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/partnerapi/partnerapi-go"
)

var (
	//go:embed page.html
	page string
	//go:embed style.css icon.svg
	files embed.FS

	pages = template.Must(template.New("").Parse(page))
)

// patience is how long a parent waits for the signup; the client's own timeouts are meant for programs.
const patience = 10 * time.Second

// Who returns the parent who makes a request: a real service reads its session. It fails if nobody is signed in.
type Who func(*http.Request) (partnerapi.SignupRequest, error)

type site struct {
	client *partnerapi.Client
	logger *slog.Logger
	who    Who
}

// loginPage is where visitors sign in.
const loginPage = "/login"

// New returns the site. Its links sign up the parent that who returns.
func New(client *partnerapi.Client, logger *slog.Logger, who Who) http.Handler {
	s := &site{client, logger, who}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.account)
	mux.HandleFunc("GET /direct", s.direct)
	mux.HandleFunc("GET "+loginPage, func(w http.ResponseWriter, _ *http.Request) {
		show(w, http.StatusOK, "problem", problem{"Please sign in", "A real service asks for the password here."})
	})
	mux.Handle("/protection", patiently(client.Signup.Handler(s.clicked, partnerapi.OnError(s.failed))))
	for _, name := range []string{"style.css", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, files, name)
		})
	}
	return secured(mux)
}

// account shows the page without the token.
func (s *site) account(w http.ResponseWriter, r *http.Request) {
	parent, err := s.who(r)
	if err != nil {
		http.Redirect(w, r, loginPage, http.StatusSeeOther)
		return
	}
	show(w, http.StatusOK, "account", accountPage{Parent: parent})
}

// direct shows the page with the link that contains the token.
func (s *site) direct(w http.ResponseWriter, r *http.Request) {
	parent, err := s.who(r)
	if err != nil {
		http.Redirect(w, r, loginPage, http.StatusSeeOther)
		return
	}
	link, err := s.client.Signup.URL(r.Context(), parent)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	show(w, http.StatusOK, "account", accountPage{parent, link})
}

// failed shows and logs a failure: only the log says that our token was revoked.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	var refused *partnerapi.ArgumentError
	if errors.Is(err, errNotClicked) || errors.As(err, &refused) {
		status = http.StatusBadRequest
	}
	s.logger.WarnContext(r.Context(), "nobody was signed up", "status", status, "error", err)
	w.WriteHeader(status) // the page is that of secured
}

type accountPage struct {
	Parent partnerapi.SignupRequest
	Direct string // the link that contains the token, if the page shows it
}

var errNotClicked = errors.New("not a click on this site")

// clicked returns the parent if the parent followed the link. Following it signs somebody up, so requests from pages of
// other sites are refused. The handler itself ignores programs that only look (HEAD).
func (s *site) clicked(r *http.Request) (partnerapi.SignupRequest, error) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none", "": // a link of ours, the address bar, or a browser that sends no such header
	default:
		return partnerapi.SignupRequest{}, errNotClicked
	}
	parent, err := s.who(r)
	if err != nil {
		return parent, partnerapi.RedirectTo(loginPage)
	}
	return parent, nil
}

func patiently(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// headers are the headers of every response.
var headers = map[string]string{
	"Cache-Control":              "no-store",
	"Content-Security-Policy":    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Referrer-Policy":            "no-referrer",
	"X-Content-Type-Options":     "nosniff",
}

// secured sets the headers and shows our own pages for failures.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(&writer{ResponseWriter: w}, r)
	})
}

// writer replaces the plain-text errors of net/http and the SDK with a page of ours.
type writer struct {
	http.ResponseWriter
	failed bool
}

// WriteHeader writes the page for a failure, and passes on every other status.
func (w *writer) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.failed = true
	p, known := problems[status]
	if !known {
		p = problem{http.StatusText(status), "Please try again later."}
	}
	show(w.ResponseWriter, status, "problem", p)
}

// Write drops the body of a failure.
func (w *writer) Write(b []byte) (int, error) {
	if w.failed {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

type problem struct{ Title, Text string }

var problems = map[int]problem{
	http.StatusBadRequest: {
		"That did not work",
		"We could not tell who should be signed up. Please start again from your account, not from a link on another site.",
	},
	http.StatusNotFound: {"There is no such page", "The address may be mistyped, or the page may be gone."},
	http.StatusMethodNotAllowed: {
		"That is not how this page works",
		"The page can only be opened, not written to.",
	},
	http.StatusBadGateway: {
		"Signing up does not work right now",
		"Our partner is not responding correctly. Please try again in a few minutes: trying again does not create a second account.",
	},
}

// show renders into memory first, so that a failing template does not leave half a page.
func show(w http.ResponseWriter, status int, name string, data any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		slog.Error("page", "name", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}
