package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
	"github.com/partnerapi/partnerapi-go/partnertest/internal/wire"
)

// adminHandler serves the paths under adminPath.
func (s *server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_fake/calls", s.listCalls)
	mux.HandleFunc("GET /_fake/state", s.showState)
	mux.HandleFunc("POST /_fake/faults", s.queueFaults)
	mux.HandleFunc("POST /_fake/tokens", s.makeTokens)
	mux.HandleFunc("POST /_fake/recover", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, map[string]int{"left": s.fake.Load().Recover()})
	})
	mux.HandleFunc("POST /_fake/reset", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.reset(); err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		respond(w, http.StatusOK, map[string]bool{"reset": true})
	})
	mux.HandleFunc("/_fake/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "no such endpoint: use GET calls or state, or POST faults, tokens, recover or reset; see partnerfake -h")
	})
	return mux
}

// onLoopback refuses requests whose Host is neither a loopback address nor localhost.
func onLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
			refuse(w, http.StatusForbidden, "only served to a loopback address or localhost")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func adminOff(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusForbidden, "off, because of -expose")
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // every value here can be encoded; a write fails only if the client is gone
}

func refuse(w http.ResponseWriter, status int, why string) {
	respond(w, status, map[string]string{"error": why})
}

// shownCall is a partnertest.Call without its credentials: no headers, and a query without key and token.
type shownCall struct {
	API      partnerapi.API `json:"api"`
	Op       string         `json:"op"`
	Method   string         `json:"method"`
	Path     string         `json:"path"`
	Query    url.Values     `json:"query"`
	Body     string         `json:"body"`
	Status   int            `json:"status"`
	At       time.Time      `json:"at"`
	Duration string         `json:"duration"`
}

func (s *server) listCalls(w http.ResponseWriter, r *http.Request) {
	fake := s.fake.Load()
	calls := fake.Calls()
	if op := r.URL.Query().Get("op"); op != "" {
		if err := try(func() { calls = fake.CallsTo(op) }); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	shown := []shownCall{}
	for _, c := range calls {
		c.Query.Del("key")
		c.Query.Del("token")
		shown = append(shown, shownCall{
			c.API, c.Op, c.Method, c.Path, c.Query, string(c.Body), c.Status, c.At, c.Duration.Round(time.Microsecond).String(),
		})
	}
	respond(w, http.StatusOK, shown)
}

func (s *server) queueFaults(w http.ResponseWriter, r *http.Request) {
	var asked queued
	if !read(w, r, &asked) {
		return
	}
	n, err := asked.queue(s.fake.Load())
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	respond(w, http.StatusOK, map[string]int{"queued": n})
}

// makeTokens is the login of a customer on the site's own page, which no API has.
func (s *server) makeTokens(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		CustomerID int64 `json:"customer_id"`
	}
	if !read(w, r, &asked) {
		return
	}
	var tokens partnerapi.Tokens
	if err := try(func() { tokens = s.fake.Load().SeedTokens(asked.CustomerID) }); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	respond(w, http.StatusOK, tokens)
}

// read decodes the body of a request, or refuses the request.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "body too large")
		return false
	case err != nil:
		refuse(w, http.StatusBadRequest, "incomplete body")
		return false
	}
	if err := strict(body, v); err != nil {
		what, _ := wrong(err)
		refuse(w, http.StatusBadRequest, what)
		return false
	}
	return true
}

type signup struct {
	PK            string          `json:"pk"`
	Email         string          `json:"email"`
	ChildBirthday partnerapi.Date `json:"child_birthday"`
	ChildName     string          `json:"child_name"`
	ChildEmail    string          `json:"child_email"`
}

type invitation struct {
	partnerapi.Invitation
	ActivationLink string `json:"activation_link"`
}

// showState shows all records in the form of the APIs, and state that no API returns: subscriptions, signups and the links
// in e-mails.
func (s *server) showState(w http.ResponseWriter, _ *http.Request) {
	fake := s.fake.Load()
	state := struct {
		Subscriptions []subscription       `json:"subscriptions"`
		Signups       []signup             `json:"signups"`
		Customers     []*wire.Customer     `json:"customers"`
		Networks      []partnerapi.Network `json:"networks"`
		Invitations   []invitation         `json:"invitations"`
	}{
		mapped(fake.Subscriptions(), func(v partnertest.Subscription) subscription { return subscription(v) }),
		mapped(fake.Signups(), func(v partnerapi.SignupRequest) signup { return signup(v) }),
		mapped(fake.Customers(), func(v partnertest.Customer) *wire.Customer { return wire.CustomerOf(v.Customer) }),
		fake.Networks(),
		mapped(fake.Invitations(), func(v partnerapi.Invitation) invitation {
			link, _ := fake.ActivationLink(v.ID)
			return invitation{v, link}
		}),
	}
	respond(w, http.StatusOK, state)
}

func mapped[From, To any](list []From, to func(From) To) []To {
	shown := make([]To, 0, len(list))
	for _, v := range list {
		shown = append(shown, to(v))
	}
	return shown
}
