package partnertest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest/internal/wire"
)

var accountOperations = []operation{
	{api: partnerapi.AccountAPI, op: "GET /account", do: (*Fake).getAccount},
	{api: partnerapi.AccountAPI, op: "GET /account/status", do: (*Fake).accountStatus},
	{api: partnerapi.AccountAPI, op: "POST /accounts", do: (*Fake).createAccount},
	{api: partnerapi.AccountAPI, op: "POST /account", do: (*Fake).updateAccount},
	{api: partnerapi.AccountAPI, op: "GET /account/benefits", do: (*Fake).accountBenefits},
	{api: partnerapi.AccountAPI, op: "POST /login", do: (*Fake).login},
	{api: partnerapi.AccountAPI, op: "GET /logout", do: (*Fake).logout},
	{api: partnerapi.AccountAPI, op: "POST /refresh", do: (*Fake).refresh},
	{api: partnerapi.AccountAPI, op: "GET /account/search", do: (*Fake).searchAccount, check: checkOrganizationKey},
}

// The vendor's messages.
const (
	accountBadKey          = "Please use a valid API Key."
	accountLoggedOut       = "Please log in to access your online benefits."
	accountNoCustomer      = "Customer parameter is required."
	accountBlankBirthdate  = "Birthdate can't be blank"
	accountTakenEmail      = "Email has already been taken"
	accountBlankPassword   = "Password can't be blank"
	accountWrongCurrent    = "Current password is incorrect"
	accountWrongLogin      = "Email and password combination is incorrect."
	accountBlocked         = "Unable to login. Please contact support@sparkart.com for assistance."
	accountUnregistered    = "Your email address has an unregistered account associated with it. Please contact support for assistance."
	accountUnconfirmed     = "Your email address has not been confirmed. Please click on the link from your confirmation email or contact support for assistance."
	accountRefusedRefresh  = "Unable to decode refresh token"
	accountBlankEmail      = "Email can't be blank"                         // ours A22
	accountBadBirthdate    = "Birthdate is invalid"                         // ours A23
	accountBadConfirmation = "Password confirmation doesn't match Password" // ours A24
)

// ours A25: it does not expire before Fake.ExpireSessions
const sessionCookie = "partnertest_session"

func accountOK(members map[string]any) reply {
	body := map[string]any{"status": "ok"}
	maps.Copy(body, members)
	return inJSON(http.StatusOK, body)
}

// accountFailed returns a failure. Its status is 200, as in every response of this API.
func accountFailed(messages ...string) reply {
	return inJSON(http.StatusOK, map[string]any{"status": "error", "messages": messages})
}

func checkAccountKey(f *Fake, in *request) *reply {
	club, known := f.fanclubs[in.URL.Query().Get("key")]
	if !known {
		refused := accountFailed(accountBadKey) // ours A26: in every operation
		return &refused
	}
	in.fanclub = club
	return nil
}

func checkOrganizationKey(f *Fake, in *request) *reply {
	if refused := checkAccountKey(f, in); refused != nil {
		return refused
	}
	if key := in.Header.Get("Api-Key"); key == "" || key != in.fanclub.OrganizationKey {
		refused := accountFailed(accountBadKey)
		return &refused
	}
	return nil
}

func accountNoRoute(in *request) reply {
	// ours A27
	return inJSON(http.StatusNotFound, map[string]string{"error": "Not Found: " + in.URL.EscapedPath()})
}

// current returns the customer of the request's session.
func (f *Fake) current(in *request) (Customer, bool) {
	id, known := f.bearerOf(in)
	if cookie, err := in.Cookie(sessionCookie); err == nil && !hasBearer(in) {
		id, known = f.sessions.get(cookie.Value)
	}
	c, exists := f.customers.get(id)
	// ours A28
	return c, known && exists && c.FanclubID == in.fanclub.ID && !c.Unconfirmed && !c.Blocked
}

// ExpireSessions expires all customer sessions immediately: cookie sessions, and token sessions, which can no longer be
// refreshed.
func (f *Fake) ExpireSessions() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions.clear()
	f.access.clear()
	f.refreshes.clear()
}

