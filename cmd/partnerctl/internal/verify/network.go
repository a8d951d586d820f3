package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// The operations of the network API.
const (
	domainsOp       = "GET /account/network-domains"
	inviteOp        = "POST /account/network-invitations"
	activateOp      = "POST /account/network-invitations/{token}"
	reinviteOp      = "POST /account/network-invitations/{id}"
	invitationsOp   = "GET /account/network-invitations"
	uninviteOp      = "DELETE /account/network-invitations/{id}"
	networkOp       = "GET /account/networks/{child_account_id}"
	networksOp      = "GET /account/networks"
	feeOp           = "POST /account/networks/{child_account_id}"
	deleteNetworkOp = "DELETE /api/account/networks/{child_account_id}"
	sessionOp       = "GET /app/session"
	appLoginOp      = "POST /app/login"
	selectOp        = "POST /app/login-account"
	appLogoutOp     = "GET /app/logout"
)

const notFound = "Not found."

func networkProbes() []probe {
	return slices.Concat([]probe{
		{"N01", 1, deletionPath}, {"N06", 2, activationCredential}, {"N07", 1, collectionForm}, {"N21", 1, filterForm}, {"N08", 2, proposedDate},
		{"N09", 1, dateUnit}, {"N13", 1, statusAndCode}, {"N14", 2, listEnd}, {"N24", 2, unknownID}, {"N25", 2, credentialInvalid},
		{"N29", 1, unknownNetworkPath}, {"N30", 1, domainsWithoutCollection}, {"N32", 2, noProposedFee}, {"N33", 2, networkFilter},
		{"N35", 3, outOfRange}, {"N36", 3, notANumber}, {"N37", 1, order}, {"N38", 1, emptyList}, {"N39", 2, searchInCapitals},
		{"N44", 2, invitationFilter}, {"N46", 1, unknownToken}, {"N15", 2, appLoginRejected}, {"N16", 2, sessionMembers},
		{"N26", 2, appLoginEmpty}, {"N27", 3, foreignAccount}, {"N43", 1, jwtLifetime}, {"N49", 3, earlierJWT}, {"N50", 2, sameJWT},
		{"N52", 4, afterLogout}, {"N53", 1, emptySession}, {"N51", 4, accountChanged}, {"N54", 4, lastLogin},
		{"N22", 1, fieldsInvalid}, {"N23", 1, valuesInvalid},
	}, invitationProbes(), []probe{{"S11", 1, redirects}})
}

func deletionPath(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: deleteNetworkOp, args: []string{e.made("")}, as: recording.UnknownID})
	return a.unless(a.status == http.StatusNotFound && a.isFailure())
}

func activationCredential(ctx context.Context, e *env) error {
	token := []string{e.made("")}
	own := e.send(ctx, call{op: activateOp, args: token, mayReject: true})
	none := e.send(ctx, call{op: activateOp, args: token, credential: e.made(""), change: withHeader("Authorization", "")})
	return all(own.unless(own.status != http.StatusUnauthorized), none.wantStatus(http.StatusUnauthorized))
}

// domains returns the domains as the SDK asks for them.
func (e *env) domains(ctx context.Context) answer {
	return e.send(ctx, call{op: domainsOp, query: query("collection", "true")})
}

func collectionForm(ctx context.Context, e *env) error {
	a := e.domains(ctx)
	list, isList := a.value().([]any)
	for _, entry := range list {
		members, _ := entry.(map[string]any)
		_, hasID := members["id"].(string)
		keyed := len(members) == 1
		for _, value := range members {
			_, isObject := value.(map[string]any)
			keyed = keyed && isObject
		}
		if !hasID && !keyed {
			return a.differs()
		}
	}
	if isList && len(list) == 0 {
		return unknown("there are no domains")
	}
	return a.unless(isList)
}

func filterForm(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: invitationsOp})
	isText := func(v any) bool { _, ok := v.(string); return ok }
	switch filters := a.get("filters").(type) {
	case []any:
		return a.unlessAt(!slices.ContainsFunc(filters, func(v any) bool { return !isText(v) }), "filters")
	case map[string]any:
		return nil
	default:
		return a.unlessAt(false, "filters")
	}
}

// listed is a record list.
type listed struct {
	answer

	records      []map[string]any
	total, pages int
}

// list gets a record list.
func (e *env) list(ctx context.Context, op string, pairs ...string) listed {
	a := e.send(ctx, call{op: op, query: query(pairs...)})
	l := listed{answer: a, total: number(a.get("total")), pages: number(a.get("pages"))}
	records, isList := a.get("list").([]any)
	for _, record := range records {
		members, _ := record.(map[string]any)
		l.records = append(l.records, members)
	}
	if !isList && len(pairs) == 0 {
		e.stop(unknown("there is no list: " + a.String()))
	}
	return l
}

