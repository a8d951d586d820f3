package verify

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/partnerapi/partnerapi-go"
)

func invitationProbes() []probe {
	return []probe{
		{"N02", 3, invitationResponses}, {"N03", 3, uninvited}, {"N10", 4, cleared("")}, {"N34", 4, cleared(nil)},
		{"N12", 2, linkToken}, {"N42", 5, invitedTwice}, {"N45", 3, sameLink}, {"N05", 4, activationOrUpdate},
		{"N31", 8, activatedID}, {"N47", 1, newAccount}, {"N04", 1, feeResponse}, {"N11", 3, feeZero}, {"N19", 3, feeTwice},
	}
}

func fieldsInvalid(ctx context.Context, e *env) error {
	a := e.refusedInvitation(ctx, fields{"domain_id": e.made(""), "fee_proposed": "x"})
	const message = "This value is not valid."
	return a.unless(a.isFailure() && a.get("error", "fields", "domain_id") == message && a.get("error", "fields", "fee_proposed") == message)
}

func valuesInvalid(ctx context.Context, e *env) error {
	return e.refusedInvitation(ctx, fields{}).wantFailure(http.StatusBadRequest, "Please check the values.")
}

// refusedInvitation sends an invitation without an e-mail. If it is made nevertheless, it is deleted.
func (e *env) refusedInvitation(ctx context.Context, body fields) answer {
	a := e.send(ctx, call{op: inviteOp, body: body})
	if id := a.text("id"); a.isSuccess() && id != "" {
		e.undoLater("an invitation without an e-mail", func(ctx context.Context, e *env) error { return e.uninvite(ctx, id).gone() })
	} else if a.isSuccess() {
		e.leaves("an invitation without an e-mail")
	}
	return a
}

// gone returns nil if a record is removed, or was not there.
func (a answer) gone() error { return a.unless(a.isSuccess() || a.status == http.StatusNotFound) }

func (e *env) uninvite(ctx context.Context, id string) answer {
	return e.send(ctx, call{op: uninviteOp, args: []string{id}})
}

// domain returns the id of a domain in either form of a collection.
func (e *env) domain(ctx context.Context) string {
	list, _ := e.domains(ctx).value().([]any)
	for _, entry := range list {
		members, _ := entry.(map[string]any)
		if id, isText := members["id"].(string); isText {
			return id
		}
		for id := range members {
			return id
		}
	}
	e.stop(unknown("there are no domains"))
	return ""
}

// invite invites the user's own address, which sends an e-mail. The invitation is deleted at the end.
func (e *env) invite(ctx context.Context, fee any) (id string, a answer) {
	domain, email := e.domain(ctx), e.own("")
	if e.stopped != nil {
		return "", answer{op: inviteOp, err: e.stopped}
	}
	e.scrub.learn("email", email)
	body := fields{"email": email, "domain_id": domain}
	if fee != nil {
		body["fee_proposed"] = fee
	}
	e.undoLater("an invitation of your address with +"+e.made(""), func(ctx context.Context, cleaner *env) error {
		return cleaner.uninviteAll(ctx, id, email)
	})
	a = e.send(ctx, call{op: inviteOp, body: body})
	if a.mayHaveMade() {
		e.leaves("an e-mail to your address with +" + e.made(""))
	}
	if !a.isSuccess() {
		e.stop(unknown("the address could not be invited: " + a.String()))
		return "", a
	}
	if id = a.text("id"); id != "" {
		return id, a
	}
	for _, record := range e.invitations(ctx, email) {
		id, _ = record["id"].(string)
	}
	return id, a
}

// uninviteAll deletes the invitation with the id, if that is known, and the others of the e-mail.
func (e *env) uninviteAll(ctx context.Context, id, email string) error {
	if id != "" {
		if err := e.uninvite(ctx, id).gone(); err != nil {
			return err
		}
	}
	found := e.list(ctx, invitationsOp, "search", email)
	for _, record := range of(email, found.records) {
		other, _ := record["id"].(string)
		if err := e.uninvite(ctx, orNone(other)).gone(); err != nil {
			return err
		}
	}
	return found.wantSuccess()
}

// invitations are those of an e-mail.
func (e *env) invitations(ctx context.Context, email string) []map[string]any {
	return of(email, e.list(ctx, invitationsOp, "search", email).records)
}