func (f *Fake) getAccount(in *request) reply {
	c, found := f.current(in)
	if !found {
		return accountOK(map[string]any{"customer": nil}) // ours A09: null here, and a failure elsewhere
	}
	w := f.wire(c)
	w.ListsOptIn = orFalse(c.ListsOptIn)
	if c.registered() {
		w.AutoRenewalEnabled = orFalse(c.AutoRenewalEnabled)
	}
	return accountOK(map[string]any{"customer": w})
}

// accountStatus only looks for a cookie, as documented.
func (f *Fake) accountStatus(in *request) reply {
	_, err := in.Cookie(sessionCookie)
	return accountOK(map[string]any{"logged_in": err == nil || hasBearer(in)}) // ours A29: nor an access token
}

func (f *Fake) accountBenefits(in *request) reply {
	c, found := f.current(in)
	if !found || !c.registered() {
		return accountFailed(accountLoggedOut)
	}
	benefits := []wireBenefit{}
	if c.Subscription != nil {
		for _, b := range c.Benefits {
			benefits = append(benefits, wireBenefit{b.ID, b.Summary, wire.OrNull(b.Details), b.BenefitType, wire.OrNull(b.ImageURL)})
		}
	}
	return accountOK(map[string]any{"benefits": benefits})
}

// createAccountBody has the members that have an effect.
// ours A30, A31: accept_terms has none, and a user name may be taken twice
type createAccountBody struct {
	Email     string     `json:"email"`
	FirstName string     `json:"first_name"`
	LastName  string     `json:"last_name"`
	Birthdate string     `json:"birthdate"`
	Username  string     `json:"username"`
	Passwords *passwords `json:"password_attributes"`
}

type passwords struct {
	Password     string `json:"password"`
	Confirmation string `json:"password_confirmation"`
}

func (f *Fake) createAccount(in *request) reply {
	body, ok := read[createAccountBody](in)
	if !ok || body == (createAccountBody{}) {
		return accountFailed(accountNoCustomer) // ours A32
	}
	birthdate, badBirthdate := partnerapi.ParseDate(body.Birthdate)
	var wrong []string
	switch {
	case isBlank(body.Birthdate):
		wrong = append(wrong, accountBlankBirthdate)
	case badBirthdate != nil:
		wrong = append(wrong, accountBadBirthdate)
	}
	wrong = append(wrong, f.refuseEmail(in.fanclub.ID, body.Email)...)
	if body.Passwords == nil {
		body.Passwords = &passwords{}
	} else {
		wrong = append(wrong, body.Passwords.refuse()...)
	}
	if len(wrong) > 0 {
		return accountFailed(wrong...)
	}
	// ours A33: the customer is confirmed, and expired as the document defines it; its example is not
	c := f.put(Customer{Customer: partnerapi.Customer{
		Email: body.Email, FirstName: body.FirstName, LastName: body.LastName, Birthdate: birthdate,
		Username: body.Username, FanclubID: in.fanclub.ID, Expired: true,
	}, Password: body.Passwords.Password})
	return accountOK(map[string]any{"customer": f.wire(c)})
}

// refuseEmail returns the problems with a new e-mail.
func (f *Fake) refuseEmail(fanclub int64, email string) []string {
	if isBlank(email) {
		return []string{accountBlankEmail}
	}
	if _, taken := f.emails[addressOf(fanclub, email)]; taken {
		return []string{accountTakenEmail}
	}
	return nil
}

// refuse returns the problems with a new password.
func (p passwords) refuse() []string {
	var wrong []string
	if isBlank(p.Password) {
		wrong = append(wrong, accountBlankPassword)
	}
	if p.Password != p.Confirmation {
		wrong = append(wrong, accountBadConfirmation)
	}
	return wrong
}

type updateAccountBody struct {
	Email           *string `json:"email"`
	FirstName       *string `json:"first_name"`
	LastName        *string `json:"last_name"`
	Username        *string `json:"username"`
	CurrentPassword string  `json:"current_password"`
	passwords
	ListsOptIn json.RawMessage `json:"lists_opt_in"`
}

