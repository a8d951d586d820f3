package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// The operations of the account API.
const (
	getOp      = "GET /account"
	statusOp   = "GET /account/status"
	createOp   = "POST /accounts"
	updateOp   = "POST /account"
	benefitsOp = "GET /account/benefits"
	loginOp    = "POST /login"
	logoutOp   = "GET /logout"
	searchOp   = "GET /account/search"
)

// The documented messages.
const (
	badKey         = "Please use a valid API Key."
	loggedOut      = "Please log in to access your online benefits."
	noCustomer     = "Customer parameter is required."
	blankBirthdate = "Birthdate can't be blank"
	wrongLogin     = "Email and password combination is incorrect."
)

func accountProbes() []probe {
	return []probe{
		{"A01", 1, searchPath}, {"A02", 1, statusOrBody}, {"A03", 1, withoutStatus}, {"A04", 1, notFoundForm}, {"A05", 2, keyInQuery},
		{"A08", 1, flatCustomer}, {"A09", 3, nobodyLoggedIn}, {"A10", 1, nobodyFound}, {"A11", 2, passwordOrKey},
		{"A16", 1, badAccessToken}, {"A20", 1, confirmationRequired}, {"A22", 1, emailMissing}, {"A23", 1, birthdateInvalid},
		{"A24", 1, confirmationDiffers}, {"A26", 3, keyUnknown}, {"A27", 1, unknownAccountPath}, {"A29", 1, statusOfToken},
		{"A32", 1, customerUnreadable}, {"A39", 1, logoutWithoutSession},
		{"A06", 3, loginByCookie}, {"A07", 3, cookieAttributes}, {"A13", 2, emailTaken}, {"A15", 4, loginTwice}, {"A25", 2, cookieExpiry},
		{"A30", 3, termsNotAccepted}, {"A31", 2, sameUsername}, {"A33", 2, newCustomer}, {"A34", 5, passwordChanged},
		{"A35", 3, nameCleared}, {"A36", 4, emailChanged}, {"A41", 2, capitals}, {"A45", 4, missingMembers}, {"S11", 1, redirects},
	}
}

// search looks for an e-mail. The organisation's key comes from the client, as in Accounts.Search.
func (e *env) search(ctx context.Context, email string, as recording.Situation) answer {
	if e.stopped != nil {
		return answer{op: searchOp, err: e.stopped}
	}
	return e.note(call{op: searchOp, as: as}, e.transport.watch(ctx, nil, func(ctx context.Context) error {
		_, err := e.client.Accounts.Search(ctx, email, partnerapi.WithoutRetry())
		if errors.Is(err, partnerapi.ErrNotFound) { // a null is no failure of the API
			return nil
		}
		return err
	}))
}

func searchPath(ctx context.Context, e *env) error {
	a := e.search(ctx, e.nobody(), recording.UnknownID)
	return a.unless(a.status != http.StatusNotFound && !slices.Contains(a.messages(), "Not Found"))
}

func nobodyFound(ctx context.Context, e *env) error {
	a := e.search(ctx, e.nobody(), recording.UnknownID)
	return a.unlessAt(a.isSuccess() && a.get("customer") == nil, "customer")
}

func statusOrBody(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: getOp, credential: e.made("")})
	return a.unless(a.status == http.StatusOK && a.isFailure())
}

func withoutStatus(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: statusOp})
	return a.unlessAt(a.isSuccess() && (!a.has("status") || strings.EqualFold(a.text("status"), "ok")), "status")
}

func notFoundForm(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: "GET /{path}", args: []string{e.made("")}})
	said := strings.HasPrefix(a.text("error"), "Not Found") || strings.HasPrefix(a.text("message"), "Not Found")
	return a.unless(said && (a.status == http.StatusNotFound || a.status == http.StatusOK))
}

func unknownAccountPath(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: "GET /{path}", args: []string{e.made("")}})
	return a.unless(a.status == http.StatusNotFound && strings.HasPrefix(a.text("error"), "Not Found: "))
}

func keyInQuery(ctx context.Context, e *env) error {
	right := e.send(ctx, call{op: getOp, as: recording.NotLoggedIn})
	wrong := e.send(ctx, call{op: getOp, credential: e.made(""), as: recording.BadCredential})
	return all(right.wantSuccess(), wrong.unless(wrong.isFailure()))
}

