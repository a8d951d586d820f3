package verify

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/internal/recording"
)

// The operations of the partner API.
const (
	signupOp    = "GET /partners/signup"
	subscribeOp = "POST /partners/subscriptions"
	replanOp    = "PUT /partners/subscriptions/{pk}"
	cancelOp    = "DELETE /partners/subscriptions/{pk}"
	legacyOp    = "DELETE /partners/subscriptions"
)

// The documented messages, and those of the fake.
const (
	badPK     = "Please provide a valid pk"
	duplicate = "Partner PK has already been added"
	invited   = "Partner pk has already been invited"
)

type fields = map[string]any

const noPlans = "the revision before plans has no such operation"

func partnerProbes() []probe {
	return []probe{
		{"P01", 2, signupByHeader}, {"P09", 3, unknownPK}, {"P10", 2, failureForm}, {"P11", 2, contentType},
		{"P22", 1, unreadable}, {"P23", 1, unknownPartnerPath}, {"P24", 1, signupWithoutPK}, {"P30", 1, subscribeWithoutPK},
		{"P05", 2, twice}, {"P06", 4, createAgain}, {"P07", 1, withoutPlan}, {"P08", 2, samePlan}, {"P14", 15, characters},
		{"P15", 2, cancelWithoutBody}, {"P16", 2, cancelByBody}, {"P19", 1, planMissing}, {"P20", 3, planUnknown},
		{"P28", 2, planIgnored}, {"P29", 3, firstProblem}, {"P31", 4, subscribeAgain}, {"S08", 2, rejected}, {"S10", 5, repeated},
		{"P02", 1, signupCookie}, {"P03", 1, signupStatus}, {"P04", 1, signupToken}, {"P21", 1, signupBirthday},
		{"P25", 1, signupWithoutEmail}, {"P27", 3, signupIsNone}, {"S11", 1, redirects},
	}
}

func signupByHeader(ctx context.Context, e *env) error {
	nobody := url.Values{"child_name": {e.made("")}}
	wrong := e.send(ctx, call{op: signupOp, query: nobody, credential: e.made("-token"), as: recording.BadCredential})
	right := e.send(ctx, call{op: signupOp, query: nobody, mayReject: true})
	if wrong.status != http.StatusUnauthorized {
		return unknown("a wrong token is not rejected, " + wrong.String())
	}
	return right.unless(right.status != http.StatusUnauthorized)
}

// put moves a pk that was never used to a plan, unless the call says more.
func (e *env) put(ctx context.Context, c call) answer {
	c.op = replanOp
	if c.args == nil {
		c.args = []string{e.made("")}
	}
	if c.body == nil {
		c.body = fields{"plan": "bark"}
	}
	a := e.send(ctx, c)
	if a.status == http.StatusNotFound && !a.isFailure() {
		e.stop(unknown(noPlans))
	}
	return a
}

func (e *env) replan(ctx context.Context, pk string, body any) answer {
	return e.put(ctx, call{args: []string{pk}, body: body})
}

func (e *env) cancel(ctx context.Context, pk string) answer {
	return e.send(ctx, call{op: cancelOp, args: []string{pk}})
}

func bark(email string) fields { return fields{"email": email, "plan": "bark"} }

func unknownPK(ctx context.Context, e *env) error {
	update := e.send(ctx, call{op: replanOp, args: []string{e.made("")}, body: fields{"plan": "bark"}, as: recording.UnknownID})
	cancel := e.send(ctx, call{op: cancelOp, args: []string{e.made("")}, as: recording.UnknownID})
	legacy := e.send(ctx, call{op: legacyOp, body: fields{"pk": e.made("")}, as: recording.UnknownID})
	if !update.isFailure() && update.status == http.StatusNotFound {
		return legacy.wantStatus(http.StatusNotFound) // the revision before plans
	}
	return all(update.wantStatus(http.StatusNotFound), cancel.wantStatus(http.StatusNotFound))
}

