package site

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/partnerapi/partnerapi-go"
)

const (
	fanHome  = "/fan"
	fanLogin = "/fan/login"
)

// asFan makes calls with the session of the fan who is logged in, and stores the cookies or tokens that they changed in it. If the
// session has ended, the fan logs in and comes back to the page.
func (s *site) asFan(r *http.Request, calls func(context.Context, *partnerapi.Session) error) error {
	return s.use(r.Context(), fanID, fanLogin, func(stored []byte) ([]byte, error) {
		session, err := partnerapi.ImportSession(stored)
		if err == nil {
			err = calls(r.Context(), session)
		}
		var argument *partnerapi.ArgumentError // with a session of another server or version
		unusable := errors.As(err, &argument) && (argument.Name == "session" || argument.Name == "data")
		if unusable || errors.Is(err, partnerapi.ErrNotLoggedIn) {
			s.sessions.Put(r.Context(), nextPage, r.URL.Path) // a form has the path of its page
			return nil, loginNeeded{page: fanLogin, ended: true}
		}
		changed, _ := session.Export() // it fails only without a session
		return changed, err
	})
}

// fanForm is a form that changes something at the API.
type fanForm struct {
	page, title string
	required    [][2]string
	done        string // shown when it is certain that the change is made
	unknown     string // shown when it is not: how the fan finds out
	next        string // the page that shows it
}

var (
	signupForm = fanForm{
		"fan_signup", "Join the fan club", [][2]string{
			{"first_name", "Enter your first name"}, {"last_name", "Enter your last name"}, {"email", "Enter your e-mail address"},
			{"birthdate", "Enter your date of birth"}, {"password", "Enter a password"},
		}, "", "We do not know whether your account was created. Try to log in. If you cannot, join again.", fanLogin,
	}
	emailForm = fanForm{
		"fan_email", "New e-mail address", [][2]string{{"email", "Enter your new e-mail address"}}, "Your new e-mail address is saved.",
		"We do not know whether your e-mail address was changed. Your account page shows the one that the fan club has.", fanHome,
	}
	passwordForm = fanForm{
		"fan_password", "New password",
		[][2]string{{"current_password", "Enter your current password"}, {"password", "Enter your new password"}}, "Your new password is saved.",
		"We do not know whether your password was changed. When you log in, try the new one first, and then the old one.", fanHome,
	}
	preferencesForm = fanForm{
		"fan_preferences", "E-mail preferences", [][2]string{{"lists_opt_in", "Choose yes or no"}}, "Your choice is saved.",
		"We do not know whether your choice was saved. Your account page shows the one that the fan club has.", fanHome,
	}
)

// failed responds to a form after its call failed: with the API's messages, or with the truth if the change may have been made
// nevertheless.
func (s *site) failed(w http.ResponseWriter, r *http.Request, in fanForm, f *form, err error) error {
	switch {
	case f.Reject(err):
		return s.showForm(w, r, in.page, in.title, f, nil)
	case unsure(err):
		s.Logger.WarnContext(r.Context(), "the outcome of a form is unknown", "form", in.page, "error", err)
		s.warn(r, in.unknown)
		http.Redirect(w, r, in.next, http.StatusSeeOther)
		return nil
	}
	return err
}

// fixed shows a page that is the same for everybody.
func (s *site) fixed(page, title string, data any) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.show(w, r, http.StatusOK, page, title, data)
	}
}

func (s *site) fanSignup(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r, signupForm.required...)
	if err != nil {
		return err
	}
	birthdate, err := partnerapi.ParseDate(f.Value("birthdate"))
	if err != nil && f.Error("birthdate") == "" {
		f.Add("birthdate", "Enter your date of birth as year, month and day, such as 1994-04-09")
	}
	if f.Value("accept_terms") == "" {
		f.Add("accept_terms", "Accept the terms")
	}
	if f.Failed() {
		return s.showForm(w, r, signupForm.page, signupForm.title, f, nil)
	}
	customer, err := s.Client.Accounts.Create(r.Context(), partnerapi.CreateAccountRequest{
		Email: f.Value("email"), FirstName: f.Value("first_name"), LastName: f.Value("last_name"), Birthdate: birthdate,
		Username: f.Value("username"), Password: f.Value("password"), AcceptTerms: true,
	})
	if customer == nil { // with one, an error only says that not all of the response could be read
		return s.failed(w, r, signupForm, f, err)
	}
	s.demoSignedUp(customer)
	http.Redirect(w, r, "/fan/welcome", http.StatusSeeOther)
	return nil
}

func (s *site) fanLogin(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r, [2]string{"email", "Enter your e-mail address"}, [2]string{"password", "Enter your password"})
	if err != nil {
		return err
	}
	if !f.Failed() {
		_, session, err := s.Client.Accounts.Login(r.Context(), partnerapi.LoginRequest{Email: f.Value("email"), Password: f.Value("password")})
		switch {
		case session != nil: // with one, an error only says that not all of the response could be read
			return s.logInFan(w, r, session)
		case errors.Is(err, partnerapi.ErrWrongPassword):
			f.Add("", "The e-mail address or the password is wrong")
		case !f.Reject(err):
			return err
		}
	}
	return s.showForm(w, r, "fan_login", "Log in as a fan", f, s.HostedLogin)
}

