// Package site is the account page of a fictional partner, with links to protection in the two ways that the SDK offers.
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

// patience is how long a parent waits for the signup; the client's own limits are for programs.
const patience = 10 * time.Second

// Who says which parent a request is of: a real service asks its session.
type Who func(*http.Request) (partnerapi.SignupRequest, error)

type site struct {
	client *partnerapi.Client
	who    Who
}

// New returns the site. Its links sign up whom who names.
func New(client *partnerapi.Client, who Who) http.Handler {
	s := &site{client, who}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.account)
	mux.HandleFunc("GET /direct", s.direct)
	mux.Handle("/protection", patiently(client.Signup.Handler(s.clicked)))
	for _, name := range []string{"style.css", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, files, name)
		})
	}
	return secured(mux)
}

// account shows the page that holds no token.
func (s *site) account(w http.ResponseWriter, r *http.Request) {
	parent, err := s.who(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	show(w, http.StatusOK, "account", accountPage{Parent: parent})
}

// direct shows the page with the link that holds the token.
func (s *site) direct(w http.ResponseWriter, r *http.Request) {
	parent, err := s.who(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	link, err := s.client.Signup.URL(r.Context(), parent)
	var refused *partnerapi.ArgumentError
	switch {
	case errors.As(err, &refused):
		w.WriteHeader(http.StatusBadRequest)
	case err != nil:
		w.WriteHeader(http.StatusBadGateway)
	default:
		show(w, http.StatusOK, "account", accountPage{parent, link})
	}
}

type accountPage struct {
	Parent partnerapi.SignupRequest
	Direct string // the link that holds the token, if the page is to show it
}

var errNotClicked = errors.New("not a click on this site")

// clicked names the parent if it was the parent who followed the link. Following it signs somebody up, so a page of another
// site may not; the handler sees to it that a program that only looks (HEAD) does not either.
func (s *site) clicked(r *http.Request) (partnerapi.SignupRequest, error) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none", "": // a link of ours, the address bar, a browser that does not tell
	default:
		return partnerapi.SignupRequest{}, errNotClicked
	}
	return s.who(r)
}

func patiently(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// headers are those of every answer.
var headers = map[string]string{
	"Cache-Control":              "no-store",
	"Content-Security-Policy":    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Referrer-Policy":            "no-referrer",
	"X-Content-Type-Options":     "nosniff",
}

// secured sets the headers and gives failures pages of our own.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(&writer{ResponseWriter: w}, r)
	})
}

// writer puts a page of ours in place of what net/http and the SDK say of a failure, which is a line of plain text.
type writer struct {
	http.ResponseWriter
	failed bool
}

// WriteHeader writes the page of a failure, and the header of everything else.
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

// Write leaves out the body of a failure.
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
		"We could not tell who is to be signed up. Please start again from your account, and not from a link elsewhere.",
	},
	http.StatusNotFound: {"There is no such page", "The address may be mistyped, or the page may be gone."},
	http.StatusMethodNotAllowed: {
		"That is not how this page works",
		"The page can only be opened, not written to.",
	},
	http.StatusBadGateway: {
		"Signing up does not work right now",
		"Our partner does not answer as it should. Please try again in a few minutes: you will have one account, however often you try.",
	},
}

// show renders into memory first, so that a template that fails does not leave half a page.
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