// failureForm looks at the members, and not at which of its statuses an unknown pk has: see P09.
func failureForm(ctx context.Context, e *env) error {
	failed := e.put(ctx, call{})
	wrong := e.put(ctx, call{credential: e.made("-token"), as: recording.BadCredential})
	documented := failed.status == http.StatusBadRequest || failed.status == http.StatusNotFound
	return all(
		failed.unless(documented && failed.isFailure() && failed.text("error_type") == "invalid_params" && failed.text("error") != ""),
		wrong.unless(wrong.status == http.StatusUnauthorized && wrong.isFailure() && wrong.text("error_type") == "invalid_token"),
	)
}

func contentType(ctx context.Context, e *env) error {
	own, other := e.put(ctx, call{}), e.put(ctx, call{change: withHeader("Content-Type", "text/plain")})
	return all(own.unless(own.status != http.StatusUnsupportedMediaType), other.wantStatus(http.StatusUnsupportedMediaType))
}

func unreadable(ctx context.Context, e *env) error {
	return e.send(ctx, call{op: subscribeOp, change: withBody("{")}).wantFailure(http.StatusBadRequest, "Please provide a valid body")
}

func unknownPartnerPath(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: "GET /{path}", args: []string{e.made("")}})
	return a.unless(a.status == http.StatusNotFound && !a.isFailure() && strings.HasPrefix(a.header.Get("Content-Type"), "text/html"))
}

func signupWithoutPK(ctx context.Context, e *env) error {
	return e.send(ctx, call{op: signupOp, as: recording.MissingPK}).wantFailure(http.StatusBadRequest, badPK)
}

func subscribeWithoutPK(ctx context.Context, e *env) error {
	a := e.send(ctx, call{op: subscribeOp, body: fields{"plan": "bark"}, as: recording.MissingPK})
	return a.wantFailure(http.StatusBadRequest, badPK)
}

// subscribe creates a subscription that is cancelled at the end.
func (e *env) subscribe(ctx context.Context, pk string, body fields) answer {
	as := recording.Success
	if body["pk"] = pk; body["plan"] == nil {
		as = recording.MissingPlan
	}
	registered := len(e.undo)
	e.undoLater("the subscription of the pk "+pk, func(ctx context.Context, e *env) error { return e.unsubscribe(ctx, pk) })
	a := e.send(ctx, call{op: subscribeOp, body: body, as: as})
	if !a.mayHaveMade() && a.isFailure() {
		e.undo = e.undo[:registered] // nothing was created
	}
	return a
}

// subscribed is subscribe for a probe that needs the subscription.
func (e *env) subscribed(ctx context.Context, pk string) answer {
	a := e.subscribe(ctx, pk, bark(e.nobody()))
	if !a.isSuccess() {
		e.stop(unknown("a subscription could not be created: " + a.String()))
	}
	return a
}

// drop cancels a subscription by whichever operation there is.
func (e *env) drop(ctx context.Context, pk string) answer {
	a := e.cancel(ctx, pk)
	if a.isSuccess() || isGone(a) {
		return a
	}
	return e.send(ctx, call{op: legacyOp, body: fields{"pk": pk}})
}

func isGone(a answer) bool { return a.isFailure() && a.status == http.StatusNotFound }

// unsubscribe is drop for a removal. A subscription that is not there is no failure.
func (e *env) unsubscribe(ctx context.Context, pk string) error {
	a := e.drop(ctx, pk)
	return a.unless(a.isSuccess() || isGone(a))
}

func twice(ctx context.Context, e *env) error {
	e.subscribed(ctx, e.made(""))
	again := e.send(ctx, call{op: subscribeOp, body: fields{"pk": e.made(""), "email": e.nobody(), "plan": "bark"}, as: recording.Duplicate})
	return again.unless(again.isFailure() && (again.text("error") == duplicate || again.text("error") == invited))
}