// refused sends a customer that cannot be created, because it has no birthdate or no password.
func (e *env) refused(ctx context.Context, body fields) answer {
	body["last_name"] = e.made("")
	a := e.send(ctx, call{op: createOp, body: body, as: recording.MissingBirthdate})
	if a.isSuccess() {
		e.leaves("a customer with the last name " + e.made("") + ", which should have been refused")
	}
	return a
}

func passwords(password, confirmation string) fields {
	return fields{"password": password, "password_confirmation": confirmation}
}

func flatCustomer(ctx context.Context, e *env) error {
	return e.refused(ctx, fields{"email": e.nobody(), "password_attributes": passwords(e.made(""), e.made(""))}).wantMessage(blankBirthdate)
}

func nobodyLoggedIn(ctx context.Context, e *env) error {
	get, benefits := e.send(ctx, call{op: getOp, as: recording.NotLoggedIn}), e.send(ctx, call{op: benefitsOp, as: recording.NotLoggedIn})
	update := e.send(ctx, call{op: updateOp, body: fields{"first_name": "Verify"}, as: recording.NotLoggedIn})
	return all(
		get.unlessAt(get.isSuccess() && get.get("customer") == nil, "customer"),
		benefits.wantFailure(http.StatusOK, loggedOut), update.wantFailure(http.StatusOK, loggedOut),
	)
}

func passwordOrKey(ctx context.Context, e *env) error {
	body := fields{"email": e.nobody(), "password": e.made("")}
	nobody := e.send(ctx, call{op: loginOp, body: body, as: recording.WrongPassword, mayReject: true})
	key := e.send(ctx, call{op: loginOp, body: body, credential: e.made("-key"), as: recording.BadCredential})
	return all(nobody.unless(slices.Equal(nobody.messages(), []string{wrongLogin})),
		key.unless(!slices.Contains(key.messages(), wrongLogin) && errors.Is(key.err, partnerapi.ErrUnauthorized)))
}

func badAccessToken(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: getOp, change: withHeader("Authorization", "Bearer "+e.made("")), mayReject: true, as: recording.NotLoggedIn})
	isNull := a.isSuccess() && a.get("customer") == nil
	return a.unless(isNull || errors.Is(a.err, partnerapi.ErrNotLoggedIn))
}

func confirmationRequired(ctx context.Context, e *env) error {
	a := e.refused(ctx, fields{"email": e.nobody(), "password_attributes": fields{"password": e.made("")}})
	mentions := func(message string) bool { return strings.Contains(strings.ToLower(message), "confirmation") }
	return a.unless(a.isFailure() && slices.ContainsFunc(a.messages(), mentions))
}

func emailMissing(ctx context.Context, e *env) error {
	return e.refused(ctx, fields{"password_attributes": passwords(e.made(""), e.made(""))}).wantMessage("Email can't be blank")
}

func birthdateInvalid(ctx context.Context, e *env) error {
	body := fields{"email": e.nobody(), "birthdate": "yesterday", "password_attributes": passwords("", "")}
	return e.refused(ctx, body).wantMessage("Birthdate is invalid")
}

func confirmationDiffers(ctx context.Context, e *env) error {
	body := fields{"email": e.nobody(), "password_attributes": passwords(e.made(""), e.made("-2"))}
	return e.refused(ctx, body).wantMessage("Password confirmation doesn't match Password")
}

func keyUnknown(ctx context.Context, e *env) error {
	var wrong []error
	for _, c := range []call{{op: getOp}, {op: statusOp}, {op: loginOp, body: fields{"email": e.nobody(), "password": e.made("")}}} {
		c.credential, c.as = e.made("-key"), recording.BadCredential
		wrong = append(wrong, e.send(ctx, c).wantMessage(badKey))
	}
	return all(wrong...)
}

func statusOfToken(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: statusOp, change: withHeader("Authorization", "Bearer "+e.made(""))})
	return a.unlessAt(a.says(true, "logged_in"), "logged_in")
}

func customerUnreadable(ctx context.Context, e *env) error {
	return e.send(ctx, call{op: createOp, change: withBody("{")}).wantFailure(http.StatusOK, noCustomer)
}