// of returns the records of an e-mail, which an API may write in small letters.
func of(email string, records []map[string]any) (found []map[string]any) {
	for _, record := range records {
		if written, _ := record["email"].(string); strings.EqualFold(written, email) {
			found = append(found, record)
		}
	}
	return found
}

// reinvite updates an invitation, which sends another e-mail.
func (e *env) reinvite(ctx context.Context, id string, body fields) answer {
	a := e.send(ctx, call{op: reinviteOp, args: []string{orNone(id)}, body: body})
	if a.mayHaveMade() {
		e.leaves("another e-mail to your address with +" + e.made(""))
	}
	return a
}

// orNone is an argument that the SDK accepts.
func orNone(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

// link asks for the link of the newest e-mail.
func (e *env) link(ctx context.Context) string {
	if e.stopped != nil {
		return ""
	}
	link, err := e.Line(ctx, "Paste the link of the newest e-mail to your address with +"+e.made("")+", or an empty line")
	if err != nil || link == "" {
		e.stop(unknown("there is no link"))
	}
	e.scrub.learn("address", link)
	return link
}

// token asks for a link and returns its token.
func (e *env) token(ctx context.Context) string {
	token, err := partnerapi.InvitationToken(e.link(ctx))
	if err != nil {
		e.stop(unknown("the link has no token"))
		return "none"
	}
	e.scrub.learn("token", token)
	return token
}

// invitationResponses compares with the fake, because the documents show no response.
func invitationResponses(ctx context.Context, e *env) error {
	id, a := e.invite(ctx, nil)
	update := e.reinvite(ctx, id, fields{"email": e.own("")})
	return all(
		a.unless(a.status == http.StatusOK && a.text("id") != ""), update.unless(update.status == http.StatusOK && update.text("id") != ""),
	)
}

func uninvited(ctx context.Context, e *env) error {
	id, _ := e.invite(ctx, nil)
	return e.uninvite(ctx, orNone(id)).wantStatus(http.StatusNoContent)
}

// cleared clears a fee with an empty value.
func cleared(empty any) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error {
		id, _ := e.invite(ctx, 2.5)
		a := e.reinvite(ctx, id, fields{"fee_proposed": empty})
		if !a.isSuccess() {
			return a.differs()
		}
		for _, record := range e.invitations(ctx, e.own("")) {
			if record["fee_proposed"] != nil {
				return differs(a.op + ": the fee is not cleared")
			}
		}
		return nil
	}
}

func linkToken(ctx context.Context, e *env) error {
	e.invite(ctx, nil)
	link := e.link(ctx)
	if _, err := partnerapi.InvitationToken(link); e.stopped == nil && err != nil {
		return differs("a link with the token elsewhere")
	}
	return nil
}

func invitedTwice(ctx context.Context, e *env) error {
	e.invite(ctx, nil)
	again := e.send(ctx, call{op: inviteOp, body: fields{"email": e.own(""), "domain_id": e.domain(ctx)}})
	if again.mayHaveMade() {
		e.leaves("another e-mail to your address with +" + e.made(""))
	}
	return all(again.wantSuccess(), again.unless(len(e.invitations(ctx, e.own(""))) == 2))
}

func sameLink(ctx context.Context, e *env) error {
	id, _ := e.invite(ctx, nil)
	before := e.link(ctx)
	update := e.reinvite(ctx, id, fields{"email": e.own("")})
	if !update.isSuccess() {
		return unknown("the invitation could not be updated: " + update.String())
	}
	if e.link(ctx) != before {
		return differs("another link")
	}
	return nil
}

// activate accepts an invitation. The network with the id, which can be corrected, is deleted at the end; the account stays.
func (e *env) activate(ctx context.Context, token string) (a answer, id *string) {
	a = e.send(ctx, call{op: activateOp, args: []string{token}})
	told := a.text("account_id")
	if a.mayHaveMade() {
		e.leaves("an account and its user, made for your address with +" + e.made(""))
	}
	if !a.isSuccess() {
		if a.mayHaveMade() {
			e.leaves("the network of that account")
		}
		return a, &told
	}
	// A 404 is a failure too: the id in the response may be of another form than that of the network.
	e.undoLater("the network of that account", func(ctx context.Context, e *env) error {
		_, err := e.client.Networks.Delete(ctx, orNone(told)) // by either path
		return err
	})
	return a, &told
}