func number(v any) int {
	n, isNumber := v.(float64)
	if !isNumber {
		return -1
	}
	return int(n)
}

// networkWith returns the network of the first page whose proposed fee is set, or is not.
func (e *env) networkWith(ctx context.Context, proposed bool) (inList map[string]any, a answer) {
	for _, record := range e.list(ctx, networksOp).records {
		id, _ := record["account_id"].(string)
		if (record["fee_proposed"] != nil) == proposed && id != "" {
			return record, e.send(ctx, call{op: networkOp, args: []string{id}})
		}
	}
	e.stop(unknown("the list has no such network"))
	return nil, answer{op: networkOp}
}

func proposedDate(ctx context.Context, e *env) error {
	inList, a := e.networkWith(ctx, true)
	for _, members := range []any{inList, a.value()} {
		if number(get(members, "proposed_date")) < 0 && number(get(members, "fee_proposed_date")) < 0 {
			return a.differs()
		}
	}
	return nil
}

func noProposedFee(ctx context.Context, e *env) error {
	_, a := e.networkWith(ctx, false)
	for _, name := range []string{"fee_proposed", "proposed_date", "proposed_account_id", "proposed_user_id"} {
		if a.get(name) != nil {
			return a.unlessAt(false, name)
		}
	}
	return a.wantSuccess()
}

func dateUnit(ctx context.Context, e *env) error {
	l := e.list(ctx, invitationsOp)
	for _, record := range l.records {
		created, _ := record["created"].(float64)
		if age := time.Since(time.Unix(int64(created), 0)); age < -24*time.Hour || age > 30*365*24*time.Hour {
			return differs(fmt.Sprintf("%s: created is %.0f", l.op, created))
		}
	}
	if len(l.records) == 0 {
		return unknown("the list is empty")
	}
	return nil
}

func statusAndCode(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: networkOp, args: []string{e.made("")}, as: recording.UnknownID})
	return a.unless(a.isFailure() && number(a.get("error", "code")) == a.status)
}

func listEnd(ctx context.Context, e *env) error {
	one := e.list(ctx, invitationsOp, "records", "1")
	none := e.list(ctx, invitationsOp, "records", "10", "search", e.made(""))
	return all(
		one.unlessAt(len(one.records) == min(1, one.total), "list"), one.unlessAt(one.pages == max(1, one.total), "pages"),
		none.unlessAt(len(none.records) == 0, "list"), none.unlessAt(none.total == 0, "total"),
	)
}

func unknownID(ctx context.Context, e *env) error {
	get := e.send(ctx, call{op: networkOp, args: []string{e.made("")}, as: recording.UnknownID})
	remove := e.send(ctx, call{op: uninviteOp, args: []string{e.made("")}, as: recording.UnknownID})
	return all(get.wantFailure(http.StatusNotFound, notFound), remove.wantFailure(http.StatusNotFound, notFound))
}

func credentialInvalid(ctx context.Context, e *env) error {
	wrong := e.send(ctx, call{op: domainsOp, credential: e.made(""), as: recording.BadCredential})
	none := e.send(ctx, call{op: domainsOp, credential: e.made(""), change: withHeader("Authorization", "")})
	return all(wrong.wantFailure(http.StatusUnauthorized, "Please sign in."), none.wantFailure(http.StatusUnauthorized, "Please sign in."))
}

func unknownNetworkPath(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: "GET /{path}", args: []string{e.made("")}})
	return a.unless(a.status == http.StatusNotFound && !a.isFailure())
}

func domainsWithoutCollection(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: domainsOp})
	return a.unless(a.isSuccess() && a.has("list"))
}

// filtered looks for records with a made-up filter.
func (e *env) filtered(ctx context.Context, op string) error {
	if l := e.list(ctx, op); len(l.records) == 0 {
		return unknown("the list is empty")
	}
	l := e.list(ctx, op, "filter", e.made(""))
	return l.unlessAt(l.isSuccess() && len(l.records) == 0, "list")
}

func networkFilter(ctx context.Context, e *env) error    { return e.filtered(ctx, networksOp) }
func invitationFilter(ctx context.Context, e *env) error { return e.filtered(ctx, invitationsOp) }

func outOfRange(ctx context.Context, e *env) error {
	l := e.list(ctx, invitationsOp)
	many, zero := e.list(ctx, invitationsOp, "records", "1000"), e.list(ctx, invitationsOp, "page", "0")
	if err := all(zero.unlessAt(sameRecords(zero, l), "list"), many.unlessAt(len(many.records) == min(100, l.total), "list")); err != nil {
		return err
	}
	if l.total <= 100 {
		return unknown("the list has no more than 100 records; page 0 is page 1")
	}
	return nil
}