func (f *Fake) updateAccount(in *request) reply {
	c, found := f.current(in)
	if !found || !c.registered() {
		return accountFailed(accountLoggedOut)
	}
	body, ok := read[updateAccountBody](in)
	if !ok {
		return accountFailed(accountNoCustomer)
	}
	var wrong []string
	if body.Email != nil && addressOf(c.FanclubID, *body.Email) != addressOf(c.FanclubID, c.Email) {
		wrong = f.refuseEmail(c.FanclubID, *body.Email)
	}
	if body.passwords != (passwords{}) {
		if c.Password == "" || body.CurrentPassword != c.Password {
			wrong = append(wrong, accountWrongCurrent)
		}
		wrong = append(wrong, body.refuse()...)
	}
	if len(wrong) > 0 {
		return accountFailed(wrong...)
	}
	c = f.put(body.applyTo(c)) // ours A34: a new password ends no session
	return accountOK(map[string]any{"customer": f.wire(c)})
}

func (body updateAccountBody) applyTo(c Customer) Customer {
	for _, change := range []struct{ from, to *string }{
		{body.Email, &c.Email}, {body.FirstName, &c.FirstName}, {body.LastName, &c.LastName}, {body.Username, &c.Username},
	} {
		if change.from != nil {
			*change.to = *change.from // ours A35: an empty name too
		}
	}
	// ours A36: a new e-mail is valid immediately
	if !slices.Contains(c.EmailAliases, c.Email) {
		c.EmailAliases = append([]string{c.Email}, c.EmailAliases[:min(len(c.EmailAliases), 99)]...)
	}
	c.Password = cmp.Or(body.Password, c.Password)
	if wants, isChoice := optIns[string(body.ListsOptIn)]; isChoice {
		c.ListsOptIn = &wants
	}
	return c
}

// optIns are the JSON values of lists_opt_in that have an effect.
var optIns = map[string]bool{`"True"`: true, `"False"`: false}

func (f *Fake) login(in *request) reply {
	body, _ := read[struct{ Email, Password string }](in) // an empty body finds no customer
	id, known := f.emails[addressOf(in.fanclub.ID, body.Email)]
	c, _ := f.customers.get(id)
	switch {
	case !known:
		return accountFailed(accountWrongLogin)
	case !c.registered():
		return accountFailed(accountUnregistered) // ours A37: whatever the password
	case c.Password == "" || c.Password != body.Password:
		return accountFailed(accountWrongLogin) // ours A38: also if the customer is blocked or not confirmed
	case c.Blocked:
		return accountFailed(accountBlocked)
	case c.Unconfirmed:
		return accountFailed(accountUnconfirmed)
	}
	session := rand.Text()
	f.sessions.put(session, id)
	w := f.wire(c)
	w.Registered = wire.OrNull(true)
	return withCookie(accountOK(map[string]any{"customer": w}), session, 0)
}

// logout succeeds without a session too.
// ours A39
func (f *Fake) logout(in *request) reply {
	done := accountOK(nil)
	f.revoke(in)
	cookie, err := in.Cookie(sessionCookie)
	if err != nil {
		return done
	}
	f.sessions.remove(cookie.Value)
	return withCookie(done, "", -1)
}

func withCookie(r reply, value string, maxAge int) reply {
	//nolint:gosec // not Secure: a fake is served over plain HTTP on loopback
	cookie := http.Cookie{Name: sessionCookie, Value: value, MaxAge: maxAge, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	r.header.Set("Set-Cookie", cookie.String())
	return r
}

// searchAccount finds customers in any state.
// ours A40
func (f *Fake) searchAccount(in *request) reply {
	id, known := f.emails[addressOf(in.fanclub.ID, in.URL.Query().Get("email"))]
	if !known {
		return accountOK(map[string]any{"customer": nil})
	}
	c, _ := f.customers.get(id)
	return accountOK(map[string]any{"customer": f.wire(c)})
}

// address is an e-mail within a fan club.
// ours A41, A42: in lower case; another fan club may have the same
type address struct {
	fanclub int64
	email   string
}

func addressOf(fanclub int64, email string) address {
	return address{fanclub, strings.ToLower(email)}
}