func logoutWithoutSession(ctx context.Context, e *env) error {
	return e.send(ctx, call{op: logoutOp}).wantSuccess()
}

// customer is one that a probe has created.
type customer struct {
	email, password string
	created         answer
}

// create creates a customer, who stays. The variant makes its e-mail differ from others of the probe.
func (e *env) create(ctx context.Context, variant string, more fields) *customer {
	c := &customer{email: e.own(variant), password: "Verify-1-" + e.tag}
	e.scrub.learn("email", c.email)
	e.scrub.learn("token", c.password)
	body := fields{
		"email": c.email, "first_name": "Verify", "last_name": e.made(""), "birthdate": "1990-01-01", "accept_terms": true,
		"password_attributes": passwords(c.password, c.password),
	}
	for name, value := range more {
		if body[name] = value; value == nil {
			delete(body, name)
		}
	}
	c.created = e.send(ctx, call{op: createOp, body: body})
	if c.created.mayHaveMade() {
		e.leaves("a customer whose e-mail is yours with +" + e.made(variant))
	}
	return c
}

// created is create for a probe that needs the customer.
func (e *env) created(ctx context.Context, variant string, more fields) *customer {
	c := e.create(ctx, variant, more)
	if !c.created.isSuccess() {
		e.stop(unknown("a customer could not be created: " + c.created.String()))
	}
	return c
}

// common returns the customer that several probes use, so that few stay.
func (e *env) common(ctx context.Context) *customer {
	if e.customer == nil && e.stopped == nil {
		e.customer = e.shared.created(ctx, "", nil)
		e.answers = append(e.answers, e.shared.answers...)
	}
	if e.shared.stopped != nil {
		e.stop(e.shared.stopped)
	}
	if e.customer == nil {
		return &customer{}
	}
	return e.customer
}

// login logs a customer in, by the SDK, which reads the cookies.
func (e *env) login(ctx context.Context, c *customer) (*partnerapi.Session, answer) {
	if e.stopped != nil {
		return nil, answer{op: loginOp, err: e.stopped}
	}
	var session *partnerapi.Session
	a := e.note(call{op: loginOp}, e.transport.watch(ctx, nil, func(ctx context.Context) (err error) {
		_, session, err = e.client.Accounts.Login(ctx, partnerapi.LoginRequest{Email: c.email, Password: c.password}, partnerapi.WithoutRetry())
		return err
	}))
	return session, a
}

// loggedIn is login for a probe that needs the session.
func (e *env) loggedIn(ctx context.Context, c *customer) (*partnerapi.Session, answer) {
	session, a := e.login(ctx, c)
	if session == nil {
		e.stop(unknown("the customer could not log in: " + a.String()))
	}
	return session, a
}

// wantCustomer returns differs unless the session's customer can be read.
func (e *env) wantCustomer(ctx context.Context, session *partnerapi.Session) error {
	a := e.send(ctx, call{op: getOp, session: session})
	return a.unlessAt(a.isSuccess() && a.get("customer") != nil, "customer")
}

func loginByCookie(ctx context.Context, e *env) error {
	session, a := e.login(ctx, e.created(ctx, "", nil))
	if session == nil {
		return a.differs()
	}
	return e.wantCustomer(ctx, session)
}

func cookieAttributes(ctx context.Context, e *env) error {
	session, a := e.loggedIn(ctx, e.common(ctx))
	for _, line := range a.header.Values("Set-Cookie") {
		for attribute := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(attribute), "=")
			if strings.EqualFold(name, "Path") && value != "/" || strings.EqualFold(name, "Domain") {
				return differs(fmt.Sprintf("%s: a cookie has the attribute %s, which the SDK ignores", a.op, name))
			}
		}
	}
	return e.wantCustomer(ctx, session)
}

func cookieExpiry(ctx context.Context, e *env) error {
	_, a := e.loggedIn(ctx, e.common(ctx))
	for _, line := range a.header.Values("Set-Cookie") {
		if lower := strings.ToLower(line); strings.Contains(lower, "max-age") || strings.Contains(lower, "expires") {
			return differs(a.op + ": a cookie expires")
		}
	}
	return nil
}