func notANumber(ctx context.Context, e *env) error {
	l := e.list(ctx, invitationsOp)
	page, records := e.list(ctx, invitationsOp, "page", "x"), e.list(ctx, invitationsOp, "records", "x")
	return all(page.unlessAt(sameRecords(page, l), "list"), records.unlessAt(sameRecords(records, l), "list"))
}

func sameRecords(a, b listed) bool {
	return a.isSuccess() && slices.EqualFunc(a.records, b.records, func(a, b map[string]any) bool { return a["id"] == b["id"] })
}

func order(ctx context.Context, e *env) error {
	l := e.list(ctx, invitationsOp)
	created := make([]float64, 0, len(l.records))
	for _, record := range l.records {
		at, _ := record["created"].(float64)
		created = append(created, at)
	}
	if len(created) == 0 || slices.Min(created) == slices.Max(created) {
		return unknown("the list has no two records of different times")
	}
	if !slices.IsSorted(created) {
		return differs(l.op + ": in another order than that of creation")
	}
	return nil
}

func emptyList(ctx context.Context, e *env) error {
	l := e.list(ctx, invitationsOp, "search", e.made(""))
	return all(l.unlessAt(l.pages == 1, "pages"), l.unlessAt(len(l.records) == 0, "list"))
}

func searchInCapitals(ctx context.Context, e *env) error {
	for _, record := range e.list(ctx, invitationsOp).records {
		email, _ := record["email"].(string)
		part := strings.ToUpper(email[:len(email)/2])
		if part == strings.ToLower(part) {
			continue
		}
		l := e.list(ctx, invitationsOp, "search", part)
		return l.unlessAt(len(l.records) > 0, "list")
	}
	return unknown("the list is empty")
}

func unknownToken(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: activateOp, args: []string{e.made("")}, as: recording.UnknownID})
	return a.wantFailure(http.StatusNotFound, notFound)
}

// start starts a session with the app key.
func (e *env) start(ctx context.Context) (jwt string, a answer) {
	if e.AppKey == "" {
		e.stop(unknown("the app key is missing, see partnerctl verify -h"))
	}
	a = e.send(ctx, call{op: sessionOp, credential: cmpOr(e.AppKey)})
	if !a.isSuccess() {
		e.stop(unknown("no session could be started: " + a.String()))
	}
	jwt = a.text("jwt")
	e.scrub.learn("token", jwt)
	return jwt, a
}

// cmpOr returns a credential that the SDK accepts. Without one nothing is sent.
func cmpOr(credential string) string {
	if credential == "" {
		return "none"
	}
	return credential
}

// signIn starts a session and signs the user in. The user is logged out at the end.
func (e *env) signIn(ctx context.Context) (first, jwt string, a answer) {
	if e.Username == "" {
		e.stop(unknown("the user name and the password are missing, see partnerctl verify -h"))
	}
	first, _ = e.start(ctx)
	a = e.logIn(ctx, first)
	jwt = a.text("jwt")
	return first, jwt, a
}

func (e *env) logIn(ctx context.Context, jwt string) answer {
	a := e.send(ctx, call{op: appLoginOp, credential: cmpOr(jwt), body: fields{"username": e.Username, "password": e.Password}})
	if !a.isSuccess() {
		e.stop(unknown("the user could not be signed in: " + a.String()))
		return a
	}
	e.scrub.learn("token", a.text("jwt"))
	e.undoLater("a session of the user", func(ctx context.Context, e *env) error {
		e.send(ctx, call{op: appLogoutOp, credential: cmpOr(a.text("jwt"))})
		return nil // a session that has ended already is as good
	})
	return a
}

func appLoginRejected(ctx context.Context, e *env) error {
	jwt, _ := e.start(ctx)
	body := fields{"username": e.made(""), "password": e.made("-password")}
	a := e.send(ctx, call{op: appLoginOp, credential: cmpOr(jwt), body: body, as: recording.WrongPassword})
	return all(a.wantFailure(http.StatusBadRequest, "The username or password is incorrect."), a.unless(errors.Is(a.err, partnerapi.ErrWrongPassword)))
}

func appLoginEmpty(ctx context.Context, e *env) error {
	jwt, _ := e.start(ctx)
	a := e.send(ctx, call{op: appLoginOp, credential: cmpOr(jwt), body: fields{}})
	named := a.get("error", "fields", "username") != nil && a.get("error", "fields", "password") != nil
	return all(a.wantFailure(http.StatusBadRequest, "Required values are missing."), a.unless(named))
}

