package partnerapi_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// site is a web site whose customers log in at the hosted login page.
type site struct {
	client  *partnerapi.Client
	session *partnerapi.Session // in your session store, for each customer
}

// login sends a visitor to the hosted login page. The state is in the address to return to, and in a cookie of this browser.
func (s *site) login(w http.ResponseWriter, r *http.Request) {
	state := rand.Text()
	http.SetCookie(w, &http.Cookie{Name: "login_state", Value: state, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	back := url.QueryEscape("https://www.example.com/account?state=" + state)
	http.Redirect(w, r, "https://login.example.com/?return_to="+back, http.StatusSeeOther) // your login page and its parameter
}

// account is the page to which the hosted login page sends the customer back.
//
//nolint:gosec // clean is always on this site
func (s *site) account(w http.ResponseWriter, r *http.Request) {
	tokens, clean, err := partnerapi.TokensFromURL(r.URL)
	if clean.String() == r.URL.RequestURI() { // no tokens in it: after the redirect, or an ordinary visit
		s.page(w, r)
		return
	}
	cookie, _ := r.Cookie("login_state")
	if err == nil && cookie != nil && cookie.Value != "" && cookie.Value == r.URL.Query().Get("state") {
		s.session, _ = partnerapi.NewTokenSession(tokens) // TokensFromURL has checked them
		http.SetCookie(w, &http.Cookie{Name: "login_state", Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, clean.String(), http.StatusSeeOther) // in any case: the tokens leave the address bar
}

func (s *site) page(w http.ResponseWriter, r *http.Request) {
	if s.session == nil {
		http.Error(w, "not logged in", http.StatusUnauthorized)
		return
	}
	customer, err := s.client.Accounts.Get(r.Context(), s.session)
	if err != nil {
		http.Error(w, "This did not work.", partnerapi.HTTPStatus(err))
		return
	}
	_, _ = fmt.Fprintln(w, "hello", customer.FirstName)
}

// A login at the hosted login page. Without the state of the browser's cookie, a link with somebody else's tokens would log the
// visitor in as them.
func ExampleTokensFromURL() {
	fake := partnertest.New()
	fan := fake.SeedCustomer(partnertest.Customer{Customer: partnerapi.Customer{FirstName: "Robin"}})
	s := &site{client: fake.Client()}

	visit := func(handler http.HandlerFunc, link, state string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequestWithContext(context.Background(), http.MethodGet, link, nil), httptest.NewRecorder()
		r.Header.Set("Cookie", "login_state="+state)
		handler(w, r)
		return w
	}
	toLogin, _ := url.Parse(visit(s.login, "/login", "").Header().Get("Location"))
	_, state, _ := strings.Cut(toLogin.Query().Get("return_to"), "state=")
	tokens := fake.SeedTokens(fan.ID)
	for _, query := range []string{
		"state=another&refresh_token=" + tokens.RefreshToken,
		"state=another&access_token=" + tokens.AccessToken,
		"state=" + state + "&refresh_token=" + tokens.RefreshToken,
	} {
		to := visit(s.account, "/account?"+query, state).Header().Get("Location")
		fmt.Println("tokens in the address:", strings.Contains(to, "token"))
		fmt.Print(visit(s.account, to, state).Body)
	}
	// Output:
	// tokens in the address: false
	// not logged in
	// tokens in the address: false
	// not logged in
	// tokens in the address: false
	// hello Robin
}