func emailTaken(ctx context.Context, e *env) error {
	c := e.common(ctx)
	body := fields{
		"email": c.email, "last_name": e.made(""), "birthdate": "1990-01-01", "accept_terms": true,
		"password_attributes": passwords(c.password, c.password),
	}
	again := e.send(ctx, call{op: createOp, body: body, as: recording.Duplicate})
	if again.mayHaveMade() {
		e.leaves("a second customer with the last name " + e.made(""))
	}
	return again.unless(errors.Is(again.err, partnerapi.ErrAlreadyExists))
}

func loginTwice(ctx context.Context, e *env) error {
	c := e.created(ctx, "", nil)
	e.loggedIn(ctx, c)
	second, a := e.login(ctx, c)
	if second == nil {
		return a.differs()
	}
	return e.wantCustomer(ctx, second)
}

func termsNotAccepted(ctx context.Context, e *env) error {
	c := e.create(ctx, "", fields{"accept_terms": nil})
	if !c.created.isSuccess() {
		return c.created.differs()
	}
	session, _ := e.loggedIn(ctx, c)
	update := e.send(ctx, call{op: updateOp, session: session, body: fields{"lists_opt_in_source": "verify"}})
	return all(update.wantSuccess(), update.unless(!update.has("lists_opt_in_source")))
}

func sameUsername(ctx context.Context, e *env) error {
	name := fields{"username": e.made("")}
	e.created(ctx, "", name)
	return e.create(ctx, "-2", name).created.wantSuccess()
}

func newCustomer(ctx context.Context, e *env) error {
	c := e.common(ctx)
	_, a := e.login(ctx, c)
	return all(a.wantSuccess(), c.created.unlessAt(c.created.says(true, "customer", "expired"), "customer", "expired"))
}

func passwordChanged(ctx context.Context, e *env) error {
	c := e.created(ctx, "", nil)
	first, _ := e.loggedIn(ctx, c)
	other, _ := e.loggedIn(ctx, c)
	next := c.password + "-2"
	e.scrub.learn("token", next)
	changed := e.send(ctx, call{op: updateOp, session: first, body: fields{
		"current_password": c.password, "password": next, "password_confirmation": next,
	}})
	if !changed.isSuccess() {
		return unknown("the password could not be changed: " + changed.String())
	}
	return e.wantCustomer(ctx, other)
}

func nameCleared(ctx context.Context, e *env) error {
	session, _ := e.loggedIn(ctx, e.common(ctx))
	a := e.send(ctx, call{op: updateOp, session: session, body: fields{"first_name": ""}})
	return a.unlessAt(a.isSuccess() && a.text("customer", "first_name") == "", "customer", "first_name")
}

func emailChanged(ctx context.Context, e *env) error {
	c := e.created(ctx, "", nil)
	session, _ := e.loggedIn(ctx, c)
	next := e.own("-2")
	e.scrub.learn("email", next)
	update := e.send(ctx, call{op: updateOp, session: session, body: fields{"email": next}})
	if !update.isSuccess() {
		return unknown("the e-mail could not be changed: " + update.String())
	}
	a := e.send(ctx, call{op: getOp, session: session})
	return a.unlessAt(a.text("customer", "email") == next && a.get("customer", "new_email") == nil, "customer", "new_email")
}

func capitals(ctx context.Context, e *env) error {
	c := e.common(ctx)
	local, domain, _ := strings.Cut(c.email, "@")
	a := e.search(ctx, strings.ToUpper(local)+"@"+domain, "")
	return a.unlessAt(a.isSuccess() && a.get("customer") != nil, "customer")
}

// missingMembers looks for a member that a response has and another lacks.
func missingMembers(ctx context.Context, e *env) error {
	c := e.common(ctx)
	session, login := e.loggedIn(ctx, c)
	answers := []answer{login, e.send(ctx, call{op: getOp, session: session}), e.search(ctx, c.email, "")}
	counts := make(map[string]int)
	answers = append(answers, c.created)
	for _, a := range answers {
		members, _ := a.get("customer").(map[string]any)
		for name := range members {
			counts[name]++
		}
	}
	for _, n := range counts {
		if n < len(answers) {
			return nil
		}
	}
	return differs("every response has every member")
}

// query makes a query of names and values.
func query(pairs ...string) url.Values {
	values := make(url.Values)
	for pair := range slices.Chunk(pairs, 2) {
		values.Set(pair[0], pair[1])
	}
	return values
}