func sessionMembers(ctx context.Context, e *env) error {
	jwt, started := e.start(ctx)
	if err := all(started.unlessAt(started.text("jwt") != "", "jwt"), started.unlessAt(started.has("auth"), "auth")); err != nil || e.Username == "" {
		return err
	}
	a := e.logIn(ctx, jwt)
	return all(a.unlessAt(a.text("jwt") != "", "jwt"), a.unlessAt(a.has("auth"), "auth"))
}

func foreignAccount(ctx context.Context, e *env) error {
	_, jwt, _ := e.signIn(ctx)
	a := e.send(ctx, call{op: selectOp, credential: cmpOr(jwt), body: fields{"account_id": e.made("")}})
	return a.wantFailure(http.StatusForbidden, "You do not belong to this account.")
}

func jwtLifetime(ctx context.Context, e *env) error {
	jwt, a := e.start(ctx)
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return unknown("the JWT is of another form")
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Expires == 0 {
		return unknown("the JWT does not say when it expires")
	}
	if left := time.Until(time.Unix(int64(claims.Expires), 0)); math.Abs((left - time.Hour).Minutes()) > 2 {
		return differs(fmt.Sprintf("%s: a JWT that expires in %v", a.op, left.Round(time.Minute)))
	}
	return nil
}

func earlierJWT(ctx context.Context, e *env) error {
	first, _, _ := e.signIn(ctx)
	return e.send(ctx, call{op: sessionOp, credential: cmpOr(first)}).wantSuccess()
}

func sameJWT(ctx context.Context, e *env) error {
	jwt, _ := e.start(ctx)
	a := e.send(ctx, call{op: sessionOp, credential: cmpOr(jwt)})
	if a.isSuccess() && a.text("jwt") != jwt {
		e.scrub.learn("token", a.text("jwt"))
		return differs(a.op + ": another JWT")
	}
	return a.wantSuccess()
}

// choices returns the accounts that the user can choose from, sorted by id except for the first of the response.
func (e *env) choices(ctx context.Context) (jwt string, ids []string, a answer) {
	_, jwt, a = e.signIn(ctx)
	switch accounts := a.get("auth", "select_account", "accounts").(type) {
	case map[string]any:
		for id := range accounts {
			ids = append(ids, id)
		}
		slices.Sort(ids)
	case []any:
		for _, account := range accounts {
			id, _ := get(account, "id").(string)
			ids = append(ids, id)
		}
	}
	if len(ids) < 2 {
		e.stop(unknown("the user has no choice of accounts"))
		ids = []string{"", ""}
	}
	if before := a.text("auth", "select_account", "last_login"); before != "" {
		e.undoLater("the selection of another account than before", func(ctx context.Context, e *env) error {
			return e.choose(ctx, a.text("jwt"), before).wantSuccess()
		})
	}
	return jwt, ids, a
}

func (e *env) choose(ctx context.Context, jwt, id string) answer {
	a := e.send(ctx, call{op: selectOp, credential: cmpOr(jwt), body: fields{"account_id": id}, mayReject: true})
	e.scrub.learn("token", a.text("jwt"))
	return a
}

func accountChanged(ctx context.Context, e *env) error {
	jwt, ids, _ := e.choices(ctx)
	first := e.choose(ctx, jwt, ids[0])
	if !first.isSuccess() {
		return unknown("no account could be selected: " + first.String())
	}
	return e.choose(ctx, first.text("jwt"), ids[1]).wantSuccess()
}

// lastLogin looks whether the last_login of a login moves to an account that was selected.
func lastLogin(ctx context.Context, e *env) error {
	jwt, ids, a := e.choices(ctx)
	before := a.text("auth", "select_account", "last_login")
	other := ids[0]
	if other == before {
		other = ids[1]
	}
	chosen := e.choose(ctx, jwt, other)
	if !chosen.isSuccess() {
		return unknown("no account could be selected: " + chosen.String())
	}
	after := e.logIn(ctx, chosen.text("jwt")).text("auth", "select_account", "last_login")
	if after != before {
		return differs(appLoginOp + ": last_login is the account that was selected before")
	}
	return nil
}

func afterLogout(ctx context.Context, e *env) error {
	_, jwt, _ := e.signIn(ctx)
	e.send(ctx, call{op: appLogoutOp, credential: cmpOr(jwt)})
	a := e.send(ctx, call{op: sessionOp, credential: cmpOr(jwt)})
	return a.unlessAt(a.isSuccess() && a.says(false, "auth"), "auth")
}

func emptySession(ctx context.Context, e *env) error {
	_, a := e.start(ctx)
	for _, name := range []string{"app", "user", "account", "access", "alerts"} {
		if !a.has(name) {
			return a.unlessAt(false, name)
		}
	}
	return nil
}