func activationOrUpdate(ctx context.Context, e *env) error {
	id, _ := e.invite(ctx, nil)
	update := e.reinvite(ctx, id, fields{"email": e.own("")})
	activation, _ := e.activate(ctx, e.token(ctx))
	return all(update.unless(update.isSuccess() && !update.has("account_id")), activation.unless(activation.isSuccess() && activation.has("account_id")))
}

// activated is the network that several probes use, so that few accounts stay.
type activated struct {
	told  string // the id in the response to the activation
	id    string // the id in the list
	email string
	first answer // the network before any update
}

// child returns that network.
func (e *env) child(ctx context.Context) *activated {
	if e.stopped == nil && e.network == nil {
		e.network = e.shared.newChild(ctx)
		e.answers = append(e.answers, e.shared.answers...)
	}
	if e.shared.stopped != nil {
		e.stop(e.shared.stopped)
	}
	if e.network == nil {
		return &activated{told: "none", id: "none"}
	}
	return e.network
}

func (e *env) newChild(ctx context.Context) *activated {
	e.invite(ctx, 1.5)
	a, id := e.activate(ctx, e.token(ctx))
	if !a.isSuccess() {
		e.stop(unknown("the invitation could not be activated: " + a.String()))
	}
	n := &activated{told: orNone(a.text("account_id")), id: "none", email: e.own("")}
	first := e.list(ctx, networksOp, "records", "100")
	records := first.records
	if first.pages > 1 {
		records = append(records, e.list(ctx, networksOp, "records", "100", "page", strconv.Itoa(first.pages)).records...)
	}
	for _, record := range records {
		if n.is(record) {
			n.id, _ = record["account_id"].(string)
			*id = n.id
		}
	}
	if n.id == "none" { // never the network of somebody else
		e.stop(unknown("the network of the account that was activated is not in the list"))
	}
	n.first = e.send(ctx, call{op: networkOp, args: []string{n.id}})
	return n
}

// is reports whether a record of the list is the network, by its id in either form or by its title.
func (n *activated) is(record map[string]any) bool {
	id, _ := record["account_id"].(string)
	title, _ := record["account_title"].(string)
	_, told, _ := strings.Cut(n.told, "_")
	_, listed, _ := strings.Cut(id, "_")
	return id != "" && (id == n.told || told != "" && listed == told || strings.EqualFold(title, n.email))
}

func activatedID(ctx context.Context, e *env) error {
	n := e.child(ctx)
	a := e.send(ctx, call{op: networkOp, args: []string{n.told}})
	_, told, _ := strings.Cut(n.told, "_")
	_, listed, _ := strings.Cut(n.id, "_")
	return a.unless(a.isSuccess() && told == listed)
}

func newAccount(ctx context.Context, e *env) error {
	n := e.child(ctx)
	return all(n.first.unlessAt(n.first.text("account_title") == n.email, "account_title"), n.first.unlessAt(n.first.get("fee") == 1.5, "fee"))
}

func (e *env) setFee(ctx context.Context, id string, fee float64) answer {
	return e.send(ctx, call{op: feeOp, args: []string{id}, body: fields{"fee": fee}})
}

// feeIs returns differs unless the network has the fee.
func (e *env) feeIs(ctx context.Context, id string, fee float64) error {
	a := e.send(ctx, call{op: networkOp, args: []string{id}})
	return a.unlessAt(a.get("fee") == fee, "fee")
}

func feeResponse(ctx context.Context, e *env) error {
	a := e.setFee(ctx, e.child(ctx).id, 4)
	return a.unless(a.status == http.StatusOK && len(a.body) == 0)
}

func feeZero(ctx context.Context, e *env) error {
	id := e.child(ctx).id
	return all(e.setFee(ctx, id, 2).wantSuccess(), e.setFee(ctx, id, 0).wantSuccess(), e.feeIs(ctx, id, 0))
}

func feeTwice(ctx context.Context, e *env) error {
	id := e.child(ctx).id
	return all(e.setFee(ctx, id, 3).wantSuccess(), e.setFee(ctx, id, 3).wantSuccess(), e.feeIs(ctx, id, 3))
}