func createAgain(ctx context.Context, e *env) error {
	e.subscribed(ctx, e.made(""))
	again := e.send(ctx, call{op: subscribeOp, body: fields{"pk": e.made(""), "email": e.nobody(), "plan": "bark"}})
	first, second := e.drop(ctx, e.made("")), e.drop(ctx, e.made(""))
	return all(again.unless(again.isFailure()), first.wantSuccess(), second.unless(!second.isSuccess()))
}

// withoutPlan accepts both revisions.
func withoutPlan(ctx context.Context, e *env) error {
	a := e.subscribe(ctx, e.made(""), fields{"email": e.nobody()})
	return a.unless(a.isSuccess() || a.isFailure() && a.status == http.StatusBadRequest)
}

func samePlan(ctx context.Context, e *env) error {
	e.subscribed(ctx, e.made(""))
	return e.replan(ctx, e.made(""), fields{"plan": "bark"}).wantSuccess()
}

func characters(ctx context.Context, e *env) error {
	var wrong []error
	for _, pk := range []string{e.made("/a"), e.made("%2Fa"), e.made("?a"), e.made(" a"), e.made("ü")} {
		e.subscribed(ctx, pk)
		wrong = append(wrong, e.replan(ctx, pk, fields{"plan": "bark"}).wantSuccess(), e.cancel(ctx, pk).wantSuccess())
	}
	return all(wrong...)
}

func cancelWithoutBody(ctx context.Context, e *env) error {
	e.subscribed(ctx, e.made(""))
	a := e.send(ctx, call{op: cancelOp, args: []string{e.made("")}, as: recording.Success})
	if a.status == http.StatusNotFound && !a.isFailure() {
		return unknown(noPlans)
	}
	return a.wantSuccess()
}

func cancelByBody(ctx context.Context, e *env) error {
	e.subscribed(ctx, e.made(""))
	return e.send(ctx, call{op: legacyOp, body: fields{"pk": e.made("")}, as: recording.Success}).wantSuccess()
}

func planMissing(ctx context.Context, e *env) error {
	a := e.subscribe(ctx, e.made(""), fields{"email": e.nobody()})
	if a.isSuccess() {
		return unknown("the revision before plans serves this partner")
	}
	return a.wantFailure(http.StatusBadRequest, "Plan is blank")
}

func planUnknown(ctx context.Context, e *env) error {
	e.subscribed(ctx, e.made(""))
	wrong := e.put(ctx, call{body: fields{"plan": "verify"}, as: recording.InvalidPlan})
	none := e.replan(ctx, e.made(""), fields{})
	const message = "Please provide a valid plan"
	return all(wrong.wantFailure(http.StatusBadRequest, message), none.wantFailure(http.StatusBadRequest, message))
}

func planIgnored(ctx context.Context, e *env) error {
	if a := e.subscribe(ctx, e.made(""), fields{"email": e.nobody()}); !a.isSuccess() {
		return unknown("the revision with plans serves this partner")
	}
	return e.subscribe(ctx, e.made("-2"), fields{"email": e.nobody(), "plan": "verify"}).wantSuccess()
}

func firstProblem(ctx context.Context, e *env) error {
	pk := e.made("")
	e.subscribed(ctx, pk)
	noPlan := e.send(ctx, call{op: subscribeOp, body: fields{"pk": pk, "email": e.nobody()}})
	noEmail := e.send(ctx, call{op: subscribeOp, body: fields{"pk": pk, "email": " ", "plan": "bark"}, as: recording.MissingEmail})
	return all(
		noPlan.unless(noPlan.text("error") == duplicate || noPlan.text("error") == invited),
		noEmail.unless(noEmail.text("error") == "Email is blank"),
	)
}

func subscribeAgain(ctx context.Context, e *env) error {
	e.subscribed(ctx, e.made(""))
	if err := e.unsubscribe(ctx, e.made("")); err != nil {
		return unknown("the subscription could not be cancelled: " + err.Error())
	}
	return e.subscribe(ctx, e.made(""), bark(e.nobody())).wantSuccess()
}