// logInFan logs in the fan of a session of the API.
func (s *site) logInFan(w http.ResponseWriter, r *http.Request, session *partnerapi.Session) error {
	exported, _ := session.Export() // it fails only without a session
	return s.logIn(w, r, fanID, exported, fanHome)
}

// fanHosted sends the browser to the hosted login page. Only this browser knows the state, which is in the address to return to.
func (s *site) fanHosted(w http.ResponseWriter, r *http.Request) error {
	login, err := url.Parse(s.HostedLogin)
	if err != nil {
		return err
	}
	back := url.URL{Scheme: "https", Host: r.Host, Path: "/fan/return"}
	if s.PlainHTTP {
		back.Scheme = "http"
	}
	state := rand.Text()
	s.sessions.Put(r.Context(), loginState, state)
	back.RawQuery = url.Values{"state": {state}}.Encode()
	query := login.Query()
	query.Set("return_to", back.String())
	login.RawQuery = query.Encode()
	http.Redirect(w, r, login.String(), http.StatusSeeOther)
	return nil
}

// fanReturn is where the hosted login page sends the browser back to, with tokens in the address. It always redirects, so that they
// leave the address bar.
func (s *site) fanReturn(w http.ResponseWriter, r *http.Request) error {
	tokens, _, err := partnerapi.TokensFromURL(r.URL)
	state, given := s.sessions.PopString(r.Context(), loginState), r.URL.Query().Get("state")
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(given)) == 0 {
		err = errNotClicked // the login did not begin in this browser
	}
	if err == nil {
		session, _ := partnerapi.NewTokenSession(tokens) // TokensFromURL has checked them
		err = s.logInFan(w, r, session)
	}
	if err != nil {
		s.Logger.WarnContext(r.Context(), "a hosted login failed", "error", err)
		s.warn(r, "The login at the fan club’s page did not work. Please start again here.")
		http.Redirect(w, r, fanLogin, http.StatusSeeOther)
	}
	return nil
}

// fanLogout ends a session at the API.
func (s *site) fanLogout(ctx context.Context, stored []byte) error {
	session, err := partnerapi.ImportSession(stored)
	if err != nil {
		return err
	}
	return s.Client.Accounts.Logout(ctx, session)
}

// fanPage is the account page of a fan.
type fanPage struct {
	*partnerapi.Customer
	Benefits []partnerapi.Benefit
}

func (s *site) fan(w http.ResponseWriter, r *http.Request) error {
	var p fanPage
	err := s.asFan(r, func(ctx context.Context, session *partnerapi.Session) (err error) {
		if p.Customer, err = s.Client.Accounts.Get(ctx, session); err != nil {
			return err
		}
		p.Benefits, err = s.Client.Accounts.Benefits(ctx, session)
		return err
	})
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "fan", "Your membership", p)
}

// changePage shows a form with the values that the customer has.
func (s *site) changePage(in fanForm) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		values := url.Values{}
		err := s.asFan(r, func(ctx context.Context, session *partnerapi.Session) error {
			customer, err := s.Client.Accounts.Get(ctx, session)
			if err != nil {
				return err
			}
			values.Set("login", customer.Email) // for password managers
			if customer.ListsOptIn != nil {
				values.Set("lists_opt_in", map[bool]string{true: "True", false: "False"}[*customer.ListsOptIn])
			}
			return nil
		})
		if err != nil {
			return err
		}
		return s.showForm(w, r, in.page, in.title, &form{Values: values}, nil)
	}
}

// change changes what a form has a value of, and nothing else.
func (s *site) change(in fanForm) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := readForm(r, in.required...)
		if err != nil {
			return err
		}
		if f.Failed() {
			return s.showForm(w, r, in.page, in.title, f, nil)
		}
		maps.DeleteFunc(f.Values, func(name string, _ []string) bool {
			return !slices.ContainsFunc(in.required, func(field [2]string) bool { return field[0] == name })
		})
		var customer *partnerapi.Customer
		err = s.asFan(r, func(ctx context.Context, session *partnerapi.Session) (err error) {
			customer, err = s.Client.Accounts.Update(ctx, session, partnerapi.UpdateAccountRequest{
				Email: f.Value("email"), CurrentPassword: f.Value("current_password"), Password: f.Value("password"),
				ListsOptIn: partnerapi.OptIn(f.Value("lists_opt_in")),
			})
			return err
		})
		if customer == nil { // with one, an error only says that not all of the response could be read
			return s.failed(w, r, in, f, err)
		}
		s.notice(r, in.done)
		http.Redirect(w, r, in.next, http.StatusSeeOther)
		return nil
	}
}
