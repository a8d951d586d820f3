package site

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// mailPage is the mailbox of the demonstration: the e-mails that the APIs would have sent.
type mailPage struct {
	Invitations []mail
	Unconfirmed []partnertest.Customer
}

// mail is the e-mail of an invitation.
type mail struct{ To, Link string }

// demoMail shows the mailbox.
func (s *site) demoMail(w http.ResponseWriter, r *http.Request) error {
	var p mailPage
	for _, i := range s.Fake.Invitations() {
		link, known := s.Fake.ActivationLink(i.ID)
		token, err := partnerapi.InvitationToken(link)
		if known && err == nil && i.Status == partnerapi.InvitationPending {
			p.Invitations = append(p.Invitations, mail{i.Email, "/networks?" + url.Values{"token": {token}}.Encode()})
		}
	}
	for _, c := range s.Fake.Customers() {
		if c.Unconfirmed {
			p.Unconfirmed = append(p.Unconfirmed, c)
		}
	}
	return s.show(w, r, http.StatusOK, "demo_mail", "Mailbox", p)
}

// demoSignedUp makes a new customer of the demonstration confirm the e-mail: the fake confirms it by itself.
func (s *site) demoSignedUp(customer *partnerapi.Customer) {
	if s.Fake == nil {
		return
	}
	for _, c := range s.Fake.Customers() {
		if c.ID == customer.ID {
			c.Unconfirmed = true
			s.Fake.SeedCustomer(c)
		}
	}
}

// demoConfirm confirms the e-mail of a customer, as the link in the e-mail does.
func (s *site) demoConfirm(w http.ResponseWriter, r *http.Request) error {
	for _, c := range s.Fake.Customers() {
		if strconv.FormatInt(c.ID, 10) == r.FormValue("id") {
			c.Unconfirmed = false
			s.Fake.SeedCustomer(c)
			s.notice(r, "The e-mail address is confirmed. You can log in now.")
		}
	}
	http.Redirect(w, r, "/fan/login", http.StatusSeeOther)
	return nil
}

// demoLogin is the hosted login page of the account API: it sends the browser back with tokens.
func (s *site) demoLogin(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodGet {
		f := &form{Values: url.Values{"return_to": {r.FormValue("return_to")}}}
		return s.showForm(w, r, "demo_login", "The fan club’s login page", f, nil)
	}
	f, err := readForm(r, [2]string{"email", "Enter your e-mail address"}, [2]string{"password", "Enter your password"})
	if err != nil {
		return err
	}
	back, err := url.Parse(f.Value("return_to"))
	if err != nil || back.Host != r.Host {
		return errNotClicked
	}
	for _, c := range s.Fake.Customers() {
		if c.Email == f.Value("email") && c.Password == f.Value("password") && c.Password != "" {
			http.Redirect(w, r, withTokens(back, s.Fake.SeedTokens(c.ID)), http.StatusSeeOther) //nolint:gosec // back is on this site
			return nil
		}
	}
	if !f.Failed() {
		f.Add("", "The e-mail address or the password is wrong")
	}
	return s.showForm(w, r, "demo_login", "The fan club’s login page", f, nil)
}

// withTokens returns a URL with tokens, as the hosted login page does.
func withTokens(back *url.URL, tokens partnerapi.Tokens) string {
	query := back.Query()
	query.Set("access_token", tokens.AccessToken)
	query.Set("access_token_expiration", strconv.FormatInt(tokens.AccessTokenExpires.Unix(), 10))
	query.Set("refresh_token", tokens.RefreshToken)
	query.Set("refresh_token_expiration", strconv.FormatInt(tokens.RefreshTokenExpires.Unix(), 10))
	back.RawQuery = query.Encode()
	return back.String()
}