func rejected(ctx context.Context, e *env) error {
	pk := e.made("")
	e.undoLater("the subscription of the pk "+pk, func(ctx context.Context, e *env) error { return e.unsubscribe(ctx, pk) })
	body := fields{"pk": pk, "email": e.nobody(), "plan": "bark"}
	wrong := e.send(ctx, call{op: subscribeOp, body: body, credential: e.made("-token"), as: recording.BadCredential})
	if wrong.status != http.StatusUnauthorized {
		return unknown("a wrong token is not rejected, " + wrong.String())
	}
	gone := e.drop(ctx, pk)
	return gone.unless(!gone.isSuccess())
}

func repeated(ctx context.Context, e *env) error {
	pk := e.made("")
	e.subscribed(ctx, pk)
	first, second := e.replan(ctx, pk, fields{"plan": "bark_junior"}), e.replan(ctx, pk, fields{"plan": "bark_junior"})
	gone, again := e.drop(ctx, pk), e.drop(ctx, pk)
	return all(first.wantSuccess(), second.wantSuccess(), gone.wantSuccess(), again.wantStatus(http.StatusNotFound))
}

// redirects looks at all answers, because a redirect of any operation would be one.
func redirects(ctx context.Context, e *env) error {
	e.send(ctx, call{op: "GET /{path}", args: []string{e.made("")}})
	for _, a := range append(e.redirects, e.answers...) {
		if a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest {
			return a.differs()
		}
	}
	return nil
}

// signUp signs a parent up, who stays.
func (e *env) signUp(ctx context.Context, query url.Values) answer {
	a := e.send(ctx, call{op: signupOp, query: query, as: recording.Success})
	if a.lost || isRedirect(a) {
		e.leaves("a parent with the pk " + query.Get("pk"))
	}
	return a
}

// parent signs up a parent with the user's own e-mail.
func (e *env) parent(ctx context.Context) answer {
	a := e.signUp(ctx, url.Values{"pk": {e.made("")}, "email": {e.own("")}})
	if !isRedirect(a) {
		e.stop(unknown("a parent could not be signed up: " + a.String()))
	}
	return a
}

func isRedirect(a answer) bool {
	return a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest && a.header.Get("Location") != ""
}

func signupCookie(ctx context.Context, e *env) error {
	if a := e.parent(ctx); a.header.Get("Set-Cookie") != "" {
		return differs(a.String() + ", with a cookie that does not reach the browser")
	}
	return nil
}

func signupStatus(ctx context.Context, e *env) error {
	return e.parent(ctx).wantStatus(http.StatusFound)
}

func signupToken(ctx context.Context, e *env) error {
	a := e.transport.watch(ctx, nil, func(ctx context.Context) error {
		_, err := e.client.Signup.Resolve(ctx, partnerapi.SignupRequest{PK: e.made(""), Email: e.own("")}, partnerapi.WithoutRetry())
		return err
	})
	a = e.note(call{op: signupOp}, a)
	if a.lost || isRedirect(a) {
		e.leaves("a parent with the pk " + e.made(""))
	}
	if !isRedirect(a) {
		return unknown("a parent could not be signed up: " + a.String())
	}
	if a.err != nil {
		return differs(a.String() + " that the SDK refuses: " + a.err.Error())
	}
	return nil
}

func signupBirthday(ctx context.Context, e *env) error {
	a := e.signUp(ctx, url.Values{"pk": {e.made("")}, "email": {e.own("")}, "child_birthday": {"yesterday"}})
	return a.wantFailure(http.StatusBadRequest, "Please provide a valid child_birthday")
}

func signupWithoutEmail(ctx context.Context, e *env) error {
	return e.signUp(ctx, url.Values{"pk": {e.made("")}}).wantFailure(http.StatusBadRequest, "Email is blank")
}

func signupIsNone(ctx context.Context, e *env) error {
	e.parent(ctx)
	update := e.replan(ctx, e.made(""), fields{"plan": "bark"})
	return all(update.wantStatus(http.StatusNotFound), e.subscribe(ctx, e.made(""), bark(e.nobody())).wantSuccess())
}
